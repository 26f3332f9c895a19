"""Quotes by the API: asked for, written, sent, accepted for a client."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings.actions.quote_answers import accept_quote
from bookings.actions.quote_documents import store_quote_pdf
from bookings.models import Quote, QuoteLine, ServiceRequest
from concierge.enums import Scope
from concierge.models import Event
from tests.bookings.conftest import at
from tests.bookings.quoting import HOME, asked, sent, service_of, yes
from tests.bookings.test_api import Api, problem
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
API = "/api/v1"


@pytest.fixture
def api(world: World) -> Api:
    return Api(world.api_key())


def asking(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "site": str(world.site.public_id),
        "client": {"first_name": "Inès", "last_name": "Garnier", "email": "ines.garnier@example.fr", **HOME},
        "wishes": [{"service": str(service_of(world).public_id), "description": "Deux étagères"}],
        **changes,
    }


LINES = [
    {"description": "Pose", "quantity": "2.5", "unit": "h", "unit_price_incl_vat": "40.00"},
    {"description": "Déplacement", "kind": "travel", "unit_price_incl_vat": "15.00"},
]


def written(**changes: Any) -> dict[str, Any]:
    return {"options": [{"lines": LINES}], "starts_at": at(26, 9).isoformat(), **changes}


def test_from_a_wish_to_work_orders(world: World, api: Api) -> None:
    made = api.post(f"{API}/quote-requests", asking(world))
    assert made.status_code == 201, made.content
    request = made.json()
    assert (request["status"], request["promised_start"], request["lines"]) == ("submitted", None, [])
    draft = api.post(f"{API}/service-requests/{request['id']}/quote", written())
    assert draft.status_code == 201, draft.content
    quote = draft.json()
    assert draft.headers["Location"] == f"{API}/quotes/{quote['id']}"
    assert (quote["status"], quote["number"], quote["seal"]) == ("draft", "", "")
    assert quote["options"][0]["total_incl_vat"] == "115.00"
    again = api.post(f"{API}/service-requests/{request['id']}/quote", written(duration="un jour"))
    assert (again.json()["id"], again.json()["duration"]) == (quote["id"], "un jour")
    problem(api.post(f"{API}/quotes/{quote['id']}/send", **{"If-Match": draft.headers["ETag"]}), 412, "stale_version")
    quote = api.post(f"{API}/quotes/{quote['id']}/send", **{"If-Match": again.headers["ETag"]}).json()
    assert (quote["status"], quote["title"], len(quote["seal"])) == ("sent", "D2026-000001", 64)
    answer = {"name": "Inès Garnier", "seal": quote["seal"]}
    accepted = api.post(f"{API}/quotes/{quote['id']}/accept", answer).json()
    assert (accepted["status"], accepted["accepted_option"]) == ("accepted", quote["options"][0]["id"])
    request = api.get(f"{API}/service-requests/{request['id']}").json()
    assert (request["status"], request["total_incl_vat"], len(request["work_orders"])) == ("confirmed", "115.00", 1)
    found = api.get(f"{API}/quotes", service_request=request["id"], status="accepted").json()["results"]
    assert [one["id"] for one in found] == [quote["id"]]


@pytest.mark.promise("S08")
@pytest.mark.parametrize(
    "line",
    [
        {"unit_price_incl_vat": "-1"},
        {"unit_price_incl_vat": "1e308"},
        {"unit_price_incl_vat": "NaN"},
        {"unit_price_incl_vat": "0.001"},
        {"quantity": "0"},
        {"quantity": "-2"},
        {"quantity": "Infinity"},
        {"kind": "gift"},
        {"vat_code": "free"},
        {"description": " "},
        {"service": "6f1c1c1e-6a0e-4f0a-9d7e-2f3a5a1b7c11"},
    ],
)
def test_nonsense_is_400_and_changes_nothing(world: World, api: Api, line: dict[str, Any]) -> None:
    request = asked(world)
    before = [Quote.objects.count(), Event.objects.count()]
    body = written(options=[{"lines": [{**LINES[0], **line}]}])
    answer = api.post(f"{API}/service-requests/{request.public_id}/quote", body)
    assert answer.status_code == 400, answer.content
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert [Quote.objects.count(), Event.objects.count()] == before


def test_refusals_have_their_codes(world: World, api: Api) -> None:
    problem(api.post(f"{API}/quote-requests", asking(world, wishes=[])), 400, "empty")
    priced = [{"service": str(world.cobbler.public_id), "description": "Talons"}]
    problem(api.post(f"{API}/quote-requests", asking(world, wishes=priced)), 400, "invalid")
    mixed = [*priced, {"service": str(service_of(world).public_id), "description": "x"}]
    problem(api.post(f"{API}/quote-requests", asking(world, wishes=mixed)), 422, "mixed_prices")
    unknown = [{"service": "6f1c1c1e-6a0e-4f0a-9d7e-2f3a5a1b7c11", "description": "x"}]
    problem(api.post(f"{API}/quote-requests", asking(world, wishes=unknown)), 400, "bad_order")
    assert ServiceRequest.objects.count() == 0
    quote = sent(world)
    address = f"{API}/quotes/{quote.public_id}"
    problem(api.post(f"{address}/send"), 409, "wrong_state")
    problem(api.post(f"{address}/accept", {"name": "Inès"}), 400, "required")
    wrong = {"name": "Inès", "seal": "0" * 64, "option": str(yes(quote).option)}
    problem(api.post(f"{address}/accept", wrong), 409, "quote_replaced")
    problem(api.post(f"{address}/accept", {**wrong, "option": None}), 400, "invalid")
    assert api.post(f"{address}/decline", {"reason": "Trop cher"}).json()["answer_text"] == "Trop cher"
    problem(api.post(f"{address}/withdraw"), 409, "quote_already_answered")
    problem(api.post(f"{address}/accept", {**wrong, "seal": quote.seal}), 409, "quote_already_answered")
    problem(api.get(f"{API}/quotes", status="nonsense"), 400, "invalid")
    problem(api.get(f"{API}/quotes", service_request="nonsense"), 400, "invalid")


@pytest.mark.promise("S02")
def test_what_a_client_wants_different_is_noted(world: World, api: Api) -> None:
    quote = sent(world)
    path = f"/api/v1/quotes/{quote.public_id}/request-changes"
    for wrong in ({}, {"text": "  "}, {"text": "x" * 1001}):
        assert api.post(path, wrong).status_code == 400
    stale = api.post(path, {"text": "En pin"}, **{"If-Match": '"99"'})
    assert (stale.status_code, Quote.objects.get().status) == (412, "sent")
    answer = api.post(path, {"text": "En pin"})
    assert (answer.status_code, answer.json()["status"]) == (200, "changes_requested")
    assert api.post(path, {"text": "En pin"}).status_code == 200
    kept = Quote.objects.get()
    assert (kept.answer_text, kept.answer_channel) == ("En pin", "api")
    assert Event.objects.filter(name="quote.changes_requested").count() == 1
    assert api.post(path, {"text": "En chêne"}).status_code == 409
    assert api.post(f"/api/v1/quotes/{uuid.uuid4()}/request-changes", {"text": "En pin"}).status_code == 404


def test_an_expired_quote_is_asked_for_again_once(world: World, api: Api, monday: Any) -> None:
    quote = sent(world)
    path = f"/api/v1/quotes/{quote.public_id}/renew"
    assert (api.post(path).status_code, Quote.objects.count()) == (409, 1)
    monday.move_to(dt.datetime(2027, 2, 1, tzinfo=dt.UTC), tick=True)
    first, again = api.post(path), api.post(path)
    assert (first.status_code, first.json()["status"], first.json()["id"]) == (200, "draft", again.json()["id"])
    assert [one.status for one in Quote.objects.order_by("pk")] == ["expired", "draft"]
    assert Event.objects.filter(name="quote.renewal_asked").count() == 1


def test_the_pdf_is_read_by_whoever_may_read_the_quote(world: World, api: Api) -> None:
    quote = sent(world)
    path = f"/api/v1/quotes/{quote.public_id}/pdf"
    waiting = api.get(path)
    assert (waiting.status_code, waiting.json()["code"]) == (409, "document_not_ready")
    store_quote_pdf(quote.documents.order_by("pk")[0], b"%PDF-1.7 of the quote", by=world.actor())
    answer = api.get(path)
    assert (answer.status_code, answer["Content-Type"], answer.content) == (
        200,
        "application/pdf",
        b"%PDF-1.7 of the quote",
    )
    assert answer["Cache-Control"] == "private, no-store"
    for scope, status in ((Scope.QUOTES_READ, 200), (Scope.QUOTES_ANSWER, 403)):
        assert Api(world.api_key(scope)).get(path).status_code == status


def test_keys_read_write_and_answer_apart(world: World, api: Api) -> None:
    quote = sent(world)
    answer = {"name": "Inès", "seal": quote.seal, "option": str(yes(quote).option)}
    writer = Api(world.api_key(Scope.QUOTES_READ, Scope.QUOTES_WRITE))
    problem(writer.post(f"{API}/quotes/{quote.public_id}/accept", answer), 403, "permission_denied")
    provider = Api(world.api_key(provider_id=7))
    for address in ("send", "withdraw", "accept", "decline"):
        problem(provider.post(f"{API}/quotes/{quote.public_id}/{address}", answer), 404, "not_found")
    assert provider.get(f"{API}/quotes").json()["results"] == []
    problem(provider.post(f"{API}/quote-requests", asking(world)), 403, "not_allowed")
    first = api.post(f"{API}/quotes/{quote.public_id}/accept", answer, key="once")
    again = api.post(f"{API}/quotes/{quote.public_id}/accept", answer, key="once")
    assert (first.content, again.headers["Idempotent-Replayed"]) == (again.content, "true")


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_reads_flat(world: World, api: Api, count: int) -> None:
    for number in range(count):
        quote = sent(world, asked(world, email=f"c{number}@example.fr"))
        accept_quote(quote, yes(quote), by=world.actor())
    api.get(f"{API}/quotes")
    with CaptureQueriesContext(connection) as queries:
        assert len(api.get(f"{API}/quotes").json()["results"]) == count
    assert len(queries) == 8
    assert QuoteLine.objects.count() == 5 * count
