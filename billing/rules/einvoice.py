"""What the file of a document says besides its print: where it goes, under which frame, with which notes and codes.

Sources: XP Z12-012 as its schematron BR-FR enforces it (billing of companies and consumers), EN 16931.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from billing.rules import codes
from billing.rules import mentions as m
from billing.rules.mentions import Mention
from billing.rules.money import PRICE_DIGITS, Amounts, cents

# Under which subject code of UNTDID 4451 a sentence travels (BT-21); the others are notes without one.
SUBJECTS: Mapping[str, tuple[str, ...]] = {
    m.RECOVERY_COSTS: ("PMT",),
    m.LATE_PENALTIES: ("PMD",),
    m.EARLY_PAYMENT: ("AAB",),
    m.NOT_FOR_CONSUMERS: codes.NOTES,
}
WITHOUT_VAT = frozenset({code for found in m.EXEMPTIONS.values() for code in found})
LETTERS = {"services": "S", "goods": "B", "mixed": "M"}
ONE = Decimal(1)
LONGEST_ADDRESS = 125  # BR-FR-25


@dataclass(frozen=True, kw_only=True)
class Reference:
    """An invoice that another document speaks of (BG-3)."""

    number: str
    issued_on: date


def einvoice(
    *,
    seller: Mapping[str, Any],
    buyer: Mapping[str, Any],
    mentions: Sequence[Mention],
    unprinted: Sequence[Mention],
    amounts: Amounts,
    operation: str,
    preceding: Sequence[Reference],
    is_final: bool,
    paid_on: date | None,
) -> dict[str, Any]:
    """Return the part of a snapshot that only the file says. ``is_final``: a final invoice that takes up deposits."""
    said = {row.code for row in mentions}
    return {
        "frame": frame(operation=operation, amounts=amounts, is_final=is_final),
        "treatment": "B2B" if is_business(buyer) else "B2C",
        "notes": [
            {"subject": subject, "text": row.text["fr"]}
            for row in (*mentions, *unprinted)
            if row.code not in WITHOUT_VAT
            for subject in SUBJECTS.get(row.code, ("",))
        ],
        "vat_due": vat_due(operation=operation, on_debits=m.VAT_ON_DEBITS in said),
        "paid_on": paid_on.isoformat() if paid_on else None,
        "seller": way_of_seller(seller, without_vat=m.FRANCHISE in said or m.OUTSIDE_VAT in said),
        "buyer": way_of_buyer(buyer, seller),
        "preceding": [{"number": one.number, "issue_date": one.issued_on.isoformat()} for one in preceding],
    }


def is_business(buyer: Mapping[str, Any]) -> bool:
    """Whether the file goes to a business: somebody with a SIREN who is no consumer."""
    return buyer["kind"] != "consumer" and bool(buyer["siren"])


def way_of_seller(seller: Mapping[str, Any], *, without_vat: bool) -> dict[str, str]:
    """Electronic address of the seller (BT-34) and what the tax office knows them by (BT-31, BT-32).

    Who is not liable for VAT has no VAT number on documents: they are known by their SIREN (BR-E-02, BR-O-02).
    """
    number = "" if without_vat else seller["vat_number"]
    tax = {"tax_scheme": "VA", "tax_id": number} if number else {"tax_scheme": "FC", "tax_id": seller["siren"]}
    return {"scheme": codes.ROUTE, "address": seller["siren"], **tax}


def way_of_buyer(buyer: Mapping[str, Any], seller: Mapping[str, Any]) -> dict[str, str]:
    """Scheme and electronic address under which the file of a buyer travels (BT-49, mandatory by BR-FR-12).

    A business has its line in the directory under its SIREN. A consumer has an e-mail address or none: then the file
    stays with its issuer, and the consumer has the paper.
    """
    if is_business(buyer):
        return {"scheme": codes.ROUTE, "address": buyer["siren"]}
    for address in (buyer["email"], seller["email"]):
        if address and len(address) <= LONGEST_ADDRESS:
            return {"scheme": codes.MAIL, "address": address}
    return {"scheme": codes.ROUTE, "address": seller["siren"]}


def frame(*, operation: str, amounts: Amounts, is_final: bool) -> str:
    """Return the French "cadre de facturation" (BT-23): services, goods or both; paid already, final or ordinary."""
    settled = amounts.gross > 0 and amounts.due == 0
    number = "4" if is_final else "2" if settled else "1"
    return LETTERS[operation] + number


def vat_due(*, operation: str, on_debits: bool) -> str:
    """Return when VAT becomes due (BT-8, UNTDID 2475 as CII writes it): 5 issue, 72 payment, empty: the general rule.

    VAT of services is due when they are paid, unless the seller opted for debits (CGI 269-2-c).
    """
    if on_debits:
        return "5"
    return "72" if operation == "services" else ""


def unit_code(unit: str) -> str:
    """Return the code of a unit as people write it: kilograms, hours ...; everything else counts pieces."""
    return codes.UNITS.get(unit.strip().lower(), codes.PIECE)


def item_price(net: Decimal, quantity: Decimal, *, shown: Decimal) -> tuple[Decimal, Decimal]:
    """Return the net price of an item and the quantity that it is for (BT-146, BT-149): together they give ``net``.

    The price that is shown if it gives the amount of the line, else the exact share, else the price of the whole.
    """
    share = (net / quantity).quantize(ONE.scaleb(-PRICE_DIGITS), rounding=ROUND_HALF_UP)
    for price in (shown, share):
        if cents(price * quantity) == net:
            return price, ONE
    return net, quantity
