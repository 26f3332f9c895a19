"""What speaks for and against somebody beside time and law (R25): clearances, how sure a level is, who accompanies, and
for whom the work is the next useful step. Read at once for a whole team.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from django.db.models import Count, DateField, F, Func, Max, Q

from bookings.enums import Leg
from bookings.models import WorkOrder
from concierge.reads import Among, Rows
from workers.enums import GoalStatus
from workers.models import Assignment, Clearance, LearningGoal, LearningSituation, Trainee
from workers.models.helpers import HelpersOfDay, helpers_of
from workers.models.plan import TeamDay, team_day
from workers.models.skills import went_badly
from workers.rules.candidates import Reason, Severity, Task, Verdict, judge
from workers.rules.clearances import Held, reasons
from workers.rules.companions import BESIDE, Helper, free_helper, next_together
from workers.rules.intervals import Interval, civil_day, civil_week
from workers.rules.learning import LATELY, Learner, has_lapsed, is_new_step, propose


@dataclass(frozen=True)
class Practice:
    """What somebody has done of one trade and of late."""

    last_done: dt.date | None = None
    lately: int = 0
    times: int = 0


class Given(NamedTuple):
    """How many pieces of a trade somebody has been given for a day, to do in a certain way."""

    day: dt.date
    skill: str
    mode: str
    pieces: int


@dataclass(frozen=True)
class Growth:
    """What is known of the people of a team for one piece of work."""

    team: TeamDay
    skill: str
    helpers: HelpersOfDay
    without: Assignment | None
    needed: tuple[str, ...] = ()
    held: dict[int, list[Held]] = field(default_factory=dict)
    goals: dict[int, str] = field(default_factory=dict)
    practice: dict[int, Practice] = field(default_factory=dict)
    # What each of them has been given for the week, done or not.
    week: dict[int, list[Given]] = field(default_factory=dict)
    stumbled: frozenset[int] = frozenset()
    # Who may accompany when, once it was judged.
    lawful: dict[tuple[int, Interval], bool] = field(default_factory=dict)
    # Who accompanies whom when, once it was asked; forgotten when the helpers are others.
    beside: dict[tuple[int, Interval], Helper | None] = field(default_factory=dict, init=False)

    def busy(self, trainee: Trainee) -> list[Interval]:
        """When the person has something else."""
        return self.team.busy(trainee, without=self.without)

    def after(self, window: Interval, *, trainee_id: int | None = None, user_id: int | None = None) -> Growth:
        """The same when somebody who could accompany has something then: what was judged of them is judged anew."""
        taken = self.helpers.taken(window, trainee_id=trainee_id, user_id=user_id)
        return replace(self, helpers=taken, lawful={})

    def companion(self, trainee: Trainee, task: Task) -> Helper | None:
        """Who accompanies them, when the way of working asks for somebody and somebody is free and may."""
        if task.mode not in BESIDE:
            return None
        asked = (trainee.pk, task.window)
        if asked not in self.beside:
            helpers = self.helpers.for_trainee(trainee)
            self.beside[asked] = free_helper(helpers, task.window, may=self.may_accompany)
        return self.beside[asked]

    def may_accompany(self, helper: Helper, window: Interval) -> bool:
        """Whether the Labour Code lets somebody work for that time beside somebody: it is planned time like any other
        (R21). Of the staff no contract is kept here: they decide for themselves."""
        if helper.trainee_id is None:
            return True
        asked = (helper.trainee_id, window)
        if asked not in self.lawful:
            self.lawful[asked] = self._is_lawful(helper.trainee_id, window)
        return self.lawful[asked]

    def _is_lawful(self, trainee_id: int, window: Interval) -> bool:
        day = self._day_of_mentors
        mentor = next((one for one in day.trainees if one.pk == trainee_id), None)
        if mentor is None:
            return True
        person = day.person(mentor, skill="", without=self.without)
        beside = Task(window, "", "autonomous", window, mentor.site_id)
        verdict = judge(person, beside, zone=day.zone, now=window.start, setting=day.setting(mentor))
        return not any(reason.is_of_labour_rules for reason in verdict.of(Severity.BLOCK))

    @cached_property
    def _day_of_mentors(self) -> TeamDay:
        """The day of those who can show it: the team's own when they are in it, else read once."""
        mentors = {one.trainee_id for one in self.helpers.mentors if one.trainee_id is not None}
        if mentors <= {one.pk for one in self.team.trainees}:
            return self.team
        return team_day(Trainee.objects.filter(pk__in=mentors), self.team.day, self.team.zone)

    def together(
        self, trainee: Trainee, duration: dt.timedelta, earliest: dt.datetime
    ) -> tuple[dt.datetime, Helper] | None:
        """The first moment of the day at which the person and somebody who could accompany are both free."""
        return next_together(
            self.helpers.for_trainee(trainee),
            duration,
            open_windows=self.team.open_windows(trainee),
            busy=self.busy(trainee),
            earliest=earliest,
            latest=civil_day(self.team.day, self.team.zone).end,
            may=self.may_accompany,
        )

    def learner(self, trainee: Trainee, task: Task) -> Learner:
        """The person's way with this trade, as the rule sees it."""
        skills = self.team.skills.get(trainee.pk, {})
        levels = {trade: skill.level for trade, skill in skills.items()}
        day = task.window.start.astimezone(self.team.zone).date()
        week = day.isocalendar()[:2]
        new = [one for one in self.week.get(trainee.pk, ()) if is_new_step(levels.get(one.skill, ""), one.mode)]
        done = self.practice.get(trainee.pk, Practice())
        return Learner(
            skill=task.skill,
            level=levels.get(task.skill, ""),
            goal=self.goals.get(trainee.pk, ""),
            last_done=done.last_done,
            lately=done.lately,
            times=done.times,
            new_that_day=sum(one.pieces for one in new if one.day == day),
            new_that_week=sum(one.pieces for one in new if one.day.isocalendar()[:2] == week),
            stumbled=trainee.pk in self.stumbled,
        )


def growth_of(
    work_order: WorkOrder,
    team: TeamDay,
    *,
    now: dt.datetime,
    without: Assignment | None = None,
    freed: Collection[int] = (),
) -> Growth:
    """Read it. What is only carried to a provider and back asks for no clearance of the service and teaches nothing.

    ``without`` is about to move; ``freed`` are keys of assignments that are: who accompanies them counts as free.
    """
    is_work = (without.leg if without else work_order.leg_now or Leg.WORK) == Leg.WORK
    skill = work_order.service.skill_code if is_work else ""
    needed = tuple(work_order.service.clearances) if is_work else ()
    return Growth(
        team=team,
        skill=skill,
        helpers=helpers_of(work_order, team, freed=[without.pk] if without else freed),
        without=without,
        needed=needed,
        held=_held(team, needed),
        goals=_goals(team, skill),
        practice=_practice(team, skill, now),
        week=_week(team, without) if skill else {},
        stumbled=_stumbled(team, now) if skill else frozenset(),
    )


def weighed(verdict: Verdict, growth: Growth, trainee: Trainee, task: Task, *, now: dt.datetime) -> Verdict:
    """The verdict with these reasons beside those of time and law, and how much the person learns."""
    day = task.window.start.astimezone(growth.team.zone).date()
    known = task if task.skill == growth.skill else replace(task, skill=growth.skill)
    proposal = propose(growth.learner(trainee, known), task.mode, day)
    return Verdict(
        learning=proposal.points,
        reasons=(
            *verdict.reasons,
            *reasons(growth.needed, growth.held.get(trainee.pk, ()), day),
            *_lapsed(growth.team, trainee, task, now),
            *_beside(growth, trainee, task, now),
            *proposal.reasons,
        ),
    )


def _beside(growth: Growth, trainee: Trainee, task: Task, now: dt.datetime) -> Iterator[Reason]:
    """Who accompanies; or that nobody is free then, and from when on somebody is."""
    if task.mode not in BESIDE:
        return
    helper = growth.companion(trainee, task)
    if helper is not None:
        yield Reason("companion", Severity.INFO, {"who": helper.name})
        return
    later = growth.together(trainee, task.window.length, max(task.window.start, now))
    if later is None:
        yield Reason("no_companion", Severity.WARN)
    else:
        start, other = later
        yield Reason("no_companion_yet", Severity.WARN, {"who": other.name, "from": start.isoformat()})


def _lapsed(team: TeamDay, trainee: Trainee, task: Task, now: dt.datetime) -> Iterator[Reason]:
    """A level that nobody used or confirmed for a year stays, and somebody looks at it again."""
    skill = team.skills.get(trainee.pk, {}).get(task.skill)
    if skill is not None and has_lapsed(skill.sure_since, now):
        yield Reason("skill_lapsed", Severity.WARN, {"skill": task.skill, "since": skill.sure_since.date().isoformat()})


def _held(team: TeamDay, needed: tuple[str, ...]) -> dict[int, list[Held]]:
    held: dict[int, list[Held]] = defaultdict(list)
    if needed:
        for one in Clearance.objects.held().filter(trainee__in=team.trainees, kind__in=needed):
            held[one.trainee_id].append(Held(one.kind, one.valid_from, one.valid_until))
    return held


class DayOf(Func):
    """Civil day of a moment; of a zone and a moment."""

    template = "timezone(%(expressions)s)::date"
    output_field = DateField()
    arity = 2


GOALS = Rows(
    lambda given: LearningGoal.objects.filter(
        Among("trainee_id", given["keys"]), rome_code=given["skill"], status=GoalStatus.OPEN
    ).values_list("trainee_id", "wanted_level"),
    "keys",
    "skill",
)
PRACTICE = Rows(
    lambda given: (
        LearningSituation.objects.filter(
            Among("trainee_id", given["keys"]), rome_code=given["skill"], validated_at__isnull=False
        )
        .order_by("trainee_id")
        .values_list("trainee_id")
        .annotate(last=Max("done_at"), lately=Count("pk", filter=Q(done_at__gte=given["lately"])), times=Count("pk"))
    ),
    "keys",
    "skill",
    "lately",
)
# Counted by PostgreSQL: a full week of a big team has thousands of pieces.
GIVEN = Rows(
    lambda given: (
        Assignment.objects.filter(
            Among("trainee_id", given["keys"]), planned_start__lt=given["closing"], planned_end__gt=given["opening"]
        )
        .holding()
        .exclude(pk=given["without"])
        .exclude(work_order__service__skill_code="")
        .order_by()
        .annotate(day=DayOf(given["zone"], F("planned_start")))
        .values_list("trainee_id", "day", "work_order__service__skill_code", "supervision_mode")
        .annotate(pieces=Count("pk"))
    ),
    "keys",
    "opening",
    "closing",
    "without",
    "zone",
)


LAST_DONE = Rows(
    lambda given: (
        LearningSituation.objects.filter(Among("trainee_id", given["keys"]))
        .since(given["lately"])
        .order_by("trainee_id", "-done_at", "-pk")
        .distinct("trainee_id")
        .values_list("trainee_id", "felt_went", "times_sent_back")
    ),
    "keys",
    "lately",
)


def _goals(team: TeamDay, skill: str) -> dict[int, str]:
    return dict(GOALS.all(keys=team.presence.keys, skill=skill)) if skill else {}


def _practice(team: TeamDay, skill: str, now: dt.datetime) -> dict[int, Practice]:
    if not skill:
        return {}
    rows = PRACTICE.all(keys=team.presence.keys, skill=skill, lately=now - LATELY)
    return {
        trainee: Practice(last_done=last.astimezone(team.zone).date(), lately=lately, times=times)
        for trainee, last, lately, times in rows
    }


def _week(team: TeamDay, without: Assignment | None) -> dict[int, list[Given]]:
    """What everybody has been given for the week, less what is about to move."""
    week = civil_week(team.day, team.zone)
    rows = GIVEN.all(
        keys=team.presence.keys,
        opening=week.start,
        closing=week.end,
        without=without.pk if without else 0,
        zone=str(team.zone),
    )
    found: dict[int, list[Given]] = defaultdict(list)
    for trainee, *facts in rows:
        found[trainee].append(Given(*facts))
    return found


def _stumbled(team: TeamDay, now: dt.datetime) -> frozenset[int]:
    """Whose last piece of work of the last weeks went badly."""
    rows = LAST_DONE.all(keys=team.presence.keys, lately=now - LATELY)
    return frozenset(trainee for trainee, *facts in rows if went_badly(*facts))
