"""Names, addresses and numbers as people type them: without accents, in any order, half a word, any notation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

# Letters that do not come apart into a letter and an accent. The function plain_text of the database knows the same.
WHOLE_LETTERS = str.maketrans(
    {"œ": "oe", "Œ": "oe", "æ": "ae", "Æ": "ae", "ß": "ss"} | dict(zip("øØłŁđĐı", "oolLdDi", strict=True))
)
BETWEEN_WORDS = re.compile(r"[-'’‘.,;:_/()\"]+")
MARKS = re.compile("[\u0300-\u036f]")
# Letters that references have (bookings.models.requests.REFERENCE_ALPHABET).
REFERENCE = re.compile(r"\A([2-9A-HJKMNP-TV-Z]{4})-?([2-9A-HJKMNP-TV-Z]{4})\Z")
NUMBER = re.compile(r"\A[\d\s.()/+-]+\Z", re.ASCII)

# What somebody types in a hurry: more says nothing more.
LONGEST, MOST_WORDS = 200, 6
# Fewer letters or digits find half the town.
FEWEST_LETTERS, FEWEST_DIGITS = 2, 4
# How alike two names are that may be the same person's.
ALIKE = 0.78


def plain(text: str) -> str:
    """Lower case without accents, one space where words part."""
    bare = MARKS.sub("", unicodedata.normalize("NFKD", text.translate(WHOLE_LETTERS)))
    return " ".join(BETWEEN_WORDS.sub(" ", bare).lower().split())


def digits_of(text: str) -> str:
    """The digits of a telephone number as they stand in its international form, whatever the notation; else ``""``."""
    if not NUMBER.match(text.strip()):
        return ""
    digits = "".join(c for c in text.replace("(0)", "") if c.isdigit())
    digits = digits.removeprefix("00") if digits.startswith("00") else digits.removeprefix("0")
    return digits if len(digits) >= FEWEST_DIGITS else ""


def reference_of(text: str) -> str:
    """``abcd2345`` and ``ABCD-2345`` as ``ABCD-2345``; ``""`` when it is no reference."""
    found = REFERENCE.match(text.strip().upper())
    return f"{found[1]}-{found[2]}" if found else ""


@dataclass(frozen=True)
class Words:
    """Beginnings of words that must all be there, and parts of an e-mail address."""

    beginnings: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.parts) or sum(map(len, self.beginnings)) >= FEWEST_LETTERS


def words_of(text: str) -> Words:
    """What to look for. A word with ``@`` or a full stop is looked for in addresses as it is."""
    typed = text.replace("\x00", "")[:LONGEST].split()[:MOST_WORDS]
    parts = tuple(
        word.lower()
        for word in typed
        if ("@" in word or "." in word.strip(".")) and sum(map(str.isalnum, word)) >= FEWEST_LETTERS
    )
    rest = " ".join(word for word in typed if word.lower() not in parts)
    return Words(tuple(plain(rest).split()[:MOST_WORDS]), parts)


def likeness(one: str, other: str) -> float:
    """From 0 to 1; the order of first and last name does not count."""
    first, second = (" ".join(sorted(plain(name).split())) for name in (one, other))
    return SequenceMatcher(None, first, second).ratio()


def most_alike(name: str, others: Sequence[str]) -> list[int]:
    """Positions of the names that may be the same person's, the most alike first."""
    scores = [(likeness(name, other), -place) for place, other in enumerate(others)]
    return [-place for score, place in sorted(scores, reverse=True) if score >= ALIKE]
