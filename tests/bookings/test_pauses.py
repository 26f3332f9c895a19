"""A request stands still and goes on: its promise, its work and its question with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client as Browser
from django.utils import timezone

from bookings.actions.pauses import hold_request, resume_request
from bookings.actions.questions import answer_question, ask_client
from bookings.actions.quotes import draft_quote
from bookings.actions.requests import NotCancellable, cancel_request
from bookings.actions.rescheduling import reschedule_request
from bookings.actions.work_orders import RequestOnHold, book_work_order, fail_work_order, start_work_order
from bookings.enums import REQUEST_TRANSITIONS, HoldReason, PerformerKind
from bookings.models import Pause, ServiceRequest, WorkOrder
from concierge import deadlines
from concierge.errors import Invalid, WrongState
from concierge.models import Event
from notifications.models import Message
from tests.bookings.conftest import at
from tests.bookings.quoting import sent
from tests.bookings.test_booking_pages import shown
from tests.bookings.test_questions import bearer
from tests.conftest import settle
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]


def hold(world: World, request: ServiceRequest, reason: str = "material", **more: Any) -> ServiceRequest:
    return hold_request(request, reason=reason, until=at(30, 9), by=world.actor("concierge"), **more)


def given(world: World, order: WorkOrder) -> WorkOrder:
    return book_work_order(
        order,
        performer_kind=PerformerKind.PROVIDER,
        performer_id=7,
        performer_label="Cordonnerie Monge",
        by=world.actor(),
    )


@pytest.mark.parametrize("status", sorted(REQUEST_TRANSITIONS["hold"][0]))
def test_it_comes_back_to_where_it_was_held_from(world: World, status: str) -> None:
    request = world.request(world.ironing, status=status)
    assert hold(world, request).status == "on_hold"
    assert resume_request(request, by=world.actor("concierge")).status == status
    assert [event.name for event in Event.objects.order_by("pk")] == ["service_request.held", "service_request.resumed"]


@pytest.mark.parametrize("status", ["fulfilled", "closed", "cancelled", "declined", "expired", "on_hold"])
def test_what_is_over_or_held_is_not_held(world: World, status: str) -> None:
    request = world.request(world.ironing, status=status)
    with pytest.raises(WrongState):
        hold(world, request)
    assert not Pause.objects.exists()


@pytest.mark.parametrize(
    ("reason", "until", "note", "field"),
    [
        ("weather", at(30, 9), "", "reason"),
        ("ours", at(23, 7), "", "until"),
        ("ours", at(23, 8) + dt.timedelta(days=366), "", "until"),
        ("client", at(30, 9), "  ", "note"),
    ],
)
def test_a_pause_is_whole(world: World, reason: str, until: dt.datetime, note: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        hold_request(world.request(), reason=reason, until=until, note=note, by=world.actor("concierge"))
    assert refused.value.field == field


def test_the_promise_moves_by_the_pause_and_the_first_one_stays(world: World, monday: Any, client: Browser) -> None:
    request = world.request(world.ironing, promised_start=at(23, 10), place="home", street="1 rue A", city="Dijon")
    before = request.promised_end
    assert before is not None
    hold(world, request)
    monday.shift(dt.timedelta(days=3))
    moved = resume_request(request, by=world.actor("concierge"))
    pause = Pause.objects.get()
    stood = pause.resumed_at - at(23, 10)  # type: ignore[operator]  # it has ended; nothing was lost before ten o'clock
    assert (moved.promised_end, pause.promised_before) == (before + stood, before)
    assert moved.work_orders.get().promised_end == before + stood
    assert moved.promised_start == at(23, 10)
    assert "<s>" in shown(client.get(f"/suivi/{request.tracking_token}/"))


def test_a_visit_still_to_come_keeps_its_promise(world: World, monday: Any) -> None:
    """Held on Monday, resumed on Wednesday: the visit of Friday, from ten to eleven, never stood still."""
    request = world.request(world.ironing, promised_start=at(27, 10), place="home", street="1 rue A", city="Dijon")
    ServiceRequest.objects.update(promised_end=at(27, 11))
    WorkOrder.objects.update(promised_end=at(27, 11))
    hold(world, request)
    monday.shift(dt.timedelta(days=2))
    assert resume_request(request, by=world.actor("concierge")).promised_end == at(27, 11)
    assert request.work_orders.get().promised_end == at(27, 11)


@pytest.mark.promise("domain R9")
def test_an_appointment_moved_during_the_pause_is_promised_from_its_new_time(
    world: World, monday: Any, book: Callable[..., ServiceRequest]
) -> None:
    """Held for two weeks, moved meanwhile to 9 December: ready when the page said after the move."""
    request = book()
    hold(world, request)
    monday.shift(dt.timedelta(days=3))
    reschedule_request(request, dt.datetime(2026, 12, 9, 9, tzinfo=dt.UTC), by=world.actor("concierge"))
    request.refresh_from_db()
    promised = request.promised_end
    monday.shift(dt.timedelta(days=11))
    moved = resume_request(request, by=world.actor("concierge"))
    assert (moved.promised_start, moved.promised_end) == (dt.datetime(2026, 12, 9, 9, tzinfo=dt.UTC), promised)
    assert max(moved.work_orders.values_list("promised_end", flat=True)) == promised


def test_at_the_desk_it_moves_to_a_time_when_the_desk_closes(world: World, monday: Any) -> None:
    """Friday evening and some hours: nobody collects anything on a Saturday night."""
    request = world.request(world.ironing, promised_start=at(23, 10))
    ServiceRequest.objects.update(promised_end=at(27, 18))
    hold(world, request)
    monday.shift(dt.timedelta(hours=5))
    assert resume_request(request, by=world.actor("concierge")).promised_end == at(30, 18)


def test_running_work_is_paused_and_goes_on_with_it(world: World, monday: Any) -> None:
    request = world.request(world.ironing, world.cobbler)
    running, waiting = request.work_orders.order_by("pk")
    start_work_order(given(world, running), by=world.actor())
    given(world, waiting)
    hold(world, request, "access")
    assert list(request.work_orders.order_by("pk").values_list("status", flat=True)) == ["on_hold", "booked"]
    for order in (running, waiting):
        with pytest.raises(RequestOnHold):
            start_work_order(order, by=world.actor())
    assert resume_request(request, by=world.actor("concierge")).status == "in_progress"
    assert list(request.work_orders.order_by("pk").values_list("status", flat=True)) == ["in_progress", "booked"]
    start_work_order(waiting, by=world.actor())


def test_work_that_was_paused_by_itself_stays_paused(world: World) -> None:
    from bookings.actions.work_orders import pause_work_order

    request = world.request(world.ironing)
    order = start_work_order(given(world, request.work_orders.get()), by=world.actor())
    pause_work_order(order, reason="lunch", by=world.actor())
    hold(world, request)
    resume_request(request, by=world.actor("concierge"))
    assert request.work_orders.get().status == "on_hold"


def test_work_that_ended_meanwhile_ends_the_request_when_it_goes_on(world: World) -> None:
    request = world.request(world.ironing)
    order = start_work_order(given(world, request.work_orders.get()), by=world.actor())
    hold(world, request)
    fail_work_order(order, reason="brûlé", by=world.actor())
    assert resume_request(request, by=world.actor("concierge")).status == "partially_fulfilled"


def test_the_clients_answer_lets_it_go_on(world: World, client: Browser) -> None:
    request = world.request(world.ironing)
    start_work_order(given(world, request.work_orders.get()), by=world.actor())
    hold(world, request, "client", note="Ourlet simple ou double ?")
    page = shown(client.get(f"/suivi/{request.tracking_token}/"))
    assert "Ourlet simple ou double ?" in page
    assert "Nous attendons votre réponse" in page
    answer_question(request, answer="Double", by=bearer(world))
    request.refresh_from_db()
    assert (request.status, request.work_orders.get().status) == ("in_progress", "in_progress")
    assert Pause.objects.get().resumed_at is not None


def test_a_question_of_a_pause_ends_with_it(world: World) -> None:
    request = world.request(world.ironing)
    hold(world, request, "client", note="Ourlet ?")
    resume_request(request, by=world.actor("concierge"))
    assert request.questions.get().is_open is False


def test_the_time_to_answer_stands_still_too(world: World, monday: Any) -> None:
    request = world.request(world.ironing, status="qualifying")
    ask_client(request, text="Couleur ?", due_at=at(25, 8), by=world.actor("concierge"))
    hold(world, request, "ours")
    monday.shift(dt.timedelta(days=10))
    settle()
    request.refresh_from_db()
    assert request.status == "on_hold"
    resume_request(request, by=world.actor("concierge"))
    due = request.questions.get().due_at
    assert due == pytest.approx(at(25, 8) + dt.timedelta(days=10), abs=dt.timedelta(minutes=1))
    settle()
    assert request.questions.get().is_open is True
    monday.shift(dt.timedelta(days=6))
    settle()
    request.refresh_from_db()
    assert request.status == "expired"


def test_held_work_that_has_begun_is_not_cancelled(world: World, client: Browser) -> None:
    begun, fresh = world.request(world.ironing), world.request(world.ironing)
    start_work_order(given(world, begun.work_orders.get()), by=world.actor())
    for request in (begun, fresh):
        hold(world, request)
    assert "annuler/" not in shown(client.get(f"/suivi/{begun.tracking_token}/"))
    with pytest.raises(NotCancellable):
        cancel_request(begun, by=bearer(world))
    assert "annuler/" in shown(client.get(f"/suivi/{fresh.tracking_token}/"))
    cancel_request(fresh, by=bearer(world))
    assert fresh.pauses.get().resumed_at is not None


def test_the_database_knows_one_open_pause(world: World) -> None:
    request = world.request(world.ironing)
    hold(world, request)
    with pytest.raises(IntegrityError, match="pause_open_once_per_request"), transaction.atomic():
        Pause.objects.create(
            organisation=world.organisation,
            request=request,
            reason=HoldReason.OURS,
            held_from="confirmed",
            held_at=timezone.now(),
            until=at(30, 9),
        )


def test_the_desk_holds_and_goes_on_from_the_page(world: World, client: Browser) -> None:
    request = world.request(world.ironing)
    client.force_login(world.users["concierge"])
    address = f"/demandes/{request.public_id}/attente/"
    shown(client.get(f"{address}suspendre/"))
    wrong = client.post(f"{address}suspendre/", {"reason": "client", "until_on": "2026-11-30", "note": ""})
    assert 'value="2026-11-30"' in shown(wrong, 422)
    asked = {"reason": "material", "until_on": "2026-11-30", "note": "Le fil arrive vendredi"}
    assert client.post(f"{address}suspendre/", asked).status_code == 302
    assert Pause.objects.get().until == at(30, 9)
    assert "Le fil arrive vendredi" in shown(client.get(f"/demandes/{request.public_id}/"))
    page = shown(client.get(f"/suivi/{request.tracking_token}/"))
    assert "Nous attendons les fournitures" in page
    assert "Le fil arrive vendredi" in page
    assert client.post(f"{address}reprendre/").status_code == 302
    request.refresh_from_db()
    assert request.status == "confirmed"


def test_every_state_has_words_for_the_client(world: World, client: Browser) -> None:
    from bookings.enums import RequestStatus

    request = world.request(world.ironing)
    address = f"/suivi/{request.tracking_token}/"
    headlines = set()
    for status in RequestStatus:
        ServiceRequest.objects.filter(pk=request.pk).update(status=status)
        page = shown(client.get(address))
        start = page.index('text-2xl font-bold" role="status">')
        headlines.add(page[start : page.index("</p>", start)])
    assert len(headlines) == len(RequestStatus)


def test_a_held_request_whose_quote_ends_comes_back_to_the_desk(world: World, monday: Any) -> None:
    """The client and the desk are told that the quote has ended; resumed, it is the desk's turn."""
    quote = sent(world)
    hold(world, quote.request)
    monday.shift(dt.timedelta(days=31))
    deadlines.sweep(world.organisation.pk)
    settle(world.organisation)
    request = ServiceRequest.objects.get()
    assert (request.status, request.quotes.get().status) == ("on_hold", "expired")
    told = Message.objects.filter(kind="quote.expired").order_by("recipient_kind")
    assert list(told.values_list("recipient_kind", flat=True).distinct()) == ["client", "staff"]
    assert resume_request(request, by=world.actor("concierge")).status == "qualifying"
    renewed = draft_quote(request, by=world.actor("concierge"))
    assert (renewed.version, renewed.status) == (2, "draft")
