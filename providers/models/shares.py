"""Too much work of a service with one business (domain.md R34)."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from bookings.models import Service
from concierge.models import PublicIdModel, TenantModel
from providers.models.businesses import Provider


class ShareAlarm(PublicIdModel, TenantModel):
    """In a month, one business had more than its part of a service: said once, with the figures of that day."""

    service = models.ForeignKey(Service, models.CASCADE, related_name="+", verbose_name=_("service"))
    provider = models.ForeignKey(Provider, models.CASCADE, related_name="+", verbose_name=_("provider"))
    month = models.DateField(_("month"))
    jobs = models.PositiveIntegerField(_("jobs of this provider"))
    of_all = models.PositiveIntegerField(_("all jobs"))
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("alarm on shares")
        verbose_name_plural = _("alarms on shares")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "service", "month"], name="share_alarm_once_a_month"),
            models.CheckConstraint(condition=Q(jobs__lte=F("of_all")), name="share_alarm_counts_part_of_all"),
        ]

    def __str__(self) -> str:
        return f"{self.service} · {self.month}"
