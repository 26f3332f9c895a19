"""Whether the papers of whoever gave a price still do, and do for that price (domain.md R32). Reads only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils import timezone

from bookings.models import WorkOrder
from providers.actions.facts import days_of
from providers.actions.matching import bought_of, latest_documents
from providers.actions.matching_policies import terms_of
from providers.enums import AgreementKind, Obstacle
from providers.models import CounterOffer, Provider
from providers.rules import papers
from providers.rules.matching import ends_before, papers_problem
from providers.rules.terms import MatchingTerms


def paper_gaps(order: WorkOrder, counters: Sequence[CounterOffer]) -> dict[int, Obstacle]:
    """What keeps each of those who proposed something for one site from being given the work, by the key of the
    proposal; nothing of those whose papers do. Each comes with its offer, agreement and search; in three queries,
    however many there are.
    """
    if not counters:
        return {}
    now, zone = timezone.now(), ZoneInfo(order.site.time_zone)
    today = now.astimezone(zone).date()
    keys = {counter.offer.provider_id for counter in counters}
    bought = bought_of(keys, today, zone)
    rows = Provider.objects.filter(pk__in=keys).prefetch_related("documents").order_by("pk")
    documents = {row.pk: latest_documents(row) for row in rows}
    found = {}
    for counter in counters:
        known, key = documents[counter.offer.provider_id], counter.offer.provider_id
        rule = papers_problem(known, today=today, required=_required(counter, bought[key], today))
        if rule is None and _is_on(counter, "document_ends") and ends_before(known, _work_day(counter, now, zone)):
            rule = "document_ends"
        if rule is not None:
            found[counter.pk] = Obstacle(rule)
    return found


def _required(counter: CounterOffer, bought: papers.Bought, today: dt.date) -> tuple[str, ...]:
    offer, agreement = counter.offer, counter.offer.agreement
    paid = offer.price if counter.price is None else counter.price
    if agreement is not None and agreement.kind == AgreementKind.INTRODUCTION:
        job = Decimal(0)
    else:
        job = papers.excl_vat(paid, agreement.vat_rate if agreement else None)
    return papers.required_kinds(bought, job=job, agreement=offer.agreement_id, today=today)


def _is_on(counter: CounterOffer, rule: str) -> bool:
    return (terms_of(counter.offer.round) or MatchingTerms()).is_on(rule)


def _work_day(counter: CounterOffer, now: dt.datetime, zone: ZoneInfo) -> dt.date:
    if counter.starts_at is not None:
        return counter.starts_at.astimezone(zone).date()
    return days_of(counter.offer.work_order, now, zone)[0]
