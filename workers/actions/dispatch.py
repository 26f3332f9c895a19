"""Give work to a person, move it, take it back (lifecycles.md 2.5).

Lock order: work order, then assignment, then trainee. The trainee's lock makes the rules see every other piece of work;
the constraints ``trainee_not_in_two_places`` and ``assignment_one_holder_per_work_order`` hold even without it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import replace
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.actions.work_orders import (
    book_work_order,
    lock_work_order,
    release_work_order,
    schedule_work_order,
)
from bookings.enums import Execution, Leg, PerformerKind
from bookings.models import WorkOrder
from concierge import events
from concierge.db import refuse_on
from concierge.errors import WrongState
from concierge.tenancy import Actor
from workers.actions.candidates import Candidate, candidate_for, explain
from workers.actions.companions import accompany, release_companion
from workers.actions.growth import growth_of
from workers.actions.meanwhile import changed_meanwhile, who_gave
from workers.actions.refusals import (
    AssignmentRefused,
    NotOwnTeamWork,
    PastDay,
    TraineeBusy,
    WarningsToAccept,
    WorkOrderTaken,
)
from workers.actions.time import follow_end
from workers.enums import ASSIGNMENT_TRANSITIONS, AssignmentStatus
from workers.models import Assignment, Trainee
from workers.models.plan import team_day
from workers.rules.candidates import Severity


@transaction.atomic
def assign_work_order(
    work_order: WorkOrder,
    trainee: Trainee,
    *,
    starts_at: dt.datetime,
    by: Actor,
    supervision_mode: str = "",
    accepted_warnings: Collection[str] = (),
    now: dt.datetime | None = None,
    absent: Trainee | None = None,
) -> Assignment:
    """Give work to a person of the team from ``starts_at`` on: work order ``→ scheduled``, assignment ``proposed``.

    Of work that a provider does, the team carries the things there and back: then the work order stays as it is.
    ``supervision_mode`` is what suits the person's level unless told. ``accepted_warnings`` are the codes that the
    dispatcher has read. ``now`` is the moment of the decision, when that is not the present (history written later).
    ``absent``: whoever is being replaced accompanies nobody, noted as away or not.

    Raises ``NotOwnTeamWork`` and ``PastDay`` (400), ``WorkOrderTaken`` and ``TraineeBusy`` (409), ``AssignmentRefused``
    and ``WarningsToAccept`` (422, with ``reasons``).
    """
    locked = lock_work_order(work_order)
    if locked.execution == Execution.PROVIDER:
        raise NotOwnTeamWork
    leg = locked.leg_now
    if leg is None or Assignment.objects.filter(work_order=locked).occupying().carrying().exists():
        raise _taken(locked)
    locked_trainee = lock_trainee(trainee)
    candidate = judged(
        locked,
        locked_trainee,
        starts_at=starts_at,
        mode=supervision_mode,
        accepted_warnings=accepted_warnings,
        now=now or timezone.now(),
        absent=absent,
    )
    with (
        refuse_on("trainee_not_in_two_places", TraineeBusy(field="starts_at")),
        refuse_on("assignment_one_holder_per_work_order", WorkOrderTaken()),
        refuse_on("assignment_one_carrier_per_work_order", WorkOrderTaken()),
    ):
        assignment = Assignment.objects.create(
            organisation_id=locked.organisation_id,
            work_order=locked,
            leg=leg,
            trainee=locked_trainee,
            supervision_mode=candidate.mode,
            planned_start=candidate.starts_at,
            planned_end=candidate.ends_at,
            accepted_warnings=sorted(candidate.verdict.warnings),
        )
    accompany(assignment, candidate.companion)
    if leg == Leg.WORK:
        book_work_order(
            locked,
            performer_kind=PerformerKind.OWN_TEAM,
            performer_id=locked_trainee.pk,
            performer_label=locked_trainee.first_name,
            by=by,
        )
        schedule_work_order(locked, planned_start=candidate.starts_at, planned_end=candidate.ends_at, by=by)
    say(assignment, "proposed", by, warnings=assignment.accepted_warnings)
    return assignment


@transaction.atomic
def move_assignment(
    assignment: Assignment,
    *,
    by: Actor,
    starts_at: dt.datetime | None = None,
    trainee: Trainee | None = None,
    supervision_mode: str = "",
    version: int | None = None,
    accepted_warnings: Collection[str] = (),
    now: dt.datetime | None = None,
    absent: Trainee | None = None,
) -> Assignment:
    """Another time or another person, before the start; the person has to see it again (``→ proposed``).

    With another person the old assignment ends ``cancelled`` and a new one begins. ``version`` is the one that the
    dispatcher was looking at. Raises ``StaleVersion`` (412), ``WrongState`` (409), and like ``assign_work_order``.
    """
    moved = take_step(assignment, "move", version=version)
    start = starts_at or moved.planned_start
    was = {
        "start": moved.planned_start.isoformat(),
        "mode": moved.supervision_mode,
        "warnings": moved.accepted_warnings,
    }
    if trainee is not None and trainee.pk != moved.trainee_id:
        _take_back(assignment, by, reason="reassigned", verb="cancel")
        return assign_work_order(
            moved.work_order,
            trainee,
            starts_at=start,
            by=by,
            supervision_mode=supervision_mode,
            accepted_warnings=accepted_warnings,
            now=now,
            absent=absent,
        )
    candidate = judged(
        moved.work_order,
        lock_trainee(moved.trainee),
        starts_at=start,
        mode=supervision_mode or moved.supervision_mode,
        accepted_warnings=accepted_warnings,
        now=now or timezone.now(),
        without=moved,
        absent=absent,
    )
    moved.planned_start, moved.planned_end = candidate.starts_at, candidate.ends_at
    moved.supervision_mode = candidate.mode
    moved.accepted_warnings = sorted(candidate.verdict.warnings)
    moved.accepted_at = None
    release_companion(moved)
    with refuse_on("trainee_not_in_two_places", TraineeBusy(field="starts_at")):
        moved.save()
    accompany(moved, candidate.companion)
    if moved.leg == Leg.WORK:
        schedule_work_order(moved.work_order, planned_start=moved.planned_start, planned_end=moved.planned_end, by=by)
    say(moved, "moved", by, was=was)
    return moved


@transaction.atomic
def unassign(assignment: Assignment, *, by: Actor, version: int | None = None, reason: str = "by_site") -> Assignment:
    """Take work back before its start: assignment ``cancelled``, work order ``ready`` again.

    Raises ``StaleVersion`` (412), ``WrongState`` (409) once the work has started.
    """
    return _take_back(assignment, by, reason=reason, verb="cancel", version=version)


@transaction.atomic
def stop_assignment(assignment: Assignment, *, by: Actor) -> Assignment:
    """The work order itself has ended without being done: the person's time is free again."""
    stopped = take_step(assignment, "stop")
    stopped.save(update_fields=["status", "version"])
    follow_end(stopped, by=by)
    say(stopped, "cancelled", by, reason="work_order_stopped")
    return stopped


def judged(
    work_order: WorkOrder,
    trainee: Trainee,
    *,
    starts_at: dt.datetime,
    mode: str,
    accepted_warnings: Collection[str],
    now: dt.datetime,
    without: Assignment | None = None,
    absent: Trainee | None = None,
) -> Candidate:
    """The candidate, or the refusal that says why not: what ``assign_work_order`` raises about people and time."""
    zone = ZoneInfo(work_order.site.time_zone)
    day = starts_at.astimezone(zone).date()
    if day < now.astimezone(zone).date():
        raise PastDay(field="starts_at")
    team = team_day(Trainee.objects.filter(pk=trainee.pk), day, zone)
    team.know_weeks(team.trainees)
    growth = growth_of(work_order, team, now=now, without=without)
    if absent is not None:
        growth = replace(growth, helpers=growth.helpers.but(absent))
    candidate = candidate_for(
        work_order, team.trainees[0], team, now=now, starts_at=starts_at, mode=mode, without=without, growth=growth
    )
    blocks = candidate.verdict.of(Severity.BLOCK)
    if any(reason.code == "busy" for reason in blocks):
        raise TraineeBusy(field="starts_at")
    if blocks:
        sentences = " ".join(f"{explain(reason, zone=zone)}." for reason in blocks)
        raise AssignmentRefused(
            _("%(name)s cannot take this work. %(reasons)s") % {"name": trainee.first_name, "reasons": sentences},
            field="starts_at",
            reasons=[reason.code for reason in blocks],
        )
    missing = candidate.verdict.warnings - set(accepted_warnings)
    if missing:
        warned = [reason for reason in candidate.verdict.of(Severity.WARN) if reason.code in missing]
        sentences = " ".join(f"{explain(reason, zone=zone)}." for reason in warned)
        raise WarningsToAccept(
            _("To be confirmed for %(name)s. %(reasons)s") % {"name": trainee.first_name, "reasons": sentences},
            reasons=sorted(missing),
        )
    return candidate


def take_step(assignment: Assignment, verb: str, *, version: int | None = None) -> Assignment:
    """Lock the work order, then the assignment; check version and table; set the new status (not saved).

    Raises ``StaleVersion`` (412) and ``WrongState`` (409).
    """
    lock_work_order(assignment.work_order)
    locked = (
        Assignment.objects.select_for_update(of=("self",), no_key=True)
        .select_related("work_order__service", "work_order__site", "work_order__request", "trainee")
        .get(pk=assignment.pk)
    )
    if version is not None and version != locked.version:
        raise changed_meanwhile(locked)
    allowed_from, target = ASSIGNMENT_TRANSITIONS[verb]
    if locked.status not in allowed_from:
        raise WrongState(
            _("This work is “%(status)s”: this step is no longer possible.") % {"status": locked.get_status_display()},
            current_status=locked.status,
        )
    locked.status = target
    locked.version += 1
    return locked


def lock_trainee(trainee: Trainee) -> Trainee:
    """Re-read a trainee under their row lock, so that two dispatchers judge one after the other."""
    return Trainee.objects.select_for_update(of=("self",), no_key=True).get(pk=trainee.pk)


def say(assignment: Assignment, name: str, by: Actor, act_at: dt.datetime | None = None, **data: object) -> None:
    """Record ``assignment.<name>`` in the request's history; no name of a person leaves in it (S39)."""
    events.record(
        f"assignment.{name}",
        assignment,
        by=by,
        request_id=assignment.work_order.request.public_id,
        act_at=act_at,
        work_order=assignment.work_order.reference,
        trainee=str(assignment.trainee.public_id),
        leg=assignment.leg,
        **data,
    )


def _take_back(assignment: Assignment, by: Actor, *, reason: str, verb: str, version: int | None = None) -> Assignment:
    taken = take_step(assignment, verb, version=version)
    taken.save(update_fields=["status", "version"])
    if taken.leg == Leg.WORK:
        release_work_order(taken.work_order, reason=reason, by=by)
    say(taken, "cancelled", by, reason=reason)
    return taken


def _taken(work_order: WorkOrder) -> WorkOrderTaken:
    holder = (
        Assignment.objects.filter(work_order=work_order, leg=work_order.leg_now or Leg.WORK)
        .exclude(status__in=[AssignmentStatus.CANCELLED, AssignmentStatus.DECLINED])
        .select_related("trainee")
        .first()
    )
    if holder is None:
        return WorkOrderTaken(
            _("This work is “%(status)s”: it can no longer be given to somebody.")
            % {"status": work_order.get_status_display()}
        )
    return who_gave(holder)
