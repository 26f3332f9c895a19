"""What the desk can begin from somebody's card: an appointment, an order ahead, a question for a quote."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db.models import Exists, F, OuterRef

from bookings.enums import PriceMode
from bookings.models import PreOrderPlan, PreOrderRun, Service, ServiceAtSite
from bookings.models.ahead import ahead_at
from concierge.models import Site

# What the desk begins from somebody's card, as it stands in the address.
APPOINTMENT, BASKET, QUOTE = "rendez-vous", "panier", "devis"
KINDS = (APPOINTMENT, BASKET, QUOTE)


def of_kind(site: Site, services: Sequence[Service], kind: str) -> list[Service]:
    """Those of the services that are asked for in this way."""
    ahead_here = ahead_at(site.pk)

    def kind_of(service: Service) -> str:
        if service.price_mode == PriceMode.ON_QUOTE:
            return QUOTE
        return BASKET if service.pk in ahead_here else APPOINTMENT

    return [service for service in services if kind_of(service) == kind]


def begun_at(site: Site, now: dt.datetime) -> set[str]:
    """What can be begun for somebody at a site: an order ahead only while a hand-out takes orders. One statement."""
    mine = PreOrderPlan.objects.filter(site=site, service=OuterRef("service"), is_active=True)
    coming = PreOrderRun.objects.filter(site=site, plan__service=OuterRef("service"), taken__lt=F("capacity"))
    offered = ServiceAtSite.objects.filter(site=site, is_offered=True, service__is_active=True)
    found = offered.annotate(is_ahead=Exists(mine), takes=Exists(coming.taking_orders(now)))
    rows = found.order_by().values_list("service__price_mode", "is_ahead", "takes")
    return {
        QUOTE if mode == PriceMode.ON_QUOTE else BASKET if is_ahead else APPOINTMENT
        for mode, is_ahead, takes in rows
        if takes or not is_ahead
    }
