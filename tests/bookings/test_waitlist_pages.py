"""Waiting for an earlier time: by the link, at the desk, by the API."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser
from pytest_django import DjangoAssertNumQueries

from bookings.actions.openings import close_site
from bookings.actions.requests import cancel_request
from bookings.actions.waitlist import join_waitlist
from bookings.actions.work_orders import book_work_order, start_work_order
from bookings.enums import PerformerKind
from bookings.models import ServiceRequest, SlotRule, WaitlistEntry, WaitlistNotice
from bookings.views import waitlist
from concierge.enums import Scope
from concierge.models import Event
from tests.bookings.conftest import at, details, wish_heels
from tests.bookings.test_api import REQUESTS, Api
from tests.bookings.test_booking_pages import shown
from tests.bookings.test_waitlist import came_free, waits, who
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
Book = Callable[..., ServiceRequest]


@pytest.fixture(autouse=True)
def one_at_a_time(world: World) -> None:
    SlotRule.objects.update(capacity=1)


def friday(world: World, book: Book) -> ServiceRequest:
    return book(wish_heels(world), starts_at=at(27, 10), client=who(1))


def noticed(world: World, book: Book) -> tuple[ServiceRequest, WaitlistNotice, str]:
    """Told of Tuesday at ten: the request, the notice and the address in the letter."""
    request = waits(world, book)
    came_free(world, at(24, 10))
    notice = WaitlistNotice.objects.get()
    return request, notice, f"/suivi/{request.tracking_token}/plus-tot/{notice.public_id}/"


# --- by the link ----------------------------------------


def test_the_client_joins_looks_changes_and_leaves(world: World, book: Book, client: Browser) -> None:
    request = friday(world, book)
    page = f"/suivi/{request.tracking_token}/"
    assert f"{page}plus-tot/" in shown(client.get(page))
    asked = shown(client.get(f"{page}plus-tot/"))
    assert "vendredi 27 novembre à 10:00" in asked
    assert "3 fois au plus" in asked
    # There is an earlier time at this very moment.
    assert "lundi 23 novembre à 10:30" in asked
    assert not WaitlistEntry.objects.exists()
    assert client.post(f"{page}plus-tot/", {"latest_on": "2026-11-25"}).headers["Location"] == page
    entry = WaitlistEntry.objects.get()
    assert (entry.request, entry.latest_on) == (request, dt.date(2026, 11, 25))
    seen = shown(client.get(page))
    assert "Vous attendez un créneau plus tôt" in seen
    assert "0 sur 3" in seen
    assert "Jusqu’au 25 novembre" in seen
    assert 'value="2026-11-25"' in shown(client.get(f"{page}plus-tot/"))
    assert client.post(f"{page}plus-tot/", {}).headers["Location"] == page
    entry.refresh_from_db()
    assert entry.latest_on is None
    assert "N’importe quel jour" in shown(client.get(page))
    assert client.post(f"{page}plus-tot/arreter/").headers["Location"] == page
    assert "Vous attendez un créneau plus tôt" not in shown(client.get(page))
    event = Event.objects.get(name="waitlist.left")
    assert (event.channel, event.request_id) == ("link", request.public_id)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ({"earliest_on": "demain"}, "demain"),
        ({"earliest_on": "2026-11-26", "latest_on": "2026-11-25"}, "2026-11-26"),
        ({"latest_on": "2026-11-22"}, "2026-11-22"),
        ({"earliest_on": "2026-12-24"}, "2026-12-24"),
        ({"latest_on": "0000-00-00"}, "0000-00-00"),
    ],
)
def test_days_that_make_no_sense_are_refused_and_kept(
    world: World, book: Book, client: Browser, typed: dict[str, str], kept: str
) -> None:
    request = friday(world, book)
    page = shown(client.post(f"/suivi/{request.tracking_token}/plus-tot/", typed), 422)
    assert f'value="{kept}"' in page
    assert not WaitlistEntry.objects.exists()


def test_what_cannot_be_earlier_leads_back_with_a_word(world: World, book: Book, client: Browser) -> None:
    request = cancel_request(friday(world, book), by=world.actor())
    page = f"/suivi/{request.tracking_token}/"
    for answer in (client.get(f"{page}plus-tot/"), client.post(f"{page}plus-tot/", {})):
        assert answer.headers["Location"] == page
    assert "plus-tot" not in shown(client.get(page))
    assert not WaitlistEntry.objects.exists()


@pytest.mark.promise("S16")
def test_looking_at_a_notice_changes_nothing_and_taking_it_moves(world: World, book: Book, client: Browser) -> None:
    request, _notice, address = noticed(world, book)
    before = Event.objects.count()
    assert "mardi 24 novembre à 10:00" in shown(client.get(address))
    assert client.head(address).status_code == 200
    request.refresh_from_db()
    assert (request.sequence, Event.objects.count()) == (0, before)
    assert client.post(address).headers["Location"] == f"/suivi/{request.tracking_token}/"
    request.refresh_from_db()
    assert (request.promised_start, request.sequence) == (at(24, 10), 1)
    assert "Ce créneau est à vous" in shown(client.get(address))
    # Sent twice it is once.
    assert client.post(address).status_code == 302
    request.refresh_from_db()
    assert request.sequence == 1


def test_whoever_is_too_late_reads_it_with_what_remains(world: World, book: Book, client: Browser) -> None:
    request, _notice, address = noticed(world, book)
    book(wish_heels(world), starts_at=at(24, 10), client=who(9))
    page = shown(client.get(address))
    assert "Ce créneau a été pris entre-temps" in page
    answer = shown(client.post(address), 409)
    assert "Ce créneau a été pris entre-temps" in answer
    assert at(23, 10, 30).isoformat() in answer
    assert at(27, 10, 30).isoformat() not in answer
    assert f'action="/suivi/{request.tracking_token}/deplacer/"' in answer
    request.refresh_from_db()
    assert request.sequence == 0


def test_when_nothing_remains_the_page_says_so(world: World, book: Book, client: Browser) -> None:
    request = waits(world, book, earliest_on=dt.date(2026, 11, 24), latest_on=dt.date(2026, 11, 24))
    came_free(world, at(24, 10))
    address = f"/suivi/{request.tracking_token}/plus-tot/{WaitlistNotice.objects.get().public_id}/"
    close_site(
        world.site,
        starts_on=dt.date(2026, 11, 24),
        ends_on=dt.date(2026, 11, 24),
        reason="Inventaire",
        by=world.actor("site_manager"),
    )
    answer = shown(client.get(address))
    assert "aucun autre créneau plus tôt n’est libre" in answer
    assert shown(client.post(address), 422)


def test_a_notice_of_before_says_that_it_is_over(world: World, book: Book, client: Browser) -> None:
    request, _notice, address = noticed(world, book)
    order = request.work_orders.get()
    book_work_order(
        order, performer_kind=PerformerKind.OWN_TEAM, performer_id=1, performer_label="Nous", by=world.actor()
    )
    start_work_order(order, by=world.actor())
    assert "Ce message n’est plus à jour" in shown(client.get(address))
    assert "Ce message n’est plus à jour" in shown(client.post(address), 409)


def test_a_notice_opens_by_the_link_of_its_request_only(world: World, book: Book, client: Browser) -> None:
    _request, notice, address = noticed(world, book)
    other = book(wish_heels(world), starts_at=at(26, 10), client=who(2))
    for token in (other.tracking_token, "0" * 32):
        for call in (client.get, client.post):
            assert call(f"/suivi/{token}/plus-tot/{notice.public_id}/").status_code == 404
    ServiceRequest.objects.update(tracking_version=2)
    assert client.post(address).status_code == 410


# --- at the desk ----------------------------------------


def test_the_desk_writes_it_down_and_sees_it(world: World, book: Book, client: Browser) -> None:
    request = friday(world, book)
    client.force_login(world.users["concierge"])
    page = f"/demandes/{request.public_id}/"
    assert f"{page}plus-tot/" in shown(client.get(page))
    assert client.post(f"{page}plus-tot/", {"earliest_on": "2026-11-24"}).headers["Location"] == page
    seen = shown(client.get(page))
    assert "Attend un créneau plus tôt" in seen
    assert "À partir du 24 novembre" in seen
    came_free(world, at(24, 10))
    assert "1 sur 3" in shown(client.get(page))
    listed = shown(client.get("/agenda/attente/"))
    assert request.reference in listed
    assert "1 sur 3" in listed
    assert client.post(f"{page}plus-tot/arreter/").headers["Location"] == page
    assert request.reference not in shown(client.get("/agenda/attente/"))


def test_the_list_is_bounded_filtered_and_flat(
    world: World,
    book: Book,
    client: Browser,
    django_assert_num_queries: DjangoAssertNumQueries,
    django_assert_max_num_queries: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client.force_login(world.users["network_head"])
    assert "Personne n’attend de créneau plus tôt" in shown(client.get("/agenda/attente/"))
    first = waits(world, book)
    shown(client.get("/agenda/attente/"))
    with django_assert_max_num_queries(30) as one:
        client.get("/agenda/attente/")
    for number in (2, 3):
        waits(world, book, hour=10 + number, number=number)
    came_free(world, at(24, 10))
    with django_assert_num_queries(len(one.captured_queries)):
        page = shown(client.get("/agenda/attente/"))
    assert page.count("/demandes/") >= 3
    monkeypatch.setattr(waitlist, "ROWS", 2)
    assert first.reference in shown(client.get("/agenda/attente/"))
    assert first.reference not in shown(client.get("/agenda/attente/?page=2"))
    assert first.reference in shown(client.get(f"/agenda/attente/?site={world.site.public_id}"))
    assert first.reference in shown(client.get("/agenda/attente/?site=nowhere&page=x"))


def test_the_agenda_leads_to_the_list(world: World, client: Browser) -> None:
    client.force_login(world.users["concierge"])
    assert 'href="/agenda/attente/"' in shown(client.get("/agenda/"))


# --- the API ----------------------------------------


def test_the_api_joins_sees_and_leaves(world: World, book: Book, monday: Any) -> None:
    request, api = friday(world, book), Api(world.api_key())
    path = f"{REQUESTS}/{request.public_id}/waitlist"
    nobody: dict[str, Any] = {
        "is_waiting": False,
        "joined_at": None,
        "earliest_on": None,
        "latest_on": None,
        "most_notices": 3,
        "notices": [],
        "next_notice_from": None,
        "ended_because": "",
    }
    assert api.get(path).json() == nobody
    joined = api.post(path, {"latest_on": "2026-11-26"}, key="one")
    assert (joined.status_code, joined.json()["is_waiting"], joined.json()["latest_on"]) == (200, True, "2026-11-26")
    assert api.post(path, {"latest_on": "2026-11-26"}, key="one").headers["Idempotent-Replayed"] == "true"
    came_free(world, at(24, 10))
    seen = api.get(path).json()
    (notice,) = seen["notices"]
    assert (notice["number"], notice["starts_at"], notice["ends_at"]) == (
        1,
        "2026-11-24T09:00:00Z",
        "2026-11-24T09:30:00Z",
    )
    told_at = dt.datetime.fromisoformat(notice["sent_at"])
    assert dt.datetime.fromisoformat(seen["next_notice_from"]) - told_at == dt.timedelta(hours=12)
    monday.shift(dt.timedelta(hours=12, minutes=1))
    assert (api.get(path).json()["next_notice_from"], api.get(path).json()["notices"]) == (None, seen["notices"])
    left = api.post(f"{path}/leave").json()
    assert (left["is_waiting"], left["ended_because"]) == (False, "left")
    assert api.post(f"{path}/leave").json() == left


def test_the_api_refuses(world: World, book: Book) -> None:
    request, api = friday(world, book), Api(world.api_key())
    path = f"{REQUESTS}/{request.public_id}/waitlist"
    bad = api.post(path, {"earliest_on": "soon"})
    assert (bad.status_code, bad.json()["errors"][0]["attr"]) == (400, "earliest_on")
    over = api.post(path, {"latest_on": "2026-11-01"})
    assert (over.status_code, over.json()["errors"][0]["attr"]) == (400, "latest_on")
    cancel_request(request, by=world.actor())
    refused = api.post(path)
    assert (refused.status_code, refused.json()["code"]) == (409, "cannot_wait")
    reader = Api(world.api_key(Scope.REQUESTS_READ))
    assert (reader.get(path).status_code, reader.post(path).status_code) == (200, 403)
    provider = Api(world.api_key(provider_id=7))
    for answer in (provider.get(path), provider.post(path), provider.post(f"{path}/leave")):
        assert answer.status_code == 404
    assert not WaitlistEntry.objects.exists()


def test_the_client_of_a_desk_call_is_told_like_any(world: World, book: Book) -> None:
    """What the organisation's own system writes down is heard by the client."""
    request = book(wish_heels(world), starts_at=at(27, 10), client=details(email="marie@example.fr"))
    join_waitlist(request, by=world.actor())
    came_free(world, at(24, 10))
    assert WaitlistNotice.objects.get().entry.request == request
