"""What the labour rules read about a team: time of the days around, totals of the weeks before and after, terms (R21).

Whatever the size of the team, each function is one query. Real time counts where it is known, else the planned one.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Sum, When
from django.db.models.functions import TruncWeek
from django.utils import timezone

from bookings.models.calendar import public_holidays
from concierge.models import Site
from workers.enums import ABSENCE_KINDS, OCCUPYING, AssignmentStatus, TimeKind
from workers.models.assignments import Assignment
from workers.models.people import Trainee
from workers.models.shifts import Shift, seconds_worked
from workers.models.time import TimeEntry, TimeEntryQuerySet
from workers.rules.intervals import Interval, civil_day
from workers.rules.labour import Kind, Setting, Work

WEEK = dt.timedelta(days=7)
# Totals of how many weeks before the days looked at, and after them, the averages need (L3, L15).
WEEKS_BEFORE, WEEKS_AFTER = 14, 12
# Work that ended the evening before the first day, or begins the morning after the last, shortens a rest.
MARGIN = dt.timedelta(days=2)
# Somebody who forgot to press "done" until later tells nothing about their hours: then the plan counts.
LONGEST = dt.timedelta(hours=12)


class Stretch(NamedTuple):
    """One piece of somebody's work: when it is planned and, as far as it is known, when it really was.

    ``is_occupying``: it takes their time, and no other may overlap its plan.
    """

    key: int
    planned: Interval
    real: Interval | None
    is_occupying: bool

    @property
    def window(self) -> Interval:
        """What counts as working time."""
        return self.real or self.planned

    @property
    def is_real(self) -> bool:
        """Whether that is known."""
        return self.real is not None


class ShiftTime(NamedTuple):
    """Working time of a day as it was published, or is about to be.

    ``told_on`` is the day on which the person learnt of it (L13); ``is_plan``: it counts as planned time, because the
    person is not away and the hours are not over and clocked.
    """

    day: dt.date
    intervals: tuple[Interval, ...]
    told_on: dt.date
    is_plan: bool = True


def weeks_around(day: dt.date) -> tuple[dt.date, dt.date]:
    """First Monday and last Sunday of the weeks that a day, the one before and the one after it touch."""
    before, after = day - dt.timedelta(days=1), day + dt.timedelta(days=1)
    return before - dt.timedelta(days=before.weekday()), after + dt.timedelta(days=6 - after.weekday())


def days_around(day: dt.date) -> tuple[dt.date, dt.date]:
    """First and last day of every week that a rule may read."""
    first, last = weeks_around(day)
    return first - WEEKS_BEFORE * WEEK, last + WEEKS_AFTER * WEEK


def stretches(trainees: Collection[Trainee], day: dt.date, zone: ZoneInfo) -> dict[int, list[Stretch]]:
    """Work of the weeks around a day by trainee, in order; one query."""
    first, last = weeks_around(day)
    around = Interval(civil_day(first - MARGIN, zone).start, civil_day(last + MARGIN, zone).end)
    found: dict[int, list[Stretch]] = defaultdict(list)
    rows = (
        Assignment.objects.filter(trainee__in=trainees)
        .holding()
        .between(around)
        .order_by("planned_start", "pk")
        .values_list("trainee_id", "pk", "status", "planned_start", "planned_end", "started_at", "done_at")
    )
    for trainee, key, status, start, end, began, done in rows:
        real = real_time(status, end, began, done)
        found[trainee].append(Stretch(key, Interval(start, end), real, status in OCCUPYING))
    return found


def shifts(trainees: Collection[Trainee], day: dt.date, zone: ZoneInfo) -> dict[int, list[ShiftTime]]:
    """Published working time of the weeks around a day by trainee, in order; one query."""
    first, last = weeks_around(day)
    now = timezone.now()
    rows = Shift.objects.current().with_facts().filter(trainee__in=trainees, day__range=(first - MARGIN, last + MARGIN))
    found: dict[int, list[ShiftTime]] = defaultdict(list)
    for one in rows.select_related("edition").order_by("starts_at", "pk"):
        facts: Any = one
        is_plan = not facts.is_away and not (facts.is_clocked and one.ends_at <= now)
        told_on = one.edition.published_at.astimezone(zone).date()
        found[one.trainee_id].append(ShiftTime(one.day, one.intervals, told_on, is_plan))
    return found


def real_time(
    status: str, planned_end: dt.datetime, began: dt.datetime | None, done: dt.datetime | None
) -> Interval | None:
    """When work was really done, or goes on since; ``None`` while nobody has begun, or when it cannot be true."""
    if began is None or status in {AssignmentStatus.PROPOSED, AssignmentStatus.ACCEPTED}:
        return None
    end = planned_end if status == AssignmentStatus.WORKING else done
    return Interval(began, end) if end is not None and began < end <= began + LONGEST else None


def clocked(trainees: Collection[Trainee], day: dt.date, zone: ZoneInfo) -> dict[int, list[tuple[int, Work]]]:
    """Finished time entries of the weeks around a day by trainee, each with its assignment or 0; one query."""
    first, last = weeks_around(day)
    found: dict[int, list[tuple[int, Work]]] = defaultdict(list)
    rows = (
        _entries()
        .filter(trainee__in=trainees)
        .touching(first - MARGIN, last + MARGIN)
        .order_by("starts_at", "pk")
        .values_list("trainee_id", "assignment_id", "kind", "starts_at", "ends_at")
    )
    for trainee, assignment, kind, start, end in rows:
        if start is None or end is None:
            continue
        found[trainee].append((assignment or 0, Work.of(Interval(start, end), Kind(kind), is_real=True)))
    return found


def _entries() -> TimeEntryQuerySet:
    """Time that counts, has ended and is no absence."""
    return TimeEntry.objects.current().exclude(kind__in=ABSENCE_KINDS).exclude(ends_at=None)


def weekly_seconds(trainees: Collection[int], day: dt.date, zone: ZoneInfo) -> dict[int, dict[dt.date, int]]:
    """Seconds of work by trainee and Monday, of the weeks before and after those around a day; three queries.

    Hours that were clocked, else those that were published, else those of the assignment; one that begins within
    published hours is part of them. Work that goes on over a Sunday night belongs to the week in which it began.
    """
    first, last = (civil_day(one, zone) for one in weeks_around(day))
    opening, closing = first.start - WEEKS_BEFORE * WEEK, last.end + WEEKS_AFTER * WEEK
    real_length = F("done_at") - F("started_at")
    was_done = Q(
        status__in=(AssignmentStatus.DONE, AssignmentStatus.VALIDATED),
        done_at__gt=F("started_at"),
        done_at__lte=F("started_at") + LONGEST,
    )
    told = (
        Assignment.objects.filter(trainee__in=trainees, planned_start__gte=opening, planned_start__lt=closing)
        .holding()
        .exclude(planned_start__gte=first.start, planned_start__lt=last.end)
        .exclude(Exists(_entries().filter(assignment=OuterRef("pk"))))
        .exclude(Exists(_around("planned_start")))
        .annotate(
            in_week=TruncWeek("planned_start", tzinfo=zone),
            seconds=Case(When(was_done, then=real_length), default=F("planned_end") - F("planned_start")),
        )
    )
    real = (
        _entries()
        .filter(trainee__in=trainees, starts_at__gte=opening, starts_at__lt=closing)
        .exclude(kind=TimeKind.BREAK)
        .exclude(starts_at__gte=first.start, starts_at__lt=last.end)
        .annotate(in_week=TruncWeek("starts_at", tzinfo=zone), seconds=F("ends_at") - F("starts_at"))
    )
    published = (
        Shift.objects.counting(timezone.now())
        .filter(trainee__in=trainees, starts_at__gte=opening, starts_at__lt=closing)
        .exclude(starts_at__gte=first.start, starts_at__lt=last.end)
        .annotate(in_week=TruncWeek("starts_at", tzinfo=zone), seconds=seconds_worked())
    )
    found: dict[int, dict[dt.date, int]] = defaultdict(lambda: defaultdict(int))
    for rows in (told, real, published):
        for trainee, week, worked in (
            rows.order_by().values_list("trainee_id", "in_week").annotate(worked=Sum("seconds"))
        ):
            found[trainee][week.date()] += int(worked.total_seconds())
    return found


def _around(moment: str) -> models.QuerySet[Shift]:
    """The published hours in which a moment of the outer row lies, while they count."""
    counting = Shift.objects.counting(timezone.now())
    return counting.filter(trainee=OuterRef("trainee"), starts_at__lte=OuterRef(moment), ends_at__gt=OuterRef(moment))


def settings_of(sites: Collection[Site], day: dt.date, zone: ZoneInfo) -> dict[int, Setting]:
    """Terms and public holidays by site, for the weeks around a day and the working days before it."""
    first, last = weeks_around(day)
    return {
        site.pk: Setting(zone=zone, holidays=frozenset(public_holidays(site, first - WEEK, last + WEEK)))
        for site in sites
    }
