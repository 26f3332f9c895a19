"""Prices from a day on, and supplements (R1)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import Deferrable, F, Q, Value
from django.db.models.functions import Coalesce
from django.utils.formats import time_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings.enums import SupplementRule
from bookings.models.catalogue import DateRange, NamedModel, PriceItem, Service, ServiceOption
from concierge.models import PublicIdModel, TenantModel
from concierge.words import date_words, euros, figures, percent


class DatedPriceQuerySet(models.QuerySet["DatedPrice"]):
    """Reads of dated prices."""

    def on(self, day: dt.date) -> Self:
        """Those that count on a day."""
        return self.filter(valid_from__lte=day).filter(Q(valid_to=None) | Q(valid_to__gte=day))


class DatedPrice(PublicIdModel, TenantModel):
    """The price of a service, of an item of its grid or of an option from a day on. On other days the price written on
    the thing itself counts; the day of the order decides."""

    service = models.ForeignKey(Service, models.CASCADE, related_name="dated_prices", verbose_name=_("service"))
    item = models.ForeignKey(
        PriceItem, models.CASCADE, null=True, blank=True, related_name="dated_prices", verbose_name=_("item")
    )
    option = models.ForeignKey(
        ServiceOption, models.CASCADE, null=True, blank=True, related_name="dated_prices", verbose_name=_("option")
    )
    unit_price = models.DecimalField(_("price incl. VAT (€)"), max_digits=8, decimal_places=2)
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(_("valid to"), null=True, blank=True)

    objects = DatedPriceQuerySet.as_manager()

    class Meta:
        verbose_name = _("dated price")
        verbose_name_plural = _("dated prices")
        ordering = ["valid_from", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(unit_price__gte=0), name="dated_price_not_negative"),
            models.CheckConstraint(condition=Q(item=None) | Q(option=None), name="dated_price_of_one_thing"),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
                name="dated_price_end_not_before_start",
                violation_error_message=_("The last day cannot be before the first day."),
            ),
            ExclusionConstraint(
                name="dated_price_one_per_day",
                expressions=[
                    ("service", RangeOperators.EQUAL),
                    # By the names of the fields: under those of the columns, checking a row would compare columns.
                    (Coalesce(F("item"), Value(0), output_field=models.BigIntegerField()), RangeOperators.EQUAL),
                    (Coalesce(F("option"), Value(0), output_field=models.BigIntegerField()), RangeOperators.EQUAL),
                    (DateRange("valid_from", "valid_to"), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("Another price is already valid in this period."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit_price} · {self.valid_from}"


class Supplement(PublicIdModel, TenantModel, NamedModel):
    """Something added to the price of a service: chosen by the client, or added by a rule; from a day on, to a day, or
    always. The day of the order decides, as for prices."""

    service = models.ForeignKey(Service, models.CASCADE, related_name="supplements", verbose_name=_("service"))
    rule = models.CharField(_("when"), max_length=10, choices=SupplementRule.choices, default=SupplementRule.CHOSEN)
    amount = models.DecimalField(_("amount incl. VAT (€)"), max_digits=8, decimal_places=2, null=True, blank=True)
    percent = models.DecimalField(_("or per cent"), max_digits=5, decimal_places=2, null=True, blank=True)
    after = models.TimeField(_("from this time on"), null=True, blank=True)
    beyond_km = models.DecimalField(_("beyond (km)"), max_digits=5, decimal_places=2, null=True, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("active"), default=True)
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_to = models.DateField(_("valid to"), null=True, blank=True)

    class Meta:
        verbose_name = _("supplement")
        verbose_name_plural = _("supplements")
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__isnull=False, amount__gte=0, percent=None)
                | Q(amount=None, percent__isnull=False, percent__gt=0, percent__lte=100),
                name="supplement_is_amount_or_percent",
                violation_error_message=_("Give an amount, or a percentage up to 100, not both."),
            ),
            models.CheckConstraint(
                condition=Q(rule="evening", after__isnull=False, beyond_km=None)
                | Q(rule="beyond", beyond_km__isnull=False, beyond_km__gt=0, after=None)
                | Q(rule__in=["chosen", "saturday", "sunday", "holiday"], after=None, beyond_km=None),
                name="supplement_rule_is_whole",
                violation_error_message=_("In the evening: say from which time. Far away: say beyond which distance."),
            ),
            models.CheckConstraint(
                condition=Q(valid_from=None) | Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
                name="supplement_end_not_before_start",
                violation_error_message=_("The last day cannot be before the first day."),
            ),
            ExclusionConstraint(
                name="supplement_one_per_day",
                expressions=[
                    ("service", RangeOperators.EQUAL),
                    ("name", RangeOperators.EQUAL),
                    (DateRange("valid_from", "valid_to"), RangeOperators.OVERLAPS),
                ],
                condition=Q(is_active=True),
                # At the end of a statement: what ends and what follows it are written together.
                deferrable=Deferrable.IMMEDIATE,
                violation_error_message=_(
                    "Another supplement of this name counts in this period: end that one the day before, or give this "
                    "one another name."
                ),
            ),
        ]

    def counts_on(self, day: dt.date | None) -> bool:
        """Whether it is added to what is ordered on a day; on whichever, without one."""
        if not self.is_active or day is None:
            return self.is_active
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)

    @property
    def price_words(self) -> str:
        """+ 5,00 €, or + 20 %."""
        return f"+\u00a0{euros(self.amount) if self.amount is not None else percent(self.percent or Decimal(0))}"

    @property
    def when_words(self) -> str:
        """On a Saturday, from 18:00, beyond 10 km; empty when the client chooses."""
        if self.rule == SupplementRule.SATURDAY:
            return gettext("on a Saturday")
        if self.rule == SupplementRule.SUNDAY:
            return gettext("on a Sunday")
        if self.rule == SupplementRule.HOLIDAY:
            return gettext("on a public holiday")
        if self.rule == SupplementRule.EVENING and self.after is not None:
            return gettext("from %(time)s on") % {"time": time_format(self.after)}
        if self.rule == SupplementRule.BEYOND and self.beyond_km is not None:
            return gettext("beyond %(distance)s km") % {"distance": figures(self.beyond_km)}
        return ""

    @property
    def period_words(self) -> str:
        """From the 1st of July 2027 on, until the 31st of August 2027; empty when it always counts."""
        days = {
            "first": date_words(self.valid_from) if self.valid_from else "",
            "last": date_words(self.valid_to) if self.valid_to else "",
        }
        if self.valid_from and self.valid_to:
            return gettext("from %(first)s to %(last)s") % days
        if self.valid_from:
            return gettext("from %(first)s on") % days
        return gettext("until %(last)s") % days if self.valid_to else ""
