"""Appointments of requests as calendar entries: only what its reader may see (P07)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.enums import Place, RequestStatus
from bookings.models.requests import ServiceRequest
from bookings.rules.ics import Entry, calendar_of

# Where a request is not listed it is CONFIRMED (lifecycles.md 2.1).
TENTATIVE = {
    RequestStatus.SUBMITTED,
    RequestStatus.QUALIFYING,
    RequestStatus.AWAITING_CLIENT,
    RequestStatus.AWAITING_APPROVAL,
    RequestStatus.ON_HOLD,
}
CANCELLED = {RequestStatus.CANCELLED, RequestStatus.DECLINED, RequestStatus.EXPIRED}
# What an appointment without a kept place is shown as.
USUAL = dt.timedelta(minutes=30)


def ics_status(status: str) -> str:
    """STATUS of an event for a state of a request."""
    if status in CANCELLED:
        return "CANCELLED"
    return "TENTATIVE" if status in TENTATIVE else "CONFIRMED"


def entry_of(request: ServiceRequest, *, url: str = "", for_team: bool = False) -> Entry | None:
    """The appointment of a request; ``None`` while it has none.

    The client reads what was ordered and where; the team the reference, and of a visit the town only: names and
    streets stay on our pages, because calendars are copied to other people's machines.
    """
    if request.promised_start is None:
        return None
    status = ics_status(request.status)
    site, services = request.site, ", ".join(dict.fromkeys(o.service.label for o in request.work_orders.all()))
    ends_at = request.hold.ends_at if request.hold is not None else request.promised_start + USUAL
    if request.place == Place.HOME:
        where = f"{request.postcode} {request.city}"
        where = where if for_team else f"{request.street}, {where}"
    else:
        there = request.meets_at
        where = f"{there.name}, {there.street}, {there.postcode} {there.city}"
    return Entry(
        uid=f"{request.public_id}@concierge",
        # A cancellation is a change of the event, too.
        sequence=request.sequence + (status == "CANCELLED"),
        status=status,
        starts_at=request.promised_start,
        ends_at=ends_at,
        changed_at=timezone.now(),
        zone=ZoneInfo(site.time_zone),
        summary=f"{request.reference} – {services}" if for_team else f"{site.name} – {services}",
        location=where,
        description=_("Request %(reference)s") % {"reference": request.reference},
        url=url,
    )


def calendar_file(entries: Iterable[Entry | None], *, name: str = "") -> bytes:
    """A calendar of the entries that are there."""
    return calendar_of([entry for entry in entries if entry is not None], name=name)
