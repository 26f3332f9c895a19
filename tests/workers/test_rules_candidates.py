"""Every reason for and against somebody, with its figures (R14)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.enums import REASON_SENTENCES, SkillLevel, SupervisionMode
from workers.rules.candidates import LEVELS, MODES, WARNINGS, Person, Severity, Task, best_mode, judge
from workers.rules.contracts import Contract, PersonFile, Restriction
from workers.rules.intervals import Interval, Span

PARIS = ZoneInfo("Europe/Paris")
NOW = dt.datetime(2026, 11, 23, 8, 0, tzinfo=PARIS)


def span(start: float, end: float, day: int = 23) -> Interval:
    midnight = dt.datetime(2026, 11, day, tzinfo=PARIS)
    return Interval(midnight + dt.timedelta(hours=start), midnight + dt.timedelta(hours=end))


def taken(start: float, end: float, day: int = 23) -> Span:
    return span(start, end, day).span


CONTRACT = Contract(
    employer_id=1,
    employer_kind="ei",
    kind="cddi",
    starts_on=dt.date(2026, 9, 1),
    ends_on=dt.date(2027, 8, 31),
    weekly_minutes=26 * 60,
)


def under(**change: object) -> PersonFile:
    return PersonFile((replace(CONTRACT, **change),))  # type: ignore[arg-type]


PERSON = Person(
    file=under(),
    site_id=1,
    level="autonomous",
    open_windows=(span(9, 12.5), span(13.5, 17.5)),
)
TASK = Task(window=span(10, 11), skill="H2410", mode="autonomous", promise=span(9, 18), site_id=1)


def codes(person: Person = PERSON, task: Task = TASK) -> dict[str, str]:
    return {reason.code: reason.severity.value for reason in judge(person, task, zone=PARIS, now=NOW).reasons}


def test_somebody_who_fits_has_only_reasons_for() -> None:
    assert codes() == {"available": "for", "free": "for", "skill": "for", "hours_left": "for"}


@pytest.mark.promise("domain R14")
@pytest.mark.parametrize(
    ("change", "reason", "severity"),
    [
        ({"is_active": False}, "left", "block"),
        ({"file": under(ends_on=dt.date(2026, 11, 22))}, "no_contract", "block"),
        ({"file": PersonFile()}, "no_contract", "block"),
        ({"file": under(employer_kind="outside")}, "no_contract", "block"),
        ({"file": under(starts_on=dt.date(2026, 11, 24))}, "no_contract", "block"),
        ({"is_away": True, "open_windows": ()}, "absent", "block"),
        ({"open_windows": (span(13, 17),)}, "not_available", "warn"),
        ({"planned": (taken(10.5, 12),)}, "busy", "block"),
        ({"level": "assisted"}, "skill_low", "warn"),
        ({"level": ""}, "skill_missing", "warn"),
        ({"site_id": 2}, "other_site", "info"),
        ({"planned": (taken(9, 10), taken(9, 21, 25), taken(9, 20.75, 26))}, "hours_left", "for"),
        ({"planned": (taken(9, 10), taken(9, 21, 25), taken(9, 21, 26))}, "hours_reached", "info"),
        ({"published": (taken(9, 12), taken(9, 21, 25), taken(9, 20, 26))}, "hours_published", "for"),
        ({"published": (taken(9, 10.5), taken(9, 21, 25))}, "hours_left", "for"),
        ({"planned": (taken(9, 10), taken(9, 21, 25), taken(9, 21.5, 26))}, "contract_hours", "warn"),
        ({"planned": (taken(11, 16),)}, "L6", "block"),
        ({"planned": (taken(11.5, 15), taken(16, 22))}, "L1", "block"),
        ({"planned": (taken(20, 23.5, 22),)}, "L4", "block"),
    ],
)
def test_each_reason_is_told(change: dict[str, Any], reason: str, severity: str) -> None:
    assert codes(replace(PERSON, **change))[reason] == severity


def test_work_may_begin_when_other_work_ends() -> None:
    assert "busy" not in codes(replace(PERSON, planned=(taken(9, 10), taken(11, 12))))


def test_finished_work_counts_for_hours_but_takes_no_place() -> None:
    found = codes(replace(PERSON, worked=(taken(11, 16),)))
    assert "busy" not in found
    assert found["L6"] == "block"


@pytest.mark.parametrize(
    ("mode", "level", "fits"),
    [
        ("autonomous", "autonomous", True),
        ("autonomous", "supervised", False),
        ("supervised", "assisted", True),
        ("supervised", "observed", False),
        ("paired", "observed", True),
        ("paired", "", False),
        ("observation", "", True),
    ],
)
def test_the_way_of_accompanying_compensates_a_level(mode: str, level: str, fits: bool) -> None:
    found = codes(replace(PERSON, level=level), replace(TASK, mode=mode))
    assert bool({"skill_low", "skill_missing"} & found.keys()) is not fits


def test_accompanied_work_needs_a_supervisor() -> None:
    alone = replace(PERSON, has_supervisor=False)
    assert codes(alone, replace(TASK, mode="paired"))["no_supervisor"] == "warn"
    assert "no_supervisor" not in codes(alone)


def test_the_promise_to_the_client_is_watched() -> None:
    assert codes(task=replace(TASK, promise=span(10.5, 18)))["before_promise"] == "warn"
    assert codes(task=replace(TASK, promise=span(9, 10.5)))["after_promise"] == "warn"
    assert codes(task=replace(TASK, window=span(7, 7.5)))["already_past"] == "warn"


@pytest.mark.promise("L23")
@pytest.mark.parametrize(
    ("code", "at", "task", "severity"),
    [
        ("no_ladder", None, {"demands": frozenset({"no_ladder"})}, "block"),
        ("no_ladder", None, {"demands": frozenset({"no_heavy_load"})}, None),
        ("not_before", dt.time(10), {}, None),
        ("not_before", dt.time(10, 1), {}, "block"),
        ("not_after", dt.time(11), {}, None),
        ("not_after", dt.time(10, 59), {}, "block"),
        ("no_night", None, {}, None),
        ("not_alone", None, {"demands": frozenset({"not_alone"})}, "block"),
        ("audio", None, {}, "info"),
        ("needs_bus_line", None, {}, "info"),
    ],
)
def test_what_somebody_must_not_be_given_is_forbidden_and_what_they_need_is_said(
    code: str, at: dt.time | None, task: dict[str, object], severity: str | None
) -> None:
    today = dt.date(2026, 11, 23)
    restriction = Restriction(code, today, today, at)
    limited = replace(PERSON, file=PersonFile((CONTRACT,), restrictions=(restriction,)))
    found = codes(limited, replace(TASK, **task))  # type: ignore[arg-type]
    assert found.get("L23", found.get("needs")) == severity
    later = replace(restriction, starts_on=dt.date(2026, 11, 24), ends_on=None)
    free = replace(PERSON, file=PersonFile((CONTRACT,), restrictions=(later,)))
    assert not {"L23", "needs"} & codes(free, replace(TASK, **task)).keys()  # type: ignore[arg-type]


def test_a_service_without_skill_asks_for_none() -> None:
    assert codes(replace(PERSON, level=""), replace(TASK, skill=""))["no_skill_needed"] == "info"


def test_rules_and_stored_words_name_the_same_levels_and_modes() -> None:
    assert ("", *SkillLevel.values) == LEVELS
    assert tuple(SupervisionMode.values) == MODES


persons = st.builds(
    replace,
    st.just(PERSON),
    is_active=st.booleans(),
    is_away=st.booleans(),
    has_supervisor=st.booleans(),
    level=st.sampled_from(LEVELS),
    file=st.integers(1, 2880).map(lambda minutes: under(weekly_minutes=minutes)),
    planned=st.lists(st.builds(taken, st.integers(0, 11), st.integers(12, 24), st.integers(22, 29)), max_size=4).map(
        tuple
    ),
)
tasks = st.builds(
    replace,
    st.just(TASK),
    window=st.builds(span, st.integers(0, 11), st.integers(12, 20)),
    mode=st.sampled_from(MODES),
    skill=st.sampled_from(["", "H2410"]),
)


@given(persons, tasks)
def test_whatever_speaks_against_somebody_has_a_sentence_and_is_declared(person: Person, task: Task) -> None:
    verdict = judge(person, task, zone=PARIS, now=NOW)
    assert {reason.code for reason in verdict.reasons} <= REASON_SENTENCES.keys()
    assert verdict.warnings <= WARNINGS
    assert verdict.is_possible is not any(reason.severity is Severity.BLOCK for reason in verdict.reasons)


@given(st.sampled_from(LEVELS))
def test_the_best_mode_never_calls_for_a_warning(level: str) -> None:
    found = codes(replace(PERSON, level=level), replace(TASK, mode=best_mode(level)))
    assert not {"skill_low", "skill_missing"} & found.keys()
