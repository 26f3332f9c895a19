"""The page of the API, drawn under the same content security policy as every other page."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from playwright.sync_api import expect

from tests.e2e.conftest import Screen
from tests.world import World

pytestmark = pytest.mark.browser
DOCUMENT = settings.BASE_DIR / "docs" / "openapi.yaml"


def test_the_api_can_be_read_and_tried(live_world: World, screen: Screen) -> None:
    page = screen.page
    answer = page.goto(f"{screen.base}/api/v1/docs/")
    assert answer is not None
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
    operations = len(re.findall(r"^ +operationId:", DOCUMENT.read_text(), re.MULTILINE))
    expect(page.locator(".opblock")).to_have_count(operations)
    screen.shot("api-docs")
    page.get_by_role("button", name="Authorize").click()
    page.locator(".auth-container input").fill(live_world.api_key())
    page.locator(".auth-btn-wrapper .authorize").click()
    page.locator(".btn-done").click()
    sites = page.locator("#operations-catalogue-listSites")
    sites.locator(".opblock-summary-control").click()
    sites.get_by_role("button", name="Try it out").click()
    sites.get_by_role("button", name="Execute").click()
    expect(sites.locator(".live-responses-table tbody .response-col_status")).to_contain_text("200")
    expect(sites.locator(".live-responses-table")).to_contain_text(live_world.site.name)
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width <= 0
    screen.shot("api-docs-tried")
