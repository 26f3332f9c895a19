"""A week shared out over usual days, and the hours of a day (R21)."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.rules.shifts import DayHours, hours_of, minutes_between, proposed_week

pytestmark = pytest.mark.promise("domain R21")


def at(hour: int, minute: int = 0) -> dt.time:
    return dt.time(hour, minute)


WHOLE = [(at(8), at(17))]
SPLIT = [(at(9), at(12, 30)), (at(13, 30), at(17, 30))]


def test_twenty_six_hours_are_not_planned_as_forty_five() -> None:
    """Usual hours say when somebody can be here, the contract says how long they are."""
    week = proposed_week(dict.fromkeys(range(5), WHOLE), 26 * 60)
    assert [hours.minutes for hours in week.values()] == [315, 315, 315, 315, 300]
    assert week[0] == DayHours(at(8), at(13, 15))


def test_thirty_five_hours_have_a_break_each_day() -> None:
    week = proposed_week(dict.fromkeys(range(5), WHOLE), 35 * 60)
    assert week[0] == DayHours(at(8), at(15, 30), at(11, 30), at(12))
    assert sum(hours.minutes for hours in week.values()) == 35 * 60


def test_the_gap_of_usual_hours_is_the_break() -> None:
    week = proposed_week(dict.fromkeys(range(5), SPLIT), 30 * 60)
    assert week[2] == DayHours(at(9), at(16), at(12, 30), at(13, 30))
    assert proposed_week({0: SPLIT}, 120)[0] == DayHours(at(9), at(11))


def test_a_holiday_keeps_its_share_and_nobody_makes_up_for_it() -> None:
    week = proposed_week(dict.fromkeys(range(5), WHOLE), 25 * 60, off={2})
    assert {day: hours.minutes for day, hours in week.items()} == dict.fromkeys((0, 1, 3, 4), 300)


def test_days_without_room_take_what_fits() -> None:
    week = proposed_week({0: [(at(8), at(10))], 1: SPLIT}, 35 * 60)
    assert [hours.minutes for hours in week.values()] == [120, 450]
    assert proposed_week({}, 35 * 60) == {}


@given(
    starts=st.integers(6, 12),
    length=st.integers(1, 11),
    days=st.integers(1, 7),
    weekly=st.integers(0, 48 * 60),
)
def test_a_proposal_stays_within_the_days_and_the_contract(starts: int, length: int, days: int, weekly: int) -> None:
    window = (at(starts), at(min(23, starts + length)))
    week = proposed_week({weekday: [window] for weekday in range(days)}, weekly)
    total = sum(hours.minutes for hours in week.values())
    assert weekly - total < 15 or all(hours.ends >= at(window[1].hour - 1) for hours in week.values())
    assert total <= weekly
    for hours in week.values():
        assert window[0] <= hours.starts < hours.ends <= window[1]
        assert hours.minutes < 360 or hours.break_starts is not None


def test_times_go_forward_and_a_break_has_two_ends() -> None:
    for wrong in (
        (at(9), at(9)),
        (at(9), at(17), at(12), None),
        (at(9), at(17), at(8), at(10)),
        (at(9), at(17), at(16), at(17)),
    ):
        with pytest.raises(ValueError):
            DayHours(*wrong)
    assert hours_of(SPLIT) == DayHours(at(9), at(17, 30), at(12, 30), at(13, 30))
    assert hours_of([]) is None
    assert minutes_between((at(8), at(9, 5))) == 65
