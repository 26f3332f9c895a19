"""P3: sixty-four clients want the last place, round after round. One gets it, always."""

from __future__ import annotations

import datetime as dt
import itertools
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from benchmarks.measuring import note, scaled, timed
from benchmarks.places import open_desk
from bookings.actions import lanes
from bookings.actions.booking import book_request
from bookings.actions.clients import ClientDetails
from bookings.enums import HoldStatus, Place
from bookings.models import Hold, Service, ServiceRequest, SlotRule, calendar
from bookings.rules.prices import WHOLE, Wish
from concierge import tenancy
from concierge.db import retryable
from concierge.errors import DomainError
from tests.world import World

CLIENTS = 64
RACES = scaled("RACES", 50)


def _race(world: World, slots: Sequence[dt.datetime]) -> list[Counter[str]]:
    """For each slot, everybody at once; counts "ok" and the codes of refusals, slot by slot."""
    gate, lock = threading.Barrier(CLIENTS), threading.Lock()
    outcomes = [Counter[str]() for _slot in slots]
    trouble: list[BaseException] = []
    by, wish = world.actor(), Wish(str(world.cobbler.public_id), {WHOLE: 1})

    def book(number: int, starts_at: dt.datetime) -> str:
        client = ClientDetails("Inès", "Garnier", email=f"client{number}@example.fr")
        services = list(Service.objects.offered_at(world.site).filter(pk=world.cobbler.pk))
        try:
            with retryable():
                book_request(world.site, client=client, wishes=[wish], services=services, starts_at=starts_at, by=by)
        except DomainError as error:
            return error.code
        return "ok"

    def work(number: int) -> None:
        try:
            with tenancy.working_for(world.organisation):
                for turn, starts_at in enumerate(slots):
                    gate.wait(120)
                    outcome = book(number, starts_at)
                    with lock:
                        outcomes[turn][outcome] += 1
        except BaseException as error:
            trouble.append(error)
            gate.abort()
            raise
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not trouble, trouble
    return outcomes


def _last_places(world: World, count: int) -> list[dt.datetime]:
    """Slots with one place left, far ones first: the near ones stay free, to be proposed to those who come too late."""
    with tenancy.working_for(world.organisation):
        SlotRule.objects.update(capacity=1)
        free = calendar.slots_left(world.site, Place.DESK, now=timezone.now(), days=calendar.BOOKABLE_DAYS)
        far = free[: -count - 1 : -1]
    assert len(far) == count
    return [slot.starts_at for slot in far]


def test_nobody_gets_a_place_twice(no_worker: None) -> None:
    world = open_desk("p3", slots=1, keys=1).world
    slots = _last_places(world, RACES)
    with timed() as span:
        outcomes = _race(world, slots)
    overbooked = [outcome for outcome in outcomes if outcome["ok"] > 1]
    busy = sum(outcome["unavailable"] for outcome in outcomes)
    note("P3", f"{len(slots)} rounds of {CLIENTS} clients: {len(overbooked)} overbooked ({span.seconds:.0f} s)")
    note("P3", f"told to try again, after three seconds in the queue: {busy} of {CLIENTS * len(slots)}")
    assert overbooked == []
    assert {outcome["ok"] for outcome in outcomes} == {1}
    assert set(sum(outcomes, Counter[str]())) <= {"ok", "slot_taken", "unavailable"}
    with tenancy.working_for(world.organisation):
        sold = Counter(Hold.objects.live().order_by("pk").values_list("starts_at", flat=True))
        assert sold == Counter(slots)
        booked = ServiceRequest.objects.count(), Hold.objects.filter(status=HoldStatus.CONFIRMED).count()
    assert booked == (len(slots), len(slots))


def test_the_twin_without_the_referee_oversells(no_worker: None, monkeypatch: pytest.MonkeyPatch) -> None:
    world = open_desk("p3-twin", slots=1, keys=1).world
    slots = _last_places(world, 5)
    numbers = itertools.count(100)

    def read_then_write(wanted: lanes.Wanted, **given: Any) -> Hold | None:
        if lanes.is_full(wanted):
            return None
        return Hold.objects.create(
            organisation=world.organisation,
            site=world.site,
            place=wanted.place,
            lane=next(numbers),
            starts_at=wanted.starts_at,
            ends_at=wanted.ends_at,
            **given,
        )

    monkeypatch.setattr(lanes, "take", read_then_write)
    sold = [outcome["ok"] for outcome in _race(world, slots)]
    note("P3", f"the twin that reads, then writes, sold {sold} times the last place")
    assert max(sold) > 1
