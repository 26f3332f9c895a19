"""Ways by road: which have to be measured, what was, and what a search reads of it (domain.md R34, ADR 23)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from bookings.enums import Execution, Place, WorkOrderStatus
from bookings.models import WorkOrder
from concierge import retention
from concierge.models import Organisation, Site
from providers.actions.facts import place_of
from providers.models import Provider, ProviderWay, ServiceAgreement
from providers.models.ways import STEP

Spot = tuple[Decimal, Decimal]
# A road is as long as it was for so long.
KEPT = dt.timedelta(days=60)
# Work for which somebody is, or soon will be, looked for; and how much of it at one time.
SOUGHT = (WorkOrderStatus.READY, WorkOrderStatus.OFFERING, WorkOrderStatus.NEEDS_DISPATCH)
MOST_ORDERS, MOST_PROVIDERS = 200, 300


@dataclass(frozen=True)
class Unmeasured:
    """Ways to one place, for one way of coming, that nobody has measured lately."""

    goal: Spot
    mode: str
    providers: Sequence[Provider]

    @property
    def starts(self) -> list[Spot]:
        """Where they are."""
        return [_spot_of(one) for one in self.providers]


def rounded(spot: Spot) -> Spot:
    """A place as it is kept: to about a hundred metres."""
    return spot[0].quantize(STEP), spot[1].quantize(STEP)


def _spot_of(provider: Provider) -> Spot:
    if provider.latitude is None or provider.longitude is None:
        raise ValueError("A provider without a place has no way.")
    return provider.latitude, provider.longitude


def ways_to(place: Spot, providers: Iterable[Provider]) -> dict[int, ProviderWay]:
    """The roads to a place that were measured from where each is now, as each comes now, by key of the provider. In one
    query."""
    latitude, longitude = rounded(place)
    rows = _fresh().filter(latitude=latitude, longitude=longitude, provider__in=[one.pk for one in providers])
    return {row.provider_id: row for row in rows.order_by("pk") if row.km is not None}


def _fresh() -> QuerySet[ProviderWay]:
    return ProviderWay.objects.filter(
        measured_at__gte=timezone.now() - KEPT,
        mode=F("provider__travel_mode"),
        from_latitude=F("provider__latitude"),
        from_longitude=F("provider__longitude"),
    )


def unmeasured(organisation: Organisation, *, many: int) -> Iterator[Unmeasured]:
    """What a router is to be asked: ways to every site, and to where work waits for a provider, soonest first; at most
    ``many`` providers at once."""
    found = Provider.objects.filter(organisation=organisation, is_active=True, latitude__isnull=False)
    for place, services in _places(organisation):
        agreed = ServiceAgreement.objects.binding().filter(provider=OuterRef("pk"))
        if services is not None:
            agreed = agreed.filter(service__in=services)
        known = _fresh().filter(latitude=place[0], longitude=place[1], provider=OuterRef("pk"))
        missing = list(found.filter(Exists(agreed), ~Exists(known)).order_by("pk")[:MOST_PROVIDERS])
        for mode in sorted({one.travel_mode for one in missing}):
            those = [one for one in missing if one.travel_mode == mode]
            for first in range(0, len(those), many):
                yield Unmeasured(place, mode, those[first : first + many])


def _places(organisation: Organisation) -> Iterator[tuple[Spot, set[int] | None]]:
    """Where work is or will be, with the services that are asked for there; at a site it may be any."""
    sites = Site.objects.filter(organisation=organisation, is_active=True).order_by("pk")
    yield from ((rounded((site.latitude, site.longitude)), None) for site in sites)
    orders = WorkOrder.objects.filter(
        organisation=organisation,
        status__in=SOUGHT,
        performer_kind="",
        execution__in=[Execution.PROVIDER, Execution.COLLECTED_PROVIDER],
        request__place=Place.HOME,
        request__latitude__isnull=False,
    )
    rows = orders.select_related("request", "site").order_by("promised_start", "pk")[:MOST_ORDERS]
    by_place: dict[Spot, set[int]] = {}
    for order in rows:
        by_place.setdefault(rounded(place_of(order)), set()).add(order.service_id)
    yield from by_place.items()


@transaction.atomic
def keep_ways(asked: Unmeasured, roads: Sequence[tuple[Decimal | None, int | None]]) -> int:
    """Keep what was measured; returns how many. A way that another task has measured meanwhile is written anew."""
    now = timezone.now()
    rows = []
    for provider, (km, minutes) in zip(asked.providers, roads, strict=True):
        latitude, longitude = _spot_of(provider)
        rows.append(
            ProviderWay(
                organisation_id=provider.organisation_id,
                provider=provider,
                latitude=asked.goal[0],
                longitude=asked.goal[1],
                from_latitude=latitude,
                from_longitude=longitude,
                mode=asked.mode,
                km=km,
                minutes=minutes,
                measured_at=now,
            )
        )
    ProviderWay.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["provider", "latitude", "longitude"],
        update_fields=["from_latitude", "from_longitude", "mode", "km", "minutes", "measured_at"],
    )
    return len(rows)


def road_facts(ways: Mapping[int, ProviderWay], provider: Provider) -> dict[str, Any]:
    """What a candidate is told of its way."""
    way = ways.get(provider.pk)
    return {
        "travel_mode": provider.travel_mode,
        "road_km": way.km if way else None,
        "road_minutes": way.minutes if way else None,
    }


@retention.forget("provider_ways")
def old_ways(before: dt.datetime) -> QuerySet[ProviderWay]:
    """Ways that say nothing any more."""
    return ProviderWay.objects.filter(measured_at__lt=before)
