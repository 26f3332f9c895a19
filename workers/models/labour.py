"""What the labour rules read about a team: time of the days around, totals of the weeks before and after, terms (R21).

Whatever the size of the team, each function is one query. Real time counts where it is known, else the planned one.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import (
    BigIntegerField,
    Case,
    DateField,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    Sum,
    When,
)
from django.utils import timezone

from bookings.models.calendar import public_holidays
from concierge.reads import Among, Rows
from workers.enums import ABSENCE_KINDS, OCCUPYING, AssignmentStatus, TimeKind
from workers.enums.consents import ConsentStatus
from workers.models.agreements import terms_books
from workers.models.assignments import Assignment
from workers.models.occupations import Occupation
from workers.models.people import Trainee
from workers.models.shifts import Shift, seconds_worked
from workers.models.time import TimeEntry, TimeEntryQuerySet
from workers.rules.contracts import PersonFile
from workers.rules.intervals import Interval, Span, civil_day
from workers.rules.labour import Kind, Setting, Work
from workers.rules.labour.agreements import book_for

WEEK = dt.timedelta(days=7)
# Totals of how many weeks before the days looked at, and after them, the averages need (L3, L15).
WEEKS_BEFORE, WEEKS_AFTER = 14, 12
# What a change of working hours may break lies in the week before and the one after too (L4, L5).
NEIGHBOURS = WEEK
# Weeks in which the working days of a notice lie, before the changed day and after the one of telling (L14).
NOTICE_WEEKS = 4
# Work that ended the evening before the first day, or begins the morning after the last, shortens a rest.
MARGIN = dt.timedelta(days=2)
AGREED = ConsentStatus.AGREED.value
# Somebody who forgot to press "done" until later tells nothing about their hours: then the plan counts.
LONGEST = dt.timedelta(hours=12)


class Stretch(NamedTuple):
    """One piece of somebody's work, in seconds since 1970: when it was really done, else when it is planned.

    ``busy``: the planned time, while it takes their time and no other may overlap it; nothing once it is done.
    """

    key: int
    start: int
    end: int
    busy: Span | None

    @property
    def span(self) -> Span:
        """What counts as working time."""
        return self.start, self.end


class Clocked(NamedTuple):
    """Finished time entries of somebody: work of which only the time counts, time of other kinds, and the assignments
    of which they say when those were done."""

    plain: list[Span]
    other: list[Work]
    told: set[int]


class Beside(NamedTuple):
    """A stretch of time in which somebody accompanies an assignment."""

    assignment: int
    start: int
    end: int
    is_over: bool

    @property
    def span(self) -> Span:
        """When."""
        return self.start, self.end


class Epoch(Func):
    """Whole seconds since 1970 of a moment, or those of a duration; by ``function="ceil"`` with the one begun."""

    function = "floor"
    template = "%(function)s(extract(epoch FROM %(expressions)s))::bigint"
    output_field = BigIntegerField()
    # What PostgreSQL gives is one.
    convert_value = staticmethod(Func._convert_value_noop)  # type: ignore[attr-defined]  # missing from the stubs
    arity = 1


class MondayOf(Func):
    """Civil day on which the week of a moment begins; of a zone and a moment."""

    template = "date_trunc('week', timezone(%(expressions)s))::date"
    output_field = DateField()
    arity = 2


class ShiftTime(NamedTuple):
    """Working time of a day as it was published, or is about to be.

    ``told_on`` is the day on which the person learnt of it (L13); ``is_plan``: it counts as planned time, because the
    person is not away and the hours are not over and clocked. Without intervals: a later version made the day free.
    ``is_agreed``: they said yes to these hours. Of a day that became free it says nothing, and no rule reads one: what
    that changes is judged when it is published (L14), with what the person said of it.
    """

    day: dt.date
    intervals: tuple[Interval, ...]
    told_on: dt.date
    is_plan: bool = True
    is_agreed: bool = False


def weeks_around(day: dt.date) -> tuple[dt.date, dt.date]:
    """First Monday and last Sunday of the weeks that a day, the one before and the one after it touch."""
    before, after = day - dt.timedelta(days=1), day + dt.timedelta(days=1)
    return before - dt.timedelta(days=before.weekday()), after + dt.timedelta(days=6 - after.weekday())


def days_around(day: dt.date) -> tuple[dt.date, dt.date]:
    """First and last day of every week that a rule may read."""
    first, last = weeks_around(day)
    return first - WEEKS_BEFORE * WEEK, last + WEEKS_AFTER * WEEK


def _moments(day: dt.date, zone: ZoneInfo, margin: dt.timedelta) -> dict[str, dt.datetime]:
    """The weeks around a day, and what may shorten a rest before and after them."""
    first, last = weeks_around(day)
    return {"opening": civil_day(first - margin, zone).start, "closing": civil_day(last + margin, zone).end}


def _assigned(given: Any) -> Any:
    """Real is what somebody began, until it was done or, while it goes on, until its planned end; the plan counts
    while nobody has begun, or when that cannot be true."""
    until = Case(When(status=AssignmentStatus.WORKING, then=F("planned_end")), default=F("done_at"))
    begun = ~Q(status__in=(AssignmentStatus.PROPOSED, AssignmentStatus.ACCEPTED))
    is_real = begun & Q(until__gt=F("started_at"), until__lte=F("started_at") + LONGEST)
    return (
        Assignment.objects.filter(Among("trainee_id", given["keys"]))
        .holding()
        .filter(planned_start__lt=given["closing"], planned_end__gt=given["opening"])
        .order_by("planned_start", "pk")
        .annotate(
            until=until,
            start=Epoch(Case(When(is_real, then=F("started_at")), default=F("planned_start"))),
            end=Epoch(Case(When(is_real, then=F("until")), default=F("planned_end"))),
            busy_from=Case(When(status__in=OCCUPYING, then=Epoch("planned_start"))),
            busy_until=Epoch("planned_end", function="ceil"),
        )
        .values_list("trainee_id", "pk", "start", "end", "busy_from", "busy_until")
    )


def _entered(given: Any) -> Any:
    return (
        _entries()
        .filter(Among("trainee_id", given["keys"]))
        .touching(given["first"], given["last"])
        .order_by("starts_at", "pk")
        .annotate(start=Epoch("starts_at"), end=Epoch("ends_at"))
        .values_list("trainee_id", "assignment_id", "kind", "start", "end")
    )


def _beside(given: Any) -> Any:
    return (
        Occupation.objects.companions()
        .in_fact()
        .filter(Among("trainee_id", given["keys"]), starts__lt=given["closing"], ends__gt=given["opening"])
        .annotate(start=Epoch("starts"), end=Epoch("ends", function="ceil"))
        .values_list("trainee_id", "assignment_id", "start", "end", "is_over")
    )


ASSIGNED = Rows(_assigned, "keys", "opening", "closing")
ENTERED = Rows(_entered, "keys", "first", "last")
BESIDE = Rows(_beside, "keys", "opening", "closing")


def stretches(
    trainees: list[int], day: dt.date, zone: ZoneInfo, margin: dt.timedelta = MARGIN
) -> dict[int, list[Stretch]]:
    """Work of the weeks around a day by trainee, in the order of its plan; one query."""
    found: dict[int, list[Stretch]] = defaultdict(list)
    for trainee, key, start, end, busy_from, busy_until in ASSIGNED.all(keys=trainees, **_moments(day, zone, margin)):
        busy = None if busy_from is None else (busy_from, busy_until)
        found[trainee].append(Stretch(key, start, end if end > start else start + 1, busy))
    return found


def _shifts(given: Any) -> Any:
    facts: Any = Shift.objects.with_facts()
    return (
        facts.filter(Among("trainee_id", given["keys"]), day__gte=given["first"], day__lte=given["last"])
        .order_by("starts_at", "pk")
        .values_list(
            "trainee_id",
            "day",
            "starts_at",
            "ends_at",
            "break_starts_at",
            "break_ends_at",
            "edition__published_at",
            "until_id",
            "is_away",
            "is_clocked",
            "consent__status",
        )
    )


SHIFTS = Rows(_shifts, "keys", "first", "last")


def shifts(
    trainees: list[int], day: dt.date, zone: ZoneInfo, margin: dt.timedelta = MARGIN
) -> dict[int, list[ShiftTime]]:
    """Published working time of the weeks around a day by trainee, in order, then days that became free; one query."""
    first, last = weeks_around(day)
    now = timezone.now()
    found: dict[int, list[ShiftTime]] = defaultdict(list)
    rows = SHIFTS.all(keys=trainees, first=first - margin, last=last + margin)
    freed: dict[tuple[int, dt.date], ShiftTime] = {}
    for trainee, that_day, start, end, pause, again, published_at, until, is_away, is_clocked, said in rows:
        if until is not None:
            freed[trainee, that_day] = ShiftTime(that_day, (), published_at.astimezone(zone).date(), is_plan=False)
            continue
        intervals = (Interval(start, end),) if pause is None else (Interval(start, pause), Interval(again, end))
        is_plan = not is_away and not (is_clocked and end <= now)
        found[trainee].append(
            ShiftTime(that_day, intervals, published_at.astimezone(zone).date(), is_plan, said == AGREED)
        )
    for (trainee, that_day), one in freed.items():
        if all(shift.day != that_day for shift in found[trainee]):
            found[trainee].append(one)
    return found


def clocked(trainees: list[int], day: dt.date, margin: dt.timedelta = MARGIN) -> dict[int, Clocked]:
    """Finished time entries of the weeks around a day by trainee; one query."""
    first, last = weeks_around(day)
    found: dict[int, Clocked] = defaultdict(lambda: Clocked([], [], set()))
    rows = ENTERED.all(keys=trainees, first=first - margin, last=last + margin)
    for trainee, assignment, kind, start, end in rows:
        of_person = found[trainee]
        if assignment is not None:
            of_person.told.add(assignment)
        if kind == TimeKind.WORK:
            of_person.plain.append((start, end))
        else:
            of_person.other.append(Work(start, end, Kind(kind), is_real=True))
    return found


def accompanied(
    trainees: list[int], day: dt.date, zone: ZoneInfo, margin: dt.timedelta = MARGIN
) -> dict[int, list[Beside]]:
    """When they accompany somebody in the weeks around a day, in order; one query."""
    found: dict[int, list[Beside]] = defaultdict(list)
    for trainee, *facts in BESIDE.all(keys=trainees, **_moments(day, zone, margin)):
        found[trainee].append(Beside(*facts))
    return found


def _entries() -> TimeEntryQuerySet:
    """Time that counts, has ended and is no absence."""
    return TimeEntry.objects.current().exclude(kind__in=ABSENCE_KINDS).exclude(ends_at=None)


def _told(given: Any) -> Any:
    was_done = Q(
        status__in=(AssignmentStatus.DONE, AssignmentStatus.VALIDATED),
        done_at__gt=F("started_at"),
        done_at__lte=F("started_at") + LONGEST,
    )
    length = Case(When(was_done, then=F("done_at") - F("started_at")), default=F("planned_end") - F("planned_start"))
    return (
        Assignment.objects.filter(
            Among("trainee_id", given["keys"]),
            planned_start__gte=given["opening"],
            planned_start__lt=given["closing"],
        )
        .holding()
        .exclude(planned_start__gte=given["first"], planned_start__lt=given["last"])
        .exclude(Exists(_entries().filter(assignment=OuterRef("pk"))))
        .exclude(Exists(_within_published(given["now"])))
        .order_by()
        .annotate(in_week=MondayOf(given["zone"], F("planned_start")), seconds=length)
        .values_list("trainee_id", "in_week")
        .annotate(worked=Epoch(Sum("seconds")))
    )


def _real(given: Any) -> Any:
    return (
        _entries()
        .filter(Among("trainee_id", given["keys"]), starts_at__gte=given["opening"], starts_at__lt=given["closing"])
        .exclude(kind=TimeKind.BREAK)
        .exclude(starts_at__gte=given["first"], starts_at__lt=given["last"])
        .order_by()
        .annotate(in_week=MondayOf(given["zone"], F("starts_at")), seconds=F("ends_at") - F("starts_at"))
        .values_list("trainee_id", "in_week")
        .annotate(worked=Epoch(Sum("seconds")))
    )


def _published(given: Any) -> Any:
    return (
        Shift.objects.counting(given["now"])
        .filter(Among("trainee_id", given["keys"]), starts_at__gte=given["opening"], starts_at__lt=given["closing"])
        .exclude(starts_at__gte=given["first"], starts_at__lt=given["last"])
        .order_by()
        .annotate(in_week=MondayOf(given["zone"], F("starts_at")), seconds=seconds_worked())
        .values_list("trainee_id", "in_week")
        .annotate(worked=Epoch(Sum("seconds")))
    )


def _within_published(now: Any) -> models.QuerySet[Shift]:
    """The published hours in which the start of the outer assignment lies, while they count."""
    counting = Shift.objects.counting(now)
    start = OuterRef("planned_start")
    return counting.filter(trainee=OuterRef("trainee"), starts_at__lte=start, ends_at__gt=start)


OF_WEEKS = ("keys", "opening", "closing", "first", "last", "zone", "now")
TOLD, REAL, PUBLISHED = (Rows(write, *OF_WEEKS) for write in (_told, _real, _published))


def weekly_seconds(
    trainees: list[int], day: dt.date, zone: ZoneInfo, *, whole_year: bool = False
) -> dict[int, dict[dt.date, int]]:
    """Seconds of work by trainee and Monday, of the weeks before and after those around a day; three queries.

    With ``whole_year``, from the first week of the year on: the quota of overtime is one of the year (L18).

    Hours that were clocked, else those that were published, else those of the assignment; one that begins within
    published hours is part of them. Work that goes on over a Sunday night belongs to the week in which it began.
    """
    first, last = (civil_day(one, zone) for one in weeks_around(day))
    monday, _sunday = weeks_around(day)
    since = monday - WEEKS_BEFORE * WEEK
    if whole_year:
        since = min(since, dt.date.fromisocalendar(monday.isocalendar().year, 1, 1))
    given = {
        "keys": trainees,
        "opening": civil_day(since, zone).start,
        "closing": last.end + WEEKS_AFTER * WEEK,
        "first": first.start,
        "last": last.end,
        "zone": str(zone),
        "now": timezone.now(),
    }
    found: dict[int, dict[dt.date, int]] = defaultdict(lambda: defaultdict(int))
    for rows in (statement.all(**given) for statement in (TOLD, REAL, PUBLISHED)):
        for trainee, week, worked in rows:
            found[trainee][week] += worked
    return found


def settings_of(
    trainees: Collection[Trainee], files: Mapping[int, PersonFile], day: dt.date, zone: ZoneInfo
) -> dict[int, Setting]:
    """Terms of the employer by date and public holidays of the site, by trainee, for the weeks around a day and the
    working days of a notice; one query."""
    first, last = weeks_around(day)
    first, last = first - NOTICE_WEEKS * WEEK, last + NOTICE_WEEKS * WEEK
    books = terms_books()
    holidays = {site: frozenset(public_holidays(site, first, last)) for site in {one.site for one in trainees}}
    shared: dict[tuple[int, int], Setting] = {}
    found: dict[int, Setting] = {}
    for one in trainees:
        book = book_for(files[one.pk], books)
        key = (one.site_id, id(book))
        if key not in shared:
            shared[key] = Setting(zone=zone, terms=book, holidays=holidays[one.site])
        found[one.pk] = shared[key]
    return found
