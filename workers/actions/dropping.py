"""Where a piece of work may go on the board, before it is dropped: the same judgement as for candidates, quarter by
quarter (R14)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from bookings.models import WorkOrder
from workers.actions.candidates import STEP_MINUTES, explain, task_of
from workers.actions.growth import Growth, growth_of, weighed
from workers.enums import SupervisionMode
from workers.models import Assignment, Trainee
from workers.models.plan import TeamDay
from workers.rules.candidates import Reason, Severity, Verdict, best_mode, judge
from workers.rules.labour import Trials

QUARTER = dt.timedelta(minutes=STEP_MINUTES)
# What speaks against somebody the whole day long: the other quarters need not be judged.
ALL_DAY = frozenset({"left", "no_contract", "absent"})
BLOCK, WARN, FREE = "block", "warn", "free"


@dataclass(frozen=True)
class Stretch:
    """Quarters in a row at which the work may begin, may after a confirmation, or may not, with the first reason.

    ``start`` counts columns from 1, ``span`` how many.
    """

    start: int
    span: int
    state: str
    why: str


def stretches(
    work_order: WorkOrder,
    trainee: Trainee,
    team: TeamDay,
    *,
    morning: dt.datetime,
    columns: int,
    now: dt.datetime,
    mode: str = "",
    without: Assignment | None = None,
    growth: Growth | None = None,
) -> list[Stretch]:
    """What one person's row says to a piece of work that begins at any of its quarters from ``morning`` on.

    ``growth`` is what is known of the team for such work, when it has been read already.
    """
    known = growth or growth_of(work_order, team, now=now, without=without)
    person = team.person(trainee, skill=work_order.service.skill_code, without=without)
    chosen = mode or (best_mode(person.level) if work_order.service.skill_code else SupervisionMode.SUPERVISED.value)
    trials = Trials(person.file_of_hours, team.setting(trainee))
    found: list[tuple[str, Reason | None]] = []
    for column in range(columns):
        task = task_of(work_order, starts_at=morning + column * QUARTER, mode=chosen)
        verdict = judge(person, task, zone=team.zone, now=now, trials=trials)
        # What time and law forbid already needs no look at clearances, companions and steps.
        if verdict.is_possible:
            verdict = weighed(verdict, known, trainee, task, now=now)
        said = _said(verdict)
        if said[1] is not None and said[1].code in ALL_DAY:
            return [Stretch(1, columns, BLOCK, explain(said[1], zone=team.zone))]
        found.append(said)
    return _joined([(state, explain(why, zone=team.zone) if why else "") for state, why in found])


def _said(verdict: Verdict) -> tuple[str, Reason | None]:
    """The state of a quarter and the first reason for it."""
    for severity, state in ((Severity.BLOCK, BLOCK), (Severity.WARN, WARN)):
        reasons = verdict.of(severity)
        if reasons:
            return state, reasons[0]
    return FREE, None


def _joined(quarters: Sequence[tuple[str, str]]) -> list[Stretch]:
    """Neighbours that say the same become one."""
    found: list[Stretch] = []
    for column, (state, why) in enumerate(quarters, start=1):
        last = found[-1] if found else None
        if last is not None and (last.state, last.why) == (state, why):
            found[-1] = Stretch(last.start, last.span + 1, state, why)
        else:
            found.append(Stretch(column, 1, state, why))
    return found
