"""Reads about stands: on which days each of them is held."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

from bookings.models import calendar
from bookings.models.presences import Presence
from bookings.rules.presence import open_days


def days_held(stands: Sequence[Presence], first: dt.date, last: dt.date) -> dict[int, list[dt.date]]:
    """Days of each stand, both ends included, by its key: those that ``calendar.days_off`` does not take away. Two
    queries at most for each site, however many stands."""
    sites = {stand.site for stand in stands}
    closures = {site: calendar.closures_between(site, first, last) for site in sites}
    holidays = {site: calendar.public_holidays(site, first, last) for site in sites}
    return {
        stand.pk: open_days(stand.stand, closed_for(stand, closures[stand.site], holidays[stand.site]), first, last)
        for stand in stands
    }


def closed_for(stand: Presence, closures: Collection[dt.date], holidays: Collection[dt.date]) -> set[dt.date]:
    """Which of these days close a stand: one of a single day is there on a public holiday too."""
    return set(closures) if stand.held_on else {*closures, *holidays}
