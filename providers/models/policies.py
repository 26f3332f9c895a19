"""How an organisation asks providers: data, for one service or for all others (lifecycles.md 2.4)."""

from __future__ import annotations

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Least
from django.utils.translation import gettext_lazy as _

from bookings.models import Service
from concierge.models import TenantModel
from providers.enums import Ladder, RoundMode
from providers.rules.asking import HOURS_TO_CHOOSE, MOST_HOURS, REMINDERS, hours_of, longest_days
from providers.rules.contacts import SMS_FROM, SMS_UNTIL

# Longer before the work begins, nobody would be asked any more.
MOST_STOP_HOURS = 336


def usual_reminders() -> list[int]:
    """After half of the time, and when most of it is over."""
    return [50, 80]


class OfferPolicy(TenantModel):
    """How providers are asked, for one service or (no service) for all others. Hours are opening hours to answer.

    ``gap_hours`` are office hours after which the next ones are asked too; without, once all have answered.
    """

    service = models.ForeignKey(
        Service, models.CASCADE, null=True, blank=True, related_name="offer_policies", verbose_name=_("service")
    )
    mode = models.CharField(
        _("how they are asked"),
        max_length=20,
        choices=RoundMode.choices,
        default=RoundMode.WAVE,
        db_default=RoundMode.WAVE,
    )
    wave_size = models.PositiveSmallIntegerField(_("providers asked at a time"), default=3)
    max_waves = models.PositiveSmallIntegerField(_("most waves"), default=3)
    answer_hours = models.DecimalField(_("opening hours to answer"), max_digits=4, decimal_places=2, default=Decimal(4))
    gap_hours = models.DecimalField(
        _("office hours until the next ones are asked too"), max_digits=4, decimal_places=2, null=True, blank=True
    )
    reminders = ArrayField(
        models.PositiveSmallIntegerField(),
        size=len(REMINDERS),
        default=usual_reminders,
        blank=True,
        verbose_name=_("reminders (% of the time to answer)"),
    )
    stop_before_hours = models.PositiveSmallIntegerField(
        _("hours before the work begins at which a person takes over"), default=0, db_default=0
    )
    extension_hours = models.DecimalField(
        _("opening hours given to whoever needs more time"),
        max_digits=4,
        decimal_places=2,
        default=Decimal(2),
        db_default=Decimal(2),
    )
    most_extensions = models.PositiveSmallIntegerField(_("how often without asking the team"), default=1, db_default=1)
    ladder = models.CharField(
        _("how they are reached"),
        max_length=20,
        choices=Ladder.choices,
        default=Ladder.EMAIL_SMS_CALL,
        db_default=Ladder.EMAIL_SMS_CALL.value,
    )
    sms_from = models.TimeField(_("SMS leave from"), default=SMS_FROM, db_default=SMS_FROM)
    sms_until = models.TimeField(_("SMS leave until"), default=SMS_UNTIL, db_default=SMS_UNTIL)
    weight_distance = models.PositiveSmallIntegerField(_("weight of nearness"), default=40)
    weight_share = models.PositiveSmallIntegerField(_("weight of fair sharing"), default=35)
    weight_capacity = models.PositiveSmallIntegerField(_("weight of free capacity"), default=25)
    version = models.PositiveIntegerField(_("version"), default=1, db_default=1)

    class Meta:
        verbose_name = _("offer policy")
        verbose_name_plural = _("offer policies")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "service"],
                name="offer_policy_once_per_service",
                nulls_distinct=False,
                violation_error_message=_("There is already a policy for this service."),
            ),
            models.CheckConstraint(
                condition=Q(wave_size__range=(1, 20), max_waves__range=(1, 20)),
                name="offer_policy_waves_are_plausible",
                violation_error_message=_("Ask between 1 and 20 providers at a time, in 1 to 20 waves."),
            ),
            models.CheckConstraint(
                condition=Q(answer_hours__gt=0, answer_hours__lte=80),
                name="offer_policy_answer_time_is_plausible",
                violation_error_code="answer_hours",
                violation_error_message=_("The time to answer must be between a few minutes and 80 opening hours."),
            ),
            models.CheckConstraint(
                condition=Q(extension_hours__gt=0, extension_hours__lte=40, most_extensions__lte=5),
                name="offer_policy_extensions_are_plausible",
                violation_error_code="extension_hours",
                violation_error_message=_("Up to 40 hours more, and five times at most."),
            ),
            models.CheckConstraint(
                condition=Q(ladder__in=Ladder.values),
                name="offer_policy_ladder_is_known",
                violation_error_message=_("Choose how providers are reached."),
                violation_error_code="ladder",
            ),
            models.CheckConstraint(
                condition=Q(sms_from__lt=F("sms_until")),
                name="offer_policy_sms_hours_are_a_day",
                violation_error_message=_("SMS must leave from an hour until a later one."),
                violation_error_code="sms_until",
            ),
            models.CheckConstraint(
                condition=Q(weight_distance=100 - F("weight_share") - F("weight_capacity")),
                name="offer_policy_weights_make_a_hundred",
                violation_error_message=_("The weights must add up to 100."),
            ),
            models.CheckConstraint(
                condition=Q(mode=RoundMode.WAVE)
                | Q(mode=RoundMode.SEQUENCE, wave_size=1)
                | Q(mode=RoundMode.BROADCAST, max_waves=1, gap_hours__isnull=True)
                | Q(mode=RoundMode.DIRECT, wave_size=1, max_waves=1, gap_hours__isnull=True)
                | Q(mode=RoundMode.QUOTES, gap_hours__isnull=True),
                name="offer_policy_mode_fits_its_waves",
                violation_error_code="mode",
                violation_error_message=_("This way of asking does not go with these numbers."),
            ),
            models.CheckConstraint(
                condition=Q(gap_hours__isnull=True) | Q(gap_hours__isnull=False, gap_hours__gt=0, gap_hours__lte=80),
                name="offer_policy_gap_is_plausible",
                violation_error_code="gap_hours",
                violation_error_message=_("Between a few minutes and 80 office hours, or nothing."),
            ),
            models.CheckConstraint(
                condition=Q(reminders__contained_by=list(REMINDERS)),
                name="offer_policy_reminders_are_known",
                violation_error_code="reminders",
                violation_error_message=_("Somebody is reminded after 25, 50 or 80 per cent of the time."),
            ),
            models.CheckConstraint(
                condition=Q(stop_before_hours__lte=MOST_STOP_HOURS),
                name="offer_policy_stop_is_plausible",
                violation_error_code="stop_before_hours",
                violation_error_message=_("Two weeks (336 hours) at most."),
            ),
            models.CheckConstraint(
                condition=Q(
                    answer_hours__lte=Decimal(MOST_HOURS)
                    - (F("max_waves") - 1) * Least(Coalesce(F("gap_hours"), F("answer_hours")), F("answer_hours"))
                ),
                name="offer_policy_ends_within_sixty_days",
                violation_error_code="max_waves",
                violation_error_message=_("Asked like that, a search could last longer than sixty days."),
            ),
            # Each time the prices are there, somebody has a day to choose.
            models.CheckConstraint(
                condition=~Q(mode=RoundMode.QUOTES)
                | Q(answer_hours__lte=Decimal(MOST_HOURS) / F("max_waves") - Decimal(HOURS_TO_CHOOSE)),
                name="offer_policy_choices_end_within_sixty_days",
                violation_error_code="max_waves",
                violation_error_message=_("Asked like that, a search could last longer than sixty days."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.service or _("All services"))

    @property
    def longest_days(self) -> int:
        """How long a search lasts at most, in days of the calendar."""
        is_chosen = self.mode == RoundMode.QUOTES
        return longest_days(hours_of(self.max_waves, self.answer_hours, self.gap_hours, is_chosen=is_chosen))
