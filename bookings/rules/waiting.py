"""Who holds the ball: for every state of a request and of its work orders, whose turn it is, for what, and by when.

One table for requests, one for work orders. Nothing that is open is ever without a holder, a next step and a time
(managed silence): ``turn_of`` has no other answer, and a test asks it about every state. Codes are those of ``enums``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum


class Step(StrEnum):
    """The few steps a client understands, in order."""

    RECEIVED = "received"
    AGREED = "agreed"
    IN_HAND = "in_hand"
    READY = "ready"
    HANDED_OVER = "handed_over"


class Holder(StrEnum):
    """Whose turn it is."""

    CLIENT = "client"
    TEAM = "team"
    PROVIDER = "provider"
    MATERIAL = "material"
    NOBODY = "nobody"


class Next(StrEnum):
    """What has to happen next."""

    LOOK_AT_IT = "look_at_it"
    DECIDE = "decide"
    ANSWER = "answer"
    ANSWER_QUOTE = "answer_quote"
    BRING = "bring"
    FIND_SOMEBODY = "find_somebody"
    PLAN = "plan"
    ACCEPT = "accept"
    START = "start"
    CARRY_THERE = "carry_there"
    CARRY_BACK = "carry_back"
    FINISH = "finish"
    RESUME = "resume"
    DO_AGAIN = "do_again"
    CHECK = "check"
    CALL_CLIENT = "call_client"
    RECEIVE_MATERIAL = "receive_material"
    GIVE_ACCESS = "give_access"
    COLLECT = "collect"
    CLOSE = "close"
    NOTHING = ""


class Term(StrEnum):
    """What says by when."""

    START = "start"
    END = "end"
    TOLD = "told"


# Roles of the team that have the ball; codes of concierge.enums.Role.
CONCIERGE, DISPATCHER, SUPERVISOR = "concierge", "dispatcher", "supervisor"
# Days off of a desk when working days are counted: Saturday and Sunday.
WEEKEND = (5, 6)
# Where no row says when: so many working days after the last news.
FALLBACK_DAYS = 5
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Turn:
    """A line of the tables: who, what, and what says when (a number means working days after the last news)."""

    holder: Holder
    next: Next
    term: Term | int
    role: str = ""
    is_paused: bool = False


OVER = Turn(Holder.NOBODY, Next.NOTHING, 0)
TO_COLLECT = Turn(Holder.CLIENT, Next.COLLECT, 10)
# When every work order of a running request has come to its end, and the request has not.
TO_CLOSE = Turn(Holder.TEAM, Next.CLOSE, 1, CONCIERGE)
# Agreed by a quote that names no day: the desk and the client still have to find it.
TO_AGREE = Turn(Holder.TEAM, Next.CALL_CLIENT, 2, CONCIERGE)
TO_BRING = Turn(Holder.CLIENT, Next.BRING, Term.START)
# Ordered ahead: it comes by itself on the day of its hand-out.
TO_FETCH = Turn(Holder.CLIENT, Next.COLLECT, Term.END)

# Requests whose own state says whose turn it is. The others (confirmed, in progress) ask their work orders.
REQUESTS: dict[str, Turn] = {
    "submitted": Turn(Holder.TEAM, Next.LOOK_AT_IT, 1, CONCIERGE),
    "qualifying": Turn(Holder.TEAM, Next.DECIDE, 2, CONCIERGE),
    "awaiting_client": Turn(Holder.CLIENT, Next.ANSWER, Term.TOLD),
    "awaiting_approval": Turn(Holder.CLIENT, Next.ANSWER_QUOTE, Term.TOLD),
    "fulfilled": TO_COLLECT,
    "partially_fulfilled": Turn(Holder.TEAM, Next.CALL_CLIENT, 1, CONCIERGE),
    "closed": OVER,
    "cancelled": OVER,
    "declined": OVER,
    "expired": OVER,
}
RUNNING = ("confirmed", "in_progress")
# The same for what was held, by the code of its reason; somebody looks at it again when the pause says so.
PAUSES: dict[str, Turn] = {
    "client": Turn(Holder.CLIENT, Next.ANSWER, Term.TOLD, is_paused=True),
    "material": Turn(Holder.MATERIAL, Next.RECEIVE_MATERIAL, Term.TOLD, is_paused=True),
    "access": Turn(Holder.CLIENT, Next.GIVE_ACCESS, Term.TOLD, is_paused=True),
    "ours": Turn(Holder.TEAM, Next.RESUME, Term.TOLD, CONCIERGE, is_paused=True),
}
STEPS: dict[str, Step | None] = {
    "submitted": Step.RECEIVED,
    "qualifying": Step.RECEIVED,
    "awaiting_client": Step.RECEIVED,
    "awaiting_approval": Step.RECEIVED,
    "confirmed": Step.AGREED,
    "in_progress": Step.IN_HAND,
    "fulfilled": Step.READY,
    "partially_fulfilled": Step.READY,
    "closed": Step.HANDED_OVER,
    "cancelled": None,
    "declined": None,
    "expired": None,
}

# Work orders. "Provider" is whoever holds it: our own team when it does (``turn_of_work``).
WORK: dict[str, Turn] = {
    "ready": Turn(Holder.TEAM, Next.PLAN, Term.START, DISPATCHER),
    "offering": Turn(Holder.PROVIDER, Next.ACCEPT, Term.START),
    "needs_dispatch": Turn(Holder.TEAM, Next.FIND_SOMEBODY, Term.START, DISPATCHER),
    "booked": Turn(Holder.PROVIDER, Next.START, Term.END),
    "scheduled": Turn(Holder.PROVIDER, Next.START, Term.END),
    "in_progress": Turn(Holder.PROVIDER, Next.FINISH, Term.END),
    "on_hold": Turn(Holder.PROVIDER, Next.RESUME, Term.END, is_paused=True),
    "completed": Turn(Holder.TEAM, Next.CHECK, Term.END, CONCIERGE),
    "rework": Turn(Holder.PROVIDER, Next.DO_AGAIN, Term.END),
    "verified": OVER,
    "failed": OVER,
    "cancelled": OVER,
}
WORK_STEPS: dict[str, Step | None] = {
    "ready": Step.AGREED,
    "offering": Step.AGREED,
    "needs_dispatch": Step.AGREED,
    "booked": Step.AGREED,
    "scheduled": Step.AGREED,
    "in_progress": Step.IN_HAND,
    "on_hold": Step.IN_HAND,
    "completed": Step.IN_HAND,
    "rework": Step.IN_HAND,
    "verified": Step.READY,
    "failed": None,
    "cancelled": None,
}


@dataclass(frozen=True)
class Work:
    """What the rule needs to know of a work order. ``leg``: what our team carries now (``collect``, ``return``)."""

    status: str
    promised_start: dt.datetime
    promised_end: dt.datetime
    with_provider: bool = False
    is_ordered_ahead: bool = False
    leg: str = ""
    key: int = 0
    provider: str = ""


@dataclass(frozen=True)
class Case:
    """What the rule needs to know of a request. Working days are those of ``zone``, the site's own.

    ``told`` is the time that a row gives for its present state: of the question, the quote or the pause. ``since`` is
    when the last thing happened, or when it was held.
    """

    status: str
    since: dt.datetime
    place: str = "desk"
    promised_start: dt.datetime | None = None
    promised_end: dt.datetime | None = None
    told: dt.datetime | None = None
    held_from: str = ""
    reason: str = ""
    works: Sequence[Work] = ()
    zone: dt.tzinfo = dt.UTC


@dataclass(frozen=True)
class Wait:
    """The answer. ``work`` is the key of the work order it speaks of, ``provider`` the name of who has it."""

    step: Step | None
    holder: Holder
    next: Next
    since: dt.datetime
    due: dt.datetime | None
    role: str = ""
    is_paused: bool = False
    reason: str = ""
    work: int | None = None
    provider: str = ""
    promised_end: dt.datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether anybody still has to do anything."""
        return self.holder != Holder.NOBODY

    def is_late(self, now: dt.datetime) -> bool:
        """Whether the next step should have been taken by now."""
        return self.due is not None and self.due < now

    def breaks_promise(self, now: dt.datetime) -> bool:
        """Whether what was promised to the client has passed; a pause stops that clock."""
        return self.is_open and not self.is_paused and self.promised_end is not None and self.promised_end < now


def path_of(place: str) -> list[Step]:
    """The steps of a request; what is done at somebody's home is not handed over."""
    return [step for step in Step if place != "home" or step != Step.HANDED_OVER]


def wait_of(case: Case, now: dt.datetime) -> Wait:
    """Whose turn it is on a request."""
    turn, work = _turn_of(case, now)
    return Wait(
        step=STEPS[case.held_from if case.status == "on_hold" else case.status],
        holder=turn.holder,
        next=turn.next,
        since=case.since,
        due=_due(turn, case, work),
        role=turn.role,
        is_paused=turn.is_paused,
        reason=case.reason if case.status == "on_hold" else "",
        work=work.key if work else None,
        provider=work.provider if work and turn.holder == Holder.PROVIDER else "",
        promised_end=case.promised_end,
    )


def wait_of_work(work: Work, case: Case, now: dt.datetime) -> Wait:
    """Whose turn it is on one work order. While its request is held, nothing moves."""
    turn = turn_of_work(work)
    if case.status == "on_hold" and turn != OVER:
        turn = PAUSES[case.reason]
    return Wait(
        step=WORK_STEPS[work.status],
        holder=turn.holder,
        next=turn.next,
        since=case.since,
        due=_due(turn, case, work),
        role=turn.role,
        is_paused=turn.is_paused,
        reason=case.reason if case.status == "on_hold" and turn != OVER else "",
        work=work.key,
        provider=work.provider if turn.holder == Holder.PROVIDER else "",
        promised_end=work.promised_end,
    )


def turn_of_work(work: Work) -> Turn:
    """The line of the table, in the hands of whoever has the work."""
    turn = WORK[work.status]
    if work.is_ordered_ahead and work.status in {"booked", "in_progress"}:
        return TO_FETCH
    if work.leg == "collect" and work.status in {"booked", "scheduled", "rework"}:
        return Turn(Holder.TEAM, Next.CARRY_THERE, Term.END, DISPATCHER)
    if work.leg == "return" and work.status == "completed":
        return Turn(Holder.TEAM, Next.CARRY_BACK, Term.END, DISPATCHER)
    if work.status == "completed" and not work.with_provider:
        return replace(turn, role=SUPERVISOR)
    if turn.holder == Holder.PROVIDER and turn.next != Next.ACCEPT and not work.with_provider:
        return replace(turn, holder=Holder.TEAM, role=SUPERVISOR)
    return turn


def _turn_of(case: Case, now: dt.datetime) -> tuple[Turn, Work | None]:
    if case.status == "on_hold":
        return PAUSES[case.reason], None
    if case.status == "fulfilled" and case.place == "home":
        return TO_CLOSE, None
    if case.status not in RUNNING:
        return REQUESTS[case.status], None
    if not case.works and case.promised_start is None:
        return TO_AGREE, None
    turns = [(turn_of_work(work), work) for work in case.works]
    running = [(turn, work) for turn, work in turns if turn != OVER]
    if not running:
        return TO_CLOSE, None
    turn, work = min(running, key=lambda found: _pressing(found[0], found[1], case))
    if _is_still_to_be_brought(turn, work, case, now):
        return TO_BRING, work
    return turn, work


def _is_still_to_be_brought(turn: Turn, work: Work, case: Case, now: dt.datetime) -> bool:
    """Somebody has it, and the client has not come yet."""
    return turn.next == Next.START and case.place == "desk" and now < work.promised_start


def _pressing(turn: Turn, work: Work, case: Case) -> tuple[dt.datetime, int, int]:
    """What comes first: the earliest time, then what has the fewest people on it (order of the table)."""
    order = list(Next).index(turn.next)
    return _due(turn, case, work) or work.promised_end, order, work.key


def _due(turn: Turn, case: Case, work: Work | None) -> dt.datetime | None:
    if turn == OVER:
        return None
    if isinstance(turn.term, int):
        return working_days_after(case.since, turn.term, case.zone)
    given = {
        Term.START: work.promised_start if work else case.promised_start,
        Term.END: work.promised_end if work else case.promised_end,
        Term.TOLD: case.told,
    }[turn.term]
    return given or working_days_after(case.since, FALLBACK_DAYS, case.zone)


def working_days_after(moment: dt.datetime, days: int, zone: dt.tzinfo) -> dt.datetime:
    """So many working days later, at the same hour of the wall; what happens at the week-end counts as of Monday, 0:00.
    The week-end is that of the zone: Sunday evening in Dijon is no Monday yet, whatever UTC says."""
    local = moment.astimezone(zone)
    found = _forward(_midnight(local) if local.weekday() in WEEKEND else local)
    for _day in range(days):
        found = _forward(found + DAY)
    return found.astimezone(dt.UTC)


def latest_overdue(now: dt.datetime, days: int, zone: dt.tzinfo) -> dt.datetime:
    """What happened before this moment, and was due so many working days later (one at least), is overdue now."""
    found = now.astimezone(zone)
    if found.weekday() in WEEKEND:
        found = _midnight(found) - DAY * (found.weekday() - WEEKEND[0])
    for _day in range(days):
        found -= DAY
        while found.weekday() in WEEKEND:
            found -= DAY
    return found.astimezone(dt.UTC)


def _forward(moment: dt.datetime) -> dt.datetime:
    while moment.weekday() in WEEKEND:
        moment += DAY
    return moment


def _midnight(moment: dt.datetime) -> dt.datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
