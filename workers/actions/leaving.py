"""Somebody leaves the team, stays after all, or comes back.

Their last day is said: from the day after on nothing waits for them any more, and no page of the team opens. A day that
is over counts at once; today or a day to come ends by itself (a deadline), and until then all but what comes after it
goes on. Contracts and the PASS have verbs of their own: nothing here touches them, nor hours that were worked.

Appointments with the social adviser stay, those of after it too: people are followed up after they have left (R29).

Lock order: swaps, work orders, assignments, weeks, each by their keys, then the person. Whoever gives work, publishes
or notes an absence takes the person's lock too: what they did before it is found, what they do after is refused. What
appears while the person's lock was waited for is taken without waiting, or everything is refused: nobody waits for us
in a circle.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.models import WorkOrder
from concierge import deadlines, events
from concierge.enums import Role
from concierge.errors import Conflict, Invalid
from concierge.models import Deadline, Membership
from concierge.tenancy import Actor, system_actor
from workers.actions.dispatch import lock_trainee, say, unassign
from workers.actions.exits import begin_exit, end_exit
from workers.actions.persons import let_in
from workers.actions.swaps import expire_swap
from workers.actions.time import stop_clock
from workers.actions.weeks import Change, bring, lock_week, next_number, touch
from workers.enums import ABSENCE_KINDS, LEFT
from workers.models import (
    Absence,
    Assignment,
    HoursConsent,
    Occupation,
    SwapRequest,
    TimeEntry,
    Trainee,
    WorkWeek,
)
from workers.models.holdings import Holdings, at_work_until, holdings_of
from workers.rules.intervals import civil_day

GOES = "trainee.goes"
# Further ahead nobody knows. Further back what was kept for two years would go the next night, for a slip of the pen.
LONGEST = dt.timedelta(days=366)


class AlreadyLeaving(Conflict):
    """Their last day was said before."""

    code = "already_leaving"
    message = _("Their last day on the team is already written down. To change it, say first that they stay.")


class StillAtWork(Conflict):
    """They have begun something, or their clock runs."""

    code = "still_at_work"
    message = _("This person is still at work: end that first.")


class HeldMeanwhile(Conflict):
    """Somebody gives them work or publishes their hours at this very moment."""

    code = "held_meanwhile"
    message = _("Somebody has just given this person work or hours. Please look again, then confirm.")


class NotLeaving(Conflict):
    """They are on the team, and nobody has said otherwise."""

    code = "not_leaving"
    message = _("This person is on the team: there is nothing to take back.")


@transaction.atomic
def leave_team(
    trainee: Trainee, *, last_on: dt.date, by: Actor, situation: str = "", now: dt.datetime | None = None
) -> Trainee:
    """Write down somebody's last day on the team, included. Work, hours, absences and swaps of the days after it
    end; they go at once when it is over, else by themselves once it is. ``situation``: what they do then, if anybody
    knows; their adviser asks again three and six months later (R29).

    Raises ``Invalid`` (400) for a day more than a year away, or with hours worked after it; ``AlreadyLeaving``,
    ``StillAtWork`` and ``HeldMeanwhile`` (409).
    """
    moment = now or timezone.now()
    today = moment.astimezone(ZoneInfo(trainee.site.time_zone)).date()
    check_day(trainee, last_on, today=today)
    person, held = _locked(trainee, last_on, today)
    if person.last_on is not None:
        raise AlreadyLeaving
    is_over = last_on < today
    check_day(person, last_on, today=today)
    if is_over and (still := still_doing(held)):
        raise StillAtWork(still)
    person.last_on = last_on
    person.save(update_fields=["last_on"])
    ended = _end(person, held, last_on, by=by, now=moment)
    begin_exit(person, last_on, situation=situation, by=by)
    events.record("trainee.leaving", person, by=by, last=str(last_on), ended=ended)
    if is_over:
        _go(person, by=by)
    else:
        _wait(person, last_on)
    return person


def _wait(person: Trainee, last_on: dt.date, at_least: dt.datetime | None = None) -> None:
    """Until their last day is over at their site, or a moment after that."""
    due_at = civil_day(last_on, ZoneInfo(person.site.time_zone)).end
    due_at = max(due_at, at_least) if at_least else due_at
    deadlines.set_deadline(GOES, organisation_id=person.organisation_id, subject_id=person.pk, due_at=due_at)


@transaction.atomic
def go(trainee: Trainee, *, by: Actor, now: dt.datetime | None = None) -> bool:
    """Their last day is over: they are no longer on the team. What they have not begun goes to others, a clock that
    still runs ends when they probably went; work they had begun stays begun. Whoever is at work over midnight, as
    planned, goes when that is done. Whether anything was to be done."""
    moment = now or timezone.now()
    today = moment.astimezone(ZoneInfo(trainee.site.time_zone)).date()
    last_on = Trainee.objects.values_list("last_on", flat=True).get(pk=trainee.pk)
    if last_on is None or last_on >= today or at_work_until(trainee.pk, last_on, now=moment):
        return False
    person, held = _locked(trainee, last_on, today)
    if not person.is_active or person.last_on != last_on:
        return False
    stopped = stop_clock(person, by=by)
    ended = _end(person, held, last_on, by=by, now=moment)
    ended["clocks"] = [str(stopped.public_id)] if stopped else []
    _go(person, by=by, begun=[str(one.public_id) for one in held.begun], ended=ended)
    return True


@deadlines.on(GOES)
def let_go(deadline: Deadline) -> None:
    """The last day of somebody is over. It may not be yet, where a site has got another time zone since, or while they
    are at work: then later."""
    for trainee in Trainee.objects.filter(pk=deadline.subject_id).select_related("site"):
        if go(trainee, by=system_actor(trainee.organisation)):
            continue
        trainee.refresh_from_db(fields=["is_active", "last_on"])
        if trainee.is_active and trainee.last_on is not None:
            _wait(trainee, trainee.last_on, at_work_until(trainee.pk, trainee.last_on, now=timezone.now()))


@transaction.atomic
def return_to_team(trainee: Trainee, *, by: Actor) -> Trainee:
    """They stay after all, or are back: on the team as before, with their account. What ended is for people to give
    and to publish anew, what they said of those hours is another question then (L13, L14); what is in their file
    stayed there. Raises ``NotLeaving`` (409)."""
    person = lock_trainee(trainee)
    if person.last_on is not None:
        HoursConsent.objects.filter(trainee=person, day__gt=person.last_on).delete()
    return take_in(person, by=by)


def take_in(person: Trainee, *, by: Actor, has_role: bool = True, is_undone: bool = False) -> Trainee:
    """On the team again, under their lock; ``has_role``: whoever was off it gets the role of their account back,
    ``is_undone``: they had never left. Raises ``NotLeaving`` (409)."""
    if person.last_on is None:
        raise NotLeaving
    was, had_left = person.last_on, not person.is_active
    end_exit(person, had_left=had_left and not is_undone)
    person.is_active, person.last_on = True, None
    person.save(update_fields=["is_active", "last_on"])
    deadlines.cancel_deadline(GOES, organisation_id=person.organisation_id, subject_id=person.pk)
    # Whoever is still there has their role, unless somebody took it away for another reason.
    if had_left and has_role and person.user_id is not None:
        let_in(person)
    events.record("trainee.returned" if had_left else "trainee.stays", person, by=by, was=str(was))
    return person


def _go(
    person: Trainee, *, by: Actor, begun: Collection[str] = (), ended: Mapping[str, Collection[str]] | None = None
) -> None:
    """Off the team: no role, no open call for help. The account itself is theirs: they may be a client too."""
    person.is_active = False
    person.save(update_fields=["is_active"])
    held = Membership.objects.filter(organisation_id=person.organisation_id, role=Role.TRAINEE)
    had_role = person.user_id is not None and bool(held.filter(user_id=person.user_id).delete()[0])
    person.help_calls.filter(answered_at=None).update(answered_at=timezone.now(), answered_by=by.user)
    what: dict[str, Any] = {"had_role": had_role, "begun": list(begun), "ended": dict(ended or {})}
    events.record("trainee.left", person, by=by, last=str(person.last_on), **what)


def _locked(trainee: Trainee, last_on: dt.date, today: dt.date) -> tuple[Trainee, Holdings]:
    """The person, and what they hold after their last day, all of it under lock. Raises ``HeldMeanwhile`` (409)."""
    _lock(holdings_of(trainee, last_on, today=today), is_waiting=True)
    person = lock_trainee(trainee)
    held = holdings_of(person, last_on, today=today)
    if not _lock(held, is_waiting=False):
        raise HeldMeanwhile
    return person, held


def _lock(held: Holdings, *, is_waiting: bool) -> bool:
    """Take the rows; without waiting: whether all of them could be had."""
    pieces = [*held.pieces, *held.beside]
    wanted: tuple[tuple[type[Model], set[int]], ...] = (
        (SwapRequest, {one.pk for one in held.swaps}),
        (WorkOrder, {one.work_order_id for one in held.pieces}),
        (Assignment, {one.pk for one in pieces}),
        (WorkWeek, {one.week_id for one in held.shifts}),
    )
    for model, keys in wanted:
        rows: QuerySet[Model] = model._default_manager.filter(pk__in=keys).order_by("pk")
        rows = rows.select_for_update(of=("self",), no_key=True, skip_locked=not is_waiting)
        if len(rows.values_list("pk", flat=True)) < len(keys):
            return False
    return True


def check_day(person: Trainee, last_on: dt.date, *, today: dt.date) -> None:
    """Whoever worked on a day was on the team on it; what was written of days away may go on with a contract. Raises
    ``Invalid`` (400)."""
    if abs(last_on - today) > LONGEST:
        raise Invalid(_("Choose a day at most a year from today."), field="last_on")
    worked = TimeEntry.objects.current().filter(trainee=person, ends_on__gt=last_on).exclude(kind__in=ABSENCE_KINDS)
    latest = worked.order_by("-ends_on").values_list("ends_on", flat=True).first()
    if latest is not None:
        sentence = _("There are hours worked on %(day)s: their last day cannot be before.")
        raise Invalid(sentence % {"day": f"{latest:%d/%m/%Y}"}, field="last_on")


def still_doing(held: Holdings) -> str:
    """What has to be ended by a person before somebody can be off the team, in words; else ``""``."""
    if held.begun:
        sentence = _("%(name)s has begun work and not finished it (%(what)s): that has to be ended first.")
        piece = held.begun[0]
        return str(sentence % {"name": piece.trainee.first_name, "what": piece.work_order.service.label})
    return str(_("Their clock is still running: end it on the page of their hours first.")) if held.clock else ""


def _end(person: Trainee, held: Holdings, last_on: dt.date, *, by: Actor, now: dt.datetime) -> dict[str, list[str]]:
    """End what waits for them after their last day; what an undo needs to know of it."""
    for swap in held.swaps:
        expire_swap(swap, by=by)
    for piece in held.pieces:
        unassign(piece, reason=LEFT, by=by)
    Occupation.objects.taking().companions().filter(trainee=person, assignment__in=held.beside).update(is_over=True)
    for piece in held.beside:
        say(piece, "left_alone", by)
    days = [f"{one.starts_on}/{one.ends_on}" for one in held.absences]
    Absence.objects.filter(pk__in=[one.pk for one in held.absences], starts_on__gt=last_on).delete()
    Absence.objects.filter(pk__in=[one.pk for one in held.absences]).update(ends_on=last_on)
    return {
        "pieces": [str(one.public_id) for one in held.pieces],
        "beside": [str(one.public_id) for one in held.beside],
        "absences": days,
        "editions": _end_hours(person, held, by=by, now=now),
    }


def _end_hours(person: Trainee, held: Holdings, *, by: Actor, now: dt.datetime) -> list[str]:
    """A further version of each week without their shifts. Drafts stay: of days after their last one they count for
    nothing, and an undo finds them as they were."""
    days: dict[int, list[dt.date]] = defaultdict(list)
    for shift in held.shifts:
        days[shift.week_id].append(shift.day)
    editions = []
    for week in WorkWeek.objects.filter(pk__in=days).order_by("pk"):
        locked = lock_week(week)
        changes = [Change(person, day, None) for day in days[week.pk]]
        touch(locked)
        edition = bring(locked, changes, number=next_number(locked), by=by, now=now)
        editions.append(str(edition.public_id))
    return editions
