"""Plan a person's interviews, move them, say whether they came, and write a diagnosis down (R23, R28)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from concierge import events
from concierge.days import today_at
from concierge.db import refuse_on
from concierge.errors import Conflict, Invalid, StaleVersion, WrongState
from concierge.models import User
from concierge.tenancy import Actor
from workers.actions.ranges import within_range
from workers.enums.passes import AppointmentKind, AppointmentStatus, DiagnosisMaker
from workers.models.appointments import Appointment, Diagnosis
from workers.models.people import Trainee
from workers.rules import pass_iae as rules


@dataclass(frozen=True)
class AppointmentDetails:
    """When, where, what for, and with whom."""

    starts_at: dt.datetime
    kind: AppointmentKind
    place: str = ""
    adviser: User | None = None


@transaction.atomic
def plan_appointment(trainee: Trainee, details: AppointmentDetails, *, by: Actor) -> Appointment:
    """Plan an interview; one that has taken place may be written down after.

    Raises ``Invalid`` (400) for a day that cannot be meant, ``Conflict`` (409) for a second one at that time.
    """
    within_range(details.starts_at.date(), "day")
    with refuse_on(
        "appointment_once_at_a_time",
        Conflict(_("This person already has an appointment at that time."), field="time"),
    ):
        appointment = Appointment.objects.create(
            organisation_id=trainee.organisation_id,
            trainee=trainee,
            adviser=details.adviser or by.user,
            starts_at=details.starts_at,
            place=details.place.strip(),
            kind=details.kind,
        )
    events.record("appointment.planned", appointment, by=by, trainee=str(trainee.public_id))
    return appointment


@transaction.atomic
def move_appointment(
    appointment: Appointment, *, starts_at: dt.datetime, place: str, was: dt.datetime, by: Actor
) -> Appointment:
    """Another time or place; ``was`` is the time that whoever moves it saw. The time before stays in the history.

    Raises ``Invalid`` (400) for a time that is past or cannot be meant, ``WrongState`` (409) for one that took place or
    was cancelled, ``StaleVersion`` (412) when somebody else moved it, ``Conflict`` (409) for a second one at that time.
    """
    within_range(starts_at.date(), "day")
    locked: Appointment = Appointment.objects.select_for_update(of=("self",), no_key=True).get(pk=appointment.pk)
    if locked.status != AppointmentStatus.PENDING:
        raise WrongState
    if locked.starts_at != was:
        raise StaleVersion
    place = place.strip()
    if (locked.starts_at, locked.place) == (starts_at, place):
        return locked
    if starts_at <= timezone.now():
        raise Invalid(_("This time is already past."), field="time")
    locked.starts_at, locked.place = starts_at, place
    with refuse_on(
        "appointment_once_at_a_time",
        Conflict(_("This person already has an appointment at that time."), field="time"),
    ):
        locked.save(update_fields=["starts_at", "place"])
    events.record("appointment.moved", locked, by=by, before=was.isoformat(), after=starts_at.isoformat())
    return locked


@transaction.atomic
def note_outcome(appointment: Appointment, *, status: AppointmentStatus, by: Actor) -> Appointment:
    """Say whether the person came, or that it does not take place. What was said may be corrected, not a cancelled one.

    Raises ``Invalid`` (400) for one that is yet to come, ``WrongState`` (409).
    """
    locked: Appointment = Appointment.objects.select_for_update(of=("self",), no_key=True).get(pk=appointment.pk)
    if locked.status == AppointmentStatus.CANCELLED or status == AppointmentStatus.PENDING:
        raise WrongState
    if status != AppointmentStatus.CANCELLED and locked.starts_at > timezone.now():
        raise Invalid(_("This appointment is yet to come."), field="status")
    locked.status = status
    locked.decided_at = timezone.now()
    locked.save(update_fields=["status", "decided_at"])
    events.record("appointment.decided", locked, by=by, status=str(status))
    return locked


@transaction.atomic
def write_diagnosis(trainee: Trainee, *, made_on: dt.date, made_by: DiagnosisMaker, by: Actor) -> Diagnosis:
    """A diagnosis of eligibility counts six months, 92 days when the employer made it.

    Raises ``Invalid`` (400) for a day to come or out of range, ``Conflict`` (409) when it is written down already.
    """
    within_range(made_on, "made_on")
    if made_on > today_at(trainee.site):
        raise Invalid(_("This day is yet to come."), field="made_on")
    by_employer = made_by == DiagnosisMaker.EMPLOYER
    ends_on = rules.diagnosis_ends_on(made_on, by_employer=by_employer, terms=rules.terms_on(made_on))
    with refuse_on(
        "diagnosis_written_down_once", Conflict(_("This diagnosis is written down already."), field="made_on")
    ):
        diagnosis = Diagnosis.objects.create(
            organisation_id=trainee.organisation_id,
            trainee=trainee,
            made_on=made_on,
            made_by=made_by,
            ends_on=ends_on,
            entered_label=by.label[:120],
        )
    events.record("diagnosis.entered", diagnosis, by=by, trainee=str(trainee.public_id))
    return diagnosis
