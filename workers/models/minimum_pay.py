"""The minimum wage by the hour (SMIC) from a day on, as the organisation wrote it down (domain.md 2.2: pay ≥ SMIC)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from concierge.models import PublicIdModel, TenantModel
from concierge.tenancy import Actor
from workers.models.contracts import STANDS, WithdrawnModel, meant
from workers.models.employers import EMPLOYER_ROLES
from workers.rules.minimum_pay import MonthlyMinimum

# Euros an hour that somebody can mean: less, or more, is a slip of the pen.
LEAST, MOST = Decimal(5), Decimal(50)


class MinimumPayQuerySet(models.QuerySet["MinimumPay"]):
    """Reads of minimum wages."""

    def visible_to(self, actor: Actor) -> Self:
        """Who reads contracts, and heads of the network. Everybody else: none."""
        found = self.filter(organisation=actor.organisation)
        return found if actor.kind == "system" or actor.has_role(*EMPLOYER_ROLES) else found.none()

    def standing(self) -> Self:
        """Those that were not withdrawn."""
        return self.filter(STANDS)


class MinimumPay(PublicIdModel, TenantModel, WithdrawnModel):
    """``hourly``: gross euros of an hour from ``starts_on`` on, until the next row begins. A row is never changed."""

    starts_on = models.DateField(_("from"))
    hourly = models.DecimalField(_("gross euros an hour"), max_digits=5, decimal_places=2)

    objects = MinimumPayQuerySet.as_manager()

    class Meta:
        verbose_name = _("minimum wage")
        verbose_name_plural = _("minimum wages")
        ordering = ["-starts_on", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "starts_on"],
                condition=STANDS,
                name="minimum_pay_once_a_day",
                violation_error_message=_("A minimum wage already begins on this day: withdraw that one first."),
            ),
            models.CheckConstraint(
                condition=Q(hourly__range=(LEAST, MOST)),
                name="minimum_pay_is_plausible",
                violation_error_message=_("The minimum wage is an amount of an hour, between 5 and 50 euros."),
            ),
            models.CheckConstraint(
                condition=meant("starts_on"),
                name="minimum_pay_of_a_plausible_day",
                violation_error_message=_("Check this day: its year cannot be meant."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_on} · {self.hourly}"


def monthly_minimum(organisation_id: int) -> MonthlyMinimum:
    """What the minimum wage makes a month, by day; one query. Empty where nobody wrote it down."""
    rows = MinimumPay.objects.standing().filter(organisation=organisation_id).order_by("starts_on")
    days: tuple[tuple[dt.date, Decimal], ...] = tuple(rows.values_list("starts_on", "hourly"))
    return MonthlyMinimum(days)
