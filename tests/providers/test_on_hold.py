"""Nothing goes on while a request stands still: nobody is asked, nobody is late, and what had to wait goes on."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from bookings.actions.pauses import hold_request, resume_request
from bookings.enums import HoldReason
from bookings.models import WorkOrder
from concierge import deadlines
from concierge.models import Event
from providers.actions.clocks import extend_offer, release_clocks, resume_offer
from providers.actions.counters import lapse_counter
from providers.actions.offers import accept_offer, decline_offer, pass_on
from providers.actions.policies import set_offer_policy
from providers.actions.refusals import OfferOnHold
from providers.actions.releases import release_offer
from providers.actions.rounds import offer_directly, start_round, stop_round
from providers.enums import DeclineReason, OfferStatus, PauseReason, ReleaseReason
from providers.models import CounterOffer, Offer, OfferPause, OfferRound, Provider
from tests.conftest import settle
from tests.providers.conftest import MONDAY, acting_for
from tests.providers.test_api import OFFERS, api_of, refused
from tests.providers.test_asked_anew import stands_still
from tests.providers.test_clocks import HOUR, MINUTE, asks, at, due, is_about, open_deadlines
from tests.providers.test_counters import AT_HOME, DEARER, proposes
from tests.providers.test_link_page import Phone
from tests.providers.test_pages import page
from tests.world import World

pytestmark = pytest.mark.promise("domain R31")


def hold(order: WorkOrder, world: World, *, until: dt.datetime) -> None:
    hold_request(order.request, reason=HoldReason.MATERIAL, until=until, by=world.actor())
    settle(world.organisation)


def resume(order: WorkOrder, world: World) -> None:
    resume_request(order.request, by=world.actor())
    settle(world.organisation)


def statuses() -> list[str]:
    return list(Offer.objects.order_by("pk").values_list("status", flat=True))


def says_no(offer: Offer) -> None:
    decline_offer(offer, reason=DeclineReason.TOO_BUSY, by=acting_for(offer.provider))


def reasons() -> list[str]:
    """Why clocks stand still now."""
    return list(OfferPause.objects.going_on().order_by("offer_id").values_list("reason", flat=True))


@pytest.mark.parametrize("how", ["gap", "no", "stopped"])
def test_the_next_ones_are_asked_when_it_goes_on(
    heels: WorkOrder, cobblers: list[Provider], world: World, monday: Any, how: str
) -> None:
    set_offer_policy(world.organisation, wave_size=1, gap_hours=Decimal(1) if how == "gap" else None, by=world.actor())
    start_round(heels, by=world.actor())
    monday.move_to(at(0, 10, 30))
    hold(heels, world, until=at(3, 9))
    if how == "no":
        says_no(Offer.objects.with_need().get())
    elif how == "stopped":
        pass_on(Offer.objects.with_need().get(), by=world.actor())
    monday.move_to(at(0, 11, 30))
    settle(world.organisation)
    heels.refresh_from_db()
    assert (Offer.objects.count(), heels.status, OfferRound.objects.get().status) == (1, "offering", "open")
    monday.move_to(at(0, 12))
    resume(heels, world)
    first = {"gap": "sent", "no": "declined", "stopped": "withdrawn"}[how]
    assert (statuses(), reasons()) == ([first, "sent"], [])
    release_clocks(heels, by=world.actor())
    assert (statuses(), stands_still()) == ([first, "sent"], [])


def test_a_search_without_anybody_left_does_not_end_meanwhile(
    heels: WorkOrder, cobblers: list[Provider], world: World, monday: Any
) -> None:
    """Held for longer than was said, and nobody's clock keeps the search open."""
    set_offer_policy(world.organisation, wave_size=1, by=world.actor())
    start_round(heels, by=world.actor())
    hold(heels, world, until=at(1, 9))
    says_no(Offer.objects.with_need().get())
    for _n in range(2):
        monday.move_to(OfferRound.objects.get().ends_at + MINUTE)
        stop_round(OfferRound.objects.get(), by=world.actor())
        assert OfferRound.objects.get().status == "open"
    assert (statuses(), open_deadlines("offer_round.stop")) == (["declined"], [OfferRound.objects.get().ends_at])
    resume(heels, world)
    assert (statuses(), stands_still()) == (["declined", "sent"], [])


@pytest.mark.parametrize("is_moved", [False, True])
def test_what_was_proposed_waits_too(offers: list[Offer], world: World, monday: Any, is_moved: bool) -> None:
    """Whoever decides has their time again; when what was promised has moved, the question is put again."""
    order = offers[0].work_order
    found = proposes(offers[0], DEARER)
    monday.move_to(at(0, 11))
    hold(order, world, until=at(7, 9))
    monday.move_to(found.due_at + MINUTE)
    settle(world.organisation)
    assert statuses()[0] == "countered"
    moment = at(4, 9) if is_moved else at(0, 17)
    monday.move_to(moment)
    resume(order, world)
    counter = CounterOffer.objects.get()
    assert (statuses(), counter.status) == (
        (["sent"] * 3, "lapsed") if is_moved else (["countered", "sent", "sent"], "waiting")
    )
    assert stands_still() == []
    if is_moved:
        assert Event.objects.filter(name="offer.rescheduled", subject_id=offers[0].public_id).count() == 1
        assert due(offers[0]) > moment + 3 * HOUR
    else:
        assert is_about(counter.due_at, at(1, 16))
        assert open_deadlines("counter.due") == [counter.due_at]


def test_its_decision_is_due_after_the_hold_even_if_nobody_heard_of_it(
    offers: list[Offer], world: World, monday: Any
) -> None:
    """The hold is not told yet when the time to decide is over: it stands still all the same."""
    found = proposes(offers[0], DEARER)
    hold_request(offers[0].work_order.request, reason=HoldReason.MATERIAL, until=at(9, 9), by=world.actor())
    monday.move_to(found.due_at + MINUTE)
    deadlines.sweep(world.organisation.pk)
    assert (statuses()[0], CounterOffer.objects.get().status) == ("countered", "waiting")
    assert open_deadlines("counter.due")[0] > at(9, 9)
    assert lapse_counter(found, by=world.actor())


def test_a_question_of_a_provider_ends_in_the_hold(offers: list[Offer], world: World, monday: Any) -> None:
    """Its own pause is over while the request stands still: no time passes all the same, and it has what was left."""
    order, offer = offers[0].work_order, offers[0]
    monday.move_to(at(0, 11))
    left = asks(offer).left
    hold(order, world, until=at(9, 9))
    assert reasons() == ["awaiting_client_info", "request_on_hold", "request_on_hold"]
    monday.move_to(OfferPause.objects.order_by("pk")[0].until + MINUTE)
    deadlines.sweep(world.organisation.pk)
    assert (reasons(), statuses()) == (["request_on_hold"] * 3, ["sent"] * 3)
    assert OfferPause.objects.going_on().get(offer=offer).left == left
    # Held for longer than was said: for a week more, and so on.
    for week in (16, 23):
        monday.move_to(at(week - 7, 9, 5))
        deadlines.sweep(world.organisation.pk)
        assert {one.until for one in OfferPause.objects.going_on()} == {at(week, 9)}
        assert (statuses(), stands_still()) == (["sent"] * 3, [])
    monday.move_to(at(18, 9))
    resume(order, world)
    assert (reasons(), is_about(due(offer), at(18, 12))) == ([], True)


def test_nobody_resumes_for_themselves_what_stands_still(offers: list[Offer], world: World) -> None:
    offer = offers[0]
    asks(offer)
    hold(offer.work_order, world, until=at(9, 9))
    resume_offer(offer, by=acting_for(offer.provider))
    assert reasons() == ["request_on_hold"] * 3
    for one in offers[:2]:
        with pytest.raises(OfferOnHold):
            resume_offer(one, by=acting_for(one.provider))
    refused(
        api_of(offer.provider).post(f"{OFFERS}/{offer.public_id}/resume"),
        409,
        "offer_on_hold",
        "Toute la demande est suspendue\xa0: le temps pour répondre reprendra avec elle.",
    )
    assert "Je n’ai plus besoin d’attendre" not in page(Phone(offer).unlock().get())
    # Whoever can say yes already still may.
    accept_offer(offer, by=acting_for(offer.provider))
    assert (statuses()[0], reasons()) == ("accepted", [])


def test_nobody_is_late_because_the_machine_was(offers: list[Offer], world: World, monday: Any) -> None:
    """Nothing was swept from the pause to long after the time to answer: the pause ends first."""
    hold(offers[0].work_order, world, until=at(1, 9))
    monday.move_to(max(due(one) for one in offers) + MINUTE)
    deadlines.sweep(world.organisation.pk)
    assert (statuses(), reasons()) == (["sent"] * 3, ["request_on_hold"] * 3)


@pytest.mark.parametrize("how", ["given back", "by a person"])
def test_whoever_is_asked_during_the_hold_waits_as_well(
    offers: list[Offer], world: World, monday: Any, how: str
) -> None:
    order, by = offers[0].work_order, acting_for(offers[0].provider)
    if how == "given back":
        accept_offer(offers[0], by=by)
    hold(order, world, until=at(9, 9))
    if how == "given back":
        release_offer(offers[0], reason=ReleaseReason.ILL, by=by)
    else:
        offer_directly(order, offers[1].provider, by=world.actor("dispatcher"))
    settle(world.organisation)
    asked = 3 if how == "given back" else 1
    fresh = Offer.objects.filter(round__number=2, status=OfferStatus.SENT)
    assert (fresh.count(), reasons()) == (asked, [PauseReason.REQUEST_ON_HOLD] * asked)
    monday.move_to(at(1, 9))
    settle(world.organisation)
    assert fresh.count() == asked
    resume(order, world)
    assert (fresh.count(), reasons(), stands_still()) == (asked, [], [])


@pytest.mark.parametrize("has_passed", [True, False])
def test_a_visit_that_goes_on_after_its_time_is_for_a_person(
    world: World, cobblers: list[Provider], monday: Any, has_passed: bool
) -> None:
    """Tuesday at ten somebody should have come: nobody is asked for weeks who would come to a closed door."""
    request = world.request(world.cobbler, **AT_HOME, promised_start=MONDAY + dt.timedelta(days=1))
    order = request.work_orders.get()
    for provider in cobblers[:2]:
        offer = offer_directly(order, provider, by=world.actor("dispatcher"))
    asks(offer)
    hold(order, world, until=at(5, 9))
    extend_offer(offer, by=world.actor("dispatcher"))
    monday.move_to(at(3, 9) if has_passed else at(1, 8))
    resume(order, world)
    order.refresh_from_db()
    current = OfferRound.objects.get(number=2)
    assert stands_still() == []
    if has_passed:
        assert (order.status, current.status, statuses()) == ("needs_dispatch", "exhausted", ["withdrawn"] * 2)
        assert [row.data["reason"] for row in Event.objects.filter(name="work_order.needs_dispatch")] == ["stopped"]
    else:
        assert (order.status, current.ends_at, due(offer)) == ("offering", at(1, 10), at(1, 10))
