"""Another price or another day, proposed by a provider, decided by the client or by staff (lifecycles.md 2.4)."""

from __future__ import annotations

import datetime as dt
import threading
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client as Browser
from django.utils import timezone

from bookings.actions.rescheduling import reschedule_request
from bookings.enums import WorkOrderStatus
from bookings.models import Hold, ServiceRequest, WorkOrder
from concierge import deadlines
from concierge.errors import Invalid
from concierge.models import Deadline, Event
from notifications.enums import Kind
from notifications.models import Message
from providers.actions import counter_times
from providers.actions import counters as verbs
from providers.actions.agreements import draft_agreement, sign_on_paper
from providers.actions.businesses import add_member
from providers.actions.counters import approve_counter, counter_offer, lapse_counter, refuse_counter
from providers.actions.offers import accept_offer, expire_offer
from providers.actions.refusals import (
    CounterOver,
    DateFixed,
    OfferAnswered,
    OfferExpired,
    PriceAgreed,
    PriceToldToClient,
)
from providers.actions.rounds import offer_directly, withdraw_offers
from providers.models import CounterOffer, Offer
from providers.rules.agreements import Terms
from providers.rules.counters import Proposal, ready_days
from tests.conftest import settle
from tests.providers.conftest import MONDAY, PARIS, acting_for, add_provider
from tests.providers.pricing import priced
from tests.providers.test_agreed_prices import agreed
from tests.providers.test_api import OFFERS, Api, api_of, refused
from tests.providers.test_link_page import Phone
from tests.providers.test_pages import browser_of, of_request, page, staff
from tests.providers.test_races import Race, accept, asked, legal, race, statuses
from tests.world import World

__all__ = ["asked", "staff"]
pytestmark = pytest.mark.promise("domain R31")
# The work is promised for Thursday, 26 November, ten o'clock.
FRIDAY = dt.date(2026, 11, 27)
DEARER = Proposal(price=Decimal("15.50"), comment="Double semelle")
LATER = Proposal(ready_on=FRIDAY)
AT_HOME = {"place": "home", "street": "8 rue Verrerie", "postcode": "21000", "city": "Dijon"}


def proposes(offer: Offer, proposal: Proposal) -> CounterOffer:
    found = counter_offer(offer, proposal, by=acting_for(offer.provider))
    return CounterOffer.objects.select_related("offer__work_order__request", "offer__provider").get(pk=found.pk)


def state(offer: Offer) -> tuple[str, str, Decimal]:
    found = Offer.objects.select_related("work_order").get(pk=offer.pk)
    return found.status, found.work_order.status, found.price


def counter_state() -> tuple[str, str]:
    found = CounterOffer.objects.get()
    return found.status, found.needs


def letters(kind: Kind) -> list[str]:
    return list(Message.objects.filter(kind=kind).order_by("pk").values_list("recipient_kind", flat=True))


# --- a price: the team -----------------------------------------------------------------------------------------------


def test_the_team_agrees_to_another_price(offers: list[Offer], world: World) -> None:
    found = proposes(offers[0], DEARER)
    settle(world.organisation)
    assert (state(offers[0]), counter_state()) == (("countered", "offering", Decimal("12.00")), ("waiting", "staff"))
    # About one working day to decide, from ten on Monday.
    assert dt.timedelta(0) <= found.due_at - (MONDAY + dt.timedelta(hours=23)) < dt.timedelta(minutes=2)
    assert set(letters(Kind.OFFER_COUNTERED)) == {"staff"}
    approve_counter(found, by=world.actor("dispatcher"))
    settle(world.organisation)
    assert (state(offers[0]), counter_state()) == (("accepted", "booked", Decimal("15.50")), ("approved", "staff"))
    assert [state(one)[0] for one in offers[1:]] == ["not_selected", "not_selected"]
    assert letters(Kind.OFFER_ACCEPTED) == ["provider"]
    assert Event.objects.get(name="offer.countered").data["price"] == "15.50"


def test_the_team_refuses_and_others_go_on(offers: list[Offer], world: World) -> None:
    refuse_counter(proposes(offers[0], DEARER), by=world.actor("dispatcher"))
    settle(world.organisation)
    assert (state(offers[0]), counter_state()) == (("declined", "offering", Decimal("12.00")), ("refused", "staff"))
    assert [state(one)[0] for one in offers[1:]] == ["sent", "sent"]
    assert letters(Kind.OFFER_REFUSED) == ["provider"]
    assert Event.objects.get(name="offer.declined").data["reason"] == "counter_refused"
    body = page(Phone(offers[0]).get())
    assert "Ce que vous avez proposé n’a pas pu être convenu" in body
    assert "Vous avez refusé" not in body


def test_nobody_decides_in_time(offers: list[Offer], world: World, monday: Any) -> None:
    found = proposes(offers[0], DEARER)
    monday.move_to(found.due_at + dt.timedelta(minutes=1))
    with pytest.raises(CounterOver):
        approve_counter(found, by=world.actor("dispatcher"))
    deadlines.sweep(world.organisation.pk)
    settle(world.organisation)
    assert (state(offers[0])[0], counter_state()) == ("declined", ("lapsed", "staff"))
    assert letters(Kind.OFFER_REFUSED) == ["provider"]
    assert lapse_counter(found, by=world.actor()) is False
    assert Deadline.objects.filter(fired_at=None, cancelled_at=None, kind=counter_times.DUE).count() == 0


def test_the_last_one_refused_brings_a_person(offers: list[Offer], world: World) -> None:
    for offer in offers[1:]:
        expire_offer(offer, by=world.actor())
    # Four cobblers: the fourth is asked only once nobody of the first wave is left.
    found = proposes(offers[0], DEARER)
    assert Offer.objects.count() == 3
    refuse_counter(found, by=world.actor("dispatcher"))
    assert Offer.objects.count() == 4


@pytest.mark.parametrize("how", ["sibling", "withdrawn", "weighed"])
def test_what_is_over_is_not_decided_on(offers: list[Offer], world: World, how: str) -> None:
    found = proposes(offers[0], DEARER)
    if how == "sibling":
        accept_offer(offers[1], by=acting_for(offers[1].provider))
    elif how == "withdrawn":
        withdraw_offers(offers[0].work_order, by=world.actor())
    else:
        Offer.objects.filter(pk=found.offer_id).update(price=Decimal("24.00"))
    before = state(offers[0])
    with pytest.raises(CounterOver):
        approve_counter(found, by=world.actor("dispatcher"))
    assert state(offers[0]) == before
    # What was weighed meanwhile can still be refused; the rest is over.
    assert counter_state()[0] == ("waiting" if how == "weighed" else "lapsed")


NONSENSE: list[tuple[Proposal, str]] = [
    (Proposal(), "price"),
    (Proposal(price=Decimal(0)), "price"),
    (Proposal(price=Decimal(-3)), "price"),
    (Proposal(price=Decimal("NaN")), "price"),
    (Proposal(price=Decimal("1e9")), "price"),
    (Proposal(price=Decimal("12.005")), "price"),
    (Proposal(price=Decimal("12.00")), "price"),
    (Proposal(ready_on=dt.date(2026, 11, 22)), "ready_on"),
    (Proposal(ready_on=dt.date(2026, 11, 26)), "ready_on"),
    (Proposal(ready_on=dt.date(2026, 11, 28)), "ready_on"),
    (Proposal(ready_on=dt.date.max), "ready_on"),
    (Proposal(ready_on=dt.date.min), "ready_on"),
    (Proposal(starts_at=MONDAY), "starts_at"),
    (Proposal(price=Decimal(15), comment="x" * 201), "comment"),
    (Proposal(price=Decimal(15), comment="Appelez-moi, Sophie Aubert"), "comment"),
    (Proposal(price=Decimal(15), comment="3 rue Monge, à côté"), "comment"),
]


def test_nonsense_is_refused_at_its_field(offers: list[Offer]) -> None:
    for proposal, field in NONSENSE:
        with pytest.raises(Invalid) as refusal:
            proposes(offers[0], proposal)
        assert refusal.value.field == field, proposal
        assert (state(offers[0])[0], CounterOffer.objects.count()) == ("sent", 0), proposal


def test_once_and_in_time(offers: list[Offer], world: World, monday: Any) -> None:
    proposes(offers[0], DEARER)
    with pytest.raises(OfferAnswered):
        proposes(offers[0], LATER)
    with pytest.raises(OfferAnswered):
        accept_offer(offers[0], by=acting_for(offers[0].provider))
    assert expire_offer(offers[0], by=world.actor()) is False
    monday.move_to(offers[1].due_at)
    with pytest.raises(OfferExpired):
        proposes(offers[1], DEARER)


@pytest.mark.promise("domain R33")
def test_a_price_that_the_client_was_told_stays(world: World) -> None:
    one = priced(world)
    agreed(world, one)
    with pytest.raises(PriceAgreed):
        proposes(Offer.objects.get(), DEARER)
    introduced = add_provider(world, price=None)
    terms = Terms(kind="introduction", valid_from=dt.date(2026, 1, 1), invoicing="provider_to_client")
    sign_on_paper(draft_agreement(introduced, world.cobbler, terms, by=world.actor()), by=world.actor())
    offer = offer_directly(world.request(world.cobbler).work_orders.get(), introduced, by=world.actor("dispatcher"))
    with pytest.raises(PriceToldToClient):
        proposes(offer, DEARER)


def test_the_database_keeps_the_rules(offers: list[Offer]) -> None:
    found = proposes(offers[0], DEARER)
    rows = CounterOffer.objects.filter(pk=found.pk)
    for change, name in (
        ({"price": None}, "says_something"),
        ({"price": 0}, "price_is_plausible"),
        ({"status": "approved"}, "decided_has_a_time"),
        ({"ready_by": timezone.now(), "starts_at": timezone.now()}, "one_moment"),
    ):
        with pytest.raises(IntegrityError, match=f"counter_offer_{name}"), transaction.atomic():
            rows.update(**change)
    with pytest.raises(IntegrityError, match="counter_offer_waiting_once"), transaction.atomic():
        CounterOffer.objects.create(
            organisation_id=found.organisation_id,
            offer=found.offer,
            price=Decimal(9),
            price_before=Decimal(12),
            needs="staff",
            made_at=found.made_at,
            due_at=found.due_at,
        )


# --- a day: the client -----------------------------------------------------------------------------------------------


def tracked(offer: Offer, rest: str = "") -> str:
    return f"/suivi/{offer.work_order.request.tracking_token}/{rest}"


def test_the_client_agrees_to_another_day(offers: list[Offer], world: World) -> None:
    found = proposes(offers[0], Proposal(ready_on=FRIDAY, comment="J’attends une semelle"))
    settle(world.organisation)
    assert (counter_state(), letters(Kind.COUNTER_ASKED)) == (("waiting", "client"), ["client"])
    browser = Browser(headers={"Accept-Language": "fr"})
    assert tracked(offers[0], "proposition/") in page(browser.get(tracked(offers[0])))
    body = page(browser.get(tracked(offers[0], "proposition/")))
    assert "vendredi 27 novembre" in body
    assert "J’attends une semelle" in body
    assert offers[0].provider.name not in body
    part = page(browser.get(tracked(offers[0], "proposition/"), headers={"HX-Request": "true"}))
    assert "<html" not in part
    assert browser.get(tracked(offers[0], f"proposition/{found.public_id}/accepter/")).status_code == 405
    assert browser.post(tracked(offers[0], f"proposition/{found.public_id}/accepter/")).status_code == 302
    settle(world.organisation)
    assert (state(offers[0]), counter_state()[0]) == (("accepted", "booked", Decimal("12.00")), "approved")
    order = WorkOrder.objects.select_related("request").get()
    wanted = dt.datetime(2026, 11, 27, 10, 0, tzinfo=PARIS)
    assert abs(order.promised_end - wanted) < dt.timedelta(minutes=1)
    assert order.request.promised_end == order.promised_end
    assert Event.objects.get(name="work_order.promised_anew").data["after"] == order.promised_end.isoformat()
    again = browser.post(tracked(offers[0], f"proposition/{found.public_id}/refuser/"))
    assert "ne peut plus être tranchée" in page(again, 409)


def test_the_client_keeps_to_what_was_said(offers: list[Offer], world: World) -> None:
    found = proposes(offers[0], LATER)
    before = found.offer.work_order.promised_end
    browser = Browser(headers={"Accept-Language": "fr"})
    assert browser.post(tracked(offers[0], f"proposition/{found.public_id}/refuser/")).status_code == 302
    assert (state(offers[0])[0], counter_state()[0]) == ("declined", "refused")
    assert WorkOrder.objects.get().promised_end == before
    assert "Il n’y a rien à décider" in page(browser.get(tracked(offers[0], "proposition/")))


def test_the_client_decides_on_no_price_and_for_nobody_else(offers: list[Offer], world: World) -> None:
    dear = proposes(offers[0], DEARER)
    later = proposes(offers[1], LATER)
    browser = Browser(headers={"Accept-Language": "fr"})
    assert "15,50" not in page(browser.get(tracked(offers[0], "proposition/")))
    assert browser.post(tracked(offers[0], f"proposition/{dear.public_id}/accepter/")).status_code == 404
    other = world.request(world.cobbler)
    address = f"/suivi/{other.tracking_token}/proposition/{later.public_id}/accepter/"
    assert browser.post(address).status_code == 404
    assert browser.post(f"/suivi/{'x' * 40}/proposition/{later.public_id}/accepter/").status_code == 404
    assert state(offers[1])[0] == "countered"


def test_without_an_address_or_with_a_price_the_team_decides(offers: list[Offer]) -> None:
    proposes(offers[0], Proposal(price=Decimal(15), ready_on=FRIDAY))
    assert counter_state() == ("waiting", "staff")
    ServiceRequest.objects.update(contact_email="")
    assert proposes(Offer.objects.with_need().get(pk=offers[1].pk), LATER).needs == "staff"


def test_other_work_of_the_same_request_keeps_its_day(world: World, cobblers: list[Any]) -> None:
    order = world.request(world.ironing, world.cobbler).work_orders.get(service=world.cobbler)
    offer = offer_directly(order, cobblers[0], by=world.actor("dispatcher"))
    with pytest.raises(DateFixed):
        proposes(offer, LATER)
    assert proposes(offer, DEARER).needs == "staff"


@pytest.fixture
def visit(world: World, cobblers: list[Any]) -> Offer:
    """A cobbler comes to the client on Tuesday at ten."""
    request = world.request(world.cobbler, **AT_HOME, promised_start=MONDAY + dt.timedelta(days=1))
    return offer_directly(request.work_orders.get(), cobblers[0], by=world.actor("dispatcher"))


def test_a_visit_is_moved_to_a_free_time(visit: Offer, world: World) -> None:
    order = visit.work_order
    free = counter_times.starts_left(order, timezone.now())
    with pytest.raises(Invalid):
        proposes(visit, Proposal(starts_at=free[-1] + dt.timedelta(minutes=1)))
    with pytest.raises(Invalid):
        proposes(visit, LATER)
    found = proposes(visit, Proposal(starts_at=free[3]))
    assert found.needs == "client"
    approve_counter(found, by=world.actor("dispatcher"))
    order.refresh_from_db()
    asked = ServiceRequest.objects.get(pk=order.request_id)
    assert (state(visit)[:2], order.promised_start, asked.promised_start) == (
        ("accepted", "booked"),
        free[3],
        free[3],
    )
    assert Hold.objects.get(request=asked).starts_at == free[3]


def test_a_time_that_has_gone_meanwhile_leaves_it_open(visit: Offer, world: World) -> None:
    free = counter_times.starts_left(visit.work_order, timezone.now())
    found = proposes(visit, Proposal(starts_at=free[3]))
    asked = visit.work_order.request
    reschedule_request(
        world.request(world.cobbler, **AT_HOME, promised_start=MONDAY + dt.timedelta(days=2)),
        free[3],
        by=world.actor(),
    )
    browser = Browser(headers={"Accept-Language": "fr"})
    answer = browser.post(f"/suivi/{asked.tracking_token}/proposition/{found.public_id}/accepter/")
    assert answer.status_code == 409
    assert (state(visit)[:2], counter_state()[0]) == (("countered", "offering"), "waiting")


def test_days_on_which_it_may_be_ready() -> None:
    promised = dt.datetime(2026, 12, 23, 17, 0, tzinfo=PARIS)
    closed = {dt.date(2026, 12, 25)}
    assert ready_days(promised, dt.date(2026, 12, 20), closed, {0, 1, 2, 3, 4}, most=3) == [
        dt.date(2026, 12, 24),
        dt.date(2026, 12, 28),
        dt.date(2026, 12, 29),
    ]
    assert ready_days(promised, dt.date(2027, 4, 1), closed, {0}, most=3) == []


# --- the provider: link, space, API ----------------------------------------------------------------------------------


def test_by_the_link(offers: list[Offer], world: World) -> None:
    phone = Phone(offers[0])
    address = f"{phone.url}proposer/"
    assert phone.browser.get(address).status_code == 302
    assert phone.post("proposer", price="15").status_code == 403
    assert state(offers[0])[0] == "sent"
    phone.unlock()
    assert address in page(phone.get())
    assert "Vendredi 27 novembre" in page(phone.browser.get(address))
    wrong = page(phone.post("proposer", price="quinze", moment="2026-11-27", comment="Double semelle"), 422)
    assert 'value="quinze"' in wrong
    assert 'value="Double semelle"' in wrong
    assert page(phone.post("proposer", moment="2026-11-28"), 422)
    assert "autre prix" in page(phone.post("proposer"), 422)
    assert "sans votre nom" in page(phone.post("proposer", price="15", comment="Sophie Aubert"), 422)
    assert phone.post("proposer", price="15,50", moment="2026-11-27").status_code == 302
    found = CounterOffer.objects.get()
    assert (found.price, found.needs, state(offers[0])[0]) == (Decimal("15.50"), "staff", "countered")
    body = page(phone.get())
    assert "Nous posons la question" in body
    assert address not in body
    assert "déjà répondu" in page(phone.post("proposer", price="16"), 409)


def test_by_the_space_only_ones_own(offers: list[Offer], world: World) -> None:
    add_member(offers[0].provider, world.users["provider"], by=world.actor())
    mine = browser_of(world.users["provider"])
    address = f"/prestataires/mon-espace/propositions/{offers[0].public_id}/proposer/"
    assert address in page(mine.get("/prestataires/mon-espace/"))
    assert page(mine.get(address))
    others = f"/prestataires/mon-espace/propositions/{offers[1].public_id}/proposer/"
    assert mine.post(others, {"price": "15"}).status_code == 404
    assert mine.post(address, {"price": "15"}).status_code == 302
    assert "Nous posons la question" in page(mine.get("/prestataires/mon-espace/"))
    assert mine.get(address).status_code == 302


def test_by_the_api(offers: list[Offer], world: World) -> None:
    api, path = api_of(offers[0].provider), f"{OFFERS}/{offers[0].public_id}"
    ours = Api(world.api_key())
    assert api.get(path).json()["counter"] is None
    for body in ({}, {"price": "0"}, {"price": "NaN"}, {"ready_on": "2026-13-01"}, {"ready_on": "2026-11-22"}):
        assert api.post(f"{path}/counter", body).status_code == 400, body
    assert ours.post(f"{path}/counter", {"price": "15.00"}).status_code == 403
    assert api_of(offers[1].provider).post(f"{path}/counter", {"price": "15.00"}).status_code == 404
    first = api.post(f"{path}/counter", {"price": "15.00"}, key="once-and-for-all")
    assert (first.status_code, first.json()["status"], first.json()["counter"]["price"]) == (200, "countered", "15.00")
    assert api.post(f"{path}/counter", {"price": "15.00"}, key="once-and-for-all").json() == first.json()
    refused(
        api.post(f"{path}/counter", {"price": "16.00"}),
        409,
        "offer_already_answered",
        "Vous avez déjà répondu à cette proposition.",
    )
    assert api.post(f"{path}/counter/approve").status_code == 403
    assert Api(world.api_key("offers:write")).post(f"{path}/counter/approve").status_code == 403
    done = ours.post(f"{path}/counter/approve")
    assert (done.status_code, done.json()["status"], done.json()["price"]) == (200, "accepted", "15.00")
    late = ours.post(f"{path}/counter/refuse")
    assert (late.status_code, late.json()["code"]) == (409, "counter_over")
    assert ours.post(f"{OFFERS}/{offers[1].public_id}/counter/refuse").status_code == 409


# --- the team --------------------------------------------------------------------------------------------------------


def test_the_team_decides_on_the_page(offers: list[Offer], staff: Browser, world: World) -> None:
    found = proposes(offers[0], Proposal(price=Decimal("15.50"), comment="Double <b> semelle"))
    body = page(staff.get(of_request(offers[0])))
    for words in ("15,50", "au lieu de 12,00", "Double &lt;b&gt; semelle", "Le client paie 18,00"):
        assert words in body
    address = f"/prestataires/contre-propositions/{found.public_id}/"
    assert browser_of(world.users["concierge"]).post(f"{address}accepter/").status_code == 403
    assert state(offers[0])[0] == "countered"
    assert staff.post(f"{address}accepter/").status_code == 302
    assert state(offers[0])[:2] == ("accepted", "booked")
    assert "ne peut plus être tranchée" in page(staff.post(f"{address}refuser/", follow=True))
    assert address not in page(staff.get(of_request(offers[0])))


# --- at once ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(2))
def test_agreed_to_against_a_siblings_yes_and_the_end_of_the_time(asked: Race, attempt: int) -> None:
    world, work_order, offers = asked
    found = proposes(offers[0], DEARER)
    outcome = race(
        world,
        lambda: approve_counter(found, by=world.actor("dispatcher")),
        accept(offers[1]),
        lambda: lapse_counter(found, by=world.actor()),
        lambda: expire_offer(offers[0], by=world.actor()),
    )
    assert outcome in ({"ok": 3, "counter_over": 1}, {"ok": 3, "offer_taken": 1})
    assert legal(work_order)
    assert statuses()["accepted"] == 1
    assert CounterOffer.objects.get().status in {"approved", "lapsed"}


@pytest.mark.django_db(transaction=True)
def test_agreed_to_against_refused(asked: Race) -> None:
    world, work_order, offers = asked
    found, by = proposes(offers[0], DEARER), world.actor("dispatcher")
    outcome = race(world, lambda: approve_counter(found, by=by), lambda: refuse_counter(found, by=by))
    assert outcome == {"ok": 1, "counter_over": 1}
    assert legal(work_order)


@pytest.mark.django_db(transaction=True)
def test_without_the_locks_a_refused_proposal_is_agreed_to(asked: Race, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: both have read that it waits before either writes."""
    world, work_order, offers = asked
    found, by, both = proposes(offers[0], DEARER), world.actor("dispatcher"), threading.Barrier(2)

    def no_lock(row: Any) -> Any:
        fresh = type(row).objects.get(pk=row.pk)
        if isinstance(fresh, CounterOffer):
            both.wait(timeout=10)
        return fresh

    for name in ("lock_work_order", "lock_offer", "lock_counter"):
        monkeypatch.setattr(verbs, name, no_lock)
    monkeypatch.setattr(verbs, "go_on", lambda *args, **kwargs: None)
    outcome = race(world, lambda: approve_counter(found, by=by), lambda: refuse_counter(found, by=by))
    assert outcome == {"ok": 2}
    assert WorkOrder.objects.get(pk=work_order.pk).status == WorkOrderStatus.BOOKED
    assert Event.objects.filter(name__in=["offer.accepted", "offer.declined"]).count() == 2
