"""The design system in a browser: both sizes, both themes, with and without JavaScript."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.e2e.conftest import SIZES, Screen
from tests.world import World

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_styleguide_is_accessible_in_both_themes(live_world: World, screen: Screen, scheme: str) -> None:
    screen.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    screen.open("/styleguide/")
    screen.shot(f"styleguide-{scheme}")


def test_dialog_opens_closes_and_gives_the_focus_back(live_world: World, screen: Screen) -> None:
    page = screen.open("/styleguide/")
    opener = page.locator("[data-dialog-open=cancel]")
    opener.click()
    dialog = page.locator("dialog#cancel")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()


def test_quantity_stops_at_its_bounds(live_world: World, screen: Screen) -> None:
    page = screen.open("/styleguide/")
    shirts = page.locator("input[name=shirts]")
    more = page.locator(".quantity button").last
    more.click()
    expect(shirts).to_have_value("5")
    shirts.fill("40")
    expect(more).to_be_disabled()


def test_what_is_typed_while_the_script_loads_is_kept(live_world: World, screen: Screen) -> None:
    """The buttons come beside the number; whoever types already does not lose the cursor."""
    page = screen.page
    screen.open("/reserver/republique/")
    page.locator(".choice-card input").first.check()
    held: list[Route] = []
    page.route("**/assets/main-*.js", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks its handlers
    page.locator(".form-actions button[type=submit]").click()
    number = page.locator("input[type=number]").first
    number.focus()
    number.press("ControlOrMeta+a")
    page.keyboard.type("1")
    assert len(held) == 1
    held[0].continue_()
    page.locator("input[data-quantity-ready]").first.wait_for()
    page.keyboard.type("2")
    expect(number).to_have_value("12")
    expect(number).to_be_focused()
    expect(page.locator(".quantity button").first).to_be_enabled()


def test_message_stays_until_it_is_closed(live_world: World, screen: Screen) -> None:
    page = screen.open("/styleguide/")
    message = page.locator(".alert", has=page.locator(".alert-close"))
    expect(message).to_be_visible()
    page.locator(".alert-close").click()
    expect(message).to_have_count(0)


@pytest.mark.parametrize("size", list(SIZES))
def test_page_works_without_javascript(live_world: World, browser: Browser, live_server: object, size: str) -> None:
    """What would do nothing is not shown; the number of pieces is a plain input, the menus are plain HTML."""
    context = browser.new_context(
        viewport=SIZES[size],  # type: ignore[arg-type]  # a plain dict of two integers
        java_script_enabled=False,
    )
    page = context.new_page()
    page.goto(f"{live_server.url.replace('127.0.0.1', 'localhost')}/styleguide/")  # type: ignore[attr-defined]  # live server
    expect(page.locator("input[name=shirts]")).to_be_visible()
    expect(page.locator(".quantity button")).to_have_count(0)
    expect(page.locator("copy-link button")).to_be_hidden()
    expect(page.locator("read-aloud button").first).to_be_hidden()
    context.close()
