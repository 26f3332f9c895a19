"""Where gateways tell of SMS that came in (docs/operations.md, "SMS"): signed, small, each once."""

from __future__ import annotations

import json
import re
import time

import structlog
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from concierge.errors import Conflict
from concierge.middleware import TenantRequest
from concierge.signatures import is_signed, key_of
from providers.actions.replies import Incoming, keys_for, take_reply

log = structlog.get_logger(__name__)

MOST_BYTES = 4096
NUMBER = re.compile(r"\+[1-9][0-9]{5,14}\Z")
IDENTITY = re.compile(r"[A-Za-z0-9_.:-]{1,200}\Z")


@csrf_exempt
@login_not_required
@never_cache
@require_POST
def take_sms(request: TenantRequest, gateway: str) -> HttpResponse:
    """204 after a right signature, whatever the text says and however often it is delivered; 401 leaves no trace."""
    body = request.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        return HttpResponse(status=413)
    identity = request.headers.get("webhook-id", "")
    signed = IDENTITY.match(identity) and is_signed(
        [key_of(secret) for secret in keys_for(request.organisation, gateway)],
        message_id=identity,
        timestamp=request.headers.get("webhook-timestamp", ""),
        signatures=request.headers.get("webhook-signature", ""),
        body=body,
        now=time.time(),
    )
    if not signed:
        return HttpResponse(status=401)
    came = _read(gateway, identity, body)
    if came is None:
        return HttpResponse(status=400)
    try:
        row = take_reply(request.organisation, came)
    except Conflict:
        return HttpResponse(status=409)
    log.info("sms_came_in", gateway=gateway, effect=row.effect)
    return HttpResponse(status=204)


def _read(gateway: str, identity: str, body: bytes) -> Incoming | None:
    """``{"from": "+33612345678", "text": "…"}``; anything more is not looked at."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    sender, text = said.get("from"), said.get("text")
    if not isinstance(sender, str) or not isinstance(text, str) or not NUMBER.match(sender):
        return None
    return Incoming(gateway=gateway, external_id=identity, sender=sender, text=_storable(text), body=body)


def _storable(text: str) -> str:
    """Without what no database takes: NUL goes, half of a character becomes a question mark."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
