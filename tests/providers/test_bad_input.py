"""What is wrong about an answer: which status, which problem, which words, and that nothing is left half-done."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from bookings.models import WorkOrder
from concierge.models import Deadline, Event, IdempotencyRecord
from providers.actions.offers import accept_offer, decline_offer, expire_offer, resend_offer
from providers.enums import DeclineReason
from providers.models import AccessLink, Offer
from tests.providers.conftest import MONDAY, acting_for
from tests.providers.test_api import Api, api_of, refused
from tests.providers.test_link_page import Phone, lock_out, text_of
from tests.world import World

EXPIRED = "Le délai de réponse est passé. Merci quand même\xa0: nous reviendrons vers vous bientôt."
TAKEN = (
    "Un autre prestataire vient de prendre ce travail. Merci de votre réponse\xa0: nous reviendrons vers vous bientôt."
)
ANSWERED = "Vous avez déjà répondu à cette proposition."
NOT_THERE = "Non trouvé."


def everything() -> tuple[Any, ...]:
    """All that an answer may touch."""
    return (
        list(Offer.objects.order_by("pk").values()),
        list(WorkOrder.objects.order_by("pk").values()),
        list(AccessLink.objects.order_by("pk").values()),
        list(Deadline.objects.order_by("pk").values()),
        list(Event.objects.order_by("pk").values_list("name", "dispatch")),
        list(IdempotencyRecord.objects.order_by("pk").values()),
    )


@pytest.fixture
def api(offers: list[Offer]) -> Api:
    """The key of the first provider asked."""
    return api_of(offers[0].provider)


@pytest.mark.promise("S36")
def test_a_wrong_key(api: Api, offers: list[Offer]) -> None:
    before = everything()
    for key in (api.key[:-3] + "xyz", "cs.nowhere.000000000000.secret", "x", api.key.upper()):
        refused(Api(key).accept(offers[0]), 401, "authentication_failed", "Cette clé d’API n’est pas valable.")
    assert everything() == before


@pytest.mark.promise("S36", "S01")
def test_a_key_of_another_organisation(api: Api, offers: list[Offer], other_world: World) -> None:
    before = everything()
    for key in (other_world.api_key(), other_world.api_key(provider_id=offers[0].provider.pk)):
        for answer in (Api(key).accept(offers[0]), Api(key).decline(offers[0], {"reason": "price"})):
            refused(answer, 404, "not_found", NOT_THERE)
    assert everything() == before


@pytest.mark.parametrize("verb", ["accept", "decline"])
def test_an_answer_after_the_deadline(world: World, api: Api, offers: list[Offer], monday: Any, verb: str) -> None:
    """Whether the sweep has passed or not."""
    monday.move_to(MONDAY + dt.timedelta(hours=5))
    body = {"reason": "price"} if verb == "decline" else {}
    for _swept in (False, True):
        before = everything()
        refused(api.post(f"/api/v1/offers/{offers[0].public_id}/{verb}", body), 409, "offer_expired", EXPIRED)
        assert everything() == before
        expire_offer(offers[0], by=world.actor())


@pytest.mark.promise("R02")
@pytest.mark.parametrize("verb", ["accept", "decline"])
def test_an_answer_after_another_acceptance(api: Api, offers: list[Offer], verb: str) -> None:
    accept_offer(offers[1], by=acting_for(offers[1].provider))
    before = everything()
    body = {"reason": "price"} if verb == "decline" else {}
    refused(api.post(f"/api/v1/offers/{offers[0].public_id}/{verb}", body), 409, "offer_taken", TAKEN)
    assert everything() == before


def test_complete_before_start(api: Api, offers: list[Offer]) -> None:
    accept_offer(offers[0], by=acting_for(offers[0].provider))
    before = everything()
    path = f"/api/v1/work-orders/{offers[0].work_order.public_id}"
    words = "Cet ordre de service est «\xa0Acceptée\xa0»\xa0: cette étape n’est plus possible."
    refused(api.post(f"{path}/complete"), 409, "wrong_state", words)
    assert everything() == before
    assert WorkOrder.objects.get().completed_at is None


def test_complete_before_start_by_link(offers: list[Offer]) -> None:
    phone = Phone(offers[0]).unlock()
    phone.post("accepter")
    before = everything()
    answer = phone.post("terminer")
    assert answer.status_code == 409
    assert "cette étape n’est plus possible" in text_of(answer)
    assert everything() == before


def test_start_before_acceptance_by_link(offers: list[Offer]) -> None:
    phone, before = Phone(offers[0]).unlock(), everything()
    for verb in ("commencer", "terminer"):
        answer = phone.post(verb)
        assert answer.status_code == 403
        assert "Vous n’avez pas le droit de faire cela." in text_of(answer)
    assert everything() == before


@pytest.mark.promise("S16")
@pytest.mark.parametrize("first", ["accepter", "refuser"])
def test_a_link_used_twice(offers: list[Offer], first: str) -> None:
    phone = Phone(offers[0]).unlock()
    assert phone.post(first, reason="too_busy").status_code == 302
    before = everything()
    for verb in ("accepter", "refuser"):
        answer = phone.post(verb, reason="price")
        assert answer.status_code == 409
        assert ANSWERED in text_of(answer)
    assert everything() == before


@pytest.mark.promise("S16")
def test_a_link_that_was_replaced(world: World, offers: list[Offer]) -> None:
    phone = Phone(offers[0]).unlock()
    lock_out(offers[0])
    resend_offer(offers[0], by=world.actor())
    before = everything()
    for answer in (phone.get(), phone.post("accepter"), phone.post("refuser", reason="price"), phone.post("pas-moi")):
        assert answer.status_code == 410
        assert "Ce lien n’est plus valable. Si vous avez reçu un message plus récent" in text_of(answer)
    assert everything() == before


@pytest.mark.promise("S16")
def test_a_link_whose_time_is_over(offers: list[Offer], monday: Any) -> None:
    phone = Phone(offers[0]).unlock()
    monday.move_to(MONDAY + dt.timedelta(days=9))
    before = everything()
    for answer in (phone.get(), phone.post("accepter"), phone.post("refuser", reason="price"), phone.post("pas-moi")):
        assert answer.status_code == 410
        assert "Ce lien a expiré." in text_of(answer)
    assert everything() == before


@pytest.mark.promise("S16", "R02")
@pytest.mark.parametrize("why", ["expired", "taken"])
def test_an_answer_by_link_that_comes_too_late(offers: list[Offer], monday: Any, why: str) -> None:
    phone = Phone(offers[0]).unlock()
    if why == "taken":
        accept_offer(offers[1], by=acting_for(offers[1].provider))
    else:
        monday.move_to(MONDAY + dt.timedelta(hours=5))
    before = everything()
    for verb in ("accepter", "refuser"):
        answer = phone.post(verb, reason="price")
        assert answer.status_code == 409
        assert {"expired": EXPIRED, "taken": TAKEN}[why] in text_of(answer)
    assert everything() == before


def test_a_second_thought_by_api(api: Api, offers: list[Offer]) -> None:
    decline_offer(offers[0], reason=DeclineReason.PRICE, by=acting_for(offers[0].provider))
    before = everything()
    refused(api.accept(offers[0]), 409, "offer_already_answered", ANSWERED)
    assert everything() == before
