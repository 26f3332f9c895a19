"""Working times of a week: a draft that is edited, and the versions of it that were published (R21, L13, L14).

A published shift is never changed: a later version ends it (``until``) and brings another. What a version held is
``Shift.objects.of(edition)``; what holds now is ``Shift.objects.current()``.
"""

from __future__ import annotations

import datetime as dt
from typing import Self
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import DurationField, Exists, ExpressionWrapper, F, OuterRef, Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from concierge.models import PublicIdModel, Site, TenantModel, User
from concierge.tenancy import Actor
from workers.enums import ABSENCE_KINDS
from workers.models.people import TEAM_ROLES, Absence, Trainee
from workers.models.time import TimeEntry
from workers.rules.intervals import Interval
from workers.rules.shifts import DayHours

MONDAY = 1


class WorkWeekQuerySet(models.QuerySet["WorkWeek"]):
    """Reads of weeks."""

    def visible_to(self, actor: Actor) -> Self:
        """Team staff: those of their sites. Everybody else: none; a trainee reads their own shifts."""
        found = self.filter(organisation=actor.organisation)
        if actor.kind == "system":
            return found
        if not actor.has_role(*TEAM_ROLES):
            return found.none()
        sites = actor.site_ids(*TEAM_ROLES)
        return found if sites is None else found.filter(site_id__in=sites)


class WorkWeek(PublicIdModel, TenantModel):
    """The working times of a site in the week of a Monday. ``version`` grows with every change of the draft."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="work_weeks", verbose_name=_("site"))
    monday = models.DateField(_("Monday"))
    version = models.PositiveIntegerField(_("version"), default=0, editable=False)

    objects = WorkWeekQuerySet.as_manager()

    class Meta:
        verbose_name = _("working week")
        verbose_name_plural = _("working weeks")
        ordering = ["-monday", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["site", "monday"], name="work_week_once_per_site"),
            models.CheckConstraint(condition=Q(monday__iso_week_day=MONDAY), name="work_week_begins_on_monday"),
        ]

    def __str__(self) -> str:
        return f"{self.site} · {self.monday}"

    @property
    def zone(self) -> ZoneInfo:
        """Zone of its clock times."""
        return ZoneInfo(self.site.time_zone)


class WeekEdition(PublicIdModel, TenantModel):
    """A version of a week that was published, and when: what the people were told (L13, L14)."""

    week = models.ForeignKey(WorkWeek, models.PROTECT, related_name="editions", verbose_name=_("working week"))
    number = models.PositiveSmallIntegerField(_("number"))
    published_at = models.DateTimeField(_("published at"))
    published_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("published by")
    )
    # Codes of the warnings that were read and confirmed.
    accepted_warnings = models.JSONField(_("accepted warnings"), default=list, blank=True)

    class Meta:
        verbose_name = _("published version")
        verbose_name_plural = _("published versions")
        ordering = ["-number", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["week", "number"], name="week_edition_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="week_edition_counts_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.week} · {self.number}"


class PlannedHours(TenantModel):
    """The draft of one person's day, in clock times of the site."""

    week = models.ForeignKey(WorkWeek, models.CASCADE, related_name="planned", verbose_name=_("working week"))
    trainee = models.ForeignKey(Trainee, models.CASCADE, related_name="planned_hours", verbose_name=_("trainee"))
    day = models.DateField(_("day"))
    starts = models.TimeField(_("from"))
    ends = models.TimeField(_("to"))
    break_starts = models.TimeField(_("break from"), null=True, blank=True)
    break_ends = models.TimeField(_("break to"), null=True, blank=True)

    class Meta:
        verbose_name = _("planned hours")
        verbose_name_plural = _("planned hours")
        ordering = ["day", "starts", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["trainee", "day"], name="planned_hours_once_a_day"),
            models.CheckConstraint(
                condition=Q(ends__gt=F("starts"))
                & (
                    Q(break_starts=None, break_ends=None)
                    | Q(
                        break_starts__gt=F("starts"),
                        break_ends__gt=F("break_starts"),
                        break_ends__lt=F("ends"),
                    )
                ),
                name="planned_hours_in_order",
                violation_error_message=_("The times of a day go forward, the break lies between them."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.trainee} · {self.day} {self.starts:%H:%M}–{self.ends:%H:%M}"

    @property
    def hours(self) -> DayHours:
        """As the rules see it."""
        return DayHours(self.starts, self.ends, self.break_starts, self.break_ends)


class ShiftQuerySet(models.QuerySet["Shift"]):
    """Reads of published shifts."""

    def current(self) -> Self:
        """Those that hold: brought by a version, ended by none."""
        return self.filter(until=None)

    def of(self, edition: WeekEdition) -> Self:
        """What a version held."""
        number = edition.number
        return self.filter(Q(until=None) | Q(until__number__gt=number), week=edition.week, edition__number__lte=number)

    def with_facts(self) -> Self:
        """With ``is_away`` (an absence covers the day) and ``is_clocked`` (real time of that day is known)."""
        away = Absence.objects.filter(
            trainee=OuterRef("trainee"), starts_on__lte=OuterRef("day"), ends_on__gte=OuterRef("day")
        )
        clocked = (
            TimeEntry.objects.current()
            .exclude(kind__in=ABSENCE_KINDS)
            .exclude(ends_at=None)
            .filter(trainee=OuterRef("trainee"), starts_on__lte=OuterRef("day"), ends_on__gte=OuterRef("day"))
        )
        return self.annotate(is_away=Exists(away), is_clocked=Exists(clocked))

    def counting(self, now: dt.datetime) -> Self:
        """Those that are planned time: not of somebody away, nor past and known by what was clocked."""
        return self.current().with_facts().filter(is_away=False).exclude(is_clocked=True, ends_at__lte=now)


class Shift(PublicIdModel, TenantModel):
    """Working time of one person on one day, as it was published."""

    week = models.ForeignKey(WorkWeek, models.PROTECT, related_name="shifts", verbose_name=_("working week"))
    edition = models.ForeignKey(WeekEdition, models.PROTECT, related_name="brought", verbose_name=_("brought by"))
    until = models.ForeignKey(
        WeekEdition, models.PROTECT, null=True, blank=True, related_name="ended", verbose_name=_("ended by")
    )
    trainee = models.ForeignKey(Trainee, models.CASCADE, related_name="shifts", verbose_name=_("trainee"))
    day = models.DateField(_("day"))
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("to"))
    break_starts_at = models.DateTimeField(_("break from"), null=True, blank=True)
    break_ends_at = models.DateTimeField(_("break to"), null=True, blank=True)

    objects = ShiftQuerySet.as_manager()

    class Meta:
        verbose_name = _("shift")
        verbose_name_plural = _("shifts")
        ordering = ["starts_at", "pk"]
        indexes = [models.Index(fields=["week", "day"], name="shift_by_week")]
        constraints = [
            models.UniqueConstraint(
                fields=["trainee", "day"],
                condition=Q(until=None),
                name="shift_once_a_day",
                violation_error_message=_("This person already has published hours on this day."),
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at"))
                & (
                    Q(break_starts_at=None, break_ends_at=None)
                    | Q(
                        break_starts_at__gt=F("starts_at"),
                        break_ends_at__gt=F("break_starts_at"),
                        break_ends_at__lt=F("ends_at"),
                    )
                ),
                name="shift_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.trainee} · {self.starts_at:%Y-%m-%d %H:%M}"

    @property
    def intervals(self) -> tuple[Interval, ...]:
        """The working time, the break left out."""
        if self.break_starts_at is None or self.break_ends_at is None:
            return (Interval(self.starts_at, self.ends_at),)
        return (Interval(self.starts_at, self.break_starts_at), Interval(self.break_ends_at, self.ends_at))

    def hours(self, zone: ZoneInfo) -> DayHours:
        """The same in clock times."""
        return DayHours(
            self.starts_at.astimezone(zone).time(),
            self.ends_at.astimezone(zone).time(),
            self.break_starts_at.astimezone(zone).time() if self.break_starts_at else None,
            self.break_ends_at.astimezone(zone).time() if self.break_ends_at else None,
        )


def seconds_worked() -> models.Expression:
    """Working time of a shift as the database counts it."""
    pause = Coalesce(F("break_ends_at") - F("break_starts_at"), Value(dt.timedelta()), output_field=DurationField())
    return ExpressionWrapper(F("ends_at") - F("starts_at") - pause, output_field=DurationField())
