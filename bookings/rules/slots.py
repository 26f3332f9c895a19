"""When: the windows in which somebody is received, the times that fit into them, promises in opening days.

Opening hours are wall-clock time. On the two nights a year when clocks change, a wall time may not exist or exist
twice: nothing begins or ends there, and every stretch really lasts as long as it says (trust.md R38).
"""

from __future__ import annotations

import bisect
import datetime as dt
import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

UTC = dt.UTC
# A closing time further away than this is not a promise any more.
FURTHEST_DAYS = 120
# Times are given to five minutes.
FINEST = 5
# Nothing keeps a lane longer.
LONGEST_TAKEN = dt.timedelta(days=1)


@dataclass(frozen=True)
class Opening:
    """One opening of one weekday (0 = Monday), wall-clock time."""

    weekday: int
    opens: dt.time
    closes: dt.time


@dataclass(frozen=True)
class Visit:
    """How times are offered: minutes that one takes, from one start to the next, how many side by side; on the way."""

    minutes: int
    step: int
    capacity: int
    # Kept free after it: whoever was there is on the way to the next one.
    travel: int = 0

    @property
    def length(self) -> dt.timedelta:
        """How long one takes."""
        return dt.timedelta(minutes=self.minutes)

    @property
    def taken(self) -> dt.timedelta:
        """How long nobody else has that lane; a day at most, as holds last."""
        return min(dt.timedelta(minutes=self.minutes + self.travel), max(self.length, LONGEST_TAKEN))


@dataclass(frozen=True)
class Window:
    """A stretch of time in which somebody is received; aware UTC."""

    starts_at: dt.datetime
    ends_at: dt.datetime


@dataclass(frozen=True)
class FreeSlot:
    """A time that can be booked, and how many may still book it; aware UTC."""

    starts_at: dt.datetime
    ends_at: dt.datetime
    left: int


# What is taken on one lane: stretches in order that neither touch nor overlap.
Lane = Sequence[tuple[dt.datetime, dt.datetime]]


def instant(day: dt.date, time: dt.time, zone: ZoneInfo) -> dt.datetime | None:
    """A wall-clock time as UTC, or ``None`` when it does not exist on that day or exists twice."""
    first = dt.datetime.combine(day, time.replace(fold=0), tzinfo=zone)
    second = first.replace(fold=1)
    if first.utcoffset() != second.utcoffset():
        return None
    return first.astimezone(UTC)


def is_plain(moment: dt.datetime, zone: ZoneInfo) -> bool:
    """Whether the wall-clock time of a moment means that moment only."""
    local = moment.astimezone(zone)
    return instant(local.date(), local.time(), zone) is not None


def window_of(day: dt.date, opening: Opening, zone: ZoneInfo) -> Window | None:
    """The opening of a day; one that begins or ends at a wall time that is not plain is cut to what is certain."""
    opens, closes = (
        [dt.datetime.combine(day, time.replace(fold=fold), tzinfo=zone).astimezone(UTC) for fold in (0, 1)]
        for time in (opening.opens, opening.closes)
    )
    return Window(max(opens), min(closes)) if max(opens) < min(closes) else None


def windows_of(
    opening: Sequence[Opening], closed: Collection[dt.date], *, zone: ZoneInfo, first_day: dt.date, days: int
) -> list[tuple[dt.date, Opening, Window]]:
    """Every opening of the days that are not closed, in order."""
    week: dict[int, list[Opening]] = {}
    for hours in sorted(opening, key=lambda o: o.opens):
        week.setdefault(hours.weekday, []).append(hours)
    found = []
    for offset in range(days):
        day = first_day + dt.timedelta(days=offset)
        for hours in [] if day in closed else week.get(day.weekday(), []):
            window = window_of(day, hours, zone)
            if window is not None:
                found.append((day, hours, window))
    return found


def starts_of(
    day: dt.date, opening: Opening, window: Window, visit: Visit, zone: ZoneInfo
) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """Every (start, end) in UTC offered in one opening: the first as it opens, then one per step on the clock."""
    step = dt.timedelta(minutes=visit.step)
    opens, closes = instant(day, opening.opens, zone), instant(day, opening.closes, zone)
    if opens and closes and opens.astimezone(zone).utcoffset() == closes.astimezone(zone).utcoffset():
        start = window.starts_at
        while start + visit.length <= window.ends_at:
            yield start, start + visit.length
            start += step
        return
    wall, closing = dt.datetime.combine(day, opening.opens), dt.datetime.combine(day, opening.closes)
    while wall < closing:
        moment = instant(day, wall.time(), zone)
        if moment is not None and _fits(moment, visit, window, zone):
            yield moment, moment + visit.length
        wall += step


def _fits(start: dt.datetime, visit: Visit, window: Window, zone: ZoneInfo) -> bool:
    end = start + visit.length
    inside = window.starts_at <= start and end <= window.ends_at
    return inside and is_plain(start, zone) and is_plain(end, zone)


def fits(start: dt.datetime, visit: Visit, windows: Iterable[Window], zone: ZoneInfo) -> bool:
    """Whether a visit may begin at a moment: in five minutes, inside one window, and at a plain wall time."""
    whole = start.second == start.microsecond == 0 and start.minute % FINEST == 0
    return whole and any(_fits(start, visit, window, zone) for window in windows)


def earliest_start(now: dt.datetime, lead_time: dt.timedelta, cut_off: dt.time | None, zone: ZoneInfo) -> dt.datetime:
    """First moment that may be booked. After the cut-off an order counts as made at the next midnight."""
    local = now.astimezone(zone)
    if cut_off is not None and local.time() > cut_off:
        midnight = dt.datetime.combine(local.date() + dt.timedelta(days=1), dt.time(0), tzinfo=zone)
        now = midnight.astimezone(UTC)
    return now.astimezone(UTC) + lead_time


def places_left(starts: Sequence[dt.datetime], visit: Visit, lanes: Iterable[Lane]) -> list[int]:
    """How many may still begin at each of these moments, given what is taken on each lane."""
    taken = [0] * (len(starts) + 1)
    for lane in lanes:
        blocked_to = 0
        for begins, ends in lane:
            # What begins after this minus a visit and its way, and before this ends, would overlap it.
            low = max(bisect.bisect_right(starts, begins - visit.taken), blocked_to)
            high = bisect.bisect_left(starts, ends)
            if low < high:
                taken[low] += 1
                taken[high] -= 1
                blocked_to = high
    return [visit.capacity - count for count in itertools.accumulate(taken[:-1])]


def free_slots(
    *,
    opening: Sequence[Opening],
    closed: Collection[dt.date],
    visit: Visit,
    lanes: Iterable[Lane],
    earliest: dt.datetime,
    zone: ZoneInfo,
    first_day: dt.date,
    days: int,
    also: Collection[dt.datetime] = (),
) -> list[FreeSlot]:
    """Times with a place left between ``first_day`` and ``days`` days later, not before ``earliest``, in order.

    ``closed`` holds closures, public holidays and days whose orders are full; ``lanes`` what is taken already; ``also``
    further starts, where a visit fits.
    """
    windows = windows_of(opening, closed, zone=zone, first_day=first_day, days=days)
    offered = [
        (start, end)
        for day, hours, window in windows
        if window.ends_at > earliest
        for start, end in starts_of(day, hours, window, visit, zone)
        if start >= earliest
    ]
    if also:
        fitting = [one for one in also if one >= earliest and fits(one, visit, (w for _d, _o, w in windows), zone)]
        offered = sorted({*offered, *((one, one + visit.length) for one in fitting)})
    left = places_left([start for start, _end in offered], visit, lanes)
    return [FreeSlot(start, end, places) for (start, end), places in zip(offered, left, strict=True) if places > 0]


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
