"""How somebody learns: work done and checked, the steps it led to, and what they want to reach (domain R25)."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from concierge.models import PublicIdModel, TenantModel, User
from concierge.rome import rome
from workers.enums import FACE_WORDS, QUESTIONS, Evidence, Face, GoalStatus, OwnView, SkillLevel, SupervisionMode
from workers.models.assignments import Assignment
from workers.models.people import Trainee
from workers.rules.candidates import LEVELS

ROME_CODE = r"^[A-N][0-9]{4}$"


def _not_downwards(lower: str, upper: str) -> Q:
    """``upper`` is at or above ``lower`` on the ladder, and is a level."""
    pairs = Q()
    for number, level in enumerate(LEVELS):
        pairs |= Q(**{lower: level, f"{upper}__in": LEVELS[max(number, 1) :]})
    return pairs


class LearningSituationQuerySet(models.QuerySet["LearningSituation"]):
    """Reads of situations."""

    def evidence(self) -> Self:
        """Work that the supervisor has checked, the latest first: what a level may rest on."""
        return self.filter(validated_at__isnull=False).order_by("-done_at", "-pk")

    def since(self, moment: dt.datetime) -> Self:
        """Done at or after a moment."""
        return self.filter(done_at__gte=moment)


def went_badly(felt_went: str, times_sent_back: int) -> bool:
    """The person says so, or it had to be done again."""
    return felt_went == Face.SAD or times_sent_back > 0


class LearningSituation(PublicIdModel, TenantModel):
    """One piece of work as something learnt: the trade, how it was accompanied, what both said of it.

    It begins when the person has finished (``done_at``), so that they can say how it went, and is evidence once it is
    checked (``validated_at``). What is carried to a provider and back is none.
    """

    assignment = models.OneToOneField(
        Assignment, models.PROTECT, related_name="situation", verbose_name=_("assignment"), editable=False
    )
    trainee = models.ForeignKey(
        Trainee, models.CASCADE, related_name="situations", verbose_name=_("trainee"), editable=False
    )
    rome_code = models.CharField(_("skill (ROME)"), max_length=5)
    mode = models.CharField(_("accompanied"), max_length=12, choices=SupervisionMode.choices)
    minutes = models.PositiveIntegerField(_("duration (min)"))
    done_at = models.DateTimeField(_("done at"))
    times_sent_back = models.PositiveSmallIntegerField(_("to be done again"), default=0)
    felt_went = models.CharField(_("how it went"), max_length=8, choices=Face.choices, blank=True)
    felt_ease = models.CharField(_("how hard it was"), max_length=8, choices=Face.choices, blank=True)
    felt_help = models.CharField(_("whether help is wanted"), max_length=8, choices=Face.choices, blank=True)
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    validated_at = models.DateTimeField(_("checked at"), null=True, blank=True)
    level_seen = models.CharField(_("level seen"), max_length=15, choices=SkillLevel.choices, blank=True)
    comment = models.CharField(_("word of the supervisor"), max_length=300, blank=True)

    objects = LearningSituationQuerySet.as_manager()

    class Meta:
        verbose_name = _("learning situation")
        verbose_name_plural = _("learning situations")
        ordering = ["-done_at", "-pk"]
        indexes = [models.Index(fields=["trainee", "-done_at"], name="situation_by_trainee")]
        constraints = [
            models.CheckConstraint(condition=Q(rome_code__regex=ROME_CODE), name="situation_code_is_rome"),
            models.CheckConstraint(condition=Q(mode__in=SupervisionMode.values), name="situation_mode_is_known"),
            models.CheckConstraint(
                condition=Q(level_seen="") | Q(level_seen__in=SkillLevel.values, validated_at__isnull=False),
                name="situation_level_seen_once_checked",
                violation_error_message=_("Check the work first, then say which level you saw."),
            ),
            models.CheckConstraint(
                condition=Q(felt_went__in=["", *Face.values])
                & Q(felt_ease__in=["", *Face.values])
                & Q(felt_help__in=["", *Face.values]),
                name="situation_faces_are_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.trainee} · {self.rome_code} · {self.done_at:%Y-%m-%d}"

    @property
    def label(self) -> str:
        """Name of the trade."""
        return rome().label(self.rome_code)

    @property
    def went_badly(self) -> bool:
        """The person says so, or it had to be done again."""
        return went_badly(self.felt_went, self.times_sent_back)

    @property
    def faces(self) -> list[str]:
        """What the person answered, in words: "Well", "A little hard"."""
        answered = ((name, getattr(self, name)) for name in QUESTIONS)
        return [str(FACE_WORDS[name][face]) for name, face in answered if face]

    @property
    def own_view(self) -> str:
        """Whether the person feels ready, from what they answered; "" when they did not."""
        if not self.felt_went:
            return ""
        return OwnView.NOT_YET if Face.SAD in {self.felt_went, self.felt_help} else OwnView.READY


class SkillStep(PublicIdModel, TenantModel):
    """Who said when that somebody has come from one level to another, on which evidence. Written once.

    From a level to the same: it still holds. A step taken back (``undone_at``) stays in the history.
    """

    trainee = models.ForeignKey(
        Trainee, models.CASCADE, related_name="skill_steps", verbose_name=_("trainee"), editable=False
    )
    rome_code = models.CharField(_("skill (ROME)"), max_length=5)
    level_from = models.CharField(_("from"), max_length=15, choices=SkillLevel.choices, blank=True)
    level_to = models.CharField(_("to"), max_length=15, choices=SkillLevel.choices)
    evidence = models.CharField(_("evidence"), max_length=10, choices=Evidence.choices)
    situation = models.ForeignKey(
        LearningSituation, models.PROTECT, null=True, blank=True, related_name="steps", verbose_name=_("work done")
    )
    note = models.CharField(_("in words"), max_length=300, blank=True)
    own_view = models.CharField(_("what the person says"), max_length=10, choices=OwnView.choices)
    made_at = models.DateTimeField(_("made at"), db_default=Now(), editable=False)
    made_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by"))
    by_label = models.CharField(_("by"), max_length=80, editable=False)
    undone_at = models.DateTimeField(_("taken back at"), null=True, blank=True)

    class Meta:
        verbose_name = _("step of a skill")
        verbose_name_plural = _("steps of skills")
        ordering = ["-made_at", "-pk"]
        indexes = [models.Index(fields=["trainee", "rome_code", "-made_at"], name="skill_step_by_skill")]
        constraints = [
            models.CheckConstraint(condition=Q(rome_code__regex=ROME_CODE), name="skill_step_code_is_rome"),
            models.CheckConstraint(
                condition=_not_downwards("level_from", "level_to"),
                name="skill_step_never_down",
                violation_error_message=_("A level is never lowered."),
            ),
            models.CheckConstraint(
                condition=Q(evidence=Evidence.SITUATION, situation__isnull=False)
                | (Q(evidence__in=[Evidence.SEEN, Evidence.EARLIER]) & ~Q(note="")),
                name="skill_step_has_evidence",
                violation_error_message=_("Say what the level rests on."),
            ),
            models.CheckConstraint(
                condition=Q(own_view=OwnView.READY),
                name="skill_step_with_the_person",
                violation_error_message=_("A level goes up when the person feels ready."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.trainee} · {self.rome_code} · {self.level_from or '–'} → {self.level_to}"

    @property
    def label(self) -> str:
        """Name of the trade."""
        return rome().label(self.rome_code)


class LearningGoal(PublicIdModel, TenantModel):
    """What somebody wants to be able to do, and by when. One open goal for each trade."""

    trainee = models.ForeignKey(Trainee, models.CASCADE, related_name="goals", verbose_name=_("trainee"))
    rome_code = models.CharField(_("skill (ROME)"), max_length=5)
    wanted_level = models.CharField(_("wanted level"), max_length=15, choices=SkillLevel.choices)
    set_on = models.DateField(_("set on"))
    wanted_by = models.DateField(_("by when"), null=True, blank=True)
    status = models.CharField(_("state"), max_length=10, choices=GoalStatus.choices, default=GoalStatus.OPEN)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("learning goal")
        verbose_name_plural = _("learning goals")
        ordering = ["wanted_by", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["trainee", "rome_code"],
                condition=Q(status=GoalStatus.OPEN),
                name="goal_open_once_per_skill",
                violation_error_message=_("There is already a goal for this skill."),
            ),
            models.CheckConstraint(condition=Q(rome_code__regex=ROME_CODE), name="goal_code_is_rome"),
            models.CheckConstraint(condition=Q(wanted_level__in=SkillLevel.values), name="goal_level_is_known"),
            models.CheckConstraint(
                condition=Q(wanted_by=None) | Q(wanted_by__gte=F("set_on")),
                name="goal_day_not_past",
                violation_error_message=_("Choose a day to come."),
            ),
            models.CheckConstraint(
                condition=Q(status=GoalStatus.OPEN, ended_at=None)
                | Q(status__in=[GoalStatus.ACHIEVED, GoalStatus.DROPPED], ended_at__isnull=False),
                name="goal_ended_has_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.trainee} · {self.rome_code} → {self.wanted_level}"

    @property
    def label(self) -> str:
        """Name of the trade."""
        return rome().label(self.rome_code)
