"""What an agreement may say, and what it pays (domain.md R33)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
# Which amount each kind of agreement is about.
AMOUNT_OF = {"purchase": "purchase_price", "commission": "commission_percent", "fixed_commission": "commission_fixed"}
EARLIEST, LATEST = dt.date(2000, 1, 1), dt.date(2099, 12, 31)
# Thirty days: who needs more notice is asked by hand.
MOST_HOURS = 720
# Days before its last one on which both sides are told that an agreement ends.
ENDING_DAYS = (30, 7)


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What is agreed: how much, who invoices whom, how early one is asked, until when work may be given back.

    Amounts are in euros including VAT, hours are hours of the clock. A ``vat_rate`` of 0 is a business that invoices
    without VAT, ``None`` one that did not say.
    """

    kind: str
    invoicing: str = "provider_to_us"
    purchase_price: Decimal | None = None
    commission_percent: Decimal | None = None
    commission_fixed: Decimal | None = None
    vat_rate: Decimal | None = None
    mandate_signed_on: dt.date | None = None
    notice_hours: int = 0
    cancel_hours: int = 0
    valid_from: dt.date
    valid_to: dt.date | None = None

    @property
    def amounts(self) -> dict[str, Decimal | None]:
        """The amount of each kind that has one."""
        return {name: getattr(self, name) for name in AMOUNT_OF.values()}


def problem(terms: Terms, *, today: dt.date) -> tuple[str, str] | None:
    """The first field at fault and what is wrong with it, or ``None``."""
    needed = AMOUNT_OF.get(terms.kind)
    for name, amount in terms.amounts.items():
        if name == needed and amount is None:
            return name, "amount_missing"
        if name != needed and amount is not None:
            return name, "amount_of_another_kind"
    if (terms.kind == "introduction") != (terms.invoicing == "provider_to_client"):
        return "invoicing", "introduction_invoicing" if terms.kind == "introduction" else "client_pays_us"
    if terms.invoicing == "we_self_bill" and terms.mandate_signed_on is None:
        return "mandate_signed_on", "mandate_missing"
    if terms.mandate_signed_on is not None and terms.mandate_signed_on > today:
        return "mandate_signed_on", "mandate_to_come"
    for name in ("notice_hours", "cancel_hours"):
        if not 0 <= getattr(terms, name) <= MOST_HOURS:
            return name, "too_many_hours"
    return _problem_of_days(terms)


def _problem_of_days(terms: Terms) -> tuple[str, str] | None:
    if not EARLIEST <= terms.valid_from <= LATEST:
        return "valid_from", "day_out_of_reach"
    if terms.valid_to is not None and terms.valid_to < terms.valid_from:
        return "valid_to", "ends_before_it_begins"
    if terms.valid_to is not None and terms.valid_to > LATEST:
        return "valid_to", "day_out_of_reach"
    return None


def price_paid(
    kind: str,
    *,
    quantity: Decimal,
    client_total: Decimal,
    purchase_price: Decimal | None = None,
    commission_percent: Decimal | None = None,
    commission_fixed: Decimal | None = None,
) -> Decimal:
    """What the provider gets, incl. VAT: price per item × quantity; the client's total less a commission, down to
    nothing; or, introduced only, all that the client pays.

    A price per item is owed whatever the client pays; everything else never passes the client's total.
    """
    if kind == "purchase":
        return _cents((purchase_price or Decimal(0)) * quantity)
    kept = Decimal(0)
    if kind == "commission":
        kept = client_total * (commission_percent or Decimal(0)) / 100
    elif kind == "fixed_commission":
        kept = min(commission_fixed or Decimal(0), client_total)
    return _cents(client_total - kept)


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)
