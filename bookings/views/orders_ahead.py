"""What a client does with an order ahead by its tracking link: other quantities, no replacement please."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from bookings.actions import hand_outs, pre_orders, pricing
from bookings.enums import LineKind
from bookings.forms.booking import DetailsForm, wishes_of
from bookings.models import PreOrder, Service, ServiceRequest, Substitution
from bookings.rules import prices
from bookings.views.ahead import window_words
from bookings.views.tracking import bearer, link_page
from concierge.days import today_at
from concierge.errors import Conflict, DomainError
from concierge.middleware import TenantRequest


def whole_or_text(quantity: Decimal) -> int | str:
    """A quantity as a draft keeps it: whole numbers as such, weights as text."""
    return int(quantity) if quantity == int(quantity) else str(quantity.normalize())


def asked_of(found: ServiceRequest, tariffs: dict[str, prices.Tariff]) -> dict[str, Any]:
    """What was ordered, as the form of quantities keeps it; what the price list no longer has is left out."""
    asked: dict[str, Any] = {}
    for line in found.lines.select_related("service"):
        key = str(line.service.public_id)
        tariff = tariffs.get(key)
        if tariff is None:
            continue
        wish = asked.setdefault(key, {"quantities": {}, "options": []})
        match = next((key for key, label in _labels(tariff, line.kind).items() if label == line.description), None)
        if match is not None and line.kind != LineKind.ITEM:
            wish["options"].append(match)
        elif match is not None:
            wish["quantities"][match] = whole_or_text(line.announced)
    return asked


def _labels(tariff: prices.Tariff, kind: str) -> dict[str, str]:
    """What a line of that kind may be called, by key; a supplement that comes by rule is asked for by nobody."""
    if kind == LineKind.SUPPLEMENT:
        return {key: one.label for key, one in tariff.supplements.items() if tariff.can_choose(key)}
    priced = tariff.options if kind == LineKind.OPTION else tariff.items
    return {key: price.label for key, price in priced.items()}


@require_http_methods(["GET", "HEAD", "POST"])
@link_page
def change(request: TenantRequest, token: str, found: ServiceRequest) -> HttpResponse:
    """Other quantities, until the orders close; at the prices of the day, which the form shows."""
    order = PreOrder.objects.select_related("run__site", "run__plan").filter(request=found).first()
    if order is None:
        raise Http404
    today = today_at(found.site)
    services = pricing.on_day(Service.objects.offered_at(found.site).filter(pk=order.run.plan.service_id), today)
    tariffs = pricing.tariffs_of(found.site, today, services=services)
    form = DetailsForm(
        request.POST if request.method == "POST" else None,
        chosen=services,
        wishes=asked_of(found, tariffs),
        label_suffix="",
    )
    seal = prices.seal_of(tariffs)
    context = {"found": found, "form": form, "when": window_words(order.run), "token": token, "seal": seal}
    if form.is_valid():
        wishes = wishes_of(form.wishes())
        try:
            if request.POST.get("prices") != seal:
                raise Conflict(_("The prices have changed since you opened this page. Please read them again."))
            total = prices.total(pricing.price_order(tariffs, wishes))
            pre_orders.change_order(found, wishes, by=bearer(request, found), total_seen=total)
        except DomainError as error:
            form.add_error(None, str(error.message))
            return render(request, "bookings/change_order.html", context, status=error.status)
        messages.success(request, _("Your order is changed."))
        return redirect("bookings:track", token=token)
    return render(request, "bookings/change_order.html", context, status=422 if form.is_bound else 200)


@require_POST
@link_page
def refuse(request: TenantRequest, token: str, found: ServiceRequest, public_id: Any) -> HttpResponse:
    """No replacement, please: it is left out and not charged."""
    one = get_object_or_404(Substitution, pre_order__request=found, public_id=public_id)
    try:
        hand_outs.refuse_substitution(one, by=bearer(request, found))
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("Noted: it is left out and not charged."))
    return redirect(reverse("bookings:track", args=[token]))
