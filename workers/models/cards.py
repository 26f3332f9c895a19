"""What a board shows of a team's day: cards, and who accompanies whom. Nothing of the client, nothing to be judged."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Q
from django.db.models.functions import Coalesce

from bookings.models import Service
from concierge.reads import Among, Rows
from workers.models.assignments import Assignment
from workers.models.occupations import Occupation
from workers.models.people import Trainee
from workers.models.presence import Presence
from workers.rules.intervals import Interval, civil_day


class Card(NamedTuple):
    """An assignment as a card of the day. ``performer_label`` is the provider that its things are carried to."""

    key: int
    public_id: uuid.UUID
    trainee_id: int
    status: str
    leg: str
    planned_start: dt.datetime
    planned_end: dt.datetime
    version: int
    site_id: int
    performer_label: str
    service: Service

    def touches(self, window: Interval) -> bool:
        """Whether it is planned to overlap a stretch of time."""
        return self.planned_start < window.end and window.start < self.planned_end


class Accompanied(NamedTuple):
    """Work of somebody else (``name``) beside whom a person is, as a card of the day."""

    starts: dt.datetime
    ends: dt.datetime
    is_over: bool
    version: int
    leg: str
    name: str
    performer_label: str
    service: Service

    @property
    def window(self) -> Interval:
        """The time it takes."""
        return Interval(self.starts, self.ends)


@dataclass(frozen=True)
class DayCards:
    """Cards by person, in order; what each person accompanies; and who accompanies, by the key of the assignment."""

    work: dict[int, list[Card]]
    beside: dict[int, list[Accompanied]]
    companions: dict[int, str]

    def of(self, trainee: Trainee) -> list[Card]:
        """Work planned to touch the day."""
        return self.work.get(trainee.pk, [])

    def accompanied(self, trainee: Trainee) -> list[Accompanied]:
        """What the trainee accompanies that day."""
        return self.beside.get(trainee.pk, [])


CARDS = Rows(
    lambda given: (
        Assignment.objects.holding()
        .filter(
            Among("trainee_id", given["keys"]), planned_start__lt=given["closing"], planned_end__gt=given["opening"]
        )
        .values_list(
            "pk",
            "public_id",
            "trainee_id",
            "status",
            "leg",
            "planned_start",
            "planned_end",
            "version",
            "work_order__site_id",
            "work_order__performer_label",
            "work_order__service_id",
        )
    ),
    "keys",
    "opening",
    "closing",
)


SHARED = Rows(
    lambda given: (
        Occupation.objects.companions()
        .in_fact()
        .filter(
            Q(Among("trainee_id", given["keys"])) | Q(Among("assignment__trainee_id", given["keys"])),
            starts__lt=given["closing"],
            ends__gt=given["opening"],
        )
        .values_list(
            "assignment_id",
            "trainee_id",
            Coalesce("trainee__first_name", "user__first_name"),
            "starts",
            "ends",
            "is_over",
            "assignment__version",
            "assignment__leg",
            "assignment__trainee__first_name",
            "assignment__work_order__performer_label",
            "assignment__work_order__service_id",
        )
    ),
    "keys",
    "opening",
    "closing",
)


def cards_of(presence: Presence) -> DayCards:
    """Read them, in three queries: rows, not objects, of which a full day of a big team has hundreds."""
    today = civil_day(presence.day, presence.zone)
    given = {"keys": presence.keys, "opening": today.start, "closing": today.end}
    rows, shared = CARDS.all(**given), SHARED.all(**given)
    services = Service.objects.in_bulk({row[-1] for row in (*rows, *shared)})
    work: dict[int, list[Card]] = defaultdict(list)
    for *facts, service in rows:
        card = Card._make([*facts, services[service]])
        work[card.trainee_id].append(card)
    beside: dict[int, list[Accompanied]] = defaultdict(list)
    companions: dict[int, str] = {}
    for assignment, trainee, name, *facts, service in shared:
        companions[assignment] = name
        if trainee is not None:
            beside[trainee].append(Accompanied._make([*facts, services[service]]))
    return DayCards(work, beside, companions)
