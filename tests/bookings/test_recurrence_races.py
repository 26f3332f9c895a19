"""A regular request changed by two at once, and ended while its days are being booked; each with its twin."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from collections import Counter
from typing import Any

import pytest
from django.db import transaction

from bookings.actions import recurrence_days, recurrence_edits, recurrences, subscriptions
from bookings.actions.recurrence_days import extend
from bookings.actions.recurrence_edits import edit_recurrence
from bookings.actions.recurrence_pauses import pause_recurrence
from bookings.models import Occurrence, Recurrence, ServiceRequest
from concierge import deadlines
from concierge.errors import WrongState
from concierge.models import Event
from tests.bookings.conftest import PARIS, details, first_run, weekly_basket, wish_baskets
from tests.bookings.test_races import race, real_world
from tests.bookings.test_recurrences import begin, wanted
from tests.world import World

__all__ = ["real_world"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("monday")]


def edit(world: World, found: Recurrence, number: int) -> Recurrence:
    given = wanted(world, starts_on=dt.date(2026, 12, 7), at=dt.time(11 + number % 3))
    return edit_recurrence(found, given, by=world.actor())


def test_two_edits_at_once_leave_one(real_world: World) -> None:
    found = begin(real_world)
    done = race(real_world, 6, lambda number: edit(real_world, found, number))
    assert (done, Recurrence.objects.exclude(status="ended").count()) == ({"ok": 1, "wrong_state": 5}, 1)


def test_without_the_lock_two_edits_leave_two(
    real_world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The twin: both read before either writes. It must leave two, else the race above proves nothing."""
    both_have_read = threading.Barrier(2)

    def read_only(found: Recurrence) -> Recurrence:
        read = Recurrence.objects.select_related("site__organisation", "client").get(pk=found.pk)
        both_have_read.wait(timeout=10)
        return read

    found = begin(real_world)
    monkeypatch.setattr(recurrence_edits, "lock_recurrence", read_only)
    done = race(real_world, 2, lambda number: edit(real_world, found, number))
    assert (done, Recurrence.objects.exclude(status="ended").count()) == ({"ok": 2}, 2)


def book_while_it_ends(world: World, found: Recurrence) -> Counter[str]:
    def act(number: int) -> None:
        if number:
            deadlines.sweep(world.organisation.pk)
        else:
            recurrences.end_recurrence(found, by=world.actor())

    return race(world, 2, act)


def test_nothing_stays_booked_when_it_ends_while_days_are_booked(real_world: World) -> None:
    for _round in range(4):
        found = begin(real_world)
        assert book_while_it_ends(real_world, found) == {"ok": 2}
        deadlines.sweep(real_world.organisation.pk)
        assert set(found.occurrences.values_list("status", flat=True)) == {"skipped"}
        assert not ServiceRequest.objects.exclude(status="cancelled").exists()


def test_without_waiting_for_the_day_a_request_is_left_behind(
    real_world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The twin: no lock of the series, and the days are read before one is booked, and left out after. It must leave a
    request behind."""
    days_are_read, day_is_booked = threading.Event(), threading.Event()

    def read_only(locked: Recurrence, first: dt.date, last: dt.date) -> list[Occurrence]:
        found = list(
            Occurrence.objects.filter(recurrence=locked, due_on__range=(first, last)).select_related("request")
        )
        days_are_read.set()
        day_is_booked.wait(timeout=10)
        return found

    found = begin(real_world)
    monkeypatch.setattr(recurrences, "still_to_come", read_only)
    monkeypatch.setattr(recurrence_days, "_lock_series_of", lambda _key: None)

    def act(number: int) -> None:
        if number:
            days_are_read.wait(timeout=10)
            deadlines.sweep(real_world.organisation.pk, limit=1)
            day_is_booked.set()
        else:
            recurrences.end_recurrence(found, by=real_world.actor())

    assert race(real_world, 2, act) == {"ok": 2}
    assert set(found.occurrences.values_list("status", flat=True)) == {"skipped"}
    assert ServiceRequest.objects.exclude(status="cancelled").count() == 1


@pytest.mark.parametrize("is_guarded", [True, False])
def test_ended_twice_at_once_is_ended_once(
    real_world: World, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    """And the twin, which looks before it locks: whoever comes second is refused what is done already."""
    found, both_have_read, lock = begin(real_world), threading.Barrier(2), recurrences._lock

    def looking_first(one: Recurrence) -> Recurrence:
        assert Recurrence.objects.get(pk=one.pk).status == "active"
        both_have_read.wait(timeout=10)
        locked = lock(one)
        if locked.status == "ended":
            raise WrongState(current_status=locked.status)
        return locked

    if not is_guarded:
        monkeypatch.setattr(recurrences, "_lock", looking_first)
    done = race(real_world, 2, lambda _number: recurrences.end_recurrence(found, by=real_world.actor()))
    assert done == ({"ok": 2} if is_guarded else {"ok": 1, "wrong_state": 1})
    assert Event.objects.filter(name="recurrence.ended").count() == 1


FAR = (dt.date(2027, 1, 20), dt.date(2027, 1, 31))


def far_day(found: Recurrence) -> list[tuple[str, str]]:
    """The day that the booking day of the first one makes, and that the pause is about."""
    return list(found.occurrences.filter(due_on__range=FAR).values_list("status", "reason_code"))


def test_a_day_that_is_made_while_a_pause_begins_is_in_it(real_world: World, monday: Any) -> None:
    for _round in range(4):
        monday.move_to(dt.datetime(2026, 11, 23, 8, tzinfo=PARIS), tick=True)
        found = begin(real_world)
        monday.move_to(dt.datetime(2026, 11, 30, 8, tzinfo=PARIS), tick=True)

        def act(number: int, found: Recurrence = found) -> None:
            if number:
                deadlines.sweep(real_world.organisation.pk)
            else:
                pause_recurrence(found, first=FAR[0], last=FAR[1], by=real_world.actor())

        assert race(real_world, 2, act) == {"ok": 2}
        deadlines.sweep(real_world.organisation.pk)
        assert far_day(found) == [("skipped", "paused")]
        recurrences.end_recurrence(found, by=real_world.actor())


@pytest.mark.parametrize(("is_guarded", "left"), [(True, "skipped"), (False, "planned")])
def test_without_the_lock_of_the_series_a_day_is_planned_inside_the_pause(
    real_world: World, monday: Any, monkeypatch: pytest.MonkeyPatch, is_guarded: bool, left: str
) -> None:
    """The twin, and the same with the guard: the series is read before the pause, its days are made after. Without the
    lock a day must stay planned inside the pause."""
    series_is_read, pause_is_over = threading.Event(), threading.Event()

    def late(found: Recurrence) -> list[Occurrence]:
        series_is_read.set()
        # With the guard the pause waits for us: it is not over before we have gone on.
        assert pause_is_over.wait(timeout=1) is not is_guarded
        return extend(found)

    found = begin(real_world)
    monday.move_to(dt.datetime(2026, 11, 30, 8, tzinfo=PARIS), tick=True)
    monkeypatch.setattr(recurrence_days, "extend", late)
    if not is_guarded:
        monkeypatch.setattr(recurrence_days, "_lock_series_of", lambda _key: None)

    def act(number: int) -> None:
        if number:
            deadlines.sweep(real_world.organisation.pk, limit=1)
        else:
            series_is_read.wait(timeout=10)
            pause_recurrence(found, first=FAR[0], last=FAR[1], by=real_world.actor())
            pause_is_over.set()

    assert race(real_world, 2, act) == {"ok": 2}
    assert [status for status, _code in far_day(found)] == [left]


def test_one_client_subscribes_once(real_world: World) -> None:
    plan = weekly_basket(real_world)
    run = first_run(plan)

    def subscribe(_number: int) -> None:
        order: dict[str, Any] = {"client": details(), "wishes": [wish_baskets(plan)], "sent_key": uuid.uuid4()}
        with transaction.atomic():
            subscriptions.order_every_time(run, by=real_world.actor(), **order)

    subscribe(0)
    assert race(real_world, 4, subscribe) == {"already_subscribed": 4}
    Recurrence.objects.update(status="ended")
    assert race(real_world, 4, subscribe) == {"ok": 1, "already_subscribed": 3}
    assert Recurrence.objects.going_on().count() == 1
