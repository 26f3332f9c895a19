"""A provider's work in its own calendar: the calendar itself, and the page where its address is given and ended."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.models.feeds import feed_hash
from bookings.rules.ics import calendar_of
from bookings.views.feeds import MOST_READ, READ_WINDOW, calendar_answer, given_words
from concierge.days import zone_of
from concierge.middleware import TenantRequest, actor_of
from concierge.visitors import not_too_many
from providers.actions.feeds import end_provider_feed, renew_provider_feed
from providers.models import ProviderFeed
from providers.models.feeds import work_calendar
from providers.views.space import own_provider


@require_safe
@login_not_required
def feed(request: TenantRequest, token: str) -> HttpResponse:
    """The calendar of an address. One that opens nothing is a page that does not exist."""
    not_too_many(request, "feeds", most=MOST_READ, seconds=READ_WINDOW)
    live = ProviderFeed.objects.live().select_related("user", "provider")
    found = live.filter(organisation=request.organisation, token_hash=feed_hash(token)).first()
    if found is None or not found.user.is_active:
        raise Http404
    if actor_of(found.user, request.organisation).provider_id != found.provider_id:
        raise Http404
    zone, url = zone_of(request.organisation), request.build_absolute_uri(reverse("providers:space"))
    with translation.override(found.user.language):
        calendar = work_calendar(found.provider, now=timezone.now(), zone=zone, url=url)
        body = calendar_of(calendar.entries, name=request.organisation.name, feed_zone=zone)
    return calendar_answer(request, body, calendar.since)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def my_feed(request: TenantRequest) -> HttpResponse:
    """My work in my calendar."""
    me = own_provider(request)
    back = reverse("providers:space-feed")
    if request.method == "POST":
        _feed, token = renew_provider_feed(me, by=request.actor)
        context = given_words(request, reverse("providers:feed", args=[token]))
        return render(request, "bookings/feed_given.html", {"layout": "layouts/public.html", "back": back, **context})
    mine = ProviderFeed.objects.live().filter(provider=me, user=request.actor.user).first()
    return render(request, "providers/space_feed.html", {"me": me, "feed": mine, "zone": zone_of(request.organisation)})


@require_POST
def my_feed_end(request: TenantRequest) -> HttpResponse:
    """My address stops."""
    if end_provider_feed(own_provider(request), by=request.actor):
        messages.success(request, _("The address no longer works. Calendars that read it will say so."))
    return redirect("providers:space-feed")
