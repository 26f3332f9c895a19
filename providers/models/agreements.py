"""What is agreed with local businesses (domain.md R33)."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from bookings.models import Service
from bookings.models.catalogue import DateRange
from concierge.models import PublicIdModel, TenantModel
from providers.models.businesses import Provider


class ServiceAgreementQuerySet(models.QuerySet["ServiceAgreement"]):
    """Reads of agreements."""

    def valid_on(self, day: dt.date) -> Self:
        """In force that day, both ends included."""
        return self.filter(valid_from__lte=day).filter(Q(valid_to=None) | Q(valid_to__gte=day))


class ServiceAgreement(PublicIdModel, TenantModel):
    """What a provider is paid for a service, from a date on (R33).

    Either a purchase price per item, or the share of the client's price that the concierge keeps, or neither: the
    provider then gets all that the client pays.
    """

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="agreements", verbose_name=_("provider"))
    service = models.ForeignKey(Service, models.PROTECT, related_name="agreements", verbose_name=_("service"))
    purchase_price = models.DecimalField(
        _("price paid per item, incl. VAT (€)"), max_digits=8, decimal_places=2, null=True, blank=True
    )
    commission_percent = models.DecimalField(
        _("commission kept (%)"), max_digits=4, decimal_places=2, null=True, blank=True
    )
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(_("valid until (included)"), null=True, blank=True)

    objects = ServiceAgreementQuerySet.as_manager()

    class Meta:
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
        ordering = ["service__position", "-valid_from", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(purchase_price=None) | Q(commission_percent=None),
                name="service_agreement_has_one_price",
                violation_error_message=_("Agree either on a purchase price or on a commission, not on both."),
            ),
            models.CheckConstraint(
                condition=Q(purchase_price=None) | Q(purchase_price__gte=0),
                name="service_agreement_price_not_negative",
                violation_error_message=_("The price cannot be negative."),
            ),
            models.CheckConstraint(
                condition=Q(commission_percent=None) | Q(commission_percent__gte=0, commission_percent__lt=100),
                name="service_agreement_commission_is_plausible",
                violation_error_message=_("The commission must be between 0 and 100 %."),
            ),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
                name="service_agreement_end_not_before_start",
                violation_error_message=_("The last day cannot be before the first day."),
            ),
            ExclusionConstraint(
                name="service_agreements_do_not_overlap",
                expressions=[
                    ("provider", RangeOperators.EQUAL),
                    ("service", RangeOperators.EQUAL),
                    (DateRange("valid_from", "valid_to"), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("An agreement for this service already covers some of these days."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} · {self.service}"
