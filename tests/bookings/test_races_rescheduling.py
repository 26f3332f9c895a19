"""Appointments that are moved while others move, book and cancel. Real threads, and twins without the guard."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from bookings.actions import booking, lanes, rescheduling
from bookings.actions.holds import hold_slot
from bookings.actions.requests import cancel_request
from bookings.actions.rescheduling import reschedule_request
from bookings.enums import HoldStatus, Place, RequestStatus
from bookings.models import Hold, ServiceRequest, SlotRule
from bookings.models.requests import ServiceRequestQuerySet, WorkOrderQuerySet
from concierge.models import Event
from tests.bookings.conftest import at, details, wish_heels
from tests.bookings.test_races import race, real_world
from tests.world import World

__all__ = ["real_world"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("monday")]

LAST_PLACE = at(25, 14)


def one_at_a_time() -> None:
    SlotRule.objects.filter(place=Place.DESK).update(capacity=1)


def booked(world: World, number: int) -> ServiceRequest:
    """On Tuesday, each half an hour after the other, each by somebody else."""
    kept = hold_slot(world.site, Place.DESK, at(24, 10 + number), token=f"t{number}", by=world.actor())
    client = details(email=f"client{number}@example.fr")
    return booking.submit_request(world.site, client=client, wishes=[wish_heels(world)], hold=kept, by=world.actor())


def there() -> int:
    """How many requests are promised the last place."""
    return ServiceRequest.objects.filter(promised_start=LAST_PLACE).count()


def is_whole() -> bool:
    """Every request has exactly the place that it is promised, and nobody else takes one."""
    live = Hold.objects.filter(status=HoldStatus.CONFIRMED).order_by("pk").values_list("pk", "starts_at")
    open_ones = ServiceRequest.objects.open().order_by("hold_id").values_list("hold_id", "promised_start")
    return sorted(live) == sorted(open_ones)


@pytest.mark.promise("R01")
def test_many_move_into_the_last_place_and_one_gets_it(real_world: World) -> None:
    world = real_world
    one_at_a_time()
    requests = [booked(world, number) for number in range(8)]
    outcome = race(world, 8, lambda n: reschedule_request(requests[n], LAST_PLACE, by=world.actor()))
    assert outcome == {"ok": 1, "slot_taken": 7}
    assert (there(), is_whole()) == (1, True)
    assert sorted(ServiceRequest.objects.values_list("sequence", flat=True)) == [0] * 7 + [1]
    assert Event.objects.filter(name="service_request.rescheduled").count() == 1


def read_then_write(world: World) -> Any:
    """How a place is taken by whoever only looks: each on a lane of its own."""
    both_have_read = threading.Barrier(2)

    def take(wanted: lanes.Wanted, **given: Any) -> Hold | None:
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

    return take


@pytest.mark.promise("R01")
def test_without_the_referee_two_move_into_one_place(real_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: the place must be sold twice, else the race above proves nothing."""
    world = real_world
    one_at_a_time()
    requests = [booked(world, number) for number in range(2)]
    monkeypatch.setattr(lanes, "take", read_then_write(world))
    outcome = race(world, 2, lambda n: reschedule_request(requests[n], LAST_PLACE, by=world.actor()))
    assert (outcome, there()) == ({"ok": 2}, 2)


@pytest.mark.promise("R01")
def test_a_move_meets_new_bookings_at_the_last_place(real_world: World) -> None:
    world = real_world
    one_at_a_time()
    request = booked(world, 0)

    def act(number: int) -> None:
        if number == 0:
            reschedule_request(request, LAST_PLACE, by=world.actor())
            return
        kept = hold_slot(world.site, Place.DESK, LAST_PLACE, token=f"n{number}", by=world.actor())
        client = details(email=f"new{number}@example.fr")
        booking.submit_request(world.site, client=client, wishes=[wish_heels(world)], hold=kept, by=world.actor())

    assert race(world, 8, act) == {"ok": 1, "slot_taken": 7}
    request.refresh_from_db()
    assert request.promised_start in {at(24, 10), LAST_PLACE}
    assert (there(), is_whole()) == (1, True)


@pytest.mark.promise("R01")
def test_without_the_referee_a_move_and_a_booking_share_a_place(
    real_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = real_world
    one_at_a_time()
    request = booked(world, 0)
    monkeypatch.setattr(lanes, "take", read_then_write(world))

    def act(number: int) -> None:
        if number:
            hold_slot(world.site, Place.DESK, LAST_PLACE, token="new", by=world.actor())
        else:
            reschedule_request(request, LAST_PLACE, by=world.actor())

    assert race(world, 2, act) == {"ok": 2}
    assert Hold.objects.live().filter(starts_at=LAST_PLACE).count() == 2


@pytest.mark.promise("R01")
def test_a_move_meets_a_cancellation_and_no_place_is_lost(real_world: World) -> None:
    """Whoever is first: in the end the request is cancelled, and neither the old nor the new place is taken."""
    world = real_world
    for number in range(6):
        request = booked(world, number)

        def act(turn: int, request: ServiceRequest = request) -> None:
            if turn:
                cancel_request(request, by=world.actor())
            else:
                reschedule_request(request, LAST_PLACE, by=world.actor())

        outcome = race(world, 2, act)
        request.refresh_from_db()
        moved = request.promised_start == LAST_PLACE
        assert outcome == ({"ok": 2} if moved else {"ok": 1, "too_late_to_move": 1})
        assert (request.status, request.sequence) == (RequestStatus.CANCELLED, int(moved))
        assert Hold.objects.live().count() == 0


@pytest.mark.promise("R01")
def test_without_the_row_locks_a_cancelled_request_keeps_a_place(
    real_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: the move has read, then somebody cancels, then the move writes."""
    world = real_world
    request = booked(world, 0)
    has_read, is_cancelled, swap = threading.Event(), threading.Event(), rescheduling._swap

    def swap_late(*given: Any, **more: Any) -> Hold:
        has_read.set()
        is_cancelled.wait(10)
        return swap(*given, **more)

    for rows in (ServiceRequestQuerySet, WorkOrderQuerySet):
        monkeypatch.setattr(rows, "select_for_update", lambda self, **_options: self)
    monkeypatch.setattr(rescheduling, "_swap", swap_late)

    def act(turn: int) -> None:
        if turn:
            has_read.wait(10)
            cancel_request(request, by=world.actor())
            is_cancelled.set()
        else:
            reschedule_request(request, LAST_PLACE, by=world.actor())

    race(world, 2, act)
    request.refresh_from_db()
    assert (request.status, request.promised_start) == (RequestStatus.CANCELLED, LAST_PLACE)
    assert Hold.objects.live().count() == 1


@pytest.mark.promise("R01")
def test_moving_while_others_cancel_never_leaves_two_in_one_place(real_world: World) -> None:
    """The place at two is cancelled by one while two others want it: at most one of them gets it."""
    world = real_world
    one_at_a_time()
    first = booked(world, 4)
    others = [booked(world, number) for number in range(2)]

    def act(number: int) -> None:
        if number == 2:
            cancel_request(first, by=world.actor())
        else:
            reschedule_request(others[number], at(24, 14), by=world.actor())

    outcome = race(world, 3, act)
    assert set(outcome) <= {"ok", "slot_taken"}
    assert ServiceRequest.objects.open().filter(promised_start=at(24, 14)).count() == outcome["ok"] - 1 <= 1
    assert is_whole()
