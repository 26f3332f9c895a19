"""Setting a desk up."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from bookings.actions import catalogue, vat
from bookings.enums import Execution, Place
from bookings.models import ClientAccount, OpeningHours, PriceItem, Service, VatRate
from bookings.models.catalogue import vat_rate_on
from concierge.errors import Invalid
from concierge.models import Event
from tests.world import World


def test_a_new_vat_rate_ends_the_one_before(world: World) -> None:
    vat.set_vat_rate(
        world.organisation,
        code="standard",
        rate=Decimal("21.00"),
        valid_from=dt.date(2027, 1, 1),
        by=world.actor(),
    )
    rates = {
        day: vat_rate_on(world.organisation.pk, "standard", day) for day in (dt.date(2026, 12, 31), dt.date(2027, 1, 1))
    }
    assert [rate.rate for rate in rates.values() if rate] == [Decimal("20.00"), Decimal("21.00")]


def test_two_rates_on_one_day_are_refused(world: World) -> None:
    with pytest.raises(Invalid):
        vat.set_vat_rate(
            world.organisation,
            code="standard",
            rate=Decimal("5.50"),
            valid_from=dt.date(2013, 1, 1),
            by=world.actor(),
        )
    assert VatRate.objects.count() == 1


def test_a_service_comes_with_its_price_grid(world: World) -> None:
    service = catalogue.add_service(
        world.ironing.category,
        by=world.actor(),
        items=[("Drap", "Sheet", Decimal("4.00"))],
        code="draps",
        name="Draps",
        price_mode="per_item",
        execution=Execution.OWN_TEAM,
    )
    assert [item.label for item in service.price_items.all()] == ["Drap"]


def test_a_service_with_a_wrong_price_leaves_nothing_behind(world: World) -> None:
    before = (Service.objects.count(), PriceItem.objects.count())
    with pytest.raises(Invalid) as refusal:
        catalogue.add_service(
            world.ironing.category,
            by=world.actor(),
            items=[("Drap", "Sheet", Decimal("-4.00"))],
            code="draps",
            name="Draps",
            price_mode="per_item",
            execution=Execution.OWN_TEAM,
        )
    assert refusal.value.status == 400
    assert (Service.objects.count(), PriceItem.objects.count()) == before


def test_overlapping_hours_are_refused_and_the_old_week_stays(world: World) -> None:
    with pytest.raises(Invalid):
        catalogue.set_opening(
            world.site, [(0, dt.time(9), dt.time(12)), (0, dt.time(11), dt.time(14))], by=world.actor()
        )
    assert OpeningHours.objects.filter(site=world.site).count() == 5


def test_a_siren_with_a_wrong_check_digit_is_refused(world: World) -> None:
    with pytest.raises(Invalid) as refusal:
        catalogue.open_client_account(world.organisation, name="Faux", siren="123456789", by=world.actor())
    assert refusal.value.field == "siren"
    assert ClientAccount.objects.count() == 0


def test_whoever_sets_the_desk_up_is_written_down(world: World) -> None:
    by = world.actor("site_manager")
    catalogue.add_category(world.organisation, code="velos", name="Vélos", pictogram="bike", by=by)
    vat.set_vat_rate(world.organisation, code="reduced", rate=Decimal("10.00"), valid_from=dt.date(2027, 1, 1), by=by)
    catalogue.offer_service_at(world.site, world.cobbler, lead_time_hours=2, by=by)
    catalogue.set_opening(world.site, [(0, dt.time(9), dt.time(12))], by=by)
    catalogue.set_slots(world.site, place=Place.DESK, minutes=30, capacity=3, by=by)
    catalogue.serve_postcodes(world.site, ["21000"], by=by)
    told = Event.objects.filter(actor=by.reference).order_by("pk")
    assert [(event.name, event.data.get("what")) for event in told] == [
        ("category.added", None),
        ("vat_rate.set", None),
        ("service.offered", None),
        ("site.changed", "hours"),
        ("site.changed", "slots:desk"),
        ("site.changed", "postcodes"),
    ]
