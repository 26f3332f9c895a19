"""A real browser against a real server: Debian's Chromium, desktop and phone sizes, axe on every page."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page

from tests.world import World, build_world

# Playwright runs its own event loop in this thread; the ORM calls between page actions are plain synchronous calls.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

# The one without windows first, as `make browser` installs it.
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or "/usr/bin/chromium"
AXE = (settings.BASE_DIR / "frontend" / "node_modules" / "axe-core" / "axe.min.js").read_text()
# Not under test-results: Playwright empties that folder.
SHOTS = settings.BASE_DIR / ".state" / "screens"
SIZES = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium, as root too, without calls home."""
    return {
        **browser_type_launch_args,
        "executable_path": CHROMIUM,
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ],
    }


class Screen:
    """One browser window at one size, with axe and screenshots."""

    def __init__(self, page: Page, size: str, base: str) -> None:
        self.page, self.size, self.base = page, size, base

    def open(self, path: str) -> Page:
        """Go to a path of the live server and check the page."""
        answer = self.page.goto(f"{self.base}{path}")
        assert answer is not None
        assert answer.ok, f"{path}: {answer.status}"
        self.check()
        return self.page

    def check(self) -> None:
        """No undefined variable, no sideways scrolling, nothing serious for axe."""
        page = self.page
        page.wait_for_load_state("load")
        if page.locator("[hx-trigger='load']").count():
            page.wait_for_load_state("networkidle")
        assert "UNDEFINED-TEMPLATE-VARIABLE" not in page.content(), page.url
        width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert width <= 0, f"{page.url} scrolls sideways by {width} px at {self.size}"
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE)
        # Without preload: only the rule of locked orientation reads style sheets, and ours lock none.
        found = page.evaluate(
            "async () => (await axe.run(document, {resultTypes: ['violations'], preload: false})).violations"
        )
        serious = [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in found if v["impact"] in {"serious", "critical"}]
        assert serious == [], f"{page.url}: {serious}"

    def shot(self, name: str) -> None:
        """Keep a picture of the whole page."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=str(Path(SHOTS) / f"{name}-{self.size}.png"), full_page=True)


@pytest.fixture
def live_world(transactional_db: None, live_server: Any) -> World:
    """The small world behind the live server."""
    return build_world(host="localhost")


@pytest.fixture(params=list(SIZES))
def screen(request: pytest.FixtureRequest, browser: Browser, live_server: Any) -> Iterator[Screen]:
    """A French-speaking visitor's window; the test runs at both sizes."""
    context: BrowserContext = browser.new_context(
        viewport=SIZES[request.param],  # type: ignore[arg-type]  # a plain dict of two integers
        locale="fr-FR",
        timezone_id="Europe/Paris",
        has_touch=request.param == "phone",
    )
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    yield Screen(page, request.param, live_server.url.replace("127.0.0.1", "localhost"))
    context.close()
    assert [text for text in errors if "status of 4" not in text and "status of 503" not in text] == []


def sign_in(screen: Screen, client: Any, user: Any) -> None:
    """Put a signed-in session into the browser: signing in has its own test."""
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    screen.page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": screen.base}])
