"""How providers are asked: whom at once, how long each has, and when a person takes over (lifecycles.md 2.4)."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_CEILING, Decimal

# No search lasts longer, whatever was set.
LONGEST = dt.timedelta(days=60)
# Those that are asked together when everybody is.
MOST_AT_ONCE = 50
# Office hours, when nothing else is known: nine hours on five days a week.
OFFICE_DAY, OFFICE_WEEK = 9, 5
# Office hours that a person has to choose among prices, or to decide on what one provider proposes.
HOURS_TO_CHOOSE = 8
# Of the time to answer, in per cent: when somebody may be reminded.
REMINDERS = (25, 50, 80)
# With less time left a reminder only annoys.
LEAST_LEFT = dt.timedelta(minutes=30)


def hours_of(waves: int, answer: Decimal, gap: Decimal | None, *, is_chosen: bool = False) -> Decimal:
    """Opening hours from the first question to the last answer: the next ones are asked after the gap, or as soon as
    all have answered; where a person chooses (``is_chosen``), once nobody did."""
    if is_chosen:
        return waves * (answer + HOURS_TO_CHOOSE)
    between = answer if gap is None else min(gap, answer)
    return answer + (waves - 1) * between


def longest_days(opening_hours: Decimal) -> int:
    """Days of the calendar that so many office hours take at most, begun just before a weekend."""
    working = int((opening_hours / OFFICE_DAY).to_integral_value(ROUND_CEILING))
    weekends = -(-working // OFFICE_WEEK)
    return working + 2 * weekends


# The most office hours that end within ``LONGEST``: 42 working days and nine weekends.
MOST_HOURS = 42 * OFFICE_DAY


def search_ends_at(now: dt.datetime, begins_by: dt.datetime, stop_before: dt.timedelta) -> dt.datetime:
    """When a search that begins now stops at the latest: in time before the work has to begin, and after sixty days.

    Somebody who is asked in spite of that may answer until it has to begin; when that is over too, in the usual time.
    """
    for limit in (begins_by - stop_before, begins_by):
        if limit > now:
            return min(limit, now + LONGEST)
    return now + LONGEST


def prices_due_by(now: dt.datetime, ends_at: dt.datetime) -> dt.datetime:
    """When prices are due at the latest in a search that ends then: whoever chooses has the last third of it."""
    return now + (ends_at - now) * 2 // 3


def share_of(percent: int, allowed: dt.timedelta) -> dt.timedelta:
    """So many per cent of a time, to the second."""
    return dt.timedelta(seconds=int(allowed.total_seconds()) * percent // 100)
