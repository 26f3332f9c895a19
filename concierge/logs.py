"""What logs must not say (trust.md S16, S39)."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

# Addresses whose next part is a secret: whoever reads it can act for a provider or follow a client's request.
SECRET_PATHS = re.compile(r"/(offre|suivi)/[^/\s?\"']+")


def hide_link_tokens(logger: Any, method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog processor: cut the secret part out of addresses, wherever in the entry they stand."""
    for key, value in entry.items():
        if isinstance(value, str) and ("/offre/" in value or "/suivi/" in value):
            entry[key] = SECRET_PATHS.sub(r"/\1/…", value)
    return entry
