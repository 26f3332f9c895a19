"""The page of the organisation's own API keys: who sees it, a key shown once, its end (S12, S36)."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from concierge.actions import issue_api_key
from concierge.enums import Scope
from concierge.models import ApiClient, Event
from tests.concierge.test_api_kernel import REQUESTS, SITES, Api
from tests.signing_in import forget_second_factor
from tests.world import World

KEYS = "/cles-api/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(world: World) -> Browser:
    """A site manager's browser."""
    browser = Browser()
    browser.force_login(world.users["site_manager"])
    return browser


def page(answer: Any, status: int = 200) -> str:
    """The words of a page."""
    body = html.unescape(answer.content.decode())
    assert answer.status_code == status, body[:2000]
    assert "UNDEFINED-TEMPLATE-VARIABLE" not in body
    return body


def issue(world: World, name: str = "Intranet", **extra: Any) -> ApiClient:
    client, _key = issue_api_key(
        world.organisation, name=name, scopes=[Scope.CATALOGUE_READ], by=world.actor(), **extra
    )
    return client


@pytest.mark.promise("S36")
def test_a_key_is_shown_once_works_and_is_revoked_after_a_question(world: World, manager: Browser) -> None:
    answer = manager.post(KEYS, {"name": "Intranet", "scopes": ["catalogue:read"]})
    assert "no-store" in answer["Cache-Control"]
    found = re.search(r"cs\.[a-z-]+\.[0-9a-f]{12}\.[\w-]+", page(answer))
    assert found is not None
    key = found.group()
    assert Api(key).get(SITES).status_code == 200
    assert Api(key).get(REQUESTS).status_code == 403
    client = ApiClient.objects.get()
    assert (client.name, client.provider_id) == ("Intranet", None)
    listed = page(manager.get(KEYS))
    assert client.prefix in listed
    assert key not in listed
    assert "Lire le catalogue" in listed
    ask = f"{KEYS}{client.public_id}/revoquer/"
    assert "Intranet" in page(manager.get(ask))
    assert Api(key).get(SITES).status_code == 200
    assert manager.post(ask).headers["Location"] == KEYS
    assert Api(key).get(SITES).status_code == 401
    assert "Révoquée" in page(manager.get(KEYS))
    assert manager.get(ask).headers["Location"] == KEYS
    names = Event.objects.filter(name__startswith="api_key").order_by("pk").values_list("name", "actor")
    actor = f"user:{world.users['site_manager'].public_id}"
    assert list(names) == [("api_key.issued", actor), ("api_key.revoked", actor)]


@pytest.mark.promise("S36")
def test_a_key_needs_a_name_and_known_rights(world: World, manager: Browser) -> None:
    assert "Choisissez au moins un des droits" in page(manager.post(KEYS, {"name": "x"}), 422)
    page(manager.post(KEYS, {"name": "x", "scopes": ["everything"]}), 422)
    page(manager.post(KEYS, {"name": " ", "scopes": ["catalogue:read"]}), 422)
    assert ApiClient.objects.count() == 0


@pytest.mark.promise("S12", "S36")
def test_only_managers_with_their_second_step_see_and_make_keys(world: World, manager: Browser) -> None:
    client = issue(world)
    for role, user in world.users.items():
        browser = Browser()
        browser.force_login(user)
        may = role in {"site_manager", "network_head"}
        for address in (KEYS, f"{KEYS}{client.public_id}/revoquer/"):
            assert browser.get(address).status_code == (200 if may else 403), role
        if not may:
            assert browser.post(KEYS, {"name": "x", "scopes": ["catalogue:read"]}).status_code == 403
            assert browser.post(f"{KEYS}{client.public_id}/revoquer/").status_code == 403
    forget_second_factor(manager)
    assert manager.get(KEYS).headers["Location"].startswith("/compte/2fa/reauthenticate/")
    assert manager.post(KEYS, {"name": "x", "scopes": ["catalogue:read"]}).status_code == 302
    assert ApiClient.objects.get().revoked_at is None


@pytest.mark.promise("S01")
def test_keys_of_providers_and_of_others_are_elsewhere(world: World, other_world: World, manager: Browser) -> None:
    ours = issue(world)
    of_provider, _key = issue_api_key(
        world.organisation, name="Atelier", scopes=[Scope.OFFERS_READ], by=world.actor(), provider_id=7
    )
    listed = page(manager.get(KEYS))
    assert ours.prefix in listed
    assert of_provider.prefix not in listed
    assert manager.post(f"{KEYS}{of_provider.public_id}/revoquer/").status_code == 404
    stranger = Browser(headers={"host": other_world.host})
    stranger.force_login(other_world.users["network_head"])
    assert ours.prefix not in page(stranger.get(KEYS))
    assert stranger.post(f"{KEYS}{ours.public_id}/revoquer/").status_code == 404


@pytest.mark.promise("S30")
def test_the_list_is_paged_and_costs_the_same(world: World, manager: Browser) -> None:
    issue(world, "first of all")
    with CaptureQueriesContext(
        connection,
    ) as one:
        manager.get(KEYS)
    for number in range(25):
        issue(world, f"key {number}")
    with CaptureQueriesContext(connection) as many:
        listed = page(manager.get(KEYS))
    assert len(many) == len(one)
    assert "key 24" in listed
    assert "first of all" not in listed
    assert "first of all" in page(manager.get(KEYS, {"page": 2}))
    for odd in ("0", "-1", "x", "999999"):
        page(manager.get(KEYS, {"page": odd}))


def test_a_key_past_its_day_says_so(world: World, manager: Browser) -> None:
    issue(world, expires_at=timezone.now() - dt.timedelta(days=1))
    assert "Expirée" in page(manager.get(KEYS))


def test_without_a_key_the_page_says_what_they_are_for(manager: Browser) -> None:
    assert "/api/v1/docs/" in page(manager.get(KEYS))
