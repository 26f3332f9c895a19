"""What a board shows of a team's day: cards, and who accompanies whom. Nothing of the client, nothing to be judged."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Q

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


@dataclass(frozen=True)
class DayCards:
    """Cards by person, in order; what each person accompanies; and who accompanies, by the key of the assignment."""

    work: dict[int, list[Card]]
    beside: dict[int, list[Occupation]]
    companions: dict[int, str]

    def of(self, trainee: Trainee) -> list[Card]:
        """Work planned to touch the day."""
        return self.work.get(trainee.pk, [])

    def accompanied(self, trainee: Trainee) -> list[Occupation]:
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


def cards_of(presence: Presence) -> DayCards:
    """Read them, in three queries: rows, not objects, of which a full day of a big team has hundreds."""
    today = civil_day(presence.day, presence.zone)
    keys = presence.keys
    rows = CARDS.all(keys=keys, opening=today.start, closing=today.end)
    services = Service.objects.in_bulk({row[-1] for row in rows})
    work: dict[int, list[Card]] = defaultdict(list)
    for *facts, service in rows:
        card = Card._make([*facts, services[service]])
        work[card.trainee_id].append(card)
    beside: dict[int, list[Occupation]] = defaultdict(list)
    companions: dict[int, str] = {}
    shared = Occupation.objects.companions().between(today).in_fact()
    for one in shared.filter(Q(trainee__in=keys) | Q(assignment__trainee__in=keys)).for_cards():
        companions[one.assignment_id] = one.name
        if one.trainee_id is not None:
            beside[one.trainee_id].append(one)
    return DayCards(work, beside, companions)
