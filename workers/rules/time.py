"""Hours: cut at midnight, added up by kind, set against the plan, the contract and the annex (R20, L19, L21, L22).

Times are whole minutes, so that sums are exact: the days of a month are the month, and a stretch cut in two is still as
long. What was clocked is real time: the night on which the clocks change is an hour longer or shorter.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from workers.rules.intervals import Interval, civil_day

# Of a stretch of time: whoever forgets to stop is asked, never believed (domain.md R20).
LONGEST = dt.timedelta(hours=24)
# Time that runs into another civil day for longer than this was forgotten, unless it was planned till about then.
FORGOTTEN_AFTER = dt.timedelta(hours=6)
LATE = dt.timedelta(hours=3)
# A start or an end so far from the plan is a remark for the supervisor.
REMARK_MINUTES = 30
# How long the person who did it may undo it (lifecycles.md 2.0, rule 6).
UNDO = dt.timedelta(minutes=5)
WORKED, PAID = "worked", "paid"


@dataclass(frozen=True)
class Counting:
    """What a kind counts for. ``is_work``: effective working time, in L1 to L5 and in hours *worked* (training and
    interviews planned by the employer L21, hours at a host L22). ``is_paid``: in hours *paid*, the basis of some
    annexes (domain.md 2.5). ``is_accompaniment``: left out of the hours of an annex that does not count it (L21)."""

    is_work: bool = False
    is_paid: bool = False
    is_accompaniment: bool = False


COUNTING: dict[str, Counting] = {
    "work": Counting(is_work=True, is_paid=True),
    # Time at one's own disposal: neither worked nor paid (Labour Code L3121-2).
    "break": Counting(),
    "training": Counting(is_work=True, is_paid=True, is_accompaniment=True),
    "interview": Counting(is_work=True, is_paid=True, is_accompaniment=True),
    "immersion": Counting(is_work=True, is_paid=True),
    "paid_leave": Counting(is_paid=True),
    "public_holiday": Counting(is_paid=True),
    "family_leave": Counting(is_paid=True),
    # What is kept of the wage depends on seniority and branch: the pay office decides, the hours do not count as paid.
    "sick_leave": Counting(),
    "unpaid_leave": Counting(),
    "justified": Counting(),
    "unjustified": Counting(),
    "unknown": Counting(),
}


@dataclass(frozen=True)
class Stretch:
    """Time from a moment to another."""

    kind: str
    window: Interval


@dataclass(frozen=True)
class WholeDay:
    """An absence: a day and how many minutes of it."""

    kind: str
    day: dt.date
    minutes: int


@dataclass(frozen=True)
class Piece:
    """Minutes of one kind on one civil day."""

    day: dt.date
    kind: str
    minutes: int


Totals = Mapping[str, int]


def minute(moment: dt.datetime) -> dt.datetime:
    """The minute that a clock shows: 10:15:59 is 10:15."""
    return moment.astimezone(dt.UTC).replace(second=0, microsecond=0)


def minutes_of(window: Interval) -> int:
    """Whole minutes of real time."""
    return int(window.length.total_seconds()) // 60


def days_of(window: Interval, zone: ZoneInfo) -> tuple[dt.date, dt.date]:
    """First and last civil day that it touches; midnight itself belongs to the day that ends."""
    last = (window.end.astimezone(dt.UTC) - dt.timedelta(microseconds=1)).astimezone(zone).date()
    return window.start.astimezone(zone).date(), last


def pieces_of(entries: Iterable[Stretch | WholeDay], zone: ZoneInfo) -> list[Piece]:
    """Every entry on the civil days of the zone on which it lies, in the order given."""
    found: list[Piece] = []
    for entry in entries:
        if isinstance(entry, WholeDay):
            found.append(Piece(entry.day, entry.kind, entry.minutes))
            continue
        day, last = days_of(entry.window, zone)
        while day <= last:
            today = civil_day(day, zone)
            part = Interval(max(entry.window.start, today.start), min(entry.window.end, today.end))
            found.append(Piece(day, entry.kind, minutes_of(part)))
            day += dt.timedelta(days=1)
    return found


def totals_of(pieces: Iterable[Piece]) -> Counter[str]:
    """Minutes by kind."""
    found: Counter[str] = Counter()
    for piece in pieces:
        found[piece.kind] += piece.minutes
    return found


def by_day(pieces: Iterable[Piece]) -> dict[dt.date, Counter[str]]:
    """Minutes by civil day and kind (L19, D3171-8: every day)."""
    found: dict[dt.date, Counter[str]] = defaultdict(Counter)
    for piece in pieces:
        found[piece.day][piece.kind] += piece.minutes
    return dict(sorted(found.items()))


def by_week(pieces: Iterable[Piece]) -> dict[dt.date, Counter[str]]:
    """Minutes by civil week, under its Monday, and kind (L19, D3171-8: every week)."""
    found: dict[dt.date, Counter[str]] = defaultdict(Counter)
    for piece in pieces:
        found[piece.day - dt.timedelta(days=piece.day.weekday())][piece.kind] += piece.minutes
    return dict(sorted(found.items()))


def month_end(month: dt.date) -> dt.date:
    """Last day of the month that the day lies in."""
    following = (month.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
    return following - dt.timedelta(days=1)


def within(pieces: Iterable[Piece], first: dt.date, last: dt.date) -> list[Piece]:
    """Pieces of these days, both included."""
    return [piece for piece in pieces if first <= piece.day <= last]


def worked(totals: Totals) -> int:
    """Minutes of working time."""
    return sum(minutes for kind, minutes in totals.items() if COUNTING[kind].is_work)


def paid(totals: Totals) -> int:
    """Minutes that are paid, worked or not."""
    return sum(minutes for kind, minutes in totals.items() if COUNTING[kind].is_paid)


def declared(totals: Totals, basis: str, *, with_accompaniment: bool = True) -> int:
    """Minutes of the monthly statement: hours ``worked`` (EI) or ``paid`` (ACI), as the annex says (domain.md 2.5);
    training and interviews with them unless the annex leaves them out (L21)."""
    counted = {
        kind: minutes for kind, minutes in totals.items() if with_accompaniment or not COUNTING[kind].is_accompaniment
    }
    return worked(counted) if basis == WORKED else paid(counted)


def contract_minutes(weekly: Iterable[int], month: dt.date) -> int:
    """Minutes of contract of some days of a calendar month: a twelfth of 52 weeks for the whole month, in proportion.
    ``weekly`` holds the minutes a week of each of these days, riders applied, 0 for a day without contract. 26 h a week
    are 112 h 40 of a whole month."""
    exact = Decimal(sum(weekly)) * 52 / 12 / month_end(month).day
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


@dataclass(frozen=True)
class Etp:
    """Full-time equivalents of some hours, exact to four decimals."""

    annual: Decimal
    monthly: Decimal


def etp(minutes: int, divisor: Decimal | int) -> Etp:
    """Full-time equivalents of the declared minutes: hours by the ``divisor`` of the annex, hours a year of one full
    time; monthly is twelve times that (domain.md 2.5). Raises ``ValueError`` for a divisor that is none."""
    if divisor <= 0:
        raise ValueError("hours of a full time are more than none")
    annual = Decimal(minutes) / 60 / divisor
    places = Decimal("0.0001")
    return Etp(annual.quantize(places, ROUND_HALF_UP), (annual * 12).quantize(places, ROUND_HALF_UP))


def proposed_end(
    start: dt.datetime, *, planned_end: dt.datetime | None, usual_ends: Iterable[dt.datetime], now: dt.datetime
) -> dt.datetime | None:
    """When somebody who forgot to stop probably went: the planned end, else the next end of usual hours, in any case
    neither before the start, nor later than now, nor a day later. Nothing when nobody can tell."""
    candidates = [planned_end] if planned_end else sorted(usual_ends)
    latest = min(now, start + LONGEST)
    return next((minute(end) for end in candidates if start < end <= latest), None)


def is_forgotten(start: dt.datetime, at: dt.datetime, *, planned_end: dt.datetime | None, zone: ZoneInfo) -> bool:
    """Whether whoever stops ``at`` that moment had forgotten to: on another civil day, and long after. Work of a night
    that was planned so is not."""
    if start.astimezone(zone).date() == at.astimezone(zone).date():
        return False
    return at - start > FORGOTTEN_AFTER and (planned_end is None or at > planned_end + LATE)


def is_off_plan(start: dt.datetime, end: dt.datetime, planned: Interval) -> bool:
    """Whether the real time is far from the planned one."""
    apart = dt.timedelta(minutes=REMARK_MINUTES)
    return abs(start - planned.start) > apart or abs(end - planned.end) > apart
