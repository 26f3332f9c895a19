"""For whom a piece of work is the next useful step, within what somebody can take (lifecycles.md 2.11).

Everything here is a proposal: it ranks and explains, it never forbids. Frozen parameters, validated at birth.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from workers.rules.candidates import LEVELS, Reason, Severity

# What doing the work in a mode builds towards.
BUILDS = {"observation": "observed", "paired": "assisted", "supervised": "supervised", "autonomous": "autonomous"}
# A level that nobody has used or confirmed for so long is not sure any more.
LAPSES_AFTER = dt.timedelta(days=365)
# Recent practice is counted over four weeks.
LATELY = dt.timedelta(days=28)


@dataclass(frozen=True)
class Weights:
    """How much each part counts, in points; together a hundred at most."""

    next_step: dict[str, int] = field(
        default_factory=lambda: {"observation": 5, "paired": 10, "supervised": 40, "autonomous": 40}
    )
    known: int = 15
    goal: int = 30
    rested: int = 10
    variety: int = 20
    rested_after_days: int = 30
    most_new_a_day: int = 2
    most_new_a_week: int = 6

    def __post_init__(self) -> None:
        parts = [*self.next_step.values(), self.known, self.goal, self.rested, self.variety]
        if set(self.next_step) != set(BUILDS) or min(parts) < 0:
            raise ValueError("every mode has a weight, and none is below zero")
        if max(*self.next_step.values(), self.known) + self.goal + self.rested + self.variety > 100:
            raise ValueError("the parts are a hundred points at most")
        if min(self.rested_after_days, self.most_new_a_day, self.most_new_a_week) < 1:
            raise ValueError("days and limits are one at least")


WEIGHTS = Weights()


@dataclass(frozen=True)
class Learner:
    """What is known of somebody's way with one trade; days and counts, never causes."""

    skill: str
    level: str = ""
    # The level they want to reach, "" without a goal.
    goal: str = ""
    last_done: dt.date | None = None
    # How often within ``LATELY``, and how often ever at the present level.
    lately: int = 0
    times: int = 0
    # New steps of any trade already planned or done on that day, and in that week.
    new_that_day: int = 0
    new_that_week: int = 0
    # Whether the last new step went badly.
    stumbled: bool = False


@dataclass(frozen=True)
class Proposal:
    """How useful the work is to somebody, 0 to 100 points, and why."""

    points: int
    reasons: tuple[Reason, ...]


def gap(level: str, mode: str) -> int:
    """How many steps of the ladder lie between somebody and what the work in this mode builds: 1 is the next step."""
    return LEVELS.index(BUILDS[mode]) - LEVELS.index(level)


def is_new_step(level: str, mode: str) -> bool:
    """Whether the work asks for exactly one step more than the person has."""
    return gap(level, mode) == 1


def has_lapsed(sure_since: dt.datetime | None, now: dt.datetime) -> bool:
    """Whether a level was neither used nor confirmed for a year: it stays, and somebody looks at it again."""
    return sure_since is not None and now - sure_since > LAPSES_AFTER


def propose(learner: Learner, mode: str, day: dt.date, *, weights: Weights = WEIGHTS) -> Proposal:
    """What the work in this mode brings somebody on that day."""
    if not learner.skill:
        return Proposal(0, ())
    is_new = is_new_step(learner.level, mode)
    held_back = tuple(_too_much(learner, weights)) if is_new else ()
    if held_back:
        return Proposal(0, held_back)
    if gap(learner.level, mode) > 1:
        return Proposal(0, ())
    points = _points(learner, mode, day, is_new=is_new, weights=weights)
    return Proposal(points, tuple(_why(learner, mode, day, is_new=is_new, weights=weights)))


def _points(learner: Learner, mode: str, day: dt.date, *, is_new: bool, weights: Weights) -> int:
    base = weights.next_step[mode] if is_new else weights.known
    # Towards a goal: only while the work builds something that they do not have yet.
    goal = weights.goal if is_new and _serves_goal(learner, mode) else 0
    rested = (
        weights.rested * min(_days_since(learner, day, weights), weights.rested_after_days) / weights.rested_after_days
    )
    # Concave: each further time of the same thing within four weeks brings less than the one before.
    variety = weights.variety * (math.sqrt(learner.lately + 1) - math.sqrt(learner.lately))
    return round(base + goal + rested + variety)


def _serves_goal(learner: Learner, mode: str) -> bool:
    return bool(learner.goal) and LEVELS.index(learner.level) < LEVELS.index(BUILDS[mode]) <= LEVELS.index(learner.goal)


def _days_since(learner: Learner, day: dt.date, weights: Weights) -> int:
    return weights.rested_after_days if learner.last_done is None else max(0, (day - learner.last_done).days)


def _too_much(learner: Learner, weights: Weights) -> Iterator[Reason]:
    """Why not another new step now: something known does more good."""
    if learner.stumbled:
        yield Reason("after_failure", Severity.WARN)
    if learner.new_that_day >= weights.most_new_a_day:
        yield Reason("new_steps_day", Severity.WARN, {"count": str(learner.new_that_day)})
    elif learner.new_that_week >= weights.most_new_a_week:
        yield Reason("new_steps_week", Severity.WARN, {"count": str(learner.new_that_week)})


def _why(learner: Learner, mode: str, day: dt.date, *, is_new: bool, weights: Weights) -> Iterator[Reason]:
    """One sentence: the next step, with what was done before; else that something known is kept alive."""
    if is_new:
        code = "next_step_goal" if _serves_goal(learner, mode) else "next_step"
        figures = {"skill": learner.skill, "step": BUILDS[mode], "level": learner.level, "times": str(learner.times)}
        yield Reason(code, Severity.FOR, figures)
    elif learner.last_done is not None and _days_since(learner, day, weights) >= weights.rested_after_days:
        yield Reason("keeps_alive", Severity.FOR, {"skill": learner.skill, "since": learner.last_done.isoformat()})
