"""The individual record of hours (L19): daily and weekly totals (L3171-2, L3171-3, D3171-8)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from workers.rules.labour.facts import Kind, Work
from workers.rules.labour.timeline import joined, midnights, monday_of


@dataclass(frozen=True)
class DayRecord:
    """A civil day: first start and last end in it (seconds since 1970), seconds of work, and of each kind."""

    day: dt.date
    starts: int
    ends: int
    worked: int
    kinds: dict[Kind, int] = field(default_factory=dict)


@dataclass(frozen=True)
class WeekRecord:
    """A civil week and its days with work."""

    monday: dt.date
    worked: int
    days: tuple[DayRecord, ...]


def record_of(work: Iterable[Work], zone: ZoneInfo, first: dt.date, last: dt.date) -> list[WeekRecord]:
    """Days and weeks with work between two days, both included. Time that is told twice is counted once.

    Seconds by kind are those recorded, breaks included; ``worked`` is what counts as working time (L21, L22).
    """
    pieces = list(work)
    base = first.toordinal()
    marks = midnights(zone, base, last.toordinal() - base + 2)
    weeks: dict[int, list[DayRecord]] = {}
    starts, ends = joined(pieces)
    for place in range(len(marks) - 1):
        opening, closing = marks[place], marks[place + 1]
        inside = [
            (max(start, opening), min(end, closing))
            for start, end in zip(starts, ends, strict=True)
            if start < closing and opening < end
        ]
        if inside:
            kinds = _kinds(pieces, opening, closing)
            day = dt.date.fromordinal(base + place)
            worked = sum(end - start for start, end in inside)
            weeks.setdefault(monday_of(base + place), []).append(
                DayRecord(day, inside[0][0], inside[-1][1], worked, kinds)
            )
    return [
        WeekRecord(dt.date.fromordinal(monday), sum(day.worked for day in days), tuple(days))
        for monday, days in sorted(weeks.items())
    ]


def _kinds(pieces: list[Work], opening: int, closing: int) -> dict[Kind, int]:
    found: dict[Kind, int] = {}
    for kind in Kind:
        starts, ends = _one_kind(pieces, kind)
        seconds = sum(max(0, min(end, closing) - max(start, opening)) for start, end in zip(starts, ends, strict=True))
        if seconds:
            found[kind] = seconds
    return found


def _one_kind(pieces: list[Work], kind: Kind) -> tuple[list[int], list[int]]:
    """Disjoint stretches of one kind; a break is counted like the others here."""
    return joined([Work(one.start, one.end) for one in pieces if one.kind is kind])
