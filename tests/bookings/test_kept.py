"""What processes keep of the catalogue and the calendar: a booking sees every change of it at once."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

import bookings.urls  # noqa: F401 - every kept read is known once the routes are
from bookings.enums import Place
from bookings.models import (
    Closure,
    OpeningHours,
    PriceItem,
    RequestLine,
    Service,
    ServiceAtSite,
    ServiceOption,
    ServiceRequest,
    SlotRule,
    VatRate,
    WorkOrder,
)
from concierge import editions, tenancy
from concierge.models import Site
from tests.bookings.conftest import at
from tests.bookings.test_api import REQUESTS, Api, api, booking
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
__all__ = ["api"]

TODAY = dt.date(2026, 11, 23)
READS: dict[str, Callable[[World], tuple[Any, ...]]] = {
    "bookings.api.common._site": lambda world: (world.organisation.pk, world.site.public_id),
    "bookings.models.ahead.ahead_at": lambda world: (world.site.pk,),
    "bookings.models.calendar._closures_of": lambda world: (world.site.pk, 2026),
    "bookings.models.calendar._offers_of": lambda world: (world.site.pk,),
    "bookings.models.calendar._rule_of": lambda world: (world.site.pk, Place.DESK),
    "bookings.models.calendar._week_of": lambda world: (world.site.pk,),
    "bookings.actions.pricing._price_list": lambda world: (world.organisation.pk, world.site.pk, TODAY),
    "bookings.actions.pricing.offered_on": lambda world: (world.site.pk, TODAY),
    "bookings.models.catalogue.vat_rate_on": lambda world: (world.organisation.pk, "standard", TODAY),
}


def test_every_kept_read_is_of_tables_that_count_editions(world: World) -> None:
    """Whoever keeps a read of another table is told here: name it in ``CountEditions``, and the read in ``READS``."""
    assert sorted(editions.KEPT) == sorted(READS)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'new_edition' AND tgenabled = 'O'"
        )
        counting = {table for (table,) in cursor.fetchall()}
    read: set[str] = set()
    for name, arguments in READS.items():
        with CaptureQueriesContext(connection) as said:
            editions.KEPT[name](*arguments(world))
        tables = {table for query in said for table in re.findall(r'(?:FROM|JOIN) "(\w+)"', query["sql"])}
        assert tables <= counting, name
        read |= tables
    assert {"bookings_service", "bookings_priceitem", "bookings_datedprice", "bookings_openinghours"} <= read


CHANGES: dict[str, Callable[[World], object]] = {
    "a price": lambda world: PriceItem.objects.filter(pk=world.shirt.pk).update(unit_price=Decimal("4.00")),
    "a price, by its page": lambda world: _save(world.shirt, unit_price=Decimal("4.00")),
    "a VAT rate": lambda world: VatRate.objects.filter(code="standard").update(rate=Decimal("10.00")),
    "an item taken out": lambda world: PriceItem.objects.filter(pk=world.shirt.pk).update(is_active=False),
    "a service taken out": lambda world: Service.objects.filter(pk=world.ironing.pk).update(is_active=False),
    "not offered here": lambda world: ServiceAtSite.objects.update(is_offered=False),
    "a longer lead time": lambda world: ServiceAtSite.objects.update(lead_time_hours=72),
    "no orders that day": lambda world: ServiceAtSite.objects.update(max_per_day=0),
    "a closure": lambda world: Closure.objects.create(
        organisation=world.organisation, site=world.site, starts_on=dt.date(2026, 11, 24), ends_on=dt.date(2026, 11, 24)
    ),
    "other opening hours": lambda world: OpeningHours.objects.update(opens=dt.time(14)),
    "longer appointments": lambda world: SlotRule.objects.update(slot_minutes=480),
    "a closed site": lambda world: Site.objects.update(is_active=False),
}


def _save(row: Any, **changes: Any) -> None:
    for name, value in changes.items():
        setattr(row, name, value)
    row.save()


@pytest.mark.parametrize("change", CHANGES)
def test_the_next_booking_sees_a_change(world: World, api: Api, change: str) -> None:
    assert api.post(REQUESTS, booking(world)).status_code == 201
    CHANGES[change](world)
    answer = api.post(REQUESTS, booking(world, slot=at(24, 11).isoformat()))
    shirts = [line for line in answer.json().get("lines", []) if "Chemise" in line["description"]]
    seen = {line["unit_price_incl_vat"] + " " + line["vat_rate"] for line in shirts}
    assert (answer.status_code, seen) == {
        "a price": (201, {"4.00 20.00"}),
        "a price, by its page": (201, {"4.00 20.00"}),
        "a VAT rate": (201, {"3.00 10.00"}),
        "an item taken out": (400, set()),
        "a service taken out": (400, set()),
        "not offered here": (400, set()),
        "a longer lead time": (422, set()),
        "no orders that day": (409, set()),
        "a closure": (422, set()),
        "other opening hours": (422, set()),
        "longer appointments": (422, set()),
        "a closed site": (404, set()),
    }[change]


def test_a_change_elsewhere_costs_nobody_anything(world: World, other_world: World, api: Api) -> None:
    api.post(REQUESTS, booking(world))
    with tenancy.working_for(other_world.organisation):
        ServiceOption.objects.update(unit_price=Decimal("9.00"))
        PriceItem.objects.update(unit_price=Decimal("9.00"))
    with CaptureQueriesContext(connection) as said:
        assert api.post(REQUESTS, booking(world)).status_code == 201
    assert not [query["sql"] for query in said if 'FROM "bookings_service"' in query["sql"]]


def test_a_booking_says_what_it_wrote_without_reading_it_again(world: World, api: Api) -> None:
    """The answer to the booking and the answer to who asks for it later are the same, byte for byte."""
    api.post(REQUESTS, booking(world))
    with CaptureQueriesContext(connection) as said:
        made = api.post(REQUESTS, booking(world))
    reads = [query["sql"] for query in said if query["sql"].startswith("SELECT")]
    assert [sql for sql in reads if "bookings_workorder" in sql or "bookings_requestline" in sql] == []
    read = api.get(made["Location"])
    assert read.json() == made.json()
    assert read.content == made.content
    assert (ServiceRequest.objects.count(), WorkOrder.objects.count(), RequestLine.objects.count()) == (2, 4, 4)
