"""What waits for somebody after their last day on the team: what leaving ends, and what it leaves to people."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import Q

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


@dataclass(frozen=True)
class Holdings:
    """``pieces``, not begun, go back; ``beside``: work of others that they were to accompany. ``begun``, ``to_check``,
    ``clock`` and ``contracts`` (in force after that day) are not touched by leaving."""

    pieces: list[Assignment]
    begun: list[Assignment]
    to_check: int
    beside: list[Assignment]
    shifts: list[Shift]
    absences: list[Absence]
    swaps: list[SwapRequest]
    appointments: list[Appointment]
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
        appointments=list(appointments.order_by("starts_at", "pk")),
        clock=TimeEntry.objects.running().filter(trainee=trainee).order_by("pk").first(),
        contracts=list(
            Contract.objects.standing()
            .ours()
            .filter(Q(last_on=None) | Q(last_on__gt=last_on), trainee=trainee)
            .select_related("employer")
            .order_by("starts_on", "pk")
        ),
    )
