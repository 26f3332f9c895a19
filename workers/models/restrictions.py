"""What somebody must not be given to do, or needs: a code and its last day, never a cause (L23, P01)."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from bookings.models.catalogue import DateRange
from concierge.models import PublicIdModel, TenantModel
from workers.enums.contracts import AT_A_TIME, TIMED_RESTRICTIONS, RestrictionCode
from workers.models.people import Trainee
from workers.rules import contracts as rules


class WorkRestrictionQuerySet(models.QuerySet["WorkRestriction"]):
    """Reads of restrictions; who sees the person sees them."""

    def between(self, first: dt.date, last: dt.date) -> Self:
        """Those that count on some day of these."""
        return self.filter(Q(ends_on=None) | Q(ends_on__gte=first), starts_on__lte=last)


class WorkRestriction(PublicIdModel, TenantModel):
    """One capability that is missing or needed, from a day to a day; no last day: until somebody says otherwise."""

    trainee = models.ForeignKey(Trainee, models.CASCADE, related_name="restrictions", verbose_name=_("trainee"))
    code = models.CharField(_("restriction"), max_length=15, choices=RestrictionCode.choices)
    at = models.TimeField(_("time"), null=True, blank=True)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to (included)"), null=True, blank=True)

    objects = WorkRestrictionQuerySet.as_manager()

    class Meta:
        verbose_name = _("restriction")
        verbose_name_plural = _("restrictions")
        ordering = ["code", "starts_on", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(code__in=RestrictionCode.values), name="restriction_is_known"),
            models.CheckConstraint(
                condition=Q(
                    starts_on__range=(rules.FIRST_DAY, rules.LAST_DAY), ends_on__range=(rules.FIRST_DAY, rules.LAST_DAY)
                ),
                name="restriction_within_range",
                violation_error_message=_("Check this day: its year cannot be meant."),
            ),
            models.CheckConstraint(
                condition=Q(code__in=TIMED_RESTRICTIONS, at__isnull=False)
                | (~Q(code__in=TIMED_RESTRICTIONS) & Q(at__isnull=True)),
                name="restriction_has_its_time",
                violation_error_message=_("Say from or until which time of day."),
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="restriction_end_not_before_start",
                violation_error_message=_("The last day cannot be before the first day."),
            ),
            ExclusionConstraint(
                name="restriction_once_at_a_time",
                expressions=[
                    ("trainee", RangeOperators.EQUAL),
                    ("code", RangeOperators.EQUAL),
                    (DateRange("starts_on", "ends_on"), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("This restriction is already written down for some of these days."),
            ),
        ]

    def __str__(self) -> str:
        if self.at is None:
            return str(self.get_code_display())
        return str(AT_A_TIME[self.code]) % {"time": f"{self.at:%H:%M}"}

    @property
    def facts(self) -> rules.Restriction:
        """As the rules see it."""
        return rules.Restriction(self.code, self.starts_on, self.ends_on, self.at)
