"""What the desk or the workshop weighed or counted, of what was announced with the order (R1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings.actions.pricing import keep_word
from bookings.actions.requests import lock_work_of
from bookings.enums import PerformerKind, PriceMode, RequestStatus, WorkOrderStatus
from bookings.models import RequestLine, ServiceRequest, WorkOrder
from bookings.rules import measures
from bookings.rules.prices import ONE, Unpriceable, cents, is_weighed
from concierge import events
from concierge.errors import Conflict, Invalid, WrongState
from concierge.tenancy import Actor
from concierge.words import quantity_words

UNDER_WAY = frozenset({RequestStatus.CONFIRMED, RequestStatus.IN_PROGRESS, RequestStatus.ON_HOLD})
# Checked work may be on an invoice; what is not done costs nothing.
SETTLED = frozenset({WorkOrderStatus.VERIFIED, WorkOrderStatus.FAILED, WorkOrderStatus.CANCELLED})


class NotMeasured(WrongState):
    """Too late, or the price does not hang on a quantity."""

    code = "not_measured"
    message = _("Quantities are stated while the work is under way: this work is checked, billed or over.")


class PriceAgreed(NotMeasured):
    """A quote was accepted."""

    code = "price_agreed"
    message = _("This price was agreed in a quote: only an amendment changes it.")


@dataclass(frozen=True)
class MeasuredLine:
    """A line as it is, and as it would be. ``measured``: what was read off now, when it was."""

    row: RequestLine
    quantity: Decimal
    unit_price: Decimal
    measured: Decimal | None = None

    @property
    def total(self) -> Decimal:
        """Quantity times unit price, half a cent counting for a whole one."""
        return cents(self.quantity * self.unit_price)


@dataclass(frozen=True)
class Measured:
    """The lines before and after, and what they cost and were announced to cost: those that are charged."""

    lines: list[MeasuredLine]
    old_total: Decimal
    new_total: Decimal
    announced_total: Decimal

    @property
    def is_above(self) -> bool:
        """Whether it becomes dearer than the client was told."""
        return self.new_total > max(self.announced_total, self.old_total)


def may_be_measured(request: ServiceRequest, orders: Sequence[WorkOrder]) -> bool:
    """Whether some of its work is under way, whatever its lines say. Reads what is known already."""
    ours = [order for order in orders if order.performer_kind != PerformerKind.PRODUCER]
    return request.status in UNDER_WAY and any(_is_under_way(order) for order in ours)


def measurable(request: ServiceRequest) -> list[RequestLine]:
    """Lines whose quantity may be stated now. Raises ``NotMeasured``, ``PriceAgreed`` (409) when there is none."""
    if request.quotes.exists():
        raise PriceAgreed(current_status=request.status)
    if request.status not in UNDER_WAY or hasattr(request, "pre_order"):
        raise NotMeasured(current_status=request.status)
    lines = request.lines.select_related("service", "work_order").order_by("position", "pk")
    found = [line for line in lines if measures.is_stated(line.kind) and _is_under_way(line.work_order)]
    if not found:
        raise NotMeasured(current_status=request.status)
    return found


def _is_under_way(order: WorkOrder | None) -> bool:
    return order is not None and order.status not in SETTLED


def measure(request: ServiceRequest, quantities: Mapping[int, Decimal]) -> Measured:
    """What the request costs with these quantities, by position of the line; writes nothing.

    Raises ``NotMeasured``, ``PriceAgreed`` (409), ``Invalid`` (400) naming the line.
    """
    open_lines = {line.position: line for line in measurable(request)}
    if not quantities:
        raise Invalid(_("Say how much was weighed or counted, of one line at least."), field="lines")
    for position in quantities:
        if position not in open_lines:
            raise Invalid(_("There is no such line, or its work is over."), field=f"lines.{position}")
    rows = list(request.lines.select_related("service", "work_order").order_by("position", "pk"))
    for position, quantity in quantities.items():
        _check(open_lines[position], quantity, rows, quantities)
    ordered = [_ordered(row) for row in rows]
    charged = {
        place: _charged(row, quantities[row.position]) for place, row in enumerate(rows) if row.position in quantities
    }
    announced = {place: row.ordered_quantity for place, row in enumerate(rows) if row.ordered_quantity is not None}
    after = measures.with_quantities(ordered, charged)
    return Measured(
        [
            MeasuredLine(row, line.quantity, line.unit_price, quantities.get(row.position))
            for row, line in zip(rows, after, strict=True)
        ],
        _charged_total(rows, ordered),
        _charged_total(rows, after),
        _charged_total(rows, measures.with_quantities(ordered, announced)),
    )


def _charged_total(rows: Sequence[RequestLine], lines: Sequence[measures.Ordered]) -> Decimal:
    return sum((line.total for row, line in zip(rows, lines, strict=True) if row.is_charged), Decimal("0.00"))


def _ordered(row: RequestLine) -> measures.Ordered:
    return measures.Ordered(str(row.service_id), row.kind, row.quantity, row.unit_price_incl_vat, row.percent)


def _charged(row: RequestLine, measured: Decimal) -> Decimal:
    """At least the least of the service, as long as the order was not smaller itself."""
    if row.service.price_mode not in {PriceMode.PER_UNIT, PriceMode.PER_HALF_HOUR}:
        return measured
    return max(measured, min(row.service.smallest_quantity, row.announced))


def _step(row: RequestLine) -> Decimal:
    is_sold_in_steps = row.service.price_mode == PriceMode.PER_UNIT and row.unit == row.service.unit
    return measures.finest(row.unit, row.service.quantity_step if is_sold_in_steps else ONE)


def _check(row: RequestLine, quantity: Decimal, rows: Sequence[RequestLine], quantities: Mapping[int, Decimal]) -> None:
    """A quantity that makes sense, and not more of a service than an order takes, or this one was for."""
    same = [one for one in rows if one.service_id == row.service_id and measures.is_stated(one.kind)]
    announced = sum((one.announced for one in same), Decimal(0))
    most, step = max(Decimal(row.service.max_quantity), announced), _step(row)
    field = f"lines.{row.position}"
    try:
        measures.check(quantity, measures.Limits(most, step))
    except Unpriceable as error:
        raise Invalid(_refusal(error, row, most), field=field, reason=error.code) from error
    if sum(quantities.get(one.position, one.quantity) for one in same) > most:
        raise Invalid(_refusal(Unpriceable("too_many"), row, most), field=field, reason="too_many")


def _refusal(error: Unpriceable, row: RequestLine, most: Decimal) -> str:
    if error.code == "nothing":
        return gettext("Nothing of it? Then cancel the request, or say that this work cannot be done.")
    if error.code == "too_many":
        said = gettext("At most %(limit)s per request for this service: the rest is another request.")
        return said % {"limit": quantity_words(most, row.unit)}
    if is_weighed(row.unit):
        return gettext("A quantity is above zero, with at most three decimals.")
    return gettext("A quantity is above zero, in steps of %(step)s.") % {"step": quantity_words(_step(row), row.unit)}


@transaction.atomic
def state_quantities(
    request: ServiceRequest,
    quantities: Mapping[int, Decimal],
    *,
    by: Actor,
    version: int | None = None,
    total_seen: Decimal | None = None,
) -> ServiceRequest:
    """Write what was weighed or counted on the lines, at the prices of the order. ``version`` and ``total_seen``: what
    somebody read before saying yes.

    Raises what ``measure`` raises, ``Conflict`` (409) when somebody else was first, ``PriceChanged`` (409).
    """
    orders = lock_work_of(request)
    locked = (
        ServiceRequest.objects.select_for_update(of=("self",), no_key=True).select_related("site").get(pk=request.pk)
    )
    keep_version(locked, version)
    found = measure(locked, quantities)
    keep_word(found.new_total, total_seen)
    before = [_told(line.row) for line in found.lines]
    for line in found.lines:
        _write(line)
    for order in orders:
        _note_quantity(order, [line.row for line in found.lines if line.row.work_order_id == order.pk])
    locked.total_incl_vat = sum((line.total for line in found.lines), Decimal("0.00"))
    locked.version += 1
    locked.save(update_fields=["total_incl_vat", "version"])
    events.record(
        "service_request.measured",
        locked,
        by=by,
        request_id=locked.public_id,
        old_total=str(found.old_total),
        new_total=str(found.new_total),
        announced_total=str(found.announced_total),
        is_above=found.is_above,
        old_lines=before,
        new_lines=[_told(line.row) for line in found.lines],
    )
    return locked


def keep_version(locked: ServiceRequest, seen: int | None) -> None:
    """Nobody overwrites what they have not read. Raises ``Conflict``."""
    if seen is not None and locked.version != seen:
        raise Conflict(version=locked.version)


def _told(row: RequestLine) -> list[Any]:
    return [row.description, str(row.quantity.normalize()), row.unit, str(row.unit_price_incl_vat)]


def _write(line: MeasuredLine) -> None:
    row = line.row
    if line.measured is None and line.unit_price == row.unit_price_incl_vat:
        return
    if line.measured is not None:
        row.ordered_quantity = row.announced
        row.measured_quantity, row.is_estimate = line.measured, False
    row.quantity, row.unit_price_incl_vat, row.total_incl_vat = line.quantity, line.unit_price, line.total
    row.save()


def _note_quantity(order: WorkOrder, rows: Sequence[RequestLine]) -> None:
    """What its doer reads is what there is."""
    things = [row for row in rows if measures.is_stated(row.kind)]
    quantity = sum((row.measured_quantity or row.quantity for row in things), Decimal(0))
    if things and quantity != order.quantity:
        order.quantity, order.version = quantity, order.version + 1
        order.save(update_fields=["quantity", "version"])
