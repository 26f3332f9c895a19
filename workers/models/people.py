"""The people of the team: capabilities and time, never causes (domain.md 4.1)."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.models.availability import Seconds, SecondsRange
from bookings.models.catalogue import DateRange
from bookings.models.people import Prescriber
from concierge.enums import Role
from concierge.models import PublicIdModel, Site, TenantModel, User
from concierge.rome import rome
from concierge.tenancy import Actor
from workers.enums import SkillLevel

# Who reads the team's plan, by site. The accountant reads hours elsewhere.
TEAM_ROLES = (
    Role.CONCIERGE,
    Role.DISPATCHER,
    Role.SUPERVISOR,
    Role.SOCIAL_ADVISER,
    Role.SITE_MANAGER,
    Role.NETWORK_HEAD,
)


# Besides, whoever declares hours and contracts knows the people.
PEOPLE_READERS = (*TEAM_ROLES, Role.ACCOUNTANT)


class TraineeQuerySet(models.QuerySet["Trainee"]):
    """Reads of trainees."""

    def visible_to(self, actor: Actor) -> Self:
        """Team staff and accountants: the trainees of their sites. A trainee: themself. Everybody else: nobody."""
        found = self.filter(organisation=actor.organisation)
        if actor.kind == "system":
            return found
        if actor.has_role(*PEOPLE_READERS):
            sites = actor.site_ids(*PEOPLE_READERS)
            return found if sites is None else found.filter(site_id__in=sites)
        return found.filter(pk=actor.trainee_id) if actor.trainee_id else found.none()

    def active(self) -> Self:
        """Who is on the team now."""
        return self.filter(is_active=True)

    def on(self, day: dt.date) -> Self:
        """Who is on the team now and, as far as anybody has said, still is on a day."""
        return self.active().filter(Q(last_on=None) | Q(last_on__gte=day))


class Trainee(PublicIdModel, TenantModel):
    """A person on their way back to work: a home site, and who accompanies them. Their contracts are rows (R22)."""

    user = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="trainees", verbose_name=_("account")
    )
    first_name = models.CharField(_("first name"), max_length=80)
    last_name = models.CharField(_("last name"), max_length=80)
    site = models.ForeignKey(Site, models.PROTECT, related_name="trainees", verbose_name=_("home site"))
    supervisor = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="supervised_trainees",
        verbose_name=_("technical supervisor"),
    )
    mentor = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="mentored_trainees", verbose_name=_("mentor")
    )
    adviser = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="advised_trainees", verbose_name=_("social adviser")
    )
    referrer = models.ForeignKey(
        Prescriber, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("referrer")
    )
    # For the rules of minors, of 50 and over and of 57 and over; read by who writes contracts only.
    birth_date = models.DateField(_("birth date"), null=True, blank=True)
    language = models.CharField(
        _("language"), max_length=2, choices=[("fr", "Français"), ("en", "English")], default="fr"
    )
    prefers_audio = models.BooleanField(_("prefers to listen"), default=False)
    # ``last_on`` is said ahead, while they are still there; ``workers.actions.leaving`` alone writes both.
    is_active = models.BooleanField(_("on the team"), default=True)
    last_on = models.DateField(_("last day on the team (included)"), null=True, blank=True)

    objects = TraineeQuerySet.as_manager()

    class Meta:
        verbose_name = _("trainee")
        verbose_name_plural = _("trainees")
        ordering = ["first_name", "last_name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "user"],
                condition=Q(user__isnull=False),
                name="trainee_user_once_per_organisation",
                violation_error_message=_("This account already belongs to another person of the team."),
            ),
            models.CheckConstraint(condition=~Q(first_name=""), name="trainee_has_a_first_name"),
            # What is kept of them for so long after that day would else be kept for ever (R43).
            models.CheckConstraint(
                condition=Q(is_active=True) | Q(last_on__isnull=False),
                name="former_trainee_has_a_last_day",
                violation_error_message=_("Say which day was their last on the team."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def reads_mail(self) -> bool:
        """Whether we can write to them: they are on the team and their account has an address."""
        user = self.user
        return user is not None and user.is_active and bool(user.email) and self.is_active

    @property
    def short_name(self) -> str:
        """First name and initial: what the team's board and the client read."""
        return f"{self.first_name} {self.last_name[:1]}.".strip() if self.last_name else self.first_name

    def is_there_on(self, day: dt.date) -> bool:
        """Whether they are, or were, on the team on a day."""
        return self.is_active if self.last_on is None else day <= self.last_on


class TraineeSkill(TenantModel):
    """How far a trainee has come with a trade (ROME code). Raised by a supervisor, never lowered by the machine."""

    trainee = models.ForeignKey(Trainee, models.CASCADE, related_name="skills", verbose_name=_("trainee"))
    rome_code = models.CharField(_("skill (ROME)"), max_length=5)
    level = models.CharField(_("level"), max_length=15, choices=SkillLevel.choices)
    changed_at = models.DateTimeField(_("changed at"))
    # Last time they did it and it was checked: a level that nobody uses for a year is looked at again, never lowered.
    practised_at = models.DateTimeField(_("last done at"), null=True, blank=True)

    class Meta:
        verbose_name = _("skill of a trainee")
        verbose_name_plural = _("skills of trainees")
        ordering = ["rome_code", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["trainee", "rome_code"], name="trainee_skill_once"),
            models.CheckConstraint(condition=Q(level__in=SkillLevel.values), name="trainee_skill_level_is_known"),
            models.CheckConstraint(
                condition=Q(rome_code__regex=r"^[A-N][0-9]{4}$"),
                name="trainee_skill_code_is_rome",
                violation_error_message=_("A ROME code is a letter and four digits."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rome_code} · {self.level}"

    @property
    def sure_since(self) -> dt.datetime:
        """When the level was last used or confirmed."""
        return max(self.changed_at, self.practised_at or self.changed_at)

    @property
    def label(self) -> str:
        """Name of the trade, else its code."""
        return rome().label(self.rome_code)


class AvailabilityRule(TenantModel):
    """When somebody is usually here on a weekday (0 = Monday), in the home site's time. No reason is asked or kept."""

    trainee = models.ForeignKey(Trainee, models.CASCADE, related_name="availability", verbose_name=_("trainee"))
    weekday = models.PositiveSmallIntegerField(_("weekday"))
    starts = models.TimeField(_("from"))
    ends = models.TimeField(_("to"))

    class Meta:
        verbose_name = _("usual hours")
        verbose_name_plural = _("usual hours")
        ordering = ["weekday", "starts", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(weekday__lte=6), name="availability_weekday_exists"),
            models.CheckConstraint(
                condition=Q(ends__gt=F("starts")),
                name="availability_end_after_start",
                violation_error_message=_("The end must be after the start."),
            ),
            ExclusionConstraint(
                name="availability_does_not_overlap",
                expressions=[
                    ("trainee", RangeOperators.EQUAL),
                    ("weekday", RangeOperators.EQUAL),
                    (SecondsRange(Seconds("starts"), Seconds("ends")), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("These hours overlap other hours of the same day."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.weekday} {self.starts:%H:%M}–{self.ends:%H:%M}"


class AbsenceQuerySet(models.QuerySet["Absence"]):
    """Reads of absences."""

    def visible_to(self, actor: Actor) -> Self:
        """Like the people who are away."""
        return self.filter(trainee__in=Trainee.objects.visible_to(actor))

    def covering(self, day: dt.date | OuterRef) -> Self:
        """Those of a day."""
        return self.filter(starts_on__lte=day, ends_on__gte=day)


class Absence(TenantModel):
    """Days on which somebody is not here, both ends included. There is no field for why (P01)."""

    trainee = models.ForeignKey(Trainee, models.CASCADE, related_name="absences", verbose_name=_("trainee"))
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to (included)"))
    # Whoever wrote it takes it back within five minutes.
    noted_at = models.DateTimeField(_("noted at"), default=timezone.now, editable=False)
    noted_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("noted by")
    )

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        ordering = ["starts_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="absence_end_not_before_start",
                violation_error_message=_("The last day cannot be before the first day."),
            ),
            models.CheckConstraint(
                condition=Q(ends_on__lte=F("starts_on") + dt.timedelta(days=366)),
                name="absence_of_a_year_at_most",
                violation_error_message=_("An absence is of a year at most. Write down the rest later."),
            ),
            models.CheckConstraint(
                condition=Q(starts_on__range=(dt.date(2000, 1, 1), dt.date(2199, 12, 31))),
                name="absence_days_are_plausible",
                violation_error_message=_("Choose a day within the next year."),
            ),
            ExclusionConstraint(
                name="absences_do_not_overlap",
                expressions=[
                    ("trainee", RangeOperators.EQUAL),
                    (DateRange("starts_on", "ends_on"), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("Another absence already covers some of these days."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_on} → {self.ends_on}"
