"""Booking helpers for tests: a Monday morning, details of a client, one call that books."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from bookings.actions import plans
from bookings.actions.booking import submit_request
from bookings.actions.clients import ClientDetails
from bookings.actions.holds import hold_slot
from bookings.enums import Execution, Place, PriceMode
from bookings.models import (
    Hold,
    PreOrderPlan,
    PreOrderRun,
    PriceItem,
    Service,
    ServiceAtSite,
    ServiceCategory,
    ServiceRequest,
)
from bookings.rules.prices import WHOLE, Wish
from tests.world import World

PARIS = ZoneInfo("Europe/Paris")
# A Monday, 8 in the morning in Dijon; the desk opens at 9, so that slots of the day itself are still open.
MONDAY = dt.datetime(2026, 11, 23, 8, 0, tzinfo=PARIS)


@pytest.fixture
def monday() -> Any:
    """It is Monday, 8 o'clock in Dijon, and time goes on."""
    with time_machine.travel(MONDAY, tick=True) as traveller:
        yield traveller


def at(day: int, hour: int, minute: int = 0) -> dt.datetime:
    """A moment of November 2026 in Dijon."""
    return dt.datetime(2026, 11, day, hour, minute, tzinfo=PARIS).astimezone(dt.UTC)


def taken() -> list[int]:
    """How many places are taken at each time that somebody ever kept, in order."""
    times = Counter(Hold.objects.order_by("pk").values_list("starts_at", flat=True))
    live = Counter(Hold.objects.live().order_by("pk").values_list("starts_at", flat=True))
    return [live[moment] for moment in sorted(times)]


def details(**changes: Any) -> ClientDetails:
    """A client who types everything right."""
    given = {
        "first_name": "Inès",
        "last_name": "Garnier",
        "email": "ines.garnier@example.fr",
        "phone": "06 12 34 56 78",
    }
    return ClientDetails(**{**given, **changes})


def wish_shirts(world: World, count: int = 5) -> Wish:
    """Some shirts to iron."""
    return Wish(str(world.ironing.public_id), {str(world.shirt.public_id): count})


def wish_heels(world: World, count: int = 1) -> Wish:
    """Heels to replace."""
    return Wish(str(world.cobbler.public_id), {WHOLE: count})


_tokens = itertools.count(1)


@pytest.fixture
def book(world: World) -> Callable[..., ServiceRequest]:
    """Book through the actions; shirts and heels on Tuesday at ten unless told otherwise."""

    def call(
        *wishes: Wish,
        starts_at: dt.datetime | None = None,
        place: Place = Place.DESK,
        by: Any = None,
        hold: Any = None,
        client: ClientDetails | None = None,
        **more: Any,
    ) -> ServiceRequest:
        actor = by or world.actor()
        kept = hold or hold_slot(world.site, place, starts_at or at(24, 10), token=f"token-{next(_tokens)}", by=actor)
        return submit_request(
            world.site,
            client=client or details(),
            wishes=wishes or (wish_shirts(world), wish_heels(world)),
            hold=kept,
            by=actor,
            **more,
        )

    return call


def weekly_basket(world: World, **changes: Any) -> PreOrderPlan:
    """A vegetable basket, handed out on Thursdays from 12 to 14, ordered before Tuesday noon; runs are made."""
    site = changes.pop("site", world.site)
    service = changes.pop("service", None) or basket_service(world)
    producer = changes.pop("producer", None) or plans.add_producer(
        world.organisation, name="Les Jardins d'Ouche", email="jardins@example.fr", by=world.actor()
    )
    given: dict[str, Any] = {
        "handout_weekday": 3,
        "handout_opens": dt.time(12),
        "handout_closes": dt.time(14),
        "cut_off_weekday": 1,
        "cut_off_time": dt.time(12),
        "starts_on": dt.date(2026, 11, 1),
        "capacity": 20,
    }
    plan = PreOrderPlan(site=site, service=service, producer=producer, **{**given, **changes})
    return plans.open_plan(plan, by=world.actor())


def basket_service(world: World, code: str = "panier") -> Service:
    """Two sizes of a basket, offered at the site."""
    category = ServiceCategory.objects.create(
        organisation=world.organisation, code=f"c-{code}", name="Paniers", name_en="Baskets", pictogram="basket"
    )
    service = Service.objects.create(
        organisation=world.organisation,
        category=category,
        code=code,
        name="Panier de légumes",
        name_en="Vegetable basket",
        pictogram="basket",
        price_mode=PriceMode.PER_ITEM,
        execution=Execution.PROVIDER,
        position=5,
    )
    for position, (name, price) in enumerate((("Petit", "9.00"), ("Grand", "15.00"))):
        PriceItem.objects.create(
            organisation=world.organisation, service=service, name=name, unit_price=Decimal(price), position=position
        )
    ServiceAtSite.objects.create(organisation=world.organisation, site=world.site, service=service)
    return service


def wish_baskets(plan: PreOrderPlan, small: int = 1, big: int = 0) -> Wish:
    """Some small and big baskets."""
    items = [str(item.public_id) for item in plan.service.price_items.order_by("position")]
    return Wish(str(plan.service.public_id), {items[0]: small, items[1]: big})


def first_run(plan: PreOrderPlan) -> PreOrderRun:
    """The hand-out that comes first."""
    found = plan.runs.filter(status="open").select_related("plan__producer", "plan__site", "site__organisation")
    run = found.order_by("due_on").first()
    assert run is not None
    return run
