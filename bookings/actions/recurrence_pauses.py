"""A regular request stands still for some days and goes on, by itself or because somebody says so."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.actions.recurrence_days import (
    await_booking_day,
    extend,
    leave_out_what_may,
    occurrence_on,
    still_to_come,
)
from bookings.actions.recurrences import lock_recurrence
from bookings.enums import RecurrenceStatus
from bookings.models import Occurrence, Recurrence, calendar
from bookings.rules import ahead
from concierge import deadlines, events
from concierge.errors import Invalid
from concierge.models import Deadline
from concierge.tenancy import Actor, system_actor

# A pause is over.
GO_ON = "recurrence.go_on"
# A pause begins within so many days, and lasts as many at most.
LONGEST = dt.timedelta(days=400)
PLANNED_ANEW = ("starts_at", "status", "reason_code", "reason", "refusal")


@transaction.atomic
def pause_recurrence(found: Recurrence, *, first: dt.date, last: dt.date, by: Actor) -> list[Occurrence]:
    """Nothing from one day to another, both included: what was booked then is cancelled, but for the days that come
    back: too late, they take place.

    Raises ``Invalid`` (400) on days that make no sense, ``WrongState`` (409) once it has ended.
    """
    _check(first, last, timezone.localdate(timezone=ZoneInfo(found.site.time_zone)))
    locked = lock_recurrence(found)
    locked.paused_from, locked.paused_until = first, last
    locked.status = RecurrenceStatus.PAUSED
    locked.save(update_fields=["paused_from", "paused_until", "status"])
    _plan_again(locked)
    standing = leave_out_what_may(still_to_come(locked, first, last), "paused", by=by)
    await_end_of_pause(locked)
    events.record("recurrence.paused", locked, by=by)
    return standing


def _check(first: dt.date, last: dt.date, today: dt.date) -> None:
    if last < first:
        raise Invalid(_("The last day cannot be before the first day."), field="last")
    if last < today:
        raise Invalid(_("This day is over: the last day is today or later."), field="last")
    if first > today + LONGEST:
        raise Invalid(_("A pause begins within a year."), field="first")
    if last - first > LONGEST:
        raise Invalid(_("A pause lasts 400 days at most. To stop for longer, end it and begin again."), field="last")


def await_end_of_pause(locked: Recurrence) -> None:
    """The day after its last day it goes on by itself."""
    if locked.paused_until is None:
        return
    due_at = ahead.moment(locked.paused_until + dt.timedelta(days=1), dt.time(0), ZoneInfo(locked.site.time_zone))
    deadlines.set_deadline(GO_ON, organisation_id=locked.organisation_id, subject_id=locked.pk, due_at=due_at)


@deadlines.on(GO_ON)
def end_pause(deadline: Deadline) -> None:
    """The pause is over, unless it was made longer meanwhile."""
    found = Recurrence.objects.select_related("site__organisation").get(pk=deadline.subject_id)
    if found.status != RecurrenceStatus.PAUSED:
        return
    locked = lock_recurrence(found)
    today = timezone.localdate(timezone=ZoneInfo(locked.site.time_zone))
    if locked.status == RecurrenceStatus.PAUSED and locked.paused_until is not None and locked.paused_until < today:
        _go_on(locked, by=system_actor(found.site.organisation))


@transaction.atomic
def resume_recurrence(found: Recurrence, *, by: Actor) -> Recurrence:
    """Go on: days that the pause left out and that are still to come are planned again. Raises ``WrongState`` (409)."""
    locked = lock_recurrence(found)
    _go_on(locked, by=by)
    deadlines.cancel_deadline(GO_ON, organisation_id=locked.organisation_id, subject_id=locked.pk)
    return locked


def _go_on(locked: Recurrence, *, by: Actor) -> None:
    locked.paused_from = locked.paused_until = None
    locked.status = RecurrenceStatus.ACTIVE
    locked.save(update_fields=["paused_from", "paused_until", "status"])
    _plan_again(locked)
    extend(locked)
    events.record("recurrence.resumed", locked, by=by)


def _plan_again(locked: Recurrence) -> None:
    """Days that a pause left out and that are still to come. Those that its pause still leaves out stay as they are."""
    paused = Occurrence.objects.filter(recurrence=locked, reason_code="paused", starts_at__gt=timezone.now())
    plan_again(locked, [one for one in paused.order_by("due_on") if not locked.pauses(one.due_on)])


def plan_again(locked: Recurrence, left_out: list[Occurrence]) -> None:
    """Days that were left out, as they are made now: planned, or left out because of a pause or a closed day."""
    now, zone = timezone.now(), ZoneInfo(locked.site.time_zone)
    if not left_out:
        return
    week = dt.timedelta(days=7)
    closed = calendar.closed_days(locked.site, left_out[0].due_on - week, left_out[-1].due_on + week)
    for one in left_out:
        fresh = occurrence_on(locked, one.due_on, closed, zone)
        if fresh.starts_at <= now:
            continue
        one.request = None
        for name in PLANNED_ANEW:
            setattr(one, name, getattr(fresh, name))
        one.save(update_fields=["request", *PLANNED_ANEW])
        await_booking_day(one, now)
