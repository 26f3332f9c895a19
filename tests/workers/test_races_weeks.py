"""Two people publish the same week at once: one version, the other is told. The twin without guards makes two."""

from __future__ import annotations

import datetime as dt
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import time_machine
from django.db import connection

from concierge import tenancy
from concierge.models import Membership
from tests.workers.conftest import NOW, Team, at, build_team
from tests.workers.test_races import at_once
from tests.world import build_world
from workers.actions import absences, companions, consents, dispatch, swaps, weeks
from workers.actions.absences import note_absence
from workers.actions.dispatch import assign_work_order
from workers.actions.swaps import approve_swap, ask_swap
from workers.actions.weeks import plan_hours, publish_week
from workers.models import (
    Assignment,
    HoursConsent,
    Occupation,
    Shift,
    SwapRequest,
    TraineeSkill,
    WeekEdition,
    WorkWeek,
)
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
            for table in ("workers_swaprequest", "workers_hoursconsent", "workers_shift", "workers_weekedition"):
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
    monkeypatch.setattr(weeks, "lock_people", lambda site: None)
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


# --- swaps -------------------------------------------------------------------


def two_swaps(team: Team) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Amina and Chloé both want Bilal's Wednesday, Bilal said yes to both; two supervisors approve at once."""
    for trainee, place in ((team.amina, 0), (team.chloe, 1), (team.bilal, 2)):
        day = MONDAY + dt.timedelta(days=place)
        week = plan_hours(team.world.site, MONDAY, trainee, {day: HOURS}, by=team.supervisor)
    publish_week(week, by=team.supervisor, accepted_warnings=WARNINGS)
    shifts = {one.trainee_id: one for one in Shift.objects.current().select_related("week__site", "trainee")}
    wanted = shifts[team.bilal.pk]
    found = []
    for trainee in (team.amina, team.chloe):
        swap = ask_swap(shifts[trainee.pk], wanted, by=team.themself(trainee))
        SwapRequest.objects.filter(pk=swap.pk).update(status="agreed")
        found.append(swap)
    first, second = found
    return (
        lambda: approve_swap(first, by=team.supervisor, accepted_warnings=WARNINGS),
        lambda: approve_swap(second, by=team.dispatcher, accepted_warnings=WARNINGS),
    )


@pytest.fixture
def unlocked_swaps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for anybody: both have seen the shifts hold before either ends them."""
    both_seen = threading.Barrier(2)
    check = swaps._check_current

    def check_then_wait(*args: Any) -> None:
        check(*args)
        both_seen.wait(10)

    monkeypatch.setattr(swaps, "lock_week", lambda week: WorkWeek.objects.select_related("site").get(pk=week.pk))
    monkeypatch.setattr(swaps, "_lock_both", lambda swap: None)
    monkeypatch.setattr(swaps, "_check_current", check_then_wait)


def who_works_on_wednesday() -> int:
    return Shift.objects.current().filter(day=MONDAY + dt.timedelta(days=2)).count()


@pytest.mark.promise("domain R21")
def test_one_of_two_swaps_of_a_shift_is_approved(team: Team) -> None:
    assert at_once(team, *two_swaps(team)) == ["ok", "shift_gone"]
    assert who_works_on_wednesday() == 1


@pytest.mark.promise("domain R21")
def test_the_constraint_alone_lets_one_swap_through(team: Team, unlocked_swaps: None) -> None:
    pair = two_swaps(team)
    swaps_refused = at_once(team, *pair)
    assert swaps_refused == ["ok", "stale_version"]
    assert who_works_on_wednesday() == 1


def test_without_lock_and_constraint_two_people_are_given_one_shift(team: Team, unlocked_swaps: None) -> None:
    """The twin: were this to pass, the tests above would prove nothing."""
    with without("week_edition_once"):
        assert at_once(team, *two_swaps(team)) == ["ok", "ok"]
        assert who_works_on_wednesday() == 2


# --- publishing, absences and work given ---------------------------------------


def long_day(team: Team) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Amina's Monday is published from 8 to 16 while she is given work from 17 to 21: ten hours are the most (L1)."""
    hours = DayHours(dt.time(8), dt.time(16), dt.time(12), dt.time(12, 30))
    week = plan_hours(team.world.site, MONDAY, team.amina, {MONDAY: hours}, by=team.supervisor)
    work = team.work(starts=at(16, days=21), minutes=240)
    return (
        lambda: publish_week(week, by=team.supervisor, accepted_warnings=WARNINGS),
        lambda: assign_work_order(
            work, team.amina, starts_at=at(17, days=21), by=team.dispatcher, accepted_warnings=WARNINGS
        ),
    )


def kept() -> int:
    return Shift.objects.current().count() + Assignment.objects.holding().count()


@pytest.mark.promise("domain R21")
def test_a_day_published_and_work_given_are_judged_one_after_the_other(team: Team) -> None:
    answers = at_once(team, *long_day(team))
    assert answers in (["assignment_refused", "ok"], ["ok", "week_refused"])
    assert kept() == 1


def test_without_the_lock_of_the_person_the_day_is_too_long(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: were this to pass, the test above would prove nothing."""
    both_judged = threading.Barrier(2)
    read, judge = read_week, dispatch.judged

    def read_then_wait(*args: Any, **kwargs: Any) -> Any:
        plan = read(*args, **kwargs)
        both_judged.wait(10)
        return plan

    def judge_then_wait(*args: Any, **kwargs: Any) -> Any:
        candidate = judge(*args, **kwargs)
        both_judged.wait(10)
        return candidate

    monkeypatch.setattr(weeks, "lock_people", lambda site: None)
    monkeypatch.setattr(weeks, "read_week", read_then_wait)
    monkeypatch.setattr(dispatch, "judged", judge_then_wait)
    assert at_once(team, *long_day(team)) == ["ok", "ok"]
    assert kept() == 2


def long_day_by_swap(team: Team) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Amina gets Bilal's Monday from 8 to 16 while she is given work from 17 to 21 that day (L1)."""
    tuesday = MONDAY + dt.timedelta(days=1)
    hours = DayHours(dt.time(8), dt.time(16), dt.time(12), dt.time(12, 30))
    plan_hours(team.world.site, MONDAY, team.bilal, {MONDAY: hours}, by=team.supervisor)
    week = plan_hours(team.world.site, MONDAY, team.amina, {tuesday: HOURS}, by=team.supervisor)
    publish_week(week, by=team.supervisor, accepted_warnings=WARNINGS)
    shifts = {one.trainee_id: one for one in Shift.objects.current().select_related("week__site", "trainee")}
    swap = ask_swap(shifts[team.amina.pk], shifts[team.bilal.pk], by=team.themself(team.amina))
    SwapRequest.objects.filter(pk=swap.pk).update(status="agreed", answered_at=NOW)
    work = team.work(starts=at(16, days=21), minutes=240)
    return (
        lambda: approve_swap(swap, by=team.supervisor, accepted_warnings=WARNINGS),
        lambda: assign_work_order(
            work, team.amina, starts_at=at(17, days=21), by=team.dispatcher, accepted_warnings=WARNINGS
        ),
    )


@pytest.mark.promise("domain R21")
def test_a_swap_and_work_given_are_judged_one_after_the_other(team: Team) -> None:
    answers = at_once(team, *long_day_by_swap(team))
    assert answers in (["assignment_refused", "ok"], ["ok", "week_refused"])


def test_without_the_lock_of_both_people_the_day_is_too_long(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: were this to pass, the test above would prove nothing."""
    both_judged = threading.Barrier(2)

    def then_wait(judge: Callable[..., Any]) -> Callable[..., Any]:
        def judged(*args: Any, **kwargs: Any) -> Any:
            found = judge(*args, **kwargs)
            both_judged.wait(10)
            return found

        return judged

    monkeypatch.setattr(swaps, "_lock_both", lambda swap: None)
    monkeypatch.setattr(swaps, "judged_people", then_wait(weeks.judged_people))
    monkeypatch.setattr(dispatch, "judged", then_wait(dispatch.judged))
    assert at_once(team, *long_day_by_swap(team)) == ["ok", "ok"]


# --- a yes and a no of the same person -------------------------------------------


def yes_and_no(team: Team) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Pressed on two phones at once."""
    asked = HoursConsent.objects.create(organisation=team.world.organisation, trainee=team.amina, day=MONDAY)
    by, seen = team.themself(team.amina), [asked.public_id]
    return (
        lambda: consents.answer_consents(team.amina, seen, agrees=True, by=by),
        lambda: consents.answer_consents(team.amina, seen, agrees=False, by=by),
    )


def said(team: Team) -> str:
    return HoursConsent.objects.get(trainee=team.amina).status


@pytest.mark.promise("L14")
def test_a_no_never_undoes_a_yes_that_it_has_not_seen(team: Team) -> None:
    """Whichever comes first: the yes stands, as a yes may follow a no and a no may not follow a yes."""
    assert at_once(team, *yes_and_no(team)) in (["ok", "wrong_state"], ["ok", "ok"])
    assert said(team) == "agreed"


def test_without_the_lock_a_no_undoes_it(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: were this to pass, the test above would prove nothing."""
    yes, no = yes_and_no(team)

    def read_then_let_agree(asked: Any) -> list[HoursConsent]:
        rows = list(asked)
        monkeypatch.setattr(consents, "_locked", list)
        assert at_once(team, yes) == ["ok"]
        return rows

    monkeypatch.setattr(consents, "_locked", read_then_let_agree)
    assert at_once(team, no) == ["ok"]
    assert said(team) == "declined"


def noted_while_answered(team: Team, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Amina says no on her phone once whoever notes her yes has read that the question is open."""
    plan_hours(team.world.site, MONDAY, team.amina, {MONDAY + dt.timedelta(days=1): HOURS}, by=team.supervisor)
    asked = HoursConsent.objects.create(organisation=team.world.organisation, trainee=team.amina, day=MONDAY)
    read, answered = threading.Event(), threading.Event()

    def read_then_wait(*args: Any, **kwargs: Any) -> Any:
        plan = read_week(*args, **kwargs)
        read.set()
        answered.wait(1)
        return plan

    def say_no() -> None:
        read.wait(10)
        by = team.themself(team.amina)
        consents.answer_consents(team.amina, [asked.public_id], agrees=False, by=by)
        answered.set()

    monkeypatch.setattr(consents, "read_week", read_then_wait)
    said, by = NOW.date(), team.dispatcher
    return at_once(team, lambda: consents.note_consent(team.amina, MONDAY, agreed_on=said, by=by), say_no)


@pytest.mark.promise("L13", "L14")
def test_a_no_said_meanwhile_is_never_overwritten(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """Either answer comes first, and the other one is told."""
    assert noted_while_answered(team, monkeypatch) == ["ok", "wrong_state"]


def test_without_the_lock_a_no_is_overwritten(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: were this to pass, the test above would prove nothing."""
    monkeypatch.setattr(consents, "_locked", list)
    assert noted_while_answered(team, monkeypatch) == ["ok", "ok"]


def absent_companion(team: Team) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Amina, who can show ironing, is to accompany Bilal on the day that she is said to be away."""
    TraineeSkill.objects.filter(trainee=team.amina).update(level="transmitting")
    Membership.objects.filter(role="supervisor").delete()
    work = team.work(starts=at(9, days=21))
    return (
        lambda: note_absence(team.amina, starts_on=MONDAY, ends_on=MONDAY, by=team.dispatcher),
        lambda: assign_work_order(
            work,
            team.bilal,
            starts_at=at(10, days=21),
            by=team.dispatcher,
            supervision_mode="paired",
            accepted_warnings=WARNINGS,
        ),
    )


def judged_before_the_absence(monkeypatch: pytest.MonkeyPatch) -> None:
    """The absence is written once the companion was chosen, before their time is taken."""
    chosen, written = threading.Event(), threading.Event()
    judge = dispatch.judged

    def judge_then_wait(*args: Any, **kwargs: Any) -> Any:
        candidate = judge(*args, **kwargs)
        chosen.set()
        written.wait(10)
        return candidate

    monkeypatch.setattr(dispatch, "judged", judge_then_wait)
    inner = absences.note_absence

    def note_when_chosen(*args: Any, **kwargs: Any) -> Any:
        chosen.wait(10)
        try:
            return inner(*args, **kwargs)
        finally:
            written.set()

    monkeypatch.setattr(sys.modules[__name__], "note_absence", note_when_chosen)


@pytest.mark.promise("DR4")
def test_nobody_who_is_away_accompanies(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    judged_before_the_absence(monkeypatch)
    assert at_once(team, *absent_companion(team)) == ["companion_busy", "ok"]
    assert not Occupation.objects.companions().taking().exists()


def test_without_judging_again_somebody_away_accompanies(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin of the test above."""
    judged_before_the_absence(monkeypatch)
    monkeypatch.setattr(companions, "_check_still_may", lambda *args: None)
    assert at_once(team, *absent_companion(team)) == ["ok", "ok"]
    assert Occupation.objects.companions().taking().filter(trainee=team.amina).exists()
