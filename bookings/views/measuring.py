"""What was weighed or counted: typed at the desk or in the workshop, read again with the price, then written."""

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
from bookings.actions.measuring import Measured, measurable, measure, state_quantities
from bookings.forms.quantities import QuantitiesForm, field_of
from bookings.models import ServiceRequest
from bookings.views.words import amount_words
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from concierge.words import euros, times_words


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def quantities(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """Type, read both prices, say yes."""
    if not perms.can_read_requests(request.actor):
        raise NotAllowed
    visible = ServiceRequest.objects.visible_to(request.actor).select_related("site")
    found = get_object_or_404(visible, public_id=public_id)
    if not perms.can_measure(request.actor, found):
        raise NotAllowed
    try:
        lines = measurable(found)
    except DomainError as error:
        return render(request, "bookings/quantities.html", {"found": found, "error": error}, status=error.status)
    form = QuantitiesForm(request.POST if request.method == "POST" else None, lines=lines)
    if not form.is_bound:
        return _page(request, found, form)
    if not form.is_valid():
        return _page(request, found, form, status=422)
    try:
        prices = measure(found, form.quantities)
        if "confirm" not in request.POST:
            return _page(request, found, form, prices=prices)
        version, total = _seen(request.POST)
        state_quantities(found, form.quantities, by=request.actor, version=version, total_seen=total)
    except DomainError as error:
        if error.status == 409:
            found.refresh_from_db()
            return _page(request, found, form, prices=measure(found, form.quantities), error=error, status=409)
        name = "q-" + (error.field or "").removeprefix("lines.")
        form.add_error(name if name in form.fields else None, str(error.message))
        return _page(request, found, form, status=422)
    messages.success(request, _("The quantities are on the request. The lines before are in its history."))
    return redirect("bookings:request", public_id=public_id)


def _seen(typed: Any) -> tuple[int, Decimal]:
    """Version and total that were shown; nonsense is none of ours."""
    try:
        total = Decimal(typed.get("total", ""))
        return int(typed.get("version", "")), total if total.is_finite() else Decimal(-1)
    except (ValueError, InvalidOperation):
        return -1, Decimal(-1)


def _page(
    request: TenantRequest,
    found: ServiceRequest,
    form: QuantitiesForm,
    *,
    prices: Measured | None = None,
    error: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {"found": found, "form": form, "error": error, "new_lines": []}
    if prices is not None:
        context |= {
            "old_lines": [
                _line(one.row.description, one.row.quantity, one.row.unit, one.row.unit_price_incl_vat)
                | {"amount": amount_words(one.row, one.row.total_incl_vat)}
                for one in prices.lines
            ],
            "new_lines": [
                _line(one.row.description, one.quantity, one.row.unit, one.unit_price)
                | {"amount": amount_words(one.row, one.total)}
                for one in prices.lines
            ],
            "old_total": euros(prices.old_total),
            "new_total": euros(prices.new_total),
            "is_above": prices.is_above,
            "total": str(prices.new_total),
            "typed": [(field_of(position), f"{quantity:f}") for position, quantity in form.quantities.items()],
        }
    return render(request, "bookings/quantities.html", context, status=status)


def _line(label: str, quantity: Decimal, unit: str, price: Decimal) -> dict[str, str]:
    return {"label": label, "detail": times_words(quantity, unit, price)}
