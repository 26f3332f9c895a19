"""What a rule says: its number, its article, what was measured against which limit, and a way out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from workers.rules.severity import Severity

BLOCK, WARN, INFO = Severity.BLOCK, Severity.WARN, Severity.INFO

# code → article of the Labour Code and severity (domain.md 4.2, which names none for L22 and L23). The number of the
# rule is what stands before "_".
RULES: dict[str, tuple[str, Severity]] = {
    "L1": ("L3121-18", BLOCK),
    "L2": ("L3121-20", BLOCK),
    "L3": ("L3121-22", BLOCK),
    "L4": ("L3131-1", BLOCK),
    "L5": ("L3132-2", BLOCK),
    "L5_days": ("L3132-1", BLOCK),
    "L5_sunday": ("L3132-3", WARN),
    "L6": ("L3121-16", BLOCK),
    "L7": ("L3131-1", BLOCK),
    "L8_day": ("L3162-1", BLOCK),
    "L8_week": ("L3162-1", BLOCK),
    "L8_rest": ("L3164-1", BLOCK),
    "L8_days_off": ("L3164-2", BLOCK),
    "L8_break": ("L3162-3", BLOCK),
    "L8_night": ("L3163-2", BLOCK),
    "L8_holiday": ("L3164-6", BLOCK),
    "L9": ("L3122-1", BLOCK),
    "L10": ("L5132-5", WARN),
    "L11": ("L3123-28", BLOCK),
    "L11_full_time": ("L3123-9", BLOCK),
    "L12": ("L3123-29", INFO),
    "L13": ("L3123-10", WARN),
    "L14": ("L3123-31", WARN),
    "L15": ("L3123-13", WARN),
    "L16": ("L3123-22", WARN),
    "L16_agreement": ("L3123-22", WARN),
    "L17": ("L3123-30", WARN),
    "L18": ("L3121-36", INFO),
    "L18_quota": ("L3121-30", WARN),
    "L20": ("L3133-1", WARN),
    "L20_may": ("L3133-4", BLOCK),
    "L22": ("", BLOCK),
    "L23": ("", BLOCK),
}

# Findings of a whole week: their day is its Monday.
WEEKLY = frozenset(
    {"L2", "L3", "L5", "L5_days", "L8_week", "L8_days_off", "L10", "L11", "L11_full_time", "L12", "L15", "L16"}
    | {"L16_agreement", "L18", "L18_quota", "L22"}
)


@dataclass(frozen=True, slots=True)
class WayOut:
    """Something that would put it right. ``figures``: seconds, moments as seconds since 1970, days as ordinals."""

    code: str
    figures: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that was met or broken on a day, or in the week of a Monday.

    ``measured`` and ``limit`` are seconds, unless the rule counts days, riders or interruptions. ``figures`` add what
    else the sentence says, ``word`` a code of the person's file (a restriction).
    """

    code: str
    day: dt.date
    measured: int
    limit: int
    severity: Severity
    ways_out: tuple[WayOut, ...] = ()
    figures: Mapping[str, int] = field(default_factory=dict)
    word: str = ""

    @property
    def rule(self) -> str:
        """Number of the rule: ``L5``."""
        return self.code.partition("_")[0]

    @property
    def article(self) -> str:
        """Article of the Labour Code, empty where the rule is of no article."""
        return RULES[self.code][0]


def finding(
    code: str,
    ordinal: int,
    measured: int,
    limit: int,
    *ways: WayOut,
    severity: Severity | None = None,
    word: str = "",
    **figures: int,
) -> Finding:
    """A finding on a day (ordinal), as serious as the table says unless told."""
    gravity = RULES[code][1] if severity is None else severity
    return Finding(code, dt.date.fromordinal(ordinal), measured, limit, gravity, ways, figures, word)


def way(code: str, **figures: int) -> WayOut:
    """A way out."""
    return WayOut(code, figures)
