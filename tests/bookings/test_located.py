"""Where somebody comes to is located before they book: areas and supplements judge by the place, not the postcode."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client as Browser

from bookings.enums import Place
from bookings.gateways import geocoder as gateway
from bookings.models import Hold, ServedArea, Service, ServiceRequest, calendar
from bookings.views import spots
from concierge.models import Event
from tests.bookings.conftest import MONDAY, at
from tests.bookings.quoting import service_on_quote
from tests.bookings.test_api import REQUESTS, Api, booking
from tests.bookings.test_booking_pages import Path, hidden, shown
from tests.bookings.test_prescribers import bring, invite
from tests.bookings.test_quote_pages import what
from tests.bookings.test_unmeasured import ADDRESS, NOT_COUNTED, booked, visit
from tests.bookings.test_walk_in import field, page_of
from tests.geocoder import FAR, NEAR, Geocoder, feature, geocoder
from tests.world import World

__all__ = ["booked", "geocoder", "visit"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
QUOTE_REQUESTS = "/api/v1/quote-requests"
IN_DIJON = {"street": "3 rue Monge", "postcode": "21000", "city": "Dijon"}


@pytest.fixture
def path(world: World, client: Browser) -> Path:
    return Path(world, client)


def up_to_contact(path: Path, service: Service) -> None:
    for answer in (path.services(service), path.details(1), path.slot()):
        assert answer.status_code == 302


def spot(request: ServiceRequest) -> tuple[float, float] | None:
    return (float(request.latitude), float(request.longitude or 0)) if request.latitude is not None else None


def only_near(world: World) -> None:
    """The site serves five kilometres around it, and no commune by its postcode."""
    ServedArea.objects.all().delete()
    ServedArea.objects.create(organisation=world.organisation, site=world.site, kind="radius", radius_km=5)


@pytest.mark.promise("domain R1")
def test_a_client_reads_and_pays_what_the_distance_adds(path: Path, visit: Service, geocoder: Geocoder) -> None:
    geocoder.finds(feature(FAR))
    up_to_contact(path, visit)
    assert path.contact(**ADDRESS).status_code == 302
    path.code()
    page = shown(path.get("verification/"))
    assert (NOT_COUNTED in page, "38,00" in page) == (False, True)
    assert path.review().status_code == 302
    made = ServiceRequest.objects.get()
    assert (made.total_incl_vat, spot(made)) == (Decimal("38.00"), FAR)
    assert geocoder.asked == [{"q": "3 rue Verrerie Chenôve", "postcode": "21300", "limit": "1"}]
    heard = geocoder.heard[0].lower()
    assert [name in heard for name in ("garnier", "in%c3%a8s", "612345678", "06", "example.fr")] == [False] * 5


@pytest.mark.promise("domain R1")
def test_a_distance_decides_who_is_served(
    world: World, path: Path, visit: Service, geocoder: Geocoder, client: Browser
) -> None:
    only_near(world)
    up_to_contact(path, visit)
    geocoder.finds(feature(FAR, postcode="21000"))
    assert "Nous n’allons pas à cette adresse" in shown(path.contact(**IN_DIJON), 422)
    geocoder.finds(feature(NEAR, postcode="21000"))
    assert path.contact(**{**IN_DIJON, "street": "5 rue Monge"}).status_code == 302
    path.code()
    assert path.review().status_code == 302
    assert spot(ServiceRequest.objects.get()) == NEAR


@pytest.mark.promise("domain R1")
@pytest.mark.parametrize("how", ["away", "unknown", "off"])
def test_an_address_that_nobody_finds_is_judged_by_its_postcode(
    world: World, path: Path, visit: Service, geocoder: Geocoder, settings: Any, how: str
) -> None:
    only_near(world)
    geocoder.finds()
    geocoder.status = 500 if how == "away" else 200
    settings.GEOCODER_URL = "" if how == "off" else geocoder.url
    up_to_contact(path, visit)
    assert path.contact(**IN_DIJON).status_code == 302
    path.code()
    assert path.review().status_code == 302
    made = ServiceRequest.objects.get()
    assert (spot(made), len(geocoder.asked)) == (None, 0 if how == "off" else 1)
    path.browser.force_login(world.users["concierge"])
    assert "Situer cette adresse" in shown(path.browser.get(f"/demandes/{made.public_id}/"))


def test_another_address_does_not_keep_the_place_of_the_first(path: Path, visit: Service, geocoder: Geocoder) -> None:
    up_to_contact(path, visit)
    path.contact(**ADDRESS)
    geocoder.finds()
    path.contact(**{**ADDRESS, "street": "9 rue Neuve"})
    path.code()
    assert path.review().status_code == 302
    made = ServiceRequest.objects.get()
    assert (made.street, spot(made), len(geocoder.asked)) == ("9 rue Neuve", None, 2)


def test_where_nobody_comes_nobody_is_asked(world: World, path: Path, geocoder: Geocoder) -> None:
    path.up_to_review()
    assert path.review().status_code == 302
    api = Api(world.api_key())
    asked = booking(world)
    asked["client"] |= {**ADDRESS, "email": "autre@example.fr"}
    assert api.post(REQUESTS, asked).status_code == 201
    assert {spot(made) for made in ServiceRequest.objects.all()} == {None}
    assert geocoder.asked == []


def test_one_network_has_only_so_many_looked_up(
    path: Path, visit: Service, geocoder: Geocoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spots, "MOST_LOOKED_UP", 2)
    up_to_contact(path, visit)
    for number in range(4):
        assert path.contact(**{**ADDRESS, "street": f"{number} rue Neuve"}).status_code == 302
    assert len(geocoder.asked) == 2


def test_it_is_the_place_of_whom_it_is_for(path: Path, visit: Service, geocoder: Geocoder) -> None:
    up_to_contact(path, visit)
    given = {"first_name": "Jeanne", "last_name": "Garnier", **ADDRESS}
    assert path.post("pour-qui/", **given).status_code == 302
    assert path.contact().status_code == 302
    path.code()
    assert path.review().status_code == 302
    made = ServiceRequest.objects.get()
    assert (made.beneficiary_name, spot(made), len(geocoder.asked)) == ("Jeanne Garnier", NEAR, 1)


def test_a_prescriber_has_the_place_found_too(world: World, path: Path, visit: Service, geocoder: Geocoder) -> None:
    prescriber = invite(world)
    person = bring(prescriber, email="jeanne@example.fr")
    path.browser.force_login(prescriber.user)
    assert path.browser.post(f"/accompagner/{person.public_id}/reserver/republique/").status_code == 302
    path.whose = {"whose": str(person.public_id)}
    up_to_contact(path, visit)
    assert path.contact(**ADDRESS).status_code == 302
    assert path.review().status_code == 302
    assert spot(ServiceRequest.objects.get()) == NEAR


@pytest.mark.parametrize(("place", "found"), [(Place.HOME, NEAR), (Place.DESK, None)])
def test_a_request_for_a_quote_has_its_place(
    world: World, path: Path, geocoder: Geocoder, place: Place, found: Any
) -> None:
    ServedArea.objects.create(organisation=world.organisation, site=world.site, postcode="21300")
    path.services(service_on_quote(world, place=place))
    path.post("besoin/", **{what(shown(path.get("besoin/"))): "Deux étagères"})
    assert path.contact(**ADDRESS).status_code == 302
    path.code()
    assert path.post("demander/", **hidden(shown(path.get("demander/")), "hold")).status_code == 302
    assert (spot(ServiceRequest.objects.get()), len(geocoder.asked)) == (found, 1 if found else 0)


@pytest.mark.promise("domain R1", "domain R2")
def test_the_desk_reads_what_the_distance_adds_before_it_is_charged(
    world: World, visit: Service, geocoder: Geocoder, client: Browser
) -> None:
    """It once read 32 € with « not in this total » beneath, and 38 € were charged at once."""
    client.force_login(world.users["concierge"])
    geocoder.finds(feature(FAR))
    free = calendar.next_free(world.site, Place.HOME, now=MONDAY, services=[visit])[2]
    order = {field(visit): "1", "starts_at": free.starts_at.isoformat()}
    fragment = shown(client.get("/guichet/republique/commande/total/", order))
    seen = hidden(fragment, "total", "total_of")
    assert (seen["total"], NOT_COUNTED in fragment) == ("32.00", True)
    sent = {"token": str(uuid.uuid4()), **order, **ADDRESS}
    for said in (seen, {}):
        page = shown(client.post(page_of(world), {**sent, **said}), 409)
        assert ("32,00\u202f€ avant, 38,00\u202f€ maintenant" in page, NOT_COUNTED in page) == (True, False)
        assert (ADDRESS["street"] in page, ServiceRequest.objects.count(), Hold.objects.count()) == (True, 0, 0)
    assert client.post(page_of(world), {**sent, **hidden(page, "total", "total_of")}).status_code == 302
    made = ServiceRequest.objects.get()
    assert (spot(made), made.total_incl_vat) == (FAR, Decimal("38.00"))
    assert client.post(page_of(world), {**sent, **seen}).status_code == 302
    assert ServiceRequest.objects.count() == 1


def test_the_desk_is_not_asked_twice_where_nothing_is_added(
    world: World, visit: Service, geocoder: Geocoder, client: Browser
) -> None:
    client.force_login(world.users["concierge"])
    free = calendar.next_free(world.site, Place.HOME, now=MONDAY, services=[visit])[2]
    order = {field(visit): "1", "starts_at": free.starts_at.isoformat()}
    seen = hidden(shown(client.get("/guichet/republique/commande/total/", order)), "total", "total_of")
    assert client.post(page_of(world), {"token": str(uuid.uuid4()), **order, **ADDRESS, **seen}).status_code == 302
    made = ServiceRequest.objects.get()
    assert (spot(made), made.total_incl_vat) == (NEAR, Decimal("32.00"))


# --- the API ----------------------------------------


def at_home(world: World, visit: Service, **changes: Any) -> dict[str, Any]:
    asked = booking(world, lines=[{"service": str(visit.public_id), "quantity": 1}])
    asked["client"] |= {**ADDRESS, **changes}
    return asked


@pytest.mark.promise("R03")
def test_a_system_that_knows_no_coordinates_has_them_found(world: World, visit: Service, geocoder: Geocoder) -> None:
    api, asked = Api(world.api_key()), at_home(world, visit)
    geocoder.finds(feature(FAR))
    first = api.post(REQUESTS, asked, key="once")
    assert (first.status_code, first.json()["total_incl_vat"]) == (201, "38.00")
    geocoder.finds()
    cache.clear()
    again = api.post(REQUESTS, asked, key="once")
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    assert spot(ServiceRequest.objects.get()) == FAR


def test_coordinates_that_are_sent_count(world: World, visit: Service, geocoder: Geocoder) -> None:
    asked = at_home(world, visit, latitude="47.310000", longitude="5.020000")
    assert Api(world.api_key()).post(REQUESTS, asked).status_code == 201
    assert (spot(ServiceRequest.objects.get()), geocoder.asked) == ((47.31, 5.02), [])


def test_the_beneficiary_of_a_system_is_found(world: World, visit: Service, geocoder: Geocoder) -> None:
    asked = {**at_home(world, visit), "beneficiary": {"first_name": "Jeanne", "last_name": "Roux", **ADDRESS}}
    asked["beneficiary"]["street"] = "7 rue Basse"
    assert Api(world.api_key()).post(REQUESTS, asked).status_code == 201
    assert [one["q"] for one in geocoder.asked] == ["7 rue Basse Chenôve"]
    assert spot(ServiceRequest.objects.get()) == NEAR


@pytest.mark.parametrize(
    "broken",
    [
        {"client": None},
        {"client": {"street": 5}},
        {"client": {**ADDRESS, "street": "x" * 201}},
        {"client": {**ADDRESS, "postcode": ["21300"]}},
        {"client": ADDRESS, "lines": None},
        {"client": ADDRESS, "lines": [5, {"service": 7}, {"service": "x"}, {}]},
    ],
)
def test_nonsense_is_refused_and_asks_nobody(
    world: World, visit: Service, geocoder: Geocoder, broken: dict[str, Any]
) -> None:
    answer = Api(world.api_key()).post(REQUESTS, {**at_home(world, visit), **broken})
    assert (answer.status_code, geocoder.asked, ServiceRequest.objects.count()) == (400, [], 0)


@pytest.mark.promise("domain R1")
@pytest.mark.parametrize(("place", "found"), [(Place.HOME, NEAR), (Place.DESK, None)])
def test_a_system_that_asks_for_a_quote_has_the_address_found(
    world: World, geocoder: Geocoder, place: Place, found: Any
) -> None:
    """It once went unmeasured, outside a radius that serves it."""
    only_near(world)
    geocoder.finds(feature(NEAR, postcode="21000"))
    service, api = service_on_quote(world, place=place), Api(world.api_key())
    asked: dict[str, Any] = {
        "site": str(world.site.public_id),
        "client": {"first_name": "Inès", "last_name": "Garnier", "email": "ines.garnier@example.fr", **IN_DIJON},
        "wishes": [{"service": str(service.public_id), "description": "Deux étagères"}],
    }
    first = api.post(QUOTE_REQUESTS, asked, key="once")
    assert first.status_code == 201, first.content
    assert (spot(ServiceRequest.objects.get()), len(geocoder.asked)) == (found, 1 if found else 0)
    geocoder.finds()
    cache.clear()
    assert api.post(QUOTE_REQUESTS, asked, key="once").headers["Idempotent-Replayed"] == "true"
    for nonsense in ({"wishes": None}, {"wishes": [5, {"service": 7}]}, {"client": {**IN_DIJON, "street": 5}}):
        assert api.post(QUOTE_REQUESTS, asked | nonsense).status_code == 400
    assert ServiceRequest.objects.count() == 1


@pytest.mark.promise("domain R1")
def test_an_estimate_finds_the_address(world: World, visit: Service, geocoder: Geocoder) -> None:
    geocoder.finds(feature(FAR))
    asked = {"site": str(world.site.public_id), "lines": [{"service": str(visit.public_id), "quantity": 1}]}
    api = Api(world.api_key())
    found = [
        api.post("/api/v1/price-estimates", {**asked, "address": address}).json()
        for address in (ADDRESS, {"postcode": "21300"})
    ]
    said = [(one["total_incl_vat"], one["is_located"], one["not_counted"]) for one in found]
    assert said == [("38.00", True, []), ("32.00", False, [NOT_COUNTED])]
    assert len(geocoder.asked) == 1


# --- placed by hand ----------------------------------------


@pytest.mark.promise("domain R1")
def test_the_team_places_an_address_that_nobody_found(world: World, booked: ServiceRequest, client: Browser) -> None:
    client.force_login(world.users["concierge"])
    page, address = f"/demandes/{booked.public_id}/", f"/demandes/{booked.public_id}/situer/"
    assert f'action="{address}"' in shown(client.get(page))
    wrong: list[tuple[dict[str, str], str]] = [
        ({"latitude": "91", "longitude": "5.09"}, "latitude"),
        ({"latitude": "47.5", "longitude": "ici"}, "longitude"),
        ({"latitude": "NaN", "longitude": "5.09"}, "latitude"),
        ({"latitude": "5.09", "longitude": "47.5"}, "latitude"),
        ({}, "latitude"),
    ]
    for typed, name in wrong:
        answer = client.post(address, typed)
        shown(answer, 422)
        assert name in answer.context["place_form"].errors
        assert all(f'value="{value}"' in answer.content.decode() for value in typed.values())
    booked.refresh_from_db()
    assert (spot(booked), Event.objects.filter(name="service_request.located").count()) == (None, 0)
    version = booked.version
    answer = client.post(address, {"latitude": "47.50000012345678", "longitude": "5.09"}, follow=True)
    assert "19,53\N{NO-BREAK SPACE}km" in shown(answer)
    booked.refresh_from_db()
    assert (spot(booked), booked.version, booked.total_incl_vat) == (FAR, version + 1, Decimal("32.00"))
    assert f'action="{address}"' not in answer.content.decode()
    event = Event.objects.get(name="service_request.located")
    assert (event.request_id, event.data) == (booked.public_id, {})
    assert "Adresse située" in answer.content.decode()
    # Today's price counts from there.
    assert "38,00" in shown(client.get(f"/demandes/{booked.public_id}/prix-du-jour/"))


def test_outside_the_area_the_team_is_told(world: World, booked: ServiceRequest, client: Browser) -> None:
    only_near(world)
    client.force_login(world.users["concierge"])
    answer = client.post(
        f"/demandes/{booked.public_id}/situer/", {"latitude": "47.5", "longitude": "5.09"}, follow=True
    )
    assert "hors de la zone qu’il dessert" in shown(answer)


def test_what_is_over_or_left_at_the_desk_has_no_place(
    world: World, booked: ServiceRequest, client: Browser, book: Callable[..., ServiceRequest]
) -> None:
    client.force_login(world.users["concierge"])
    here, there = book(starts_at=at(25, 10)), {"latitude": "47.32", "longitude": "5.05"}
    ServiceRequest.objects.filter(pk=booked.pk).update(status="closed")
    for request in (booked, here):
        address = f"/demandes/{request.public_id}/situer/"
        assert address not in shown(client.get(f"/demandes/{request.public_id}/"))
        shown(client.post(address, there), 422)
    assert {spot(one) for one in ServiceRequest.objects.all()} == {None}
    assert gateway.locate("3 rue Verrerie", "21300", "Chenôve") is None
