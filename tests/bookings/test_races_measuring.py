"""Two people weigh the same thing at once. Real threads, and the twin without the guard."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bookings.actions import booking, measuring
from bookings.actions.holds import hold_slot
from bookings.actions.measuring import state_quantities
from bookings.enums import Place
from bookings.models import ServiceRequest
from concierge.models import Event
from tests.bookings.conftest import at, details, wish_heels
from tests.bookings.test_races import race, real_world
from tests.world import World

__all__ = ["real_world"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("monday")]


def booked(world: World) -> ServiceRequest:
    kept = hold_slot(world.site, Place.DESK, at(24, 10), token="t", by=world.actor())
    return booking.submit_request(world.site, client=details(), wishes=[wish_heels(world)], hold=kept, by=world.actor())


def stated(world: World) -> tuple[Any, int]:
    """Four people who have all read the same version state two, three, four and five pairs."""
    request = booked(world)

    def state(number: int) -> None:
        state_quantities(request, {0: Decimal(number + 2)}, by=world.actor(), version=request.version)

    return race(world, 4, state), Event.objects.filter(name="service_request.measured").count()


@pytest.mark.promise("R44")
def test_one_of_them_is_told_that_somebody_was_first(real_world: World) -> None:
    assert stated(real_world) == ({"ok": 1, "conflict": 3}, 1)
    request = ServiceRequest.objects.get()
    assert request.total_incl_vat == sum(line.total_incl_vat for line in request.lines.all())


@pytest.mark.promise("R44")
def test_without_the_guard_each_overwrites_the_others(real_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: it must lose what was stated, else the race above proves nothing."""
    monkeypatch.setattr(measuring, "keep_version", lambda locked, seen: None)
    assert stated(real_world) == ({"ok": 4}, 4)
