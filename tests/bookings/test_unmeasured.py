"""A supplement by distance where nobody knows the distance: the price says so, and the desk may measure it (R1)."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client as Browser

from bookings.actions.clients import ClientDetails
from bookings.actions.repricing import reprice, reprice_request
from bookings.actions.tariffs import add_supplement
from bookings.enums import Execution, Place
from bookings.models import OpeningHours, ServedArea, Service, ServiceAtSite, ServiceRequest
from bookings.rules.prices import WHOLE, Wish
from concierge.models import Event
from tests.bookings.conftest import at
from tests.bookings.test_api import Api
from tests.bookings.test_booking_pages import Path, hidden, shown
from tests.bookings.test_walk_in import field, page_of, shirts, typed
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
FAR = "Loin, au-delà de 10\u00a0km"
NOT_COUNTED = f"{FAR} : +\u00a06,00\u202f€"
ADDRESS: dict[str, Any] = {"street": "3 rue Verrerie", "postcode": "21300", "city": "Chenôve"}
INES = ClientDetails("Inès", "Garnier", "ines.garnier@example.fr", **ADDRESS)


@pytest.fixture
def visit(world: World) -> Service:
    """Windows are cleaned at home, dearer beyond ten kilometres."""
    service = Service.objects.create(
        organisation=world.organisation,
        category=world.ironing.category,
        code="vitres",
        name="Lavage de vitres",
        unit_price="32.00",
        execution=Execution.OWN_TEAM,
        place=Place.HOME,
    )
    ServiceAtSite.objects.create(organisation=world.organisation, site=world.site, service=service)
    ServedArea.objects.create(organisation=world.organisation, site=world.site, postcode="21300")
    far = {"name": "Loin", "rule": "beyond", "amount": Decimal(6), "beyond_km": Decimal(10)}
    add_supplement(service, by=world.actor(), **far)
    return service


@pytest.fixture
def booked(world: World, visit: Service, book: Any) -> ServiceRequest:
    wish = Wish(str(visit.public_id), {WHOLE: 1})
    made: ServiceRequest = book(wish, place=Place.HOME, client=INES)
    return made


@pytest.mark.promise("domain R1")
def test_a_client_reads_what_the_total_does_not_count(world: World, visit: Service, client: Browser) -> None:
    path = Path(world, client)
    path.services(visit)
    path.details(1)
    path.slot()
    path.contact(**ADDRESS)
    path.code()
    page = shown(path.get("verification/"))
    assert (NOT_COUNTED in page, "32,00" in page, "38,00" in page) == (True, True, False)
    assert path.review().status_code == 302
    assert ServiceRequest.objects.get().total_incl_vat == Decimal("32.00")


def test_nothing_is_said_where_no_distance_counts(world: World, visit: Service, client: Browser) -> None:
    visit.supplements.update(is_active=False)
    path = Path(world, client)
    path.services(visit)
    path.details(1)
    path.slot()
    path.contact(**ADDRESS)
    path.code()
    assert "Loin" not in shown(path.get("verification/"))


def test_the_desk_reads_it_beside_the_total(world: World, visit: Service, client: Browser) -> None:
    client.force_login(world.users["concierge"])
    order = {f"q-{visit.public_id.hex[:12]}-": "1"}
    page = shown(client.get("/guichet/republique/commande/total/", order))
    assert (NOT_COUNTED in page, "32,00" in page) == (True, True)


@pytest.mark.promise("domain R1", "domain R2")
@pytest.mark.parametrize(("rule", "when"), [("sunday", (29, 10)), ("evening", (24, 20))])
def test_the_desk_reads_the_price_of_the_chosen_time(
    world: World, visit: Service, client: Browser, rule: str, when: tuple[int, int]
) -> None:
    """It once read the price of now, and that of Sunday or of the evening was charged."""
    client.force_login(world.users["concierge"])
    visit.supplements.update(is_active=False)
    more: dict[str, Any] = {"after": dt.time(19)} if rule == "evening" else {}
    add_supplement(visit, by=world.actor(), name="Plus", rule=rule, amount=Decimal(6), **more)
    OpeningHours.objects.create(
        organisation=world.organisation, site=world.site, weekday=6, opens=dt.time(9), closes=dt.time(18)
    )
    OpeningHours.objects.create(
        organisation=world.organisation, site=world.site, weekday=1, opens=dt.time(19), closes=dt.time(22)
    )
    total = "/guichet/republique/commande/total/"
    order = {field(visit): "1", "starts_at": at(*when).isoformat()}
    for nonsense in ("", "x", "9999-12-31T23:59:59+00:00", "2026-11-29T10:00:00"):
        assert hidden(shown(client.get(total, {**order, "starts_at": nonsense})), "total")["total"] == "32.00"
    # What is left at the counter counts from now, whatever time is chosen beside it.
    assert "32.00" not in shown(client.get(total, {"starts_at": order["starts_at"]}))
    seen = hidden(shown(client.get(total, order)), "total", "total_of")
    assert seen["total"] == "38.00"
    answer = client.post(page_of(world), {"token": str(uuid.uuid4()), **order, **ADDRESS, **seen})
    assert answer.status_code == 302, answer.context["form"].errors
    assert ServiceRequest.objects.get().total_incl_vat == Decimal("38.00")


def test_what_is_left_at_the_counter_costs_what_it_costs_now(world: World, client: Browser) -> None:
    client.force_login(world.users["concierge"])
    add_supplement(world.ironing, by=world.actor(), name="Plus", rule="sunday", amount=Decimal(6))
    sent = {**typed(world), "starts_at": at(29, 10).isoformat()}
    page = shown(client.get("/guichet/republique/commande/total/", sent))
    assert hidden(page, "total")["total"] == "15.00"


@pytest.mark.promise("domain R1")
@pytest.mark.parametrize(("total", "status"), [("14.00", 409), ("x", 422), ("NaN", 422), ("15.00", 302)])
def test_a_price_that_changed_since_the_desk_read_it_is_read_again(
    world: World, client: Browser, total: str, status: int
) -> None:
    client.force_login(world.users["concierge"])
    sent = typed(world)
    seen = hidden(shown(client.get("/guichet/republique/commande/total/", sent)), "total", "total_of")
    assert client.post(page_of(world), {**sent, **seen, "total": total}).status_code == status
    assert ServiceRequest.objects.count() == int(status == 302)


def test_a_total_of_another_order_stops_nobody(world: World, client: Browser) -> None:
    """Whoever confirms faster than the total follows has read none of this order."""
    client.force_login(world.users["concierge"])
    seen = hidden(shown(client.get("/guichet/republique/commande/total/", typed(world))), "total", "total_of")
    assert client.post(page_of(world), {**typed(world, **shirts(world, 7)), **seen}).status_code == 302
    assert ServiceRequest.objects.get().total_incl_vat == Decimal("21.00")


def test_the_total_follows_the_chosen_time(world: World, visit: Service, client: Browser) -> None:
    client.force_login(world.users["concierge"])
    page = shown(client.get(page_of(world)))
    assert 'hx-include="#order-lines, #id_starts_at"' in page
    assert "change from:#id_starts_at" in page


@pytest.mark.promise("domain R1")
def test_an_estimate_names_what_it_could_not_judge(world: World, visit: Service) -> None:
    api = Api(world.api_key())
    asked: dict[str, Any] = {
        "site": str(world.site.public_id),
        "lines": [{"service": str(visit.public_id), "quantity": 1}],
    }
    spot = {"latitude": "47.500000", "longitude": "5.090000"}
    for address, named, total in (({}, [NOT_COUNTED], "32.00"), (spot, [], "38.00")):
        body = {**asked, "address": {"postcode": "21300", **address}}
        answer = api.post("/api/v1/price-estimates", body).json()
        assert (answer["not_counted"], answer["total_incl_vat"]) == (named, total)


@pytest.mark.promise("domain R1")
def test_the_desk_measures_reads_both_prices_and_says_yes(
    world: World, booked: ServiceRequest, client: Browser
) -> None:
    client.force_login(world.users["concierge"])
    assert FAR in shown(client.get(f"/demandes/{booked.public_id}/"))
    address = f"/demandes/{booked.public_id}/prix-du-jour/"
    page = shown(client.get(address))
    assert (NOT_COUNTED in page, 'name="total"' in page) == (True, False)
    assert 'name="total"' not in shown(client.get(address, {"km": "9.5"}))
    page = shown(client.get(address, {"km": "12.5"}))
    assert ('name="km" value="12.5"' in page, "38,00" in page) == (True, True)
    assert client.post(address, {"total": "38.00"}).status_code == 409  # another distance than the one read
    assert client.post(address, {"total": "38.00", "km": "12.5"}).status_code == 302
    booked.refresh_from_db()
    assert booked.total_incl_vat == Decimal("38.00")
    assert list(booked.lines.values_list("kind", "total_incl_vat")) == [
        ("item", Decimal(32)),
        ("supplement", Decimal(6)),
    ]
    assert Event.objects.get(name="service_request.repriced").data["distance_km"] == "12.5"
    # It is remembered: nobody takes the supplement away by looking again.
    page = shown(client.get(address))
    assert ('value="12.50"' in page, NOT_COUNTED in page, 'name="total"' in page) == (True, False, False)
    assert NOT_COUNTED not in shown(client.get(f"/demandes/{booked.public_id}/"))
    assert reprice(booked).new_total == Decimal("38.00")
    assert reprice(booked, distance_km=Decimal(5)).new_total == Decimal("32.00")


@pytest.mark.parametrize("km", ["-1", "x", "1e9", "NaN", "10.123"])
def test_a_distance_that_is_none_is_told_and_counts_nothing(
    world: World, booked: ServiceRequest, client: Browser, km: str
) -> None:
    client.force_login(world.users["concierge"])
    address = f"/demandes/{booked.public_id}/prix-du-jour/"
    assert 'aria-invalid="true"' in shown(client.get(address, {"km": km}), 422)
    assert client.post(address, {"total": "38.00", "km": km}).status_code == 409
    booked.refresh_from_db()
    assert booked.total_incl_vat == Decimal("32.00")


def test_what_is_measured_by_the_map_is_not_typed(world: World, booked: ServiceRequest) -> None:
    ServiceRequest.objects.filter(pk=booked.pk).update(latitude="47.330000", longitude="5.090000")
    booked.refresh_from_db()
    assert reprice(booked, distance_km=Decimal(50)).new_total == Decimal("32.00")
    changed = reprice_request(booked, total_seen=Decimal("32.00"), by=world.actor(), distance_km=Decimal(50))
    assert changed.total_incl_vat == Decimal("32.00")
