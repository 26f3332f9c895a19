"""The OpenAPI document is complete and true: every answer of the product is one that it announces."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
import yaml
from django.conf import settings
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.test import Client as Browser
from django.urls import get_resolver
from django.utils import timezone, translation
from rest_framework import exceptions
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from billing.actions.documents import store_pdf
from bookings.actions.pauses import hold_request
from bookings.actions.quote_documents import store_quote_pdf
from bookings.actions.recurrence_pauses import pause_recurrence
from bookings.actions.work_orders import book_work_order, start_work_order
from bookings.enums import HoldReason, PerformerKind, QuoteStatus
from bookings.models import Quote, Recurrence, ServiceRequest, WorkOrder
from concierge import tenancy
from concierge.api.bodies import PayloadTooLarge
from concierge.api.keys import KeyThrottle
from concierge.errors import DomainError
from concierge.tenancy import Actor
from concierge.wsgi import application
from providers.actions.clocks import pause_offer
from providers.actions.offers import accept_offer
from providers.actions.rounds import offer_directly
from providers.enums import PauseReason
from providers.models import Offer
from tests.bookings.quoting import sent
from tests.one_transaction import db
from tests.providers.uploading import a_pdf
from tests.scene import Scene, a_series, build_scene, countered
from tests.world import build_world

__all__ = ["db"]
COMMITTED = settings.BASE_DIR / "docs" / "openapi.yaml"
DOCUMENT: dict[str, Any] = yaml.load(COMMITTED.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
OPERATIONS = {
    operation["operationId"]: (method, path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
PROBLEM_JSON = "application/problem+json"

# --- the document ----------------------------------------


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_committed_document_is_the_one_the_code_makes(tmp_path: Path, language: str) -> None:
    made = tmp_path / "openapi.yaml"
    with translation.override(language):
        call_command("spectacular", file=str(made), validate=True, fail_on_warn=True)
    assert made.read_text() == COMMITTED.read_text(), "docs/openapi.yaml is stale: make openapi"


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_document_is_served_as_json_in_one_language(db: None, language: str) -> None:
    answer = Browser().get("/api/v1/openapi.json", headers={"Accept": "*/*", "Accept-Language": language})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json() == DOCUMENT


def test_the_document_says_what_it_is() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    assert {"title", "version", "description"} <= set(DOCUMENT["info"])
    assert DOCUMENT["servers"]
    tags = {tag["name"] for tag in DOCUMENT["tags"]}
    assert tags == {tag for _method, _path, operation in OPERATIONS.values() for tag in operation["tags"]}


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_is_described(name: str) -> None:
    method, path, operation = OPERATIONS[name]
    assert len([one for one in OPERATIONS.values() if one[2]["operationId"] == name]) == 1
    assert operation["summary"]
    assert len(operation["tags"]) == 1
    assert operation["security"] == [{"apiKey": []}]
    assert "Scope: `" in operation["description"]
    for body in operation.get("requestBody", {}).get("content", {}).values():
        assert body.get("examples") or body.get("example")
    for status, answer in operation["responses"].items():
        shared = DOCUMENT["components"]["responses"][answer["$ref"].rpartition("/")[2]] if "$ref" in answer else answer
        assert shared["description"]
        assert list(shared["content"]) == [PROBLEM_JSON] or status in {"200", "201"}
    assert {"400", "401", "403", "404", "429", "503"} <= set(operation["responses"])
    if method != "get":
        assert {"409", "412", "413", "415", "422"} <= set(operation["responses"])
        assert any(p["name"] == "Idempotency-Key" and p["required"] for p in operation["parameters"]), path


def test_the_examples_of_refusals_are_problems_as_they_are_sent(db: None) -> None:
    sent = Browser().get("/api/v1/sites", headers={"Authorization": "Bearer x", "Accept-Language": "en"}).json()
    example = DOCUMENT["components"]["responses"]["Problem401"]["content"][PROBLEM_JSON]["example"]
    assert sent == {**example, "instance": sent["instance"]}
    assert re.fullmatch("urn:uuid:[0-9a-f-]{36}", sent["instance"])


# Refusals that only pages and staff can meet.
NOT_BY_API = {
    "bank_account_over",
    "bank_code_over",
    "number_is_new",
    "same_channel",
    "wrong_bank_code",
    "code_expired",
    "invitation_over",
    "siret_known",
    "sandbox_keys_full",
    "promise_over",
    "no_run",
    "notice_over",
    "occurrence_settled",
    "refused",
    "price_changed",
    "prices_to_choose",
    "too_late_to_undo",
    "wrong_code",
    "nothing_to_write_to",
}
# Where the endpoints' refusals are declared.
DECLARED_IN = (
    "concierge.errors",
    "concierge.api.",
    "bookings.actions.guards",
    "bookings.actions.clients",
    "bookings.actions.contacts",
    "bookings.actions.holds",
    "bookings.actions.measuring",
    "bookings.actions.open_sites",
    "bookings.actions.pre_orders",
    "bookings.actions.pricing",
    "bookings.actions.questions",
    "bookings.actions.quote",
    "bookings.actions.recurrences",
    "bookings.actions.requests",
    "bookings.actions.rescheduling",
    "bookings.actions.revival",
    "bookings.actions.waitlist",
    "bookings.actions.work_orders",
    "concierge.files",
    "providers.actions.refusals",
    "notifications.actions.webhooks",
    "billing.actions.documents",
)


def _opened(patterns: Iterable[Any], path: str = "") -> Iterator[tuple[str, str, str]]:
    """Scope, method and path of each endpoint, as its view says."""
    for one in patterns:
        here = path + str(one.pattern)
        if hasattr(one, "url_patterns"):
            yield from _opened(one.url_patterns, here)
            continue
        scopes = getattr(getattr(one.callback, "view_class", None), "scopes", {})
        for method, scope in scopes.items():
            yield str(scope), method, "/" + here.removeprefix("api/v1/").replace("<uuid:public_id>", "{id}")


def test_the_guide_names_what_each_scope_opens() -> None:
    said = set()
    for scope, cell in re.findall(
        r"^\| `(\w+:\w+)` \| (.+) \|$", (COMMITTED.parent / "api.md").read_text(), re.MULTILINE
    ):
        method = ""
        for words in re.findall(r"`([^`]+)`", cell):
            method, path = words.split() if " " in words else (method, words)
            said.add((scope, method, path))
    assert said == set(_opened(get_resolver().url_patterns))


def test_the_guide_names_every_refusal_with_its_status() -> None:
    rows = re.findall(r"^\| (\d{3}) \| `(\w+)`", (COMMITTED.parent / "api.md").read_text(), re.MULTILINE)
    ours = {(str(one.status), one.code) for one in _refusals(DomainError) if one.__module__.startswith(DECLARED_IN)}
    drfs = {
        (str(one.status_code), str(one.default_code))
        for one in (*exceptions.APIException.__subclasses__(), PayloadTooLarge)
        if one.__module__ == exceptions.__name__ or one is PayloadTooLarge
    }
    assert len(rows) == len(set(rows))
    assert set(rows) == {row for row in ours | drfs if row[1] not in NOT_BY_API}


def _refusals(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    yield kind
    for one in kind.__subclasses__():
        yield from _refusals(one)


# --- the answers ----------------------------------------

CONFIG = SchemathesisConfig.from_dict(
    {
        "seed": 20261123,
        "generation": {
            "deterministic": True,
            "max-examples": 20,
            "with-security-parameters": False,
        },
    }
)
schema = schemathesis.openapi.from_dict(DOCUMENT, config=CONFIG)
schema.app = application
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    unsupported_method,
]


class Fuzz:
    """A scene that every call finds as it was made, and what has been answered."""

    def __init__(self, scene: Scene) -> None:
        world = scene.world
        self.keys = {
            "organisation": world.api_key(),
            "provider": world.api_key(provider_id=scene.provider.pk),
        }
        self.things = {
            "agreements": scene.sent_agreement.public_id,
            "offers": scene.offer.public_id,
            "offers/pause": scene.offer.public_id,
            "offers/resume": self._stopped(scene).public_id,
            "offers/counter": scene.offer.public_id,
            "offers/counter/approve": scene.counter.offer.public_id,
            "offers/counter/refuse": countered(world, scene.provider).offer.public_id,
            "price-requests": scene.price_request.public_id,
            "price-requests/answer": scene.price_request.public_id,
            "retract": scene.given_price.public_id,
            "price-requests/use": scene.given_price.public_id,
            "service-requests/price-requests": scene.unpriced.public_id,
            "providers": scene.rival.public_id,
            "quotes": scene.quote.public_id,
            "renew": self._expired(scene).public_id,
            "send": scene.draft.public_id,
            "quote": scene.draft.request.public_id,
            "service-requests": scene.open.public_id,
            "work-orders": scene.done.work_orders.get().public_id,
            "invoices": scene.invoice.public_id,
            "recurrences": scene.series.public_id,
            "change-order": scene.ahead.request.public_id,
            "site": world.site.public_id,
            "sites": world.site.public_id,
            "answer": self._asked(scene).public_id,
            "clients": world.client.public_id,
            "client-accounts": scene.account.public_id,
            "account-members": scene.membership.public_id,
            "resume": self._on_hold(scene).public_id,
            "recurrences/resume": self._paused(scene).public_id,
            "service": world.ironing.public_id,
            "item": world.shirt.public_id,
            "options": world.ironing.options.get().public_id,
            "start": self._held(scene).public_id,
            "reopen": scene.away.public_id,
            "sandbox-offers": scene.offer.public_id,
            "webhook-endpoints": scene.call.endpoint.public_id,
            "webhook-deliveries": scene.call.public_id,
            "provider-documents": scene.announced_paper.public_id,
            "release": self._accepted(scene).public_id,
            "complete": start_work_order(self._held(scene), by=world.actor()).public_id,
        }
        store_pdf(scene.invoice, b"%PDF-1.7", by=world.actor())
        document = scene.quote.documents.order_by("pk")[0]
        store_quote_pdf(document, b"%PDF-1.7", by=world.actor())
        self.slot = self._slot()
        self.whole = self._whole(scene)
        self.calls = 0

    def _whole(self, scene: Scene) -> dict[str, tuple[uuid.UUID | None, Any]]:
        """Calls whose many parts must fit each other, which chance does not find: whom they name, and a right body."""
        today, service = timezone.localdate(), str(scene.unpriced.wishes.get().service.public_id)
        return {
            **self._whole_orders(scene, today),
            "pauseOffer": (scene.offer.public_id, {"reason": "awaiting_client_info", "note": "Talon haut ?"}),
            "counterOffer": (scene.offer.public_id, {"price": "14.00", "comment": "Double semelle"}),
            "holdServiceRequest": (
                scene.open.public_id,
                {"reason": "material", "until": (timezone.now() + dt.timedelta(days=3)).isoformat()},
            ),
            "createClient": (
                None,
                {"first_name": "Zoé", "last_name": "Quentin", "email": "zoe.quentin@example.fr", "confirm": True},
            ),
            "createWebhookEndpoint": (
                None,
                {"url": "https://a.example/", "types": ["offer.sent"], "secret": "whsec_" + "c2VjcmV0" * 4},
            ),
            "announceDocument": (None, {"kind": "insurance", "provider": str(scene.provider.public_id)}),
            "sendDocumentFile": (scene.announced_paper.public_id, a_pdf()),
            "closeDays": (
                None,
                {
                    "first_on": (today + dt.timedelta(days=20)).isoformat(),
                    "last_on": (today + dt.timedelta(days=26)).isoformat(),
                    "reason": "Congés",
                },
            ),
            "stateQuantities": (scene.open.public_id, {"lines": [{"position": 0, "quantity": 2}]}),
            "createQuoteRequest": (
                None,
                {
                    "site": str(scene.world.site.public_id),
                    "client": {
                        "first_name": "Inès",
                        "last_name": "Garnier",
                        "email": "ines.garnier@example.fr",
                        "street": "3 rue Verte",
                        "postcode": "21000",
                        "city": "Dijon",
                    },
                    "wishes": [{"service": service, "description": "Deux étagères à poser"}],
                },
            ),
            "writeQuote": (
                scene.draft.request.public_id,
                {"options": [{"lines": [{"description": "Pose", "unit_price_incl_vat": "40.00"}]}]},
            ),
            "requestQuoteChanges": (scene.quote.public_id, {"text": "En pin, sans la troisième étagère"}),
            "acceptQuote": (
                scene.quote.public_id,
                {
                    "name": "Inès Garnier",
                    "seal": scene.quote.seal,
                    "option": str(scene.quote.options.order_by("position")[0].public_id),
                },
            ),
            "askForPrices": (
                scene.unpriced.public_id,
                {
                    "service": service,
                    "providers": [str(scene.rival.public_id)],
                    "need": "Deux étagères à poser",
                    "due_at": (timezone.now() + dt.timedelta(days=2)).isoformat(),
                },
            ),
            "answerPriceRequest": (
                scene.price_request.public_id,
                {
                    "price": "150.00",
                    "includes_vat": False,
                    "vat_rate": "20.00",
                    "earliest_on": (today + dt.timedelta(days=7)).isoformat(),
                    "valid_until": (today + dt.timedelta(days=20)).isoformat(),
                },
            ),
        }

    def _whole_orders(self, scene: Scene, today: dt.date) -> dict[str, tuple[uuid.UUID | None, dict[str, Any]]]:
        world = scene.world
        shirts = {
            "service": str(world.ironing.public_id),
            "items": [{"item": str(world.shirt.public_id), "quantity": 2}],
        }
        basket = scene.plan.service
        small = basket.price_items.order_by("position")[0]
        baskets = {"service": str(basket.public_id), "items": [{"item": str(small.public_id), "quantity": 2}]}
        again = {"rule": "FREQ=WEEKLY;BYDAY=TU", "starts_on": str(today + dt.timedelta(days=7)), "at": "10:00"}
        here, who = {"site": str(world.site.public_id)}, {"client": str(world.client.public_id), "name": "Chemises"}
        return {
            "estimatePrice": (None, {**here, "on": str(today), "lines": [shirts]}),
            "createRecurrence": (None, {**here, **who, **again, "lines": [shirts]}),
            "editRecurrence": (scene.series.public_id, {**again, "lines": [shirts]}),
            "pauseRecurrence": (
                scene.series.public_id,
                {"first": str(today + dt.timedelta(days=20)), "last": str(today + dt.timedelta(days=40))},
            ),
            "changeOrderAhead": (scene.ahead.request.public_id, {"lines": [baskets]}),
        }

    def _expired(self, scene: Scene) -> Quote:
        """A quote that nobody answered in time."""
        quote = sent(scene.world)
        Quote.objects.filter(pk=quote.pk).update(status=QuoteStatus.EXPIRED)
        return quote

    def _held(self, scene: Scene) -> WorkOrder:
        """A work order that the provider has accepted."""
        return book_work_order(
            scene.world.request(scene.world.cobbler).work_orders.get(),
            performer_kind=PerformerKind.PROVIDER,
            performer_id=scene.provider.pk,
            performer_label=scene.provider.name,
            by=scene.world.actor(),
        )

    def _accepted(self, scene: Scene) -> Offer:
        """An offer that the provider has accepted."""
        world = scene.world
        order = world.request(world.cobbler).work_orders.get()
        offer = offer_directly(order, scene.provider, by=world.actor())
        by = Actor(
            kind="api",
            organisation=world.organisation,
            label=scene.provider.name,
            provider_id=scene.provider.pk,
        )
        return accept_offer(offer, by=by)

    def _stopped(self, scene: Scene) -> Offer:
        """An offer whose clock stands still."""
        order = scene.world.request(scene.world.cobbler).work_orders.get()
        offer = offer_directly(order, scene.provider, by=scene.world.actor())
        by = Actor(kind="api", organisation=scene.world.organisation, provider_id=scene.provider.pk)
        pause_offer(offer, reason=PauseReason.AWAITING_ITEM, by=by)
        return offer

    def _on_hold(self, scene: Scene) -> ServiceRequest:
        """A request that stands still."""
        until = timezone.now() + dt.timedelta(days=3)
        by = scene.world.actor()
        return hold_request(scene.world.request(), reason=HoldReason.MATERIAL, until=until, by=by)

    def _asked(self, scene: Scene) -> ServiceRequest:
        """A request whose client was asked something."""
        until = timezone.now() + dt.timedelta(days=3)
        by = scene.world.actor()
        return hold_request(
            scene.world.request(), reason=HoldReason.CLIENT, note="Quelle couleur ?", until=until, by=by
        )

    def _paused(self, scene: Scene) -> Recurrence:
        """A regular request that rests."""
        today = timezone.localdate()
        series = a_series(scene.world, first_in=60)
        by = scene.world.actor()
        pause_recurrence(series, first=today + dt.timedelta(days=1), last=today + dt.timedelta(days=9), by=by)
        return series

    def _slot(self) -> str:
        day = timezone.localdate() + dt.timedelta(days=3)
        answer = Browser().get(
            "/api/v1/slots",
            {"site": str(self.things["site"]), "service": str(self.things["service"]), "from": str(day)},
            headers={"Authorization": f"Bearer {self.keys['organisation']}"},
        )
        return str(answer.json()["results"][0]["starts_at"])

    def aim(self, case: Any) -> None:
        """Let most well-formed identifiers and moments name things that exist, and now and then send a right body."""
        public_id = case.path_parameters.get("public_id") if case.path_parameters else None
        if _is_uuid(public_id) and int(str(public_id)[0], 16) < 12:
            _api, _v1, collection, _id, *verb = case.path.strip("/").split("/")
            joined = f"{collection}/{'/'.join(verb)}"
            names = (joined, f"{collection}/{verb[0]}", verb[0], collection) if verb else (collection,)
            known = next(self.things[name] for name in names if name in self.things)
            case.path_parameters["public_id"] = str(known)
        self.calls += 1
        if isinstance(case.query, dict):
            # What is generated depends on the modules that are loaded: every other call keeps only what is required,
            # so that some get through in any order of the tests.
            kept = {"site", "service"} if self.calls % 2 else set(case.query)
            case.query = {name: self._aimed(name, value) for name, value in case.query.items() if name in kept}
        case.body = self._aimed("", case.body)
        name = case.operation.definition.raw["operationId"]
        if name in self.whole and self.calls % 3 == 0:
            public_id, case.body = self.whole[name]
            case.headers = {name: value for name, value in (case.headers or {}).items() if name != "If-Match"}
            if public_id is not None:
                case.path_parameters["public_id"] = str(public_id)

    def _aimed(self, name: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._aimed(key, inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._aimed(name, inner) for inner in value]
        if name in self.things and _is_uuid(value) and int(value[0], 16) < 14:
            return str(self.things[name])
        if name == "slot" and isinstance(value, str) and value.endswith("Z"):
            return self.slot
        return value


def _is_uuid(value: Any) -> bool:
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value
    except ValueError:
        return False


@pytest.fixture(scope="module")
def fuzz(db: None) -> Iterator[Fuzz]:
    """The scene to call at."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("celery.app.task.Task.apply_async", lambda *_args, **_options: None)
        patch.setattr(KeyThrottle, "THROTTLE_RATES", {"api_key": "1000000/min", "api_anonymous": "1000000/min"})
        world = build_world()
        with tenancy.working_for(world.organisation):
            made = Fuzz(build_scene(world))
        yield made


@contextmanager
def undone() -> Iterator[None]:
    """Take back what happens inside, and keep the one connection open, as Django's own test client does."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        with tenancy.working_for(None), transaction.atomic():
            yield
            transaction.set_rollback(True)
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


@pytest.fixture(params=["organisation", "provider"])
def key(request: pytest.FixtureRequest) -> str:
    """Whose key calls."""
    return str(request.param)


# What a kind of key never succeeds at: everything else must be seen to work while it is fuzzed.
SANDBOX = {"createSandboxOffer", "playSandboxOffer"}  # with test keys only: tests/providers/test_sandbox.py
NEVER = {
    "organisation": {
        *SANDBOX,
        "acceptOffer",
        "declineOffer",
        "releaseOffer",
        "counterOffer",
        "extendOffer",
        "pauseOffer",
        "resumeOffer",
        "answerPriceRequest",
        "declinePriceRequest",
        "retractPrice",
        "closeDays",
        "reopenDays",
    },
    "provider": {
        *SANDBOX,
        "approveCounterOffer",
        "refuseCounterOffer",
        "createClient",
        "getClient",
        "editClient",
        "listBeneficiaries",
        "getClientAccount",
        "getAccountUsage",
        "listAccountMembers",
        "addAccountMember",
        "endAccountMember",
        "createServiceRequest",
        "getServiceRequest",
        "cancelServiceRequest",
        "getInvoice",
        "getInvoicePdf",
        "getInvoiceXml",
        "estimatePrice",
        "rescheduleServiceRequest",
        "changeOrderAhead",
        "stateQuantities",
        "holdServiceRequest",
        "resumeServiceRequest",
        "answerQuestion",
        "createQuoteRequest",
        "writeQuote",
        "getQuote",
        "sendQuote",
        "withdrawQuote",
        "acceptQuote",
        "declineQuote",
        "requestQuoteChanges",
        "renewQuote",
        "getQuotePdf",
        "createRecurrence",
        "getRecurrence",
        "editRecurrence",
        "pauseRecurrence",
        "resumeRecurrence",
        "endRecurrence",
        "listOccurrences",
        "askForPrices",
        "withdrawPriceRequest",
        "usePrice",
        "getWaitlist",
        "joinWaitlist",
        "leaveWaitlist",
    },
}


@pytest.fixture
def heard(request: pytest.FixtureRequest, key: str) -> Iterator[Counter[str]]:
    """Counts the answers by class; a harness that never gets through has tested nothing."""
    counts: Counter[str] = Counter()
    yield counts
    method, _space, path = request.node.operation_label.partition(" ")
    name = DOCUMENT["paths"][path][method.lower()]["operationId"]
    assert counts["4xx"] > 0, f"{name} never refused anything"
    assert (counts["2xx"] > 0) == (name not in NEVER[key]), f"{name} with the {key} key: {dict(counts)}"


@pytest.mark.promise("S28", "S30")
@schema.parametrize()
@hypothesis.settings(suppress_health_check=list(hypothesis.HealthCheck), deadline=None)
def test_every_answer_is_one_that_the_document_announces(case: Any, fuzz: Fuzz, key: str, heard: Counter[str]) -> None:
    fuzz.aim(case)
    with undone():
        response = case.call_and_validate(checks=CHECKS, headers={"Authorization": f"Bearer {fuzz.keys[key]}"})
    heard[f"{response.status_code // 100}xx"] += 1
