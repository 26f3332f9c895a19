"""A simulated concierge per provider: everything of the API works there, nothing real is seen or changed (ADR 21)."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.tasks import invoice_everyone, invoice_one_payer
from bookings.actions.work_orders import verify_work_order
from bookings.models import ServiceRequest, WorkOrder
from concierge import metrics, tenancy
from concierge.actions import drop_sandbox
from concierge.enums import Scope
from concierge.errors import Invalid
from concierge.middleware import organisation_of_host
from concierge.models import ApiClient, Domain, Event, Organisation
from concierge.tasks import organisation_ids
from notifications.models import Message
from providers.actions.businesses import add_member, set_active
from providers.actions.keys import PROVIDER_SCOPES
from providers.actions.refusals import SandboxFull, SandboxKeysFull
from providers.actions.sandbox import (
    MOST_KEYS,
    MOST_OFFERS,
    create_test_key,
    revoke_test_key,
    sandbox_keys,
    sandbox_of,
    send_offer,
)
from providers.models import Offer, Provider
from providers.tasks import drop_sandboxes
from tests.concierge.test_tenancy import tenant_models
from tests.conftest import as_owner, settle
from tests.providers.conftest import add_provider
from tests.providers.test_api import OFFERS, Api, api_of, refused
from tests.world import World

SANDBOX = "/api/v1/sandbox-offers"
pytestmark = pytest.mark.django_db
NOT_THERE = "Non trouvé."


@pytest.fixture
def provider(world: World) -> Provider:
    """A cobbler who really works with us."""
    return add_provider(world)


def trial(world: World, provider: Provider) -> Api:
    """Calls with a new test key."""
    _client, key = create_test_key(provider, name="Logiciel", scopes=list(PROVIDER_SCOPES), by=world.actor())
    return Api(key, "en")


def asked(api: Api, **body: Any) -> dict[str, Any]:
    """The simulated concierge asks, and what it asks."""
    answer = api.post(SANDBOX, body)
    assert answer.status_code == 201, answer.content
    found: dict[str, Any] = answer.json()
    return found


def played(api: Api, offer: dict[str, Any], move: str) -> dict[str, Any]:
    answer = api.post(f"{SANDBOX}/{offer['id']}/play", {"move": move})
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def answer(api: Api, offer: dict[str, Any], verb: str, **body: Any) -> dict[str, Any]:
    """What a provider says, by the endpoints that everybody uses."""
    said = api.post(f"{OFFERS}/{offer['id']}/{verb}", body)
    assert said.status_code == 200, said.content
    found: dict[str, Any] = said.json()
    return found


# --- everything works ----------------------------------------


@pytest.mark.promise("domain R31")
def test_an_offer_is_answered_there_as_anywhere(world: World, provider: Provider) -> None:
    api = trial(world, provider)
    offer = asked(api)
    assert (offer["status"], offer["service"], offer["price"], offer["place"]) == ("sent", "talons", "12.00", "desk")
    assert [one["id"] for one in api.get(OFFERS).json()["results"]] == [offer["id"]]
    assert answer(api, offer, "pause", reason="awaiting_item")["pause"]["reason"] == "awaiting_item"
    assert api.post(f"{SANDBOX}/{offer['id']}/play", {"move": "expire"}).json()["code"] == "offer_already_answered"
    assert answer(api, offer, "resume")["pause"] is None
    assert answer(api, offer, "extend")["status"] == "sent"
    held = answer(api, offer, "accept")
    assert held["status"] == "accepted"
    work = api.get(f"/api/v1/work-orders/{held['work_order']}").json()
    assert work["client"]["name"] == "Camille Essai"
    assert answer(api, offer, "release", reason="ill")["status"] == "released"
    again = asked(api, service="vitres")
    assert again["place"] == "home"
    order = answer(api, again, "accept")["work_order"]
    for verb, status in (("start", "in_progress"), ("complete", "completed")):
        said = api.post(f"/api/v1/work-orders/{order}/{verb}")
        assert (said.status_code, said.json()["status"]) == (200, status), said.content
    assert answer(api, asked(api, service="ourlet"), "decline", reason="too_busy")["status"] == "declined"
    settle()
    states = [one["status"] for one in api.get(OFFERS).json()["results"]]
    assert states == ["declined", "accepted", "released"]
    assert [one["kind"] for one in api.get("/api/v1/agreements").json()["results"]] == ["purchase"] * 3
    assert len(api.get("/api/v1/provider-documents").json()["results"]) == 3
    closed = {"first_on": "2026-12-21", "last_on": "2026-12-26", "reason": "Congés"}
    assert api.post("/api/v1/provider-closures", closed).status_code == 201


def test_the_simulated_concierge_does_what_it_is_told(world: World, provider: Provider) -> None:
    api = trial(world, provider)
    agreed, turned_down, expired, lapsed, withdrawn = (asked(api) for _one in range(5))
    answer(api, agreed, "counter", price="20.00")
    answer(api, turned_down, "counter", price="21.00")
    answer(api, lapsed, "counter", price="22.00")
    found = played(api, agreed, "approve")
    assert (found["status"], found["price"], found["counter"]["status"]) == ("accepted", "20.00", "approved")
    found = played(api, turned_down, "refuse")
    assert (found["status"], found["counter"]["status"]) == ("declined", "refused")
    found = played(api, expired, "expire")
    assert (found["status"], found["due_at"] <= timezone.now().isoformat()) == ("expired", True)
    assert played(api, lapsed, "expire")["counter"]["status"] == "lapsed"
    assert played(api, withdrawn, "withdraw")["status"] == "withdrawn"
    for offer, move, code in (
        (agreed, "approve", "counter_over"),
        (expired, "refuse", "counter_over"),
        (expired, "expire", "offer_already_answered"),
        (withdrawn, "withdraw", "offer_already_answered"),
    ):
        said = api.post(f"{SANDBOX}/{offer['id']}/play", {"move": move})
        assert (said.status_code, said.json()["code"]) == (409, code)
    assert api.post(f"{OFFERS}/{expired['id']}/accept").json()["code"] == "offer_expired"


def test_a_day_is_proposed_and_agreed_to(world: World, provider: Provider) -> None:
    """By the client, who would be asked by mail."""
    api = trial(world, provider)
    offer = asked(api)
    later = (dt.datetime.fromisoformat(offer["promised_end"]) + dt.timedelta(days=2)).date()
    proposed = answer(api, offer, "counter", ready_on=later.isoformat())
    assert proposed["counter"]["needs"] == "client"
    found = played(api, offer, "approve")
    assert (found["status"], found["promised_end"][:10]) == ("accepted", later.isoformat())


@pytest.mark.parametrize("body", [{"service": "cheval"}, {"service": 3}, [], {"service": None}])
def test_what_it_does_not_know_is_refused(world: World, provider: Provider, body: Any) -> None:
    api = trial(world, provider)
    assert api.post(SANDBOX, body or [1]).status_code == 400
    offer = asked(api)
    for move in ({}, {"move": "vanish"}, {"move": None}, [1]):
        assert api.post(f"{SANDBOX}/{offer['id']}/play", move).status_code == 400
    assert api.get(OFFERS).json()["results"] == [offer]


def test_the_same_call_twice_asks_once(world: World, provider: Provider) -> None:
    api = trial(world, provider)
    first, second = (api.post(SANDBOX, {}, key="une fois") for _one in range(2))
    assert (second.content, second["Idempotent-Replayed"]) == (first.content, "true")
    assert len(api.get(OFFERS).json()["results"]) == 1


def test_a_sandbox_has_its_limits(world: World, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [
        create_test_key(provider, name=f"n{n}", scopes=[Scope.OFFERS_READ], by=world.actor()) for n in range(MOST_KEYS)
    ]
    with pytest.raises(SandboxKeysFull):
        create_test_key(provider, name="de trop", scopes=[Scope.OFFERS_READ], by=world.actor())
    revoke_test_key(provider, made[0][0], by=world.actor())
    api = trial(world, provider)
    monkeypatch.setattr("providers.actions.sandbox.MOST_OFFERS", 1)
    asked(api)
    refused(
        Api(api.key).post(SANDBOX),
        409,
        "sandbox_full",
        "Un bac à sable envoie au plus cent propositions par jour. Reprenez demain, s’il vous plaît.",
    )
    assert MOST_OFFERS == 100


def test_a_key_that_works_is_always_on_the_list(world: World, provider: Provider) -> None:
    old, _whole = create_test_key(provider, name="en service", scopes=[Scope.OFFERS_READ], by=world.actor())
    for number in range(21):
        made, _whole = create_test_key(provider, name=f"n{number}", scopes=[Scope.OFFERS_READ], by=world.actor())
        revoke_test_key(provider, made, by=world.actor())
    assert sandbox_keys(provider)[0] == old


def test_papers_never_run_out(world: World, provider: Provider, monday: Any) -> None:
    api = trial(world, provider)
    asked(api)
    monday.shift(dt.timedelta(days=400))
    assert asked(api)["status"] == "sent"


# --- the wall ----------------------------------------


@pytest.mark.promise("S01", "S49")
def test_real_keys_find_no_sandbox(world: World, provider: Provider, offers: list[Offer]) -> None:
    api = trial(world, provider)
    offer = asked(api)
    real = [Api(world.api_key()), api_of(provider), api_of(offers[0].provider)]
    for one in real:
        refused(one.post(SANDBOX), 404, "not_found", NOT_THERE)
        for theirs in (offer["id"], str(offers[0].public_id)):
            refused(one.post(f"{SANDBOX}/{theirs}/play", {"move": "expire"}), 404, "not_found", NOT_THERE)
        assert one.get(f"{OFFERS}/{offer['id']}").status_code == 404
        assert offer["id"] not in one.get(OFFERS).content.decode()
    lacking = api_of(provider, Scope.OFFERS_READ).post(SANDBOX)
    assert lacking.status_code == 403
    assert api.get(f"{OFFERS}/{offer['id']}").json() == offer
    assert Offer.objects.filter(status="sent").count() == len(offers)


@pytest.mark.promise("S01", "S49")
def test_a_test_key_reaches_nothing_real(world: World, provider: Provider, offers: list[Offer]) -> None:
    provider = offers[0].provider
    api, events = trial(world, provider), Event.objects.count()
    assert api.get(OFFERS).json()["results"] == []
    for offer in offers:
        for verb, body in (
            ("accept", {}),
            ("decline", {"reason": "too_busy"}),
            ("counter", {"price": "9.00"}),
            ("pause", {"reason": "awaiting_item"}),
            ("release", {"reason": "ill"}),
        ):
            refused(Api(api.key).post(f"{OFFERS}/{offer.public_id}/{verb}", body), 404, "not_found", NOT_THERE)
        refused(Api(api.key).post(f"{SANDBOX}/{offer.public_id}/play", {"move": "expire"}), 404, "not_found", NOT_THERE)
    assert api.get("/api/v1/service-requests").status_code == 403
    assert Event.objects.count() == events
    assert set(Offer.objects.order_by("pk").values_list("status", flat=True)) == {"sent"}
    # Its provider is known there by what is public.
    sandbox = sandbox_of(provider)
    assert sandbox is not None
    with tenancy.working_for(sandbox):
        theirs = Provider.objects.get()
    assert (theirs.siret, theirs.contact_name, str(theirs.phone)) == (provider.siret, "", "")
    assert theirs.email == "atelier@bac-a-sable.invalid"
    # What happens there is nowhere here.
    before = (ServiceRequest.objects.count(), WorkOrder.objects.count(), Provider.objects.count())
    answer(api, asked(api), "accept")
    settle()
    assert (ServiceRequest.objects.count(), WorkOrder.objects.count(), Provider.objects.count()) == before
    # Both hold although the one real provider is stopped: nothing of the one depends on the other.
    set_active(provider, is_active=False, by=world.actor())
    assert asked(api)["status"] == "sent"


@pytest.mark.promise("S36")
def test_nothing_leaves_a_sandbox(world: World, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    api, poked = trial(world, provider), list[Any]()
    order = answer(api, asked(api, service="vitres"), "accept")["work_order"]
    for verb in ("start", "complete"):
        api.post(f"/api/v1/work-orders/{order}/{verb}")
    played(api, asked(api), "expire")
    sandbox = sandbox_of(provider)
    assert sandbox is not None
    with tenancy.working_for(sandbox):
        verify_work_order(WorkOrder.objects.get(public_id=order), by=tenancy.system_actor(sandbox))
    settle()
    with tenancy.working_for(sandbox):
        kept = set(Message.objects.order_by("pk").values_list("status", "last_error"))
        assert kept == {("suppressed", "sandbox")}
        assert {one.address.rpartition("@")[2] for one in Message.objects.order_by("pk")} == {"bac-a-sable.invalid"}
    assert mail.outbox == []
    monkeypatch.setattr("billing.tasks.poke", lambda *args: poked.append(args))
    invoice_everyone()
    assert [args for args in poked if args[0] is invoice_one_payer and args[1] == sandbox.pk] == []
    assert sandbox.pk in organisation_ids()
    assert sandbox.pk not in organisation_ids(with_sandboxes=False)
    with tenancy.working_for(sandbox):
        Event.objects.update(dispatch="pending")
    assert metrics.waiting(timezone.now())["events"][0] == Event.objects.filter(dispatch="pending").count()


@pytest.mark.promise("S01")
def test_no_page_leads_to_a_sandbox(world: World, provider: Provider) -> None:
    """On an installation with one organisation that answers to every name; and should somebody give it a name."""
    trial(world, provider)
    sandbox = sandbox_of(provider)
    assert sandbox is not None
    assert organisation_of_host("conciergerie.example") == world.organisation
    Domain.objects.create(host="essai.example", organisation=sandbox)
    assert organisation_of_host("essai.example") is None


@pytest.mark.promise("S02")
def test_a_sandbox_is_one_for_one_provider(world: World, provider: Provider) -> None:
    trial(world, provider)
    trial(world, provider)
    assert Organisation.objects.filter(sandbox_of=world.organisation).count() == 1
    for row in (
        {"sandbox_of": world.organisation, "sandbox_provider_id": provider.pk},
        {"sandbox_of": world.organisation},
        {"sandbox_provider_id": 1},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Organisation.objects.create(name="Autre", slug="autre", **row)


# --- pages ----------------------------------------


def shown_key(page: Any) -> str:
    """The key on the page that shows it once."""
    body = html.unescape(page.content.decode())
    assert (page.status_code, page["Cache-Control"].count("no-store")) == (200, 1), body[:2000]
    found = re.search(r"cs\.[a-z0-9-]+\.test[0-9a-f]{12}\.[\w-]+", body)
    assert found is not None, body
    return found.group()


@pytest.mark.promise("S36")
def test_the_team_makes_and_ends_test_keys(world: World, provider: Provider) -> None:
    browser = Browser()
    browser.force_login(world.users["site_manager"])
    page, keys = f"/prestataires/{provider.public_id}/", f"/prestataires/{provider.public_id}/essais/"
    typed = {"name": "Caisse", "scopes": ["offers:read", "offers:write"]}
    assert browser.post(keys, {"name": "", "scopes": ["offers:read"]}).status_code == 422
    assert sandbox_of(provider) is None
    api = Api(shown_key(browser.post(keys, typed)), "en")
    assert asked(api)["status"] == "sent"
    (client,) = sandbox_keys(provider)
    assert client.scopes == ["offers:read", "offers:write"]
    assert f"{client.prefix}…" in browser.get(page).content.decode()
    made = Event.objects.get(name="provider.key_created")
    assert (made.data["prefix"], made.actor) == (client.prefix, f"user:{world.users['site_manager'].public_id}")
    end = f"{keys}{client.public_id}/revoquer/"
    assert browser.get(end).status_code == 200
    assert browser.post(end)["Location"] == page
    assert api.post(SANDBOX).status_code == 401
    assert Event.objects.filter(name="provider.key_revoked").count() == 1
    revoke_test_key(provider, client, by=world.actor())
    assert Event.objects.filter(name="provider.key_revoked").count() == 1
    other = add_provider(world)
    assert browser.get(f"/prestataires/{other.public_id}/essais/{client.public_id}/revoquer/").status_code == 404
    browser.force_login(world.users["concierge"])
    assert browser.post(keys, typed).status_code == 403
    assert browser.get(end).status_code == 403


@pytest.mark.promise("S36")
def test_a_provider_makes_and_ends_its_own(world: World, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    add_member(provider, world.users["provider"], by=world.actor())
    browser, here = Browser(), "/prestataires/mon-espace/essais/"
    browser.force_login(world.users["provider"])
    assert browser.get(here).status_code == 200
    assert sandbox_of(provider) is None
    assert browser.post(here, {"name": "Logiciel"}).status_code == 422
    api = Api(shown_key(browser.post(here, {"name": "Logiciel", "scopes": ["offers:write"]})), "en")
    assert asked(api)["status"] == "sent"
    (client,) = sandbox_keys(provider)
    monkeypatch.setattr("providers.actions.sandbox.MOST_KEYS", 1)
    full = browser.post(here, {"name": "Encore", "scopes": ["offers:write"]})
    assert (full.status_code, "Cinq clés de test suffisent" in full.content.decode()) == (422, True)
    assert browser.post(f"{here}{client.public_id}/revoquer/")["Location"] == here
    assert api.post(SANDBOX).status_code == 401
    theirs, _key = create_test_key(add_provider(world), name="x", scopes=["offers:read"], by=world.actor())
    assert browser.get(f"{here}{theirs.public_id}/revoquer/").status_code == 404


def test_the_list_costs_the_same_with_one_and_three(world: World, provider: Provider) -> None:
    counts = []
    for more in (1, 2):
        for _one in range(more):
            trial(world, provider)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            sandbox_keys(provider)
        counts.append(len(queries))
    assert (counts[0], len(sandbox_keys(provider))) == (counts[1], 3)


def test_a_test_key_takes_no_right_that_providers_do_not_get(world: World, provider: Provider) -> None:
    with pytest.raises(Invalid):
        create_test_key(provider, name="x", scopes=[Scope.REQUESTS_READ], by=world.actor())
    assert sandbox_of(provider) is None


# --- the end ----------------------------------------


def rows_of(organisation: Organisation) -> int:
    """Rows of an organisation, in every table."""
    connection.check_constraints()
    with as_owner():
        return sum(model._default_manager.filter(organisation_id=organisation.pk).count() for model in tenant_models())


@pytest.mark.promise("P04")
def test_a_sandbox_goes_after_ninety_days_without_a_call(world: World, provider: Provider, monday: Any) -> None:
    rival = add_provider(world)
    api, used = trial(world, provider), trial(world, rival)
    answer(api, asked(api), "accept")
    answer(api, asked(api), "counter", price="20.00")
    hook = {"url": "https://a.example/", "types": ["offer.sent"], "secret": "whsec_" + "c2VjcmV0" * 4}
    assert api.post("/api/v1/webhook-endpoints", hook).status_code == 201
    settle()
    gone, stays = sandbox_of(provider), sandbox_of(rival)
    assert gone is not None
    assert stays is not None
    for one in (gone, stays):
        # The server's own clock was not turned.
        Organisation.objects.filter(pk=one.pk).update(created_at=timezone.now())
        with tenancy.working_for(one):
            ApiClient.objects.update(created_at=timezone.now())
    real, kept = rows_of(world.organisation), rows_of(stays)
    assert rows_of(gone) > 40
    monday.shift(dt.timedelta(days=89))
    assert used.get(OFFERS).status_code == 200
    drop_sandboxes()
    assert sandbox_of(provider) == gone
    monday.shift(dt.timedelta(days=2))
    drop_sandboxes()
    assert (rows_of(gone), sandbox_of(provider), sandbox_keys(provider)) == (0, None, [])
    assert (rows_of(world.organisation), rows_of(stays)) == (real, kept)
    assert api.get(OFFERS).status_code == 401
    assert used.get(OFFERS).status_code == 200
    assert asked(trial(world, provider))["status"] == "sent"


@pytest.mark.promise("R18")
def test_one_that_cannot_go_keeps_no_other(world: World, provider: Provider, monday: Any, monkeypatch: Any) -> None:
    trial(world, provider)
    trial(world, add_provider(world))
    first = Organisation.objects.filter(sandbox_of__isnull=False).order_by("pk")[0]
    monday.shift(dt.timedelta(days=4000))

    def drop(sandbox: Organisation) -> None:
        if sandbox == first:
            raise IntegrityError("sealed")
        drop_sandbox(sandbox)

    monkeypatch.setattr("providers.actions.sandbox.drop_sandbox", drop)
    drop_sandboxes()
    assert list(Organisation.objects.filter(sandbox_of__isnull=False)) == [first]


@pytest.mark.promise("S49")
def test_nothing_real_is_ever_dropped(world: World, provider: Provider) -> None:
    before = rows_of(world.organisation)
    with pytest.raises(IntegrityError, match="is no sandbox"), transaction.atomic():
        drop_sandbox(world.organisation)
    assert (rows_of(world.organisation), ApiClient.objects.count()) == (before, 0)


def test_a_hundred_offers_are_counted_over_one_day(world: World, provider: Provider, monday: Any) -> None:
    trial(world, provider)
    sandbox = sandbox_of(provider)
    assert sandbox is not None
    with tenancy.working_for(sandbox), pytest.MonkeyPatch.context() as patch:
        theirs = Provider.objects.get()
        patch.setattr("providers.actions.sandbox.MOST_OFFERS", 2)
        for _one in range(2):
            send_offer(theirs)
        with pytest.raises(SandboxFull):
            send_offer(theirs)
        monday.shift(dt.timedelta(days=1, minutes=1))
        assert send_offer(theirs).status == "sent"
