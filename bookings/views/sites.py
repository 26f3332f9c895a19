"""Sites of the network: who and where each is, its time zone and holidays; and opening one more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from bookings import perms
from bookings.actions.sites import coming_at, edit_site
from bookings.forms.sites import NewSiteForm, SiteForm
from bookings.models import calendar
from bookings.models.strays import Strays
from concierge.actions import add_site
from concierge.days import today_at
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from concierge.models import Site
from concierge.perms import can_run_organisation
from concierge.tenancy import Actor
from concierge.words import date_words

PAGE = 50


def managed(actor: Actor) -> QuerySet[Site]:
    """Sites that somebody answers for, those that take no requests included. Raises ``NotAllowed`` (403)."""
    if not actor.has_role(*perms.MANAGERS):
        raise NotAllowed
    own = actor.site_ids(*perms.MANAGERS)
    found = Site.objects.visible_to(actor)
    return found if own is None else found.filter(pk__in=own)


@login_required
@require_safe
def site_list(request: TenantRequest) -> HttpResponse:
    """Every site that the person answers for."""
    page = Paginator(managed(request.actor).order_by("-is_active", "name", "pk"), PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "sites": page.object_list,
        "runs_organisation": can_run_organisation(request.actor),
        "previous": f"?page={page.previous_page_number()}" if page.has_previous() else "",
        "next": f"?page={page.next_page_number()}" if page.has_next() else "",
    }
    return render(request, "bookings/site_list.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_site(request: TenantRequest) -> HttpResponse:
    """Open one more."""
    if not can_run_organisation(request.actor):
        raise NotAllowed
    form = NewSiteForm(request.POST if request.method == "POST" else None, instance=Site())

    def act() -> Site:
        return add_site(request.organisation, **form.cleaned_data, by=request.actor)

    return _page(request, form, act, title=_("Open a site"), saved=_("The site is open. Now give it its hours."))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def site_page(request: TenantRequest, slug: str) -> HttpResponse:
    """Name, address, how to reach it, time zone, public holidays, whether it takes requests."""
    site = get_object_or_404(managed(request.actor), slug=slug)
    shown = get_object_or_404(managed(request.actor), slug=slug)
    form = SiteForm(
        request.POST if request.method == "POST" else None,
        instance=shown,
        has_bookings=coming_at(site).first is not None,
    )

    def act() -> Site:
        changes = form.changes
        meant = changes.pop("zone_is_meant", False)
        return edit_site(site, changes, zone_is_meant=meant, by=request.actor)

    return _page(request, form, act, title=site.name, saved=_("Saved."), site=site)


def _page(
    request: TenantRequest,
    form: NewSiteForm,
    act: Callable[[], Site],
    *,
    title: str,
    saved: str,
    site: Site | None = None,
) -> HttpResponse:
    """The form; its holidays as they would be; and when it is right and meant, the action."""
    looks = "look" in request.POST
    if form.is_valid() and not looks:
        try:
            done = act()
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
        else:
            messages.success(request, saved)
            return redirect("bookings:site" if site else "bookings:openings", slug=done.slug)
    context = {
        "form": form,
        "title": title,
        "site": site,
        "looks": looks,
        "strays": Strays(site, timezone.now()).number if site else 0,
        "holidays": [
            {"day": capfirst(date_words(day, "l j F Y")), "name": name} for day, name in _holidays(form, site)
        ],
    }
    refused = form.is_bound and (not looks or bool(form.errors))
    return render(request, "bookings/site_form.html", context, status=422 if refused else 200)


def _holidays(form: NewSiteForm, site: Site | None) -> list[Any]:
    """Of the zone that is typed, as far as it can be read; else of the one that is kept."""
    known = site or Site()
    meant = Site(time_zone=known.time_zone, holiday_zone=known.holiday_zone, good_friday_off=known.good_friday_off)
    for name, value in getattr(form, "cleaned_data", {}).items():
        if name in {"time_zone", "holiday_zone", "good_friday_off"}:
            setattr(meant, name, value)
    return calendar.holidays_to_come(meant, today_at(meant))
