"""What is added to a price: because the client asked for it, or because of the day, the hour or the distance."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
CHOSEN, SATURDAY, SUNDAY, HOLIDAY, EVENING, BEYOND = "chosen", "saturday", "sunday", "holiday", "evening", "beyond"
DAYS = {SATURDAY: 5, SUNDAY: 6}


@dataclass(frozen=True)
class Circumstances:
    """What is known of an appointment; what is not known adds nothing yet."""

    weekday: int | None = None
    time: dt.time | None = None
    distance_km: Decimal | None = None
    is_holiday: bool = False


NOTHING_KNOWN = Circumstances()


@dataclass(frozen=True)
class Supplement:
    """A fixed amount including VAT, or per cent of what the service costs with its options."""

    key: str
    label: str
    rule: str
    amount: Decimal | None = None
    percent: Decimal | None = None
    after: dt.time | None = None
    beyond_km: Decimal | None = None

    def __post_init__(self) -> None:
        given = [value for value in (self.amount, self.percent) if value is not None]
        if len(given) != 1 or not given[0].is_finite() or given[0] < 0:
            raise ValueError("a supplement is an amount or a percentage, not negative")

    def applies(self, known: Circumstances, *, is_chosen: bool) -> bool:
        """Whether it is added to this order."""
        if self.rule == CHOSEN:
            return is_chosen
        if self.rule in DAYS:
            return known.weekday == DAYS[self.rule]
        if self.rule == HOLIDAY:
            return known.is_holiday
        if self.rule == EVENING:
            return known.time is not None and self.after is not None and known.time >= self.after
        far = known.distance_km is not None and self.beyond_km is not None
        return far and known.distance_km > self.beyond_km  # type: ignore[operator]  # both known when far

    def price(self, base: Decimal) -> Decimal:
        """Its price including VAT, half a cent counting for a whole one."""
        if self.amount is not None:
            return self.amount
        return share_of(base, self.percent or Decimal(0))


def share_of(base: Decimal, percent: Decimal) -> Decimal:
    """Per cent of what a service costs, half a cent counting for a whole one."""
    return (base * percent / 100).quantize(CENT, rounding=ROUND_HALF_UP)
