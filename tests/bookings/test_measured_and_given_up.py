"""Work that will not be done costs nothing: neither on the page of quantities nor in letters."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation

from bookings.actions.measuring import measure, state_quantities
from bookings.models import RequestLine, ServiceRequest
from concierge.models import Event
from notifications.actions.letters import WRITERS, NotNeeded
from notifications.actions.writing import write
from notifications.enums import Kind
from notifications.models import Message
from tests.bookings.conftest import wish_heels, wish_shirts
from tests.bookings.test_measuring import desk, place, plain, shown
from tests.conftest import settle
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday"), pytest.mark.promise("domain R1")]
SHIRTS = "Repassage – Chemise"


@pytest.fixture
def request_(world: World, book: Any) -> ServiceRequest:
    """Five shirts, 15 €, and a pair of heels, 18 €, of which nothing will come."""
    made: ServiceRequest = book(wish_shirts(world), wish_heels(world))
    made.work_orders.filter(service=world.cobbler).update(status="failed")
    return made


def test_the_totals_are_of_what_is_charged(world: World, request_: ServiceRequest) -> None:
    stated = {place(request_, SHIRTS): Decimal(6)}
    found = measure(request_, stated)
    assert (found.old_total, found.new_total, found.announced_total) == (
        Decimal("15.00"),
        Decimal("18.00"),
        Decimal("15.00"),
    )
    changed = state_quantities(request_, stated, by=world.actor(), total_seen=Decimal("18.00"))
    assert changed.total_incl_vat == sum(row.total_incl_vat for row in RequestLine.objects.all()) == Decimal("36.00")
    told = Event.objects.get(name="service_request.measured").data
    assert (told["new_total"], told["is_above"]) == ("18.00", True)


def test_the_page_says_which_lines_are_not_charged(world: World, request_: ServiceRequest) -> None:
    position = place(request_, SHIRTS)
    page = shown(desk(world).post(f"/demandes/{request_.public_id}/quantites/", {f"q-{position}": "7"}))
    assert [text in page for text in ("non facturé", "15,00", "21,00", "33,00", "39,00")] == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_the_letter_names_what_is_to_be_paid(world: World, request_: ServiceRequest) -> None:
    state_quantities(request_, {place(request_, SHIRTS): Decimal(7)}, by=world.actor())
    settle(world.organisation)
    message = Message.objects.get(kind="service_request.measured")
    text = plain(write(message).text)
    assert [amount in text for amount in ("7 au lieu de 5", "21,00", "39,00")] == [True, True, False]
    # What was counted will not be done either, before the letter has left.
    request_.work_orders.update(status="failed")
    with pytest.raises(NotNeeded):
        write(message)


@pytest.mark.parametrize("kind", [Kind.REQUEST_CONFIRMED, Kind.REQUEST_RESCHEDULED])
@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_the_recap_names_what_is_to_be_paid(world: World, request_: ServiceRequest, kind: Kind, status: str) -> None:
    request_.work_orders.filter(service=world.cobbler).update(status=status)
    request_.lines.filter(work_order__service=world.cobbler).update(is_estimate=True)
    settle(world.organisation)
    message = Message.objects.get(kind=Kind.REQUEST_CONFIRMED)
    message.kind = kind
    with translation.override("fr"):
        facts = dict(WRITERS[kind](message).facts)
    # What is weighed later makes no estimate of the rest, when it will not be done.
    assert (facts.get("Total TTC"), facts.get("Total estimé, TVA comprise")) == ("15,00\u202f€", None)
