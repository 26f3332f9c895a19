"""A level goes up when there is evidence, the supervisor says so and the person feels ready (lifecycles.md 2.11).

Nothing here runs by itself: work that was checked only proposes a step. Lock order: trainee, then skill.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from concierge import events
from concierge.db import refuse_on
from concierge.errors import Conflict, Invalid, NotAllowed, WrongState
from concierge.rome import rome
from concierge.tenancy import Actor
from workers.enums import Evidence, GoalStatus, OwnView, SkillLevel
from workers.models import LearningGoal, LearningSituation, SkillStep, Trainee, TraineeSkill
from workers.perms import can_set_skill
from workers.rules.candidates import LEVELS

# A slip of the finger is put right by whoever made it.
UNDO_WITHIN = dt.timedelta(days=1)


class LevelLowered(Invalid):
    """Nobody is lowered."""

    code = "level_lowered"
    message = _("A level is never lowered. Accompany the work more closely instead.")


class LevelSkipped(Invalid):
    """More than one step at a time needs more than a piece of work that went well."""

    code = "level_skipped"
    message = _(
        "This skips a level. Say in words what it rests on: what you have seen, or what they did before coming here."
    )


class NotReadyYet(Invalid):
    """The person does not feel ready."""

    code = "not_ready_yet"
    message = _("A level goes up when the person feels ready. Practise once more, then ask again.")


@dataclass(frozen=True)
class Basis:
    """What a step rests on: the evidence, and what the person says of it."""

    own_view: str
    evidence: str = Evidence.SITUATION
    situation: LearningSituation | None = None
    note: str = ""


@transaction.atomic
def raise_skill(trainee: Trainee, *, rome_code: str, level: SkillLevel, basis: Basis, by: Actor) -> SkillStep:
    """Write down that somebody has come to a level, or that the level they have still holds.

    Raises ``NotAllowed`` (403) for anybody but their own supervisor; ``Invalid`` (400) for a code that is not a trade,
    evidence that is missing or of something else; ``LevelLowered``, ``LevelSkipped``, ``NotReadyYet`` (400).
    """
    if not can_set_skill(by, trainee):
        raise NotAllowed
    Trainee.objects.select_for_update(of=("self",), no_key=True).get(pk=trainee.pk)
    skill = TraineeSkill.objects.filter(trainee=trainee, rome_code=rome_code).first()
    before = skill.level if skill else ""
    if skill is None:
        check_trade(rome_code)
    steps_up = LEVELS.index(level) - LEVELS.index(before)
    if steps_up < 0:
        raise LevelLowered(field="level")
    if basis.own_view != OwnView.READY or _says_not_yet(basis.situation):
        raise NotReadyYet(field="own_view")
    _check_evidence(trainee, rome_code, basis)
    if steps_up > 1 and not _bears(basis, level):
        raise LevelSkipped(field="note")
    step = SkillStep.objects.create(
        organisation_id=trainee.organisation_id,
        trainee=trainee,
        rome_code=rome_code,
        level_from=before,
        level_to=level,
        evidence=basis.evidence,
        situation=basis.situation,
        note=basis.note.strip(),
        own_view=basis.own_view,
        made_by=by.user,
        made_at=timezone.now(),
        by_label=by.label[:80],
    )
    TraineeSkill.objects.update_or_create(
        organisation_id=trainee.organisation_id,
        trainee=trainee,
        rome_code=rome_code,
        defaults={"level": level, "changed_at": timezone.now()},
    )
    _reach_goals(trainee, rome_code, level, by)
    events.record("skill.changed", trainee, by=by, skill=rome_code, level=str(level), was=before)
    return step


def _says_not_yet(shown: LearningSituation | None) -> bool:
    """What the person answered about that work binds. Held: an answer that comes now waits, and finds the step."""
    if shown is None:
        return False
    held = LearningSituation.objects.select_for_update(of=("self",), no_key=True).get(pk=shown.pk)
    return held.own_view == OwnView.NOT_YET


def check_trade(rome_code: str) -> None:
    """Refuse what is not a trade of the present repertory: ``Invalid`` (400)."""
    if not rome().is_current(rome_code):
        raise Invalid(_("Choose a skill from the list."), field="rome_code")


def _check_evidence(trainee: Trainee, rome_code: str, basis: Basis) -> None:
    if basis.evidence != Evidence.SITUATION:
        if not basis.note.strip():
            raise Invalid(_("Say what the level rests on."), field="note")
        return
    shown = basis.situation
    if shown is None:
        raise Invalid(_("Choose the work that shows it, or say in words what you have seen."), field="situation")
    if (shown.trainee_id, shown.rome_code) != (trainee.pk, rome_code) or shown.validated_at is None:
        raise Invalid(_("This work does not show this skill, or is not checked yet."), field="situation")
    if SkillStep.objects.filter(situation=shown, undone_at=None).exists():
        raise Conflict(_("A step already rests on this work."), field="situation")


def _bears(basis: Basis, level: SkillLevel) -> bool:
    """Whether the evidence bears more than one step: words, or work in which the supervisor saw that very level."""
    if basis.evidence != Evidence.SITUATION:
        return True
    seen = basis.situation.level_seen if basis.situation else ""
    return LEVELS.index(seen) >= LEVELS.index(level)


@transaction.atomic
def undo_step(step: SkillStep, *, by: Actor) -> SkillStep:
    """Take back a step that was a slip: the latest of its skill, by whoever made it, within a day. It stays in the
    history.

    Raises ``NotAllowed`` (403), ``WrongState`` (409).
    """
    locked_trainee = Trainee.objects.select_for_update(of=("self",), no_key=True).get(pk=step.trainee_id)
    found = SkillStep.objects.get(pk=step.pk)
    if not can_set_skill(by, locked_trainee) or by.user is None or found.made_by_id != by.user.pk:
        raise NotAllowed
    standing = SkillStep.objects.filter(trainee=locked_trainee, rome_code=found.rome_code, undone_at=None)
    latest = standing.order_by("-made_at", "-pk").first()
    now = timezone.now()
    if latest is None or latest.pk != found.pk or now - found.made_at > UNDO_WITHIN:
        raise WrongState(_("Only the latest step can be taken back, within a day."), current_status="standing")
    found.undone_at = now
    found.save(update_fields=["undone_at"])
    skill = TraineeSkill.objects.filter(trainee=locked_trainee, rome_code=found.rome_code)
    if found.level_from:
        skill.update(level=found.level_from, changed_at=now)
    else:
        skill.delete()
    events.record("skill.taken_back", locked_trainee, by=by, skill=found.rome_code, level=found.level_from)
    return found


@transaction.atomic
def set_goal(
    trainee: Trainee, *, rome_code: str, wanted_level: SkillLevel, wanted_by: dt.date | None, today: dt.date, by: Actor
) -> LearningGoal:
    """Write down what somebody wants to reach, and by when.

    Raises ``NotAllowed`` (403); ``Invalid`` (400) for a code that is not a trade, a day past, or a level that they have
    already; ``Conflict`` (409) when there is an open goal for the trade.
    """
    if not can_set_skill(by, trainee):
        raise NotAllowed
    check_trade(rome_code)
    if wanted_by is not None and wanted_by < today:
        raise Invalid(_("Choose a day to come."), field="wanted_by")
    Trainee.objects.select_for_update(of=("self",), no_key=True).get(pk=trainee.pk)
    skill = TraineeSkill.objects.filter(trainee=trainee, rome_code=rome_code).first()
    if skill is not None and LEVELS.index(skill.level) >= LEVELS.index(wanted_level):
        raise Invalid(_("This level is already reached."), field="wanted_level")
    with refuse_on(
        "goal_open_once_per_skill", Conflict(_("There is already a goal for this skill."), field="rome_code")
    ):
        goal = LearningGoal.objects.create(
            organisation_id=trainee.organisation_id,
            trainee=trainee,
            rome_code=rome_code,
            wanted_level=wanted_level,
            set_on=today,
            wanted_by=wanted_by,
        )
    events.record("goal.set", trainee, by=by, skill=rome_code, level=str(wanted_level))
    return goal


@transaction.atomic
def end_goal(goal: LearningGoal, *, status: GoalStatus, by: Actor) -> LearningGoal:
    """``open → achieved`` or ``dropped``. Raises ``NotAllowed`` (403), ``WrongState`` (409)."""
    if not can_set_skill(by, goal.trainee):
        raise NotAllowed
    locked = LearningGoal.objects.select_for_update(of=("self",), no_key=True).get(pk=goal.pk)
    if locked.status != GoalStatus.OPEN:
        raise WrongState(_("This goal is already ended."), current_status=locked.status)
    locked.status, locked.ended_at = status, timezone.now()
    locked.save(update_fields=["status", "ended_at"])
    events.record(f"goal.{status}", goal.trainee, by=by, skill=locked.rome_code)
    return locked


def _reach_goals(trainee: Trainee, rome_code: str, level: SkillLevel, by: Actor) -> None:
    """A goal is achieved once its level is."""
    reached = Q(wanted_level__in=LEVELS[1 : LEVELS.index(level) + 1])
    for goal in LearningGoal.objects.filter(reached, trainee=trainee, rome_code=rome_code, status=GoalStatus.OPEN):
        end_goal(goal, status=GoalStatus.ACHIEVED, by=by)
