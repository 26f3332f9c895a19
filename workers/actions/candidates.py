"""Who can take a piece of work, when, and why: the same judgement for the board and for the verbs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
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
from workers.rules.candidates import Reason, Task, Verdict, best_mode, judge
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
    person = team.person(trainee, skill=work_order.service.skill_code, without=without)
    chosen = mode or (best_mode(person.level) if work_order.service.skill_code else SupervisionMode.SUPERVISED.value)
    start = starts_at or _first_moment(work_order, trainee, team, now=now, without=without)
    if starts_at is None and chosen in BESIDE:
        both = known.together(trainee, dt.timedelta(minutes=work_order.duration_minutes), start)
        start = round_up(both[0]) if both else start
    task = task_of(work_order, starts_at=start, mode=chosen)
    return Candidate(
        trainee=trainee,
        starts_at=task.window.start,
        ends_at=task.window.end,
        mode=chosen,
        verdict=weighed(
            judge(person, task, zone=team.zone, now=now, setting=team.setting(trainee)), known, trainee, task, now=now
        ),
        zone=team.zone,
        companion=known.companion(trainee, task),
    )


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
    # Of everybody, as the verbs do: within this week's contract too, an average over weeks may be exceeded (L3, L15).
    team.know_weeks([trainee for trainee in team.trainees if trainee.pk not in team.totals])
    found = [
        candidate_for(
            work_order, trainee, team, now=now, starts_at=starts_at, mode=mode, without=without, growth=growth
        )
        for trainee in team.trainees
    ]
    return sorted(found, key=lambda one: (one.verdict.rank, one.starts_at, one.trainee.first_name, one.trainee.pk))


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
    sentence = str(REASON_SENTENCES[reason.code]) % figures
    told = sentence
    if reason.article:
        told = _("%(sentence)s (Labour Code, %(article)s)") % {"sentence": sentence, "article": reason.article}
    return ". ".join([told, *(explain_way(way, zone=zone) for way in reason.ways_out)])


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
