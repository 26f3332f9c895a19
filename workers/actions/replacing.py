"""Somebody is ill: each piece of their day goes to somebody else, or back to what is to be given (domain.md 6.8).

The proposal looks at the pieces one after the other, those that fewest people can take first, and counts each proposed
piece as taken: nobody is proposed twice at the same time, neither to do it nor to accompany. What is ticked is judged
again, line by line, when applied.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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
from workers.models.labour import Beside, Stretch
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
    _free_companions(team, pieces)
    known = _known(trainee, pieces, team, now)
    first = {piece.pk: _choices(piece, team, now, known) for piece in pieces}
    lines: dict[int, Line] = {}
    for piece in sorted(pieces, key=lambda piece: (len(first[piece.pk]), piece.planned_start, piece.pk)):
        choices = _choices(piece, team, now, known)
        proposed = choices[0] if choices else None
        lines[piece.pk] = Line(piece, choices[:MOST_CHOICES], proposed)
        if proposed is not None:
            _take_as_if(piece, proposed, team, known)
            _learn_as_if(piece, proposed, day, known.values())
    return [lines[piece.pk] for piece in pieces]


# What was read of the people for one kind of work: it is the same for all pieces of that kind.
Known = dict[tuple[object, ...], Growth]


def _known(trainee: Trainee, pieces: Sequence[Assignment], team: TeamDay, now: dt.datetime) -> Known:
    """Of each kind of work among the pieces; whoever is replaced accompanies nobody."""
    freed, known = [piece.pk for piece in pieces], Known()
    for piece in pieces:
        if _kind(piece) not in known:
            growth = growth_of(piece.work_order, team, now=now, freed=freed)
            known[_kind(piece)] = replace(growth, helpers=growth.helpers.but(trainee))
    return known


def _kind(piece: Assignment) -> tuple[object, ...]:
    order = piece.work_order
    return (order.site_id, order.service_id, order.leg_now)


def _free_companions(team: TeamDay, pieces: Sequence[Assignment]) -> None:
    """Who accompanies a piece that goes to somebody else has that time again."""
    keys = {piece.pk for piece in pieces}
    for mentor, found in team.beside.items():
        team.beside[mentor] = [one for one in found if one.assignment not in keys]


def _choices(piece: Assignment, team: TeamDay, now: dt.datetime, known: Known) -> list[Candidate]:
    """Who may take the piece: whoever can at its time, then whoever can at another time within what was promised."""
    order, growth = piece.work_order, known[_kind(piece)]
    same = candidates(order, team, now=now, starts_at=piece.planned_start, growth=growth)
    able = [one for one in same if one.verdict.is_possible]
    taken = {one.trainee.pk for one in able}
    later = candidates(order, team, now=now, growth=growth)
    return able + [
        one
        for one in later
        if one.trainee.pk not in taken and one.verdict.is_possible and "after_promise" not in one.verdict.warnings
    ]


def _take_as_if(piece: Assignment, given: Candidate, team: TeamDay, known: Known) -> None:
    """The piece in the time of whoever is proposed and of who accompanies them: both are busy then."""
    window, helper = Interval(given.starts_at, given.ends_at), given.companion
    team.times.setdefault(given.trainee.pk, []).append(Stretch(piece.pk, *window.span, busy=window.span))
    if helper is not None and helper.trainee_id is not None:
        team.beside.setdefault(helper.trainee_id, []).append(Beside(piece.pk, *window.span, is_over=False))
    for kind, growth in known.items():
        then = growth.after(window, trainee_id=given.trainee.pk)
        if helper is not None:
            then = then.after(window, trainee_id=helper.trainee_id, user_id=helper.user_id)
        known[kind] = then


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
                absent=piece.trainee,
            )
    except DomainError as error:
        return Outcome(piece, error=error)
    return Outcome(piece, now=given)
