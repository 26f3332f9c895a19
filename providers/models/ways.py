"""How far it is by road from a provider to a place, as a router measured it (ADR 23)."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from concierge.models import TenantModel
from providers.enums import TravelMode
from providers.models.businesses import Provider

# Places are kept to about a hundred metres: near enough for a distance, and not whose door it is.
STEP = Decimal("0.001")


class ProviderWay(TenantModel):
    """The way from where a provider was (``from_*``) to a place, for its way of coming; without ``km`` there is no
    road. It says nothing any more once the provider is elsewhere or comes otherwise."""

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="ways", verbose_name=_("provider"))
    latitude = models.DecimalField(_("latitude"), max_digits=6, decimal_places=3)
    longitude = models.DecimalField(_("longitude"), max_digits=6, decimal_places=3)
    from_latitude = models.DecimalField(max_digits=9, decimal_places=6)
    from_longitude = models.DecimalField(max_digits=9, decimal_places=6)
    mode = models.CharField(_("how they come"), max_length=10, choices=TravelMode.choices)
    km = models.DecimalField(_("kilometres"), max_digits=7, decimal_places=1, null=True)
    minutes = models.PositiveIntegerField(_("minutes"), null=True)
    measured_at = models.DateTimeField(_("measured at"))
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("way of a provider")
        verbose_name_plural = _("ways of providers")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "latitude", "longitude"], name="provider_way_once_per_place"),
            models.CheckConstraint(condition=Q(mode__in=TravelMode.values), name="provider_way_mode_is_known"),
            models.CheckConstraint(condition=Q(km__isnull=True) | Q(km__gte=0), name="provider_way_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.provider_id} → {self.latitude}, {self.longitude}"
