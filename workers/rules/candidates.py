"""Who can take a piece of work: every reason for and against, never a silent filter (R14 "explain why not").

A reason carries a code and figures; its sentence is looked up at the edge, in the reader's language.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from zoneinfo import ZoneInfo

from workers.rules.contracts import PersonFile
from workers.rules.intervals import Interval, Span, covered, week_span
from workers.rules.labour import RULES, Finding, ScheduleChange, Setting, Trials, WayOut, Work, WorkFile
from workers.rules.labour.people import contracts_of, restrictions_of
from workers.rules.severity import Severity

__all__ = [
    "LEVELS",
    "MODES",
    "WARNINGS",
    "Person",
    "Reason",
    "Severity",
    "Task",
    "Verdict",
    "best_mode",
    "judge",
    "reason_of",
]

# Ladder of a skill (lifecycles.md 2.11); "" is "not started".
LEVELS = ("", "observed", "assisted", "supervised", "autonomous", "transmitting")
# Lowest level at which a way of accompanying is right; the mode compensates what the level lacks.
MODE_NEEDS = {"observation": "", "paired": "observed", "supervised": "assisted", "autonomous": "autonomous"}
MODES = ("observation", "paired", "supervised", "autonomous")
# Restrictions that only say what somebody needs.
NEEDS = frozenset({"needs_bus_line", "audio"})
# Everything a dispatcher may accept; whatever else speaks against somebody forbids.
WARNINGS = frozenset(
    {
        "not_available",
        "skill_low",
        "skill_missing",
        "skill_lapsed",
        "no_companion",
        "no_companion_yet",
        "after_failure",
        "new_steps_day",
        "new_steps_week",
        "contract_hours",
        "no_supervisor",
        "before_promise",
        "after_promise",
        "already_past",
        *(code for code, (_article, severity) in RULES.items() if severity is Severity.WARN),
    }
)
# Rules that count days, riders or interruptions instead of time.
COUNTING = frozenset({"L5_days", "L8_days_off", "L13", "L14", "L16", "L16_agreement", "L17"})


@dataclass(frozen=True)
class Reason:
    """One reason, with the figures of its sentence (words, times as ISO text, durations in seconds).

    One of the labour rules bears its article, if it is of one, and what would put it right.
    """

    code: str
    severity: Severity
    figures: dict[str, str] = field(default_factory=dict)
    article: str = ""
    ways_out: tuple[WayOut, ...] = ()

    @property
    def is_of_labour_rules(self) -> bool:
        """One of L1 to L23."""
        return self.code in RULES


@dataclass(frozen=True)
class Task:
    """The piece of work to place: when, which skill, how accompanied, and what was promised."""

    window: Interval
    skill: str
    mode: str
    promise: Interval
    site_id: int
    demands: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Person:
    """What the rules know about somebody: capabilities and time, never causes.

    ``planned`` work takes their time; ``worked`` is finished and only counts for hours and rest; both in any order.
    ``hours`` are what the Labour Code is judged by; without one, it is made of the rest. ``has_schedule``: their usual
    hours are written down, or the hours of the week are ``published``: planned time, whatever is given within it.
    ``last_on`` is their last day on the team, where it was said.
    """

    file: PersonFile
    site_id: int
    is_active: bool = True
    has_supervisor: bool = True
    level: str = ""
    open_windows: tuple[Interval, ...] = ()
    is_away: bool = False
    planned: tuple[Span, ...] = ()
    worked: tuple[Span, ...] = ()
    hours: WorkFile | None = None
    has_schedule: bool = False
    published: tuple[Span, ...] = ()
    last_on: dt.date | None = None

    @cached_property
    def file_of_hours(self) -> WorkFile:
        """What the Labour Code is judged by; of somebody of whom no more is known, what a dispatcher sees."""
        return self.hours or WorkFile(
            plain=(*self.worked, *self.planned),
            contracts=contracts_of(self.file),
            restrictions=restrictions_of(self.file),
            born_on=self.file.birth_date,
            presence=self.open_windows,
        )


@dataclass(frozen=True)
class Verdict:
    """All reasons about one person for one task."""

    reasons: tuple[Reason, ...]
    # How useful the work is to the person, in points (rules/learning.py).
    learning: int = 0

    def of(self, severity: Severity) -> tuple[Reason, ...]:
        """Reasons of one severity."""
        return tuple(reason for reason in self.reasons if reason.severity == severity)

    @property
    def is_possible(self) -> bool:
        """Nothing forbids it."""
        return not self.of(Severity.BLOCK)

    @property
    def warnings(self) -> frozenset[str]:
        """Codes that the dispatcher has to accept."""
        return frozenset(reason.code for reason in self.of(Severity.WARN))

    @property
    def rank(self) -> tuple[int, int, int, int]:
        """Sort key: possible first, then few warnings, then for whom it is most useful, then many reasons for."""
        return (
            len(self.of(Severity.BLOCK)),
            len(self.of(Severity.WARN)),
            -self.learning,
            -len(self.of(Severity.FOR)),
        )


def judge(
    person: Person,
    task: Task,
    *,
    zone: ZoneInfo,
    now: dt.datetime,
    setting: Setting | None = None,
    trials: Trials | None = None,
) -> Verdict:
    """Every reason for and against the person doing the task; ``zone`` is the site's, ``now`` when one decides.

    ``setting`` holds the terms and the public holidays of the site; without it, the law and no holiday. ``trials`` are
    those of the person in that setting, for whoever asks about several times of one day.
    """
    trials = trials or Trials(person.file_of_hours, setting or Setting(zone))
    return Verdict((*_apart_from_law(person, task, zone, now), *_law(person, task, now, trials)))


def glance(person: Person, task: Task, *, zone: ZoneInfo, now: dt.datetime) -> Verdict:
    """What can be told without the Labour Code, which costs most of a judgement and only ever speaks against somebody:
    whoever is judged whole never ranks before their glance."""
    return Verdict(tuple(_apart_from_law(person, task, zone, now)))


def _apart_from_law(person: Person, task: Task, zone: ZoneInfo, now: dt.datetime) -> Iterator[Reason]:
    day = task.window.start.astimezone(zone).date()
    yield from _presence(person, task, day)
    yield from _place(person, task)
    yield from _skill(person, task)
    yield from _needs(person, day)
    yield from _hours(person, task, day, zone)
    yield from _promise(task, now)


def best_mode(level: str) -> str:
    """The least accompanied mode that suits a level."""
    return [mode for mode in MODES if LEVELS.index(MODE_NEEDS[mode]) <= LEVELS.index(level)][-1]


def _presence(person: Person, task: Task, day: dt.date) -> Iterator[Reason]:
    if not person.is_active or (person.last_on is not None and day > person.last_on):
        yield Reason("left", Severity.BLOCK)
    if person.file.contract_on(day) is None:
        yield Reason("no_contract", Severity.BLOCK)
    if person.is_away:
        yield Reason("absent", Severity.BLOCK)
    around = next((window for window in person.open_windows if task.window.within(window)), None)
    if around is not None:
        yield Reason("available", Severity.FOR, _times(around))
    elif not person.is_away:
        yield Reason("not_available", Severity.WARN)


def _place(person: Person, task: Task) -> Iterator[Reason]:
    start, end = task.window.start.timestamp(), task.window.end.timestamp()
    clashes = [busy for busy in person.planned if busy[0] < end and start < busy[1]]
    for begins, ends in clashes:
        figures = {"from": _moment(begins), "to": _moment(ends)}
        yield Reason("busy", Severity.BLOCK, figures)
    if not clashes:
        yield Reason("free", Severity.FOR)
    if person.site_id != task.site_id:
        yield Reason("other_site", Severity.INFO)


def _skill(person: Person, task: Task) -> Iterator[Reason]:
    if task.mode != "autonomous" and not person.has_supervisor:
        yield Reason("no_supervisor", Severity.WARN)
    if not task.skill:
        yield Reason("no_skill_needed", Severity.INFO)
        return
    figures = {"skill": task.skill, "level": person.level, "mode": best_mode(person.level)}
    if LEVELS.index(person.level) >= LEVELS.index(MODE_NEEDS[task.mode]):
        yield Reason("skill", Severity.FOR if person.level else Severity.INFO, figures)
    elif person.level:
        yield Reason("skill_low", Severity.WARN, figures)
    else:
        yield Reason("skill_missing", Severity.WARN, figures)


def _needs(person: Person, day: dt.date) -> Iterator[Reason]:
    """L23: what somebody needs is said; what they must not be given is for the labour rules to refuse."""
    for one in person.file.restrictions_on(day):
        if one.code in NEEDS:
            yield Reason("needs", Severity.INFO, {"word": one.code})


def _hours(person: Person, task: Task, day: dt.date, zone: ZoneInfo) -> Iterator[Reason]:
    """The week with the task against the contract. Work within published hours takes nothing of what is left."""
    known, week = (*person.worked, *person.planned, *person.published), week_span(day, zone)
    planned, contract = covered((*known, task.window.span), week), person.file.minutes_on(day) * 60
    figures = {"planned": str(planned), "contract": str(contract), "left": str(max(0, contract - planned))}
    if planned > contract:
        yield Reason("contract_hours", Severity.WARN, figures)
    elif person.published and planned == covered(known, week):
        yield Reason("hours_published", Severity.FOR, figures)
    elif planned == contract:
        yield Reason("hours_reached", Severity.INFO, figures)
    else:
        yield Reason("hours_left", Severity.FOR, figures)


def _law(person: Person, task: Task, now: dt.datetime, trials: Trials) -> Iterator[Reason]:
    """What the task would break of the Labour Code, or make worse (domain.md 4.2)."""
    zone = trials.setting.zone
    day, today = task.window.start.astimezone(zone).date(), now.astimezone(zone).date()
    piece = Work.of(task.window, told_on=today, demands=task.demands)
    change = None
    if person.has_schedule and not any(task.window.within(window) for window in person.open_windows):
        change = ScheduleChange(day, today)
    for one in trials.of(piece, change=change):
        yield reason_of(one)


def reason_of(one: Finding) -> Reason:
    """A finding of the Labour Code as a reason, with the figures of its sentence."""
    return Reason(one.code, one.severity, _figures(one), one.article, one.ways_out)


def _figures(one: Finding) -> dict[str, str]:
    kind = "count" if one.code in COUNTING else "time"
    figures = {f"{kind}": str(one.measured), f"{kind}_limit": str(one.limit), "day": one.day.isoformat()}
    return (
        figures | {name: str(value) for name, value in one.figures.items()} | ({"word": one.word} if one.word else {})
    )


def _promise(task: Task, now: dt.datetime) -> Iterator[Reason]:
    if task.window.start < now:
        yield Reason("already_past", Severity.WARN)
    if task.window.start < task.promise.start:
        yield Reason("before_promise", Severity.WARN, {"promise": task.promise.start.isoformat()})
    if task.window.end > task.promise.end:
        yield Reason("after_promise", Severity.WARN, {"promise": task.promise.end.isoformat()})


def _times(interval: Interval) -> dict[str, str]:
    return {"from": interval.start.isoformat(), "to": interval.end.isoformat()}


def _moment(seconds: int) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat()
