"""Who is asked for a work order, what they answered, and why others were not asked (lifecycles.md 2.4)."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from bookings.enums import WORK_ORDER_TRANSITIONS, Place
from bookings.models import ServiceRequest, WorkOrder
from bookings.models.requests import REQUEST_ROLES
from concierge.models import PublicIdModel, TenantModel
from concierge.tenancy import Actor
from providers.enums import (
    BINDING_YES,
    OFFER_CATEGORY,
    WAITING,
    BreakReason,
    DeclineReason,
    Obstacle,
    OfferStatus,
    ReleaseReason,
    RoundMode,
    RoundStatus,
)
from providers.models.agreements import ServiceAgreement
from providers.models.businesses import Provider
from providers.rules import hours
from providers.rules.asking import LONGEST, prices_due_by


def latest_start(work_order: WorkOrder) -> dt.datetime:
    """When the work begins at the latest, to be done as promised. What was ordered ahead is there when the hand-out
    begins: somebody waits for it then, as at home."""
    is_awaited = work_order.request.place == Place.HOME or hasattr(work_order.request, "pre_order")
    return hours.must_begin_by(
        work_order.promised_start,
        work_order.promised_end,
        dt.timedelta(minutes=work_order.duration_minutes),
        at_home=is_awaited,
    )


class OfferRound(PublicIdModel, TenantModel):
    """One search for somebody to do a work order. ``number`` counts the searches of the same order. At ``ends_at`` it
    stops at the latest: then a person decides."""

    work_order = models.ForeignKey(WorkOrder, models.CASCADE, related_name="offer_rounds", verbose_name=_("work order"))
    number = models.PositiveSmallIntegerField(_("search"))
    mode = models.CharField(_("mode"), max_length=20, choices=RoundMode.choices, default=RoundMode.WAVE)
    status = models.CharField(_("status"), max_length=10, choices=RoundStatus.choices, default=RoundStatus.OPEN)
    started_at = models.DateTimeField(_("started at"))
    ends_at = models.DateTimeField(_("stops at the latest at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    # By which rules everybody was judged (``rules.terms``), so that each verdict can be found again.
    judged_by = models.JSONField(_("rules it was judged by"), default=dict, db_default={})
    is_narrowed = models.BooleanField(_("the nearest of very many"), default=False, db_default=False)
    # Of those who may be asked and of whom nobody knows where they are.
    not_looked_at = models.PositiveIntegerField(_("not looked at"), default=0, db_default=0)

    class Meta:
        verbose_name = _("search for a provider")
        verbose_name_plural = _("searches for a provider")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["work_order", "number"], name="offer_round_number_once"),
            models.UniqueConstraint(
                fields=["work_order"],
                condition=Q(status="open"),
                name="offer_round_open_once_per_work_order",
                violation_error_message=_("Providers are already being asked."),
            ),
            models.CheckConstraint(condition=Q(status__in=RoundStatus.values), name="offer_round_status_is_known"),
            models.CheckConstraint(
                condition=Q(status="open", ended_at=None) | (~Q(status="open") & Q(ended_at__isnull=False)),
                name="offer_round_ends_when_closed",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("started_at"), ends_at__lte=F("started_at") + LONGEST),
                name="offer_round_ends_within_sixty_days",
                violation_error_message=_("A search for a provider lasts sixty days at most."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.work_order} · {self.number}"

    @property
    def asks_price(self) -> bool:
        """Whether no yes binds: several give their prices, then a person chooses."""
        return self.mode == RoundMode.QUOTES

    def answers_end_at(self, since: dt.datetime) -> dt.datetime:
        """When an answer is due at the latest that is asked for ``since`` then: where a person chooses among prices,
        with time left to choose."""
        return prices_due_by(since, self.ends_at) if self.asks_price else self.ends_at


class OfferWave(TenantModel):
    """Those asked at the same time."""

    round = models.ForeignKey(OfferRound, models.CASCADE, related_name="waves", verbose_name=_("search"))
    number = models.PositiveSmallIntegerField(_("wave"))
    sent_at = models.DateTimeField(_("sent at"))

    class Meta:
        verbose_name = _("wave of offers")
        verbose_name_plural = _("waves of offers")
        ordering = ["round", "number"]
        constraints = [models.UniqueConstraint(fields=["round", "number"], name="offer_wave_number_once")]

    def __str__(self) -> str:
        return f"{self.round} · {self.number}"


class OfferQuerySet(models.QuerySet["Offer"]):
    """Reads of offers."""

    def visible_to(self, actor: Actor) -> Self:
        """A provider: its own. Staff: their sites. The organisation's own systems: all. Others: none."""
        found = self.filter(organisation=actor.organisation)
        if actor.provider_id is not None and actor.kind != "user":
            return found.filter(provider_id=actor.provider_id)
        if actor.kind in {"system", "api"}:
            return found
        if actor.has_role(*REQUEST_ROLES):
            sites = actor.site_ids(*REQUEST_ROLES)
            return found if sites is None else found.filter(work_order__site_id__in=sites)
        return found.filter(provider_id=actor.provider_id) if actor.provider_id is not None else found.none()

    def open(self) -> Self:
        """Waiting for an answer, or for a decision on what was proposed instead."""
        return self.filter(status__in=WAITING)

    def binding(self) -> Self:
        """Said yes to, and not taken back: the work is theirs, or was until it was done."""
        return self.filter(status__in=BINDING_YES)

    def with_need(self) -> Self:
        """With everything that says what is asked, where."""
        of = ("work_order__service", "work_order__site", "work_order__request__pre_order")
        return self.select_related("provider", "round", *of)


class Offer(PublicIdModel, TenantModel):
    """One question to one provider. ``price`` is what they will be paid, incl. VAT: frozen when it is sent, until the
    work is measured (``follow_quantity``) or its price amended (``follow_amendment``)."""

    work_order = models.ForeignKey(WorkOrder, models.CASCADE, related_name="offers", verbose_name=_("work order"))
    round = models.ForeignKey(OfferRound, models.CASCADE, related_name="offers", verbose_name=_("search"))
    wave = models.ForeignKey(OfferWave, models.CASCADE, related_name="offers", verbose_name=_("wave"))
    provider = models.ForeignKey(Provider, models.PROTECT, related_name="offers", verbose_name=_("provider"))
    # On which it was asked; none when the price comes from a quote, or was asked before agreements had terms.
    agreement = models.ForeignKey(
        ServiceAgreement, models.PROTECT, null=True, blank=True, related_name="offers", verbose_name=_("agreement")
    )
    status = models.CharField(_("status"), max_length=15, choices=OfferStatus.choices, default=OfferStatus.SENT)
    price = models.DecimalField(_("price paid, incl. VAT (€)"), max_digits=10, decimal_places=2)
    sent_at = models.DateTimeField(_("sent at"))
    due_at = models.DateTimeField(_("answer due at"))
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    # How often it was given more time, and since when its provider asks for more than the rules give.
    extensions = models.PositiveSmallIntegerField(_("times extended"), default=0, db_default=0)
    extension_asked_at = models.DateTimeField(_("asked for more time at"), null=True, blank=True)
    decline_reason = models.CharField(_("reason"), max_length=20, choices=DeclineReason.choices, blank=True)
    decline_comment = models.CharField(_("comment"), max_length=200, blank=True)
    # Its holder gave it back; without a reason somebody of ours took it.
    released_at = models.DateTimeField(_("given back at"), null=True, blank=True)
    release_reason = models.CharField(
        _("why it was given back"), max_length=20, choices=ReleaseReason.choices, blank=True, db_default=""
    )
    release_comment = models.CharField(_("comment on giving it back"), max_length=200, blank=True, db_default="")
    # Somebody of ours found that the promise was not kept.
    broken_at = models.DateTimeField(_("found broken at"), null=True, blank=True)
    broken_reason = models.CharField(
        _("how the promise was not kept"), max_length=20, choices=BreakReason.choices, blank=True, db_default=""
    )
    broken_comment = models.CharField(_("what was noted of it"), max_length=200, blank=True, db_default="")
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    objects = OfferQuerySet.as_manager()

    class Meta:
        verbose_name = _("offer")
        verbose_name_plural = _("offers")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["organisation", "provider", "-id"], name="offer_of_provider"),
            models.Index(fields=["organisation", "status", "-id"], name="offer_by_status"),
            models.Index(
                fields=["organisation", "answered_at"],
                condition=Q(status__in=["accepted", "honoured"]),
                name="offer_binding_recently",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["work_order"],
                condition=Q(status__in=["accepted", "honoured"]),
                name="offer_binding_once_per_work_order",
                violation_error_message=_("Another provider has already accepted this job."),
            ),
            models.UniqueConstraint(
                fields=["round", "provider"],
                name="offer_provider_once_per_round",
                violation_error_message=_("This provider was already asked."),
            ),
            models.CheckConstraint(condition=Q(status__in=OfferStatus.values), name="offer_status_is_known"),
            models.CheckConstraint(condition=Q(price__gte=0), name="offer_price_not_negative"),
            models.CheckConstraint(condition=Q(due_at__gt=F("sent_at")), name="offer_due_after_sent"),
            models.CheckConstraint(
                condition=Q(status="declined") | Q(decline_reason=""), name="offer_reason_only_when_declined"
            ),
            models.CheckConstraint(
                condition=Q(status="released") | Q(released_at__isnull=True, release_reason="", release_comment=""),
                name="offer_release_only_when_released",
            ),
            models.CheckConstraint(
                condition=(Q(status="broken", broken_at__isnull=False) & ~Q(broken_reason=""))
                | (~Q(status="broken") & Q(broken_at__isnull=True, broken_reason="", broken_comment="")),
                name="offer_broken_has_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.work_order} → {self.provider}"

    @property
    def category(self) -> str:
        """Fixed meaning of the status."""
        return OFFER_CATEGORY[self.status]

    @property
    def release_before(self) -> dt.datetime | None:
        """Until when its holder may give it back: as agreed (R33), else until it has to begin.

        ``None`` when nobody holds it by this offer, once the things are with them, and once it has begun.
        """
        order = self.work_order
        if self.status != OfferStatus.ACCEPTED or order.status not in WORK_ORDER_TRANSITIONS["release"][0]:
            return None
        if order.collected_at is not None:
            return None
        before = self.agreement.cancel_hours if self.agreement is not None else 0
        return latest_start(order) - dt.timedelta(hours=before)

    @property
    def asked_by(self) -> ServiceRequest:
        """For which request it is."""
        return self.work_order.request

    @property
    def area(self) -> dict[str, str]:
        """Postcode and town where the work starts: all that is said of the place before acceptance (P05)."""
        asked = self.work_order.request
        where = asked if asked.place == Place.HOME else self.work_order.site
        return {"postcode": where.postcode, "city": where.city}


class ConsideredProvider(TenantModel):
    """Why this provider was, or was not, asked: the rule that removed it, else its score and where it comes from."""

    round = models.ForeignKey(OfferRound, models.CASCADE, related_name="considered", verbose_name=_("search"))
    provider = models.ForeignKey(Provider, models.CASCADE, related_name="+", verbose_name=_("provider"))
    is_kept = models.BooleanField(_("kept"))
    rule = models.CharField(_("rule that removed it"), max_length=20, choices=Obstacle.choices, blank=True)
    distance_km = models.DecimalField(_("distance (km)"), max_digits=7, decimal_places=1, null=True, blank=True)
    score = models.DecimalField(_("score"), max_digits=5, decimal_places=1, null=True, blank=True)
    score_parts = models.JSONField(_("parts of the score"), default=dict)
    rank = models.PositiveSmallIntegerField(_("rank"), null=True, blank=True)
    # What was known (``rules.candidates``), numbers and codes only, and what would have counted and nobody knew.
    facts = models.JSONField(_("facts"), default=dict, db_default={})
    unknown = models.JSONField(_("unknown"), default=list, db_default=[])
    # What was known when the search began, of those who fell out later.
    first_facts = models.JSONField(_("facts at first"), default=dict, db_default={})

    class Meta:
        verbose_name = _("considered provider")
        verbose_name_plural = _("considered providers")
        ordering = ["round", F("rank").asc(nulls_last=True), "pk"]
        constraints = [
            models.UniqueConstraint(fields=["round", "provider"], name="considered_provider_once_per_round"),
            models.CheckConstraint(
                condition=Q(is_kept=True, rule="") | (Q(is_kept=False) & ~Q(rule="")),
                name="considered_provider_removed_by_a_rule",
            ),
            models.CheckConstraint(
                condition=Q(is_kept=False) | Q(score__isnull=False, rank__isnull=False),
                name="considered_provider_kept_has_a_score",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.round} · {self.provider}"
