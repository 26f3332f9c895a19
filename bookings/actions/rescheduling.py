"""Another time for the same request: its identity stays (lifecycles.md 2.6: same UID, SEQUENCE + 1)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings import perms
from bookings.actions import freed, holds
from bookings.actions.guards import keep_day_limits
from bookings.actions.requests import lock_work_of
from bookings.enums import MOVABLE_REQUESTS, MOVABLE_WORK, Place, WaitlistEnd, WorkOrderStatus
from bookings.models import Hold, Occurrence, ServiceRequest, WorkOrder, calendar
from concierge import events
from concierge.errors import TooManyAttempts, WrongState
from concierge.tenancy import Actor

# How often a client may move one request: after that, a person talks to them (S33).
MOST_MOVES = 10
OVER = (WorkOrderStatus.CANCELLED, WorkOrderStatus.FAILED)


class NotMovable(WrongState):
    """The work has begun, or there is no appointment to move."""

    code = "too_late_to_move"
    message = _("The work has already begun: this appointment can no longer be moved. Please call us.")


@transaction.atomic
def reschedule_request(
    request: ServiceRequest, starts_at: dt.datetime, *, by: Actor, now: dt.datetime | None = None
) -> ServiceRequest:
    """Take another time and give the old one back, in one transaction; what was promised moves along.

    The same time again changes nothing. Raises ``NotMovable`` (409) once work has begun, ``TooManyAttempts`` (429),
    ``SlotNotOffered`` (422), ``SlotTaken`` and ``DayFull`` (409): the request then keeps its time.
    """
    now = now or timezone.now()
    orders = lock_work_of(request)
    found = ServiceRequest.objects.select_for_update(of=("self",), no_key=True).select_related("site")
    locked = found.get(pk=request.pk)
    if not is_movable(locked, orders):
        raise NotMovable(current_status=locked.status)
    if locked.promised_start == starts_at:
        return locked
    if locked.sequence >= MOST_MOVES and not (by.is_staff or by.kind in {"api", "system"}):
        raise TooManyAttempts(_("You have moved this appointment many times. Please call us."))
    moved = [order for order in orders if order.status not in OVER]
    before, hold = locked.promised_start, _swap(locked, moved, starts_at, now=now)
    _promise_anew(moved, hold)
    locked.hold = hold
    locked.promised_start, locked.promised_end = hold.starts_at, max(order.promised_end for order in moved)
    locked.sequence += 1
    locked.version += 1
    locked.save(update_fields=["hold", "promised_start", "promised_end", "sequence", "version"])
    Occurrence.objects.filter(request=locked).update(starts_at=hold.starts_at)
    freed.end_wait(locked, WaitlistEnd.MOVED, now)
    _say_moved(locked, moved, before=before, by=by)
    return locked


@transaction.atomic
def promise_ready_by(work_order: WorkOrder, ready_by: dt.datetime, *, by: Actor) -> WorkOrder:
    """What is left with us is ready later than was said, as the client or the team agreed.

    Raises ``NotMovable`` (409) for a visit at home, and once it is done or over.
    """
    orders = lock_work_of(work_order.request)
    locked = ServiceRequest.objects.select_for_update(of=("self",), no_key=True).get(pk=work_order.request_id)
    order = next(one for one in orders if one.pk == work_order.pk)
    if locked.place == Place.HOME or order.status not in MOVABLE_WORK or ready_by <= order.promised_start:
        raise NotMovable(current_status=order.status)
    before, order.promised_end = order.promised_end, ready_by
    order.version += 1
    order.save(update_fields=["promised_end", "version"])
    locked.promised_end = max(one.promised_end for one in orders if one.status not in OVER)
    locked.version += 1
    locked.save(update_fields=["promised_end", "version"])
    events.record(
        "work_order.promised_anew",
        order,
        by=by,
        request_id=locked.public_id,
        work_order=order.reference,
        service=order.service.code,
        by_client=perms.is_client_of(by, locked),
        before=before.isoformat(),
        after=ready_by.isoformat(),
    )
    return order


def is_movable(request: ServiceRequest, orders: Sequence[WorkOrder]) -> bool:
    """Whether there is an appointment, and nothing has begun. A pre-order comes on the day of its run."""
    open_ones = [order for order in orders if order.status not in OVER]
    return (
        request.status in MOVABLE_REQUESTS
        and request.promised_start is not None
        and bool(open_ones)
        and all(order.status in MOVABLE_WORK and order.collected_at is None for order in open_ones)
        and getattr(request, "pre_order", None) is None
    )


def minutes_of(request: ServiceRequest, orders: Sequence[WorkOrder]) -> int:
    """How long somebody is at the client's place for what is still to be done."""
    return sum(order.duration_minutes for order in orders) if request.place == Place.HOME else 0


def _swap(request: ServiceRequest, orders: Sequence[WorkOrder], starts_at: dt.datetime, *, now: dt.datetime) -> Hold:
    """The new place for the old one. The old one goes first: a move by half an hour may need part of it."""
    site, services = request.site, [order.service for order in orders]
    if request.hold_id is not None:
        holds.free_place(request.hold_id)
    minutes = minutes_of(request, orders)
    presence = request.hold.presence if request.hold is not None else None
    hold = holds.book_slot(
        site, request.place, starts_at, services=services, minutes=minutes, presence=presence, now=now
    )
    zone = ZoneInfo(site.time_zone)
    before = request.promised_start
    if before is None or before.astimezone(zone).date() != starts_at.astimezone(zone).date():
        keep_day_limits(site, services, hold)
    return hold


def _promise_anew(orders: Sequence[WorkOrder], hold: Hold) -> None:
    """Each work order is promised from the new time on; its plan is the business of whoever made it."""
    site = hold.site
    week = calendar.week_from(site, hold.starts_at)
    for order in orders:
        order.promised_start = hold.starts_at
        if hold.place == Place.HOME:
            lasts = dt.timedelta(minutes=order.duration_minutes)
            order.promised_end = max(hold.ends_at, hold.starts_at + lasts)
        else:
            hours = order.service.turnaround_hours
            order.promised_end = calendar.ready_at(site, hold.presence, hold.starts_at, hours, week=week)
        order.version += 1
        order.save(update_fields=["promised_start", "promised_end", "version"])


def _say_moved(request: ServiceRequest, orders: Sequence[WorkOrder], *, before: dt.datetime | None, by: Actor) -> None:
    assert request.promised_start is not None  # noqa: S101 - set above
    moved: dict[str, Any] = {
        "before": before.isoformat() if before else "",
        "after": request.promised_start.isoformat(),
    }
    events.record(
        "service_request.rescheduled",
        request,
        by=by,
        request_id=request.public_id,
        by_kind=by.kind,
        sequence=request.sequence,
        **moved,
    )
    for order in orders:
        events.record(
            "work_order.rescheduled",
            order,
            by=by,
            request_id=request.public_id,
            work_order=order.reference,
            service=order.service.code,
            **moved,
        )
