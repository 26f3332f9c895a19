"""Weekly hours as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.rules.weekly import parse_weekly, write_weekly


@pytest.mark.parametrize(
    ("typed", "minutes"),
    [
        ("26", 1560),
        ("26:30", 1590),
        ("26h30", 1590),
        (" 26 h 30 ", 1590),
        ("26 h", 1560),
        ("26H", 1560),
        ("26,5", 1590),
        ("26.50", 1590),
        ("26,25 h", 1575),
        ("7:05", 425),
        ("26:75", None),
        ("26,33", None),
        ("1590", None),
        ("vingt-six", None),
        ("-26", None),
        ("", None),
        ("26:3", None),
    ],
)
def test_hours_are_read_or_refused_never_guessed(typed: str, minutes: int | None) -> None:
    assert parse_weekly(typed) == minutes


@given(st.integers(0, 99 * 60 + 59))
def test_what_is_written_is_read_back(minutes: int) -> None:
    assert parse_weekly(write_weekly(minutes)) == minutes


@given(st.text(max_size=12))
def test_nothing_breaks_it(typed: str) -> None:
    found = parse_weekly(typed)
    assert found is None or 0 <= found < 100 * 60
