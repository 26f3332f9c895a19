"""Whose turn it is, read from the rows: flat however many, and shown to the team."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import transaction
from django.test import Client as Browser
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from bookings.actions.work_orders import book_work_order, start_work_order
from bookings.enums import PerformerKind
from bookings.models import ClientQuestion, Pause
from bookings.models.waiting import waiting_of
from concierge import events
from tests.bookings.conftest import at
from tests.bookings.test_booking_pages import shown
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]


def test_it_reads_flat(world: World, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    found = [world.request(world.ironing, world.cobbler) for _n in range(3)]
    with django_assert_num_queries(4):
        one = waiting_of(found[:1], now=timezone.now())
    with django_assert_num_queries(4):
        three = waiting_of(found, now=timezone.now())
    assert set(three) == {request.pk for request in found}
    assert one[found[0].pk] == three[found[0].pk]
    assert len(one[found[0].pk].works) == 2
    assert waiting_of([], now=timezone.now()) == {}


def test_the_name_of_the_provider_and_the_last_news(world: World) -> None:
    request = world.request(world.cobbler, promised_start=timezone.now() - dt.timedelta(hours=1))
    by = world.actor()
    order = book_work_order(
        request.work_orders.get(),
        performer_kind=PerformerKind.PROVIDER,
        performer_id=7,
        performer_label="Cordonnerie Monge",
        by=by,
    )
    with transaction.atomic():
        events.record("service_request.reminded", request, by=by, request_id=request.public_id, act_at=at(27, 9))
    start_work_order(order, by=by, act_at=at(24, 15))
    request.refresh_from_db()
    found = waiting_of([request], now=at(24, 16))[request.pk]
    assert (found.request.holder, found.request.provider, found.request.next) == (
        "provider",
        "Cordonnerie Monge",
        "finish",
    )
    assert found.request.due == order.promised_end
    # A reminder is no news.
    assert found.request.since < at(25, 0)


def test_a_question_and_a_pause_say_by_when(world: World) -> None:
    asked, held = world.request(status="awaiting_client"), world.request(status="on_hold")
    org = world.organisation
    ClientQuestion.objects.create(
        organisation=org, request=asked, text="Quelle couleur ?", asked_at=at(23, 9), due_at=at(26, 18)
    )
    Pause.objects.create(
        organisation=org, request=held, reason="material", held_from="in_progress", held_at=at(23, 9), until=at(30, 9)
    )
    found = waiting_of([asked, held], now=timezone.now())
    assert (found[asked.pk].request.holder, found[asked.pk].request.due) == ("client", at(26, 18))
    assert (found[held.pk].request.holder, found[held.pk].request.due) == ("material", at(30, 9))
    assert (found[held.pk].request.since, found[held.pk].request.step) == (at(23, 9), "in_hand")


def test_the_team_reads_it_on_the_page_and_in_the_list(world: World, client: Browser) -> None:
    request = world.request(world.ironing)
    client.force_login(world.users["dispatcher"])
    page = shown(client.get(f"/demandes/{request.public_id}/"))
    assert "Confier à quelqu’un" in page
    assert "Régulateur·rice" in page
    assert "Confier à quelqu’un" in shown(client.get("/demandes/"))


def test_a_late_next_step_is_called_overdue(world: World, client: Browser, monday: Any) -> None:
    request = world.request(world.ironing)
    client.force_login(world.users["dispatcher"])
    assert "En retard" not in shown(client.get(f"/demandes/{request.public_id}/"))
    monday.shift(dt.timedelta(days=2))
    assert "En retard" in shown(client.get(f"/demandes/{request.public_id}/"))
