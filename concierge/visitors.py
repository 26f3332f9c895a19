"""Where a visitor comes from, as every limit counts it (trust.md S31)."""

from __future__ import annotations

import ipaddress
from typing import cast

from django.core.cache import cache
from django.http import HttpRequest
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from concierge.errors import TooManyAttempts

# One subscriber holds a whole network of this size and may change address within it at will.
IPV6_PREFIX = 64


def visitor_address(request: HttpRequest | Request) -> str:
    """The IPv4 address, or the IPv6 network of 64 bits, behind as many proxies as the installation has."""
    return counted(BaseThrottle().get_ident(cast("Request", request)) or "")  # reads META only


def not_too_many(request: HttpRequest | Request, what: str, *, most: int, seconds: int, who: str | None = None) -> None:
    """Whoever does something over and over is slowed down (S33): ``who``, else one network. Raises ``TooManyAttempts``.

    A lost cache lets people through: what is counted here has limits of its own in the database.
    """
    key = f"{what}_{visitor_address(request) if who is None else who}"
    try:
        cache.add(key, 0, timeout=seconds)
        if cache.incr(key) > most:
            raise TooManyAttempts(retry_after=seconds)
    except (RedisError, ValueError):
        return


def counted(address: str) -> str:
    """How an address counts. Text that is no address counts as it is."""
    known = plain(address)
    if isinstance(known, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(known), IPV6_PREFIX), strict=False))
    return address if known is None else str(known)


def plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address itself; IPv4 as IPv4 when a socket for both wraps it (``::ffff:203.0.113.7``)."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return getattr(known, "ipv4_mapped", None) or known


def exact_address(request: HttpRequest | Request) -> str | None:
    """The address itself, for a signature; ``None`` when what is told is no address."""
    known = plain(BaseThrottle().get_ident(cast("Request", request)) or "")
    return None if known is None else str(known)
