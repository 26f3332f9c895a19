"""The text of an agreement: which placeholders it may have, and what stands in their place (S24)."""

from __future__ import annotations

import re
from collections.abc import Mapping

# Nothing else is looked up: a text is typed by people, and what it cannot name it cannot tell.
PLACEHOLDERS = (
    "conciergerie",
    "prestataire",
    "siret",
    "adresse",
    "service",
    "remuneration",
    "facturation",
    "tva",
    "preavis",
    "restitution",
    "debut",
    "fin",
)
MOST = 8000
_PLACE = re.compile(r"\{([^{}]*)\}")


def unknown(text: str) -> list[str]:
    """Placeholders that mean nothing, as they were typed, each once."""
    found = [f"{{{name}}}" for name in _PLACE.findall(text) if name not in PLACEHOLDERS]
    if "{" in (rest := _PLACE.sub("", text)) or "}" in rest:
        found.append("{" if "{" in rest else "}")
    return list(dict.fromkeys(found))


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with every placeholder replaced, in one pass: what stands in a value is never read as one."""
    return _PLACE.sub(lambda match: values[match[1]], text)
