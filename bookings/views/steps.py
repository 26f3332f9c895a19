"""What the booking steps share: their order, their frame, and the way back to the first one that is not complete."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from bookings.views import ahead
from bookings.views.draft import DONE, Draft
from bookings.views.whose import refuse_other
from concierge.errors import TooManyAttempts
from concierge.models import Site
from concierge.words import moment_words

# Seconds: places and codes are counted by the quarter of an hour at most.
RETRY_AFTER = "900"
STEPS = ("services", "details", "slot", "contact", "review")
# What has no price yet is asked for in words, without a time.
QUOTE_STEPS = ("services", "wishes", "contact", "ask")
# Pages that belong to the step about people.
BESIDE_CONTACT = ("code", "beneficiary", "company")

Page = Callable[..., HttpResponse]


def step(name: str, *methods: str) -> Callable[[Page], Page]:
    """A page of the path: finds the site and the draft, and leads back to the first step that is not complete."""

    def decorate(view: Page) -> Page:
        @login_not_required
        @never_cache
        @require_http_methods(methods or ["GET", "HEAD", "POST"])
        @wraps(view)
        def page(request: HttpRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponse:
            found = Site.objects.visible_to(request.actor).active()  # type: ignore[attr-defined]  # as above
            site = get_object_or_404(found, slug=slug)
            draft = Draft(request, site)
            if name in {"review", "ask"} and request.method == "POST" and (done := already_done(request)):
                return done
            if (refused := refuse_other(request, draft)) is not None:
                return refused
            missing = draft.missing_before(name)
            if missing is not None:
                return go(site, missing, expired=missing == "slot" and draft.hold is not None)
            return view(request, draft, *args, **kwargs)

        return page

    return decorate


def already_done(request: HttpRequest) -> HttpResponse | None:
    """The same form sent again: show the request that it became."""
    token = request.session.get(DONE, {}).get(request.POST.get("hold", ""))
    return redirect("bookings:done", token=token) if token else None


def go(site: Site, name: str, *, expired: bool = False) -> HttpResponse:
    """On to a step."""
    address = reverse(f"bookings:book-{name}", args=[site.slug])
    return redirect(f"{address}?expired=1" if expired else address)


def show(request: HttpRequest, draft: Draft, name: str, status: int = 200, **context: Any) -> HttpResponse:
    """A step in its frame: where you are, the way back, the place kept for you."""
    labels = {
        "services": _("Services"),
        "details": _("Details"),
        "slot": _("Hand-out") if draft.plan is not None else _("Appointment"),
        "wishes": _("Your need"),
        "contact": _("You"),
        "ask": _("Check"),
        "review": _("Check"),
    }
    names = QUOTE_STEPS if draft.on_quote else STEPS
    steps = [{"label": labels[s], "url": reverse(f"bookings:book-{s}", args=[draft.site.slug])} for s in names]
    contact = names.index("contact") + 1
    current = contact if name in BESIDE_CONTACT else names.index(name) + 1
    back = steps[current - 2]["url"] if current > 1 else reverse("bookings:sites")
    if name in BESIDE_CONTACT:
        back = steps[contact - 1]["url"]
    hold = draft.hold if not draft.on_quote and draft.holds_a_place and current > 3 else None
    base = {"site": draft.site, "draft": draft, "steps": steps, "current": current, "back": back, "hold": hold}
    if hold is not None:
        base["hold_until"] = clock(hold.expires_at, draft.site)
        when = moment_words(hold.starts_at, draft.site)
        base["slot_words"] = f"{when} – {hold.presence}" if hold.presence else when
    if draft.run is not None and current > 3:
        base["slot_words"] = ahead.window_words(draft.run)
    response = render(request, f"bookings/book_{name}.html", {**base, **context}, status=status)
    if status == TooManyAttempts.status:
        response["Retry-After"] = RETRY_AFTER
    return response


def clock(moment: dt.datetime, site: Site) -> str:
    """The time of day at the site."""
    return date_format(timezone.localtime(moment, ZoneInfo(site.time_zone)), "TIME_FORMAT")
