"""Where the points of a provider come from: each part lies between 0 and its weight (domain.md R34)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from providers.rules.candidates import Candidate, tenth
from providers.rules.terms import MatchingTerms

ONE = Decimal(1)
# A part of which nothing is known counts half: neither for nor against.
HALF = Decimal("0.5")

Merit = Callable[[Candidate, MatchingTerms], Decimal | None]


def nearness(candidate: Candidate, terms: MatchingTerms) -> Decimal | None:
    """All at the door, nothing at the edge of its area."""
    way = candidate.way_km(terms)
    if way is None or not candidate.radius_km:
        return None
    return 1 - min(ONE, way / Decimal(candidate.radius_km))


def fair_share(candidate: Candidate, terms: MatchingTerms) -> Decimal | None:
    """All without recent work, nothing with all of it."""
    if terms.by_capacity:
        if candidate.load is None:
            return None
        return 1 - min(ONE, candidate.load / candidate.load_of_all) if candidate.load_of_all else ONE
    if candidate.recent_jobs is None:
        return None
    return 1 - min(ONE, Decimal(candidate.recent_jobs) / max(1, candidate.recent_jobs_of_all))


def free_capacity(candidate: Candidate, _terms: MatchingTerms) -> Decimal | None:
    """The share of its day that is still free, or of what it takes of this service when that is less."""
    shares = [
        _share(candidate.capacity_left, candidate.daily_capacity),
        _share(candidate.service_left, candidate.service_capacity),
    ]
    return min((one for one in shares if one is not None), default=None)


def _share(left: int | None, most: int | None) -> Decimal | None:
    if left is None or most is None:
        return None
    return min(ONE, left / Decimal(most)) if most else Decimal(0)


def low_price(candidate: Candidate, _terms: MatchingTerms) -> Decimal | None:
    """All for the cheapest; half for twice as much."""
    if candidate.price is None or candidate.cheapest is None:
        return None
    return min(ONE, candidate.cheapest / candidate.price) if candidate.price else ONE


def quality(candidate: Candidate, _terms: MatchingTerms) -> Decimal | None:
    """The share of its jobs that were right at once. A few say little: one good and one bad are added to all."""
    if candidate.judged is None or candidate.passed is None or not candidate.judged:
        return None
    return Decimal(candidate.passed + 1) / (candidate.judged + 2)


def social_value(candidate: Candidate, terms: MatchingTerms) -> Decimal | None:
    """The points of what it is, up to a hundred."""
    return min(ONE, Decimal(sum(terms.social[name] for name in candidate.social)) / 100)


def continuity(candidate: Candidate, _terms: MatchingTerms) -> Decimal | None:
    """Half after one job for the same client, two thirds after two, and so on."""
    return None if candidate.together is None else Decimal(candidate.together) / (candidate.together + 1)


MERITS: dict[str, Merit] = {
    "distance": nearness,
    "share": fair_share,
    "capacity": free_capacity,
    "price": low_price,
    "quality": quality,
    "social": social_value,
    "continuity": continuity,
}


def score_parts(candidate: Candidate, terms: MatchingTerms) -> dict[str, Decimal]:
    """Points of every part that has a weight, to a tenth; the score is their sum."""
    found = {}
    for name, weight in vars(terms.weights).items():
        if weight:
            merit = MERITS[name](candidate, terms)
            found[name] = tenth((HALF if merit is None else merit) * weight)
    return found


def _whether_it_goes_there(candidate: Candidate) -> object:
    if candidate.serves_place is not None:
        return candidate.serves_place
    if candidate.radius_km is None:
        return None
    return candidate.distance_km if candidate.road_km is None else candidate.road_km


# What nobody knows, by the rule that it would have answered.
ASKED_BY: dict[str, Callable[[Candidate], object]] = {
    "out_of_area": _whether_it_goes_there,
    "closed": lambda candidate: candidate.is_closed,
    "no_capacity": lambda candidate: candidate.capacity_left,
    "too_soon": lambda candidate: candidate.can_answer,
}
NAMES = {"out_of_area": "distance", "closed": "closures", "no_capacity": "capacity", "too_soon": "hours"}


def unknown(candidate: Candidate, terms: MatchingTerms) -> list[str]:
    """What would have counted and nobody knows."""
    parts = {name for name, weight in vars(terms.weights).items() if weight and MERITS[name](candidate, terms) is None}
    rules = {NAMES[rule] for rule, known in ASKED_BY.items() if terms.is_on(rule) and known(candidate) is None}
    return sorted(parts | rules)
