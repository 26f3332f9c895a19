"""Waiting for an earlier time, and the notices of places that came free. A notice keeps no place."""

from __future__ import annotations

import datetime as dt
from typing import Self
from zoneinfo import ZoneInfo

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import Count, Exists, F, Max, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from bookings.enums import MOVABLE_REQUESTS, RequestStatus, WaitlistEnd
from bookings.models.availability import Hold, TimeRange
from bookings.models.requests import ServiceRequest
from bookings.rules.waitlist import Bounds, Stretch
from concierge.models import PublicIdModel, TenantModel
from concierge.tenancy import Actor

# So many notices, then the entry ends (issue 3, point 2).
MOST_NOTICES = 3
# Nobody is told of a place while their request stands still.
TOLD = MOVABLE_REQUESTS - {RequestStatus.ON_HOLD}


class WaitlistEntryQuerySet(models.QuerySet["WaitlistEntry"]):
    """Reads of the waiting list."""

    def visible_to(self, actor: Actor) -> Self:
        """Of the requests that the actor sees."""
        return self.filter(request__in=ServiceRequest.objects.visible_to(actor))

    def open(self) -> Self:
        """Those who still wait."""
        return self.filter(ended_at=None)

    def with_notices(self) -> Self:
        """How many notices left, and from when on there may be another."""
        return self.annotate(told=Count("notices"), rests_until=Max("notices__quiet_until"))

    def waiting_for(self, hold: Hold, now: dt.datetime) -> Self:
        """Whom a place that came free may concern, first come first: at the same counter, before their present time,
        within their days; not of this place already, nor of any a moment ago. Whether their visit fits is asked of the
        calendar."""
        day = hold.starts_at.astimezone(ZoneInfo(hold.site.time_zone)).date()
        rests = WaitlistNotice.objects.filter(entry__request=OuterRef("request"), quiet_until__gt=now)
        knows = WaitlistNotice.objects.filter(entry=OuterRef("pk"), hold=hold)
        return (
            self.open()
            .filter(
                Q(earliest_on=None) | Q(earliest_on__lte=day),
                Q(latest_on=None) | Q(latest_on__gte=day),
                request__site=hold.site_id,
                request__place=hold.place,
                request__hold__presence=hold.presence_id,
                request__promised_start__gt=hold.starts_at,
                request__status__in=TOLD,
            )
            .exclude(Exists(rests))
            .exclude(Exists(knows))
            .order_by("joined_at", "pk")
        )


class WaitlistEntry(PublicIdModel, TenantModel):
    """Somebody with an appointment who wants to be told when an earlier time comes free."""

    request = models.ForeignKey(
        ServiceRequest, models.PROTECT, related_name="waitlist_entries", verbose_name=_("request")
    )
    earliest_on = models.DateField(_("not before"), null=True, blank=True)
    latest_on = models.DateField(_("not after"), null=True, blank=True)
    joined_at = models.DateTimeField(_("waiting since"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    ended_because = models.CharField(_("why it ended"), max_length=10, choices=WaitlistEnd.choices, blank=True)

    objects = WaitlistEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("entry of the waiting list")
        verbose_name_plural = _("waiting list")
        ordering = ["joined_at", "pk"]
        indexes = [
            models.Index(
                fields=["organisation", "joined_at", "id"], condition=Q(ended_at=None), name="waitlist_who_waits"
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "request"],
                condition=Q(ended_at=None),
                name="waitlist_open_once_per_request",
                violation_error_message=_("This appointment is on the waiting list already."),
            ),
            models.CheckConstraint(
                condition=Q(earliest_on=None) | Q(latest_on=None) | Q(latest_on__gte=F("earliest_on")),
                name="waitlist_days_in_order",
                violation_error_message=_("The last day cannot be before the first day."),
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_because="")
                | Q(ended_at__gte=F("joined_at"), ended_at__isnull=False, ended_because__in=WaitlistEnd.values),
                name="waitlist_end_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.request_id} · {self.joined_at:%Y-%m-%d}"

    def bounds(self, before: dt.datetime) -> Bounds:
        """What would be welcome."""
        return Bounds(before, self.earliest_on, self.latest_on)


class WaitlistNotice(PublicIdModel, TenantModel):
    """Somebody was told of a time that came free. Whoever takes it first has it.

    ``hold`` is the place that came free; ``quiet_until`` how long there is no further notice.
    """

    entry = models.ForeignKey(WaitlistEntry, models.CASCADE, related_name="notices", verbose_name=_("entry"))
    hold = models.ForeignKey(Hold, models.SET_NULL, null=True, related_name="+", editable=False)
    number = models.PositiveSmallIntegerField(_("which one"))
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("to"))
    sent_at = models.DateTimeField(_("told at"))
    quiet_until = models.DateTimeField(_("no other before"))

    class Meta:
        verbose_name = _("notice of an earlier time")
        verbose_name_plural = _("notices of earlier times")
        ordering = ["number", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(number__range=(1, MOST_NOTICES)),
                name="waitlist_notices_are_three_at_most",
                violation_error_message=_("Three notices are enough: this wait is over."),
            ),
            models.UniqueConstraint(
                fields=["entry", "number"],
                name="waitlist_notice_counted_once",
                violation_error_message=_("This notice has been given."),
            ),
            models.UniqueConstraint(
                fields=["entry", "hold"],
                name="waitlist_notice_once_per_place",
                violation_error_message=_("This person knows of this place already."),
            ),
            ExclusionConstraint(
                name="waitlist_notices_keep_a_distance",
                expressions=[
                    ("entry", RangeOperators.EQUAL),
                    (TimeRange("sent_at", "quiet_until"), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("The last notice left a moment ago."),
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at"), starts_at__gt=F("sent_at"), quiet_until__gt=F("sent_at")),
                name="waitlist_notice_is_of_a_time_to_come",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} · {self.starts_at:%Y-%m-%d %H:%M}"

    @property
    def stretch(self) -> Stretch:
        """When the visit would be."""
        return self.starts_at, self.ends_at

    def still_speaks_to(self, request: ServiceRequest, now: dt.datetime) -> bool:
        """Whether its link still takes the time, as long as nobody else has: the wait goes on or its last notice was
        this one, and the appointment is later."""
        is_last = self.entry.ended_because == WaitlistEnd.SPENT and self.number == MOST_NOTICES
        waits = not self.entry.ended_because or is_last
        return waits and request.promised_start is not None and now < self.starts_at < request.promised_start
