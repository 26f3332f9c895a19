"""The frozen content of a document: a plain dict, JSON-able, with everything that its print and its file say.

Once sealed it never changes, whatever happens to the client, the prices or the law. Amounts are strings of euros with
two decimals, dates are ISO 8601. What only the file says is under ``einvoice``, ``unit_code``, ``item_price``,
``item_basis``, ``vatex`` and ``reason`` (see ``billing.rules.cii``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from billing.rules.einvoice import Reference, einvoice, item_price, unit_code
from billing.rules.mentions import BUSINESS_ONLY, EXEMPTIONS, Mention
from billing.rules.money import Amounts, PriceBasis, PricedLine, VatTotal, net_unit_price

Snapshot: TypeAlias = dict[str, Any]  # any JSON value
Kind = Literal["invoice", "credit_note", "corrective", "deposit", "self_billed", "self_billed_credit_note"]
PartyKind = Literal["consumer", "company", "public", "association"]

NUMBER = re.compile(r"[A-Za-z0-9+\-_/]{1,35}")
LAYOUT = 2  # which shape of dict this is; a reader of old documents looks here first. Of layout 1 there is no file
TYPE_CODES: Mapping[Kind, str] = {  # UNTDID 1001 (BT-3)
    "invoice": "380",
    "credit_note": "381",
    "corrective": "384",
    "deposit": "386",
    "self_billed": "389",
    "self_billed_credit_note": "261",
}
CORRECTING = frozenset({"credit_note", "corrective", "self_billed_credit_note"})  # each names the invoice before it


class SnapshotRefused(ValueError):
    """The document would miss something that the law asks for, or say something that it forbids."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """A postal address, structured as payments and e-invoices need it."""

    street: str
    postal_code: str
    city: str
    extra: str = ""
    country: str = "FR"


@dataclass(frozen=True, kw_only=True)
class Seller:
    """Who issues (C. com. R123-237, L441-9). ``capital`` is printed as it stands, for the forms that have one."""

    name: str
    address: Address
    siren: str
    siret: str = ""
    legal_form: str = ""
    capital: str = ""
    rcs: str = ""
    vat_number: str = ""
    email: str = ""
    phone: str = ""
    website: str = ""
    iban: str = ""
    bic: str = ""


@dataclass(frozen=True, kw_only=True)
class Buyer:
    """Who pays. ``siren`` is asked of businesses (décret 2022-1299); the file of a consumer goes to their ``email``."""

    name: str
    address: Address
    kind: PartyKind = "consumer"
    siren: str = ""
    vat_number: str = ""
    contact: str = ""
    email: str = ""


@dataclass(frozen=True, kw_only=True)
class Heading:
    """What identifies a document: number (at most 35 characters of BR-FR), dates, references.

    ``credits_*`` is the invoice that a credit note or corrective invoice changes, ``deposits`` are the deposit invoices
    that a final invoice takes up, ``paid_on`` the day on which a document was paid in full.
    """

    kind: Kind
    number: str
    issued_on: date
    supplied_from: date
    supplied_to: date
    due_on: date
    reference: str = ""
    purchase_order: str = ""
    credits_number: str = ""
    credits_issued_on: date | None = None
    reason: str = ""
    deposits: tuple[Reference, ...] = ()
    paid_on: date | None = None


def invoice_snapshot(
    *,
    heading: Heading,
    seller: Seller,
    buyer: Buyer,
    amounts: Amounts,
    basis: PriceBasis,
    mentions: Sequence[Mention],
    unprinted: Sequence[Mention] = (),
    payment_terms: Mapping[str, str] | None = None,
    operation: Literal["services", "goods", "mixed"] = "services",
) -> Snapshot:
    """Return the frozen content of an invoice or credit note. ``unprinted`` are sentences of the file alone.

    Raises ``SnapshotRefused`` if the number or dates are impossible, if a credit note names no invoice (BR-FR: BG-3),
    if a business has no SIREN, or if a consumer's note would carry the penalties kept for professionals.
    """
    _refuse_nonsense(heading, buyer, mentions)
    shown: PriceBasis = "gross" if basis == "gross" and buyer.kind == "consumer" else "net"
    return {
        "layout": LAYOUT,
        "kind": heading.kind,
        "type_code": TYPE_CODES[heading.kind],
        "number": heading.number,
        "issue_date": heading.issued_on.isoformat(),
        "due_date": heading.due_on.isoformat(),
        "supply": {"from": heading.supplied_from.isoformat(), "to": heading.supplied_to.isoformat()},
        "reference": heading.reference,
        "purchase_order": heading.purchase_order,
        "credits": (
            {"number": heading.credits_number, "issue_date": heading.credits_issued_on.isoformat()}
            if heading.credits_issued_on
            else None
        ),
        "reason": heading.reason,
        "currency": "EUR",
        "basis": basis,
        "shown": shown,
        "operation": operation,
        "seller": asdict(seller),
        "buyer": asdict(buyer),
        "lines": [_line(row, basis=basis, shown=shown) for row in amounts.lines],
        "vat": [_vat(row, mentions) for row in amounts.vat],
        "totals": {
            "net": str(amounts.net),
            "vat": str(amounts.vat_total),
            "gross": str(amounts.gross),
            "paid": str(amounts.paid),
            "due": str(amounts.due),
        },
        "mentions": [{"code": row.code, "text": dict(row.text), "law_ref": row.law_ref} for row in mentions],
        "payment_terms": dict(payment_terms or {}),
        "einvoice": einvoice(
            seller=asdict(seller),
            buyer=asdict(buyer),
            mentions=mentions,
            unprinted=unprinted,
            amounts=amounts,
            operation=operation,
            preceding=_preceding(heading),
            is_final=bool(heading.deposits),
            paid_on=heading.paid_on,
        ),
    }


def _preceding(heading: Heading) -> tuple[Reference, ...]:
    """The invoices that this document speaks of (BG-3)."""
    if heading.credits_issued_on is None:
        return heading.deposits
    return (Reference(number=heading.credits_number, issued_on=heading.credits_issued_on), *heading.deposits)


def _vat(row: VatTotal, mentions: Sequence[Mention]) -> Snapshot:
    """One row of the VAT summary; without VAT, the sentence that says why and its code of the VATEX list."""
    said = next((one for one in mentions if one.code in EXEMPTIONS.get(row.category, ())), None)
    return {
        "category": row.category,
        "rate": _plain(row.rate),
        "basis": str(row.basis),
        "amount": str(row.amount),
        "vatex": said.vatex if said else "",
        "reason": said.text["fr"] if said else "",
    }


def _line(row: PricedLine, *, basis: PriceBasis, shown: PriceBasis) -> Snapshot:
    """One line as printed. A business that ordered at prices including VAT is shown them without (L441-9)."""
    taken_out = basis == "gross" and shown == "net"
    without_vat = net_unit_price(row.line) if basis == "gross" else row.line.unit_price
    price, per = item_price(row.net, row.line.quantity, shown=without_vat)
    return {
        "description": row.line.description,
        "detail": row.line.detail,
        "quantity": _plain(row.line.quantity),
        "unit": row.line.unit,
        "unit_price": _price(net_unit_price(row.line) if taken_out else row.line.unit_price),
        "vat_rate": _plain(row.line.vat_rate),
        "vat_category": row.line.vat_category,
        "net": str(row.net),
        "amount": str(row.net if taken_out else row.line.amount),
        "unit_code": unit_code(row.line.unit),
        "item_price": _plain(price),
        "item_basis": _plain(per),
    }


def _refuse_nonsense(heading: Heading, buyer: Buyer, mentions: Sequence[Mention]) -> None:
    if not NUMBER.fullmatch(heading.number):
        raise SnapshotRefused("a number has 1 to 35 letters, digits, + - _ / (BR-FR-01)")
    if heading.supplied_to < heading.supplied_from:
        raise SnapshotRefused("the supply ends before it begins")
    if heading.due_on < heading.issued_on:
        raise SnapshotRefused("the due date is before the issue date")
    if (heading.kind in CORRECTING) != bool(heading.credits_number and heading.credits_issued_on):
        raise SnapshotRefused(
            "a credit note or corrective invoice, and no other document, names the invoice it changes"
        )
    if buyer.kind == "consumer" and any(row.code in BUSINESS_ONLY for row in mentions):
        raise SnapshotRefused("penalties and recovery costs are never printed for a consumer")
    if buyer.kind in {"company", "public"} and not buyer.siren:
        raise SnapshotRefused("a business buyer needs a SIREN")


def _plain(value: Decimal) -> str:
    """Write a quantity or rate without useless zeros: 20, 5.5, 1.25."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _price(value: Decimal) -> str:
    """Write a unit price with at least two decimals, more only when they count."""
    whole, _, digits = _plain(value).partition(".")
    return f"{whole}.{digits.ljust(2, '0')}"
