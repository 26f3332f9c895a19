"""What the rules are told about a person and a place: plain data, wherever it was read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from zoneinfo import ZoneInfo

from workers.rules.intervals import Interval, Span
from workers.rules.labour.terms import FULL_TIME, LAW, MINUTE, TermsBook

# Years from which the rules for the young (L8) no longer hold.
MAJORITY = 18


class Kind(StrEnum):
    """What a stretch of time was. All but the break is working time (L21, L22)."""

    WORK = "work"
    TRAINING = "training"
    INTERVIEW = "interview"
    IMMERSION = "immersion"
    BREAK = "break"


@dataclass(frozen=True, slots=True)
class Work:
    """A stretch of time, in seconds since 1970: planned, or real.

    ``told_on`` is when the person learnt of it, for the notice of extra hours (L13), ``is_agreed`` whether they said
    yes to it. ``demands`` are codes of the restrictions that rule it out (L23).
    """

    start: int
    end: int
    kind: Kind = Kind.WORK
    is_real: bool = False
    told_on: dt.date | None = None
    demands: frozenset[str] = frozenset()
    is_agreed: bool = False

    def __post_init__(self) -> None:
        """Raises ``ValueError`` for time that ends before it begins."""
        if self.end <= self.start:
            raise ValueError("work ends after it starts")

    @classmethod
    def of(
        cls,
        interval: Interval,
        kind: Kind = Kind.WORK,
        *,
        is_real: bool = False,
        told_on: dt.date | None = None,
        demands: frozenset[str] = frozenset(),
        is_agreed: bool = False,
    ) -> Work:
        """From aware times, to the second."""
        start, end = int(interval.start.timestamp()), int(interval.end.timestamp())
        return cls(start, max(end, start + 1), kind, is_real, told_on, demands, is_agreed)


@dataclass(frozen=True)
class Derogation:
    """Leave to stay under the floor of integration contracts, both days included (D5132-43-5 and others)."""

    starts_on: dt.date
    ends_on: dt.date


@dataclass(frozen=True)
class Rider:
    """Other weekly minutes, both days included: for a while, or (no last day) from then on.

    ``is_raise`` says whether it is one of those that the law counts (L3123-22): more hours for a while, not to replace
    a named absent person.
    """

    starts_on: dt.date
    ends_on: dt.date | None
    weekly_minutes: int
    is_raise: bool = True

    def runs_on(self, day: dt.date) -> bool:
        """Whether it holds that day."""
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)


@dataclass(frozen=True)
class Contract:
    """Hours of a contract, both days included; ``is_integration`` for a CDDI."""

    starts_on: dt.date
    ends_on: dt.date | None
    weekly_minutes: int
    is_integration: bool = True
    derogations: tuple[Derogation, ...] = ()
    riders: tuple[Rider, ...] = ()

    def holds_on(self, day: dt.date) -> bool:
        """Whether the contract runs that day."""
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)

    def seconds_on(self, day: dt.date) -> int:
        """Weekly seconds agreed for that day: those of a rider for a while, else of the last lasting one."""
        if not self.riders:
            return self.weekly_minutes * MINUTE
        running = [rider for rider in self.riders if rider.runs_on(day)]
        if not running:
            return self.weekly_minutes * MINUTE
        return max(running, key=lambda one: (one.ends_on is not None, one.starts_on)).weekly_minutes * MINUTE


@dataclass(frozen=True)
class Restriction:
    """What somebody may not do, until a day at most; the cause is kept nowhere (L23).

    ``code`` forbids work of which it is one of the ``demands``; ``no_night`` the night; a time
    of day, work before or after it.
    """

    code: str
    starts_on: dt.date | None = None
    ends_on: dt.date | None = None
    not_before: dt.time | None = None
    not_after: dt.time | None = None

    def holds_on(self, day: dt.date) -> bool:
        """Whether it applies that day."""
        return (self.starts_on is None or self.starts_on <= day) and (self.ends_on is None or day <= self.ends_on)


@dataclass(frozen=True)
class ScheduleChange:
    """Working hours of a day that were published, then changed (L14)."""

    day: dt.date
    told_on: dt.date
    agreed: bool = False


@dataclass(frozen=True)
class WorkFile:
    """Everything about one person that the rules read.

    ``work`` in any order, overlapping or not; ``plain`` is work of which nothing is known but when. ``earlier`` holds
    the seconds of weeks of which only the total is known, by their Monday; ``overtime`` that of other weeks by
    year. ``presence`` are usual hours: being there between two pieces of work is no interruption (L17).
    """

    work: tuple[Work, ...] = ()
    plain: tuple[Span, ...] = ()
    contracts: tuple[Contract, ...] = ()
    born_on: dt.date | None = None
    restrictions: tuple[Restriction, ...] = ()
    changes: tuple[ScheduleChange, ...] = ()
    presence: tuple[Interval, ...] = ()
    earlier: Mapping[dt.date, int] = field(default_factory=dict)
    overtime: Mapping[int, int] = field(default_factory=dict)

    def with_work(self, *more: Work) -> WorkFile:
        """The same person with more work."""
        return replace(self, work=(*self.work, *more))

    def contracts_on(self, day: dt.date) -> list[Contract]:
        """The contracts that run that day; more than one by a decision of cumul only."""
        return [contract for contract in self.contracts if contract.holds_on(day)]

    def age_on(self, day: dt.date) -> int | None:
        """Years completed that day."""
        born = self.born_on
        if born is None:
            return None
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


@dataclass(frozen=True)
class Setting:
    """What everybody at a site shares: its zone, its terms by date, its public holidays (L20)."""

    zone: ZoneInfo
    terms: TermsBook = LAW
    holidays: frozenset[dt.date] = frozenset()
    days_off: frozenset[int] = field(init=False, default=frozenset())

    def __post_init__(self) -> None:
        """The holidays as ordinals, too."""
        object.__setattr__(self, "days_off", frozenset(day.toordinal() for day in self.holidays))


def is_part_time(contract: int) -> bool:
    """Whether weekly seconds are those of a part-time contract (L3123-1)."""
    return 0 < contract < FULL_TIME
