"""What is known about one provider when a job is to be given, and how that is kept (domain.md R34)."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from providers.rules import papers
from providers.rules.terms import CAR, MatchingTerms

EARTH_RADIUS_KM = 6371.0088
TENTH = Decimal("0.1")


def tenth(value: Decimal | float) -> Decimal:
    """To one decimal, halves up."""
    return Decimal(str(value)).quantize(TENTH, rounding=ROUND_HALF_UP)


def distance_km(from_point: tuple[Decimal, Decimal], to_point: tuple[Decimal, Decimal]) -> Decimal:
    """Great-circle distance between two (latitude, longitude) pairs in degrees, to a tenth of a kilometre."""
    (lat1, lon1), (lat2, lon2) = (tuple(math.radians(float(v)) for v in point) for point in (from_point, to_point))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return tenth(2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(half))))


@dataclass(frozen=True)
class Candidate:
    """What is known about one provider when a job is to be given. ``None`` is what nobody knows: it keeps nobody out.

    ``documents`` maps a kind to the last valid day of its latest paper (``None``: it does not expire), ``required`` are
    the kinds that this job asks for. ``today`` is the day of the search, ``work_day`` that of the work.
    ``jobs_that_day`` and ``recent_jobs`` count work orders; ``recent_jobs_of_all`` those of every candidate. ``load``
    is recent jobs for each opening hour of a week and job of its capacity, ``load_of_all`` the sum of those.
    ``is_closed``: on every day on which the work can begin. ``can_answer``: opening time enough is left before then.
    ``notice_hours`` is what was agreed, ``hours_left`` what there is until the work begins.
    ``price`` is what it would be paid, ``cheapest`` the least that any candidate would. Of ``judged`` jobs that were
    checked lately or broken off, ``passed`` were right at once. ``social`` names what it is; ``together`` counts its
    jobs of the last year for the same client. ``serves_site`` and ``serves_place`` are what its lists of sites and of
    communes say; without a list of communes the distance counts. ``daily_capacity`` is that of the day of the work;
    ``service_capacity`` and ``service_jobs`` are of its service alone. ``road_km`` and ``road_minutes`` are the way as
    it was measured for its ``travel_mode``; where it was not, it is estimated from the straight line.
    """

    key: int
    is_active: bool
    has_agreement: bool
    documents: Mapping[str, dt.date | None]
    distance_km: Decimal | None
    radius_km: int | None
    daily_capacity: int | None
    jobs_that_day: int | None
    recent_jobs: int | None
    recent_jobs_of_all: int
    said_no: bool
    is_closed: bool | None
    can_answer: bool | None
    today: dt.date
    work_day: dt.date | None = None
    notice_hours: int = 0
    hours_left: Decimal | None = None
    required: Sequence[str] = papers.ALWAYS
    load: Decimal | None = None
    load_of_all: Decimal = Decimal(0)
    price: Decimal | None = None
    cheapest: Decimal | None = None
    passed: int | None = None
    judged: int | None = None
    social: Sequence[str] = ()
    together: int | None = None
    serves_site: bool | None = None
    serves_place: bool | None = None
    service_capacity: int | None = None
    service_jobs: int | None = None
    travel_mode: str = CAR
    road_km: Decimal | None = None
    road_minutes: int | None = None

    @property
    def capacity_left(self) -> int | None:
        """Jobs the provider can still take that day."""
        return _left(self.daily_capacity, self.jobs_that_day)

    @property
    def service_left(self) -> int | None:
        """Jobs of this service the provider can still take that day, as far as it said a number for it."""
        return _left(self.service_capacity, self.service_jobs)

    def way_km(self, terms: MatchingTerms) -> Decimal | None:
        """How far it is: as measured by road, else the straight line times the factor of its way of coming."""
        if self.road_km is not None:
            return self.road_km
        return None if self.distance_km is None else tenth(self.distance_km * terms.factor_of(self.travel_mode))

    def way_minutes(self, terms: MatchingTerms) -> int | None:
        """How long that takes: as measured, else at the speed of its way of coming."""
        if self.road_minutes is not None:
            return self.road_minutes
        way = self.way_km(terms)
        return None if way is None else math.ceil(way * 60 / terms.speeds[self.travel_mode])

    def facts(self) -> dict[str, Any]:
        """All of it but the key, as it is kept."""
        return {name: _plain(value) for name, value in vars(self).items() if name != "key"}

    @classmethod
    def from_facts(cls, key: int, kept: Mapping[str, Any]) -> Candidate:
        """What ``facts`` kept."""
        return cls(key=key, **{name: _READ.get(name, _same)(value) for name, value in kept.items()})


def _left(most: int | None, taken: int | None) -> int | None:
    return None if most is None or taken is None else max(0, most - taken)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def _same(value: Any) -> Any:
    return value


def _day(value: str | None) -> dt.date | None:
    return None if value is None else dt.date.fromisoformat(value)


def _number(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


_READ: dict[str, Callable[[Any], Any]] = {
    "documents": lambda value: {kind: _day(last) for kind, last in value.items()},
    "required": tuple,
    "social": tuple,
    **dict.fromkeys(("today", "work_day"), _day),
    **dict.fromkeys(("distance_km", "road_km", "hours_left", "load", "load_of_all", "price", "cheapest"), _number),
}
