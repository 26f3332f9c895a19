"""What an agreement may say, and what it pays."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.actions.agreements import PROBLEMS
from providers.enums import (
    AGREEMENT_CATEGORY,
    AGREEMENT_TRANSITIONS,
    BINDING_AGREEMENTS,
    AgreementKind,
    AgreementStatus,
    Invoicing,
)
from providers.rules.agreements import AMOUNT_OF, Terms, price_paid, problem

DAY = dt.date(2026, 1, 1)
money = st.decimals(0, 50_000, places=2)
quantities = st.decimals("0.01", 500, places=2)
rates = st.decimals(0, "99.99", places=2)


def terms(**changes: Any) -> Terms:
    given_: dict[str, Any] = {"kind": "purchase", "purchase_price": Decimal(9), "valid_from": DAY}
    return Terms(**(given_ | changes))


@pytest.mark.promise("domain R33")
@pytest.mark.parametrize(
    ("kind", "amounts", "paid"),
    [
        ("purchase", {"purchase_price": Decimal("7.50")}, "22.50"),
        ("commission", {"commission_percent": Decimal("15.00")}, "45.90"),
        ("commission", {"commission_percent": Decimal("0.00")}, "54.00"),
        ("commission", {"commission_percent": Decimal("33.33")}, "36.00"),
        ("fixed_commission", {"commission_fixed": Decimal("10.00")}, "44.00"),
        ("fixed_commission", {"commission_fixed": Decimal("54.01")}, "0.00"),
        ("introduction", {}, "54.00"),
    ],
)
def test_price_paid(kind: str, amounts: dict[str, Decimal], paid: str) -> None:
    found = price_paid(kind, quantity=Decimal(3), client_total=Decimal("54.00"), **amounts)
    assert found == Decimal(paid)


@pytest.mark.promise("domain R33")
@given(money, quantities, rates, money)
def test_what_comes_out_of_the_clients_price_stays_within_it(
    total: Decimal, quantity: Decimal, rate: Decimal, fixed: Decimal
) -> None:
    """Never negative, never above what the client pays, and what is kept and what is paid make up the whole."""
    by_rate = price_paid("commission", quantity=quantity, client_total=total, commission_percent=rate)
    by_job = price_paid("fixed_commission", quantity=quantity, client_total=total, commission_fixed=fixed)
    for paid in (by_rate, by_job):
        assert 0 <= paid <= total
    assert abs(total - by_rate - total * rate / 100) <= Decimal("0.005")
    assert total - by_job == min(fixed, total)
    assert price_paid("introduction", quantity=quantity, client_total=total) == total


@pytest.mark.promise("domain R33")
@given(money, money, quantities)
def test_a_price_per_item_is_owed_whatever_the_client_pays(total: Decimal, price: Decimal, quantity: Decimal) -> None:
    paid = price_paid("purchase", quantity=quantity, client_total=total, purchase_price=price)
    assert paid >= 0
    assert abs(paid - price * quantity) <= Decimal("0.005")
    assert paid == price_paid("purchase", quantity=quantity, client_total=Decimal(0), purchase_price=price)


@pytest.mark.promise("domain R33")
@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, None),
        ({"purchase_price": None}, ("purchase_price", "amount_missing")),
        ({"commission_percent": Decimal(5)}, ("commission_percent", "amount_of_another_kind")),
        ({"kind": "commission", "purchase_price": None}, ("commission_percent", "amount_missing")),
        ({"kind": "commission", "commission_percent": Decimal(5)}, ("purchase_price", "amount_of_another_kind")),
        ({"kind": "fixed_commission", "purchase_price": None}, ("commission_fixed", "amount_missing")),
        ({"kind": "introduction"}, ("purchase_price", "amount_of_another_kind")),
        ({"kind": "introduction", "purchase_price": None}, ("invoicing", "introduction_invoicing")),
        ({"kind": "introduction", "purchase_price": None, "invoicing": "provider_to_client"}, None),
        ({"invoicing": "provider_to_client"}, ("invoicing", "client_pays_us")),
        ({"invoicing": "we_self_bill"}, ("mandate_signed_on", "mandate_missing")),
        ({"invoicing": "we_self_bill", "mandate_signed_on": DAY}, None),
        (
            {"invoicing": "we_self_bill", "mandate_signed_on": DAY + dt.timedelta(days=1)},
            ("mandate_signed_on", "mandate_to_come"),
        ),
        ({"notice_hours": 720, "cancel_hours": 720}, None),
        ({"notice_hours": 721}, ("notice_hours", "too_many_hours")),
        ({"cancel_hours": -1}, ("cancel_hours", "too_many_hours")),
        ({"valid_from": dt.date.min}, ("valid_from", "day_out_of_reach")),
        ({"valid_from": dt.date.max}, ("valid_from", "day_out_of_reach")),
        ({"valid_to": dt.date.max}, ("valid_to", "day_out_of_reach")),
        ({"valid_to": DAY}, None),
        ({"valid_to": DAY - dt.timedelta(days=1)}, ("valid_to", "ends_before_it_begins")),
    ],
)
def test_the_field_at_fault_is_named(changes: dict[str, Any], wrong: tuple[str, str] | None) -> None:
    assert problem(terms(**changes), today=DAY) == wrong
    assert wrong is None or wrong[1] in PROBLEMS


def test_every_kind_is_known_to_the_rules_and_every_state_to_the_table() -> None:
    assert {*AMOUNT_OF, "introduction"} == set(AgreementKind.values)
    assert set(Invoicing.values) == {"provider_to_us", "we_self_bill", "provider_to_client"}
    assert set(AGREEMENT_CATEGORY) == set(AgreementStatus.values)
    reached = {then for _allowed, then in AGREEMENT_TRANSITIONS.values()}
    assert reached | {AgreementStatus.DRAFT} == set(AgreementStatus.values)
    assert reached >= BINDING_AGREEMENTS
