"""Where eligible providers are, kept ready for an index (domain.md R34; ADR 18)."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from bookings.models import Service
from concierge.models import TenantModel
from providers.models.agreements import ServiceAgreement
from providers.models.businesses import Provider


class ProviderReach(TenantModel):
    """What a search asks of one binding agreement and its provider, side by side: computed from their rows, written by
    ``actions.reach`` alone. Two more columns are made and read by PostgreSQL only: ``spot``, a point for the index, and
    ``closed``, the days away.

    Days without an end are the last of 9999, papers that are missing ended in the year 1.
    """

    agreement = models.OneToOneField(
        ServiceAgreement, models.CASCADE, related_name="reach", verbose_name=_("agreement")
    )
    provider = models.ForeignKey(Provider, models.CASCADE, related_name="+", verbose_name=_("provider"))
    service = models.ForeignKey(Service, models.CASCADE, related_name="+", verbose_name=_("service"))
    latitude = models.DecimalField(_("latitude"), max_digits=9, decimal_places=6, null=True)
    longitude = models.DecimalField(_("longitude"), max_digits=9, decimal_places=6, null=True)
    radius_km = models.PositiveSmallIntegerField(_("area served (km)"))
    is_active = models.BooleanField(_("active"))
    agreed_from = models.DateField(_("agreed from"))
    agreed_to = models.DateField(_("agreed until (included)"))
    notice_hours = models.PositiveSmallIntegerField(_("minimum notice (hours)"))
    papers_until = models.DateField(_("papers count until (included)"))
    insured_until = models.DateField(_("insurance and registration count until (included)"))
    full_on = ArrayField(models.DateField(), verbose_name=_("fully booked on"))
    # Nothing: every site, the distance alone, no such weekday.
    sites = ArrayField(models.BigIntegerField(), null=True, verbose_name=_("sites served"))
    postcodes = ArrayField(models.CharField(max_length=5), null=True, verbose_name=_("postcodes served"))
    never_on = ArrayField(models.PositiveSmallIntegerField(), null=True, verbose_name=_("weekdays without any job"))

    class Meta:
        verbose_name = _("reach of a provider")
        verbose_name_plural = _("reaches of providers")
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["organisation", "provider"], name="reach_of_provider"),
            models.Index(
                fields=["organisation", "service", "provider"],
                condition=models.Q(latitude=None),
                name="reach_without_a_place",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agreement_id}"
