"""What waits for somebody after their last day on the team: what leaving ends, and what it leaves to people."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import Max, Q
from django.utils import timezone

from concierge.models import Organisation, User
from workers.enums import MOVABLE, AssignmentStatus
from workers.models.appointments import Appointment
from workers.models.assignments import Assignment
from workers.models.contracts import Contract
from workers.models.occupations import Occupation
from workers.models.people import Absence, Trainee
from workers.models.shifts import Shift
from workers.models.swaps import SwapRequest
from workers.models.time import TimeEntry
from workers.rules.intervals import civil_day
from workers.rules.time import LATE


@dataclass(frozen=True)
class Holdings:
    """``pieces``, not begun, go back; ``beside``: work of others that they were to accompany. ``begun``, ``to_check``,
    ``appointments`` (how many are planned after that day), ``clock`` and ``contracts`` (in force after that day) are
    not touched by leaving."""

    pieces: list[Assignment]
    begun: list[Assignment]
    to_check: int
    beside: list[Assignment]
    shifts: list[Shift]
    absences: list[Absence]
    swaps: list[SwapRequest]
    appointments: int
    clock: TimeEntry | None
    contracts: list[Contract]


def holdings_of(trainee: Trainee, last_on: dt.date, *, today: dt.date) -> Holdings:
    """Read them, in ten queries. Once the last day is over, whatever was not begun is of after it."""
    since = civil_day(last_on, ZoneInfo(trainee.site.time_zone)).end
    is_over = last_on < today
    mine = Assignment.objects.filter(trainee=trainee).for_cards().order_by("planned_start", "pk")
    pieces, beside = mine.filter(status__in=MOVABLE), Occupation.objects.taking().companions().filter(trainee=trainee)
    if not is_over:
        pieces, beside = pieces.filter(planned_start__gte=since), beside.filter(starts__gte=since)
    after = Shift.objects.current().filter(trainee=trainee, day__gt=last_on, day__gte=today)
    swaps = SwapRequest.objects.open().filter(Q(asker=trainee) | Q(other=trainee))
    appointments = Appointment.objects.pending().filter(trainee=trainee, starts_at__gte=since)
    return Holdings(
        pieces=list(pieces),
        begun=list(mine.filter(status=AssignmentStatus.WORKING)),
        to_check=mine.filter(status=AssignmentStatus.DONE).count(),
        beside=list(Assignment.objects.filter(pk__in=beside.values("assignment")).for_cards().order_by("pk")),
        shifts=list(after.select_related("week").order_by("day", "pk")),
        absences=list(Absence.objects.filter(trainee=trainee, ends_on__gt=last_on).order_by("starts_on")),
        swaps=list(swaps.filter(Q(mine__day__gt=last_on) | Q(theirs__day__gt=last_on)).order_by("pk")),
        appointments=appointments.count(),
        clock=TimeEntry.objects.running().filter(trainee=trainee).order_by("pk").first(),
        contracts=list(
            Contract.objects.standing()
            .ours()
            .filter(Q(last_on=None) | Q(last_on__gt=last_on), trainee=trainee)
            .select_related("employer")
            .order_by("starts_on", "pk")
        ),
    )


def at_work_until(trainee_id: int, last_on: dt.date, *, now: dt.datetime) -> dt.datetime | None:
    """Until when somebody whose last day is over is taken to be at work still: their clock has run since that day, and
    what they are at was planned, or their hours were published, until three hours before (``LATE``) at most. After that
    they have forgotten to stop. ``None``: they are not."""
    clock = TimeEntry.objects.running().filter(trainee=trainee_id, starts_on=last_on)
    begun = Assignment.objects.filter(trainee=trainee_id, status=AssignmentStatus.WORKING)
    ends = [
        begun.aggregate(end=Max("planned_end"))["end"],
        Shift.objects.current().filter(trainee=trainee_id, day=last_on).aggregate(end=Max("ends_at"))["end"],
    ]
    latest: dt.datetime | None = max((end for end in ends if end is not None), default=None)
    if latest is None or latest + LATE <= now or not clock.exists():
        return None
    return latest + LATE


def trainee_id_of(user: User, organisation: Organisation) -> int | None:
    """Which trainee of the organisation an account belongs to, if they are on the team: until the end of their last day
    at their site, or of what they are at then, be the sweep late or not."""
    own = Trainee.objects.filter(organisation=organisation, user=user, is_active=True).order_by("pk")
    found = own.values_list("pk", "last_on", "site__time_zone").first()
    if found is None:
        return None
    key, last_on, zone = found
    if last_on is None or timezone.localdate(timezone=ZoneInfo(zone)) <= last_on:
        return key
    return key if at_work_until(key, last_on, now=timezone.now()) else None
