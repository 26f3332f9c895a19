"""What a team's day looks like, read in a dozen queries whatever its size, and two more for averages over weeks."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import cast
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from workers.models import labour
from workers.models.assignments import Assignment
from workers.models.contracts import file_prefetches, person_file
from workers.models.occupations import Occupation
from workers.models.people import Absence, AvailabilityRule, Trainee
from workers.rules.candidates import Person
from workers.rules.intervals import Interval, civil_day, civil_week
from workers.rules.labour import Setting, Work, WorkFile
from workers.rules.labour.people import contracts_of, restrictions_of
from workers.rules.shifts import DayHours

# Who accompanies is read from the evening before a week to the morning after it, as rest is counted.
MARGIN = dt.timedelta(days=1)


@dataclass(frozen=True)
class TeamDay:
    """A civil day of some trainees: the ``work`` that its cards show, and their ``times`` in the weeks around it.

    ``totals`` are those of other weeks, of the trainees that ``know_weeks`` was asked about.
    """

    day: dt.date
    zone: ZoneInfo
    trainees: list[Trainee]
    work: dict[int, list[Assignment]]
    times: dict[int, list[labour.Stretch]]
    clocked: dict[int, list[tuple[int, Work]]]
    settings: dict[int, Setting]
    totals: dict[int, dict[dt.date, int]] = field(default_factory=dict)
    # Times at which somebody of them accompanies somebody else.
    beside: dict[int, list[Occupation]] = field(default_factory=dict)
    # First name of who accompanies, by assignment.
    companions: dict[int, str] = field(default_factory=dict)
    # Published working time of the weeks around.
    shifts: dict[int, list[labour.ShiftTime]] = field(default_factory=dict)

    def accompanied(self, trainee: Trainee) -> list[Occupation]:
        """What the trainee accompanies that day, in order."""
        today = civil_day(self.day, self.zone)
        return [one for one in self.beside.get(trainee.pk, ()) if one.window.overlaps(today)]

    def cards(self, trainee: Trainee) -> list[Assignment]:
        """Work planned to touch the day, in order."""
        return self.work[trainee.pk]

    def open_windows(self, trainee: Trainee) -> list[Interval]:
        """When the trainee is here on that day: by the published week where there is one, else by their usual hours."""
        return windows_on(self.day, self.zone, trainee, self.shifts.get(trainee.pk, ()))

    def has_published_week(self, trainee: Trainee) -> bool:
        """Whether the person's hours of the week of that day were published."""
        return is_published(self.day, self.shifts.get(trainee.pk, ()))

    def is_away(self, trainee: Trainee) -> bool:
        """Whether an absence covers the day."""
        return any(absence.starts_on <= self.day <= absence.ends_on for absence in trainee.absences.all())

    def busy(self, trainee: Trainee, *, without: Assignment | None = None) -> list[Interval]:
        """Times already taken, apart from one assignment that is about to move."""
        key = without.pk if without else None
        own = [one.planned for one in self.times[trainee.pk] if one.is_occupying and one.key != key]
        beside = (one for one in self.beside.get(trainee.pk, ()) if not one.is_over and one.assignment_id != key)
        return [*own, *(one.window for one in beside)]

    def know_weeks(self, trainees: Collection[Trainee]) -> None:
        """Read the totals of other weeks of these trainees, in one query, for rules that average them."""
        if trainees:
            found = labour.weekly_seconds([trainee.pk for trainee in trainees], self.day, self.zone)
            self.totals.update({trainee.pk: found[trainee.pk] for trainee in trainees})

    def setting(self, trainee: Trainee) -> Setting:
        """Terms and public holidays of the trainee's site."""
        return self.settings[trainee.site_id]

    def hours(self, trainee: Trainee, *, without: Assignment | None = None) -> WorkFile:
        """What the labour rules read about the trainee."""
        clocked = self.clocked.get(trainee.pk, [])
        # What was clocked of finished work says when it was done.
        told = {key for key, _work in clocked if key}
        plan = [
            Work.of(one.window, is_real=one.is_real)
            for one in self.times[trainee.pk]
            if (without is None or one.key != without.pk) and (one.is_occupying or one.key not in told)
        ]
        beside = [
            Work.of(one.window, is_real=one.is_over)
            for one in self.beside.get(trainee.pk, ())
            if without is None or one.assignment_id != without.pk
        ]
        file = person_file(trainee)
        return WorkFile(
            work=(*plan, *beside, *(work for _key, work in clocked), *self._published(trainee)),
            contracts=contracts_of(file),
            restrictions=restrictions_of(file),
            born_on=file.birth_date,
            presence=tuple(self.open_windows(trainee)),
            earlier=self.totals.get(trainee.pk, {}),
        )

    def _published(self, trainee: Trainee) -> list[Work]:
        """Published hours as planned time: work given within them is part of them, and no change (L13, L14)."""
        return [
            Work.of(window, told_on=one.told_on)
            for one in self.shifts.get(trainee.pk, ())
            if one.is_plan
            for window in one.intervals
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
                *(one.window for one in self.times[trainee.pk] if not one.is_occupying),
                *(one.window for one in self.beside.get(trainee.pk, ()) if one.is_over),
            ),
            hours=self.hours(trainee, without=without),
            has_schedule=self.has_published_week(trainee) or trainee.has_schedule,  # type: ignore[attr-defined]  # annotated by team_day
            published=tuple(
                window for one in self.shifts.get(trainee.pk, ()) if one.is_plan for window in one.intervals
            ),
        )


def team_day(trainees: QuerySet[Trainee], day: dt.date, zone: ZoneInfo, *, week: bool = True) -> TeamDay:
    """Read a day of these trainees: capabilities, usual hours, absences, and the work of the week around.

    Without the ``week`` only the cards of the day: enough to show it, not to judge who can take more.
    """
    usual_hours = AvailabilityRule.objects.filter(trainee=OuterRef("pk"))
    found = list(
        trainees.annotate(has_schedule=Exists(usual_hours))
        .select_related("site")
        .prefetch_related(
            "skills",
            Prefetch("availability", AvailabilityRule.objects.filter(weekday=day.weekday())),
            Prefetch("absences", Absence.objects.filter(starts_on__lte=day, ends_on__gte=day)),
            *(file_prefetches(*labour.days_around(day)) if week else ()),
        )
    )
    people = cast("list[Trainee]", found)
    known = {one.pk: one for one in people}
    work: dict[int, list[Assignment]] = defaultdict(list)
    for assignment in Assignment.objects.filter(trainee__in=known).holding().between(civil_day(day, zone)).for_plan():
        assignment.trainee = known[assignment.trainee_id]
        work[assignment.trainee_id].append(assignment)
    beside: dict[int, list[Occupation]] = defaultdict(list)
    companions: dict[int, str] = {}
    monday = civil_week(day, zone)
    around = Interval(monday.start - MARGIN, monday.end + MARGIN)
    shared = Occupation.objects.companions().between(around).in_fact()
    for one in shared.filter(Q(trainee__in=people) | Q(assignment__trainee__in=people)).for_cards():
        companions[one.assignment_id] = one.name
        if one.trainee_id is not None:
            beside[one.trainee_id].append(one)
    return TeamDay(
        day=day,
        zone=zone,
        trainees=people,
        work=work,
        times=labour.stretches(people, day, zone) if week else {},
        clocked=labour.clocked(people, day, zone) if week else {},
        settings=labour.settings_of({person.site for person in people}, day, zone) if week else {},
        beside=beside,
        companions=companions,
        shifts=labour.shifts(people, day, zone),
    )


def is_published(day: dt.date, shifts: Iterable[labour.ShiftTime]) -> bool:
    """Whether some of the published hours lie in the week of the day."""
    monday = day - dt.timedelta(days=day.weekday())
    return any(monday <= one.day <= monday + dt.timedelta(days=6) for one in shifts)


def windows_on(day: dt.date, zone: ZoneInfo, trainee: Trainee, shifts: Collection[labour.ShiftTime]) -> list[Interval]:
    """When somebody is here on a day: as published for that week, else as usual."""
    if is_published(day, shifts):
        return [window for one in shifts if one.day == day for window in one.intervals]
    return [
        window
        for rule in trainee.availability.all()
        if rule.weekday == day.weekday()
        for window in DayHours(rule.starts, rule.ends).intervals(day, zone)
    ]
