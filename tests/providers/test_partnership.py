"""A provider is stopped: others are asked at once, its keys and links refuse kindly, its work is not forgotten."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType
from typing import Any

import pytest
from django.db import connections
from django.test import Client as Browser

from bookings.actions.work_orders import complete_work_order, start_work_order
from bookings.models import WorkOrder
from concierge import tenancy
from concierge.errors import DomainError, WrongState
from concierge.models import Event, IdempotencyRecord
from notifications.actions.writing import write
from notifications.models import Message
from providers.actions import offers as verbs
from providers.actions import rounds
from providers.actions.businesses import add_member, set_active
from providers.actions.offers import accept_offer, decline_offer, pass_on, take_job_back
from providers.actions.refusals import OfferWithdrawn, PartnershipPaused
from providers.actions.rounds import offer_directly, start_round
from providers.enums import DeclineReason, OfferStatus
from providers.models import Offer, OfferRound, Provider
from tests.conftest import settle
from tests.providers.conftest import acting_for, add_provider
from tests.providers.test_api import OFFERS, api_of, refused
from tests.providers.test_link_page import Phone, text_of
from tests.providers.test_pages import browser_of, of_request, page
from tests.world import World, build_world

PAUSED = (
    "Notre partenariat est en pause\xa0: pour le moment, nous ne vous demandons rien. "
    "Si vous avez un travail pour nous en cours, appelez-nous."
)


def stop(provider: Provider, world: World) -> None:
    set_active(provider, is_active=False, by=world.actor("site_manager"))
    settle(world.organisation)


def open_offers() -> list[Provider]:
    return [offer.provider for offer in Offer.objects.open().select_related("provider").order_by("pk")]


# --- what was asked ----------------------------------------


@pytest.mark.promise("domain R31")
def test_one_of_the_wave_is_stopped(world: World, offers: list[Offer], cobblers: list[Provider]) -> None:
    """The others of the wave are still thinking: nobody else is asked yet."""
    stop(cobblers[0], world)
    assert open_offers() == cobblers[1:3]
    assert OfferRound.objects.count() == 1
    told = Event.objects.get(name="offer.withdrawn")
    assert (told.data["reason"], told.actor) == ("partnership_paused", "system")
    assert Event.objects.get(name="provider.stopped").actor == f"user:{world.users['site_manager'].public_id}"


@pytest.mark.promise("domain R31")
def test_the_only_one_asked_is_stopped(world: World, heels: WorkOrder, cobblers: list[Provider]) -> None:
    """A new round starts at once, with everybody but them."""
    offer_directly(heels, cobblers[0], by=world.actor())
    stop(cobblers[0], world)
    assert open_offers() == cobblers[1:4]
    first, second = OfferRound.objects.order_by("pk")
    assert (first.status, second.status, second.number) == ("withdrawn", "open", 2)
    assert second.considered.get(provider=cobblers[0]).rule == "inactive"
    assert WorkOrder.objects.get().status == "offering"


def test_nobody_else_can_be_asked(world: World, heels: WorkOrder) -> None:
    alone = add_provider(world)
    start_round(heels, by=world.actor())
    stop(alone, world)
    assert WorkOrder.objects.get().status == "needs_dispatch"
    assert Event.objects.filter(name="work_order.needs_dispatch").count() == 1


def test_told_twice_or_late_nothing_more_happens(world: World, offers: list[Offer], cobblers: list[Provider]) -> None:
    stop(cobblers[0], world)
    before = Event.objects.count()
    pass_on(offers[0], by=world.actor())
    set_active(cobblers[0], is_active=False, by=world.actor())
    settle(world.organisation)
    assert Event.objects.count() == before
    # Stopped and resumed before anybody heard of it: the question stands.
    set_active(cobblers[1], is_active=False, by=world.actor())
    set_active(cobblers[1], is_active=True, by=world.actor())
    settle(world.organisation)
    assert cobblers[1] in open_offers()


def test_resumed_they_are_asked_again(world: World, heels: WorkOrder) -> None:
    alone = add_provider(world)
    start_round(heels, by=world.actor())
    stop(alone, world)
    set_active(alone, is_active=True, by=world.actor())
    start_round(heels, by=world.actor())
    assert open_offers() == [alone]
    accept_offer(Offer.objects.open().get(), by=acting_for(alone))
    assert WorkOrder.objects.get().status == "booked"


@pytest.mark.parametrize("answer", ["accept", "decline"])
def test_a_stopped_provider_answers_in_vain(world: World, offers: list[Offer], answer: str) -> None:
    """Even in the moment before its offers are taken back."""
    set_active(offers[0].provider, is_active=False, by=world.actor())
    by = acting_for(offers[0].provider)
    with pytest.raises(PartnershipPaused):
        if answer == "accept":
            accept_offer(offers[0], by=by)
        else:
            decline_offer(offers[0], reason=DeclineReason.PRICE, by=by)
    assert Offer.objects.open().count() == 3
    assert WorkOrder.objects.get().status == "offering"


def test_the_letter_does_not_say_that_the_job_is_cancelled(world: World, offers: list[Offer]) -> None:
    stop(offers[0].provider, world)
    letter = write(Message.objects.get(kind="offer.withdrawn"))
    assert letter.subject == f"Vous n’avez pas à répondre pour le travail {offers[0].work_order.reference}"
    for text in (letter.text, letter.html):
        assert "Notre partenariat est en pause" in text
        assert "annulé" not in text


# --- keys, links, accounts ----------------------------------------


@pytest.mark.promise("S36")
def test_its_keys_answer_403_and_work_again_after(world: World, offers: list[Offer]) -> None:
    api, provider = api_of(offers[0].provider), offers[0].provider
    accept_offer(offers[0], by=acting_for(provider))
    path = f"/api/v1/work-orders/{offers[0].work_order.public_id}"
    assert api.get(path).status_code == 200
    set_active(provider, is_active=False, by=world.actor())
    for answer in (
        api.get(OFFERS),
        api.get(f"{OFFERS}/{offers[0].public_id}"),
        api.accept(offers[0]),
        api.decline(offers[0], {"reason": "price"}),
        api.get("/api/v1/work-orders"),
        api.get(path),
        api.post(f"{path}/start"),
        api.post(f"{path}/complete"),
    ):
        refused(answer, 403, "partnership_paused", PAUSED)
        assert answer.json()["type"] == "urn:concierge:problem:partnership_paused"
    assert IdempotencyRecord.objects.count() == 0
    assert WorkOrder.objects.get().status == "booked"
    set_active(provider, is_active=True, by=world.actor())
    assert api.post(f"{path}/start").json()["status"] == "in_progress"


@pytest.mark.promise("S16", "P05")
def test_its_link_says_kindly_that_the_partnership_is_paused(world: World, offers: list[Offer]) -> None:
    phone = Phone(offers[0]).unlock()
    phone.post("accepter")
    assert "Camille Roux" in text_of(phone.get())
    stop(offers[0].provider, world)
    answers = [phone.get()] + [phone.post(verb) for verb in ("accepter", "refuser", "commencer", "pas-moi", "code")]
    for answer in answers:
        assert answer.status_code == 403
        body = text_of(answer)
        assert "Notre partenariat est en pause" in body
        assert "appelez-nous" in body
        assert "Camille Roux" not in body
    assert WorkOrder.objects.get().status == "booked"
    set_active(offers[0].provider, is_active=True, by=world.actor())
    assert "Camille Roux" in text_of(phone.get())


def test_its_people_read_why(world: World, offers: list[Offer]) -> None:
    add_member(offers[0].provider, world.users["provider"], by=world.actor())
    browser = browser_of(world.users["provider"])
    assert "Pose de talons" in page(browser.get("/prestataires/mon-espace/"))
    stop(offers[0].provider, world)
    assert "Notre partenariat est en pause" in page(browser.get("/prestataires/mon-espace/"), 403)
    answer = f"/prestataires/mon-espace/propositions/{offers[0].public_id}/accepter/"
    assert browser.post(answer).status_code == 403


# --- what it has in hand ----------------------------------------


def test_accepted_and_begun_work_stays_and_is_shown(world: World, offers: list[Offer]) -> None:
    provider, manager = offers[0].provider, browser_of(world.users["site_manager"])
    accept_offer(offers[0], by=acting_for(provider))
    start_work_order(offers[0].work_order, by=acting_for(provider))
    address = f"/prestataires/{provider.public_id}/"
    assert "Mettre le partenariat en pause" in page(manager.get(address))
    assert manager.post(f"{address}partenariat/arreter/").status_code == 302
    settle(world.organisation)
    assert WorkOrder.objects.get().status == "in_progress"
    reference = offers[0].work_order.reference
    for shown in (manager.get(address), manager.get("/prestataires/propositions/")):
        assert reference in page(shown)
    assert f"{provider.name} ne travaille plus avec nous" in page(manager.get(of_request(offers[0])))
    taken = manager.post(f"/prestataires/travaux/{offers[0].work_order.public_id}/reprendre/")
    assert taken.status_code == 302
    order = WorkOrder.objects.get()
    assert (order.status, order.performer_kind, order.performer_id, order.started_at) == (
        "needs_dispatch",
        "",
        None,
        None,
    )
    assert Offer.objects.get(pk=offers[0].pk).status == "released"
    assert Event.objects.get(name="work_order.needs_dispatch").actor == f"user:{world.users['site_manager'].public_id}"
    settle(world.organisation)
    assert Message.objects.filter(kind="work_order.needs_dispatch").exists()
    # Anybody but them can be asked, and does it from the start.
    start_round(order, by=world.actor())
    assert provider not in open_offers()
    other = Offer.objects.open().order_by("pk")[0]
    accept_offer(other, by=acting_for(other.provider))
    start_work_order(order, by=acting_for(other.provider))
    complete_work_order(order, by=acting_for(other.provider))
    assert manager.post(f"{address}partenariat/reprendre/").status_code == 302
    assert "en pause" not in page(manager.get(address)).replace("Mettre le partenariat en pause", "")


def test_what_nobody_holds_or_is_done_cannot_be_taken_back(world: World, offers: list[Offer]) -> None:
    order, provider = offers[0].work_order, offers[0].provider
    with pytest.raises(WrongState):
        take_job_back(order, by=world.actor())
    accept_offer(offers[0], by=acting_for(provider))
    start_work_order(order, by=acting_for(provider))
    complete_work_order(order, by=acting_for(provider))
    with pytest.raises(WrongState):
        take_job_back(order, by=world.actor())
    assert WorkOrder.objects.get().status == "completed"
    assert Offer.objects.get(pk=offers[0].pk).status == "accepted"


@pytest.mark.promise("S01", "S07")
def test_who_may_pause(world: World, other_world: World, offers: list[Offer]) -> None:
    address = f"/prestataires/{offers[0].provider.public_id}/partenariat/arreter/"
    for role in ("concierge", "dispatcher", "supervisor", "accountant", "provider"):
        assert browser_of(world.users[role]).post(address).status_code == 403
    foreigner = Browser(headers={"Host": other_world.host})
    foreigner.force_login(other_world.users["network_head"])
    assert foreigner.post(address).status_code == 404
    assert "Mettre le partenariat en pause" not in page(
        browser_of(world.users["dispatcher"]).get(f"/prestataires/{offers[0].provider.public_id}/")
    )
    assert Provider.objects.active().count() == 4


# --- at the same moment ----------------------------------------

Asked = tuple[World, list[Provider], WorkOrder]


@pytest.fixture
def asked(transactional_db: None) -> Iterator[Asked]:
    """One cobbler was asked, a second one could be; every thread can see it."""
    world = build_world()
    with tenancy.working_for(world.organisation):
        providers = [add_provider(world), add_provider(world)]
        order = world.request(world.cobbler).work_orders.get()
        offer_directly(order, providers[0], by=world.actor())
        yield world, providers, order


def together(world: World, *acts: Callable[[], object]) -> list[str]:
    """Run every act in its own thread; "ok" or the code of the refusal, in the order of the acts."""
    outcomes = [""] * len(acts)

    def run(place: int, act: Callable[[], object]) -> None:
        try:
            with tenancy.working_for(world.organisation):
                act()
            outcomes[place] = "ok"
        except DomainError as error:
            outcomes[place] = error.code
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return outcomes


def told(name: str) -> int:
    """Place of the first such event in the history."""
    found = Event.objects.filter(name=name).order_by("pk").first()
    assert found is not None
    return int(found.pk)


def nothing_left_with(provider: Provider) -> bool:
    return not Offer.objects.filter(provider=provider, status=OfferStatus.SENT).exists()


@pytest.mark.promise("R02")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(3))
def test_yes_against_stop(asked: Asked, attempt: int) -> None:
    world, (provider, other), _order = asked
    offer, gate = Offer.objects.with_need().get(), threading.Barrier(2)

    def accept() -> None:
        gate.wait(timeout=30)
        accept_offer(offer, by=acting_for(provider))

    def stop_it() -> None:
        gate.wait(timeout=30)
        set_active(provider, is_active=False, by=world.actor())

    outcome = together(world, accept, stop_it)
    settle(world.organisation)
    assert nothing_left_with(provider)
    if outcome == ["ok", "ok"]:
        assert told("offer.accepted") < told("provider.stopped")
        assert WorkOrder.objects.get().performer_id == provider.pk
    else:
        assert outcome == ["partnership_paused", "ok"]
        assert not Event.objects.filter(name="offer.accepted").exists()
        assert open_offers() == [other]


class Slow:
    """One step of the verbs that waits, before it happens, until the provider is stopped or a second went by."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, room: ModuleType, name: str) -> None:
        self.reached, self.stopped = threading.Event(), threading.Event()
        original = getattr(room, name)

        def slow(*args: Any, **kwargs: Any) -> Any:
            self.reached.set()
            self.stopped.wait(timeout=1)
            return original(*args, **kwargs)

        monkeypatch.setattr(room, name, slow)

    def stop(self, provider: Provider, world: World) -> None:
        self.reached.wait(timeout=10)
        set_active(provider, is_active=False, by=world.actor())
        settle(world.organisation)
        self.stopped.set()


def unguarded(monkeypatch: pytest.MonkeyPatch) -> None:
    for room in (verbs, rounds):
        monkeypatch.setattr(room, "keep_as_they_are", lambda providers: None)


@pytest.mark.promise("R02")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "twin"])
def test_no_yes_after_the_stop(asked: Asked, guarded: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stops waits for a yes under way. The twin: it does not, and the yes comes after the stop."""
    world, (provider, _other), _order = asked
    offer, slow = Offer.objects.with_need().get(), Slow(monkeypatch, verbs, "book_work_order")
    if not guarded:
        unguarded(monkeypatch)
    by = acting_for(provider)
    assert together(world, lambda: accept_offer(offer, by=by), lambda: slow.stop(provider, world)) == ["ok", "ok"]
    assert (told("offer.accepted") < told("provider.stopped")) is guarded


@pytest.mark.promise("R02")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "twin"])
def test_no_question_after_the_stop(asked: Asked, guarded: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stops waits for questions under way, and finds them. The twin: one stays open for ever."""
    world, (_first, provider), _order = asked
    fresh, slow = world.request(world.cobbler).work_orders.get(), Slow(monkeypatch, rounds, "_send_wave")
    if not guarded:
        unguarded(monkeypatch)
    ask = lambda: start_round(fresh, by=world.actor())  # noqa: E731 - a name for a thread's work
    assert together(world, ask, lambda: slow.stop(provider, world)) == ["ok", "ok"]
    settle(world.organisation)
    assert nothing_left_with(provider) is guarded


@pytest.mark.django_db(transaction=True)
def test_stopped_while_its_offers_expire_and_others_ask(asked: Asked) -> None:
    world, (provider, other), _order = asked
    orders = [world.request(world.cobbler).work_orders.get() for _n in range(3)]
    gate = threading.Barrier(5)

    def at_once(act: Callable[[], object]) -> Callable[[], object]:
        def run() -> object:
            gate.wait(timeout=30)
            return act()

        return run

    acts = [at_once(partial(start_round, order, by=world.actor())) for order in orders]
    acts += [at_once(partial(set_active, one, is_active=False, by=world.actor())) for one in (provider, other)]
    assert together(world, *acts) == ["ok"] * 5
    settle(world.organisation)
    assert nothing_left_with(provider)
    assert nothing_left_with(other)
    assert set(WorkOrder.objects.order_by("pk").values_list("status", flat=True)) == {"needs_dispatch"}


def test_withdrawn_stays_withdrawn_after_a_resume(world: World, offers: list[Offer]) -> None:
    stop(offers[0].provider, world)
    set_active(offers[0].provider, is_active=True, by=world.actor())
    with pytest.raises(OfferWithdrawn):
        accept_offer(offers[0], by=acting_for(offers[0].provider))
