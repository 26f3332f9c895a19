"""The booking widget in a page of another origin, in a real browser: shown where listed, refused elsewhere (S52)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from concierge import tenancy
from concierge.models import Site
from tests.e2e.conftest import SHOTS, Screen
from tests.world import World

pytestmark = pytest.mark.browser


@pytest.fixture
def intranet() -> Iterator[tuple[str, dict[str, str]]]:
    """A page of somebody else on this machine; what it shows is in the dictionary."""
    shown = {"address": ""}

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            frame = f'<iframe src="{shown["address"]}" title="Widget" width="360" height="640"></iframe>'
            body = f"<!doctype html><title>Intranet</title>{frame}"
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", shown
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.mark.promise("S52")
@pytest.mark.parametrize("screen", ["desktop"], indirect=True)
def test_a_listed_page_shows_the_widget_and_others_do_not(
    live_world: World, screen: Screen, intranet: tuple[str, dict[str, str]]
) -> None:
    origin, shown = intranet
    SHOTS.mkdir(parents=True, exist_ok=True)
    shown["address"] = f"{screen.base}/integrer/republique/"
    # A window whose refusals are no fault.
    page = screen.page.context.new_page()
    page.goto(origin)
    frame = page.frame_locator("iframe")
    ours = frame.get_by_role("heading", name="Conciergerie République")
    # What stands there instead is the browser's own page.
    assert ours.count() == 0
    with tenancy.working_for(live_world.organisation):
        Site.objects.update(frame_origins=[origin])
    # Another address: browsers keep the first answer for a minute.
    shown["address"] += "?lang=fr"
    page.goto(origin)
    ours.wait_for()
    page.screenshot(path=str(SHOTS / "widget-in-a-page.png"))
    with page.context.expect_page() as opened:
        frame.get_by_role("link", name="Repassage").click()
    booking = opened.value
    booking.wait_for_load_state()
    assert booking.url == f"{screen.base}/reserver/republique/?service={live_world.ironing.public_id}"
    assert booking.locator("input[name=services]:checked").count() == 1
    booking.get_by_role("button", name="Continuer").click()
    booking.wait_for_url("**/details/")
    # Everything else stays out of frames, also for a listed page.
    shown["address"] = f"{screen.base}/reserver/republique/"
    page.goto(origin)
    assert frame.locator("form").count() == 0
