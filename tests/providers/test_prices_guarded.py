"""Prices to choose from: time is left to choose, papers do for the price chosen, and prices are for the work as it is
(lifecycles.md 2.4, domain.md R32, R33)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from bookings.actions.pauses import hold_request, resume_request
from bookings.enums import HoldReason
from bookings.models import ServiceRequest, WorkOrder
from concierge import tenancy
from notifications.actions.letters_to_providers import repriced
from notifications.enums import Kind
from notifications.models import Message
from providers.actions import counters as verbs
from providers.actions.clocks import extend_offer, hold_clocks, pause_offer, release_clocks, resume_offer
from providers.actions.counters import approve_counter
from providers.actions.documents import add_document
from providers.actions.moved_work import follow_promise
from providers.actions.policies import set_offer_policy
from providers.actions.refusals import (
    CounterOver,
    NoMoreTime,
    PapersMissing,
)
from providers.actions.rounds import start_round
from providers.enums import DocumentKind, PauseReason, RoundMode
from providers.models import CounterOffer, Offer, OfferPause, OfferRound, Provider, ProviderDocument
from providers.rules.counters import Proposal
from tests.conftest import settle
from tests.providers.conftest import MONDAY, acting_for
from tests.providers.test_counters import letters, state
from tests.providers.test_measured import count
from tests.providers.test_pages import of_request, page, staff
from tests.providers.test_prices_to_choose import gives, quoted, says, to_choose, wrong
from tests.world import World

__all__ = ["quoted", "staff"]
pytestmark = pytest.mark.promise("domain R31")
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def tight(world: World, heels: WorkOrder, cobblers: list[Provider]) -> list[Offer]:
    """Three are asked for prices in a search of twenty-eight hours, with more time to answer than there is."""
    set_offer_policy(world.organisation, mode=RoundMode.QUOTES, max_waves=1, answer_hours=Decimal(30), by=world.actor())
    WorkOrder.objects.filter(pk=heels.pk).update(
        promised_start=MONDAY + 28 * HOUR, promised_end=MONDAY + 28 * HOUR, duration_minutes=0
    )
    start_round(WorkOrder.objects.get(pk=heels.pk), by=world.actor())
    return list(Offer.objects.with_need().order_by("pk"))


def time_to_choose() -> list[dt.timedelta]:
    """What is left after the last moment to answer, of each that is open."""
    return [one.round.ends_at - one.due_at for one in Offer.objects.open().select_related("round").order_by("pk")]


def test_more_time_takes_nothing_of_the_time_to_choose(tight: list[Offer], world: World, monday: Any) -> None:
    offer, by = tight[0], acting_for(tight[0].provider)
    third = (offer.round.ends_at - offer.sent_at) / 3
    monday.move_to(MONDAY + HOUR)
    with pytest.raises(NoMoreTime):
        extend_offer(offer, by=by)
    pause_offer(offer, reason=PauseReason.AWAITING_CLIENT_INFO, note="Quelle hauteur ?", by=by)
    assert min(time_to_choose()) >= third
    monday.move_to(OfferPause.objects.get().until - dt.timedelta(minutes=5))
    resume_offer(offer, by=world.actor("dispatcher"))
    assert min(time_to_choose()) >= third
    assert Offer.objects.get(pk=offer.pk).due_at > timezone.now()


def test_there_is_time_to_choose_after_a_request_stood_still(
    tight: list[Offer], heels: WorkOrder, world: World, monday: Any
) -> None:
    gives(tight[0], "15.50")
    asked = ServiceRequest.objects.get(pk=heels.request_id)
    hold_request(asked, reason=HoldReason.MATERIAL, until=MONDAY + 48 * HOUR, by=world.actor())
    hold_clocks(heels, by=world.actor())
    assert min(time_to_choose()[1:]) > HOUR
    monday.move_to(MONDAY + 4 * HOUR)
    resume_request(asked, by=world.actor())
    release_clocks(heels, by=world.actor())
    # A third of what is left of the search is left to choose.
    third = (OfferRound.objects.get().ends_at - timezone.now()) / 3
    assert (says(tight), len(time_to_choose())) == (["countered", "sent", "sent"], 3)
    assert min(time_to_choose()[1:]) >= third - dt.timedelta(minutes=1)


def test_there_is_time_to_choose_when_the_work_moves(tight: list[Offer], heels: WorkOrder, world: World) -> None:
    gives(tight[0], "15.50")
    order = WorkOrder.objects.get(pk=heels.pk)
    WorkOrder.objects.filter(pk=heels.pk).update(
        promised_start=order.promised_start - 24 * HOUR, promised_end=order.promised_end - 24 * HOUR
    )
    follow_promise(order, before="", moved_at=MONDAY, by=world.actor())
    assert says(tight) == ["sent"] * 3
    assert min(time_to_choose()) > HOUR


@pytest.mark.promise("domain R32")
def test_a_price_that_asks_for_a_certificate_is_not_chosen_without_it(quoted: list[Offer], staff: Browser) -> None:
    """7,200 € are over the amount of the law, 12 € were not."""
    dear, address = gives(quoted[0], "7200.00"), of_request(quoted[0])
    gives(quoted[1], "4900.00")
    shown = page(staff.get(address))
    assert "Ne peut pas être choisi\N{NO-BREAK SPACE}: Il manque un document" in shown
    assert (shown.count("/accepter/"), shown.count("Ne peut pas être choisi")) == (1, 1)
    by = acting_for(quoted[0].provider)
    with pytest.raises(PapersMissing) as refused:
        approve_counter(dear, by=by)
    assert (refused.value.status, state(quoted[0])[:2]) == (409, ("countered", "offering"))
    page(staff.post(f"/prestataires/contre-propositions/{dear.public_id}/accepter/", follow=True))
    assert state(quoted[0])[:2] == ("countered", "offering")
    today = MONDAY.date()
    add_document(
        quoted[0].provider, kind=DocumentKind.VIGILANCE, issued_on=today, expires_on=dt.date(2027, 5, 1), by=by
    )
    approve_counter(dear, by=by)
    assert state(quoted[0])[:2] == ("accepted", "booked")


@pytest.mark.promise("domain R32")
@pytest.mark.parametrize("day", [dt.date(2026, 11, 22), dt.date(2026, 11, 24)])
def test_a_price_is_not_chosen_once_the_insurance_is_over(
    quoted: list[Offer], staff: Browser, world: World, day: dt.date
) -> None:
    """Over today, or before the work on Tuesday or later."""
    found = gives(quoted[0], "15.50")
    ProviderDocument.objects.filter(provider=quoted[0].provider, kind="insurance").update(expires_on=day)
    WorkOrder.objects.update(promised_start=MONDAY + 48 * HOUR)
    CounterOffer.objects.update(promised_start=MONDAY + 48 * HOUR)
    assert "Ne peut pas être choisi" in page(staff.get(of_request(quoted[0])))
    with pytest.raises(PapersMissing):
        approve_counter(CounterOffer.objects.get(pk=found.pk), by=world.actor("dispatcher"))
    assert state(quoted[0])[:2] == ("countered", "offering")


@pytest.mark.promise("speed P9")
def test_the_comparison_asks_as_much_of_one_price_as_of_three(quoted: list[Offer], staff: Browser) -> None:
    many = []
    for some in (quoted[:1], quoted[1:]):
        for offer in some:
            gives(offer, "15.50")
        with CaptureQueriesContext(connection) as asked:
            assert staff.get(of_request(quoted[0])).status_code == 200
        many.append(len(asked))
    assert many[1] <= many[0]


def test_less_or_more_is_priced_anew(quoted: list[Offer], heels: WorkOrder, world: World, monday: Any) -> None:
    """Three pairs instead of one, counted while prices wait: those who gave one are told and asked anew."""
    first = to_choose(quoted)
    settle(world.organisation)
    monday.move_to(MONDAY + HOUR)
    count(world, heels, 3)
    assert (says(quoted), state(quoted[0])[1:]) == (["sent", "sent", "declined"], ("offering", Decimal(36)))
    assert set(CounterOffer.objects.order_by("pk").values_list("status", flat=True)) == {"lapsed"}
    assert all(one.due_at > timezone.now() + HOUR for one in Offer.objects.filter(status="sent").order_by("pk"))
    assert letters(Kind.OFFER_REPRICED) == ["provider"] * 2
    with tenancy.working_for(world.organisation), translation.override("fr"):
        letter = repriced(Message.objects.filter(kind=Kind.OFFER_REPRICED).order_by("pk")[0])
    assert "donnez votre prix" in letter.subject
    assert ("Prix habituel désormais, TTC", "36,00\u202f€") in letter.facts
    with pytest.raises(CounterOver):
        approve_counter(first, by=world.actor())
    anew = verbs.counter_offer(
        quoted[0],
        Proposal(price=Decimal(40)),
        by=acting_for(quoted[0].provider),
        price_seen=Decimal(36),
    )
    assert says(quoted)[0] == "countered"
    count(world, heels, 3)
    assert (says(quoted)[0], CounterOffer.objects.get(pk=anew.pk).status) == ("countered", "waiting")
    assert wrong() == set()


def test_less_or_more_waits_while_the_request_stands_still(quoted: list[Offer], heels: WorkOrder, world: World) -> None:
    to_choose(quoted)
    asked = ServiceRequest.objects.get(pk=heels.request_id)
    hold_request(asked, reason=HoldReason.MATERIAL, until=MONDAY + dt.timedelta(days=2), by=world.actor())
    hold_clocks(heels, by=world.actor())
    count(world, heels, 3)
    assert says(quoted) == ["sent", "sent", "declined"]
    assert OfferPause.objects.going_on().filter(reason=PauseReason.REQUEST_ON_HOLD).count() == 2
    assert wrong() == set()


def test_a_price_on_the_phone_is_for_what_was_read_out(quoted: list[Offer], staff: Browser, world: World) -> None:
    address = reverse("providers:phone", args=[quoted[0].public_id])
    assert 'name="price_seen" value="12.00"' in page(staff.get(address))
    count(world, quoted[0].work_order, 3)
    said = {"answer": "price", "price": "13,50"}
    for seen in ({"price_seen": "12.00"}, {}, {"price_seen": "x"}):
        assert "36,00" in page(staff.post(address, said | seen), 409)
    assert state(quoted[0])[0] == "sent"
    assert staff.post(address, said | {"price_seen": "36.00"}).status_code == 302
    assert state(quoted[0])[0] == "countered"
