"""Until when an order counts."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo


def next_weekly_cut_off(now: dt.datetime, weekday: int, time: dt.time, zone: ZoneInfo) -> dt.datetime:
    """When the orders of this week are gathered: the coming weekday at that time of the site; a second too late is the
    week after. Wall-clock time, so that a change of the clocks does not move it."""
    local = now.astimezone(zone)
    day = local.date() + dt.timedelta(days=(weekday - local.weekday()) % 7)
    moment = dt.datetime.combine(day, time, tzinfo=zone)
    if moment < local:
        moment = dt.datetime.combine(day + dt.timedelta(days=7), time, tzinfo=zone)
    return moment.astimezone(dt.UTC)
