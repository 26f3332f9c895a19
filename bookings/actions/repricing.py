"""Today's price for what was already ordered: only when somebody of the team asks, never by itself (R1)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.actions import booking, pricing
from bookings.actions.requests import lock_work_of
from bookings.enums import LineKind, RequestStatus, WorkOrderStatus
from bookings.models import RequestLine, Service, ServiceRequest, WorkOrder
from bookings.rules import prices
from concierge import events
from concierge.errors import Conflict, WrongState
from concierge.tenancy import Actor

# Before the work is finished: from then on the price is what the invoice says.
REPRICED_FROM = frozenset(
    {RequestStatus.SUBMITTED, RequestStatus.QUALIFYING, RequestStatus.CONFIRMED, RequestStatus.IN_PROGRESS}
)
OVER = frozenset({WorkOrderStatus.CANCELLED, WorkOrderStatus.FAILED})


class NotRepriced(WrongState):
    """The lines cannot be found in today's catalogue, or the state is past it."""

    code = "not_repriced"
    message = _("This request keeps its price: its work is over, or it is billed.")


class LineUnknown(NotRepriced):
    """A line that today's price list does not know."""

    code = "line_unknown"
    message = _("Something on this request is not in today’s price list any more: it keeps its price.")


class AlreadyMeasured(NotRepriced):
    """What was weighed or counted costs what was said with the order."""

    code = "already_measured"
    message = _("What was weighed or counted keeps the price of its order.")


@dataclass(frozen=True)
class Repriced:
    """The lines as they are and as they would be today."""

    old: list[RequestLine]
    new: list[prices.PricedLine]
    old_total: Decimal
    new_total: Decimal

    @property
    def is_same(self) -> bool:
        """Whether nothing would change."""
        was = [(one.description, one.quantity, one.unit_price_incl_vat, one.vat_rate) for one in self.old]
        return was == [(one.label, one.quantity, one.unit_price, one.vat_rate) for one in self.new]


def reprice(request: ServiceRequest, *, now: dt.datetime | None = None, distance_km: Decimal | None = None) -> Repriced:
    """What the request would cost if it were ordered today; writes nothing. ``distance_km``: what somebody measured, of
    an address whose place is not known; without it, what was measured before.

    Raises ``NotRepriced`` in another state, ``LineUnknown``, ``AlreadyMeasured``, ``PriceMissing`` (409), ``BadOrder``.
    """
    if request.status not in REPRICED_FROM or hasattr(request, "pre_order") or request.quotes.exists():
        raise NotRepriced(current_status=request.status)
    orders = list(request.work_orders.select_related("service").order_by("pk"))
    if any(order.status in OVER for order in orders):
        raise NotRepriced(current_status=request.status)
    site, today = request.site, (now or timezone.now()).astimezone(ZoneInfo(request.site.time_zone)).date()
    old = list(request.lines.order_by("position", "pk"))
    if any(line.measured_quantity is not None for line in old):
        raise AlreadyMeasured(current_status=request.status)
    wanted = {order.service_id for order in orders}
    services = list(
        Service.objects.filter(pk__in=wanted).prefetch_related("price_items", "options", "supplements").order_by("pk")
    )
    tariffs = pricing.tariffs_of(site, today, services=services)
    known = pricing.circumstances(site, request.promised_start, latitude=request.latitude, longitude=request.longitude)
    if known.distance_km is None:
        known = replace(known, distance_km=request.measured_km if distance_km is None else distance_km)
    wishes = [_wish(order, tariffs[str(order.service.public_id)], old) for order in orders]
    new = pricing.price_order(tariffs, wishes, known)
    return Repriced(old, new, request.total_incl_vat, prices.total(new))


def _wish(order: WorkOrder, tariff: prices.Tariff, lines: list[RequestLine]) -> prices.Wish:
    """What was asked of one service, found again by what its lines say."""
    items = {price.label: key for key, price in tariff.items.items()}
    extras = {price.label: key for key, price in tariff.options.items()}
    extras |= {one.label: key for key, one in tariff.supplements.items() if tariff.can_choose(key)}
    by_rule = {one.label for key, one in tariff.supplements.items() if not tariff.can_choose(key)}
    quantities: dict[str, int | Decimal] = {}
    chosen = set()
    for line in lines:
        if line.work_order_id != order.pk:
            continue
        if line.kind == LineKind.ITEM and line.description in items:
            quantities[items[line.description]] = line.quantity
        elif line.kind != LineKind.ITEM and line.description in extras:
            chosen.add(extras[line.description])
        elif not (line.kind == LineKind.SUPPLEMENT and line.description in by_rule):
            raise LineUnknown
    return prices.Wish(str(order.service.public_id), quantities, frozenset(chosen))


@transaction.atomic
def reprice_request(
    request: ServiceRequest, *, total_seen: Decimal, by: Actor, distance_km: Decimal | None = None
) -> ServiceRequest:
    """Write today's price on the request. ``total_seen``: the new total that somebody read before saying yes.

    Raises what ``reprice`` raises, and ``Conflict`` (409) when the price is another one by now.
    """
    orders = lock_work_of(request)
    locked = (
        ServiceRequest.objects.select_for_update(of=("self",), no_key=True).select_related("site").get(pk=request.pk)
    )
    found = reprice(locked, distance_km=distance_km)
    if found.new_total != total_seen:
        raise Conflict(_("The price has changed since you looked. Please read it again."))
    RequestLine.objects.filter(request=locked).delete()
    booking.insert_lines(locked, orders, found.new)
    locked.total_incl_vat, locked.version = found.new_total, locked.version + 1
    locked.measured_km = locked.measured_km if distance_km is None else distance_km
    locked.save(update_fields=["total_incl_vat", "measured_km", "version"])
    events.record(
        "service_request.repriced",
        locked,
        by=by,
        request_id=locked.public_id,
        old_total=str(found.old_total),
        new_total=str(found.new_total),
        distance_km=None if distance_km is None else str(distance_km),
        old_lines=[[one.description, str(one.quantity), str(one.unit_price_incl_vat)] for one in found.old],
    )
    return locked
