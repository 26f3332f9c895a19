"""What the minimum wage by the hour makes a month for a contract (domain.md 2.2: pay ≥ SMIC or branch minimum)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
# A month is a twelfth of fifty-two weeks: 35 hours a week are 151.67 hours a month.
WEEKS_OF_A_MONTH = Decimal(52) / Decimal(12)


@dataclass(frozen=True)
class MonthlyMinimum:
    """``rates``: gross euros an hour, each from its day on, in the order of days."""

    rates: tuple[tuple[dt.date, Decimal], ...] = ()

    def rate_on(self, day: dt.date) -> Decimal | None:
        """Euros an hour on a day; ``None`` when nobody wrote down what it was."""
        begun = [rate for starts_on, rate in self.rates if starts_on <= day]
        return begun[-1] if begun else None

    def on(self, day: dt.date, weekly_minutes: int) -> Decimal | None:
        """Gross euros a month for so many minutes a week, to the cent; ``None`` when the rate is not known."""
        rate = self.rate_on(day)
        if rate is None:
            return None
        hours = Decimal(weekly_minutes) / 60 * WEEKS_OF_A_MONTH
        return (rate * hours).quantize(CENT, rounding=ROUND_HALF_UP)

    def missing(self, day: dt.date, weekly_minutes: int, gross_pay: Decimal | None) -> Decimal | None:
        """What the month would have to be, when the pay is known and less; else ``None``. A warning, never a refusal:
        rules of the young and of branches are not ours to judge."""
        least = self.on(day, weekly_minutes)
        return least if least is not None and gross_pay is not None and gross_pay < least else None
