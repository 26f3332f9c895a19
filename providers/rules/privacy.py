"""What a business may read before it has the job: the need and the area, never who asks, where or how to reach them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

# What is too short to say anything, or stands before a street name that says nothing yet.
SHORT_NAME, PHONE_DIGITS = 3, 9
NUMBER = re.compile(r"^\s*\d+\s*(?:bis|ter|quater)?\b[\s,]*", re.IGNORECASE)
WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|[.!?:…\n]")
STOPS = frozenset(".!?:…\n")


@dataclass(frozen=True)
class Known:
    """Who is behind a request: whole names, last names, numbers, addresses and streets, as far as they are known."""

    names: Sequence[str] = ()
    last_names: Sequence[str] = ()
    phones: Sequence[str] = ()
    emails: Sequence[str] = ()
    streets: Sequence[str] = ()


def reveals(text: str, known: Known) -> str | None:
    """``email``, ``phone``, ``street``, ``name``, or ``None`` when the text says nothing of all that.

    A whole name counts in either order, whatever its case and accents. A last name alone counts where it is written as
    a name: with a capital inside a sentence, or in capitals. So “un petit meuble” is no Mrs Petit.
    """
    if any(email and email.casefold() in text.casefold() for email in known.emails):
        return "email"
    digits = re.sub(r"\D", "", text)
    numbers = (re.sub(r"\D", "", phone)[-PHONE_DIGITS:] for phone in known.phones)
    if any(len(number) == PHONE_DIGITS and number in digits for number in numbers):
        return "phone"
    said = f" {_folded(text)} "
    streets = (_folded(NUMBER.sub("", street)) for street in known.streets)
    if any(len(street.split()) > 1 and f" {street} " in said for street in streets):
        return "street"
    if any(_whole(name, said) for name in known.names) or any(_written(name, text, said) for name in known.last_names):
        return "name"
    return None


def _folded(text: str) -> str:
    """Small letters without accents, one space between words and nothing else."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(re.findall(r"[a-z0-9]+", "".join(one for one in plain if not unicodedata.combining(one))))


def _whole(name: str, said: str) -> bool:
    words = _folded(name).split()
    turned = [words[-1], *words[:-1]] if words else []
    return len(words) > 1 and any(f" {' '.join(order)} " in said for order in (words, turned))


def _written(name: str, text: str, said: str) -> bool:
    wanted = _folded(name)
    if " " in wanted and "-" not in name:
        return f" {wanted} " in said
    if len(wanted) < SHORT_NAME:
        return False
    before = "."
    for word in WORD.findall(text):
        if _folded(word) == wanted and (word.isupper() or (word[0].isupper() and before not in STOPS)):
            return True
        before = word
    return False
