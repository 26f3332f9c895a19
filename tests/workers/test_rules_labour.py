"""Labour Code on planned time: the vectors of the specification, and properties (L1, L4, L6)."""

from __future__ import annotations

import datetime as dt
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.rules import labour
from workers.rules.intervals import Interval, civil_day, civil_week, first_free, merged, total

PARIS = ZoneInfo("Europe/Paris")
DAY = dt.date(2026, 11, 23)
MINUTE = dt.timedelta(minutes=1)


def t(text: str, day: dt.date = DAY) -> dt.datetime:
    return dt.datetime.combine(day, dt.time.fromisoformat(text), PARIS).astimezone(dt.UTC)


def span(start: str, end: str, day: dt.date = DAY) -> Interval:
    return Interval(t(start, day), t(end, day))


def rules_broken(*work: Interval, day: dt.date = DAY) -> list[str]:
    return [breach.rule for breach in labour.breaches(work, day, PARIS)]


@pytest.mark.promise("L6")
def test_six_hours_exactly_need_the_break() -> None:
    assert rules_broken(span("08:00", "14:00")) == ["L6"]
    assert rules_broken(span("08:00", "13:59")) == []


@pytest.mark.promise("L6")
@pytest.mark.parametrize(
    ("second_start", "broken"), [("12:20", []), ("12:19", ["L6"])], ids=["twenty minutes", "nineteen minutes"]
)
def test_the_break_lasts_twenty_minutes_in_a_row(second_start: str, broken: list[str]) -> None:
    assert rules_broken(span("08:00", "12:00"), span(second_start, "15:00")) == broken


@pytest.mark.promise("L6")
def test_a_break_after_more_than_six_hours_comes_too_late() -> None:
    assert rules_broken(span("08:00", "14:00"), span("14:20", "15:00")) == []
    assert rules_broken(span("08:00", "14:01"), span("14:30", "15:00")) == ["L6"]


@pytest.mark.promise("L1")
def test_ten_hours_of_work_are_the_most() -> None:
    assert rules_broken(span("07:00", "12:00"), span("13:00", "18:00")) == []
    assert rules_broken(span("07:00", "12:00"), span("13:00", "18:01")) == ["L1"]


@pytest.mark.promise("L4")
def test_ten_and_a_half_hours_of_rest_are_too_short() -> None:
    monday = span("18:00", "21:30")
    tuesday = DAY + dt.timedelta(days=1)
    assert rules_broken(monday, span("08:00", "09:00", tuesday)) == ["L4"]
    assert rules_broken(monday, span("08:00", "09:00", tuesday), day=tuesday) == ["L4"]
    assert rules_broken(monday, span("08:30", "09:00", tuesday)) == []


@pytest.mark.promise("L4")
def test_a_breach_tells_its_article_and_the_rest_that_is_left() -> None:
    tuesday = DAY + dt.timedelta(days=1)
    [breach] = labour.breaches([span("20:00", "21:30"), span("08:00", "09:00", tuesday)], DAY, PARIS)
    assert breach == labour.Breach("L4", "L3131-1", DAY, dt.timedelta(hours=10, minutes=30))


@pytest.mark.promise("L1")
def test_a_day_of_25_hours_counts_real_hours() -> None:
    """The clocks went back on 25 October 2026: from 1:00 to 4:00 there were four hours."""
    sunday = dt.date(2026, 10, 25)
    assert civil_day(sunday, PARIS).length == dt.timedelta(hours=25)
    assert span("01:00", "04:00", sunday).length == dt.timedelta(hours=4)


def test_a_week_goes_from_monday_to_monday() -> None:
    week = civil_week(dt.date(2026, 11, 29), PARIS)
    assert week == Interval(t("00:00"), t("00:00", DAY + dt.timedelta(days=7)))


pieces = st.builds(
    lambda start, length: Interval(t("00:00") + start * MINUTE, t("00:00") + (start + length) * MINUTE),
    st.integers(0, 1200),
    st.integers(1, 230),
)


@pytest.mark.promise("L1", "L6")
@given(st.lists(pieces, max_size=6), st.randoms())
def test_order_and_repetition_of_the_work_change_nothing(work: list[Interval], random: Random) -> None:
    shuffled = [*work, *work]
    random.shuffle(shuffled)
    assert labour.breaches(shuffled, DAY, PARIS) == labour.breaches(work, DAY, PARIS)


@given(pieces, st.integers(1, 229))
def test_cutting_a_piece_in_two_changes_nothing(piece: Interval, cut: int) -> None:
    middle = piece.start + cut * MINUTE
    if middle < piece.end:
        halves = [Interval(piece.start, middle), Interval(middle, piece.end)]
        assert merged(halves) == [piece]
        assert labour.breaches(halves, DAY, PARIS) == labour.breaches([piece], DAY, PARIS)


@pytest.mark.promise("L6")
@given(st.lists(pieces, max_size=6))
def test_less_than_six_hours_never_need_a_break(work: list[Interval]) -> None:
    if total(work) < labour.BREAK_DUE_AT:
        assert "L6" not in rules_broken(*work)


@pytest.mark.promise("L1")
@given(st.lists(pieces, max_size=8), pieces)
def test_more_work_never_mends_a_day_that_is_too_long(work: list[Interval], more: Interval) -> None:
    if "L1" in rules_broken(*work):
        assert "L1" in rules_broken(*work, more)


@given(st.lists(pieces, max_size=5), st.lists(pieces, max_size=5), st.integers(1, 120))
def test_the_first_free_moment_is_free_open_and_first(
    busy: list[Interval], opened: list[Interval], minutes: int
) -> None:
    duration = minutes * MINUTE
    earliest = t("00:00")
    start = first_free(duration, open_windows=opened, busy=busy, earliest=earliest)

    def fits(moment: dt.datetime) -> bool:
        candidate = Interval(moment, moment + duration)
        return any(candidate.within(window) for window in merged(opened)) and not any(
            candidate.overlaps(taken) for taken in busy
        )

    if start is not None:
        assert fits(start)
    step = earliest
    while step < (start or t("23:59")):
        assert not fits(step)
        step += MINUTE


def test_an_interval_is_aware_and_not_empty() -> None:
    with pytest.raises(ValueError, match="aware"):
        Interval(dt.datetime(2026, 1, 1), dt.datetime(2026, 1, 2))  # noqa: DTZ001 - naive on purpose
    with pytest.raises(ValueError, match="after"):
        Interval(t("10:00"), t("10:00"))
