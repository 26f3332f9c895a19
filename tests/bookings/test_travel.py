"""The way between two visits is kept on their lane, and nobody but the lane knows of it (R8)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from bookings.actions import lanes
from bookings.actions.catalogue import set_slots
from bookings.actions.holds import SlotNotOffered, SlotTaken, hold_slot
from bookings.actions.requests import cancel_request
from bookings.actions.rescheduling import reschedule_request
from bookings.enums import Place
from bookings.models import Hold, OpeningHours, ServiceRequest, SlotRule, calendar
from bookings.rules.slots import Visit, places_left
from tests.bookings.conftest import MONDAY, PARIS, at, details, wish_heels
from tests.bookings.test_booking_pages import shown
from tests.bookings.test_races import race, real_world
from tests.bookings.test_walk_in import at_home
from tests.world import World

__all__ = ["real_world"]
pytestmark = [pytest.mark.django_db, pytest.mark.promise("domain R8")]
HOME = {"street": "3 rue Monge", "postcode": "21000", "city": "Dijon"}
RULE = "/sites/republique/horaires/rythme/"


@pytest.fixture(autouse=True)
def _monday() -> Iterator[Any]:
    with time_machine.travel(MONDAY, tick=True) as traveller:
        yield traveller


def visits(world: World, *, travel: int = 30, minutes: int = 60, capacity: int = 1, step: int | None = None) -> None:
    at_home(world)
    given = {"minutes": minutes, "capacity": capacity, "step": step, "travel": travel}
    set_slots(world.site, place=Place.HOME, by=world.actor(), **given)  # type: ignore[arg-type]  # as named above


def keep(world: World, moment: dt.datetime, **more: Any) -> Hold:
    token = f"visit-{moment.isoformat()}"
    return hold_slot(world.site, Place.HOME, moment, token=token, by=world.actor(), **more)


def offered(world: World, day: int = 24) -> list[str]:
    """The times of that day at which somebody may come."""
    free = calendar.slots_left(world.site, Place.HOME, now=MONDAY, first_day=dt.date(2026, 11, day), days=1)
    return [f"{slot.starts_at.astimezone(PARIS):%H:%M}" for slot in free]


def ways() -> list[tuple[str, str, str]]:
    """When each visit begins, ends, and leaves its lane."""
    rows = Hold.objects.live().order_by("starts_at", "pk").values_list("starts_at", "ends_at", "free_at")
    return [tuple(f"{one.astimezone(PARIS):%H:%M}" if one else "" for one in row) for row in rows]  # type: ignore[misc]


# --- rules ----------------------------------------

HOUR = dt.timedelta(hours=1)
NINE = at(24, 9)


@pytest.mark.parametrize(
    ("travel", "begins", "free", "left"),
    [
        # A visit from eleven to twelve on the only lane; starts: 9:00, 9:30, 10:00, 11:00, 12:00, 12:30.
        (0, 2, 3.0, [1, 1, 1, 0, 1, 1]),
        (30, 2, 3.5, [1, 1, 0, 0, 0, 1]),
        (60, 2, 4.0, [1, 0, 0, 0, 0, 0]),
    ],
)
def test_a_start_needs_the_way_before_and_after(travel: int, begins: int, free: float, left: list[int]) -> None:
    starts = [NINE + n * HOUR for n in (0, 0.5, 1, 2, 3, 3.5)]
    lane = [(NINE + begins * HOUR, NINE + free * HOUR)]
    assert places_left(starts, Visit(60, 60, 1, travel), [lane]) == left


@pytest.mark.parametrize(("minutes", "travel", "taken"), [(60, 30, 90), (1420, 60, 1440), (1440, 180, 1440), (5, 0, 5)])
def test_nothing_keeps_a_lane_longer_than_a_day(minutes: int, travel: int, taken: int) -> None:
    assert Visit(minutes, 60, 1, travel).taken == dt.timedelta(minutes=taken)


# --- times ----------------------------------------


def test_times_follow_each_other_with_the_way_in_between(world: World) -> None:
    visits(world, travel=0)
    assert offered(world)[:4] == ["09:00", "10:00", "11:00", "12:00"]
    visits(world, travel=30)
    assert offered(world)[:4] == ["09:00", "10:30", "12:00", "13:30"]
    visits(world, travel=30, step=30)
    keep(world, at(24, 10))
    assert (offered(world)[:3], ways()) == (["11:30", "12:00", "12:30"], [("10:00", "11:00", "11:30")])


def test_the_last_visit_ends_as_the_day_does(world: World) -> None:
    """Nobody waits for the way home."""
    visits(world, travel=180, step=60)
    assert offered(world)[-1] == "17:00"
    assert keep(world, at(24, 17)).free_at == at(24, 21)


@pytest.mark.parametrize(
    ("moment", "is_free"),
    [((9, 30), True), ((9, 35), False), ((10, 55), False), ((11, 5), False), ((12, 0), False), ((14, 0), True)],
)
def test_any_start_that_leaves_the_way_may_be_booked(world: World, moment: tuple[int, int], is_free: bool) -> None:
    visits(world)
    keep(world, at(24, 11))
    if is_free:
        assert keep(world, at(24, *moment)).lane == 0
        return
    with pytest.raises(SlotTaken):
        keep(world, at(24, *moment))


def test_another_lane_is_free(world: World) -> None:
    visits(world, capacity=2)
    assert [keep(world, moment).lane for moment in (at(24, 9), at(24, 10), at(24, 10, 30))] == [0, 1, 0]
    with pytest.raises(SlotTaken):
        keep(world, at(24, 11))


def test_two_visits_of_one_lane_leave_the_other_lane_free(world: World) -> None:
    """Lanes are counted, not visits; at the first try."""
    visits(world, capacity=2, step=30)
    assert [keep(world, moment).lane for moment in (at(24, 9), at(24, 10, 30))] == [0, 0]
    assert "10:00" in offered(world)
    with CaptureQueriesContext(connection) as asked:
        assert keep(world, at(24, 10)).lane == 1
    assert sum("bookings_hold" in one["sql"] and "ON CONFLICT" in one["sql"] for one in asked) == 1
    assert "10:00" not in offered(world)


def test_without_a_way_nothing_is_written(world: World) -> None:
    visits(world, travel=0)
    assert (keep(world, at(24, 9)).free_at, keep(world, at(24, 10)).free_at) == (None, None)


def test_the_desk_keeps_no_way(world: World) -> None:
    visits(world, travel=180)
    kept = hold_slot(world.site, Place.DESK, at(24, 10), token="desk", by=world.actor())
    assert kept.free_at is None
    with pytest.raises(IntegrityError, match="slot_rule_desk_stays_put"), transaction.atomic():
        SlotRule.objects.filter(place=Place.DESK).update(travel_minutes=10)
    with pytest.raises(IntegrityError, match="hold_way_follows_a_visit"), transaction.atomic():
        Hold.objects.filter(pk=kept.pk).update(free_at=kept.ends_at + HOUR)


@pytest.mark.promise("R38")
@pytest.mark.parametrize(
    ("day", "first", "after"),
    [
        # Clocks go forward at two: an hour from 00:30, three quarters on the way, and it is a quarter past three.
        (dt.date(2027, 3, 28), (0, 30), ("01:30", "03:15")),
        # Clocks go back at three: from 00:30 the way ends at a quarter past two, the first of two.
        (dt.date(2026, 10, 25), (0, 30), ("01:30", "02:15")),
    ],
)
def test_the_way_lasts_as_long_in_the_night_of_the_clocks(
    world: World, _monday: Any, day: dt.date, first: tuple[int, int], after: tuple[str, str]
) -> None:
    now = dt.datetime.combine(day, dt.time(9), PARIS) - dt.timedelta(days=4)
    _monday.move_to(now)
    OpeningHours.objects.create(
        organisation=world.organisation, site=world.site, weekday=6, opens=dt.time(0, 30), closes=dt.time(6)
    )
    visits(world, travel=45, step=15)
    kept = keep(world, dt.datetime.combine(day, dt.time(*first), PARIS).astimezone(dt.UTC))
    assert kept.free_at is not None
    assert kept.free_at - kept.starts_at == dt.timedelta(minutes=105)
    assert tuple(f"{one.astimezone(PARIS):%H:%M}" for one in (kept.ends_at, kept.free_at)) == after
    free = calendar.slots_left(world.site, Place.HOME, now=now, first_day=day, days=1)
    assert min(slot.starts_at for slot in free) >= kept.free_at
    with pytest.raises((SlotTaken, SlotNotOffered)):  # half past two comes twice in autumn: no visit ends then
        keep(world, dt.datetime.combine(day, dt.time(1, 30), PARIS).astimezone(dt.UTC))


# --- what is told, what is moved ----------------------------------------


def booked(world: World, book: Any, moment: dt.datetime) -> ServiceRequest:
    request: ServiceRequest = book(wish_heels(world), place=Place.HOME, starts_at=moment, client=details(**HOME))
    return request


def test_the_client_reads_the_time_of_the_visit_only(world: World, book: Any, client: Browser) -> None:
    visits(world)
    request = booked(world, book, at(24, 10))
    assert (request.promised_start, request.promised_end) == (at(24, 10), at(24, 11))
    entry = client.get(f"/suivi/{request.tracking_token}/rendez-vous.ics").content.decode()
    found = dict(line.split(":", 1) for line in entry.split("\r\n") if line.startswith(("DTSTART;", "DTEND;")))
    assert [value[:13] for value in found.values()] == ["20261124T1000", "20261124T1100"]
    page = shown(client.get(f"/suivi/{request.tracking_token}/"))
    assert "11:30" not in page


def test_moving_a_visit_takes_its_way_along(world: World, book: Any) -> None:
    visits(world)
    first, second = booked(world, book, at(24, 9)), booked(world, book, at(24, 14))
    with pytest.raises(SlotTaken):
        reschedule_request(first, at(24, 15), by=world.actor())
    with pytest.raises(SlotTaken):
        reschedule_request(second, at(24, 10), by=world.actor())
    assert ways() == [("09:00", "10:00", "10:30"), ("14:00", "15:00", "15:30")]
    # Its own way is not in its way.
    reschedule_request(first, at(24, 9, 30), by=world.actor())
    reschedule_request(second, at(24, 11), by=world.actor())
    assert ways() == [("09:30", "10:30", "11:00"), ("11:00", "12:00", "12:30")]


def test_work_that_takes_longer_takes_its_way_along(world: World, book: Any) -> None:
    visits(world, minutes=30)
    kept = keep(world, at(24, 9))
    assert kept.free_at == at(24, 10)
    book(wish_heels(world, 3), hold=kept, client=details(**HOME))
    kept.refresh_from_db()
    assert kept.free_at is not None
    assert kept.ends_at > at(24, 9, 30)
    assert kept.free_at - kept.ends_at == dt.timedelta(minutes=30)


def test_what_is_cancelled_gives_its_way_back(world: World, book: Any) -> None:
    visits(world, step=30)
    request = booked(world, book, at(24, 10))
    assert offered(world)[0] == "11:30"
    cancel_request(request, by=world.actor())
    assert offered(world)[:2] == ["09:00", "09:30"]


def test_a_longer_way_is_kept_for_the_visits_ahead_as_far_as_there_is_room(world: World) -> None:
    visits(world, travel=0)
    for hour in (9, 10, 14):
        keep(world, at(24, hour))
    visits(world, travel=30)
    assert ways() == [("09:00", "10:00", ""), ("10:00", "11:00", "11:30"), ("14:00", "15:00", "15:30")]
    visits(world, travel=180)
    assert ways() == [("09:00", "10:00", ""), ("10:00", "11:00", "14:00"), ("14:00", "15:00", "18:00")]
    visits(world, travel=0)
    assert ways() == [("09:00", "10:00", ""), ("10:00", "11:00", ""), ("14:00", "15:00", "")]


def test_the_calendar_is_read_by_as_many_statements(world: World) -> None:
    counts = []
    for travel in (0, 30):
        visits(world, travel=travel)
        offered(world)
        with CaptureQueriesContext(connection) as seen:
            offered(world)
        with CaptureQueriesContext(connection) as booking:
            keep(world, at(25 + bool(travel), 10))
        counts.append((len(seen), len(booking)))
    assert counts[0] == counts[1]


# --- the page ----------------------------------------


@pytest.fixture
def manager(world: World, client: Browser) -> Browser:
    client.force_login(world.users["site_manager"])
    return client


def test_the_manager_sets_it_for_visits_and_sees_what_is_offered(world: World, manager: Browser) -> None:
    visits(world, travel=0)
    assert "travel_minutes" not in shown(manager.get(f"{RULE}desk/"))
    assert 'name="travel_minutes"' in shown(manager.get(f"{RULE}home/"))
    given = {"slot_minutes": "60", "step_minutes": "", "capacity": "1", "travel_minutes": "30"}
    for wrong in ("181", "-1", "x", ""):
        page = shown(manager.post(f"{RULE}home/", {**given, "travel_minutes": wrong}), 422)
        assert f'value="{wrong}"' in page or not wrong
    assert SlotRule.objects.get(place=Place.HOME).travel_minutes == 0
    assert manager.post(f"{RULE}home/", given).status_code == 302
    assert SlotRule.objects.get(place=Place.HOME).travel_minutes == 30
    page = shown(manager.get("/sites/republique/horaires/?quoi=home"))
    assert ("Temps de route" in page, "90\xa0min" in page) == (True, True)


def test_the_desk_stays_as_it_is(world: World, manager: Browser) -> None:
    given = {"slot_minutes": "30", "step_minutes": "", "capacity": "2", "travel_minutes": "30"}
    assert manager.post(f"{RULE}desk/", given).status_code == 302
    assert SlotRule.objects.get(place=Place.DESK).travel_minutes == 0


# --- races ----------------------------------------


def two_want_the_last_place(world: World, monkeypatch: pytest.MonkeyPatch, *, guarded: bool) -> tuple[int, int]:
    """Their visits do not overlap, but the way of the first meets the second: how many rounds gave how many a place."""
    visits(world)
    if not guarded:
        monkeypatch.setattr(lanes.Wanted, "free_at", None)
    gave: list[int] = []
    for day in range(24, 28):
        moments = (at(day, 9), at(day, 10, 15))
        outcome = race(world, 2, lambda number, moments=moments: keep(world, moments[number]))  # type: ignore[misc]
        gave.append(outcome["ok"])
        assert sum(outcome.values()) == 2
    return min(gave), max(gave)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("guarded", "places"), [(True, (1, 1)), (False, (2, 2))])
def test_the_last_place_is_given_once_counting_the_way(
    real_world: World, monkeypatch: pytest.MonkeyPatch, guarded: bool, places: tuple[int, int]
) -> None:
    """The second without the guard: that the race is one."""
    assert two_want_the_last_place(real_world, monkeypatch, guarded=guarded) == places
