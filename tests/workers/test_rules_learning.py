"""For whom work is the next useful step: examples, then properties (lifecycles.md 2.11)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.enums import REASON_SENTENCES
from workers.rules.candidates import LEVELS, MODES, WARNINGS, Severity
from workers.rules.clearances import Held, step_days
from workers.rules.clearances import reasons as clearance_reasons
from workers.rules.learning import BUILDS, WEIGHTS, Learner, Weights, gap, has_lapsed, is_new_step, propose

DAY = dt.date(2026, 11, 23)
LEARNER = Learner(skill="H2410", level="assisted")

learners = st.builds(
    Learner,
    skill=st.just("H2410"),
    level=st.sampled_from(LEVELS),
    goal=st.sampled_from(LEVELS),
    last_done=st.none() | st.dates(DAY - dt.timedelta(days=400), DAY),
    lately=st.integers(0, 60),
    times=st.integers(0, 500),
    new_that_day=st.integers(0, 4),
    new_that_week=st.integers(0, 10),
    stumbled=st.booleans(),
)
modes = st.sampled_from(MODES)


@pytest.mark.parametrize(
    ("level", "mode", "steps"),
    [
        ("", "observation", 1),
        ("observed", "paired", 1),
        ("assisted", "supervised", 1),
        ("supervised", "autonomous", 1),
        ("autonomous", "autonomous", 0),
        ("transmitting", "supervised", -2),
        ("", "autonomous", 4),
    ],
)
def test_the_next_step_is_one_above_what_the_person_has(level: str, mode: str, steps: int) -> None:
    assert gap(level, mode) == steps
    assert is_new_step(level, mode) is (steps == 1)


@pytest.mark.promise("domain R25")
def test_the_reason_is_one_sentence_with_what_was_done_before() -> None:
    found = propose(replace(LEARNER, times=4, goal="autonomous"), "supervised", DAY)
    assert [(one.code, one.severity, one.figures) for one in found.reasons] == [
        (
            "next_step_goal",
            Severity.FOR,
            {"skill": "H2410", "step": "supervised", "level": "assisted", "times": "4"},
        )
    ]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"stumbled": True}, "after_failure"),
        ({"new_that_day": 2}, "new_steps_day"),
        ({"new_that_week": 6}, "new_steps_week"),
    ],
)
def test_too_much_that_is_new_is_a_warning_and_brings_no_points(change: dict[str, Any], code: str) -> None:
    found = propose(replace(LEARNER, **change), "supervised", DAY)
    assert (found.points, [one.code for one in found.reasons]) == (0, [code])
    assert {one.code for one in found.reasons} <= WARNINGS
    # Something known is always possible, and worth something.
    known = propose(replace(LEARNER, **change), "paired", DAY)
    assert known.points > 0
    assert not {one.severity for one in known.reasons} & {Severity.WARN}


def test_a_step_too_far_and_work_without_a_trade_propose_nothing() -> None:
    assert propose(replace(LEARNER, level=""), "supervised", DAY) == propose(Learner(skill=""), "paired", DAY)
    assert propose(Learner(skill=""), "paired", DAY).points == 0


@pytest.mark.promise("domain R25")
@given(learners, modes)
def test_points_lie_between_nothing_and_a_hundred_and_reasons_are_known(learner: Learner, mode: str) -> None:
    found = propose(learner, mode, DAY)
    assert 0 <= found.points <= 100
    assert len(found.reasons) <= 2
    assert all(one.code in REASON_SENTENCES for one in found.reasons)
    assert not [one for one in found.reasons if one.severity == Severity.BLOCK]


@given(learners, modes)
def test_doing_the_same_again_brings_less_each_time(learner: Learner, mode: str) -> None:
    points = [propose(replace(learner, lately=n), mode, DAY).points for n in range(12)]
    assert points == sorted(points, reverse=True)


@given(learners, modes, st.integers(0, 60), st.integers(0, 60))
def test_waiting_longer_never_brings_less(learner: Learner, mode: str, one: int, other: int) -> None:
    short, long = sorted((one, other))
    recent = replace(learner, last_done=DAY - dt.timedelta(days=short))
    rested = replace(learner, last_done=DAY - dt.timedelta(days=long))
    assert propose(recent, mode, DAY).points <= propose(rested, mode, DAY).points


@given(learners, modes)
def test_a_goal_never_lowers_the_points(learner: Learner, mode: str) -> None:
    for goal in LEVELS[1:]:
        assert (
            propose(replace(learner, goal=goal), mode, DAY).points
            >= propose(replace(learner, goal=""), mode, DAY).points
        )


@given(learners, modes)
def test_whoever_stumbled_is_never_pushed(learner: Learner, mode: str) -> None:
    found = propose(replace(learner, stumbled=True), mode, DAY)
    assert not [one for one in found.reasons if one.code.startswith("next_step")]


@pytest.mark.parametrize("changes", [{"known": -1}, {"goal": 90}, {"most_new_a_day": 0}, {"next_step": {"paired": 1}}])
def test_weights_are_checked_at_birth(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        replace(WEIGHTS, **changes)  # type: ignore[arg-type]
    assert set(Weights().next_step) == set(BUILDS) == set(MODES)


def test_a_level_lapses_after_a_year_without_use() -> None:
    now = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
    assert not has_lapsed(None, now)
    assert not has_lapsed(now - dt.timedelta(days=365), now)
    assert has_lapsed(now - dt.timedelta(days=365, seconds=1), now)


# --- clearances --------------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "code", "severity"),
    [
        ([], "clearance_missing", "block"),
        ([Held("driving_b", DAY)], "cleared", "for"),
        ([Held("driving_b", DAY, DAY)], "cleared", "for"),
        ([Held("driving_b", DAY - dt.timedelta(9), DAY - dt.timedelta(1))], "clearance_expired", "block"),
        ([Held("driving_b", DAY + dt.timedelta(1))], "clearance_missing", "block"),
        ([Held("cargo_bike", DAY)], "clearance_missing", "block"),
        ([Held("driving_b", DAY - dt.timedelta(9), DAY - dt.timedelta(1)), Held("driving_b", DAY)], "cleared", "for"),
    ],
)
def test_what_the_work_asks_for_is_there_on_the_day_or_forbids_it(held: list[Held], code: str, severity: str) -> None:
    assert [(one.code, one.severity.value) for one in clearance_reasons(["driving_b"], held, DAY)] == [(code, severity)]
    assert list(clearance_reasons([], held, DAY)) == []


def test_somebody_is_told_before_the_end_and_the_day_after() -> None:
    assert step_days(DAY) == [
        dt.date(2026, 9, 24),
        dt.date(2026, 10, 24),
        dt.date(2026, 11, 16),
        dt.date(2026, 11, 24),
    ]
