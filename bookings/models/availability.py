"""When: opening hours, closures, how times are offered, and the stretches of time that are kept or booked."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, IntegerRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext_lazy as _

from bookings.enums import HoldStatus, Place
from bookings.models.catalogue import DateRange
from concierge.models import PublicIdModel, Site, TenantModel

# A hold in one of these states takes its place.
TAKING = (HoldStatus.HELD, HoldStatus.CONFIRMED)
LONGEST_HOLD = dt.timedelta(days=1)


class Seconds(Func):
    """Seconds since midnight of a time of day, as an integer."""

    template = "EXTRACT(epoch FROM %(expressions)s)::integer"
    output_field = models.IntegerField()


class SecondsRange(Func):
    """Two counts of seconds as a half-open ``int4range``."""

    function = "int4range"
    output_field = IntegerRangeField()


class TimeRange(Func):
    """Two moments as a half-open ``tstzrange``."""

    function = "tstzrange"
    output_field = DateTimeRangeField()


class Busy(models.Aggregate):
    """Stretches of time as one ``tstzmultirange``: those that touch or overlap become one."""

    function = "range_agg"
    template = "%(function)s(tstzrange(%(expressions)s))"
    arity = 2
    output_field = models.Field()


class OpeningHours(TenantModel):
    """One opening of one weekday (0 = Monday), in the site's own time."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="opening_hours", verbose_name=_("site"))
    weekday = models.PositiveSmallIntegerField(_("weekday"))
    opens = models.TimeField(_("opens"))
    closes = models.TimeField(_("closes"))

    class Meta:
        verbose_name = _("opening hours")
        verbose_name_plural = _("opening hours")
        ordering = ["weekday", "opens", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(weekday__lte=6), name="opening_hours_weekday_exists"),
            models.CheckConstraint(
                condition=Q(closes__gt=F("opens")),
                name="opening_hours_end_after_start",
                violation_error_message=_("The closing time must be after the opening time."),
            ),
            ExclusionConstraint(
                name="opening_hours_do_not_overlap",
                expressions=[
                    ("site", RangeOperators.EQUAL),
                    ("weekday", RangeOperators.EQUAL),
                    (SecondsRange(Seconds("opens"), Seconds("closes")), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("These hours overlap other hours of the same day."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.weekday} {self.opens:%H:%M}–{self.closes:%H:%M}"


class Closure(TenantModel):
    """Days on which a site is closed, both ends included."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="closures", verbose_name=_("site"))
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to (included)"))
    reason = models.CharField(_("reason"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("closure")
        verbose_name_plural = _("closures")
        ordering = ["starts_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="closure_end_not_before_start",
                violation_error_message=_("The last day cannot be before the first day."),
            ),
            ExclusionConstraint(
                name="closures_do_not_overlap",
                expressions=[
                    ("site", RangeOperators.EQUAL),
                    (DateRange("starts_on", "ends_on"), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("Another closure already covers some of these days."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_on} → {self.ends_on}"


class SlotRule(TenantModel):
    """How a site offers times within its opening hours, for the desk and for home visits: how long one takes, how
    often one may begin, how many go on side by side."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="slot_rules", verbose_name=_("site"))
    place = models.CharField(_("place"), max_length=10, choices=Place.choices)
    slot_minutes = models.PositiveSmallIntegerField(_("length of an appointment (min)"), default=30)
    step_minutes = models.PositiveSmallIntegerField(
        _("a time is offered every (min)"),
        null=True,
        blank=True,
        help_text=_("Leave empty for one appointment after the other."),
    )
    capacity = models.PositiveSmallIntegerField(_("at the same time"), default=2)
    travel_minutes = models.PositiveSmallIntegerField(
        _("on the way to the next visit (min)"),
        default=0,
        help_text=_("Kept free after each visit: clients are offered no time that leaves less."),
    )

    class Meta:
        verbose_name = _("slot rule")
        verbose_name_plural = _("slot rules")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["site", "place"], name="slot_rule_once_per_site_and_place"),
            models.CheckConstraint(
                condition=Q(slot_minutes__range=(5, 480)),
                name="slot_rule_length_is_plausible",
                violation_error_message=_("A slot lasts between 5 minutes and 8 hours."),
            ),
            models.CheckConstraint(
                condition=Q(step_minutes=None) | Q(step_minutes__range=(5, 480)),
                name="slot_rule_step_is_plausible",
                violation_error_message=_("A time is offered every 5 minutes at most, every 8 hours at least."),
            ),
            models.CheckConstraint(
                condition=Q(capacity__gte=1),
                name="slot_rule_has_a_place",
                violation_error_message=_("At least one person is received at a time."),
            ),
            models.CheckConstraint(
                condition=Q(travel_minutes__lte=180),
                name="slot_rule_travel_is_plausible",
                violation_error_message=_("The way to the next visit takes 3 hours at most."),
            ),
            models.CheckConstraint(condition=Q(place="home") | Q(travel_minutes=0), name="slot_rule_desk_stays_put"),
        ]

    def __str__(self) -> str:
        return f"{self.site} · {self.place}"

    @property
    def step(self) -> int:
        """Minutes from one start to the next."""
        return self.step_minutes or self.slot_minutes + self.travel_minutes


class HoldQuerySet(models.QuerySet["Hold"]):
    """Reads of places kept and booked."""

    def live(self) -> Self:
        """Those that take their place: kept or booked."""
        return self.filter(status__in=TAKING)

    def taking(
        self, site: Site, place: Place | str, start: dt.datetime, end: dt.datetime, *, presence_id: int | None = None
    ) -> Self:
        """What takes a place at the desk of a site, on its visits or at a stand, at any moment between the two.

        Compares plain moments: behind row-level security an index serves operators that are known to tell nobody what
        they read, and those of ranges are not. No hold lasts longer than a day, which bounds what is read.
        """
        there = self.live().filter(
            site=site,
            place=place,
            presence=presence_id,
            starts_at__gt=start - LONGEST_HOLD,
            starts_at__lt=end,
        )
        return there.filter(Q(ends_at__gt=start) | Q(free_at__gt=start))


class Hold(PublicIdModel, TenantModel):
    """A stretch of time on one lane of a site, so that two never overlap there: kept until ``expires_at``, or booked.

    ``token_hash`` is the SHA-256 of the secret in the session of whoever keeps it.
    """

    site = models.ForeignKey(Site, models.CASCADE, related_name="holds", verbose_name=_("site"))
    place = models.CharField(_("place"), max_length=10, choices=Place.choices)
    # Somewhere else than the desk itself.
    presence = models.ForeignKey(
        "bookings.Presence", models.PROTECT, null=True, blank=True, related_name="holds", verbose_name=_("stand")
    )
    lane = models.PositiveSmallIntegerField(_("lane"), editable=False)
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"))
    # When its lane is free again, if that is later: whoever was there is on the way to the next visit.
    free_at = models.DateTimeField(_("free at"), null=True, blank=True, editable=False)
    token_hash = models.CharField(max_length=64)
    status = models.CharField(_("status"), max_length=10, choices=HoldStatus.choices, default=HoldStatus.HELD)
    expires_at = models.DateTimeField(_("expires at"))
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    objects = HoldQuerySet.as_manager()

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["organisation", "token_hash"], name="hold_by_token"),
            models.Index(
                fields=["site", "place", "starts_at"],
                name="hold_taken_times",
                condition=Q(status__in=["held", "confirmed"]),
                include=["lane", "ends_at", "free_at"],
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=HoldStatus.values), name="hold_status_is_known"),
            models.CheckConstraint(
                condition=Q(presence__isnull=True) | Q(place="desk"), name="hold_at_a_stand_is_no_visit"
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at"), ends_at__lte=F("starts_at") + dt.timedelta(days=1)),
                name="hold_lasts_a_day_at_most",
            ),
            models.CheckConstraint(
                condition=Q(free_at=None)
                | Q(
                    free_at__isnull=False,
                    place="home",
                    free_at__gt=F("ends_at"),
                    free_at__lte=F("starts_at") + dt.timedelta(days=1),
                ),
                name="hold_way_follows_a_visit",
            ),
            models.UniqueConstraint(
                fields=["organisation", "token_hash"],
                condition=Q(status="held"),
                name="hold_one_per_person",
                violation_error_message=_("You already keep another place."),
            ),
            ExclusionConstraint(
                name="hold_one_per_lane",
                expressions=[
                    ("site", RangeOperators.EQUAL),
                    ("place", RangeOperators.EQUAL),
                    (Coalesce("presence_id", 0, output_field=models.BigIntegerField()), RangeOperators.EQUAL),
                    ("lane", RangeOperators.EQUAL),
                    (TimeRange("starts_at", Coalesce("free_at", "ends_at")), RangeOperators.OVERLAPS),
                ],
                condition=Q(status__in=["held", "confirmed"]),
                violation_error_message=_("This time is taken."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M} ({self.status})"
