"""What logs, error reports and traces must not say (trust.md S16, S39)."""

from __future__ import annotations

import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# Addresses whose next part is a secret: whoever reads it can act for a provider, follow a client's request, read
# somebody's appointments, or choose somebody's new password.
SECRET_PATHS = re.compile(
    r"/(offre|prix|invitation|suivi|abonnement|agenda-travaux|convention|compte-bancaire|compte/password/reset/key)/[^/\s?\"']+"
)
# PostgreSQL quotes the row that it refuses, names and all: until the end of the error, or of the traceback's part.
ROW_DETAIL = re.compile(r"DETAIL:.*?(?=\n\n(?:The above|During handling)|\Z)", re.DOTALL)
# What staff searched for is in the query: names, telephone numbers.
QUERY = re.compile(r"\?\S*")


def request_id() -> str:
    """The UUID of the call that is being answered, as every line of the log about it says; empty outside of one."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def hide_secrets(text: str) -> str:
    """A text without the secret part of addresses and without the rows that PostgreSQL quotes."""
    return ROW_DETAIL.sub("DETAIL: …", SECRET_PATHS.sub(r"/\1/…", text))


def hide_in_address(address: str) -> str:
    """The same for an address, whose query goes too."""
    return QUERY.sub("?…", hide_secrets(address))


def hide_link_tokens(logger: Any, method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog processor: cut out what nobody may read, wherever in the entry it stands."""
    for key, value in entry.items():
        if isinstance(value, str):
            entry[key] = hide_in_address(value) if key == "request" else hide_secrets(value)
    return entry


def shorten_outage(logger: Any, method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog processor: while a server is away every request would leave two stacks that say the same. One line."""
    from concierge.db import is_away  # the settings import this module

    given = entry.get("exc_info")
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if is_away(error):
        entry["exc_info"] = None
        entry["error"] = type(error).__name__
    return entry


def hide_in_report(event: Any, hint: Any = None) -> Any:
    """Sentry's ``before_send``: addresses and quoted rows, at any depth; what a browser sent does not travel."""
    if isinstance(event, dict):
        request = event.get("request")
        if isinstance(request, dict):
            event["request"] = {name: request[name] for name in ("method", "url") if name in request}
        return {
            key: hide_in_address(value) if key == "url" and isinstance(value, str) else hide_in_report(value)
            for key, value in event.items()
        }
    if isinstance(event, list | tuple):
        return [hide_in_report(value) for value in event]
    return hide_secrets(event) if isinstance(event, str) else event


def hide_in_span(span: Any, request: Any) -> None:
    """OpenTelemetry's hook of requests: addresses without secrets, nothing of who called."""
    for name, value in dict(getattr(span, "attributes", None) or {}).items():
        if "peer" in name or name.startswith("client.") or name == "url.query":
            span.set_attribute(name, "")
        elif isinstance(value, str):
            span.set_attribute(name, hide_in_address(value))
