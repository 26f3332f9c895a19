"""Who is here on a civil day, and who is away: what the board, the candidates and who accompanies share."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import cast
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, QuerySet

from concierge.models import Site
from concierge.reads import Among, Rows
from workers.models import labour
from workers.models.people import Absence, AvailabilityRule, Trainee
from workers.rules.intervals import Interval, between_clocks


@dataclass(frozen=True)
class Presence:
    """A civil day of some trainees: their usual hours of that weekday, the published ones of the weeks around it, and
    whom an absence covers."""

    day: dt.date
    zone: ZoneInfo
    trainees: list[Trainee]
    usual: dict[int, list[Interval]]
    away: frozenset[int]
    shifts: dict[int, list[labour.ShiftTime]]
    # How far beyond the weeks around the day times are known one by one.
    margin: dt.timedelta = labour.MARGIN

    @property
    def keys(self) -> list[int]:
        """Keys of the trainees."""
        return [one.pk for one in self.trainees]

    def open_windows(self, trainee: Trainee) -> list[Interval]:
        """When the trainee is here on that day, in order: by the published week where there is one, else as usual."""
        if self.has_published_week(trainee):
            return [window for one in self.shifts[trainee.pk] if one.day == self.day for window in one.intervals]
        return self.usual.get(trainee.pk, [])

    def has_published_week(self, trainee: Trainee) -> bool:
        """Whether the person's hours of the week of that day were published."""
        shifts = self.shifts.get(trainee.pk)
        if not shifts:
            return False
        monday = self.day - dt.timedelta(days=self.day.weekday())
        return any(monday <= one.day <= monday + dt.timedelta(days=6) for one in shifts)

    def is_away(self, trainee: Trainee) -> bool:
        """Whether an absence covers the day."""
        return trainee.pk in self.away


def presence_of(
    trainees: QuerySet[Trainee], day: dt.date, zone: ZoneInfo, *, margin: dt.timedelta = labour.MARGIN
) -> Presence:
    """Read a day of these trainees: themselves with their site (and ``has_schedule``: whether usual hours of any day
    are written down), usual and published hours, absences. Five queries."""
    usual_hours = AvailabilityRule.objects.filter(trainee=OuterRef("pk"))
    found = cast("list[Trainee]", list(trainees.annotate(has_schedule=Exists(usual_hours))))
    # Most often one site: a prefetch would hash every person to find it.
    sites = Site.objects.in_bulk({one.site_id for one in found})
    for one in found:
        one.site = sites[one.site_id]
    return day_of(found, day, zone, margin=margin)


USUAL = Rows(
    lambda given: AvailabilityRule.objects.filter(
        Among("trainee_id", given["keys"]), weekday=given["weekday"]
    ).values_list("trainee_id", "starts", "ends"),
    "keys",
    "weekday",
)
AWAY = Rows(
    lambda given: Absence.objects.filter(
        Among("trainee_id", given["keys"]), starts_on__lte=given["day"], ends_on__gte=given["day"]
    ).values_list("trainee_id"),
    "keys",
    "day",
)


def day_of(
    trainees: Collection[Trainee], day: dt.date, zone: ZoneInfo, *, margin: dt.timedelta = labour.MARGIN
) -> Presence:
    """The day of trainees who were read already. Three queries."""
    keys = [one.pk for one in trainees]
    usual: dict[int, list[Interval]] = defaultdict(list)
    known: dict[tuple[dt.time, dt.time], tuple[Interval, ...]] = {}
    for trainee, starts, ends in USUAL.all(keys=keys, weekday=day.weekday()):
        if (starts, ends) not in known:
            known[starts, ends] = between_clocks((starts, ends), day, zone)
        usual[trainee].extend(known[starts, ends])
    away = frozenset(trainee for (trainee,) in AWAY.all(keys=keys, day=day))
    return Presence(day, zone, list(trainees), usual, away, labour.shifts(keys, day, zone, margin), margin)
