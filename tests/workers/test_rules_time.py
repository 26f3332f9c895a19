"""Sums of hours: exact whatever is cut, by real time whatever the clocks do."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_DOWN, Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.enums import ABSENCE_KINDS, CLOCK_KINDS, TimeKind
from workers.rules import time as rules
from workers.rules.intervals import Interval
from workers.rules.time import Piece, Stretch, WholeDay

PARIS = ZoneInfo("Europe/Paris")


def on(day: dt.date, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour, minute), PARIS).astimezone(dt.UTC)


@pytest.mark.promise("domain R20", "L21", "L22")
def test_every_kind_says_what_it_counts_for() -> None:
    assert set(rules.COUNTING) == set(TimeKind.values)
    assert {kind for kind, flags in rules.COUNTING.items() if flags.is_work} == set(map(str, CLOCK_KINDS))
    assert not any(rules.COUNTING[kind].is_work for kind in ABSENCE_KINDS)
    assert all(flags.is_paid for flags in rules.COUNTING.values() if flags.is_work)
    assert rules.COUNTING["break"] == rules.Counting()


@pytest.mark.parametrize(
    ("day", "hours"),
    [(dt.date(2026, 10, 24), 9), (dt.date(2027, 3, 27), 7), (dt.date(2026, 11, 10), 8)],
    ids=["clocks back", "clocks forward", "plain"],
)
@pytest.mark.promise("L19", "domain R20")
def test_a_night_shift_counts_real_hours(day: dt.date, hours: int) -> None:
    """22:00 to 6:00 by the clock on the wall."""
    shift = Stretch("work", Interval(on(day, 22), on(day + dt.timedelta(days=1), 6)))
    pieces = rules.pieces_of([shift], PARIS)
    assert pieces == [
        Piece(day, "work", 120),
        Piece(day + dt.timedelta(days=1), "work", hours * 60 - 120),
    ]
    assert rules.worked(rules.totals_of(pieces)) == hours * 60


def test_midnight_belongs_to_the_day_that_ends() -> None:
    day = dt.date(2026, 11, 10)
    window = Interval(on(day, 20), on(day + dt.timedelta(days=1), 0))
    assert rules.days_of(window, PARIS) == (day, day)
    assert rules.pieces_of([Stretch("work", window)], PARIS) == [Piece(day, "work", 240)]


moments = st.integers(0, 200 * 24 * 60).map(
    lambda minutes: dt.datetime(2026, 10, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=minutes)
)
stretches = st.builds(
    lambda start, minutes, kind: Stretch(kind, Interval(start, start + dt.timedelta(minutes=minutes))),
    moments,
    st.integers(1, 24 * 60),
    st.sampled_from(["work", "break", "training", "immersion"]),
)
days_away = st.builds(
    WholeDay,
    st.sampled_from(["paid_leave", "unknown"]),
    st.dates(dt.date(2026, 10, 1), dt.date(2027, 4, 30)),
    st.integers(1, 1440),
)
entries = st.lists(st.one_of(stretches, days_away), max_size=12)


@given(entries)
@pytest.mark.promise("L19")
def test_days_and_weeks_and_months_are_the_whole(found: list[Stretch | WholeDay]) -> None:
    pieces = rules.pieces_of(found, PARIS)
    whole = rules.totals_of(pieces)
    months = {piece.day.replace(day=1) for piece in pieces}
    for parts in (
        rules.by_day(pieces).values(),
        rules.by_week(pieces).values(),
        [rules.totals_of(rules.within(pieces, month, rules.month_end(month))) for month in months],
    ):
        summed: dict[str, int] = {}
        for part in parts:
            for kind, minutes in part.items():
                summed[kind] = summed.get(kind, 0) + minutes
        assert summed == dict(whole)
    assert sum(whole.values()) == sum(
        one.minutes if isinstance(one, WholeDay) else rules.minutes_of(one.window) for one in found
    )


@given(stretches, st.integers(1, 24 * 60))
def test_a_stretch_cut_in_two_is_as_long(stretch: Stretch, after: int) -> None:
    cut = stretch.window.start + dt.timedelta(minutes=after)
    if not cut < stretch.window.end:
        return
    halves = [
        Stretch(stretch.kind, Interval(stretch.window.start, cut)),
        Stretch(stretch.kind, Interval(cut, stretch.window.end)),
    ]
    whole, both = rules.pieces_of([stretch], PARIS), rules.pieces_of(halves, PARIS)
    assert rules.by_day(whole) == rules.by_day(both)
    assert rules.by_week(whole) == rules.by_week(both)


def test_hours_worked_paid_and_declared() -> None:
    totals = {"work": 600, "break": 60, "training": 120, "interview": 30, "immersion": 60, "paid_leave": 420}
    assert rules.worked(totals) == 810
    assert rules.paid(totals) == 1230
    assert rules.declared(totals, rules.WORKED) == 810
    assert rules.declared(totals, rules.PAID) == 1230
    assert rules.declared(totals, rules.WORKED, with_accompaniment=False) == 660


@pytest.mark.promise("domain R36")
def test_full_time_equivalents_of_the_official_example() -> None:
    """EI, divisor 1505, 130 h in March: domain.md 2.5."""
    found = rules.etp(130 * 60, 1505)
    assert found == rules.Etp(Decimal("0.0864"), Decimal("1.0365"))
    assert found.monthly.quantize(Decimal("0.001"), ROUND_DOWN) == Decimal("1.036")
    with pytest.raises(ValueError, match="full time"):
        rules.etp(1, 0)


@pytest.mark.parametrize(
    ("first", "last", "since", "until", "minutes"),
    [
        # 26 h a week are 112 h 40 a month, whatever its length.
        (dt.date(2026, 2, 1), dt.date(2026, 2, 28), dt.date(2026, 1, 1), None, 6760),
        (dt.date(2026, 3, 1), dt.date(2026, 3, 31), dt.date(2026, 1, 1), dt.date(2026, 12, 31), 6760),
        # From the 16th of April on: half of it.
        (dt.date(2026, 4, 1), dt.date(2026, 4, 30), dt.date(2026, 4, 16), None, 3380),
        (dt.date(2026, 4, 1), dt.date(2026, 4, 30), dt.date(2026, 5, 1), None, 0),
        (dt.date(2026, 4, 1), dt.date(2026, 4, 30), dt.date(2026, 1, 1), dt.date(2026, 3, 31), 0),
    ],
)
def test_contract_hours_of_a_month(
    first: dt.date, last: dt.date, since: dt.date, until: dt.date | None, minutes: int
) -> None:
    days = (first + dt.timedelta(days=number) for number in range((last - first).days + 1))
    weekly = [26 * 60 if since <= day and (until is None or day <= until) else 0 for day in days]
    assert rules.contract_minutes(weekly, first) == minutes


def test_when_somebody_who_forgot_to_stop_probably_went() -> None:
    day = dt.date(2026, 11, 10)
    start, now = on(day, 14), on(day + dt.timedelta(days=1), 8)
    usual = [on(day, 17, 30), on(day, 12)]
    assert rules.proposed_end(start, planned_end=on(day, 16), usual_ends=usual, now=now) == on(day, 16)
    assert rules.proposed_end(start, planned_end=None, usual_ends=usual, now=now) == on(day, 17, 30)
    assert rules.proposed_end(start, planned_end=on(day, 13), usual_ends=[], now=now) is None
    assert rules.proposed_end(start, planned_end=on(day, 16), usual_ends=[], now=on(day, 15)) is None


def test_forgetting_is_another_day_and_long_after() -> None:
    day = dt.date(2026, 11, 10)
    night = on(day + dt.timedelta(days=1), 3)
    for start, at, planned, forgotten in (
        (on(day, 8), on(day, 23), None, False),
        (on(day, 20), on(day + dt.timedelta(days=1), 8), None, True),
        (on(day, 22), night, None, False),
        (on(day, 20), night, night, False),
        (on(day, 14), on(day + dt.timedelta(days=1), 8), on(day, 17), True),
    ):
        assert rules.is_forgotten(start, at, planned_end=planned, zone=PARIS) is forgotten
