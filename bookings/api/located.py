"""An address that comes without coordinates is looked up before the transaction of its call begins."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.views import APIView

from bookings.actions.recurrence_days import address_of, known_spot
from bookings.enums import Place
from bookings.gateways.geocoder import locate
from bookings.models import Client, Service
from concierge.api.keys import actor_of

PARTS = ("street", "postcode", "city")
Handler = Callable[..., HttpResponse]


def looks_up(*members: str, lines: str = "lines") -> Callable[[Handler], Handler]:
    """Hand the handler a ``spot``: coordinates of the first of these members that is sent, when it has an address
    without any and one of the ``lines`` is a service done there; else empty. Around ``@idempotent``."""

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        def look_up(self: APIView, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
            return handler(self, request, *args, **kwargs, spot=_spot(request.data, members, lines))

        return look_up

    return decorate


def looks_up_kept(handler: Handler) -> Handler:
    """Hand the handler a ``spot``: address and coordinates of the known ``client``, when no request of theirs has them
    and one of the ``lines`` is a service done there; else empty. Around ``@idempotent``."""

    @wraps(handler)
    def look_up(self: APIView, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        return handler(self, request, *args, **kwargs, spot=_spot_of_kept(request))

    return look_up


def _spot_of_kept(request: Request) -> dict[str, str]:
    sent = request.data
    if not settings.GEOCODER_URL or not isinstance(sent, dict) or not _is_home(sent.get("lines")):
        return {}
    try:
        named = Client.objects.visible_to(actor_of(request)).filter(public_id=uuid.UUID(sent.get("client")))
    except (ValueError, AttributeError, TypeError):
        return {}
    known = named.select_related("merged_into").first()
    if known is None or known_spot(kept := known.merged_into or known) is not None:
        return {}
    there = address_of(kept)
    found = locate(**there)
    return {**there, "latitude": str(found[0]), "longitude": str(found[1])} if found else {}


def _spot(sent: Any, members: tuple[str, ...], lines: str) -> dict[str, Decimal]:
    """Nothing is checked yet: whatever is no address has no coordinates, and is refused later."""
    if not settings.GEOCODER_URL or not isinstance(sent, dict):
        return {}
    where: dict[str, Any] = next((sent[name] for name in members if isinstance(sent.get(name), dict)), {})
    parts = [where.get(name, "") for name in PARTS]
    if where.get("latitude") is not None or not all(isinstance(part, str) and len(part) <= 200 for part in parts):
        return {}
    if not parts[0].strip() or not _is_home(sent.get(lines)):
        return {}
    found = locate(*parts)
    return {"latitude": found[0], "longitude": found[1]} if found else {}


def _is_home(lines: Any) -> bool:
    """Whether one of the lines is done at the client's place."""
    wanted = []
    for line in lines[:20] if isinstance(lines, list) else []:
        with suppress(ValueError, AttributeError, TypeError):
            wanted.append(uuid.UUID(line.get("service")))
    return Service.objects.filter(public_id__in=wanted, place=Place.HOME).exists()
