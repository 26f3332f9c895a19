"""Weekly hours as people type them. The ASP counts many "aberrant values" (domain.md 2.5): nothing is guessed here."""

from __future__ import annotations

import re

_CLOCK = re.compile(r"(\d{1,2})\s*(?::|h)\s*(\d{2})?\s*(?:min)?", re.IGNORECASE)
_DECIMAL = re.compile(r"(\d{1,2})(?:[.,](\d{1,2}))?\s*h?", re.IGNORECASE)


def parse_weekly(text: str) -> int | None:
    """Minutes a week of ``26``, ``26,5``, ``26.50``, ``26:30``, ``26h30`` or ``26 h``; None for anything else.

    A decimal that is no whole minute (``26.33``) and minutes past 59 (``26:75``) are none.
    """
    typed = text.strip().replace("\u202f", " ").replace("\xa0", " ")
    clock = _CLOCK.fullmatch(typed)
    if clock:
        minutes = int(clock[2] or 0)
        return int(clock[1]) * 60 + minutes if minutes < 60 else None
    decimal = _DECIMAL.fullmatch(typed)
    if decimal is None:
        return None
    hundredths = int((decimal[2] or "0").ljust(2, "0")) * 60
    return int(decimal[1]) * 60 + hundredths // 100 if hundredths % 100 == 0 else None


def write_weekly(minutes: int) -> str:
    """As a form shows it: ``26:30``; always read back as the same minutes."""
    return f"{minutes // 60}:{minutes % 60:02}"
