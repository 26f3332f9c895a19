"""Money of an invoice: exact to the cent on both bases."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.money import MAX_QUANTITY, AmountRefused, Line, compute, creditable

D = Decimal
RATES = [D("20"), D("10"), D("5.5"), D("2.1"), D("8.5"), D("0")]


def line(price: str, *, quantity: str = "1", rate: str = "20", category: str | None = None) -> Line:
    """A line with what a test cares about."""
    return Line(
        description="Repassage",
        quantity=D(quantity),
        unit_price=D(price),
        vat_rate=D(rate),
        vat_category=category or ("S" if D(rate) else "E"),  # type: ignore[arg-type]  # tests also try bad codes
    )


@st.composite
def lines_strategy(draw: st.DrawFn) -> list[Line]:
    """Up to thirty lines of several rates, with the digits that EN 16931 allows."""
    rate = st.sampled_from(RATES)
    quantity = st.decimals(min_value="0.0001", max_value="10000", places=4)
    price = st.decimals(min_value=0, max_value="100000", places=draw(st.sampled_from([2, 4, 6])))
    return draw(
        st.lists(
            st.builds(
                lambda r, q, p: Line(
                    description="x", quantity=q, unit_price=p, vat_rate=r, vat_category="S" if r else "E"
                ),
                rate,
                quantity,
                price,
            ),
            min_size=1,
            max_size=30,
        )
    )


def test_net_basis_rounds_vat_once_per_rate() -> None:
    amounts = compute([line("0.03"), line("0.03"), line("0.03")], basis="net")

    assert (amounts.net, amounts.vat_total, amounts.gross) == (D("0.09"), D("0.02"), D("0.11"))


def test_gross_basis_totals_are_what_the_client_was_shown() -> None:
    amounts = compute([line("24.00"), line("18.50"), line("9.99", rate="5.5")], basis="gross")

    assert amounts.gross == D("52.49")
    assert [(v.rate, v.basis, v.amount) for v in amounts.vat] == [
        (D("20"), D("35.42"), D("7.08")),
        (D("5.5"), D("9.47"), D("0.52")),
    ]


def test_gross_that_no_net_basis_can_reach() -> None:
    """At 20 % no net amount plus its rounded VAT makes 0.03: the consumer still pays 0.03."""
    assert compute([line("0.03")], basis="gross").gross == D("0.03")


def test_halves_are_rounded_up() -> None:
    assert compute([line("0.125", rate="0")], basis="net").net == D("0.13")
    assert compute([line("1.005", rate="0")], basis="net").net == D("1.01")


def test_rates_are_listed_from_the_highest() -> None:
    amounts = compute([line("1", rate="0"), line("1", rate="5.5"), line("1", rate="20")], basis="net")

    assert [v.rate for v in amounts.vat] == [D("20"), D("5.5"), D("0")]


@pytest.mark.promise("R30")
@given(lines_strategy(), st.sampled_from(["net", "gross"]))
def test_sums_hold(lines: list[Line], basis: str) -> None:
    amounts = compute(lines, basis=basis)  # type: ignore[arg-type]  # sampled_from widens the literal

    assert sum(row.net for row in amounts.lines) == amounts.net == sum(v.basis for v in amounts.vat)
    assert amounts.vat_total == sum(v.amount for v in amounts.vat)
    assert amounts.gross == amounts.net + amounts.vat_total == amounts.due
    for value in (amounts.net, amounts.vat_total, amounts.gross, *(row.net for row in amounts.lines)):
        assert value >= 0
        assert value.as_tuple().exponent == -2
    for vat in amounts.vat:
        assert abs(vat.amount - vat.basis * vat.rate / 100) <= (D("0.005") if basis == "net" else D("0.01"))


@pytest.mark.promise("R30")
@given(lines_strategy())
def test_gross_total_is_the_sum_of_the_shown_prices(lines: list[Line]) -> None:
    amounts = compute(lines, basis="gross")

    assert amounts.gross == sum(one.amount for one in lines)
    for row in amounts.lines:
        exact = row.line.amount * 100 / (100 + row.line.vat_rate)
        assert abs(row.net - exact) < D("0.01")


@given(lines_strategy(), st.randoms())
def test_totals_ignore_the_order_of_lines(lines: list[Line], random: object) -> None:
    shuffled = list(lines)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis types its Random as object

    for basis in ("net", "gross"):
        one, other = compute(lines, basis=basis), compute(shuffled, basis=basis)
        assert (one.net, one.vat, one.gross) == (other.net, other.vat, other.gross)


@pytest.mark.promise("R30")
@pytest.mark.parametrize(
    "bad",
    [
        {"unit_price": D("-0.01")},
        {"quantity": D("-1")},
        {"quantity": D("0")},
        {"quantity": D("NaN")},
        {"unit_price": D("Infinity")},
        {"unit_price": D("1e308")},
        {"quantity": MAX_QUANTITY + 1},
        {"quantity": D("0.00001")},
        {"unit_price": D("0.0000001")},
        {"vat_rate": D("101")},
        {"vat_rate": D("0")},
        {"vat_rate": D("20"), "vat_category": "E"},
        {"description": "  "},
        {"description": "x" * 501},
    ],
)
def test_absurd_figures_are_refused(bad: dict[str, object]) -> None:
    good: dict[str, object] = {"description": "x", "quantity": D(1), "unit_price": D(1), "vat_rate": D(20)}

    with pytest.raises(AmountRefused):
        Line(**{**good, **bad})  # type: ignore[arg-type]  # the point of the test


@pytest.mark.parametrize("paid", ["-0.01", "12.01", "NaN", "0.001"])
def test_impossible_payment_is_refused(paid: str) -> None:
    with pytest.raises(AmountRefused):
        compute([line("10")], basis="net", paid=D(paid))


def test_payment_leaves_the_rest_due() -> None:
    assert compute([line("10")], basis="net", paid=D("5")).due == D("7.00")


def test_no_line_is_refused() -> None:
    with pytest.raises(AmountRefused):
        compute([], basis="net")


@pytest.mark.promise("R30")
@given(st.lists(st.decimals(min_value=0, max_value=1000, places=2), max_size=8))
def test_creditable_is_never_negative(credited: list[Decimal]) -> None:
    left = creditable(D("500.00"), credited)

    assert left == max(D("500.00") - sum(credited), 0)
