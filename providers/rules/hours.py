"""Deadlines that fall within opening hours, on the wall clock of the place, right on days when clocks change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
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


def due_in_opening_hours(
    start: dt.datetime, allowed: dt.timedelta, opening: Sequence[Opening], zone: ZoneInfo
) -> dt.datetime:
    """The moment (UTC) when ``allowed`` opening time has passed since ``start``.

    Time really elapsed is counted, so an hour that a clock change removes or repeats is not lost or given twice.
    The answer always lies within an opening, its end included; who opens so rarely that sixty days are not enough has
    until the last closing time of these days. Raises ``ValueError`` without any opening or with a
    time allowed that is not positive.
    """
    if not opening or allowed <= dt.timedelta(0):
        raise ValueError("a deadline needs an opening and a positive time")
    left, counted_to = allowed, start.astimezone(dt.UTC)
    for opens, closes in openings_from(start, opening, zone):
        begin = max(opens, counted_to)
        if begin >= closes:
            continue
        if left <= closes - begin:
            return begin + left
        left -= closes - begin
        counted_to = closes
    return counted_to


def openings_from(
    start: dt.datetime, opening: Sequence[Opening], zone: ZoneInfo
) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """Real openings as UTC pairs in order, from the day of ``start`` on."""
    first = start.astimezone(zone).date()
    hours = sorted(opening, key=lambda one: (one.weekday, one.opens))
    for offset in range(FURTHEST_DAYS):
        day = first + dt.timedelta(days=offset)
        for one in hours:
            if one.weekday == day.weekday():
                opens, closes = (_instant(day, time, zone) for time in (one.opens, one.closes))
                if opens < closes:
                    yield opens, closes


def _instant(day: dt.date, time: dt.time, zone: ZoneInfo) -> dt.datetime:
    """Wall-clock time as UTC. A time that exists twice is the first; one that does not exist is moved by the gap."""
    return dt.datetime.combine(day, time.replace(fold=0), tzinfo=zone).astimezone(dt.UTC)
