"""A site's week as whoever plans it reads it: everybody's hours, contract and findings, whatever their number."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from bookings.models.calendar import public_holidays
from concierge.models import Site
from workers.enums.consents import ConsentStatus, SaidBy
from workers.models.consents import HoursConsent, said_of
from workers.models.labour import NEIGHBOURS, ShiftTime
from workers.models.people import Absence, AvailabilityRule, Trainee
from workers.models.plan import TeamDay, team_day
from workers.models.shifts import PlannedHours, Shift, WeekEdition, WorkWeek
from workers.rules.candidates import Reason, Severity, reason_of
from workers.rules.contracts import PersonFile
from workers.rules.labour import Finding, ScheduleChange, deal_of_week, judge, worsened
from workers.rules.labour.people import contracts_of
from workers.rules.shifts import DayHours, Window

# What an agreement of the person settles (domain.md 4.2: "agreed changes exempt", "a refusal is no fault").
AGREED_AWAY = frozenset({"L13", "L14"})
# People of one site that are planned and published together; its page shows some at a time.
MOST_PEOPLE = 1000


@dataclass
class PersonWeek:
    """One person's week: ``days`` as drafted (as published where they are past), ``published`` as the person has it.

    ``changed`` are days on which the two differ, ``away`` those of an absence or after their last day on the team;
    minutes are those of working time.
    ``reasons`` is all that speaks against the week, ``created`` what the changes bring about or make worse, in the
    weeks before and after too; ``known`` is what is found of the hours that the person has. ``said`` is what they
    said, or are asked, of hours that were told late.
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
    created: list[Reason] = field(default_factory=list)
    said: list[HoursConsent] = field(default_factory=list)
    known: list[Finding] = field(default_factory=list)

    def said_of(self, day: dt.date) -> HoursConsent | None:
        """What the person said, or is asked, of the hours of a day as they are drafted."""
        return next((one for one in self.said if one.day == day and one.hours == self.days.get(day)), None)

    def agrees(self, day: dt.date) -> bool:
        """Whether they said yes to them."""
        said = self.said_of(day)
        return said is not None and said.status == ConsentStatus.AGREED

    @property
    def to_agree(self) -> set[dt.date]:
        """Days of which a yes would help: changed ones, and published ones that wait for an answer. To what the person
        said no themselves, nobody says yes for them."""
        asked = {one.day for one in self.said if self.said_of(one.day) is one}
        return {day for day in (self.changed | asked) - self.away - self.refused if not self.agrees(day)}

    @property
    def refused(self) -> set[dt.date]:
        """Days to whose hours, as they are drafted, the person said no themselves."""
        told = {day: said for day in {one.day for one in self.said} if (said := self.said_of(day)) is not None}
        return {
            day
            for day, said in told.items()
            if said.status == ConsentStatus.DECLINED and said.said_by == SaidBy.PERSON and day not in self.away
        }

    def accepts(self, reason: Reason) -> str:
        """How the confirmation of a warning for this person alone is written."""
        return f"{reason.code}:{self.trainee.public_id}"

    @property
    def minutes(self) -> int:
        """Minutes planned, without the days away."""
        return sum(hours.minutes for day, hours in self.days.items() if day not in self.away)

    @property
    def minutes_published(self) -> int:
        """Minutes that the person has, without the days away."""
        return sum(hours.minutes for day, hours in self.published.items() if day not in self.away)


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


def read_week(site: Site, monday: dt.date, *, now: dt.datetime, since: WeekPlan | None = None) -> WeekPlan:
    """Everybody of the site who is on the team then, with what the labour rules say of the week as drafted. What was
    drafted for after somebody's last day counts for nothing. About twenty queries.

    ``since`` is the plan before hours were published, when what they brought about is asked afterwards.
    """
    zone = ZoneInfo(site.time_zone)
    week = WorkWeek.objects.filter(site=site, monday=monday).select_related("site").first()
    everybody = Trainee.objects.filter(organisation_id=site.organisation_id, site=site).on(monday)
    chosen = list(everybody.order_by("first_name", "last_name", "pk").values_list("pk", flat=True)[:MOST_PEOPLE])
    team = team_day(Trainee.objects.filter(pk__in=chosen), monday + dt.timedelta(days=2), zone, margin=NEIGHBOURS)
    team.know_weeks(team.trainees)
    holidays = public_holidays(site, monday, days_of(monday)[-1])
    people = _people(team, monday, today=now.astimezone(zone).date())
    before = {one.trainee.pk: one for one in since.people} if since else {}
    for one in people:
        _weigh(one, team, before.get(one.trainee.pk, one), now.astimezone(zone).date(), monday)
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
    said = said_of(keys, days[0], days[-1])
    usual: dict[int, dict[int, list[Window]]] = defaultdict(lambda: defaultdict(list))
    for rule in AvailabilityRule.objects.filter(trainee__in=keys):
        usual[rule.trainee_id][rule.weekday].append((rule.starts, rule.ends))
    found = []
    for trainee in team.trainees:
        drafted, published = drafts[trainee.pk], told[trainee.pk]
        file = team.files[trainee.pk]
        found.append(
            PersonWeek(
                trainee=trainee,
                days={
                    day: hours
                    for day in days
                    if (hours := (published if day < today else drafted).get(day)) is not None
                },
                published=published,
                changed={day for day in days if day >= today and drafted.get(day) != published.get(day)},
                away=away[trainee.pk] | {day for day in days if not trainee.is_there_on(day)},
                usual=usual[trainee.pk],
                contract_minutes=deal_of_week(contracts_of(file), monday)[1] // 60,
                said=said.get(trainee.pk, []),
                was_published=any(days[0] <= shift.day <= days[-1] for shift in team.shifts.get(trainee.pk, ())),
            )
        )
    return found


def _weigh(one: PersonWeek, team: TeamDay, before: PersonWeek, today: dt.date, monday: dt.date) -> None:
    """Judge the week and its neighbours with the hours as drafted and as the person has them (4.2)."""
    days, setting = days_of(monday), team.setting(one.trainee)
    first, last = days[0] - NEIGHBOURS, days[-1] + NEIGHBOURS
    presence = tuple(
        window
        for day in days
        for usual in one.usual.get(day.weekday(), ())
        for window in DayHours(*usual).intervals(day, team.zone)
    )
    had = replace(team.hours(one.trainee), presence=presence)
    found = one.known = judge(had, setting, first, last)
    if one.changed:
        changes = tuple(
            ScheduleChange(day, today, agreed=one.agrees(day)) for day in sorted(one.changed) if _is_change(one, day)
        )
        drafted = _as_drafted(team, one, days, today).hours(one.trainee)
        found = judge(replace(drafted, presence=presence, changes=changes), setting, first, last)
    if not (one.days or one.changed):
        return
    new = [
        finding
        for finding in worsened(found, before.known)
        if days[0] <= finding.day <= days[-1] or finding.severity != Severity.INFO
    ]
    shown = [finding for finding in found if days[0] <= finding.day <= days[-1] or finding in new]
    one.reasons = [*_of_contract(one, team.files[one.trainee.pk]), *map(reason_of, shown)]
    one.created = [*_of_contract(one, team.files[one.trainee.pk], before), *map(reason_of, new)]


def _of_contract(one: PersonWeek, file: PersonFile, before: PersonWeek | None = None) -> list[Reason]:
    """No contract, or more hours than it has; with ``before``, as far as the person did not have them then."""
    known = before.published if before else {}
    planned = (day for day, hours in one.days.items() if day not in one.away and hours != known.get(day))
    if any(file.contract_on(day) is None for day in planned):
        return [Reason("no_contract", Severity.BLOCK)]
    if one.minutes <= max(one.contract_minutes, before.minutes_published if before else 0):
        return []
    if not one.contract_minutes:
        return []
    figures = {"planned": str(one.minutes * 60), "contract": str(one.contract_minutes * 60)}
    return [Reason("contract_hours", Severity.WARN, figures)]


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
            is_agreed=one.agrees(day),
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
