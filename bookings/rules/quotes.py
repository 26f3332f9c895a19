"""What a quote adds up to, its seal, and what changed between two versions. Prices include VAT, as in the catalogue."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from bookings.rules.prices import CENT, VatShare, vat_shares

MOST_QUANTITY = Decimal(10000)
MOST_PRICE = Decimal(100000)
MOST_LINE = Decimal("999999.99")
MOST_TOTAL = Decimal("9999999.99")
MOST_LINES, MOST_OPTIONS = 100, 6
# An appointment farther away than this is a slip of the hand.
FARTHEST = dt.timedelta(days=730)

Snapshot = dict[str, Any]  # any JSON value


class QuoteRefused(ValueError):
    """A figure that no quote may carry. ``code`` says which."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True)
class QuotedLine:
    """A quantity at a unit price including VAT, in euros. Raises ``QuoteRefused`` (trust.md S08)."""

    description: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    vat_rate: Decimal
    kind: str = "work"

    def __post_init__(self) -> None:
        if not self.description.strip():
            raise QuoteRefused("no_description")
        _check("bad_quantity", self.quantity, most=MOST_QUANTITY)
        _check("bad_price", self.unit_price, most=MOST_PRICE)
        if self.quantity == 0:
            raise QuoteRefused("bad_quantity")
        if not (self.vat_rate.is_finite() and 0 <= self.vat_rate <= 30):
            raise QuoteRefused("bad_vat")
        if self.total > MOST_LINE:
            raise QuoteRefused("too_much")

    @property
    def total(self) -> Decimal:
        """Quantity times unit price, to the cent, halves up."""
        return line_total(self.quantity, self.unit_price)


def line_total(quantity: Decimal, unit_price: Decimal) -> Decimal:
    """What a line costs including VAT, to the cent, halves up."""
    return (quantity * unit_price).quantize(CENT, rounding=ROUND_HALF_UP)


def _check(code: str, value: Decimal, *, most: Decimal) -> None:
    if not value.is_finite() or not 0 <= value <= most or value != value.quantize(CENT):
        raise QuoteRefused(code)


@dataclass(frozen=True)
class Totals:
    """The foot of an option: without VAT, VAT by rate, with VAT, and what of it is travel."""

    excl: Decimal
    shares: tuple[VatShare, ...]
    incl: Decimal
    travel: Decimal


def totals(lines: Sequence[QuotedLine]) -> Totals:
    """Add lines up; raises ``QuoteRefused`` for none, or for more than a quote can carry."""
    if not lines:
        raise QuoteRefused("no_line")
    shares = tuple(vat_shares((line.vat_rate, line.total) for line in lines))
    incl = sum((share.incl for share in shares), Decimal("0.00"))
    if incl > MOST_TOTAL:
        raise QuoteRefused("too_much")
    travel = sum((line.total for line in lines if line.kind == "travel"), Decimal("0.00"))
    return Totals(sum((share.excl for share in shares), Decimal("0.00")), shares, incl, travel)


def with_margin(cost: Decimal, percent: Decimal) -> Decimal:
    """A provider's price with our margin on top, to the cent, halves up."""
    if not percent.is_finite() or not 0 <= percent <= 100:
        raise QuoteRefused("bad_margin")
    return (cost * (100 + percent) / 100).quantize(CENT, rounding=ROUND_HALF_UP)


def price_for_client(cost: Decimal, percent: Decimal, *, vat_rate: Decimal) -> Decimal:
    """What a client is asked, VAT included, for what costs us ``cost``: our margin first, then our own VAT.

    Who recovers no VAT gives a cost that includes the provider's, and a rate of zero.
    """
    return (with_margin(cost, percent) * (100 + vat_rate) / 100).quantize(CENT, rounding=ROUND_HALF_UP)


def seal_of(shown: Mapping[str, object]) -> str:
    """SHA-256 of the canonical JSON of what is shown: posted back with the answer, recomputed by an auditor."""
    text = json.dumps(shown, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Change:
    """One difference between two versions. ``what`` is ``added``, ``removed`` or ``changed``."""

    what: str
    label: str
    before: str = ""
    after: str = ""


def changes(old: Snapshot, new: Snapshot) -> list[Change]:
    """What is different for the client, option by option, line by line; then the date, duration and conditions."""
    found: list[Change] = []
    before, after = _lines(old), _lines(new)
    for key, line in after.items():
        was = before.get(key)
        if was is None:
            found.append(Change("added", key[1], after=line["total"]))
        elif was["total"] != line["total"] or was["quantity"] != line["quantity"]:
            found.append(Change("changed", key[1], was["total"], line["total"]))
    found += [Change("removed", key[1], before=line["total"]) for key, line in before.items() if key not in after]
    for name in ("starts_at", "duration", "conditions", "valid_until"):
        if old.get(name, "") != new.get(name, ""):
            found.append(Change("changed", name, str(old.get(name, "")), str(new.get(name, ""))))
    return found


def _lines(shown: Snapshot) -> dict[tuple[str, str, int], Snapshot]:
    """Lines by option, description and rank among those of the same name."""
    found: dict[tuple[str, str, int], Snapshot] = {}
    for option in shown.get("options", ()):
        for line in option["lines"]:
            label = f"{option['title']} – {line['description']}" if option["title"] else line["description"]
            rank = sum(1 for key in found if key[:2] == (option["title"], label))
            found[option["title"], label, rank] = line
    return found


def shown_option(public_id: str, title: str, note: str, lines: Iterable[QuotedLine]) -> Snapshot:
    """One option as the client reads it: amounts are text with two decimals."""
    found = list(lines)
    sums = totals(found)
    return {
        "id": public_id,
        "title": title,
        "note": note,
        "lines": [
            {
                "description": line.description,
                "kind": line.kind,
                "quantity": plain(line.quantity),
                "unit": line.unit,
                "unit_price": f"{line.unit_price:.2f}",
                "vat_rate": plain(line.vat_rate),
                "total": f"{line.total:.2f}",
            }
            for line in found
        ],
        "excl": f"{sums.excl:.2f}",
        "vat": [
            {"rate": plain(share.rate), "basis": f"{share.excl:.2f}", "amount": f"{share.vat:.2f}"}
            for share in sums.shares
        ],
        "incl": f"{sums.incl:.2f}",
        "travel": f"{sums.travel:.2f}",
    }


def plain(value: Decimal) -> str:
    """A quantity or rate without useless zeros: 20, 5.5, 1.25."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
