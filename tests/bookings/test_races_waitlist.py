"""Many want the place that came free, many hand it out. Real threads, and twins without the guard."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from bookings.actions import booking, holds, lanes, waitlist
from bookings.actions.holds import hold_slot, release_hold
from bookings.actions.requests import cancel_request
from bookings.actions.waitlist import hand_out, join_waitlist, leave_waitlist, take_earlier_time
from bookings.enums import HoldStatus, Place
from bookings.models import Hold, ServiceRequest, SlotRule, WaitlistEntry, WaitlistNotice
from concierge import deadlines
from concierge.models import Deadline
from tests.bookings.conftest import at, details, wish_heels
from tests.bookings.test_races import race, real_world
from tests.bookings.test_races_rescheduling import read_then_write
from tests.conftest import as_owner
from tests.world import World

__all__ = ["real_world"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("monday")]

FREE = at(24, 10)


def waiting(world: World, number: int) -> ServiceRequest:
    """One of several who wait, each half an hour after the other on Friday."""
    SlotRule.objects.filter(place=Place.DESK).update(capacity=1)
    moment = at(27, 9) + dt.timedelta(minutes=30 * number)
    kept = hold_slot(world.site, Place.DESK, moment, token=f"w{number}", by=world.actor())
    client = details(email=f"client{number}@example.fr")
    request = booking.submit_request(world.site, client=client, wishes=[wish_heels(world)], hold=kept, by=world.actor())
    join_waitlist(request, by=world.actor())
    return request


def freed(world: World, moment: dt.datetime = FREE) -> Hold:
    """A place that came free; nobody was told yet."""
    kept = hold_slot(world.site, Place.DESK, moment, token=f"f{moment}", by=world.actor())
    return release_hold(kept, by=world.actor())


def look_freely(hold_id: int) -> Hold:
    """What came free, without the lock on its site."""
    return Hold.objects.select_related("site", "presence").get(pk=hold_id)


def all_told(world: World, count: int) -> list[WaitlistNotice]:
    """So many were told of one place, one after the other."""
    for number in range(count):
        waiting(world, number)
    hold = freed(world)
    for turn in range(count):
        assert hand_out(hold.pk, now=timezone.now() + dt.timedelta(minutes=21 * turn)) is not None
    return list(WaitlistNotice.objects.select_related("entry__request").order_by("pk"))


# --- taking the same time ----------------------------------------


@pytest.mark.promise("R01")
def test_the_first_to_take_it_has_it(real_world: World) -> None:
    world = real_world
    notices = all_told(world, 6)
    outcome = race(world, 6, lambda n: take_earlier_time(notices[n], by=world.actor()))
    assert outcome == {"ok": 1, "slot_taken": 5}
    assert ServiceRequest.objects.filter(promised_start=FREE).count() == 1
    assert Hold.objects.live().count() == 6
    assert WaitlistEntry.objects.filter(ended_because="moved").count() == 1


@pytest.mark.promise("R01")
def test_one_notice_taken_many_times_at_once_is_one_move(real_world: World) -> None:
    world = real_world
    (notice,) = all_told(world, 1)
    assert race(world, 6, lambda _n: take_earlier_time(notice, by=world.actor())) == {"ok": 6}
    request = ServiceRequest.objects.get()
    assert (request.promised_start, request.sequence, Hold.objects.live().count()) == (FREE, 1, 1)


@pytest.mark.promise("R01")
def test_without_the_referee_two_take_the_same_time(real_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin."""
    world = real_world
    notices = all_told(world, 2)
    monkeypatch.setattr(lanes, "take", read_then_write(world))
    assert race(world, 2, lambda n: take_earlier_time(notices[n], by=world.actor())) == {"ok": 2}
    assert ServiceRequest.objects.filter(promised_start=FREE).count() == 2


# --- handing out ----------------------------------------


@pytest.mark.promise("R01")
def test_a_place_is_handed_out_to_one_at_a_time(real_world: World) -> None:
    world = real_world
    for number in range(3):
        waiting(world, number)
    hold = freed(world)
    assert race(world, 6, lambda _n: hand_out(hold.pk)) == {"ok": 6}
    assert [notice.entry.request.contact_email for notice in WaitlistNotice.objects.all()] == ["client0@example.fr"]
    assert Deadline.objects.filter(kind=waitlist.NEXT).count() == 1


@pytest.mark.promise("R01")
def test_one_time_that_came_free_twice_is_handed_out_to_one_at_a_time(real_world: World) -> None:
    """Given back, booked and given back again before anybody was told: two places on paper, one in the day."""
    world = real_world
    for number in range(3):
        waiting(world, number)
    places = [freed(world) for _turn in range(3)]
    assert race(world, 6, lambda n: hand_out(places[n % 3].pk)) == {"ok": 6}
    assert [notice.entry.request.contact_email for notice in WaitlistNotice.objects.all()] == ["client0@example.fr"]


@pytest.mark.promise("R01")
def test_without_the_lock_on_the_site_the_head_start_is_lost(
    real_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: both look before either has told anybody; each tells somebody else."""
    world = real_world
    for number in range(2):
        waiting(world, number)
    hold = freed(world)
    both_have_looked, just_told = threading.Barrier(2), waitlist._just_told

    def look_together(place: Hold, now: dt.datetime) -> list[WaitlistNotice]:
        found = just_told(place, now)
        both_have_looked.wait(timeout=10)
        return found

    monkeypatch.setattr(waitlist, "_lock_freed", look_freely)
    monkeypatch.setattr(waitlist, "_just_told", look_together)
    race(world, 2, lambda _n: hand_out(hold.pk))
    assert WaitlistNotice.objects.count() == 2


@pytest.mark.promise("R01")
def test_several_places_at_once_are_one_notice_for_one_person(real_world: World) -> None:
    """Two are told already: one more, and never a fourth."""
    world = real_world
    waiting(world, 0)
    for days, moment in ((3, at(26, 15)), (2, at(26, 16))):
        assert hand_out(freed(world, moment).pk, now=timezone.now() - dt.timedelta(days=days)) is not None
    places = [freed(world, at(25, hour)) for hour in (9, 10, 11, 12, 14, 15)]
    assert race(world, 6, lambda n: hand_out(places[n].pk)) == {"ok": 6}
    assert list(WaitlistNotice.objects.order_by("number").values_list("number", flat=True)) == [1, 2, 3]
    assert WaitlistEntry.objects.get().ended_because == "spent"


def look_without_lock(world: World, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Hold], list[str]]:
    """Two places for one person who was told twice; both workers look before either writes."""
    waiting(world, 0)
    for days, moment in ((3, at(26, 15)), (2, at(26, 16))):
        hand_out(freed(world, moment).pk, now=timezone.now() - dt.timedelta(days=days))
    both_have_counted, create, refused = threading.Barrier(2), WaitlistNotice.objects.create, list[str]()

    def still_next(entry: WaitlistEntry, hold: Hold, now: dt.datetime) -> bool:
        return WaitlistEntry.objects.waiting_for(hold, now).filter(pk=entry.pk).exists()

    def create_late(**given: Any) -> WaitlistNotice:
        both_have_counted.wait(timeout=10)
        try:
            return create(**given)
        except IntegrityError as error:
            refused.append(str(error))
            raise

    monkeypatch.setattr(waitlist, "_lock_freed", look_freely)
    monkeypatch.setattr(waitlist, "_is_still_next", still_next)
    monkeypatch.setattr(WaitlistNotice.objects, "create", create_late)
    return [freed(world, at(25, hour)) for hour in (9, 10)], refused


@contextmanager
def without_the_database() -> Iterator[None]:
    """As if nobody had said to PostgreSQL what it refuses."""
    names = {"waitlist_notice_counted_once", "waitlist_notices_keep_a_distance"}
    guards = [one for one in WaitlistNotice._meta.constraints if one.name in names]
    with as_owner(), connection.schema_editor() as editor:
        for guard in guards:
            editor.remove_constraint(WaitlistNotice, guard)
    try:
        yield
    finally:
        with as_owner():
            WaitlistNotice.objects.all().delete()
            with connection.schema_editor() as editor:
                for guard in guards:
                    editor.add_constraint(WaitlistNotice, guard)


@pytest.mark.promise("R01")
def test_without_any_guard_there_are_four(real_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: neither the locks on the site and the entry nor the database."""
    places, refused = look_without_lock(real_world, monkeypatch)
    with without_the_database():
        assert race(real_world, 2, lambda n: hand_out(places[n].pk)) == {"ok": 2}
        assert (WaitlistNotice.objects.count(), refused) == (4, [])


@pytest.mark.promise("R01")
def test_without_the_lock_the_database_refuses_the_fourth(real_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock spares an error; the constraints are what counts."""
    world = real_world
    places, refused = look_without_lock(world, monkeypatch)

    def act(number: int) -> None:
        try:
            hand_out(places[number].pk)
        except IntegrityError:
            return

    race(world, 2, act)
    assert len(refused) == 1
    assert WaitlistNotice.objects.count() == 3


def test_leaving_and_cancelling_meet_a_hand_out(real_world: World) -> None:
    """Nobody waits for a lock for ever, and nobody is told afterwards."""
    world = real_world
    requests = [waiting(world, number) for number in range(4)]
    places = [freed(world, at(24, hour)) for hour in (10, 11, 12, 14)]

    def act(number: int) -> None:
        if number < 4:
            hand_out(places[number].pk)
        elif number % 2:
            cancel_request(requests[number - 4], by=world.actor())
        else:
            leave_waitlist(requests[number - 4], by=world.actor())

    assert race(world, 8, act) == {"ok": 8}
    assert sorted(WaitlistEntry.objects.values_list("ended_because", flat=True)) == ["cancelled"] * 2 + ["left"] * 2
    assert WaitlistNotice.objects.count() <= 4


def test_two_sweepers_tell_once(real_world: World) -> None:
    world = real_world
    waiting(world, 0)
    for hour in (10, 11):
        Hold.objects.filter(pk=freed(world, at(24, hour)).pk).update(status=HoldStatus.CONFIRMED)
        holds.free_place(Hold.objects.latest("pk").pk)
    assert race(world, 4, lambda _n: deadlines.sweep(world.organisation.pk)) == {"ok": 4}
    # A sweep that lost its patience comes back.
    deadlines.sweep(world.organisation.pk, now=timezone.now() + dt.timedelta(minutes=10))
    assert WaitlistNotice.objects.count() == 1
