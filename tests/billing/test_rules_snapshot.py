"""What a document says, and what the law keeps off it."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest

from billing.rules import mentions as m
from billing.rules.money import Line, compute
from billing.rules.snapshot import Address, Buyer, Heading, SnapshotRefused, invoice_snapshot
from tests.billing.documents import COMPANY, CONSUMER, ISSUED, LINES, SELLER, TEXTS, snapshot

D = Decimal
BUSINESS = ["late_penalties", "recovery_costs", "early_payment_discount"]


def codes(**change: object) -> list[str]:
    """Codes printed on a document."""
    return [row["code"] for row in snapshot(**change)["mentions"]]  # type: ignore[arg-type]  # pass-through of a test


def test_snapshot_survives_json() -> None:
    content = snapshot(buyer=COMPANY)

    assert json.loads(json.dumps(content)) == content


def test_consumer_total_is_the_price_shown() -> None:
    assert snapshot()["totals"] == {"net": "78.05", "vat": "14.75", "gross": "92.80", "paid": "0.00", "due": "92.80"}


def test_business_total_adds_vat() -> None:
    assert snapshot(buyer=COMPANY)["totals"]["gross"] == "110.45"


def test_business_that_ordered_including_vat_is_shown_net_prices_and_pays_the_same() -> None:
    content = snapshot(buyer=COMPANY, basis="gross")

    assert content["totals"]["gross"] == snapshot()["totals"]["gross"] == "92.80"
    assert [(row["unit_price"], row["amount"]) for row in content["lines"]] == [
        ("20.00", "40.00"),
        ("32.0833", "32.08"),
        ("3.981", "5.97"),
    ]
    assert content["shown"] == "net"


def test_business_gets_penalties_and_consumer_does_not() -> None:
    assert codes(buyer=COMPANY) == BUSINESS
    assert codes(buyer=CONSUMER) == []


def test_franchise_text_replaces_exemption() -> None:
    lines = [Line(description="x", quantity=D(1), unit_price=D(10), vat_rate=D(0), vat_category="E")]

    assert codes(lines=lines, franchise=True, vat_on_debits=True) == ["vat_franchise"]
    assert codes(lines=lines) == ["vat_exempt"]


def test_debits_option_is_said() -> None:
    assert codes(vat_on_debits=True) == ["vat_on_debits"]


def test_penalties_forced_on_a_consumer_are_refused() -> None:
    heading = Heading(
        kind="invoice", number="1", issued_on=ISSUED, supplied_from=ISSUED, supplied_to=ISSUED, due_on=ISSUED
    )

    with pytest.raises(SnapshotRefused):
        invoice_snapshot(
            heading=heading,
            seller=SELLER,
            buyer=CONSUMER,
            amounts=compute(LINES, basis="gross"),
            basis="gross",
            mentions=m.pick([m.RECOVERY_COSTS], TEXTS, on=ISSUED),
        )


def test_text_follows_the_date() -> None:
    old = m.Mention(code="x", text={"fr": "CGI"}, valid_from=date(2000, 1, 1), valid_to=date(2026, 8, 31))
    new = m.Mention(code="x", text={"fr": "CIBS"}, valid_from=date(2026, 9, 1))

    assert m.pick(["x"], [old, new], on=date(2026, 8, 31)) == (old,)
    assert m.pick(["x"], [old, new], on=date(2026, 9, 1)) == (new,)


@pytest.mark.parametrize("rows", [[], [TEXTS[3], TEXTS[3]]])
def test_missing_or_double_text_stops_the_document(rows: list[m.Mention]) -> None:
    with pytest.raises(m.MissingLegalText):
        m.pick([m.FRANCHISE], rows, on=date(2026, 11, 23))


@pytest.mark.parametrize(
    "heading",
    [
        {"number": ""},
        {"number": "F 1"},
        {"number": "F²"},
        {"number": "x" * 36},
        {"supplied_to": date(2026, 1, 1)},
        {"due_on": date(2026, 1, 1)},
        {"kind": "credit_note"},
        {"credits_number": "F1", "credits_issued_on": date(2026, 1, 1)},
    ],
)
def test_impossible_heading_is_refused(heading: dict[str, object]) -> None:
    with pytest.raises(SnapshotRefused):
        snapshot(**heading)  # type: ignore[arg-type]  # pass-through of a test


def test_business_without_siren_is_refused() -> None:
    with pytest.raises(SnapshotRefused):
        snapshot(buyer=Buyer(name="X", kind="company", address=Address(street="", postal_code="", city="")))


def test_quantities_and_prices_keep_useful_digits_only() -> None:
    lines = [Line(description="x", quantity=D("1.2500"), unit_price=D("0.125000"), vat_rate=D("5.50"))]
    row = snapshot(lines=lines)["lines"][0]

    assert (row["quantity"], row["unit_price"], row["vat_rate"]) == ("1.25", "0.125", "5.5")
