"""Amounts of an invoice: lines, VAT per rate, totals.

Two bases, because two laws:

- between businesses prices are shown without VAT; EN 16931 (BR-CO-10, BR-CO-17) asks for VAT per rate on the sum of
  the line nets, rounded once;
- to consumers prices are shown VAT included (arrêté of 3 December 1987), and what they were shown is what they pay: VAT
  is taken out of the sum per rate, and the cents left over by rounding go to the lines with the largest remainders.

Everything is exact: amounts are ``Decimal`` with two digits, divisions are made on whole cents.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

PriceBasis = Literal["net", "gross"]
VatCategory = Literal["S", "E", "AE", "O"]

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
MAX_QUANTITY = Decimal(1000000)
MAX_UNIT_PRICE = Decimal(1000000)
MAX_DESCRIPTION = 500
QUANTITY_DIGITS = 4  # EN 16931 as profiled in France (BR-FR): at most 4 decimals in quantities, 6 in unit prices
PRICE_DIGITS = 6


class AmountRefused(ValueError):
    """A figure that no invoice may carry: negative, not a number, too large or too finely divided."""


def cents(amount: Decimal) -> Decimal:
    """Return ``amount`` in euros rounded to the cent, halves away from zero."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def _checked(name: str, value: Decimal, *, most: Decimal, digits: int) -> None:
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):
        raise AmountRefused(f"{name} is not a number")
    if value < 0:
        raise AmountRefused(f"{name} is negative")
    if value > most:
        raise AmountRefused(f"{name} is above {most}")
    if value != value.quantize(Decimal(1).scaleb(-digits)):
        raise AmountRefused(f"{name} has more than {digits} decimals")


@dataclass(frozen=True, kw_only=True)
class Line:
    """What is asked of the client: a quantity at a unit price in euros, on the basis (net or gross) of the document.

    ``vat_rate`` is a percentage; ``vat_category`` a code of UNTDID 5305. Raises ``AmountRefused``.
    """

    description: str
    quantity: Decimal
    unit_price: Decimal
    vat_rate: Decimal
    vat_category: VatCategory = "S"
    unit: str = ""
    detail: str = ""

    def __post_init__(self) -> None:
        if not self.description.strip():
            raise AmountRefused("a line needs a description")
        if len(self.description) > MAX_DESCRIPTION or len(self.detail) > MAX_DESCRIPTION:
            raise AmountRefused(f"a description is above {MAX_DESCRIPTION} characters")
        _checked("quantity", self.quantity, most=MAX_QUANTITY, digits=QUANTITY_DIGITS)
        _checked("unit price", self.unit_price, most=MAX_UNIT_PRICE, digits=PRICE_DIGITS)
        _checked("VAT rate", self.vat_rate, most=Decimal(100), digits=2)
        if self.quantity == 0:
            raise AmountRefused("quantity is zero")
        if (self.vat_category == "S") != (self.vat_rate > 0):
            raise AmountRefused("only category S has a rate, and it has one (BR-S-05, BR-E-05)")

    @property
    def amount(self) -> Decimal:
        """Quantity times unit price, to the cent, on the basis of the document."""
        return cents(self.quantity * self.unit_price)


@dataclass(frozen=True, kw_only=True)
class PricedLine:
    """A line and its amount without VAT (BT-131). The ``net`` amounts of a rate add up to the basis of that rate."""

    line: Line
    net: Decimal


@dataclass(frozen=True, kw_only=True)
class VatTotal:
    """One row of the VAT summary (BG-23)."""

    category: VatCategory
    rate: Decimal
    basis: Decimal
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """The whole arithmetic of a document. ``gross - paid`` is due."""

    lines: tuple[PricedLine, ...]
    vat: tuple[VatTotal, ...]
    net: Decimal
    vat_total: Decimal
    gross: Decimal
    paid: Decimal

    @property
    def due(self) -> Decimal:
        """What remains to be paid, in euros (BT-115)."""
        return self.gross - self.paid


def compute(lines: Sequence[Line], *, basis: PriceBasis, paid: Decimal = ZERO) -> Amounts:
    """Return every amount of a document; raises ``AmountRefused`` for no line or an impossible ``paid``."""
    if not lines:
        raise AmountRefused("a document needs a line")
    keys = sorted({(line.vat_category, line.vat_rate) for line in lines}, key=lambda key: (-key[1], key[0]))
    nets = [line.amount for line in lines]
    totals = []
    for category, rate in keys:
        group = [i for i, line in enumerate(lines) if (line.vat_category, line.vat_rate) == (category, rate)]
        if basis == "gross":
            tax, shares = _take_vat_out([nets[i] for i in group], rate)
            for i, share in zip(group, shares, strict=True):
                nets[i] = share
        else:
            tax = cents(sum((nets[i] for i in group), ZERO) * rate / 100)
        totals.append(VatTotal(category=category, rate=rate, basis=sum((nets[i] for i in group), ZERO), amount=tax))
    net = sum((total.basis for total in totals), ZERO)
    vat_total = sum((total.amount for total in totals), ZERO)
    _checked("amount paid", paid, most=net + vat_total, digits=2)
    return Amounts(
        lines=tuple(PricedLine(line=line, net=net) for line, net in zip(lines, nets, strict=True)),
        vat=tuple(totals),
        net=net,
        vat_total=vat_total,
        gross=net + vat_total,
        paid=cents(paid),
    )


def _take_vat_out(gross: Sequence[Decimal], rate: Decimal) -> tuple[Decimal, list[Decimal]]:
    """Split amounts including VAT at ``rate`` percent into one VAT amount and nets, exact to the cent.

    The VAT is rounded once on the sum; the nets are the floors of the exact shares, and the cents that are missing go
    to the largest remainders, the first line first. The VAT never differs by more than one cent from VAT computed on
    the basis, which is inside the tolerance of BR-CO-17.
    """
    points = int(rate * 100)
    divisor = 10000 + points
    whole = [int(amount * 100) for amount in gross]
    tax = (2 * sum(whole) * points + divisor) // (2 * divisor)
    shares = [divmod(amount * 10000, divisor) for amount in whole]
    missing = sum(whole) - tax - sum(floor for floor, _ in shares)
    order = sorted(range(len(shares)), key=lambda i: (-shares[i][1], i))
    lucky = set(order[:missing])
    nets = [Decimal(floor + (i in lucky)).scaleb(-2) for i, (floor, _) in enumerate(shares)]
    return Decimal(tax).scaleb(-2), nets


def net_unit_price(line: Line) -> Decimal:
    """Return a unit price that includes VAT without it, in euros with at most four decimals (half up)."""
    return (line.unit_price * 100 / (100 + line.vat_rate)).quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)


def creditable(gross: Decimal, credited: Iterable[Decimal]) -> Decimal:
    """Return how much of an invoice of ``gross`` euros may still be credited; never below zero (R30)."""
    return max(gross - sum(credited, ZERO), ZERO)
