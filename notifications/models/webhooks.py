"""Systems that want to be told what happened: where to, what about, and what became of each call (R31, lifecycles.md
2.12)."""

from __future__ import annotations

import datetime as dt
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from concierge.encryption import MARK, holds
from concierge.models import Event, PublicIdModel, TenantModel
from concierge.tenancy import Actor
from notifications.enums import DeliveryStatus, Disabled
from providers.models import Provider


class WebhookEndpointQuerySet(models.QuerySet["WebhookEndpoint"]):
    """Reads of endpoints."""

    def visible_to(self, actor: Actor) -> Self:
        """A provider's key: its own. The organisation's own systems: theirs and those of providers. Others: none."""
        found = self.filter(organisation=actor.organisation)
        if actor.provider_id is not None:
            return found.filter(provider_id=actor.provider_id)
        return found if actor.kind in {"api", "system"} else found.none()

    def active(self) -> Self:
        """Those that are called."""
        return self.filter(disabled_at=None)


class WebhookEndpoint(PublicIdModel, TenantModel):
    """An address of a provider's system, or (no provider) of one of the organisation's own."""

    provider = models.ForeignKey(
        Provider, models.CASCADE, null=True, blank=True, related_name="webhook_endpoints", verbose_name=_("provider")
    )
    url = models.CharField(_("address"), max_length=500)
    types = ArrayField(models.CharField(max_length=40), verbose_name=_("types"))
    # The secret that calls are signed with.
    sealed = models.TextField(_("secret"), editable=False)
    disabled_at = models.DateTimeField(_("disabled at"), null=True, blank=True)
    disabled_why = models.CharField(_("why it was disabled"), max_length=10, choices=Disabled.choices, blank=True)
    # While one call is being made there is no second one: whoever answers slowly holds one sender at most.
    busy_until = models.DateTimeField(_("a call is being made until"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    objects = WebhookEndpointQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook endpoint")
        verbose_name_plural = _("webhook endpoints")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(sealed__startswith=MARK), name="webhook_endpoint_secret_is_encrypted"),
            models.CheckConstraint(condition=Q(types__len__gt=0), name="webhook_endpoint_hears_something"),
            models.CheckConstraint(
                condition=Q(disabled_at__isnull=True, disabled_why="")
                | Q(disabled_at__isnull=False, disabled_why__in=Disabled.values),
                name="webhook_endpoint_disabled_says_why",
            ),
        ]

    def __str__(self) -> str:
        return str(self.public_id)

    def is_busy_at(self, now: dt.datetime) -> bool:
        """Whether a call is being made there."""
        return self.busy_until is not None and self.busy_until > now


class WebhookDeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    """Reads of deliveries."""

    def visible_to(self, actor: Actor) -> Self:
        """Those of the endpoints that the actor sees."""
        return self.filter(endpoint__in=WebhookEndpoint.objects.visible_to(actor))

    def due(self, now: dt.datetime) -> Self:
        """What should leave now, oldest first; nothing to where a call is being made: one at a time."""
        found = self.filter(status=DeliveryStatus.QUEUED, next_at__lte=now, endpoint__disabled_at=None)
        is_free = Q(endpoint__busy_until=None) | Q(endpoint__busy_until__lte=now)
        return found.filter(is_free).order_by("next_at", "pk")


class WebhookDelivery(PublicIdModel, TenantModel):
    """One piece of news for one endpoint: the same identity at every attempt. What is sent names no person."""

    endpoint = models.ForeignKey(
        WebhookEndpoint, models.CASCADE, related_name="deliveries", verbose_name=_("webhook endpoint")
    )
    event = models.ForeignKey(Event, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("event"))
    type = models.CharField(_("type"), max_length=40)
    payload: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(_("what is sent"))
    status = models.CharField(_("status"), max_length=10, choices=DeliveryStatus.choices, default=DeliveryStatus.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_at = models.DateTimeField(_("next attempt at"), db_default=Now())
    http_status = models.PositiveSmallIntegerField(_("answer"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    created_at = models.DateTimeField(_("written at"), db_default=Now(), editable=False)

    objects = WebhookDeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["endpoint", "next_at", "id"], condition=Q(status="queued"), name="webhook_delivery_due"
            ),
            models.Index(fields=["organisation", "created_at"], name="webhook_delivery_by_age"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "event"], name="webhook_delivery_once"),
            models.CheckConstraint(
                condition=Q(status__in=DeliveryStatus.values), name="webhook_delivery_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(status="sent", sent_at__isnull=False) | (~Q(status="sent") & Q(sent_at__isnull=True)),
                name="webhook_delivery_sent_has_a_time",
            ),
        ]

    def __str__(self) -> str:
        return str(self.public_id)


@holds
def sealed_secrets() -> models.QuerySet[WebhookEndpoint]:
    """The secrets, for ``encrypt_again``."""
    return WebhookEndpoint.objects.all()
