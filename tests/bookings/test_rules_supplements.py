"""What is added to a price, and until when an order counts."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from bookings.rules.prices import WHOLE, Price, Tariff, Wish, price_lines, total
from bookings.rules.supplements import Circumstances, Supplement
from bookings.rules.terms import next_weekly_cut_off

PARIS = ZoneInfo("Europe/Paris")
ADDED = {
    "express": Supplement("express", "Express", "chosen", percent=Decimal(20)),
    "saturday": Supplement("saturday", "Samedi", "saturday", amount=Decimal("5.00")),
    "sunday": Supplement("sunday", "Dimanche", "sunday", percent=Decimal(50)),
    "holiday": Supplement("holiday", "Férié", "holiday", amount=Decimal("10.00")),
    "evening": Supplement("evening", "Soir", "evening", percent=Decimal("12.5"), after=dt.time(18)),
    "far": Supplement("far", "Loin", "beyond", amount=Decimal("8.00"), beyond_km=Decimal(10)),
}
CLEANING = Tariff(
    "cleaning",
    {WHOLE: Price(WHOLE, "Ménage", Decimal("33.33"))},
    {"windows": Price("windows", "Vitres", Decimal("10.00"))},
    "standard",
    Decimal("20.00"),
    5,
    supplements=ADDED,
)


@pytest.mark.promise("domain R1")
@pytest.mark.parametrize(
    ("chosen", "known", "added"),
    [
        ((), Circumstances(), []),
        (("express",), Circumstances(), [("Express", "6.67")]),
        (("express", "windows"), Circumstances(), [("Express", "8.67")]),
        ((), Circumstances(weekday=5), [("Samedi", "5.00")]),
        ((), Circumstances(weekday=4), []),
        ((), Circumstances(weekday=6), [("Dimanche", "16.67")]),
        ((), Circumstances(is_holiday=True), [("Férié", "10.00")]),
        ((), Circumstances(weekday=6, is_holiday=True), [("Dimanche", "16.67"), ("Férié", "10.00")]),
        ((), Circumstances(time=dt.time(17, 59)), []),
        ((), Circumstances(time=dt.time(18)), [("Soir", "4.17")]),
        ((), Circumstances(distance_km=Decimal(10)), []),
        ((), Circumstances(distance_km=Decimal("10.01")), [("Loin", "8.00")]),
        (
            ("express",),
            Circumstances(5, dt.time(19), Decimal(30)),
            [("Express", "6.67"), ("Samedi", "5.00"), ("Soir", "4.17"), ("Loin", "8.00")],
        ),
    ],
)
def test_supplements_follow_their_rule(
    chosen: tuple[str, ...], known: Circumstances, added: list[tuple[str, str]]
) -> None:
    lines = price_lines({"cleaning": CLEANING}, [Wish("cleaning", {WHOLE: 1}, frozenset(chosen))], known)
    assert [(x.label, str(x.total)) for x in lines if x.kind == "supplement"] == added
    base = Decimal("43.33") if "windows" in chosen else Decimal("33.33")
    assert total(lines) == base + sum((Decimal(price) for _label, price in added), Decimal(0))


@pytest.mark.promise("S08")
@pytest.mark.parametrize(
    "values", [{}, {"amount": Decimal(1), "percent": Decimal(1)}, {"amount": Decimal(-1)}, {"percent": Decimal("NaN")}]
)
def test_a_supplement_never_takes_away(values: dict[str, Decimal]) -> None:
    with pytest.raises(ValueError, match="supplement"):
        Supplement("x", "x", "chosen", **values)  # type: ignore[arg-type]  # the point


def paris(day: int, hour: int, minute: int = 0, month: int = 11, year: int = 2026) -> dt.datetime:
    return dt.datetime(year, month, day, hour, minute, tzinfo=PARIS)


@pytest.mark.promise("domain R1", "domain R7")
@pytest.mark.parametrize(
    ("now", "gathered"),
    [
        (paris(23, 8), paris(24, 12)),
        (paris(24, 12), paris(24, 12)),
        (paris(24, 12, 1), paris(1, 12, month=12)),
        # Clocks go forward on Sunday 28 March 2027, back on Sunday 25 October 2026: noon stays noon.
        (paris(26, 9, month=3, year=2027), paris(30, 12, month=3, year=2027)),
        (paris(23, 9, month=10), paris(27, 12, month=10)),
    ],
)
def test_orders_of_a_week_are_gathered_on_tuesday_noon(now: dt.datetime, gathered: dt.datetime) -> None:
    assert next_weekly_cut_off(now, 1, dt.time(12), PARIS) == gathered
