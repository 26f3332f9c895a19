"""Calendar subscriptions: the calendar itself, and the pages where an address is given, given anew and ended."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any
from zoneinfo import ZoneInfo

import segno
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required, login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import get_conditional_response
from django.utils.http import http_date, quote_etag
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings import perms
from bookings.actions.feeds import end_feed, renew_feed
from bookings.models import CalendarFeed, Client, ServiceRequest
from bookings.models.appointments import Agenda, calendar_file, own_agenda, site_agenda
from bookings.models.feeds import feed_hash
from concierge.days import zone_of
from concierge.errors import NotAllowed
from concierge.middleware import TenantRequest, actor_of
from concierge.models import Site
from concierge.tenancy import Actor
from concierge.visitors import not_too_many

# How often one network may read calendars in an hour: a whole team and its telephones sit behind one.
MOST_READ, READ_WINDOW = 1200, 3600

Read = tuple[Agenda, str, ZoneInfo, str]


@require_safe
@login_not_required
def feed(request: TenantRequest, token: str) -> HttpResponse:
    """The calendar of an address. One that opens nothing is a page that does not exist."""
    not_too_many(request, "feeds", most=MOST_READ, seconds=READ_WINDOW)
    live = CalendarFeed.objects.live().select_related("user", "site__organisation")
    found = live.filter(organisation=request.organisation, token_hash=feed_hash(token)).first()
    if found is None or not found.user.is_active or (found.site is not None and not found.site.is_active):
        raise Http404
    reader = actor_of(found.user, request.organisation)
    if not perms.can_subscribe(reader, found.site):
        raise Http404
    agenda, name, zone, language = _read(request, found, reader)
    with translation.override(language):
        entries = agenda.entries(_address(request, found.site), for_team=found.site is not None)
        body = calendar_file(entries, name=name, feed_zone=zone)
    return calendar_answer(request, body, agenda.since)


def _read(request: TenantRequest, found: CalendarFeed, reader: Actor) -> Read:
    now = timezone.now()
    if found.site is not None:
        zone = ZoneInfo(found.site.time_zone)
        return site_agenda(found.site, now=now), found.site.name, zone, found.user.language
    assert reader.client_id is not None  # noqa: S101 - ``can_subscribe`` asks for it
    me, zone = Client.objects.get(pk=reader.client_id), zone_of(request.organisation)
    return own_agenda(me.pk, now=now, zone=zone), request.organisation.name, zone, me.language


def _address(request: TenantRequest, site: Site | None) -> Any:
    """Pages that ask who is there: a calendar is lent, a tracking link would be lent with it."""
    if site is None:
        mine = request.build_absolute_uri(reverse("bookings:my-requests"))
        return lambda _one: mine

    def page(one: ServiceRequest) -> str:
        return request.build_absolute_uri(reverse("bookings:request", args=[one.public_id]))

    return page


def calendar_answer(request: TenantRequest, body: bytes, since: dt.datetime) -> HttpResponse:
    """A calendar file that was last changed at a moment: not sent again to whoever has it."""
    etag, stamp = quote_etag(hashlib.sha256(body).hexdigest()[:32]), int(since.timestamp())
    whole = HttpResponse(
        body,
        content_type="text/calendar; charset=utf-8",
        headers={
            "Content-Disposition": 'inline; filename="agenda.ics"',
            "Cache-Control": "private, no-cache",
            "ETag": etag,
            "Last-Modified": http_date(stamp),
        },
    )
    answer: HttpResponse = get_conditional_response(request, etag=etag, last_modified=stamp, response=whole) or whole
    # Nothing that is opened from a calendar says where it was found.
    answer["Referrer-Policy"] = "no-referrer"
    answer["X-Robots-Tag"] = "noindex"
    return answer


# --- the pages ----------------------------------------


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def my_feed(request: TenantRequest) -> HttpResponse:
    """My own appointments in my calendar."""
    if request.actor.client_id is None:
        raise Http404
    return _page(request, None)


@require_POST
@login_required
def my_feed_end(request: TenantRequest) -> HttpResponse:
    """My address stops."""
    if request.actor.client_id is None:
        raise Http404
    return _end(request, None)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def site_feed(request: TenantRequest, slug: str) -> HttpResponse:
    """The appointments of a site in the calendar of somebody who works there."""
    return _page(request, _site(request, slug))


@require_POST
@login_required
def site_feed_end(request: TenantRequest, slug: str) -> HttpResponse:
    """My address for this site stops."""
    return _end(request, _site(request, slug))


def _site(request: TenantRequest, slug: str) -> Site:
    site = get_object_or_404(Site.objects.visible_to(request.actor).active(), slug=slug)
    if not perms.can_subscribe(request.actor, site):
        if perms.can_read_requests(request.actor):
            raise Http404
        raise NotAllowed
    return site


def _back(site: Site | None) -> str:
    return reverse("bookings:my-feed") if site is None else reverse("bookings:site-feed", args=[site.slug])


def _page(request: TenantRequest, site: Site | None) -> HttpResponse:
    context: dict[str, Any] = {
        "site": site,
        "layout": "layouts/public.html" if site is None else "layouts/staff.html",
        "back": _back(site),
        "zone": zone_of(request.organisation),
    }
    if request.method == "POST":
        _feed, token = renew_feed(site, by=request.actor)
        return render(
            request,
            "bookings/feed_given.html",
            {**context, **given_words(request, reverse("bookings:feed", args=[token]))},
        )
    assert request.actor.user is not None  # noqa: S101 - the page asks for signing in
    live = CalendarFeed.objects.live().of(request.actor.user, site)
    context["feed"] = live.filter(organisation=request.organisation).first()
    return render(request, "bookings/feed.html", context)


def given_words(request: TenantRequest, path: str) -> dict[str, Any]:
    """The address of a calendar as text, as a link that calendars open, and as a code to scan."""
    link = request.build_absolute_uri(path)
    subscribe = "webcal://" + link.partition("://")[2]
    # The SVG holds nothing but our own address.
    code = mark_safe(segno.make(subscribe, error="m").svg_inline(omitsize=True, border=2))  # noqa: S308 - made here
    return {"link": link, "subscribe": subscribe, "qr": code}


def _end(request: TenantRequest, site: Site | None) -> HttpResponse:
    if end_feed(site, by=request.actor):
        messages.success(request, _("The address no longer works. Calendars that read it will say so."))
    return redirect(_back(site))
