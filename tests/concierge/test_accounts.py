"""Signing in: limits by the visitor's address, language before any account."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client as Browser

from tests.world import World


def test_a_visitor_chooses_the_language(world: World, client: Browser) -> None:
    answer = client.post("/i18n/setlang/", {"language": "en", "next": "/reserver/"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/reserver/")
    assert 'lang="en"' in client.get("/reserver/").content.decode()


@pytest.mark.promise("S34")
def test_the_language_leads_nowhere_else(world: World, client: Browser) -> None:
    answer = client.post("/i18n/setlang/", {"language": "en", "next": "https://evil.example/"})
    assert answer.headers["Location"] == "/"


@pytest.mark.promise("S11", "S31")
def test_one_guesser_behind_the_proxy_does_not_lock_the_others_out(
    world: World, client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "ALLAUTH_TRUSTED_PROXY_COUNT", 1)

    def sign_in(number: int, address: str) -> int:
        guess = {"login": f"somebody{number}@example.fr", "password": "wrong"}
        return client.post("/compte/login/", guess, headers={"X-Forwarded-For": f"9.9.9.9, {address}"}).status_code

    assert [sign_in(n, "203.0.113.7") for n in range(40)].count(429) > 0
    assert sign_in(99, "203.0.113.8") == 200


def test_limits_see_through_as_many_proxies_as_the_installation_has() -> None:
    assert settings.REST_FRAMEWORK["NUM_PROXIES"] == settings.ALLAUTH_TRUSTED_PROXY_COUNT
