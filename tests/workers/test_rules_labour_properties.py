"""Labour Code, properties: what more work never mends, what order and zone change nothing of, ways out that hold."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers.labour import HOUR, MINUTE, MONDAY, PARIS, SETTING, at, contract, day
from workers.rules.labour import Finding, Setting, Work, WorkFile, judge
from workers.rules.labour.findings import way
from workers.rules.severity import Severity


def _piece(number: int, start: int, length: int) -> Work:
    """Minutes of a day from its midnight; it never reaches the next one."""
    begins = at("00:00", number) + start * MINUTE
    return Work(begins, min(begins + length * MINUTE, at("23:59", number)))


pieces = st.builds(_piece, st.integers(-1, 8), st.integers(0, 1400), st.integers(1, 400))
weeks = st.lists(pieces, max_size=14)


def judged(work: list[Work], setting: Setting = SETTING, **facts: object) -> list[Finding]:
    """What is found in the week."""
    return judge(WorkFile(work=tuple(work), **facts), setting, MONDAY, day(6))  # type: ignore[arg-type]


def broken(work: list[Work], *codes: str) -> set[tuple[str, dt.date]]:
    """Which of these rules are broken, and when."""
    return {(one.code, one.day) for one in judged(work) if one.code in codes}


@pytest.mark.promise("L1", "L2", "L3", "L4", "L5", "L7")
@given(weeks, pieces)
def test_more_work_never_removes_a_violation(work: list[Work], more: Work) -> None:
    rules = ("L1", "L2", "L3", "L4", "L5", "L5_days", "L5_sunday", "L7", "L9")
    assert broken(work, *rules) <= broken([*work, more], *rules)


@pytest.mark.promise("L6")
@given(
    st.lists(st.builds(_piece, st.just(0), st.integers(0, 1400), st.integers(1, 400)), min_size=1, max_size=5),
    st.data(),
)
def test_l6_more_work_within_the_hours_of_a_day_gives_no_break(work: list[Work], data: st.DataObject) -> None:
    first, last = min(one.start for one in work), max(one.end for one in work)
    start = data.draw(st.integers(first, last - 1))
    more = Work(start, data.draw(st.integers(start + 1, last)))
    assert broken(work, "L6") <= broken([*work, more], "L6")


@pytest.mark.promise("domain R21")
@given(weeks, st.randoms())
def test_order_repetition_and_cuts_change_nothing(work: list[Work], random: Random) -> None:
    shuffled = [*work, *work]
    random.shuffle(shuffled)
    halves = []
    for one in shuffled:
        middle = (one.start + one.end) // 2
        halves += [Work(one.start, middle), Work(middle, one.end)] if one.end - one.start > 1 else [one]
    assert judged(shuffled) == judged(work)
    assert judged(halves) == judged(work)


@pytest.mark.promise("domain R21")
@given(weeks, st.sampled_from(["Indian/Reunion", "America/Cayenne", "Pacific/Noumea"]))
def test_the_same_wall_clock_in_another_zone_is_judged_alike(work: list[Work], name: str) -> None:
    """No clock changes in these weeks: the same times of day, said in another zone."""
    zone = ZoneInfo(name)
    aside = int(dt.datetime.combine(MONDAY, dt.time(), zone).timestamp()) - at("00:00")
    moved = [Work(one.start + aside, one.end + aside) for one in work]

    def measures(found: list[Finding]) -> list[tuple[str, dt.date, int]]:
        return [(one.code, one.day, one.measured) for one in found]

    assert measures(judged(moved, Setting(zone))) == measures(judged(work))


@pytest.mark.promise("domain R21")
@given(weeks, st.integers(-52, 52))
def test_the_same_week_another_time_of_the_year_is_judged_alike(work: list[Work], later: int) -> None:
    """Also across the nights in which the clocks change, when nobody works: rests of that night apart."""

    def moved(moment: int) -> int:
        local = dt.datetime.fromtimestamp(moment, PARIS).replace(tzinfo=None) + dt.timedelta(weeks=later)
        return int(local.replace(tzinfo=PARIS).timestamp())

    by_day = ("L1", "L2", "L5_days", "L6", "L7", "L9")
    calm = [one for one in work if one.start > at("03:00", _day_of(one))]
    there = [Work(moved(one.start), moved(one.end)) for one in calm]
    weeks_later = dt.timedelta(weeks=later)
    found = judge(WorkFile(work=tuple(there)), SETTING, MONDAY + weeks_later, day(6) + weeks_later)
    assert {(one.code, one.day - weeks_later) for one in found if one.code in by_day} == broken(calm, *by_day)


def _day_of(one: Work) -> int:
    return (one.start - at("00:00")) // (24 * HOUR)


def _following(work: list[Work], one: Finding) -> list[Work] | None:
    """The same work after the first way out of a finding has been followed; ``None`` when it is for people to do."""
    out = one.ways_out[0] if one.ways_out else way("none")
    opening, closing = at("00:00", (one.day - MONDAY).days), at("00:00", (one.day - MONDAY).days + 1)
    match out.code:
        case "end_by":
            return _less(work, out.figures["at"], closing)
        case "start_from":
            return _less(work, opening, out.figures["at"])
        case "break_before":
            return _less(work, out.figures["at"] - out.figures["rest"], out.figures["at"])
        case "rest_between":
            return _less(work, out.figures["start"], out.figures["end"])
        case "between":
            return _less(_less(work, out.figures["end"], closing + 12 * HOUR), opening, out.figures["start"])
        case "at_most_week":
            monday = at("00:00", (one.day - MONDAY).days)
            cut = closing = at("00:00", (one.day - MONDAY).days + 7)
            while (over := _worked(work, monday, closing) - out.figures["most"]) > 0:
                cut -= over
                work = _less(work, cut, closing)
            return work
    return None


def _less(work: list[Work], start: int, end: int) -> list[Work]:
    left = []
    for one in work:
        if one.start < min(one.end, start):
            left.append(replace(one, end=min(one.end, start)))
        if max(one.start, end) < one.end:
            left.append(replace(one, start=max(one.start, end)))
    return left


def _worked(work: list[Work], opening: int, closing: int) -> int:
    """Seconds covered at least once: a walk over every moment at which somebody begins or ends."""
    marks = sorted({opening, closing, *(one.start for one in work), *(one.end for one in work)})
    return sum(
        end - start
        for start, end in pairwise(marks)
        if opening <= start and end <= closing and any(one.start <= start and end <= one.end for one in work)
    )


@pytest.mark.promise("domain R21")
@given(weeks)
def test_a_way_out_that_is_followed_removes_its_violation(work: list[Work]) -> None:
    for one in judged(work, contracts=(contract(26),)):
        mended = _following(work, one)
        if mended is not None:
            after = judged(mended, contracts=(contract(26),))
            assert (one.code, one.day) not in {(left.code, left.day) for left in after}


@pytest.mark.promise("domain R21")
@given(weeks)
def test_every_violation_says_article_figures_and_a_way_out(work: list[Work]) -> None:
    for one in judged(work, contracts=(contract(26),)):
        assert (one.article[:1] in {"L", "D"}) != (one.rule in {"L22", "L23"})
        assert one.rule in {f"L{number}" for number in range(1, 24)}
        if one.severity is not Severity.INFO:
            assert one.ways_out
            assert one.measured != one.limit or one.code in {"L6", "L17"}


@pytest.mark.promise("L1", "L2")
@given(weeks)
def test_totals_are_those_of_a_naive_count(work: list[Work]) -> None:
    week = _worked(work, at("00:00"), at("00:00", 7))
    assert {one.measured for one in judged(work) if one.code == "L2"} == ({week} if week > 48 * HOUR else set())
    for number in range(7):
        seconds = _worked(work, at("00:00", number), at("00:00", number + 1))
        assert (("L1", day(number)) in broken(work, "L1")) is (seconds > 10 * HOUR)
