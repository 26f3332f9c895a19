"""Where a piece of work may be put down, before it is dropped; what others changed; what runs late."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_cotton import render_component

from bookings.models import Service, WorkOrder
from concierge.models import Membership
from tests.workers.conftest import NOW, Team, at
from tests.workers.test_board import drop, page, queries_of
from workers.actions.absences import note_absence
from workers.actions.candidates import candidate_for
from workers.actions.dispatch import assign_work_order, move_assignment
from workers.actions.dropping import stretches
from workers.actions.work import start_assignment
from workers.models import Assignment, Trainee
from workers.models.plan import team_day
from workers.views.rows import card_html

BOARD = "/affectations/"
PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture(autouse=True)
def _monday_morning() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def dispatcher(team: Team, client: Client) -> Client:
    client.force_login(team.world.users["dispatcher"])
    return client


def ask(client: Client, item: uuid.UUID, **changes: Any) -> Any:
    query = {"site": "republique", "day": "2026-11-23", "hour": 8, "columns": 44, **changes}
    return client.get(reverse("workers:check_drops", args=[item]), query)


def state_at(answer: dict[str, Any], trainee: Trainee, column: int) -> tuple[str, str]:
    for one in answer["people"][str(trainee.public_id)]["stretches"]:
        if one["start"] <= column < one["start"] + one["span"]:
            return one["state"], one["why"]
    raise AssertionError(column)


@pytest.mark.promise("domain R14")
def test_every_row_says_where_it_may_go(team: Team, dispatcher: Client) -> None:
    note_absence(team.chloe, starts_on=NOW.date(), ends_on=NOW.date(), by=team.dispatcher)
    assign_work_order(team.work(minutes=60), team.amina, starts_at=at(10), by=team.dispatcher)
    answer = ask(dispatcher, team.work().public_id).json()
    assert (answer["span"], answer["times"][0], len(answer["times"])) == (3, "08:00", 44)
    assert state_at(answer, team.amina, 5) == ("free", "")
    # 45 minutes from 9:30 on would still be going on at ten.
    assert [state_at(answer, team.amina, column)[0] for column in (6, 7, 12, 13)] == ["free", "block", "block", "free"]
    assert "10:00" in state_at(answer, team.amina, 9)[1]
    assert state_at(answer, team.amina, 41)[0] == "warn"
    assert [(one["state"], one["span"]) for one in answer["people"][str(team.chloe.public_id)]["stretches"]] == [
        ("block", 44)
    ]


@pytest.mark.promise("domain R14")
def test_the_drop_is_judged_as_it_was_shown(team: Team) -> None:
    """Every quarter of a day: blocked, to be confirmed and free are what the drop itself answers."""
    assign_work_order(team.work(minutes=90), team.amina, starts_at=at(10), by=team.dispatcher)
    order = team.work()
    day = team_day(Trainee.objects.filter(pk=team.amina.pk), NOW.date(), PARIS)
    shown = stretches(order, day.trainees[0], day, morning=at(8), columns=44, now=NOW)
    states = [one.state for one in shown for _quarter in range(one.span)]
    found = []
    for column in range(44):
        start = at(8 + column // 4, 15 * (column % 4))
        verdict = candidate_for(order, day.trainees[0], day, now=NOW, starts_at=start).verdict
        found.append("warn" if verdict.is_possible and verdict.warnings else "free" if verdict.is_possible else "block")
    assert states == found
    assert set(states) == {"block", "warn", "free"}


@pytest.mark.promise("domain R14")
def test_clearances_companions_and_steps_are_told_before_the_drop(team: Team, dispatcher: Client) -> None:
    """What time and law allow may still need a licence that nobody holds, or somebody beside the person."""
    Membership.objects.filter(role="supervisor").delete()
    order = team.work()
    state, why = state_at(ask(dispatcher, order.public_id).json(), team.bilal, 9)
    assert (state, why != "") == ("warn", True)
    Service.objects.filter(pk=order.service_id).update(clearances=["forklift"])
    answer = ask(dispatcher, order.public_id).json()
    order.refresh_from_db()
    order = WorkOrder.objects.select_related("site", "service", "request").get(pk=order.pk)
    day = team_day(Trainee.objects.all(), NOW.date(), PARIS)
    for trainee in day.trainees:
        verdict = candidate_for(order, trainee, day, now=NOW, starts_at=at(10)).verdict
        assert not verdict.is_possible
        assert state_at(answer, trainee, 9)[0] == "block"


def test_a_card_in_hand_does_not_stand_in_its_own_way(team: Team, dispatcher: Client) -> None:
    given = assign_work_order(team.work(), team.amina, starts_at=at(10), by=team.dispatcher)
    assert state_at(ask(dispatcher, given.public_id).json(), team.amina, 10)[0] == "free"


def test_looking_where_it_may_go_changes_nothing_and_refuses_nonsense(team: Team, dispatcher: Client) -> None:
    order = team.work()
    assert ask(dispatcher, order.public_id, columns=1000).status_code == 400
    assert ask(dispatcher, order.public_id, day="9999-12-31").status_code == 400
    assert ask(dispatcher, uuid.uuid4()).status_code == 404
    assert ask(dispatcher, order.public_id, site="ailleurs").status_code == 404
    dispatcher.force_login(team.world.users["network_head"])
    assert ask(dispatcher, order.public_id).status_code == 403
    assert Assignment.objects.count() == 0


def test_looking_costs_the_same_for_one_and_three_pieces(team: Team, dispatcher: Client) -> None:
    order = team.work()
    assign_work_order(team.work(), team.amina, starts_at=at(9), by=team.dispatcher)
    ask(dispatcher, order.public_id)
    with CaptureQueriesContext(connection) as one:
        ask(dispatcher, order.public_id)
    for trainee in (team.amina, team.bilal):
        assign_work_order(team.work(), trainee, starts_at=at(11), by=team.dispatcher)
    with CaptureQueriesContext(connection) as three:
        ask(dispatcher, order.public_id)
    assert len(three) == len(one)


@pytest.mark.promise("R44")
def test_who_drops_what_another_has_moved_is_told_by_whom(team: Team, dispatcher: Client) -> None:
    given = assign_work_order(team.work(), team.amina, starts_at=at(9), by=team.dispatcher)
    move_assignment(given, trainee=team.bilal, starts_at=at(11), by=team.supervisor)
    address = f"{reverse('workers:drop', args=[team.amina.public_id])}?day=2026-11-23&hour=8&site=republique"
    response = dispatcher.post(
        address, {"item": str(given.public_id), "column": "9", "version": "1"}, headers={"HX-Request": "true"}
    )
    text = response.content.decode()
    assert response.status_code == 412
    assert team.supervisor.label in text
    assert "Bilal a" in text or "Bilal has it now" in text or "pour Bilal" in text
    assert Assignment.objects.holding().get().trainee == team.bilal


@pytest.mark.promise("R44")
def test_who_gives_what_another_has_given_is_told_by_whom(team: Team, dispatcher: Client) -> None:
    order = team.work()
    assign_work_order(order, team.bilal, starts_at=at(11), by=team.supervisor)
    response = drop(dispatcher, team.amina, order.public_id, column=9)
    assert response.status_code == 409
    assert team.supervisor.label in response.content.decode()


def test_news_are_told_once(team: Team, dispatcher: Client) -> None:
    found = re.search(r'data-news-url="([^"]+)"', page(dispatcher))
    assert found is not None
    address = found[1].replace("&amp;", "&")
    assert dispatcher.get(address).json()["changed"] is False
    assign_work_order(team.work(), team.amina, starts_at=at(9), by=team.supervisor)
    news = dispatcher.get(address).json()
    assert news["changed"] is True
    assert dispatcher.get(news["url"]).json()["changed"] is False
    for nonsense in ("", "?since=x&seen=1", "?since=2020-01-01&seen=0", "?since=2026-11-23T08:00:00Z&seen=-1"):
        assert dispatcher.get(reverse("workers:news") + nonsense).json()["changed"] is True


def test_news_cost_one_query_of_an_index(team: Team, dispatcher: Client) -> None:
    address = f"{reverse('workers:news')}?since=2026-11-23T07:59:00Z&seen=0"
    dispatcher.get(address)
    with CaptureQueriesContext(connection) as captured:
        dispatcher.get(address)
    assert sum("concierge_event" in row["sql"] for row in captured.captured_queries) == 1


def test_a_refreshed_board_keeps_its_panel(team: Team, dispatcher: Client) -> None:
    order = team.work()
    text = page(dispatcher, work=str(order.public_id), at="10:00")
    here = re.search(r'data-here="([^"]+)"', text)
    assert here is not None
    assert 'id="who"' in page(dispatcher, here[1].replace("&amp;", "&"))


@pytest.mark.promise("domain R14")
def test_what_runs_late_is_listed_with_its_reasons(team: Team, dispatcher: Client) -> None:
    not_started = assign_work_order(team.work(), team.amina, starts_at=at(9), by=team.dispatcher)
    working = assign_work_order(team.work(), team.bilal, starts_at=at(9), by=team.dispatcher)
    start_assignment(working, by=team.themself(team.bilal))
    soon = assign_work_order(team.work(), team.amina, starts_at=at(14), by=team.dispatcher)
    WorkOrder.objects.filter(pk=soon.work_order_id).update(promised_end=at(10, 50))
    fine = assign_work_order(team.work(), team.bilal, starts_at=at(15), by=team.dispatcher)
    with time_machine.travel(at(10), tick=False):
        text = page(dispatcher)
    late = text[text.index('id="late"') : text.index('id="to-give"')]
    for card, words in ((not_started, "Pas commencé"), (working, "Pas fini"), (soon, "10:50")):
        assert f"card={card.public_id}" in late
        assert words in late
    assert f"card={fine.public_id}" not in late
    assert 'id="late"' not in page(dispatcher)


def test_the_lists_are_paged_counted_and_searched(team: Team, dispatcher: Client) -> None:
    orders = [team.work() for _n in range(33)]
    text = page(dispatcher)
    assert text.count("data-drag-id") == 30
    assert '<span class="chip">33</span>' in text
    assert page(dispatcher, page="2").count("data-drag-id") == 3
    assert page(dispatcher, page="99").count("data-drag-id") == 3
    assert page(dispatcher, page="x").count("data-drag-id") == 30
    assert page(dispatcher, q=orders[7].reference.lower()).count("data-drag-id") == 1
    assert "Rien trouvé" in page(dispatcher, q="zzz")


def test_late_work_costs_the_same_for_one_and_three(team: Team, dispatcher: Client) -> None:
    def late(hour: int, trainee: Trainee) -> None:
        given = assign_work_order(team.work(), trainee, starts_at=at(hour), by=team.dispatcher)
        WorkOrder.objects.filter(pk=given.work_order_id).update(promised_end=at(9))

    team.work()
    late(9, team.amina)
    page(dispatcher)
    one = queries_of(dispatcher)
    late(10, team.amina)
    late(10, team.bilal)
    assert queries_of(dispatcher) == one


@pytest.mark.parametrize("brief", ["", "09:00"])
@pytest.mark.parametrize(("url", "drag"), [("/x/?a=1&b=2#who", "an-id"), ("", "")])
def test_a_card_is_what_its_component_writes(brief: str, url: str, drag: str) -> None:
    values: dict[str, Any] = {
        "start": 5,
        "span": 6,
        "title": 'Repassage & <b>"plis"',
        "detail": "9 h · L’heure",
        "brief": brief,
    }
    values |= {"pictogram": "ironing", "state": "waiting", "url": url, "drag": drag, "version": 3}
    given = {name: value for name, value in values.items() if name not in {"url", "version"}}
    data = {"data-version": "3", "data-start": "5"}
    written = render_component(RequestFactory().get("/"), "work_card", href=url, **given, **data)
    assert " ".join(written.split()) == " ".join(card_html(**values).split())
