"""P7: what is due, by the thousand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from django.utils import timezone

from benchmarks.measuring import ROUNDS, alternate, gate, note, quote, scaled, timed
from benchmarks.places import open_desk
from bookings.actions.holds import EXPIRY
from bookings.enums import HoldStatus, Place
from bookings.models import Hold
from concierge import deadlines, tenancy
from concierge.models import Deadline
from tests.world import World

DUE = scaled("DEADLINES", 20_000)
SLOTS, FEW = 200, 150


def _plan(world: World, kind: str, subjects: list[int]) -> None:
    past = timezone.now() - dt.timedelta(minutes=1)
    Deadline.objects.bulk_create(
        [Deadline(organisation=world.organisation, kind=kind, subject_id=subject, due_at=past) for subject in subjects],
        batch_size=2_000,
    )


def _sweep_all(world: World) -> float:
    with timed() as span:
        while deadlines.sweep(world.organisation.pk):
            pass
    return span.seconds


def _holds(world: World, start: dt.datetime, count: int) -> float:
    """Holds of people who went away, given back; per second."""
    made = Hold.objects.bulk_create(
        [
            Hold(
                organisation=world.organisation,
                site=world.site,
                place=Place.DESK,
                lane=number // SLOTS,
                starts_at=start + dt.timedelta(minutes=30 * (number % SLOTS)),
                ends_at=start + dt.timedelta(minutes=30 * (number % SLOTS) + 30),
                token_hash=f"{timezone.now():%s%f}{number}",
                expires_at=timezone.now(),
            )
            for number in range(count)
        ],
        batch_size=2_000,
    )
    _plan(world, EXPIRY, [hold.pk for hold in made])
    seconds = _sweep_all(world)
    assert not Hold.objects.exclude(status=HoldStatus.EXPIRED).exists()
    assert not Hold.objects.live().exists()
    return count / seconds


@pytest.fixture
def light_kind() -> Iterator[None]:
    """A kind of deadline that is fired one by one and has nothing to do."""

    @deadlines.on("bench.kind")
    def fire(deadline: Deadline) -> None:
        return

    yield
    deadlines._kinds.pop("bench.kind")


def _one_by_one(world: World, count: int) -> float:
    Deadline.objects.filter(kind="bench.kind").delete()
    _plan(world, "bench.kind", list(range(count)))
    return count / _sweep_all(world)


def test_sweep(no_worker: None, light_kind: None) -> None:
    world = open_desk("p7", slots=1, keys=1).world
    with tenancy.working_for(world.organisation):
        start = timezone.now() + dt.timedelta(days=1)
        found = alternate(
            {"holds": lambda: _holds(world, start, DUE // ROUNDS), "one by one": lambda: _one_by_one(world, FEW)}
        )
        assert not Deadline.objects.filter(fired_at=None).exists()
        assert Hold.objects.count() == DUE // ROUNDS * ROUNDS
    note("P7", f"fired one by one: {quote(found['one by one'], digits=0)} per s")
    note("P7", f"holds given back: {quote(found['holds'], digits=0)} per s")
    gate("P7", "seconds for 100,000 holds", [100_000 / rate for rate in found["holds"]], most=60)
