"""A site's week as whoever plans it reads it: everybody's hours, contract and findings, whatever their number."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from bookings.models.calendar import public_holidays
from concierge.models import Site
from workers.models.labour import ShiftTime
from workers.models.people import Absence, AvailabilityRule, Trainee
from workers.models.plan import TeamDay, team_day
from workers.models.shifts import PlannedHours, Shift, WeekEdition, WorkWeek
from workers.rules.candidates import Reason, Severity, reason_of
from workers.rules.candidates import hours as hours_figure
from workers.rules.contracts import PersonFile
from workers.rules.labour import ScheduleChange, judge
from workers.rules.shifts import DayHours, Window

# People of one site that one page plans.
MOST_PEOPLE = 100


@dataclass
class PersonWeek:
    """One person's week: ``days`` as drafted (as published where they are past), ``published`` as the person has it.

    ``changed`` are days on which the two differ, ``away`` those of an absence or after their last day on the team;
    minutes are those of working time.
    ``was_published``: the person was told of the week, if only that every day became free.
    """

    trainee: Trainee
    days: dict[dt.date, DayHours]
    published: dict[dt.date, DayHours]
    changed: set[dt.date]
    away: set[dt.date]
    usual: dict[int, list[Window]]
    contract_minutes: int
    was_published: bool = False
    reasons: list[Reason] = field(default_factory=list)

    @property
    def minutes(self) -> int:
        """Minutes planned, without the days away."""
        return sum(hours.minutes for day, hours in self.days.items() if day not in self.away)


@dataclass(frozen=True)
class WeekPlan:
    """The week of a site; ``week`` is ``None`` while nobody has begun it, ``edition`` while it was never published."""

    site: Site
    zone: ZoneInfo
    monday: dt.date
    week: WorkWeek | None
    edition: WeekEdition | None
    holidays: frozenset[dt.date]
    people: list[PersonWeek]
    left_out: int

    @property
    def version(self) -> int:
        """Version of the draft."""
        return self.week.version if self.week else 0

    @property
    def is_changed(self) -> bool:
        """Whether something would be published."""
        return any(one.changed for one in self.people)


def days_of(monday: dt.date) -> list[dt.date]:
    """The seven days."""
    return [monday + dt.timedelta(days=place) for place in range(7)]


def read_week(site: Site, monday: dt.date, *, now: dt.datetime) -> WeekPlan:
    """Everybody of the site who is on the team then, with what the labour rules say of the week as drafted. What was
    drafted for after somebody's last day counts for nothing. About twenty queries."""
    zone = ZoneInfo(site.time_zone)
    week = WorkWeek.objects.filter(site=site, monday=monday).select_related("site").first()
    everybody = Trainee.objects.filter(organisation_id=site.organisation_id, site=site).on(monday)
    chosen = list(everybody.order_by("first_name", "last_name", "pk").values_list("pk", flat=True)[:MOST_PEOPLE])
    team = team_day(Trainee.objects.filter(pk__in=chosen), monday + dt.timedelta(days=2), zone)
    team.know_weeks(team.trainees)
    holidays = public_holidays(site, monday, days_of(monday)[-1])
    people = _people(team, monday, today=now.astimezone(zone).date())
    return WeekPlan(
        site=site,
        zone=zone,
        monday=monday,
        week=week,
        edition=week.editions.select_related("published_by").first() if week else None,
        holidays=frozenset(holidays),
        people=people,
        left_out=max(0, everybody.count() - len(chosen)),
    )


def _people(team: TeamDay, monday: dt.date, *, today: dt.date) -> list[PersonWeek]:
    days, there = days_of(monday), {one.pk: one for one in team.trainees}
    keys = list(there)
    drafts: dict[int, dict[dt.date, DayHours]] = defaultdict(dict)
    for draft in PlannedHours.objects.filter(trainee__in=keys, day__range=(days[0], days[-1])):
        if there[draft.trainee_id].is_there_on(draft.day):
            drafts[draft.trainee_id][draft.day] = draft.hours
    told: dict[int, dict[dt.date, DayHours]] = defaultdict(dict)
    for shift in Shift.objects.current().filter(trainee__in=keys, day__range=(days[0], days[-1])):
        told[shift.trainee_id][shift.day] = shift.hours(team.zone)
    away: dict[int, set[dt.date]] = defaultdict(set)
    for absence in Absence.objects.filter(trainee__in=keys, starts_on__lte=days[-1], ends_on__gte=days[0]):
        away[absence.trainee_id] |= {day for day in days if absence.starts_on <= day <= absence.ends_on}
    usual: dict[int, dict[int, list[Window]]] = defaultdict(lambda: defaultdict(list))
    for rule in AvailabilityRule.objects.filter(trainee__in=keys):
        usual[rule.trainee_id][rule.weekday].append((rule.starts, rule.ends))
    found = []
    for trainee in team.trainees:
        drafted, published = drafts[trainee.pk], told[trainee.pk]
        file = team.files[trainee.pk]
        one = PersonWeek(
            trainee=trainee,
            days={
                day: hours for day in days if (hours := (published if day < today else drafted).get(day)) is not None
            },
            published=published,
            changed={day for day in days if day >= today and drafted.get(day) != published.get(day)},
            away=away[trainee.pk] | {day for day in days if not trainee.is_there_on(day)},
            usual=usual[trainee.pk],
            contract_minutes=_contract_minutes(file, days),
            was_published=any(days[0] <= shift.day <= days[-1] for shift in team.shifts.get(trainee.pk, ())),
        )
        one.reasons = _reasons(one, team, file, days, today) if one.days or one.changed else []
        found.append(one)
    return found


def _contract_minutes(file: PersonFile, days: Iterable[dt.date]) -> int:
    """Weekly minutes agreed for the week: those of its last day with a contract."""
    return next((file.minutes_on(day) for day in reversed(list(days)) if file.contract_on(day) is not None), 0)


def _reasons(one: PersonWeek, team: TeamDay, file: PersonFile, days: list[dt.date], today: dt.date) -> list[Reason]:
    """What speaks against the week: no contract, more than the contract, and what the Labour Code says (4.2)."""
    found = []
    if any(file.contract_on(day) is None for day in one.days if day not in one.away):
        found.append(Reason("no_contract", Severity.BLOCK))
    elif one.minutes > one.contract_minutes:
        figures = {"planned": _hours(one.minutes), "contract": _hours(one.contract_minutes), "left": "0"}
        found.append(Reason("contract_hours", Severity.WARN, figures))
    work = replace(
        _as_drafted(team, one, days, today).hours(one.trainee),
        presence=tuple(
            window
            for day in days
            for usual in one.usual.get(day.weekday(), ())
            for window in DayHours(*usual).intervals(day, team.zone)
        ),
        changes=tuple(ScheduleChange(day, today) for day in sorted(one.changed) if _is_change(one, day)),
    )
    return found + [reason_of(finding) for finding in judge(work, team.setting(one.trainee), days[0], days[-1])]


def _as_drafted(team: TeamDay, one: PersonWeek, days: list[dt.date], today: dt.date) -> TeamDay:
    """The same team with the person's hours of the week as drafted instead of as published."""
    known = team.shifts.get(one.trainee.pk, [])
    told = {shift.day: shift.told_on for shift in known}
    drafted = [
        ShiftTime(
            day,
            hours.intervals(day, team.zone),
            told_on=today if day in one.changed else told.get(day, today),
            is_plan=day not in one.away,
        )
        for day, hours in one.days.items()
    ]
    around = [shift for shift in known if not days[0] <= shift.day <= days[-1]]
    # Hours of a past day that were clocked count by what was clocked.
    over = {shift.day for shift in known if not shift.is_plan}
    drafted = [shift for shift in drafted if shift.day >= today or shift.day not in over]
    shifts = {**team.shifts, one.trainee.pk: [*around, *drafted]}
    return replace(team, presence=replace(team.presence, shifts=shifts))


def _is_change(one: PersonWeek, day: dt.date) -> bool:
    """Whether the person knows other hours of the day: those published, else the usual ones (L14)."""
    if day in one.away:
        return False
    if one.was_published:
        return True
    hours = one.days.get(day)
    if hours is None or not one.usual:
        return False
    windows = one.usual.get(day.weekday(), [])
    if not windows:
        return True
    return hours.starts < min(start for start, _end in windows) or hours.ends > max(end for _start, end in windows)


def _hours(minutes: int) -> str:
    return hours_figure(dt.timedelta(minutes=minutes))
