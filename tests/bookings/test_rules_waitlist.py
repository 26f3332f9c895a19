"""Which free time is welcome to whoever waits: tiny cases, and what always holds."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.rules.slots import FreeSlot
from bookings.rules.waitlist import Bounds, beyond, first_in

PARIS = ZoneInfo("Europe/Paris")
NOON = dt.datetime(2026, 11, 24, 12, tzinfo=PARIS)


def slot(minutes: int, length: int = 30) -> FreeSlot:
    begins = NOON + dt.timedelta(minutes=minutes)
    return FreeSlot(begins, begins + dt.timedelta(minutes=length), 1)


def freed(minutes: int, length: int = 30) -> tuple[dt.datetime, dt.datetime]:
    begins = NOON + dt.timedelta(minutes=minutes)
    return begins, begins + dt.timedelta(minutes=length)


@pytest.mark.parametrize(
    ("free", "expected"),
    [
        ([], None),
        ([slot(0)], 0),
        ([slot(-30), slot(30)], None),  # they only touch it
        ([slot(-60, 90)], -60),  # longer than the place, with what was free before it
        ([slot(15), slot(0)], 15),  # the first in the order given
    ],
)
def test_a_time_uses_part_of_what_came_free(free: list[FreeSlot], expected: int | None) -> None:
    found = first_in(free, freed(0), Bounds(NOON + dt.timedelta(days=1)), PARIS)
    assert (found.starts_at if found else None) == (None if expected is None else slot(expected).starts_at)


def test_what_somebody_knows_is_no_news() -> None:
    found = first_in([slot(0), slot(15), slot(30)], freed(0, 60), Bounds(NOON + dt.timedelta(days=1)), PARIS)
    assert found == slot(0)
    left = [slot(0), slot(15), slot(30)]
    assert first_in(left, freed(0, 60), Bounds(NOON + dt.timedelta(days=1)), PARIS, known=[freed(0)]) == slot(30)


def test_a_head_start_takes_one_place_of_those_that_are_free() -> None:
    one, two = slot(0), FreeSlot(slot(15).starts_at, slot(15).ends_at, 2)
    assert beyond([one, two, slot(30)], [freed(0)]) == [two, slot(30)]
    assert beyond([one, two, slot(30)], [freed(0), freed(0)]) == [slot(30)]
    assert beyond([one, two], []) == [one, two]


def test_days_are_those_of_the_site() -> None:
    """Half past midnight on Sunday, when the clocks change at three: Saturday at Greenwich."""
    moment = dt.datetime(2026, 10, 24, 22, 30, tzinfo=dt.UTC)
    sunday, later = dt.date(2026, 10, 25), moment + dt.timedelta(days=9)
    assert Bounds(later, sunday, sunday).take(moment, PARIS)
    assert not Bounds(later, latest_on=dt.date(2026, 10, 24)).take(moment, PARIS)


@given(
    starts=st.lists(st.integers(-600, 600), max_size=12),
    length=st.integers(5, 240),
    place=st.tuples(st.integers(-600, 600), st.integers(5, 240)),
    before=st.integers(-600, 600),
)
def test_what_is_found_overlaps_the_place_and_is_earlier(
    starts: list[int], length: int, place: tuple[int, int], before: int
) -> None:
    bounds = Bounds(NOON + dt.timedelta(minutes=before))
    found = first_in([slot(one, length) for one in sorted(starts)], freed(*place), bounds, PARIS)
    welcome = [one for one in sorted(starts) if one < place[0] + place[1] and one + length > place[0] and one < before]
    assert (found.starts_at if found else None) == (slot(welcome[0]).starts_at if welcome else None)
