"""By which rules providers are judged (domain.md R34)."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from bookings.models import Service
from concierge.models import PublicIdModel, TenantModel
from providers.rules.terms import MatchingTerms


class MatchingPolicyQuerySet(models.QuerySet["MatchingPolicy"]):
    """Reads of editions."""

    def for_service(self, service_id: int | None) -> Self:
        """Those of one service, or (none) those for all services without rules of their own; the newest first."""
        return self.filter(service_id=service_id).order_by("-valid_from", "-version")

    def in_force(self, service_id: int | None, day: dt.date) -> MatchingPolicy | None:
        """What holds for a service that day: its own edition, else that for all; the last one that has begun."""
        begun = self.filter(Q(service_id=service_id) | Q(service=None), valid_from__lte=day)
        return begun.order_by(F("service_id").asc(nulls_last=True), "-valid_from", "-version").first()


class MatchingPolicy(PublicIdModel, TenantModel):
    """One edition of the rules, for a service or (no service) for all others, from a day on. Never changed: a new one
    follows. ``terms`` are those of ``rules.terms``, checked before they get here."""

    service = models.ForeignKey(
        Service, models.CASCADE, null=True, blank=True, related_name="matching_policies", verbose_name=_("service")
    )
    version = models.PositiveIntegerField(_("edition"))
    valid_from = models.DateField(_("valid from"))
    terms = models.JSONField(_("rules"))
    created_by = models.CharField(_("decided by"), max_length=120, blank=True)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    objects = MatchingPolicyQuerySet.as_manager()

    class Meta:
        verbose_name = _("edition of the matching rules")
        verbose_name_plural = _("editions of the matching rules")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "service", "version"],
                name="matching_policy_edition_once",
                nulls_distinct=False,
                violation_error_message=_("Somebody else changed these rules meanwhile."),
            ),
            models.CheckConstraint(condition=Q(version__gte=1), name="matching_policy_editions_count_from_one"),
        ]

    def __str__(self) -> str:
        service = self.service or _("All services")
        return f"{service} · {self.version}"

    @property
    def rules(self) -> MatchingTerms:
        """What it says."""
        return MatchingTerms.from_data(self.terms)
