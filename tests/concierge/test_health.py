"""Health, metrics, refusals, and what a safe method may not do."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import DatabaseError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client as Browser
from django.urls import path
from django.utils import timezone
from redis.exceptions import ConnectionError as CacheDown

from concierge.errors import WrongState
from concierge.models import Heartbeat, Organisation
from concierge.urls import handler500  # noqa: F401 - Django looks for it beside `urlpatterns`
from concierge.urls import urlpatterns as all_urls
from tests.world import World


def test_healthz_needs_nothing(client: Browser) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.promise("R16")
def test_readyz_tells_what_is_missing(world: World, client: Browser) -> None:
    answer = client.get("/readyz")
    assert answer.json() == {
        "status": "degraded",
        "database": "ok",
        "migrations": "ok",
        "broker": "ok",
        "sweep": "never",
    }
    Heartbeat.objects.create(name="sweep", at=timezone.now())
    assert client.get("/readyz").json()["status"] == "ok"
    Heartbeat.objects.update(at=timezone.now() - dt.timedelta(minutes=10))
    assert client.get("/readyz").json()["sweep"] == "late"


def writing_get(request: HttpRequest) -> HttpResponse:
    Organisation.objects.update(name="changed by a GET")
    return HttpResponse()


def refusing(request: HttpRequest) -> HttpResponse:
    raise WrongState


def without_database(request: HttpRequest) -> HttpResponse:
    raise OperationalError("the connection is closed")


def without_cache(request: HttpRequest) -> HttpResponse:
    raise CacheDown("refused")


def with_a_bug(request: HttpRequest) -> HttpResponse:
    raise ValueError("ours")


urlpatterns = [
    path("writing-get/", writing_get),
    path("refusing/", refusing),
    path("without-database/", without_database),
    path("without-cache/", without_cache),
    path("api/without-database", without_database),
    path("with-a-bug/", with_a_bug),
    *all_urls,
]


@pytest.mark.promise("S10")
@pytest.mark.urls(__name__)
def test_a_get_cannot_write(world: World, client: Browser) -> None:
    client.force_login(world.users["trainee"])
    with pytest.raises(DatabaseError, match="read-only transaction"):
        client.get("/writing-get/")
    world.organisation.refresh_from_db()
    assert world.organisation.name == "Sens Pratique"


@pytest.mark.urls(__name__)
def test_a_refusal_is_a_page_that_says_what_happened(world: World, client: Browser) -> None:
    client.force_login(world.users["trainee"])
    answer = client.get("/refusing/")
    assert answer.status_code == 409
    assert "UNDEFINED-TEMPLATE" not in answer.content.decode()


@pytest.mark.promise("R10", "R14", "S40")
@pytest.mark.urls(__name__)
def test_a_restarting_server_is_no_bug(world: World, client: Browser) -> None:
    """Try again (503) is said by pages and by the API; a fault of ours stays a 500 without details."""
    client.force_login(world.users["trainee"])
    client.raise_request_exception = False
    for address in ("/without-database/?page=2", "/without-cache/"):
        answer = client.get(address)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert "Nous revenons dans un instant" in answer.content.decode()
        assert f'<a href="{address}">Réessayer</a>' in answer.content.decode()
    assert client.get("/api/without-database").json()["code"] == "unavailable"
    assert client.get("/with-a-bug/").status_code == 500


@pytest.mark.promise("R10", "S34")
@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("sent_from", "again"),
    [
        ("http://testserver/reserver/republique/", "http://testserver/reserver/republique/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_whoever_sent_a_form_goes_back_to_it(world: World, client: Browser, sent_from: str, again: str) -> None:
    client.force_login(world.users["trainee"])
    client.raise_request_exception = False
    answer = client.post("/without-database/", headers={"Referer": sent_from})
    assert answer.status_code == 503
    assert f'<a href="{again}">Réessayer</a>' in answer.content.decode()


def test_unknown_host_is_told_when_there_are_several_organisations(
    world: World, other_world: World, client: Browser
) -> None:
    assert client.get("/", headers={"Host": "127.0.0.1"}).status_code == 404
    assert client.get("/", headers={"Host": "autre.localhost"}).status_code == 302


@pytest.mark.promise("S12")
def test_staff_without_second_factor_get_no_staff_page(world: World, client: Browser) -> None:
    from allauth.mfa.models import Authenticator

    dispatcher = world.users["dispatcher"]
    Authenticator.objects.filter(user=dispatcher).delete()
    client.force_login(dispatcher)
    answer = client.get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/compte/2fa/")


@pytest.mark.promise("S23")
def test_headers_are_strict_on_every_answer(world: World, client: Browser) -> None:
    for address in ("/healthz", "/nowhere/", "/api/v1/nowhere"):
        answer = client.get(address)
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
