"""A client follows a request by its link."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser

from bookings.actions.requests import cancel_request, close_request
from bookings.actions.work_orders import (
    book_work_order,
    complete_work_order,
    fail_work_order,
    pause_work_order,
    reject_quality,
    schedule_work_order,
    start_work_order,
    verify_work_order,
)
from bookings.enums import PerformerKind, WorkOrderStatus
from bookings.models import Hold, ServiceRequest
from bookings.views.words import step_words
from concierge.models import Event
from tests.bookings.conftest import at, wish_heels
from tests.bookings.test_booking_pages import shown
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
Book = Callable[..., ServiceRequest]


def address(request: ServiceRequest, rest: str = "") -> str:
    return f"/suivi/{request.tracking_token}/{rest}"


def test_the_page_tells_each_step_in_plain_words(world: World, book: Book, client: Browser) -> None:
    request = book(wish_heels(world))
    page = shown(client.get(address(request)))
    assert request.reference in page
    order = request.work_orders.get()
    by = world.actor()
    said = [step_words(order)]
    order = book_work_order(
        order,
        performer_kind=PerformerKind.PROVIDER,
        performer_id=7,
        performer_label="Cordonnerie du Bourg",
        by=by,
    )
    said.append(step_words(order))
    for verb in (start_work_order, complete_work_order):
        order = verb(order, by=by)
        said.append(step_words(order))
    assert "Cordonnerie du Bourg" in shown(client.get(address(request)))
    order = reject_quality(order, reason="couture", by=by)
    said.append(step_words(order))
    order = start_work_order(order, by=by)
    order = pause_work_order(order, reason="waiting", by=by)
    said.append(step_words(order))
    order = complete_work_order(start_work_order(order, by=by), by=by)
    order = verify_work_order(order, by=by)
    said.append(step_words(order))
    assert len(set(said)) == len(said)
    shown(client.get(address(request)))
    request.refresh_from_db()
    close_request(request, by=by)
    page = shown(client.get(address(request)))
    assert "every 15s" not in page


def test_every_state_of_a_work_order_has_words(world: World, book: Book) -> None:
    order = book(wish_heels(world)).work_orders.get()
    for status in WorkOrderStatus:
        order.status = status
        assert step_words(order)
        assert status.value not in step_words(order)


def test_other_ends_have_their_words_too(world: World, book: Book, client: Browser) -> None:
    by = world.actor("dispatcher")
    failed, cancelled = book(wish_heels(world)), book(wish_heels(world), starts_at=at(24, 11))
    order = book_work_order(
        failed.work_orders.get(),
        performer_kind=PerformerKind.OWN_TEAM,
        performer_id=3,
        performer_label="Karim B.",
        by=by,
    )
    order = schedule_work_order(order, planned_start=at(25, 9), planned_end=at(25, 10), by=by)
    page = shown(client.get(address(failed)))
    assert "Karim" not in page
    assert world.users["dispatcher"].last_name not in page
    fail_work_order(order, reason="cuir trop abîmé", by=by)
    shown(client.get(address(failed)))
    cancel_request(cancelled, by=by)
    assert "every 15s" not in shown(client.get(address(cancelled)))


def test_the_live_part_is_sent_only_when_something_happened(world: World, book: Book, client: Browser) -> None:
    request = book(wish_heels(world))
    seen = Event.objects.filter(request_id=request.public_id).count()
    assert f"seen={seen}" in shown(client.get(address(request)))
    assert client.get(address(request, "etat/"), {"seen": seen}).status_code == 204
    assert f"seen={seen}" in shown(client.get(address(request, "etat/"), {"seen": "x"}))


@pytest.mark.promise("S16")
def test_a_link_is_all_or_nothing(world: World, other_world: World, book: Book, client: Browser) -> None:
    request = book()
    token = request.tracking_token
    for wrong in (token[:-1], token[:-1] + ("a" if token[-1] != "a" else "b"), request.public_id.hex, "x", "." * 50):
        for rest in ("", "etat/", "annuler/", "confirmation/"):
            assert client.get(f"/suivi/{wrong}/{rest}").status_code == 404
    assert Browser(headers={"host": other_world.host}).get(address(request)).status_code == 404
    ServiceRequest.objects.update(tracking_version=2)
    assert client.get(f"/suivi/{token}/").status_code == 410


def test_the_link_does_not_leak(world: World, book: Book, client: Browser) -> None:
    request = book()
    answer = client.get(address(request))
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in answer.headers["Cache-Control"]
    page = shown(answer)
    title = page[page.index("<title>") : page.index("</title>")]
    assert request.reference not in title
    assert "Garnier" not in page
    assert "noindex" in page


def test_cancelling_asks_first_and_frees_the_place(world: World, book: Book, client: Browser) -> None:
    request = book()
    shown(client.get(address(request, "annuler/")))
    assert ServiceRequest.objects.get().status == "confirmed"
    answer = client.post(address(request, "annuler/"), {"reason": "Je pars en voyage"})
    assert answer.headers["Location"] == address(request)
    request.refresh_from_db()
    assert (request.status, request.cancel_reason) == ("cancelled", "Je pars en voyage")
    assert not Hold.objects.live().exists()
    event = Event.objects.get(name="service_request.cancelled")
    assert (event.channel, event.data["by_kind"]) == ("link", "link")
    assert client.get(address(request, "annuler/")).status_code == 302
    assert client.post(address(request, "annuler/")).status_code == 409


def test_begun_work_cannot_be_cancelled_by_the_link(world: World, book: Book, client: Browser) -> None:
    request = book(wish_heels(world))
    assert "annuler/" in shown(client.get(address(request)))
    order = book_work_order(
        request.work_orders.get(),
        performer_kind=PerformerKind.OWN_TEAM,
        performer_id=3,
        performer_label="x",
        by=world.actor(),
    )
    start_work_order(order, by=world.actor())
    assert "annuler/" not in shown(client.get(address(request)))
    shown(client.post(address(request, "annuler/")), 409)
    request.refresh_from_db()
    assert request.status == "in_progress"


def test_what_comes_next_follows_the_clock(world: World, book: Book, client: Browser, monday: Any) -> None:
    request = book(wish_heels(world))
    before = shown(client.get(address(request)))
    monday.shift(dt.timedelta(days=1, hours=3))
    assert shown(client.get(address(request))) != before


def test_my_requests_are_mine(world: World, book: Book, client: Browser) -> None:
    theirs = book()
    user = world.users["provider"]
    client.force_login(user)
    assert theirs.reference not in shown(client.get("/mes-demandes/"))
    assert Browser().get("/mes-demandes/").status_code == 302
    world.client.user = user
    world.client.save()
    ServiceRequest.objects.update(client=world.client)
    assert theirs.reference in shown(client.get("/mes-demandes/"))


def test_my_requests_carry_the_day_of_their_site(world: World, book: Book, client: Browser) -> None:
    book()
    ServiceRequest.objects.update(submitted_at=dt.datetime(2026, 6, 30, 23, 30, tzinfo=dt.UTC))
    world.client.user = world.users["provider"]
    world.client.save()
    ServiceRequest.objects.update(client=world.client)
    client.force_login(world.users["provider"])
    assert "01/07/2026" in shown(client.get("/mes-demandes/"))
