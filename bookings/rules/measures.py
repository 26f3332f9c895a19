"""What was weighed, measured or counted after the order, and what the request costs then (R1).

Unit prices stay those of the order. What is per cent of a service follows what the service comes to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from bookings.rules.prices import FINEST, ITEM, ONE, SUPPLEMENT, Unpriceable, cents, is_weighed
from bookings.rules.supplements import share_of


def finest(unit: str, step: Decimal) -> Decimal:
    """The smallest difference that counts: a gram of a kilogram; of what is counted, the step it is sold in."""
    return FINEST if is_weighed(unit) else step


@dataclass(frozen=True)
class Ordered:
    """A line as it was ordered. ``percent``: of what its service comes to, when it is a share of it."""

    service: str
    kind: str
    quantity: Decimal
    unit_price: Decimal
    percent: Decimal | None = None

    @property
    def total(self) -> Decimal:
        """Quantity times unit price, half a cent counting for a whole one."""
        return cents(self.quantity * self.unit_price)


@dataclass(frozen=True)
class Limits:
    """How much is taken, and how fine it is counted."""

    most: Decimal
    step: Decimal = ONE


def check(quantity: Decimal, limits: Limits) -> None:
    """A quantity that somebody read off. Raises ``Unpriceable``: ``nothing``, ``bad_quantity``, ``too_many``."""
    if not quantity.is_finite() or quantity < 0:
        raise Unpriceable("bad_quantity", step=limits.step)
    if quantity == 0:
        raise Unpriceable("nothing")
    if quantity > limits.most:
        raise Unpriceable("too_many", limit=limits.most)
    if quantity % limits.step:
        raise Unpriceable("bad_quantity", step=limits.step)


def with_quantities(lines: Sequence[Ordered], charged: Mapping[int, Decimal]) -> list[Ordered]:
    """The lines with other quantities, by their place, and with what is per cent of them."""
    counted = [replace(line, quantity=charged.get(place, line.quantity)) for place, line in enumerate(lines)]
    bases: dict[str, Decimal] = {}
    for line in counted:
        if line.kind != SUPPLEMENT:
            bases[line.service] = bases.get(line.service, Decimal(0)) + line.total
    return [
        line if line.percent is None else replace(line, unit_price=share_of(bases[line.service], line.percent))
        for line in counted
    ]


def is_stated(kind: str) -> bool:
    """Options and supplements come once each; of things, somebody says how many there are."""
    return kind == ITEM
