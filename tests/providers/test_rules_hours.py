"""Deadlines in opening hours: cases on the days when clocks change, and what is true for all of them."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from providers.rules.hours import OFFICE_HOURS, Opening, due_in_opening_hours, openings_from

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
