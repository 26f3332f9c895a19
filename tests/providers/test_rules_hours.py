"""Deadlines in opening hours: cases on the days when clocks change, and what is true for all of them."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from providers.rules.hours import (
    FURTHEST_DAYS,
    OFFICE_HOURS,
    Closed,
    Opening,
    closed_on,
    due_in_opening_hours,
    is_closed_throughout,
    must_begin_by,
    openings_from,
    time_open,
)

PARIS = ZoneInfo("Europe/Paris")
UTC = dt.UTC
DAY = dt.date(2026, 1, 1)
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def paris(year: int, month: int, day: int, hour: int) -> dt.datetime:
    return dt.datetime(year, month, day, hour, tzinfo=PARIS).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        (paris(2026, 11, 23, 10), 4, paris(2026, 11, 23, 14)),
        (paris(2026, 11, 23, 17), 4, paris(2026, 11, 24, 12)),
        (paris(2026, 11, 23, 14), 4, paris(2026, 11, 23, 18)),
        (paris(2026, 11, 23, 6), 1, paris(2026, 11, 23, 10)),
        (paris(2026, 11, 27, 17), 4, paris(2026, 11, 30, 12)),
        (paris(2026, 11, 28, 12), 9, paris(2026, 11, 30, 18)),
    ],
)
def test_time_runs_only_while_open(start: dt.datetime, hours: int, due: dt.datetime) -> None:
    assert due_in_opening_hours(start, hours * HOUR, OFFICE_HOURS, PARIS) == due


def test_an_hour_that_clocks_skip_is_not_counted() -> None:
    # 29 March 2026: 2 o'clock becomes 3 o'clock. Open from 1 to 4 on the wall is two real hours.
    night = [Opening(6, dt.time(1), dt.time(4)), Opening(0, dt.time(9), dt.time(10))]
    start = paris(2026, 3, 29, 0)
    assert due_in_opening_hours(start, 2 * HOUR, night, PARIS) == paris(2026, 3, 29, 4)
    assert due_in_opening_hours(start, 3 * HOUR, night, PARIS) == paris(2026, 3, 30, 10)


def test_an_hour_that_clocks_repeat_is_counted_twice() -> None:
    # 25 October 2026: 3 o'clock becomes 2 o'clock. Open from 1 to 4 on the wall is four real hours.
    night = [Opening(6, dt.time(1), dt.time(4))]
    assert due_in_opening_hours(paris(2026, 10, 25, 0), 4 * HOUR, night, PARIS) == paris(2026, 10, 25, 4)


def test_hours_that_meet_in_the_skipped_hour_are_not_counted_twice() -> None:
    night = [Opening(6, dt.time(1), dt.time(2, 30)), Opening(6, dt.time(3), dt.time(4))]
    start = paris(2026, 3, 29, 0)
    assert due_in_opening_hours(start, 2 * HOUR, night, PARIS) == paris(2026, 3, 29, 4)


@pytest.mark.parametrize(("opening", "allowed"), [([], HOUR), (OFFICE_HOURS, 0 * HOUR), (OFFICE_HOURS, -HOUR)])
def test_no_opening_or_no_time_is_refused(opening: list[Opening], allowed: dt.timedelta) -> None:
    with pytest.raises(ValueError, match="deadline"):
        due_in_opening_hours(paris(2026, 11, 23, 10), allowed, opening, PARIS)


@st.composite
def weeks(draw: st.DrawFn) -> list[Opening]:
    found = []
    for weekday in draw(st.sets(st.integers(0, 6), min_size=1)):
        edges = sorted(draw(st.sets(st.integers(0, 95), min_size=2, max_size=4)))
        times = [dt.time(edge // 4, edge % 4 * 15) for edge in edges]
        found += [Opening(weekday, *pair) for pair in zip(times[::2], times[1::2], strict=False)]
    return found


zones = st.sampled_from([PARIS, ZoneInfo("America/Martinique"), ZoneInfo("Indian/Reunion"), UTC])
moments = st.integers(0, 2 * 365 * 24 * 60).map(lambda minute: START + dt.timedelta(minutes=minute))
allowances = st.integers(1, 40 * 60).map(lambda minutes: dt.timedelta(minutes=minutes))


@given(moments, allowances, weeks(), zones)
def test_an_answer_is_always_due_in_an_opening_and_not_too_soon(
    start: dt.datetime, allowed: dt.timedelta, opening: list[Opening], zone: ZoneInfo
) -> None:
    due = due_in_opening_hours(start, allowed, opening, zone)
    assert due > start
    assert due >= start + allowed or due >= start + dt.timedelta(days=50)
    assert any(opens <= due <= closes for opens, closes in openings_from(due - dt.timedelta(days=1), opening, zone))


@given(moments, allowances, allowances, weeks(), zones)
def test_later_or_longer_is_never_due_earlier(
    start: dt.datetime, allowed: dt.timedelta, more: dt.timedelta, opening: list[Opening], zone: ZoneInfo
) -> None:
    due = due_in_opening_hours(start, allowed, opening, zone)
    assert due_in_opening_hours(start, allowed + more, opening, zone) >= due
    assert due_in_opening_hours(start + more, allowed, opening, zone) >= due


@given(moments, allowances, allowances, weeks(), zones)
def test_time_allowed_in_two_parts_is_the_same(
    start: dt.datetime, first: dt.timedelta, second: dt.timedelta, opening: list[Opening], zone: ZoneInfo
) -> None:
    week = sum(
        (dt.datetime.combine(DAY, one.closes) - dt.datetime.combine(DAY, one.opens) for one in opening), 0 * HOUR
    )
    assume(first + second < 6 * week)
    break_at = due_in_opening_hours(start, first, opening, zone)
    assert due_in_opening_hours(break_at, second, opening, zone) == due_in_opening_hours(
        start, first + second, opening, zone
    )


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        (paris(2026, 11, 23, 10), paris(2026, 11, 23, 14), 4),
        (paris(2026, 11, 23, 17), paris(2026, 11, 24, 12), 4),
        (paris(2026, 11, 27, 20), paris(2026, 11, 30, 9), 0),
        (paris(2026, 11, 23, 6), paris(2026, 11, 23, 23), 9),
        (paris(2026, 11, 23, 14), paris(2026, 11, 23, 14), 0),
        (paris(2026, 11, 23, 14), paris(2026, 11, 23, 10), 0),
        (paris(2026, 11, 23, 0), paris(2027, 11, 23, 0), 9 * 44),
    ],
)
def test_opening_time_between_two_moments(start: dt.datetime, end: dt.datetime, hours: int) -> None:
    assert time_open(start, end, OFFICE_HOURS, PARIS) == hours * HOUR


def test_closed_days_count_for_nothing() -> None:
    def closed(day: dt.date) -> bool:
        return dt.date(2026, 11, 24) <= day <= dt.date(2026, 11, 26)

    monday, friday = paris(2026, 11, 23, 17), paris(2026, 11, 27, 12)
    assert due_in_opening_hours(monday, 4 * HOUR, OFFICE_HOURS, PARIS, closed=closed) == friday
    assert time_open(monday, friday, OFFICE_HOURS, PARIS, closed=closed) == 4 * HOUR


def test_who_is_closed_for_sixty_days_has_no_time() -> None:
    start = paris(2026, 11, 23, 10)
    assert due_in_opening_hours(start, HOUR, OFFICE_HOURS, PARIS, closed=lambda day: True) == start
    assert time_open(start, paris(2027, 11, 23, 10), OFFICE_HOURS, PARIS, closed=lambda day: True) == 0 * HOUR


def closures(days: frozenset[int]) -> Closed:
    """Some days of two years."""
    return lambda day: day.toordinal() % 29 in days


AFTER_ALL = dt.timedelta(days=FURTHEST_DAYS + 2)
some_days = st.frozensets(st.integers(0, 28), max_size=25).map(closures)


@given(moments, allowances, weeks(), zones, some_days)
def test_from_a_start_by_the_time_open_one_comes_to_the_end(
    start: dt.datetime, allowed: dt.timedelta, opening: list[Opening], zone: ZoneInfo, closed: Closed
) -> None:
    due = due_in_opening_hours(start, allowed, opening, zone, closed=closed)
    between = time_open(start, due, opening, zone, closed=closed)
    assert between <= allowed
    # Less only for who has no more: to the end of all the days that are looked at, there is no opening left.
    assert between == allowed or between == time_open(start, start + AFTER_ALL, opening, zone, closed=closed)
    if between:
        assert due_in_opening_hours(start, between, opening, zone, closed=closed) == due


@given(moments, allowances, allowances, weeks(), zones, some_days)
def test_opening_time_adds_up(
    start: dt.datetime, first: dt.timedelta, more: dt.timedelta, opening: list[Opening], zone: ZoneInfo, closed: Closed
) -> None:
    middle, end = start + first, start + first + more
    whole = time_open(start, end, opening, zone, closed=closed)
    halves = (
        time_open(start, middle, opening, zone, closed=closed),
        time_open(middle, end, opening, zone, closed=closed),
    )
    assert whole == sum(halves, 0 * HOUR)
    assert 0 * HOUR <= whole <= end - start


def test_work_begins_by_its_appointment_or_in_time_to_be_done() -> None:
    start, end = paris(2026, 11, 23, 10), paris(2026, 11, 24, 18)
    assert must_begin_by(start, end, 2 * HOUR, at_home=True) == start
    assert must_begin_by(start, end, 2 * HOUR, at_home=False) == paris(2026, 11, 24, 16)
    assert must_begin_by(start, end, 90 * HOUR, at_home=False) == start


@pytest.mark.parametrize(
    ("closures", "first", "last", "is_closed"),
    [
        ([], 1, 1, False),
        ([(1, 1)], 1, 1, True),
        ([(1, 5)], 2, 4, True),
        ([(1, 5)], 0, 1, False),
        ([(1, 5)], 5, 6, False),
        ([(6, 9), (1, 5)], 2, 9, True),
        ([(7, 9), (1, 5)], 2, 9, False),
    ],
)
def test_closed_on_every_day(closures: list[tuple[int, int]], first: int, last: int, is_closed: bool) -> None:
    days = [(_day(begin), _day(end)) for begin, end in closures]
    assert is_closed_throughout(_day(first), _day(last), days) is is_closed


def _day(number: int) -> dt.date:
    return DAY + dt.timedelta(days=number)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 9)), max_size=5), st.integers(0, 30), st.integers(0, 15))
def test_closed_on_every_day_is_what_each_day_says(spans: list[tuple[int, int]], first: int, length: int) -> None:
    closures = [(_day(begin), _day(begin + more)) for begin, more in spans]
    closed, days = closed_on(closures), [_day(first + n) for n in range(length + 1)]
    assert is_closed_throughout(days[0], days[-1], closures) is all(closed(day) for day in days)
