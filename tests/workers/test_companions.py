"""Who is beside somebody at work: their time is taken, moves with the work and comes back with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.utils.translation import override

from concierge.models import Event, Membership
from notifications.models import Message
from tests.conftest import settle
from tests.workers.conftest import NOW, PARIS, Team, at
from workers.actions.absences import note_absence
from workers.actions.candidates import candidates
from workers.actions.dispatch import assign_work_order, move_assignment, unassign
from workers.actions.refusals import TraineeBusy, WarningsToAccept
from workers.actions.work import finish_assignment, start_assignment
from workers.enums import OCCUPYING
from workers.models import Absence, Assignment, Occupation, Trainee, TraineeSkill
from workers.models.plan import team_day
from workers.rules.candidates import WARNINGS
from workers.rules.intervals import Interval


@pytest.fixture(autouse=True)
def _monday_morning() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False), override("fr"):
        yield


@pytest.fixture
def shown(team: Team) -> Team:
    """Amina can show ironing to others, and no supervisor is there."""
    TraineeSkill.objects.filter(trainee=team.amina).update(level="transmitting")
    Membership.objects.filter(role="supervisor").delete()
    return team


def beside(assignment: Assignment) -> list[tuple[str, dt.datetime, bool]]:
    return [
        (one.name, one.starts, one.is_over) for one in assignment.occupations.filter(is_companion=True).order_by("pk")
    ]


def give(team: Team, trainee: Trainee, hour: int, mode: str = "", **more: Any) -> Assignment:
    work = team.work(starts=at(9))
    return assign_work_order(work, trainee, starts_at=at(hour), by=team.dispatcher, supervision_mode=mode, **more)


@pytest.mark.promise("DR4")
def test_the_trigger_knows_the_states_that_take_time(team: Team) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'workers_occupation_of_assignment'")
        source = cursor.fetchone()[0]
    assert f"IN ({', '.join(repr(str(state)) for state in OCCUPYING)})" in source


def test_work_given_takes_the_time_of_who_does_it_until_it_is_done(team: Team) -> None:
    given = give(team, team.amina, 10)
    row = Occupation.objects.get()
    assert (row.trainee, row.starts, row.ends, row.is_companion, row.is_over) == (
        team.amina,
        at(10),
        at(10, 45),
        False,
        False,
    )
    moved = move_assignment(given, starts_at=at(14), by=team.dispatcher)
    assert Occupation.objects.get().starts == at(14)
    start_assignment(moved, by=team.themself(team.amina))
    finish_assignment(moved, by=team.themself(team.amina))
    assert Occupation.objects.get().is_over


def test_who_can_show_it_accompanies_and_is_taken(shown: Team) -> None:
    given = give(shown, shown.bilal, 10)
    assert given.supervision_mode == "paired"
    assert beside(given) == [("Amina", at(10), False)]
    with pytest.raises(TraineeBusy):
        give(shown, shown.amina, 10)
    moved = move_assignment(given, starts_at=at(14), by=shown.dispatcher)
    assert beside(moved) == [("Amina", at(10), True), ("Amina", at(14), False)]
    give(shown, shown.amina, 10)
    unassign(moved, by=shown.dispatcher)
    assert not Occupation.objects.companions().taking().exists()


def test_alone_nobody_accompanies(shown: Team) -> None:
    assert beside(give(shown, shown.amina, 10, "autonomous")) == []


def test_the_own_supervisor_accompanies_when_nobody_can_show_it(team: Team) -> None:
    given = give(team, team.bilal, 10)
    assert [one.user for one in given.occupations.filter(is_companion=True)] == [team.world.users["supervisor"]]


@pytest.mark.promise("domain R21")
def test_who_would_work_too_long_does_not_accompany(shown: Team) -> None:
    """Amina has nine and a half hours on Monday: beside somebody for an hour more is beyond ten (L3121-18)."""
    for hour, minutes in ((11, 300), (16, 270)):
        work, starts = shown.work(minutes=minutes), at(hour, 30 if hour == 16 else 0)
        assign_work_order(work, shown.amina, starts_at=starts, by=shown.dispatcher, accepted_warnings=WARNINGS)
    with pytest.raises(WarningsToAccept) as warned:
        give(shown, shown.bilal, 9)
    assert "no_companion" in warned.value.details["reasons"]  # type: ignore[operator]
    assert beside(give(shown, shown.bilal, 9, accepted_warnings=WARNINGS)) == []
    tuesday = shown.work(starts=at(9, days=1))
    given = assign_work_order(
        tuesday, shown.chloe, starts_at=at(10, days=1), by=shown.dispatcher, accepted_warnings=WARNINGS
    )
    assert given.supervision_mode in {"observation", "paired"}
    assert [one[0] for one in beside(given)] == ["Amina"]


@pytest.mark.promise("domain R14")
def test_an_absence_frees_who_was_to_be_accompanied_and_says_so(shown: Team) -> None:
    given, begun = give(shown, shown.bilal, 10), give(shown, shown.chloe, 14, "paired", accepted_warnings=WARNINGS)
    other_day = assign_work_order(
        shown.work(starts=at(9, days=1)), shown.bilal, starts_at=at(10, days=1), by=shown.dispatcher
    )
    assert [len(beside(one)) for one in (given, begun, other_day)] == [1, 1, 1]
    start_assignment(begun, by=shown.themself(shown.chloe))
    note_absence(shown.amina, starts_on=NOW.date(), ends_on=NOW.date(), by=shown.supervisor)
    # What is under way goes on as it is; the next day too.
    assert [beside(one)[0][2] for one in (given, begun, other_day)] == [True, False, False]
    (event,) = Event.objects.filter(name="assignment.left_alone")
    assert event.subject_id == given.public_id
    settle()
    assert Message.objects.filter(kind="assignment.left_alone").count() == 1
    assert Message.objects.get(kind="assignment.left_alone").address == shown.world.users["dispatcher"].email


@pytest.mark.promise("domain R14")
def test_nobody_free_is_a_warning_that_says_when_somebody_is(shown: Team) -> None:
    give(shown, shown.amina, 10)
    with pytest.raises(WarningsToAccept) as warned:
        give(shown, shown.bilal, 10)
    assert "no_companion_yet" in warned.value.details["reasons"]  # type: ignore[operator]
    assert "Amina l’est à partir de 10:45" in str(warned.value)
    accepted = give(shown, shown.bilal, 10, accepted_warnings=WARNINGS)
    assert beside(accepted) == []
    assert "no_companion_yet" in accepted.accepted_warnings


def test_nobody_at_all_is_said_too(shown: Team) -> None:
    Absence.objects.create(
        organisation=shown.world.organisation, trainee=shown.amina, starts_on=NOW.date(), ends_on=NOW.date()
    )
    with pytest.raises(WarningsToAccept) as warned:
        give(shown, shown.bilal, 10)
    assert "no_companion" in warned.value.details["reasons"]  # type: ignore[operator]


def test_without_a_time_the_first_one_together_is_proposed(shown: Team) -> None:
    give(shown, shown.amina, 9, accepted_warnings=WARNINGS)
    work = shown.work(starts=at(9))
    day = team_day(Trainee.objects.filter(pk=shown.bilal.pk), NOW.date(), PARIS)
    [bilal] = candidates(work, day, now=NOW)
    assert (bilal.starts_at, bilal.companion.name if bilal.companion else "") == (at(9, 45), "Amina")


def test_hours_of_accompanying_count_as_work(shown: Team) -> None:
    give(shown, shown.bilal, 10)
    day = team_day(Trainee.objects.filter(pk=shown.amina.pk), NOW.date(), PARIS)
    person = day.person(day.trainees[0], skill="")
    assert person.planned == (Interval(at(10), at(10, 45)).span,)


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({}, "occupation_of_one_person"),
        ({"both": True}, "occupation_of_one_person"),
        ({"one": True}, "occupation_one_companion"),
    ],
)
def test_postgres_refuses_what_code_might_forget(shown: Team, changes: dict[str, bool], constraint: str) -> None:
    given = give(shown, shown.bilal, 10)
    who: dict[str, object] = {}
    if changes:
        who["user"] = shown.world.users["concierge"]
    if "both" in changes:
        who["trainee"] = shown.chloe
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Occupation.objects.create(
            organisation=given.organisation,
            assignment=given,
            is_companion=True,
            starts=given.planned_start,
            ends=given.planned_end,
            **who,
        )
