"""Which exits the State counts, and which of them are dynamic (domain.md 2.7)."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

# Of temporary structures: hours worked. Of the others: an hour, and a stay of 2.65 months.
HOURS_OF = {"ai": 150, "etti": 150}
LEAST_HOURS = 1
STAY = dt.timedelta(days=81)


@dataclass(frozen=True)
class Exit:
    """An exit: what it is counted as (``""``: nobody has said), by a structure of which kind, after which stay (from
    the first contract to the last day) and how many seconds of work."""

    category: str
    employer_kind: str
    stay: dt.timedelta
    seconds: int

    @property
    def counts(self) -> bool:
        """Whether the State counts it: long enough there, and not withdrawn from the count."""
        hours = self.seconds / 3600
        if self.category == "withdrawn":
            return False
        if self.employer_kind in HOURS_OF:
            return hours >= HOURS_OF[self.employer_kind]
        return hours >= LEAST_HOURS and self.stay > STAY


@dataclass(frozen=True)
class Outcomes:
    """How many exits count, and how many of those are of each category."""

    total: int
    by_category: dict[str, int]

    def of(self, *categories: str) -> int:
        """How many of these categories."""
        return sum(self.by_category.get(one, 0) for one in categories)

    def percent(self, *categories: str) -> int:
        """Their share of all that count, in whole percent; 0 of none."""
        return round(100 * self.of(*categories) / self.total) if self.total else 0


def outcomes(exits: Iterable[Exit]) -> Outcomes:
    """Count them. What nobody has said yet is among all, for the State's rate has it there too."""
    counted = Counter(one.category for one in exits if one.counts)
    return Outcomes(counted.total(), dict(counted))
