"""Labour Code by the day: the vectors of the specification, and each limit from both sides."""

from __future__ import annotations

import datetime as dt

import pytest

from bookings.models.calendar import public_holidays
from concierge.enums import HolidayZone
from concierge.models import Site
from tests.workers.labour import (
    HOUR,
    MINUTE,
    MONDAY,
    PARIS,
    agreed,
    at,
    codes,
    contract,
    day,
    found,
    interval,
    only,
    work,
)
from workers.rules.labour import Kind, Restriction, ScheduleChange, Setting, Work, WorkFile, judge, trial
from workers.rules.labour.findings import way
from workers.rules.severity import Severity


@pytest.mark.promise("L1")
def test_l1_ten_hours_of_work_are_the_most() -> None:
    assert codes(work("07:00", "12:00"), work("13:00", "18:00")) == []
    one = only("L1", work("07:00", "12:00"), work("13:00", "18:01"))
    assert (one.measured, one.limit, one.day, one.article) == (10 * HOUR + MINUTE, 10 * HOUR, MONDAY, "L3121-18")
    assert one.ways_out == (way("end_by", at=at("18:00")),)


@pytest.mark.promise("L1")
def test_l1_twelve_hours_by_agreement() -> None:
    pieces = (work("07:00", "12:00"), work("13:00", "19:00"))
    assert codes(*pieces) == ["L1"]
    assert codes(*pieces, setting=agreed(daily_most=12 * HOUR)) == []


@pytest.mark.promise("L1")
def test_l1_a_night_in_which_the_clocks_go_back_counts_its_real_hours() -> None:
    """25 October 2026: from 0:00 to 9:00 there are ten hours, and one minute more is too much."""
    sunday = (dt.date(2026, 10, 25) - MONDAY).days
    day_rules = {one.code for one in found(work("00:00", "09:00", sunday), first=sunday)}
    assert "L1" not in day_rules
    assert only("L1", work("00:00", "09:01", sunday), first=sunday).measured == 10 * HOUR + MINUTE


@pytest.mark.promise("L1")
def test_l1_a_night_in_which_the_clocks_go_forward_counts_its_real_hours() -> None:
    """29 March 2026: from 0:00 to 11:00 there are ten hours."""
    sunday = (dt.date(2026, 3, 29) - MONDAY).days
    assert "L1" not in codes(work("00:00", "11:00", sunday), first=sunday)
    assert "L1" in codes(work("00:00", "11:01", sunday), first=sunday)


@pytest.mark.promise("L4")
def test_l4_vector_b_half_past_nine_to_eight_is_too_short() -> None:
    one = only("L4", work("18:00", "21:30"), work("08:00", "09:00", 1), first=1)
    assert (one.measured, one.limit, one.day, one.article) == (int(10.5 * HOUR), 11 * HOUR, day(1), "L3131-1")
    assert one.ways_out == (way("start_from", at=at("08:30", 1)), way("end_by", at=at("21:00")))
    assert "L4" not in codes(work("18:00", "21:30"), work("08:30", "09:00", 1), first=1)


@pytest.mark.promise("L4")
def test_l4_nine_hours_by_agreement() -> None:
    pieces = (work("18:00", "20:59"), work("06:00", "09:00", 1))
    assert codes(*pieces, first=1) == ["L4"]
    assert codes(*pieces, first=1, setting=agreed(daily_rest=9 * HOUR)) == []


@pytest.mark.promise("L4")
@pytest.mark.parametrize(("start", "broken"), [("08:00", []), ("07:59", ["L4"])])
def test_l4_counts_real_hours_when_the_clocks_go_back(start: str, broken: list[str]) -> None:
    """From 22:00 to 8:00 on 24 and 25 October 2026 there are eleven hours."""
    saturday = (dt.date(2026, 10, 24) - MONDAY).days
    pieces = (work("18:00", "22:00", saturday), work(start, "09:00", saturday + 1))
    assert [code for code in codes(*pieces, first=saturday + 1) if code == "L4"] == broken


@pytest.mark.promise("L6")
def test_l6_vector_a_six_hours_exactly_need_the_break() -> None:
    one = only("L6", work("08:00", "14:00"))
    assert (one.measured, one.limit, one.article) == (6 * HOUR, 6 * HOUR, "L3121-16")
    assert one.ways_out == (way("break_before", rest=20 * MINUTE, at=at("14:00")),)
    assert codes(work("08:00", "13:59")) == []


@pytest.mark.promise("L6")
@pytest.mark.parametrize(("second_start", "broken"), [("12:20", []), ("12:19", ["L6"])])
def test_l6_the_break_lasts_twenty_minutes_in_a_row(second_start: str, broken: list[str]) -> None:
    assert codes(work("08:00", "12:00"), work(second_start, "15:00")) == broken


@pytest.mark.promise("L6")
def test_l6_a_break_after_more_than_six_hours_comes_too_late() -> None:
    assert codes(work("08:00", "14:00"), work("14:20", "15:00")) == []
    assert codes(work("08:00", "14:01"), work("14:30", "15:00")) == ["L6"]


@pytest.mark.promise("L6")
def test_l6_a_break_that_was_recorded_counts() -> None:
    shift = work("08:00", "15:00", is_real=True)
    assert codes(shift) == ["L6"]
    assert codes(shift, work("12:00", "12:19", kind=Kind.BREAK)) == ["L6"]
    assert codes(shift, work("12:00", "12:20", kind=Kind.BREAK)) == []


@pytest.mark.promise("L7")
def test_l7_thirteen_hours_from_first_to_last_work() -> None:
    assert codes(work("07:00", "11:00"), work("18:00", "20:00")) == []
    one = only("L7", work("07:00", "11:00"), work("18:00", "20:01"))
    assert (one.measured, one.limit) == (13 * HOUR + MINUTE, 13 * HOUR)
    assert one.ways_out == (way("end_by", at=at("20:00")), way("start_from", at=at("07:01")))


@pytest.mark.promise("L7")
def test_l7_is_what_the_agreed_rest_leaves_of_a_day() -> None:
    assert "L7" not in codes(work("06:00", "09:00"), work("18:00", "21:00"), setting=agreed(daily_rest=9 * HOUR))


SEVENTEEN, FIFTEEN = dt.date(2009, 6, 1), dt.date(2011, 6, 1)


@pytest.mark.promise("L8")
@pytest.mark.parametrize(
    ("pieces", "born", "broken"),
    [
        ([("08:00", "12:00"), ("13:00", "17:00")], SEVENTEEN, []),
        ([("08:00", "12:00"), ("13:00", "17:01")], SEVENTEEN, ["L8_day"]),
        ([("08:00", "12:30")], SEVENTEEN, []),
        ([("08:00", "12:31")], SEVENTEEN, ["L8_break"]),
        ([("08:00", "11:00"), ("11:29", "12:59")], SEVENTEEN, []),
        ([("08:00", "11:00"), ("11:29", "13:00")], SEVENTEEN, ["L8_break"]),
        ([("08:00", "11:00"), ("11:30", "14:30")], SEVENTEEN, []),
        ([("18:00", "20:00")], FIFTEEN, []),
        ([("18:00", "20:01")], FIFTEEN, ["L8_night"]),
        ([("18:00", "20:01")], SEVENTEEN, []),
        ([("18:00", "22:01")], SEVENTEEN, ["L9", "L8_night"]),
        ([("08:00", "12:00"), ("13:00", "17:01")], dt.date(2008, 11, 23), []),
        ([("08:00", "12:00"), ("13:00", "17:01")], dt.date(2008, 11, 24), ["L8_day"]),
    ],
)
def test_l8_a_minor_day(pieces: list[tuple[str, str]], born: dt.date, broken: list[str]) -> None:
    assert codes(*(work(*piece) for piece in pieces), born_on=born) == broken


@pytest.mark.promise("L8")
@pytest.mark.parametrize(("born", "hours"), [(SEVENTEEN, 12), (FIFTEEN, 14)])
def test_l8_a_minor_rests_longer(born: dt.date, hours: int) -> None:
    evening = work("16:00", "18:00")
    start = at("18:00") + hours * HOUR
    assert codes(evening, Work(start, start + HOUR), first=1, born_on=born) == []
    one = only("L8_rest", evening, Work(start - MINUTE, start + HOUR), first=1, born_on=born)
    assert (one.measured, one.limit) == (hours * HOUR - MINUTE, hours * HOUR)


@pytest.mark.promise("L8")
def test_l8_no_minor_works_on_a_public_holiday() -> None:
    setting = Setting(PARIS, holidays=frozenset({MONDAY}))
    assert codes(work("09:00", "10:00"), setting=setting, born_on=SEVENTEEN) == ["L20", "L8_holiday"]


@pytest.mark.promise("L9")
def test_l9_no_night_work_unless_the_agreement_says_so() -> None:
    assert codes(work("18:00", "21:00")) == []
    one = only("L9", work("18:00", "21:30"))
    assert (one.measured, one.severity) == (30 * MINUTE, Severity.BLOCK)
    assert one.ways_out == (way("between", start=at("06:00"), end=at("21:00")),)
    assert codes(work("06:00", "08:00")) == []
    assert only("L9", work("05:30", "08:00")).measured == 30 * MINUTE
    allowed = only("L9", work("18:00", "21:30"), setting=agreed(night_allowed=True))
    assert (allowed.severity, allowed.ways_out) == (Severity.INFO, ())


@pytest.mark.promise("L9")
def test_l9_the_agreement_may_move_the_window() -> None:
    moved = agreed(night_from=22 * HOUR, night_until=7 * HOUR)
    assert codes(work("18:00", "22:00"), setting=moved) == []
    assert codes(work("06:30", "08:00"), setting=moved) == ["L9"]


@pytest.mark.promise("L14")
def test_l14_seven_working_days_of_notice_or_the_consent() -> None:
    """Told on Thursday 12 November: seven working days lie between that day and Tuesday 24."""
    told = dt.date(2026, 11, 12)
    tuesday = work("09:00", "12:00", 1)
    assert codes(tuesday, first=1, changes=(ScheduleChange(day(1), told),)) == []
    one = only("L14", tuesday, first=1, changes=(ScheduleChange(day(1), told + dt.timedelta(days=1)),))
    assert (one.measured, one.limit, one.severity) == (6, 7, Severity.WARN)
    assert one.ways_out == (way("record_agreement"), way("other_day", day=day(2).toordinal()))
    consented = ScheduleChange(day(1), day(0), agreed=True)
    assert codes(tuesday, first=1, changes=(consented,)) == []


@pytest.mark.promise("L14")
def test_l14_three_working_days_by_agreement_and_holidays_are_none() -> None:
    change = ScheduleChange(day(4), day(0))
    assert codes(work("09:00", "12:00", 4), first=4, changes=(change,), setting=agreed(schedule_notice_days=3)) == []
    holiday = Setting(PARIS, agreed(schedule_notice_days=3).terms, frozenset({day(2)}))
    assert codes(work("09:00", "12:00", 4), first=4, changes=(change,), setting=holiday) == ["L14"]


@pytest.mark.promise("L17")
def test_l17_one_interruption_of_two_hours_in_a_part_time_day() -> None:
    part, full = (contract(26),), (contract(35),)
    two_hours = (work("09:00", "11:00"), work("13:00", "15:00"))
    longer = (work("09:00", "11:00"), work("13:01", "15:00"))
    twice = (work("09:00", "10:00"), work("11:00", "12:00"), work("13:00", "14:00"))
    assert codes(*two_hours, contracts=part) == []
    assert codes(*twice, contracts=full) == []
    assert codes(*longer, contracts=part, setting=agreed(interruption_most=3 * HOUR)) == []
    one = only("L17", *longer, contracts=part)
    assert (one.measured, one.figures["longest"], one.severity) == (1, 2 * HOUR + MINUTE, Severity.WARN)
    assert only("L17", *twice, contracts=part).measured == 2


@pytest.mark.promise("L17")
def test_l17_a_break_and_usual_hours_interrupt_nothing() -> None:
    pieces = (work("09:00", "10:00"), work("10:20", "11:00"), work("11:30", "12:00"), work("13:30", "15:00"))
    assert codes(*pieces, contracts=(contract(26),)) == ["L17"]
    assert codes(*pieces, contracts=(contract(26),), presence=(interval("09:00", "12:30"),)) == []


def _friday(zone: HolidayZone, year: int, *, flag: bool) -> list[str]:
    site = Site(holiday_zone=zone, good_friday_off=flag)
    friday = {2026: dt.date(2026, 4, 3), 2027: dt.date(2027, 3, 26)}[year]
    setting = Setting(PARIS, holidays=frozenset(public_holidays(site, friday, friday)))
    return codes(work("09:00", "12:00", (friday - MONDAY).days), first=(friday - MONDAY).days, setting=setting)


@pytest.mark.promise("L20")
@pytest.mark.parametrize("year", [2026, 2027])
def test_l20_vector_f_good_friday_in_strasbourg_not_in_dijon(year: int) -> None:
    assert _friday(HolidayZone.ALSACE_MOSELLE, year, flag=True) == ["L20"]
    assert _friday(HolidayZone.METROPOLE, year, flag=False) == []
    assert _friday(HolidayZone.ALSACE_MOSELLE, year, flag=False) == []


@pytest.mark.promise("L20")
def test_l20_the_first_of_may_is_off_for_everybody() -> None:
    may = dt.date(2026, 5, 1)
    setting = Setting(PARIS, agreed(holidays_off=False).terms, frozenset({may, dt.date(2026, 5, 8)}))
    first = (may - MONDAY).days
    one = only("L20_may", work("09:00", "12:00", first), first=first, setting=setting)
    assert (one.severity, one.article) == (Severity.BLOCK, "L3133-4")
    assert one.ways_out == (way("other_day", day=dt.date(2026, 5, 4).toordinal()),)
    eighth = only("L20", work("09:00", "12:00", first + 7), first=first + 7, setting=setting)
    assert eighth.severity == Severity.INFO


@pytest.mark.promise("L21")
@pytest.mark.parametrize("kind", [Kind.TRAINING, Kind.INTERVIEW, Kind.IMMERSION])
def test_l21_training_and_interviews_are_working_time(kind: Kind) -> None:
    assert codes(work("07:00", "12:00"), work("13:00", "18:00"), work("18:00", "18:30", kind=kind)) == ["L1"]


@pytest.mark.promise("L23")
def test_l23_a_restriction_forbids_until_its_end() -> None:
    ladder = Restriction("ladder", ends_on=day(1))
    climbing = work("09:00", "10:00", demands=frozenset({"ladder"}))
    one = only("L23", climbing, restrictions=(ladder,))
    assert (one.word, one.figures, one.severity) == ("ladder", {"until": day(1).toordinal()}, Severity.BLOCK)
    assert one.article == ""
    assert codes(work("09:00", "10:00"), restrictions=(ladder,)) == []
    later = work("09:00", "10:00", 2, demands=frozenset({"ladder"}))
    assert codes(later, first=2, restrictions=(ladder,)) == []


@pytest.mark.promise("L23")
def test_l23_a_restriction_may_be_about_the_hour() -> None:
    late = Restriction("hours", not_before=dt.time(9))
    assert only("L23", work("08:30", "10:00"), restrictions=(late,)).ways_out == (way("start_from", at=at("09:00")),)
    assert codes(work("09:00", "10:00"), restrictions=(late,)) == []
    early = Restriction("hours", not_after=dt.time(16))
    assert only("L23", work("15:00", "16:30"), restrictions=(early,)).ways_out == (way("end_by", at=at("16:00")),)
    night = agreed(night_allowed=True)
    assert codes(work("20:00", "22:00"), restrictions=(Restriction("no_night"),), setting=night) == ["L9", "L23"]


@pytest.mark.promise("domain R21")
def test_more_work_answers_only_for_what_it_breaks() -> None:
    """Rest was short already between Monday and Tuesday; an hour more on Tuesday breaks the day of ten hours alone."""
    file = WorkFile(work=(work("18:00", "20:30"), work("07:00", "12:00", 1), work("13:00", "17:30", 1)))
    assert [one.code for one in judge(file, Setting(PARIS), day(1), day(1))] == ["L4"]
    [one] = trial(file, work("17:30", "18:30", 1), Setting(PARIS))
    assert (one.code, one.ways_out) == ("L1", (way("end_by", at=at("18:00", 1)),))


@pytest.mark.promise("domain R21")
def test_the_way_out_is_one_that_the_new_work_can_take() -> None:
    evening, morning = work("18:00", "20:30"), work("07:00", "08:00", 1)
    [late] = trial(WorkFile(work=(evening,)), morning, Setting(PARIS))
    assert late.ways_out == (way("start_from", at=at("07:30", 1)),)
    [early] = trial(WorkFile(work=(morning,)), evening, Setting(PARIS))
    assert early.ways_out == (way("end_by", at=at("20:00")),)
