"""The clock of a person's day: begin, break, go on, end (R20, R46: a moment and nothing else is kept).

The clock follows the work and never holds it up: what cannot be written (a closed month, hours that are there already)
is left out or trimmed, and the supervisor finds the gap. Lock order: work order, assignment, trainee, month.
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from concierge import events
from concierge.db import refuse_on
from concierge.errors import Invalid, NotAllowed, WrongState
from concierge.tenancy import Actor
from workers.actions.refusals import HoursOverlap, MonthClosed
from workers.enums import CLOCK_KINDS, AssignmentStatus, TimeKind, TimeSource
from workers.models import Assignment, TimeEntry, Trainee
from workers.perms import can_write_hours
from workers.rules import time as rules


def lock_person(trainee_id: int) -> Trainee:
    """A trainee under their row lock: their hours are written one after the other."""
    return (
        Trainee.objects.select_for_update(of=("self",), no_key=True)
        .select_related("site", "organisation")
        .get(pk=trainee_id)
    )


@transaction.atomic
def clock_in(trainee: Trainee, *, kind: TimeKind, by: Actor, act_at: dt.datetime | None = None) -> TimeEntry:
    """Begin time that belongs to no assignment: training, an interview, other work. Pressing twice is pressing once;
    what was running ends.

    Raises ``Invalid`` (400) for a kind nobody clocks, ``HoursOverlap`` and ``MonthClosed`` (409), ``NotAllowed`` (403).
    """
    person = _clocking(trainee, by)
    if kind not in CLOCK_KINDS:
        raise Invalid(_("Choose what you are doing from the list."), field="kind")
    begun = _begin(person, kind, act_at, by)
    if begun is None:
        raise HoursOverlap
    return begun


@transaction.atomic
def clock_out(trainee: Trainee, *, by: Actor, act_at: dt.datetime | None = None) -> TimeEntry | None:
    """End time that belongs to no assignment; of an assignment, finishing it does. Nothing running: nothing happens.

    Raises ``WrongState`` (409) while the person is at work on something given to them.
    """
    person = _clocking(trainee, by)
    running = _running(person)
    if running is None:
        return None
    if running.assignment is not None and running.assignment.status == AssignmentStatus.WORKING:
        raise WrongState(_("Finish the work you have begun first."), current_status=running.assignment.status)
    return _settle(person, running, _moment(act_at), by)


@transaction.atomic
def pause(trainee: Trainee, *, by: Actor, act_at: dt.datetime | None = None) -> TimeEntry | None:
    """A break begins: what was running ends there. Without anything running, or in a break, nothing happens."""
    person = _clocking(trainee, by)
    running = _running(person)
    if running is None or running.kind == TimeKind.BREAK:
        return running
    return _begin(person, TimeKind.BREAK, act_at, by, assignment=running.assignment)


@transaction.atomic
def resume(
    trainee: Trainee, *, by: Actor, assignment: Assignment | None = None, act_at: dt.datetime | None = None
) -> TimeEntry | None:
    """Go on with what the break interrupted, or with the ``assignment`` the person is at work on.

    Raises ``WrongState`` (409) without a break to end, or for work that is not under way.
    """
    person = _clocking(trainee, by)
    running = _running(person)
    if assignment is not None:
        if not Assignment.objects.filter(pk=assignment.pk, trainee=person, status=AssignmentStatus.WORKING).exists():
            raise WrongState(_("This work is not under way."))
        return _begin(person, TimeKind.WORK, act_at, by, assignment=assignment)
    if running is None or running.kind != TimeKind.BREAK:
        raise WrongState(_("You are not on a break."))
    before = (
        TimeEntry.objects.current()
        .filter(trainee=person, ends_at__lte=running.starts_at)
        .exclude(kind=TimeKind.BREAK)
        .order_by("-ends_at")
        .select_related("assignment")
        .first()
    )
    goes_on = before is not None and (before.assignment is None or before.assignment.status == AssignmentStatus.WORKING)
    if before is None or not goes_on:
        return _begin(person, TimeKind.WORK, act_at, by)
    return _begin(person, TimeKind(before.kind), act_at, by, assignment=before.assignment)


@transaction.atomic
def follow_start(assignment: Assignment, *, by: Actor, act_at: dt.datetime | None = None) -> TimeEntry | None:
    """Work given to somebody begins: so does their time. What cannot be written is left out, which the history says."""
    person = lock_person(assignment.trainee_id)
    try:
        return _begin(person, TimeKind.WORK, act_at, by, assignment=assignment)
    except MonthClosed:
        events.record("time_entry.left_out", person, by=by, act_at=act_at, assignment=str(assignment.public_id))
        return None


@transaction.atomic
def follow_end(assignment: Assignment, *, by: Actor, act_at: dt.datetime | None = None) -> TimeEntry | None:
    """Work given to somebody ends, or is stopped: so does its time, a break in it included."""
    person = lock_person(assignment.trainee_id)
    running = _running(person)
    if running is None or running.assignment_id != assignment.pk:
        return None
    try:
        return _settle(person, running, _moment(act_at), by)
    except MonthClosed:
        events.record("time_entry.left_out", person, by=by, act_at=act_at, assignment=str(assignment.public_id))
        return None


@transaction.atomic
def stop_clock(trainee: Trainee, *, by: Actor) -> TimeEntry | None:
    """Whoever is no longer on the team has forgotten to stop: what runs ends when they probably went. What cannot be
    written is left out, which the history says."""
    person = lock_person(trainee.pk)
    running = _running(person)
    try:
        return _settle(person, running, _moment(None), by) if running is not None else None
    except MonthClosed:
        events.record("time_entry.left_out", person, by=by)
        return None


@transaction.atomic
def run_on(entry: TimeEntry, *, by: Actor) -> bool:
    """``stop_clock`` was a mistake: the person is still at it, and their time runs on. Not once anybody has said
    something of these hours, others have begun or their month is closed: then for people to correct."""
    person = lock_person(entry.trainee_id)
    stopped = TimeEntry.objects.select_for_update(of=("self",), no_key=True).get(pk=entry.pk)
    is_settled = stopped.confirmed_at or stopped.contested_at or stopped.validated_at or stopped.withdrawn_because
    if is_settled or _running(person) or TimeEntry.objects.filter(replaces=stopped).exists():
        return False
    stopped.is_current, stopped.ended_version_at = True, None
    stopped.ends_at, stopped.ends_on, stopped.end_recorded_at = None, stopped.starts_on, None
    stopped.end_is_supposed = False
    fields = ("is_current", "ended_version_at", "ends_at", "ends_on", "end_recorded_at", "end_is_supposed")
    try:
        with (
            transaction.atomic(),
            refuse_on("hours_of_an_open_month", MonthClosed()),
            refuse_on("time_entries_do_not_overlap", HoursOverlap()),
        ):
            stopped.save(update_fields=fields)
    except (MonthClosed, HoursOverlap):
        return False
    events.record("time_entry.runs_on", stopped, by=by, trainee=str(person.public_id))
    return True


def supposed_end(person: Trainee, running: TimeEntry, now: dt.datetime) -> dt.datetime | None:
    """When somebody who forgot to stop probably went, if anybody can tell: by the plan, else by their usual week."""
    if running.starts_at is None:
        return None
    zone = ZoneInfo(person.site.time_zone)
    local = running.starts_at.astimezone(zone)
    planned = running.assignment.planned_end if running.assignment else None
    usual = [
        dt.datetime.combine(local.date(), rule.ends, zone)
        for rule in person.availability.all()
        if rule.weekday == local.weekday()
    ]
    return rules.proposed_end(running.starts_at, planned_end=planned, usual_ends=usual, now=now)


def _clocking(trainee: Trainee, by: Actor) -> Trainee:
    if by.trainee_id != trainee.pk and not can_write_hours(by, trainee):
        raise NotAllowed
    return lock_person(trainee.pk)


def _moment(act_at: dt.datetime | None) -> dt.datetime:
    """The minute it happened. A telephone whose clock is ahead is not believed."""
    now = timezone.now()
    return rules.minute(min(act_at or now, now))


def _running(person: Trainee) -> TimeEntry | None:
    return TimeEntry.objects.running().filter(trainee=person).select_related("assignment").order_by("pk").first()


def _begin(
    person: Trainee, kind: TimeKind, act_at: dt.datetime | None, by: Actor, assignment: Assignment | None = None
) -> TimeEntry | None:
    """A new stretch from that minute on, after what was running; none when all of it is taken already."""
    at, zone = _moment(act_at), ZoneInfo(person.site.time_zone)
    running = _running(person)
    if running is not None:
        is_same = running.kind == kind and running.assignment_id == (assignment.pk if assignment else None)
        if is_same and not _forgot(person, running, at):
            return running
        _settle(person, running, at, by)
    start, end = _gap(person, at)
    now = timezone.now()
    if start > now:
        return None
    is_own = by.trainee_id == person.pk
    entry = TimeEntry(
        organisation_id=person.organisation_id,
        trainee=person,
        site=person.site,
        kind=kind,
        source=TimeSource.PHONE if is_own else TimeSource.SUPERVISOR,
        assignment=assignment,
        starts_at=start,
        ends_at=end,
        starts_on=start.astimezone(zone).date(),
        ends_on=(end or start).astimezone(zone).date(),
        recorded_at=now,
        end_recorded_at=now if end else None,
        written_by=by.user,
    )
    with refuse_on("hours_of_an_open_month", MonthClosed()), refuse_on("time_entries_do_not_overlap", HoursOverlap()):
        entry.save()
    events.record("time_entry.started", entry, by=by, act_at=start, trainee=str(person.public_id))
    return entry


def _gap(person: Trainee, at: dt.datetime) -> tuple[dt.datetime, dt.datetime | None]:
    """From when on the person's time is free, at that minute or after it, and until when."""
    start = at
    later = TimeEntry.objects.current().filter(trainee=person, ends_at__gt=at).order_by("starts_at")
    for taken_from, taken_to in later.values_list("starts_at", "ends_at"):
        if taken_from is not None and taken_from > start:
            return start, taken_from
        start = taken_to or start
    return start, None


def _forgot(person: Trainee, running: TimeEntry, at: dt.datetime) -> bool:
    planned = running.assignment.planned_end if running.assignment else None
    zone = ZoneInfo(person.site.time_zone)
    return running.starts_at is not None and rules.is_forgotten(running.starts_at, at, planned_end=planned, zone=zone)


def _settle(person: Trainee, running: TimeEntry, at: dt.datetime, by: Actor) -> TimeEntry:
    """End what runs. Forgotten: at its probable end, for the supervisor to see. In its first minute: it never was."""
    if running.starts_at is None:
        raise ValueError("whole days do not run")
    end, now = at, timezone.now()
    if _forgot(person, running, at):
        end = supposed_end(person, running, now) or running.starts_at + dt.timedelta(minutes=1)
        running.end_is_supposed = True
    if end <= running.starts_at:
        running.is_current, running.ended_version_at = False, now
        with refuse_on("hours_of_an_open_month", MonthClosed()):
            running.save(update_fields=["is_current", "ended_version_at"])
        return running
    running.ends_at, running.end_recorded_at = min(end, running.starts_at + rules.LONGEST), now
    window = running.window
    if window is not None:
        running.ends_on = rules.days_of(window, ZoneInfo(person.site.time_zone))[1]
    with refuse_on("hours_of_an_open_month", MonthClosed()):
        running.save(update_fields=["ends_at", "ends_on", "end_recorded_at", "end_is_supposed"])
    events.record("time_entry.ended", running, by=by, act_at=running.ends_at, trainee=str(person.public_id))
    return running
