"""The list of what is booked on times that a site no longer keeps, with the ways to move or cancel it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.text import capfirst
from django.views.decorators.http import require_safe

from bookings import perms
from bookings.enums import PLACE_FOR_TEAM, Place
from bookings.models import ServiceRequest
from bookings.models.strays import Strays, numbers
from bookings.views.ahead import window_words
from bookings.views.openings import site_to_see
from bookings.views.steps import clock
from concierge.models import Site
from concierge.words import date_words

# Sites that are named at once where many are looked at.
MOST_SITES = 20


@login_required
@require_safe
def strays_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Appointments, agreed visits, hand-outs and days of regular requests that need another time, soonest first."""
    site, actor = site_to_see(request, slug)
    zone, found = ZoneInfo(site.time_zone), Strays(site, timezone.now())
    requests = {"appointments": found.appointments, "agreed": found.agreed}
    context = {
        "site": site,
        **{
            kind: [{**_row(one), "can_move": perms.can_move(actor, one)} for one in rows]
            for kind, rows in requests.items()
        },
        "runs": [{"run": run, "when": window_words(run)} for run in found.runs],
        "days": [
            {"one": one, "when": capfirst(date_words(one.starts_at.astimezone(zone).date(), "l j F Y"))}
            for one in found.days
        ],
        "number": found.number,
        "is_cut": found.is_cut,
    }
    return render(request, "bookings/strays.html", context)


def shown(sites: Sequence[Site], now: dt.datetime) -> dict[str, Any]:
    """At which of some sites there are any, most first, and whether these are not all."""
    counted = numbers(sites, now)
    found = sorted((site for site in sites if counted[site.pk]), key=lambda site: (-counted[site.pk], site.name))
    rows = [{"site": site, "number": counted[site.pk]} for site in found[:MOST_SITES]]
    return {"rows": rows, "is_cut": len(found) > MOST_SITES}


def _row(request: ServiceRequest) -> dict[str, Any]:
    hold = request.hold
    starts_at = hold.starts_at if hold is not None else request.promised_start
    assert starts_at is not None  # noqa: S101 - found by it
    day = starts_at.astimezone(ZoneInfo(request.site.time_zone)).date()
    return {
        "found": request,
        "when": f"{capfirst(date_words(day, 'D j N'))} {clock(starts_at, request.site)}",
        "where": str(hold.presence) if hold and hold.presence else str(PLACE_FOR_TEAM[Place(request.place)]),
        "services": ", ".join(dict.fromkeys(order.service.label for order in request.work_orders.all())),
    }
