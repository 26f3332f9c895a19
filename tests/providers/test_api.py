"""Providers' systems read and answer offers (R31, R02, R03, S36, P05)."""

from __future__ import annotations

import datetime as dt
import json
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from bookings.actions.work_orders import cancel_work_order
from bookings.models import ServiceRequest, WorkOrder
from concierge import tenancy
from concierge.enums import Scope
from concierge.models import ApiClient, Event, IdempotencyRecord
from providers.actions.keys import create_provider_key, revoke_provider_key
from providers.actions.offers import accept_offer
from providers.actions.rounds import start_round
from providers.models import Offer, Provider
from tests.conftest import settle
from tests.providers.conftest import MONDAY, acting_for, add_provider
from tests.world import World, build_world

OFFERS = "/api/v1/offers"


class Api:
    """Calls with one key."""

    def __init__(self, key: str, language: str = "fr") -> None:
        self.browser, self.key, self.language = Browser(), key, language

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}", "Accept-Language": self.language}

    def get(self, path: str, **query: Any) -> Any:
        return self.browser.get(path, query, headers=self._headers())

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        headers = self._headers() | {"Idempotency-Key": key or str(uuid.uuid4())}
        return self.browser.post(path, json.dumps(body or {}), content_type="application/json", headers=headers)

    def accept(self, offer: Offer, **kwargs: Any) -> Any:
        return self.post(f"{OFFERS}/{offer.public_id}/accept", **kwargs)

    def decline(self, offer: Offer, body: Any, **kwargs: Any) -> Any:
        return self.post(f"{OFFERS}/{offer.public_id}/decline", body, **kwargs)


def api_of(provider: Provider, *scopes: str) -> Api:
    given: dict[str, Any] = {"scopes": scopes} if scopes else {}
    with tenancy.working_for(provider.organisation):
        _row, key = create_provider_key(
            provider, name="atelier", by=tenancy.system_actor(provider.organisation), **given
        )
    return Api(key)


@pytest.fixture
def api(offers: list[Offer]) -> Api:
    """The key of the first provider asked."""
    return api_of(offers[0].provider)


def refused(answer: Any, status: int, code: str, title: str) -> None:
    """A problem document with these words, and nothing stored for a replay."""
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    body = answer.json()
    assert (body["status"], body["code"], body["title"]) == (status, code, title)
    assert body["type"] == f"urn:concierge:problem:{code}"


def world_is(**counts: int) -> None:
    """Nothing half-done: offers by status, nobody booked, no answer stored."""
    found = Counter(str(status) for status in Offer.objects.order_by("pk").values_list("status", flat=True))
    assert found == counts
    assert WorkOrder.objects.exclude(performer_kind="").count() == counts.get("accepted", 0)
    assert IdempotencyRecord.objects.count() == 0


@pytest.mark.promise("P05", "domain R31")
def test_before_acceptance_only_area_and_need(world: World, api: Api, offers: list[Offer]) -> None:
    ServiceRequest.objects.update(note="Sonner chez Roux", street="1 rue Secrète", contact_phone="+33612345678")
    body = api.get(OFFERS).json()
    assert [one["id"] for one in body["results"]] == [str(offers[0].public_id)]
    shown = body["results"][0]
    assert shown == api.get(f"{OFFERS}/{offers[0].public_id}").json()
    assert (shown["status"], shown["price"], shown["area"]) == ("sent", "12.00", {"postcode": "21000", "city": "Dijon"})
    heels = {"description": "Pose de talons", "quantity": 1, "unit": ""}
    assert (shown["service"], shown["lines"]) == ("talons", [heels])
    assert shown["work_order"] is None
    raw = json.dumps(shown)
    for secret in ("Roux", "Camille", "Secrète", "612345678", "camille@", "18.00"):
        assert secret not in raw
    assert api.get("/api/v1/work-orders").json()["results"] == []
    assert api.get(f"/api/v1/work-orders/{offers[0].work_order.public_id}").status_code == 404


@pytest.mark.promise("domain R31", "R02")
def test_accept_gives_the_work_order_and_the_client(world: World, api: Api, offers: list[Offer]) -> None:
    answer = api.accept(offers[0])
    assert (answer.status_code, answer.json()["status"]) == (200, "accepted")
    work_order = api.get(f"/api/v1/work-orders/{answer.json()['work_order']}").json()
    assert (work_order["status"], work_order["client"]["name"]) == ("booked", "Camille Roux")
    path = f"/api/v1/work-orders/{work_order['id']}"
    assert api.post(f"{path}/complete").status_code == 409
    assert api.post(f"{path}/start").json()["status"] == "in_progress"
    assert api.post(f"{path}/complete").json()["status"] == "completed"
    assert Event.objects.get(name="offer.accepted").channel == "api"


@pytest.mark.promise("R02")
def test_the_loser_is_told_kindly(world: World, api: Api, offers: list[Offer]) -> None:
    accept_offer(offers[1], by=acting_for(offers[1].provider))
    words = (
        "Un autre prestataire vient de prendre ce travail. "
        "Merci de votre réponse\u00a0: nous reviendrons vers vous bientôt."
    )
    refused(api.accept(offers[0]), 409, "offer_taken", words)
    refused(api.decline(offers[0], {"reason": "price"}), 409, "offer_taken", words)
    world_is(accepted=1, not_selected=2)


def test_accept_after_expiry(world: World, api: Api, offers: list[Offer], monday: Any) -> None:
    monday.move_to(MONDAY + dt.timedelta(hours=5))
    words = "Le délai de réponse est passé. Merci quand même\u00a0: nous reviendrons vers vous bientôt."
    refused(api.accept(offers[0]), 409, "offer_expired", words)
    world_is(sent=3)
    settle(world.organisation)
    refused(api.accept(offers[0]), 409, "offer_expired", words)


def test_accept_what_was_cancelled(world: World, api: Api, offers: list[Offer]) -> None:
    cancel_work_order(offers[0].work_order, reason="by_client", by=world.actor())
    words = "Ce travail n’est plus nécessaire. Nous sommes désolés, et merci de votre réponse."
    refused(api.accept(offers[0]), 409, "offer_withdrawn", words)
    settle(world.organisation)
    refused(api.accept(offers[0]), 409, "offer_withdrawn", words)
    world_is(withdrawn=3)


def test_answer_twice(world: World, api: Api, offers: list[Offer]) -> None:
    assert api.decline(offers[0], {"reason": "too_busy"}).json()["decline_reason"] == "too_busy"
    refused(api.accept(offers[0]), 409, "offer_already_answered", "Vous avez déjà répondu à cette proposition.")


@pytest.mark.promise("S36")
def test_another_providers_offer_is_not_found(world: World, api: Api, offers: list[Offer]) -> None:
    assert api.get(f"{OFFERS}/{offers[1].public_id}").status_code == 404
    for answer in (api.accept(offers[1]), api.decline(offers[1], {"reason": "price"})):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert api.get(f"{OFFERS}/{uuid.uuid4()}").status_code == 404
    world_is(sent=3)


@pytest.mark.promise("S36")
def test_a_key_without_the_scope(world: World, offers: list[Offer]) -> None:
    reader = api_of(offers[0].provider, Scope.OFFERS_READ)
    assert reader.get(OFFERS).status_code == 200
    refused(reader.accept(offers[0]), 403, "permission_denied", "Cette clé d’API n’a pas le droit nécessaire.")
    writer = api_of(offers[0].provider, Scope.OFFERS_WRITE)
    assert writer.get(OFFERS).status_code == 403
    world_is(sent=3)


@pytest.mark.promise("S36")
def test_wrong_revoked_and_foreign_keys(world: World, other_world: World, api: Api, offers: list[Offer]) -> None:
    provider = offers[0].provider
    refused(
        Api(api.key[:-3] + "xyz").accept(offers[0]),
        401,
        "authentication_failed",
        "Cette clé d’API n’est pas valable.",
    )
    assert Api(other_world.api_key()).accept(offers[0]).status_code == 404
    assert Api(other_world.api_key(provider_id=provider.pk)).get(OFFERS).json()["results"] == []
    assert Browser().get(OFFERS).status_code == 401
    with tenancy.working_for(world.organisation):
        revoke_provider_key(provider, ApiClient.objects.get(provider_id=provider.pk), by=world.actor())
    assert api.accept(offers[0]).status_code == 401
    world_is(sent=3)


def test_the_organisations_own_system_reads_and_does_not_answer(world: World, offers: list[Offer]) -> None:
    system = Api(world.api_key())
    assert len(system.get(OFFERS).json()["results"]) == 3
    assert system.accept(offers[0]).status_code == 403
    world_is(sent=3)


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({}, "reason"),
        ({"reason": "because"}, "reason"),
        ({"reason": None}, "reason"),
        ({"reason": "price", "comment": "x" * 201}, "comment"),
        ([], None),
    ],
)
def test_a_decline_that_says_nothing_useful(api: Api, offers: list[Offer], body: Any, attr: str | None) -> None:
    answer = api.browser.post(
        f"{OFFERS}/{offers[0].public_id}/decline",
        json.dumps(body),
        content_type="application/json",
        headers={"Authorization": f"Bearer {api.key}", "Idempotency-Key": "k"},
    )
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert attr is None or answer.json()["errors"][0]["attr"] == attr
    world_is(sent=3)


@pytest.mark.promise("R03")
def test_the_same_acceptance_twice_is_one(api: Api, offers: list[Offer]) -> None:
    first, again = (api.accept(offers[0], key="accept-1") for _n in range(2))
    assert (first.status_code, again.status_code, again["Idempotent-Replayed"]) == (200, 200, "true")
    assert first.content == again.content
    assert Event.objects.filter(name="offer.accepted").count() == 1
    assert api.decline(offers[0], {"reason": "price"}, key="accept-1").status_code == 422


def test_filter_by_status(api: Api, offers: list[Offer]) -> None:
    assert len(api.get(OFFERS, status="sent").json()["results"]) == 1
    assert api.get(OFFERS, status="accepted").json()["results"] == []
    assert api.get(OFFERS, status="asleep").status_code == 400


@pytest.mark.parametrize("count", [1, 3])
def test_list_asks_the_database_as_often_for_one_as_for_three(world: World, count: int) -> None:
    provider = add_provider(world)
    for _n in range(count):
        start_round(world.request(world.cobbler).work_orders.get(), by=world.actor())
    api = api_of(provider)
    api.get(OFFERS)
    with CaptureQueriesContext(connection) as asked:
        assert len(api.get(OFFERS).json()["results"]) == count
    # Five, and what was proposed and paused of each.
    assert (
        len([query for query in asked if query["sql"].startswith("SELECT") and "set_config" not in query["sql"]]) == 7
    )


@pytest.fixture
def real_world(transactional_db: None) -> Iterator[World]:
    """A world whose rows every thread can see."""
    world = build_world()
    with tenancy.working_for(world.organisation):
        yield world


@pytest.mark.promise("R02", "R03")
@pytest.mark.django_db(transaction=True)
def test_two_providers_accept_at_once_through_the_api(real_world: World) -> None:
    for _n in range(2):
        add_provider(real_world)
    start_round(real_world.request(real_world.cobbler).work_orders.get(), by=real_world.actor())
    offers = list(Offer.objects.with_need().order_by("pk"))
    callers = [pair for offer in offers for pair in [(api_of(offer.provider), offer)] * 2]
    keys = {offer.pk: str(uuid.uuid4()) for offer in offers}
    gate, answers = threading.Barrier(len(callers)), list[tuple[int, str]]()

    def call(api: Api, offer: Offer) -> None:
        gate.wait(timeout=30)
        answer = api.accept(offer, key=keys[offer.pk])
        answers.append((answer.status_code, answer.json().get("code", answer.json()["status"])))
        connections.close_all()

    threads = [threading.Thread(target=call, args=pair) for pair in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(answers) == 4
    codes = {code for status, code in answers if status == 409}
    assert "offer_taken" in codes
    assert codes <= {"offer_taken", "request_in_progress"}
    assert Offer.objects.filter(status="accepted").count() == 1
    assert Event.objects.filter(name="offer.accepted").count() == 1
