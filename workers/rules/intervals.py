"""Half-open stretches of time ``[start, end)``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from zoneinfo import ZoneInfo

# The same in whole seconds since 1970: how the time of many people is read and added up.
Span = tuple[int, int]
ALWAYS: Span = (-(1 << 60), 1 << 60)


@dataclass(frozen=True, order=True)
class Interval:
    """From ``start`` (included) to ``end`` (excluded), both aware."""

    start: dt.datetime
    end: dt.datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("an interval needs aware times")
        if self.end <= self.start:
            raise ValueError("an interval ends after it starts")

    @property
    def length(self) -> dt.timedelta:
        """Real time elapsed, whatever the clocks did in the meantime."""
        return self.end.astimezone(dt.UTC) - self.start.astimezone(dt.UTC)

    @property
    def span(self) -> Span:
        """In whole seconds, those that have begun included: at least as long as it is."""
        return int(self.start.timestamp() // 1), int(-(-self.end.timestamp() // 1))

    def overlaps(self, other: Interval) -> bool:
        """Whether they share an instant; touching ends do not."""
        return self.start < other.end and other.start < self.end

    def within(self, other: Interval) -> bool:
        """Whether this one lies entirely in the other."""
        return other.start <= self.start and self.end <= other.end


def merged(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time as disjoint stretches in order; touching ones become one."""
    result: list[Interval] = []
    for interval in sorted(intervals):
        if result and interval.start <= result[-1].end:
            result[-1] = Interval(result[-1].start, max(result[-1].end, interval.end))
        else:
            result.append(interval)
    return result


@lru_cache(maxsize=256)
def civil_day(day: dt.date, zone: ZoneInfo) -> Interval:
    """Midnight to midnight in the zone: 23 or 25 hours long when the clocks change."""
    start = dt.datetime.combine(day, dt.time(), zone)
    end = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), zone)
    return Interval(start.astimezone(dt.UTC), end.astimezone(dt.UTC))


def at_clock(day: dt.date, time: dt.time, zone: ZoneInfo) -> dt.datetime:
    """A time of the clock on the wall, in UTC. One that does not exist that day (the clocks go forward) is read as the
    hour after the change, one that exists twice as the first of the two."""
    return dt.datetime.combine(day, time.replace(fold=0), zone).astimezone(dt.UTC)


def clock_exists(day: dt.date, time: dt.time, zone: ZoneInfo) -> bool:
    """Whether the clock on the wall shows that time on that day."""
    return at_clock(day, time, zone).astimezone(zone).time().replace(fold=0) == time


def between_clocks(times: Iterable[dt.time], day: dt.date, zone: ZoneInfo) -> tuple[Interval, ...]:
    """Stretches between times of the clock in order, by twos. What of them the change of the clocks leaves no time for
    is left out: 2:30 to 3:00 does not exist when the clocks go from 2:00 to 3:00."""
    marks = list(accumulate((at_clock(day, time, zone) for time in times), max))
    return tuple(Interval(start, end) for start, end in zip(marks[::2], marks[1::2], strict=True) if start < end)


@lru_cache(maxsize=64)
def civil_week(day: dt.date, zone: ZoneInfo) -> Interval:
    """Monday 0:00 to the next Monday 0:00 around the day (Labour Code L3121-35)."""
    monday = day - dt.timedelta(days=day.weekday())
    return Interval(civil_day(monday, zone).start, civil_day(monday + dt.timedelta(days=6), zone).end)


def clipped(intervals: Iterable[Interval], window: Interval) -> list[Interval]:
    """What of the intervals lies in the window."""
    return [
        Interval(max(interval.start, window.start), min(interval.end, window.end))
        for interval in intervals
        if interval.overlaps(window)
    ]


@lru_cache(maxsize=64)
def week_span(day: dt.date, zone: ZoneInfo) -> Span:
    """The civil week around the day, in seconds."""
    return civil_week(day, zone).span


def covered(spans: Iterable[Span], window: Span) -> int:
    """Seconds of a window that the spans cover, those of several counted once."""
    found, (until, closing) = 0, window
    for begins, ends in sorted(spans):
        start, end = max(begins, until), min(ends, closing)
        if start < end:
            found += end - start
            until = end
    return found


def total(intervals: Iterable[Interval]) -> dt.timedelta:
    """Time covered at least once."""
    return sum((interval.length for interval in merged(intervals)), dt.timedelta())


def first_free(
    duration: dt.timedelta, *, open_windows: Iterable[Interval], busy: Iterable[Interval], earliest: dt.datetime
) -> dt.datetime | None:
    """Earliest start from ``earliest`` on at which ``duration`` fits in an open window and touches nothing busy."""
    taken = merged(busy)
    for window in merged(open_windows):
        start = max(window.start, earliest)
        for interval in taken:
            if start + duration <= interval.start:
                break
            start = max(start, interval.end)
        if start + duration <= window.end:
            return start
    return None
