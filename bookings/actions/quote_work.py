"""From an accepted quote to lines and work orders: at once when the quote names the day, else when it is agreed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.actions.quote_moves import UNDER_WAY, lock_request
from bookings.actions.requests import lock_work_of
from bookings.actions.work_orders import cancel_work_order, settle_request
from bookings.enums import WORK_ORDER_TRANSITIONS, Place, QuoteStatus
from bookings.models import Quote, QuoteLine, RequestLine, Service, ServiceRequest, WorkOrder, calendar
from bookings.rules.prices import CENT
from bookings.rules.quotes import FARTHEST, line_total, plain
from bookings.rules.slots import ready_by
from concierge import events
from concierge.errors import DomainError, Invalid, WrongState
from concierge.tenancy import Actor

# What a line of an order can carry.
MOST_PIECES = 500


class AlreadyInvoiced(DomainError):
    """What was invoiced is corrected by a credit note, not by an amendment."""

    code, status = "already_invoiced", 409
    message = _("Part of this request is already invoiced: it can no longer be amended. Please call us.")


def fill_order(request: ServiceRequest, quote: Quote, *, by: Actor) -> None:
    """The lines of the accepted option; and its work, when the quote names a day that is still to come: else that is
    to be agreed. In the caller's transaction."""
    lines = _write_lines(request, quote)
    _note_total(request, lines)
    now = timezone.now()
    if quote.starts_at is not None and now < quote.starts_at < now + FARTHEST:
        _plan(request, quote.starts_at, _orders_for(request, lines), lines, by=by)


def amend_order(request: ServiceRequest, quote: Quote, orders: Sequence[WorkOrder], *, by: Actor) -> None:
    """The lines of the amendment instead of the old ones; work that it no longer names is cancelled, new work begins.

    Work that goes on keeps its order, its holder and its plan. Raises ``AlreadyInvoiced`` (409).
    """
    try:
        RequestLine.objects.filter(request=request).delete()
    except ProtectedError as error:
        raise AlreadyInvoiced from error
    lines = _write_lines(request, quote)
    _note_total(request, lines)
    going_on = {order.service_id: order for order in orders if order.status not in {"cancelled", "failed"}}
    wanted = {line.service_id for line in lines}
    for service_id, order in going_on.items():
        if service_id not in wanted and order.status in WORK_ORDER_TRANSITIONS["cancel"][0]:
            cancel_work_order(order, reason="amended", by=by)
    for line in lines:
        line.work_order = going_on.get(line.service_id)
    RequestLine.objects.bulk_update([line for line in lines if line.work_order], ["work_order"])
    starts_at = request.promised_start or quote.starts_at
    fresh = [line for line in lines if line.work_order is None]
    if starts_at is not None and fresh:
        _plan(request, max(starts_at, timezone.now()), _orders_for(request, fresh), fresh, by=by)
    elif orders and not fresh:
        settle_request(orders[-1], by=by)  # what it dropped may have been all that was left to do


@transaction.atomic
def set_appointment(request: ServiceRequest, starts_at: dt.datetime, *, by: Actor) -> ServiceRequest:
    """The day that the quote left open is agreed: its work orders are to be given to someone now.

    Raises ``Invalid`` (400) for a day that has passed or is years away, ``WrongState`` (409) when there is no
    accepted quote or its work is planned already.
    """
    orders = lock_work_of(request)
    locked = lock_request(request)
    now = timezone.now()
    if not now < starts_at < now + FARTHEST:
        raise Invalid(_("Choose a moment in the coming two years."), field="starts_at")
    binding = Quote.objects.filter(request=locked, status=QuoteStatus.ACCEPTED).exists()
    lines = list(locked.lines.select_related("service").filter(work_order=None).order_by("position", "pk"))
    if orders or not binding or not lines or locked.status not in UNDER_WAY:
        raise WrongState(current_status=locked.status)
    _plan(locked, starts_at, _orders_for(locked, lines), lines, by=by)
    return locked


def _write_lines(request: ServiceRequest, quote: Quote) -> list[RequestLine]:
    if quote.chosen is None:
        raise WrongState(current_status=quote.status)
    fallback = request.wishes.select_related("service").order_by("position").first()
    rows = quote.chosen.lines.select_related("service").order_by("position")
    return RequestLine.objects.bulk_create(
        _line(request, row, row.service or (fallback.service if fallback else None), position)
        for position, row in enumerate(rows)
    )


def _line(request: ServiceRequest, row: QuoteLine, service: Service | None, position: int) -> RequestLine:
    """A line as orders carry it: more pieces than an order can carry are one, at the price of the whole."""
    if service is None:
        raise Invalid(_("Say which service each line belongs to."), field="service")
    total = line_total(row.quantity, row.unit_price_incl_vat)
    fits = row.quantity <= MOST_PIECES
    text = row.description
    if not fits:
        unit = f" {row.unit}" if row.unit else ""
        text = f"{row.description} ({plain(row.quantity)}{unit} × {row.unit_price_incl_vat:.2f} €)"
    return RequestLine(
        organisation_id=request.organisation_id,
        request=request,
        service=service,
        description=text[:250],
        quantity=row.quantity if fits else 1,
        unit=row.unit if fits else "",
        unit_price_incl_vat=row.unit_price_incl_vat if fits else total,
        vat_code=row.vat_code,
        vat_rate=row.vat_rate,
        total_incl_vat=total,
        position=position,
    )


def _note_total(request: ServiceRequest, lines: Sequence[RequestLine]) -> None:
    request.total_incl_vat = sum((line.total_incl_vat for line in lines), Decimal(0)).quantize(CENT)
    request.version += 1
    request.save(update_fields=["total_incl_vat", "version"])


def _orders_for(request: ServiceRequest, lines: Sequence[RequestLine]) -> list[WorkOrder]:
    """One work order per service, not saved yet and without a promise."""
    services = {line.service_id: line.service for line in lines}
    return [
        WorkOrder(
            organisation_id=request.organisation_id,
            request=request,
            site=request.site,
            service=service,
            execution=service.execution,
            quantity=1,
            duration_minutes=service.duration_minutes,
        )
        for service in services.values()
    ]


def _plan(
    request: ServiceRequest,
    starts_at: dt.datetime,
    orders: Sequence[WorkOrder],
    lines: Sequence[RequestLine],
    *,
    by: Actor,
) -> None:
    """Promise the work from that moment, and say that it is to be given to someone."""
    site = request.site
    zone = ZoneInfo(site.time_zone)
    first = starts_at.astimezone(zone).date()
    closed = calendar.closed_days(site, first, first + dt.timedelta(days=120))
    opening = calendar.opening_of(site)
    for order in orders:
        order.promised_start = starts_at
        if request.place == Place.HOME:
            order.promised_end = starts_at + dt.timedelta(minutes=order.duration_minutes)
        else:
            hours = order.service.turnaround_hours
            order.promised_end = ready_by(starts_at, hours, opening=opening, closed=closed, zone=zone)
    WorkOrder.objects.bulk_create(orders)
    by_service = {order.service_id: order for order in orders}
    for line in lines:
        line.work_order = by_service[line.service_id]
    RequestLine.objects.bulk_update(lines, ["work_order"])
    if request.promised_start is None:
        request.promised_start = starts_at
    request.promised_end = max([order.promised_end for order in orders] + [request.promised_end or starts_at])
    request.version += 1
    request.save(update_fields=["promised_start", "promised_end", "version"])
    for order in orders:
        events.record(
            "work_order.ready",
            order,
            by=by,
            request_id=request.public_id,
            work_order=order.reference,
            service=order.service.code,
            execution=order.execution,
        )
