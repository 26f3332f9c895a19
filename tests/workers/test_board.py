"""The dispatch board as the dispatcher uses it, with and without JavaScript."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings.models import WorkOrder
from concierge import tenancy
from concierge.models import Event, Membership
from tests.workers.conftest import NOW, Team, at
from tests.world import World
from workers.actions.absences import note_absence
from workers.actions.dispatch import assign_work_order, move_assignment
from workers.actions.people import create_trainee
from workers.actions.work import call_for_help, start_assignment
from workers.models import Assignment, HelpCall, Trainee
from workers.rules.candidates import WARNINGS

BOARD = "/affectations/"


@pytest.fixture(autouse=True)
def _monday_morning() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def dispatcher(team: Team, client: Client) -> Client:
    client.force_login(team.world.users["dispatcher"])
    return client


def page(client: Client, address: str = BOARD, **query: str) -> str:
    response = client.get(address, query)
    assert response.status_code == 200
    text = response.content.decode()
    assert "UNDEFINED-TEMPLATE-VARIABLE" not in text
    return text


def send(client: Client, work_order: WorkOrder, trainee: Trainee, start: dt.datetime, **extra: Any) -> Any:
    data = {"trainee": str(trainee.public_id), "starts_at": start.isoformat(), "day": "2026-11-23", **extra}
    return client.post(reverse("workers:assign", args=[work_order.public_id]), data)


def test_the_board_shows_work_and_people(team: Team, dispatcher: Client) -> None:
    late = team.work(starts=at(9, days=-5))
    given = assign_work_order(team.work(), team.amina, starts_at=at(9), by=team.dispatcher)
    later = team.work(starts=at(9, days=3))
    text = page(dispatcher)
    assert f"work={late.public_id}" in text
    assert "En retard" in text or "Late" in text
    assert f"card={given.public_id}" in text
    assert f"work={later.public_id}" not in text
    assert f"work={later.public_id}" in page(dispatcher, day="2026-11-26")
    for name in ("Amina D.", "Bilal D.", "Chloé D."):
        assert name in text


def test_every_candidate_is_shown_with_reasons(team: Team, dispatcher: Client) -> None:
    note_absence(team.chloe, starts_on=NOW.date(), ends_on=NOW.date(), by=team.dispatcher)
    work_order = team.work()
    text = page(dispatcher, work=str(work_order.public_id))
    panel = text[text.index('id="who"') : text.index('id="to-give"')]
    assert panel.index("Amina D.") < panel.index("Bilal D.") < panel.index("Chloé D.")
    assert panel.count('<form method="post"') == 2
    assert "Repasseur-presseur" in panel


def test_giving_by_form_and_taking_back(team: Team, dispatcher: Client) -> None:
    work_order = team.work()
    response = send(dispatcher, work_order, team.amina, at(9, 30))
    given = Assignment.objects.get()
    assert response.status_code == 302
    assert f"done={given.public_id}" in response["Location"]
    text = page(dispatcher, response["Location"])
    step = re.search(r'name="step" value="([^"]+)"', text)
    assert step is not None
    assert dispatcher.post(reverse("workers:undo"), {"step": step[1]}).status_code == 302
    work_order.refresh_from_db()
    assert (work_order.status, Assignment.objects.get().status) == ("ready", "cancelled")


def test_dropping_does_the_same_as_the_form(team: Team, dispatcher: Client) -> None:
    work_order = team.work()
    response = drop(dispatcher, team.amina, work_order.public_id, column=7)
    assert response.status_code == 200
    assert response.content.decode().lstrip().startswith("<div data-board")
    assert Assignment.objects.get().planned_start == at(9, 30)


def drop(client: Client, trainee: Trainee, item: uuid.UUID, *, column: int) -> Any:
    address = reverse("workers:drop", args=[trainee.public_id])
    return client.post(
        f"{address}?day=2026-11-23&hour=8&site=republique",
        {"item": str(item), "column": str(column)},
        headers={"HX-Request": "true"},
    )


def test_a_drop_with_warnings_asks_first(team: Team, dispatcher: Client) -> None:
    work_order = team.work()
    response = drop(dispatcher, team.amina, work_order.public_id, column=41)
    assert (response.status_code, Assignment.objects.count()) == (422, 0)
    text = response.content.decode()
    panel = text[text.index('id="who"') :]
    assert 'name="accept" value="not_available"' in panel
    assert panel.index("Amina D.") < panel.index("Bilal D.")


def test_dropping_a_planned_card_moves_it(team: Team, dispatcher: Client) -> None:
    given = assign_work_order(team.work(), team.amina, starts_at=at(9), by=team.dispatcher)
    assert drop(dispatcher, team.bilal, given.public_id, column=9).status_code == 200
    moved = Assignment.objects.holding().get()
    assert (moved.trainee, moved.planned_start) == (team.bilal, at(10))


def test_moving_to_another_time_by_form(team: Team, dispatcher: Client) -> None:
    given = assign_work_order(team.work(), team.amina, starts_at=at(9), by=team.dispatcher)
    text = page(dispatcher, card=str(given.public_id), at="10:00")
    assert reverse("workers:move", args=[given.public_id]) in text
    response = dispatcher.post(
        reverse("workers:move", args=[given.public_id]),
        {"trainee": str(team.amina.public_id), "starts_at": at(10).isoformat(), "version": "1"},
    )
    given.refresh_from_db()
    assert (response.status_code, given.planned_start) == (302, at(10))


def test_an_old_page_is_told_kindly(team: Team, dispatcher: Client) -> None:
    given = assign_work_order(team.work(), team.amina, starts_at=at(9), by=team.dispatcher)
    move_assignment(given, starts_at=at(11), by=team.supervisor)
    response = dispatcher.post(
        reverse("workers:move", args=[given.public_id]),
        {"trainee": str(team.amina.public_id), "starts_at": at(10).isoformat(), "version": "1"},
    )
    given.refresh_from_db()
    assert (response.status_code, given.planned_start) == (412, at(11))


BAD: list[tuple[str, dict[str, Any], int]] = [
    ("not a person", {"trainee": "x"}, 400),
    ("not a time", {"starts_at": "tomorrow"}, 400),
    ("absurd year", {"starts_at": "9999-12-31T23:59:00+00:00"}, 400),
    ("unknown mode", {"supervision_mode": "flying"}, 400),
    ("unknown warning", {"accept": "L6"}, 400),
    ("past day", {"starts_at": "2026-11-20T10:00:00+01:00"}, 400),
    ("nobody", {"trainee": str(uuid.uuid4())}, 404),
]


@pytest.mark.parametrize(("data", "status"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_bad_input_changes_nothing(team: Team, dispatcher: Client, data: dict[str, Any], status: int) -> None:
    work_order = team.work()
    before = Event.objects.count()
    response = dispatcher.post(
        reverse("workers:assign", args=[work_order.public_id]),
        {"trainee": str(team.amina.public_id), "starts_at": at(10).isoformat(), **data},
    )
    work_order.refresh_from_db()
    assert response.status_code == status
    assert (work_order.status, Assignment.objects.count(), Event.objects.count()) == ("ready", 0, before)


def test_a_busy_person_and_a_second_dispatcher_are_told(team: Team, dispatcher: Client) -> None:
    assign_work_order(team.work(), team.amina, starts_at=at(10), by=team.dispatcher)
    busy = team.work()
    assert send(dispatcher, busy, team.amina, at(10)).status_code == 409
    taken = assign_work_order(busy, team.bilal, starts_at=at(10), by=team.supervisor)
    response = send(dispatcher, busy, team.amina, at(11))
    assert (response.status_code, "Bilal" in response.content.decode()) == (409, True)
    assert Assignment.objects.holding().count() == 2
    assert taken.status == "proposed"


@pytest.mark.promise("L6")
def test_beyond_the_rules_is_refused_with_the_article(team: Team, dispatcher: Client) -> None:
    work_order = team.work(minutes=360)
    response = send(dispatcher, work_order, team.amina, at(9), accept=sorted(WARNINGS))
    assert (response.status_code, "L3121-16" in response.content.decode()) == (422, True)


def test_work_of_a_provider_is_refused(team: Team, dispatcher: Client) -> None:
    order = team.world.request(team.world.cobbler).work_orders.get()
    assert send(dispatcher, order, team.amina, at(10)).status_code in {400, 404}
    assert Assignment.objects.count() == 0


@pytest.mark.promise("S01")
def test_another_organisation_does_not_exist(team: Team, other_world: World, dispatcher: Client) -> None:
    with tenancy.working_for(other_world.organisation):
        order = other_world.request(other_world.ironing).work_orders.get()
        stranger = create_trainee(
            site=other_world.site,
            first_name="Sacha",
            last_name="Ailleurs",
            by=other_world.actor(),
        )
        site = other_world.site.slug
    own = team.work()
    assert send(dispatcher, order, team.amina, at(10)).status_code == 404
    assert send(dispatcher, own, stranger, at(10)).status_code == 404
    assert dispatcher.get(BOARD, {"work": str(order.public_id)}).status_code == 404
    assert dispatcher.get(reverse("workers:trainee", args=[stranger.public_id])).status_code == 404
    assert dispatcher.get(BOARD, {"site": f"{site}-2"}).status_code == 404
    assert "Sacha" not in page(dispatcher)


@pytest.mark.promise("S03")
def test_a_role_at_another_site_sees_and_does_nothing_here(team: Team, client: Client) -> None:
    user = team.world.users["dispatcher"]
    other = team.world.site
    other.pk, other.public_id, other.slug, other._state.adding = None, uuid.uuid4(), "gare", True
    other.save()
    Membership.objects.filter(user=user).update(site=other)
    client.force_login(user)
    work_order = team.work()
    team.world.site.refresh_from_db()
    WorkOrder.objects.update(site_id=team.amina.site_id)
    assert "Amina" not in page(client)
    assert send(client, work_order, team.amina, at(10)).status_code == 404
    assert client.get(BOARD, {"site": "republique"}).status_code == 404


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("dispatcher", 200),
        ("supervisor", 200),
        ("concierge", 200),
        ("site_manager", 200),
        ("social_adviser", 200),
        ("network_head", 200),
        ("accountant", 403),
        ("trainee", 403),
        ("provider", 403),
    ],
)
def test_who_opens_the_board(team: Team, client: Client, role: str, status: int) -> None:
    client.force_login(team.world.users[role])
    assert client.get(BOARD).status_code == status
    work_order = team.work()
    gives = send(client, work_order, team.amina, at(10)).status_code
    expected = {"social_adviser": 404, "network_head": 403, "accountant": 403, "trainee": 404, "provider": 404}
    assert gives == expected.get(role, 302)


def test_visitors_sign_in_first(team: Team, client: Client) -> None:
    assert client.get(BOARD).status_code == 302
    assert send(client, team.work(), team.amina, at(10)).status_code == 302
    assert Assignment.objects.count() == 0


@pytest.mark.promise("P01")
def test_the_board_tells_capabilities_never_causes(team: Team, dispatcher: Client) -> None:
    Trainee.objects.filter(pk=team.bilal.pk).update(prefers_audio=True)
    note_absence(team.chloe, starts_on=NOW.date(), ends_on=NOW.date(), by=team.dispatcher)
    text = page(dispatcher)
    assert "Diallo" not in text
    assert any(words in text for words in ("Prefers to listen", "Préfère écouter"))


def test_calls_for_help_come_first_and_are_answered(team: Team, dispatcher: Client) -> None:
    given = assign_work_order(team.work(), team.amina, starts_at=at(9), by=team.dispatcher)
    start_assignment(given, by=team.themself(team.amina))
    call = call_for_help(team.amina, by=team.themself(team.amina), assignment=given)
    text = page(dispatcher)
    address = reverse("workers:answer", args=[call.public_id])
    assert text.index(address) < text.index('id="to-give"')
    assert dispatcher.post(address).status_code == 302
    assert HelpCall.objects.get().answered_by == team.world.users["dispatcher"]
    assert address not in page(dispatcher)


def queries_of(client: Client, **query: str) -> int:
    """Queries of the page itself: without session, user, roles, second factor and tenant switches."""
    with CaptureQueriesContext(
        connection,
    ) as captured:
        page(client, **query)
    kernel = ("django_session", "concierge_user", "concierge_membership", "mfa_authenticator", "concierge_domain")
    own = [
        row["sql"]
        for row in captured.captured_queries
        if not any(table in row["sql"].split("WHERE")[0].split("JOIN")[0] for table in kernel)
        and row["sql"].startswith("SELECT")
        and "set_config" not in row["sql"]
    ]
    return len(own)


@pytest.mark.parametrize("panel", [False, True])
def test_one_and_three_rows_cost_the_same(team: Team, dispatcher: Client, panel: bool) -> None:
    first = team.work()
    query = {"work": str(first.public_id)} if panel else {}
    assign_work_order(team.work(), team.amina, starts_at=at(9), by=team.dispatcher)
    page(dispatcher, **query)
    with_one = queries_of(dispatcher, **query)
    for hour in (10, 11):
        team.work()
        for trainee in (team.amina, team.bilal):
            assign_work_order(team.work(), trainee, starts_at=at(hour), by=team.dispatcher)
    assert queries_of(dispatcher, **query) == with_one
    # Of everybody who could take the work: their weeks, what they learn, and who could accompany them.
    assert with_one <= (42 if panel else 28)


@pytest.mark.parametrize("query", [{"day": "yesterday"}, {"day": "2026-02-31"}, {"day": "0001-01-01"}, {"at": "25:99"}])
def test_a_strange_address_shows_today(team: Team, dispatcher: Client, query: dict[str, str]) -> None:
    assert "23" in page(dispatcher, **query)


def test_an_address_that_is_no_identifier_is_not_found(team: Team, dispatcher: Client) -> None:
    assert dispatcher.get(BOARD, {"work": "1"}).status_code == 404
