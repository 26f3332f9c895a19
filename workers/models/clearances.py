"""What somebody is allowed to do: a licence, a certificate, from a day to another (Habilitation)."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from bookings.enums import ClearanceKind
from concierge.models import PublicIdModel, TenantModel
from workers.models.people import Trainee
from workers.rules.contracts import FIRST_PAPER_DAY, LAST_DAY


class ClearanceQuerySet(models.QuerySet["Clearance"]):
    """Reads of clearances."""

    def held(self) -> Self:
        """Not taken out of the file; the latest to end first within a kind, one without an end before all."""
        return self.filter(withdrawn_at=None).order_by("kind", F("valid_until").desc(nulls_first=True), "-pk")


class Clearance(PublicIdModel, TenantModel):
    """One licence or certificate. The number of its paper is optional; the paper itself is not kept here."""

    trainee = models.ForeignKey(Trainee, models.CASCADE, related_name="clearances", verbose_name=_("trainee"))
    kind = models.CharField(_("clearance"), max_length=20, choices=ClearanceKind.choices)
    valid_from = models.DateField(_("valid from"))
    valid_until = models.DateField(_("valid until (included)"), null=True, blank=True)
    document_number = models.CharField(_("number of the document"), max_length=40, blank=True)
    noted_at = models.DateTimeField(_("noted at"), db_default=Now(), editable=False)
    withdrawn_at = models.DateTimeField(_("taken out at"), null=True, blank=True)

    objects = ClearanceQuerySet.as_manager()

    class Meta:
        verbose_name = _("clearance")
        verbose_name_plural = _("clearances")
        ordering = ["kind", "-valid_from", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=ClearanceKind.values), name="clearance_kind_is_known"),
            models.CheckConstraint(
                condition=Q(
                    valid_from__range=(FIRST_PAPER_DAY, LAST_DAY), valid_until__range=(FIRST_PAPER_DAY, LAST_DAY)
                ),
                name="clearance_within_range",
                violation_error_message=_("Check this day: its year cannot be meant."),
            ),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gte=F("valid_from")),
                name="clearance_end_not_before_start",
                violation_error_message=_("A clearance cannot end before it starts."),
            ),
            models.UniqueConstraint(
                fields=["trainee", "kind", "valid_from"],
                condition=Q(withdrawn_at=None),
                name="clearance_once_from_a_day",
                violation_error_message=_("This clearance is already in the file."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.trainee} · {self.kind}"
