"""What the deadlines page of social advisers is made of: one line per thing that is about to slip (R23)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from django.db.models import Q
from django.utils import timezone

from concierge.tenancy import Actor
from workers.enums.passes import ProlongationStatus
from workers.models.appointments import Appointment, Diagnosis
from workers.models.contracts import Contract
from workers.models.exits import ExitFollowUp, TeamExit
from workers.models.passes import PassIAE, PassProlongation, pathways_of
from workers.models.people import Trainee
from workers.rules import pass_iae as rules

# Lines of one kind at most: more is said, not shown.
MOST = 300
# What has slipped is shown for so long.
LATE = dt.timedelta(days=62)
KINDS = ("pass", "contract", "window", "request", "suspension", "diagnosis", "appointment", "exit")


@dataclass(frozen=True)
class Line:
    """A day on which something of somebody ends, opens or takes place."""

    kind: str
    day: dt.date
    person: Trainee
    at: dt.datetime | None = None
    days_left: int | None = None
    detail: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """Which lines: of whom, which kinds, until when."""

    actor: Actor
    today: dt.date
    months: int
    only_mine: bool = False
    kinds: tuple[str, ...] = KINDS

    @property
    def first(self) -> dt.date:
        """What slipped before is no news."""
        return self.today - LATE

    @property
    def last(self) -> dt.date:
        """The horizon."""
        day: dt.date = self.today + relativedelta(months=self.months)
        return day

    @property
    def people(self) -> Q:
        """Rows of people of theirs who are on the team."""
        return self.everybody & Q(trainee__is_active=True)

    @property
    def everybody(self) -> Q:
        """Rows of people of theirs, those who have left too."""
        mine = Q(trainee__adviser=self.actor.user) if self.only_mine else Q()
        return pathways_of(self.actor) & mine


def lines(asked: Asked) -> tuple[list[Line], bool]:
    """Everything that is asked for, the most urgent first, and whether some kind had more than ``MOST``."""
    found: list[Line] = []
    is_cut = False
    for kind in asked.kinds:
        of_kind = _READERS[kind](asked)
        is_cut = is_cut or len(of_kind) >= MOST
        found += of_kind
    return sorted(found, key=lambda line: (line.day, line.kind, line.person.pk)), is_cut


def _passes(asked: Asked) -> list[Line]:
    rows = PassIAE.objects.kept().filter(asked.people, ends_on__range=(asked.first, asked.last)).with_ledger()
    found = []
    for row in rows.select_related("trainee__site", "trainee__adviser").order_by("ends_on", "pk")[:MOST]:
        ledger = row.ledger()
        found.append(
            Line(
                "pass",
                row.ends_on,
                row.trainee,
                days_left=ledger.days_left(asked.today),
                detail={"state": ledger.state_on(asked.today), "differs": row.differs},
            )
        )
    return found


def _windows(asked: Asked) -> list[Line]:
    """A prolongation can be asked for: from a day to come on, or until a day to come."""
    terms, today = rules.terms_on(asked.today), asked.today
    before, after = relativedelta(months=terms.asked_months_before), relativedelta(months=terms.asked_months_after)
    # A day more on each side: months are not of one length, and each line is judged below.
    opening = Q(ends_on__range=(today + before, asked.last + before + rules.ONE_DAY))
    closing = Q(ends_on__range=(today - after - rules.ONE_DAY, today - rules.ONE_DAY))
    rows = PassIAE.objects.kept().filter(asked.people & (opening | closing))
    found = []
    for row in rows.select_related("trainee__site", "trainee__adviser").order_by("ends_on", "pk")[:MOST]:
        window = rules.asking_window(row.ends_on, terms)
        if today < window.starts_on <= asked.last:
            found.append(Line("window", window.starts_on, row.trainee, detail={"opens": True}))
        elif row.ends_on < today <= window.ends_on:
            found.append(Line("window", window.ends_on, row.trainee, detail={"opens": False}))
    return found


def _requests(asked: Asked) -> list[Line]:
    people = Q(pass_iae__in=PassIAE.objects.kept().filter(asked.people))
    rows = PassProlongation.objects.asked().filter(people, status=ProlongationStatus.PENDING)
    rows = rows.select_related("pass_iae__trainee__site", "pass_iae__trainee__adviser").order_by("pass_iae__ends_on")
    return [
        Line("request", row.pass_iae.ends_on, row.pass_iae.trainee, detail={"asked_on": row.requested_on})
        for row in rows[:MOST]
        if row.pass_iae.ends_on <= asked.last
    ]


def _suspensions(asked: Asked) -> list[Line]:
    """The hire that had ended one was withdrawn, and it could not go on: somebody writes it down again."""
    rows = PassIAE.objects.kept().filter(asked.people, suspension_lost_on__gte=asked.first)
    rows = rows.select_related("trainee__site", "trainee__adviser").order_by("suspension_lost_on", "pk")
    return [Line("suspension", row.suspension_lost_on, row.trainee) for row in rows[:MOST] if row.suspension_lost_on]


def _contracts(asked: Asked) -> list[Line]:
    """The last contract of each person, when it ends: one that is followed by another is no news."""
    rows = Contract.objects.standing().ours().filter(asked.people, last_on__range=(asked.first, asked.last))
    rows = rows.select_related("trainee__site", "trainee__adviser", "employer").order_by("last_on", "pk")[:MOST]
    found = list(rows)
    later = Contract.objects.standing().ours().filter(trainee__in={row.trainee_id for row in found})
    last: dict[int, dt.date | None] = {}
    for trainee, day in later.values_list("trainee", "last_on"):
        before = last.get(trainee, dt.date.min)
        last[trainee] = None if day is None or before is None else max(before, day)
    return [
        Line("contract", row.last_on, row.trainee, detail={"employer": row.employer.name})
        for row in found
        if last[row.trainee_id] == row.last_on
    ]


def _diagnoses(asked: Asked) -> list[Line]:
    """Of people who have no PASS yet: with one, nobody needs it any more."""
    rows = Diagnosis.objects.filter(asked.people, ends_on__range=(asked.first, asked.last))
    rows = rows.exclude(trainee__passes__in=PassIAE.objects.kept().filter(ends_on__gte=asked.today))
    rows = rows.select_related("trainee__site", "trainee__adviser").order_by("ends_on", "pk")
    return [Line("diagnosis", row.ends_on, row.trainee, detail={"made_by": row.made_by}) for row in rows[:MOST]]


def _appointments(asked: Asked) -> list[Line]:
    """To come, and past ones of which nobody has said whether the person came; of people who have left too (R29)."""
    until = timezone.now() + dt.timedelta(days=(asked.last - asked.today).days + 1)
    rows = Appointment.objects.pending().filter(asked.everybody, starts_at__lt=until)
    rows = rows.filter(starts_at__gte=timezone.now() - LATE)
    rows = rows.select_related("trainee__site", "trainee__adviser").order_by("starts_at", "pk")
    return [
        Line("appointment", _day_of(row), row.trainee, at=row.starts_at, detail={"kind": row.kind})
        for row in rows[:MOST]
    ]


def _exits(asked: Asked) -> list[Line]:
    """What has become of people who have left, three and six months later: nobody has told yet (R29)."""
    rows = ExitFollowUp.objects.filter(
        exit__in=TeamExit.objects.standing().filter(asked.everybody),
        answered_on=None,
        due_on__range=(asked.first, asked.last),
    )
    rows = rows.select_related("exit__trainee__site", "exit__trainee__adviser").order_by("due_on", "pk")
    return [
        Line("exit", row.due_on, row.exit.trainee, detail={"months": row.months, "tries": row.tries})
        for row in rows[:MOST]
    ]


def _day_of(appointment: Appointment) -> dt.date:
    zone = ZoneInfo(appointment.trainee.site.time_zone)
    return timezone.localdate(appointment.starts_at, zone)


_READERS: dict[str, Callable[[Asked], list[Line]]] = {
    "pass": _passes,
    "contract": _contracts,
    "window": _windows,
    "request": _requests,
    "suspension": _suspensions,
    "diagnosis": _diagnoses,
    "appointment": _appointments,
    "exit": _exits,
}


def last_contract(trainee: Trainee) -> Contract | None:
    """The contract of the last hire by a structure of the house: its employer alone suspends the PASS."""
    found = Contract.objects.standing().ours().filter(trainee=trainee).select_related("employer")
    return found.order_by("-starts_on", "-pk").first()
