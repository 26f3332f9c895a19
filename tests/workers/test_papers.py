"""The day on paper, and its codes scanned back."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings.models import AccessNote, ServiceRequest, WorkOrder
from concierge import encryption
from concierge.errors import Invalid, StaleVersion, WrongState
from concierge.models import Event
from tests.workers.conftest import NOW, Team, at
from workers.actions.dispatch import assign_work_order, move_assignment
from workers.actions.paper import PaperOutcome, record_paper
from workers.actions.work import start_assignment
from workers.models import Assignment, HelpCall, Trainee

pytestmark = pytest.mark.promise("domain R18")
EVENING = at(18)


@pytest.fixture(autouse=True)
def _monday_morning() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def dispatcher(team: Team, client: Client) -> Client:
    client.force_login(team.world.users["dispatcher"])
    return client


@pytest.fixture
def given(team: Team) -> Assignment:
    return assign_work_order(team.work(), team.amina, starts_at=at(9), by=team.dispatcher)


def record(team: Team, given: Assignment, outcome: str = "done", **extra: Any) -> Assignment:
    times = {"started_at": at(9, 10), "done_at": at(9, 50)} if outcome == "done" else {}
    return record_paper(given, outcome=PaperOutcome(outcome), by=team.dispatcher, now=EVENING, **{**times, **extra})


def test_a_sheet_is_recorded_with_the_times_that_were_written(team: Team, given: Assignment) -> None:
    done = record(team, given, version=1)
    order = WorkOrder.objects.get()
    assert (done.status, done.started_at, done.done_at, order.status) == ("done", at(9, 10), at(9, 50), "completed")
    assert Event.objects.get(name="assignment.done").act_at == at(9, 50)


def test_the_same_sheet_twice_is_recorded_once(team: Team, given: Assignment) -> None:
    record(team, given, version=1)
    before = Event.objects.count()
    assert record(team, given, version=1).status == "done"
    assert Event.objects.count() == before
    with pytest.raises(WrongState):
        record(team, given, done_at=at(10))


def test_work_begun_on_a_telephone_is_only_finished(team: Team, given: Assignment) -> None:
    started = start_assignment(given, by=team.themself(team.amina), act_at=at(9))
    assert record(team, started).started_at == at(9)


def test_not_done_is_free_again_once(team: Team, given: Assignment) -> None:
    assert record(team, given, "not_done", version=1).status == "cancelled"
    before = Event.objects.count()
    assert record(team, given, "not_done", version=1).status == "cancelled"
    assert (WorkOrder.objects.get().status, Event.objects.count()) == ("ready", before)
    again = assign_work_order(given.work_order, team.bilal, starts_at=at(11), by=team.dispatcher)
    working = start_assignment(again, by=team.themself(team.bilal))
    with pytest.raises(WrongState):
        record(team, working, "not_done")


def test_an_old_version_is_told_what_changed(team: Team, given: Assignment) -> None:
    move_assignment(given, starts_at=at(11), by=team.supervisor)
    with pytest.raises(StaleVersion, match=team.supervisor.label):
        record(team, given, version=1)
    assert Assignment.objects.get().status == "proposed"


@pytest.mark.parametrize(
    ("started_at", "done_at"),
    [(None, at(10)), (at(9), None), (at(10), at(9)), (at(9), at(19)), (at(9, days=-3), at(10, days=-3))],
)
def test_times_that_cannot_be_are_refused(team: Team, given: Assignment, started_at: Any, done_at: Any) -> None:
    with pytest.raises(Invalid):
        record(team, given, started_at=started_at, done_at=done_at)
    assert Assignment.objects.get().status == "proposed"


def test_help_that_was_needed_is_kept_and_calls_nobody(team: Team, given: Assignment) -> None:
    record(team, given, needed_help=True)
    call = HelpCall.objects.get()
    assert (call.trainee, call.assignment, call.answered_by) == (team.amina, given, team.world.users["dispatcher"])


def test_the_scanned_page_records_and_shows_errors_at_the_field(
    team: Team, dispatcher: Client, given: Assignment
) -> None:
    address = reverse("workers:paper", args=[given.public_id])
    with time_machine.travel(EVENING, tick=False):
        assert "09:00" in dispatcher.get(address, {"v": "1"}).content.decode()
        sent = {"outcome": "done", "started": "09:10", "done": "09:05", "version": "1"}
        answer = dispatcher.post(address, sent)
        assert (answer.status_code, "fin doit être après" in answer.content.decode()) == (400, True)
        assert dispatcher.post(address, {**sent, "done": ""}).status_code == 400
        assert dispatcher.post(address, {**sent, "outcome": "x"}).status_code == 400
        assert dispatcher.post(address, {**sent, "version": "x"}).status_code == 400
        for _twice in range(2):
            assert dispatcher.post(address, {**sent, "done": "09:50"}).status_code == 302
    given.refresh_from_db()
    assert (given.status, given.done_at) == ("done", at(9, 50))


def test_a_sheet_of_before_a_change_says_so_and_leads_on(team: Team, dispatcher: Client, given: Assignment) -> None:
    address = reverse("workers:paper", args=[given.public_id])
    moved = move_assignment(given, starts_at=at(11), by=team.supervisor)
    assert "depuis l’impression" in dispatcher.get(address, {"v": "1"}).content.decode()
    assert "depuis l’impression" not in dispatcher.get(address, {"v": "2"}).content.decode()
    other = move_assignment(moved, trainee=team.bilal, by=team.supervisor)
    text = dispatcher.get(address, {"v": "1"}).content.decode()
    assert reverse("workers:paper", args=[other.public_id]) in text
    assert '<form method="post" novalidate' not in text


def test_the_code_says_nothing_of_anybody_and_opens_for_the_team_only(
    team: Team, dispatcher: Client, client: Client, given: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    coded: list[str] = []
    make = __import__("segno").make

    def remember(content: str, **options: Any) -> Any:
        coded.append(content)
        return make(content, **options)

    monkeypatch.setattr("workers.views.papers.segno.make", remember)
    dispatcher.get(reverse("workers:papers"), {"day": "2026-11-23"})
    (address,) = coded
    assert address == f"http://testserver{reverse('workers:paper', args=[given.public_id])}?v=1"
    assert Client().get(address).status_code == 302
    client.force_login(team.world.users["trainee"])
    assert client.get(address).status_code == 403
    assert client.post(address, {"outcome": "done"}).status_code == 403


def test_sheets_say_first_names_and_no_door_codes(team: Team, dispatcher: Client, given: Assignment) -> None:
    ServiceRequest.objects.update(place="home", street="3 rue Monge", postcode="21000", city="Dijon")
    AccessNote.objects.create(
        organisation=team.world.organisation, request=given.work_order.request, sealed=encryption.encrypt("code 4512B")
    )
    Trainee.objects.filter(pk=team.amina.pk).update(language="en")
    text = dispatcher.get(reverse("workers:papers"), {"day": "2026-11-23"}).content.decode()
    sheet = text[text.index('class="sheet"') :]
    assert "3 rue Monge" in sheet
    assert "Not done" in sheet
    assert "4512B" not in text
    assert team.world.client.first_name in sheet
    assert team.world.client.last_name not in sheet


def test_sheets_are_paged_and_cost_the_same(team: Team, dispatcher: Client, given: Assignment) -> None:
    address = reverse("workers:papers")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert dispatcher.get(address, {"day": "2026-11-23"}).status_code == 200
        return len(captured)

    queries()
    one = queries()
    for trainee in (team.bilal, team.chloe):
        warned = ["skill_low", "skill_missing", "no_supervisor", "no_companion", "no_companion_yet"]
        assign_work_order(team.work(), trainee, starts_at=at(9), by=team.dispatcher, accepted_warnings=warned)
    assert queries() == one
    text = dispatcher.get(address, {"day": "2026-11-23", "person": str(team.bilal.public_id)}).content.decode()
    assert text.count('class="sheet"') == 1
    assert dispatcher.get(address, {"page": "9"}).status_code == 200
    assert dispatcher.get(address, {"person": "x"}).status_code == 404
    assert dispatcher.get(address, {"person": str(uuid.uuid4())}).status_code == 200
