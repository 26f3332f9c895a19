"""One person on one work order, and the person's call for help."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from bookings.enums import Leg
from bookings.models import WorkOrder
from concierge.models import PublicIdModel, TenantModel, User
from concierge.tenancy import Actor
from workers.enums import (
    ASSIGNMENT_CATEGORY,
    HOLDING,
    MOVABLE,
    OCCUPYING,
    AssignmentStatus,
    DeclineReason,
    SupervisionMode,
)
from workers.models.people import TEAM_ROLES, Trainee
from workers.rules.intervals import Interval


class TimeRange(Func):
    """``tstzrange(from, to)``, half-open: work may start when other work ends."""

    function = "tstzrange"
    output_field = DateTimeRangeField()


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    """Reads of assignments."""

    def visible_to(self, actor: Actor) -> Self:
        """Team staff: the work of their sites. A trainee: their own. Everybody else: none."""
        found = self.filter(organisation=actor.organisation)
        if actor.kind == "system":
            return found
        if actor.has_role(*TEAM_ROLES):
            sites = actor.site_ids(*TEAM_ROLES)
            return found if sites is None else found.filter(work_order__site_id__in=sites)
        return found.filter(trainee_id=actor.trainee_id) if actor.trainee_id else found.none()

    def holding(self) -> Self:
        """In somebody's hands, from given to checked."""
        return self.filter(status__in=HOLDING)

    def occupying(self) -> Self:
        """Taking the person's time."""
        return self.filter(status__in=OCCUPYING)

    def carrying(self) -> Self:
        """Of things to a provider and back, not the work itself."""
        return self.exclude(leg=Leg.WORK)

    def to_validate(self, supervisor: User) -> Self:
        """Done by the supervisor's own team and not yet checked, oldest first."""
        return self.filter(status=AssignmentStatus.DONE, trainee__supervisor=supervisor).order_by("done_at", "pk")

    def running_late(self, now: dt.datetime, *, soon: dt.timedelta) -> Self:
        """Under way and late: should have started, should be finished, or not done by what was promised to the client
        (passed, or within ``soon``). Whatever was promised first comes first."""
        due = Q(status__in=MOVABLE, planned_start__lt=now) | Q(status=AssignmentStatus.WORKING, planned_end__lt=now)
        return (
            self.occupying()
            .filter(due | Q(work_order__promised_end__lt=now + soon))
            .order_by("work_order__promised_end", "planned_start", "pk")
        )

    def between(self, window: Interval) -> Self:
        """Planned to overlap a stretch of time."""
        return self.filter(planned_start__lt=window.end, planned_end__gt=window.start)

    def for_plan(self) -> Self:
        """With what the plan of a day shows: the work and its service, nothing of the client."""
        return self.select_related("work_order").prefetch_related("work_order__service")

    def for_cards(self) -> Self:
        """With everything a card shows."""
        return self.select_related(
            "trainee",
            "work_order__service",
            "work_order__site",
            "work_order__request__client",
            "work_order__request__beneficiary",
        )


class Assignment(PublicIdModel, TenantModel):
    """A trainee on a work order, at a planned time, accompanied in a certain way (lifecycles.md 2.5)."""

    work_order = models.ForeignKey(WorkOrder, models.PROTECT, related_name="assignments", verbose_name=_("work order"))
    trainee = models.ForeignKey(Trainee, models.PROTECT, related_name="assignments", verbose_name=_("trainee"))
    status = models.CharField(
        _("status"), max_length=10, choices=AssignmentStatus.choices, default=AssignmentStatus.PROPOSED
    )
    leg = models.CharField(_("part"), max_length=10, choices=Leg.choices, default=Leg.WORK, blank=True)
    supervision_mode = models.CharField(
        _("accompanied"), max_length=12, choices=SupervisionMode.choices, default=SupervisionMode.SUPERVISED
    )
    planned_start = models.DateTimeField(_("from"))
    planned_end = models.DateTimeField(_("to"))
    # Codes of the warnings that the dispatcher saw and accepted.
    accepted_warnings = models.JSONField(_("accepted warnings"), default=list, blank=True)
    decline_reason = models.CharField(_("reason"), max_length=15, choices=DeclineReason.choices, blank=True)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)
    accepted_at = models.DateTimeField(_("seen at"), null=True, blank=True)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    done_at = models.DateTimeField(_("done at"), null=True, blank=True)
    validated_at = models.DateTimeField(_("checked at"), null=True, blank=True)
    validated_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("checked by")
    )
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")
        ordering = ["planned_start", "pk"]
        indexes = [
            models.Index(fields=["organisation", "planned_start"], name="assignment_by_start"),
            models.Index(fields=["trainee", "planned_start"], name="assignment_by_trainee"),
            models.Index(fields=["organisation", "done_at"], condition=Q(status="done"), name="assignment_to_validate"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=AssignmentStatus.values), name="assignment_status_is_known"),
            models.CheckConstraint(
                condition=Q(supervision_mode__in=SupervisionMode.values), name="assignment_mode_is_known"
            ),
            models.CheckConstraint(
                condition=Q(planned_end__gt=F("planned_start")),
                name="assignment_end_after_start",
                violation_error_message=_("The end must be after the start."),
            ),
            models.CheckConstraint(
                condition=Q(done_at=None) | Q(started_at__isnull=False, done_at__gte=F("started_at")),
                name="assignment_done_after_start",
                violation_error_message=_("Work cannot be done before it is started."),
            ),
            models.CheckConstraint(
                condition=~Q(status="validated") | Q(validated_at__isnull=False), name="assignment_validated_has_a_time"
            ),
            models.CheckConstraint(condition=Q(leg__in=Leg.values), name="assignment_leg_is_known"),
            # Carried by one person at a time; again when it has to be done again.
            models.UniqueConstraint(
                fields=["work_order"],
                condition=Q(status__in=OCCUPYING) & ~Q(leg=Leg.WORK),
                name="assignment_one_carrier_per_work_order",
                violation_error_message=_("This work has already been given to somebody."),
            ),
            models.UniqueConstraint(
                fields=["work_order"],
                condition=Q(status__in=HOLDING, leg=Leg.WORK),
                name="assignment_one_holder_per_work_order",
                violation_error_message=_("This work has already been given to somebody."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.work_order} · {self.trainee}"

    @property
    def category(self) -> str:
        """Fixed meaning of the status."""
        return ASSIGNMENT_CATEGORY[self.status].value

    @property
    def window(self) -> Interval:
        """The planned time."""
        return Interval(self.planned_start, self.planned_end)


class HelpCallQuerySet(models.QuerySet["HelpCall"]):
    """Reads of calls for help."""

    def open(self) -> Self:
        """Nobody has answered yet; the longest waiting first."""
        return self.filter(answered_at=None).order_by("asked_at", "pk")

    def visible_to(self, actor: Actor) -> Self:
        """Like the trainees who call."""
        return self.filter(trainee__in=Trainee.objects.visible_to(actor))


class HelpCall(PublicIdModel, TenantModel):
    """A trainee asks for somebody to come. One open call at a time: pressing twice is one call."""

    trainee = models.ForeignKey(Trainee, models.CASCADE, related_name="help_calls", verbose_name=_("trainee"))
    assignment = models.ForeignKey(
        Assignment, models.CASCADE, null=True, blank=True, related_name="help_calls", verbose_name=_("assignment")
    )
    asked_at = models.DateTimeField(_("asked at"), db_default=Now(), editable=False)
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    answered_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("answered by")
    )

    objects = HelpCallQuerySet.as_manager()

    class Meta:
        verbose_name = _("call for help")
        verbose_name_plural = _("calls for help")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["trainee"], condition=Q(answered_at=None), name="help_call_one_open_per_trainee"
            )
        ]

    def __str__(self) -> str:
        return f"{self.trainee} · {self.asked_at:%Y-%m-%d %H:%M}"
