"""What pages say of a wait for an earlier time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from bookings import perms
from bookings.actions.waitlist import may_wait
from bookings.models import ServiceRequest, WaitlistEntry, WorkOrder
from bookings.models.waitlist import MOST_NOTICES
from concierge.models import Site
from concierge.tenancy import Actor
from concierge.words import date_words, short_moment_words


def earlier_of(actor: Actor, found: ServiceRequest, orders: Sequence[WorkOrder], *, now: dt.datetime) -> dict[str, Any]:
    """Whether somebody waits for an earlier time than that of a request, and whether this person may ask for it."""
    entry = open_entry(found)
    may = entry is not None or may_wait(found, orders, now)
    return {"may_ask": may and perms.moves(actor, found), "line": line_of(entry, found.site, now) if entry else None}


def open_entry(found: ServiceRequest) -> WaitlistEntry | None:
    """The wait of a request, with its notices counted."""
    return WaitlistEntry.objects.open().with_notices().filter(request=found).order_by("pk").first()


def line_of(entry: Any, site: Site, now: dt.datetime) -> dict[str, str]:
    """One wait in words; the entry comes ``with_notices``."""
    rests = entry.rests_until is not None and entry.rests_until > now
    return {
        "since": short_moment_words(entry.joined_at, site),
        "days": _days(entry),
        "notices": _("%(told)s of %(most)s") % {"told": entry.told, "most": MOST_NOTICES},
        "next": short_moment_words(entry.rests_until, site) if rests else _("At any time"),
    }


def _days(entry: WaitlistEntry) -> str:
    first, last = (date_words(day, "j F") if day else "" for day in (entry.earliest_on, entry.latest_on))
    if first and last:
        return _("from %(first)s to %(last)s") % {"first": first, "last": last}
    if first:
        return _("from %(first)s on") % {"first": first}
    return _("until %(last)s") % {"last": last} if last else _("any day")
