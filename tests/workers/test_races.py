"""Two dispatchers at once: one wins, the other is told. Each race has a twin without its guard, which fails."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
import time_machine
from django.db import OperationalError, connection, connections

from bookings.models import WorkOrder
from concierge import tenancy
from concierge.errors import DomainError, Unavailable
from tests.workers.conftest import NOW, Team, at, build_team
from tests.world import build_world
from workers.actions import dispatch, replacing
from workers.actions.dispatch import assign_work_order, move_assignment
from workers.actions.replacing import Choice
from workers.models import Assignment, Occupation, Trainee, TraineeSkill
from workers.rules.candidates import WARNINGS

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def team() -> Iterator[Team]:
    built = build_world()
    with time_machine.travel(NOW, tick=True), tenancy.working_for(built.organisation):
        yield build_team(built)


def at_once(team: Team, *attempts: Callable[[], Any]) -> list[str]:
    """Run the attempts in threads that start together; the code of each refusal, or "ok"."""
    ready = threading.Barrier(len(attempts))

    def run(attempt: Callable[[], Any]) -> str:
        try:
            with tenancy.working_for(team.world.organisation):
                ready.wait(10)
                attempt()
        except DomainError as error:
            return error.code
        else:
            return "ok"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(attempts)) as pool:
        return sorted(pool.map(run, attempts))


@contextmanager
def without_constraint(name: str) -> Iterator[None]:
    """Drop a constraint or unique index of assignments or occupations, and put it back on an empty table."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        cursor.execute(
            "SELECT pg_get_constraintdef(oid), conrelid::regclass FROM pg_constraint WHERE conname = %s", (name,)
        )
        row = cursor.fetchone()
        if row is None:
            cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", (name,))
            back = cursor.fetchone()[0]
            cursor.execute(f"DROP INDEX {name}")
        else:
            back = f"ALTER TABLE {row[1]} ADD CONSTRAINT {name} {row[0]}"
            cursor.execute(f"ALTER TABLE {row[1]} DROP CONSTRAINT {name}")
        cursor.execute("SET ROLE concierge_app")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET ROLE NONE")
            cursor.execute("DELETE FROM workers_helpcall")
            cursor.execute("DELETE FROM workers_occupation")
            cursor.execute("DELETE FROM workers_assignment")
            cursor.execute(back)
            cursor.execute("SET ROLE concierge_app")


@pytest.fixture
def unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for anybody: both have judged before either writes."""
    both_judged = threading.Barrier(2)
    judged = dispatch.judged

    def judge_then_wait(*args: Any, **kwargs: Any) -> Any:
        candidate = judged(*args, **kwargs)
        both_judged.wait(10)
        return candidate

    monkeypatch.setattr(dispatch, "lock_trainee", lambda trainee: Trainee.objects.get(pk=trainee.pk))
    monkeypatch.setattr(dispatch, "judged", judge_then_wait)


def same_person(team: Team) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Two pieces of work for Amina on overlapping times of the same future day."""
    works = [team.work(starts=at(9, days=7)) for _n in range(2)]
    return (
        lambda: assign_work_order(works[0], team.amina, starts_at=at(10, days=7), by=team.dispatcher),
        lambda: assign_work_order(works[1], team.amina, starts_at=at(10, 30, days=7), by=team.supervisor),
    )


@pytest.mark.promise("DR4")
def test_a_person_is_not_put_in_two_places(team: Team) -> None:
    assert at_once(team, *same_person(team)) == ["ok", "trainee_busy"]
    assert Assignment.objects.count() == 1
    assert sorted(WorkOrder.objects.values_list("status", flat=True)) == ["ready", "scheduled"]


@pytest.mark.promise("DR4")
def test_the_constraint_alone_keeps_a_person_in_one_place(team: Team, unlocked: None) -> None:
    assert at_once(team, *same_person(team)) == ["ok", "trainee_busy"]
    assert sorted(WorkOrder.objects.values_list("status", flat=True)) == ["ready", "scheduled"]


def test_without_lock_and_constraint_a_person_is_in_two_places(team: Team, unlocked: None) -> None:
    """The twin: were this to pass, the tests above would prove nothing."""
    with without_constraint("trainee_not_in_two_places"):
        assert at_once(team, *same_person(team)) == ["ok", "ok"]
        assert Assignment.objects.occupying().count() == 2


def same_work(team: Team) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """One piece of work for two people."""
    work = team.work(starts=at(9, days=7))
    return (
        lambda: assign_work_order(work, team.amina, starts_at=at(10, days=7), by=team.dispatcher),
        lambda: assign_work_order(work, team.bilal, starts_at=at(10, days=7), by=team.supervisor),
    )


@pytest.mark.promise("DR4")
def test_work_is_not_given_twice(team: Team) -> None:
    assert at_once(team, *same_work(team)) == ["ok", "work_order_taken"]
    assert Assignment.objects.holding().count() == 1


@pytest.fixture
def blind(unlocked: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work orders are read without a lock as well, and booked whatever they say."""
    read = WorkOrder.objects.select_related("site", "service", "request")
    monkeypatch.setattr(dispatch, "lock_work_order", lambda work: read.get(pk=work.pk))
    monkeypatch.setattr(dispatch, "book_work_order", lambda *args, **kwargs: None)
    monkeypatch.setattr(dispatch, "schedule_work_order", lambda *args, **kwargs: None)


@pytest.mark.promise("DR4")
def test_the_index_alone_keeps_work_with_one_person(team: Team, blind: None) -> None:
    assert at_once(team, *same_work(team)) == ["ok", "work_order_taken"]


def test_without_lock_and_index_work_is_given_twice(team: Team, blind: None) -> None:
    """The twin of the two tests above."""
    with without_constraint("assignment_one_holder_per_work_order"):
        assert at_once(team, *same_work(team)) == ["ok", "ok"]


@pytest.mark.promise("R44")
def test_two_moves_from_the_same_page_are_one_move(team: Team) -> None:
    assignment = assign_work_order(
        team.work(starts=at(9, days=7)), team.amina, starts_at=at(10, days=7), by=team.dispatcher
    )
    answers = at_once(
        team,
        lambda: move_assignment(assignment, starts_at=at(11, days=7), version=1, by=team.dispatcher),
        lambda: move_assignment(assignment, trainee=team.bilal, version=1, by=team.supervisor),
    )
    assert answers in (["ok", "stale_version"], ["ok", "wrong_state"])
    assert Assignment.objects.holding().count() == 1


def test_two_moves_without_a_version_both_happen(team: Team) -> None:
    """The twin: the second dispatcher silently undoes the first."""
    assignment = assign_work_order(
        team.work(starts=at(9, days=7)), team.amina, starts_at=at(10, days=7), by=team.dispatcher
    )
    answers = at_once(
        team,
        lambda: move_assignment(assignment, starts_at=at(11, days=7), by=team.dispatcher),
        lambda: move_assignment(assignment, starts_at=at(9, days=7), by=team.supervisor),
    )
    assert answers == ["ok", "ok"]


# --- things carried to a provider ----------------------------------------


def same_carrying(team: Team) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """One thing to bring to a provider, for two people."""
    work = team.work(starts=at(9, days=7))
    WorkOrder.objects.filter(pk=work.pk).update(
        execution="collected_provider", status="booked", performer_kind="provider", performer_id=1
    )
    return (
        lambda: assign_work_order(work, team.amina, starts_at=at(10, days=7), by=team.dispatcher),
        lambda: assign_work_order(work, team.bilal, starts_at=at(10, days=7), by=team.supervisor),
    )


@pytest.mark.promise("DR4")
def test_two_people_are_not_sent_with_the_same_things(team: Team) -> None:
    assert at_once(team, *same_carrying(team)) == ["ok", "work_order_taken"]
    assert Assignment.objects.occupying().carrying().count() == 1


@pytest.mark.promise("DR4")
def test_the_index_alone_sends_one_person(team: Team, blind: None) -> None:
    assert at_once(team, *same_carrying(team)) == ["ok", "work_order_taken"]


def test_without_lock_and_index_two_people_are_sent(team: Team, blind: None) -> None:
    """The twin of the two tests above."""
    with without_constraint("assignment_one_carrier_per_work_order"):
        assert at_once(team, *same_carrying(team)) == ["ok", "ok"]


# --- who accompanies ------------------------------------------------------


def same_companion(team: Team) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Two people who are to be accompanied at once, and one supervisor for both."""
    works = [team.work(starts=at(9, days=7)) for _n in range(2)]
    with_help: dict[str, Any] = {"supervision_mode": "paired", "accepted_warnings": WARNINGS}
    return (
        lambda: assign_work_order(works[0], team.bilal, starts_at=at(10, days=7), by=team.dispatcher, **with_help),
        lambda: assign_work_order(works[1], team.chloe, starts_at=at(10, 15, days=7), by=team.supervisor, **with_help),
    )


@pytest.mark.promise("DR4")
def test_nobody_accompanies_two_people_at_once(team: Team, unlocked: None) -> None:
    """Both have judged that the supervisor is free: the database refuses the second, and nothing of it stays."""
    assert at_once(team, *same_companion(team)) == ["companion_busy", "ok"]
    assert Occupation.objects.companions().taking().count() == 1
    assert Assignment.objects.occupying().count() == 1
    assert sorted(WorkOrder.objects.values_list("status", flat=True)) == ["ready", "scheduled"]


def test_without_the_constraint_one_supervisor_accompanies_two(team: Team, unlocked: None) -> None:
    """The twin of the test above."""
    with without_constraint("nobody_accompanies_two_at_once"):
        assert at_once(team, *same_companion(team)) == ["ok", "ok"]


def doing_and_showing(team: Team) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Amina can show ironing: she is given work of her own while she is counted on for Bilal's."""
    TraineeSkill.objects.filter(trainee=team.amina).update(level="transmitting")
    own, other = (team.work(starts=at(9, days=7)) for _n in range(2))
    return (
        lambda: assign_work_order(own, team.amina, starts_at=at(10, days=7), by=team.dispatcher),
        lambda: assign_work_order(
            other,
            team.bilal,
            starts_at=at(10, 15, days=7),
            by=team.supervisor,
            supervision_mode="paired",
            accepted_warnings=WARNINGS,
        ),
    )


@pytest.mark.promise("DR4")
def test_nobody_works_and_accompanies_at_once(team: Team, unlocked: None) -> None:
    """Across assignments and accompaniment: one table, one referee."""
    answers = at_once(team, *doing_and_showing(team))
    assert answers in (["companion_busy", "ok"], ["ok", "trainee_busy"])
    assert Occupation.objects.taking().filter(trainee=team.amina).count() == 1


def test_without_the_constraint_somebody_works_and_accompanies_at_once(team: Team, unlocked: None) -> None:
    """The twin of the test above."""
    with without_constraint("trainee_not_in_two_places"):
        assert at_once(team, *doing_and_showing(team)) == ["ok", "ok"]


# --- whole days given to others ---------------------------------------------


def crossing_days(team: Team) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Two days of Amina: the first goes to Bilal then Chloé, the second to Chloé then Bilal."""
    attempts = []
    for days, people in ((7, (team.bilal, team.chloe)), (8, (team.chloe, team.bilal))):
        choices = []
        for hour, person in zip((9, 11), people, strict=True):
            start = at(hour, days=days)
            work = team.work(starts=at(9, days=days))
            piece = assign_work_order(work, team.amina, starts_at=start, by=team.dispatcher)
            choices.append(Choice(piece.public_id, piece.version, person.public_id, start, sorted(WARNINGS)))
        attempts.append(partial(apply, team, at(9, days=days).date(), choices))
    return attempts[0], attempts[1]


def apply(team: Team, day: dt.date, choices: list[Choice]) -> None:
    """Give a day to others; a deadlock is told as such."""
    try:
        outcomes = replacing.replace_day(team.amina, day, choices, by=team.dispatcher)
    except OperationalError as error:
        raise Unavailable from error
    assert [one.error for one in outcomes] == [None, None]


@pytest.mark.promise("DR4")
def test_two_days_given_to_the_same_people_do_not_wait_for_each_other(team: Team) -> None:
    assert at_once(team, *crossing_days(team)) == ["ok", "ok"]
    assert Assignment.objects.occupying().exclude(trainee=team.amina).count() == 4


def test_without_the_order_of_locks_they_do(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: each has one person and wants the other's."""
    both_have_one = threading.Barrier(2)
    once, mine = replacing._apply, threading.local()

    def apply_then_wait(*args: Any) -> Any:
        outcome = once(*args)
        if not getattr(mine, "waited", False):
            mine.waited = True
            both_have_one.wait(10)
        return outcome

    monkeypatch.setattr(replacing, "_lock", lambda pieces, people: None)
    monkeypatch.setattr(replacing, "_apply", apply_then_wait)
    assert at_once(team, *crossing_days(team)) == ["ok", "unavailable"]
