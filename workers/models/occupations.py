"""Whose time a piece of work takes: who does it, who is beside them. One table, so that the database is the referee.

The row of who does the work is written by a trigger on assignments (``occupation_of_assignment``), so that no way of
changing an assignment can forget it; the row of who accompanies is written by ``workers.actions.companions`` and moves
and ends with its assignment by the same trigger.
"""

from __future__ import annotations

from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from concierge.models import TenantModel, User
from workers.enums import AssignmentStatus
from workers.models.assignments import Assignment, TimeRange
from workers.models.people import Trainee
from workers.rules.intervals import Interval

DONE = (AssignmentStatus.DONE, AssignmentStatus.VALIDATED)


class OccupationQuerySet(models.QuerySet["Occupation"]):
    """Reads of occupations."""

    def taking(self) -> Self:
        """Taking somebody's time: given and not yet done."""
        return self.filter(is_over=False)

    def companions(self) -> Self:
        """Of those who accompany, not of those who do the work."""
        return self.filter(is_companion=True)

    def in_fact(self) -> Self:
        """Planned or really done: not what was taken back, nor replaced by somebody else."""
        return self.filter(Q(is_over=False) | Q(assignment__status__in=DONE))

    def for_cards(self) -> Self:
        """With everything a card shows."""
        return self.select_related(
            "trainee",
            "user",
            "assignment__trainee",
            "assignment__work_order__service",
            "assignment__work_order__site",
            "assignment__work_order__request__client",
        )

    def between(self, window: Interval) -> Self:
        """Overlapping a stretch of time."""
        return self.filter(starts__lt=window.end, ends__gt=window.start)


class Occupation(TenantModel):
    """A stretch of time that an assignment takes of a trainee or of a supervisor."""

    assignment = models.ForeignKey(Assignment, models.CASCADE, related_name="occupations", verbose_name=_("assignment"))
    trainee = models.ForeignKey(
        Trainee, models.CASCADE, null=True, blank=True, related_name="occupations", verbose_name=_("trainee")
    )
    user = models.ForeignKey(
        User, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("technical supervisor")
    )
    is_companion = models.BooleanField(_("accompanies"), default=False)
    starts = models.DateTimeField(_("from"))
    ends = models.DateTimeField(_("to"))
    is_over = models.BooleanField(_("over"), default=False)

    objects = OccupationQuerySet.as_manager()

    class Meta:
        verbose_name = _("occupation")
        verbose_name_plural = _("occupations")
        ordering = ["starts", "pk"]
        indexes = [models.Index(fields=["trainee", "starts"], name="occupation_by_trainee")]
        constraints = [
            models.CheckConstraint(condition=Q(ends__gt=F("starts")), name="occupation_end_after_start"),
            models.CheckConstraint(
                condition=Q(trainee__isnull=False, user=None) | Q(trainee=None, user__isnull=False, is_companion=True),
                name="occupation_of_one_person",
            ),
            models.UniqueConstraint(fields=["assignment"], condition=Q(is_companion=False), name="occupation_one_doer"),
            models.UniqueConstraint(
                fields=["assignment"],
                condition=Q(is_companion=True, is_over=False),
                name="occupation_one_companion",
                violation_error_message=_("Somebody else accompanies this work."),
            ),
            ExclusionConstraint(
                name="trainee_not_in_two_places",
                expressions=[
                    ("trainee", RangeOperators.EQUAL),
                    (TimeRange("starts", "ends"), RangeOperators.OVERLAPS),
                ],
                condition=Q(is_over=False),
                violation_error_message=_("This person already has work at that time."),
            ),
            ExclusionConstraint(
                name="nobody_accompanies_two_at_once",
                expressions=[
                    ("user", RangeOperators.EQUAL),
                    (TimeRange("starts", "ends"), RangeOperators.OVERLAPS),
                ],
                condition=Q(is_over=False),
                violation_error_message=_("This supervisor already accompanies somebody at that time."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.trainee or self.user} · {self.starts:%Y-%m-%d %H:%M}"

    @property
    def window(self) -> Interval:
        """The time it takes."""
        return Interval(self.starts, self.ends)

    @property
    def name(self) -> str:
        """First name of whom it is."""
        who = self.trainee or self.user
        return who.first_name if who else ""
