"""Somebody closes a site while somebody else begins something there: whoever comes second reads what the first did."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections, transaction

from bookings.actions import booking, sites
from bookings.actions.holds import hold_slot
from bookings.actions.recurrences import Wanted, start_recurrence
from bookings.enums import Place
from bookings.models import Hold, Recurrence, ServiceRequest
from concierge import tenancy
from concierge.errors import DomainError
from concierge.models import Site
from tests.bookings.conftest import at, details, wish_heels, wish_shirts
from tests.bookings.test_races import real_world
from tests.races import until_waited_for
from tests.world import World

__all__ = ["real_world"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("monday")]
Act = Callable[[], object]


def close(world: World) -> Act:
    return lambda: sites.edit_site(world.site, {"is_active": False}, by=world.actor("network_head"))


def book(world: World) -> Act:
    given: dict[str, Any] = {"client": details(), "wishes": [wish_heels(world)], "services": [world.cobbler]}
    return lambda: booking.book_request(world.site, starts_at=at(24, 10), by=world.actor(), **given)


def send_form(world: World) -> Act:
    kept = hold_slot(world.site, Place.DESK, at(24, 10), token="t", by=world.actor())
    given: dict[str, Any] = {"client": details(), "wishes": [wish_heels(world)], "hold": kept}
    return lambda: booking.submit_request(world.site, by=world.actor(), **given)


def begin_series(world: World) -> Act:
    wanted = Wanted("Chemises", "FREQ=WEEKLY;BYDAY=TU", dt.date(2026, 11, 24), dt.time(10), [wish_shirts(world)])
    return lambda: start_recurrence(world.client, world.site, wanted, by=world.actor())


BEGIN = {"booked": book, "form sent": send_form, "series": begin_series}


def meet(world: World, first: Act, second: Act) -> list[str]:
    """The first has done all but commit when the second begins; what became of each."""
    outcomes, is_done, is_over = ["", ""], threading.Event(), threading.Event()

    def lead() -> None:
        with transaction.atomic():
            try:
                first()
            finally:
                is_done.set()
            until_waited_for(is_over)

    def follow() -> None:
        assert is_done.wait(30)
        second()

    def run(place: int, act: Act) -> None:
        try:
            with tenancy.working_for(world.organisation):
                act()
            outcomes[place] = "ok"
        except DomainError as error:
            outcomes[place] = error.code
        finally:
            if place:
                is_over.set()
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate((lead, follow))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return outcomes


def left(world: World) -> tuple[bool, int]:
    """Whether the site takes requests, and how much is open there."""
    going_on = ServiceRequest.objects.open().count() + Recurrence.objects.going_on().count()
    return Site.objects.get(pk=world.site.pk).is_active, going_on


@pytest.mark.parametrize("how", BEGIN)
def test_what_began_first_keeps_the_site_open(real_world: World, how: str) -> None:
    assert meet(real_world, BEGIN[how](real_world), close(real_world)) == ["ok", "conflict"]
    assert left(real_world) == (True, 1)


@pytest.mark.parametrize("how", BEGIN)
def test_nothing_begins_at_a_site_that_was_closed_first(real_world: World, how: str) -> None:
    refusal = "hold_expired" if how == "form sent" else "site_closed"
    assert meet(real_world, close(real_world), BEGIN[how](real_world)) == ["ok", refusal]
    assert left(real_world) == (False, 0)
    assert not Hold.objects.live().exists()


@pytest.mark.parametrize("is_booked_first", [True, False])
def test_without_the_whole_lock_a_closed_site_is_booked(
    real_world: World, monkeypatch: pytest.MonkeyPatch, is_booked_first: bool
) -> None:
    """The twin: the lock that every other edit takes. Both must come through, else the tests above prove nothing."""
    lock = sites._lock
    monkeypatch.setattr(sites, "_lock", lambda site, *, closes: lock(site, closes=False))
    acts = [book(real_world), close(real_world)]
    assert meet(real_world, *(acts if is_booked_first else acts[::-1])) == ["ok", "ok"]
    assert left(real_world) == (False, 1)
