"""The prices that providers gave, side by side, for whoever chooses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.models import WorkOrder
from concierge.words import euros, moment_words
from providers.actions.paper_gaps import paper_gaps
from providers.enums import OfferStatus
from providers.models import Offer, OfferRound
from providers.views.counter_words import proposal_of
from providers.views.words import considered_words

# What became of a provider's promises.
PAST = (OfferStatus.HONOURED, OfferStatus.RELEASED, OfferStatus.BROKEN)


def past_of(searched: Sequence[OfferRound]) -> dict[int, list[str]]:
    """How those who gave a price kept their word before, in words, by the key of their provider."""
    keys = {
        offer.provider_id
        for one in searched
        if one.asks_price
        for offer in one.offers.all()
        if offer.status == OfferStatus.COUNTERED
    }
    if not keys:
        return {}
    rows = Offer.objects.filter(provider__in=keys, status__in=PAST).order_by()
    counted: dict[int, dict[str, int]] = defaultdict(dict)
    for key, status, n in rows.values_list("provider_id", "status").annotate(n=Count("pk")):
        counted[key][status] = n
    return {key: _past(counted[key]) for key in keys}


def _past(counted: dict[str, int]) -> list[str]:
    done, back, broken = (counted.get(status, 0) for status in PAST)
    said = []
    if done:
        said.append(ngettext("%(n)d job done as promised", "%(n)d jobs done as promised", done) % {"n": done})
    if back:
        said.append(ngettext("%(n)d job given back", "%(n)d jobs given back", back) % {"n": back})
    if broken:
        said.append(ngettext("%(n)d promise not kept", "%(n)d promises not kept", broken) % {"n": broken})
    return said or [_("No job for us yet")]


def gaps_of(searched: Sequence[OfferRound]) -> dict[int, str]:
    """Which of what was proposed cannot be agreed to for want of a paper, in words, by the key of the proposal."""
    waiting = []
    for one in searched:
        for offer in one.offers.all():
            for counter in offer.counters.all():
                counter.offer, offer.round, offer.work_order = offer, one, one.work_order
                waiting.append(counter)
    gaps = paper_gaps(waiting[0].offer.work_order, waiting) if waiting else {}
    return {key: str(gap.label) for key, gap in gaps.items()}


def choice_of(
    searched: OfferRound, order: WorkOrder, past: dict[int, list[str]], gaps: dict[int, str]
) -> dict[str, Any] | None:
    """The prices of one search, cheapest first, and for how many more one still waits; nothing where none is there."""
    if not searched.asks_price:
        return None
    lines = {line.provider_id: considered_words(line) for line in searched.considered.all()}
    rows = []
    for offer in searched.offers.all():
        for counter in offer.counters.all():
            offer.work_order, counter.offer = order, offer
            known = lines.get(offer.provider_id, {})
            rows.append(
                {
                    **proposal_of(counter),
                    "provider": offer.provider,
                    "amount": counter.price,
                    # It was weighed, or moved, since: they gave a price for something else.
                    "is_outdated": counter.price_before != offer.price or not counter.speaks_of(order),
                    "gap": gaps.get(counter.pk, ""),
                    "is_usual": counter.price == offer.price,
                    "distance": known.get("distance", ""),
                    "score": known.get("score", ""),
                    "past": past.get(offer.provider_id, []),
                }
            )
    if not rows:
        return None
    open_ones = [offer for offer in searched.offers.all() if offer.status == OfferStatus.SENT]
    total = sum((line.total_incl_vat for line in order.lines.all()), Decimal(0))
    return {
        "rows": sorted(rows, key=lambda row: (row["amount"], row["counter"].pk)),
        "client_pays": euros(total),
        "still": len(open_ones),
        "until": moment_words(max(offer.due_at for offer in open_ones), order.site) if open_ones else "",
        "due": "" if open_ones else rows[0]["due"],
    }
