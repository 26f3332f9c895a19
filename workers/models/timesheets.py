"""Hours of several people over some days, read in a fixed number of queries: said, planned, missing (R20, R35)."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from bookings.models.calendar import closed_days
from concierge.models import Site
from workers.models.assignments import Assignment
from workers.models.contracts import Contract, file_prefetches, person_file
from workers.models.people import Absence, Trainee
from workers.models.shifts import Shift
from workers.models.time import TimeEntry
from workers.rules import time as rules
from workers.rules.intervals import Interval, between_clocks, civil_day

# Why hours are expected on a day: work was given or hours were published, it is a usual day, or an absence was noted
# that pay has to know.
ASSIGNED, USUAL, AWAY = "assigned", "usual", "away"


@dataclass(frozen=True)
class Missing:
    """A day that is over, on which somebody was expected and nothing is written; ``planned`` is what was expected."""

    trainee: Trainee
    day: dt.date
    because: str
    planned: tuple[Interval, ...] = ()
    assignments: tuple[Assignment, ...] = ()

    @property
    def minutes(self) -> int:
        """Minutes planned."""
        return sum(rules.minutes_of(window) for window in self.planned)


@dataclass(frozen=True)
class PersonHours:
    """One person's days: entries that count, what is missing, what was planned."""

    trainee: Trainee
    first: dt.date
    last: dt.date
    zone: ZoneInfo
    entries: list[TimeEntry]
    missing: list[Missing]
    planned: dict[dt.date, int] = field(default_factory=dict)

    @cached_property
    def pieces(self) -> list[rules.Piece]:
        """Minutes by day and kind, of these days alone."""
        counted = [one for one in (entry.counted for entry in self.entries) if one is not None]
        return rules.within(rules.pieces_of(counted, self.zone), self.first, self.last)

    @property
    def totals(self) -> Counter[str]:
        """Minutes by kind."""
        return rules.totals_of(self.pieces)

    @property
    def worked(self) -> int:
        """Minutes of working time."""
        return rules.worked(self.totals)

    @property
    def paid(self) -> int:
        """Minutes that are paid."""
        return rules.paid(self.totals)

    @property
    def planned_minutes(self) -> int:
        """Minutes planned on these days."""
        return sum(self.planned.values())

    @property
    def contract(self) -> int:
        """Minutes of contract of these days."""
        return self._contract_until(self.last)

    def apart(self, until: dt.date) -> int | None:
        """Minutes that are paid beyond what the contract asks for until a day, that day included; of the days before
        the first there is nothing to compare. Hours of later days and what the contract asks for on them stay out."""
        if until < self.first:
            return None
        until = min(until, self.last)
        paid = rules.paid(rules.totals_of(rules.within(self.pieces, self.first, until)))
        return paid - self._contract_until(until)

    def _contract_until(self, last: dt.date) -> int:
        file = person_file(self.trainee)
        count = (last - self.first).days + 1
        weekly = (file.minutes_on(self.first + dt.timedelta(days=number)) for number in range(count))
        return rules.contract_minutes(weekly, self.first)

    @property
    def unsettled(self) -> list[TimeEntry]:
        """Entries that keep the month from being closed: running, contested, not validated."""
        return [entry for entry in self.entries if entry.validated_at is None]

    @property
    def unconfirmed(self) -> list[TimeEntry]:
        """Entries that the person has not said yes to."""
        return [entry for entry in self.entries if entry.confirmed_at is None]


def site_month(site: Site, month: dt.date, *, now: dt.datetime) -> list[PersonHours]:
    """Everybody who was under contract at a site in a month, or has hours of it there."""
    first, last = month, rules.month_end(month)
    contract = Q(Exists(Contract.objects.between(first, last).ours().filter(trainee=OuterRef("pk"))), site=site)
    there = TimeEntry.objects.current().touching(first, last).filter(site=site).values("trainee_id")
    on_team = Q(is_active=True) | Q(last_on__gte=first)
    people = Trainee.objects.filter(contract & on_team | Q(pk__in=there))
    return hours_of(people, first, last, now=now)


def hours_of(people: QuerySet[Trainee], first: dt.date, last: dt.date, *, now: dt.datetime) -> list[PersonHours]:
    """The hours of these people on these days, both included. Ten queries, and the closed days of each site."""
    found = list(
        people.select_related("site", "supervisor").prefetch_related(
            "availability",
            Prefetch("absences", Absence.objects.filter(starts_on__lte=last, ends_on__gte=first)),
            *file_prefetches(first, last),
        )
    )
    entries: dict[int, list[TimeEntry]] = defaultdict(list)
    for entry in TimeEntry.objects.current().touching(first, last).filter(trainee__in=found).with_words().in_order():
        entries[entry.trainee_id].append(entry)
    work = _work_of(found, first, last)
    published, weeks = _published(found, first, last)
    closed = {site: closed_days(site, first, last) for site in {person.site for person in found}}
    return [
        _person(
            person,
            first,
            last,
            entries[person.pk],
            Plan(work[person.pk], published.get(person.pk, {}), weeks.get(person.pk, set()), closed[person.site]),
            now,
        )
        for person in found
    ]


def _work_of(people: Sequence[Trainee], first: dt.date, last: dt.date) -> dict[int, list[Assignment]]:
    """Work that they were given on these days, and did not give back."""
    found: dict[int, list[Assignment]] = defaultdict(list)
    # A day more on both sides: the zones of sites differ.
    around = Interval(
        dt.datetime.combine(first - dt.timedelta(days=1), dt.time(), dt.UTC),
        dt.datetime.combine(last + dt.timedelta(days=2), dt.time(), dt.UTC),
    )
    given = Assignment.objects.filter(trainee__in=people).holding().between(around)
    for assignment in given.select_related("work_order__service").order_by("planned_start", "pk"):
        found[assignment.trainee_id].append(assignment)
    return found


def _published(
    people: Sequence[Trainee], first: dt.date, last: dt.date
) -> tuple[dict[int, dict[dt.date, Shift]], dict[int, set[dt.date]]]:
    """Published hours of the whole weeks that these days touch, by person and day; and the Mondays of the weeks that
    were published, those of which every day became free included."""
    found: dict[int, dict[dt.date, Shift]] = defaultdict(dict)
    mondays: dict[int, set[dt.date]] = defaultdict(set)
    weeks = (first - dt.timedelta(days=first.weekday()), last + dt.timedelta(days=6 - last.weekday()))
    for shift in Shift.objects.filter(trainee__in=people, day__range=weeks):
        mondays[shift.trainee_id].add(shift.day - dt.timedelta(days=shift.day.weekday()))
        if shift.until_id is None:
            found[shift.trainee_id][shift.day] = shift
    return found, mondays


@dataclass(frozen=True)
class Plan:
    """What was to be done: work given, hours published, Mondays of published weeks, days of a closed site."""

    work: Sequence[Assignment]
    published: Mapping[dt.date, Shift]
    weeks: Collection[dt.date]
    closed: Collection[dt.date]

    def has_week_of(self, day: dt.date) -> bool:
        """Whether hours of that week were published: then they are the plan, and other days of it are free."""
        return day - dt.timedelta(days=day.weekday()) in self.weeks


def _person(
    person: Trainee, first: dt.date, last: dt.date, entries: list[TimeEntry], plan: Plan, now: dt.datetime
) -> PersonHours:
    zone = ZoneInfo(person.site.time_zone)
    file = person_file(person)
    today = now.astimezone(zone).date()
    written = {entry.starts_on for entry in entries} | {entry.ends_on for entry in entries}
    missing: list[Missing] = []
    planned: dict[dt.date, int] = {}
    day = first
    while day <= last:
        expected = _expected(person, day, plan, is_under_contract=file.contract_on(day) is not None)
        if expected is not None:
            planned[day] = expected.minutes
            if day < today and day not in written:
                missing.append(expected)
        day += dt.timedelta(days=1)
    return PersonHours(person, first, last, zone, entries, missing, planned)


def _expected(person: Trainee, day: dt.date, plan: Plan, *, is_under_contract: bool) -> Missing | None:
    """What was expected of a person on a day: the published or usual hours of the day, else the work they were given
    on it."""
    zone = ZoneInfo(person.site.time_zone)
    today = civil_day(day, zone)
    given = tuple(one for one in plan.work if today.start <= one.planned_start < today.end)
    is_published = plan.has_week_of(day)
    usual: tuple[Interval, ...] = ()
    if is_published:
        usual = plan.published[day].intervals if day in plan.published else ()
    elif is_under_contract and person.is_there_on(day) and day not in plan.closed:
        usual = tuple(
            window
            for rule in person.availability.all()
            if rule.weekday == day.weekday()
            for window in between_clocks((rule.starts, rule.ends), day, zone)
        )
    if any(absence.starts_on <= day <= absence.ends_on for absence in person.absences.all()):
        return Missing(person, day, AWAY, usual) if usual else None
    if given:
        return Missing(person, day, ASSIGNED, usual or tuple(one.window for one in given), given)
    return Missing(person, day, ASSIGNED if is_published else USUAL, usual) if usual else None
