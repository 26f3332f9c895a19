"""Today's price for a request, on demand: old and new lines side by side, then a button."""

from __future__ import annotations

import uuid
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings import perms
from bookings.actions import pricing
from bookings.actions.repricing import reprice, reprice_request
from bookings.enums import Place
from bookings.forms.requests import DistanceForm
from bookings.models import ServiceRequest, Supplement
from concierge.days import today_at
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from concierge.words import euros, times_words


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def repricing(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """Read what would change; say yes."""
    if not perms.can_read_requests(request.actor):
        raise NotAllowed
    visible = ServiceRequest.objects.visible_to(request.actor).select_related("site")
    found = get_object_or_404(visible, public_id=public_id)
    if not perms.can_book_for_others(request.actor, found.site):
        raise NotAllowed
    error = None
    if request.method == "POST":
        try:
            seen, km = _seen(request.POST.get("total", "")), _measured(request.POST)
            reprice_request(found, total_seen=seen, by=request.actor, distance_km=km)
        except DomainError as refusal:
            error = refusal
        else:
            messages.success(request, _("The request bears today’s price. The lines before are in its history."))
            return redirect("bookings:request", public_id=public_id)
    return _page(request, found, error)


def _seen(text: str) -> Decimal:
    """The total that was shown; nonsense is no total."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return Decimal(-1)
    return value if value.is_finite() else Decimal(-1)


def _measured(typed: Any) -> Decimal | None:
    """The distance that somebody typed; nonsense is none."""
    form = DistanceForm(typed)
    return form.cleaned_data["km"] if form.is_valid() else None


def far_away(found: ServiceRequest) -> list[Supplement]:
    """What would be added by distance, when nobody knows how far it is."""
    if found.measured_km is not None:
        return []
    return by_measured_distance(found)


def by_measured_distance(found: ServiceRequest) -> list[Supplement]:
    """Supplements by distance of an address whose place is not known."""
    if found.place != Place.HOME or found.latitude is not None:
        return []
    orders = found.work_orders.select_related("service").prefetch_related("service__supplements").order_by("pk")
    return pricing.by_distance([order.service for order in orders], day=today_at(found.site))


def _page(request: TenantRequest, found: ServiceRequest, error: DomainError | None) -> HttpResponse:
    typed = request.POST if request.method == "POST" else request.GET
    form = DistanceForm(typed if "km" in typed else None, initial={"km": found.measured_km})
    unmeasured = by_measured_distance(found)
    context: dict[str, Any] = {"found": found, "error": error, "new_lines": [], "is_same": True}
    context |= {"form": form, "unmeasured": unmeasured, "km": typed.get("km", "") if form.is_valid() else ""}
    try:
        prices = reprice(found, distance_km=_measured(typed))
    except DomainError as refusal:
        error = error or refusal
        context |= {"error": error, "old_lines": []}
    else:
        context |= {
            "is_same": prices.is_same,
            "old_lines": [
                _line(one.description, one.quantity, one.unit, one.unit_price_incl_vat, one.total_incl_vat)
                for one in prices.old
            ],
            "new_lines": [_line(one.label, one.quantity, one.unit, one.unit_price, one.total) for one in prices.new],
            "old_total": euros(prices.old_total),
            "new_total": euros(prices.new_total),
            "total": str(prices.new_total),
        }
    status = 422 if form.is_bound and not form.is_valid() else 200
    return render(request, "bookings/repricing.html", context, status=error.status if error else status)


def _line(label: str, quantity: Decimal, unit: str, price: Decimal, total: Decimal) -> dict[str, str]:
    return {"label": label, "detail": times_words(quantity, unit, price), "amount": euros(total)}
