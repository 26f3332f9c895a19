"""The team's catalogue at one site: terms of a service, areas served, and what the client will see."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings import perms
from bookings.actions import editing
from bookings.actions.pricing import on_day
from bookings.forms.catalogue import AreaForm, PreviewForm, TermsForm
from bookings.models import ServedArea, Service, ServiceAtSite, calendar
from bookings.models.catalogue import vat_rate_on
from bookings.views.booking import price_words
from bookings.views.catalogue import find, may_see, refused_status, seen_version
from concierge.days import today_at, today_of
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from concierge.models import Site
from concierge.words import moment_words, percent

# Free times shown of a day.
TIMES_SHOWN = 6
# Areas of a site on its page: a metropolis has fewer communes.
MOST_AREAS = 500


def _site(request: TenantRequest, slug: str) -> Site:
    """A site where the person works, or 404."""
    return get_object_or_404(Site.objects.visible_to(request.actor), slug=slug)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def terms(request: TenantRequest, public_id: uuid.UUID, slug: str) -> HttpResponse:
    """On which terms one site offers one service."""
    service, site = find(request, public_id), _site(request, slug)
    may_edit = perms.can_edit_terms(request.actor, site)
    row = ServiceAtSite.objects.filter(service=service, site=site).first()
    row = row or ServiceAtSite(organisation=request.organisation, service=service, site=site, is_offered=False)
    form, status = TermsForm(request.POST if request.method == "POST" else None, instance=row), 422
    if request.method == "POST" and not may_edit:
        raise NotAllowed
    if form.is_valid():
        try:
            editing.edit_terms(service, site, form.cleaned_data, version=seen_version(request), by=request.actor)
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
            status = refused_status(error)
        else:
            messages.success(request, _("Saved for %(site)s.") % {"site": site.name})
            return redirect("bookings:catalogue-service", public_id=public_id)
    context = {"service": service, "site": site, "form": form, "may_edit": may_edit}
    return render(request, "bookings/catalogue_terms.html", context, status=status if form.is_bound else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def areas(request: TenantRequest, slug: str) -> HttpResponse:
    """Where a site sends somebody."""
    may_see(request)
    site = _site(request, slug)
    may_edit = perms.can_edit_terms(request.actor, site)
    if request.method == "POST" and not may_edit:
        raise NotAllowed
    bound = request.method == "POST"
    form = AreaForm(request.POST, request.FILES) if bound else AreaForm(initial={"kind": "commune"})
    if form.is_valid():
        given = dict(form.cleaned_data)
        try:
            editing.add_area(site, by=request.actor, geojson=given.pop("file"), **given)
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
        else:
            messages.success(request, _("Added. Bookings from now on count with it."))
            return redirect("bookings:catalogue-areas", slug=slug)
    found = ServedArea.objects.filter(site=site)[:MOST_AREAS]
    context = {"site": site, "areas": found, "form": form, "may_edit": may_edit}
    return render(request, "bookings/catalogue_areas.html", context, status=422 if bound else 200)


@login_required
@require_POST
def remove_area(request: TenantRequest, slug: str, area: int) -> HttpResponse:
    """The site serves it no more."""
    may_see(request)
    site = _site(request, slug)
    if not perms.can_edit_terms(request.actor, site):
        raise NotAllowed
    row = get_object_or_404(ServedArea.objects.filter(site=site), pk=area)
    editing.remove_area(site, row, by=request.actor)
    messages.success(request, _("Taken away. What is booked there stays booked."))
    return redirect("bookings:catalogue-areas", slug=slug)


@login_required
@require_safe
def preview(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """What the client will see of a service, at a site, on a day."""
    service = find(request, public_id)
    sites = Site.objects.visible_to(request.actor).prefetch_related("opening_hours")
    first = sites.first()
    given = {
        "site": first.public_id if first else "",
        "on": today_at(first) if first else today_of(request.organisation),
        **request.GET.dict(),
    }
    form = PreviewForm(given, sites=sites)
    shown = _seen(service, form.cleaned_data["site"], form.cleaned_data["on"]) if form.is_valid() else None
    context = {"service": service, "form": form, "shown": shown}
    return render(request, "bookings/catalogue_preview.html", context, status=200 if form.is_valid() else 422)


def _seen(service: Service, site: Site, day: dt.date) -> dict[str, Any]:
    """The service as it will be, and why the client would not see it."""
    row = ServiceAtSite.objects.filter(service=service, site=site, is_offered=True).first()
    rate = vat_rate_on(site.organisation_id, service.vat_code, day)
    reasons = [
        (not service.is_active, _("This service is switched off.")),
        (row is None, _("This site does not offer this service.")),
        (rate is None, _("No VAT rate is known for that day: nobody could book.")),
        (not site.is_active, _("This site takes no requests.")),
    ]
    (service,) = on_day([service], day)
    zone = ZoneInfo(site.time_zone)
    now = max(timezone.now(), dt.datetime.combine(day, dt.time(0), tzinfo=zone))
    free = calendar.slots_left(site, service.place, now=timezone.now(), first_day=day, days=14, services=[service])
    return {
        "site": site,
        "day": day,
        "hidden": [reason for is_so, reason in reasons if is_so],
        "price": price_words(service),
        "items": [one for one in service.price_items.all() if one.is_active],
        "options": [one for one in service.options.all() if one.is_active],
        "supplements": service.supplements_on(day),
        "vat": percent(rate.rate) if rate else "",
        "terms": row,
        "gives_tax_credit": service.gives_tax_credit(site.organisation),
        "times": [moment_words(slot.starts_at, site) for slot in free if slot.starts_at >= now][:TIMES_SHOWN],
    }
