"""Plans that give out the work of a day at once, beside giving it out one by one (domain.md R34)."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from bookings.models import WorkOrder
from concierge.enums import Role
from concierge.models import PublicIdModel, Site, TenantModel
from concierge.tenancy import Actor
from providers.enums import ProposalStatus, RunStatus
from providers.models.businesses import Provider

# Who gives out work.
PLANNERS = (Role.DISPATCHER, Role.SITE_MANAGER, Role.NETWORK_HEAD)


class AssignmentRunQuerySet(models.QuerySet["AssignmentRun"]):
    """Reads of plans."""

    def visible_to(self, actor: Actor) -> Self:
        """Staff: those of the sites whose work they give out. Others: none."""
        found = self.filter(organisation=actor.organisation)
        if not actor.is_staff:
            return found.none()
        sites = actor.site_ids(*PLANNERS)
        return found if sites is None else found.filter(site_id__in=sites)


class AssignmentRun(PublicIdModel, TenantModel):
    """One plan for the work of a site and a day: what was known (``snapshot``), and both ways of giving it out in
    numbers. Never changed once it is proposed; another one is asked for."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="+", verbose_name=_("site"))
    day = models.DateField(_("day"))
    status = models.CharField(_("status"), max_length=20, choices=RunStatus.choices, default=RunStatus.COMPUTING)
    snapshot = models.JSONField(_("what was known"), default=dict, blank=True)
    one_by_one = models.JSONField(_("one by one"), default=dict, blank=True)
    at_once = models.JSONField(_("all at once"), default=dict, blank=True)
    failure = models.CharField(_("reason"), max_length=100, blank=True)
    asked_by = models.CharField(_("asked by"), max_length=120, blank=True)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    objects = AssignmentRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("plan of a day")
        verbose_name_plural = _("plans of days")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=RunStatus.values), name="assignment_run_status_is_known"),
            models.UniqueConstraint(
                fields=["site", "day"],
                condition=Q(status="computing"),
                name="assignment_run_once_at_a_time",
                violation_error_message=_("This plan is already being worked out."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.site} · {self.day}"


class ProposedAssignment(PublicIdModel, TenantModel):
    """Who would do one work order, by both ways. ``version`` is that of the order when it was planned; ``why`` the best
    other choice, in metres and jobs."""

    run = models.ForeignKey(AssignmentRun, models.CASCADE, related_name="proposals", verbose_name=_("plan"))
    work_order = models.ForeignKey(WorkOrder, models.CASCADE, related_name="+", verbose_name=_("work order"))
    version = models.PositiveIntegerField(_("version"))
    provider = models.ForeignKey(
        Provider, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("provider")
    )
    metres = models.PositiveIntegerField(_("distance (m)"), null=True, blank=True)
    alone = models.ForeignKey(
        Provider, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("one by one")
    )
    why = models.JSONField(_("why"), default=dict, blank=True)
    status = models.CharField(
        _("status"), max_length=20, choices=ProposalStatus.choices, default=ProposalStatus.PROPOSED
    )

    class Meta:
        verbose_name = _("line of a plan")
        verbose_name_plural = _("lines of plans")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["run", "work_order"], name="proposed_assignment_once_per_run"),
            models.CheckConstraint(
                condition=Q(status__in=ProposalStatus.values), name="proposed_assignment_status_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(status="applied") | Q(provider__isnull=False),
                name="proposed_assignment_applied_to_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.work_order} → {self.provider or '–'}"
