"""What a provider proposes instead of a yes or a no: another price, another day (lifecycles.md 2.4)."""

from __future__ import annotations

from decimal import Decimal
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from bookings.models import WorkOrder
from concierge.models import PublicIdModel, TenantModel
from providers.enums import COUNTER_CATEGORY, CounterStatus, Decider
from providers.models.offers import Offer

MOST_COUNTER_PRICE = Decimal(50_000)


class CounterOfferQuerySet(models.QuerySet["CounterOffer"]):
    """Reads of what providers propose."""

    def waiting(self) -> Self:
        """Nobody has decided yet."""
        return self.filter(status=CounterStatus.WAITING)


class CounterOffer(PublicIdModel, TenantModel):
    """Another price to be paid, incl. VAT; another time to come; or another moment by which it is ready."""

    offer = models.ForeignKey(Offer, models.CASCADE, related_name="counters", verbose_name=_("offer"))
    price = models.DecimalField(_("price proposed, incl. VAT (€)"), max_digits=10, decimal_places=2, null=True)
    # What was to be paid when it was proposed: once that changed, the proposal speaks of something else.
    price_before = models.DecimalField(_("price offered then, incl. VAT (€)"), max_digits=10, decimal_places=2)
    starts_at = models.DateTimeField(_("time proposed to come"), null=True)
    ready_by = models.DateTimeField(_("time proposed for it to be ready"), null=True)
    # What was promised when it was proposed, for the same reason; none before this was kept.
    promised_start = models.DateTimeField(_("promised start then"), null=True)
    promised_end = models.DateTimeField(_("promised end then"), null=True)
    comment = models.CharField(_("comment"), max_length=200, blank=True)
    needs = models.CharField(_("who decides"), max_length=10, choices=Decider.choices)
    status = models.CharField(_("status"), max_length=10, choices=CounterStatus.choices, default=CounterStatus.WAITING)
    made_at = models.DateTimeField(_("proposed at"))
    due_at = models.DateTimeField(_("decision due at"))
    decided_at = models.DateTimeField(_("decided at"), null=True)
    # Who decided, and over which channel, is in the event.
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    objects = CounterOfferQuerySet.as_manager()

    class Meta:
        verbose_name = _("counter-offer")
        verbose_name_plural = _("counter-offers")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["offer"],
                condition=Q(status="waiting"),
                name="counter_offer_waiting_once",
                violation_error_message=_("A proposal of this provider is waiting for a decision."),
            ),
            models.CheckConstraint(condition=Q(status__in=CounterStatus.values), name="counter_offer_status_is_known"),
            models.CheckConstraint(condition=Q(needs__in=Decider.values), name="counter_offer_decider_is_known"),
            models.CheckConstraint(
                condition=Q(price__isnull=False) | Q(starts_at__isnull=False) | Q(ready_by__isnull=False),
                name="counter_offer_says_something",
                violation_error_message=_("Propose another price, or another day."),
            ),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True) | Q(ready_by__isnull=True), name="counter_offer_one_moment"
            ),
            models.CheckConstraint(
                condition=Q(price__isnull=True) | Q(price__gt=0, price__lte=MOST_COUNTER_PRICE),
                name="counter_offer_price_is_plausible",
                violation_error_message=_("A price is more than 0 and at most 50,000 €."),
            ),
            models.CheckConstraint(condition=Q(due_at__gt=F("made_at")), name="counter_offer_due_after_made"),
            models.CheckConstraint(
                condition=Q(status="waiting", decided_at__isnull=True)
                | (~Q(status="waiting") & Q(decided_at__isnull=False)),
                name="counter_offer_decided_has_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.offer} · {self.status}"

    def speaks_of(self, work_order: WorkOrder) -> bool:
        """Whether the work is still promised as it was when this was proposed."""
        then = (self.promised_start, self.promised_end)
        return then in {(work_order.promised_start, work_order.promised_end), (None, None)}

    @property
    def category(self) -> str:
        """Fixed meaning of the status."""
        return COUNTER_CATEGORY[self.status]
