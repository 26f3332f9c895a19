"""A trainee's time, said and said again, and the months in which it may be written (R20, L19).

A break is an entry of its own between two pieces of work, not a deduction inside one: a single exclusion constraint
then says that nobody is in two times at once, sums need no subtraction, and the twenty minutes of L6 stand there.
"""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from concierge.enums import Role
from concierge.models import PublicIdModel, Site, TenantModel, User
from concierge.tenancy import Actor
from workers.enums import ABSENCE_KINDS, TIME_CATEGORY, MonthStatus, TimeKind, TimeSource, TimeStatus
from workers.models.assignments import Assignment, TimeRange
from workers.models.people import Trainee
from workers.rules import time as rules
from workers.rules.intervals import Interval

# Who reads everybody's hours at a site. Whoever gives out work reads none: kinds of absence are none of their business.
HOURS_ROLES = (Role.ACCOUNTANT, Role.SITE_MANAGER, Role.NETWORK_HEAD)
DAY_MINUTES = 24 * 60


class TimeEntryQuerySet(models.QuerySet["TimeEntry"]):
    """Reads of hours."""

    def visible_to(self, actor: Actor) -> Self:
        """Accountants and heads: their sites. A supervisor: their own team. A trainee: their own. Others: nothing."""
        found = self.filter(organisation=actor.organisation)
        if actor.kind == "system":
            return found
        allowed = Q(pk=None)
        if actor.has_role(*HOURS_ROLES):
            sites = actor.site_ids(*HOURS_ROLES)
            allowed |= Q() if sites is None else Q(trainee__site_id__in=sites)
            if sites is None:
                return found
        if actor.user is not None and actor.has_role(Role.SUPERVISOR):
            sites = actor.site_ids(Role.SUPERVISOR)
            team = Q(trainee__supervisor=actor.user)
            allowed |= team if sites is None else team & Q(trainee__site_id__in=sites)
        if actor.trainee_id:
            allowed |= Q(trainee_id=actor.trainee_id)
        return found.filter(allowed)

    def current(self) -> Self:
        """What counts: the latest version of each."""
        return self.filter(is_current=True)

    def running(self) -> Self:
        """Begun and not yet ended."""
        return self.current().filter(starts_at__isnull=False, ends_at=None)

    def touching(self, first: dt.date, last: dt.date) -> Self:
        """Of these days, both included."""
        return self.filter(starts_on__lte=last, ends_on__gte=first)

    def to_validate(self) -> Self:
        """What the supervisor has not said yes to, the running ones included."""
        return self.current().filter(validated_at=None)

    def in_order(self) -> Self:
        """By person and time; whole days first."""
        return self.order_by(
            "trainee__first_name", "trainee_id", "starts_on", F("starts_at").asc(nulls_first=True), "pk"
        )

    def with_words(self) -> Self:
        """With everything a line shows."""
        return self.select_related(
            "trainee__site", "trainee__supervisor", "assignment__work_order__service", "validated_by", "written_by"
        )


class TimeEntry(PublicIdModel, TenantModel):
    """One stretch of time, or the absence of a day, in one version. A correction is a new version beside the old one.

    Two people say yes: the person (``confirmed_at``) and their supervisor (``validated_at``). The person's no
    (``contested_at``) takes the supervisor's yes away; saying yes all the same needs an ``answer``.
    """

    trainee = models.ForeignKey(Trainee, models.PROTECT, related_name="time_entries", verbose_name=_("trainee"))
    # The person's home site when it was written: whose month it belongs to.
    site = models.ForeignKey(Site, models.PROTECT, related_name="+", verbose_name=_("site"))
    kind = models.CharField(_("kind"), max_length=15, choices=TimeKind.choices)
    source = models.CharField(_("said by"), max_length=10, choices=TimeSource.choices)
    assignment = models.ForeignKey(
        Assignment, models.PROTECT, null=True, blank=True, related_name="time_entries", verbose_name=_("assignment")
    )
    # Whole minutes, UTC.
    starts_at = models.DateTimeField(_("from"), null=True, blank=True)
    ends_at = models.DateTimeField(_("to"), null=True, blank=True)
    minutes = models.PositiveSmallIntegerField(_("minutes of the day"), null=True, blank=True)
    # Civil days of the site that it touches.
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    # Nobody pressed "stop": the end is the planned one.
    end_is_supposed = models.BooleanField(_("the end is supposed"), default=False)
    recorded_at = models.DateTimeField(_("start recorded at"))
    end_recorded_at = models.DateTimeField(_("end recorded at"), null=True, blank=True)
    confirmed_at = models.DateTimeField(_("confirmed by the person at"), null=True, blank=True)
    contested_at = models.DateTimeField(_("contested at"), null=True, blank=True)
    contest_note = models.CharField(_("what is not right"), max_length=200, blank=True)
    answer = models.CharField(_("answer to the person"), max_length=200, blank=True)
    validated_at = models.DateTimeField(_("validated at"), null=True, blank=True)
    validated_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("validated by")
    )
    is_stand_in = models.BooleanField(_("validated for the supervisor"), default=False)
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    is_current = models.BooleanField(_("counts"), default=True)
    replaces = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="replaced_by", verbose_name=_("replaces")
    )
    # Of a correction: why. Of one that was taken away without another version: why, too; empty for a start and an end
    # in the same minute.
    reason = models.CharField(_("why it was corrected"), max_length=200, blank=True)
    withdrawn_because = models.CharField(_("why it was taken away"), max_length=200, blank=True)
    written_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("written by")
    )
    ended_version_at = models.DateTimeField(_("replaced at"), null=True, blank=True)

    objects = TimeEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("time entry")
        verbose_name_plural = _("time entries")
        ordering = ["starts_on", "pk"]
        indexes = [
            models.Index(fields=["trainee", "starts_on"], condition=Q(is_current=True), name="time_entry_by_trainee"),
            models.Index(fields=["organisation", "site", "starts_on"], name="time_entry_by_month"),
            models.Index(
                fields=["organisation", "trainee", "starts_on"],
                condition=Q(is_current=True, validated_at=None),
                name="time_entry_to_validate",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=TimeKind.values), name="time_entry_kind_is_known"),
            models.CheckConstraint(condition=Q(source__in=TimeSource.values), name="time_entry_source_is_known"),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=False, minutes=None)
                | Q(starts_at=None, ends_at=None, minutes__isnull=False, kind__in=ABSENCE_KINDS),
                name="time_entry_has_times_or_is_an_absence",
                violation_error_message=_("Only an absence is noted without a start and an end."),
            ),
            models.CheckConstraint(
                condition=Q(minutes=None) | Q(minutes__range=(1, DAY_MINUTES)),
                name="time_entry_minutes_of_one_day",
                violation_error_message=_("An absence is between a minute and 24 hours of a day."),
            ),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")),
                name="time_entry_end_after_start",
                violation_error_message=_("The end must be after the start."),
            ),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__lte=F("starts_at") + rules.LONGEST),
                name="time_entry_within_24_hours",
                violation_error_message=_("Nobody is at work for more than 24 hours at a time."),
            ),
            models.CheckConstraint(
                condition=(Q(starts_at=None) | Q(starts_at__lte=F("recorded_at")))
                & (Q(ends_at=None) | Q(end_recorded_at__isnull=False, ends_at__lte=F("end_recorded_at"))),
                name="time_entry_not_in_the_future",
                violation_error_message=_("This time has not come yet."),
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")) & (Q(minutes=None) | Q(ends_on=F("starts_on"))),
                name="time_entry_days_in_order",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at=None) | Q(contested_at=None), name="time_entry_confirmed_or_contested"
            ),
            models.CheckConstraint(
                condition=Q(validated_at=None) | Q(minutes__isnull=False) | Q(ends_at__isnull=False),
                name="time_entry_validated_has_ended",
                violation_error_message=_("This time is still running: say when it ended first."),
            ),
            models.CheckConstraint(
                condition=Q(validated_at=None) | Q(contested_at=None) | ~Q(answer=""),
                name="time_entry_contested_gets_an_answer",
                violation_error_message=_("The person says that this is not right: correct it, or answer them."),
            ),
            models.CheckConstraint(
                condition=Q(replaces=None, version=1) | (Q(replaces__isnull=False, version__gt=1) & ~Q(reason="")),
                name="time_entry_correction_says_why",
                violation_error_message=_("Say why this is corrected."),
            ),
            models.CheckConstraint(
                condition=Q(is_current=True, ended_version_at=None)
                | Q(is_current=False, ended_version_at__isnull=False),
                name="time_entry_replaced_has_a_time",
            ),
            models.UniqueConstraint(
                fields=["trainee", "starts_on"],
                condition=Q(is_current=True, minutes__isnull=False),
                name="time_entry_one_absence_a_day",
                violation_error_message=_("An absence is already noted for this day."),
            ),
            ExclusionConstraint(
                name="time_entries_do_not_overlap",
                expressions=[
                    ("trainee", RangeOperators.EQUAL),
                    (TimeRange("starts_at", "ends_at"), RangeOperators.OVERLAPS),
                ],
                condition=Q(is_current=True, starts_at__isnull=False),
                violation_error_message=_("Other hours of this person already cover part of this time."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} · {self.starts_on}"

    @property
    def is_running(self) -> bool:
        """Begun and not yet ended."""
        return self.starts_at is not None and self.ends_at is None

    @property
    def window(self) -> Interval | None:
        """From when to when; nothing for whole days and what still runs."""
        return Interval(self.starts_at, self.ends_at) if self.starts_at and self.ends_at else None

    @property
    def counted(self) -> rules.Stretch | rules.WholeDay | None:
        """The entry as the rules see it; what still runs counts for nothing yet."""
        if self.minutes is not None:
            return rules.WholeDay(self.kind, self.starts_on, self.minutes)
        window = self.window
        return rules.Stretch(self.kind, window) if window else None

    @property
    def length(self) -> int:
        """Minutes; none while it runs."""
        if self.minutes is not None:
            return self.minutes
        window = self.window
        return rules.minutes_of(window) if window else 0

    @property
    def status(self) -> TimeStatus:
        """What has been said of it."""
        if self.is_running:
            return TimeStatus.RUNNING
        if self.validated_at is not None:
            return TimeStatus.VALIDATED
        if self.contested_at is not None:
            return TimeStatus.CONTESTED
        return TimeStatus.CONFIRMED if self.confirmed_at is not None else TimeStatus.DRAFT

    @property
    def category(self) -> str:
        """Fixed meaning of the status."""
        return TIME_CATEGORY[self.status].value

    @property
    def has_remark(self) -> bool:
        """Whether a supervisor should look before saying yes: it runs, is contested, has an end that nobody said, or
        is far from its plan. Needs the assignment."""
        if self.is_running or self.contested_at is not None or self.end_is_supposed or self.kind == TimeKind.UNKNOWN:
            return True
        if self.assignment is None or self.kind != TimeKind.WORK or not (self.starts_at and self.ends_at):
            return False
        return rules.is_off_plan(self.starts_at, self.ends_at, self.assignment.window)


class TimesheetMonth(PublicIdModel, TenantModel):
    """A month of a site: hours may be written until it is closed. PostgreSQL refuses them after that, and its row is
    what writing and closing wait for each other at (trigger ``hours_of_an_open_month``, which also makes the row)."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="timesheet_months", verbose_name=_("site"))
    month = models.DateField(_("month (its first day)"))
    status = models.CharField(_("status"), max_length=6, choices=MonthStatus.choices, default=MonthStatus.OPEN)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    closed_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("closed by")
    )
    reopened_at = models.DateTimeField(_("opened again at"), null=True, blank=True)
    reopened_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("opened again by")
    )
    reopen_reason = models.CharField(_("why it was opened again"), max_length=200, blank=True)
    # How often it was closed: the version of what was declared.
    version = models.PositiveSmallIntegerField(_("version"), default=0, db_default=0)

    class Meta:
        verbose_name = _("month of hours")
        verbose_name_plural = _("months of hours")
        ordering = ["-month", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["site", "month"], name="timesheet_month_once_per_site"),
            models.CheckConstraint(condition=Q(status__in=MonthStatus.values), name="timesheet_status_is_known"),
            models.CheckConstraint(condition=Q(month__day=1), name="timesheet_month_begins_on_the_first"),
            models.CheckConstraint(
                condition=Q(status="open") | Q(closed_at__isnull=False, version__gte=1),
                name="timesheet_closed_has_a_time",
            ),
            models.CheckConstraint(
                condition=Q(reopened_at=None) | ~Q(reopen_reason=""),
                name="timesheet_reopened_says_why",
                violation_error_message=_("Say why the month is opened again."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.site} · {self.month:%Y-%m}"

    @property
    def is_closed(self) -> bool:
        """Whether its hours are settled."""
        return self.status == MonthStatus.CLOSED
