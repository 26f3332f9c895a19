"""What a provider answers by SMS: yes or no, with the four digits of the message (lifecycles.md 2.4).

Telephones correct, quote and decorate what people type. Whatever says more than yes or no is for a person to read, and
so is a yes or a no without the digits: it may answer another message of ours.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

YES = frozenset({"oui", "ouii", "ouui", "0ui", "yes", "ok", "okay", "oki", "accepte", "accord"})
NO = frozenset({"non", "no", "nn", "n0n", "refuse"})
# What says neither yes nor no.
POLITE = frozenset(
    {
        *("a", "bien", "bientot", "bonjour", "bonne", "bonsoir", "code", "cordialement", "d", "de", "il", "j", "je"),
        *("journee", "le", "merci", "numero", "parfait", "plait", "pour", "s", "salut", "soiree", "stp", "sur", "svp"),
        *("te", "travail", "volontiers", "vous", "accept", "for", "hello", "i", "job", "please", "thank", "thanks"),
        *("the", "you"),
    }
)
QUOTED = re.compile(r"^\s*(>|le .{4,60} a ecrit\b|on .{4,60} wrote\b|-{3,}|_{3,})", re.MULTILINE)
WORDS = re.compile(r"[a-z0-9°]+")
GLUED = re.compile(r"(?<=[a-z])(?=[0-9]{4}\b)|(?<=\b[0-9]{4})(?=[a-z])")
# Autocorrection makes a number of a code: 4 821 or 4.821.
SPLIT_CODE = re.compile(r"\b([0-9])[ .,]([0-9]{3})\b|\b([0-9]{2})[ .-]([0-9]{2})\b")


class Reply(NamedTuple):
    """``verdict`` is yes, no or unclear; ``code`` the four digits, or empty."""

    verdict: str
    code: str = ""


UNCLEAR = Reply("unclear")


def read_reply(text: str) -> Reply:
    """What somebody answered."""
    plain = _plain(text)
    quoted = QUOTED.search(plain)
    if quoted:
        plain = plain[: quoted.start()]
    plain = SPLIT_CODE.sub(lambda found: "".join(part for part in found.groups() if part), plain)
    words = WORDS.findall(GLUED.sub(" ", plain))
    codes = {word for word in words if word.isdigit()}
    says = [word for word in words if not word.isdigit()]
    is_yes, is_no = bool(YES.intersection(says)), bool(NO.intersection(says))
    rest = [word for word in says if word not in YES | NO | POLITE]
    rest += [letter for letter in plain if letter.isalpha() and not letter.isascii()]
    if rest or is_yes == is_no or len(codes) > 1 or any(len(code) != 4 for code in codes):
        return UNCLEAR
    return Reply("yes" if is_yes else "no", next(iter(codes), ""))


def _plain(text: str) -> str:
    """Small letters without accents; full-width digits and letters are those that they look like."""
    letters = unicodedata.normalize("NFKD", text[:600]).casefold()
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
