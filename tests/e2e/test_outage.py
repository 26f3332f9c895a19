"""A page that lives by itself goes on living after the server was away."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from concierge import tenancy
from tests.e2e.conftest import Screen
from tests.world import World


@pytest.mark.promise("R10")
def test_a_live_part_outlives_an_outage(live_world: World, screen: Screen) -> None:
    """The tracking page asks every 15 seconds. A 503 leaves what is shown, and it asks again."""
    with tenancy.working_for(live_world.organisation):
        request = live_world.request(live_world.ironing)
    answers = [503, 503]

    def answer(route: Route) -> None:
        if answers:
            route.fulfill(status=answers.pop(), content_type="text/html", body="<main>Nous revenons</main>")
        else:
            route.continue_()

    page = screen.page
    page.clock.install()
    page.route("**/etat/**", answer)
    page.goto(f"{screen.base}/suivi/{request.tracking_token}/")
    shown = page.locator("#state").inner_text()
    for status in (503, 503, 204):
        with page.expect_response("**/etat/**") as got:
            page.clock.fast_forward(15_000)
        assert got.value.status == status
        expect(page.locator("#state")).to_have_text(shown, use_inner_text=True)
