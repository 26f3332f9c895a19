"""Keys, scopes and throttling."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from concierge import tenancy
from concierge.models import ApiClient, Organisation
from concierge.reads import Reading
from concierge.tenancy import Actor
from concierge.visitors import visitor_address

if TYPE_CHECKING:
    from rest_framework.views import APIView


def new_key(organisation: Organisation, *, kind: str = "") -> tuple[str, str, str]:
    """A fresh key ``cs.<organisation>.<prefix>.<secret>``: returns (whole key, prefix, SHA-256 of the secret). The
    prefix begins with the ``kind`` of key, when that is to be seen.

    The whole key is shown once and never stored; the secret has 256 random bits, so a plain hash is enough.
    """
    prefix, secret = kind + secrets.token_hex(6), secrets.token_urlsafe(32)
    return f"cs.{organisation.slug}.{prefix}.{secret}", prefix, hashlib.sha256(secret.encode()).hexdigest()


_ORGANISATION = Reading(lambda given: Organisation.objects.filter(**given).order_by(), "slug")
_CLIENT = Reading(lambda given: ApiClient.objects.filter(**given).order_by(), "prefix")


class ApiHttpRequest(HttpRequest):
    """An authenticated call. For annotations only."""

    api_client: ApiClient
    organisation: Organisation
    actor: Actor


class ApiKeyAuthentication(BaseAuthentication):
    """``Authorization: Bearer cs.<organisation>.<prefix>.<secret>``; the key names the organisation."""

    refusal = _("This API key is not valid.")

    def authenticate(self, request: Request) -> tuple[Any, ApiClient] | None:
        """Find the key and start working for its organisation. No header: anonymous, which every endpoint refuses."""
        scheme, _space, key = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return None
        parts = key.strip().split(".")
        if scheme.lower() != "bearer" or len(parts) != 4 or parts[0] != "cs" or not key.isascii() or "\x00" in key:
            raise exceptions.AuthenticationFailed(self.refusal)
        _cs, slug, prefix, secret = parts
        organisation = _ORGANISATION.first(slug=slug)
        if organisation is None:
            raise exceptions.AuthenticationFailed(self.refusal)
        tenancy.switch_to(organisation)
        client = _CLIENT.first(prefix=prefix)
        digest = hashlib.sha256(secret.encode()).hexdigest()
        if client is None or not hmac.compare_digest(client.secret_hash, digest):
            tenancy.switch_to(None)
            raise exceptions.AuthenticationFailed(self.refusal)
        if client.revoked_at or (client.expires_at and client.expires_at <= timezone.now()):
            tenancy.switch_to(None)
            raise exceptions.AuthenticationFailed(_("This API key was revoked or has expired."))
        plain = cast("ApiHttpRequest", request._request)
        plain.api_client = client
        plain.organisation = organisation
        plain.actor = Actor(
            kind="api",
            organisation=organisation,
            label=client.name,
            api_client=client,
            scopes=client.known_scopes,
            provider_id=client.provider_id,
            channel="api",
        )
        return None, client

    def authenticate_header(self, request: Request) -> str:
        """Makes a missing key a 401 and not a 403."""
        return 'Bearer realm="api"'


# An app says when a key may do nothing at all for the time being.
KeyGuard = Callable[[Actor], None]
_guards: list[KeyGuard] = []


def guard_keys(guard: KeyGuard) -> None:
    """Have every call with a key pass a guard, which raises a ``DomainError`` to refuse it."""
    if guard not in _guards:
        _guards.append(guard)


class HasScope(BasePermission):
    """The key carries the scope that the view names in ``scopes`` (by method, ``*`` for all). No scope named: no."""

    message = _("This API key lacks the needed scope.")

    def has_permission(self, request: Request, view: APIView) -> bool:
        if request.auth is None:
            raise exceptions.NotAuthenticated
        if request.method not in view.allowed_methods:
            return True  # no key may do this: the answer is 405, from the view itself
        scopes: dict[str, str] = getattr(view, "scopes", {})
        needed = scopes.get(request.method or "", scopes.get("*"))
        actor = actor_of(request)
        for guard in _guards:
            guard(actor)
        return needed is not None and actor.has_scope(needed)


def actor_of(request: Request) -> Actor:
    """The actor behind an authenticated API call."""
    return cast("ApiHttpRequest", request._request).actor


class KeyThrottle(SimpleRateThrottle):
    """Calls per key, else per address. A lost cache lets reads and writes through: the database has its own guards."""

    scope = "api_key"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        if request.auth is not None:
            self.rate = self.get_rate()
            return f"throttle_key_{request.auth.pk}"
        self.scope = "api_anonymous"
        self.rate = self.get_rate()
        self.num_requests, self.duration = self.parse_rate(self.rate)
        return f"throttle_ip_{visitor_address(request)}"

    def allow_request(self, request: Request, view: APIView) -> bool:
        try:
            return bool(super().allow_request(request, view))
        except RedisError:
            return True
