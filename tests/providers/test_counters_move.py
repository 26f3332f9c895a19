"""Proposals and what changes under them: nobody agrees to what they did not read, and everybody is told the truth."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from bookings.models import ServiceRequest, WorkOrder
from concierge.models import Event
from concierge.words import moment_words
from notifications.actions.letters import NotNeeded
from notifications.actions.writing import write
from notifications.enums import Kind
from notifications.models import Message
from providers.actions import counter_times
from providers.actions.availability import close_days
from providers.actions.clocks import pause_offer
from providers.actions.counters import approve_counter, lapse_counter, refuse_counter
from providers.actions.moved_work import follow_promise
from providers.actions.offers import accept_offer, decline_offer
from providers.actions.refusals import CounterOver
from providers.actions.rounds import start_round, stop_round
from providers.enums import DeclineReason, PauseReason
from providers.models import AccessLink, CounterOffer, Offer, OfferPause, OfferRound, Provider
from tests.conftest import settle
from tests.providers.conftest import MONDAY, acting_for
from tests.providers.test_asked_anew import DAY, HOUR, MINUTE, move, stands_still
from tests.providers.test_counters import (
    DEARER,
    LATER,
    counter_state,
    letters,
    proposes,
    state,
    tracked,
    visit,
)
from tests.world import World

__all__ = ["visit"]
pytestmark = pytest.mark.promise("domain R31")


# --- agreed to is what was read --------------------------------------------------------------------------------------


@pytest.mark.parametrize("proposal", [DEARER, LATER], ids=["price", "day"])
def test_what_speaks_of_another_day_is_not_agreed_to(
    offers: list[Offer], world: World, heels: WorkOrder, proposal: Any
) -> None:
    """The client moves the appointment: what was proposed before is over, its provider is asked about the new one."""
    found = proposes(offers[0], proposal)
    move(heels, MONDAY + 9 * DAY)
    with pytest.raises(CounterOver):
        approve_counter(found, by=world.actor("dispatcher"))
    assert (state(offers[0])[:2], counter_state()[0]) == (("countered", "offering"), "waiting")
    settle(world.organisation)
    assert (state(offers[0])[:2], counter_state()[0]) == (("sent", "offering"), "lapsed")
    assert Event.objects.filter(name="offer.rescheduled", subject_id=offers[0].public_id).count() == 1
    assert stands_still() == []
    with pytest.raises(CounterOver):
        approve_counter(found, by=world.actor("dispatcher"))
    # They may propose again, or say yes; what they said before the move is no answer to it.
    again = proposes(Offer.objects.with_need().get(pk=offers[0].pk), DEARER)
    follow_promise(heels, before="", moved_at=timezone.now(), by=world.actor())
    assert (state(offers[0])[0], CounterOffer.objects.get(pk=again.pk).status) == ("countered", "waiting")
    approve_counter(again, by=world.actor("dispatcher"))
    assert state(offers[0])[:2] == ("accepted", "booked")


def test_a_day_is_agreed_to_at_the_pay_of_then(offers: list[Offer], world: World) -> None:
    """What is paid for it has changed since: a day alone is not agreed to either."""
    found = proposes(offers[0], LATER)
    Offer.objects.filter(pk=found.offer_id).update(price="24.00")
    with pytest.raises(CounterOver):
        approve_counter(found, by=world.actor("dispatcher"))
    assert state(offers[0])[0] == "countered"


def test_who_is_asked_anew_can_open_the_link_and_no_clock_stays_stopped(
    offers: list[Offer], world: World, heels: WorkOrder, cobblers: list[Provider]
) -> None:
    """The link lives as long as the question; the pause of a question that is taken back is over."""
    pause_offer(offers[0], reason=PauseReason.AWAITING_ITEM, by=acting_for(offers[0].provider))
    cobblers[0].closures.create(
        organisation_id=world.organisation.pk, first_on=MONDAY.date() + 9 * DAY, last_on=MONDAY.date() + 12 * DAY
    )
    AccessLink.objects.update(expires_at=timezone.now() + DAY)
    move(heels, MONDAY + 9 * DAY)
    settle(world.organisation)
    assert (state(offers[0])[0], OfferPause.objects.going_on().count()) == ("withdrawn", 0)
    staying = Offer.objects.get(pk=offers[1].pk)
    assert staying.links.get().expires_at >= staying.due_at + DAY


@pytest.mark.promise("domain R32")
@pytest.mark.parametrize(
    ("proposal", "days", "is_over"),
    [(DEARER, 2, False), (DEARER, 3, True), (LATER, 3, False), (LATER, 4, True)],
    ids=["price some days", "price all days", "day still open", "day closed"],
)
def test_who_closes_on_the_days_of_what_they_proposed(
    offers: list[Offer], world: World, cobblers: list[Provider], proposal: Any, days: int, is_over: bool
) -> None:
    """Work of Tuesday to Thursday, or to Friday as proposed. Nobody decides for days on which they are away."""
    found = proposes(offers[0], proposal)
    day = MONDAY.date()
    close_days(cobblers[0], first_on=day + DAY, last_on=day + days * DAY, by=acting_for(cobblers[0]))
    if is_over:
        with pytest.raises(CounterOver):
            approve_counter(found, by=world.actor("dispatcher"))
    settle(world.organisation)
    expected = ("withdrawn", "lapsed") if is_over else ("countered", "waiting")
    assert (state(offers[0])[0], counter_state()[0]) == expected
    assert letters(Kind.OFFER_WITHDRAWN) == ["provider"] * is_over
    assert stands_still() == []


# --- what everybody is told ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("decides", ["team", "client"])
def test_who_waits_for_the_things_hears_of_the_other_day(offers: list[Offer], world: World, decides: str) -> None:
    """The team has agreed: the client is written to. A client who has agreed has read it; whom it is for has not."""
    ServiceRequest.objects.update(
        beneficiary=world.client, beneficiary_name="Jeanne Roux", beneficiary_email="jeanne@example.fr"
    )
    before = offers[0].work_order.promised_end
    found = proposes(offers[0], LATER)
    if decides == "team":
        approve_counter(found, by=world.actor("dispatcher"))
    else:
        Browser().post(tracked(offers[0], f"proposition/{found.public_id}/accepter/"))
    settle(world.organisation)
    order = WorkOrder.objects.select_related("site").get()
    client = {"client": Kind.REQUEST_RESCHEDULED} if decides == "team" else {}
    wanted = {"helped": Kind.BENEFICIARY_BOOKED} | client
    told = Message.objects.filter(subject_id=order.public_id, kind__in=wanted.values())
    assert {one.recipient_kind: one.kind for one in told} == wanted
    for message in told:
        message.language = "fr"
        letter = write(message)
        for moment in (order.promised_end, before):
            assert moment_words(moment, order.site) in letter.text, letter.text
        assert "rendez-vous" not in letter.text
    WorkOrder.objects.update(status="cancelled")
    for message in told:
        with pytest.raises(NotNeeded):
            write(message)


def test_an_agreed_visit_is_told_once(visit: Offer, world: World) -> None:
    """Its provider proposed the time: that it is agreed says all. The client moved nothing: one letter says when."""
    free = counter_times.starts_left(visit.work_order, timezone.now())
    approve_counter(proposes(visit, _at(free[3])), by=world.actor("dispatcher"))
    settle(world.organisation)
    assert letters(Kind.WORK_RESCHEDULED) == []
    assert (letters(Kind.OFFER_ACCEPTED), letters(Kind.REQUEST_RESCHEDULED)) == (["provider"], ["client"])
    assert Event.objects.filter(name="offer.moved_after_yes").count() == 0


def _at(moment: dt.datetime) -> Any:
    return type(LATER)(starts_at=moment)


def test_who_proposed_something_has_answered(offers: list[Offer], world: World, monday: Any) -> None:
    """The search ends before anybody has decided: it is we who did not answer in time."""
    found = proposes(offers[0], DEARER)
    current = OfferRound.objects.get()
    OfferRound.objects.update(ends_at=found.made_at + HOUR)
    monday.move_to(found.made_at + HOUR + MINUTE)
    stop_round(current, by=world.actor())
    settle(world.organisation)
    assert [state(one)[0] for one in offers] == ["declined", "expired", "expired"]
    assert (counter_state()[0], letters(Kind.OFFER_REFUSED)) == ("lapsed", ["provider"])
    assert letters(Kind.OFFER_EXPIRED) == ["provider", "provider"]
    event = Event.objects.get(name="offer.declined")
    assert (event.subject_id, event.data["reason"]) == (offers[0].public_id, "counter_lapsed")


@pytest.mark.parametrize("how", ["lapsed", "stopped", "refused", "declined"])
def test_that_we_did_not_decide_is_no_word_of_theirs(
    offers: list[Offer], world: World, heels: WorkOrder, how: str
) -> None:
    """Who proposed something in vain is asked again in a new search; who was refused it, or said no, is not."""
    first = offers[0]
    if how == "declined":
        decline_offer(first, reason=DeclineReason.TOO_BUSY, by=acting_for(first.provider))
    else:
        found = proposes(first, DEARER)
    if how == "lapsed":
        lapse_counter(found, by=world.actor())
    elif how == "refused":
        refuse_counter(found, by=world.actor("dispatcher"))
    OfferRound.objects.update(ends_at=timezone.now())
    stop_round(OfferRound.objects.get(), by=world.actor())
    assert state(first)[0] == "declined"
    start_round(heels, by=world.actor("dispatcher"))
    asked = set(Offer.objects.filter(round__number=2).values_list("provider_id", flat=True))
    assert (first.provider_id in asked) == (how in {"lapsed", "stopped"})


def test_who_may_answer_anew_says_yes(offers: list[Offer], heels: WorkOrder, world: World) -> None:
    proposes(offers[0], LATER)
    move(heels, MONDAY + 9 * DAY)
    settle(world.organisation)
    accept_offer(offers[0], by=acting_for(offers[0].provider))
    assert state(offers[0])[:2] == ("accepted", "booked")
