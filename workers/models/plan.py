"""What a team's day looks like, read in six queries whatever its size."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, Q, QuerySet

from workers.enums import OCCUPYING
from workers.models.assignments import Assignment
from workers.models.contracts import file_prefetches, person_file
from workers.models.occupations import Occupation
from workers.models.people import Absence, AvailabilityRule, Trainee
from workers.rules.candidates import Person
from workers.rules.intervals import Interval, civil_day, civil_week

# Rest is counted from the evening before a week to the morning after it.
MARGIN = dt.timedelta(days=1)


@dataclass(frozen=True)
class TeamDay:
    """A civil day of some trainees, with the work of the week around it."""

    day: dt.date
    zone: ZoneInfo
    trainees: list[Trainee]
    work: dict[int, list[Assignment]]
    # Times at which somebody of them accompanies somebody else.
    beside: dict[int, list[Occupation]] = field(default_factory=dict)
    # First name of who accompanies, by assignment.
    companions: dict[int, str] = field(default_factory=dict)

    def accompanied(self, trainee: Trainee) -> list[Occupation]:
        """What the trainee accompanies that day, in order."""
        today = civil_day(self.day, self.zone)
        return [one for one in self.beside.get(trainee.pk, ()) if one.window.overlaps(today)]

    def cards(self, trainee: Trainee) -> list[Assignment]:
        """Work planned to touch the day, in order."""
        today = civil_day(self.day, self.zone)
        return [assignment for assignment in self.work[trainee.pk] if assignment.window.overlaps(today)]

    def open_windows(self, trainee: Trainee) -> list[Interval]:
        """When the trainee is usually here on that day."""
        return [
            Interval(self._at(rule.starts), self._at(rule.ends))
            for rule in trainee.availability.all()
            if rule.weekday == self.day.weekday()
        ]

    def _at(self, time: dt.time) -> dt.datetime:
        return dt.datetime.combine(self.day, time, self.zone).astimezone(dt.UTC)

    def is_away(self, trainee: Trainee) -> bool:
        """Whether an absence covers the day."""
        return any(absence.starts_on <= self.day <= absence.ends_on for absence in trainee.absences.all())

    def busy(self, trainee: Trainee, *, without: Assignment | None = None) -> list[Interval]:
        """Times already taken, apart from one assignment that is about to move."""
        return [
            assignment.window
            for assignment in self.work[trainee.pk]
            if assignment.status in OCCUPYING and (without is None or assignment.pk != without.pk)
        ] + [
            one.window
            for one in self.beside.get(trainee.pk, ())
            if not one.is_over and (without is None or one.assignment_id != without.pk)
        ]

    def person(self, trainee: Trainee, *, skill: str, without: Assignment | None = None) -> Person:
        """The trainee as the rules see them."""
        return Person(
            file=person_file(trainee),
            site_id=trainee.site_id,
            is_active=trainee.is_active,
            has_supervisor=trainee.supervisor_id is not None,
            level=next((row.level for row in trainee.skills.all() if row.rome_code == skill), ""),
            open_windows=tuple(self.open_windows(trainee)),
            is_away=self.is_away(trainee),
            planned=tuple(self.busy(trainee, without=without)),
            worked=(
                *(a.window for a in self.work[trainee.pk] if a.status not in OCCUPYING),
                *(one.window for one in self.beside.get(trainee.pk, ()) if one.is_over),
            ),
        )


def team_day(trainees: QuerySet[Trainee], day: dt.date, zone: ZoneInfo) -> TeamDay:
    """Read a day of these trainees: capabilities, usual hours, absences, and the work of the week around."""
    people = list(
        trainees.select_related("site").prefetch_related(
            "skills",
            Prefetch("availability", AvailabilityRule.objects.filter(weekday=day.weekday())),
            Prefetch("absences", Absence.objects.filter(starts_on__lte=day, ends_on__gte=day)),
            *file_prefetches(day - MARGIN, day + MARGIN),
        )
    )
    week = civil_week(day, zone)
    around = Interval(week.start - MARGIN, week.end + MARGIN)
    work: dict[int, list[Assignment]] = defaultdict(list)
    for assignment in Assignment.objects.filter(trainee__in=people).holding().between(around).for_cards():
        work[assignment.trainee_id].append(assignment)
    beside: dict[int, list[Occupation]] = defaultdict(list)
    companions: dict[int, str] = {}
    shared = Occupation.objects.companions().between(around).in_fact()
    for one in shared.filter(Q(trainee__in=people) | Q(assignment__trainee__in=people)).for_cards():
        companions[one.assignment_id] = one.name
        if one.trainee_id is not None:
            beside[one.trainee_id].append(one)
    return TeamDay(day=day, zone=zone, trainees=people, work=work, beside=beside, companions=companions)
