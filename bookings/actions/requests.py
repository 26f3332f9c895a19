"""Verbs on service requests (lifecycles.md 2.1): decline, cancel, close, take back what was handed over by mistake."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings.actions import freed, holds, pre_orders
from bookings.actions.open_sites import refuse_closed
from bookings.actions.waits import drop_waits
from bookings.actions.work_orders import cancel_work_order
from bookings.enums import (
    QUOTE_TRANSITIONS,
    REQUEST_TRANSITIONS,
    WORK_ORDER_TRANSITIONS,
    OccurrenceStatus,
    QuoteStatus,
    RequestStatus,
    WaitlistEnd,
    WorkOrderStatus,
)
from bookings.models import Occurrence, Quote, ServiceRequest, WorkOrder
from bookings.models.requests import TRACKING_DAYS
from concierge import events
from concierge.errors import WrongState
from concierge.tenancy import Actor

# How long the desk may undo what it has just done.
UNDO = dt.timedelta(minutes=5)


class TooLateToUndo(WrongState):
    """The five minutes are over."""

    code = "too_late_to_undo"
    message = _("This can be undone for five minutes only. Open the request to change it.")


class NotCancellable(WrongState):
    """The work has begun."""

    code = "too_late_to_cancel"
    message = _("The work has already begun: this request can no longer be cancelled. Please call us.")


def lock_request(request: ServiceRequest) -> ServiceRequest:
    """Re-read a request under its row lock. Its work orders are locked before it."""
    return ServiceRequest.objects.select_for_update(of=("self",), no_key=True).get(pk=request.pk)


def move_request(request: ServiceRequest, verb: str) -> ServiceRequest:
    """Lock, check the transition table, set the new status (not saved). Raises ``WrongState``."""
    locked = lock_request(request)
    allowed_from, target = REQUEST_TRANSITIONS[verb]
    if locked.status not in allowed_from:
        raise WrongState(current_status=locked.status)
    locked.status = target
    locked.version += 1
    return locked


@transaction.atomic
def decline_request(request: ServiceRequest, *, reason: str, alternative: str = "", by: Actor) -> ServiceRequest:
    """``submitted|qualifying → declined``: we cannot do it. The place is free again and no work remains. The client
    reads why, and what we propose instead (lifecycles.md 2.1)."""
    return _give_up(request, "decline", "declined", refusal=reason, alternative=alternative, by=by)


@transaction.atomic
def cancel_request(request: ServiceRequest, *, reason: str = "", by: Actor) -> ServiceRequest:
    """``submitted|confirmed → cancelled``, as long as no work has begun: cancels the work orders, frees the place.

    Raises ``NotCancellable`` (409) once work has begun.
    """
    return _give_up(request, "cancel", "cancelled", reason=reason, by=by)


def lock_work_of(request: ServiceRequest) -> list[WorkOrder]:
    """Lock the work orders of a request, by key. Lock order everywhere: work orders first, then their request."""
    return list(
        WorkOrder.objects.select_for_update(of=("self",), no_key=True)
        .filter(request_id=request.pk)
        .select_related("service", "request")
        .order_by("pk")
    )


def _give_up(
    request: ServiceRequest,
    verb: str,
    past: str,
    *,
    reason: str = "",
    refusal: str = "",
    alternative: str = "",
    by: Actor,
) -> ServiceRequest:
    orders = lock_work_of(request)
    try:
        locked = move_request(request, verb)
    except WrongState as error:
        if verb == "cancel" and request.status != RequestStatus.CANCELLED:
            raise NotCancellable(current_status=error.details.get("current_status")) from error
        raise
    allowed, _target = WORK_ORDER_TRANSITIONS["cancel"]
    if any(work_order.started_at for work_order in orders):
        raise NotCancellable(current_status=locked.status)
    for work_order in orders:
        if work_order.status in allowed:
            cancel_work_order(work_order, reason=f"request_{past}", by=by)
        elif work_order.status != WorkOrderStatus.CANCELLED:
            raise NotCancellable(current_status=locked.status)
    locked.cancel_reason = reason.strip()[:200]
    locked.refusal, locked.alternative = refusal.strip()[:200], alternative.strip()[:300]
    locked.tracking_until = timezone.now() + dt.timedelta(days=TRACKING_DAYS)
    locked.save(update_fields=["status", "version", "cancel_reason", "refusal", "alternative", "tracking_until"])
    _take_quotes_back(locked)
    drop_waits(locked, timezone.now())
    if locked.hold_id is not None:
        holds.free_place(locked.hold_id)
    freed.end_wait(locked, WaitlistEnd.CANCELLED)
    pre_orders.give_back(locked)
    _leave_the_day_out(locked, past)
    events.record(f"service_request.{past}", locked, by=by, request_id=locked.public_id, by_kind=by.kind)
    return locked


def _leave_the_day_out(request: ServiceRequest, past: str) -> None:
    """A day of a regular request goes with its request, so that no end of a pause and no edit books it again."""
    left_out = {"status": OccurrenceStatus.SKIPPED, "reason_code": past, "reason": "", "refusal": {}}
    Occurrence.objects.filter(request=request).update(**left_out)


def _take_quotes_back(request: ServiceRequest) -> None:
    """Nobody accepts a quote of a request that has ended; its page says why."""
    Quote.objects.filter(request=request, status=QuoteStatus.SENT).update(
        status=QUOTE_TRANSITIONS["withdraw"][1], edits=F("edits") + 1
    )


@transaction.atomic
def close_request(request: ServiceRequest, *, by: Actor) -> ServiceRequest:
    """Handed over at the desk: ``fulfilled|partially_fulfilled → closed``."""
    locked = move_request(request, "close")
    locked.closed_at = timezone.now()
    locked.tracking_until = locked.closed_at + dt.timedelta(days=TRACKING_DAYS)
    locked.save(update_fields=["status", "version", "closed_at", "tracking_until"])
    events.record("service_request.closed", locked, by=by, request_id=locked.public_id)
    return locked


@transaction.atomic
def take_back(request: ServiceRequest, *, by: Actor) -> ServiceRequest:
    """``closed → fulfilled|partially_fulfilled``: it was the wrong bag. Raises ``TooLateToUndo`` after five
    minutes, ``SiteClosed``."""
    orders = lock_work_of(request)
    locked = move_request(request, "take_back")
    if locked.closed_at is None or locked.closed_at < timezone.now() - UNDO:
        raise TooLateToUndo
    if any(order.status == WorkOrderStatus.FAILED for order in orders):
        locked.status = RequestStatus.PARTIALLY_FULFILLED
    locked.closed_at = locked.tracking_until = None
    with refuse_closed():
        locked.save(update_fields=["status", "version", "closed_at", "tracking_until"])
    events.record("service_request.taken_back", locked, by=by, request_id=locked.public_id)
    return locked


@transaction.atomic
def undo_order(request: ServiceRequest, *, by: Actor) -> ServiceRequest:
    """Cancel what was ordered at the desk a moment ago. Raises ``TooLateToUndo`` after five minutes."""
    if request.submitted_at < timezone.now() - UNDO:
        raise TooLateToUndo
    return cancel_request(request, reason=gettext("Undone at the desk"), by=by)
