"""Whoever comes too often is slowed down, by the network they come from, and told when to come back (S11, S31)."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.test import RequestFactory

from concierge.api.keys import KeyThrottle
from concierge.enums import Scope
from concierge.errors import TooManyAttempts
from concierge.visitors import visitor_address
from tests.concierge.test_api_kernel import REQUESTS, SITES, Api, said
from tests.world import World

pytestmark = pytest.mark.django_db


def at(address: str) -> Browser:
    """A browser at a network address."""
    return Browser(REMOTE_ADDR=address)


@pytest.mark.promise("S31")
@pytest.mark.parametrize(
    ("seen", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:0DB8:0001:0002:ffff::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", ""),
        ("no address", "no address"),
    ],
)
def test_a_visitor_is_counted_by_network(seen: str, counted: str) -> None:
    assert visitor_address(RequestFactory().get("/", REMOTE_ADDR=seen)) == counted


@pytest.mark.promise("S31")
def test_only_as_many_proxies_as_there_are_are_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", headers={"X-Forwarded-For": "9.9.9.9, 2001:db8::1"})
    assert visitor_address(request) == "10.0.0.1"
    monkeypatch.setattr("rest_framework.settings.api_settings.NUM_PROXIES", 1)
    assert visitor_address(request) == "2001:db8::/64"


@pytest.fixture
def tight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three calls a minute."""
    monkeypatch.setattr(KeyThrottle, "THROTTLE_RATES", {"api_key": "3/min", "api_anonymous": "3/min"})


@pytest.mark.promise("S31", "S36")
def test_guessing_keys_from_many_addresses_of_one_network_is_slow_too(world: World, tight: None) -> None:
    heard = []
    for number in range(5):
        api = Api(f"cs.sens-pratique.{number:012}.guess")
        api.browser = at(f"2001:db8:1:2::{number + 1:x}")
        heard.append(said(api.get(SITES)))
    assert heard == [(401, "authentication_failed")] * 3 + [(429, "throttled")] * 2
    elsewhere = Api("cs.sens-pratique.0.guess")
    elsewhere.browser = at("2001:db8:1:3::1")
    assert elsewhere.get(SITES).status_code == 401


@pytest.mark.promise("S31", "S36")
def test_a_key_that_keeps_asking_for_what_it_may_not_is_slowed_down(world: World, tight: None) -> None:
    api = Api(world.api_key(Scope.CATALOGUE_READ))
    assert [api.get(REQUESTS).status_code for _call in range(3)] == [403, 403, 403]
    refused = api.get(REQUESTS)
    assert said(refused) == (429, "throttled")
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert api.get(SITES).status_code == 429
    assert Api(world.api_key()).get(REQUESTS).status_code == 200


@pytest.mark.promise("S31")
def test_a_refusal_of_too_many_attempts_says_when_to_come_back(
    world: World, client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: Any, **_named: Any) -> None:
        raise TooManyAttempts(retry_after=321)

    monkeypatch.setattr("concierge.models.SiteQuerySet.visible_to", refuse)
    answer = Api(world.api_key()).get(SITES)
    assert said(answer) == (429, "too_many_attempts")
    assert answer.headers["Retry-After"] == "321"
    page = client.get("/reserver/")
    assert (page.status_code, page.headers["Retry-After"]) == (429, "321")


@pytest.mark.promise("S11", "S31")
def test_a_page_of_the_library_that_refuses_speaks_like_ours(world: World, client: Browser) -> None:
    for number in range(31):
        answer = client.post("/compte/login/", {"login": f"nobody{number}@example.fr", "password": "wrong"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    assert "Trop d’essais" in answer.content.decode() or "Trop de tentatives" in answer.content.decode()


@pytest.mark.promise("S31")
def test_sign_in_counts_the_network_and_not_the_address(world: World) -> None:
    def sign_in(number: int, address: str) -> int:
        guess = {"login": f"somebody{number}@example.fr", "password": "wrong"}
        return at(address).post("/compte/login/", guess).status_code

    assert [sign_in(n, f"2001:db8:9:9::{n + 1:x}") for n in range(31)][-1] == 429
    # Behind a socket that speaks both, each IPv4 visitor still counts alone.
    assert [sign_in(n, f"::ffff:203.0.113.{n}") for n in range(31)].count(429) == 0


def test_the_installation_counts_by_the_usual_prefix() -> None:
    assert getattr(settings, "ALLAUTH_RATE_LIMIT_IPV6_PREFIX", 64) == 64
