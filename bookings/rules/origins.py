"""Which pages may show the booking widget: origins as browsers compare them (trust.md S52). Strict on purpose: what is
accepted ends up in a header."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Enough for an organisation and its partners; a header stays short.
MOST_ORIGINS = 10
LONGEST = 120
LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# A wildcard stands for what is below a subdomain (*.intranet.example.org), never for a whole domain: nobody can tell
# example.org from co.uk without a list of all suffixes.
HOST = re.compile(rf"(?:\*\.{LABEL}\.)?(?:{LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])")
ORIGIN = re.compile(r"(https?)://([a-z0-9.*-]+)(?::([1-9][0-9]{0,4}))?/?")
LOCAL = ("localhost", "127.0.0.1")


class BadOrigin(ValueError):
    """This is no origin that may be listed. ``text`` is what was typed, ``why`` a code."""

    def __init__(self, text: str, why: str) -> None:
        self.text, self.why = text, why
        super().__init__(f"{why}: {text}")


def clean_origin(text: str, *, local: bool = False) -> str:
    """One origin, in the form browsers use. ``local``: this machine may be named, without encryption (development).

    Raises ``BadOrigin``: ``shape``, ``not_https``, ``too_broad`` or ``port``.
    """
    typed = text.strip().lower()
    match = ORIGIN.fullmatch(typed)
    if match is None or len(typed) > LONGEST:
        raise BadOrigin(text, "shape")
    scheme, host, port = match.groups()
    if port and int(port) > 65535:
        raise BadOrigin(text, "port")
    if local and host in LOCAL:
        return _joined(scheme, host, port)
    if scheme != "https":
        raise BadOrigin(text, "not_https")
    if "*" in host and host.count(".") < 3:
        raise BadOrigin(text, "too_broad")
    if HOST.fullmatch(host) is None:
        raise BadOrigin(text, "shape")
    return _joined(scheme, host, port)


def clean_origins(texts: Iterable[str], *, local: bool = False) -> list[str]:
    """All of them, each once, in the order typed; empty lines are none. Raises ``BadOrigin``, also for ``too_many``."""
    found = dict.fromkeys(clean_origin(text, local=local) for text in texts if text.strip())
    if len(found) > MOST_ORIGINS:
        raise BadOrigin("", "too_many")
    return list(found)


def _joined(scheme: str, host: str, port: str | None) -> str:
    usual = {"https": "443", "http": "80"}[scheme]
    return f"{scheme}://{host}" + (f":{port}" if port and port != usual else "")
