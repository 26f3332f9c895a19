"""Who may be asked, in which order; every answer can be explained (domain.md R31, R32, R34)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from providers.rules import papers
from providers.rules.candidates import Candidate
from providers.rules.scores import score_parts, unknown
from providers.rules.terms import MatchingTerms

# A person may ask who is far or elsewhere, closed, full or late, wants more notice or said no; nobody may ask without
# agreement or papers (R32).
BINDING = frozenset({"inactive", "no_agreement", "document_missing", "document_expired", "document_ends"})
# Rules that are switched off along with another.
SWITCH = {"service_full": "no_capacity"}
# Papers that have to count on the day of the work too. The certificate of vigilance is asked for anew every six months.
ON_THE_DAY = frozenset(papers.ALWAYS)


def papers_problem(
    documents: Mapping[str, dt.date | None], *, today: dt.date, required: Sequence[str] = papers.ALWAYS
) -> str | None:
    """``document_missing``, ``document_expired`` or ``None``: the last valid day itself still counts."""
    if any(kind not in documents for kind in required):
        return "document_missing"
    if any(last_day is not None and last_day < today for last_day in documents.values()):
        return "document_expired"
    return None


def ends_before(documents: Mapping[str, dt.date | None], day: dt.date | None) -> bool:
    """Whether a paper that has to count on the day of the work ends before it."""
    ends = [last for kind, last in documents.items() if kind in ON_THE_DAY and last is not None]
    return day is not None and any(last < day for last in ends)


def _is_far(candidate: Candidate, terms: MatchingTerms) -> bool:
    """Outside of the communes that it serves; without such a list, or a postcode to find in it, beyond its distance."""
    if candidate.serves_place is not None:
        return not candidate.serves_place
    way = candidate.way_km(terms)
    return way is not None and candidate.radius_km is not None and way > candidate.radius_km


def _is_late(candidate: Candidate) -> bool:
    """Work that is late already is given to whoever asks for no notice."""
    left = candidate.hours_left
    return bool(candidate.notice_hours) and left is not None and left < candidate.notice_hours


def obstacle(candidate: Candidate, terms: MatchingTerms) -> str | None:
    """Code of the first rule that keeps the provider from being asked, or ``None``. What nobody knows keeps nobody
    out."""
    if not candidate.is_active:
        return "inactive"
    if not candidate.has_agreement:
        return "no_agreement"
    problem = papers_problem(candidate.documents, today=candidate.today, required=candidate.required)
    if problem is not None:
        return problem
    if candidate.said_no:
        return "already_answered"
    if candidate.serves_site is False:
        return "site_not_served"
    soft = {
        "document_ends": ends_before(candidate.documents, candidate.work_day),
        "out_of_area": _is_far(candidate, terms),
        "closed": candidate.is_closed,
        "no_capacity": candidate.capacity_left == 0,
        "service_full": candidate.service_left == 0,
        "too_soon": candidate.can_answer is False,
        "too_short_notice": _is_late(candidate),
    }
    return next((rule for rule, applies in soft.items() if applies and terms.is_on(SWITCH.get(rule, rule))), None)


@dataclass(frozen=True)
class Consideration:
    """The verdict on one provider: removed by ``rule``, or kept with ``rank`` (from 1), ``score`` and its ``parts``.

    ``unknown`` names what would have counted and nobody knows.
    """

    candidate: Candidate
    rule: str | None
    parts: Mapping[str, Decimal]
    rank: int | None
    unknown: Sequence[str] = ()

    @property
    def score(self) -> Decimal | None:
        """Sum of the parts; ``None`` for a removed provider."""
        return sum(self.parts.values(), Decimal(0)) if self.rule is None else None


def consider(candidates: Sequence[Candidate], terms: MatchingTerms) -> list[Consideration]:
    """A verdict for every candidate, best first, removed ones last. Equal scores: nearest first, then oldest known."""
    kept, removed = [], []
    for candidate in candidates:
        rule = obstacle(candidate, terms)
        if rule is None:
            kept.append((candidate, score_parts(candidate, terms)))
        else:
            removed.append(Consideration(candidate, rule, {}, None, unknown(candidate, terms)))
    kept.sort(key=lambda pair: (-sum(pair[1].values()), *_nearest_first(pair[0], terms), pair[0].key))
    removed.sort(key=lambda verdict: verdict.candidate.key)
    ranked = [
        Consideration(candidate, None, parts, rank, unknown(candidate, terms))
        for rank, (candidate, parts) in enumerate(kept, start=1)
    ]
    return ranked + removed


def chosen_by_hand(candidate: Candidate, terms: MatchingTerms) -> Consideration:
    """Kept because a person chose it, whatever the rules say."""
    return Consideration(candidate, None, score_parts(candidate, terms), 1, unknown(candidate, terms))


def _nearest_first(candidate: Candidate, terms: MatchingTerms) -> tuple[bool, Decimal]:
    """Those of whom nobody knows where they are come last."""
    way = candidate.way_km(terms)
    return way is None, way or Decimal(0)
