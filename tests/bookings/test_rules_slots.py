"""Slots in the site's own time, whatever the clocks do."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.rules.slots import (
    Grid,
    Opening,
    earliest_start,
    free_slots,
    instant,
    ready_by,
    slots_of_day,
)

PARIS = ZoneInfo("Europe/Paris")
UTC = dt.UTC
WEEK = [Opening(weekday, dt.time(9), dt.time(18)) for weekday in range(5)]
SPRING, AUTUMN = dt.date(2026, 3, 29), dt.date(2026, 10, 25)


def paris(day: int, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime(2026, 11, day, hour, minute, tzinfo=PARIS).astimezone(UTC)


def free(**changes: Any) -> list[dt.datetime]:
    given: dict[str, Any] = {
        "opening": WEEK,
        "closed": set(),
        "grid": Grid(60, 2),
        "left": {},
        "earliest": paris(23, 0),
        "zone": PARIS,
        "first_day": dt.date(2026, 11, 23),
        "days": 1,
    }
    return [slot.starts_at for slot in free_slots(**{**given, **changes})]


def test_a_day_is_cut_into_slots_that_end_before_closing() -> None:
    assert free() == [paris(23, hour) for hour in range(9, 18)]
    assert free(grid=Grid(240, 1)) == [paris(23, 9), paris(23, 13)]


def test_closed_days_full_slots_and_early_moments_are_left_out() -> None:
    assert free(closed={dt.date(2026, 11, 23)}) == []
    assert free(first_day=dt.date(2026, 11, 28), days=2) == []
    assert free(left={paris(23, 9): 0, paris(23, 10): 1})[0] == paris(23, 10)
    assert free(earliest=paris(23, 16, 30)) == [paris(23, 17)]


@pytest.mark.promise("R38")
def test_wall_times_that_do_not_exist_or_exist_twice_are_no_instants() -> None:
    assert instant(SPRING, dt.time(2, 30), PARIS) is None
    assert instant(AUTUMN, dt.time(2, 30), PARIS) is None
    assert instant(SPRING, dt.time(3, 0), PARIS) == dt.datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert instant(AUTUMN, dt.time(3, 0), PARIS) == dt.datetime(2026, 10, 25, 2, 0, tzinfo=UTC)


@pytest.mark.promise("R38")
@given(
    st.sampled_from([SPRING, AUTUMN, dt.date(2026, 11, 22)]),
    st.integers(0, 5),
    st.sampled_from([15, 20, 30, 45, 60, 90]),
)
def test_every_slot_lasts_what_it_says_and_shows_its_wall_time(day: dt.date, opens: int, minutes: int) -> None:
    opening = [Opening(6, dt.time(opens), dt.time(opens + 5))]
    last = None
    for start, end in slots_of_day(day, opening, Grid(minutes, 1), PARIS):
        assert end - start == dt.timedelta(minutes=minutes)
        wall = start.astimezone(PARIS)
        from_opening = (wall.hour - opens) * 60 + wall.minute
        assert from_opening % minutes == 0
        assert instant(day, wall.time(), PARIS) == start
        assert last is None or start >= last
        last = end


def test_lead_time_and_cut_off() -> None:
    two_hours = dt.timedelta(hours=2)
    assert earliest_start(paris(23, 10), two_hours, None, PARIS) == paris(23, 12)
    assert earliest_start(paris(23, 15), two_hours, dt.time(16), PARIS) == paris(23, 17)
    assert earliest_start(paris(23, 17), two_hours, dt.time(16), PARIS) == paris(24, 2)


def test_a_promise_counts_opening_days() -> None:
    def ready(day: int, hours: int, closed: set[dt.date] | None = None) -> dt.datetime:
        return ready_by(paris(day, 10), hours, opening=WEEK, closed=closed or set(), zone=PARIS)

    assert ready(23, 0) == paris(23, 18)
    assert ready(23, 24) == paris(24, 18)
    assert ready(23, 48) == paris(25, 18)
    assert ready(27, 48) == paris(27, 18) + dt.timedelta(days=4)
    assert ready(23, 24, {dt.date(2026, 11, 24)}) == paris(25, 18)
    assert ready_by(paris(23, 10), 48, opening=[], closed=set(), zone=PARIS) == paris(25, 10)


@given(st.integers(0, 400), st.integers(23, 27))
def test_a_promise_is_never_before_the_deposit_and_never_shrinks(hours: int, day: int) -> None:
    def ready(turnaround: int) -> dt.datetime:
        return ready_by(paris(day, 10), turnaround, opening=WEEK, closed=set(), zone=PARIS)

    assert paris(day, 10) < ready(hours) <= ready(hours + 24)
