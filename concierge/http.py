"""The one client for addresses that others chose (trust.md DR9, S18): ``https`` only, no redirects, the name is looked
up once, every address that it has must be public, and the connection goes to that address. One deadline for all of it;
of the answer only status and headers are read. Nothing comes from the environment: no proxies.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# From looking up the name to the last header.
MOST_SECONDS = 15.0
MOST_LENGTH = 500
PORTS = frozenset({443, 8443})
# They lead to IPv4 addresses through a gateway of our own network.
NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
_names = ThreadPoolExecutor(max_workers=8, thread_name_prefix="names")


class BadAddress(Exception):
    """Not an address that we call: no ``https``, odd, or not public. Says no more than that, so that nobody explores
    our network with us."""


class NoAnswer(Exception):
    """Nobody there, no valid certificate, too slow, cut off, or no HTTP. Says no more than that either."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    retry_after: str = ""


def check_address(url: str) -> SplitResult:
    """The parts of an address that may be called, without looking its name up. Raises ``BadAddress``."""
    if len(url) > MOST_LENGTH or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise BadAddress
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadAddress from error
    plain = settings.OUTBOUND_LOOPBACK and parts.scheme == "http"
    if (
        not (parts.scheme == "https" or plain)
        or not parts.hostname
        or parts.username is not None
        or "@" in parts.netloc
    ):
        raise BadAddress
    if parts.fragment or not (settings.OUTBOUND_LOOPBACK or (port or 443) in PORTS):
        raise BadAddress
    return parts


def is_public(address: Address) -> bool:
    """Whether an address belongs to the internet at large, whatever it is wrapped in."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if any(found is not None and not is_public(found) for found in inner):
            return False
        if address.ipv4_mapped is not None or any(address in network for network in NAT64):
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def post(url: str, body: bytes, headers: Mapping[str, str], *, seconds: float = MOST_SECONDS) -> Answer:
    """Send a body; what the answer says is not read. Never within a transaction.

    Raises ``BadAddress`` or ``NoAnswer``.
    """
    parts, until = check_address(url), time.monotonic() + seconds
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = _look_up(parts.hostname or "", port, until)
    connection = http.client.HTTPConnection(parts.hostname or "", port, timeout=seconds)
    try:
        connection.sock = _connect(address, port, until)
        if parts.scheme == "https":
            secured = ssl.create_default_context()
            connection.sock = secured.wrap_socket(
                connection.sock, server_hostname=parts.hostname, do_handshake_on_connect=False
            )
        with _ended_at(connection.sock, until):
            if isinstance(connection.sock, ssl.SSLSocket):
                connection.sock.do_handshake()
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", target, body, {**headers, "Connection": "close"})
            answer = connection.getresponse()
            if time.monotonic() >= until:
                # Cut off among the headers: what came of them says nothing.
                raise NoAnswer
            return Answer(answer.status, answer.headers.get("Retry-After", "")[:40])
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NoAnswer from error
    finally:
        connection.close()


def _look_up(host: str, port: int, until: float) -> Address:
    """The address to connect to: one of those that the name has, all of which must be public."""
    asked = _names.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        found = asked.result(timeout=max(0.1, min(5.0, until - time.monotonic())))
    except (OSError, UnicodeError) as error:
        # Also when it takes too long.
        raise NoAnswer from error
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if not addresses or not all(map(_may_be_called, addresses)):
        raise BadAddress
    return addresses[0]


def _may_be_called(address: Address) -> bool:
    return is_public(address) or (settings.OUTBOUND_LOOPBACK and address.is_loopback)


def _connect(address: Address, port: int, until: float) -> socket.socket:
    return socket.create_connection((str(address), port), timeout=max(0.1, until - time.monotonic()))


@contextlib.contextmanager
def _ended_at(sock: socket.socket, until: float) -> Iterator[None]:
    """Whoever trickles bytes is cut off in the end: a time limit of sockets is one for each byte."""

    def cut() -> None:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, until - time.monotonic()), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
