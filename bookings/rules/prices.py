"""What a request costs. The server computes every price; what a browser says about money is never read (trust.md S08).

Prices include VAT, because they are what a client is shown (Code de la consommation, art. L112-1).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from bookings.rules.supplements import CHOSEN, NOTHING_KNOWN, Circumstances, Supplement

CENT = Decimal("0.01")
ONE = Decimal(1)
# Thousandths: a gram of a kilogram.
FINEST = Decimal("0.001")
# More than any line may carry: guards the arithmetic, the limit of a service comes first in what is said.
MOST = Decimal(1_000_000_000)
# A price per started half hour.
BRACKET_MINUTES = 30

# Kinds of lines; the words of ``LineKind``.
ITEM, OPTION, SUPPLEMENT = "item", "option", "supplement"

# Units of what a scale, a cup or a tape says: nobody knows it before, so what is ordered is an estimate.
MEASURES = frozenset(
    {"kg", "kilo", "kilos", "kilogramme", "kilogrammes", "g", "gramme", "grammes"}
    | {"l", "litre", "litres", "cl", "m", "mètre", "mètres", "ml", "m²", "m2", "m³", "m3"}
)

# Key of the single quantity of a fixed-price service, which has no items.
WHOLE = ""


def cents(amount: Decimal) -> Decimal:
    """An amount to the cent, half a cent counting for a whole one."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def is_weighed(unit: str) -> bool:
    """Whether the quantity is only known once the thing is there."""
    return unit.strip().casefold() in MEASURES


class Unpriceable(ValueError):
    """The order cannot be priced. ``code`` says why, ``where`` which service, item or option is at fault."""

    def __init__(self, code: str, where: str = "", **details: Decimal | int | str) -> None:
        self.code, self.where, self.details = code, where, details
        super().__init__(f"{code} {where}".strip())


@dataclass(frozen=True)
class Price:
    """One thing with a price including VAT in euros: an item of the grid, an option, or the whole service."""

    key: str
    label: str
    amount: Decimal

    def __post_init__(self) -> None:
        if not self.amount.is_finite() or self.amount < 0 or self.amount != self.amount.quantize(CENT):
            raise ValueError(f"not a price: {self.amount}")


@dataclass(frozen=True)
class Tariff:
    """What a service costs on the day of the order. A fixed price has one item, whose key is ``WHOLE``."""

    service: str
    items: Mapping[str, Price]
    options: Mapping[str, Price]
    vat_code: str
    vat_rate: Decimal
    max_quantity: int
    # What is counted, in which steps, how little at least. Pieces are counted one by one.
    unit: str = ""
    step: Decimal = ONE
    smallest: Decimal = ONE
    is_on_quote: bool = False
    supplements: Mapping[str, Supplement] = field(default_factory=dict)

    def can_choose(self, key: str) -> bool:
        """Whether it is a supplement that a client asks for."""
        return key in self.supplements and self.supplements[key].rule == CHOSEN


@dataclass(frozen=True)
class Wish:
    """What a client asks for of one service: how many or how much of which items, and which options."""

    service: str
    quantities: Mapping[str, int | Decimal] = field(default_factory=dict)
    options: frozenset[str] = frozenset()


@dataclass(frozen=True)
class PricedLine:
    """One line of an order, ready to be frozen."""

    service: str
    label: str
    quantity: Decimal
    unit_price: Decimal
    vat_code: str
    vat_rate: Decimal
    kind: str = ITEM
    unit: str = ""
    # Of what its service costs, when the price is a share of it.
    percent: Decimal | None = None

    @property
    def total(self) -> Decimal:
        """Quantity times unit price, half a cent counting for a whole one."""
        return cents(self.quantity * self.unit_price)

    @property
    def is_estimate(self) -> bool:
        """Whether the real quantity is only known once the thing is there."""
        return is_weighed(self.unit)


@dataclass(frozen=True)
class VatShare:
    """The part of a total that bears one rate."""

    rate: Decimal
    excl: Decimal
    vat: Decimal
    incl: Decimal


def price_lines(
    tariffs: Mapping[str, Tariff], wishes: Iterable[Wish], known: Circumstances = NOTHING_KNOWN
) -> list[PricedLine]:
    """Price an order: the items of each service, then its options once each, then its supplements.

    Raises ``Unpriceable`` with code ``empty``, ``unknown_service``, ``unknown_item``, ``unknown_option``,
    ``bad_quantity``, ``too_little``, ``too_many``, ``nothing_of_service``, ``on_quote`` or ``service_twice``.
    """
    lines: list[PricedLine] = []
    seen: set[str] = set()
    for wish in wishes:
        if wish.service in seen:
            raise Unpriceable("service_twice", wish.service)
        seen.add(wish.service)
        tariff = tariffs.get(wish.service)
        if tariff is None:
            raise Unpriceable("unknown_service", wish.service)
        own = _lines_of(tariff, wish)
        lines += own + _supplements(tariff, wish, total(own), known)
    if not lines:
        raise Unpriceable("empty")
    return lines


def _lines_of(tariff: Tariff, wish: Wish) -> list[PricedLine]:
    if tariff.is_on_quote:
        raise Unpriceable("on_quote", tariff.service)
    for key, quantity in wish.quantities.items():
        if key not in tariff.items:
            raise Unpriceable("unknown_item", key)
        if not _is_count(quantity, tariff.step):
            raise Unpriceable("bad_quantity", key or tariff.service, step=tariff.step, unit=tariff.unit)
    count = Decimal(sum(wish.quantities.values()))
    if count > tariff.max_quantity:
        raise Unpriceable("too_many", tariff.service, limit=tariff.max_quantity)
    if count == 0:
        raise Unpriceable("nothing_of_service", tariff.service)
    if count < tariff.smallest:
        raise Unpriceable("too_little", tariff.service, limit=tariff.smallest, unit=tariff.unit)
    for key in sorted(wish.options):
        if key not in tariff.options and not tariff.can_choose(key):
            raise Unpriceable("unknown_option", key)
    asked = [(price, Decimal(wish.quantities.get(key, 0)), ITEM) for key, price in tariff.items.items()]
    asked += [(price, ONE, OPTION) for key, price in tariff.options.items() if key in wish.options]
    return [
        PricedLine(
            tariff.service,
            price.label,
            quantity,
            price.amount,
            tariff.vat_code,
            tariff.vat_rate,
            kind,
            tariff.unit if kind == ITEM else "",
        )
        for price, quantity, kind in asked
        if quantity
    ]


def _supplements(tariff: Tariff, wish: Wish, base: Decimal, known: Circumstances) -> list[PricedLine]:
    """What is chosen or comes by rule, each on what the service costs with its options."""
    return [
        PricedLine(
            tariff.service,
            one.label,
            ONE,
            one.price(base),
            tariff.vat_code,
            tariff.vat_rate,
            kind=SUPPLEMENT,
            percent=one.percent,
        )
        for key, one in tariff.supplements.items()
        if one.applies(known, is_chosen=key in wish.options)
    ]


def _is_count(quantity: object, step: Decimal) -> bool:
    """Whether it is a number, not negative, of whole steps."""
    if isinstance(quantity, bool) or not isinstance(quantity, int | Decimal):
        return False
    if isinstance(quantity, int) and step == ONE:
        return quantity >= 0
    number = Decimal(quantity)
    return number.is_finite() and 0 <= number <= MOST and number % step == 0


def brackets(minutes: int) -> int:
    """Started half hours: what 45 minutes cost is two of them."""
    return -(-minutes // BRACKET_MINUTES)


def total(lines: Iterable[PricedLine]) -> Decimal:
    """Total including VAT, in euros."""
    return sum((line.total for line in lines), Decimal("0.00"))


def seal_of(tariffs: Mapping[str, Tariff]) -> str:
    """A word for a price list that is another one as soon as something in it is: posted back with a form."""
    text = json.dumps({key: asdict(tariff) for key, tariff in tariffs.items()}, default=str, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def vat_shares(amounts: Iterable[tuple[Decimal, Decimal]]) -> list[VatShare]:
    """Split (rate in per cent, amount including VAT) pairs by rate, highest rate first.

    The tax is taken out once per rate, half up to the cent, and the amount without it is the rest: both always add up
    to what the client pays, and the tax shown before booking is the tax of the invoice (billing/rules/money.py).
    """
    sums: dict[Decimal, Decimal] = {}
    for rate, amount in amounts:
        sums[rate] = sums.get(rate, Decimal("0.00")) + amount
    shares = []
    for rate in sorted(sums, reverse=True):
        incl = sums[rate]
        vat = (incl * rate / (100 + rate)).quantize(CENT, rounding=ROUND_HALF_UP)
        shares.append(VatShare(rate, incl - vat, vat, incl))
    return shares
