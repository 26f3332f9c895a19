"""By which rules an organisation judges who is asked: what keeps a provider out, what counts how much (domain.md R34).

Data of the organisation, checked at birth. The defaults are what holds until somebody decides otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from decimal import Decimal, InvalidOperation
from typing import Any

# Rules that an organisation may switch off. The others are the law, the partnership and a no: always on.
SWITCHABLE = ("out_of_area", "closed", "no_capacity", "too_soon", "too_short_notice", "document_ends")
# What a business may be besides local, and how many points that is worth of the hundred of the social part.
SOCIAL: Mapping[str, int] = {
    "is_local": 20,
    "is_ess": 30,
    "is_insertion": 50,
    "is_sheltered": 50,
    "has_refashion_label": 20,
    "charter_signed": 20,
}
# How much longer a road is than the straight line, at most.
LONGEST_WAY = Decimal(3)
# How somebody comes: by car or van the factor of the roads counts, each of the others has one of its own.
CAR = "car"
LIGHT = ("foot", "bike", "cargo_bike")
# Kilometres an hour in towns, stops included.
SPEEDS: Mapping[str, int] = {"foot": 4, "bike": 14, "cargo_bike": 11, CAR: 25}
FASTEST = 130


class WrongTerms(ValueError):
    """Rules that nobody can judge by; ``field`` says which."""

    def __init__(self, field: str, code: str) -> None:
        super().__init__(f"{field}: {code}")
        self.field, self.code = field, code


@dataclass(frozen=True)
class Weights:
    """What counts how much, in points; together a hundred (R34: weights are editable)."""

    distance: int = 40
    share: int = 35
    capacity: int = 25
    price: int = 0
    quality: int = 0
    social: int = 0
    continuity: int = 0

    def __post_init__(self) -> None:
        points = list(vars(self).values())
        if any(type(one) is not int for one in points) or min(points) < 0 or sum(points) != 100:
            raise WrongTerms("weights", "weights are not negative and add up to 100")


PARTS = tuple(one.name for one in fields(Weights))


@dataclass(frozen=True, kw_only=True)
class MatchingTerms:
    """How providers are judged.

    ``off``: rules that do not count. ``road_factor``: kilometres of road per kilometre as the crow flies, by car or
    van; ``way_factors``: the same for each other way of coming. ``speeds``: kilometres an hour of each. ``social``:
    points of each quality of a business. ``by_capacity``: recent work counts against what a business can do in its
    opening hours, instead of job by job.
    """

    weights: Weights = Weights()
    off: frozenset[str] = frozenset()
    road_factor: Decimal = Decimal(1)
    way_factors: Mapping[str, Decimal] = field(default_factory=lambda: dict.fromkeys(LIGHT, Decimal(1)))
    speeds: Mapping[str, int] = field(default_factory=lambda: dict(SPEEDS))
    social: Mapping[str, int] = field(default_factory=lambda: dict(SOCIAL))
    by_capacity: bool = False

    def __post_init__(self) -> None:
        if not self.off <= set(SWITCHABLE):
            raise WrongTerms("off", "unknown_rule")
        factors = (self.road_factor, *self.way_factors.values())
        if set(self.way_factors) != set(LIGHT) or any(
            not one.is_finite() or not 1 <= one <= LONGEST_WAY for one in factors
        ):
            raise WrongTerms("road_factor", "road_factor")
        if set(self.speeds) != set(SPEEDS) or any(
            type(one) is not int or not 1 <= one <= FASTEST for one in self.speeds.values()
        ):
            raise WrongTerms("speeds", "speeds")
        if set(self.social) != set(SOCIAL) or any(
            type(points) is not int or not 0 <= points <= 100 for points in self.social.values()
        ):
            raise WrongTerms("social", "social")

    def is_on(self, rule: str) -> bool:
        """Whether a rule counts."""
        return rule not in self.off

    def factor_of(self, mode: str) -> Decimal:
        """Kilometres of way per kilometre as the crow flies, for whoever comes like that."""
        return self.way_factors.get(mode, self.road_factor)

    @property
    def least_factor(self) -> Decimal:
        """That of whoever goes the straightest."""
        return min(self.road_factor, *self.way_factors.values())

    def as_data(self) -> dict[str, Any]:
        """As it is kept."""
        return {
            "weights": asdict(self.weights),
            "off": sorted(self.off),
            "road_factor": str(self.road_factor),
            "way_factors": {mode: str(factor) for mode, factor in self.way_factors.items()},
            "speeds": dict(self.speeds),
            "social": dict(self.social),
            "by_capacity": self.by_capacity,
        }

    @classmethod
    def from_data(cls, kept: Mapping[str, Any]) -> MatchingTerms:
        """What ``as_data`` kept; before ways of coming were told apart, one factor held for all of them. Raises
        ``WrongTerms``."""
        try:
            factors = kept.get("way_factors") or dict.fromkeys(LIGHT, kept["road_factor"])
            return cls(
                weights=Weights(**kept["weights"]),
                off=frozenset(kept["off"]),
                road_factor=Decimal(kept["road_factor"]),
                way_factors={mode: Decimal(factor) for mode, factor in factors.items()},
                speeds=dict(kept.get("speeds", SPEEDS)),
                social=dict(kept["social"]),
                by_capacity=bool(kept["by_capacity"]),
            )
        except (KeyError, TypeError, InvalidOperation) as error:
            raise WrongTerms("terms", "incomplete") from error
