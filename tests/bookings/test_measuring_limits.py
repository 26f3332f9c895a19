"""The least and the most of a service, when its quantity is read off after the order (R1)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bookings.actions.measuring import state_quantities
from bookings.enums import PriceMode
from bookings.models import PriceItem, Service, ServiceRequest
from bookings.rules.prices import WHOLE, Wish
from concierge.errors import Invalid
from tests.bookings.test_price_modes import offer
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday"), pytest.mark.promise("domain R1")]


def told(request: ServiceRequest) -> list[tuple[str, str]]:
    rows = request.lines.order_by("position").values_list("quantity", "total_incl_vat")
    return [(f"{quantity.normalize():f}", str(total)) for quantity, total in rows]


def say(world: World, request: ServiceRequest, *quantities: int) -> None:
    state_quantities(request, {place: Decimal(many) for place, many in enumerate(quantities)}, by=world.actor())


@pytest.fixture
def repair(world: World) -> Service:
    """15 € a started half hour, an hour at least."""
    return offer(world, "reparation", PriceMode.PER_HALF_HOUR, "15.00", smallest_quantity=Decimal(2), max_quantity=8)


def test_less_than_the_least_time_is_charged_as_the_least(world: World, book: Any, repair: Service) -> None:
    request = book(Wish(str(repair.public_id), {WHOLE: 3}))
    say(world, request, 1)
    assert told(request) == [("2", "30.00")]
    assert request.lines.get().measured_quantity == Decimal(1)
    say(world, request, 4)
    assert told(request) == [("4", "60.00")]


def test_a_most_that_was_lowered_since_does_not_hinder_an_older_order(world: World, book: Any, repair: Service) -> None:
    request = book(Wish(str(repair.public_id), {WHOLE: 6}))
    Service.objects.filter(pk=repair.pk).update(max_quantity=4)
    say(world, request, 5)
    say(world, request, 6)
    with pytest.raises(Invalid, match=r"Au plus 3.h par demande"):
        say(world, request, 7)
    assert told(request) == [("6", "90.00")]


def test_nor_when_it_is_the_sum_of_several_lines(world: World, book: Any) -> None:
    other = PriceItem.objects.create(
        organisation=world.organisation, service=world.ironing, name="Pantalon", unit_price=Decimal(4), position=9
    )
    items = {str(world.shirt.public_id): 5, str(other.public_id): 4}
    request = book(Wish(str(world.ironing.public_id), items))
    Service.objects.filter(pk=world.ironing.pk).update(max_quantity=6)
    say(world, request, 4, 5)
    assert [quantity for quantity, _total in told(request)] == ["4", "5"]
    with pytest.raises(Invalid):
        say(world, request, 5, 5)
