"""What is ordered ahead is sold for a hand-out only: not at the counter, in an appointment or on a regular day (R7)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from bookings.actions import booking, holds, plans, pre_orders, walk_in
from bookings.actions.guards import MixedOrder
from bookings.enums import HandOut, Place
from bookings.models import PreOrder, PreOrderPlan, PreOrderRun, Service, ServiceRequest
from bookings.rules.prices import Wish
from tests.bookings.conftest import (
    PARIS,
    at,
    basket_service,
    details,
    first_run,
    weekly_basket,
    wish_baskets,
    wish_shirts,
)
from tests.bookings.test_booking_pages import shown
from tests.bookings.test_recurrences import begin, states, sweep
from tests.bookings.test_walk_in import field, page_of, typed
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]


@pytest.fixture
def plan(world: World) -> PreOrderPlan:
    return weekly_basket(world)


@pytest.fixture
def desk(world: World) -> Browser:
    browser = Browser()
    browser.force_login(world.users["concierge"])
    return browser


def small_of(service: Service) -> str:
    return field(service, str(service.price_items.order_by("position")[0].public_id))


def begin_path(world: World, what: str) -> str:
    return f"/guichet/republique/personne/{world.client.public_id}/reserver/{what}/"


def rows() -> tuple[int, int]:
    return PreOrder.objects.count(), ServiceRequest.objects.count()


@pytest.mark.promise("domain R7")
def test_the_counter_does_not_take_a_basket_along(world: World, plan: PreOrderPlan) -> None:
    for wishes in ([wish_baskets(plan)], [wish_shirts(world), wish_baskets(plan)]):
        with pytest.raises(MixedOrder):
            walk_in.book_walk_in(
                world.site, world.client, wishes=wishes, token=uuid.uuid4(), by=world.actor("concierge")
            )
    assert rows() == (0, 0)


@pytest.mark.promise("domain R7")
def test_no_appointment_is_made_of_a_basket(world: World) -> None:
    """Also when the place was kept before the plan was opened: the order is then made for a hand-out."""
    service = basket_service(world)
    kept = holds.hold_slot(world.site, Place.DESK, at(24, 10), token="kept", by=world.actor(), services=[service])
    plan = weekly_basket(world, service=service)
    given: dict[str, Any] = {"client": details(), "wishes": [wish_baskets(plan)], "by": world.actor()}
    with pytest.raises(MixedOrder):
        booking.submit_request(world.site, hold=kept, **given)
    with pytest.raises(MixedOrder):
        booking.book_request(world.site, services=[service], starts_at=at(24, 11), **given)
    assert rows() == (0, 0)


def test_a_plan_that_was_stopped_refuses_nothing(world: World, plan: PreOrderPlan) -> None:
    plans.close_plan(plan, by=world.actor())
    walk_in.book_walk_in(
        world.site, world.client, wishes=[wish_baskets(plan)], token=uuid.uuid4(), by=world.actor("concierge")
    )
    assert rows() == (0, 1)


@pytest.mark.promise("domain R7")
def test_the_desk_offers_hand_outs_instead_of_taking_along(world: World, plan: PreOrderPlan, desk: Browser) -> None:
    name = small_of(plan.service)
    page = shown(desk.get(page_of(world)))
    assert (f'name="{name}"' in page, "Jeudi 26 novembre de 12:00 à 14:00" in page) == (False, True)
    assert "À commander avant le mardi 24 novembre à 12:00" in page
    assert page.count("desk-run") == PreOrderRun.objects.count() == 4
    assert page.count(f'action="{begin_path(world, "panier")}"') == 4
    PreOrderRun.objects.update(taken=20)
    assert "Jeudi 26 novembre" not in shown(desk.get(page_of(world)))


def test_a_page_opened_before_the_plan_keeps_what_was_typed_and_refuses(world: World, desk: Browser) -> None:
    service = basket_service(world)
    name = small_of(service)
    assert f'name="{name}"' in shown(desk.get(page_of(world)))
    weekly_basket(world, service=service)
    answer = desk.post(page_of(world), typed(world, **{name: "2"}))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Une précommande se fait à part" in page
    assert f'name="{name}" value="2"' in page
    assert rows() == (0, 0)
    assert desk.post(page_of(world), typed(world, **{name: ""})).status_code == 302
    assert rows() == (0, 1)


def test_hand_outs_cost_no_further_questions(world: World, plan: PreOrderPlan, desk: Browser) -> None:
    counts = []
    for keep in (1, 3):
        kept = list(PreOrderRun.objects.order_by("pk").values_list("pk", flat=True)[:keep])
        PreOrderRun.objects.exclude(pk__in=kept).update(status="skipped")
        desk.get(page_of(world))
        with CaptureQueriesContext(connection) as asked:
            page = shown(desk.get(page_of(world)))
        counts.append((page.count("desk-run"), len(asked)))
        PreOrderRun.objects.update(status="open")
    assert [shown_rows for shown_rows, _asked in counts] == [1, 3]
    assert counts[0][1] == counts[1][1]


@pytest.mark.promise("domain R7")
def test_a_regular_day_of_before_the_plan_fails_aloud(world: World) -> None:
    """It was an appointment once. The day says why it is not booked; nothing is sold past the order sheet."""
    service = basket_service(world)
    wishes = [Wish(str(service.public_id), {str(service.price_items.order_by("position")[0].public_id): 1})]
    found = begin(world, rule="FREQ=WEEKLY;BYDAY=TH", starts_on=dt.date(2026, 11, 26), wishes=wishes)
    assert found.plan is None
    weekly_basket(world, service=service)
    sweep(world)
    assert states(found)[:2] == [("26/11 10:00", "failed", "mixed_order"), ("03/12 10:00", "failed", "mixed_order")]
    assert rows() == (0, 0)


def ordered(world: World, plan: PreOrderPlan, **more: Any) -> PreOrder:
    made = pre_orders.order_ahead(
        first_run(plan),
        client=details(email=world.client.email),
        wishes=[wish_baskets(plan)],
        by=world.actor(),
        owner=world.client,
    )
    return PreOrder.objects.get(request=made)


def tick_path(order: PreOrder, verb: str) -> str:
    return f"/precommandes/remise/{order.public_id}/{verb}/"


@pytest.mark.promise("domain R7")
def test_a_basket_is_ticked_on_the_card_as_on_the_list(
    world: World, plan: PreOrderPlan, desk: Browser, monday: Any
) -> None:
    order, card = ordered(world, plan), f"/guichet/republique/personne/{world.client.public_id}/"
    page = shown(desk.get(card))
    assert ("Jeudi 26 novembre de 12:00 à 14:00" in page, tick_path(order, "remis") in page) == (True, False)
    monday.move_to(dt.datetime(2026, 11, 26, 12, 30, tzinfo=PARIS), tick=True)
    PreOrderRun.objects.filter(pk=order.run_id).update(status="closed")
    page = shown(desk.get(card))
    shown_ticks = [tick_path(order, verb) in page for verb in ("remis", "absent", "annuler")]
    assert shown_ticks == [True, True, False]
    answer = desk.post(tick_path(order, "remis"), {"card": "1"}, follow=True)
    assert answer.redirect_chain == [(card, 302)]
    page = shown(answer)
    assert [tick_path(order, verb) in page for verb in ("remis", "absent", "annuler")] == [False, False, True]
    order.refresh_from_db()
    assert order.hand_out == HandOut.HANDED_OVER
    desk.post(tick_path(order, "annuler"), {"card": "1"})
    order.refresh_from_db()
    assert order.hand_out == HandOut.EXPECTED
    late = desk.post(tick_path(order, "absent"), {"q": "roux"})
    assert late["Location"].startswith(f"/precommandes/{order.run.public_id}/remise/?q=roux")


def test_baskets_on_the_card_cost_no_further_questions(
    world: World, plan: PreOrderPlan, desk: Browser, monday: Any
) -> None:
    card, counts = f"/guichet/republique/personne/{world.client.public_id}/", []
    for more in (1, 2):
        for _n in range(more):
            ordered(world, plan)
        PreOrderRun.objects.update(status="closed")
        desk.get(card)
        with CaptureQueriesContext(connection) as asked:
            page = shown(desk.get(card))
        counts.append((page.count("/remis/"), len(asked)))
        PreOrderRun.objects.update(status="open")
    assert [shown_rows for shown_rows, _asked in counts] == [1, 3]
    assert counts[0][1] == counts[1][1]
