"""What every endpoint of the API promises, asked of real endpoints: keys, idempotency, bodies, versions, limits."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import Client as Browser
from django.utils import timezone, translation
from kombu.exceptions import OperationalError as BrokerDown
from redis.exceptions import ConnectionError as RedisConnectionError

from bookings.models import Hold, ServiceRequest
from concierge import tenancy
from concierge.api import idempotency
from concierge.api.keys import KeyThrottle
from concierge.enums import Scope
from concierge.models import ApiClient, Event, IdempotencyRecord
from concierge.tasks import purge_organisation
from tests.world import World, build_world

SITES, REQUESTS = "/api/v1/sites", "/api/v1/service-requests"
MONDAY = dt.datetime(2026, 11, 23, 7, 0, tzinfo=dt.UTC)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]


@pytest.fixture
def monday() -> Iterator[Any]:
    """Monday morning, before the desk opens."""
    import time_machine

    with time_machine.travel(MONDAY, tick=True) as traveller:
        yield traveller


class Api:
    """Calls with one key; every answer that refuses is checked to be a problem."""

    def __init__(self, key: str, *, language: str = "en", raises: bool = True) -> None:
        self.browser = Browser(raise_request_exception=raises, enforce_csrf_checks=True)
        self.headers = {"Authorization": f"Bearer {key}", "Accept-Language": language}

    def get(self, path: str, query: Any = None, **headers: str) -> Any:
        return checked(self.browser.get(path, query, headers={**self.headers, **headers}))

    def post(self, path: str, body: Any = None, *, key: str | None = "", raw: Any = None, **headers: str) -> Any:
        named = {} if key is None else {"Idempotency-Key": key or str(uuid.uuid4())}
        return checked(
            self.browser.post(
                path,
                json.dumps(body or {}) if raw is None else raw,
                content_type=headers.pop("content_type", "application/json"),
                headers={**self.headers, **named, **headers},
            )
        )


def checked(answer: Any) -> Any:
    """Refusals are problem details whose members agree with the answer."""
    if answer.status_code >= 400:
        assert answer.headers["Content-Type"].startswith("application/problem+json"), answer.content[:200]
        body = answer.json()
        assert body["status"] == answer.status_code
        assert body["type"] == f"urn:concierge:problem:{body['code']}"
        assert body["title"]
        assert body["errors"]
    return answer


def said(answer: Any) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()["code"]


@pytest.fixture
def api(world: World) -> Api:
    return Api(world.api_key())


def booking(world: World, **changes: Any) -> dict[str, Any]:
    """New heels on Tuesday at ten."""
    return {
        "site": str(world.site.public_id),
        "slot": "2026-11-24T09:00:00Z",
        "client": {"first_name": "Inès", "last_name": "Garnier", "email": "ines.garnier@example.fr"},
        "lines": [{"service": str(world.cobbler.public_id), "quantity": 1}],
        **changes,
    }


def effects() -> tuple[int, int, int]:
    """What a booking leaves: requests, events, stored answers."""
    return ServiceRequest.objects.count(), Event.objects.count(), IdempotencyRecord.objects.count()


# --- idempotency ----------------------------------------


@pytest.mark.promise("R03")
@pytest.mark.parametrize("key", [None, "x" * 256, "x" * 300, "clé", "a\tb", "a\x7f", "日本"])
def test_an_unsafe_call_names_its_effect_properly(world: World, api: Api, key: str | None) -> None:
    before = effects()
    answer = api.post(REQUESTS, booking(world), key=key)
    assert said(answer) == (400, "idempotency_key_required")
    assert effects() == before


@pytest.mark.promise("R03")
@pytest.mark.parametrize("key", ["x", "x" * 255, "~!@#$%^&*() with spaces"])
def test_any_printable_key_is_good(world: World, api: Api, key: str) -> None:
    assert api.post(REQUESTS, booking(world), key=key).status_code == 201


@pytest.mark.promise("R03", "R04")
def test_a_lost_answer_is_given_again_byte_by_byte(world: World, api: Api) -> None:
    first = api.post(REQUESTS, booking(world), key="k")
    assert "Idempotent-Replayed" not in first.headers
    before = effects()
    again = api.post(REQUESTS, booking(world), key="k")
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    kept = ("Location", "ETag", "Content-Type")
    assert [again.headers[name] for name in kept] == [first.headers[name] for name in kept]
    assert effects() == before


@pytest.mark.promise("R03")
def test_a_replay_is_the_old_answer_even_when_things_have_changed(world: World, api: Api) -> None:
    made = api.post(REQUESTS, booking(world), key="k")
    assert api.post(f"{made.headers['Location']}/cancel").status_code == 200
    assert api.post(REQUESTS, booking(world), key="k").content == made.content
    assert api.get(made.headers["Location"]).json()["status"] == "cancelled"


@pytest.mark.promise("R03")
def test_the_same_key_for_something_else_is_refused(world: World, api: Api) -> None:
    made = api.post(REQUESTS, booking(world), key="k")
    before = effects()
    assert said(api.post(REQUESTS, booking(world, note="autre"), key="k")) == (422, "idempotency_key_reused")
    assert said(api.post(f"{made.headers['Location']}/cancel", key="k")) == (422, "idempotency_key_reused")
    assert effects() == before


@pytest.mark.promise("R03")
def test_the_order_of_members_is_not_another_request(world: World, api: Api) -> None:
    asked = booking(world)
    first = api.post(REQUESTS, asked, key="k")
    turned = api.post(REQUESTS, dict(reversed(asked.items())), key="k")
    assert turned.content == first.content


@pytest.mark.promise("R03", "S01")
def test_keys_of_others_are_their_own(world: World, other_world: World, api: Api) -> None:
    first = api.post(REQUESTS, booking(world), key="k")
    colleague = Api(world.api_key()).post(REQUESTS, booking(world), key="k")
    stranger = Api(other_world.api_key()).post(REQUESTS, booking(other_world), key="k")
    assert [one.status_code for one in (first, colleague, stranger)] == [201, 201, 201]
    assert len({one.json()["id"] for one in (first, colleague, stranger)}) == 3
    assert all("Idempotent-Replayed" not in one.headers for one in (colleague, stranger))


@pytest.mark.promise("R03")
def test_a_refusal_had_no_effect_and_is_not_remembered(world: World, api: Api) -> None:
    assert api.post(REQUESTS, booking(world, lines=[]), key="k").status_code == 400
    assert api.post(REQUESTS, booking(world), key="k").status_code == 201


@pytest.mark.promise("R03", "R04")
def test_after_a_crash_before_the_commit_a_retry_works(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(world.api_key(), raises=False)
    before = effects()
    with monkeypatch.context() as patch:

        def crash(*_args: Any, **_fields: Any) -> None:
            raise RuntimeError("power cut")

        patch.setattr(idempotency, "insert_one", crash)
        assert api.post(REQUESTS, booking(world), key="k").status_code == 500
    assert effects() == before
    retried = api.post(REQUESTS, booking(world), key="k")
    assert retried.status_code == 201
    assert "Idempotent-Replayed" not in retried.headers
    assert ServiceRequest.objects.count() == 1


@pytest.mark.promise("R03")
def test_after_its_time_a_key_is_forgotten(world: World, api: Api, monday: Any) -> None:
    api.post(REQUESTS, booking(world), key="k")
    IdempotencyRecord.objects.update(created_at=timezone.now() - dt.timedelta(days=31))
    purge_organisation(world.organisation.pk)
    assert "Idempotent-Replayed" not in api.post(REQUESTS, booking(world), key="k").headers


# --- idempotency under concurrency ----------------------------------------


def together(world: World, count: int) -> Counter[str]:
    """The same call with the same key from several threads at once; counts what each heard."""
    key, gate, heard = world.api_key(), threading.Barrier(count), Counter[str]()

    def call() -> None:
        try:
            gate.wait(timeout=30)
            answer = Api(key).post(REQUESTS, booking(world), key="k")
            replayed = "Idempotent-Replayed" in answer.headers
            heard["replayed" if replayed else str(answer.json().get("code", answer.status_code))] += 1
        finally:
            connections.close_all()

    threads = [threading.Thread(target=call) for _number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert heard.total() == count
    return heard


@pytest.mark.promise("R03")
@pytest.mark.django_db(transaction=True)
def test_at_the_same_moment_one_has_the_effect() -> None:
    world = build_world()
    heard = together(world, 8)
    assert heard["201"] == 1
    assert set(heard) <= {"201", "replayed", "request_in_progress"}
    with tenancy.working_for(world.organisation):
        assert (ServiceRequest.objects.count(), IdempotencyRecord.objects.count(), Hold.objects.live().count()) == (
            1,
            1,
            1,
        )


@pytest.mark.promise("R03")
@pytest.mark.django_db(transaction=True)
def test_without_lock_and_record_the_effect_doubles(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: it must book twice, else the test above proves nothing."""
    world = build_world()

    monkeypatch.setattr(idempotency, "advisory_lock", lambda *_parts: True)
    monkeypatch.setattr(idempotency, "_KNOWN", SimpleNamespace(first=lambda **_given: None))
    monkeypatch.setattr(idempotency, "insert_one", lambda _record: None)
    assert together(world, 2) == {"201": 2}
    with tenancy.working_for(world.organisation):
        assert ServiceRequest.objects.count() == 2


# --- versions ----------------------------------------


@pytest.mark.promise("R44")
def test_an_update_of_another_version_is_refused(world: World, api: Api) -> None:
    made = api.post(REQUESTS, booking(world))
    address, tag = made.headers["Location"], made.headers["ETag"]
    assert api.get(address).headers["ETag"] == tag
    before = effects()
    for stale in ('"0"', '"999"', "nonsense", f"W/{tag}"):
        assert said(api.post(f"{address}/cancel", **{"If-Match": stale})) == (412, "stale_version")
    assert effects() == before
    changed = api.post(f"{address}/cancel", **{"If-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] == api.get(address).headers["ETag"] != tag


@pytest.mark.promise("R44")
@pytest.mark.parametrize("header", [{}, {"If-Match": "*"}])
def test_without_a_named_version_nothing_is_compared(world: World, api: Api, header: dict[str, str]) -> None:
    made = api.post(REQUESTS, booking(world))
    assert api.post(f"{made.headers['Location']}/cancel", **header).status_code == 200


# --- bodies ----------------------------------------


@pytest.mark.promise("S28")
@pytest.mark.parametrize(
    ("raw", "headers", "status"),
    [
        pytest.param(b"[" * 100_000 + b"]" * 100_000, {}, 400, id="100000-deep"),
        pytest.param(b'{"a":' * 100_000, {}, 413, id="deep-and-long"),
        pytest.param(b'"' + b"x" * 20_000_000 + b'"', {}, 413, id="20-MB"),
        pytest.param(b" " * 20_000_000, {}, 413, id="20-MB-of-nothing"),
        pytest.param(b'{"site": 1, "site": 2}', {}, 400, id="duplicate-key"),
        pytest.param(b'{"site": NaN}', {}, 400, id="nan"),
        pytest.param(b'{"site": 1e999}', {}, 400, id="infinite"),
        pytest.param(b'{"site": "\xff"}', {}, 400, id="not-utf-8"),
        pytest.param(b'{"note": "\\u0000"}', {}, 400, id="nul"),
        pytest.param(b'{"note": "\\ud800"}', {}, 400, id="lone-surrogate"),
        pytest.param(b"[]", {}, 400, id="a-list"),
        pytest.param(b'"text"', {}, 400, id="text"),
        pytest.param(b"null", {}, 400, id="null"),
        pytest.param(b"{", {}, 400, id="cut"),
        pytest.param(b"{}", {"content_type": "text/plain"}, 415, id="plain-text"),
        pytest.param(b"{}", {"content_type": "application/xml"}, 415, id="xml"),
        pytest.param(b"a=1", {"content_type": "application/x-www-form-urlencoded"}, 415, id="form"),
        pytest.param(b"--x--", {"content_type": "multipart/form-data; boundary=x"}, 415, id="multipart"),
        pytest.param(gzip.compress(b"{}"), {"Content-Encoding": "gzip"}, 415, id="gzip"),
        pytest.param(gzip.compress(b" " * 10**8), {"Content-Encoding": "gzip"}, 415, id="gzip-bomb"),
        pytest.param(b"{}", {"Content-Encoding": "br"}, 415, id="brotli"),
    ],
)
def test_hostile_bodies_are_refused(world: World, raw: bytes, headers: dict[str, str], status: int) -> None:
    api = Api(world.api_key(), raises=False)
    before = effects()
    assert api.post(REQUESTS, raw=raw, **headers).status_code == status
    assert effects() == before


@pytest.mark.promise("S28")
def test_an_empty_body_is_an_empty_object(world: World, api: Api) -> None:
    made = api.post(REQUESTS, booking(world))
    assert api.post(f"{made.headers['Location']}/cancel", raw=b"").status_code == 200


# --- pages ----------------------------------------


@pytest.mark.promise("S30")
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"page_size": "1000000000"}, 200),
        ({"page_size": "9" * 5000}, 200),
        ({"page_size": "-1"}, 200),
        ({"page_size": "0"}, 200),
        ({"page_size": "x"}, 200),
        ({"page": "-1"}, 200),
        ({"offset": "1000000000"}, 200),
        ({"ordering": "password"}, 200),
        ({"cursor": "x"}, 404),
        ({"cursor": "é"}, 404),
        ({"cursor": "\x00"}, 200),
        ({"cursor": "cD0x"}, 200),
        ({"cursor": "cD14"}, 404),
        ({"cursor": "cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk5"}, 404),
        ({"cursor": "bz05OTk5OTk5OTk5OTk5OTk5OTk5"}, 200),
        ({"cursor": "cD0A"}, 404),
    ],
)
def test_pages_have_limits(world: World, query: dict[str, str], status: int) -> None:
    api = Api(world.api_key(), raises=False)
    assert api.get(REQUESTS, query).status_code == status


@pytest.mark.promise("S30")
def test_pages_follow_each_other_and_are_never_larger_than_allowed(world: World, api: Api) -> None:
    from concierge.api.pages import CursorPages

    ids = [str(world.request().public_id) for _number in range(5)]
    seen, address = [], f"{REQUESTS}?page_size=2"
    while address:
        page = api.get(address).json()
        assert len(page["results"]) <= 2
        seen += [one["id"] for one in page["results"]]
        address = page["next"]
    assert seen == ids[::-1]
    assert (CursorPages.page_size, CursorPages.max_page_size) == (50, 200)


# --- limits ----------------------------------------


@pytest.fixture
def tight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two calls a minute."""
    monkeypatch.setattr(KeyThrottle, "THROTTLE_RATES", {"api_key": "2/min", "api_anonymous": "2/min"})


@pytest.mark.promise("S31")
def test_too_many_calls_are_told_when_to_come_back(world: World, api: Api, tight: None, monday: Any) -> None:
    assert [api.get(SITES).status_code for _call in range(2)] == [200, 200]
    refused = api.get(SITES)
    assert said(refused) == (429, "throttled")
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert said(api.post(REQUESTS, booking(world))) == (429, "throttled")
    assert Api(world.api_key()).get(SITES).status_code == 200
    monday.shift(dt.timedelta(seconds=int(refused.headers["Retry-After"]) + 1))
    assert api.get(SITES).status_code == 200


@pytest.mark.promise("S31")
@pytest.mark.parametrize("address", [SITES, SITES + "?x=1", "/api/v1/offers"])
def test_changing_address_or_claimed_origin_does_not_help(world: World, api: Api, tight: None, address: str) -> None:
    for number in range(2):
        api.get(SITES, **{"X-Forwarded-For": f"203.0.113.{number}"})
    assert said(api.get(address, **{"X-Forwarded-For": "203.0.113.9"})) == (429, "throttled")


@pytest.mark.promise("S31", "S36")
def test_guessing_keys_is_slow_too(world: World, tight: None) -> None:
    heard = [Api(f"cs.sens-pratique.{number:012}.guess").get(SITES).status_code for number in range(4)]
    assert heard == [401, 401, 429, 429]
    assert Api(world.api_key()).get(SITES).status_code == 200


@pytest.fixture
def without_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command to Redis fails, as when it is down."""

    def refuse(*_args: Any, **_options: Any) -> None:
        raise RedisConnectionError("Connection refused")

    monkeypatch.setattr("redis.client.Redis.execute_command", refuse)
    monkeypatch.setattr("redis.client.Pipeline.execute", refuse)

    def unreachable(*_args: Any, **_options: Any) -> None:
        raise BrokerDown("Connection refused")  # as Celery says it

    monkeypatch.setattr("celery.app.task.Task.apply_async", unreachable)


@pytest.mark.promise("S31", "R14")
def test_without_redis_reads_and_bookings_go_on(
    world: World, api: Api, without_redis: None, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    with pytest.raises(RedisConnectionError):
        cache.get("anything")
    assert api.get(SITES).status_code == 200
    assert Api("wrong").get(SITES).status_code == 401
    with django_capture_on_commit_callbacks(execute=True):
        made = api.post(REQUESTS, booking(world))
    assert made.status_code == 201
    assert Event.objects.filter(name="service_request.confirmed").count() == 1


# --- keys ----------------------------------------


@pytest.mark.promise("S36")
@pytest.mark.parametrize(
    "header",
    [
        "Basic {key}",
        "Token {key}",
        "{key}",
        "Bearer",
        "Bearer ",
        "Bearer {key}x",
        "Bearer x{key}",
        "Bearer cs.sens-pratique.{prefix}.",
        "Bearer cs.sens-pratique.{prefix}.wrong",
        "Bearer cs.le-coup-de-main.{prefix}.{secret}",
        "Bearer cs.personne.{prefix}.{secret}",
        "Bearer cs...",
        "Bearer cs.\x00.a.b",
        "Bearer é.é.é.é",
        "Bearer " + "a." * 5000,
    ],
)
def test_only_a_whole_key_as_bearer_opens(world: World, other_world: World, header: str) -> None:
    key = world.api_key()
    _cs, _slug, prefix, secret = key.split(".")
    sent = header.replace("{key}", key).replace("{prefix}", prefix).replace("{secret}", secret)
    answer = checked(Browser().get(SITES, headers={"Authorization": sent}))
    assert said(answer) == (401, "authentication_failed")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert secret not in answer.content.decode()


@pytest.mark.promise("S36")
def test_the_scheme_may_be_written_in_any_case(world: World) -> None:
    assert Browser().get(SITES, headers={"Authorization": f"bEARER {world.api_key()}"}).status_code == 200


@pytest.mark.promise("S36")
@pytest.mark.parametrize("name", ["key", "api_key", "token", "access_token", "Authorization"])
def test_a_key_in_the_address_or_a_cookie_is_ignored(world: World, name: str) -> None:
    browser, key = Browser(), world.api_key()
    browser.cookies[name] = key
    assert said(checked(browser.get(SITES, {name: key}))) == (401, "not_authenticated")


@pytest.mark.parametrize(
    ("sentence", "french"),
    [
        ("No data provided", "Le corps ne contient aucune donnée."),
        ("Authentication credentials were not provided.", "Aucune clé n’a été envoyée."),
    ],
)
def test_sentences_of_the_library_have_our_french(sentence: str, french: str) -> None:
    """Theirs has no French for the one, and a straight apostrophe in the other."""
    with translation.override("fr"):
        assert translation.gettext(sentence) == french


@pytest.mark.promise("S36")
def test_a_signed_in_person_is_not_a_key(world: World) -> None:
    browser = Browser()
    browser.force_login(world.users["network_head"])
    assert said(checked(browser.get(SITES))) == (401, "not_authenticated")


@pytest.mark.promise("S36")
@pytest.mark.parametrize("field", ["revoked_at", "expires_at"])
def test_a_revoked_or_expired_key_is_told_so(world: World, api: Api, field: str) -> None:
    ApiClient.objects.update(**{field: timezone.now() + dt.timedelta(hours=1)})
    if field == "expires_at":
        assert api.get(SITES).status_code == 200
    ApiClient.objects.update(**{field: timezone.now()})
    answer = api.get(SITES)
    assert said(answer) == (401, "authentication_failed")
    assert "revoked or has expired" in answer.json()["title"]


@pytest.mark.promise("S36")
def test_the_secret_is_stored_as_a_hash_and_its_use_is_noted(world: World) -> None:
    key = world.api_key()
    assert Api(key).get(SITES).status_code == 200
    client = ApiClient.objects.get()
    assert key.rpartition(".")[2] not in json.dumps({name: str(value) for name, value in vars(client).items()})
    assert client.last_used_at is not None


@pytest.mark.promise("S36", "S07")
@pytest.mark.parametrize("scope", Scope.values)
def test_a_key_does_what_its_one_scope_says(world: World, scope: str) -> None:
    api = Api(world.api_key(scope))
    reads = {
        SITES: Scope.CATALOGUE_READ,
        REQUESTS: Scope.REQUESTS_READ,
        "/api/v1/offers": Scope.OFFERS_READ,
        "/api/v1/agreements": Scope.AGREEMENTS_READ,
        "/api/v1/work-orders": Scope.WORK_ORDERS_READ,
        "/api/v1/invoices": Scope.INVOICES_READ,
    }
    for path, needed in reads.items():
        assert api.get(path).status_code == (200 if scope == needed else 403), path
    assert api.post(REQUESTS, booking(world)).status_code == (201 if scope == Scope.REQUESTS_WRITE else 403)


# --- languages and addresses ----------------------------------------


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("fr", "Cette clé d’API n’est pas valable."),
        ("en", "This API key is not valid."),
        ("de", "Cette clé d’API n’est pas valable."),
    ],
)
def test_titles_speak_the_callers_language(world: World, language: str, title: str) -> None:
    answer = Api("wrong", language=language).get(SITES)
    assert answer.json()["title"] == title


@pytest.mark.parametrize("path", ["/api/", "/api/v1", "/api/v1/", "/api/v1/nowhere", "/api/v1/a%0Ab", SITES + "/"])
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_addresses_that_do_not_exist_say_so_in_json(world: World, path: str, method: str) -> None:
    browser = Browser(enforce_csrf_checks=True)
    assert said(checked(getattr(browser, method)(path))) == (404, "not_found")


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_are_not_allowed(world: World, api: Api, method: str) -> None:
    answer = checked(getattr(api.browser, method)(SITES, headers=api.headers))
    assert said(answer) == (405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]


@pytest.mark.promise("S36")
def test_a_key_is_issued_on_the_command_line(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("issue_api_key", world.organisation.slug, "Intranet", "catalogue:read")
    api = Api(capsys.readouterr().out.strip())
    assert api.get(SITES).status_code == 200
    assert api.get(REQUESTS).status_code == 403
    with pytest.raises(CommandError):
        call_command("issue_api_key", "personne", "Intranet", "catalogue:read")
    with pytest.raises(CommandError):
        call_command("issue_api_key", world.organisation.slug, "Intranet", "everything")
