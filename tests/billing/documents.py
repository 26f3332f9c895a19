"""Invoices for tests: a real-looking seller, two buyers, and the legal texts of 2026."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from billing.rules import mentions as m
from billing.rules.money import ZERO, Line, PriceBasis, compute
from billing.rules.snapshot import Address, Buyer, Heading, Seller, Snapshot, invoice_snapshot
from billing.rules.standard_texts import STANDARD_TEXTS

D = Decimal
ISSUED = date(2026, 11, 23)

SELLER = Seller(
    name="La Conciergerie des Ducs",
    legal_form="SARL",
    capital="12 000 €",
    address=Address(street="14 rue de la Liberté", postal_code="21000", city="Dijon"),
    siren="732829320",
    siret="73282932000074",
    rcs="RCS Dijon 732 829 320",
    vat_number="FR44732829320",
    email="factures@conciergerie-ducs.example",
    phone="03 80 00 00 00",
    iban="FR7630006000011234567890189",
    bic="AGRIFRPP",
)
CONSUMER = Buyer(
    name="Aïcha Benali", address=Address(street="3 place Wilson", extra="Bâtiment B", postal_code="21000", city="Dijon")
)
COMPANY = Buyer(
    name="Moutarderie du Lac SAS",
    kind="company",
    siren="552100554",
    vat_number="FR96552100554",
    contact="Service comptabilité",
    address=Address(street="8 avenue du Lac", postal_code="21200", city="Beaune"),
)

TEXTS = list(STANDARD_TEXTS)

LINES = [
    Line(
        description="Repassage, panier de 5 kg",
        detail="Déposé le 16/11 à la conciergerie Gare",
        quantity=D(2),
        unit="panier",
        unit_price=D("24.00"),
        vat_rate=D(20),
    ),
    Line(
        description="Ressemelage, chaussures femme", quantity=D(1), unit="paire", unit_price=D("38.50"), vat_rate=D(20)
    ),
    Line(description="Panier de légumes", quantity=D("1.5"), unit="kg", unit_price=D("4.20"), vat_rate=D("5.5")),
]


def snapshot(
    *,
    buyer: Buyer = CONSUMER,
    seller: Seller = SELLER,
    lines: Sequence[Line] = LINES,
    franchise: bool = False,
    vat_on_debits: bool = False,
    paid: Decimal = ZERO,
    basis: PriceBasis | None = None,
    **heading: Any,  # any field of Heading
) -> Snapshot:
    """The snapshot of an invoice, with what a test changes."""
    basis = basis or ("gross" if buyer.kind == "consumer" else "net")
    codes = m.required_codes(
        buyer_is_consumer=buyer.kind == "consumer",
        franchise=franchise,
        vat_on_debits=vat_on_debits,
        categories=[line.vat_category for line in lines],
    )
    fields: dict[str, Any] = {
        "kind": "invoice",
        "number": "F2026-000042",
        "issued_on": ISSUED,
        "supplied_from": date(2026, 11, 16),
        "supplied_to": date(2026, 11, 20),
        "due_on": date(2026, 12, 23),
        "reference": "D-7KQ4-M2",
        **heading,
    }
    return invoice_snapshot(
        heading=Heading(**fields),
        seller=seller,
        buyer=buyer,
        amounts=compute(lines, basis=basis, paid=paid),
        basis=basis,
        mentions=m.pick(codes, TEXTS, on=fields["issued_on"]),
        unprinted=m.pick(m.unprinted_codes(buyer_is_consumer=buyer.kind == "consumer"), TEXTS, on=fields["issued_on"]),
        payment_terms={"fr": "Paiement par virement à 30 jours.", "en": "Bank transfer within 30 days."},
    )
