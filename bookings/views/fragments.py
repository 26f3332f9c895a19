"""What other apps show on the pages of a request: parts that are loaded by their address, when that app is there."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy

from bookings.enums import WorkOrderStatus
from bookings.models import ServiceRequest, WorkOrder

PRICES = "providers:prices-of-request"
OF_REQUEST = {
    PRICES: gettext_lazy("Providers' prices"),
    "providers:offers-of-request": gettext_lazy("Offers to providers"),
    "billing:of-request": gettext_lazy("Invoices"),
    "notifications:receipts-of-request": gettext_lazy("Messages to the client"),
}


def fragments_of(found: ServiceRequest, *, is_on_quote: bool) -> list[dict[str, object]]:
    """The parts of a request's page; prices only where something is priced on quote."""
    names = [name for name in OF_REQUEST if name != PRICES or is_on_quote]
    return [{"url": url, "label": OF_REQUEST[name]} for name in names if (url := address_of(name, found))]


def proposals_of(token: str, orders: Iterable[WorkOrder]) -> str:
    """Where the client reads what those who are being asked propose; ``""`` when nobody is, or when that app is not
    there."""
    if not any(order.status == WorkOrderStatus.OFFERING for order in orders):
        return ""
    try:
        return reverse("providers:proposals-of-request", args=[token])
    except NoReverseMatch:
        return ""


def address_of(name: str, found: ServiceRequest) -> str:
    """Where another app shows what it knows of this request; ``""`` when that app is not there."""
    try:
        return reverse(name, args=[found.public_id])
    except NoReverseMatch:
        return ""
