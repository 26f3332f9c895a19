"""Which other terms a provider may propose."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

# Ready so much later than promised at most: after that it is another request.
LATEST = dt.timedelta(days=60)


def ready_days(
    promised_end: dt.datetime, today: dt.date, closed: Collection[dt.date], open_weekdays: Collection[int], *, most: int
) -> list[dt.date]:
    """Days after the promised one on which the desk is open, soonest first: then it may be ready instead.

    ``promised_end`` is in the zone of the site.
    """
    last = promised_end.date() + LATEST
    day, found = max(promised_end.date(), today), list[dt.date]()
    while len(found) < most and day < last:
        day += dt.timedelta(days=1)
        if day.weekday() in open_weekdays and day not in closed:
            found.append(day)
    return found


def same_time_on(day: dt.date, promised_end: dt.datetime) -> dt.datetime:
    """The promised time of day, on another day (UTC). ``promised_end`` is in the zone of the site."""
    wanted = dt.datetime.combine(day, promised_end.time().replace(fold=0), tzinfo=promised_end.tzinfo)
    return wanted.astimezone(dt.UTC)


@dataclass(frozen=True)
class Moments:
    """When a provider would come, or by when it would be ready; as promised when neither is said."""

    starts_at: dt.datetime | None = None
    ready_by: dt.datetime | None = None


@dataclass(frozen=True)
class Proposal:
    """What a provider would rather: another price, another time to come, or another day for it to be ready."""

    price: Decimal | None = None
    starts_at: dt.datetime | None = None
    ready_on: dt.date | None = None
    comment: str = ""
