"""Free times as people choose them: day by day, a few days at once."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from bookings.models import Presence
from bookings.rules.slots import FreeSlot
from bookings.views.steps import clock
from concierge.models import Site
from concierge.words import date_words

# Days with free times shown at once.
DAYS_SHOWN = 3


def first_day_of(request: HttpRequest) -> dt.date | None:
    """The day from which somebody wants to see; nonsense is no day."""
    try:
        return dt.date.fromisoformat(request.GET.get("from", ""))
    except ValueError:
        return None


def short_day(stand: Presence) -> str:
    """When a stand is there, in a few words."""
    day = date_words(stand.held_on, "j F") if stand.held_on else str(stand.get_weekday_display()).lower()
    return f"{day} {stand.opens:%H:%M}–{stand.closes:%H:%M}"


def days_of(free: Iterable[FreeSlot], site: Site, *, first: dt.date | None) -> dict[str, Any]:
    """What the slot picker shows, and where the earlier and later days are."""
    days = _by_day(free, site, most=DAYS_SHOWN + 1)
    return {
        "days": days[:DAYS_SHOWN],
        "later": days[DAYS_SHOWN]["date"] if len(days) > DAYS_SHOWN else "",
        "earlier": bool(first),
    }


def _by_day(free: Iterable[FreeSlot], site: Site, *, most: int) -> list[dict[str, Any]]:
    zone = ZoneInfo(site.time_zone)
    days = []
    grouped = itertools.groupby(free, key=lambda s: s.starts_at.astimezone(zone).date())
    for day, members in itertools.islice(grouped, most):
        slots = [
            {
                "value": member.starts_at.isoformat(),
                "label": clock(member.starts_at, site),
                "note": _("last place") if member.left == 1 else "",
                "free": True,
            }
            for member in members
        ]
        days.append({"date": day.isoformat(), "label": capfirst(date_words(day, "l j F")), "slots": slots})
    return days
