"""What people said of hours that were told late: an agreed change asks for no notice (L14), and neither do extra hours
to which somebody says yes (L13). One row per day and hours: other hours of the day are another question, and so are the
same ones once others were published in their place.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any, Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from concierge.models import PublicIdModel, TenantModel, User
from concierge.tenancy import Actor
from workers.enums.consents import ConsentStatus, SaidBy
from workers.models.people import TEAM_ROLES, Trainee
from workers.models.shifts import Shift
from workers.rules.shifts import DayHours


class HoursConsentQuerySet(models.QuerySet["HoursConsent"]):
    """Reads of consents."""

    def visible_to(self, actor: Actor) -> Self:
        """Team staff: those of people of their sites. A trainee: their own. Everybody else: none."""
        found = self.filter(organisation=actor.organisation)
        if actor.kind == "system":
            return found
        if actor.has_role(*TEAM_ROLES):
            sites = actor.site_ids(*TEAM_ROLES)
            return found if sites is None else found.filter(trainee__site_id__in=sites)
        return found.filter(trainee_id=actor.trainee_id) if actor.trainee_id else found.none()

    def agreed(self) -> Self:
        """The person said yes."""
        return self.filter(status=ConsentStatus.AGREED)

    def to_answer(self, trainee: Trainee, today: dt.date) -> Self:
        """What the person is asked of days to come, in order; not of those after their last one on the team."""
        return self.to_come(trainee, today).filter(status=ConsentStatus.ASKED)

    def to_reconsider(self, trainee: Trainee, today: dt.date) -> Self:
        """To what the person said no themselves, of days to come: they may still say yes."""
        return self.to_come(trainee, today).filter(status=ConsentStatus.DECLINED, said_by=SaidBy.PERSON)

    def to_come(self, trainee: Trainee, today: dt.date) -> Self:
        """Of the person's days from today on, until their last one on the team."""
        found = self.filter(trainee=trainee, day__gte=today).order_by("day")
        return found if trainee.last_on is None else found.filter(day__lte=trainee.last_on)


class HoursConsent(PublicIdModel, TenantModel):
    """What one person says of their hours of one day, in clock times of the site; without times, of a day off.

    ``shift`` is what was published of it, if anything. ``answered_on`` is the day on which the person said so.
    """

    trainee = models.ForeignKey(Trainee, models.CASCADE, related_name="consents", verbose_name=_("trainee"))
    shift = models.OneToOneField(
        Shift, models.SET_NULL, null=True, blank=True, related_name="consent", verbose_name=_("shift")
    )
    day = models.DateField(_("day"))
    starts = models.TimeField(_("from"), null=True, blank=True)
    ends = models.TimeField(_("to"), null=True, blank=True)
    break_starts = models.TimeField(_("break from"), null=True, blank=True)
    break_ends = models.TimeField(_("break to"), null=True, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=ConsentStatus.choices, default=ConsentStatus.ASKED)
    answered_on = models.DateField(_("said on"), null=True, blank=True)
    said_by = models.CharField(
        _("who wrote it down"), max_length=10, choices=SaidBy.choices, blank=True, db_default="", default=""
    )
    noted_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("written down by")
    )
    noted_label = models.CharField(_("name of who wrote it down"), max_length=120, blank=True, db_default="")
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    objects = HoursConsentQuerySet.as_manager()

    class Meta:
        verbose_name = _("consent to hours")
        verbose_name_plural = _("consents to hours")
        ordering = ["day", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["trainee", "day", "starts", "ends", "break_starts", "break_ends"],
                nulls_distinct=False,
                name="consent_once_for_the_same_hours",
            ),
            models.CheckConstraint(condition=Q(status__in=ConsentStatus.values), name="consent_status_is_known"),
            models.CheckConstraint(
                condition=Q(status=ConsentStatus.ASKED, answered_on=None, said_by="")
                | Q(
                    status__in=(ConsentStatus.AGREED, ConsentStatus.DECLINED),
                    answered_on__isnull=False,
                    said_by__in=SaidBy.values,
                ),
                name="consent_answered_on_a_day_by_somebody",
                violation_error_message=_("Say on which day the person agreed."),
            ),
            models.CheckConstraint(
                condition=Q(starts=None, ends=None, break_starts=None, break_ends=None)
                | Q(starts__isnull=False, ends__isnull=False)
                & Q(ends__gt=F("starts"))
                & (
                    Q(break_starts=None, break_ends=None)
                    | Q(break_starts__isnull=False, break_ends__isnull=False)
                    & Q(break_starts__gt=F("starts"), break_ends__gt=F("break_starts"), ends__gt=F("break_ends"))
                ),
                name="consent_hours_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.trainee} · {self.day} · {self.get_status_display()}"

    @property
    def hours(self) -> DayHours | None:
        """The hours asked about, ``None`` for a day off."""
        if self.starts is None or self.ends is None:
            return None
        return DayHours(self.starts, self.ends, self.break_starts, self.break_ends)


def columns_of(hours: DayHours | None) -> dict[str, Any]:
    """The times of a day as columns."""
    names = ("starts", "ends", "break_starts", "break_ends")
    return {name: getattr(hours, name) if hours else None for name in names}


def said_of(keys: Collection[int], first: dt.date, last: dt.date) -> dict[int, list[HoursConsent]]:
    """What people said of days between two, by person; one query."""
    found: dict[int, list[HoursConsent]] = {}
    for one in HoursConsent.objects.filter(trainee__in=keys, day__range=(first, last)).order_by("day", "pk"):
        found.setdefault(one.trainee_id, []).append(one)
    return found
