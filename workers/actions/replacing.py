"""Somebody is ill: each piece of their day goes to somebody else, or back to what is to be given (domain.md 6.8).

The proposal looks at the pieces one after the other, those that fewest people can take first, and counts each proposed
piece as taken: nobody is proposed twice at the same time. What is ticked is judged again, line by line, when applied.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.enums import Leg
from bookings.models import WorkOrder
from concierge import events
from concierge.errors import DomainError, Invalid
from concierge.tenancy import Actor
from workers.actions.candidates import Candidate, candidates
from workers.actions.dispatch import move_assignment, unassign
from workers.actions.growth import Given, Growth, growth_of
from workers.enums import MOVABLE
from workers.models import Assignment, Trainee
from workers.models.labour import Stretch
from workers.models.plan import TeamDay, team_day
from workers.rules.intervals import Interval, civil_day

# Pieces of one day that one page shows.
MOST_PIECES = 40
# People a piece may be given to that the page offers; the best first.
MOST_CHOICES = 12
REASON = "replaced"


@dataclass(frozen=True)
class Line:
    """One piece of the day: who can take it, the best first, and who is proposed (nobody: back to be given)."""

    assignment: Assignment
    choices: list[Candidate]
    proposed: Candidate | None


@dataclass(frozen=True)
class Choice:
    """What the dispatcher decided for one piece: a person at a time, or nobody. ``accepted`` are the warnings shown."""

    assignment: uuid.UUID
    version: int
    trainee: uuid.UUID | None = None
    starts_at: dt.datetime | None = None
    accepted: Collection[str] = ()


@dataclass(frozen=True)
class Outcome:
    """What became of one piece: the assignment it has now, or the refusal."""

    assignment: Assignment
    now: Assignment | None = None
    error: DomainError | None = None


def pieces_of(trainee: Trainee, day: dt.date) -> list[Assignment]:
    """What the person has that day and has not begun, in order."""
    window = civil_day(day, ZoneInfo(trainee.site.time_zone))
    mine = Assignment.objects.filter(trainee=trainee, status__in=MOVABLE).between(window).for_cards()
    return list(mine.order_by("planned_start", "pk")[:MOST_PIECES])


def propose_replacements(trainee: Trainee, day: dt.date, *, now: dt.datetime) -> list[Line]:
    """Every piece of the day with its replacements: at its time if somebody can, else at another of that day."""
    zone = ZoneInfo(trainee.site.time_zone)
    pieces = pieces_of(trainee, day)
    others = Trainee.objects.filter(organisation_id=trainee.organisation_id, site=trainee.site).active()
    team = team_day(others.exclude(pk=trainee.pk), day, zone)
    known: dict[tuple[object, ...], Growth] = {}
    first = {piece.pk: _choices(piece, team, now, known) for piece in pieces}
    lines: dict[int, Line] = {}
    for piece in sorted(pieces, key=lambda piece: (len(first[piece.pk]), piece.planned_start, piece.pk)):
        choices = _choices(piece, team, now, known)
        proposed = choices[0] if choices else None
        lines[piece.pk] = Line(piece, choices[:MOST_CHOICES], proposed)
        if proposed is not None:
            team.times.setdefault(proposed.trainee.pk, []).append(_as_if(piece, proposed))
            _learn_as_if(piece, proposed, day, known.values())
    return [lines[piece.pk] for piece in pieces]


def _choices(
    piece: Assignment, team: TeamDay, now: dt.datetime, known: dict[tuple[object, ...], Growth]
) -> list[Candidate]:
    """Who may take the piece: whoever can at its time, then whoever can at another time within what was promised.

    ``known`` keeps what was read of the people for one kind of work: it is the same for all pieces of that kind.
    """
    order = piece.work_order
    kind = (order.site_id, order.service_id, order.leg_now)
    growth = known[kind] if kind in known else known.setdefault(kind, growth_of(order, team, now=now))
    same = candidates(order, team, now=now, starts_at=piece.planned_start, growth=growth)
    able = [one for one in same if one.verdict.is_possible]
    taken = {one.trainee.pk for one in able}
    later = candidates(order, team, now=now, growth=growth)
    return able + [
        one
        for one in later
        if one.trainee.pk not in taken and one.verdict.is_possible and "after_promise" not in one.verdict.warnings
    ]


def _as_if(piece: Assignment, given: Candidate) -> Stretch:
    """The piece in the time of whoever is proposed: they are busy then."""
    span = Interval(given.starts_at, given.ends_at).span
    return Stretch(piece.pk, *span, busy=span)


def _learn_as_if(piece: Assignment, given: Candidate, day: dt.date, known: Iterable[Growth]) -> None:
    """The piece among what whoever is proposed learns that day: the next one is not one new thing too many."""
    skill = piece.work_order.service.skill_code
    if piece.leg == Leg.WORK and skill:
        for growth in known:
            growth.week.setdefault(given.trainee.pk, []).append(Given(day, skill, given.mode, 1))


@transaction.atomic
def replace_day(
    trainee: Trainee, day: dt.date, choices: Sequence[Choice], *, by: Actor, now: dt.datetime | None = None
) -> list[Outcome]:
    """Apply what was ticked in one transaction; each line is judged again, and one that is refused changes nothing.

    Work orders are locked first, then people, each in the order of their keys: two of these never wait for each other.
    """
    moment = now or timezone.now()
    pieces = {piece.public_id: piece for piece in pieces_of(trainee, day)}
    wanted = [choice for choice in choices if choice.assignment in pieces]
    people = {
        one.public_id: one
        for one in Trainee.objects.visible_to(by)
        .filter(public_id__in={choice.trainee for choice in wanted if choice.trainee is not None})
        .exclude(pk=trainee.pk)
    }
    _lock([pieces[choice.assignment] for choice in wanted], [*people.values(), trainee])
    outcomes = [
        _apply(pieces[choice.assignment], choice, people, by, moment)
        for choice in sorted(wanted, key=lambda choice: pieces[choice.assignment].planned_start)
    ]
    if any(one.error is None for one in outcomes):
        events.record("trainee.replaced", trainee, by=by, day=day.isoformat(), pieces=len(outcomes))
    return outcomes


def _lock(pieces: Sequence[Assignment], people: Sequence[Trainee]) -> None:
    orders = WorkOrder.objects.filter(pk__in=[piece.work_order_id for piece in pieces]).order_by("pk")
    list(orders.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))
    held = Assignment.objects.filter(pk__in=[piece.pk for piece in pieces]).order_by("pk")
    list(held.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))
    locked = Trainee.objects.filter(pk__in=[one.pk for one in people]).order_by("pk")
    list(locked.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))


def _apply(
    piece: Assignment, choice: Choice, people: Mapping[uuid.UUID, Trainee], by: Actor, now: dt.datetime
) -> Outcome:
    person = people.get(choice.trainee) if choice.trainee else None
    if choice.trainee is not None and person is None:
        return Outcome(piece, error=Invalid(_("Choose somebody else of the team.")))
    try:
        with transaction.atomic():
            if person is None:
                unassign(piece, version=choice.version, reason=REASON, by=by)
                return Outcome(piece)
            given = move_assignment(
                piece,
                trainee=person,
                starts_at=choice.starts_at,
                accepted_warnings=choice.accepted,
                version=choice.version,
                by=by,
                now=now,
            )
    except DomainError as error:
        return Outcome(piece, error=error)
    return Outcome(piece, now=given)
