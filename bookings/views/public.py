"""Pages for everybody: the sites, what they offer and when they are open; for search engines; for other pages."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from csp.constants import NONE
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_cookie

from bookings.enums import Place, PriceMode
from bookings.models import Closure, Presence, Service, calendar
from bookings.models.ahead import any_ahead
from bookings.models.stands import closed_for
from bookings.rules.presence import next_days
from bookings.views import listing
from bookings.views.booking import price_words
from bookings.views.times import short_day
from bookings.views.words import hours_words
from concierge import editions
from concierge.middleware import TenantRequest
from concierge.models import Site
from concierge.words import date_words, moment_words

# How far ahead closures are told.
AHEAD = dt.timedelta(days=60)
# Stands shown, and the days of each; stands that are looked at to find those that come first.
MOST_STANDS, MOST_DAYS, MOST_READ = 12, 3, 300
# Services shown in a widget: what does not fit is on the page of the site.
MOST_IN_WIDGET = 24
# Next times shown there, and how many different terms are asked for them.
NEXT_TIMES, MOST_TERMS = 3, 8
page_cache = cache_control(private=True, max_age=300)
file_cache = cache_control(public=True, max_age=3600)


def _sites(request: TenantRequest) -> Any:
    return Site.objects.visible_to(request.actor).active().prefetch_related("opening_hours")


def _site(request: TenantRequest, slug: str) -> Site:
    found: Site = get_object_or_404(_sites(request), slug=slug)
    return found


@login_not_required
@page_cache
@vary_on_cookie
@require_safe
def site_list(request: TenantRequest) -> HttpResponse:
    """Every site of the organisation."""
    cards = [{"site": site, "hours": hours_words(site.opening_hours.all())} for site in _sites(request)]
    context = {"cards": cards, "canonical": request.build_absolute_uri(reverse("bookings:public-sites"))}
    return render(request, "bookings/public_sites.html", context)


@login_not_required
@page_cache
@vary_on_cookie
@require_safe
def site_page(request: TenantRequest, slug: str) -> HttpResponse:
    """One site: services with prices, hours, closures, how to find it."""
    site = _site(request, slug)
    today = timezone.localdate(timezone=ZoneInfo(site.time_zone))
    last = today + AHEAD
    closures = list(Closure.objects.filter(site=site, ends_on__gte=today, starts_on__lte=last).order_by("starts_on"))
    covered = {day for closure in closures for day in _days(closure.starts_on, closure.ends_on)}
    holidays = calendar.public_holidays(site, today, last) - covered
    services = list(Service.objects.offered_at(site))
    url = request.build_absolute_uri(reverse("bookings:public-site", args=[site.slug]))
    stands = _stands(site, today, last, covered, holidays)
    data = listing.business(site, request.organisation, services, closures, holidays, stands, url=url)
    context = {
        "site": site,
        "hours": hours_words(site.opening_hours.all()),
        "closures": _closure_words(closures, holidays),
        "stands": [
            {"stand": stand, "when": short_day(stand), "days": [date_words(day, "l j F") for day in days]}
            for stand, days in stands
        ],
        "groups": _groups(services),
        "canonical": url,
        "about": _about(site, services),
        "json_ld": listing.script(data, str(request.csp_nonce)),  # type: ignore[attr-defined]  # set by django-csp
    }
    return render(request, "bookings/public_site.html", context)


def _stands(
    site: Site, today: dt.date, last: dt.date, covered: set[dt.date], holidays: set[dt.date]
) -> list[tuple[Presence, list[dt.date]]]:
    """Where else everybody is received soon, with the first days; whoever comes first, first."""
    everybodys = Presence.objects.filter(site=site).still_to_come(today).open_to([]).exclude(held_on__gt=last)
    now = timezone.localtime(timezone=ZoneInfo(site.time_zone))
    found = []
    for stand in everybodys.order_by("-pk")[:MOST_READ]:
        # Today's counts until it closes.
        first = today if now.time() < stand.closes else today + dt.timedelta(days=1)
        if days := next_days(stand.stand, closed_for(stand, covered, holidays), first, last, MOST_DAYS):
            found.append((stand, days))
    return sorted(found, key=lambda one: (one[1][0], one[0].opens, one[0].pk))[:MOST_STANDS]


def _days(first: dt.date, last: dt.date) -> list[dt.date]:
    return [first + dt.timedelta(days=n) for n in range(min((last - first).days, 400) + 1)]


def _closure_words(closures: Sequence[Closure], holidays: set[dt.date]) -> list[dict[str, str]]:
    """In order: closed from to, or on one day."""
    told = [(closure.starts_on, _span(closure.starts_on, closure.ends_on), closure.reason) for closure in closures] + [
        (day, date_words(day, "l j F Y"), _("public holiday")) for day in holidays
    ]
    return [{"when": when, "why": why} for _first, when, why in sorted(told)]


def _span(first: dt.date, last: dt.date) -> str:
    if first == last:
        return date_words(first, "l j F Y")
    return _("from %(first)s to %(last)s") % {"first": date_words(first, "l j F"), "last": date_words(last, "l j F Y")}


def _groups(services: Sequence[Service]) -> list[dict[str, Any]]:
    """By category, in catalogue order."""
    return [
        {"category": category, "services": [{"service": one, "price": price_words(one)} for one in found]}
        for category, found in itertools.groupby(services, key=lambda service: service.category)
    ]


def _about(site: Site, services: Sequence[Service]) -> str:
    """A sentence for lists of results."""
    names = ", ".join(dict.fromkeys(service.label for service in services[:6]))
    return f"{site.name}, {site.street}, {site.postcode} {site.city}. {names}"[:300]


@login_not_required
@file_cache
@require_safe
def sitemap(request: TenantRequest) -> HttpResponse:
    """The public pages of the organisation at this address."""
    paths = [reverse("bookings:public-sites")]
    paths += [reverse("bookings:public-site", args=[site.slug]) for site in _sites(request).order_by("slug")]
    urls = [request.build_absolute_uri(path) for path in paths]
    return render(request, "bookings/sitemap.xml", {"urls": urls}, content_type="application/xml")


@login_not_required
@file_cache
@require_safe
def robots(request: TenantRequest) -> HttpResponse:
    """What search engines may read: the public pages, nothing else."""
    lines = [
        "User-agent: *",
        f"Allow: {reverse('bookings:public-sites')}",
        "Allow: /static/",
        "Disallow: /",
        f"Sitemap: {request.build_absolute_uri(reverse('bookings:sitemap'))}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@login_not_required
@require_safe
def widget(request: TenantRequest, slug: str) -> HttpResponse:
    """Services and next free times, made to stand in another page. Only pages that the site lists may show it (S52).

    It sets no cookie, has no form and no script; booking opens in a window of its own.
    """
    site = _site(request, slug)
    language = "en" if request.GET.get("lang") == "en" else "fr"
    with translation.override(language):
        services = list(Service.objects.offered_at(site))
        book = request.build_absolute_uri(reverse("bookings:book-services", args=[site.slug]))
        context = {
            "site": site,
            "services": [{"service": one, "price": price_words(one)} for one in services[:MOST_IN_WIDGET]],
            "has_more": len(services) > MOST_IN_WIDGET,
            "times": _next_times(site, services),
            "book": book,
            "page": request.build_absolute_uri(reverse("bookings:public-site", args=[site.slug])),
        }
        response = render(request, "bookings/widget.html", context)
    frames = list(site.frame_origins) or [NONE]
    setattr(response, "_csp_replace", {"frame-ancestors": frames})  # noqa: B010 - read by django-csp, unknown to types
    # The older header knows no list: left out exactly where the newer one names somebody.
    response.xframe_options_exempt = bool(site.frame_origins)  # read by Django
    response["Cache-Control"] = "public, max-age=60"
    return response


@editions.held()
def _next_times(site: Site, services: Sequence[Service]) -> list[str]:
    """The first times at which some service is free to book, at the desk, else at home. What is looked at for a quote,
    or ordered ahead, has no such times."""
    timed = [one for one in services if one.price_mode != PriceMode.ON_QUOTE and not any_ahead(site, [one])]
    now = timezone.now()
    for place in (Place.DESK, Place.HOME):
        there = [one for one in timed if one.place == place]
        free = calendar.first_times(site, place, there, now=now, count=NEXT_TIMES, most_terms=MOST_TERMS)
        if free:
            return [moment_words(moment, site) for moment in free]
    return []
