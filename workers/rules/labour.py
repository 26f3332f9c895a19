"""Labour Code, on planned time (domain.md 4.2). One function per rule: it gets worked intervals, it answers breaches.

Each function takes all the work of the days around, the new piece included, so that the same rule serves planned and
real time. The other rules (L2, L3, L5, L7 …) join ``RULES`` under the same signature.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from zoneinfo import ZoneInfo

from workers.rules.intervals import Interval, civil_day, clipped, merged, total

DAILY_WORK = dt.timedelta(hours=10)
DAILY_REST = dt.timedelta(hours=11)
BREAK_DUE_AT = dt.timedelta(hours=6)
BREAK = dt.timedelta(minutes=20)


@dataclass(frozen=True)
class Breach:
    """A rule broken on a civil day: its number in domain.md 4.2, its article, and the measured duration."""

    rule: str
    article: str
    day: dt.date
    measured: dt.timedelta


Rule = Callable[[Sequence[Interval], dt.date, ZoneInfo], "Breach | None"]


def daily_work(work: Sequence[Interval], day: dt.date, zone: ZoneInfo) -> Breach | None:
    """L1: at most 10 hours of work in a civil day (L3121-18)."""
    worked = total(clipped(work, civil_day(day, zone)))
    return Breach("L1", "L3121-18", day, worked) if worked > DAILY_WORK else None


def daily_rest(work: Sequence[Interval], day: dt.date, zone: ZoneInfo) -> Breach | None:
    """L4: at least 11 hours in a row between the last work of a day and the first of the next (L3131-1).

    Looks at the rest before ``day`` and after it, and reports the shorter one.
    """
    this = _worked_on(work, day, zone)
    if not this:
        return None
    rests: list[dt.timedelta] = []
    before = _worked_on(work, day - dt.timedelta(days=1), zone)
    after = _worked_on(work, day + dt.timedelta(days=1), zone)
    if before:
        rests.append(this[0].start - before[-1].end)
    if after:
        rests.append(after[0].start - this[-1].end)
    shortest = min(rests, default=DAILY_REST)
    return Breach("L4", "L3131-1", day, shortest) if shortest < DAILY_REST else None


def daily_break(work: Sequence[Interval], day: dt.date, zone: ZoneInfo) -> Breach | None:
    """L6: as soon as the work of a day reaches 6 hours, a break of 20 minutes in a row has been or is given (L3121-16).

    The break lies between two pieces of work and begins when 6 hours at most are worked: six hours exactly at the end
    of a day need it too. The measured duration is the work done without it.
    """
    pieces = _worked_on(work, day, zone)
    worked = total(pieces)
    if worked < BREAK_DUE_AT:
        return None
    since_morning = dt.timedelta()
    for piece, following in pairwise(pieces):
        since_morning += piece.length
        if since_morning > BREAK_DUE_AT:
            break
        if following.start - piece.end >= BREAK:
            return None
    return Breach("L6", "L3121-16", day, worked)


RULES: tuple[Rule, ...] = (daily_work, daily_rest, daily_break)


def breaches(work: Sequence[Interval], day: dt.date, zone: ZoneInfo) -> list[Breach]:
    """Every rule broken around a civil day by this work."""
    found = (rule(work, day, zone) for rule in RULES)
    return [breach for breach in found if breach is not None]


def _worked_on(work: Sequence[Interval], day: dt.date, zone: ZoneInfo) -> list[Interval]:
    """Pieces of work that begin on the civil day."""
    window = civil_day(day, zone)
    return [piece for piece in merged(work) if window.start <= piece.start < window.end]
