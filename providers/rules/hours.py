"""Deadlines that fall within opening hours, on the wall clock of the place, right on days when clocks change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

# Nobody waits longer than this for an answer, however rarely they are open.
FURTHEST_DAYS = 60


@dataclass(frozen=True)
class Opening:
    """One opening of one weekday (0 = Monday), wall-clock time; ``closes`` is after ``opens``."""

    weekday: int
    opens: dt.time
    closes: dt.time


# For providers who gave no hours: weekdays, nine to six.
OFFICE_HOURS = tuple(Opening(day, dt.time(9), dt.time(18)) for day in range(5))


# Days on which nobody is there, whatever the hours.
Closed = Callable[[dt.date], bool]


# First and last day, both included.
Days = tuple[dt.date, dt.date]


def never_closed(day: dt.date) -> bool:
    """Open whenever the hours say so."""
    return False


def closed_on(closures: Sequence[Days]) -> Closed:
    """Whether a day is one of some closures."""
    return lambda day: any(first <= day <= last for first, last in closures)


def is_closed_throughout(first: dt.date, last: dt.date, closures: Sequence[Days]) -> bool:
    """Whether every day from ``first`` to ``last`` is one of some closures."""
    day = first
    for begins, ends in sorted(closures):
        if begins <= day <= ends:
            if ends >= last:
                return True
            day = ends + dt.timedelta(days=1)
    return False


def due_in_opening_hours(
    start: dt.datetime,
    allowed: dt.timedelta,
    opening: Sequence[Opening],
    zone: ZoneInfo,
    *,
    closed: Closed = never_closed,
) -> dt.datetime:
    """The moment (UTC) when ``allowed`` opening time has passed since ``start``.

    Time really elapsed is counted, so an hour that a clock change removes or repeats is not lost or given twice.
    The answer always lies within an opening, its end included; who opens so rarely that sixty days are not enough has
    until the last closing time of these days, who is closed on all of them until ``start``. Raises ``ValueError``
    without any opening or with a time allowed that is not positive.
    """
    if not opening or allowed <= dt.timedelta(0):
        raise ValueError("a deadline needs an opening and a positive time")
    left, counted_to = allowed, start.astimezone(dt.UTC)
    for begin, closes in stretches_from(start, opening, zone, closed=closed):
        if left <= closes - begin:
            return begin + left
        left -= closes - begin
        counted_to = closes
    return counted_to


def time_open(
    start: dt.datetime,
    end: dt.datetime,
    opening: Sequence[Opening],
    zone: ZoneInfo,
    *,
    closed: Closed = never_closed,
) -> dt.timedelta:
    """Opening time between two moments: what ``due_in_opening_hours`` counts, so that it leads from one to the other.

    Not more than sixty days of the calendar are looked at; nothing when ``end`` is not after ``start``.
    """
    total = dt.timedelta(0)
    for begin, closes in stretches_from(start, opening, zone, closed=closed):
        if begin >= end:
            break
        total += min(closes, end) - begin
    return total


def must_begin_by(start: dt.datetime, end: dt.datetime, work: dt.timedelta, *, at_home: bool) -> dt.datetime:
    """When promised work begins at the latest: with somebody who waits for it, else in time to be done."""
    return start if at_home else max(start, end - work)


def stretches_from(
    start: dt.datetime, opening: Sequence[Opening], zone: ZoneInfo, *, closed: Closed = never_closed
) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """What is left of the openings from a moment on, as UTC pairs in order; no moment is in two of them."""
    counted_to = start.astimezone(dt.UTC)
    for opens, closes in openings_from(start, opening, zone, closed=closed):
        begin = max(opens, counted_to)
        if begin < closes:
            yield begin, closes
            counted_to = closes


def openings_from(
    start: dt.datetime, opening: Sequence[Opening], zone: ZoneInfo, *, closed: Closed = never_closed
) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """Real openings as UTC pairs in order, from the day of ``start`` on."""
    first = start.astimezone(zone).date()
    hours = sorted(opening, key=lambda one: (one.weekday, one.opens))
    for offset in range(FURTHEST_DAYS):
        day = first + dt.timedelta(days=offset)
        if closed(day):
            continue
        for one in hours:
            if one.weekday == day.weekday():
                opens, closes = (_instant(day, time, zone) for time in (one.opens, one.closes))
                if opens < closes:
                    yield opens, closes


def _instant(day: dt.date, time: dt.time, zone: ZoneInfo) -> dt.datetime:
    """Wall-clock time as UTC. A time that exists twice is the first; one that does not exist is moved by the gap."""
    return dt.datetime.combine(day, time.replace(fold=0), tzinfo=zone).astimezone(dt.UTC)
