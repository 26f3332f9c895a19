"""Booking and carrying out by the API."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings.actions.holds import hold_slot
from bookings.actions.requests import cancel_request
from bookings.actions.work_orders import book_work_order, complete_work_order, start_work_order, verify_work_order
from bookings.enums import PerformerKind, Place
from bookings.models import (
    Client,
    ClientAccount,
    Hold,
    RequestLine,
    Service,
    ServiceAtSite,
    ServiceRequest,
    WorkOrder,
)
from concierge.enums import Scope
from concierge.models import Event, IdempotencyRecord
from tests.bookings.conftest import at
from tests.conftest import as_owner
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
REQUESTS = "/api/v1/service-requests"


class Api:
    """Calls with one key."""

    def __init__(self, key: str) -> None:
        self.browser, self.key = Browser(), key

    def get(self, path: str, **query: Any) -> Any:
        return self.browser.get(path, query, headers={"Authorization": f"Bearer {self.key}"})

    def post(self, path: str, body: Any = None, *, key: str | None = None, **headers: str) -> Any:
        return self.browser.post(
            path,
            json.dumps(body or {}),
            content_type="application/json",
            headers={
                "Authorization": f"Bearer {self.key}",
                "Idempotency-Key": key or str(uuid.uuid4()),
                "Accept-Language": "fr",
                **headers,
            },
        )


@pytest.fixture
def api(world: World) -> Api:
    return Api(world.api_key())


def booking(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "site": str(world.site.public_id),
        "slot": at(24, 10).isoformat(),
        "client": {
            "first_name": "Inès",
            "last_name": "Garnier",
            "email": "ines.garnier@example.fr",
            "phone": "06 12 34 56 78",
        },
        "lines": [
            {
                "service": str(world.ironing.public_id),
                "items": [{"item": str(world.shirt.public_id), "quantity": 5}],
            },
            {"service": str(world.cobbler.public_id), "quantity": 1},
        ],
        **changes,
    }


def rows() -> list[int]:
    models = (Client, Hold, IdempotencyRecord, RequestLine, ServiceRequest, WorkOrder, Event)
    return [model._default_manager.count() for model in models]


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The answer is the problem we expect; returns it."""
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), body
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    return body


def test_the_catalogue_is_enough_to_book(world: World, api: Api) -> None:
    (site,) = api.get("/api/v1/sites").json()["results"]
    services = api.get("/api/v1/services", site=site["id"]).json()["results"]
    ironing = next(s for s in services if s["code"] == "repassage")
    assert [item["unit_price"] for item in ironing["items"]] == ["3.00", "4.00"]
    slots = api.get("/api/v1/slots", site=site["id"], service=ironing["id"], days=2).json()["results"]
    assert slots[0] == {"starts_at": "2026-11-23T09:30:00Z", "ends_at": "2026-11-23T10:00:00Z", "places_left": 2}
    answer = api.post(
        REQUESTS,
        booking(
            world,
            site=site["id"],
            slot=slots[0]["starts_at"],
            lines=[
                {
                    "service": ironing["id"],
                    "items": [{"item": ironing["items"][0]["id"], "quantity": 5}],
                    "options": [ironing["options"][0]["id"]],
                }
            ],
        ),
    )
    body = answer.json()
    assert (answer.status_code, body["status"], body["total_incl_vat"]) == (201, "confirmed", "16.50")
    assert [line["total_incl_vat"] for line in body["lines"]] == ["15.00", "1.50"]
    assert answer.headers["Location"] == f"{REQUESTS}/{body['id']}"
    read = api.get(answer.headers["Location"])
    assert (read.json(), read.headers["ETag"]) == (body, answer.headers["ETag"])
    assert Browser().get(body["tracking_path"]).status_code == 200
    assert ServiceRequest.objects.get().channel == "api"


@pytest.mark.promise("R03")
def test_the_same_call_twice_books_once(world: World, api: Api) -> None:
    first = api.post(REQUESTS, booking(world), key="k")
    before = rows()
    second = api.post(REQUESTS, booking(world), key="k")
    assert second.content == first.content
    assert second.headers["Idempotent-Replayed"] == "true"
    assert rows() == before
    problem(api.post(REQUESTS, booking(world, note="autre"), key="k"), 422, "idempotency_key_reused")


@pytest.mark.promise("R01")
def test_the_last_place_is_given_once_and_the_next_are_named(world: World, api: Api) -> None:
    for name in ("a", "b"):
        hold_slot(world.site, Place.DESK, at(24, 10), token=name, by=world.actor())
    before = rows()
    body = problem(api.post(REQUESTS, booking(world)), 409, "slot_taken")
    assert body["next_free"].startswith("2026-11-23T09:30:00Z, ")
    assert rows() == before


@pytest.mark.promise("S08")
@pytest.mark.parametrize("quantity", [-1, 0, 501, 10**40, 1.5, 1e308, "5", "٥", True, None, [], {}])
def test_a_quantity_that_makes_no_sense_is_refused(world: World, api: Api, quantity: Any) -> None:
    before = rows()
    items = [{"item": str(world.shirt.public_id), "quantity": quantity}]
    answer = api.post(REQUESTS, booking(world, lines=[{"service": str(world.ironing.public_id), "items": items}]))
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"].endswith("quantity")
    assert rows() == before


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"site": str(uuid.uuid4())}, 404, "not_found"),
        ({"slot": "2026-11-29T09:00:00Z"}, 422, "slot_not_offered"),
        ({"slot": "2026-11-20T09:00:00Z"}, 422, "slot_not_offered"),
        ({"slot": "2026-11-24T09:07:00Z"}, 422, "slot_not_offered"),
        ({"slot": "2026-12-25T09:00:00Z"}, 422, "slot_not_offered"),
        ({"slot": "9999-12-31T23:59:59Z"}, 422, "slot_not_offered"),
        ({"slot": "0001-01-01T00:00:00Z"}, 422, "slot_not_offered"),
        ({"slot": "demain"}, 400, "invalid"),
        ({"lines": []}, 400, "empty"),
        ({"lines": [{"service": str(uuid.uuid4()), "quantity": 1}]}, 400, "bad_order"),
        ({"payer_siren": "123456789"}, 400, "invalid"),
        ({"payer_siren": "12345678901234"}, 400, "invalid"),
        ({"payer_siren": "siren"}, 400, "invalid"),
        ({"payer_siren": "732829320"}, 422, "payer_refused"),
    ],
)
def test_bad_input_names_its_problem_and_leaves_nothing(
    world: World, api: Api, changes: dict[str, Any], status: int, code: str
) -> None:
    before = rows()
    body = problem(api.post(REQUESTS, booking(world, **changes)), status, code)
    assert body["title"]
    assert rows() == before


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "ines"},
        {"phone": "12"},
        {"phone": "+33 1"},
        {"first_name": ""},
        {"last_name": " "},
        {"email": "", "phone": ""},
        {"postcode": "2100"},
        {"postcode": "２１０００"},
        {"language": "de"},
    ],
)
def test_a_malformed_client_is_refused(world: World, api: Api, changes: dict[str, str]) -> None:
    before = rows()
    asked = booking(world)
    asked["client"].update(changes)
    assert api.post(REQUESTS, asked).status_code == 400
    assert rows() == before


def test_other_mistakes_in_lines(world: World, api: Api) -> None:
    before = rows()
    shirts = {"item": str(world.shirt.public_id), "quantity": 1}
    for lines in (
        [{"service": str(world.ironing.public_id), "items": [shirts, shirts]}],
        [{"service": str(world.ironing.public_id), "quantity": 1}],
        [{"service": str(world.ironing.public_id)}],
        [{"service": str(world.cobbler.public_id), "items": [shirts]}],
        [{"service": str(world.cobbler.public_id), "quantity": 1}] * 2,
        [{"service": str(world.cobbler.public_id), "quantity": 1, "options": [str(uuid.uuid4())]}],
    ):
        problem(api.post(REQUESTS, booking(world, lines=lines)), 400, "bad_order")
    assert rows() == before


def test_outside_the_area_nothing_is_left(world: World, api: Api) -> None:
    cleaning = Service.objects.create(
        organisation=world.organisation,
        category=world.ironing.category,
        code="vitres",
        name="Vitres",
        unit_price="32.00",
        execution="own_team",
        place=Place.HOME,
    )
    ServiceAtSite.objects.create(organisation=world.organisation, site=world.site, service=cleaning)
    asked = booking(world, lines=[{"service": str(cleaning.public_id), "quantity": 1}])
    asked["client"].update(street="1 quai de Saône", postcode="69002", city="Lyon")
    before = rows()
    body = problem(api.post(REQUESTS, asked), 422, "outside_area")
    assert body["errors"][0]["attr"] == "client.postcode"
    assert rows() == before
    asked["client"].update(postcode="21000", city="Dijon")
    assert api.post(REQUESTS, asked).status_code == 201


def test_a_company_may_pay_by_its_siret(world: World, api: Api) -> None:
    ClientAccount.objects.create(organisation=world.organisation, name="Ateliers", siren="732829320")
    assert api.post(REQUESTS, booking(world, payer_siren="732 829 320 00074")).status_code == 201
    assert ServiceRequest.objects.get().payer_account is not None


@pytest.mark.promise("S01")
def test_another_organisation_sees_and_touches_nothing(world: World, other_world: World, api: Api) -> None:
    made = api.post(REQUESTS, booking(world)).json()
    stranger = Api(other_world.api_key())
    address = f"{REQUESTS}/{made['id']}"
    assert stranger.get(REQUESTS).json()["results"] == []
    problem(stranger.get(address), 404, "not_found")
    problem(stranger.post(f"{address}/cancel"), 404, "not_found")
    problem(stranger.post(REQUESTS, booking(world)), 404, "not_found")
    mixed = booking(world, site=str(other_world.site.public_id))
    problem(stranger.post(REQUESTS, mixed), 400, "bad_order")
    assert ServiceRequest.objects.count() == 1


def test_cancelling_needs_the_version_that_was_seen(world: World, api: Api) -> None:
    made = api.post(REQUESTS, booking(world))
    address = made.headers["Location"] + "/cancel"
    problem(api.post(address, **{"If-Match": '"1"'}), 412, "stale_version")
    answer = api.post(address, {"reason": "Absente"}, **{"If-Match": made.headers["ETag"]})
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert {order["status"] for order in answer.json()["work_orders"]} == {"cancelled"}
    problem(api.post(address), 409, "wrong_state")
    assert not Hold.objects.live().exists()


def test_scopes_are_needed(world: World) -> None:
    reader = Api(world.api_key(Scope.CATALOGUE_READ))
    assert reader.get("/api/v1/sites").status_code == 200
    assert reader.get(REQUESTS).status_code == 403
    assert reader.post(REQUESTS, booking(world)).status_code == 403
    assert Browser().get("/api/v1/sites").status_code == 401


def test_queries_that_make_no_sense_are_400_and_unknown_things_404(world: World, api: Api) -> None:
    site, service = str(world.site.public_id), str(world.ironing.public_id)
    assert api.get("/api/v1/services").status_code == 400
    assert api.get("/api/v1/services", site="x").status_code == 400
    assert api.get("/api/v1/services", site=str(uuid.uuid4())).status_code == 404
    assert api.get("/api/v1/slots", site=site).status_code == 400
    assert api.get("/api/v1/slots", site=site, service=str(uuid.uuid4())).status_code == 404
    assert api.get("/api/v1/slots", site=site, service=service, days=0).status_code == 400
    assert api.get("/api/v1/slots", site=site, service=service, days=61).status_code == 400
    assert api.get("/api/v1/slots", **{"site": site, "service": service, "from": "x"}).status_code == 400
    far = api.get("/api/v1/slots", **{"site": site, "service": service, "from": "9999-12-31"})
    assert far.json() == {"results": []}
    past = api.get("/api/v1/slots", **{"site": site, "service": service, "from": "0001-01-01"})
    assert past.status_code == 200
    assert api.get(REQUESTS, status="x").status_code == 400
    assert api.get("/api/v1/work-orders", category="x").status_code == 400


# --- work orders ----------------------------------------


@pytest.fixture
def held(world: World, book: Callable[..., ServiceRequest]) -> WorkOrder:
    """A shoe repair that provider 7 has accepted."""
    order = book().work_orders.get(service=world.cobbler)
    return book_work_order(
        order,
        performer_kind=PerformerKind.PROVIDER,
        performer_id=7,
        performer_label="Cordonnerie du Bourg",
        by=world.actor(),
    )


@pytest.fixture
def provider(world: World) -> Api:
    return Api(world.api_key(Scope.WORK_ORDERS_READ, Scope.WORK_ORDERS_WRITE, provider_id=7))


def test_a_provider_starts_and_completes_what_it_holds(world: World, provider: Api, held: WorkOrder) -> None:
    (seen,) = provider.get("/api/v1/work-orders", category="waiting").json()["results"]
    assert (seen["id"], seen["status"]) == (str(held.public_id), "booked")
    assert seen["client"]["phone"] == "+33612345678"
    address = f"/api/v1/work-orders/{held.public_id}"
    problem(provider.post(f"{address}/complete"), 409, "wrong_state")
    problem(provider.post(f"{address}/start", **{"If-Match": '"99"'}), 412, "stale_version")
    tag = provider.get(address).headers["ETag"]
    started = provider.post(f"{address}/start", key="s", **{"If-Match": tag})
    assert (started.status_code, started.json()["status"]) == (200, "in_progress")
    assert provider.post(f"{address}/start", key="s", **{"If-Match": tag}).content == started.content
    assert provider.post(f"{address}/complete").json()["status"] == "completed"
    held.request.refresh_from_db()
    assert held.request.status == "in_progress"


@pytest.mark.promise("S07")
def test_our_systems_do_not_finish_a_trainees_work_beside_their_assignment(world: World) -> None:
    order = world.request(world.ironing).work_orders.get()
    book_work_order(
        order, performer_kind=PerformerKind.OWN_TEAM, performer_id=1, performer_label="Samira", by=world.actor()
    )
    ours = Api(world.api_key(Scope.WORK_ORDERS_WRITE))
    problem(ours.post(f"/api/v1/work-orders/{order.public_id}/start"), 403, "not_allowed")


@pytest.mark.promise("R25")
def test_cancelling_locks_in_the_order_of_everybody_else(world: World, book: Any, api: Api) -> None:
    request = book()
    with CaptureQueriesContext(connection) as queries:
        assert api.post(f"{REQUESTS}/{request.public_id}/cancel").status_code == 200
    locked = [q["sql"].split('FROM "')[1].split('"')[0] for q in queries if "FOR NO KEY UPDATE" in q["sql"]]
    assert locked[0] == "bookings_workorder"


def test_moments_are_neither_in_the_future_nor_long_ago(provider: Api, held: WorkOrder) -> None:
    address = f"/api/v1/work-orders/{held.public_id}/start"
    for shift in (dt.timedelta(hours=1), -dt.timedelta(days=8)):
        problem(provider.post(address, {"act_at": (timezone.now() + shift).isoformat()}), 400, "invalid")
    earlier = timezone.now() - dt.timedelta(hours=2)
    assert provider.post(address, {"act_at": earlier.isoformat()}).status_code == 200
    held.refresh_from_db()
    assert held.started_at == earlier


def test_another_provider_sees_nothing_of_it(world: World, held: WorkOrder) -> None:
    other = Api(world.api_key(provider_id=8))
    assert other.get("/api/v1/work-orders").json()["results"] == []
    problem(other.get(f"/api/v1/work-orders/{held.public_id}"), 404, "not_found")
    problem(other.post(f"/api/v1/work-orders/{held.public_id}/start"), 404, "not_found")
    assert other.get(REQUESTS).json()["results"] == []
    problem(other.post(REQUESTS, booking(world)), 403, "not_allowed")


@pytest.mark.promise("P05")
def test_a_day_after_the_check_the_client_is_nobodys_business(
    world: World, provider: Api, held: WorkOrder, monday: Any
) -> None:
    address = f"/api/v1/work-orders/{held.public_id}"
    start_work_order(held, by=world.actor())
    complete_work_order(held, by=world.actor())
    verify_work_order(held, by=world.actor())
    monday.shift(dt.timedelta(hours=23))
    assert provider.get(address).json()["client"]["name"] == "Inès Garnier"
    monday.shift(dt.timedelta(hours=2))
    assert provider.get(address).json()["client"] is None


@pytest.mark.parametrize("path", [REQUESTS, "/api/v1/work-orders", "/api/v1/sites"])
def test_lists_cost_the_same_for_one_and_three(
    world: World, api: Api, book: Callable[..., ServiceRequest], django_assert_num_queries: Any, path: str
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    book()
    api.get(path)
    with CaptureQueriesContext(connection) as one:
        assert api.get(path).status_code == 200
    book(starts_at=at(24, 11))
    book(starts_at=at(24, 12))
    with CaptureQueriesContext(connection) as three:
        assert api.get(path).status_code == 200
    assert len(three) == len(one)


@pytest.mark.promise("domain R6")
def test_systems_follow_what_changed_and_find_by_site_and_reference(
    world: World, api: Api, book: Callable[..., ServiceRequest], monday: Any
) -> None:
    first, second = book(), book(starts_at=at(24, 11))
    monday.shift(dt.timedelta(hours=1))
    before = timezone.now()
    cancel_request(first, by=world.actor())

    def found(**query: Any) -> list[str]:
        return [one["id"] for one in api.get(REQUESTS, **query).json()["results"]]

    both = [str(second.public_id), str(first.public_id)]
    # The clock of the test is not that of PostgreSQL, which writes when an event was recorded.
    with as_owner():
        Event.objects.filter(request_id=first.public_id).update(recorded_at=before)
        Event.objects.filter(request_id=second.public_id).update(recorded_at=before - dt.timedelta(hours=1))
    assert found() == both
    assert found(changed_since=before.isoformat()) == both[1:]
    assert found(changed_since=(before - dt.timedelta(hours=2)).isoformat()) == both
    assert found(changed_since=(before + dt.timedelta(seconds=1)).isoformat()) == []
    assert found(reference=first.reference.lower()) == both[1:]
    assert found(reference="AAAA-0000") == []
    assert found(site=str(world.site.public_id), status="cancelled") == both[1:]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"changed_since": "hier"}, "changed_since"),
        ({"changed_since": ""}, "changed_since"),
        ({"site": "ici"}, "site"),
        ({"status": "perdu"}, "status"),
    ],
)
def test_a_wrong_filter_is_a_problem(api: Api, query: dict[str, str], field: str) -> None:
    answer = api.get(REQUESTS, **query)
    assert (answer.status_code, [one["attr"] for one in answer.json()["errors"]]) == (400, [field])
