"""Prices to choose from: several are asked, no answer binds by itself, a person chooses (lifecycles.md 2.4)."""

from __future__ import annotations

import datetime as dt
import threading
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client as Browser
from django.urls import reverse
from django.utils import translation

from bookings.actions.pauses import hold_request, resume_request
from bookings.enums import HoldReason
from bookings.models import ServiceRequest, WorkOrder
from concierge import deadlines, tenancy
from concierge.errors import Invalid
from concierge.models import Event
from notifications.actions.letters_to_staff import needs_dispatch
from notifications.enums import Kind
from notifications.models import Message
from providers.actions import counters as verbs
from providers.actions import offers as answers
from providers.actions.businesses import set_active
from providers.actions.clocks import hold_clocks, release_clocks
from providers.actions.counters import approve_counter, refuse_counter
from providers.actions.moved_work import follow_promise
from providers.actions.offers import accept_offer, decline_offer, expire_offer
from providers.actions.planning import waiting_on
from providers.actions.policies import Terms, set_offer_policy
from providers.actions.refusals import (
    OfferAnswered,
    OfferRepriced,
    PricesToChoose,
)
from providers.actions.rounds import start_round, withdraw_offers
from providers.enums import DeclineReason, RoundMode
from providers.models import CounterOffer, Offer, OfferPolicy, OfferRound, Provider
from providers.rules import asking
from providers.rules.counters import Proposal
from tests.auditor import audit
from tests.conftest import settle
from tests.providers.conftest import MONDAY, PARIS, acting_for
from tests.providers.test_api import OFFERS, Api, api_of
from tests.providers.test_counters import letters, proposes, state
from tests.providers.test_link_page import Phone
from tests.providers.test_pages import browser_of, of_request, page, staff
from tests.providers.test_policies import GENERAL, TYPED
from tests.providers.test_policies import reason as why
from tests.providers.test_races import Race, asked, legal, race, statuses
from tests.world import World

__all__ = ["asked", "staff"]
pytestmark = pytest.mark.promise("domain R31")
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def quoted(world: World, heels: WorkOrder, cobblers: list[Provider]) -> list[Offer]:
    """Three of four cobblers are asked for their prices."""
    set_offer_policy(world.organisation, mode=RoundMode.QUOTES, max_waves=2, by=world.actor())
    start_round(heels, by=world.actor())
    return list(Offer.objects.with_need().order_by("pk"))


def gives(offer: Offer, price: str) -> CounterOffer:
    return proposes(offer, Proposal(price=Decimal(price)))


def no(offer: Offer) -> None:
    decline_offer(offer, reason=DeclineReason.TOO_BUSY, by=acting_for(offer.provider))


def says(offers: list[Offer]) -> list[str]:
    return [state(offer)[0] for offer in offers]


def wrong() -> set[str]:
    def execute(sql: str) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    return {name for name in audit(execute) if name[:3] in {"I13", "I14", "I15", "I16"}}


# --- how it goes -----------------------------------------------------------------------------------------------------


def test_prices_are_gathered_then_a_person_chooses(quoted: list[Offer], heels: WorkOrder, world: World) -> None:
    first = gives(quoted[0], "15.50")
    # A bare yes is a price too, that of the agreement; it binds nobody.
    accept_offer(quoted[1], by=acting_for(quoted[1].provider))
    assert (says(quoted), state(quoted[0])[1]) == (["countered", "countered", "sent"], "offering")
    ends_at = OfferRound.objects.get().ends_at
    assert set(CounterOffer.objects.order_by("pk").values_list("due_at", flat=True)) == {ends_at}
    settle(world.organisation)
    assert letters(Kind.OFFER_COUNTERED) == letters(Kind.NEEDS_DISPATCH) == []
    no(quoted[2])
    settle(world.organisation)
    assert (state(quoted[0])[1], why()) == ("needs_dispatch", "answers_to_choose")
    # About one working day to choose, for all the same, from ten on Monday.
    due = {found.due_at for found in CounterOffer.objects.order_by("pk")}
    assert len(due) == 1
    assert dt.timedelta(0) <= due.pop() - (MONDAY + 23 * HOUR) < dt.timedelta(minutes=2)
    given = list(CounterOffer.objects.order_by("pk").values_list("price", "needs", "status"))
    assert given == [(Decimal("15.50"), "staff", "waiting"), (Decimal("12.00"), "staff", "waiting")]
    assert wrong() == set()
    with tenancy.working_for(world.organisation), translation.override("fr"):
        letter = needs_dispatch(Message.objects.filter(kind=Kind.NEEDS_DISPATCH).select_related("event")[0])
    assert ("Pourquoi", "Des prestataires ont donné leur prix\N{NO-BREAK SPACE}: choisissez-en un") in letter.facts
    assert of_request(quoted[0]) in letter.action_url
    approve_counter(first, by=world.actor("dispatcher"))
    settle(world.organisation)
    assert (says(quoted), state(quoted[0])[1:]) == (
        ["accepted", "not_selected", "declined"],
        ("booked", Decimal("15.50")),
    )
    assert (letters(Kind.OFFER_ACCEPTED), letters(Kind.OFFER_NOT_SELECTED)) == (["provider"], ["provider"])
    assert OfferRound.objects.get().status == "won"
    assert wrong() == set()


def test_a_person_may_choose_before_all_have_answered(quoted: list[Offer], world: World) -> None:
    approve_counter(gives(quoted[1], "9.00"), by=world.actor("dispatcher"))
    assert (says(quoted), state(quoted[1])[1:]) == (
        ["not_selected", "accepted", "not_selected"],
        ("booked", Decimal(9)),
    )
    assert wrong() == set()


def test_silence_ends_the_gathering(quoted: list[Offer], world: World, monday: Any) -> None:
    gives(quoted[0], "15.50")
    monday.move_to(quoted[1].due_at + dt.timedelta(minutes=1))
    deadlines.sweep(world.organisation.pk)
    assert (says(quoted), why()) == (["countered", "expired", "expired"], "answers_to_choose")
    assert wrong() == set()


def test_nobody_chosen_within_a_day_the_next_ones_are_asked(
    quoted: list[Offer], heels: WorkOrder, world: World, monday: Any
) -> None:
    gives(quoted[0], "15.50")
    gives(quoted[1], "16.00")
    no(quoted[2])
    monday.move_to(CounterOffer.objects.order_by("pk")[0].due_at + dt.timedelta(minutes=1))
    settle(world.organisation)
    assert (says(quoted), state(quoted[0])[1]) == (["declined"] * 3, "offering")
    fourth = Offer.objects.select_related("wave").order_by("pk").last()
    assert fourth is not None
    assert (fourth.wave.number, fourth.status) == (2, "sent")
    assert letters(Kind.OFFER_REFUSED) == ["provider", "provider"]
    # The last of the last wave is refused: a person is told why, though one had been called before.
    refuse_counter(gives(fourth, "20.00"), by=world.actor("dispatcher"))
    assert (state(fourth)[:2], why()) == (("declined", "needs_dispatch"), "all_waves_sent")
    reasons = Event.objects.filter(name="work_order.needs_dispatch").order_by("pk")
    assert [one.data["reason"] for one in reasons] == ["answers_to_choose"] * 2 + ["all_waves_sent"]
    assert wrong() == set()


def test_nobody_gives_a_price(quoted: list[Offer], world: World) -> None:
    for offer in quoted:
        expire_offer(offer, by=world.actor())
    assert (Offer.objects.count(), state(quoted[0])[1]) == (4, "offering")


def test_there_is_time_to_choose_before_the_end(world: World, heels: WorkOrder, cobblers: list[Provider]) -> None:
    """The search ends in six opening hours: prices are due after four, though eighty were given."""
    now = MONDAY
    assert asking.prices_due_by(now, now + 6 * HOUR) == now + 4 * HOUR
    set_offer_policy(world.organisation, mode=RoundMode.QUOTES, max_waves=1, answer_hours=Decimal(30), by=world.actor())
    WorkOrder.objects.filter(pk=heels.pk).update(
        promised_start=MONDAY + 30 * HOUR, promised_end=MONDAY + 30 * HOUR, duration_minutes=0
    )
    current = start_round(WorkOrder.objects.get(pk=heels.pk), by=world.actor())
    for offer in Offer.objects.order_by("pk"):
        assert offer.due_at == asking.prices_due_by(offer.sent_at, current.ends_at) < current.ends_at


# --- guards ----------------------------------------------------------------------------------------------------------


def test_a_price_is_needed_and_may_be_the_usual_one(quoted: list[Offer]) -> None:
    for price in (None, Decimal(0), Decimal("NaN"), Decimal("50000.01"), Decimal("12.005")):
        with pytest.raises(Invalid) as refusal:
            proposes(quoted[0], Proposal(price=price, ready_on=dt.date(2026, 11, 27)))
        assert (refusal.value.field, state(quoted[0])[0]) == ("price", "sent")
    assert gives(quoted[0], "12.00").needs == "staff"
    with pytest.raises(OfferAnswered):
        accept_offer(quoted[0], by=acting_for(quoted[0].provider))


def test_a_yes_to_nothing_is_no_price(quoted: list[Offer]) -> None:
    Offer.objects.filter(pk=quoted[0].pk).update(price=0)
    with pytest.raises(Invalid) as refusal:
        accept_offer(quoted[0], by=acting_for(quoted[0].provider))
    assert (refusal.value.field, state(quoted[0])[0]) == ("price", "sent")


def to_choose(quoted: list[Offer]) -> CounterOffer:
    found = gives(quoted[0], "15.50")
    gives(quoted[1], "11.00")
    no(quoted[2])
    return found


def test_what_waits_for_a_choice_is_not_searched_or_planned_anew(
    quoted: list[Offer], heels: WorkOrder, world: World
) -> None:
    to_choose(quoted)
    with pytest.raises(PricesToChoose):
        start_round(heels, by=world.actor("dispatcher"))
    order = WorkOrder.objects.get(pk=heels.pk)
    day = order.promised_start.astimezone(PARIS).date()
    assert list(waiting_on(world.site, day)) == []
    assert withdraw_offers(heels, by=world.actor("dispatcher")) == 2
    assert list(waiting_on(world.site, day)) == [order]
    start_round(heels, by=world.actor("dispatcher"))
    assert wrong() == set()


def test_who_is_stopped_is_not_waited_for(quoted: list[Offer], world: World) -> None:
    gives(quoted[0], "15.50")
    no(quoted[1])
    set_active(quoted[2].provider, is_active=False, by=world.actor())
    settle(world.organisation)
    assert (says(quoted), why()) == (["countered", "declined", "withdrawn"], "answers_to_choose")
    # The only price is gone too: others are asked.
    set_active(quoted[0].provider, is_active=False, by=world.actor())
    settle(world.organisation)
    assert (state(quoted[0])[:2], Offer.objects.filter(status="sent").count()) == (("withdrawn", "offering"), 1)
    assert wrong() == set()


def test_a_request_that_stands_still_is_priced_anew_when_it_goes_on(
    quoted: list[Offer], heels: WorkOrder, world: World, monday: Any
) -> None:
    found = to_choose(quoted)
    asked = ServiceRequest.objects.get(pk=heels.request_id)
    hold_request(asked, reason=HoldReason.MATERIAL, until=MONDAY + dt.timedelta(days=2), by=world.actor())
    hold_clocks(heels, by=world.actor())
    found.refresh_from_db()
    assert found.due_at > MONDAY + dt.timedelta(days=2)
    monday.move_to(MONDAY + dt.timedelta(days=1, hours=20))
    settle(world.organisation)
    assert says(quoted[:2]) == ["countered"] * 2
    resume_request(asked, by=world.actor())
    release_clocks(heels, by=world.actor())
    settle(world.organisation)
    assert wrong() == set()
    # What was promised moved by the pause: the prices spoke of another day, and are asked for again.
    assert (says(quoted[:2]), state(quoted[0])[1]) == (["sent"] * 2, "offering")
    anew = gives(Offer.objects.get(pk=quoted[0].pk), "16.00")
    approve_counter(anew, by=world.actor())
    assert says(quoted[:2]) == ["accepted", "not_selected"]


def test_a_price_speaks_of_what_was_read(quoted: list[Offer]) -> None:
    with pytest.raises(OfferRepriced):
        verbs.counter_offer(
            quoted[0],
            Proposal(price=Decimal("15.50")),
            by=acting_for(quoted[0].provider),
            price_seen=quoted[0].price - 1,
        )
    assert says(quoted) == ["sent"] * 3


def test_the_last_price_goes_and_the_team_is_told(quoted: list[Offer], cobblers: list[Provider], world: World) -> None:
    set_active(
        next(one for one in cobblers if one not in {offer.provider for offer in quoted}),
        is_active=False,
        by=world.actor(),
    )
    gives(quoted[0], "15.50")
    no(quoted[1])
    no(quoted[2])
    settle(world.organisation)
    assert why() == "answers_to_choose"
    set_active(quoted[0].provider, is_active=False, by=world.actor())
    settle(world.organisation)
    assert (state(quoted[0])[1], why()) == ("needs_dispatch", "no_eligible_provider")


def test_work_that_moves_is_priced_anew(quoted: list[Offer], heels: WorkOrder, world: World) -> None:
    to_choose(quoted)
    order = WorkOrder.objects.get(pk=heels.pk)
    WorkOrder.objects.filter(pk=heels.pk).update(
        promised_start=order.promised_start + 24 * HOUR, promised_end=order.promised_end + 24 * HOUR
    )
    follow_promise(order, before="", moved_at=MONDAY + HOUR, by=world.actor())
    assert (says(quoted), state(quoted[0])[1]) == (["sent", "sent", "declined"], "offering")
    gives(quoted[0], "17.00")
    no(quoted[1])
    assert (state(quoted[0])[1], why()) == ("needs_dispatch", "answers_to_choose")
    assert wrong() == set()


def test_rules_with_prices_end_within_sixty_days(world: World) -> None:
    by = world.actor("network_head")
    # (34 + 8) × 9 = 378 office hours: the most.
    terms = Terms(mode=RoundMode.QUOTES, max_waves=9, gap_hours=Decimal(2), answer_hours=Decimal(34))
    policy = set_offer_policy(world.organisation, by=by, **terms)
    assert (policy.longest_days, policy.gap_hours) == (60, None)
    terms["answer_hours"] = Decimal("34.25")
    with pytest.raises(Invalid, match="61") as refused:
        set_offer_policy(world.organisation, by=by, **terms)
    assert refused.value.field == "max_waves"
    rows = OfferPolicy.objects.filter(pk=policy.pk)
    with pytest.raises(IntegrityError, match="offer_policy_choices_end"), transaction.atomic():
        rows.update(answer_hours=Decimal("34.25"))
    with pytest.raises(IntegrityError, match="offer_policy_mode_fits"), transaction.atomic():
        rows.update(gap_hours=Decimal(2))


# --- pages and interface ---------------------------------------------------------------------------------------------


def test_the_rules_say_it_in_words(world: World) -> None:
    typed = {**TYPED, "mode": "quotes", "wave_size": "3", "look": "1"}
    body = page(browser_of(world.users["network_head"]).post(GENERAL, typed))
    assert "Les 3 prestataires les mieux placés donnent leur prix" in body
    assert "les suivants sont sollicités\N{NO-BREAK SPACE}: 2 fois en tout" in body
    assert "Plusieurs donnent leur prix, puis une personne choisit" in body


def test_a_provider_gives_its_price_behind_the_link(quoted: list[Offer], world: World) -> None:
    phone = Phone(quoted[0]).unlock()
    body = page(phone.get())
    for words in ("Je le ferais pour 12,00", "Donner un autre prix", "Prix habituel", "Rien n’est décidé avant"):
        assert words in body
    assert "Le premier qui accepte" not in body
    form = page(phone.browser.get(f"{phone.url}proposer/"))
    assert 'value="12,00"' in form
    assert "Indiquez votre prix" in page(phone.post("proposer", price=""), 422)
    assert phone.post("proposer", price="14,90").status_code == 302
    assert "Nous avons votre prix" in page(phone.get())
    assert CounterOffer.objects.get().price == Decimal("14.90")
    approve_counter(gives(quoted[1], "9.00"), by=world.actor("dispatcher"))
    assert "Une autre entreprise a été choisie" in page(phone.get())
    won = page(Phone(quoted[1]).get())
    assert ("9,00" in won, "Prix habituel" in won) == (True, False)


def test_the_team_compares_and_chooses(quoted: list[Offer], staff: Browser, world: World) -> None:
    Offer.objects.filter(pk=quoted[2].pk).update(price=Decimal("24.00"))
    dear = gives(quoted[0], "15.50")
    body = page(staff.get(of_request(quoted[0])))
    assert "2 autres prestataires peuvent encore donner un prix" in body
    gives(quoted[1], "11.00")
    gives(quoted[2], "26.00")
    Offer.objects.filter(pk=quoted[2].pk).update(price=Decimal("48.00"))
    body = page(staff.get(of_request(quoted[0])))
    assert body.index("11,00") < body.index("15,50") < body.index("26,00")
    for words in ("Choisissez avant", "Le client paie 18,00", "au lieu de 12,00", "Encore aucun travail pour nous"):
        assert words in body
    assert body.count("ce prix vaut pour autre chose") == 1
    assert "Demander à des prestataires" not in body
    address = f"/prestataires/contre-propositions/{dear.public_id}/accepter/"
    assert browser_of(world.users["concierge"]).post(address).status_code == 403
    assert staff.post(address).status_code == 302
    assert state(quoted[0]) == ("accepted", "booked", Decimal("15.50"))
    assert "Choisissez avant" not in page(staff.get(of_request(quoted[0])))


def test_a_price_said_on_the_phone(quoted: list[Offer], staff: Browser) -> None:
    address = reverse("providers:phone", args=[quoted[0].public_id])
    assert "Noter ce prix" in page(staff.get(address))
    assert "Saisissez un prix" in page(staff.post(address, {"answer": "price", "price": "abc"}), 422)
    assert state(quoted[0])[0] == "sent"
    assert staff.post(address, {"answer": "yes"}).status_code == 422
    assert state(quoted[0])[0] == "sent"
    assert staff.post(address, {"answer": "price", "price": "13,50"}).status_code == 302
    assert (state(quoted[0])[0], CounterOffer.objects.get().price) == ("countered", Decimal("13.50"))
    assert Event.objects.get(name="offer.countered").data["needs"] == "staff"
    assert quoted[0].contacts.get(channel="call").status == "reached"


def test_by_the_api(quoted: list[Offer], world: World) -> None:
    api, path = api_of(quoted[0].provider), f"{OFFERS}/{quoted[0].public_id}"
    assert api.get(path).json()["asks_price"] is True
    refused = api.post(f"{path}/counter", {"ready_on": "2026-11-27"})
    assert (refused.status_code, state(quoted[0])[0]) == (400, "sent")
    for seen in ("11.00", "-1", "x"):
        refused = api.post(f"{path}/counter", {"price": "15.00", "price_seen": seen})
        assert (refused.status_code, state(quoted[0])[0]) == (409 if seen == "11.00" else 400, "sent")
    assert api.post(f"{path}/counter", {"price": "15.00", "price_seen": "11.00"}).json()["code"] == "offer_repriced"
    done = api.post(f"{path}/accept", {}).json()
    assert (done["status"], done["counter"]["price"], done["work_order"]) == ("countered", "12.00", None)
    chosen = Api(world.api_key()).post(f"{path}/counter/approve")
    assert (chosen.status_code, chosen.json()["status"]) == (200, "accepted")


# --- at once ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def priced_race(asked: Race) -> tuple[World, WorkOrder, list[CounterOffer]]:
    """Three prices, seen by every thread."""
    world, work_order, offers = asked
    OfferRound.objects.update(mode=RoundMode.QUOTES)
    given = [
        gives(Offer.objects.with_need().get(pk=offer.pk), price) for offer, price in zip(offers, "987", strict=True)
    ]
    return world, work_order, given


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(2))
def test_two_people_choose_at_once(priced_race: tuple[World, WorkOrder, list[CounterOffer]], attempt: int) -> None:
    world, work_order, given = priced_race
    by = world.actor("dispatcher")
    outcome = race(world, *[lambda one=one: approve_counter(one, by=by) for one in given[:2]])
    assert outcome == {"ok": 1, "counter_over": 1}
    assert (statuses(), legal(work_order)) == ({"accepted": 1, "not_selected": 2}, True)


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_two_are_chosen(
    priced_race: tuple[World, WorkOrder, list[CounterOffer]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: both have read that nobody has it; then only the index of the database lets one win."""
    world, _work_order, given = priced_race
    by, both, here = world.actor("dispatcher"), threading.Barrier(2), threading.local()

    def no_lock(work_order: WorkOrder) -> WorkOrder:
        found = WorkOrder.objects.get(pk=work_order.pk)
        if not hasattr(here, "waited"):
            here.waited = True
            both.wait(timeout=10)
        return found

    monkeypatch.setattr(verbs, "lock_work_order", no_lock)
    monkeypatch.setattr(answers, "close_round", lambda *args, **kwargs: 0)
    outcome = race(world, *[lambda one=one: approve_counter(one, by=by) for one in given[:2]])
    assert outcome == {"ok": 1, "offer_taken": 1}
