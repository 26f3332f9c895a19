"""How a pathway ended, and what became of the person three and six months later (R29, domain.md 2.7)."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from concierge.models import PublicIdModel, TenantModel
from concierge.tenancy import Actor
from workers.enums.exits import CATEGORY_OF, ExitCategory, Situation
from workers.models.passes import pathways_of
from workers.models.people import Trainee

# Months after the last day at which somebody asks what became of the person.
MONTHS = (3, 6)


class TeamExitQuerySet(models.QuerySet["TeamExit"]):
    """Reads of exits."""

    def visible_to(self, actor: Actor) -> Self:
        """Those of people whose pathway the actor follows."""
        return self.filter(pathways_of(actor))

    def standing(self) -> Self:
        """Of people who have not come back since."""
        return self.filter(returned_on=None)


class TeamExit(PublicIdModel, TenantModel):
    """Somebody's last day on the team, and what they do then; without ``situation``: nobody has said yet."""

    trainee = models.ForeignKey(Trainee, models.PROTECT, related_name="exits", verbose_name=_("trainee"))
    last_on = models.DateField(_("last day on the team (included)"))
    situation = models.CharField(
        _("what they do now"), max_length=15, choices=Situation.choices, blank=True, db_default="", default=""
    )
    said_label = models.CharField(_("said by"), max_length=120, blank=True, db_default="", default="")
    returned_on = models.DateField(_("back on the team since"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    objects = TeamExitQuerySet.as_manager()

    class Meta:
        verbose_name = _("exit")
        verbose_name_plural = _("exits")
        ordering = ["-last_on", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["trainee"], condition=Q(returned_on=None), name="exit_one_standing_per_person"
            ),
            models.CheckConstraint(condition=Q(situation__in=["", *Situation.values]), name="exit_situation_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.last_on} · {self.situation}"

    @property
    def category(self) -> ExitCategory | None:
        """What the State makes of it."""
        return CATEGORY_OF.get(self.situation)


class ExitFollowUp(PublicIdModel, TenantModel):
    """What became of them some months later: how often somebody tried to find out, and the answer once there is one."""

    exit = models.ForeignKey(TeamExit, models.CASCADE, related_name="follow_ups", verbose_name=_("exit"))
    months = models.PositiveSmallIntegerField(_("months after"))
    due_on = models.DateField(_("to be asked on"))
    tries = models.PositiveSmallIntegerField(_("tries without an answer"), default=0, db_default=0)
    tried_on = models.DateField(_("last tried on"), null=True, blank=True)
    situation = models.CharField(
        _("what they do then"), max_length=15, choices=Situation.choices, blank=True, db_default="", default=""
    )
    answered_on = models.DateField(_("answered on"), null=True, blank=True)
    said_label = models.CharField(_("written down by"), max_length=120, blank=True, db_default="", default="")

    class Meta:
        verbose_name = _("follow-up after leaving")
        verbose_name_plural = _("follow-ups after leaving")
        ordering = ["due_on", "pk"]
        indexes = [
            models.Index(fields=["organisation", "due_on"], condition=Q(answered_on=None), name="exit_follow_up_to_do")
        ]
        constraints = [
            models.UniqueConstraint(fields=["exit", "months"], name="exit_follow_up_once"),
            models.CheckConstraint(condition=Q(months__in=MONTHS), name="exit_follow_up_at_known_months"),
            models.CheckConstraint(
                condition=Q(answered_on=None, situation="")
                | Q(answered_on__isnull=False, situation__in=Situation.values),
                name="exit_follow_up_answered_on_a_day",
                violation_error_message=_("Choose what the person does now."),
            ),
            models.CheckConstraint(
                condition=Q(tries=0, tried_on=None) | Q(tries__gte=1, tried_on__isnull=False),
                name="exit_follow_up_tried_on_a_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.exit} + {self.months}"
