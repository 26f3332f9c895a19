"""Labour Code by the week: the vectors of the specification, and each limit from both sides."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from itertools import chain

import pytest

from tests.workers.labour import (
    HOUR,
    MINUTE,
    MONDAY,
    PARIS,
    SETTING,
    THIRD,
    agreed,
    at,
    codes,
    contract,
    day,
    found,
    only,
    week_of,
    work,
)
from workers.rules.labour import (
    Contract,
    Derogation,
    Kind,
    LabourTerms,
    MinorTerms,
    Rider,
    Setting,
    TermsBook,
    Work,
    WorkFile,
    judge,
    record_of,
    trial,
)
from workers.rules.labour.findings import way
from workers.rules.labour.weeks import extra_pay, overtime_pay
from workers.rules.severity import Severity

FULL = (contract(35, is_integration=False),)


@pytest.mark.promise("L2")
def test_l2_forty_eight_hours_are_the_most() -> None:
    assert "L2" not in codes(*week_of(48))
    one = only("L2", *week_of(48), work("18:00", "18:30", 5))
    assert (one.measured, one.limit, one.day, one.article) == (int(48.5 * HOUR), 48 * HOUR, MONDAY, "L3121-20")
    assert one.ways_out == (way("at_most_week", most=48 * HOUR, over=30 * MINUTE),)


@pytest.mark.promise("L2")
def test_l2_counts_until_sunday_midnight() -> None:
    assert "L2" not in codes(*week_of(48), work("00:00", "03:00", 7))


@pytest.mark.promise("L3")
def test_l3_vector_e_twelve_weeks_of_forty_five_hours() -> None:
    weeks = list(chain.from_iterable(week_of(45, number) for number in range(-11, 1)))
    assert not {"L2", "L3"} & {*codes(*weeks[: len(weeks) - 10], *week_of(33))}
    one = only("L3", *weeks)
    assert (one.measured, one.limit, one.article) == (45 * HOUR, 44 * HOUR, "L3121-22")
    assert one.ways_out == (way("at_most_week", most=33 * HOUR, over=12 * HOUR),)
    assert "L3" not in codes(*weeks, setting=agreed(average_most=46 * HOUR))


@pytest.mark.promise("L3")
def test_l3_weeks_known_by_their_total_count_like_the_others() -> None:
    earlier = {day(-7 * back): 45 * HOUR for back in range(1, 12)}
    assert only("L3", *week_of(45), earlier=earlier).measured == 45 * HOUR
    assert "L3" not in codes(*week_of(33), earlier=earlier)


@pytest.mark.promise("L3")
def test_l3_any_twelve_weeks_those_planned_after_too() -> None:
    later = list(chain.from_iterable(week_of(45, number) for number in range(1, 12)))
    assert only("L3", *week_of(45), *later).day == day(77)


def _saturday_to(start: str) -> list[str]:
    pieces = [work("09:00", "12:00", number) for number in range(6)]
    pieces.append(work("14:00", "18:00", 5))
    return codes(*pieces, work(start, "09:00", 7), work("14:00", "15:00", 7), last=6)


@pytest.mark.promise("L5")
def test_l5_vector_g_saturday_evening_to_monday_morning() -> None:
    assert "L5" not in _saturday_to("05:00")
    assert "L5" in _saturday_to("04:30")


@pytest.mark.promise("L5")
def test_l5_says_how_long_the_rest_is_and_when_to_rest() -> None:
    pieces = [work("09:00", "18:00", number) for number in range(6)]
    one = only("L5", *pieces, work("04:30", "09:00", 7), last=6)
    assert (one.measured, one.limit, one.article) == (int(34.5 * HOUR), 35 * HOUR, "L3132-2")
    assert one.ways_out == (way("rest_between", start=at("18:00", 5), end=at("05:00", 7)),)


@pytest.mark.promise("L5")
def test_l5_the_rest_of_24_hours_lies_in_the_week() -> None:
    pieces = [work("09:00", "12:00", number) for number in range(6)]
    assert "L5" in codes(*pieces, work("06:00", "08:00", 6), work("20:00", "21:00", 7), last=6)
    assert "L5" not in codes(*pieces, last=6)


@pytest.mark.promise("L5")
def test_l5_six_days_at_most() -> None:
    six = [work("09:00", "10:00", number) for number in range(6)]
    assert "L5_days" not in codes(*six, last=6)
    one = only("L5_days", *six, work("09:00", "10:00", 6), last=6)
    assert (one.measured, one.limit) == (7, 6)


@pytest.mark.promise("L5")
def test_l5_sunday_is_the_day_of_rest_in_principle() -> None:
    one = only("L5_sunday", work("09:00", "10:00", 6), first=6)
    assert (one.severity, one.article) == (Severity.WARN, "L3132-3")
    assert only("L5_sunday", work("09:00", "10:00", 6), first=6, setting=agreed(sunday_allowed=True)).severity == (
        Severity.INFO
    )


@pytest.mark.promise("L8")
def test_l8_a_minor_week() -> None:
    born = dt.date(2009, 6, 1)
    assert codes(*week_of(35), born_on=born, last=6) == []
    assert codes(*week_of(35), work("18:00", "18:30"), born_on=born, last=6) == ["L8_week"]
    spread = [work("09:00", "10:00", number) for number in (0, 1, 3, 5)]
    one = only("L8_days_off", *spread, work("09:00", "10:00", 6), born_on=born, last=6)
    assert (one.measured, one.limit) == (1, 2)


@pytest.mark.promise("L10")
def test_l10_under_twenty_hours_needs_a_derogation() -> None:
    piece = work("09:00", "12:00")
    assert codes(piece, contracts=(contract(20),)) == []
    one = only("L10", piece, contracts=(contract(15),))
    assert (one.measured, one.limit, one.severity) == (15 * HOUR, 20 * HOUR, Severity.WARN)
    assert codes(piece, contracts=(contract(15, is_integration=False),)) == []
    until_sunday = (Derogation(day(-30), day(6)),)
    assert codes(piece, contracts=(contract(15, derogations=until_sunday),)) == []
    over = (Derogation(day(-30), day(-1)),)
    assert codes(piece, contracts=(contract(15, derogations=over),)) == ["L10"]


@pytest.mark.promise("L11")
@pytest.mark.parametrize(
    ("hours", "terms", "most"),
    [
        (26, LabourTerms(), int(28.6 * HOUR)),
        (26, LabourTerms(part_time_extra=THIRD), 34 * HOUR + 40 * MINUTE),
        (30, LabourTerms(), 33 * HOUR),
        (30, LabourTerms(part_time_extra=THIRD), 34 * HOUR + 59 * MINUTE),
    ],
    ids=["vector c", "vector c, agreed", "30 h", "vector d"],
)
def test_l11_vectors_c_and_d(hours: int, terms: LabourTerms, most: int) -> None:
    assert terms.part_time_most(hours * HOUR) == most
    setting = Setting(PARIS, TermsBook((), (terms,)))
    file = WorkFile(work=tuple(week_of(hours)), contracts=(contract(hours),))
    extra = Work(at("08:00", 5), at("08:00", 5) + most - hours * HOUR)
    assert not [one for one in judge(file.with_work(extra), setting, MONDAY, day(6)) if one.rule == "L11"]
    [one] = [one for one in trial(file, Work(extra.start, extra.end + MINUTE), setting) if one.rule == "L11"]
    assert (one.measured, one.limit) == (most + MINUTE, most)
    assert one.ways_out == (way("left_week", left=most - hours * HOUR),)


@pytest.mark.promise("L11")
def test_l11_thirty_five_hours_make_it_full_time() -> None:
    one = only("L11_full_time", *week_of(35), contracts=(contract(30),))
    assert (one.article, one.severity, one.limit) == ("L3123-9", Severity.BLOCK, 33 * HOUR)


@pytest.mark.promise("L11")
def test_l11_nothing_is_left_when_the_week_is_full() -> None:
    file = WorkFile(work=tuple(week_of(22)), contracts=(contract(20),))
    [one] = [one for one in trial(file, work("15:00", "16:00", 3), SETTING) if one.rule == "L11"]
    assert one.ways_out == (way("other_week"),)


@pytest.mark.promise("L12")
def test_l12_ten_percent_then_twenty_five() -> None:
    terms = LabourTerms(part_time_extra=THIRD)
    pay = extra_pay(34 * HOUR, 26 * HOUR, terms)
    assert (pay.first, pay.then, pay.rates) == (int(2.6 * HOUR), int(5.4 * HOUR), (10, 25))
    one = only("L12", *week_of(27), contracts=(contract(26),))
    assert (one.severity, one.measured) == (Severity.INFO, HOUR)
    assert one.figures == {"first": HOUR, "first_rate": 10, "then": 0, "then_rate": 25}
    assert "L12" not in codes(*week_of(26), contracts=(contract(26),))


@pytest.mark.promise("L13")
def test_l13_extra_hours_are_told_three_days_before() -> None:
    file = WorkFile(work=tuple(week_of(26)), contracts=(contract(26),))

    def broken(told: int) -> list[str]:
        piece = work("15:00", "16:00", 4, told_on=day(told))
        return [one.code for one in trial(file, piece, SETTING)]

    assert broken(1) == ["L12"]
    assert broken(2) == ["L12", "L13"]


@pytest.mark.promise("L13")
def test_l13_the_hours_told_last_are_the_extra_ones() -> None:
    early = work("08:00", "09:00", 5, told_on=day(0))
    known = work("07:00", "08:00", 0, told_on=day(-1))
    assert "L13" not in codes(*week_of(26), early, known, contracts=(contract(27),))
    late = only("L13", *week_of(26), work("07:00", "08:00", 2, told_on=day(1)), contracts=(contract(26),))
    assert (late.day, late.measured, late.limit) == (day(2), 1, 3)
    assert late.ways_out == (way("record_agreement"), way("other_day", day=day(4).toordinal()))


def _drifting(hours: float, weeks: int = 12, contracted: float = 26, pause: int = 0) -> list[Work]:
    numbers = [number for number in range(-14, 1) if number > -weeks - pause and not -1 - pause < number <= -1]
    return list(chain.from_iterable(week_of(hours, number) for number in numbers))


@pytest.mark.promise("L15")
@pytest.mark.parametrize(
    ("hours", "drifts"), [(27.4, False), (27.5, True), (28, True)], ids=["under", "told", "has to be raised"]
)
def test_l15_twelve_weeks_above_the_contract(hours: float, drifts: bool) -> None:
    part = (contract(26),)
    assert ("L15" in codes(*_drifting(hours), contracts=part)) is drifts
    assert "L15" not in codes(*_drifting(hours, weeks=11), contracts=part)


@pytest.mark.promise("L15")
def test_l15_twelve_of_fifteen_weeks() -> None:
    one = only("L15", *_drifting(28, pause=3), contracts=(contract(26),))
    assert (one.measured, one.limit, one.severity, one.article) == (2 * HOUR, 2 * HOUR, Severity.WARN, "L3123-13")
    assert one.ways_out == (way("raise_contract", to=28 * HOUR),)


@pytest.mark.promise("L16")
def test_l16_eight_riders_a_year_where_a_branch_agrees() -> None:
    piece = work("09:00", "12:00")

    def riders(count: int, **facts: bool) -> tuple[Rider, ...]:
        starts = [dt.date(2026, month, 1) for month in range(1, count)] + [day(0)]
        return tuple(Rider(start, start + dt.timedelta(days=6), 28 * 60, **facts) for start in starts)

    assert codes(piece, contracts=(contract(26, riders=riders(1)),)) == ["L16_agreement"]
    branch = agreed(riders_allowed=True)
    assert codes(piece, contracts=(contract(26, riders=riders(8)),), setting=branch) == []
    one = only("L16", piece, contracts=(contract(26, riders=riders(9)),), setting=branch)
    assert (one.measured, one.limit) == (9, 8)
    replacing = riders(9, is_raise=False)
    assert codes(piece, contracts=(contract(26, riders=replacing),), setting=branch) == []


@pytest.mark.promise("L16")
def test_l16_a_rider_raises_the_contract_while_it_runs() -> None:
    raised = contract(26, riders=(Rider(day(0), day(6), 32 * 60),))
    branch = agreed(riders_allowed=True)
    assert codes(*week_of(32), contracts=(raised,), setting=branch) == []
    assert "L12" in codes(*week_of(27, 1), first=7, contracts=(raised,), setting=branch)


@pytest.mark.promise("L18")
def test_l18_overtime_of_a_full_week() -> None:
    pay = overtime_pay(45 * HOUR, 35 * HOUR, LabourTerms())
    assert (pay.first, pay.then, pay.rates) == (8 * HOUR, 2 * HOUR, (25, 50))
    one = only("L18", *week_of(36), contracts=FULL)
    assert (one.measured, one.severity) == (HOUR, Severity.INFO)
    assert codes(*week_of(35), contracts=FULL) == []


@pytest.mark.promise("L18")
def test_l18_the_quota_of_a_year() -> None:
    assert "L18_quota" not in codes(*week_of(40), contracts=FULL, overtime={2026: 215 * HOUR})
    one = only("L18_quota", *week_of(41), contracts=FULL, overtime={2026: 215 * HOUR})
    assert (one.measured, one.limit, one.severity) == (221 * HOUR, 220 * HOUR, Severity.WARN)
    assert one.ways_out == (way("at_most_week", most=40 * HOUR, over=HOUR),)


@pytest.mark.promise("L19")
def test_l19_the_record_has_days_and_weeks() -> None:
    pieces = [
        work("08:00", "15:00"),
        work("12:00", "12:30", kind=Kind.BREAK),
        work("16:00", "17:00", kind=Kind.INTERVIEW),
        work("22:00", "02:00", 6),
    ]
    this, following = record_of(pieces, PARIS, MONDAY, day(13))
    assert (this.monday, this.worked) == (MONDAY, int(9.5 * HOUR))
    monday, sunday = this.days
    assert (monday.starts, monday.ends, monday.worked) == (at("08:00"), at("17:00"), int(7.5 * HOUR))
    assert monday.kinds == {Kind.WORK: 7 * HOUR, Kind.INTERVIEW: HOUR, Kind.BREAK: 30 * MINUTE}
    assert (sunday.worked, following.worked) == (2 * HOUR, 2 * HOUR)


@pytest.mark.promise("L22")
def test_l22_a_week_with_immersion_has_no_extra_hours() -> None:
    hosted = work("17:00", "18:00", 2, kind=Kind.IMMERSION)
    assert codes(*week_of(25), hosted, contracts=(contract(26),)) == []
    one = only("L22", *week_of(26), hosted, contracts=(contract(26),))
    assert (one.measured, one.limit, one.severity) == (27 * HOUR, 26 * HOUR, Severity.BLOCK)
    assert one.article == ""


@pytest.mark.promise("domain R21")
def test_each_day_is_judged_by_the_terms_of_its_day() -> None:
    book = TermsBook.of([(day(1), LabourTerms(daily_most=12 * HOUR)), (day(2), LabourTerms(daily_most=11 * HOUR))])
    setting = Setting(PARIS, book)
    eleven = [(work("07:00", "12:00", number), work("13:00", "18:30", number)) for number in range(3)]
    assert [one.day for one in found(*chain.from_iterable(eleven), last=2, setting=setting) if one.code == "L1"] == [
        MONDAY
    ]


@pytest.mark.promise("domain R21")
@pytest.mark.parametrize(
    "terms",
    [
        {"daily_rest": 8 * HOUR},
        {"daily_most": 13 * HOUR},
        {"weekly_most": 49 * HOUR},
        {"average_most": 47 * HOUR},
        {"break_least": 15 * MINUTE},
        {"days_most": 7},
        {"part_time_extra": Fraction(1, 2)},
        {"extra_notice_days": 2},
        {"schedule_notice_days": 2},
        {"night_from": 20 * HOUR},
        {"night_from": 22 * HOUR, "night_until": 6 * HOUR},
        {"riders_most": 9},
        {"overtime_rates": (5, 50)},
        {"drift_warned_at": 3 * HOUR},
    ],
    ids=str,
)
def test_no_agreement_is_looser_than_the_law(terms: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"between|at most"):
        LabourTerms(**terms)  # type: ignore[arg-type]


@pytest.mark.promise("L8")
def test_l8_no_agreement_loosens_the_protection_of_minors() -> None:
    with pytest.raises(ValueError, match="daily_most"):
        MinorTerms(daily_most=9 * HOUR)


def test_one_version_of_the_terms_begins_on_a_day() -> None:
    with pytest.raises(ValueError, match="one version"):
        TermsBook.of([(MONDAY, LabourTerms()), (MONDAY, LabourTerms())])


def test_work_is_not_empty() -> None:
    with pytest.raises(ValueError, match="ends after"):
        Work(10, 10)


@pytest.mark.promise("L11")
def test_hours_that_change_within_a_week_count_day_by_day() -> None:
    """35 hours until Wednesday and 24 from Thursday on: 30 h 36 for the week, 21 and 10 hours worked."""
    full = Contract(dt.date(2026, 1, 1), day(2), 35 * 60)
    part = Contract(day(3), None, 24 * 60)
    pieces = [work("08:00", "12:00", n) for n in range(3)] + [work("13:00", "16:00", n) for n in range(3)]
    pieces += [work("08:00", "13:00", n) for n in (3, 4)]
    assert codes(*pieces, last=6, contracts=(full, part)) == ["L12"]
    assert only("L12", *pieces, last=6, contracts=(full, part)).measured == 24 * MINUTE


@pytest.mark.promise("L8")
def test_the_week_of_the_eighteenth_birthday_counts_the_days_before_it() -> None:
    week = [piece for n in range(5) for piece in (work("08:00", "12:00", n), work("13:00", "17:00", n))]
    facts = {"last": 6, "contracts": (contract(40),)}
    tuesday, saturday = dt.date(2008, 11, 24), dt.date(2008, 11, 28)
    assert "L8_week" not in codes(*week, born_on=tuesday, **facts)
    assert only("L8_week", *week, born_on=saturday, **facts).measured == 40 * HOUR
    assert "L8_days_off" not in codes(*week, work("08:00", "12:00", 5), born_on=tuesday, **facts)


@pytest.mark.promise("L18")
def test_the_quota_of_overtime_is_one_of_the_whole_year() -> None:
    """Forty weeks at 45 hours, of which only fourteen are on the line of weeks, and one of the year before."""
    earlier = {MONDAY - dt.timedelta(weeks=number): 45 * HOUR for number in range(1, 41)}
    last_year = {dt.date(2025, 12, 22): 60 * HOUR}
    one = only("L18_quota", *week_of(45), last=6, contracts=(contract(35),), earlier=earlier | last_year)
    assert (one.measured, one.limit) == (410 * HOUR, 220 * HOUR)
