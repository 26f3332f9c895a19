"""Who comes when, on a day or in a week of a site; printable."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bookings import perms
from bookings.enums import HoldStatus, Place
from bookings.forms.openings import AgendaForm
from bookings.models import ServiceRequest
from bookings.models.requests import REQUEST_ROLES
from bookings.models.strays import Strays
from bookings.views import stand_days
from bookings.views.steps import clock
from concierge.errors import NotAllowed
from concierge.models import Site
from concierge.tenancy import Actor
from concierge.words import date_words

# Appointments on one page; a desk receives fewer in a week.
MOST = 400
DAY, WEEK = dt.timedelta(days=1), dt.timedelta(days=7)


@login_required
@require_safe
def agenda(request: HttpRequest) -> HttpResponse:
    """Appointments of one site, day by day."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by TenantMiddleware
    if not perms.can_read_requests(actor):
        raise NotAllowed
    mine = actor.site_ids(*REQUEST_ROLES)
    sites = Site.objects.visible_to(actor).active()
    sites = sites if mine is None else sites.filter(pk__in=mine)
    form = AgendaForm(request.GET or None, sites=sites)
    given: dict[str, Any] = form.cleaned_data if form.is_bound and form.is_valid() else {}
    site = given.get("site") or sites.first()
    zone = ZoneInfo(site.time_zone) if site else timezone.get_current_timezone()
    first = given.get("jour") or timezone.localdate(timezone=zone)
    weekly = given.get("vue") == "week"
    if weekly:
        first -= dt.timedelta(days=first.weekday())
    length = WEEK if weekly else DAY
    found = _appointments(site, first, first + length, zone) if site else []
    sees = site is not None and perms.sees_openings(actor, site)
    context = {
        "site": site,
        "strays": Strays(site, timezone.now()).number if site and sees else 0,
        "can_subscribe": site is not None and perms.can_subscribe(actor, site),
        "form": AgendaForm(
            initial={"site": site.slug if site else "", "jour": first, "vue": "week" if weekly else "day"}, sites=sites
        ),
        "when": _words(site, first, length),
        "days": _days(found[:MOST], zone),
        "can_state": site is not None and perms.can_state_stands(actor, site),
        "is_cut": len(found) > MOST,
        "previous": _address(site, first - length, weekly),
        "next": _address(site, first + length, weekly),
    }
    if site is not None and sees:
        rows = stand_days.rows_at(site, first, first + length - DAY)
        context |= stand_days.paged(request, rows, **_asked(site, first, weekly))
    return render(request, "bookings/agenda.html", context)


def _words(site: Site | None, first: dt.date, length: dt.timedelta) -> str:
    name = site.name if site else ""
    if length < WEEK:
        return f"{name} – {date_words(first, 'l j F Y')}"
    return _("%(site)s – week of %(day)s") % {"site": name, "day": date_words(first, "j F Y")}


def _address(site: Site | None, day: dt.date, weekly: bool) -> str:
    return "?" + urlencode(_asked(site, day, weekly))


def _asked(site: Site | None, day: dt.date, weekly: bool) -> dict[str, str]:
    return {"site": site.slug if site else "", "jour": day.isoformat(), "vue": "week" if weekly else "day"}


def _appointments(site: Site, first: dt.date, last: dt.date, zone: ZoneInfo) -> list[ServiceRequest]:
    start, end = (dt.datetime.combine(day, dt.time(0), tzinfo=zone) for day in (first, last))
    return list(
        ServiceRequest.objects.filter(
            hold__site=site,
            hold__status=HoldStatus.CONFIRMED,
            hold__starts_at__gte=start,
            hold__starts_at__lt=end,
        )
        .select_related("hold__presence", "site")
        .prefetch_related("work_orders__service")
        .order_by("hold__starts_at", "pk")[: MOST + 1]
    )


def _days(found: list[ServiceRequest], zone: ZoneInfo) -> list[dict[str, Any]]:
    def day_of(request: ServiceRequest) -> dt.date:
        assert request.hold is not None  # noqa: S101 - joined by its hold
        return request.hold.starts_at.astimezone(zone).date()

    return [
        {"label": capfirst(date_words(day, "l j F")), "rows": [_row(one) for one in members]}
        for day, members in itertools.groupby(found, key=day_of)
    ]


def _row(request: ServiceRequest) -> dict[str, Any]:
    hold = request.hold
    assert hold is not None  # noqa: S101 - as above
    where = str(hold.presence) if hold.presence else str(Place(hold.place).label)
    if hold.place == Place.HOME:
        where = f"{request.street}, {request.postcode} {request.city}"
    return {
        "found": request,
        "from": clock(hold.starts_at, request.site),
        "to": clock(hold.ends_at, request.site),
        "services": ", ".join(dict.fromkeys(order.service.label for order in request.work_orders.all())),
        "where": where,
    }
