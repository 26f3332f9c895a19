"""People and accounts by the API: search before create, corrections, members, usage, and booking in somebody's name."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings.actions.accounts import renew_code
from bookings.actions.merging import merge_clients
from bookings.actions.prescribers import invite_prescriber, pause_prescriber
from bookings.models import Client, ClientAccount, ClientMembership, Prescriber, QuoteWish, ServiceRequest
from bookings.models.people import ACCOMPANIED
from concierge.days import today_of
from concierge.enums import Scope
from concierge.models import Event
from tests.bookings.quoting import asked
from tests.bookings.test_api import REQUESTS, Api, booking, problem
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
CLIENTS, ACCOUNTS = "/api/v1/clients", "/api/v1/client-accounts"
SOMEBODY = {
    "first_name": "Gérard",
    "last_name": "Lefebvre",
    "email": "g.lefebvre@example.fr",
    "phone": "06 11 22 33 44",
}


@pytest.fixture
def api(world: World) -> Api:
    return Api(world.api_key())


@pytest.fixture
def account(world: World) -> ClientAccount:
    return ClientAccount.objects.create(organisation=world.organisation, name="Dijon Habitat", headcount=10)


@pytest.fixture
def prescriber(world: World) -> Prescriber:
    return invite_prescriber(
        world.organisation,
        "sonia@ccas.example",
        first_name="Sonia",
        last_name="Petit",
        structure="CCAS de Dijon",
        by=world.actor(),
    )


def made(api: Api, **changes: Any) -> dict[str, Any]:
    answer = api.post(CLIENTS, {**SOMEBODY, **changes})
    assert answer.status_code == 201, answer.json()
    body: dict[str, Any] = answer.json()
    return body


# --- clients ----------------------------------------


@pytest.mark.promise("domain R2")
def test_somebody_new_is_made_read_and_found(world: World, api: Api) -> None:
    answer = api.post(CLIENTS, {**SOMEBODY, "street": "3 rue Verte", "postcode": "21000", "city": "Dijon"})
    body = answer.json()
    assert (answer.status_code, answer.headers["Location"]) == (201, f"{CLIENTS}/{body['id']}")
    assert {name: body[name] for name in ("phone", "street", "language")} == {
        "phone": "+33611223344",
        "street": "3 rue Verte",
        "language": "fr",
    }
    read = api.get(answer.headers["Location"])
    assert (read.json(), read.headers["ETag"]) == (body, answer.headers["ETag"])
    for text in ("lefe ger", "06 11 22 33 44", "G.LEFEBVRE@", "Lefèbvre"):
        assert [one["id"] for one in api.get(CLIENTS, q=text).json()["results"]] == [body["id"]], text
    assert api.get(CLIENTS, q="l").json()["results"] == []
    assert {one["id"] for one in api.get(CLIENTS).json()["results"]} == {body["id"], str(world.client.public_id)}
    assert Event.objects.filter(name="client.added").count() == 1


@pytest.mark.promise("domain R2")
def test_whoever_looks_like_somebody_known_is_made_on_request_only(world: World, api: Api) -> None:
    first = made(api)
    slip = {"first_name": "Girard", "last_name": "Lefebvre", "phone": "06 99 88 77 66"}
    refused = problem(api.post(CLIENTS, slip, key="k"), 409, "likely_known")
    assert refused["candidates"] == first["id"]
    assert Client.objects.filter(last_name="Lefebvre").count() == 1
    assert api.post(CLIENTS, {**slip, "confirm": True}).status_code == 201
    same = problem(api.post(CLIENTS, {**SOMEBODY, "confirm": True}), 409, "already_known")
    assert same["errors"][0]["attr"] == "email"
    assert Client.objects.filter(last_name="Lefebvre").count() == 2


@pytest.mark.parametrize(
    ("changes", "code", "attr"),
    [
        ({"email": "", "phone": ""}, "invalid", "email"),
        ({"email": "nobody"}, "invalid", "email"),
        ({"phone": "12"}, "invalid", "phone"),
        ({"last_name": " "}, "blank", "last_name"),
        ({"postcode": "2100"}, "invalid", "postcode"),
        ({"language": "de"}, "invalid_choice", "language"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(
    world: World, api: Api, changes: dict[str, str], code: str, attr: str
) -> None:
    before = Client.objects.count(), Event.objects.count()
    body = problem(api.post(CLIENTS, {**SOMEBODY, **changes}), 400, code)
    assert body["errors"][0]["attr"] == attr
    assert (Client.objects.count(), Event.objects.count()) == before


def test_a_correction_keeps_the_rest_and_names_the_version_it_saw(api: Api) -> None:
    body = made(api)
    address = f"{CLIENTS}/{body['id']}"
    seen = api.get(address).headers["ETag"]
    answer = api.post(f"{address}/edit", {"city": "Beaune", "phone": ""}, **{"If-Match": seen})
    assert (answer.status_code, answer.json()) == (200, {**body, "city": "Beaune", "phone": ""})
    assert answer.headers["ETag"] == api.get(address).headers["ETag"] != seen
    problem(api.post(f"{address}/edit", {"city": "Dijon"}, **{"If-Match": seen}), 412, "stale_version")
    problem(api.post(f"{address}/edit", {"email": ""}), 400, "invalid")  # nobody could reach them any more
    assert api.post(f"{address}/edit", {"city": "Beaune"}).json()["city"] == "Beaune"
    assert [event.data["fields"] for event in Event.objects.filter(name="client.changed")] == [["phone", "city"]]
    other = made(api, first_name="Zoé", last_name="Martin", email="zoe@example.fr", phone="")
    problem(api.post(f"{CLIENTS}/{other['id']}/edit", {"email": "G.Lefebvre@example.fr"}), 409, "already_known")


@pytest.mark.promise("domain R2")
def test_a_merged_record_answers_with_the_one_that_is_kept(world: World, api: Api) -> None:
    twin = Client.objects.create(
        organisation=world.organisation, first_name="Cam", last_name="Rou", phone="+33698765432"
    )
    booked = world.request(world.ironing)
    merge_clients(world.client, twin, by=world.actor())
    kept = str(world.client.public_id)
    assert api.get(f"{CLIENTS}/{twin.public_id}").json()["id"] == kept
    assert [one["id"] for one in api.get(CLIENTS, q="0698765432").json()["results"]] == [kept]
    assert api.post(f"{CLIENTS}/{twin.public_id}/edit", {"city": "Beaune"}).json()["id"] == kept
    twin.refresh_from_db()
    assert twin.city == ""
    for one in (kept, str(twin.public_id)):
        found = api.get(REQUESTS, client=one).json()["results"]
        assert [request["id"] for request in found] == [str(booked.public_id)]


@pytest.mark.promise("domain R2")
def test_the_people_a_client_asked_for_are_listed(world: World, api: Api) -> None:
    mother = {"first_name": "Jeanne", "last_name": "Garnier", "phone": "+33380505050"}
    asked_by = api.post(REQUESTS, booking(world, beneficiary=mother)).json()["client"]
    (found,) = api.get(f"{CLIENTS}/{asked_by}/beneficiaries").json()["results"]
    assert (found["first_name"], found["phone"]) == ("Jeanne", "+33380505050")
    assert api.get(f"{CLIENTS}/{found['id']}/beneficiaries").json()["results"] == []


# --- prescribers ----------------------------------------


@pytest.mark.promise("domain R2")
def test_a_partner_s_system_books_for_somebody_who_agreed(world: World, api: Api, prescriber: Prescriber) -> None:
    (named,) = api.get("/api/v1/prescribers").json()["results"]
    assert named == {
        "id": str(prescriber.public_id),
        "name": "Sonia Petit",
        "structure": "CCAS de Dijon",
        "is_paused": False,
    }
    silent = booking(world, prescriber={"id": named["id"], "agreed": False})
    assert problem(api.post(REQUESTS, silent), 400, "invalid")["errors"][0]["attr"] == "prescriber.agreed"
    assert ServiceRequest.objects.count() == 0
    answer = api.post(REQUESTS, booking(world, prescriber={"id": named["id"], "agreed": True}))
    assert (answer.status_code, answer.json()["prescriber"]) == (201, named["id"])
    said = Event.objects.get(name="service_request.submitted").data
    assert (said["entrusted"], said["on_behalf_of"]) == (ACCOMPANIED, answer.json()["client"])
    pause_prescriber(prescriber, by=world.actor())
    problem(api.post(REQUESTS, booking(world, prescriber={"id": named["id"], "agreed": True})), 403, "not_allowed")
    nobody = booking(world, prescriber={"id": str(world.site.public_id), "agreed": True})
    problem(api.post(REQUESTS, nobody), 404, "not_found")
    assert ServiceRequest.objects.count() == 1


@pytest.mark.promise("domain R2", "domain R5")
def test_a_quote_is_asked_for_in_somebody_s_name(world: World, api: Api, prescriber: Prescriber) -> None:
    service = QuoteWish.objects.get(request=asked(world)).service
    body = {
        "site": str(world.site.public_id),
        "client": {**SOMEBODY, "street": "3 rue Verte", "postcode": "21000", "city": "Dijon"},
        "prescriber": {"id": str(prescriber.public_id), "agreed": True},
        "wishes": [{"service": str(service.public_id), "description": "Deux étagères"}],
    }
    answer = api.post("/api/v1/quote-requests", body)
    assert (answer.status_code, answer.json().get("prescriber")) == (201, str(prescriber.public_id)), answer.json()


# --- accounts ----------------------------------------


@pytest.mark.promise("domain R2", "S11")
def test_an_account_is_read_without_its_code(world: World, api: Api, account: ClientAccount) -> None:
    code = renew_code(account, by=world.actor())
    account.refresh_from_db()
    answer = api.get(f"{ACCOUNTS}/{account.public_id}")
    body = answer.json()
    assert (body["name"], body["has_code"], body["contract_to"]) == ("Dijon Habitat", True, None)
    for secret in (code, code.replace("-", ""), account.code_hash):
        assert secret not in answer.content.decode()
    assert api.get(ACCOUNTS).json()["results"] == [body]


@pytest.mark.promise("domain R2")
def test_members_come_with_their_days_and_end(world: World, api: Api, account: ClientAccount) -> None:
    members = f"{ACCOUNTS}/{account.public_id}/members"
    first = api.post(members, {"email": "Camille.Roux@Example.fr", "valid_from": "2026-11-01"})
    assert (first.status_code, first.json()["email"], first.json()["client"]) == (201, "camille.roux@example.fr", None)
    again = api.post(members, {"email": "camille.roux@example.fr", "valid_from": "2026-11-02"})
    assert (again.status_code, again.json()["id"], again.json()["valid_from"]) == (
        200,
        first.json()["id"],
        "2026-11-02",
    )
    end = f"/api/v1/account-members/{first.json()['id']}/end"
    early = problem(api.post(end, {"last_day": "2026-11-01"}), 400, "invalid")
    assert early["errors"][0]["attr"] == "last_day"
    assert api.post(end, {"last_day": "2026-12-31"}).json()["valid_to"] == "2026-12-31"
    today = today_of(world.organisation)
    assert api.post(end).json()["valid_to"] == today.isoformat()
    # What has ended is not given back by another end: it is added again.
    assert api.post(end, {"last_day": "2026-12-31"}).json()["valid_to"] == today.isoformat()
    assert api.post(end).status_code == 200
    assert Event.objects.filter(name="client_account.member_ended").count() == 2
    assert len(api.get(members).json()["results"]) == 1
    wrong = {"email": "a@b.fr", "valid_from": "2026-12-02", "valid_to": "2026-12-01"}
    assert problem(api.post(members, wrong), 400, "invalid")["errors"][0]["attr"] == "valid_to"
    assert ClientMembership.objects.count() == 1
    assert ClientMembership.objects.get().valid_to == today


@pytest.mark.promise("domain R12")
def test_the_usage_counts_twelve_months(world: World, api: Api, account: ClientAccount) -> None:
    ClientMembership.objects.create(organisation=world.organisation, account=account, client=world.client)
    ServiceRequest.objects.filter(pk=world.request(world.ironing).pk).update(payer_account=account)
    usage = api.get(f"{ACCOUNTS}/{account.public_id}/usage").json()
    assert usage["months"][0] == {"month": "2026-11", "requests": 1}
    assert [len(usage["months"]), usage["months"][-1]["month"]] == [12, "2025-12"]
    assert (usage["registered"], usage["headcount"], usage["reach"]) == (1, 10, 10)


# --- whose keys ----------------------------------------


@pytest.mark.promise("S01", "S36")
def test_each_scope_opens_its_own_and_a_provider_sees_nobody(world: World, account: ClientAccount) -> None:
    reads = {
        CLIENTS: Scope.CLIENTS_READ,
        f"{CLIENTS}/{world.client.public_id}": Scope.CLIENTS_READ,
        "/api/v1/prescribers": Scope.CLIENTS_READ,
        ACCOUNTS: Scope.ACCOUNTS_READ,
        f"{ACCOUNTS}/{account.public_id}/usage": Scope.ACCOUNTS_READ,
        f"{ACCOUNTS}/{account.public_id}/members": Scope.ACCOUNTS_READ,
    }
    for path, scope in reads.items():
        assert Api(world.api_key(scope)).get(path).status_code == 200, path
        assert Api(world.api_key(*(other for other in Scope if other != scope))).get(path).status_code == 403, path
    provider = Api(world.api_key(provider_id=1))
    for path in reads:
        answer = provider.get(path)
        is_list = path in {CLIENTS, ACCOUNTS, "/api/v1/prescribers"}
        assert (answer.status_code, answer.json().get("results")) == ((200, []) if is_list else (404, None)), path
    problem(provider.post(CLIENTS, SOMEBODY), 403, "not_allowed")
    problem(Api(world.api_key(Scope.CLIENTS_READ)).post(CLIENTS, SOMEBODY), 403, "permission_denied")


@pytest.mark.promise("R03")
def test_the_same_call_twice_adds_one(api: Api) -> None:
    first = api.post(CLIENTS, SOMEBODY, key="k")
    again = api.post(CLIENTS, SOMEBODY, key="k")
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    assert Client.objects.filter(last_name="Lefebvre").count() == 1


@pytest.mark.parametrize("what", ["clients", "prescribers", "accounts", "members"])
def test_the_lists_ask_as_much_for_three_as_for_one(world: World, api: Api, account: ClientAccount, what: str) -> None:
    def one_more(number: int) -> None:
        name = f"P{number}"
        person = Client.objects.create(organisation=world.organisation, first_name=name, last_name="Q")
        match what:
            case "prescribers":
                invite_prescriber(
                    world.organisation,
                    f"{name}@ccas.example",
                    first_name=name,
                    last_name="Q",
                    structure="CCAS",
                    by=world.actor(),
                )
            case "accounts":
                ClientAccount.objects.create(organisation=world.organisation, name=name)
            case "members":
                ClientMembership.objects.create(organisation=world.organisation, account=account, client=person)

    address = {
        "clients": CLIENTS,
        "prescribers": "/api/v1/prescribers",
        "accounts": ACCOUNTS,
        "members": f"{ACCOUNTS}/{account.public_id}/members",
    }[what]

    def asked_for() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert api.get(address).status_code == 200
        return len(queries)

    one_more(1)
    api.get(address)
    first = asked_for()
    one_more(2)
    one_more(3)
    assert asked_for() == first
