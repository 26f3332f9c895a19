"""It was a mistake: within five minutes whoever wrote somebody's last day down has all of it back.

Lock order: work orders, weeks, then the person. What has gone to somebody else meanwhile, or can no longer be, stays as
it is; swaps that ended are asked for anew.
"""

from __future__ import annotations

import datetime as dt
from contextlib import suppress

from django.db import transaction
from django.utils import timezone

from bookings.models import WorkOrder
from concierge import events
from concierge.db import refuse_on
from concierge.errors import Conflict, DomainError
from concierge.models import Event
from concierge.tenancy import Actor
from workers.actions.absences import WITHIN, TooLateToUndo
from workers.actions.companions import CompanionBusy, accompany
from workers.actions.dispatch import assign_work_order, lock_trainee
from workers.actions.leaving import HeldMeanwhile, take_in
from workers.actions.time import run_on
from workers.actions.undo import PAST
from workers.actions.weeks import Change, bring, lock_week, next_number, touch
from workers.enums import MOVABLE, AssignmentStatus
from workers.models import Absence, Assignment, Shift, TimeEntry, Trainee, WorkWeek
from workers.rules.companions import Helper

SAID = ("trainee.leaving", "trainee.stays", "trainee.returned")
ENDED = ("pieces", "beside", "absences", "editions", "clocks")


def can_undo(trainee: Trainee, by: Actor, *, now: dt.datetime) -> bool:
    """Whether the actor wrote the last day down less than five minutes ago."""
    return _said_by(trainee, by, now) is not None


def _said_by(trainee: Trainee, by: Actor, now: dt.datetime) -> Event | None:
    said = Event.objects.filter(
        organisation_id=trainee.organisation_id,
        subject_type=trainee._meta.label_lower,
        subject_id=trainee.public_id,
        name__in=SAID,
    )
    last = said.order_by("-pk").first()
    if last is None or last.name != SAID[0] or by.user is None or last.actor != by.reference:
        return None
    return last if now - last.act_at < WITHIN else None


@transaction.atomic
def undo_leaving(trainee: Trainee, *, by: Actor, now: dt.datetime | None = None) -> int:
    """On the team as before, with their hours, what they said of them, absences and work, also what went at the end of
    a last day that is over meanwhile; a clock that it stopped runs on. Returns how many pieces could not be given back
    to them. Raises ``TooLateToUndo`` and ``HeldMeanwhile`` (409)."""
    moment = now or timezone.now()
    said = _said_by(trainee, by, moment)
    if said is None:
        raise TooLateToUndo
    went = _went(trainee, said)
    ended = _ended(said, went)
    pieces = list(
        Assignment.objects.filter(public_id__in=ended["pieces"], status=AssignmentStatus.CANCELLED)
        .select_related("work_order__site", "work_order__service", "work_order__request")
        .order_by("planned_start", "pk")
    )
    orders = WorkOrder.objects.filter(pk__in=[one.work_order_id for one in pieces]).order_by("pk")
    list(orders.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))
    weeks = WorkWeek.objects.filter(editions__public_id__in=ended["editions"]).order_by("pk")
    locked = [lock_week(week) for week in weeks]
    person = lock_trainee(trainee)
    if _said_by(person, by, moment) != said:
        raise TooLateToUndo
    if len(_went(person, said)) != len(went):
        # They went while their lock was waited for.
        raise HeldMeanwhile
    person = take_in(person, by=by, has_role=any(event.data.get("had_role") for event in went), is_undone=True)
    for week in locked:
        _publish_again(person, week, ended["editions"], by=by, now=moment)
    for clock in TimeEntry.objects.filter(trainee=person, public_id__in=ended["clocks"]):
        run_on(clock, by=by)
    _away_again(person, ended["absences"], dt.date.fromisoformat(said.data["last"]))
    given = sum(_give_again(person, one, by=by, now=moment) for one in pieces)
    _accompany_again(person, ended["beside"])
    events.record("trainee.leaving_undone", person, by=by, undone=str(said.public_id), pieces=given)
    return len(ended["pieces"]) - given


def _went(trainee: Trainee, said: Event) -> list[Event]:
    """That they were off the team after it was said, if they were."""
    left = Event.objects.filter(subject_id=trainee.public_id, name="trainee.left", pk__gt=said.pk)
    return list(left.order_by("pk"))


def _ended(said: Event, went: list[Event]) -> dict[str, list[str]]:
    """What ended when it was said, and when the day was over."""
    each = [said.data["ended"], *(event.data.get("ended", {}) for event in went)]
    return {what: [one for ended in each for one in ended.get(what, [])] for what in ENDED}


def _publish_again(person: Trainee, week: WorkWeek, editions: list[str], *, by: Actor, now: dt.datetime) -> None:
    """Their shifts as published before, those of a day that has begun too, on days that nobody has published since. The
    draft is as it was."""
    ended = Shift.objects.filter(trainee=person, week=week, until__public_id__in=editions)
    current = set(Shift.objects.current().filter(trainee=person, week=week).values_list("day", flat=True))
    changes = [Change(person, one.day, one.hours(week.zone)) for one in ended.order_by("day") if one.day not in current]
    if changes:
        touch(week)
        bring(week, changes, number=next_number(week), by=by, now=now)


def _away_again(person: Trainee, days: list[str], last_on: dt.date) -> None:
    """The absences that ended with their last day, and those of after it."""
    for one in days:
        first, last = (dt.date.fromisoformat(day) for day in one.split("/"))
        with suppress(Conflict), transaction.atomic(), refuse_on("absences_do_not_overlap", Conflict()):
            if first > last_on:
                Absence.objects.create(
                    organisation_id=person.organisation_id, trainee=person, starts_on=first, ends_on=last
                )
            else:
                Absence.objects.filter(trainee=person, starts_on=first, ends_on=last_on).update(ends_on=last)


def _give_again(person: Trainee, piece: Assignment, *, by: Actor, now: dt.datetime) -> bool:
    try:
        with transaction.atomic():
            assign_work_order(
                piece.work_order,
                person,
                starts_at=piece.planned_start,
                supervision_mode=piece.supervision_mode,
                accepted_warnings=[*piece.accepted_warnings, PAST],
                by=by,
                now=now,
            )
    except DomainError:
        return False
    return True


def _accompany_again(person: Trainee, beside: list[str]) -> None:
    """Work of others that is still planned, and that nobody else accompanies."""
    for work in Assignment.objects.filter(public_id__in=beside, status__in=MOVABLE).select_related("work_order__site"):
        if not work.occupations.companions().taking().exists():
            with suppress(CompanionBusy), transaction.atomic():
                accompany(work, Helper(name=person.first_name, trainee_id=person.pk))
