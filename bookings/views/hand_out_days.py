"""Everybody who collects something at a site on a day, over all plans: one list, one tick for each order (R7)."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.views.decorators.http import require_safe

from bookings.actions import hand_outs
from bookings.enums import HandOut, RunStatus
from bookings.models import PreOrder, PreOrderRun
from bookings.models.requests import REQUEST_ROLES
from bookings.views.hand_outs import is_day, may_tick, row_of, searched
from bookings.views.lists import beside, typed_search
from bookings.views.requests import _actor
from concierge.days import today_at
from concierge.models import Site
from concierge.tenancy import Actor
from concierge.words import date_words

PAGE = 100
WAITING = (HandOut.EXPECTED, HandOut.KEPT)


@login_required
@require_safe
def hand_outs_of_day(request: HttpRequest, slug: str, day: str = "") -> HttpResponse:
    """Who fetches what at this site, by name; today without a day."""
    actor = _actor(request)
    site = _site(actor, slug)
    on, today = _day(day, site), today_at(site)
    text = typed_search(request)
    everybody = PreOrder.objects.collected_on(site, on)
    total, waiting = everybody.count(), everybody.filter(hand_out__in=WAITING).count()
    listed = everybody.select_related("request__site", "run__plan__service", "run__site")
    listed = listed.prefetch_related("request__lines", "substitutions").order_by("request__contact_name", "pk")
    page = Paginator(searched(listed, text), PAGE).get_page(request.GET.get("page"))
    orders = list(page)
    often = hand_outs.repeated_no_shows([order.request.client_id for order in orders], timezone.now())
    context = {
        "site": site,
        "day": on,
        "is_today": on == today,
        "when": capfirst(date_words(on, "l j F Y")),
        "q": text,
        "page": page,
        "rows": [row_of(order, often, may=may_tick(actor, order.run)) for order in orders],
        "total": total,
        "waiting": waiting,
        "done": total - waiting,
        "still_open": _runs(site).filter(status=RunStatus.OPEN, pre_orders__in=everybody).exists(),
        "before": _beside(site, on, -1),
        "after": _beside(site, on, 1),
        **beside(page, q=text),
    }
    return render(request, "bookings/hand_outs_of_day.html", context)


def _site(actor: Actor, slug: str) -> Site:
    mine, found = actor.site_ids(*REQUEST_ROLES), Site.objects.visible_to(actor).active()
    return get_object_or_404(found if mine is None else found.filter(pk__in=mine), slug=slug)


def _day(text: str, site: Site) -> dt.date:
    """The day in the address; today without one."""
    if not text:
        return today_at(site)
    if not is_day(text) or not 1970 < int(text[:4]) < 2200:
        raise Http404
    return dt.date.fromisoformat(text)


def _runs(site: Site) -> QuerySet[PreOrderRun]:
    left_out = (RunStatus.SKIPPED, RunStatus.CANCELLED)
    return PreOrderRun.objects.filter(site=site).exclude(status__in=left_out).order_by("handout_starts_at", "pk")


def _beside(site: Site, day: dt.date, step: int) -> dict[str, str] | None:
    """The next day, or the one before, on which something is handed out."""
    zone = ZoneInfo(site.time_zone)
    begins = dt.datetime.combine(day, dt.time(0), tzinfo=zone)
    ends = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(0), tzinfo=zone)
    runs = _runs(site)
    found = (
        runs.filter(handout_starts_at__gte=ends).first()
        if step > 0
        else runs.filter(handout_starts_at__lt=begins).last()
    )
    if found is None:
        return None
    on = found.handout_starts_at.astimezone(zone).date()
    address = reverse("bookings:hand-outs-of-day", args=[site.slug, on.isoformat()])
    return {"href": address, "label": capfirst(date_words(on, "l j F"))}
