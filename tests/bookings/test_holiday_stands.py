"""A stand of one day, planned on a public holiday, is open on it: the team chose that day (R1, R13, R16)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from bookings.actions import openings, tariffs
from bookings.actions.holds import SlotNotOffered, hold_slot
from bookings.actions.stand_days import state_day
from bookings.enums import Place
from bookings.models import Presence, ServiceRequest, calendar
from bookings.models.strays import Strays
from bookings.models.usage import presence_of
from bookings.views.stand_days import rows_at, rows_of
from concierge.errors import Invalid
from concierge.models import Site
from tests.bookings.conftest import MONDAY, PARIS, wish_heels
from tests.bookings.test_api import Api
from tests.bookings.test_booking_pages import shown
from tests.bookings.test_openings import PLACE, stand
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
Book = Callable[..., ServiceRequest]
# A Friday; so is the Good Friday of 2027.
CHRISTMAS, GOOD_FRIDAY, ASSUMPTION = dt.date(2026, 12, 25), dt.date(2027, 3, 26), dt.date(2026, 8, 15)
NOON, ONE = dt.time(12), dt.time(13)


def once(world: World, day: dt.date, **more: Any) -> Presence:
    return stand(world, weekday=None, held_on=day, slot_minutes=30, **more)


def noon_of(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, NOON, tzinfo=PARIS).astimezone(dt.UTC)


def times(world: World, presence: Presence | None, day: dt.date, now: dt.datetime = MONDAY) -> list[dt.datetime]:
    found = calendar.slots_left(world.site, Place.DESK, now=now, first_day=day, days=1, presence=presence)
    return [slot.starts_at for slot in found]


def close(world: World, day: dt.date) -> None:
    openings.close_site(world.site, starts_on=day, ends_on=day, by=world.actor())


@pytest.mark.promise("domain R13", "domain R16")
def test_a_stand_of_one_day_is_open_on_a_holiday_and_nothing_else_is(world: World) -> None:
    there, weekly = once(world, CHRISTMAS), stand(world, weekday=4)
    noon = noon_of(CHRISTMAS)
    offered = [noon, noon + dt.timedelta(minutes=30)]
    assert [times(world, one, CHRISTMAS) for one in (there, weekly, None)] == [offered, [], []]
    assert openings.why_nothing(world.site, Place.DESK, now=MONDAY, presence=there) == ""
    for place in (None, weekly):
        with pytest.raises(SlotNotOffered):
            hold_slot(world.site, Place.DESK, noon, token="x", by=world.actor(), presence=place)
    close(world, CHRISTMAS)
    assert times(world, there, CHRISTMAS) == []
    with pytest.raises(SlotNotOffered):
        hold_slot(world.site, Place.DESK, noon, token="x", by=world.actor(), presence=there)


@pytest.mark.promise("domain R1")
@pytest.mark.parametrize(
    ("zone", "good_friday", "day", "total"),
    [("", False, CHRISTMAS, "30.00"), ("57", True, GOOD_FRIDAY, "30.00"), ("57", False, GOOD_FRIDAY, "18.00")],
)
def test_what_is_booked_on_it_carries_the_supplement(
    world: World, book: Book, zone: str, good_friday: bool, day: dt.date, total: str
) -> None:
    Site.objects.update(holiday_zone=zone, good_friday_off=good_friday)
    world.site.refresh_from_db()
    tariffs.add_supplement(world.cobbler, name="Jour férié", rule="holiday", amount=Decimal(12), by=world.actor())
    there, noon = once(world, day), noon_of(day)
    with time_machine.travel(noon - dt.timedelta(days=20)):
        kept = hold_slot(world.site, Place.DESK, noon, token="t", by=world.actor(), presence=there)
        made = book(wish_heels(world), hold=kept)
    assert (made.meets_at, made.total_incl_vat) == (there, Decimal(total))
    names = [line.description for line in made.lines.filter(kind="supplement")]
    assert names == (["Pose de talons – Jour férié"] if total == "30.00" else [])


@pytest.mark.promise("domain R16")
def test_what_is_booked_on_it_is_astray_only_once_it_is_closed(world: World, book: Book) -> None:
    there, noon = once(world, CHRISTMAS), noon_of(CHRISTMAS)
    made = book(hold=hold_slot(world.site, Place.DESK, noon, token="t", by=world.actor(), presence=there))
    assert Strays(world.site, MONDAY).appointments == []
    Presence.objects.update(held_on=None, weekday=4)
    assert Strays(world.site, MONDAY).appointments == [made]
    Presence.objects.update(held_on=CHRISTMAS, weekday=None)
    close(world, CHRISTMAS)
    assert Strays(world.site, MONDAY).appointments == [made]


@pytest.mark.promise("domain R12")
def test_its_hours_are_planned_and_may_be_said_to_be_held(world: World) -> None:
    from tests.bookings.test_accounts import account
    from tests.bookings.test_accounts import stand as stand_of

    found, today = account(world), dt.date(2026, 8, 20)
    held = stand_of(world, found, weekday=None, held_on=ASSUMPTION, valid_from=None)
    # The Assumption of 2026 is a Saturday.
    weekly = stand_of(world, found, weekday=5, valid_from=ASSUMPTION, valid_to=ASSUMPTION)
    with time_machine.travel(dt.datetime(2026, 8, 20, 10, tzinfo=dt.UTC)):
        for rows in (rows_of(found), rows_at(world.site, ASSUMPTION, ASSUMPTION)):
            assert [(row["stand"], row["day"]) for row in rows] == [(held, ASSUMPTION)]
        assert [one.planned for one in presence_of(found, today=today)][1] == Decimal("1.5")
        with pytest.raises(Invalid):
            state_day(weekly, ASSUMPTION, opens=NOON, closes=ONE, by=world.actor())
        state_day(held, ASSUMPTION, opens=NOON, closes=ONE, by=world.actor())
        assert [one.held for one in presence_of(found, today=today)][1] == Decimal(1)
        close(world, ASSUMPTION)
        assert (rows_of(found), [one.planned for one in presence_of(found, today=today)][1]) == ([], Decimal(0))


def test_its_reads_ask_as_much_as_those_of_a_weekly_one(world: World) -> None:
    stands = [once(world, CHRISTMAS), stand(world, weekday=4)]

    def cost(presence: Presence) -> int:
        with CaptureQueriesContext(connection) as asked:
            times(world, presence, CHRISTMAS)
        return len(asked)

    for presence in stands:
        times(world, presence, CHRISTMAS)
    assert cost(stands[0]) == cost(stands[1])


# --- pages and API -------------------------------------------


@pytest.fixture
def manager(world: World, client: Browser) -> Browser:
    client.force_login(world.users["site_manager"])
    return client


OPEN = "Ce jour est férié : le stand sera ouvert."


@pytest.mark.parametrize(
    ("changes", "is_said"),
    [
        ({"held_on": "2026-12-25"}, True),
        ({"held_on": "2027-05-01"}, True),
        ({"held_on": "2026-12-24"}, False),
        ({"held_on": "2026-12-25", "is_paused": "on"}, False),
        ({"held_on": "2026-11-11"}, False),  # over
        ({"held_on": "2027-01-01"}, False),  # closed by the team
        ({"weekday": "4", "valid_from": "2026-12-25", "valid_to": "2026-12-25"}, False),
    ],
)
def test_who_enters_it_is_told_that_the_day_is_a_holiday(
    world: World, manager: Browser, changes: dict[str, str], is_said: bool
) -> None:
    close(world, dt.date(2027, 1, 1))
    typed = {**PLACE, "opens": "12:00", "closes": "13:00", "slot_minutes": "10", "capacity": "1", **changes}
    page = shown(manager.post("/sites/republique/horaires/stands/nouveau/", typed, follow=True)).replace("\xa0", " ")
    assert (Presence.objects.count(), OPEN in page) == (1, is_said)


def test_everybody_reads_on_the_page_of_the_site_that_it_is_there(world: World, client: Browser) -> None:
    once(world, CHRISTMAS)
    page = shown(client.get("/conciergeries/republique/"))
    assert "Hall de la mairie</h3>" in page
    close(world, CHRISTMAS)
    assert "Hall de la mairie</h3>" not in shown(client.get("/conciergeries/republique/"))


def test_the_api_offers_its_times(world: World) -> None:
    there = once(world, CHRISTMAS)
    found = Api(world.api_key()).get(
        "/api/v1/slots",
        site=world.site.public_id,
        service=world.cobbler.public_id,
        presence=there.public_id,
        days=60,
    )
    starts = [dt.datetime.fromisoformat(one["starts_at"]).astimezone(PARIS) for one in found.json()["results"]]
    assert [start.strftime("%d %H:%M") for start in starts] == ["25 12:00", "25 12:30"]
