"""What other rules would have changed: searches of the past judged again, on what was known then. Reads only."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from django.db.models import Count, Q, QuerySet

from bookings.models import Service, WorkOrder
from concierge.tenancy import Actor
from providers.enums import RoundMode
from providers.models import ConsideredProvider, MatchingPolicy, OfferRound
from providers.rules.candidates import Candidate
from providers.rules.matching import Consideration, chosen_by_hand, consider, obstacle
from providers.rules.scores import score_parts, unknown
from providers.rules.terms import MatchingTerms

# Searches, and verdicts of them, that one look at the past judges again.
MOST_ROUNDS = 200
MOST_LINES = 20_000


@dataclass(frozen=True)
class Compared:
    """One search: who was asked first, by key, under its own rules and under the others."""

    round: OfferRound
    before: Sequence[int]
    after: Sequence[int]

    @property
    def is_changed(self) -> bool:
        """Whether somebody else would have been asked, or in another order."""
        return list(self.before) != list(self.after)


@dataclass(frozen=True)
class Preview:
    """What other rules would have changed. ``left_out`` searches were judged before facts were kept."""

    compared: list[Compared]
    left_out: int

    @property
    def changed(self) -> list[Compared]:
        """The searches that would have gone another way."""
        return [one for one in self.compared if one.is_changed]

    def times(self) -> dict[int, tuple[int, int]]:
        """How often each provider was, and would have been, asked first; who gains most comes first."""
        before = Counter(key for one in self.compared for key in one.before)
        after = Counter(key for one in self.compared for key in one.after)
        keys = sorted(before.keys() | after.keys(), key=lambda key: (before[key] - after[key], key))
        return {key: (before[key], after[key]) for key in keys if before[key] != after[key]}


def recomputed(line: ConsideredProvider) -> Consideration:
    """The verdict on one provider, found again from what was kept of it. Its rank depends on the others."""
    candidate = Candidate.from_facts(line.provider_id, line.facts)
    terms = MatchingTerms.from_data(line.round.judged_by)
    if line.round.mode == RoundMode.DIRECT:
        return chosen_by_hand(candidate, terms)
    rule = obstacle(candidate, terms)
    parts = score_parts(candidate, terms) if rule is None else {}
    return Consideration(candidate, rule, parts, None, unknown(candidate, terms))


def preview(service: Service | None, terms: MatchingTerms, *, by: Actor) -> Preview:
    """Judge the last searches again by other rules: those for a service, or for all without rules of their own."""
    found = list(_rounds(service, by).order_by("-pk")[:MOST_ROUNDS])
    judged = [one for one in found if one.judged_by]
    sizes = accumulate(one.known for one in judged)  # type: ignore[attr-defined]  # annotated
    within = [one for one, so_far in zip(judged, sizes, strict=True) if so_far <= MOST_LINES]
    candidates = defaultdict(list)
    lines = ConsideredProvider.objects.filter(round__in=within).order_by("round_id", "provider_id")
    for round_id, provider_id, first, facts in lines.values_list("round_id", "provider_id", "first_facts", "facts"):
        candidates[round_id].append(Candidate.from_facts(provider_id, first or facts))
    compared = []
    for one in within:
        many = one.asked or 1  # type: ignore[attr-defined]  # annotated
        before = _first(candidates[one.pk], MatchingTerms.from_data(one.judged_by), many)
        compared.append(Compared(one, before, _first(candidates[one.pk], terms, many)))
    return Preview(compared, len(found) - len(within))


def _rounds(service: Service | None, by: Actor) -> QuerySet[OfferRound]:
    """Searches of orders that the actor sees, with how many were known and how many were asked first."""
    found = OfferRound.objects.exclude(mode=RoundMode.DIRECT).filter(work_order__in=WorkOrder.objects.visible_to(by))
    if service is not None:
        found = found.filter(work_order__service=service)
    else:
        own = MatchingPolicy.objects.exclude(service=None).order_by().values("service_id")
        found = found.exclude(work_order__service__in=own)
    return found.select_related("work_order__request", "work_order__service", "work_order__site").annotate(
        known=Count("considered", distinct=True),
        asked=Count("offers", filter=Q(offers__wave__number=1), distinct=True),
    )


def _first(candidates: Sequence[Candidate], terms: MatchingTerms, many: int) -> list[int]:
    kept = [verdict for verdict in consider(candidates, terms) if verdict.rule is None]
    return [verdict.candidate.key for verdict in kept[:many]]
