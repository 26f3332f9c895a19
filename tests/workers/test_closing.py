"""Work that somebody began and left is finished for them (R20); a suspension that was lost has its buttons (R23)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from bookings.models import WorkOrder
from concierge import deadlines
from concierge.enums import Role
from concierge.errors import Invalid, StaleVersion, WrongState
from concierge.models import Event
from tests.workers.conftest import NOW, Team, at
from tests.workers.pathways import pass_of
from workers.actions.closing import finish_for
from workers.actions.dispatch import assign_work_order
from workers.actions.leaving import leave_team
from workers.actions.paper import PaperOutcome, record_paper
from workers.actions.work import start_assignment
from workers.models import Assignment, PassIAE, TimeEntry

pytestmark = pytest.mark.promise("domain R20")
EVENING = at(18)


@pytest.fixture(autouse=True)
def _monday_evening() -> Iterator[None]:
    with time_machine.travel(EVENING, tick=False):
        yield


@pytest.fixture
def begun(team: Team) -> Assignment:
    """Amina began at 9:10, and went home."""
    with time_machine.travel(NOW, tick=False):
        given = assign_work_order(team.work(), team.amina, starts_at=at(9), by=team.dispatcher)
    with time_machine.travel(at(9, 10), tick=False):
        return start_assignment(given, by=team.themself(team.amina))


def url_of(begun: Assignment) -> str:
    return reverse("workers:close_work", args=[begun.public_id])


def test_it_ends_when_it_really_ended_and_waits_to_be_checked(team: Team, begun: Assignment) -> None:
    done = finish_for(begun, done_at=at(9, 50), by=team.dispatcher, version=begun.version)
    entry = TimeEntry.objects.current().get()
    assert (done.status, done.started_at, done.done_at) == ("done", at(9, 10), at(9, 50))
    assert (entry.ends_at, entry.end_is_supposed, WorkOrder.objects.get().status) == (at(9, 50), False, "completed")
    assert Event.objects.get(name="assignment.done").actor == team.dispatcher.reference
    assert list(Assignment.objects.to_validate(team.world.users["supervisor"])) == [done]
    with pytest.raises(WrongState):
        finish_for(begun, done_at=at(9, 50), by=team.dispatcher)


def test_times_that_cannot_be_and_an_old_version_change_nothing(team: Team, begun: Assignment) -> None:
    for moment in (at(9, 10), at(8), at(18, 1)):
        with pytest.raises(Invalid) as refused:
            finish_for(begun, done_at=moment, by=team.dispatcher)
        assert refused.value.field == "done"
    with time_machine.travel(at(12, days=2), tick=False), pytest.raises(Invalid):
        finish_for(begun, done_at=at(9, 11, days=1), by=team.dispatcher)
    with pytest.raises(StaleVersion):
        finish_for(begun, done_at=at(9, 50), by=team.dispatcher, version=begun.version - 1)
    begun.refresh_from_db()
    assert begun.status == "working"


def test_a_sheet_cannot_end_work_before_it_was_begun_on_the_telephone(team: Team, begun: Assignment) -> None:
    with pytest.raises(Invalid) as refused:
        record_paper(begun, outcome=PaperOutcome.DONE, started_at=at(8), done_at=at(9), by=team.dispatcher)
    assert refused.value.field == "done"


@pytest.mark.parametrize("role", ["dispatcher", "supervisor", "site_manager"])
def test_the_page_proposes_the_planned_end(team: Team, client: Client, begun: Assignment, role: str) -> None:
    client.force_login(team.world.users[role])
    board = client.get(reverse("workers:board"), {"day": str(NOW.date()), "card": str(begun.public_id)})
    assert url_of(begun) in board.content.decode()
    page = client.get(url_of(begun)).content.decode()
    assert f'value="{begun.planned_end.astimezone(NOW.tzinfo):%H:%M}"' in page and "09:10" in page
    sent = {"day": str(NOW.date()), "done": "09:50", "version": begun.version}
    for wrong in ({"done": "09:00"}, {"done": "23:59"}, {"done": "neuf"}, {"day": "1026-11-23"}, {"version": ""}):
        assert client.post(url_of(begun), {**sent, **wrong}).status_code == 422, wrong
    assert client.post(url_of(begun), {**sent, "version": begun.version + 1}).status_code == 412
    assert client.post(url_of(begun), sent).status_code == 302
    assert client.post(url_of(begun), sent).status_code == 412
    assert client.post(url_of(begun), {**sent, "version": begun.version + 1}).status_code == 409
    assert "n’est pas en cours" in client.get(url_of(begun)).content.decode()


def test_whoever_has_left_leaves_work_that_is_finished_for_them(team: Team, client: Client, begun: Assignment) -> None:
    with time_machine.travel(at(9, days=1), tick=False):
        client.force_login(team.world.users["site_manager"])
        leave = reverse("workers:leave", args=[team.amina.public_id])
        # Their last day was yesterday: that work comes first.
        assert url_of(begun) in client.get(leave, {"last_on": str(NOW.date())}).content.decode()
    leave_team(team.amina, last_on=NOW.date(), by=team.world.actor(Role.SITE_MANAGER))
    with time_machine.travel(at(9, days=3), tick=False):
        deadlines.sweep(team.world.organisation.pk)
        client.force_login(team.world.users["site_manager"])
        overview = reverse("workers:trainee", args=[team.amina.public_id])
        assert url_of(begun) in client.get(overview).content.decode()
        assert str(NOW.date()) in client.get(url_of(begun)).content.decode()
        sent = {"day": str(NOW.date()), "done": "09:50", "version": begun.version}
        answer = client.post(url_of(begun), sent, follow=True)
        # The clock had been stopped for them.
        assert "supposée" in answer.content.decode()
        assert url_of(begun) not in client.get(overview).content.decode()
    begun.refresh_from_db()
    assert (begun.status, begun.done_at) == ("done", at(9, 50))


@pytest.mark.promise("domain R23")
def test_a_lost_suspension_is_written_down_again_or_let_go(team: Team, client: Client) -> None:
    pass_iae = pass_of(team)
    client.force_login(team.world.users["social_adviser"])
    page = reverse("workers:pass", args=[team.amina.public_id])
    let_go = reverse("workers:lost-suspension", args=[team.amina.public_id, pass_iae.public_id])
    assert let_go not in client.get(page).content.decode()
    assert client.post(let_go).status_code == 422
    PassIAE.objects.filter(pk=pass_iae.pk).update(suspension_lost_on=NOW.date())
    text = client.get(page).content.decode()
    again = reverse("workers:suspend", args=[team.amina.public_id, pass_iae.public_id])
    assert let_go in text and text.count(again) == 2
    assert client.post(let_go).status_code == 302
    assert let_go not in client.get(page).content.decode()
    pass_iae.refresh_from_db()
    assert pass_iae.suspension_lost_on is None
    assert Event.objects.filter(name="pass_suspension.let_go").count() == 1
