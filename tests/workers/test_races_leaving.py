"""Somebody leaves while they are given work, or their hours are published: nothing is left to them after that.

Each race has a twin without its guard, which fails.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine

from concierge import tenancy
from concierge.enums import Role
from tests.workers.conftest import NOW, Team, at, build_team
from tests.workers.test_races import at_once
from tests.world import build_world
from workers.actions import dispatch, leaving, weeks
from workers.actions.dispatch import assign_work_order
from workers.actions.leaving import leave_team, return_to_team
from workers.actions.weeks import plan_hours, publish_week
from workers.models import Assignment, Shift, Trainee
from workers.models.weeks import read_week
from workers.rules.candidates import WARNINGS
from workers.rules.shifts import DayHours

pytestmark = [pytest.mark.django_db(transaction=True)]

MONDAY = NOW.date() + dt.timedelta(days=21)
LAST = NOW.date() + dt.timedelta(days=4)


@pytest.fixture
def team() -> Iterator[Team]:
    built = build_world()
    with time_machine.travel(NOW, tick=True), tenancy.working_for(built.organisation):
        yield build_team(built)


Pair = tuple[Callable[[], Any], Callable[[], Any]]


def leaving_and_given(team: Team) -> Pair:
    """Amina's last day is Friday; she is given work of the Monday after."""
    work = team.work(starts=at(9, days=7))
    return (
        lambda: leave_team(team.amina, last_on=LAST, by=team.world.actor(Role.SITE_MANAGER)),
        lambda: assign_work_order(
            work, team.amina, starts_at=at(10, days=7), by=team.dispatcher, accepted_warnings=WARNINGS
        ),
    )


def leaving_and_published(team: Team) -> Pair:
    """Her hours of a week of after it are published."""
    hours = DayHours(dt.time(9), dt.time(12))
    plan_hours(team.world.site, MONDAY, team.bilal, {MONDAY: hours}, by=team.supervisor)
    week = plan_hours(team.world.site, MONDAY, team.amina, {MONDAY: hours}, by=team.supervisor)
    return (
        lambda: leave_team(team.amina, last_on=LAST, by=team.world.actor(Role.SITE_MANAGER)),
        lambda: publish_week(week, by=team.supervisor, accepted_warnings=WARNINGS),
    )


def left_to(team: Team) -> int:
    """Work and hours that Amina has."""
    return (
        Assignment.objects.occupying().filter(trainee=team.amina).count()
        + Shift.objects.current().filter(trainee=team.amina).count()
    )


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> threading.Barrier:
    """Nobody waits for the person: whoever writes that she leaves has seen what she holds, and the other has judged."""
    both = threading.Barrier(2)
    lock = leaving._lock

    def lock_then_wait(held: Any, *, is_waiting: bool) -> bool:
        found = lock(held, is_waiting=is_waiting)
        if not is_waiting:
            both.wait(10)
        return found

    monkeypatch.setattr(leaving, "lock_trainee", lambda trainee: Trainee.objects.get(pk=trainee.pk))
    monkeypatch.setattr(leaving, "_lock", lock_then_wait)
    return both


@pytest.mark.promise("DR4")
def test_work_given_to_somebody_who_leaves_is_given_back_or_refused(team: Team) -> None:
    answers = at_once(team, *leaving_and_given(team))
    assert answers in (["ok", "ok"], ["assignment_refused", "ok"], ["held_meanwhile", "ok"])
    is_leaving = Trainee.objects.get(pk=team.amina.pk).last_on is not None
    assert left_to(team) == (0 if is_leaving else 1)


def test_without_the_lock_of_the_person_work_is_left_to_them(
    team: Team, seen: threading.Barrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: were this to pass, the test above would prove nothing."""
    judge = dispatch.judged

    def judge_then_wait(*args: Any, **kwargs: Any) -> Any:
        candidate = judge(*args, **kwargs)
        seen.wait(10)
        return candidate

    monkeypatch.setattr(dispatch, "lock_trainee", lambda trainee: Trainee.objects.get(pk=trainee.pk))
    monkeypatch.setattr(dispatch, "judged", judge_then_wait)
    assert at_once(team, *leaving_and_given(team)) == ["ok", "ok"]
    assert left_to(team) == 1


@pytest.mark.promise("domain R21")
def test_hours_of_somebody_who_leaves_are_ended_or_not_published(team: Team) -> None:
    assert at_once(team, *leaving_and_published(team)) in (["ok", "ok"], ["held_meanwhile", "ok"])
    is_leaving = Trainee.objects.get(pk=team.amina.pk).last_on is not None
    assert left_to(team) == (0 if is_leaving else 1)
    assert Shift.objects.current().filter(trainee=team.bilal).count() == 1


def test_without_the_lock_of_the_person_hours_are_left_to_them(
    team: Team, seen: threading.Barrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin, likewise."""
    read = read_week

    def read_then_wait(*args: Any, **kwargs: Any) -> Any:
        plan = read(*args, **kwargs)
        seen.wait(10)
        return plan

    monkeypatch.setattr(weeks, "lock_people", lambda site: None)
    monkeypatch.setattr(weeks, "read_week", read_then_wait)
    assert at_once(team, *leaving_and_published(team)) == ["ok", "ok"]
    assert left_to(team) == 1


@pytest.mark.promise("DR4")
def test_two_who_write_the_last_day_or_take_it_back_at_once(team: Team) -> None:
    by = team.world.actor(Role.SITE_MANAGER)
    twice = [lambda: leave_team(team.amina, last_on=LAST, by=by)] * 2
    assert at_once(team, *twice) == ["already_leaving", "ok"]
    again = [lambda: return_to_team(team.amina, by=by)] * 2
    assert at_once(team, *again) == ["not_leaving", "ok"]
