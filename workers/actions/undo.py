"""Take back the last thing one did on the board, within five minutes (lifecycles.md 2.0, rule 6).

An undo is the opposite step through the same rules: what a person can no longer take is refused, in words.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from concierge import events
from concierge.errors import Conflict
from concierge.models import Event
from concierge.tenancy import Actor
from workers.actions.dispatch import assign_work_order, move_assignment, unassign
from workers.actions.meanwhile import changed_meanwhile
from workers.enums import MOVABLE, AssignmentStatus
from workers.models import Assignment

WITHIN = dt.timedelta(minutes=5)
GIVEN, MOVED, TAKEN, UNDONE = "assignment.proposed", "assignment.moved", "assignment.cancelled", "assignment.undone"
# What was done after the step ends the chance to undo it: an undo is not undone, nor a whole day at once.
LAST = (GIVEN, MOVED, TAKEN, UNDONE, "trainee.replaced")
# A plan put back may begin in the past: it did before.
PAST = "already_past"


class NothingToUndo(Conflict):
    """Too late, or something else was done since."""

    code = "nothing_to_undo"
    message = _("This can no longer be undone: five minutes have passed, or you have done something else since.")


@dataclass(frozen=True)
class Step:
    """What can be undone: what was said of it, the assignment it left, and whose it was before, if another's."""

    event: Event
    assignment: Assignment
    before: Assignment | None = None


def last_step(actor: Actor, *, now: dt.datetime) -> Step | None:
    """The actor's own last step on the board, if it may still be undone."""
    if actor.user is None:
        return None
    event = (
        Event.objects.filter(
            organisation=actor.organisation,
            actor=actor.reference,
            name__in=LAST,
            # The clock of the database finds the few rows; ours decides.
            recorded_at__gt=Now() - WITHIN,
            act_at__gt=now - WITHIN,
        )
        .order_by("-pk")
        .first()
    )
    if event is None or event.name not in {GIVEN, MOVED, TAKEN}:
        return None
    left = Assignment.objects.visible_to(actor).for_cards().filter(public_id=event.subject_id).first()
    if left is None or left.status not in (*MOVABLE, AssignmentStatus.CANCELLED):
        return None
    return Step(event, left, _before(event) if event.name == GIVEN else None)


@transaction.atomic
def undo(step_id: uuid.UUID, *, by: Actor, now: dt.datetime | None = None) -> Assignment:
    """Undo the actor's last step, named by its event; returns the assignment as it is then.

    Raises ``NothingToUndo`` and ``StaleVersion`` when something changed since (409, 412), and what
    ``assign_work_order`` and ``move_assignment`` raise when the rules do not let it go back.
    """
    moment = now or timezone.now()
    step = last_step(by, now=moment)
    if step is None or step.event.public_id != step_id:
        raise NothingToUndo
    if _changed_since(step):
        raise changed_meanwhile(step.assignment)
    undone = _back(step, by=by, now=moment)
    events.record(
        UNDONE, undone, by=by, request_id=undone.work_order.request.public_id, undone=str(step.event.public_id)
    )
    return undone


def _back(step: Step, *, by: Actor, now: dt.datetime) -> Assignment:
    left, was = step.assignment, step.before
    if step.event.name == TAKEN:
        return _give_again(left, by=by, now=now)
    if step.event.name == GIVEN and was is None:
        return unassign(left, version=left.version, by=by)
    if was is not None:
        return move_assignment(
            left,
            trainee=was.trainee,
            starts_at=was.planned_start,
            supervision_mode=was.supervision_mode,
            accepted_warnings=[*was.accepted_warnings, PAST],
            version=left.version,
            by=by,
            now=now,
        )
    then = step.event.data["was"]
    return move_assignment(
        left,
        starts_at=dt.datetime.fromisoformat(then["start"]),
        supervision_mode=then["mode"],
        accepted_warnings=[*then["warnings"], PAST],
        version=left.version,
        by=by,
        now=now,
    )


def _give_again(left: Assignment, *, by: Actor, now: dt.datetime) -> Assignment:
    return assign_work_order(
        left.work_order,
        left.trainee,
        starts_at=left.planned_start,
        supervision_mode=left.supervision_mode,
        accepted_warnings=[*left.accepted_warnings, PAST],
        by=by,
        now=now,
    )


def _before(event: Event) -> Assignment | None:
    """Whose it was, when giving it was one step with taking it from somebody."""
    earlier = (
        Event.objects.filter(
            organisation_id=event.organisation_id,
            request_id=event.request_id,
            subject_type=event.subject_type,
            data__work_order=event.data["work_order"],
            pk__lt=event.pk,
        )
        .order_by("-pk")
        .first()
    )
    if earlier is None or earlier.data.get("reason") != "reassigned":
        return None
    return Assignment.objects.filter(public_id=earlier.subject_id).select_related("trainee").first()


def _changed_since(step: Step) -> bool:
    """Whether somebody gave it another plan or another end. That the person has seen it changes nothing."""
    ended = step.assignment.status == AssignmentStatus.CANCELLED
    if ended != (step.event.name == TAKEN):
        return True
    return Event.objects.filter(
        organisation_id=step.event.organisation_id,
        subject_type=step.event.subject_type,
        subject_id=step.event.subject_id,
        name__in=[MOVED, TAKEN],
        pk__gt=step.event.pk,
    ).exists()
