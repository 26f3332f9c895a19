"""Where the team receives people besides its desk: every week, or once, at a client company or anywhere (R13, R16)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from bookings.enums import NotHeldReason
from bookings.models.accounts import ClientAccount
from bookings.rules.presence import Stand, minutes_between
from bookings.rules.slots import Opening
from concierge.models import PublicIdModel, Site, TenantModel


class PresenceQuerySet(models.QuerySet["Presence"]):
    """Reads of stands."""

    def still_to_come(self, day: dt.date) -> Self:
        """Not over on that day."""
        return self.filter(Q(held_on=None) | Q(held_on__gte=day)).filter(Q(valid_to=None) | Q(valid_to__gte=day))

    def with_days(self, first: dt.date, last: dt.date) -> Self:
        """Which may be there from the first day to the last, both included; days off left aside."""
        once = Q(held_on__range=(first, last))
        span = min((last - first).days + 1, 7)
        weekly = Q(held_on=None, weekday__in={(first + dt.timedelta(days=n)).weekday() for n in range(span)})
        begun = Q(valid_from=None) | Q(valid_from__lte=last)
        return self.filter(once | (weekly & begun & (Q(valid_to=None) | Q(valid_to__gte=first))))

    def open_to(self, accounts: Collection[ClientAccount] | None) -> Self:
        """Where somebody may come: stands for everybody, and those of the accounts whose person they are.

        ``None`` is the team and the organisation's own systems, who may send people anywhere.
        """
        offered = self.filter(is_paused=False)
        if accounts is None:
            return offered
        return offered.filter(Q(account=None) | Q(account__in=[account.pk for account in accounts]))


class Presence(PublicIdModel, TenantModel):
    """A stand of a site somewhere else: every week on one weekday, or on one day; for everybody or for one account."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="presences", verbose_name=_("site"))
    account = models.ForeignKey(
        ClientAccount, models.PROTECT, null=True, blank=True, related_name="presences", verbose_name=_("only for")
    )
    name = models.CharField(_("name of the place"), max_length=120)
    street = models.CharField(_("street"), max_length=200)
    postcode = models.CharField(_("postcode"), max_length=5)
    city = models.CharField(_("city"), max_length=100)
    weekday = models.PositiveSmallIntegerField(
        _("every week on"), null=True, blank=True, choices=[(None, _("– only once –")), *WEEKDAYS.items()]
    )
    held_on = models.DateField(_("only once, on"), null=True, blank=True)
    opens = models.TimeField(_("from"))
    closes = models.TimeField(_("to"))
    valid_from = models.DateField(_("first day"), null=True, blank=True)
    valid_to = models.DateField(_("last day"), null=True, blank=True)
    slot_minutes = models.PositiveSmallIntegerField(_("length of an appointment (min)"), default=10)
    capacity = models.PositiveSmallIntegerField(_("at the same time"), default=1)
    is_paused = models.BooleanField(_("paused"), default=False)

    objects = PresenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("stand")
        verbose_name_plural = _("stands")
        ordering = ["name", "weekday", "held_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(weekday__isnull=False, weekday__range=(0, 6), held_on=None)
                | Q(weekday=None, held_on__isnull=False),
                name="presence_weekly_or_once",
                violation_error_message=_("Choose either a weekday or one date."),
            ),
            models.CheckConstraint(
                condition=Q(closes__gt=F("opens")),
                name="presence_ends_after_start",
                violation_error_message=_("The closing time must be after the opening time."),
            ),
            models.CheckConstraint(
                condition=Q(valid_from=None) | Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
                name="presence_last_day_not_before_first",
                violation_error_message=_("The last day cannot be before the first day."),
            ),
            models.CheckConstraint(
                condition=Q(slot_minutes__range=(5, 480)),
                name="presence_length_is_plausible",
                violation_error_message=_("A slot lasts between 5 minutes and 8 hours."),
            ),
            models.CheckConstraint(
                condition=Q(capacity__gte=1),
                name="presence_has_a_place",
                violation_error_message=_("At least one person is received at a time."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def opening(self) -> Opening:
        """When it is there, as rules understand it."""
        weekday = self.held_on.weekday() if self.held_on else self.weekday
        return Opening(weekday or 0, self.opens, self.closes)

    @property
    def stand(self) -> Stand:
        """Its days, as rules understand them."""
        return Stand(self.opens, self.closes, self.weekday, self.held_on, self.valid_from, self.valid_to)

    def is_there_on(self, day: dt.date) -> bool:
        """Whether this is a day of it, whatever closes it."""
        return self.stand.is_there_on(day)


class StandDay(PublicIdModel, TenantModel):
    """What somebody says of a day of a stand: held from when until when, or not held, and why."""

    presence = models.ForeignKey(Presence, models.PROTECT, related_name="stated_days", verbose_name=_("stand"))
    day = models.DateField(_("day"))
    opens = models.TimeField(_("from"), null=True, blank=True)
    closes = models.TimeField(_("to"), null=True, blank=True)
    reason = models.CharField(_("why it was not held"), max_length=20, choices=NotHeldReason.choices, blank=True)
    stated_by = models.CharField(_("stated by"), max_length=120)
    stated_at = models.DateTimeField(_("stated at"))

    class Meta:
        verbose_name = _("day of a stand")
        verbose_name_plural = _("days of stands")
        ordering = ["-day", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["presence", "day"],
                name="stand_day_stated_once",
                violation_error_message=_("Somebody has already said what became of this day."),
            ),
            models.CheckConstraint(
                condition=Q(opens__isnull=False, closes__isnull=False, closes__gt=F("opens"), reason="")
                | Q(opens=None, closes=None, reason__in=NotHeldReason.values),
                name="stand_day_held_or_why_not",
                violation_error_message=_("Say either from when until when, or why not."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.presence_id} {self.day}"

    @property
    def is_held(self) -> bool:
        """Whether somebody was there."""
        return not self.reason

    @property
    def minutes(self) -> int:
        """How long somebody was there."""
        return minutes_between(self.opens, self.closes) if self.opens and self.closes else 0

    @property
    def said(self) -> dict[str, str]:
        """The statement, as an event keeps it."""
        if self.opens is None or self.closes is None:
            return {"reason": str(self.reason)}
        return {"opens": f"{self.opens:%H:%M}", "closes": f"{self.closes:%H:%M}"}
