"""What a request costs, line by line."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Round
from django.utils.translation import gettext_lazy as _

from bookings.enums import LineKind, WorkOrderStatus
from bookings.models.catalogue import Service
from bookings.models.requests import ServiceRequest, WorkOrder
from concierge.models import TenantModel

# Work that is over without having been done.
NOT_CHARGED = frozenset({WorkOrderStatus.FAILED, WorkOrderStatus.CANCELLED})


class RequestLine(TenantModel):
    """A priced line. Everything on it is frozen: later changes of the catalogue do not touch it (R1)."""

    request = models.ForeignKey(ServiceRequest, models.CASCADE, related_name="lines", verbose_name=_("request"))
    work_order = models.ForeignKey(
        WorkOrder, models.PROTECT, null=True, related_name="lines", verbose_name=_("work order")
    )
    service = models.ForeignKey(Service, models.PROTECT, related_name="+", verbose_name=_("service"))
    kind = models.CharField(_("kind"), max_length=10, choices=LineKind.choices, default=LineKind.ITEM)
    description = models.CharField(_("description"), max_length=250)
    quantity = models.DecimalField(_("quantity"), max_digits=8, decimal_places=3)
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    unit_price_incl_vat = models.DecimalField(_("unit price incl. VAT (€)"), max_digits=8, decimal_places=2)
    vat_code = models.SlugField(_("VAT code"), max_length=20)
    vat_rate = models.DecimalField(_("VAT rate (%)"), max_digits=4, decimal_places=2)
    total_incl_vat = models.DecimalField(_("total incl. VAT (€)"), max_digits=10, decimal_places=2)
    # Of what its service comes to, when the price is a share of it.
    percent = models.DecimalField(_("per cent"), max_digits=5, decimal_places=2, null=True, blank=True)
    # Nobody has weighed it yet; else what was announced, and what the scale said, of which the least is charged.
    is_estimate = models.BooleanField(_("estimated"), default=False)
    ordered_quantity = models.DecimalField(_("announced"), max_digits=8, decimal_places=3, null=True, blank=True)
    measured_quantity = models.DecimalField(_("measured"), max_digits=8, decimal_places=3, null=True, blank=True)
    position = models.PositiveSmallIntegerField(_("position"))

    class Meta:
        verbose_name = _("line")
        verbose_name_plural = _("lines")
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gt=0, quantity__lte=500),
                name="request_line_quantity_is_plausible",
                violation_error_message=_("The quantity must be above 0 and not above 500."),
            ),
            models.CheckConstraint(
                # Half a cent counts for a whole one, line by line: as on the invoice.
                condition=Q(total_incl_vat=Round(F("quantity") * F("unit_price_incl_vat"), precision=2)),
                name="request_line_total_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(measured_quantity=None, ordered_quantity=None)
                | Q(
                    measured_quantity__isnull=False,
                    measured_quantity__gt=0,
                    ordered_quantity__isnull=False,
                    is_estimate=False,
                ),
                name="request_line_measured_is_no_estimate",
            ),
        ]

    def __str__(self) -> str:
        return self.description

    @property
    def announced(self) -> Decimal:
        """How many or how much was ordered, whatever was weighed or counted since."""
        return self.quantity if self.ordered_quantity is None else self.ordered_quantity

    @property
    def is_charged(self) -> bool:
        """Whether it costs anything: what will not be done costs nothing."""
        return self.work_order is None or self.work_order.status not in NOT_CHARGED

    def within(self, service: Service) -> str:
        """What it is, where the page names the service already: ``Chemise`` and not ``Repassage – Chemise``."""
        return self.description.removeprefix(f"{service.name} – ")
