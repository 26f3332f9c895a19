"""Stretches of time: civil days and weeks, merging, and the first free moment."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.rules.intervals import Interval, civil_day, civil_week, first_free, merged

PARIS = ZoneInfo("Europe/Paris")
DAY = dt.date(2026, 11, 23)
MINUTE = dt.timedelta(minutes=1)


def t(text: str, day: dt.date = DAY) -> dt.datetime:
    return dt.datetime.combine(day, dt.time.fromisoformat(text), PARIS).astimezone(dt.UTC)


def span(start: str, end: str, day: dt.date = DAY) -> Interval:
    return Interval(t(start, day), t(end, day))


def test_a_week_goes_from_monday_to_monday() -> None:
    week = civil_week(dt.date(2026, 11, 29), PARIS)
    assert week == Interval(t("00:00"), t("00:00", DAY + dt.timedelta(days=7)))


pieces = st.builds(
    lambda start, length: Interval(t("00:00") + start * MINUTE, t("00:00") + (start + length) * MINUTE),
    st.integers(0, 1200),
    st.integers(1, 230),
)


@given(pieces, st.integers(1, 229))
def test_cutting_a_piece_in_two_changes_nothing(piece: Interval, cut: int) -> None:
    middle = piece.start + cut * MINUTE
    if middle < piece.end:
        assert merged([Interval(piece.start, middle), Interval(middle, piece.end)]) == [piece]


def test_a_day_of_25_hours_counts_real_hours() -> None:
    """The clocks went back on 25 October 2026: from 1:00 to 4:00 there were four hours."""
    sunday = dt.date(2026, 10, 25)
    assert civil_day(sunday, PARIS).length == dt.timedelta(hours=25)
    assert span("01:00", "04:00", sunday).length == dt.timedelta(hours=4)


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
