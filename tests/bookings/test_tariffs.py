"""Prices from a day on, supplements and areas, from the catalogue to the order (R1)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction

from bookings.actions import tariffs
from bookings.actions.holds import SlotNotOffered, hold_slot
from bookings.actions.pricing import on_day
from bookings.enums import Execution, Place
from bookings.models import DatedPrice, ServedArea, Service, ServiceAtSite, Supplement, calendar
from bookings.rules.prices import WHOLE, Wish
from concierge.errors import Invalid, WrongState
from tests.bookings.conftest import MONDAY, at, details, wish_heels, wish_shirts
from tests.bookings.test_api import REQUESTS, Api, problem, rows
from tests.bookings.test_api import booking as api_booking
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
TODAY = MONDAY.date()


def day(number: int) -> dt.date:
    return dt.date(2026, 12, number)


@pytest.fixture
def api(world: World) -> Api:
    return Api(world.api_key())


def known(service: Service) -> list[tuple[str, dt.date, dt.date | None]]:
    return [(str(row.unit_price), row.valid_from, row.valid_to) for row in service.dated_prices.all()]


@pytest.mark.promise("domain R1")
def test_the_day_of_the_order_decides(world: World, book: Any) -> None:
    by = world.actor()
    tariffs.set_price(world.cobbler, Decimal("19.50"), valid_from=day(1), today=TODAY, by=by)
    tariffs.set_price(world.ironing, Decimal("3.20"), item=world.shirt, valid_from=day(1), today=TODAY, by=by)
    before = book(wish_shirts(world, 5), wish_heels(world), starts_at=at(24, 10))
    assert before.total_incl_vat == Decimal("33.00")
    with time_machine.travel(dt.datetime(2026, 12, 1, 7, 0, tzinfo=dt.UTC)):
        after = book(wish_shirts(world, 5), wish_heels(world), starts_at=dt.datetime(2026, 12, 2, 9, 0, tzinfo=dt.UTC))
    assert after.total_incl_vat == Decimal("35.50")
    before.refresh_from_db()
    assert before.total_incl_vat == sum(line.total_incl_vat for line in before.lines.all()) == Decimal("33.00")


@pytest.mark.promise("domain R1")
def test_a_new_price_ends_the_one_before_and_never_overlaps(world: World) -> None:
    by, set_price = world.actor(), tariffs.set_price
    set_price(world.cobbler, Decimal(20), valid_from=day(1), today=TODAY, by=by)
    set_price(world.cobbler, Decimal(22), valid_from=day(20), today=TODAY, by=by)
    set_price(world.cobbler, Decimal(21), valid_from=day(10), today=TODAY, by=by)
    set_price(world.cobbler, Decimal(23), valid_from=day(20), today=TODAY, by=by)
    assert known(world.cobbler) == [
        ("20.00", day(1), day(9)),
        ("21.00", day(10), day(19)),
        ("23.00", day(20), None),
    ]
    tariffs.take_price_back(world.cobbler.dated_prices.get(valid_from=day(10)), today=TODAY, by=by)
    assert known(world.cobbler) == [("20.00", day(1), day(19)), ("23.00", day(20), None)]
    with pytest.raises(IntegrityError, match="dated_price_one_per_day"), transaction.atomic():
        DatedPrice.objects.create(
            organisation=world.organisation, service=world.cobbler, unit_price=1, valid_from=day(15)
        )


def test_the_past_keeps_its_price(world: World) -> None:
    by = world.actor()
    with pytest.raises(Invalid):
        tariffs.set_price(world.cobbler, Decimal(20), valid_from=TODAY - dt.timedelta(days=1), today=TODAY, by=by)
    with pytest.raises(Invalid):
        tariffs.set_price(world.ironing, Decimal(20), valid_from=TODAY, today=TODAY, by=by)
    row = tariffs.set_price(world.cobbler, Decimal(20), valid_from=TODAY, today=TODAY, by=by)
    with pytest.raises(WrongState):
        tariffs.take_price_back(row, today=TODAY, by=by)
    assert known(world.cobbler) == [("20.00", TODAY, None)]


def test_a_day_is_read_again_without_a_trace_of_the_last(world: World) -> None:
    tariffs.set_price(world.cobbler, Decimal(20), valid_from=day(1), today=TODAY, by=world.actor())
    services = list(Service.objects.offered_at(world.site))
    prices = [
        [s.unit_price for s in on_day(services, when) if s.pk == world.cobbler.pk] for when in (day(1), TODAY, day(2))
    ]
    assert prices == [[Decimal(20)], [Decimal(18)], [Decimal(20)]]


@pytest.fixture
def visit(world: World) -> Service:
    """Help at home, dearer on Saturdays and beyond ten kilometres."""
    service = Service.objects.create(
        organisation=world.organisation,
        category=world.ironing.category,
        code="menage",
        name="Ménage",
        unit_price="40.00",
        execution=Execution.OWN_TEAM,
        place=Place.HOME,
        sap_eligible=True,
    )
    ServiceAtSite.objects.create(organisation=world.organisation, site=world.site, service=service)
    add, by = tariffs.add_supplement, world.actor()
    add(service, by=by, name="Samedi", rule="saturday", percent=Decimal(25))
    add(service, by=by, name="Loin", rule="beyond", amount=Decimal(6), beyond_km=Decimal(2))
    add(service, by=by, name="Express", amount=Decimal(9))
    return service


@pytest.mark.promise("domain R1")
def test_an_estimate_is_what_the_order_costs(world: World, api: Api, visit: Service) -> None:
    express = visit.supplements.get(name="Express")
    ServedArea.objects.create(organisation=world.organisation, site=world.site, kind="radius", radius_km=5)
    line = {"service": str(visit.public_id), "quantity": 1, "options": [str(express.public_id)]}
    address = {"postcode": "21800", "latitude": "47.330000", "longitude": "5.090000"}
    before = rows()
    asked = {
        "site": str(world.site.public_id),
        "starts_at": at(24, 10).isoformat(),
        "address": address,
        "lines": [line],
    }
    estimate = api.post("/api/v1/price-estimates", asked).json()
    assert [(x["kind"], x["description"], x["total_incl_vat"]) for x in estimate["lines"]] == [
        ("item", "Ménage", "40.00"),
        ("supplement", "Ménage – Loin", "6.00"),
        ("supplement", "Ménage – Express", "9.00"),
    ]
    assert (estimate["is_served"], estimate["is_located"], estimate["distance_km"]) == (True, True, "3.47")
    before[2] += 1  # that the call was made once, and nothing else
    assert rows() == before
    order = api_booking(world, lines=[line])
    order["client"].update(street="1 rue du Lac", city="Quetigny", **address)
    made = api.post(REQUESTS, order).json()
    assert (made["total_incl_vat"], estimate["total_incl_vat"]) == ("55.00", "55.00")
    assert [x["total_incl_vat"] for x in made["lines"]] == [x["total_incl_vat"] for x in estimate["lines"]]
    saturday = {**asked, "starts_at": at(28, 10).isoformat()}
    shown = api.post("/api/v1/price-estimates", saturday).json()
    assert (shown["total_incl_vat"], shown["vat"]) == (
        "65.00",
        [{"rate": "20.00", "excl": "54.17", "vat": "10.83", "incl": "65.00"}],
    )


def test_an_estimate_of_a_small_business_bears_no_vat(world: World, api: Api) -> None:
    from billing.actions.issuers import set_up_issuer

    line = {"service": str(world.cobbler.public_id), "quantity": 1}
    asked = {"site": str(world.site.public_id), "lines": [line]}
    assert [one["rate"] for one in api.post("/api/v1/price-estimates", asked).json()["vat"]] == ["20.00"]
    body: dict[str, Any] = {"street": "1 rue X", "postcode": "21000", "city": "Dijon", "siren": "732829320"}
    set_up_issuer(by=world.actor(), name="Sens Pratique", vat_regime="franchise", **body)
    shown = api.post("/api/v1/price-estimates", asked).json()
    assert [one["vat_rate"] for one in shown["lines"]] == ["0.00"]
    assert [(one["rate"], one["vat"], one["incl"]) for one in shown["vat"]] == [("0.00", "0.00", "18.00")]


@pytest.mark.promise("S08")
@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"lines": []}, 400, "empty"),
        ({"address": {"postcode": "21000", "latitude": "47.3"}}, 400, "invalid"),
        ({"address": {"postcode": "21000", "latitude": "NaN", "longitude": "5"}}, 400, "invalid"),
        ({"address": {"postcode": "21000", "latitude": "91", "longitude": "5"}}, 400, "max_value"),
        ({"address": {"postcode": "２１０００"}}, 400, "invalid"),
        ({"on": "demain"}, 400, "invalid"),
        ({"on": "1999-01-01"}, 409, "price_missing"),
        ({"starts_at": "samedi"}, 400, "invalid"),
        ({"site": "x"}, 400, "invalid"),
        ({"site": "6f1c1c1e-6a0e-4f0a-9d7e-2f3a5a1b7c11"}, 404, "not_found"),
    ],
)
def test_an_estimate_of_nonsense_is_refused(
    world: World, api: Api, changes: dict[str, Any], status: int, code: str
) -> None:
    asked = {
        "site": str(world.site.public_id),
        "lines": [{"service": str(world.cobbler.public_id), "quantity": 1}],
        **changes,
    }
    before = rows()
    problem(api.post("/api/v1/price-estimates", asked), status, code)
    assert rows() == before


def test_a_tax_credit_is_shown_only_where_the_body_is_declared(world: World, api: Api, visit: Service) -> None:
    def shown() -> bool:
        found = api.get("/api/v1/services", site=world.site.public_id).json()["results"]
        return next(bool(one["tax_credit"]) for one in found if one["code"] == "menage")

    assert shown() is False
    world.organisation.sap_declared = True
    world.organisation.save()
    assert shown() is True
    Service.objects.filter(pk=visit.pk).update(execution=Execution.PROVIDER)
    assert shown() is False


@pytest.mark.promise("domain R1")
def test_what_is_gathered_weekly_is_booked_after_the_next_gathering(world: World) -> None:
    terms = ServiceAtSite.objects.get(service=world.cobbler)
    terms.weekly_cut_off_day, terms.weekly_cut_off_time, terms.lead_time_hours = 1, dt.time(12), 24
    terms.save()
    free = calendar.slots_left(world.site, Place.DESK, now=MONDAY, services=[world.cobbler])
    assert free[0].starts_at == at(25, 12)
    late = calendar.slots_left(world.site, Place.DESK, now=at(24, 12, 1), services=[world.cobbler])
    assert late[0].starts_at == dt.datetime(2026, 12, 2, 11, 0, tzinfo=dt.UTC)
    # Whoever asks for a time that is not shown is refused it, too.
    with pytest.raises(SlotNotOffered):
        hold_slot(world.site, Place.DESK, at(25, 11), token="t", by=world.actor(), services=[world.cobbler], now=MONDAY)
    assert hold_slot(
        world.site, Place.DESK, at(25, 12), token="t", by=world.actor(), services=[world.cobbler], now=MONDAY
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"amount": 1, "percent": 1},
        {},
        {"amount": -1},
        {"percent": 101},
        {"rule": "evening", "amount": 1},
        {"rule": "beyond", "amount": 1},
        {"rule": "saturday", "amount": 1, "after": dt.time(18)},
    ],
)
def test_the_database_refuses_half_a_supplement(world: World, fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="supplement_"), transaction.atomic():
        Supplement.objects.create(organisation=world.organisation, service=world.cobbler, name="x", **fields)


def test_staff_are_told_that_an_address_was_not_located(world: World, book: Any, visit: Service, client: Any) -> None:
    ServedArea.objects.create(organisation=world.organisation, site=world.site, kind="radius", radius_km=5)
    wish = Wish(str(visit.public_id), {WHOLE: 1})
    here = details(street="1 rue Musette", postcode="21000", city="Dijon")
    request = book(wish, starts_at=at(24, 10), place=Place.HOME, client=here)
    client.force_login(world.users["dispatcher"])
    said = "Adresse non localisée"
    assert said in client.get(f"/demandes/{request.public_id}/").content.decode()
    request.latitude, request.longitude = Decimal("47.32"), Decimal("5.04")
    request.save()
    assert said not in client.get(f"/demandes/{request.public_id}/").content.decode()


@pytest.mark.parametrize("mode", ["fixed", "per_unit", "per_half_hour"])
def test_the_database_refuses_a_price_that_is_missing(world: World, mode: str) -> None:
    with pytest.raises(IntegrityError, match="service_price_fits_its_mode"), transaction.atomic():
        Service.objects.filter(pk=world.cobbler.pk).update(price_mode=mode, unit="kg", unit_price=None)


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "radius"},
        {"kind": "radius", "radius_km": 0},
        {"kind": "radius", "radius_km": 201},
        {"kind": "commune", "postcode": "2100"},
        {"kind": "commune", "postcode": "21000", "insee": "2X000"},
        {"kind": "polygon"},
        {"kind": "commune", "postcode": "21000", "radius_km": 3},
    ],
)
def test_the_database_refuses_half_an_area(world: World, fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="served_"), transaction.atomic():
        ServedArea.objects.create(organisation=world.organisation, site=world.site, **fields)


@pytest.mark.parametrize("fields", [{"weekly_cut_off_day": 1}, {"weekly_cut_off_time": dt.time(12)}])
def test_the_database_refuses_half_a_gathering(world: World, fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="service_weekly_cut_off_is_whole"), transaction.atomic():
        ServiceAtSite.objects.filter(service=world.cobbler).update(**fields)


@pytest.mark.promise("domain R1")
def test_every_item_and_option_has_its_own_prices(world: World) -> None:
    by, trousers, option = world.actor(), world.ironing.price_items.get(name="Pantalon"), world.ironing.options.get()
    for thing in ({"item": world.shirt}, {"item": trousers}, {"option": option}):
        tariffs.set_price(world.ironing, Decimal(7), valid_from=day(1), today=TODAY, by=by, **thing)
    assert known(world.ironing) == [("7.00", day(1), None)] * 3
