"""Hours under two hands at once. Each race has a twin without its guard, which fails."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import time_machine
from django.db import connection, connections

from concierge import events, tenancy
from concierge.enums import Role
from concierge.errors import DomainError
from tests.races import until_waited_for
from tests.workers.conftest import NOW, Team, at, build_team
from tests.world import build_world
from workers.actions import hours
from workers.actions import time as clock
from workers.actions.hours import Said, add_entry, correct_entry, validate_entries
from workers.actions.timesheets import close_month
from workers.enums import TimeKind
from workers.models import TimeEntry, TimesheetMonth, Trainee
from workers.models.timesheets import site_month

pytestmark = [pytest.mark.django_db(transaction=True)]

NOVEMBER = dt.date(2026, 11, 1)


@pytest.fixture
def team() -> Iterator[Team]:
    built = build_world()
    with time_machine.travel(NOW + dt.timedelta(days=10), tick=True), tenancy.working_for(built.organisation):
        yield build_team(built)


def code_of(team: Team, attempt: Callable[[], Any]) -> str:
    try:
        with tenancy.working_for(team.world.organisation):
            attempt()
    except DomainError as error:
        return error.code
    else:
        return "ok"
    finally:
        connections.close_all()


def at_once(team: Team, *attempts: Callable[[], Any]) -> list[str]:
    """Run the attempts in threads that start together; the code of each refusal, or "ok"."""
    ready = threading.Barrier(len(attempts))

    def run(attempt: Callable[[], Any]) -> str:
        ready.wait(10)
        return code_of(team, attempt)

    with ThreadPoolExecutor(len(attempts)) as pool:
        return sorted(pool.map(run, attempts))


@contextmanager
def as_owner() -> Iterator[Any]:
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        yield cursor
        cursor.execute("SET ROLE concierge_app")


@contextmanager
def unguarded() -> Iterator[None]:
    """Without the trigger that makes hours wait for their month."""
    with as_owner() as cursor:
        cursor.execute("ALTER TABLE workers_timeentry DISABLE TRIGGER hours_of_an_open_month")
    try:
        yield
    finally:
        with as_owner() as cursor:
            cursor.execute("ALTER TABLE workers_timeentry ENABLE TRIGGER hours_of_an_open_month")


def morning(team: Team) -> Said:
    return Said("work", starts_at=at(9), ends_at=at(12))


def closing_against_writing(team: Team, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """The accountant has read the month and is about to close it; then the supervisor writes an hour."""
    read, written = threading.Event(), threading.Event()

    def read_then_wait(*given: Any, **more: Any) -> Any:
        found = site_month(*given, **more)
        read.set()
        until_waited_for(written)
        return found

    monkeypatch.setattr("workers.actions.timesheets.site_month", read_then_wait)

    def close() -> None:
        close_month(team.world.site, NOVEMBER, by=team.world.actor(Role.ACCOUNTANT), accepts_missing=True)

    def write() -> None:
        assert read.wait(10)
        try:
            add_entry(team.amina, morning(team), by=team.supervisor)
        finally:
            written.set()

    with ThreadPoolExecutor(2) as pool:
        closed, entered = pool.map(lambda attempt: code_of(team, attempt), (close, write))
    return closed, entered


@pytest.mark.promise("domain R20", "R40")
def test_hours_wait_for_the_closing_of_their_month(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    assert closing_against_writing(team, monkeypatch) == ("ok", "month_closed")
    assert (TimesheetMonth.objects.get().status, TimeEntry.objects.count()) == ("closed", 0)


def test_without_the_trigger_hours_land_in_a_closed_month(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: were this to pass, the test above would prove nothing."""
    with unguarded():
        assert closing_against_writing(team, monkeypatch) == ("ok", "ok")
    assert (TimesheetMonth.objects.get().status, TimeEntry.objects.count()) == ("closed", 1)


@pytest.mark.promise("domain R20")
def test_closing_waits_for_hours_that_are_being_written(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other way round: what was written first is read by whoever closes, and stops them."""
    written, over = threading.Event(), threading.Event()
    record = events.record

    def record_then_wait(name: str, *given: Any, **more: Any) -> Any:
        event = record(name, *given, **more)
        if name == "time_entry.started":
            written.set()
            until_waited_for(over)
        return event

    monkeypatch.setattr(events, "record", record_then_wait)

    def write() -> None:
        clock.clock_in(team.amina, kind=TimeKind.WORK, by=team.themself(team.amina), act_at=at(9))

    def close() -> None:
        assert written.wait(10)
        try:
            close_month(team.world.site, NOVEMBER, by=team.world.actor(Role.ACCOUNTANT), accepts_missing=True)
        finally:
            over.set()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda attempt: code_of(team, attempt), (write, close)))
    assert answers == ["ok", "month_not_ready"]


@pytest.mark.promise("domain R20")
def test_two_supervisors_validate_the_same_hours_once(team: Team) -> None:
    by = team.themself(team.amina)
    clock.clock_in(team.amina, kind=TimeKind.WORK, by=by, act_at=at(9))
    entry = clock.clock_out(team.amina, by=by, act_at=at(12))
    assert entry is not None
    manager = team.world.actor(Role.SITE_MANAGER)
    assert at_once(
        team, lambda: validate_entries([entry], by=team.supervisor), lambda: validate_entries([entry], by=manager)
    ) == ["ok", "wrong_state"]


@pytest.mark.promise("domain R20")
def test_two_corrections_of_the_same_hours_are_one(team: Team) -> None:
    entry = add_entry(team.amina, morning(team), by=team.supervisor)
    to = [Said("work", starts_at=at(9), ends_at=at(hour)) for hour in (10, 11)]
    answers = at_once(
        team,
        *(lambda one=one: correct_entry(entry, one, reason="x", by=team.supervisor) for one in to),
    )
    assert answers == ["ok", "stale_version"]
    assert (TimeEntry.objects.count(), TimeEntry.objects.current().count()) == (2, 1)


def both_write(team: Team) -> list[str]:
    return at_once(
        team,
        lambda: add_entry(team.amina, morning(team), by=team.supervisor),
        lambda: add_entry(team.amina, Said("training", starts_at=at(11), ends_at=at(13)), by=team.supervisor),
    )


@pytest.fixture
def unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the person's row."""
    together = threading.Barrier(2)

    def look(trainee_id: int) -> Trainee:
        person = Trainee.objects.select_related("site", "organisation").get(pk=trainee_id)
        together.wait(10)
        return person

    monkeypatch.setattr(hours, "lock_person", look)


@pytest.mark.promise("domain R20", "R40")
def test_the_constraint_alone_keeps_hours_apart(team: Team, unlocked: None) -> None:
    assert both_write(team) == ["hours_overlap", "ok"]


def test_without_the_constraint_hours_overlap(team: Team, unlocked: None) -> None:
    """The twin."""
    name = "time_entries_do_not_overlap"
    with as_owner() as cursor:
        cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", (name,))
        back = cursor.fetchone()[0]
        cursor.execute(f"ALTER TABLE workers_timeentry DROP CONSTRAINT {name}")
    try:
        assert both_write(team) == ["ok", "ok"]
    finally:
        with as_owner() as cursor:
            cursor.execute("DELETE FROM workers_timeentry")
            cursor.execute(f"ALTER TABLE workers_timeentry ADD CONSTRAINT {name} {back}")
