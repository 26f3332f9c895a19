"""A request keeps its price until somebody asks for today's (R1)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client as Browser

from bookings.actions.repricing import REPRICED_FROM, LineUnknown, NotRepriced, reprice, reprice_request
from bookings.enums import RequestStatus
from bookings.models import PriceItem, RequestLine, Service, ServiceRequest
from bookings.rules.prices import Wish
from concierge.errors import Conflict
from concierge.models import Event
from tests.bookings.conftest import wish_heels
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]


@pytest.fixture
def request_(world: World, book: Any) -> ServiceRequest:
    hanger = world.ironing.options.get()
    shirts = Wish(str(world.ironing.public_id), {str(world.shirt.public_id): 5}, frozenset({str(hanger.public_id)}))
    made: ServiceRequest = book(shirts, wish_heels(world))
    PriceItem.objects.filter(pk=world.shirt.pk).update(unit_price="3.50")
    Service.objects.filter(pk=world.cobbler.pk).update(unit_price="20.00")
    return made


def lines(request: ServiceRequest) -> list[tuple[str, Decimal, Decimal]]:
    return list(request.lines.order_by("position").values_list("description", "quantity", "total_incl_vat"))


OLD = [
    ("Repassage – Chemise", Decimal(5), Decimal("15.00")),
    ("Repassage – Sur cintre", Decimal(1), Decimal("1.50")),
    ("Pose de talons", Decimal(1), Decimal("18.00")),
]
NEW = [
    ("Repassage – Chemise", Decimal(5), Decimal("17.50")),
    ("Repassage – Sur cintre", Decimal(1), Decimal("1.50")),
    ("Pose de talons", Decimal(1), Decimal("20.00")),
]


@pytest.mark.promise("domain R1")
def test_the_team_reads_both_prices_and_says_yes(world: World, request_: ServiceRequest, client: Browser) -> None:
    client.force_login(world.users["concierge"])
    address = f"/demandes/{request_.public_id}/prix-du-jour/"
    page = client.get(address).content.decode()
    assert [amount in page for amount in ("15,00", "17,50", "18,00", "20,00", "34,50", "39,00")] == [True] * 6
    assert lines(request_) == OLD
    assert client.post(address, {"total": "39.00"}).status_code == 302
    request_.refresh_from_db()
    assert (lines(request_), request_.total_incl_vat, request_.version) == (NEW, Decimal("39.00"), 3)
    told = Event.objects.get(name="service_request.repriced").data
    assert (told["old_total"], told["new_total"], len(told["old_lines"])) == ("34.50", "39.00", 3)
    assert "Rien ne changerait." in client.get(address).content.decode()


@pytest.mark.promise("domain R1")
def test_another_price_than_the_one_read_is_refused(world: World, request_: ServiceRequest, client: Browser) -> None:
    client.force_login(world.users["concierge"])
    address = f"/demandes/{request_.public_id}/prix-du-jour/"
    for total in ("38.00", "", "NaN", "1e999", "-1", "x"):
        assert client.post(address, {"total": total}).status_code == 409
    with pytest.raises(Conflict):
        reprice_request(request_, total_seen=Decimal(1), by=world.actor())
    assert (lines(request_), Event.objects.filter(name="service_request.repriced").count()) == (OLD, 0)


@pytest.mark.parametrize("status", sorted(set(RequestStatus.values) - {status.value for status in REPRICED_FROM}))
def test_what_is_over_keeps_its_price(world: World, request_: ServiceRequest, status: str) -> None:
    request_.status = status
    request_.save()
    with pytest.raises(NotRepriced):
        reprice_request(request_, total_seen=Decimal("39.00"), by=world.actor())
    assert lines(request_) == OLD


def test_what_the_price_list_does_not_know_keeps_its_price(world: World, request_: ServiceRequest) -> None:
    RequestLine.objects.filter(request=request_, description="Pose de talons").update(description="Talons d’hier")
    with pytest.raises(LineUnknown):
        reprice(request_)


@pytest.mark.promise("S01")
def test_only_the_desk_reprices(world: World, request_: ServiceRequest, client: Browser) -> None:
    for role, expected in (("accountant", 403), ("supervisor", 403), ("trainee", 403), ("social_adviser", 403)):
        client.force_login(world.users[role])
        assert client.post(f"/demandes/{request_.public_id}/prix-du-jour/", {"total": "39.00"}).status_code == expected
    assert lines(request_) == OLD
