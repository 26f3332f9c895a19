"""Work that was done becomes something learnt: what the person says of it, then what their supervisor saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.enums import Leg
from concierge import events
from concierge.errors import Invalid, WrongState
from concierge.tenancy import Actor
from workers.enums import QUESTIONS, Face
from workers.models import Assignment, LearningSituation, TraineeSkill

# Nobody learns for longer in one piece than a day has minutes; a forgotten clock is cut there.
LONGEST_MINUTES = 24 * 60


@dataclass(frozen=True)
class Word:
    """What the supervisor says when they check work: the level they saw, and a sentence."""

    level_seen: str = ""
    comment: str = ""


def begin_situation(assignment: Assignment) -> LearningSituation | None:
    """The person has finished and can say how it went. ``None`` for what asks for no skill. Done again: asked again."""
    skill = assignment.work_order.service.skill_code
    if assignment.leg != Leg.WORK or not skill or assignment.done_at is None:
        return None
    began = assignment.started_at or assignment.planned_start
    minutes = round((assignment.done_at - began).total_seconds() / 60)
    situation, _is_new = LearningSituation.objects.update_or_create(
        assignment=assignment,
        defaults={
            "organisation_id": assignment.organisation_id,
            "trainee_id": assignment.trainee_id,
            "rome_code": skill,
            "mode": assignment.supervision_mode,
            "minutes": max(0, min(minutes, LONGEST_MINUTES)),
            "done_at": assignment.done_at,
            "answered_at": None,
            **dict.fromkeys(QUESTIONS, ""),
        },
    )
    return situation


def close_situation(assignment: Assignment, word: Word) -> None:
    """The work is checked: it is evidence from now on, and the skill has been practised."""
    if assignment.leg != Leg.WORK or not assignment.work_order.service.skill_code:
        return
    situation = LearningSituation.objects.filter(assignment=assignment).first() or begin_situation(assignment)
    if situation is None:
        return
    situation.validated_at = assignment.validated_at
    situation.level_seen, situation.comment = word.level_seen, word.comment.strip()
    situation.save(update_fields=["validated_at", "level_seen", "comment"])
    # Work that is checked late does not take back what was practised since.
    earlier = Q(practised_at=None) | Q(practised_at__lt=situation.done_at)
    TraineeSkill.objects.filter(earlier, trainee_id=situation.trainee_id, rome_code=situation.rome_code).update(
        practised_at=situation.done_at
    )


def note_again(assignment: Assignment) -> None:
    """The work is to be done again: the situation is not over."""
    LearningSituation.objects.filter(assignment=assignment).update(times_sent_back=F("times_sent_back") + 1)


@transaction.atomic
def answer_situation(assignment: Assignment, *, answers: Mapping[str, str], by: Actor) -> LearningSituation:
    """The person says with faces how it went. Any question may be left out; answering again replaces.

    Raises ``Invalid`` (400) for what is no face; ``WrongState`` (409) for work that is not done or asks nothing, or
    once a step rests on it.
    """
    locked = (
        LearningSituation.objects.select_for_update(of=("self",), no_key=True).filter(assignment=assignment).first()
    )
    if locked is None:
        raise WrongState(_("Finish the work first."), current_status=assignment.status)
    if locked.steps.filter(undone_at=None).exists():
        raise WrongState(_("This is already written down. Thank you!"), current_status=assignment.status)
    for name in QUESTIONS:
        face = answers.get(name, "")
        if face and face not in Face.values:
            raise Invalid(_("Choose one of the three faces."), field=name)
        setattr(locked, name, face)
    locked.answered_at = timezone.now()
    locked.save(update_fields=[*QUESTIONS, "answered_at"])
    events.record("situation.answered", locked, by=by, trainee=str(assignment.trainee.public_id))
    return locked
