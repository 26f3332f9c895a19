"""The trainee's day on a phone, the supervisor's checks, and the pages about people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings.actions.pauses import hold_request
from bookings.actions.work_orders import reject_quality, verify_work_order
from bookings.models import WorkOrder
from concierge.enums import Role
from concierge.middleware import actor_of
from concierge.models import Membership
from concierge.tenancy import Actor
from tests.conftest import settle
from tests.workers.conftest import LEFT_ON, NOW, Team, at
from workers.actions.dispatch import assign_work_order
from workers.actions.work import decline, finish_assignment, start_assignment
from workers.enums import DeclineReason
from workers.models import Assignment, HelpCall, Trainee

DAY = "/ma-journee/"
CHECKS = "/affectations/a-valider/"


@pytest.fixture(autouse=True)
def _monday_morning() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def phone(team: Team, client: Client) -> Client:
    client.force_login(team.world.users["trainee"])
    return client


@pytest.fixture
def assignment(team: Team) -> Assignment:
    return give(team, team.amina, 10)


def give(team: Team, trainee: Trainee, hour: int, **extra: Any) -> Assignment:
    return assign_work_order(team.work(), trainee, starts_at=at(hour), by=team.dispatcher, **extra)


def done_by(team: Team, trainee: Trainee, hour: int = 9) -> Assignment:
    given = give(team, trainee, hour)
    start_assignment(given, by=team.themself(trainee), act_at=at(hour))
    return finish_assignment(given, by=team.themself(trainee), act_at=at(hour, 40))


def page(client: Client, address: str, **query: str) -> str:
    response = client.get(address, query)
    assert response.status_code == 200
    text = response.content.decode()
    assert "UNDEFINED-TEMPLATE-VARIABLE" not in text
    return text


def step(client: Client, name: str, assignment: Assignment, **data: str) -> Any:
    return client.post(reverse(f"workers:{name}", args=[assignment.public_id]), data)


def test_the_kernel_knows_who_is_a_trainee(team: Team) -> None:
    assert actor_of(team.world.users["trainee"], team.world.organisation).trainee_id == team.amina.pk
    assert actor_of(team.world.users["supervisor"], team.world.organisation).trainee_id is None
    Trainee.objects.update(is_active=False, last_on=LEFT_ON)
    assert actor_of(team.world.users["trainee"], team.world.organisation).trainee_id is None


@pytest.mark.promise("domain R18")
def test_the_next_card_is_in_front(team: Team, phone: Client) -> None:
    second = give(team, team.amina, 11)
    first = give(team, team.amina, 9)
    text = page(phone, DAY)
    assert text.index(reverse("workers:start", args=[first.public_id])) < text.index(
        reverse("workers:acknowledge", args=[second.public_id])
    )
    assert reverse("workers:start", args=[second.public_id]) not in text
    for words in ("09:00 – 09:45", "read-aloud", "openstreetmap", "Camille", "Conciergerie République"):
        assert words in text
    assert "Roux" not in text


@pytest.mark.promise("domain R18")
def test_work_of_a_request_that_stands_still_is_not_begun(team: Team, phone: Client) -> None:
    """It gives way to the next work, says why, and has no button that would only be refused."""
    held, other = give(team, team.amina, 9), give(team, team.amina, 11)
    until = at(9, days=2)
    hold_request(held.work_order.request, reason="ours", until=until, by=team.world.actor(Role.SITE_MANAGER))
    text = page(phone, DAY)
    assert reverse("workers:start", args=[other.public_id]) in text
    assert reverse("workers:start", args=[held.public_id]) not in text
    said = "Pas maintenant\u00a0: cette demande est suspendue."
    assert text.index(reverse("workers:start", args=[other.public_id])) < text.index(said)
    decline(other, reason=DeclineReason.NOT_AVAILABLE, by=team.themself(team.amina))
    alone = page(phone, DAY)
    assert (said in alone, reverse("workers:start", args=[held.public_id]) in alone) == (True, False)


@pytest.mark.promise("domain R18")
def test_start_finish_and_the_end_of_the_day(team: Team, phone: Client, assignment: Assignment) -> None:
    assert step(phone, "start", assignment).status_code == 302
    text = page(phone, DAY)
    assert reverse("workers:finish", args=[assignment.public_id]) in text
    assert step(phone, "finish", assignment).status_code == 302
    text = page(phone, DAY)
    assert "<details>" in text
    assert reverse("workers:finish", args=[assignment.public_id]) not in text
    assert WorkOrder.objects.get().status == "completed"


def test_pressing_twice_is_pressing_once(team: Team, phone: Client, assignment: Assignment) -> None:
    for name in ("acknowledge", "acknowledge", "start", "start", "finish", "finish"):
        assert step(phone, name, assignment).status_code == 302
    assert Assignment.objects.get().status == "done"


def test_finishing_before_starting_is_refused(team: Team, phone: Client, assignment: Assignment) -> None:
    response = step(phone, "finish", assignment)
    assert response.status_code == 409
    assert "UNDEFINED-TEMPLATE-VARIABLE" not in response.content.decode()
    assert Assignment.objects.get().status == "proposed"


def test_saying_no_needs_one_of_the_reasons(team: Team, phone: Client, assignment: Assignment) -> None:
    assert step(phone, "decline", assignment, reason="lazy").status_code == 400
    assert Assignment.objects.get().status == "proposed"
    assert step(phone, "decline", assignment, reason="not_ready").status_code == 302
    assert (Assignment.objects.get().status, WorkOrder.objects.get().status) == ("declined", "ready")
    page(phone, DAY)


def test_asking_for_help_is_seen_at_once(team: Team, phone: Client, assignment: Assignment) -> None:
    step(phone, "start", assignment)
    for _time in range(2):
        assert phone.post(reverse("workers:help")).status_code == 302
    call = HelpCall.objects.get()
    assert (call.trainee, call.assignment) == (team.amina, assignment)
    assert reverse("workers:help") not in page(phone, DAY)


@pytest.mark.promise("S01")
def test_another_person_s_work_does_not_exist(team: Team, phone: Client) -> None:
    bilals = give(team, team.bilal, 10)
    for name in ("acknowledge", "start", "finish", "decline"):
        assert step(phone, name, bilals, reason="other").status_code == 404
    assert str(bilals.public_id) not in page(phone, DAY)
    assert Assignment.objects.get().status == "proposed"


def test_an_account_without_a_person_is_told(team: Team, client: Client, assignment: Assignment) -> None:
    client.force_login(team.world.users["dispatcher"])
    assert client.get(DAY).status_code == 403
    assert step(client, "start", assignment).status_code == 403
    assert client.post(reverse("workers:help")).status_code == 403


@pytest.mark.promise("domain R19")
def test_the_page_speaks_the_person_s_language(team: Team, phone: Client, assignment: Assignment) -> None:
    Trainee.objects.update(language="en")
    assert '<html lang="en">' in page(phone, DAY)
    assert "Ironing" in page(phone, DAY)
    phone.cookies[settings.LANGUAGE_COOKIE_NAME] = "fr"
    assert '<html lang="fr">' in page(phone, DAY)


def test_a_day_without_work_is_calm(team: Team, phone: Client) -> None:
    assert reverse("workers:help") in page(phone, DAY)


def test_yesterday_s_unfinished_work_stays_in_front(team: Team, phone: Client, assignment: Assignment) -> None:
    step(phone, "start", assignment)
    with time_machine.travel(at(9, days=1), tick=False):
        assert reverse("workers:finish", args=[assignment.public_id]) in page(phone, DAY)


def test_the_supervisor_sees_and_checks_the_own_team(
    team: Team, client: Client, other_supervisor: Actor, assignment: Assignment
) -> None:
    done = done_by(team, team.bilal)
    client.force_login(team.world.users["supervisor"])
    text = page(client, CHECKS)
    assert str(done.public_id) in text
    assert str(assignment.public_id) not in text
    assert step(client, "validate", done).status_code == 302
    assert WorkOrder.objects.get(pk=done.work_order_id).status == "verified"
    assert str(done.public_id) not in page(client, CHECKS)
    assert step(client, "validate", done).status_code == 409


@pytest.mark.promise("S07")
def test_another_supervisor_neither_sees_nor_checks(team: Team, client: Client, other_supervisor: Actor) -> None:
    from tests.world import add_second_factor

    done = done_by(team, team.amina)
    assert other_supervisor.user is not None
    add_second_factor(other_supervisor.user)
    client.force_login(other_supervisor.user)
    assert str(done.public_id) not in page(client, CHECKS)
    assert step(client, "validate", done).status_code == 403
    assert step(client, "send_back", done, reason="quality").status_code == 403
    assert Assignment.objects.get().status == "done"


def test_sending_back_needs_a_reason(team: Team, client: Client) -> None:
    done = done_by(team, team.amina)
    client.force_login(team.world.users["supervisor"])
    assert step(client, "send_back", done).status_code == 400
    assert step(client, "send_back", done, reason="incomplete").status_code == 302
    assert (Assignment.objects.get().status, WorkOrder.objects.get().status) == ("working", "in_progress")


@pytest.mark.parametrize("role", ["dispatcher", "concierge", "accountant", "trainee"])
def test_only_supervisors_open_the_checks(team: Team, client: Client, role: str) -> None:
    client.force_login(team.world.users[role])
    assert client.get(CHECKS).status_code == 403


def test_a_check_on_the_request_s_page_reaches_the_person(team: Team) -> None:
    done = done_by(team, team.amina)
    reject_quality(done.work_order, reason="quality", by=team.world.actor("site_manager"))
    settle(team.world.organisation)
    done.refresh_from_db()
    assert (done.status, WorkOrder.objects.get().status) == ("working", "in_progress")
    finish_assignment(done, by=team.themself(team.amina))
    verify_work_order(done.work_order, by=team.world.actor("site_manager"))
    settle(team.world.organisation)
    done.refresh_from_db()
    assert done.status == "validated"


@pytest.mark.parametrize(
    ("role", "of_all", "of_one"),
    [
        ("dispatcher", 200, 200),
        ("supervisor", 200, 200),
        ("site_manager", 200, 200),
        ("concierge", 403, 403),
        ("accountant", 200, 403),  # contracts and hours, not the work of the day
    ],
)
def test_who_opens_the_pages_about_people(team: Team, client: Client, role: str, of_all: int, of_one: int) -> None:
    give(team, team.amina, 10)
    client.force_login(team.world.users[role])
    one = reverse("workers:trainee", args=[team.amina.public_id])
    for address, status in ((reverse("workers:trainees"), of_all), (one, of_one)):
        response = client.get(address)
        assert response.status_code == status
        assert "UNDEFINED-TEMPLATE-VARIABLE" not in response.content.decode()


def test_only_the_own_supervisor_writes_skills(team: Team, client: Client) -> None:
    address = reverse("workers:skill_step", args=[team.bilal.public_id])
    data = {"rome_code": "H2410", "level": "assisted", "evidence": "seen", "note": "Avec moi", "own_view": "ready"}
    client.force_login(team.world.users["dispatcher"])
    assert client.post(address, data).status_code == 403
    client.force_login(team.world.users["supervisor"])
    for wrong in ({"rome_code": "Z9999"}, {"level": "master"}, {"own_view": ""}, {"own_view": "not_yet"}, {"note": ""}):
        assert client.post(address, {**data, **wrong}).status_code == 400
    assert client.post(address, data).status_code == 302
    assert team.bilal.skills.get().level == "assisted"
    assert client.post(reverse("workers:skill_step", args=[team.chloe.public_id]), data).status_code == 403


def test_an_absence_is_two_dates(team: Team, client: Client) -> None:
    address = reverse("workers:absence", args=[team.amina.public_id])
    client.force_login(team.world.users["dispatcher"])
    assert client.post(address, {"starts_on": "2026-11-25", "ends_on": "2026-11-24"}).status_code == 400
    typed = client.post(address, {"starts_on": "2026-11-25", "ends_on": "demain"})
    assert (typed.status_code, typed.content.decode().count('value="2026-11-25"')) == (400, 1)
    assert client.post(address, {"starts_on": "2026-11-25", "ends_on": "2026-11-26"}).status_code == 302
    assert client.post(address, {"starts_on": "2026-11-26", "ends_on": "2026-11-27"}).status_code == 409
    assert team.amina.absences.count() == 1


def test_a_site_manager_of_another_site_finds_nobody(team: Team, client: Client) -> None:
    from concierge.models import Site

    site = Site.objects.get()
    site.pk, site.slug, site._state.adding = None, "gare", True
    site.public_id = Trainee._meta.get_field("public_id").get_default()
    site.save()
    Membership.objects.filter(user=team.world.users["site_manager"]).update(site=site)
    client.force_login(team.world.users["site_manager"])
    assert client.get(reverse("workers:trainee", args=[team.amina.public_id])).status_code == 404
    assert "Amina" not in page(client, reverse("workers:trainees"))


def count(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        page(client, address)
    return len(captured)


def test_one_and_three_rows_cost_the_same(team: Team, client: Client) -> None:
    done_by(team, team.amina)
    give(team, team.amina, 15)
    client.force_login(team.world.users["supervisor"])
    addresses = (CHECKS, reverse("workers:trainees"), reverse("workers:trainee", args=[team.amina.public_id]))
    for address in addresses:
        page(client, address)
    before = [count(client, address) for address in addresses]
    done_by(team, team.bilal, 10)
    done_by(team, team.amina, 11)
    give(team, team.amina, 16)
    assert [count(client, address) for address in addresses] == before


def test_three_cards_cost_as_much_as_one(team: Team, phone: Client) -> None:
    give(team, team.amina, 9)
    page(phone, DAY)
    before = count(phone, DAY)
    for hour in (10, 11):
        give(team, team.amina, hour)
    assert count(phone, DAY) == before


def test_what_a_list_leaves_out_is_counted(team: Team, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.views.checking.PAGE", 1)
    monkeypatch.setattr("workers.views.people.UPCOMING", 1)
    one = reverse("workers:trainee", args=[team.amina.public_id])
    client.force_login(team.world.users["supervisor"])
    done_by(team, team.amina)
    give(team, team.amina, 14)
    assert "vient" not in page(client, CHECKS)
    assert "vient ensuite" not in page(client, one)
    done_by(team, team.bilal, 10)
    done_by(team, team.amina, 11)
    give(team, team.amina, 16)
    assert "2 autres travaux viennent une fois" in page(client, CHECKS).replace("\xa0", " ")
    assert "Un autre travail vient ensuite." in page(client, one)
