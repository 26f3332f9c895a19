"""Verbs: a question to the client, the answer, silence, and a second chance (lifecycles.md 2.1)."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings import perms
from bookings.actions import freed, holds
from bookings.actions.pauses import go_on
from bookings.actions.requests import lock_request, lock_work_of, move_request
from bookings.actions.revival import REVIVABLE, TooLateToRevive, reopen
from bookings.actions.waits import EXPIRY, GRACE, LAST_CALL, REMINDER, open_question, set_alarms, silence_alarms
from bookings.actions.work_orders import cancel_work_order
from bookings.enums import WORK_ORDER_TRANSITIONS, HoldReason, RequestStatus, WaitlistEnd
from bookings.models import ClientQuestion, Pause, ServiceRequest, WorkOrder
from concierge import deadlines, events
from concierge.db import refuse_on
from concierge.errors import Invalid, NotAllowed, WrongState
from concierge.models import Deadline
from concierge.tenancy import Actor, system_actor

__all__ = ["GRACE", "REVIVABLE", "TooLateToRevive", "answer_question", "ask_client", "expire_request", "revive_request"]

# An answer is waited for so long at most.
LONGEST = dt.timedelta(days=90)


class QuestionClosed(WrongState):
    """It was answered, or nobody waits for the answer any more."""

    code = "question_closed"
    message = _("This question is no longer open: it was answered, or your request has moved on.")


@transaction.atomic
def ask_client(request: ServiceRequest, *, text: str, due_at: dt.datetime, by: Actor) -> ClientQuestion:
    """``qualifying → awaiting_client``: the client is asked, by mail with the link, and answers on the tracking page.

    Raises ``NotAllowed`` (403), ``Invalid`` (400), ``WrongState`` (409).
    """
    if not perms.holds(by, request):
        raise NotAllowed
    now = timezone.now()
    text = text.strip()[:500]
    if not text:
        raise Invalid(_("Write your question."), field="text")
    if not now < due_at <= now + LONGEST:
        raise Invalid(_("Choose a day from tomorrow on, within three months."), field="due_at")
    locked = move_request(request, "ask_client")
    locked.save(update_fields=["status", "version"])
    with refuse_on("question_open_once_per_request", WrongState(current_status=locked.status)):
        question = ClientQuestion.objects.create(
            organisation_id=locked.organisation_id, request=locked, text=text, asked_at=now, due_at=due_at
        )
    set_alarms(question, now)
    events.record("question.asked", question, by=by, request_id=locked.public_id)
    return question


@transaction.atomic
def answer_question(request: ServiceRequest, *, answer: str, by: Actor) -> ServiceRequest:
    """The client answers the open question: ``awaiting_client → qualifying``; what was held for it goes on.

    Raises ``NotAllowed`` (403), ``Invalid`` (400), ``QuestionClosed`` (409).
    """
    if not perms.answers(by, request):
        raise NotAllowed
    answer = answer.strip()[:1000]
    if not answer:
        raise Invalid(_("Write your answer."), field="answer")
    orders = lock_work_of(request)
    locked = lock_request(request)
    question = open_question(locked)
    if question is None:
        raise QuestionClosed(current_status=locked.status)
    question.answer, question.answered_at = answer, timezone.now()
    question.save(update_fields=["answer", "answered_at"])
    silence_alarms(question)
    events.record("question.answered", question, by=by, request_id=locked.public_id)
    return _take_up(locked, orders, by)


def _take_up(locked: ServiceRequest, orders: list[WorkOrder], by: Actor) -> ServiceRequest:
    """What waited for the answer waits no more."""
    if locked.status == RequestStatus.AWAITING_CLIENT:
        moved = move_request(locked, "client_replied")
        moved.save(update_fields=["status", "version"])
        return moved
    held = Pause.objects.filter(request_id=locked.pk, resumed_at=None, reason=HoldReason.CLIENT)
    if locked.status == RequestStatus.ON_HOLD and held.exists():
        return go_on(locked, orders, by=by)
    return locked


@transaction.atomic
def expire_request(request: ServiceRequest, *, by: Actor) -> ServiceRequest:
    """``awaiting_client → expired``: the client kept silent. Its place is free; the link revives it for thirty days.

    Raises ``WrongState`` (409).
    """
    orders = lock_work_of(request)
    locked = lock_request(request)
    question = open_question(locked)
    if locked.status != RequestStatus.AWAITING_CLIENT or question is None:
        raise WrongState(current_status=locked.status)
    now = timezone.now()
    locked = move_request(locked, "expire")
    question.dropped_at = now
    question.save(update_fields=["dropped_at"])
    for order in orders:
        if order.status in WORK_ORDER_TRANSITIONS["cancel"][0]:
            cancel_work_order(order, reason="request_expired", by=by)
    if locked.hold_id is not None:
        holds.free_place(locked.hold_id)
    freed.end_wait(locked, WaitlistEnd.CANCELLED, now)
    locked.tracking_until = now + REVIVABLE
    locked.save(update_fields=["status", "version", "tracking_until"])
    events.record("service_request.expired", locked, by=by, request_id=locked.public_id)
    return locked


@transaction.atomic
def revive_request(request: ServiceRequest, *, answer: str = "", by: Actor) -> ServiceRequest:
    """``expired → qualifying``, within thirty days: by the client with the link, or by the desk.

    ``answer`` goes to the question that was left open. Raises ``NotAllowed`` (403), ``WrongState``,
    ``TooLateToRevive`` (409).
    """
    if not (perms.answers(by, request) or perms.holds(by, request)):
        raise NotAllowed
    now = timezone.now()
    locked = lock_request(request)
    reopen(locked, now)
    left = ClientQuestion.objects.filter(request_id=locked.pk, answered_at=None).order_by("-pk").first()
    if left is not None and answer.strip():
        left.answer, left.answered_at = answer.strip()[:1000], now
        left.save(update_fields=["answer", "answered_at"])
    events.record("service_request.revived", locked, by=by, request_id=locked.public_id)
    return locked


def _asked(deadline: Deadline) -> ClientQuestion | None:
    """The question of a deadline, as long as it is open."""
    found = ClientQuestion.objects.select_related("request", "organisation")
    question = found.filter(pk=deadline.subject_id).first()
    return question if question is not None and question.is_open else None


@deadlines.on(REMINDER)
@deadlines.on(LAST_CALL)
def _reminder_due(deadline: Deadline) -> None:
    question = _asked(deadline)
    if question is not None:
        by = system_actor(question.organisation)
        events.record("question.reminded", question, by=by, request_id=question.request.public_id)


@deadlines.on(EXPIRY)
def _expiry_due(deadline: Deadline) -> None:
    question = _asked(deadline)
    if question is None or question.due_at + GRACE > timezone.now():
        return
    # It may be answered, or held, at this very moment.
    with suppress(WrongState):
        expire_request(question.request, by=system_actor(question.organisation))
