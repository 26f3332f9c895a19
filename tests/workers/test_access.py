"""The way in on the card of whoever goes there (R8)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from bookings.actions.access import keep_access
from bookings.enums import Place
from bookings.models import ServiceRequest, WorkOrder
from tests.workers.conftest import NOW, Team, at
from workers.actions.dispatch import assign_work_order
from workers.actions.work import finish_assignment, start_assignment

pytestmark = [pytest.mark.django_db, pytest.mark.promise("domain R8")]
DAY = "/ma-journee/"


@pytest.fixture(autouse=True)
def _monday_morning() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def visit(team: Team, text: str) -> WorkOrder:
    order = team.work()
    ServiceRequest.objects.filter(pk=order.request_id).update(place=Place.HOME, street="3 rue Monge", city="Dijon")
    order.request.refresh_from_db()
    keep_access(order.request, text)
    return order


def read(team: Team, client: Client, who: str) -> str:
    client.force_login(team.world.users[who])
    return client.get(DAY).content.decode()


def test_the_card_of_the_visit_says_it_until_the_work_is_done(team: Team, client: Client) -> None:
    first, second = visit(team, "Digicode 47B12"), visit(team, "Digicode 99Z")
    given = assign_work_order(first, team.amina, starts_at=at(9), by=team.dispatcher)
    assign_work_order(second, team.amina, starts_at=at(11), by=team.dispatcher)
    page = read(team, client, "trainee")
    assert ("47B12" in page, "99Z" in page) == (True, False)
    start_assignment(given, by=team.themself(team.amina), act_at=at(9))
    assert "47B12" in read(team, client, "trainee")
    finish_assignment(given, by=team.themself(team.amina), act_at=at(9, 40))
    page = read(team, client, "trainee")
    assert ("47B12" in page, "99Z" in page) == (False, True)


def test_the_card_of_somebody_else_does_not(team: Team, client: Client) -> None:
    assign_work_order(visit(team, "Digicode 47B12"), team.bilal, starts_at=at(9), by=team.dispatcher)
    assert "47B12" not in read(team, client, "trainee")


def test_the_board_does_not_show_it(team: Team, client: Client) -> None:
    assign_work_order(visit(team, "Digicode 47B12"), team.amina, starts_at=at(9), by=team.dispatcher)
    client.force_login(team.world.users["dispatcher"])
    answer = client.get("/affectations/", {"site": team.world.site.slug, "day": NOW.date().isoformat()})
    assert (answer.status_code, "47B12" in answer.content.decode()) == (200, False)
