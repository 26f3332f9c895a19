"""Where a regular visit goes is looked up before it begins: its days are booked in a transaction, which asks nobody."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.core.cache import cache

from bookings.enums import Place
from bookings.models import Client, Recurrence, Service, ServiceRequest
from tests.bookings.test_api import Api
from tests.bookings.test_located import IN_DIJON, only_near, spot
from tests.bookings.test_recurrences import sweep
from tests.bookings.test_unmeasured import visit
from tests.geocoder import FAR, NEAR, Geocoder, feature, geocoder
from tests.world import World

__all__ = ["geocoder", "visit"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
RECURRENCES = "/api/v1/recurrences"
WHERE = {"street": "3 rue Verrerie", "postcode": "21300", "city": "Chenôve"}


def every_monday(world: World, service: Service) -> dict[str, Any]:
    return {
        "site": str(world.site.public_id),
        "client": str(world.client.public_id),
        "name": "Vitres du lundi",
        "rule": "FREQ=WEEKLY;BYDAY=MO",
        "starts_on": "2026-11-30",
        "at": "10:00",
        "lines": [{"service": str(service.public_id), "quantity": 1}],
    }


@pytest.mark.promise("domain R1")
def test_a_system_that_begins_a_regular_visit_has_the_address_found(
    world: World, visit: Service, geocoder: Geocoder
) -> None:
    """Its days were once judged by the postcode, outside a radius that serves them."""
    only_near(world)
    geocoder.finds(feature(NEAR, postcode="21000"))
    Client.objects.filter(pk=world.client.pk).update(**IN_DIJON)
    asked, api = every_monday(world, visit), Api(world.api_key())
    first = api.post(RECURRENCES, asked, key="once")
    assert first.status_code == 201, first.content
    moved = api.post(RECURRENCES, asked | {"name": "Vitres du soir", "at": "16:00"})
    assert (moved.status_code, [one["q"] for one in geocoder.asked]) == (201, ["3 rue Monge Dijon"])
    series = Recurrence.objects.get(public_id=first.json()["id"])
    following = {"rule": "FREQ=WEEKLY;BYDAY=MO", "starts_on": "2026-12-07", "at": "11:00"}
    edited = api.post(f"{RECURRENCES}/{series.public_id}/edit", following)
    assert edited.status_code == 201, edited.content
    sweep(world)
    made = ServiceRequest.objects.filter(channel="series")
    assert {spot(one) for one in made} == {NEAR}
    assert Recurrence.objects.get(public_id=edited.json()["id"]).occurrences.filter(status="booked").exists()
    geocoder.finds()
    cache.clear()
    assert api.post(RECURRENCES, asked, key="once").headers["Idempotent-Replayed"] == "true"
    # A request knows it by now: nobody is asked again.
    assert api.post(RECURRENCES, asked | {"name": "Encore", "at": "14:00"}).status_code == 201
    assert len(geocoder.asked) == 1


@pytest.mark.promise("domain R1")
def test_a_regular_visit_is_not_where_the_client_no_longer_lives(
    world: World, visit: Service, geocoder: Geocoder
) -> None:
    geocoder.finds(feature(FAR))
    Client.objects.filter(pk=world.client.pk).update(**WHERE)
    assert Api(world.api_key()).post(RECURRENCES, every_monday(world, visit)).status_code == 201
    Client.objects.filter(pk=world.client.pk).update(street="9 rue Neuve")
    sweep(world)
    made = ServiceRequest.objects.filter(channel="series")
    assert {(one.street, spot(one)) for one in made} == {("9 rue Neuve", None)}


@pytest.mark.parametrize(
    "nonsense", [{"client": 5}, {"client": "x"}, {"client": None}, {"client": str(uuid.uuid4())}, {"lines": [5]}]
)
def test_a_regular_visit_of_nobody_asks_nobody(
    world: World, visit: Service, geocoder: Geocoder, nonsense: dict[str, Any]
) -> None:
    Client.objects.filter(pk=world.client.pk).update(**WHERE)
    answer = Api(world.api_key()).post(RECURRENCES, every_monday(world, visit) | nonsense)
    assert (answer.status_code in {400, 404}, geocoder.asked, Recurrence.objects.count()) == (True, [], 0)


def test_another_organisation_has_nobody_looked_up(
    world: World, visit: Service, geocoder: Geocoder, other_world: World
) -> None:
    Client.objects.filter(pk=world.client.pk).update(**WHERE)
    answer = Api(other_world.api_key()).post(RECURRENCES, every_monday(world, visit))
    assert (answer.status_code, geocoder.asked) == (404, [])


@pytest.mark.parametrize("place", [Place.DESK, "off"])
def test_a_regular_request_at_the_desk_asks_nobody(
    world: World, visit: Service, geocoder: Geocoder, settings: Any, place: str
) -> None:
    Client.objects.filter(pk=world.client.pk).update(**WHERE)
    if place == "off":
        settings.GEOCODER_URL = ""
    else:
        Service.objects.filter(pk=visit.pk).update(place=place)
    assert Api(world.api_key()).post(RECURRENCES, every_monday(world, visit)).status_code == 201
    assert (geocoder.asked, Recurrence.objects.get().spot) == ([], {})
