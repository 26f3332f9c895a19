"""The alphabet of SMS (GSM 03.38): one letter outside of it, and a message holds 70 characters instead of 160."""

from __future__ import annotations

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
# These count twice.
DOUBLE = frozenset("^{}\\[~]|€")
ONE_PART, EACH_PART = 160, 153
MOST_PARTS = 2
ROOM = MOST_PARTS * EACH_PART


def size(text: str) -> int:
    """How much of the room of an SMS a text takes."""
    return sum(2 if letter in DOUBLE else 1 for letter in text)


def parts(text: str) -> int:
    """How many SMS a text is billed as."""
    taken = size(text)
    return 1 if taken <= ONE_PART else -(-taken // EACH_PART)


def is_plain(text: str) -> bool:
    """Whether every letter is one of the alphabet."""
    return all(letter in BASIC or letter in DOUBLE for letter in text)


def shortened(text: str, room: int) -> str:
    """The beginning of a text, at a word where there is one: ``...`` says that it goes on."""
    if len(text) <= room:
        return text
    kept = text[: max(room - 3, 1)]
    return kept.rsplit(" ", 1)[0].rstrip(" ,.;:-") + "..."
