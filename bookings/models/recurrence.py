"""Regular requests and their days: what was booked, what was left out, what failed and why."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from bookings.enums import (
    OCCURRENCE_CATEGORY,
    RECURRENCE_CATEGORY,
    HolidayRule,
    OccurrenceStatus,
    RecurrenceStatus,
)
from bookings.models.accounts import ClientAccount
from bookings.models.ahead import PreOrderPlan, seen_by
from bookings.models.clients import Client
from bookings.models.requests import ServiceRequest
from bookings.rules.recurrence import Rule
from concierge.models import PublicIdModel, Site, TenantModel
from concierge.tenancy import Actor


class RecurrenceQuerySet(models.QuerySet["Recurrence"]):
    """Reads of regular requests."""

    def visible_to(self, actor: Actor) -> Self:
        """The team by site, the organisation's keys all, clients their own."""
        if actor.kind in {"user", "link"} and not actor.is_staff and actor.client_id:
            return self.filter(organisation=actor.organisation).of_client(actor.client_id)
        return self.filter(seen_by(actor))

    def of_client(self, client_id: int) -> Self:
        """Of a person, under whichever of their records each was begun."""
        return self.filter(client__in=Client.objects.family_of(client_id).values("pk"))

    def going_on(self) -> Self:
        """Not ended."""
        return self.exclude(status=RecurrenceStatus.ENDED)


class Recurrence(PublicIdModel, TenantModel):
    """The same request again and again, at the wall-clock time of the site. Each time is priced on its own day.

    ``wishes`` is the order as the booking pages keep it. An edit "from a day on" ends one and begins the next, which
    ``continues`` it.
    """

    name = models.CharField(_("name"), max_length=80)
    site = models.ForeignKey(Site, models.PROTECT, related_name="recurrences", verbose_name=_("site"))
    client = models.ForeignKey(Client, models.PROTECT, related_name="recurrences", verbose_name=_("client"))
    payer_account = models.ForeignKey(
        ClientAccount, models.PROTECT, null=True, blank=True, related_name="recurrences", verbose_name=_("paid by")
    )
    plan = models.ForeignKey(
        PreOrderPlan, models.PROTECT, null=True, blank=True, related_name="recurrences", verbose_name=_("plan")
    )
    wishes = models.JSONField(_("order"))
    note = models.CharField(_("note for us"), max_length=500, blank=True)
    # Address and coordinates, as they were looked up when it began; of no use once the client has moved.
    spot = models.JSONField(_("where it is"), default=dict, blank=True)
    rule = models.CharField(_("rule"), max_length=200)
    starts_on = models.DateField(_("from"))
    at = models.TimeField(_("at"))
    holiday_rule = models.CharField(
        _("when the site is closed that day"), max_length=10, choices=HolidayRule.choices, default=HolidayRule.SKIP
    )
    status = models.CharField(
        _("status"), max_length=10, choices=RecurrenceStatus.choices, default=RecurrenceStatus.ACTIVE
    )
    paused_from = models.DateField(_("paused from"), null=True, blank=True)
    paused_until = models.DateField(_("paused until"), null=True, blank=True)
    ends_on = models.DateField(_("last day"), null=True, blank=True)
    continues = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="continued_by", verbose_name=_("continues")
    )
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    objects = RecurrenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("regular request")
        verbose_name_plural = _("regular requests")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["organisation", "site", "-id"], name="recurrence_by_site"),
            models.Index(fields=["organisation", "client", "-id"], name="recurrence_by_client"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=RecurrenceStatus.values), name="recurrence_status_is_known"),
            models.CheckConstraint(
                condition=Q(paused_from=None, paused_until=None)
                | Q(paused_from__isnull=False, paused_until__isnull=False, paused_until__gte=models.F("paused_from")),
                name="recurrence_pause_is_whole",
                violation_error_message=_("The last day cannot be before the first day."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def category(self) -> str:
        """Fixed meaning of the status."""
        return RECURRENCE_CATEGORY[self.status].value

    def days(self, first: dt.date, last: dt.date, *, most: int) -> list[dt.date]:
        """Its days by the rule, between two days."""
        end = min(last, self.ends_on) if self.ends_on else last
        return Rule(self.rule).days(self.starts_on, first, end, most=most) if end >= first else []

    def pauses(self, day: dt.date) -> bool:
        """Whether a day falls into its pause."""
        if self.paused_from is None or self.paused_until is None:
            return False
        return self.paused_from <= day <= self.paused_until


class OccurrenceQuerySet(models.QuerySet["Occurrence"]):
    """Reads of the days of regular requests."""

    def visible_to(self, actor: Actor) -> Self:
        """Of the regular requests that the actor sees."""
        return self.filter(recurrence__in=Recurrence.objects.visible_to(actor))

    def troubled(self) -> Self:
        """Those that could not be booked and that nobody has mended."""
        return self.filter(status=OccurrenceStatus.FAILED)


class Occurrence(PublicIdModel, TenantModel):
    """One day of a regular request. ``due_on`` is its day by the rule, which makes it once; ``starts_at`` when."""

    recurrence = models.ForeignKey(
        Recurrence, models.PROTECT, related_name="occurrences", verbose_name=_("regular request")
    )
    due_on = models.DateField(_("day of the rule"))
    starts_at = models.DateTimeField(_("appointment"))
    status = models.CharField(
        _("status"), max_length=10, choices=OccurrenceStatus.choices, default=OccurrenceStatus.PLANNED
    )
    reason_code = models.CharField(_("reason"), max_length=40, blank=True)
    # In one language, of before there was one in each.
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    refusal = models.JSONField(_("why it could not be booked, by language"), default=dict, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    request = models.OneToOneField(
        ServiceRequest, models.PROTECT, null=True, blank=True, related_name="occurrence", verbose_name=_("request")
    )

    objects = OccurrenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("day of a regular request")
        verbose_name_plural = _("days of regular requests")
        ordering = ["due_on", "pk"]
        indexes = [
            models.Index(
                fields=["organisation", "due_on", "id"], condition=Q(status="failed"), name="occurrence_troubled"
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["recurrence", "due_on"], name="occurrence_once_a_day"),
            models.CheckConstraint(condition=Q(status__in=OccurrenceStatus.values), name="occurrence_status_is_known"),
            models.CheckConstraint(
                condition=~Q(status="booked") | Q(request__isnull=False), name="occurrence_booked_has_a_request"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["failed", "skipped"]) | ~Q(reason_code=""),
                name="occurrence_without_request_has_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recurrence_id} {self.due_on}"

    @property
    def category(self) -> str:
        """Fixed meaning of the status."""
        return OCCURRENCE_CATEGORY[self.status].value
