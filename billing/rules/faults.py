"""What an official validator would refuse, found before a document is issued: EN 16931 and the French BR-FR rules.

Every fault has a code (words for people: ``billing.enums.FileFault``) and what it is about. Stricter than the
validators where people need it: a SIREN must exist, VAT is exact to the cent. The promise, held by a differential test:
nothing that passes here is refused by the schema or the schematrons.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from stdnum.eu import vat
from stdnum.fr import siren as siren_number
from stdnum.fr import siret as siret_number

from billing.rules import codes
from billing.rules.cii import plain
from billing.rules.einvoice import LONGEST_ADDRESS
from billing.rules.money import CENT, PRICE_DIGITS, QUANTITY_DIGITS, cents

NUMBER = re.compile(r"[A-Za-z0-9+\-_/]{1,35}")  # BR-FR-01, BR-FR-02
ROUTE = re.compile(r"[A-Za-z0-9+\-_.]+")  # BR-FR-23
FIGURE = re.compile(r"-?[0-9]{1,12}(\.[0-9]+)?")
COUNTRY = re.compile(r"[A-Z]{2}")
FIRST_YEAR, LAST_YEAR = 2000, 2099  # BR-FR-03
AMOUNT_DIGITS = 2  # BR-FR-DEC-01


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Why a document would be refused: the code of a sentence and the words it names."""

    code: str
    about: Mapping[str, str] = field(default_factory=dict)


def faults(snapshot: Mapping[str, Any]) -> tuple[Fault, ...]:
    """Return everything for which the file of this content would be refused, from top to bottom; () if nothing."""
    e = snapshot["einvoice"]
    return (
        *_heading(snapshot),
        *seller_faults(snapshot["seller"], e["seller"]),
        *buyer_faults(snapshot["buyer"], e["buyer"], business=e["treatment"] == "B2B"),
        *_notes(e["notes"]),
        *_lines(snapshot["lines"]),
        *_vat(snapshot),
        *_totals(snapshot),
    )


def figure(text: str, *, digits: int) -> Decimal | None:
    """Return a figure written with at most ``digits`` decimals; ``None`` for everything else."""
    if not FIGURE.fullmatch(text) or len(text.partition(".")[2]) > digits:
        return None
    return Decimal(text)


def _day(text: str | None) -> date | None:
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else None


def _heading(snapshot: Mapping[str, Any]) -> Iterator[Fault]:
    e, kind = snapshot["einvoice"], snapshot["type_code"]
    if not NUMBER.fullmatch(snapshot["number"]):
        yield Fault(code="number_refused", about={"number": snapshot["number"]})
    if kind not in codes.TYPE_CODES or not codes.FRAME.fullmatch(e["frame"]) or e["treatment"] not in codes.TREATMENTS:
        yield Fault(code="kind_unknown")
    if snapshot["currency"] != "EUR":
        yield Fault(code="not_in_euros")
    supply = snapshot["supply"]
    paid_on = [e["paid_on"]] if e["paid_on"] else []
    written = [snapshot["issue_date"], snapshot["due_date"], supply["from"], supply["to"], *paid_on]
    days = [_day(text) for text in written]
    if None in days:
        yield Fault(code="date_refused")
    else:
        due = paid_on[0] if paid_on else snapshot["due_date"]
        early = due < snapshot["issue_date"] and kind not in codes.DEPOSITS and e["frame"][1:] != "2"  # BR-FR-CO-07
        if early or supply["to"] < supply["from"]:  # BR-29
            yield Fault(code="dates_disordered")
    yield from _preceding(kind, e["preceding"])


def _preceding(kind: str, found: Sequence[Mapping[str, str]]) -> Iterator[Fault]:
    count = len(found)
    if (kind in codes.ONE_BEFORE and count != 1) or (kind in codes.SOME_BEFORE and count < 1):
        yield Fault(code="preceding_missing")
    for one in found:
        if not NUMBER.fullmatch(one["number"]):
            yield Fault(code="number_refused", about={"number": one["number"]})
        if _day(one["issue_date"]) is None:
            yield Fault(code="date_refused")


def seller_faults(seller: Mapping[str, Any], way: Mapping[str, str]) -> Iterator[Fault]:
    """Yield what is wrong with who issues, whatever the document. ``way``: the seller's part of ``einvoice``."""
    if not plain(seller["name"]):
        yield Fault(code="seller_name_missing")
    exists = siren_number.is_valid(seller["siren"]) and seller["siren"].isdecimal()
    if not exists:
        yield Fault(code="seller_siren_wrong", about={"siren": seller["siren"]})
    elif seller["siret"] and not _is_siret_of(seller["siret"], seller["siren"]):
        yield Fault(code="seller_siret_wrong", about={"siret": seller["siret"]})
    if not _has_place(seller["address"]):
        yield Fault(code="seller_address_missing")
    if not _is_tax_id(way["tax_scheme"], way["tax_id"]):
        yield Fault(code="seller_vat_wrong", about={"number": way["tax_id"]})
    if exists and not _is_address(way, siren=seller["siren"]):  # else it is wrong with the SIREN
        yield Fault(code="address_refused", about={"address": way["address"]})


def buyer_faults(buyer: Mapping[str, Any], way: Mapping[str, str], *, business: bool) -> Iterator[Fault]:
    """Yield what is wrong with who pays, whatever the document. ``way``: the buyer's part of ``einvoice``."""
    name = plain(buyer["name"])
    if not name:
        yield Fault(code="buyer_name_missing")
    exists = siren_number.is_valid(buyer["siren"]) and buyer["siren"].isdecimal()
    if not buyer["siren"]:
        if business or buyer["kind"] in {"company", "public"}:
            yield Fault(code="buyer_siren_missing", about={"name": name})  # BR-FR-11
    elif not exists:
        yield Fault(code="buyer_siren_wrong", about={"name": name, "siren": buyer["siren"]})
    if buyer["vat_number"] and not _is_vat_number(buyer["vat_number"]):
        yield Fault(code="buyer_vat_wrong", about={"name": name, "number": buyer["vat_number"]})
    # A consumer may keep their address to themselves; the file wants a country all the same.
    consumer = buyer["kind"] == "consumer"
    if not (COUNTRY.fullmatch(buyer["address"]["country"]) if consumer else _has_place(buyer["address"])):
        yield Fault(code="buyer_address_missing", about={"name": name})
    if (exists or not business) and not _is_address(way, siren=buyer["siren"] if business else None):
        yield Fault(code="address_refused", about={"address": way["address"]})


def _is_siret_of(siret: str, siren: str) -> bool:
    return siret.isdecimal() and siret_number.is_valid(siret) and siret.startswith(siren)  # BR-FR-09


def _is_tax_id(scheme: str, number: str) -> bool:
    """What the tax office knows a seller by: a VAT number, or what it has without VAT (BR-S-02, BR-E-02)."""
    return _is_vat_number(number) if scheme == "VA" else scheme == "FC" and bool(plain(number))


def _is_vat_number(number: str) -> bool:
    return bool(vat.is_valid(number)) and COUNTRY.fullmatch(number[:2]) is not None  # BR-CO-09


def _has_place(address: Mapping[str, str]) -> bool:
    return bool(plain(address["city"])) and COUNTRY.fullmatch(address["country"]) is not None  # BR-09, BR-11


def _is_address(way: Mapping[str, str], *, siren: str | None) -> bool:
    """An electronic address that a platform takes; between businesses it begins with the SIREN (BR-FR-21, BR-FR-22)."""
    address = way["address"]
    if not plain(address) or len(address) > LONGEST_ADDRESS or plain(address) != address:
        return False
    if way["scheme"] == codes.ROUTE:
        return ROUTE.fullmatch(address) is not None and address.startswith(siren or "")
    return siren is None and way["scheme"] == codes.MAIL and "@" in address


def _notes(notes: Sequence[Mapping[str, str]]) -> Iterator[Fault]:
    said = [note["subject"] for note in notes if plain(note["text"])]
    if any(said.count(subject) != 1 for subject in codes.NOTES):
        yield Fault(code="mention_missing")
    if any(subject not in {"", *codes.NOTES} for subject in said):
        yield Fault(code="mention_unknown")


def _lines(lines: Sequence[Mapping[str, str]]) -> Iterator[Fault]:
    if not lines:
        yield Fault(code="nothing_asked")
    for rank, row in enumerate(lines, start=1):
        about = {"rank": str(rank), "line": plain(row["description"])}
        if not about["line"]:
            yield Fault(code="line_without_words", about=about)
        if not _is_rate(row["vat_category"], row["vat_rate"]):
            yield Fault(code="rate_unknown", about={**about, "rate": row["vat_rate"]})
        if not _adds_up(row):
            yield Fault(code="line_disagrees", about=about)


def _is_rate(category: str, rate: str) -> bool:
    """A French rate; only what is taxed has one, and it has one (BR-S-05, BR-E-05)."""
    return category in codes.CATEGORIES and rate in codes.RATES and (category == "S") == (rate != "0")


def _adds_up(row: Mapping[str, str]) -> bool:
    """Whether a line is written as the format wants it, and its price times its quantity gives its amount."""
    quantity, basis = (figure(row[name], digits=QUANTITY_DIGITS) for name in ("quantity", "item_basis"))
    price, net = figure(row["item_price"], digits=PRICE_DIGITS), figure(row["net"], digits=AMOUNT_DIGITS)
    if quantity is None or basis is None or price is None or net is None or row["unit_code"] not in codes.UNIT_CODES:
        return False
    if price < 0 or basis <= 0 or quantity == 0:
        return False
    return cents(price * quantity / basis) == net


def _vat(snapshot: Mapping[str, Any]) -> Iterator[Fault]:
    rows, lines, e = snapshot["vat"], snapshot["lines"], snapshot["einvoice"]
    summed = sorted((row["category"], row["rate"]) for row in rows)
    if summed != sorted({(row["vat_category"], row["vat_rate"]) for row in lines}):
        yield Fault(code="vat_disagrees")
    categories = {row["category"] for row in rows}
    if "O" in categories and len(categories) > 1:
        yield Fault(code="outside_vat_mixed")  # BR-O-11, BR-O-12
    if "O" in categories and (e["seller"]["tax_scheme"] == "VA" or snapshot["buyer"]["vat_number"]):
        yield Fault(code="outside_vat_numbered")  # BR-O-02
    if e["vat_due"] not in {"", "5", "72"}:
        yield Fault(code="kind_unknown")
    for row in rows:
        yield from _vat_row(row, lines)


def _vat_row(row: Mapping[str, str], lines: Sequence[Mapping[str, str]]) -> Iterator[Fault]:
    basis, amount = (figure(row[name], digits=AMOUNT_DIGITS) for name in ("basis", "amount"))
    mine = [one for one in lines if (one["vat_category"], one["vat_rate"]) == (row["category"], row["rate"])]
    nets = [figure(one["net"], digits=AMOUNT_DIGITS) for one in mine]
    rate = figure(row["rate"], digits=AMOUNT_DIGITS)
    if basis is None or amount is None or rate is None or basis != sum(filter(None, nets), Decimal(0)):
        yield Fault(code="vat_disagrees")  # BR-S-08
    # To the cent more or less, where prices include VAT (BR-CO-17); nothing where there is no VAT (BR-E-09).
    elif abs(amount - cents(basis * rate / 100)) > CENT or (row["category"] != "S" and amount != 0):
        yield Fault(code="vat_disagrees")
    taxed = row["category"] == "S"
    if taxed == bool(plain(row["reason"])) or (taxed and row["vatex"]):
        yield Fault(code="reason_missing")  # BR-E-10, BR-S-10
    if row["vatex"] and not codes.VATEX.fullmatch(row["vatex"]):
        yield Fault(code="reason_unknown", about={"code": row["vatex"]})


def _totals(snapshot: Mapping[str, Any]) -> Iterator[Fault]:
    names = ("net", "vat", "gross", "paid", "due")
    found = {name: figure(snapshot["totals"][name], digits=AMOUNT_DIGITS) for name in names}
    if None in found.values():
        yield Fault(code="totals_disagree")
        return
    net, tax, gross, paid, due = (found[name] or Decimal(0) for name in names)
    bases = sum((figure(row["basis"], digits=AMOUNT_DIGITS) or Decimal(0) for row in snapshot["vat"]), Decimal(0))
    taxes = sum((figure(row["amount"], digits=AMOUNT_DIGITS) or Decimal(0) for row in snapshot["vat"]), Decimal(0))
    if (net, tax, gross, due) != (bases, taxes, net + tax, gross - paid):
        yield Fault(code="totals_disagree")
    if gross <= 0:
        yield Fault(code="nothing_asked")
    frame = snapshot["einvoice"]["frame"]
    if frame[1:] == "2" and due != 0:
        yield Fault(code="paid_disagrees")  # BR-FR-CO-09
    if frame[1:] == "4" and snapshot["type_code"] in codes.DEPOSITS:
        yield Fault(code="kind_unknown")  # BR-FR-CO-08
