"""Shapes of the webhooks API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from notifications.enums import DeliveryStatus, Disabled
from notifications.rules.webhooks import CHOICES


class WebhookEndpointIn(serializers.Serializer[Any]):
    """Where to, about what, signed with which secret."""

    url = serializers.CharField(max_length=500, help_text="`https`, on port 443 or 8443, of a public address.")
    types = serializers.ListField(
        child=serializers.ChoiceField(choices=CHOICES),
        min_length=1,
        max_length=len(CHOICES),
        help_text="A provider's key hears `offer.*` and `work_order.*`, of its own offers and work.",
    )
    secret = serializers.CharField(
        max_length=120,
        write_only=True,
        help_text="`whsec_` and the base64 of 24 to 64 random bytes. It is kept encrypted, and never told again.",
    )


class WebhookEndpointOut(serializers.Serializer[Any]):
    """An address that is told what happens; never its secret."""

    id = serializers.UUIDField(source="public_id")
    url = serializers.CharField()
    types = serializers.ListField(child=serializers.ChoiceField(choices=CHOICES))
    provider = serializers.UUIDField(source="provider.public_id", allow_null=True, default=None)
    created_at = serializers.DateTimeField()
    disabled_at = serializers.DateTimeField(allow_null=True)
    disabled_why = serializers.ChoiceField(choices=Disabled.choices, allow_blank=True)


class WebhookDeliveryOut(serializers.Serializer[Any]):
    """One call to an endpoint: `id` is its `webhook-id`, the same at every attempt."""

    id = serializers.UUIDField(source="public_id")
    endpoint = serializers.UUIDField(source="endpoint.public_id")
    type = serializers.ChoiceField(choices=CHOICES)
    status = serializers.ChoiceField(choices=DeliveryStatus.choices)
    attempts = serializers.IntegerField()
    http_status = serializers.IntegerField(
        allow_null=True, help_text="What the last attempt was answered; `null`: nothing, or not tried yet."
    )
    next_at = serializers.DateTimeField(help_text="When it is tried again, while it is `queued`.")
    sent_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    payload = serializers.JSONField(help_text="What is sent: `id`, `type`, `time`, `category`, `link`.")
