"""Working times of a day and of a week, before and after they are published, in clock times of the site."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from zoneinfo import ZoneInfo

from workers.rules.intervals import Interval, between_clocks, clock_exists

# Hours are shared out by quarters of an hour.
STEP = 15
# A day of six hours has a break (L6): proposed a little longer than the twenty minutes of the law.
BREAK_FROM, BREAK = 6 * 60, 30
Window = tuple[dt.time, dt.time]


@dataclass(frozen=True)
class DayHours:
    """From when to when somebody works on a day, with one break or none."""

    starts: dt.time
    ends: dt.time
    break_starts: dt.time | None = None
    break_ends: dt.time | None = None

    def __post_init__(self) -> None:
        """Raises ``ValueError`` for times out of order, or half a break."""
        marks = [self.starts, self.break_starts, self.break_ends, self.ends]
        if (self.break_starts is None) != (self.break_ends is None):
            raise ValueError("a break has two ends")
        known = [mark for mark in marks if mark is not None]
        if any(after <= before for before, after in pairwise(known)):
            raise ValueError("the times of a day go forward")

    @property
    def windows(self) -> tuple[Window, ...]:
        """The working time as one stretch, or the two around the break."""
        if self.break_starts is None or self.break_ends is None:
            return ((self.starts, self.ends),)
        return ((self.starts, self.break_starts), (self.break_ends, self.ends))

    @property
    def minutes(self) -> int:
        """Minutes of working time, the break apart."""
        return sum(minutes_between(one) for one in self.windows)

    def intervals(self, day: dt.date, zone: ZoneInfo) -> tuple[Interval, ...]:
        """The working time of a day, in UTC; empty when the change of the clocks leaves none of it."""
        return between_clocks((mark for window in self.windows for mark in window), day, zone)

    def missing_times(self, day: dt.date, zone: ZoneInfo) -> tuple[str, ...]:
        """Names of the times that the clock does not show on that day."""
        times = {name: getattr(self, name) for name in ("starts", "break_starts", "break_ends", "ends")}
        return tuple(name for name, time in times.items() if time is not None and not clock_exists(day, time, zone))


def minutes_between(window: Window) -> int:
    """Minutes from one time of day to a later one."""
    start, end = window
    return (end.hour - start.hour) * 60 + end.minute - start.minute


def later(time: dt.time, minutes: int) -> dt.time:
    """The time of day some minutes later, on the same day."""
    total = time.hour * 60 + time.minute + minutes
    return dt.time(total // 60, total % 60)


def hours_of(windows: Sequence[Window]) -> DayHours | None:
    """The hours of a day of usual hours: from the first to the last, the first gap is the break. None without any."""
    ordered = sorted(windows)
    if not ordered:
        return None
    if len(ordered) == 1 or ordered[0][1] >= ordered[1][0]:
        return DayHours(ordered[0][0], ordered[-1][1])
    return DayHours(ordered[0][0], ordered[-1][1], ordered[0][1], ordered[1][0])


def proposed_week(
    usual: Mapping[int, Sequence[Window]], weekly_minutes: int, off: Collection[int] = ()
) -> dict[int, DayHours]:
    """A week (0 = Monday) of ``weekly_minutes`` shared out over the usual days, each from its usual beginning.

    The days ``off`` (public holiday, absence) keep their share and are left out: nobody makes up for them.
    """
    days = {weekday: hours for weekday in sorted(usual) if (hours := hours_of(usual[weekday])) is not None}
    room = {weekday: _room(hours) for weekday, hours in days.items()}
    left = weekly_minutes // STEP
    share = dict.fromkeys(days, 0)
    while left:
        open_days = [weekday for weekday in days if share[weekday] < room[weekday]]
        if not open_days:
            break
        for weekday in open_days[:left]:
            share[weekday] += 1
        left -= min(left, len(open_days))
    return {
        weekday: _cut(days[weekday], share[weekday] * STEP) for weekday in days if share[weekday] and weekday not in off
    }


def _room(hours: DayHours) -> int:
    """Quarters of an hour that can be worked on the day."""
    minutes = hours.minutes
    if hours.break_starts is None and minutes >= BREAK_FROM:
        minutes = max(BREAK_FROM - STEP, minutes - BREAK)
    return minutes // STEP


def _cut(hours: DayHours, minutes: int) -> DayHours:
    """The first ``minutes`` of the day."""
    morning = minutes_between(hours.windows[0])
    if hours.break_starts is not None and hours.break_ends is not None:
        if minutes <= morning:
            return DayHours(hours.starts, later(hours.starts, minutes))
        return DayHours(hours.starts, later(hours.break_ends, minutes - morning), hours.break_starts, hours.break_ends)
    if minutes < BREAK_FROM:
        return DayHours(hours.starts, later(hours.starts, minutes))
    pause = later(hours.starts, minutes // 2 // STEP * STEP)
    return DayHours(hours.starts, later(hours.starts, minutes + BREAK), pause, later(pause, BREAK))
