"""The way in is for the business that goes there: never in an offer (R8, P05)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from bookings.actions.access import keep_access
from bookings.enums import Place
from bookings.models import ServiceRequest, WorkOrder
from concierge.models import IdempotencyRecord
from providers.models import Offer
from providers.views.words import work_of
from tests.conftest import settle
from tests.providers.conftest import acting_for
from tests.providers.test_api import OFFERS, api_of
from tests.providers.test_link_page import Phone, text_of
from tests.world import World

pytestmark = pytest.mark.promise("domain R8", "P05")
CODE = "47B12"


@pytest.fixture
def offer(world: World, offers: list[Offer]) -> Offer:
    """About a visit whose way in is known."""
    ServiceRequest.objects.update(place=Place.HOME, street="3 rue Monge", postcode="21000", city="Dijon")
    keep_access(ServiceRequest.objects.get(), f"Digicode {CODE}")
    settle(world.organisation)
    return Offer.objects.get(pk=offers[0].pk)


def test_the_link_says_it_once_accepted_to_who_types_the_code_until_the_work_is_done(offer: Offer) -> None:
    phone = Phone(offer).unlock()
    assert CODE not in text_of(phone.get())
    phone.post("accepter")
    assert (CODE in text_of(phone.get()), CODE in text_of(Phone(offer).get())) == (True, False)
    phone.post("commencer")
    assert CODE in text_of(phone.get())
    phone.post("terminer")
    assert CODE not in text_of(phone.get())


def test_no_message_and_no_offer_says_it(offer: Offer, mailoutbox: list[Any]) -> None:
    Phone(offer).unlock().post("accepter")
    settle(offer.organisation)
    api = api_of(offer.provider)
    assert CODE not in str([mail.body for mail in mailoutbox])
    assert CODE not in api.get(f"{OFFERS}/{offer.public_id}").content.decode()


def test_the_api_says_it_of_one_work_order_to_its_holder_only(world: World, offer: Offer, offers: list[Offer]) -> None:
    api, rival = api_of(offer.provider), api_of(offers[1].provider)
    detail = f"/api/v1/work-orders/{WorkOrder.objects.get().public_id}"
    assert (api.get(detail).status_code, CODE in api.get(f"{OFFERS}/{offer.public_id}").content.decode()) == (
        404,
        False,
    )
    answers = [api.accept(offer)]
    assert api.get(detail).json()["client"]["access_note"] == f"Digicode {CODE}"
    answers += [api.get("/api/v1/work-orders"), rival.get(detail), api.post(f"{detail}/start")]
    own = Browser().get(detail, headers={"Authorization": f"Bearer {world.api_key()}"})
    assert own.json()["client"]["access_note"] == ""
    assert api.get(detail).json()["client"]["access_note"] == f"Digicode {CODE}"
    answers.append(api.post(f"{detail}/complete"))
    assert [one.status_code for one in answers] == [200, 200, 404, 200, 200]
    assert [CODE in one.content.decode() for one in answers] == [False] * 5
    assert api.get(detail).json()["client"]["access_note"] == ""
    assert IdempotencyRecord.objects.count() == 3
    assert CODE not in str(list(IdempotencyRecord.objects.order_by("pk").values()))


@pytest.mark.parametrize("visits", [1, 3])
def test_a_business_reads_its_visits_in_as_many_statements(world: World, offer: Offer, visits: int) -> None:
    Phone(offer).unlock().post("accepter")
    actor = acting_for(offer.provider)
    found = list(WorkOrder.objects.select_related("request__access_note", "service", "site").prefetch_related("lines"))
    with CaptureQueriesContext(
        connection,
    ) as seen:
        shown = [work_of(order, actor)["access"] for order in found * visits]
    assert (shown, len(seen)) == ([f"Digicode {CODE}"] * visits, 0)
