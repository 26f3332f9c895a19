"""The team's VAT rates: which counts, since when, and what comes."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from bookings import perms
from bookings.actions import vat
from bookings.forms.vat import VatRateForm
from bookings.models import Service, VatRate
from bookings.views.catalogue import refused_status
from concierge.days import today_of
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from concierge.words import percent

# Of all codes together: four rates that changed ten times since the tax exists.
MOST_RATES = 100


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def vat_rates(request: TenantRequest) -> HttpResponse:
    """Every rate, and the form for the next."""
    if not perms.can_set_vat(request.actor):
        raise NotAllowed
    form, status = VatRateForm(request.POST if request.method == "POST" else None), 422
    if form.is_valid():
        try:
            vat.set_vat_rate(request.organisation, by=request.actor, **form.cleaned_data)
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
            status = refused_status(error)
        else:
            messages.success(request, _("Saved. Orders taken before keep the rate they were taken with."))
            return redirect("bookings:vat")
    return _page(request, form, status=status if form.is_bound else 200)


@login_required
@require_POST
def forget_vat_rate(request: TenantRequest, code: str, day: str) -> HttpResponse:
    """Forget a rate that has not begun."""
    if not perms.can_set_vat(request.actor):
        raise NotAllowed
    try:
        valid_from = parse_date(day)
    except ValueError as error:
        raise Http404 from error
    row = get_object_or_404(VatRate, organisation=request.organisation, code=code, valid_from=valid_from)
    try:
        vat.take_vat_rate_back(row, by=request.actor)
    except DomainError as error:
        return _page(request, VatRateForm(), status=error.status, error=error)
    messages.success(request, _("The planned rate is forgotten."))
    return redirect("bookings:vat")


def _page(
    request: TenantRequest, form: VatRateForm, *, status: int = 200, error: DomainError | None = None
) -> HttpResponse:
    today = today_of(request.organisation)
    rates = VatRate.objects.filter(organisation=request.organisation).order_by("code", "-valid_from")[:MOST_RATES]
    used = Service.objects.filter(organisation=request.organisation, is_active=True).order_by()
    counts = dict(used.values_list("vat_code").annotate(Count("pk")))
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for rate in rates:
        row = {"rate": rate, "percent": percent(rate.rate), "state": _state(rate, today)}
        groups[rate.code].append({**row, "is_last": not groups[rate.code]})
    context = {
        "form": form,
        "error": error,
        "groups": [{"code": code, "services": counts.get(code, 0), "rows": rows} for code, rows in groups.items()],
        "sees_catalogue": perms.can_see_catalogue(request.actor),
    }
    return render(request, "bookings/vat.html", context, status=status)


def _state(rate: VatRate, day: dt.date) -> str:
    """Planned, in force or over."""
    if rate.valid_from > day:
        return "planned"
    return "over" if rate.valid_to is not None and rate.valid_to < day else "in_force"
