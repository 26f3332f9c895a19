"""Who may be asked, in which order; every answer can be explained (domain.md R31, R32, R34)."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from providers.rules import papers

EARTH_RADIUS_KM = 6371.0088
TENTH = Decimal("0.1")


def distance_km(from_point: tuple[Decimal, Decimal], to_point: tuple[Decimal, Decimal]) -> Decimal:
    """Great-circle distance between two (latitude, longitude) pairs in degrees, to a tenth of a kilometre."""
    (lat1, lon1), (lat2, lon2) = (tuple(math.radians(float(v)) for v in point) for point in (from_point, to_point))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return _tenth(2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(half))))


@dataclass(frozen=True)
class Weights:
    """What counts how much, in points; together a hundred (R34: weights are editable)."""

    distance: int = 40
    share: int = 35
    capacity: int = 25

    def __post_init__(self) -> None:
        if min(self.distance, self.share, self.capacity) < 0 or self.distance + self.share + self.capacity != 100:
            raise ValueError("weights are not negative and add up to 100")


@dataclass(frozen=True)
class Candidate:
    """What is known about one provider when a job is to be given.

    ``documents`` maps a kind to the last valid day of its latest paper (``None``: it does not expire).
    ``jobs_that_day`` and ``recent_jobs`` count work orders; ``recent_jobs_of_all`` those of every candidate.
    ``is_closed``: on every day on which the work can begin. ``can_answer``: opening time enough is left before then.
    ``notice_hours`` is what was agreed, ``hours_left`` what there is until the work begins (``None``: not known).
    """

    key: int
    is_active: bool
    has_agreement: bool
    documents: Mapping[str, dt.date | None]
    distance_km: Decimal
    radius_km: int
    daily_capacity: int
    jobs_that_day: int
    recent_jobs: int
    recent_jobs_of_all: int
    said_no: bool
    is_closed: bool
    can_answer: bool
    notice_hours: int = 0
    hours_left: Decimal | None = None
    # Kinds of papers that this job asks for.
    required: Sequence[str] = papers.ALWAYS

    @property
    def capacity_left(self) -> int:
        """Jobs the provider can still take that day."""
        return max(0, self.daily_capacity - self.jobs_that_day)


# A person may ask who is far, closed, full or late, wants more notice or said no; nobody may ask without agreement or
# papers (R32).
BINDING = frozenset({"inactive", "no_agreement", "document_missing", "document_expired"})


def papers_problem(
    documents: Mapping[str, dt.date | None], *, today: dt.date, required: Sequence[str] = papers.ALWAYS
) -> str | None:
    """``document_missing``, ``document_expired`` or ``None``: the last valid day itself still counts."""
    if any(kind not in documents for kind in required):
        return "document_missing"
    if any(last_day is not None and last_day < today for last_day in documents.values()):
        return "document_expired"
    return None


def obstacle(candidate: Candidate, *, today: dt.date) -> str | None:
    """Code of the first rule that keeps the provider from being asked, or ``None``."""
    if not candidate.is_active:
        return "inactive"
    if not candidate.has_agreement:
        return "no_agreement"
    problem = papers_problem(candidate.documents, today=today, required=candidate.required)
    if problem is not None:
        return problem
    if candidate.said_no:
        return "already_answered"
    if candidate.distance_km > candidate.radius_km:
        return "out_of_area"
    if candidate.is_closed:
        return "closed"
    if not candidate.capacity_left:
        return "no_capacity"
    if not candidate.can_answer:
        return "too_soon"
    # Work that is late already is given to whoever asks for no notice.
    if candidate.notice_hours and candidate.hours_left is not None and candidate.hours_left < candidate.notice_hours:
        return "too_short_notice"
    return None


def score_parts(candidate: Candidate, weights: Weights) -> dict[str, Decimal]:
    """Points for being near, for having had little work lately, and for free capacity; the score is their sum.

    Each part lies between 0 and its weight, to a tenth of a point.
    """
    near = 1 - min(Decimal(1), candidate.distance_km / Decimal(candidate.radius_km))
    share = Decimal(candidate.recent_jobs) / max(1, candidate.recent_jobs_of_all)
    free = Decimal(candidate.capacity_left) / Decimal(candidate.daily_capacity)
    return {
        "distance": _tenth(near * weights.distance),
        "share": _tenth((1 - min(Decimal(1), share)) * weights.share),
        "capacity": _tenth(min(Decimal(1), free) * weights.capacity),
    }


@dataclass(frozen=True)
class Consideration:
    """The verdict on one provider: removed by ``rule``, or kept with ``rank`` (from 1), ``score`` and its ``parts``."""

    candidate: Candidate
    rule: str | None
    parts: Mapping[str, Decimal]
    rank: int | None

    @property
    def score(self) -> Decimal | None:
        """Sum of the parts; ``None`` for a removed provider."""
        return sum(self.parts.values(), Decimal(0)) if self.rule is None else None


def consider(
    candidates: Sequence[Candidate],
    *,
    today: dt.date,
    weights: Weights,
) -> list[Consideration]:
    """A verdict for every candidate, best first, removed ones last. Equal scores: nearest first, then oldest known."""
    kept, removed = [], []
    for candidate in candidates:
        rule = obstacle(candidate, today=today)
        if rule is None:
            kept.append((candidate, score_parts(candidate, weights)))
        else:
            removed.append(Consideration(candidate, rule, {}, None))
    kept.sort(key=lambda pair: (-sum(pair[1].values()), pair[0].distance_km, pair[0].key))
    removed.sort(key=lambda verdict: verdict.candidate.key)
    ranked = [Consideration(candidate, None, parts, rank) for rank, (candidate, parts) in enumerate(kept, start=1)]
    return ranked + removed


def _tenth(value: Decimal | float) -> Decimal:
    return Decimal(str(value)).quantize(TENTH, rounding=ROUND_HALF_UP)
