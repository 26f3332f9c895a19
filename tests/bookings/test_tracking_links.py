"""The life of a tracking link: renewed by the team, over some time after the end, asked for again (S16)."""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections
from django.test import Client as Browser

from bookings.actions.links import MOST_SENT, TRACKING_DAYS, renew_link, send_link
from bookings.actions.requests import cancel_request, close_request
from bookings.models import ServiceRequest
from concierge import tenancy
from concierge.errors import NotAllowed
from concierge.models import Event
from tests.bookings.conftest import wish_heels
from tests.bookings.test_booking_pages import shown
from tests.world import World, build_world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
Book = Callable[..., ServiceRequest]
SENT = "service_request.link_sent"


def words(answer: Any, status: int = 200) -> str:
    """What a person reads, without what is new in every answer."""
    return re.sub(r'nonce="[^"]*"|csrfmiddlewaretoken" value="[^"]*"|X-CSRFToken": "[^"]*"', "", shown(answer, status))


def address(request: ServiceRequest, rest: str = "") -> str:
    return f"/suivi/{request.tracking_token}/{rest}"


def end(request: ServiceRequest, world: World) -> ServiceRequest:
    """Everything was handed over just now."""
    ServiceRequest.objects.filter(pk=request.pk).update(status="fulfilled")
    return close_request(ServiceRequest.objects.get(pk=request.pk), by=world.actor())


@pytest.fixture
def dispatcher(world: World) -> Browser:
    browser = Browser()
    browser.force_login(world.users["dispatcher"])
    return browser


# --- an end ----------------------------------------


@pytest.mark.promise("S16")
def test_a_link_lives_as_long_as_the_request_and_ninety_days(
    world: World, book: Book, client: Browser, monday: Any
) -> None:
    request = book(wish_heels(world))
    monday.shift(dt.timedelta(days=400))
    assert client.get(address(request)).status_code == 200
    request = end(request, world)
    assert TRACKING_DAYS == 90
    monday.shift(dt.timedelta(days=89, hours=23))
    assert client.get(address(request)).status_code == 200
    monday.shift(dt.timedelta(hours=2))
    for rest in ("", "etat/", "annuler/", "confirmation/"):
        assert client.get(address(request, rest)).status_code == 410, rest
    assert client.post(address(request, "annuler/")).status_code == 410


def test_a_cancelled_request_has_an_end_too(world: World, book: Book, client: Browser, monday: Any) -> None:
    request = book()
    cancel_request(request, by=world.actor())
    assert client.get(address(request)).status_code == 200
    monday.shift(dt.timedelta(days=91))
    assert client.get(address(request)).status_code == 410


def test_a_request_closed_before_links_had_an_end_has_one(
    world: World, book: Book, client: Browser, monday: Any
) -> None:
    request = end(book(wish_heels(world)), world)
    ServiceRequest.objects.update(tracking_until=None)
    assert client.get(address(request)).status_code == 200
    monday.shift(dt.timedelta(days=91))
    assert client.get(address(request)).status_code == 410


@pytest.mark.promise("S16", "P05")
def test_the_page_of_a_dead_link_tells_nothing_but_what_to_do(
    world: World, book: Book, client: Browser, monday: Any
) -> None:
    request = end(book(wish_heels(world)), world)
    monday.shift(dt.timedelta(days=91))
    answer = client.get(address(request))
    page = shown(answer, 410)
    assert "nouveau-lien/" in page
    assert "03 80 00 00 00" in page
    for secret in (request.reference, request.contact_email, "Garnier", "Inès", "talons"):
        assert secret not in page
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Referrer-Policy"] == "same-origin"


def test_a_page_that_asks_for_news_of_a_dead_link_is_loaded_again(
    world: World, book: Book, client: Browser, monday: Any
) -> None:
    request = book()
    old = address(request, "etat/")
    renew_link(request, by=world.actor("dispatcher"))
    answer = client.get(old, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Refresh"], answer.content) == (410, "true", b"")


def test_its_own_client_and_the_team_still_look(world: World, book: Book, monday: Any) -> None:
    request = end(book(wish_heels(world)), world)
    monday.shift(dt.timedelta(days=91))
    mine, stranger, dispatcher = Browser(), Browser(), Browser()
    dispatcher.force_login(world.users["dispatcher"])
    mine.force_login(world.users["provider"])
    stranger.force_login(world.users["trainee"])
    world.client.user = world.users["provider"]
    world.client.save()
    ServiceRequest.objects.update(client=world.client)
    assert mine.get(address(request)).status_code == 200
    assert dispatcher.get(address(request)).status_code == 200
    assert stranger.get(address(request)).status_code == 410


# --- renewed ----------------------------------------


@pytest.mark.promise("S16")
def test_the_team_renews_a_link_and_the_old_one_dies(
    world: World, book: Book, client: Browser, dispatcher: Browser
) -> None:
    request = book()
    old = address(request)
    ask = f"/demandes/{request.public_id}/lien/"
    assert ask in shown(dispatcher.get(f"/demandes/{request.public_id}/"))
    shown(dispatcher.get(ask))
    assert client.get(old).status_code == 200
    assert dispatcher.post(ask).headers["Location"] == f"/demandes/{request.public_id}/"
    request.refresh_from_db()
    assert "nouveau-lien/" in shown(client.get(old), 410)
    assert client.get(address(request)).status_code == 200
    event = Event.objects.get(name=SENT)
    assert event.actor == f"user:{world.users['dispatcher'].public_id}"
    assert request.tracking_token not in str(event.data)


@pytest.mark.promise("S01", "S07")
def test_only_the_desk_of_the_site_renews(world: World, book: Book, client: Browser) -> None:
    request = book()
    for role in ("accountant", "supervisor", "social_adviser", "network_head", "trainee", "provider"):
        browser = Browser()
        browser.force_login(world.users[role])
        assert browser.post(f"/demandes/{request.public_id}/lien/").status_code in {403, 404}, role
    with pytest.raises(NotAllowed):
        renew_link(request, by=world.actor("accountant"))
    request.refresh_from_db()
    assert request.tracking_version == 1


def test_a_renewed_link_of_an_ended_request_lives_a_while(
    world: World, book: Book, client: Browser, monday: Any
) -> None:
    request = end(book(wish_heels(world)), world)
    monday.shift(dt.timedelta(days=91))
    request = renew_link(request, by=world.actor("dispatcher"))
    assert client.get(address(request)).status_code == 200
    monday.shift(dt.timedelta(days=31))
    assert client.get(address(request)).status_code == 410


def test_renewing_never_shortens(world: World, book: Book, client: Browser, monday: Any) -> None:
    request = renew_link(end(book(wish_heels(world)), world), by=world.actor("dispatcher"))
    monday.shift(dt.timedelta(days=89))
    assert client.get(address(request)).status_code == 200


@pytest.mark.promise("S16", "S51")
@pytest.mark.django_db(transaction=True)
def test_two_at_once_renew_one_after_the_other() -> None:
    world = build_world()
    with tenancy.working_for(world.organisation):
        request = world.request()

    def renew() -> None:
        with tenancy.working_for(world.organisation):
            renew_link(request, by=world.actor("dispatcher"))
        connections.close_all()

    threads = [threading.Thread(target=renew) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with tenancy.working_for(world.organisation):
        assert ServiceRequest.objects.get().tracking_version == 5


# --- asked for again ----------------------------------------


@pytest.mark.promise("S16", "S17")
def test_whoever_holds_a_dead_link_gets_the_new_one_by_mail_only(
    world: World, book: Book, client: Browser, monday: Any
) -> None:
    request = end(book(wish_heels(world)), world)
    monday.shift(dt.timedelta(days=91))
    old = address(request)
    answer = client.post(f"{old}nouveau-lien/")
    page = words(answer)
    request.refresh_from_db()
    assert request.tracking_token not in page
    assert request.contact_email not in page
    assert Event.objects.get(name=SENT).actor_label == ""
    assert client.get(old).status_code == 410
    assert client.get(address(request)).status_code == 200
    ServiceRequest.objects.update(contact_email="")
    assert words(client.post(f"{old}nouveau-lien/")) == page
    assert words(client.post(f"{address(request)}nouveau-lien/")) == page


@pytest.mark.promise("S16")
def test_asking_again_does_not_kill_a_link_that_works(world: World, book: Book, client: Browser) -> None:
    request = book()
    old = address(request)
    request = renew_link(request, by=world.actor("dispatcher"))
    shown(client.post(f"{old}nouveau-lien/"))
    assert client.get(address(request)).status_code == 200
    assert Event.objects.filter(name=SENT).count() == 2


@pytest.mark.promise("S16", "S33")
def test_a_mailbox_is_not_flooded(world: World, book: Book, client: Browser, monday: Any) -> None:
    request = book()
    pages = [words(client.post(f"{address(request)}nouveau-lien/")) for _time in range(MOST_SENT + 2)]
    assert len(set(pages)) == 1
    assert Event.objects.filter(name=SENT).count() == MOST_SENT
    monday.shift(dt.timedelta(days=1, minutes=1))
    client.post(f"{address(request)}nouveau-lien/")
    assert Event.objects.filter(name=SENT).count() == MOST_SENT + 1


@pytest.mark.promise("S31", "S33")
def test_one_network_is_slowed_down(world: World, book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bookings.views.tracking.MOST_ASKED", 2)
    request = book()
    heard = []
    for number in range(3):
        browser = Browser(REMOTE_ADDR=f"2001:db8::{number + 1}")
        heard.append(browser.post(f"{address(request)}nouveau-lien/"))
    assert [answer.status_code for answer in heard] == [200, 200, 429]
    assert int(heard[-1].headers["Retry-After"]) > 0


@pytest.mark.promise("S16")
def test_a_link_that_never_was_is_not_found(world: World, book: Book, client: Browser) -> None:
    request = book()
    token = request.tracking_token
    for wrong in (token[:-1], request.public_id.hex, "x"):
        assert client.post(f"/suivi/{wrong}/nouveau-lien/").status_code == 404
    assert client.get(f"{address(request)}nouveau-lien/").status_code == 405
    assert Event.objects.filter(name=SENT).count() == 0


def test_sending_is_an_action_of_its_own(world: World, book: Book) -> None:
    request = book()
    assert send_link(request, by=world.actor()) is True
    assert Event.objects.filter(name=SENT, request_id=request.public_id).count() == 1
    assert ServiceRequest.objects.get().tracking_version == 1
