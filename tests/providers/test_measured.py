"""Weighed or counted after the offer: the provider is paid for what there is, and binds at a price that was read."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client as Browser

from bookings.actions.measuring import state_quantities
from bookings.actions.work_orders import complete_work_order, start_work_order, verify_work_order
from bookings.models import WorkOrder
from concierge.models import Event
from providers.actions.agreements import agree_service, end_agreement
from providers.actions.businesses import add_member
from providers.actions.counters import approve_counter, counter_offer
from providers.actions.offers import accept_offer
from providers.actions.refusals import OfferRepriced
from providers.actions.rounds import start_round
from providers.models import Offer, Provider, ServiceAgreement
from providers.rules.counters import Proposal
from tests.conftest import settle
from tests.providers.conftest import acting_for, add_provider
from tests.providers.test_api import OFFERS, api_of
from tests.providers.test_link_page import Phone, text_of
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.promise("domain R33", "domain R1")]


def pay() -> list[tuple[str, Decimal]]:
    return list(Offer.objects.order_by("pk").values_list("status", "price"))


def count(world: World, order: WorkOrder, quantity: int) -> None:
    """The desk counts so many pairs; what happened is told."""
    state_quantities(order.request, {order.lines.get().position: Decimal(quantity)}, by=world.actor())
    settle(world.organisation)


def told() -> list[tuple[str, str]]:
    rows = Event.objects.filter(name="offer.repriced").order_by("pk")
    return [(row.data["old_price"], row.data["new_price"]) for row in rows]


def test_whoever_has_accepted_is_paid_for_what_was_counted(world: World, heels: WorkOrder, offers: list[Offer]) -> None:
    accept_offer(offers[1], by=acting_for(offers[1].provider))
    count(world, heels, 3)
    assert pay() == [
        ("not_selected", Decimal("12.00")),
        ("accepted", Decimal("36.00")),
        ("not_selected", Decimal("12.00")),
    ]
    assert told() == [("12.00", "36.00")]
    count(world, heels, 2)
    assert told() == [("12.00", "36.00"), ("36.00", "24.00")]


def test_a_price_that_the_team_agreed_to_stays_in_proportion(
    world: World, heels: WorkOrder, offers: list[Offer]
) -> None:
    """15.50 € for a pair instead of 12.00 €: three pairs are 46.50 €, and one pair is 15.50 € again."""
    found = counter_offer(offers[0], Proposal(price=Decimal("15.50")), by=acting_for(offers[0].provider))
    approve_counter(found, by=world.actor("dispatcher"))
    settle(world.organisation)
    for quantity, price in ((3, "46.50"), (3, "46.50"), (1, "15.50")):
        count(world, heels, quantity)
        assert pay()[0] == ("accepted", Decimal(price)), quantity
    assert told() == [("15.50", "46.50"), ("46.50", "15.50")]


def test_twice_the_same_is_told_once(world: World, heels: WorkOrder, offers: list[Offer]) -> None:
    count(world, heels, 3)
    count(world, heels, 3)
    assert pay() == [("sent", Decimal("36.00"))] * 3
    assert told() == [("12.00", "36.00")] * 3


def test_a_share_of_what_the_client_pays_follows_too(world: World, heels: WorkOrder) -> None:
    one = add_provider(world, price=None)
    agree_service(one, world.cobbler, commission_percent=Decimal(10), valid_from=dt.date(2026, 1, 1), by=world.actor())
    start_round(heels, by=world.actor())
    count(world, heels, 2)
    assert pay() == [("sent", Decimal("32.40"))]


def test_the_agreement_of_the_day_of_the_offer_counts(
    world: World, heels: WorkOrder, offers: list[Offer], monday: Any
) -> None:
    accept_offer(offers[0], by=acting_for(offers[0].provider))
    today = offers[0].sent_at.date()
    end_agreement(ServiceAgreement.objects.get(provider=offers[0].provider), on=today, by=world.actor())
    later = today + dt.timedelta(days=1)
    agree_service(offers[0].provider, world.cobbler, purchase_price=Decimal(99), valid_from=later, by=world.actor())
    monday.shift(dt.timedelta(days=2))
    count(world, heels, 2)
    assert pay()[0] == ("accepted", Decimal("24.00"))


def test_checked_between_the_count_and_its_news_is_paid_too(
    world: World, heels: WorkOrder, offers: list[Offer]
) -> None:
    by = acting_for(offers[0].provider)
    accept_offer(offers[0], by=by)
    state_quantities(heels.request, {heels.lines.get().position: Decimal(2)}, by=world.actor())
    verify_work_order(complete_work_order(start_work_order(heels, by=by), by=by), by=world.actor("site_manager"))
    settle(world.organisation)
    assert pay()[0] == ("honoured", Decimal("24.00"))


def test_checked_work_keeps_its_pay(world: World) -> None:
    request = world.request(world.cobbler, world.cobbler)
    first, second = request.work_orders.order_by("pk")
    one = add_provider(world, daily_capacity=9)
    for order in (first, second):
        start_round(order, by=world.actor())
        accept_offer(Offer.objects.get(work_order=order), by=acting_for(one))
    by = acting_for(one)
    verify_work_order(complete_work_order(start_work_order(first, by=by), by=by), by=world.actor("site_manager"))
    Offer.objects.filter(work_order=first).update(price=Decimal("15.00"))
    count(world, second, 2)
    assert pay() == [("honoured", Decimal("15.00")), ("accepted", Decimal("24.00"))]


# --- nobody binds at a price that they have not read ---------------------------------


@pytest.mark.parametrize("seen", [None, Decimal("12.00"), Decimal(-1)])
def test_a_yes_to_another_price_binds_nobody(
    world: World, heels: WorkOrder, offers: list[Offer], seen: Decimal | None
) -> None:
    count(world, heels, 3)
    with pytest.raises(OfferRepriced):
        accept_offer(offers[0], by=acting_for(offers[0].provider), price_seen=seen)
    assert [status for status, _price in pay()] == ["sent"] * 3
    accept_offer(offers[0], by=acting_for(offers[0].provider), price_seen=Decimal("36.00"))
    assert pay()[0] == ("accepted", Decimal("36.00"))


def test_the_page_of_the_link_shows_the_new_price_and_then_takes_the_yes(
    world: World, heels: WorkOrder, offers: list[Offer]
) -> None:
    phone = Phone(offers[0]).unlock()
    assert 'name="price" value="12.00"' in text_of(phone.get())
    count(world, heels, 3)
    refusal = text_of(phone.post("accepter", price="12.00"))
    assert ("36,00" in refusal, "a changé depuis cette proposition" in refusal) == (True, True)
    assert 'name="price" value="36.00"' in refusal
    for nonsense in ("", "NaN", "x"):
        assert phone.post("accepter", price=nonsense).status_code == 409
    assert pay()[0] == ("sent", Decimal("36.00"))
    assert phone.post("accepter", price="36.00").status_code == 302
    assert pay()[0] == ("accepted", Decimal("36.00"))


def test_so_does_the_providers_space(world: World, heels: WorkOrder, offers: list[Offer]) -> None:
    mine: Provider = offers[0].provider
    add_member(mine, world.users["provider"], by=world.actor())
    browser = Browser(headers={"Accept-Language": "fr"})
    browser.force_login(world.users["provider"])
    address = f"/prestataires/mon-espace/propositions/{offers[0].public_id}/accepter/"
    count(world, heels, 3)
    page = browser.post(address, {"price": "12.00"})
    assert (page.status_code, 'name="price" value="36.00"' in page.content.decode()) == (409, True)
    assert browser.post(address, {"price": "36.00"}).status_code == 302
    assert pay()[0] == ("accepted", Decimal("36.00"))


def test_so_does_the_api(world: World, heels: WorkOrder, offers: list[Offer]) -> None:
    api = api_of(offers[0].provider)
    address = f"{OFFERS}/{offers[0].public_id}/accept"
    count(world, heels, 3)
    for body in ({}, {"price": "12.00"}):
        answer = api.post(address, body)
        assert (answer.status_code, answer.json()["code"], answer.json()["price"]) == (409, "offer_repriced", "36.00")
    for wrong in ("x", "-1", "1.234", None):
        assert api.post(address, {"price": wrong}).status_code == 400
    assert api.post(address, {"price": "36.00"}).json()["price"] == "36.00"
    assert pay()[0] == ("accepted", Decimal("36.00"))
