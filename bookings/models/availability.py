"""When: opening hours, closures, places per slot, holds that expire."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import IntegerRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from bookings.enums import HoldStatus, Place
from bookings.models.catalogue import DateRange
from concierge.models import PublicIdModel, Site, TenantModel


class Seconds(Func):
    """Seconds since midnight of a time of day, as an integer."""

    template = "EXTRACT(epoch FROM %(expressions)s)::integer"
    output_field = models.IntegerField()


class SecondsRange(Func):
    """Two counts of seconds as a half-open ``int4range``."""

    function = "int4range"
    output_field = IntegerRangeField()


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
    """How a site cuts its opening hours into slots: length and places, for the desk and for home visits."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="slot_rules", verbose_name=_("site"))
    place = models.CharField(_("place"), max_length=10, choices=Place.choices)
    slot_minutes = models.PositiveSmallIntegerField(_("slot length (min)"), default=30)
    capacity = models.PositiveSmallIntegerField(_("places per slot"), default=2)

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
            models.CheckConstraint(condition=Q(capacity__gte=1), name="slot_rule_has_a_place"),
        ]

    def __str__(self) -> str:
        return f"{self.site} · {self.place}"


class Slot(PublicIdModel, TenantModel):
    """A slot somebody touched: its own counter of places, so that no row is hot for a whole day (performance.md 1)."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="slots", verbose_name=_("site"))
    place = models.CharField(_("place"), max_length=10, choices=Place.choices)
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"))
    capacity = models.PositiveSmallIntegerField(_("places"))
    taken = models.PositiveSmallIntegerField(_("places taken"), default=0)

    class Meta:
        verbose_name = _("slot")
        verbose_name_plural = _("slots")
        ordering = ["starts_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["site", "place", "starts_at"], name="slot_once"),
            models.CheckConstraint(
                condition=Q(taken__lte=F("capacity")),
                name="slot_not_over_capacity",
                violation_error_message=_("This slot is full."),
            ),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="slot_end_after_start"),
        ]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M}"


class Hold(PublicIdModel, TenantModel):
    """One place of a slot kept until ``expires_at``; ``token_hash`` is the SHA-256 of the secret in the session."""

    slot = models.ForeignKey(Slot, models.CASCADE, related_name="holds", verbose_name=_("slot"))
    token_hash = models.CharField(max_length=64)
    status = models.CharField(_("status"), max_length=10, choices=HoldStatus.choices, default=HoldStatus.HELD)
    expires_at = models.DateTimeField(_("expires at"))
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["organisation", "token_hash"], name="hold_by_token")]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=HoldStatus.values), name="hold_status_is_known"),
            models.UniqueConstraint(
                fields=["organisation", "token_hash"],
                condition=Q(status="held"),
                name="hold_one_per_person",
                violation_error_message=_("You already keep another place."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.slot} ({self.status})"
