"""When: slots of opening hours in a site's own time, earliest moments, promises in opening days.

Opening hours are wall-clock time. On the two nights a year when clocks change, a wall time may not exist or exist
twice: no slot starts or ends there, and every slot really lasts as long as it says (trust.md R38).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

UTC = dt.UTC
# A closing time further away than this is not a promise any more.
FURTHEST_DAYS = 120


@dataclass(frozen=True)
class Opening:
    """One opening of one weekday (0 = Monday), wall-clock time."""

    weekday: int
    opens: dt.time
    closes: dt.time


@dataclass(frozen=True)
class Grid:
    """How opening hours are cut: minutes per slot and places in each."""

    minutes: int
    capacity: int


@dataclass(frozen=True)
class FreeSlot:
    """A slot with at least one place left; aware UTC."""

    starts_at: dt.datetime
    ends_at: dt.datetime
    left: int


def instant(day: dt.date, time: dt.time, zone: ZoneInfo) -> dt.datetime | None:
    """A wall-clock time as UTC, or ``None`` when it does not exist on that day or exists twice."""
    first = dt.datetime.combine(day, time.replace(fold=0), tzinfo=zone)
    second = first.replace(fold=1)
    if first.utcoffset() != second.utcoffset():
        return None
    return first.astimezone(UTC)


def slots_of_day(
    day: dt.date, opening: Sequence[Opening], grid: Grid, zone: ZoneInfo
) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """Every (start, end) in UTC into which the openings of a day are cut, in order."""
    step = dt.timedelta(minutes=grid.minutes)
    for hours in sorted((o for o in opening if o.weekday == day.weekday()), key=lambda o: o.opens):
        wall = dt.datetime.combine(day, hours.opens)
        closing = dt.datetime.combine(day, hours.closes)
        while wall + step <= closing:
            start = instant(day, wall.time(), zone)
            end = instant(day, (wall + step).time(), zone)
            if start is not None and end is not None and end - start == step:
                yield start, end
            wall += step


def earliest_start(now: dt.datetime, lead_time: dt.timedelta, cut_off: dt.time | None, zone: ZoneInfo) -> dt.datetime:
    """First moment that may be booked. After the cut-off an order counts as made at the next midnight."""
    local = now.astimezone(zone)
    if cut_off is not None and local.time() > cut_off:
        midnight = dt.datetime.combine(local.date() + dt.timedelta(days=1), dt.time(0), tzinfo=zone)
        now = midnight.astimezone(UTC)
    return now.astimezone(UTC) + lead_time


def free_slots(
    *,
    opening: Sequence[Opening],
    closed: Collection[dt.date],
    grid: Grid,
    left: Mapping[dt.datetime, int],
    earliest: dt.datetime,
    zone: ZoneInfo,
    first_day: dt.date,
    days: int,
) -> list[FreeSlot]:
    """Slots with a place left between ``first_day`` and ``days`` days later, not before ``earliest``, in order.

    ``closed`` holds closures, public holidays and days whose orders are full; ``left`` the places left of the slots
    somebody touched already (keys in UTC), every other slot has all its places.
    """
    found = []
    for offset in range(days):
        day = first_day + dt.timedelta(days=offset)
        if day in closed:
            continue
        for start, end in slots_of_day(day, opening, grid, zone):
            places = left.get(start, grid.capacity)
            if start >= earliest and places > 0:
                found.append(FreeSlot(start, end, places))
    return found


def ready_by(
    start: dt.datetime,
    turnaround_hours: int,
    *,
    opening: Sequence[Opening],
    closed: Collection[dt.date],
    zone: ZoneInfo,
) -> dt.datetime:
    """When something left at the desk is promised: at closing time, so many opening days after the day it was left.

    Twenty-four started hours of turnaround are one opening day; none means the same day. A site that opens no more
    within ``FURTHEST_DAYS`` gets the plain number of hours.
    """
    wanted = -(-turnaround_hours // 24)
    day = start.astimezone(zone).date()
    for offset in range(FURTHEST_DAYS):
        candidate = day + dt.timedelta(days=offset)
        closing = _closing(candidate, opening, closed, zone)
        if closing is None or closing <= start:
            continue
        if wanted == 0 or (offset and wanted == 1):
            return closing
        if offset:
            wanted -= 1
    return start + dt.timedelta(hours=turnaround_hours)


def _closing(
    day: dt.date, opening: Sequence[Opening], closed: Collection[dt.date], zone: ZoneInfo
) -> dt.datetime | None:
    ends = [o.closes for o in opening if o.weekday == day.weekday()]
    return instant(day, max(ends), zone) if ends and day not in closed else None
