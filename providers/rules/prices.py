"""A price that a local business gives: without VAT or with it, and how long there is to answer."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
MOST_PRICE = Decimal(50000)
# Rates that a French business may charge; zero is "VAT not applicable" (article 293 B of the CGI).
VAT_RATES = (Decimal("20.00"), Decimal("10.00"), Decimal("5.50"), Decimal("2.10"), Decimal("0.00"))


def excl_and_incl(price: Decimal, *, includes_vat: bool, vat_rate: Decimal) -> tuple[Decimal, Decimal]:
    """The price without and with VAT, to the cent, halves up; what was typed is never changed."""
    if includes_vat:
        return (price * 100 / (100 + vat_rate)).quantize(CENT, rounding=ROUND_HALF_UP), price.quantize(CENT)
    return price.quantize(CENT), (price * (100 + vat_rate) / 100).quantize(CENT, rounding=ROUND_HALF_UP)


def remind_at(sent_at: dt.datetime, due_at: dt.datetime) -> dt.datetime | None:
    """When half of the time has passed; nobody is reminded of a question that ends within six hours."""
    time = due_at - sent_at
    return sent_at + time / 2 if time >= dt.timedelta(hours=6) else None
