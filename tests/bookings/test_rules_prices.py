"""Prices are computed here and nowhere else."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.money import Line, compute
from bookings.rules.prices import (
    WHOLE,
    Price,
    PricedLine,
    Tariff,
    Unpriceable,
    Wish,
    brackets,
    price_lines,
    total,
    vat_shares,
)

IRONING = Tariff(
    service="ironing",
    items={
        "shirt": Price("shirt", "Chemise", Decimal("3.00")),
        "trousers": Price("trousers", "Pantalon", Decimal("4.00")),
    },
    options={"hanger": Price("hanger", "Sur cintre", Decimal("1.50"))},
    vat_code="standard",
    vat_rate=Decimal("20.00"),
    max_quantity=30,
)
HEELS = Tariff("heels", {WHOLE: Price(WHOLE, "Talons", Decimal("18.00"))}, {}, "standard", Decimal("20.00"), 5)
TARIFFS = {"ironing": IRONING, "heels": HEELS}


def test_items_are_multiplied_and_an_option_counts_once() -> None:
    lines = price_lines(TARIFFS, [Wish("ironing", {"shirt": 5, "trousers": 0}, frozenset({"hanger"}))])
    assert [(line.label, line.quantity, line.total) for line in lines] == [
        ("Chemise", Decimal(5), Decimal("15.00")),
        ("Sur cintre", Decimal(1), Decimal("1.50")),
    ]
    assert total(lines) == Decimal("16.50")


@pytest.mark.promise("S08")
@pytest.mark.parametrize("quantity", [-1, -(10**9), 1.5, float("nan"), 1e308, "5", "٥", True, None])
def test_a_quantity_that_is_no_count_is_refused(quantity: object) -> None:
    with pytest.raises(Unpriceable) as refusal:
        price_lines(TARIFFS, [Wish("ironing", {"shirt": quantity})])  # type: ignore[dict-item]  # the point
    assert refusal.value.code == "bad_quantity"


@pytest.mark.parametrize(
    ("wishes", "code"),
    [
        ([], "empty"),
        ([Wish("nothing", {"x": 1})], "unknown_service"),
        ([Wish("ironing", {"tie": 1})], "unknown_item"),
        ([Wish("ironing", {WHOLE: 1})], "unknown_item"),
        ([Wish("ironing", {"shirt": 1}, frozenset({"gold"}))], "unknown_option"),
        ([Wish("ironing", {"shirt": 31})], "too_many"),
        ([Wish("ironing", {"shirt": 20, "trousers": 11})], "too_many"),
        ([Wish("ironing", {"shirt": 0})], "nothing_of_service"),
        ([Wish("ironing", {}, frozenset({"hanger"}))], "nothing_of_service"),
        ([Wish("heels", {WHOLE: 1}), Wish("heels", {WHOLE: 1})], "service_twice"),
    ],
)
def test_an_order_that_cannot_be_priced_says_why(wishes: list[Wish], code: str) -> None:
    with pytest.raises(Unpriceable) as refusal:
        price_lines(TARIFFS, wishes)
    assert refusal.value.code == code


cents = st.integers(0, 100_000).map(lambda n: Decimal(n) / 100)

LINEN = Tariff(
    "linen",
    {WHOLE: Price(WHOLE, "Linge au poids", Decimal("3.29"))},
    {},
    "standard",
    Decimal("20.00"),
    40,
    unit="kg",
    step=Decimal("0.050"),
    smallest=Decimal("1.000"),
)


@pytest.mark.promise("domain R1")
@pytest.mark.parametrize(
    ("kilos", "cost"), [("1", "3.29"), ("2.350", "7.73"), ("2.500", "8.23"), ("1.050", "3.45"), ("40", "131.60")]
)
def test_a_weight_is_priced_to_the_cent_half_up(kilos: str, cost: str) -> None:
    (line,) = price_lines({"linen": LINEN}, [Wish("linen", {WHOLE: Decimal(kilos)})])
    assert (line.quantity, line.unit, line.total) == (Decimal(kilos), "kg", Decimal(cost))


@pytest.mark.promise("S08")
@pytest.mark.parametrize(
    ("kilos", "code"),
    [
        (Decimal("2.340"), "bad_quantity"),
        (Decimal(-2), "bad_quantity"),
        (Decimal("NaN"), "bad_quantity"),
        (Decimal("Infinity"), "bad_quantity"),
        (Decimal("1e308"), "bad_quantity"),
        (2.35, "bad_quantity"),
        ("2.35", "bad_quantity"),
        (Decimal("0.950"), "too_little"),
        (Decimal("40.050"), "too_many"),
        (Decimal(0), "nothing_of_service"),
    ],
)
def test_a_weight_that_makes_no_sense_is_refused(kilos: object, code: str) -> None:
    with pytest.raises(Unpriceable) as refusal:
        price_lines({"linen": LINEN}, [Wish("linen", {WHOLE: kilos})])  # type: ignore[dict-item]  # the point
    assert refusal.value.code == code


@pytest.mark.promise("domain R1")
@pytest.mark.parametrize(("minutes", "count"), [(1, 1), (30, 1), (31, 2), (45, 2), (60, 2), (90, 3)])
def test_a_started_half_hour_counts(minutes: int, count: int) -> None:
    assert brackets(minutes) == count


def test_what_is_on_quote_has_no_price() -> None:
    garden = Tariff("garden", {}, {}, "standard", Decimal("20.00"), 1, is_on_quote=True)
    with pytest.raises(Unpriceable) as refusal:
        price_lines({"garden": garden}, [Wish("garden", {WHOLE: 1})])
    assert refusal.value.code == "on_quote"


@pytest.mark.promise("R30")
@given(st.integers(1, 500_000).map(lambda n: Decimal(n) / 1000), cents)
def test_the_total_of_a_line_is_the_total_of_the_invoice(quantity: Decimal, price: Decimal) -> None:
    booked = PricedLine("x", "x", quantity, price, "standard", Decimal("20.00"))
    assert booked.total == Line(description="x", quantity=quantity, unit_price=price, vat_rate=Decimal(20)).amount


@pytest.mark.parametrize("amount", ["-0.01", "NaN", "Infinity", "0.001"])
def test_a_price_is_cents_and_not_negative(amount: str) -> None:
    with pytest.raises(ValueError, match="not a price"):
        Price("x", "x", Decimal(amount))


@given(st.dictionaries(st.sampled_from(["shirt", "trousers"]), st.integers(1, 15), min_size=1), st.booleans())
def test_the_total_is_the_sum_of_what_was_asked(quantities: dict[str, int], hanger: bool) -> None:
    lines = price_lines(TARIFFS, [Wish("ironing", quantities, frozenset({"hanger"} if hanger else ()))])
    expected = sum((IRONING.items[key].amount * n for key, n in quantities.items()), Decimal(0))
    assert total(lines) == expected + (Decimal("1.50") if hanger else 0)


@given(st.lists(st.tuples(st.sampled_from([Decimal("20.00"), Decimal("10.00"), Decimal("5.50"), Decimal(0)]), cents)))
def test_tax_and_amount_without_tax_always_add_up(amounts: list[tuple[Decimal, Decimal]]) -> None:
    shares = vat_shares(amounts)
    assert sum((s.incl for s in shares), Decimal(0)) == sum((a for _r, a in amounts), Decimal(0))
    for share in shares:
        assert share.excl + share.vat == share.incl
        assert abs(share.excl * share.rate / 100 - share.vat) <= Decimal("0.01")
    assert [s.rate for s in shares] == sorted({rate for rate, _amount in amounts}, reverse=True)


def test_vat_of_a_known_amount() -> None:
    (share,) = vat_shares([(Decimal("20.00"), Decimal("33.00"))])
    assert (share.excl, share.vat) == (Decimal("27.50"), Decimal("5.50"))


@pytest.mark.promise("R30")
def test_half_a_cent_of_vat_counts_for_a_whole_one() -> None:
    shares = vat_shares([(Decimal("20.00"), Decimal("1.95")), (Decimal("10.00"), Decimal("0.99"))])
    assert [(share.excl, share.vat) for share in shares] == [
        (Decimal("1.62"), Decimal("0.33")),  # a sixth: 0.325
        (Decimal("0.90"), Decimal("0.09")),
    ]


@pytest.mark.promise("R30")
@given(
    st.lists(
        st.tuples(
            st.sampled_from([Decimal("20.00"), Decimal("10.00"), Decimal("5.50"), Decimal("2.10")]),
            st.integers(1, 100_000).map(lambda n: Decimal(n) / 100),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_the_vat_shown_before_booking_is_the_vat_of_the_invoice(amounts: list[tuple[Decimal, Decimal]]) -> None:
    lines = [Line(description="x", quantity=Decimal(1), unit_price=amount, vat_rate=rate) for rate, amount in amounts]
    invoiced = [(row.rate, row.basis, row.amount) for row in compute(lines, basis="gross").vat]
    assert [(share.rate, share.excl, share.vat) for share in vat_shares(amounts)] == invoiced
