"""What a team's day looks like, read in six queries whatever its size."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, QuerySet

from workers.enums import OCCUPYING
from workers.models.assignments import Assignment
from workers.models.contracts import file_prefetches, person_file
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
            worked=tuple(a.window for a in self.work[trainee.pk] if a.status not in OCCUPYING),
        )


def team_day(trainees: QuerySet[Trainee], day: dt.date, zone: ZoneInfo, *, week: bool = True) -> TeamDay:
    """Read a day of these trainees: capabilities, usual hours, absences, and the work of the week around.

    Without the ``week`` only the work of the day: enough to show it, not to judge who can take more.
    """
    people = list(
        trainees.select_related("site").prefetch_related(
            "skills",
            Prefetch("availability", AvailabilityRule.objects.filter(weekday=day.weekday())),
            Prefetch("absences", Absence.objects.filter(starts_on__lte=day, ends_on__gte=day)),
            *(file_prefetches(day - MARGIN, day + MARGIN) if week else ()),
        )
    )
    whole = civil_week(day, zone)
    around = Interval(whole.start - MARGIN, whole.end + MARGIN) if week else civil_day(day, zone)
    known = {one.pk: one for one in people}
    work: dict[int, list[Assignment]] = defaultdict(list)
    for assignment in Assignment.objects.filter(trainee__in=known).holding().between(around).for_plan():
        assignment.trainee = known[assignment.trainee_id]
        work[assignment.trainee_id].append(assignment)
    return TeamDay(day=day, zone=zone, trainees=people, work=work)
