"""Another time for the same request: by the action, the pages, the API, and told to those concerned."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser
from icalendar import Calendar

from bookings.actions import guards, holds, requests
from bookings.actions.holds import hold_slot
from bookings.actions.rescheduling import NotMovable, reschedule_request
from bookings.actions.work_orders import book_work_order, start_work_order
from bookings.enums import PerformerKind, Place
from bookings.models import Hold, ServiceAtSite, ServiceRequest
from concierge.errors import TooManyAttempts
from concierge.models import Event
from concierge.tenancy import Actor
from notifications.models import Message
from tests.bookings.conftest import at, details, taken, wish_heels, wish_shirts
from tests.bookings.test_booking_pages import shown
from tests.conftest import settle
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
Book = Callable[..., ServiceRequest]


def begin(world: World, request: ServiceRequest) -> None:
    order = request.work_orders.order_by("pk")[0]
    book_work_order(
        order, performer_kind=PerformerKind.OWN_TEAM, performer_id=1, performer_label="Nous", by=world.actor()
    )
    start_work_order(order, by=world.actor())


def test_the_request_stays_and_everything_promised_moves(world: World, book: Book) -> None:
    request = book()
    moved = reschedule_request(request, at(25, 14), by=world.actor())
    assert (moved.pk, moved.reference, moved.sequence) == (request.pk, request.reference, 1)
    assert (moved.promised_start, moved.promised_end) == (at(25, 14), at(27, 18))
    assert set(request.work_orders.values_list("promised_start", "promised_end")) == {(at(25, 14), at(27, 18))}
    assert taken() == [0, 1]
    event = Event.objects.get(name="service_request.rescheduled")
    assert (event.data["before"], event.data["after"]) == (at(24, 10).isoformat(), at(25, 14).isoformat())
    assert Event.objects.filter(name="work_order.rescheduled").count() == 2


def test_half_an_hour_later_may_need_part_of_the_old_place(world: World, book: Book) -> None:
    """The only lane is taken by the request itself."""
    from bookings.models import SlotRule

    SlotRule.objects.update(capacity=1)
    request = reschedule_request(book(), at(24, 10, 15), by=world.actor())
    assert request.promised_start == at(24, 10, 15)
    assert taken() == [0, 1]


def test_the_same_time_again_changes_nothing(world: World, book: Book) -> None:
    request = book()
    assert reschedule_request(request, at(24, 10), by=world.actor()).sequence == 0
    assert not Event.objects.filter(name="service_request.rescheduled").exists()


@pytest.mark.promise("R01")
def test_whoever_comes_too_late_keeps_their_time(world: World, book: Book) -> None:
    request = book()
    for name in ("a", "b"):
        hold_slot(world.site, Place.DESK, at(25, 14), token=name, by=world.actor())
    with pytest.raises(holds.SlotTaken) as refusal:
        reschedule_request(request, at(25, 14), by=world.actor())
    assert refusal.value.free[0].starts_at == at(23, 10, 30)
    request.refresh_from_db()
    assert (request.promised_start, request.sequence) == (at(24, 10), 0)
    assert request.hold is not None
    assert request.hold.status == "confirmed"
    with pytest.raises(holds.SlotNotOffered):
        reschedule_request(request, at(28, 10), by=world.actor())


def test_a_daily_limit_counts_the_new_day_and_not_the_old_one(world: World, book: Book) -> None:
    ServiceAtSite.objects.filter(service=world.cobbler).update(max_per_day=1)
    first, second = book(wish_heels(world)), book(wish_heels(world), starts_at=at(25, 10))
    assert reschedule_request(first, at(24, 15), by=world.actor()).promised_start == at(24, 15)
    with pytest.raises(guards.DayFull):
        reschedule_request(first, at(25, 15), by=world.actor())
    requests.cancel_request(second, by=world.actor())
    assert reschedule_request(first, at(25, 15), by=world.actor()).promised_start == at(25, 15)


def test_begun_or_ended_work_is_not_moved(world: World, book: Book) -> None:
    request = book()
    begin(world, request)
    with pytest.raises(NotMovable) as refusal:
        reschedule_request(request, at(25, 14), by=world.actor())
    assert (refusal.value.code, refusal.value.status) == ("too_late_to_move", 409)
    over = requests.cancel_request(book(starts_at=at(24, 11)), by=world.actor())
    with pytest.raises(NotMovable):
        reschedule_request(over, at(25, 14), by=world.actor())


@pytest.mark.promise("S33")
def test_a_client_does_not_move_for_ever(world: World, book: Book) -> None:
    request = book()
    ServiceRequest.objects.update(sequence=10)
    link = Actor(kind="link", organisation=world.organisation, client_id=request.client_id)
    with pytest.raises(TooManyAttempts):
        reschedule_request(request, at(25, 14), by=link)
    assert reschedule_request(request, at(25, 14), by=world.actor("concierge")).sequence == 11


def test_the_client_is_told_once_with_the_new_time(world: World, book: Book) -> None:
    request = book()
    settle(world.organisation)
    reschedule_request(request, at(25, 14), by=world.actor())
    settle(world.organisation)
    settle(world.organisation)
    assert Message.objects.filter(kind="service_request.rescheduled").count() == 1


# --- pages ----------------------------------------


def test_the_client_moves_it_on_the_tracking_page(world: World, book: Book, client: Browser) -> None:
    request = book()
    page = f"/suivi/{request.tracking_token}/"
    assert f"{page}deplacer/" in shown(client.get(page))
    assert at(25, 14).isoformat() in shown(client.get(f"{page}deplacer/"))
    answer = client.post(f"{page}deplacer/", {"slot": at(25, 14).isoformat()})
    assert answer.headers["Location"] == page
    request.refresh_from_db()
    assert request.promised_start == at(25, 14)
    assert "Le rendez-vous a été déplacé" in shown(client.get(page))
    event = Event.objects.get(name="service_request.rescheduled")
    assert (event.channel, event.data["by_kind"]) == ("link", "link")


@pytest.mark.parametrize(
    ("slot", "status"), [("", 422), ("demain", 422), (at(28, 10).isoformat(), 422), (at(24, 3).isoformat(), 422)]
)
def test_a_time_that_makes_no_sense_is_refused_on_the_page(
    world: World, book: Book, client: Browser, slot: str, status: int
) -> None:
    request = book()
    page = shown(client.post(f"/suivi/{request.tracking_token}/deplacer/", {"slot": slot}), status)
    assert at(25, 14).isoformat() in page
    request.refresh_from_db()
    assert request.sequence == 0


def test_begun_work_leads_back_with_a_word(world: World, book: Book, client: Browser) -> None:
    request = book()
    begin(world, request)
    page = f"/suivi/{request.tracking_token}/"
    assert client.get(f"{page}deplacer/").headers["Location"] == page
    assert "deplacer" not in shown(client.get(page))


def test_the_desk_moves_it_on_the_page_of_the_request(world: World, book: Book, client: Browser) -> None:
    request = book()
    client.force_login(world.users["concierge"])
    page = f"/demandes/{request.public_id}/"
    assert f"{page}deplacer/" in shown(client.get(page))
    assert client.post(f"{page}deplacer/", {"slot": at(26, 9).isoformat()}).headers["Location"] == page
    request.refresh_from_db()
    assert request.promised_start == at(26, 9)
    assert "Rendez-vous déplacé" in shown(client.get(page))


# --- the calendar file ----------------------------------------


def events_of(answer: Any) -> list[Any]:
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    return list(Calendar.from_ical(answer.content).walk("VEVENT"))


@pytest.mark.promise("R38", "S53")
def test_the_calendar_file_keeps_its_identity_through_a_move_and_the_end(
    world: World, book: Book, client: Browser
) -> None:
    request = book()
    address = f"/suivi/{request.tracking_token}/rendez-vous.ics"
    answer = client.get(address)
    (first,) = events_of(answer)
    assert b"METHOD:PUBLISH" in answer.content
    assert b"BEGIN:VTIMEZONE" in answer.content
    assert (first["SEQUENCE"], first["STATUS"], first["DTSTART"].dt) == (0, "CONFIRMED", at(24, 10))
    assert (first["DTSTART"].params["TZID"], first["DTEND"].dt) == ("Europe/Paris", at(24, 10, 30))
    assert "Garnier" not in answer.content.decode()
    reschedule_request(request, at(25, 14), by=world.actor())
    (second,) = events_of(client.get(address))
    assert (second["UID"], second["SEQUENCE"], second["DTSTART"].dt) == (first["UID"], 1, at(25, 14))
    requests.cancel_request(request, by=world.actor())
    (third,) = events_of(client.get(address))
    assert (third["UID"], third["SEQUENCE"], third["STATUS"]) == (first["UID"], 2, "CANCELLED")


@pytest.mark.promise("S53")
def test_what_somebody_typed_cannot_add_lines_to_the_file(world: World, book: Book, client: Browser) -> None:
    world.ironing.name = "Repassage\r\nATTENDEE:mailto:x@example.org"
    world.ironing.save()
    request = book(wish_shirts(world), client=details())
    content = client.get(f"/suivi/{request.tracking_token}/rendez-vous.ics").content.decode()
    assert "\nATTENDEE" not in content


# --- the API ----------------------------------------


def test_the_api_moves_and_refuses(world: World, book: Book, client: Browser) -> None:
    request = book()
    headers = {"Authorization": f"Bearer {world.api_key()}"}
    path = f"/api/v1/service-requests/{request.public_id}/reschedule"

    def post(key: str, **body: Any) -> Any:
        more = {**headers, "Idempotency-Key": key}
        return client.post(path, body, content_type="application/json", headers=more)

    moved = post("one", slot=at(25, 14).isoformat())
    assert (moved.status_code, moved.json()["promised_start"]) == (200, "2026-11-25T13:00:00Z")
    assert post("one", slot=at(25, 14).isoformat()).json() == moved.json()
    assert [post(key, **body).status_code for key, body in [("2", {}), ("3", {"slot": "demain"})]] == [400, 400]
    assert post("4", slot=at(28, 10).isoformat()).json()["code"] == "slot_not_offered"
    for name in ("a", "b"):
        hold_slot(world.site, Place.DESK, at(26, 14), token=name, by=world.actor())
    refused = post("5", slot=at(26, 14).isoformat())
    assert (refused.status_code, refused.json()["code"]) == (409, "slot_taken")
    begin(world, request)
    assert (post("6", slot=at(27, 14).isoformat()).json()["code"]) == "too_late_to_move"
    request.refresh_from_db()
    assert (request.sequence, Hold.objects.filter(status="confirmed").count()) == (1, 1)
    assert dt.timedelta(0) == request.promised_start - at(25, 14)  # type: ignore[operator]  # it was moved
