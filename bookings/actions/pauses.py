"""Verbs: hold and resume (lifecycles.md 2.1). A held request keeps its place and its people; its promise waits.

Lock order everywhere: work orders, then their request, then its pause and its question.
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings import perms
from bookings.actions.requests import lock_request, lock_work_of, move_request
from bookings.actions.waits import open_pause, open_question, set_alarms, silence_alarms
from bookings.actions.work_orders import SETTLED, pause_work_order, settle_request, start_work_order
from bookings.enums import HoldReason, Place, QuoteStatus, RequestStatus, WorkOrderStatus
from bookings.models import ClientQuestion, Pause, Quote, ServiceRequest, WorkOrder, calendar
from bookings.rules.slots import ready_by
from concierge import events
from concierge.errors import Invalid, NotAllowed, WrongState
from concierge.tenancy import Actor

# Nothing stands still for longer without somebody looking at it.
LONGEST = dt.timedelta(days=365)
# Closures further away than this move no promise.
FURTHEST = dt.timedelta(days=60)


@transaction.atomic
def hold_request(
    request: ServiceRequest, *, reason: HoldReason | str, until: dt.datetime, note: str = "", by: Actor
) -> ServiceRequest:
    """``any open → on_hold``: its promise waits, work in progress is paused, the client reads why.

    ``until``: when somebody looks at it again. With the reason ``client``, ``note`` is the question that the client
    answers on the tracking page; the answer resumes the request.

    Raises ``NotAllowed`` (403), ``Invalid`` (400: an unknown reason, a day that is no later day, no question),
    ``WrongState`` (409).
    """
    if not perms.holds(by, request):
        raise NotAllowed
    now = timezone.now()
    reason = _known(reason)
    note = note.strip()[:200]
    if not now < until <= now + LONGEST:
        raise Invalid(_("Choose a day from tomorrow on, within a year."), field="until")
    if reason == HoldReason.CLIENT and not note:
        raise Invalid(_("Write what you need to know: the client answers it."), field="note")
    orders = lock_work_of(request)
    before = lock_request(request)
    held_from = before.status
    locked = move_request(request, "hold")
    stopped = [order.pk for order in orders if order.status == WorkOrderStatus.IN_PROGRESS]
    Pause.objects.create(
        organisation_id=locked.organisation_id,
        request=locked,
        reason=reason,
        note=note,
        held_from=held_from,
        held_at=now,
        until=until,
        promised_before=locked.promised_end,
        stopped=stopped,
    )
    locked.save(update_fields=["status", "version"])
    for order in orders:
        if order.pk in stopped:
            pause_work_order(order, reason=f"request_held_{reason}", by=by)
    _stop_asking(locked)
    events.record("service_request.held", locked, by=by, request_id=locked.public_id, reason=str(reason))
    if reason == HoldReason.CLIENT and open_question(locked) is None:
        _ask(locked, note, until, now, by)
    return locked


def _known(reason: HoldReason | str) -> HoldReason:
    if reason not in HoldReason.values:
        raise Invalid(_("This is not a known reason."), field="reason")
    return HoldReason(reason)


def _ask(request: ServiceRequest, text: str, due_at: dt.datetime, now: dt.datetime, by: Actor) -> None:
    """What the client has to say before work goes on."""
    question = ClientQuestion.objects.create(
        organisation_id=request.organisation_id, request=request, text=text, asked_at=now, due_at=due_at
    )
    events.record("question.asked", question, by=by, request_id=request.public_id)


def _stop_asking(request: ServiceRequest) -> None:
    question = open_question(request)
    if question is not None:
        silence_alarms(question)


@transaction.atomic
def resume_request(request: ServiceRequest, *, by: Actor) -> ServiceRequest:
    """``on_hold →`` where it was held from: what was promised moves by the time that was lost, paused work goes on.

    Raises ``NotAllowed`` (403), ``WrongState`` (409).
    """
    if not perms.holds(by, request):
        raise NotAllowed
    orders = lock_work_of(request)
    return go_on(lock_request(request), orders, by=by)


def go_on(locked: ServiceRequest, orders: list[WorkOrder], *, by: Actor) -> ServiceRequest:
    """The same for callers that hold the locks already: the client's answer resumes what waited for it."""
    pause = open_pause(locked)
    if locked.status != RequestStatus.ON_HOLD or pause is None:
        raise WrongState(current_status=locked.status)
    now = timezone.now()
    stood = now - pause.held_at
    locked.status = RequestStatus.QUALIFYING if _lost_its_quote(locked, pause) else pause.held_from
    locked.version += 1
    if locked.promised_end is not None:
        lost = stood_still(pause, locked.promised_start, now)
        locked.promised_end = later_promise(locked, locked.promised_end, lost)
    locked.save(update_fields=["status", "version", "promised_end"])
    pause.resumed_at = now
    pause.save(update_fields=["resumed_at"])
    for order in orders:
        if order.status not in SETTLED:
            lost = stood_still(pause, order.promised_start, now)
            order.promised_end = later_promise(locked, order.promised_end, lost)
            order.save(update_fields=["promised_end"])
    events.record("service_request.resumed", locked, by=by, request_id=locked.public_id)
    for order in orders:
        if order.pk in pause.stopped and order.status == WorkOrderStatus.ON_HOLD:
            start_work_order(order, by=by)
    _ask_again(locked, pause, stood, now)
    if orders:
        settle_request(orders[-1], by=by)
    locked.refresh_from_db()
    return locked


def _lost_its_quote(request: ServiceRequest, pause: Pause) -> bool:
    """It waited for the client to accept a quote, and that has expired meanwhile: the ball is with the desk."""
    if pause.held_from != RequestStatus.AWAITING_APPROVAL:
        return False
    sent = Quote.objects.filter(request=request).exclude(status=QuoteStatus.DRAFT).order_by("-version").first()
    return sent is not None and sent.status == QuoteStatus.EXPIRED


def stood_still(pause: Pause, starts_at: dt.datetime | None, now: dt.datetime) -> dt.timedelta:
    """What a pause took of the time that was promised: nothing before the appointment, whose time may have been moved
    during the pause."""
    return max(now - max(pause.held_at, starts_at or pause.held_at), dt.timedelta(0))


def later_promise(request: ServiceRequest, before: dt.datetime, lost: dt.timedelta) -> dt.datetime:
    """At the desk a promise ends when the desk closes; at home it is the moment itself."""
    if not lost:
        return before
    moment = before + lost
    if request.place == Place.HOME:
        return moment
    site = request.site
    zone = ZoneInfo(site.time_zone)
    day = moment.astimezone(zone).date()
    closed = calendar.closed_days(site, day, day + FURTHEST)
    return ready_by(moment, 0, opening=calendar.opening_of(site), closed=closed, zone=zone)


def _ask_again(request: ServiceRequest, pause: Pause, stood: dt.timedelta, now: dt.datetime) -> None:
    """The time to answer stood still too; a question of the pause itself ends with it."""
    question = open_question(request)
    if question is None:
        return
    if request.status == RequestStatus.AWAITING_CLIENT:
        question.due_at += stood
        question.save(update_fields=["due_at"])
        set_alarms(question, now)
    elif pause.reason == HoldReason.CLIENT:
        question.dropped_at = now
        question.save(update_fields=["dropped_at"])
