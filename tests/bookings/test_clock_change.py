"""The two nights a year when clocks change: the times of the booking page and of the API, and what is booked there."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client as Browser

from bookings.models import OpeningHours, ServiceRequest
from tests.bookings.conftest import PARIS
from tests.bookings.test_api import REQUESTS, Api, booking, problem
from tests.bookings.test_booking_pages import Path, shown
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday"), pytest.mark.promise("R38")]
SPRING, AUTUMN = dt.date(2027, 3, 28), dt.date(2026, 10, 25)
# What begins from one to five at night, on the wall and in UTC. Nothing begins or ends at a time that does not exist or
# exists twice: in spring half past one lasts until three, in autumn it would last until one of two two o'clocks.
OFFERED = {
    SPRING: [
        ("01:00", "00:00"),
        ("01:30", "00:30"),
        ("03:00", "01:00"),
        ("03:30", "01:30"),
        ("04:00", "02:00"),
        ("04:30", "02:30"),
    ],
    AUTUMN: [("01:00", "23:00"), ("03:00", "02:00"), ("03:30", "02:30"), ("04:00", "03:00"), ("04:30", "03:30")],
}
THREE = {SPRING: dt.datetime(2027, 3, 28, 1, tzinfo=dt.UTC), AUTUMN: dt.datetime(2026, 10, 25, 2, tzinfo=dt.UTC)}
# Half past one, and half past two for the first and for the second time.
REFUSED: dict[dt.date, list[str]] = {
    SPRING: [],
    AUTUMN: ["2026-10-24T23:30:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"],
}


@pytest.fixture(params=OFFERED, ids=["spring", "autumn"])
def night(request: pytest.FixtureRequest, world: World, monday: Any) -> dt.date:
    """The desk receives people in the night from Saturday to Sunday; it is the Thursday before."""
    day: dt.date = request.param
    OpeningHours.objects.create(
        organisation=world.organisation, site=world.site, weekday=6, opens=dt.time(1), closes=dt.time(5)
    )
    monday.move_to(dt.datetime.combine(day - dt.timedelta(days=3), dt.time(8), tzinfo=PARIS), tick=True)
    return day


def test_the_api_offers_and_books_plain_times_only(world: World, night: dt.date) -> None:
    api = Api(world.api_key())
    asked = {"site": str(world.site.public_id), "service": str(world.ironing.public_id), "days": 1}
    slots = api.get("/api/v1/slots", **asked, **{"from": night.isoformat()}).json()["results"]
    begin = [dt.datetime.fromisoformat(slot["starts_at"]) for slot in slots]
    both = [(moment.astimezone(PARIS).strftime("%H:%M"), moment.strftime("%H:%M")) for moment in begin]
    assert both == OFFERED[night]
    last = {dt.datetime.fromisoformat(slot["ends_at"]) - moment for slot, moment in zip(slots, begin, strict=True)}
    assert last == {dt.timedelta(minutes=30)}
    for unknown in REFUSED[night]:
        problem(api.post(REQUESTS, booking(world, slot=unknown)), 422, "slot_not_offered")
    assert api.post(REQUESTS, booking(world, slot=THREE[night].isoformat())).status_code == 201
    assert ServiceRequest.objects.get().promised_start == THREE[night]


def test_the_page_offers_and_books_plain_times_only(world: World, client: Browser, night: dt.date) -> None:
    path = Path(world, client)
    path.services()
    path.details()
    page = shown(path.get("creneau/"))
    values = [dt.datetime.fromisoformat(value) for value in re.findall(r'name="slot"[^>]* value="([^"]+)"', page)]
    there = [moment.astimezone(PARIS) for moment in values if moment.astimezone(PARIS).date() == night]
    assert [moment.strftime("%H:%M") for moment in there] == [wall for wall, _utc in OFFERED[night]]
    for wrong in (f"{night}T02:30:00", f"{night}T02:30"):
        assert path.post("creneau/", slot=wrong).status_code == 422
    assert path.slot(THREE[night]).status_code == 302
    path.contact()
    path.code()
    day = "dimanche 28 mars" if night == SPRING else "dimanche 25 octobre"
    assert f"{day} à 03:00" in shown(path.get("verification/")).lower().replace("\xa0", " ")
    path.review()
    assert ServiceRequest.objects.get().promised_start == THREE[night]
