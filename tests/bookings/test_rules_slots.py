"""Slots in the site's own time, whatever the clocks do."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.rules.slots import (
    Opening,
    Visit,
    Window,
    earliest_start,
    fits,
    free_slots,
    instant,
    is_plain,
    places_left,
    ready_by,
    starts_of,
    window_of,
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
        "visit": Visit(60, 60, 2),
        "lanes": [],
        "earliest": paris(23, 0),
        "zone": PARIS,
        "first_day": dt.date(2026, 11, 23),
        "days": 1,
    }
    return [slot.starts_at for slot in free_slots(**{**given, **changes})]


def test_a_day_is_cut_into_slots_that_end_before_closing() -> None:
    assert free() == [paris(23, hour) for hour in range(9, 18)]
    assert free(visit=Visit(240, 240, 1)) == [paris(23, 9), paris(23, 13)]


def test_closed_days_full_slots_and_early_moments_are_left_out() -> None:
    assert free(closed={dt.date(2026, 11, 23)}) == []
    assert free(first_day=dt.date(2026, 11, 28), days=2) == []
    one, other = [(paris(23, 9), paris(23, 10))], [(paris(23, 9), paris(23, 11))]
    assert free(lanes=[one])[0] == paris(23, 9)
    assert free(lanes=[one, other])[0] == paris(23, 10)
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
    opening = Opening(6, dt.time(opens), dt.time(opens + 5))
    window = window_of(day, opening, PARIS)
    assert window is not None
    last = None
    for start, end in starts_of(day, opening, window, Visit(minutes, minutes, 1), PARIS):
        assert end - start == dt.timedelta(minutes=minutes)
        wall = start.astimezone(PARIS)
        from_opening = (wall.hour - opens) * 60 + wall.minute
        assert from_opening % minutes == 0
        assert instant(day, wall.time(), PARIS) == start
        assert is_plain(end, PARIS)
        assert last is None or start > last
        last = start


def test_times_are_offered_by_the_step_and_last_as_long_as_they_take() -> None:
    long = free(visit=Visit(95, 30, 1))
    assert (long[0], long[1], long[-1]) == (paris(23, 9), paris(23, 9, 30), paris(23, 16))
    short = free(visit=Visit(10, 30, 1))
    assert (short[0], short[-1]) == (paris(23, 9), paris(23, 17, 30))
    lane = [(paris(23, 10, 15), paris(23, 11, 50))]
    assert free(visit=Visit(95, 30, 1), lanes=[lane])[:2] == [paris(23, 12), paris(23, 12, 30)]
    assert free(visit=Visit(75, 15, 1), lanes=[lane])[0] == paris(23, 9)
    assert free(visit=Visit(10, 30, 1), lanes=[lane])[:3] == [paris(23, 9), paris(23, 9, 30), paris(23, 10)]


def test_any_start_that_fits_is_right() -> None:
    visit, day = Visit(95, 30, 1), [Window(paris(23, 9), paris(23, 12)), Window(paris(23, 12, 30), paris(23, 18))]
    at_these = [(9, 0), (10, 25), (9, 50), (10, 30), (8, 55), (11, 0), (16, 25), (16, 30), (9, 2)]
    assert [fits(paris(23, hour, minute), visit, day, PARIS) for hour, minute in at_these] == [
        True,
        True,
        True,
        False,
        False,
        False,
        True,
        False,
        False,
    ]


def moments(minutes: list[int]) -> list[dt.datetime]:
    return [paris(23, 0) + dt.timedelta(minutes=5 * minute) for minute in minutes]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 100), st.integers(1, 30)), max_size=12),
    st.integers(1, 24),
    st.lists(st.integers(0, 120), unique=True, max_size=40),
)
def test_places_left_are_what_counting_gives(taken: list[tuple[int, int, int]], length: int, starts: list[int]) -> None:
    """Against the plain definition: a lane counts when anything on it overlaps the visit."""
    lanes: dict[int, list[tuple[int, int]]] = {}
    for lane, begins, lasts in sorted(taken):
        mine = lanes.setdefault(lane, [])
        if not mine or mine[-1][1] < begins:
            mine.append((begins, begins + lasts))
    starts.sort()
    wanted = [
        4 - sum(any(b < start + length and e > start for b, e in lane) for lane in lanes.values()) for start in starts
    ]
    given_lanes = [[(moments([b])[0], moments([e])[0]) for b, e in lane] for lane in lanes.values()]
    assert places_left(moments(starts), Visit(5 * length, 5, 4), given_lanes) == wanted


@pytest.mark.promise("R38")
def test_an_opening_across_the_change_of_clocks_is_as_long_as_it_really_is() -> None:
    night = Opening(6, dt.time(1), dt.time(5))

    def offered(day: dt.date) -> list[str]:
        window = window_of(day, night, PARIS)
        assert window is not None
        found = starts_of(day, night, window, Visit(60, 30, 1), PARIS)
        return [start.astimezone(PARIS).strftime("%H:%M") for start, _end in found]

    assert offered(SPRING) == ["01:00", "01:30", "03:00", "03:30", "04:00"]
    assert offered(AUTUMN) == ["03:00", "03:30", "04:00"]
    cut = window_of(AUTUMN, Opening(6, dt.time(2, 30), dt.time(5)), PARIS)
    assert cut is not None
    assert cut.starts_at == dt.datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert not fits(cut.starts_at, Visit(60, 30, 1), [cut], PARIS)


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
