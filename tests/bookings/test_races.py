"""Many people at once, with real threads and real transactions."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections, transaction
from django.utils import timezone

from bookings.actions import booking, guards, holds, lanes, requests
from bookings.actions.holds import hold_slot
from bookings.enums import HoldStatus, Place
from bookings.models import Client, Hold, ServiceAtSite, ServiceRequest, SlotRule, WorkOrder
from concierge import deadlines, tenancy
from concierge.errors import DomainError
from concierge.models import Deadline
from concierge.tenancy import Actor
from tests.bookings.conftest import at, details, taken, wish_heels, wish_shirts
from tests.world import World, build_world

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("monday")]


@pytest.fixture
def real_world(transactional_db: None) -> Iterator[World]:
    """A world whose rows every thread can see."""
    world = build_world()
    with tenancy.working_for(world.organisation):
        yield world


def race(world: World, count: int, act: Callable[[int], object]) -> Counter[str]:
    """Let threads act at the same moment; counts "ok" and the codes of refusals. Other exceptions fail the test."""
    gate, outcomes, slowest = threading.Barrier(count), Counter[str](), [0.0]

    def run(number: int) -> None:
        try:
            gate.wait(timeout=30)
            began = time.monotonic()
            with tenancy.working_for(world.organisation):
                act(number)
            outcomes["ok"] += 1
        except DomainError as error:
            outcomes[error.code] += 1
        finally:
            slowest[0] = max(slowest[0], time.monotonic() - began)
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert slowest[0] < 5
    return outcomes


@pytest.mark.promise("R01")
def test_exactly_as_many_as_there_are_places_get_one(real_world: World) -> None:
    world = real_world
    SlotRule.objects.filter(place=Place.DESK).update(capacity=3)

    def book(number: int) -> None:
        kept = hold_slot(world.site, Place.DESK, at(24, 10), token=f"t{number}", by=world.actor())
        client = details(email=f"client{number}@example.fr")
        booking.submit_request(world.site, client=client, wishes=[wish_heels(world)], hold=kept, by=world.actor())

    assert race(world, 64, book) == {"ok": 3, "slot_taken": 61}
    assert (Hold.objects.live().count(), ServiceRequest.objects.count(), WorkOrder.objects.count()) == (3, 3, 3)
    assert Hold.objects.filter(status=HoldStatus.CONFIRMED).count() == 3


@pytest.mark.promise("R01")
def test_without_the_referee_places_are_sold_twice(real_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: read, then write, each on a lane of its own. It must oversell, else the race above proves nothing."""
    world = real_world
    both_have_read = threading.Barrier(2)

    def read_then_write(wanted: lanes.Wanted, **given: Any) -> Hold | None:
        is_full = lanes.is_full(wanted)
        lane = 100 + both_have_read.wait(timeout=10)
        if is_full:
            return None
        return Hold.objects.create(
            organisation=world.organisation,
            site=world.site,
            place=wanted.place,
            lane=lane,
            starts_at=wanted.starts_at,
            ends_at=wanted.ends_at,
            **given,
        )

    SlotRule.objects.filter(place=Place.DESK).update(capacity=1)
    monkeypatch.setattr(lanes, "take", read_then_write)
    outcome = race(
        world,
        2,
        lambda n: hold_slot(world.site, Place.DESK, at(24, 10), token=f"t{n}", by=world.actor()),
    )
    assert (outcome, Hold.objects.filter(status=HoldStatus.HELD).count()) == ({"ok": 2}, 2)


@pytest.mark.promise("R01")
def test_overlapping_stretches_of_one_lane_are_sold_once(real_world: World) -> None:
    """Ten o'clock, five past, ten past …: whoever overlaps somebody else on the only lane comes too late."""
    world = real_world
    SlotRule.objects.filter(place=Place.DESK).update(capacity=1)

    def keep(number: int) -> None:
        moment = at(24, 10) + dt.timedelta(minutes=5 * (number % 6))
        hold_slot(world.site, Place.DESK, moment, token=f"t{number}", by=world.actor())

    assert race(world, 64, keep) == {"ok": 1, "slot_taken": 63}


def test_a_crowd_finds_every_place_there_is(real_world: World) -> None:
    """As many people as places, with more lanes than are filled in order: nobody is refused."""
    world = real_world
    SlotRule.objects.filter(place=Place.DESK).update(capacity=32)

    def keep(number: int) -> None:
        hold_slot(world.site, Place.DESK, at(24, 10), token=f"t{number}", by=world.actor())

    assert race(world, 32, keep) == {"ok": 32}
    assert set(Hold.objects.values_list("lane", flat=True)) == set(range(32))


def test_the_database_itself_refuses_two_on_one_lane(real_world: World) -> None:
    from django.db import IntegrityError

    first = hold_slot(real_world.site, Place.DESK, at(24, 10), token="t", by=real_world.actor())
    other = hold_slot(real_world.site, Place.DESK, at(24, 11), token="u", by=real_world.actor())
    with pytest.raises(IntegrityError, match="hold_one_per_lane"), transaction.atomic():
        Hold.objects.filter(pk=other.pk).update(starts_at=first.ends_at - dt.timedelta(minutes=5))


def test_the_same_form_sent_by_many_threads_is_one_request(real_world: World) -> None:
    world = real_world
    kept = hold_slot(world.site, Place.DESK, at(24, 10), token="t", by=world.actor())

    def send(number: int) -> None:
        booking.submit_request(world.site, client=details(), wishes=[wish_shirts(world)], hold=kept, by=world.actor())

    assert race(world, 16, send) == {"ok": 16}
    assert (ServiceRequest.objects.count(), Hold.objects.live().count()) == (1, 1)


def test_people_who_swap_slots_do_not_block_each_other(real_world: World) -> None:
    """Half move from ten to eleven, half from eleven to ten: locks are taken in one order, so nobody waits forever."""
    world = real_world
    SlotRule.objects.filter(place=Place.DESK).update(capacity=20)
    for number in range(16):
        hold_slot(world.site, Place.DESK, at(24, 10 + number % 2), token=f"t{number}", by=world.actor())

    def swap(number: int) -> None:
        hold_slot(world.site, Place.DESK, at(24, 11 - number % 2), token=f"t{number}", by=world.actor())

    assert race(world, 16, swap) == {"ok": 16}
    assert taken() == [8, 8]


def test_a_daily_limit_holds_under_pressure(real_world: World) -> None:
    world = real_world
    ServiceAtSite.objects.filter(service=world.cobbler).update(max_per_day=2)
    SlotRule.objects.filter(place=Place.DESK).update(capacity=20)

    def book(number: int) -> None:
        kept = hold_slot(world.site, Place.DESK, at(24, 9 + number % 8), token=f"t{number}", by=world.actor())
        booking.submit_request(
            world.site,
            client=details(email=f"client{number}@example.fr"),
            wishes=[wish_heels(world)],
            hold=kept,
            by=world.actor(),
        )

    assert race(world, 16, book) == {"ok": 2, "day_full": 14}
    assert ServiceRequest.objects.count() == 2


def test_cancelling_twice_at_once_frees_one_place(real_world: World) -> None:
    world = real_world
    actor: Any = world.actor()
    for name in ("a", "b"):
        kept = hold_slot(world.site, Place.DESK, at(24, 10), token=name, by=actor)
        request = booking.submit_request(world.site, client=details(), wishes=[wish_heels(world)], hold=kept, by=actor)
    outcome = race(world, 8, lambda n: requests.cancel_request(request, by=actor))
    assert outcome["ok"] == 1
    assert Hold.objects.live().count() == 1


def test_one_mailbox_is_one_client_however_many_forms_it_sends(real_world: World) -> None:
    world = real_world

    def book(number: int) -> None:
        kept = hold_slot(world.site, Place.DESK, at(24, 9 + number), token=f"t{number}", by=world.actor())
        booking.submit_request(world.site, client=details(), wishes=[wish_heels(world)], hold=kept, by=world.actor())

    assert race(world, 8, book) == {"ok": 8}
    assert Client.objects.filter(email="ines.garnier@example.fr").count() == 1


def book_as_myself(world: World) -> Callable[[int], object]:
    """One client, one mailbox, each order at another time."""
    myself = Actor(kind="anonymous", organisation=world.organisation)

    def book(number: int) -> None:
        kept = hold_slot(world.site, Place.DESK, at(24, 9 + number), token=f"t{number}", by=myself)
        booking.submit_request(world.site, client=details(), wishes=[wish_heels(world)], hold=kept, by=myself)

    return book


@pytest.mark.promise("S33")
def test_nobody_hoards_requests_by_being_quick(real_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "MOST_OPEN_REQUESTS", 2)
    assert race(real_world, 8, book_as_myself(real_world)) == {"ok": 2, "too_many_attempts": 6}
    assert (ServiceRequest.objects.count(), WorkOrder.objects.count()) == (2, 2)
    # Nothing half-done: whoever was refused still holds the place, and loses it in ten minutes.
    assert Hold.objects.filter(status=HoldStatus.HELD).count() == 6


@pytest.mark.promise("S33")
def test_without_the_lock_on_the_client_two_are_one_too_many(
    real_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: both count before either order is there."""
    book_as_myself(real_world)(5)
    both_have_counted, insert = threading.Barrier(2), booking._insert_request

    def insert_late(*args: Any, **kwargs: Any) -> ServiceRequest:
        both_have_counted.wait(timeout=10)
        return insert(*args, **kwargs)

    monkeypatch.setattr(guards, "MOST_OPEN_REQUESTS", 2)
    monkeypatch.setattr(guards, "queue_up", lambda client: None)
    monkeypatch.setattr(booking, "_insert_request", insert_late)
    assert race(real_world, 2, book_as_myself(real_world)) == {"ok": 2}
    assert ServiceRequest.objects.count() == 3


@pytest.mark.promise("R33")
def test_the_end_of_many_holds_meets_those_who_send_and_those_who_move(real_world: World, monday: Any) -> None:
    """Half of the holds are sent at the very moment when all of them end; two sweepers; nobody's place is lost."""
    world = real_world
    SlotRule.objects.filter(place=Place.DESK).update(capacity=40)
    kept = [
        hold_slot(world.site, Place.DESK, at(24, 10 + n % 2), token=f"t{n}", by=world.actor(), now=timezone.now())
        for n in range(32)
    ]
    Deadline.objects.update(due_at=timezone.now() - dt.timedelta(minutes=1))

    def act(number: int) -> None:
        if number < 2:
            deadlines.sweep(world.organisation.pk)
        elif number % 2:
            client = details(email=f"client{number}@example.fr")
            booking.submit_request(
                world.site, client=client, wishes=[wish_heels(world)], hold=kept[number], by=world.actor()
            )
        else:
            hold_slot(world.site, Place.DESK, at(24, 11 - number % 2), token=f"t{number}", by=world.actor())

    outcome = race(world, 16, act)
    assert set(outcome) <= {"ok", "hold_expired", "conflict"}
    while deadlines.sweep(world.organisation.pk, now=timezone.now() + dt.timedelta(hours=1)):
        pass
    sent = Counter(Hold.objects.filter(status=HoldStatus.CONFIRMED).order_by("pk").values_list("starts_at", flat=True))
    assert Counter(Hold.objects.live().order_by("pk").values_list("starts_at", flat=True)) == sent
    assert sum(sent.values()) == ServiceRequest.objects.count()
    assert not Hold.objects.filter(status=HoldStatus.HELD).exists()


@pytest.mark.promise("R33")
def test_without_the_locks_a_place_that_was_sent_is_given_back(
    real_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: read the holds, then end them, whatever became of them meanwhile."""
    world = real_world
    kept = hold_slot(world.site, Place.DESK, at(24, 10), token="t", by=world.actor())
    has_read, is_sent = threading.Event(), threading.Event()
    Deadline.objects.update(due_at=timezone.now() - dt.timedelta(minutes=1))

    def end_what_was_read(deadline: Deadline) -> None:
        hold = Hold.objects.get(pk=deadline.subject_id)
        has_read.set()
        is_sent.wait(10)
        if hold.status == HoldStatus.HELD:
            hold.status = HoldStatus.EXPIRED
            hold.save(update_fields=["status"])

    monkeypatch.setitem(deadlines._kinds, holds.EXPIRY, end_what_was_read)

    def act(number: int) -> None:
        if number:
            deadlines.sweep(world.organisation.pk)
            return
        has_read.wait(10)
        booking.submit_request(world.site, client=details(), wishes=[wish_heels(world)], hold=kept, by=world.actor())
        is_sent.set()

    race(world, 2, act)
    assert (ServiceRequest.objects.count(), Hold.objects.live().count()) == (1, 0)
