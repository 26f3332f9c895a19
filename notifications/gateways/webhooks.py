"""Calls to systems of others, signed (lifecycles.md 2.12; ``concierge.http`` says which are called at all)."""

from __future__ import annotations

import json
import time

from concierge import http
from concierge.encryption import decrypt
from concierge.signatures import key_of, sign
from notifications.models import WebhookDelivery


def send(delivery: WebhookDelivery) -> http.Answer:
    """Make one call. Raises ``BadAddress``, ``NoAnswer``, or ``Unreadable`` when the secret is."""
    body = json.dumps(delivery.payload, separators=(",", ":")).encode()
    identity, now = str(delivery.public_id), int(time.time())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "concierge-webhooks",
        "webhook-id": identity,
        "webhook-timestamp": str(now),
        "webhook-signature": sign(key_of(decrypt(delivery.endpoint.sealed)), identity, now, body),
    }
    return http.post(delivery.endpoint.url, body, headers)
