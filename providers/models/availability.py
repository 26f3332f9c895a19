"""When local businesses answer, and when they are away (domain.md R32)."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from bookings.models.availability import Seconds, SecondsRange
from bookings.models.catalogue import DateRange
from concierge.models import PublicIdModel, TenantModel
from concierge.tenancy import Actor
from providers.models.businesses import Provider


class ProviderHours(TenantModel):
    """One opening of one weekday (0 = Monday), wall-clock time: answers are due within these hours."""

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="opening_hours", verbose_name=_("provider"))
    weekday = models.PositiveSmallIntegerField(_("weekday"))
    opens = models.TimeField(_("opens"))
    closes = models.TimeField(_("closes"))

    class Meta:
        verbose_name = _("provider's opening hours")
        verbose_name_plural = _("providers' opening hours")
        ordering = ["weekday", "opens", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(weekday__lte=6), name="provider_hours_weekday_exists"),
            models.CheckConstraint(
                condition=Q(closes__gt=F("opens")),
                name="provider_hours_end_after_start",
                violation_error_message=_("The closing time must be after the opening time."),
            ),
            ExclusionConstraint(
                name="provider_hours_do_not_overlap",
                expressions=[
                    ("provider", RangeOperators.EQUAL),
                    ("weekday", RangeOperators.EQUAL),
                    (SecondsRange(Seconds("opens"), Seconds("closes")), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("These hours overlap other hours of the same day."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.weekday} {self.opens:%H:%M}–{self.closes:%H:%M}"


# Nobody is away for longer at a stretch.
LONGEST_CLOSURE = dt.timedelta(days=366)


class ProviderClosureQuerySet(models.QuerySet["ProviderClosure"]):
    """Reads of closures."""

    def visible_to(self, actor: Actor) -> Self:
        """Those of the providers that the actor sees."""
        return self.filter(provider__in=Provider.objects.visible_to(actor))

    def still_to_come(self, today: dt.date) -> Self:
        """Not over yet, the next one first."""
        return self.filter(last_on__gte=today).order_by("first_on", "pk")


class ProviderClosure(PublicIdModel, TenantModel):
    """Days on which a business is closed, both ends included: no answer is due then, no work is offered for them."""

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="closures", verbose_name=_("provider"))
    first_on = models.DateField(_("closed from"))
    last_on = models.DateField(_("until (included)"))
    reason = models.CharField(_("reason"), max_length=120, blank=True)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    objects = ProviderClosureQuerySet.as_manager()

    class Meta:
        verbose_name = _("closure of a provider")
        verbose_name_plural = _("closures of providers")
        ordering = ["first_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(last_on__gte=F("first_on")),
                name="provider_closure_end_not_before_start",
                violation_error_message=_("The last day cannot be before the first day."),
            ),
            models.CheckConstraint(
                condition=Q(last_on__lt=F("first_on") + LONGEST_CLOSURE),
                name="provider_closure_lasts_a_year_at_most",
                violation_error_message=_("A closure lasts a year at most. To end the partnership, pause it."),
            ),
            ExclusionConstraint(
                name="provider_closures_do_not_overlap",
                expressions=[
                    ("provider", RangeOperators.EQUAL),
                    (DateRange("first_on", "last_on"), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("Another closure already covers some of these days."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_on} → {self.last_on}"
