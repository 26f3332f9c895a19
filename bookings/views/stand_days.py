"""The concierge says what became of a day of a stand: by one tap, or on a page of its own (R12)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings import perms
from bookings.actions.stand_days import state_day
from bookings.forms.openings import StandDayForm
from bookings.models import ClientAccount, Presence, StandDay
from bookings.models.presences import PresenceQuerySet
from bookings.models.stands import days_held
from bookings.views.hand_outs import is_day
from bookings.views.lists import beside
from concierge.days import today_at
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from concierge.models import Site
from concierge.words import date_words

# Days of stands on a page, the name of its number in the address, and how far back an account's are shown.
PAGE, PAGE_NAME, LOOKED_BACK = 30, "stands", dt.timedelta(days=31)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def stand_day(request: TenantRequest, slug: str, public_id: uuid.UUID, day: str) -> HttpResponse:
    """Held as planned, at other hours, or not."""
    site = get_object_or_404(Site.objects.visible_to(request.actor).active(), slug=slug)
    if not perms.sees_openings(request.actor, site):
        raise Http404
    if not perms.can_state_stands(request.actor, site):
        raise NotAllowed
    stand = get_object_or_404(Presence.objects.select_related("site", "account"), site=site, public_id=public_id)
    if not is_day(day):
        raise Http404
    on = dt.date.fromisoformat(day)
    known = StandDay.objects.filter(presence=stand, day=on).first()
    form = StandDayForm(request.POST if request.method == "POST" else None, stand=stand, known=known)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            state_day(stand, on, by=request.actor, **form.said)
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
            status = error.status
        else:
            messages.success(request, _("Noted."))
            return redirect(_back(request, stand, on))
    context = {"form": form, "stand": stand, "site": site, "when": capfirst(date_words(on, "l j F Y")), "known": known}
    context["day"] = day
    context["back"] = _back(request, stand, on)
    context["back_to"] = "account" if "account" in (request.GET.get("back"), request.POST.get("back")) else ""
    return render(request, "bookings/stand_day.html", context, status=status)


def _back(request: TenantRequest, stand: Presence, day: dt.date) -> str:
    """To the account when one came from there and may read it, else to the appointments of that day."""
    from_account = "account" in (request.GET.get("back"), request.POST.get("back"))
    if from_account and stand.account is not None and perms.can_manage_accounts(request.actor):
        return reverse("bookings:account", args=[stand.account.public_id])
    asked = {"site": stand.site.slug, "jour": day.isoformat(), "vue": "day"}
    return f"{reverse('bookings:agenda')}?{urlencode(asked)}"


def paged(request: HttpRequest, rows: list[dict[str, Any]], **kept: str) -> dict[str, Any]:
    """A page of these days for ``_stand_days.html``; what else the address says stays in it."""
    page = Paginator(rows, PAGE).get_page(request.GET.get(PAGE_NAME))
    ways = beside(page, PAGE_NAME, **kept)
    return {"stand_days": list(page), "stands_previous": ways["previous"], "stands_next": ways["next"]}


def rows_at(site: Site, first: dt.date, last: dt.date) -> list[dict[str, Any]]:
    """Days of the stands of a site until today, the first ones first."""
    return _rows(Presence.objects.filter(site=site), first, min(last, today_at(site)))


def rows_of(account: ClientAccount) -> list[dict[str, Any]]:
    """Days of the stands of an account lately, the last ones first. At each site until its own today."""
    stands = Presence.objects.filter(account=account)
    sites = Site.objects.filter(pk__in=stands.order_by().values("site"))
    today = max((today_at(site) for site in sites), default=None)
    return _rows(stands, today - LOOKED_BACK, today)[::-1] if today else []


def _rows(stands: PresenceQuerySet, first: dt.date, last: dt.date) -> list[dict[str, Any]]:
    if last < first:
        return []
    going = stands.filter(is_paused=False).with_days(first, last)
    found = list(going.select_related("account", "site").order_by("pk"))
    held = days_held(found, first, last)
    said = {
        (one.presence_id, one.day): one
        for one in StandDay.objects.filter(presence__in=going, day__range=(first, last)).order_by("pk")
    }
    rows = [
        {"stand": stand, "day": day, "said": said.get((stand.pk, day))}
        for stand in found
        for day in held[stand.pk]
        if day <= today_at(stand.site)
    ]
    return sorted(rows, key=lambda row: (row["day"], row["stand"].opens, row["stand"].pk))
