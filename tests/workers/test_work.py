"""The person's own steps, the supervisor's check, and calls for help."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from copy import copy
from typing import Any

import pytest
import time_machine
from django.db import transaction

from bookings.models import ServiceRequest, WorkOrder
from concierge.errors import NotAllowed, WrongState
from concierge.models import Event
from concierge.tenancy import Actor
from tests.workers.conftest import NOW, Team, at
from workers.actions.dispatch import assign_work_order, move_assignment, unassign
from workers.actions.work import (
    acknowledge,
    answer_help,
    call_for_help,
    decline,
    finish_assignment,
    send_back,
    start_assignment,
    validate_assignment,
)
from workers.enums import ASSIGNMENT_TRANSITIONS, AssignmentStatus, DeclineReason, SendBackReason
from workers.models import Assignment, HelpCall


@pytest.fixture(autouse=True)
def _monday_morning() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def assignment(team: Team) -> Assignment:
    return assign_work_order(team.work(), team.amina, starts_at=at(10), by=team.dispatcher)


def test_the_whole_way_from_given_to_checked(team: Team, assignment: Assignment) -> None:
    amina = team.themself(team.amina)
    acknowledge(assignment, by=amina)
    start_assignment(assignment, by=amina, act_at=at(10, 2))
    finish_assignment(assignment, by=amina, act_at=at(10, 40))
    done = validate_assignment(assignment, by=team.supervisor)
    assert (done.status, done.started_at, done.done_at) == ("validated", at(10, 2), at(10, 40))
    assert done.validated_by == team.world.users["supervisor"]
    work_order = WorkOrder.objects.get()
    assert (work_order.status, work_order.started_at, work_order.completed_at) == ("verified", at(10, 2), at(10, 40))
    assert ServiceRequest.objects.get().status == "fulfilled"
    names = Event.objects.filter(name__startswith="assignment.").order_by("pk").values_list("name", flat=True)
    assert list(names) == ["assignment.proposed", "assignment.accepted", "assignment.done", "assignment.validated"]


def test_starting_what_was_not_yet_seen_sees_it(team: Team, assignment: Assignment) -> None:
    started = start_assignment(assignment, by=team.themself(team.amina))
    assert (started.status, started.accepted_at) == ("working", NOW)


def test_complete_before_start_is_refused(team: Team, assignment: Assignment) -> None:
    with pytest.raises(WrongState) as caught:
        finish_assignment(assignment, by=team.themself(team.amina))
    assert caught.value.status == 409
    assert (Assignment.objects.get().status, WorkOrder.objects.get().status) == ("proposed", "scheduled")


def test_the_end_is_never_before_the_start(team: Team, assignment: Assignment) -> None:
    amina = team.themself(team.amina)
    start_assignment(assignment, by=amina, act_at=at(10))
    assert finish_assignment(assignment, by=amina, act_at=at(9)).done_at == at(10)


@pytest.mark.promise("S07")
def test_only_the_own_supervisor_checks(team: Team, assignment: Assignment, other_supervisor: Actor) -> None:
    amina = team.themself(team.amina)
    start_assignment(assignment, by=amina)
    finish_assignment(assignment, by=amina)
    for stranger in (other_supervisor, team.dispatcher, amina, team.world.actor("site_manager")):
        with pytest.raises(NotAllowed):
            validate_assignment(assignment, by=stranger)
        with pytest.raises(NotAllowed):
            send_back(assignment, reason=SendBackReason.QUALITY, by=stranger)
    assert Assignment.objects.get().status == "done"


def test_work_sent_back_is_at_work_again(team: Team, assignment: Assignment) -> None:
    amina = team.themself(team.amina)
    start_assignment(assignment, by=amina)
    finish_assignment(assignment, by=amina)
    send_back(assignment, reason=SendBackReason.INCOMPLETE, by=team.supervisor)
    assert (Assignment.objects.get().status, WorkOrder.objects.get().status) == ("working", "in_progress")
    finish_assignment(assignment, by=amina)
    validate_assignment(assignment, by=team.supervisor)
    assert WorkOrder.objects.get().status == "verified"


def test_declining_costs_nothing_and_frees_the_work(team: Team, assignment: Assignment) -> None:
    declined = decline(assignment, reason=DeclineReason.NOT_READY, by=team.themself(team.amina))
    assert (declined.status, declined.decline_reason) == ("declined", "not_ready")
    assert WorkOrder.objects.get().status == "ready"
    assign_work_order(WorkOrder.objects.get(), team.amina, starts_at=at(10), by=team.dispatcher)


VERBS: dict[str, Callable[[Team, Assignment], Any]] = {
    "acknowledge": lambda team, a: acknowledge(a, by=team.themself(team.amina)),
    "start": lambda team, a: start_assignment(a, by=team.themself(team.amina)),
    "finish": lambda team, a: finish_assignment(a, by=team.themself(team.amina)),
    "validate": lambda team, a: validate_assignment(a, by=team.supervisor),
    "send_back": lambda team, a: send_back(a, reason=SendBackReason.QUALITY, by=team.supervisor),
    "decline": lambda team, a: decline(a, reason=DeclineReason.OTHER, by=team.themself(team.amina)),
    "cancel": lambda team, a: unassign(a, by=team.dispatcher),
    "move": lambda team, a: move_assignment(a, starts_at=at(11), by=team.dispatcher),
}


@pytest.mark.promise("S07")
def test_only_the_declared_table(team: Team, assignment: Assignment) -> None:
    """Every verb from every state: what the table does not name is refused and leaves the row alone."""
    moment = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
    refused = [
        (verb, status)
        for verb, status in itertools.product(VERBS, AssignmentStatus.values)
        if status not in ASSIGNMENT_TRANSITIONS[verb][0] and (verb, status) != ("start", AssignmentStatus.PROPOSED)
    ]
    for verb, status in refused:
        before = transaction.savepoint()
        Assignment.objects.update(status=status, started_at=moment, done_at=moment, validated_at=moment)
        try:
            VERBS[verb](team, copy(assignment))
        except WrongState:
            assert Assignment.objects.get().status == status, verb
            transaction.savepoint_rollback(before)
        else:
            pytest.fail(f"{verb} from {status} is not refused")


def test_pressing_help_twice_is_one_call(team: Team, assignment: Assignment) -> None:
    amina = team.themself(team.amina)
    first = call_for_help(team.amina, by=amina, assignment=assignment)
    assert call_for_help(team.amina, by=amina) == first
    assert Event.objects.filter(name="help.requested").count() == 1
    answer_help(first, by=team.supervisor)
    answer_help(first, by=team.dispatcher)
    answered = HelpCall.objects.get()
    assert (answered.answered_at, answered.answered_by) == (NOW, team.world.users["supervisor"])
    assert call_for_help(team.amina, by=amina) != first
