"""Price requests by the API: asked with the organisation's key, answered with the provider's."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from bookings.models import Quote, QuoteLine
from providers.models import PriceRequest, Provider
from tests.bookings.quoting import asked, service_of
from tests.providers.pricing import NEED, asked_for_prices, carpenters, priced
from tests.world import World

pytestmark = pytest.mark.django_db


class Api:
    """Calls with one key."""

    def __init__(self, world: World, provider: Provider | None = None) -> None:
        self.key = world.api_key(provider_id=provider.pk if provider else None)

    def get(self, path: str) -> Any:
        return Browser().get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {self.key}"})

    def post(self, path: str, body: Any = None, key: str = "", **extra: str) -> Any:
        headers = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": key or uuid.uuid4().hex, **extra}
        return Browser().post(f"/api/v1/{path}", body or {}, content_type="application/json", headers=headers)


def given(**changes: Any) -> dict[str, Any]:
    today = timezone.localdate()
    return {
        "price": "150.00",
        "includes_vat": False,
        "vat_rate": "20.00",
        "earliest_on": (today + dt.timedelta(days=7)).isoformat(),
        "valid_until": (today + dt.timedelta(days=20)).isoformat(),
        "comment": "Fixations comprises.",
        **changes,
    }


def test_asked_by_one_key_answered_by_the_other(world: World) -> None:
    request, (one, other) = asked(world), carpenters(world)
    ours, theirs = Api(world), Api(world, one)
    answer = ours.post(
        f"service-requests/{request.public_id}/price-requests",
        {
            "service": str(service_of(world).public_id),
            "providers": [str(one.public_id), str(other.public_id)],
            "need": NEED,
            "due_at": (timezone.now() + dt.timedelta(days=2)).isoformat(),
        },
    )
    assert answer.status_code == 201
    assert [row["provider_name"] for row in answer.json()["results"]] == [one.name, other.name]
    (row,) = theirs.get("price-requests").json()["results"]
    assert (row["need"], row["status"], row["price_excl_vat"], row["area"]) == (
        NEED,
        "sent",
        None,
        {"postcode": "21000", "city": "Dijon"},
    )
    hidden = (request.reference, request.contact_name, request.contact_email, str(request.public_id), other.name)
    assert [word for word in hidden if word and word in str(row)] == []
    once = uuid.uuid4().hex
    for _n in range(2):
        answer = theirs.post(f"price-requests/{row['id']}/answer", given(), key=once)
        assert answer.status_code == 200
    shown = answer.json()
    assert (shown["status"], shown["price_excl_vat"], shown["price_incl_vat"]) == ("priced", "150.00", "180.00")
    again = theirs.post(f"price-requests/{row['id']}/answer", given())
    assert (again.status_code, again.json()["code"]) == (409, "price_request_answered")
    assert len(ours.get(f"price-requests?service_request={request.public_id}").json()["results"]) == 2
    assert [one["status"] for one in ours.get("price-requests?status=priced").json()["results"]] == ["priced"]


def test_no_key_reaches_the_question_of_another_provider(world: World) -> None:
    first, second = asked_for_prices(world)
    theirs = Api(world, first.provider)
    path = f"price-requests/{second.public_id}"
    assert theirs.get(path).status_code == 404
    for verb, body in (("answer", given()), ("decline", {"reason": "other"}), ("retract", {}), ("withdraw", {})):
        assert theirs.post(f"{path}/{verb}", body).status_code == 404
    assert theirs.post(f"price-requests/{first.public_id}/withdraw").status_code == 403
    ours = Api(world)
    for verb, body in (("answer", given()), ("decline", {"reason": "other"}), ("retract", {})):
        assert ours.post(f"price-requests/{first.public_id}/{verb}", body).status_code == 403
    assert list(PriceRequest.objects.order_by("pk").values_list("status", flat=True)) == ["sent", "sent"]


@pytest.mark.parametrize(
    "change",
    [
        {"price": "0"},
        {"price": "abc"},
        {"includes_vat": "maybe"},
        {"vat_rate": "19.60"},
        {"earliest_on": "2020-01-01"},
        {"valid_until": "2020-01-01"},
        {"comment": "x" * 501},
    ],
)
def test_an_answer_that_makes_no_sense_is_a_problem_document(world: World, change: dict[str, Any]) -> None:
    (one,) = asked_for_prices(world, carpenters(world, 1))
    answer = Api(world, one.provider).post(f"price-requests/{one.public_id}/answer", given(**change))
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert [error["attr"] for error in answer.json()["errors"]] == list(change)
    assert PriceRequest.objects.get().status == "sent"


@pytest.mark.parametrize("change", ["service", "providers", "due_at", "need"])
def test_a_question_that_makes_no_sense_asks_nobody(world: World, change: str) -> None:
    request, (one,) = asked(world), carpenters(world, 1)
    body: dict[str, Any] = {
        "service": str(service_of(world).public_id),
        "providers": [str(one.public_id)],
        "need": NEED,
        "due_at": (timezone.now() + dt.timedelta(days=2)).isoformat(),
    }
    wrong = {
        "service": str(uuid.uuid4()),
        "providers": [str(one.public_id), str(uuid.uuid4())],
        "due_at": "2020-01-01T00:00:00Z",
        "need": " ",
    }
    answer = Api(world).post(f"service-requests/{request.public_id}/price-requests", {**body, change: wrong[change]})
    assert [error["attr"] for error in answer.json()["errors"]] == [change]
    assert (answer.status_code, PriceRequest.objects.count()) == (400, 0)


def test_taken_back_and_withdrawn(world: World) -> None:
    request = asked(world)
    first, second = asked_for_prices(world, request=request)
    priced(world, first)
    assert Api(world, first.provider).post(f"price-requests/{first.public_id}/retract").json()["status"] == "retracted"
    assert Api(world).post(f"price-requests/{second.public_id}/withdraw").json()["status"] == "withdrawn"
    late = Api(world, second.provider).post(f"price-requests/{second.public_id}/answer", given())
    assert late.status_code == 409


# --- into the quote ----------------------------------------


def lines(quote: dict[str, Any]) -> list[dict[str, Any]]:
    """Its lines as they may be sent back."""
    return [
        {
            name: line[name]
            for name in (
                "description",
                "quantity",
                "unit",
                "unit_price_incl_vat",
                "vat_code",
                "kind",
                "service",
                "price_source",
            )
        }
        for line in quote["options"][0]["lines"]
    ]


@pytest.mark.promise("domain R5")
def test_a_price_is_taken_into_the_draft_and_stays_known_when_the_draft_is_written_again(world: World) -> None:
    one, ours = priced(world), Api(world)
    answer = ours.post(f"price-requests/{one.public_id}/use", {"margin_percent": "10.00"})
    quote = answer.json()
    assert (answer.status_code, quote["status"], quote["valid_until"]) == (200, "draft", str(one.valid_until))
    (line,) = lines(quote)
    assert (line["unit_price_incl_vat"], line["price_source"]) == ("198.00", str(one.public_id))
    assert line["service"] == str(service_of(world).public_id)
    assert ours.get(f"quotes/{quote['id']}").headers["ETag"] == answer.headers["ETag"]
    path = f"service-requests/{one.request.public_id}/quote"
    again = ours.post(path, {"options": [{"lines": [{**line, "unit_price_incl_vat": "205.00"}]}]})
    row = QuoteLine.objects.get()
    assert (again.status_code, row.source, str(row.cost), str(row.margin_percent)) == (
        201,
        one.public_id,
        "150.00",
        "10.00",
    )
    assert (str(row.unit_price_incl_vat), again.json()["id"]) == ("205.00", quote["id"])
    ours.post(path, {"options": [{"lines": [{**line, "price_source": None}]}]})
    assert QuoteLine.objects.get().source is None


def test_a_price_that_the_draft_does_not_count_on_is_nothing_to_write(world: World) -> None:
    request = asked(world)
    one, other = (priced(world, found) for found in asked_for_prices(world, request=request))
    ours = Api(world)
    (line,) = lines(ours.post(f"price-requests/{one.public_id}/use").json())
    wrong = {"options": [{"lines": [{**line, "price_source": str(other.public_id)}]}]}
    answer = ours.post(f"service-requests/{request.public_id}/quote", wrong)
    assert (answer.status_code, QuoteLine.objects.get().source) == (400, one.public_id)
    fresh = asked(world, email="d@example.fr")
    assert ours.post(f"service-requests/{fresh.public_id}/quote", wrong).status_code == 400
    assert Quote.objects.count() == 1


@pytest.mark.promise("R44")
def test_a_draft_that_somebody_else_wrote_meanwhile_is_not_replaced(world: World) -> None:
    one, ours = priced(world), Api(world)
    path = f"service-requests/{one.request.public_id}/quote"
    body = {"options": [{"lines": [{"description": "Pose", "unit_price_incl_vat": "40.00"}]}]}
    early = ours.post(path, body, **{"If-Match": '"0"'})
    assert (early.status_code, early.json()["code"], Quote.objects.count()) == (412, "stale_version", 0)
    seen = ours.post(f"price-requests/{one.public_id}/use").headers["ETag"]
    wrote = ours.post(path, body, **{"If-Match": seen})
    assert wrote.status_code == 201
    late = ours.post(path, {"options": [{"lines": []}]} | body, **{"If-Match": seen})
    assert (late.status_code, late.json()["code"]) == (412, "stale_version")
    assert Quote.objects.get().edits == int(wrote.headers["ETag"].strip('"'))


def test_what_cannot_be_used_is_refused(world: World) -> None:
    one = priced(world)
    ours = Api(world)
    path = f"price-requests/{one.public_id}/use"
    assert Api(world, one.provider).post(path).status_code == 403
    for wrong in ({"margin_percent": "100.01"}, {"margin_percent": "-1"}, {"option": 6}, {"option": -1}):
        assert ours.post(path, wrong).status_code == 400
    (waiting,) = asked_for_prices(world, carpenters(world, 1))
    gone = ours.post(f"price-requests/{waiting.public_id}/use")
    assert (gone.status_code, gone.json()["code"], Quote.objects.count()) == (409, "price_gone", 0)
