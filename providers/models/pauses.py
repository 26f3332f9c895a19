"""Times at which the clock of an offer stands still (lifecycles.md 2.4)."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from concierge.models import PublicIdModel, TenantModel
from providers.enums import PauseReason
from providers.models.offers import Offer

LONGEST_PAUSE = dt.timedelta(days=60)


class OfferPauseQuerySet(models.QuerySet["OfferPause"]):
    """Reads of pauses."""

    def going_on(self) -> Self:
        """Not ended yet."""
        return self.filter(ended_at=None)


class OfferPause(PublicIdModel, TenantModel):
    """The clock stands still. ``left`` is the opening time that was left to answer: it is left afterwards too."""

    offer = models.ForeignKey(Offer, models.CASCADE, related_name="pauses", verbose_name=_("offer"))
    reason = models.CharField(_("reason"), max_length=30, choices=PauseReason.choices)
    note = models.CharField(_("what they need to know"), max_length=200, blank=True)
    answer = models.CharField(_("what we told them"), max_length=200, blank=True)
    by_provider = models.BooleanField(_("asked for by the provider"))
    started_at = models.DateTimeField(_("since"))
    # Then it goes on by itself: nothing stands still for ever.
    until = models.DateTimeField(_("until at the latest"))
    ended_at = models.DateTimeField(_("ended at"), null=True)
    left = models.DurationField(_("opening time left"))
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    objects = OfferPauseQuerySet.as_manager()

    class Meta:
        verbose_name = _("pause of an offer")
        verbose_name_plural = _("pauses of offers")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["offer"],
                condition=Q(ended_at=None),
                name="offer_paused_once",
                violation_error_message=_("The clock of this offer stands still already."),
            ),
            models.CheckConstraint(condition=Q(reason__in=PauseReason.values), name="offer_pause_reason_is_known"),
            models.CheckConstraint(
                condition=Q(until__gt=F("started_at"), until__lte=F("started_at") + LONGEST_PAUSE),
                name="offer_pause_ends_within_sixty_days",
                violation_error_message=_("Nothing stands still for longer than sixty days."),
            ),
            models.CheckConstraint(condition=Q(left__gt=dt.timedelta(0)), name="offer_pause_leaves_time"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__isnull=False, ended_at__gte=F("started_at")),
                name="offer_pause_ends_after_it_began",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.offer} · {self.reason}"
