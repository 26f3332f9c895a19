"""Unsafe calls happen once; updates name the version they saw."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from concierge.api.keys import actor_of
from concierge.db import advisory_lock
from concierge.errors import DomainError, StaleVersion
from concierge.models import IdempotencyRecord
from concierge.reads import Reading
from concierge.writes import insert_one


class IdempotencyKeyMissing(DomainError):
    """Every unsafe call names its intended effect."""

    code, status = "idempotency_key_required", 400
    message = _("Send an Idempotency-Key header (1 to 255 printable ASCII characters).")


class IdempotencyKeyReused(DomainError):
    """The same key came with another request."""

    code, status = "idempotency_key_reused", 422
    message = _("This Idempotency-Key was already used for a different request.")


class RequestInProgress(DomainError):
    """The first call with this key has not ended yet."""

    code, status = "request_in_progress", 409
    message = _("The first request with this key is still under way. Try again in a moment.")


_KNOWN = Reading(lambda given: IdempotencyRecord.objects.filter(**given).order_by(), "principal", "key")


def key_in(request: Request) -> str:
    """The key that a call names. Raises ``IdempotencyKeyMissing``."""
    key = request.headers.get("Idempotency-Key", "")
    if not 1 <= len(key) <= 255 or not key.isascii() or not key.isprintable():
        raise IdempotencyKeyMissing
    return key


def idempotent(handler: Callable[..., Response]) -> Callable[..., HttpResponse]:
    """Run an unsafe handler once per key: effect, events and stored answer in one transaction (DR1, R03).

    A replay is byte-identical and carries ``Idempotent-Replayed: true``. Refusals are not stored: they had no effect.
    """

    @wraps(handler)
    def once(self: APIView, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        key = key_in(request)
        actor = actor_of(request)
        body = json.dumps(request.data, sort_keys=True, default=_said).encode()
        endpoint = f"{request.method} {request.path}"[:255]
        digest = hashlib.sha256(endpoint.encode() + b"\0" + body).hexdigest()
        with transaction.atomic():
            if not advisory_lock("idempotency", actor.organisation.pk, actor.reference, key):
                raise RequestInProgress
            known = _KNOWN.first(principal=actor.reference, key=key)
            if known is not None:
                if known.request_hash != digest:
                    raise IdempotencyKeyReused
                return _answer(bytes(known.body), known.status, known.headers, replayed=True)
            response = handler(self, request, *args, **kwargs)
            raw = b"" if response.data is None else JSONRenderer().render(response.data)
            headers = {name: value for name, value in response.items() if name in {"Location", "ETag"}}
            record = IdempotencyRecord(
                organisation=actor.organisation,
                principal=actor.reference,
                key=key,
                endpoint=endpoint,
                request_hash=digest,
                status=response.status_code,
                content_type="application/json",
                body=raw,
                headers=headers,
            )
            insert_one(record)
        return _answer(raw, response.status_code, headers, replayed=False)

    return once


def _said(value: Any) -> str:
    """A body that is a file counts by what is in it."""
    return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else str(value)


def _answer(raw: bytes, status: int, headers: dict[str, str], *, replayed: bool) -> HttpResponse:
    response = HttpResponse(raw, status=status, content_type="application/json", headers=headers)
    if replayed:
        response["Idempotent-Replayed"] = "true"
    return response


def digest_of(shown: Any) -> str:
    """The version of what is shown, for rows that count none."""
    return hashlib.sha256(json.dumps(shown, sort_keys=True, default=str).encode()).hexdigest()[:32]


def etag(version: int | str) -> str:
    """The strong validator of a row version."""
    return f'"{version}"'


def check_if_match(request: Request, version: int | str) -> None:
    """Refuse to update another version than the caller saw (R44). Without ``If-Match`` nothing is checked."""
    wanted = request.headers.get("If-Match")
    if wanted is not None and wanted.strip() not in {"*", etag(version)}:
        raise StaleVersion
