"""Two advisers write in one ledger at once. Each race has a twin without its guard, which fails."""

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
from tests.employing import employ
from tests.workers.conftest import NOW, Team, build_team
from tests.workers.pathways import END, adviser_of, pass_of, suspension
from tests.workers.test_races import at_once
from tests.world import build_world
from workers.actions import passes
from workers.actions.contracts import withdraw_contract
from workers.actions.passes import resume_pass, suspend_pass
from workers.models import PassIAE, PassSuspension

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.promise("domain R23", "DR4")]


@pytest.fixture
def team() -> Iterator[Team]:
    built = build_world()
    with time_machine.travel(NOW, tick=True), tenancy.working_for(built.organisation):
        yield build_team(built)


@pytest.fixture
def unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for anybody: both have judged before either writes."""
    both_judged = threading.Barrier(2)
    judged = passes.preview_suspension

    def judge_then_wait(*args: Any, **kwargs: Any) -> Any:
        seen = judged(*args, **kwargs)
        both_judged.wait(10)
        return seen

    monkeypatch.setattr(passes, "lock_pass", lambda found: PassIAE.objects.get(pk=found.pk))
    monkeypatch.setattr(passes, "preview_suspension", judge_then_wait)


@contextmanager
def without(*statements: str) -> Iterator[None]:
    """Take guards of the database away; the database of this test is thrown away after it."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("SET ROLE concierge_app")
    yield


def both(team: Team) -> tuple[PassIAE, Callable[[], Any], Callable[[], Any]]:
    """Two suspensions of the same days."""
    by, pass_iae = adviser_of(team), pass_of(team)
    return (
        pass_iae,
        lambda: suspend_pass(pass_iae, suspension("2026-11-01", "2026-11-30"), by=by),
        lambda: suspend_pass(pass_iae, suspension("2026-11-10", "2026-11-20"), by=by),
    )


def test_two_suspensions_at_once_are_one(team: Team) -> None:
    pass_iae, first, second = both(team)
    answers = at_once(team, first, second)
    assert answers in (["ok", "pass_refused"], ["ok", "suspensions_overlap"])
    pass_iae.refresh_from_db()
    assert (PassSuspension.objects.count(), pass_iae.ends_on) == (1, pass_iae.ledger().ends_on)
    assert pass_iae.ends_on > END


def test_the_constraint_alone_refuses_the_second(team: Team, unlocked: None) -> None:
    _pass_iae, first, second = both(team)
    assert at_once(team, first, second) == ["ok", "suspensions_overlap"]
    assert PassSuspension.objects.count() == 1


def test_without_lock_and_constraints_both_are_stored(team: Team, unlocked: None) -> None:
    """The twin: were this to pass, the tests above would prove nothing."""
    pass_iae, first, second = both(team)
    table = "ALTER TABLE workers_passsuspension"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s",
            ("suspensions_of_a_pass_do_not_overlap",),
        )
        back = cursor.fetchone()[0]
    try:
        with without(
            f"{table} DROP CONSTRAINT suspensions_of_a_pass_do_not_overlap",
            f"{table} DISABLE TRIGGER USER",
            "ALTER TABLE workers_passiae DISABLE TRIGGER USER",
        ):
            at_once(team, first, second)
            pass_iae.refresh_from_db()
            assert PassSuspension.objects.count() == 2
            assert pass_iae.ends_on != pass_iae.ledger().ends_on
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET ROLE NONE")
            cursor.execute("DELETE FROM workers_passsuspension")
            cursor.execute(f"{table} ADD CONSTRAINT suspensions_of_a_pass_do_not_overlap {back}")
            cursor.execute(f"{table} ENABLE TRIGGER USER")
            cursor.execute("ALTER TABLE workers_passiae ENABLE TRIGGER USER")
            cursor.execute("SET ROLE concierge_app")


def withdrawn_while_handled(team: Team, monkeypatch: pytest.MonkeyPatch) -> tuple[PassSuspension, list[str]]:
    """Chloé's hire ends her suspension; it is withdrawn once that has read that the hire stands."""
    pass_iae = pass_of(team, team.chloe)
    team.chloe.contracts.update(withdrawn_on=NOW.date())
    entry = suspend_pass(pass_iae, suspension("2026-11-01", None), by=adviser_of(team))
    signed = employ(team.chloe, starts_on=dt.date(2026, 11, 10))
    read, withdrawn = threading.Event(), threading.Event()
    is_hired = passes._is_hired

    def read_then_wait(*args: Any) -> bool:
        found = is_hired(*args)
        read.set()
        withdrawn.wait(1)
        return found

    def withdraw() -> None:
        read.wait(10)
        withdraw_contract(signed, by=team.supervisor)
        withdrawn.set()

    monkeypatch.setattr(passes, "_is_hired", read_then_wait)
    hired_on, by = signed.starts_on, team.world.actor()
    return entry, at_once(team, lambda: resume_pass(team.chloe, hired_on=hired_on, by=by), withdraw)


def test_a_hire_withdrawn_while_it_is_handled_ends_no_suspension(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    entry, answers = withdrawn_while_handled(team, monkeypatch)
    assert answers == ["ok", "ok"]
    assert PassSuspension.objects.counting().get().stretch == entry.stretch


def test_without_the_lock_a_withdrawn_hire_ends_the_suspension(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: were this to pass, the test above would prove nothing."""
    monkeypatch.setattr(passes, "_lock_person", lambda trainee: None)
    entry, answers = withdrawn_while_handled(team, monkeypatch)
    assert answers == ["ok", "ok"]
    assert PassSuspension.objects.counting().get().stretch != entry.stretch
