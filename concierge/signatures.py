"""Calls between systems are signed, as Standard Webhooks do it: ``webhook-id``, ``webhook-timestamp`` (seconds) and
``webhook-signature`` (``v1,<base64 of HMAC-SHA256 of "id.timestamp.body">``, several while a key is changed)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable

# How long a signed call may have been under way, in seconds, and how far clocks may be apart.
TOLERANCE = 300
PREFIX = "whsec_"


def sign(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """The signature of a call, as it travels."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def key_of(secret: str) -> bytes:
    """The bytes of a secret: ``whsec_`` and base64. Anything else is taken as it is."""
    if secret.startswith(PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
        except binascii.Error:
            pass
    return secret.encode()


def is_signed(
    keys: Iterable[bytes], *, message_id: str, timestamp: str, signatures: str, body: bytes, now: float
) -> bool:
    """Whether one of the keys signed this call, not more than ``TOLERANCE`` seconds ago or ahead."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12 and message_id):
        return False
    if abs(now - int(timestamp)) > TOLERANCE:
        return False
    given = [one for one in signatures.split(" ")[:5] if one.isascii()]
    wanted = [sign(key, message_id, int(timestamp), body) for key in keys]
    return any(hmac.compare_digest(one, other) for one in given for other in wanted)
