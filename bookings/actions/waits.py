"""What a request waits for ends with it: open questions and pauses, and the deadlines that would speak of them."""

from __future__ import annotations

import datetime as dt

from bookings.models import ClientQuestion, Pause, ServiceRequest
from concierge import deadlines

# Half the time to answer is over; the time is over; some days later the request is given up.
REMINDER, LAST_CALL, EXPIRY = "question.reminder", "question.last_call", "question.expiry"
# Days from the time to answer until the request is given up.
GRACE = dt.timedelta(days=3)


def open_question(request: ServiceRequest) -> ClientQuestion | None:
    """The question that its client may still answer, under its row lock."""
    found = ClientQuestion.objects.select_for_update(of=("self",), no_key=True)
    return found.filter(request_id=request.pk, answered_at=None, dropped_at=None).order_by("pk").first()


def open_pause(request: ServiceRequest) -> Pause | None:
    """Its pause, as long as it lasts, under its row lock."""
    found = Pause.objects.select_for_update(of=("self",), no_key=True)
    return found.filter(request_id=request.pk, resumed_at=None).order_by("pk").first()


def set_alarms(question: ClientQuestion, now: dt.datetime) -> None:
    """Remind at half time and when it is over, then give up."""
    half = question.asked_at + (question.due_at - question.asked_at) / 2
    for kind, due_at in ((REMINDER, half), (LAST_CALL, question.due_at), (EXPIRY, question.due_at + GRACE)):
        if due_at > now:
            about = {"organisation_id": question.organisation_id, "subject_id": question.pk}
            deadlines.set_deadline(kind, due_at=due_at, **about)


def silence_alarms(question: ClientQuestion) -> None:
    """Nobody waits for an answer now."""
    for kind in (REMINDER, LAST_CALL, EXPIRY):
        deadlines.cancel_deadline(kind, organisation_id=question.organisation_id, subject_id=question.pk)


def drop_waits(request: ServiceRequest, now: dt.datetime) -> None:
    """The request is over: nothing is asked any more, and no clock stands still."""
    question = open_question(request)
    if question is not None:
        question.dropped_at = now
        question.save(update_fields=["dropped_at"])
        silence_alarms(question)
    Pause.objects.filter(request_id=request.pk, resumed_at=None).update(resumed_at=now)
