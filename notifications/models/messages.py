"""One row per message and reader: written with the news, sent later, never lost (R06, R15, R22)."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.db import models
from django.db.models import Case, IntegerField, Q, Value, When
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from concierge.enums import Role
from concierge.models import Event, PublicIdModel, Site, TenantModel
from concierge.tenancy import Actor
from notifications.enums import MESSAGE_CATEGORY, Kind, MessageChannel, MessageStatus, RecipientKind

# Who looks after messages that do not arrive.
MESSAGE_ROLES = (Role.CONCIERGE, Role.DISPATCHER, Role.SITE_MANAGER, Role.NETWORK_HEAD)

TROUBLED = (MessageStatus.FAILED, MessageStatus.DEAD)


class MessageQuerySet(models.QuerySet["Message"]):
    """Reads of messages."""

    def visible_to(self, actor: Actor) -> Self:
        """The desk and its managers: their sites; messages of no site need a role in the whole organisation."""
        found = self.filter(organisation=actor.organisation)
        if actor.kind == "system":
            return found
        if not actor.has_role(*MESSAGE_ROLES):
            return found.none()
        sites = actor.site_ids(*MESSAGE_ROLES)
        return found if sites is None else found.filter(site_id__in=sites)

    def due(self, now: dt.datetime) -> Self:
        """What should leave now, codes that somebody waits for first."""
        return self.filter(status=MessageStatus.QUEUED, next_at__lte=now).order_by("-urgent", "next_at", "pk")

    def troubled(self) -> Self:
        """Messages that did not arrive and need a person."""
        return self.filter(status__in=TROUBLED)

    def worst_first(self) -> Self:
        """Failures first, then the newest."""
        trouble = Case(When(status__in=TROUBLED, then=Value(0)), default=Value(1), output_field=IntegerField())
        return self.order_by(trouble, "-pk")


class Message(PublicIdModel, TenantModel):
    """An e-mail or an SMS to one reader. The text is written when it leaves; only the subject is kept (P07).

    ``subject_type`` and ``subject_id`` name what it speaks of, in the words of the event; an invoice is attached.
    """

    event = models.ForeignKey(Event, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("event"))
    resent_from = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="copies", verbose_name=_("sent again from")
    )
    site = models.ForeignKey(Site, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("site"))
    request_id = models.UUIDField(_("service request"), null=True, blank=True)
    kind = models.CharField(_("message"), max_length=60, choices=Kind.choices)
    subject_type = models.CharField(_("speaks of"), max_length=40)
    subject_id = models.UUIDField(_("speaks of"))
    recipient_kind = models.CharField(_("reader"), max_length=10, choices=RecipientKind.choices)
    recipient_id = models.BigIntegerField(_("reader"), null=True, blank=True)
    recipient_name = models.CharField(_("reader"), max_length=160, blank=True)
    channel = models.CharField(
        _("channel"),
        max_length=10,
        choices=MessageChannel.choices,
        default=MessageChannel.EMAIL,
        db_default=MessageChannel.EMAIL.value,
    )
    # An e-mail address, or a number such as +33612345678.
    address = models.CharField(_("address"), max_length=254)
    language = models.CharField(_("language"), max_length=2, choices=[("fr", "Français"), ("en", "English")])
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    message_id = models.CharField(_("Message-ID"), max_length=300, unique=True)
    urgent = models.BooleanField(_("somebody waits for it"), default=False)
    status = models.CharField(_("status"), max_length=10, choices=MessageStatus.choices, default=MessageStatus.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_at = models.DateTimeField(_("next attempt at"), db_default=Now())
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    last_error = models.CharField(_("last error"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("written at"), db_default=Now(), editable=False)

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["organisation", "-urgent", "next_at", "id"],
                condition=Q(status="queued"),
                name="message_due",
            ),
            models.Index(fields=["organisation", "status", "-id"], name="message_by_status"),
            models.Index(fields=["organisation", "request_id", "id"], name="message_of_request"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["event", "kind", "address"], name="message_once_per_event_and_reader"),
            models.CheckConstraint(condition=Q(status__in=MessageStatus.values), name="message_status_is_known"),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="message_kind_is_known"),
            models.CheckConstraint(
                condition=Q(recipient_kind__in=RecipientKind.values), name="message_reader_is_known"
            ),
            models.CheckConstraint(
                condition=Q(channel="email", address__contains="@")
                | Q(channel="sms", address__regex=r"^\+[1-9][0-9]{5,14}$"),
                name="message_has_an_address",
            ),
            models.CheckConstraint(
                condition=Q(status="sent", sent_at__isnull=False) | (~Q(status="sent") & Q(sent_at=None)),
                name="message_sent_has_a_time",
            ),
        ]

    def __str__(self) -> str:
        return str(self.public_id)

    @property
    def category(self) -> str:
        """Fixed meaning of the status, for badges."""
        return MESSAGE_CATEGORY[self.status]
