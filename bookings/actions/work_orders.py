"""Verbs on work orders (lifecycles.md 2.3). The apps above call these; nothing else changes a work order's status."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.actions.freed import end_wait
from bookings.actions.quote_moves import take_amendments_back
from bookings.enums import (
    REQUEST_TRANSITIONS,
    WORK_ORDER_TRANSITIONS,
    Leg,
    PerformerKind,
    RequestStatus,
    WaitlistEnd,
    WorkOrderStatus,
)
from bookings.models import ServiceRequest, WorkOrder
from concierge import events
from concierge.errors import Invalid, WrongState
from concierge.tenancy import Actor


class NotBroughtYet(WrongState):
    """The provider waits for what our team collected."""

    code = "not_brought_yet"
    message = _("We have not brought you the things for this job yet. We tell you when they are on their way.")


class RequestOnHold(WrongState):
    """Nothing begins while the request stands still."""

    code = "request_on_hold"
    message = _("This request is on hold: work cannot begin before it goes on.")


SETTLED = (WorkOrderStatus.VERIFIED, WorkOrderStatus.FAILED, WorkOrderStatus.CANCELLED)


def lock_work_order(work_order: WorkOrder) -> WorkOrder:
    """Re-read a work order under its row lock. Lock order everywhere: work order first, then its request."""
    return WorkOrder.objects.select_for_update(of=("self",), no_key=True).get(pk=work_order.pk)


def _move(work_order: WorkOrder, verb: str) -> WorkOrder:
    """Lock, check the transition table, set the new status (not saved). Raises ``WrongState``."""
    locked = lock_work_order(work_order)
    allowed_from, target = WORK_ORDER_TRANSITIONS[verb]
    if locked.status not in allowed_from:
        raise _refusal(locked)
    locked.status = target
    locked.version += 1
    return locked


def _refusal(work_order: WorkOrder) -> WrongState:
    return WrongState(
        _("This work order is “%(status)s”: this step is no longer possible.")
        % {"status": work_order.get_status_display()},
        current_status=work_order.status,
    )


def _forget_holder(work_order: WorkOrder) -> None:
    """Nobody has it any more (not saved); what was carried has to be carried again."""
    work_order.performer_kind, work_order.performer_id = PerformerKind.NOBODY, None
    work_order.performer_label = work_order.performer_address = ""
    work_order.planned_start = work_order.planned_end = None
    work_order.collected_at = work_order.returned_at = None
    work_order.attempt += 1


def _say(work_order: WorkOrder, name: str, by: Actor, act_at: dt.datetime | None = None, **data: object) -> None:
    events.record(
        f"work_order.{name}",
        work_order,
        by=by,
        request_id=work_order.request.public_id,
        act_at=act_at,
        work_order=work_order.reference,
        service=work_order.service.code,
        **data,
    )


@transaction.atomic
def offer_work_order(work_order: WorkOrder, *, by: Actor) -> WorkOrder:
    """``ready|needs_dispatch → offering``: providers are being asked. Again while offering: the next wave."""
    locked = _move(work_order, "offer")
    locked.save(update_fields=["status", "version"])
    _say(locked, "offered", by)
    return locked


@transaction.atomic
def ask_for_dispatch(work_order: WorkOrder, *, reason: str, by: Actor) -> WorkOrder:
    """``offering|ready → needs_dispatch``: no provider is left to ask, a person has to decide. ``reason`` is a code.

    Again while it waits for one: they are told the new reason.
    """
    locked = _move(work_order, "exhaust")
    locked.save(update_fields=["status", "version"])
    _say(locked, "needs_dispatch", by, reason=reason)
    return locked


@transaction.atomic
def book_work_order(
    work_order: WorkOrder,
    *,
    performer_kind: PerformerKind,
    performer_id: int,
    performer_label: str,
    by: Actor,
    performer_address: str = "",
) -> WorkOrder:
    """Give the work to one doer: ``→ booked``. ``performer_label`` is the name the client will read;
    ``performer_address`` is for whoever carries things there.

    Raises ``WrongState`` (409) when somebody else already holds it.
    """
    locked = _move(work_order, "book")
    locked.performer_kind = performer_kind
    locked.performer_id = performer_id
    locked.performer_label = performer_label
    locked.performer_address = performer_address[:250]
    locked.save()
    _say(locked, "booked", by, performer_kind=str(performer_kind))
    return locked


@transaction.atomic
def schedule_work_order(
    work_order: WorkOrder, *, planned_start: dt.datetime, planned_end: dt.datetime, by: Actor
) -> WorkOrder:
    """Plan booked work, or move its plan: ``booked|scheduled → scheduled``. Raises ``Invalid`` on an empty window."""
    if planned_end <= planned_start:
        raise Invalid(_("The planned end must be after the planned start."), field="planned_end")
    locked = _move(work_order, "schedule")
    locked.planned_start, locked.planned_end = planned_start, planned_end
    locked.save(update_fields=["status", "version", "planned_start", "planned_end"])
    _say(locked, "scheduled", by)
    return locked


@transaction.atomic
def start_work_order(work_order: WorkOrder, *, by: Actor, act_at: dt.datetime | None = None) -> WorkOrder:
    """Work begins: ``booked|scheduled|rework|on_hold → in_progress``; the first one starts the request too.

    Raises ``NotBroughtYet`` (409) as long as our team has not brought the things to its provider, ``RequestOnHold``
    (409) while its request is held.
    """
    locked = _move(work_order, "start")
    # Read under the lock of the work order, which whoever holds the request takes first.
    if locked.request.status == RequestStatus.ON_HOLD:
        raise RequestOnHold(current_status=work_order.status)
    if locked.awaits_collection:
        raise NotBroughtYet(current_status=work_order.status)
    if locked.started_at is None:
        locked.started_at = act_at or timezone.now()
    locked.save(update_fields=["status", "version", "started_at"])
    _say(locked, "started", by, act_at)
    _move_request(locked, "start", by, only_from=RequestStatus.CONFIRMED)
    return locked


@transaction.atomic
def set_out(work_order: WorkOrder, *, by: Actor, act_at: dt.datetime | None = None) -> WorkOrder:
    """Somebody of ours has left with the things for the provider, who is told. Raises ``WrongState``."""
    locked = _carried(work_order, Leg.COLLECT)
    _say(locked, "on_its_way", by, act_at)
    return locked


@transaction.atomic
def bring_to_provider(work_order: WorkOrder, *, by: Actor, act_at: dt.datetime | None = None) -> WorkOrder:
    """The things are with the provider, who may start. Raises ``WrongState`` when they are not awaited there."""
    locked = _carried(work_order, Leg.COLLECT)
    locked.collected_at = act_at or timezone.now()
    locked.save(update_fields=["collected_at", "version"])
    _say(locked, "collected", by, act_at)
    return locked


@transaction.atomic
def bring_back(work_order: WorkOrder, *, by: Actor, act_at: dt.datetime | None = None) -> WorkOrder:
    """What the provider has done is back, to be checked. Raises ``WrongState`` when there is nothing to fetch."""
    locked = _carried(work_order, Leg.RETURN)
    locked.returned_at = act_at or timezone.now()
    locked.save(update_fields=["returned_at", "version"])
    _say(locked, "returned", by, act_at)
    return locked


def _carried(work_order: WorkOrder, leg: Leg) -> WorkOrder:
    """Lock a work order that has to be carried that way now, or raise ``WrongState``."""
    locked = lock_work_order(work_order)
    if locked.leg_now != leg:
        raise _refusal(locked)
    locked.version += 1
    return locked


@transaction.atomic
def pause_work_order(work_order: WorkOrder, *, reason: str, by: Actor) -> WorkOrder:
    """``in_progress → on_hold`` with a reason code shown to the client; starting again resumes it."""
    locked = _move(work_order, "pause")
    locked.save(update_fields=["status", "version"])
    _say(locked, "paused", by, reason=reason)
    return locked


@transaction.atomic
def complete_work_order(work_order: WorkOrder, *, by: Actor, act_at: dt.datetime | None = None) -> WorkOrder:
    """Work is done and waits for its check: ``in_progress → completed``. Raises ``WrongState`` before a start."""
    locked = _move(work_order, "complete")
    locked.completed_at = max(act_at or timezone.now(), locked.started_at or timezone.now())
    locked.save(update_fields=["status", "version", "completed_at"])
    _say(locked, "completed", by, act_at)
    return locked


@transaction.atomic
def verify_work_order(work_order: WorkOrder, *, by: Actor) -> WorkOrder:
    """Quality check passed: ``completed → verified``. The last one of a request makes the request ``fulfilled``."""
    locked = _move(work_order, "verify")
    locked.verified_at = timezone.now()
    locked.save(update_fields=["status", "version", "verified_at"])
    _say(locked, "verified", by)
    settle_request(locked, by=by)
    return locked


@transaction.atomic
def reject_quality(work_order: WorkOrder, *, reason: str, by: Actor) -> WorkOrder:
    """Quality check failed: ``completed → rework``. The doer starts it again; what was carried is carried again."""
    locked = _move(work_order, "reject_quality")
    locked.completed_at = locked.collected_at = locked.returned_at = None
    locked.save(update_fields=["status", "version", "completed_at", "collected_at", "returned_at"])
    _say(locked, "sent_back", by, reason=reason)
    return locked


@transaction.atomic
def release_work_order(work_order: WorkOrder, *, reason: str, by: Actor) -> WorkOrder:
    """The doer gives it back before starting: ``booked|scheduled → ready``, free for a new round of the same order."""
    locked = _move(work_order, "release")
    _forget_holder(locked)
    locked.save()
    _say(locked, "released", by, reason=reason)
    return locked


@transaction.atomic
def take_work_order_back(work_order: WorkOrder, *, reason: str, by: Actor) -> WorkOrder:
    """Its doer cannot go on, begun or not: ``booked … rework → needs_dispatch``, a person decides who does it instead.

    What was begun counts as not begun for the next doer; the request stays where it is.
    """
    locked = _move(work_order, "take_back")
    _forget_holder(locked)
    locked.started_at = None
    locked.save()
    _say(locked, "needs_dispatch", by, reason=reason)
    return locked


@transaction.atomic
def fail_work_order(work_order: WorkOrder, *, reason: str, by: Actor) -> WorkOrder:
    """The work could not be done: ``→ failed``. When nothing is left to do the request becomes partly fulfilled."""
    locked = _move(work_order, "fail")
    locked.failure_reason = reason[:200]
    locked.save(update_fields=["status", "version", "failure_reason"])
    _say(locked, "failed", by)
    settle_request(locked, by=by)
    return locked


@transaction.atomic
def cancel_work_order(work_order: WorkOrder, *, reason: str, by: Actor) -> WorkOrder:
    """Not needed any more: ``→ cancelled``. Upper apps hear ``work_order.cancelled`` and withdraw offers and visits."""
    locked = _move(work_order, "cancel")
    locked.save(update_fields=["status", "version"])
    _say(locked, "cancelled", by, reason=reason)
    return locked


def _move_request(work_order: WorkOrder, verb: str, by: Actor, *, only_from: str | None = None) -> None:
    request = ServiceRequest.objects.select_for_update(of=("self",), no_key=True).get(pk=work_order.request_id)
    allowed_from, target = REQUEST_TRANSITIONS[verb]
    if request.status not in allowed_from or (only_from and request.status != only_from):
        return
    request.status = target
    request.version += 1
    request.save(update_fields=["status", "version"])
    end_wait(request, WaitlistEnd.STARTED)
    past = {"start": "started", "fulfil": "fulfilled", "stop": "partially_fulfilled"}[verb]
    events.record(f"service_request.{past}", request, by=by, request_id=request.public_id)
    if verb != "start":
        take_amendments_back(request, by=by)


def settle_request(work_order: WorkOrder, *, by: Actor) -> None:
    """When every work order of the request is settled: all checked → fulfilled, else partly fulfilled.

    The request's row lock is taken first, so that two checks at once cannot both miss that they were the last.
    """
    ServiceRequest.objects.select_for_update(of=("self",), no_key=True).get(pk=work_order.request_id)
    statuses = set(WorkOrder.objects.filter(request_id=work_order.request_id).values_list("status", flat=True))
    if not statuses <= set(SETTLED):
        return
    done = statuses - {WorkOrderStatus.CANCELLED}
    if done == {WorkOrderStatus.VERIFIED}:
        _move_request(work_order, "fulfil", by)
    elif WorkOrderStatus.FAILED in done:
        _move_request(work_order, "stop", by)
