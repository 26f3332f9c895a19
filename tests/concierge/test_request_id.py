"""Every answer names the lines of the log that speak of it, and no caller chooses that name (S39, S40)."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
import structlog
from django.test import Client as Browser

from concierge import views
from tests.world import World

UNWANTED = {"X-Request-ID": "camille@example.fr", "X-Correlation-ID": "camille@example.fr"}


@pytest.mark.promise("S39", "S40")
@pytest.mark.parametrize("address", ["/healthz", "/reserver/", "/nowhere/", "/api/v1/sites", "/api/nowhere"])
def test_answer_and_log_bear_the_same_identity_of_ours(
    world: World, client: Browser, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    caplog.set_level("INFO")
    answer = client.get(address, headers=UNWANTED)
    given = answer["X-Request-ID"]
    assert str(uuid.UUID(given)) == given
    said = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    assert {line["request_id"] for line in said if "request_id" in line} == {given}
    assert "camille" not in json.dumps(said, default=str)
    if answer["Content-Type"] == "application/problem+json":
        assert answer.json()["instance"] == f"urn:uuid:{given}"


@pytest.mark.promise("S40")
def test_a_bug_shows_the_reference_and_nothing_else(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: Any, **_kwargs: Any) -> Any:
        raise ZeroDivisionError("SECRET-DETAIL")

    monkeypatch.setattr(views, "_broker", broken)
    browser = Browser(raise_request_exception=False)
    answer = browser.get("/readyz", headers=UNWANTED)
    page = answer.content.decode()
    assert answer.status_code == 500
    assert page.count(answer["X-Request-ID"]) == 2  # in both languages
    assert "SECRET-DETAIL" not in page
    assert structlog.contextvars.get_contextvars() == {}
