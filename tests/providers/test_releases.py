"""A provider gives back work that it accepted: by link, in its space, by API; in time and once."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client as Browser
from django.utils.translation import override

from bookings.actions.work_orders import start_work_order
from bookings.models import WorkOrder
from concierge.models import Event
from notifications.enums import Kind
from notifications.models import Message
from providers.actions.agreements import draft_agreement, sign_on_paper
from providers.actions.businesses import add_member
from providers.actions.offers import accept_offer, take_job_back
from providers.actions.refusals import OfferNotHeld, TooLateToRelease, WorkHasBegun
from providers.actions.releases import release_offer
from providers.actions.rounds import offer_directly
from providers.enums import ReleaseReason
from providers.models import Offer, OfferRound, Provider
from providers.rules.agreements import Terms
from tests.conftest import settle
from tests.providers.conftest import acting_for, add_provider
from tests.providers.pricing import priced
from tests.providers.test_agreed_prices import agreed, offered, rival
from tests.providers.test_api import OFFERS, api_of, refused
from tests.providers.test_link_page import Phone
from tests.providers.test_pages import browser_of, of_request, page, staff
from tests.world import World

__all__ = ["rival", "staff"]
pytestmark = pytest.mark.promise("domain R31")
NOT_HELD = "Ce travail n’est pas entre vos mains\xa0: il n’y a rien à rendre."
TOO_LATE = "Il est trop tard pour rendre ce travail ici. Appelez-nous\xa0: nous cherchons une solution ensemble."
BEGUN = (
    "Ce travail a commencé\xa0: il ne peut plus être rendu ici. Appelez-nous\xa0: nous cherchons une solution ensemble."
)


@pytest.fixture
def held(offers: list[Offer]) -> Offer:
    """The first provider has accepted."""
    accept_offer(offers[0], by=acting_for(offers[0].provider))
    return Offer.objects.with_need().get(pk=offers[0].pk)


def give_back(offer: Offer, comment: str = "") -> Offer:
    return release_offer(offer, reason=ReleaseReason.ILL, comment=comment, by=acting_for(offer.provider))


def standing(offer: Offer) -> tuple[str, str, str, str, int]:
    """The offer, why and with which words it was given back, its work, and how many searches there were."""
    found = Offer.objects.select_related("work_order").get(pk=offer.pk)
    rounds = OfferRound.objects.filter(work_order=found.work_order).count()
    return found.status, found.release_reason, found.release_comment, found.work_order.status, rounds


HELD = ("accepted", "", "", "booked", 1)


def test_given_back_the_others_are_asked_and_they_are_not(held: Offer, world: World) -> None:
    given = give_back(held, "  Grippe  ")
    assert standing(held) == ("released", "ill", "Grippe", "ready", 1)
    assert given.released_at is not None
    settle(world.organisation)
    assert standing(held) == ("released", "ill", "Grippe", "offering", 2)
    again = OfferRound.objects.get(number=2)
    assert again.offers.count() == 3
    assert again.considered.get(provider=held.provider).rule == "already_answered"
    order = WorkOrder.objects.get(pk=held.work_order_id)
    assert (order.performer_kind, order.performer_id, order.performer_label) == ("", None, "")
    told = Event.objects.get(name="offer.released")
    assert (told.data["reason"], told.request_id, told.actor_label) == (
        "ill",
        held.work_order.request.public_id,
        held.provider.name,
    )


def test_the_client_hears_only_who_takes_care_of_it_then(held: Offer, world: World) -> None:
    settle(world.organisation)
    client = Message.objects.filter(kind=Kind.WORK_BOOKED)
    assert client.count() == 1
    before = set(Message.objects.order_by("pk").values_list("pk", flat=True))
    give_back(held)
    settle(world.organisation)
    since = Message.objects.exclude(pk__in=before).order_by("pk")
    assert list(since.values_list("kind", flat=True)) == [Kind.OFFER_SENT] * 3
    other = OfferRound.objects.get(number=2).offers.select_related("provider").order_by("pk")[0]
    accept_offer(other, by=acting_for(other.provider))
    settle(world.organisation)
    assert client.count() == 2
    assert WorkOrder.objects.get(pk=held.work_order_id).performer_label == other.provider.name


def test_twice_is_refused_and_there_is_one_round(held: Offer, world: World) -> None:
    give_back(held)
    with pytest.raises(OfferNotHeld):
        give_back(held, "encore")
    settle(world.organisation)
    with pytest.raises(OfferNotHeld):
        give_back(held, "encore")
    settle(world.organisation)
    assert standing(held) == ("released", "ill", "", "offering", 2)
    assert Event.objects.filter(name="offer.released").count() == 1


def test_what_was_not_accepted_is_not_given_back(offers: list[Offer]) -> None:
    with pytest.raises(OfferNotHeld):
        give_back(offers[0])
    assert standing(offers[0]) == ("sent", "", "", "offering", 1)


def test_until_the_moment_agreed_and_not_at_it(world: World, monday: Any) -> None:
    found = add_provider(world, price=None)
    terms = Terms(
        kind="purchase", purchase_price=Decimal(9), valid_from=dt.date(2026, 1, 1), cancel_hours=24, notice_hours=0
    )
    sign_on_paper(draft_agreement(found, world.cobbler, terms, by=world.actor()), by=world.actor())
    order = world.request(world.cobbler).work_orders.get()
    offer = offer_directly(order, found, by=world.actor("dispatcher"))
    accept_offer(offer, by=acting_for(found))
    fresh = Offer.objects.with_need().get(pk=offer.pk)
    begins = order.promised_end - dt.timedelta(minutes=order.duration_minutes)
    assert fresh.release_before == begins - dt.timedelta(hours=24)
    monday.move_to(begins - dt.timedelta(hours=24), tick=False)
    with pytest.raises(TooLateToRelease):
        give_back(fresh)
    assert standing(fresh) == HELD
    monday.move_to(begins - dt.timedelta(hours=24, seconds=1), tick=False)
    give_back(fresh)
    assert standing(fresh)[0] == "released"


def test_without_a_moment_agreed_until_it_has_to_begin(held: Offer, monday: Any) -> None:
    order = held.work_order
    begins = order.promised_end - dt.timedelta(minutes=order.duration_minutes)
    assert held.release_before == begins
    monday.move_to(begins, tick=False)
    with pytest.raises(TooLateToRelease) as refusal:
        give_back(held)
    with override("fr"):
        assert str(refusal.value.message) == TOO_LATE
    assert standing(held) == HELD


@pytest.mark.parametrize("how", ["started", "brought"])
def test_what_has_begun_is_for_a_person(held: Offer, world: World, how: str) -> None:
    if how == "started":
        start_work_order(held.work_order, by=acting_for(held.provider))
    else:
        at = dt.datetime(2026, 11, 23, 9, 30, tzinfo=dt.UTC)
        WorkOrder.objects.filter(pk=held.work_order_id).update(execution="collected_provider", collected_at=at)
    before = standing(held)
    with pytest.raises(WorkHasBegun) as refusal:
        give_back(held)
    with override("fr"):
        assert str(refusal.value.message) == BEGUN
    assert standing(held) == before


@pytest.mark.promise("domain R33")
def test_at_a_price_the_client_agreed_to_a_person_decides(world: World, rival: Provider) -> None:
    one = priced(world)
    order = agreed(world, one)
    accept_offer(Offer.objects.get(), by=acting_for(one.provider))
    give_back(Offer.objects.get())
    settle(world.organisation)
    order.refresh_from_db()
    assert (offered(), order.status) == ([(one.provider.name, Decimal("180.00"), "released")], "needs_dispatch")
    assert Event.objects.get(name="work_order.needs_dispatch").data["reason"] == "agreed_provider_said_no"
    assert rival.offers.count() == 0


def test_only_what_was_given_back_has_a_reason(held: Offer) -> None:
    with pytest.raises(IntegrityError, match="offer_release_only_when_released"), transaction.atomic():
        Offer.objects.filter(pk=held.pk).update(release_reason="ill")


# --- the link ----------------------------------------


def test_by_the_link(held: Offer, world: World) -> None:
    phone = Phone(held)
    assert "rendre" not in page(phone.get())
    assert phone.post("rendre", reason="ill").status_code == 403
    phone.unlock()
    body = page(phone.get())
    assert "Je ne peux finalement pas" in body
    assert "jusqu’au <strong>" in body
    empty = page(phone.post("rendre", comment="Grippe depuis hier"), 422)
    assert "Merci de choisir une raison" in empty
    assert 'value="Grippe depuis hier"' in empty
    assert page(phone.post("rendre", reason="bored"), 422)
    assert standing(held) == HELD
    assert phone.post("rendre", reason="breakdown", comment="Machine en panne").status_code == 302
    assert standing(held) == ("released", "breakdown", "Machine en panne", "ready", 1)
    after = page(phone.get())
    assert "Vous avez rendu ce travail" in after
    assert "Je ne peux finalement pas" not in after
    assert NOT_HELD in page(phone.post("rendre", reason="ill"), 409)


def test_by_the_link_too_late_says_to_call(held: Offer, monday: Any) -> None:
    phone = Phone(held).unlock()
    assert held.release_before is not None
    monday.move_to(held.release_before)
    assert "Je ne peux finalement pas" not in page(phone.get())
    assert TOO_LATE in page(phone.post("rendre", reason="ill"), 409)
    assert standing(held) == HELD


# --- the space ----------------------------------------


def test_by_the_space(held: Offer, world: World) -> None:
    add_member(held.provider, world.users["provider"], by=world.actor())
    mine = browser_of(world.users["provider"])
    address = f"/prestataires/mon-espace/propositions/{held.public_id}/rendre/"
    assert address in page(mine.get("/prestataires/mon-espace/"))
    empty = page(mine.post(address, {"comment": "Grippe depuis hier"}), 422)
    assert "Merci de choisir une raison" in empty
    assert 'value="Grippe depuis hier"' in empty
    assert mine.post(address, {"reason": "date", "comment": "Plutôt jeudi"}).status_code == 302
    assert standing(held) == ("released", "date", "Plutôt jeudi", "ready", 1)
    body = page(mine.get("/prestataires/mon-espace/"))
    assert "Merci de nous prévenir à temps" in body
    assert address not in body
    assert NOT_HELD in page(mine.post(address, {"reason": "ill"}), 409)
    english = Browser(headers={"Accept-Language": "en"})
    english.force_login(world.users["provider"])
    assert "This job is not in your hands" in page(english.post(address, {"reason": "ill"}), 409)


def test_by_the_space_only_ones_own(held: Offer, offers: list[Offer], world: World) -> None:
    add_member(offers[1].provider, world.users["provider"], by=world.actor())
    other = browser_of(world.users["provider"])
    address = f"/prestataires/mon-espace/propositions/{held.public_id}/rendre/"
    assert other.post(address, {"reason": "ill"}).status_code == 404
    assert standing(held) == HELD


# --- the API ----------------------------------------


def test_by_the_api_once(held: Offer, world: World) -> None:
    api, path = api_of(held.provider), f"{OFFERS}/{held.public_id}/release"
    shown = api.get(f"{OFFERS}/{held.public_id}").json()
    assert held.release_before is not None
    assert dt.datetime.fromisoformat(shown["release_before"]) == held.release_before
    assert shown["release_reason"] == ""
    first = api.post(path, {"reason": "ill", "comment": "Grippe"}, key="once-and-for-all")
    assert first.status_code == 200
    body = first.json()
    assert (body["status"], body["release_reason"], body["release_before"], body["work_order"]) == (
        "released",
        "ill",
        None,
        None,
    )
    again = api.post(path, {"reason": "ill", "comment": "Grippe"}, key="once-and-for-all")
    assert (again.status_code, again.json()) == (200, body)
    settle(world.organisation)
    assert standing(held) == ("released", "ill", "Grippe", "offering", 2)
    refused(api.post(path, {"reason": "ill"}), 409, "offer_not_held", NOT_HELD)


@pytest.mark.parametrize("body", [{}, {"reason": "bored"}, {"reason": "ill", "comment": "x" * 201}, {"reason": 1}])
def test_by_the_api_nonsense_changes_nothing(held: Offer, body: dict[str, Any]) -> None:
    answer = api_of(held.provider).post(f"{OFFERS}/{held.public_id}/release", body)
    assert answer.status_code == 400
    assert standing(held) == HELD


def test_by_the_api_only_ones_own(held: Offer, offers: list[Offer], world: World) -> None:
    path = f"{OFFERS}/{held.public_id}/release"
    assert api_of(offers[1].provider).post(path, {"reason": "ill"}).status_code == 404
    assert api_of(held.provider, "offers:read").post(path, {"reason": "ill"}).status_code == 403
    assert standing(held) == HELD


def test_by_the_api_begun(held: Offer) -> None:
    start_work_order(held.work_order, by=acting_for(held.provider))
    api, path = api_of(held.provider), f"{OFFERS}/{held.public_id}"
    assert api.get(path).json()["release_before"] is None
    refused(api.post(f"{path}/release", {"reason": "ill"}), 409, "work_has_begun", BEGUN)


# --- the team ----------------------------------------


def test_the_team_reads_who_when_and_why(held: Offer, staff: Browser) -> None:
    give_back(held, "Grippe <b>")
    body = page(staff.get(of_request(held)))
    assert held.provider.name in body
    assert "Par l’entreprise, " in body
    assert ": Maladie ou accident – Grippe &lt;b&gt;" in body


def test_what_the_team_took_back_is_told_apart(held: Offer, world: World, staff: Browser) -> None:
    take_job_back(held.work_order, by=world.actor("dispatcher"))
    body = page(staff.get(of_request(held)))
    assert "Repris par nous, " in body
    assert "Par l’entreprise" not in body
    add_member(held.provider, world.users["provider"], by=world.actor())
    theirs = page(browser_of(world.users["provider"]).get("/prestataires/mon-espace/"))
    assert "Nous avons repris ce travail" in theirs
    assert "Vous avez rendu ce travail" not in theirs
