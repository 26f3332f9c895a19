"""How an offer reached its provider: a receipt for each attempt (lifecycles.md 2.4, R31)."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from concierge.models import PublicIdModel, TenantModel
from concierge.tenancy import Actor
from providers.enums import (
    CONTACT_CATEGORY,
    ContactChannel,
    ContactStatus,
    ContactTrouble,
    OfferStatus,
    ReplyEffect,
)
from providers.models.businesses import Provider
from providers.models.offers import Offer


class OfferContactQuerySet(models.QuerySet["OfferContact"]):
    """Reads of contacts."""

    def visible_to(self, actor: Actor) -> Self:
        """Those of the offers that the actor sees."""
        return self.filter(offer__in=Offer.objects.visible_to(actor))

    def calls(self) -> Self:
        """Calls that somebody of the team has to make: first those whose time comes first."""
        found = self.filter(status=ContactStatus.DUE, channel=ContactChannel.CALL, offer__status=OfferStatus.SENT)
        return found.order_by("due_at", "pk")


class OfferContact(PublicIdModel, TenantModel):
    """One attempt to reach the provider of an offer. Steps are taken one at a time, and stay as they were."""

    offer = models.ForeignKey(Offer, models.CASCADE, related_name="contacts", verbose_name=_("offer"))
    step = models.PositiveSmallIntegerField(_("step"))
    channel = models.CharField(_("channel"), max_length=10, choices=ContactChannel.choices)
    status = models.CharField(_("status"), max_length=10, choices=ContactStatus.choices, default=ContactStatus.DUE)
    trouble = models.CharField(_("trouble"), max_length=20, choices=ContactTrouble.choices, blank=True)
    # The message that carries it.
    message_id = models.UUIDField(_("message"), null=True, blank=True)
    due_at = models.DateTimeField(_("to be made at"))
    ended_at = models.DateTimeField(_("made at"), null=True, blank=True)
    # What the provider wrote that a person has to read.
    note = models.CharField(_("what they wrote"), max_length=320, blank=True, db_default="")
    # Who of the team made the call.
    made_by = models.CharField(_("made by"), max_length=120, blank=True)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    objects = OfferContactQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact with a provider")
        verbose_name_plural = _("contacts with providers")
        ordering = ["offer", "step"]
        indexes = [
            models.Index(
                fields=["organisation", "due_at", "id"],
                condition=Q(status="due", channel="call"),
                name="offer_contact_to_call",
            ),
            models.Index(
                fields=["organisation", "message_id"],
                condition=Q(message_id__isnull=False),
                name="offer_contact_by_message",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["offer", "step"], name="offer_contact_step_once"),
            models.UniqueConstraint(
                fields=["offer"],
                condition=Q(status="due"),
                name="offer_contact_one_at_a_time",
                violation_error_message=_("This provider is already being contacted."),
            ),
            models.CheckConstraint(
                condition=Q(channel__in=ContactChannel.values), name="offer_contact_channel_is_known"
            ),
            models.CheckConstraint(condition=Q(status__in=ContactStatus.values), name="offer_contact_status_is_known"),
            models.CheckConstraint(
                condition=Q(status="due", ended_at__isnull=True) | (~Q(status="due") & Q(ended_at__isnull=False)),
                name="offer_contact_ended_has_a_time",
            ),
            models.CheckConstraint(
                condition=(Q(status__in=["failed", "skipped"]) & ~Q(trouble=""))
                | (~Q(status__in=["failed", "skipped"]) & Q(trouble="")),
                name="offer_contact_failed_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.offer} · {self.step}"

    @property
    def category(self) -> str:
        """Fixed meaning of the status."""
        return CONTACT_CATEGORY[self.status]


class InboundSms(PublicIdModel, TenantModel):
    """An SMS that came in, once however often it is delivered. Neither its text nor its sender's number are kept: what
    a person has to read is with the call to make."""

    gateway = models.CharField(_("gateway"), max_length=40)
    external_id = models.CharField(_("identity there"), max_length=200)
    body_hash = models.CharField(_("seal of the call"), max_length=64)
    sender_hash = models.CharField(_("seal of the number"), max_length=64)
    effect = models.CharField(_("effect"), max_length=20, choices=ReplyEffect.choices)
    # What the provider is told, when it is a refusal.
    refusal = models.CharField(_("refusal"), max_length=300, blank=True)
    provider = models.ForeignKey(
        Provider, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("provider")
    )
    offer = models.ForeignKey(Offer, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("offer"))
    received_at = models.DateTimeField(_("received at"))

    class Meta:
        verbose_name = _("SMS that came in")
        verbose_name_plural = _("SMS that came in")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["organisation", "sender_hash", "-received_at"], name="inbound_sms_of_number")]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "gateway", "external_id"], name="inbound_sms_once"),
            models.CheckConstraint(condition=Q(effect__in=ReplyEffect.values), name="inbound_sms_effect_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.gateway} · {self.external_id}"


class ChannelState(PublicIdModel, TenantModel):
    """How a way of reaching people works at present: how often in a row it failed, until when it is left alone."""

    channel = models.CharField(_("channel"), max_length=10)
    # Whom it reaches, when that has a state of its own; empty: everybody.
    target = models.CharField(_("target"), max_length=40, blank=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True)
    paused_until = models.DateTimeField(_("left alone until"), null=True, blank=True)
    last_error = models.CharField(_("last error"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("state of a channel")
        verbose_name_plural = _("states of channels")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "channel", "target"], name="channel_state_once"),
            models.CheckConstraint(
                condition=Q(failures=0, failing_since__isnull=True, paused_until__isnull=True)
                | Q(failures__gt=0, failing_since__isnull=False),
                name="channel_state_fails_since",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.target}".strip()
