"""Rules that repeat, without Django: what is refused, what is kept, that everything ends."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.rules import recurrence

MONDAY = dt.date(2026, 11, 23)


def days(text: str, *, first: dt.date = MONDAY, weeks: int = 10, most: int = 50) -> list[str]:
    rule = recurrence.parse(text, starts_on=MONDAY)
    return [day.isoformat() for day in rule.days(MONDAY, first, first + dt.timedelta(weeks=weeks), most=most)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bad_value"),
        ("FREQ=SECONDLY", "too_often"),
        ("FREQ=HOURLY;INTERVAL=1", "too_often"),
        ("FREQ=DAILY;COUNT=1000000", "bad_value"),
        ("FREQ=DAILY;COUNT=9999", "too_many"),
        ("FREQ=DAILY;COUNT=0", "bad_value"),
        ("FREQ=WEEKLY;INTERVAL=999", "too_many"),
        ("FREQ=WEEKLY;BYSECOND=1", "unknown_part"),
        ("FREQ=WEEKLY;BYEASTER=1", "unknown_part"),
        ("FREQ=WEEKLY;FREQ=DAILY", "twice"),
        ("FREQ=WEEKLY;COUNT=3;UNTIL=20261231", "both_ends"),
        ("FREQ=WEEKLY;UNTIL=20261399", "bad_value"),
        ("FREQ=WEEKLY;UNTIL=20200101", "never"),
        ("FREQ=WEEKLY;BYDAY=2MO", "bad_value"),
        ("FREQ=MONTHLY;BYMONTHDAY=99", "bad_value"),
        ("INTERVAL=2", "bad_value"),
        ("FREQ=YEARLY", "bad_value"),
        ("FREQ=WEEKLY\nDTSTART:20200101", "bad_value"),
        ("RRULE:FREQ=WEEKLY;" + "BYDAY=MO," * 60, "too_long"),
        ("FREQ=MONTHLY;BYMONTHDAY=31;BYDAY=5XX", "bad_value"),
    ],
)
@pytest.mark.promise("S27")
def test_what_cannot_be_kept_is_refused_at_once(text: str, code: str) -> None:
    began = time.monotonic()
    with pytest.raises(recurrence.BadRule) as refused:
        recurrence.parse(text, starts_on=MONDAY)
    assert (refused.value.code, time.monotonic() - began < 1) == (code, True)


def test_every_monday_and_every_other() -> None:
    assert days("FREQ=WEEKLY;BYDAY=MO", weeks=2) == ["2026-11-23", "2026-11-30", "2026-12-07"]
    assert days("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", weeks=4) == ["2026-11-23", "2026-12-07", "2026-12-21"]


def test_the_last_day_of_the_month_and_the_31st() -> None:
    assert days("FREQ=MONTHLY;BYMONTHDAY=-1", weeks=16) == ["2026-11-30", "2026-12-31", "2027-01-31", "2027-02-28"]
    assert days("FREQ=MONTHLY;BYMONTHDAY=31", weeks=20) == ["2026-12-31", "2027-01-31", "2027-03-31"]


@pytest.mark.promise("R39")
def test_a_leap_day_and_week_53() -> None:
    rule = recurrence.parse("FREQ=DAILY", starts_on=dt.date(2028, 2, 28))
    assert rule.days(dt.date(2028, 2, 28), dt.date(2028, 2, 28), dt.date(2028, 3, 1), most=9) == [
        dt.date(2028, 2, 28),
        dt.date(2028, 2, 29),
        dt.date(2028, 3, 1),
    ]
    weekly = recurrence.parse("FREQ=WEEKLY;BYDAY=FR", starts_on=dt.date(2026, 12, 25))
    assert weekly.days(dt.date(2026, 12, 25), dt.date(2026, 12, 28), dt.date(2027, 1, 10), most=9) == [
        dt.date(2027, 1, 1),
        dt.date(2027, 1, 8),
    ]


def test_a_count_and_an_end_are_kept() -> None:
    assert days("FREQ=WEEKLY;COUNT=3") == ["2026-11-23", "2026-11-30", "2026-12-07"]
    assert days("FREQ=WEEKLY;COUNT=3", first=dt.date(2026, 12, 1)) == ["2026-12-07"]
    assert days("FREQ=WEEKLY;UNTIL=20261130") == ["2026-11-23", "2026-11-30"]


@pytest.mark.promise("S27")
@given(st.text(alphabet="FREQ=;WKLYDAI,BMOHTUNC0123456789-+", max_size=60))
def test_whatever_is_typed_is_kept_or_refused(text: str) -> None:
    try:
        rule = recurrence.parse(text, starts_on=MONDAY)
    except recurrence.BadRule:
        return
    assert len(rule.days(MONDAY, MONDAY, dt.date(2028, 1, 1), most=12)) <= 12


def test_a_daily_rule_has_days_after_years() -> None:
    """It once stopped on its 1,200th day."""
    rule = recurrence.parse("FREQ=DAILY", starts_on=MONDAY)
    later = MONDAY + dt.timedelta(days=2000)
    assert rule.days(MONDAY, later, later + dt.timedelta(days=1), most=9) == [later, later + dt.timedelta(days=1)]


@pytest.mark.parametrize("text", ["FREQ=MONTHLY;INTERVAL=52", "FREQ=MONTHLY;INTERVAL=52;BYMONTHDAY=31"])
def test_the_rarest_rule_has_a_next_day(text: str) -> None:
    rule = recurrence.parse(text, starts_on=MONDAY)
    first = rule.days(MONDAY, MONDAY, MONDAY + recurrence.FURTHEST, most=1)[0]
    assert len(rule.days(MONDAY, first + dt.timedelta(days=1), first + recurrence.FURTHEST, most=1)) == 1
