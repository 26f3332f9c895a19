"""Whom a search looks at: everybody who was ever agreed with, or the nearest of very many."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils import timezone

from bookings.models import WorkOrder
from providers.actions import reach
from providers.actions.facts import days_of, place_of, postcode_of
from providers.models import OfferRound, Provider
from providers.models.offers import latest_start
from providers.rules.terms import MatchingTerms


class Whom(NamedTuple):
    """Providers by key; ``is_narrowed``: the nearest of more than can be looked at one by one. ``not_looked_at`` may be
    asked too, and nobody knows where they are."""

    keys: list[int]
    is_narrowed: bool = False
    not_looked_at: int = 0


def whom_to_look_at(work_order: WorkOrder, agreed: Iterable[int], terms: MatchingTerms) -> Whom:
    """Everybody with whom the service was ever agreed and those whose price the client agreed to (``agreed``); where
    that is more than three hundred: the nearest whom the rules let through, some whose place nobody knows, and the
    nearest of the others, who are told apart later."""
    agreed = list(agreed)
    if not reach.has_many(work_order.organisation_id, work_order.service_id):
        found = Provider.objects.filter(organisation_id=work_order.organisation_id)
        return Whom(list(found.to_consider(work_order.service, agreed).order_by("pk").values_list("pk", flat=True)))
    sought = sought_for(work_order, terms)
    lost, more = reach.unplaced(sought)
    eligible = reach.nearest_eligible(sought) + lost
    others = reach.nearest_others(sought, eligible)
    return Whom(sorted({*agreed, *eligible, *others}), is_narrowed=True, not_looked_at=more)


def sought_for(work_order: WorkOrder, terms: MatchingTerms) -> reach.Sought:
    """What a search for this work order asks of the index."""
    zone, now = ZoneInfo(work_order.site.time_zone), timezone.now()
    latitude, longitude = place_of(work_order)
    left = latest_start(work_order) - now
    window = days_of(work_order, now, zone)
    return reach.Sought(
        organisation_id=work_order.organisation_id,
        service_id=work_order.service_id,
        latitude=latitude,
        longitude=longitude,
        site_id=work_order.site_id,
        postcode=postcode_of(work_order),
        today=now.astimezone(zone).date(),
        promised_day=work_order.promised_start.astimezone(zone).date(),
        work_day=window[0],
        window=window,
        hours_left=Decimal(left // dt.timedelta(minutes=1)) / 60,
        terms=terms,
        lot=f"{work_order.pk}.{OfferRound.objects.filter(work_order=work_order).count()}",
    )
