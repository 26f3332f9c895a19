"""Booking helpers for tests: a Monday morning, details of a client, one call that books."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from bookings.actions.booking import submit_request
from bookings.actions.clients import ClientDetails
from bookings.actions.holds import hold_slot
from bookings.enums import Place
from bookings.models import Hold, ServiceRequest
from bookings.rules.prices import WHOLE, Wish
from tests.world import World

PARIS = ZoneInfo("Europe/Paris")
# A Monday, 8 in the morning in Dijon; the desk opens at 9, so that slots of the day itself are still open.
MONDAY = dt.datetime(2026, 11, 23, 8, 0, tzinfo=PARIS)


@pytest.fixture
def monday() -> Any:
    """It is Monday, 8 o'clock in Dijon, and time goes on."""
    with time_machine.travel(MONDAY, tick=True) as traveller:
        yield traveller


def at(day: int, hour: int, minute: int = 0) -> dt.datetime:
    """A moment of November 2026 in Dijon."""
    return dt.datetime(2026, 11, day, hour, minute, tzinfo=PARIS).astimezone(dt.UTC)


def taken() -> list[int]:
    """How many places are taken at each time that somebody ever kept, in order."""
    times = Counter(Hold.objects.order_by("pk").values_list("starts_at", flat=True))
    live = Counter(Hold.objects.live().order_by("pk").values_list("starts_at", flat=True))
    return [live[moment] for moment in sorted(times)]


def details(**changes: Any) -> ClientDetails:
    """A client who types everything right."""
    given = {
        "first_name": "Inès",
        "last_name": "Garnier",
        "email": "ines.garnier@example.fr",
        "phone": "06 12 34 56 78",
    }
    return ClientDetails(**{**given, **changes})


def wish_shirts(world: World, count: int = 5) -> Wish:
    """Some shirts to iron."""
    return Wish(str(world.ironing.public_id), {str(world.shirt.public_id): count})


def wish_heels(world: World, count: int = 1) -> Wish:
    """Heels to replace."""
    return Wish(str(world.cobbler.public_id), {WHOLE: count})


_tokens = itertools.count(1)


@pytest.fixture
def book(world: World) -> Callable[..., ServiceRequest]:
    """Book through the actions; shirts and heels on Tuesday at ten unless told otherwise."""

    def call(
        *wishes: Wish,
        starts_at: dt.datetime | None = None,
        place: Place = Place.DESK,
        by: Any = None,
        hold: Any = None,
        client: ClientDetails | None = None,
        **more: Any,
    ) -> ServiceRequest:
        actor = by or world.actor()
        kept = hold or hold_slot(world.site, place, starts_at or at(24, 10), token=f"token-{next(_tokens)}", by=actor)
        return submit_request(
            world.site,
            client=client or details(),
            wishes=wishes or (wish_shirts(world), wish_heels(world)),
            hold=kept,
            by=actor,
            **more,
        )

    return call
