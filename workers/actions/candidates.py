"""Who can take a piece of work, when, and why: the same judgement for the board and for the verbs."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import heapify, heappop, heapreplace, nsmallest
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import dateformat
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.enums import ClearanceKind, Place
from bookings.models import WorkOrder
from concierge.rome import rome
from concierge.words import date_words, duration_words
from workers.actions.growth import Growth, growth_of, weighed
from workers.enums import REASON_SENTENCES, WAY_SENTENCES, SkillLevel, SupervisionMode
from workers.enums.contracts import FORBIDS, RestrictionCode
from workers.models import Assignment, Trainee
from workers.models.plan import TeamDay
from workers.rules.candidates import Reason, Task, Verdict, best_mode, glance, judge
from workers.rules.companions import BESIDE, Helper
from workers.rules.intervals import Interval, civil_day, first_free
from workers.rules.labour import WayOut

# Starts are proposed on the quarter of an hour.
STEP_MINUTES = 15


@dataclass(frozen=True)
class Candidate:
    """One person for one work order at one time, with every reason."""

    trainee: Trainee
    starts_at: dt.datetime
    ends_at: dt.datetime
    mode: str
    verdict: Verdict
    zone: ZoneInfo
    companion: Helper | None = None

    @property
    def together_at(self) -> dt.datetime | None:
        """When somebody could accompany, if nobody can at the time looked at."""
        found = [reason for reason in self.verdict.reasons if reason.code == "no_companion_yet"]
        return dt.datetime.fromisoformat(found[0].figures["from"]) if found else None

    @property
    def sentences(self) -> list[tuple[str, str]]:
        """(severity, sentence) of each reason, the most serious first."""
        order = ("block", "warn", "for", "info")
        reasons = sorted(self.verdict.reasons, key=lambda reason: order.index(reason.severity))
        return [(reason.severity.value, explain(reason, zone=self.zone)) for reason in reasons]

    @property
    def mode_label(self) -> str:
        """The way of accompanying, in words."""
        return str(SupervisionMode(self.mode).label)


def task_of(work_order: WorkOrder, *, starts_at: dt.datetime, mode: str) -> Task:
    """The work order as the rules see it, when it starts then."""
    return Task(
        window=Interval(starts_at, starts_at + dt.timedelta(minutes=work_order.duration_minutes)),
        skill=work_order.service.skill_code,
        mode=mode,
        promise=Interval(work_order.promised_start, max(work_order.promised_end, work_order.promised_start + INSTANT)),
        site_id=work_order.site_id,
        demands=_ruled_out_by(work_order, mode),
    )


def _ruled_out_by(work_order: WorkOrder, mode: str) -> frozenset[str]:
    """Restrictions that rule the work out: what its service asks for, and going to a client's home alone (L23)."""
    service = work_order.service
    asked = frozenset(FORBIDS[one].value for one in (*service.demands, *service.clearances) if one in FORBIDS)
    is_alone = mode == SupervisionMode.AUTONOMOUS and service.place == Place.HOME
    return asked | ALONE if is_alone else asked


INSTANT = dt.timedelta(microseconds=1)
# The restriction that rules out work without company at a client's home (L23).
ALONE: frozenset[str] = frozenset({RestrictionCode.NOT_ALONE.value})


def candidate_for(
    work_order: WorkOrder,
    trainee: Trainee,
    team: TeamDay,
    *,
    now: dt.datetime,
    starts_at: dt.datetime | None = None,
    mode: str = "",
    without: Assignment | None = None,
    growth: Growth | None = None,
) -> Candidate:
    """Judge one person. Without a time: their first free moment of the day; without a mode: what suits their level."""
    known = growth or growth_of(work_order, team, now=now, without=without)
    return _Question(work_order, team, now, known, starts_at, mode, without).answer(trainee)


def candidates(
    work_order: WorkOrder,
    team: TeamDay,
    *,
    now: dt.datetime,
    starts_at: dt.datetime | None = None,
    mode: str = "",
    without: Assignment | None = None,
    growth: Growth | None = None,
) -> list[Candidate]:
    """Every person of the team with their reasons, the best first; nobody is left out.

    ``growth`` is what is known of them for such work, when it has been read already.
    """
    growth = growth or growth_of(work_order, team, now=now, without=without)
    asked = _Question(work_order, team, now, growth, starts_at, mode, without)
    _know_weeks(team, team.trainees)
    return sorted((asked.answer(trainee) for trainee in team.trainees), key=_place)


def best_candidates(
    work_order: WorkOrder,
    team: TeamDay,
    *,
    now: dt.datetime,
    most: int,
    starts_at: dt.datetime | None = None,
    mode: str = "",
    without: Assignment | None = None,
    also: uuid.UUID | None = None,
) -> list[Candidate]:
    """The first ``most`` of ``candidates``, exactly, without judging everybody whole.

    Everybody is looked at without the Labour Code first. It only speaks against somebody, so nobody can come before the
    place that this gives them: whoever comes next is judged whole and takes their real place, until enough have one.
    ``also``: who is asked about by name comes first, wherever they would stand.
    """
    growth = growth_of(work_order, team, now=now, without=without)
    asked = _Question(work_order, team, now, growth, starts_at, mode, without)
    named = [trainee for trainee in team.trainees if trainee.public_id == also]
    waiting = [(_place(asked.glance(trainee)), trainee) for trainee in team.trainees if trainee.public_id != also]
    heapify(waiting)
    _know_weeks(team, [*named, *_next(waiting, 2 * most)])
    settled: dict[int, Candidate] = {}
    best = [asked.answer(trainee) for trainee in named]
    while waiting and len(best) < most:
        trainee = waiting[0][1]
        if trainee.pk in settled:
            heappop(waiting)
            best.append(settled[trainee.pk])
            continue
        if trainee.pk not in team.totals:
            _know_weeks(team, _next(waiting, 2 * most))
        settled[trainee.pk] = asked.answer(trainee)
        heapreplace(waiting, (_place(settled[trainee.pk]), trainee))
    return best


def _next(waiting: list[tuple[tuple[Any, ...], Trainee]], most: int) -> list[Trainee]:
    return [trainee for _placed, trainee in nsmallest(most, waiting)]


def _place(one: Candidate) -> tuple[Any, ...]:
    """Sort key of a list of candidates, another for each person."""
    return (one.verdict.rank, one.starts_at, one.trainee.first_name, one.trainee.pk)


def _know_weeks(team: TeamDay, trainees: Iterable[Trainee]) -> None:
    """As the verbs do: within this week's contract too, an average over weeks may be exceeded (L3, L15)."""
    team.know_weeks([trainee for trainee in trainees if trainee.pk not in team.totals])


@dataclass(frozen=True)
class _Question:
    """A piece of work, when and how it would be done, and what is known of the team that day."""

    work_order: WorkOrder
    team: TeamDay
    now: dt.datetime
    growth: Growth
    starts_at: dt.datetime | None
    mode: str
    without: Assignment | None
    _tasks: dict[tuple[dt.datetime, str], Task] = field(default_factory=dict)

    def answer(self, trainee: Trainee) -> Candidate:
        """The person with every reason."""
        person = self.team.person(trainee, skill=self.work_order.service.skill_code, without=self.without)
        task = self._task(trainee)
        verdict = judge(person, task, zone=self.team.zone, now=self.now, setting=self.team.setting(trainee))
        return self._candidate(trainee, task, verdict)

    def glance(self, trainee: Trainee) -> Candidate:
        """The person with what can be told without the Labour Code."""
        skill = self.work_order.service.skill_code
        person = self.team.person_at_a_glance(trainee, skill=skill, without=self.without)
        task = self._task(trainee)
        verdict = glance(person, task, zone=self.team.zone, now=self.now)
        return self._candidate(trainee, task, verdict)

    def _task(self, trainee: Trainee) -> Task:
        """When and how this person would do it; the same task for whoever would do it at the same time, likewise."""
        order, skill = self.work_order, self.work_order.service.skill_code
        mode = self.mode or (best_mode(self.team.level(trainee, skill)) if skill else SupervisionMode.SUPERVISED.value)
        start = self.starts_at or _first_moment(order, trainee, self.team, now=self.now, without=self.without)
        if self.starts_at is None and mode in BESIDE:
            both = self.growth.together(trainee, dt.timedelta(minutes=order.duration_minutes), start)
            start = round_up(both[0]) if both else start
        known = self._tasks.get((start, mode))
        return known or self._tasks.setdefault((start, mode), task_of(order, starts_at=start, mode=mode))

    def _candidate(self, trainee: Trainee, task: Task, verdict: Verdict) -> Candidate:
        return Candidate(
            trainee=trainee,
            starts_at=task.window.start,
            ends_at=task.window.end,
            mode=task.mode,
            verdict=weighed(verdict, self.growth, trainee, task, now=self.now),
            zone=self.team.zone,
            companion=self.growth.companion(trainee, task),
        )


def _first_moment(
    work_order: WorkOrder, trainee: Trainee, team: TeamDay, *, now: dt.datetime, without: Assignment | None
) -> dt.datetime:
    """First free moment of the day within the usual hours and after the promise begins; else simply the earliest."""
    day = civil_day(team.day, team.zone)
    opened = team.open_windows(trainee)
    earliest = round_up(max(day.start, now, work_order.promised_start, *(window.start for window in opened[:1])))
    free = first_free(
        dt.timedelta(minutes=work_order.duration_minutes),
        open_windows=opened,
        busy=team.busy(trainee, without=without),
        earliest=earliest,
    )
    if free is not None:
        return round_up(free)
    morning = dt.datetime.combine(team.day, dt.time(9), team.zone)
    return min(max(earliest, morning), day.end - dt.timedelta(minutes=STEP_MINUTES))


def round_up(moment: dt.datetime) -> dt.datetime:
    """The next quarter of an hour, or the moment itself when it is one."""
    step = STEP_MINUTES * 60
    seconds = -(-moment.timestamp() // step) * step
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def explain(reason: Reason, *, zone: ZoneInfo) -> str:
    """The reason as a sentence, in the active language, with times of the zone; then its article and the ways out."""
    figures = {name: _figure(name, value, zone) for name, value in reason.figures.items()}
    sentence = str(REASON_SENTENCES[_sentence_of(reason)]) % figures
    told = sentence
    if reason.article:
        told = _("%(sentence)s (Labour Code, %(article)s)") % {"sentence": sentence, "article": reason.article}
    return ". ".join([told, *(explain_way(way, zone=zone) for way in reason.ways_out)])


def _sentence_of(reason: Reason) -> str:
    """The code of its sentence: hours that are all paid the lower raise do not speak of the higher one (L12, L18)."""
    is_low = "then_rate" in reason.figures and int(reason.figures["then"]) == 0
    return f"{reason.code}_first" if is_low else reason.code


def explain_way(way: WayOut, *, zone: ZoneInfo) -> str:
    """What would put it right, as a sentence."""
    # A rest goes over days: its ends bear theirs.
    form = "D H:i" if way.code == "rest_between" else "H:i"
    words = {}
    for name, value in way.figures.items():
        if name in {"at", "start", "end"}:
            words[name] = dateformat.format(dt.datetime.fromtimestamp(value, zone), form)
        elif name == "day":
            words[name] = date_words(dt.date.fromordinal(value), "D j N")
        else:
            words[name] = duration_words(-(-value // 60))
    return str(WAY_SENTENCES[way.code]) % words


# Figures that are seconds.
DURATIONS = frozenset({"time", "time_limit", "rest", "first", "then", "longest", "planned", "contract", "left"})


def _figure(name: str, value: str, zone: ZoneInfo) -> str:
    if name in {"from", "to"}:
        return dateformat.format(dt.datetime.fromisoformat(value).astimezone(zone), "H:i")
    if name == "promise":
        moment = dt.datetime.fromisoformat(value).astimezone(zone)
        return f"{date_words(moment, 'D j F')} {dateformat.format(moment, 'H:i')}"
    if name in {"since", "day"}:
        return date_words(dt.date.fromisoformat(value), "j F Y" if name == "since" else "D j N")
    if name == "clearance":
        return str(ClearanceKind(value).label)
    if name in DURATIONS:
        return duration_words(-(-int(value) // 60))
    if name == "word":
        return str(RestrictionCode(value).label)
    if name == "skill":
        return rome().label(value)
    if name == "who":
        return value
    if name == "times":
        times = int(value)
        return ngettext("done once", "done %(n)d times", times) % {"n": times} if times else _("not practised yet")
    if name == "step":
        return str(SkillLevel(value).label)
    if name == "level":
        return str(SkillLevel(value).label) if value else _("not started")
    if name == "mode":
        return str(SupervisionMode(value).label).lower()
    return number_format(value)
