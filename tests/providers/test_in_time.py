"""Near is near the work, and nobody is given until after it should have begun."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from bookings.models import WorkOrder
from concierge.models import Event
from providers.actions.rounds import offer_directly, start_round
from providers.models import ConsideredProvider, Offer, OfferRound, Provider
from tests.conftest import settle
from tests.providers.conftest import MONDAY, add_provider
from tests.world import World

HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)
# Beaune: 38 km south of the site in Dijon.
BEAUNE: dict[str, Any] = {"latitude": Decimal("47.0260"), "longitude": Decimal("4.8400")}


def visit(world: World, **changes: Any) -> WorkOrder:
    """Heels mended at somebody's home in Beaune."""
    where = {"street": "4 rue de l’Hôtel-Dieu", "postcode": "21200", "city": "Beaune", **BEAUNE}
    return world.request(world.cobbler, **({"place": "home"} | where | changes)).work_orders.get()


def dropped(world: World, hours: int) -> WorkOrder:
    """Heels handed over at the desk now, promised after some hours: half an hour of work."""
    order = world.request(world.cobbler, promised_start=MONDAY).work_orders.get()
    order.promised_end, order.duration_minutes = MONDAY + hours * HOUR, 30
    order.save(update_fields=["promised_end", "duration_minutes"])
    return order


def distances() -> dict[int, Decimal | None]:
    return dict(ConsideredProvider.objects.order_by("pk").values_list("provider_id", "distance_km"))


@pytest.mark.promise("domain R34")
def test_at_home_the_way_is_measured_to_the_home(world: World) -> None:
    near_the_site, near_the_home = add_provider(world), add_provider(world, **BEAUNE)
    start_round(visit(world), by=world.actor())
    assert distances() == {near_the_site.pk: Decimal("36.1"), near_the_home.pk: Decimal("0.0")}
    assert [offer.provider for offer in Offer.objects.order_by("pk")] == [near_the_home]
    assert ConsideredProvider.objects.get(provider=near_the_site).rule == "out_of_area"


@pytest.mark.promise("domain R34")
@pytest.mark.parametrize("changes", [{"latitude": None, "longitude": None}, {"place": "desk"}], ids=["unknown", "desk"])
def test_else_it_is_measured_to_the_site(world: World, changes: dict[str, Any]) -> None:
    provider = add_provider(world)
    start_round(visit(world, **changes), by=world.actor())
    assert distances() == {provider.pk: Decimal("0.8")}


@pytest.mark.promise("domain R31")
def test_an_answer_is_due_before_the_visit_begins(world: World) -> None:
    add_provider(world, **BEAUNE)
    start_round(visit(world, promised_start=MONDAY + 2 * HOUR), by=world.actor())
    assert Offer.objects.get().due_at == MONDAY + 2 * HOUR


@pytest.mark.promise("domain R31")
@pytest.mark.parametrize(("hours", "due"), [(2, 90 * MINUTE), (72, 4 * HOUR)], ids=["soon", "later"])
def test_what_is_left_at_the_desk_begins_in_time_to_be_done(world: World, hours: int, due: dt.timedelta) -> None:
    add_provider(world)
    order = dropped(world, hours)
    started = start_round(order, by=world.actor())
    offer = Offer.objects.get()
    assert offer.due_at == (MONDAY if hours == 2 else offer.sent_at) + due
    assert started.status == "open"


@pytest.mark.promise("domain R31")
@pytest.mark.parametrize("minutes", [-60, 20], ids=["begun", "at once"])
def test_a_promise_too_near_goes_to_a_person_at_once(world: World, minutes: int) -> None:
    add_provider(world, **BEAUNE)
    order = visit(world, promised_start=MONDAY + minutes * MINUTE)
    start_round(order, by=world.actor())
    order.refresh_from_db()
    assert order.status == "needs_dispatch"
    assert OfferRound.objects.get().status == "exhausted"
    assert list(ConsideredProvider.objects.values_list("rule", flat=True)) == ["too_soon"]
    assert not Offer.objects.exists()


@pytest.mark.promise("domain R31")
def test_who_opens_only_when_it_should_have_begun_is_not_asked(world: World, monday: Any) -> None:
    """Monday at seven in the evening, for Tuesday at a quarter past nine: office hours leave fifteen minutes."""
    monday.move_to(MONDAY + 9 * HOUR)
    add_provider(world, **BEAUNE)
    order = visit(world, promised_start=MONDAY + 23 * HOUR + 15 * MINUTE)
    start_round(order, by=world.actor())
    assert list(ConsideredProvider.objects.values_list("rule", flat=True)) == ["too_soon"]


@pytest.mark.promise("domain R31")
def test_a_wave_that_would_come_too_late_is_a_person_s(world: World, cobblers: list[Provider], monday: Any) -> None:
    """The first ones were silent until the work should have begun: the fourth is not asked after that."""
    order = world.request(world.cobbler, promised_start=MONDAY + 2 * HOUR).work_orders.get()
    order.promised_end = order.promised_start
    order.save(update_fields=["promised_end"])
    start_round(order, by=world.actor())
    assert [offer.due_at for offer in Offer.objects.order_by("pk")] == [MONDAY + 2 * HOUR] * 3
    monday.move_to(MONDAY + 2 * HOUR)
    settle(world.organisation)
    order.refresh_from_db()
    assert order.status == "needs_dispatch"
    assert list(Offer.objects.order_by("pk").values_list("status", flat=True)) == ["expired"] * 3
    assert Event.objects.get(name="work_order.needs_dispatch").data["reason"] == "stopped"


@pytest.mark.promise("domain R31")
@pytest.mark.parametrize(("minutes", "due"), [(20, 20 * MINUTE), (-60, 4 * HOUR)], ids=["at once", "begun"])
def test_a_person_may_still_ask_one(world: World, minutes: int, due: dt.timedelta) -> None:
    """Until the work should have begun when that is to come; late work is given away in the usual time."""
    provider = add_provider(world, **BEAUNE)
    offer = offer_directly(visit(world, promised_start=MONDAY + minutes * MINUTE), provider, by=world.actor())
    assert offer.due_at == (MONDAY if minutes > 0 else offer.sent_at) + due
