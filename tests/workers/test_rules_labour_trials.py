"""Trials judge only what a piece of work touches: the same findings as the whole judgement, with it and without it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workers.labour import HOUR, MINUTE, MONDAY, PARIS, at, day
from workers.rules.intervals import Interval
from workers.rules.labour import (
    Contract,
    Finding,
    Kind,
    LabourTerms,
    Restriction,
    Rider,
    ScheduleChange,
    Setting,
    TermsBook,
    Trials,
    Work,
    WorkFile,
    judge,
)

# Two agreements: one in the middle of the week, and one that ends with it.
BOOK = TermsBook.of(
    [
        (day(2), LabourTerms(daily_rest=9 * HOUR, average_most=46 * HOUR, part_time_extra=Fraction(1, 3))),
        (day(7), LabourTerms()),
    ]
)
SETTINGS = [
    Setting(PARIS),
    Setting(PARIS, BOOK, frozenset({day(3), day(9)})),
    Setting(PARIS, TermsBook.of([(day(-30), LabourTerms(night_allowed=True, sunday_allowed=True))])),
]


def _piece(number: int, start: int, length: int, kind: Kind = Kind.WORK, demands: frozenset[str] = frozenset()) -> Work:
    """Minutes of a day from its midnight; it may reach the next one."""
    begins = at("00:00", number) + start * 15 * MINUTE
    return Work(begins, begins + length * 15 * MINUTE, kind, told_on=day(number - 2), demands=demands)


numbers = st.integers(-3, 10)
plain = st.builds(_piece, numbers, st.integers(0, 95), st.integers(1, 30))
others = st.builds(
    _piece, numbers, st.integers(0, 95), st.integers(1, 8), st.sampled_from([*Kind, Kind.BREAK]), st.just(frozenset())
)
asked = st.builds(
    _piece,
    st.integers(-1, 8),
    st.integers(0, 95),
    st.integers(1, 40),
    st.sampled_from(Kind),
    st.sampled_from([frozenset(), frozenset({"heavy"})]),
)
contracts = st.lists(
    st.builds(
        Contract,
        starts_on=st.sampled_from([dt.date(2026, 1, 1), day(-7), day(3)]),
        ends_on=st.sampled_from([None, day(2), day(6)]),
        weekly_minutes=st.sampled_from([15 * 60, 20 * 60, 26 * 60, 34 * 60, 35 * 60]),
        is_integration=st.booleans(),
        riders=st.sampled_from([(), (Rider(day(0), day(4), 30 * 60),)]),
    ),
    max_size=2,
)
files = st.builds(
    WorkFile,
    work=st.lists(others, max_size=4).map(tuple),
    plain=st.lists(plain, max_size=16).map(lambda found: tuple((one.start, one.end) for one in found)),
    contracts=contracts.map(tuple),
    born_on=st.sampled_from([None, dt.date(1990, 1, 1), dt.date(2009, 6, 1), dt.date(2011, 6, 1)]),
    restrictions=st.sampled_from(
        [(), (Restriction("heavy", None, day(4)), Restriction("not_after", not_after=dt.time(18)))]
    ),
    changes=st.sampled_from([(), (ScheduleChange(day(1), day(0)),)]),
    presence=st.sampled_from(
        [(), (Interval(dt.datetime(2026, 11, 23, 9, tzinfo=PARIS), dt.datetime(2026, 11, 23, 17, tzinfo=PARIS)),)]
    ),
    earlier=st.dictionaries(
        st.integers(-14, 12).map(lambda number: MONDAY + dt.timedelta(weeks=number)),
        st.integers(0, 50 * HOUR),
        max_size=26,
    ),
    overtime=st.sampled_from([{}, {2026: 219 * HOUR}]),
)


def whole(file: WorkFile, piece: Work, setting: Setting, change: ScheduleChange | None) -> list[Finding]:
    """The definition: everything that is judged with the piece, less what is judged the same without it.

    What somebody must not be asked (L23) is that of the piece alone.
    """
    first = dt.datetime.fromtimestamp(piece.start, setting.zone).date() - dt.timedelta(days=1)
    last = dt.datetime.fromtimestamp(piece.end - 1, setting.zone).date() + dt.timedelta(days=1)
    more = file.with_work(piece)
    if change is not None:
        more = replace(more, changes=(*more.changes, change))
    before = {(one.code, one.day, one.word): one.measured for one in judge(file, setting, first, last)}
    after = [one for one in judge(more, setting, first, last) if one.code != "L23"]
    alone = judge(replace(file, work=(piece,), plain=(), earlier={}), setting, first, last)
    return [
        *(one for one in after if before.get((one.code, one.day, one.word)) != one.measured),
        *(one for one in alone if one.code == "L23"),
    ]


def _known(found: list[Finding]) -> list[Finding]:
    """In an order of its own, without the ways out, which speak of the piece."""
    bare = [replace(one, ways_out=()) for one in found]
    return sorted(bare, key=lambda one: (one.code, one.day, one.word))


@pytest.mark.promise("L23")
@pytest.mark.parametrize(
    "restriction",
    [
        Restriction("not_before", not_before=dt.time(9)),
        Restriction("not_after", not_after=dt.time(7)),
        Restriction("heavy"),
    ],
)
@pytest.mark.parametrize("minutes", [30, 0, -30])
def test_what_is_ruled_out_stays_so_on_a_day_that_is_against_it_already(restriction: Restriction, minutes: int) -> None:
    """Hours published before the restriction was known allow nothing more within them, nor before."""
    known = Work(at("07:00"), at("12:00"), demands=frozenset({"heavy"}))
    trials = Trials(WorkFile(work=(known,), restrictions=(restriction,)), Setting(PARIS))
    start = at("07:00") + minutes * MINUTE
    found = trials.of(Work(start, start + HOUR, demands=frozenset({"heavy"})))
    assert [one.word for one in found if one.code == "L23"] == [restriction.code]


@pytest.mark.promise("L23")
def test_what_is_not_ruled_out_is_allowed_on_a_day_that_is_against_it() -> None:
    """The new work begins when the person may."""
    late = Restriction("not_before", not_before=dt.time(9))
    file = WorkFile(plain=((at("07:00"), at("08:00")),), restrictions=(late, Restriction("no_night")))
    assert "L23" not in {one.code for one in Trials(file, Setting(PARIS)).of(Work(at("10:00"), at("11:00")))}
    night = Trials(WorkFile(plain=((at("21:00"), at("23:00")),), restrictions=(Restriction("no_night"),)), SETTINGS[2])
    assert "L23" in {one.code for one in night.of(Work(at("21:30"), at("22:00")))}


@pytest.mark.promise("domain R21")
@settings(max_examples=300)
@given(
    files,
    st.sampled_from(SETTINGS),
    st.lists(asked, min_size=1, max_size=4),
    st.sampled_from([None, ScheduleChange(day(1), day(0)), ScheduleChange(day(2), day(0))]),
)
def test_a_trial_finds_what_the_whole_judgement_finds(
    file: WorkFile, setting: Setting, pieces: list[Work], change: ScheduleChange | None
) -> None:
    """Asked once or again and again; ways out apart, which speak of the piece."""
    trials = Trials(file, setting)
    for piece in pieces:
        assert _known(trials.of(piece, change=change)) == _known(whole(file, piece, setting, change))
