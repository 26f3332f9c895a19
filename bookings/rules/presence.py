"""Hours of presence at a client: what a contract says for some days, and what a stand comes to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

TENTH = Decimal("0.1")


@dataclass(frozen=True)
class Agreed:
    """So many hours a week (``per_week``) or a month, between two days of a contract, each of which may be open."""

    hours: Decimal
    per_week: bool
    first: dt.date | None = None
    last: dt.date | None = None

    def in_month(self, month: dt.date) -> Decimal:
        """For the days of a month within the contract: a month that is begun counts by its days."""
        begins, ends = month.replace(day=1), last_of(month)
        first, last = max(self.first or begins, begins), min(self.last or ends, ends)
        days = max((last - first).days + 1, 0)
        whole = 7 if self.per_week else (ends - begins).days + 1
        return (self.hours * days / whole).quantize(TENTH)


@dataclass(frozen=True)
class Stand:
    """When somebody is there: every week on a weekday between two days, or once."""

    opens: dt.time
    closes: dt.time
    weekday: int | None = None
    held_on: dt.date | None = None
    first: dt.date | None = None
    last: dt.date | None = None

    def is_there_on(self, day: dt.date) -> bool:
        """Closed days left aside."""
        if self.held_on is not None:
            return day == self.held_on
        return day.weekday() == self.weekday and (self.first or day) <= day <= (self.last or day)

    @property
    def minutes(self) -> int:
        """How long a day of it lasts."""
        return minutes_between(self.opens, self.closes)


def minutes_between(opens: dt.time, closes: dt.time) -> int:
    """From one time of a day to a later one."""
    return (closes.hour - opens.hour) * 60 + closes.minute - opens.minute


def last_of(month: dt.date) -> dt.date:
    """The last day of a month."""
    return (month.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)


def open_days(stand: Stand, closed: Collection[dt.date], first: dt.date, last: dt.date) -> list[dt.date]:
    """Days of a stand from the first to the last, both included, on which its site is open."""
    if stand.held_on is not None:
        first, last = max(first, stand.held_on), min(last, stand.held_on)
    days = (first + dt.timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in days if stand.is_there_on(day) and day not in closed]


def in_hours(minutes: int) -> Decimal:
    """Hours, in tenths."""
    return (Decimal(minutes) / 60).quantize(TENTH)


def next_days(stand: Stand, closed: Collection[dt.date], first: dt.date, last: dt.date, most: int) -> list[dt.date]:
    """The first open days of a stand from a day on."""
    return open_days(stand, closed, first, last)[:most]
