"""A question to the client: asked, answered, forgotten, taken up again."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from bookings.actions.pauses import hold_request
from bookings.actions.questions import (
    QuestionClosed,
    TooLateToRevive,
    answer_question,
    ask_client,
    expire_request,
    revive_request,
)
from bookings.actions.requests import cancel_request
from bookings.models import ClientQuestion, ServiceRequest
from concierge.errors import Invalid, NotAllowed, WrongState
from concierge.models import Deadline, Event
from concierge.tenancy import Actor
from tests.bookings.conftest import at
from tests.bookings.test_booking_pages import shown
from tests.conftest import settle
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]


def bearer(world: World) -> Actor:
    return Actor(kind="link", organisation=world.organisation, client_id=world.client.pk, channel="link")


def asked(world: World, due_at: dt.datetime | None = None) -> ServiceRequest:
    request = world.request(world.ironing, status="qualifying")
    ask_client(request, text="De quelle couleur ?", due_at=due_at or at(27, 18), by=world.actor("concierge"))
    request.refresh_from_db()
    return request


def names() -> list[str]:
    return list(Event.objects.order_by("pk").values_list("name", flat=True))


def test_the_answer_brings_the_request_back(world: World) -> None:
    request = asked(world)
    assert (request.status, request.version) == ("awaiting_client", 2)
    answer_question(request, answer=" Bleu nuit ", by=bearer(world))
    request.refresh_from_db()
    question = request.questions.get()
    assert (request.status, question.answer, question.is_open) == ("qualifying", "Bleu nuit", False)
    assert names() == ["question.asked", "question.answered"]
    assert not Deadline.objects.filter(cancelled_at=None, fired_at=None).exists()
    with pytest.raises(QuestionClosed):
        answer_question(request, answer="Rouge", by=bearer(world))


@pytest.mark.promise("S39")
def test_no_event_repeats_what_was_written(world: World) -> None:
    answer_question(asked(world), answer="Bleu nuit", by=bearer(world))
    assert [event.data for event in Event.objects.all()] == [{}, {}]


@pytest.mark.parametrize(
    ("text", "due_at", "field"),
    [
        ("  ", at(27, 18), "text"),
        ("Quoi ?", at(23, 7), "due_at"),
        ("Quoi ?", at(23, 8) + dt.timedelta(days=91), "due_at"),
    ],
)
def test_a_question_is_whole(world: World, text: str, due_at: dt.datetime, field: str) -> None:
    request = world.request(world.ironing, status="qualifying")
    with pytest.raises(Invalid) as refused:
        ask_client(request, text=text, due_at=due_at, by=world.actor("concierge"))
    assert refused.value.field == field
    assert not ClientQuestion.objects.exists()


@pytest.mark.parametrize("status", ["submitted", "confirmed", "on_hold", "closed", "awaiting_client"])
def test_only_what_is_looked_at_is_asked_about(world: World, status: str) -> None:
    with pytest.raises(WrongState):
        ask_client(
            world.request(world.ironing, status=status), text="?", due_at=at(27, 18), by=world.actor("concierge")
        )


def test_strangers_neither_ask_nor_answer(world: World) -> None:
    request = asked(world)
    stranger = Actor(kind="link", organisation=world.organisation, client_id=world.client.pk + 1)
    for act in (
        lambda by: answer_question(request, answer="x", by=by),
        lambda by: ask_client(request, text="x", due_at=at(27, 18), by=by),
        lambda by: revive_request(request, by=by),
        lambda by: hold_request(request, reason="ours", until=at(27, 18), by=by),
    ):
        with pytest.raises(NotAllowed):
            act(stranger)


def test_silence_is_reminded_twice_then_ends_the_request(world: World, monday: Any) -> None:
    request = asked(world, due_at=at(27, 8))
    settle()
    assert names().count("question.reminded") == 0
    for days, reminders in ((2, 1), (2, 2)):
        monday.shift(dt.timedelta(days=days, minutes=1))
        settle()
        assert names().count("question.reminded") == reminders
    request.refresh_from_db()
    assert request.status == "awaiting_client"
    monday.shift(dt.timedelta(days=3))
    settle()
    request.refresh_from_db()
    assert request.status == "expired"
    assert request.tracking_until == pytest.approx(timezone.now() + dt.timedelta(days=30), abs=dt.timedelta(minutes=1))
    assert set(request.work_orders.values_list("status", flat=True)) == {"cancelled"}
    settle()
    assert names().count("service_request.expired") == 1


def test_the_link_revives_it_for_thirty_days(world: World, monday: Any, client: Browser) -> None:
    request = asked(world)
    expire_request(request, by=world.actor())
    monday.shift(dt.timedelta(days=29))
    page = shown(client.get(f"/suivi/{request.tracking_token}/"))
    assert "De quelle couleur ?" in page
    assert "every 15s" not in page
    answer = client.post(f"/suivi/{request.tracking_token}/reprendre/", {"answer": "Bleu"})
    assert answer.status_code == 302
    request.refresh_from_db()
    assert (request.status, request.tracking_until, request.questions.get().answer) == ("qualifying", None, "Bleu")
    assert client.post(f"/suivi/{request.tracking_token}/reprendre/", {"answer": ""}).status_code == 409


def test_after_thirty_days_it_is_over(world: World, monday: Any, client: Browser) -> None:
    request = asked(world)
    expire_request(request, by=world.actor())
    monday.shift(dt.timedelta(days=31))
    assert client.post(f"/suivi/{request.tracking_token}/reprendre/").status_code == 410
    with pytest.raises(TooLateToRevive):
        revive_request(request, by=bearer(world))
    request.refresh_from_db()
    assert request.status == "expired"


def test_a_cancelled_request_asks_nothing_more(world: World, monday: Any) -> None:
    request = asked(world)
    cancel_request(request, by=bearer(world))
    assert request.questions.get().is_open is False
    monday.shift(dt.timedelta(days=20))
    settle()
    request.refresh_from_db()
    assert request.status == "cancelled"
    assert "question.reminded" not in names()


def test_the_client_answers_on_the_page(world: World, client: Browser) -> None:
    request = asked(world)
    address = f"/suivi/{request.tracking_token}/"
    page = shown(client.get(address))
    assert "De quelle couleur ?" in page
    # Outside of the live part, which would throw away what is being typed.
    assert page.index('action="/suivi/') < page.index('id="state"')
    empty = client.post(f"{address}repondre/", {"answer": "  "})
    assert empty.status_code == 422
    assert "De quelle couleur ?" in shown(empty, 422)
    long = client.post(f"{address}repondre/", {"answer": "a" * 1001})
    assert "a" * 1001 in shown(long, 422)
    assert client.post(f"{address}repondre/", {"answer": "Bleu"}).status_code == 302
    page = shown(client.get(address))
    assert "repondre/" not in page
    assert "Vous avez répondu" in page
    assert client.post(f"{address}repondre/", {"answer": "Rouge"}).status_code == 409
    assert request.questions.get().answer == "Bleu"


@pytest.mark.promise("S22")
def test_what_is_typed_is_only_text(world: World, client: Browser) -> None:
    request = world.request(world.ironing, status="qualifying")
    evil = "<script>alert(1)</script>"
    ask_client(request, text=evil, due_at=at(27, 18), by=world.actor("concierge"))
    assert evil not in shown(client.get(f"/suivi/{request.tracking_token}/"))
    answer_question(request, answer=evil, by=bearer(world))
    client.force_login(world.users["concierge"])
    assert evil not in shown(client.get(f"/demandes/{request.public_id}/"))


def test_the_team_asks_from_the_page_of_the_request(world: World, client: Browser) -> None:
    request = world.request(world.ironing, status="qualifying")
    client.force_login(world.users["concierge"])
    address = f"/demandes/{request.public_id}/attente/question/"
    assert "attente/question/" in shown(client.get(f"/demandes/{request.public_id}/"))
    shown(client.get(address))
    wrong = client.post(address, {"text": "De quelle couleur ?", "due_on": "2026-11-23"})
    assert "De quelle couleur ?" in shown(wrong, 422)
    assert client.post(address, {"text": "De quelle couleur ?", "due_on": "2026-11-27"}).status_code == 302
    assert ClientQuestion.objects.get().due_at == at(27, 18)
    assert client.get(address).status_code == 302
    assert shown(client.post(address, {"text": "Encore ?", "due_on": "2026-11-27"}), 409)
    assert client.get(f"/demandes/{request.public_id}/attente/autre/").status_code == 404
