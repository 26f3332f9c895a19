"""The last step on the board is undone by its opposite, through the same rules, within five minutes (2.0, rule 6)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from bookings.models import WorkOrder
from concierge.errors import DomainError, StaleVersion
from concierge.models import Event
from tests.workers.conftest import NOW, Team, at
from workers.actions.absences import note_absence
from workers.actions.dispatch import assign_work_order, move_assignment, unassign
from workers.actions.refusals import AssignmentRefused, WorkOrderTaken
from workers.actions.undo import NothingToUndo, last_step, undo
from workers.actions.work import acknowledge
from workers.models import Assignment

pytestmark = pytest.mark.promise("domain R14")


@pytest.fixture(autouse=True)
def _monday_morning() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def undo_last(team: Team) -> Assignment:
    step = last_step(team.dispatcher, now=NOW)
    assert step is not None
    return undo(step.event.public_id, by=team.dispatcher)


def test_what_was_given_is_free_again(team: Team) -> None:
    given = assign_work_order(team.work(), team.amina, starts_at=at(9), by=team.dispatcher)
    undo_last(team)
    given.refresh_from_db()
    assert (given.status, WorkOrder.objects.get().status) == ("cancelled", "ready")
    assert last_step(team.dispatcher, now=NOW) is None
    assert Event.objects.filter(name="assignment.undone").count() == 1


def test_a_move_goes_back_even_when_the_person_has_seen_it(team: Team) -> None:
    given = assign_work_order(team.work(), team.amina, starts_at=at(9), by=team.dispatcher)
    moved = move_assignment(given, starts_at=at(11), by=team.dispatcher)
    acknowledge(moved, by=team.themself(team.amina))
    undone = undo_last(team)
    assert (undone.pk, undone.planned_start, undone.status) == (given.pk, at(9), "proposed")


def test_another_person_gives_it_back_to_the_first(team: Team) -> None:
    given = assign_work_order(team.work(), team.amina, starts_at=at(9), by=team.dispatcher)
    move_assignment(given, trainee=team.bilal, starts_at=at(10), by=team.dispatcher)
    undone = undo_last(team)
    assert (undone.trainee, undone.planned_start) == (team.amina, at(9))
    assert Assignment.objects.holding().count() == 1


def test_what_was_taken_back_is_given_again(team: Team) -> None:
    given = assign_work_order(team.work(), team.amina, starts_at=at(9), by=team.dispatcher)
    unassign(given, by=team.dispatcher)
    undone = undo_last(team)
    assert (undone.trainee, undone.planned_start, undone.pk == given.pk) == (team.amina, at(9), False)


def test_what_another_dispatcher_changed_stays_and_it_is_said_by_whom(team: Team) -> None:
    given = assign_work_order(team.work(), team.amina, starts_at=at(9), by=team.dispatcher)
    move_assignment(given, starts_at=at(11), by=team.supervisor)
    with pytest.raises(StaleVersion, match=team.supervisor.label):
        undo_last(team)
    given.refresh_from_db()
    assert given.planned_start == at(11)


def test_what_somebody_else_has_now_is_not_given_again(team: Team) -> None:
    order = team.work()
    given = assign_work_order(order, team.amina, starts_at=at(9), by=team.dispatcher)
    unassign(given, by=team.dispatcher)
    assign_work_order(order, team.bilal, starts_at=at(9), by=team.supervisor)
    with pytest.raises(WorkOrderTaken, match="Bilal"):
        undo_last(team)


def test_the_rules_judge_an_undo_too(team: Team) -> None:
    given = assign_work_order(team.work(), team.amina, starts_at=at(9), by=team.dispatcher)
    unassign(given, by=team.dispatcher)
    note_absence(team.amina, starts_on=NOW.date(), ends_on=NOW.date(), by=team.supervisor)
    with pytest.raises(AssignmentRefused):
        undo_last(team)
    assert Assignment.objects.holding().count() == 0


def test_after_five_minutes_or_of_somebody_else_nothing_is_undone(team: Team) -> None:
    assign_work_order(team.work(), team.amina, starts_at=at(9), by=team.dispatcher)
    step = last_step(team.dispatcher, now=NOW)
    assert step is not None
    assert last_step(team.supervisor, now=NOW) is None
    assert last_step(team.dispatcher, now=NOW + dt.timedelta(minutes=6)) is None
    for by, wanted, now in (
        (team.supervisor, step.event.public_id, NOW),
        (team.dispatcher, uuid.uuid4(), NOW),
        (team.dispatcher, step.event.public_id, NOW + dt.timedelta(minutes=6)),
    ):
        with pytest.raises(NothingToUndo):
            undo(wanted, by=by, now=now)
    assert Assignment.objects.holding().count() == 1


def test_the_page_offers_it_and_says_why_not(team: Team, client: Client) -> None:
    client.force_login(team.world.users["dispatcher"])
    given = assign_work_order(team.work(), team.amina, starts_at=at(9), by=team.dispatcher)
    step = last_step(team.dispatcher, now=NOW)
    assert step is not None
    assert str(step.event.public_id) in client.get("/affectations/").content.decode()
    move_assignment(given, trainee=team.bilal, by=team.supervisor)
    response = client.post(reverse("workers:undo"), {"step": str(step.event.public_id)})
    assert (response.status_code, "Bilal" in response.content.decode()) == (412, True)
    assert client.post(reverse("workers:undo"), {"step": "x"}).status_code == 400
    assert client.post(reverse("workers:undo"), {"step": str(uuid.uuid4())}).status_code == 409


def test_two_undo_at_once_are_one(team: Team) -> None:
    given = assign_work_order(team.work(), team.amina, starts_at=at(9), by=team.dispatcher)
    step = last_step(team.dispatcher, now=NOW)
    assert step is not None
    undo(step.event.public_id, by=team.dispatcher)
    with pytest.raises(DomainError):
        undo(step.event.public_id, by=team.dispatcher)
    given.refresh_from_db()
    assert given.status == "cancelled"
