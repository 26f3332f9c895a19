"""What the person does with the work, and what their supervisor says of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.actions.work_orders import (
    bring_back,
    bring_to_provider,
    complete_work_order,
    reject_quality,
    release_work_order,
    set_out,
    start_work_order,
    verify_work_order,
)
from bookings.enums import Leg
from bookings.models import WorkOrder
from concierge import events
from concierge.db import refuse_on
from concierge.errors import NotAllowed, WrongState
from concierge.tenancy import Actor
from workers.actions.dispatch import say, take_step
from workers.actions.learning import Word, begin_situation, close_situation, note_again
from workers.actions.refusals import TraineeBusy
from workers.actions.time import follow_end, follow_start
from workers.enums import AssignmentStatus, DeclineReason, SendBackReason
from workers.models import Assignment, HelpCall, Trainee
from workers.perms import can_validate

# What the end of each part means for its work order.
OF_THE_ORDER: dict[Leg, Callable[..., WorkOrder]] = {
    Leg.WORK: complete_work_order,
    Leg.COLLECT: bring_to_provider,
    Leg.RETURN: bring_back,
}


@transaction.atomic
def acknowledge(assignment: Assignment, *, by: Actor) -> Assignment:
    """``proposed → accepted``: the person has seen it."""
    seen = take_step(assignment, "acknowledge")
    seen.accepted_at = timezone.now()
    seen.save(update_fields=["status", "version", "accepted_at"])
    say(seen, "accepted", by)
    return seen


@transaction.atomic
def start_assignment(assignment: Assignment, *, by: Actor, act_at: dt.datetime | None = None) -> Assignment:
    """``accepted → working``; work not yet seen is seen by being started. ``act_at``: when it really began.

    Of things to bring to a provider: they are on their way.
    Raises ``WrongState`` (409).
    """
    if Assignment.objects.filter(pk=assignment.pk, status=AssignmentStatus.PROPOSED).exists():
        acknowledge(assignment, by=by)
    started = take_step(assignment, "start")
    started.started_at = act_at or timezone.now()
    started.save(update_fields=["status", "version", "started_at"])
    follow_start(started, by=by, act_at=act_at)
    if started.leg == Leg.WORK:
        start_work_order(started.work_order, by=by, act_at=act_at)
    elif started.leg == Leg.COLLECT:
        set_out(started.work_order, by=by, act_at=act_at)
    return started


@transaction.atomic
def finish_assignment(assignment: Assignment, *, by: Actor, act_at: dt.datetime | None = None) -> Assignment:
    """``working → done``: waits for the supervisor. ``act_at``: when it really ended. Raises ``WrongState`` (409).

    The work order is completed; of things carried, they are where they belong.
    """
    done = take_step(assignment, "finish")
    done.done_at = max(act_at or timezone.now(), done.started_at or timezone.now())
    done.save(update_fields=["status", "version", "done_at"])
    follow_end(done, by=by, act_at=act_at)
    OF_THE_ORDER[Leg(done.leg)](done.work_order, by=by, act_at=act_at)
    begin_situation(done)
    say(done, "done", by, act_at)
    return done


@transaction.atomic
def validate_assignment(assignment: Assignment, *, by: Actor, word: Word | None = None) -> Assignment:
    """``done → validated``, and the work order with it. Only the supervisor of that person; ``word``: what they saw.

    Raises ``NotAllowed`` (403), ``WrongState`` (409).
    """
    if not can_validate(by, assignment):
        raise NotAllowed
    validated = note_check(assignment, by=by, word=word)
    if validated.leg == Leg.WORK:
        verify_work_order(validated.work_order, by=by)
    return validated


@transaction.atomic
def note_check(assignment: Assignment, *, by: Actor, word: Word | None = None) -> Assignment:
    """``done → validated`` for work whose order is checked elsewhere; it is evidence from now on. Raises ``WrongState``
    (409)."""
    validated = take_step(assignment, "validate")
    validated.validated_at = timezone.now()
    validated.validated_by = by.user
    validated.save(update_fields=["status", "version", "validated_at", "validated_by"])
    close_situation(validated, word or Word())
    say(validated, "validated", by)
    return validated


@transaction.atomic
def send_back(assignment: Assignment, *, reason: SendBackReason, by: Actor) -> Assignment:
    """``done → working``: something is to be done again. Only the supervisor of that person, and not what was carried.

    Raises ``NotAllowed`` (403), ``WrongState`` and ``TraineeBusy`` (409).
    """
    if not can_validate(by, assignment):
        raise NotAllowed
    if assignment.leg != Leg.WORK:
        raise WrongState(_("What was carried has arrived: it cannot be sent back."), current_status=assignment.status)
    again = note_return(assignment, by=by)
    reject_quality(again.work_order, reason=reason, by=by)
    start_work_order(again.work_order, by=by)
    return again


@transaction.atomic
def note_return(assignment: Assignment, *, by: Actor) -> Assignment:
    """``done → working`` for work whose order was sent back elsewhere. Raises ``WrongState``, ``TraineeBusy`` (409)."""
    again = take_step(assignment, "send_back")
    again.done_at = None
    with refuse_on("trainee_not_in_two_places", TraineeBusy()):
        again.save(update_fields=["status", "version", "done_at"])
    note_again(again)
    say(again, "returned", by)
    return again


@transaction.atomic
def decline(assignment: Assignment, *, reason: DeclineReason, by: Actor) -> Assignment:
    """``proposed → declined``, without penalty; the work order is free again. Raises ``WrongState`` (409)."""
    declined = take_step(assignment, "decline")
    declined.decline_reason = reason
    declined.save(update_fields=["status", "version", "decline_reason"])
    if declined.leg == Leg.WORK:
        release_work_order(declined.work_order, reason="declined", by=by)
    say(declined, "declined", by, reason=str(reason))
    return declined


@transaction.atomic
def call_for_help(trainee: Trainee, *, by: Actor, assignment: Assignment | None = None) -> HelpCall:
    """Ask for somebody to come. Asking again while nobody has answered is the same call."""
    call, is_new = HelpCall.objects.get_or_create(
        organisation_id=trainee.organisation_id, trainee=trainee, answered_at=None, defaults={"assignment": assignment}
    )
    if is_new:
        events.record("help.requested", call, by=by, trainee=str(trainee.public_id))
    return call


@transaction.atomic
def answer_help(call: HelpCall, *, by: Actor) -> HelpCall:
    """Somebody is on the way. Answering twice keeps the first answer."""
    locked = HelpCall.objects.select_for_update(of=("self",), no_key=True).get(pk=call.pk)
    if locked.answered_at is None:
        locked.answered_at, locked.answered_by = timezone.now(), by.user
        locked.save(update_fields=["answered_at", "answered_by"])
        events.record("help.answered", locked, by=by)
    return locked
