"""Rhythms, cut-offs and order sheets, without Django."""

from __future__ import annotations

import datetime as dt
import itertools
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.rules import ahead

PARIS = ZoneInfo("Europe/Paris")
THURSDAYS = ahead.Rhythm(3, dt.time(12), dt.time(14), 1, dt.time(12), 1, dt.date(2026, 11, 1))


def local(moment: dt.datetime) -> str:
    return moment.astimezone(PARIS).strftime("%a %d %b %H:%M")


@pytest.mark.promise("domain R7")
def test_ordered_before_tuesday_noon_fetched_on_thursday() -> None:
    run = ahead.run_of(THURSDAYS, dt.date(2026, 11, 26), closed=(), shift=0, zone=PARIS)
    assert run is not None
    assert (local(run.orders_close_at), local(run.starts_at), local(run.ends_at), run.moved) == (
        "Tue 24 Nov 12:00",
        "Thu 26 Nov 12:00",
        "Thu 26 Nov 14:00",
        False,
    )


@pytest.mark.promise("R38")
@pytest.mark.parametrize(
    "day", [dt.date(2026, 3, 26), dt.date(2026, 4, 2), dt.date(2026, 10, 22), dt.date(2026, 10, 29)]
)
def test_noon_stays_noon_when_the_clock_changes(day: dt.date) -> None:
    rhythm = ahead.Rhythm(3, dt.time(12), dt.time(14), 1, dt.time(12), 1, dt.date(2026, 1, 1))
    run = ahead.run_of(rhythm, day, closed=(), shift=0, zone=PARIS)
    assert run is not None
    assert [moment.astimezone(PARIS).time() for moment in (run.orders_close_at, run.starts_at, run.ends_at)] == [
        dt.time(12),
        dt.time(12),
        dt.time(14),
    ]


@pytest.mark.promise("R38")
def test_a_time_that_does_not_exist_and_one_that_exists_twice() -> None:
    night = ahead.moment(dt.date(2026, 3, 29), dt.time(2, 30), PARIS)
    twice = ahead.moment(dt.date(2026, 10, 25), dt.time(2, 30), PARIS)
    assert (night.isoformat(), twice.isoformat()) == ("2026-03-29T01:30:00+00:00", "2026-10-25T00:30:00+00:00")


@pytest.mark.parametrize(
    ("shift", "expected"),
    [(0, None), (-1, ("Wed 11 Nov 12:00", "Mon 09 Nov 12:00")), (1, ("Fri 13 Nov 12:00", "Tue 10 Nov 12:00"))],
)
def test_a_hand_out_on_a_closed_day(shift: int, expected: tuple[str, str] | None) -> None:
    run = ahead.run_of(THURSDAYS, dt.date(2026, 11, 12), closed={dt.date(2026, 11, 12)}, shift=shift, zone=PARIS)
    assert (run and (local(run.starts_at), local(run.orders_close_at))) == expected


def test_a_cut_off_on_a_closed_day_comes_the_open_day_before() -> None:
    closed = {dt.date(2026, 11, 24)}
    run = ahead.run_of(THURSDAYS, dt.date(2026, 11, 26), closed=closed, shift=-1, zone=PARIS)
    assert run is not None
    assert local(run.orders_close_at) == "Mon 23 Nov 12:00"


def test_the_same_weekday_closes_a_week_before_unless_it_is_earlier_that_day() -> None:
    late = ahead.Rhythm(3, dt.time(12), dt.time(14), 3, dt.time(13), 1, dt.date(2026, 11, 1))
    early = ahead.Rhythm(3, dt.time(12), dt.time(14), 3, dt.time(8), 1, dt.date(2026, 11, 1))
    runs = [ahead.run_of(r, dt.date(2026, 11, 26), closed=(), shift=0, zone=PARIS) for r in (late, early)]
    assert [local(run.orders_close_at) for run in runs if run] == ["Thu 19 Nov 13:00", "Thu 26 Nov 08:00"]


@given(
    weekday=st.integers(0, 6),
    every=st.integers(1, 8),
    first=st.dates(dt.date(2026, 1, 1), dt.date(2027, 12, 31)),
    span=st.integers(0, 200),
)
def test_days_of_a_rhythm_are_its_weekday_at_its_distance(weekday: int, every: int, first: dt.date, span: int) -> None:
    rhythm = ahead.Rhythm(weekday, dt.time(12), dt.time(14), 0, dt.time(8), every, dt.date(2026, 1, 1))
    days = list(ahead.due_days(rhythm, first, first + dt.timedelta(days=span)))
    assert all(day.weekday() == weekday for day in days)
    assert {(b - a).days for a, b in itertools.pairwise(days)} <= {7 * every}
    assert all(first <= day <= first + dt.timedelta(days=span) for day in days)
    assert abs(len(days) - span // (7 * every)) <= 1


@given(st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from("xyz"), st.integers(1, 9)), max_size=30))
def test_a_sheet_counts_every_line_once(lines: list[tuple[str, str, int]]) -> None:
    sites, rows = ahead.add_up(ahead.Ordered(*line) for line in lines)
    assert sum(row.total for row in rows) == sum(count for _site, _item, count in lines)
    assert sites == sorted({site for site, _item, _count in lines})


@pytest.mark.promise("S25")
@pytest.mark.parametrize(
    "text", ["=1+1", "+33", "-2", "@x", "\t=1", "\r=1", "＝1", " =1", ";=cmd|' /C calc'!A0", '"=1', "\u200b=1"]
)
def test_no_cell_is_a_formula(text: str) -> None:
    assert ahead.harmless(text) == f"'{text}"


def test_a_plain_cell_stays_as_it_is() -> None:
    assert [ahead.harmless(text) for text in ("Petit panier", "", "2 × 3")] == ["Petit panier", "", "2 × 3"]


@pytest.mark.promise("S25")
def test_csv_as_spreadsheets_read_it() -> None:
    assert ahead.csv_text([["Article", "Total"], ['Pain "bio"; long', 3]]) == (
        b'\xef\xbb\xbfArticle;Total\r\n"Pain ""bio""; long";3\r\n'
    )


def test_a_day_is_moved_a_week_at_most() -> None:
    closed = {dt.date(2026, 11, 1) + dt.timedelta(days=n) for n in range(60)}
    assert ahead.open_day(dt.date(2026, 11, 26), closed, 1) is None
