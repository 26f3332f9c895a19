"""A supplement by distance where nobody knows the distance: the price says so, and the desk may measure it (R1)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client as Browser

from bookings.actions.clients import ClientDetails
from bookings.actions.repricing import reprice, reprice_request
from bookings.actions.tariffs import add_supplement
from bookings.enums import Execution, Place
from bookings.models import ServedArea, Service, ServiceAtSite, ServiceRequest
from bookings.rules.prices import WHOLE, Wish
from concierge.models import Event
from tests.bookings.test_api import Api
from tests.bookings.test_booking_pages import Path, shown
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
