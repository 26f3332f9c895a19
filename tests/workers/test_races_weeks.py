"""Two people publish the same week at once: one version, the other is told. The twin without guards makes two."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import time_machine
from django.db import connection

from concierge import tenancy
from tests.workers.conftest import NOW, Team, build_team
from tests.workers.test_races import at_once
from tests.world import build_world
from workers.actions import weeks
from workers.actions.weeks import plan_hours, publish_week
from workers.models import Shift, WeekEdition, WorkWeek
from workers.models.weeks import read_week
from workers.rules.candidates import WARNINGS
from workers.rules.shifts import DayHours

pytestmark = [pytest.mark.django_db(transaction=True)]

MONDAY = NOW.date() + dt.timedelta(days=21)
HOURS = DayHours(dt.time(9), dt.time(12))


@pytest.fixture
def team() -> Iterator[Team]:
    built = build_world()
    with time_machine.travel(NOW, tick=True), tenancy.working_for(built.organisation):
        yield build_team(built)


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Drop unique constraints of the tables of weeks, and put them back on empty tables."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        back = []
        for name in names:
            cursor.execute("SELECT indexdef, tablename FROM pg_indexes WHERE indexname = %s", (name,))
            definition, table = cursor.fetchone()
            cursor.execute("SELECT count(*) FROM pg_constraint WHERE conname = %s", (name,))
            is_constraint = cursor.fetchone()[0]
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}" if is_constraint else f"DROP INDEX {name}")
            back.append(
                f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE (week_id, number)" if is_constraint else definition
            )
        cursor.execute("SET ROLE concierge_app")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET ROLE NONE")
            for table in ("workers_shift", "workers_weekedition"):
                cursor.execute(f"DELETE FROM {table}")
            for statement in back:
                cursor.execute(statement)
            cursor.execute("SET ROLE concierge_app")


def both_publish(team: Team) -> tuple[Callable[[], Any], Callable[[], Any]]:
    week = plan_hours(team.world.site, MONDAY, team.amina, {MONDAY: HOURS}, by=team.supervisor)
    return (
        lambda: publish_week(week, version=week.version, by=team.supervisor, accepted_warnings=WARNINGS),
        lambda: publish_week(week, version=week.version, by=team.dispatcher, accepted_warnings=WARNINGS),
    )


@pytest.fixture
def unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for anybody: both have read the draft before either writes."""
    both_read = threading.Barrier(2)
    read = read_week

    def read_then_wait(*args: Any, **kwargs: Any) -> Any:
        plan = read(*args, **kwargs)
        both_read.wait(10)
        return plan

    monkeypatch.setattr(weeks, "lock_week", lambda week: WorkWeek.objects.select_related("site").get(pk=week.pk))
    monkeypatch.setattr(weeks, "read_week", read_then_wait)


@pytest.mark.promise("domain R21")
def test_one_of_two_publications_is_the_next_version(team: Team) -> None:
    assert at_once(team, *both_publish(team)) == ["ok", "stale_version"]
    assert (WeekEdition.objects.count(), Shift.objects.count()) == (1, 1)


@pytest.mark.promise("domain R21")
def test_the_constraints_alone_let_one_through(team: Team, unlocked: None) -> None:
    assert at_once(team, *both_publish(team)) == ["ok", "stale_version"]
    assert (WeekEdition.objects.count(), Shift.objects.count()) == (1, 1)


def test_without_lock_and_constraints_there_are_two_first_versions(team: Team, unlocked: None) -> None:
    """The twin: were this to pass, the tests above would prove nothing."""
    with without("week_edition_once", "shift_once_a_day"):
        assert at_once(team, *both_publish(team)) == ["ok", "ok"]
        assert (WeekEdition.objects.count(), Shift.objects.count()) == (2, 2)
