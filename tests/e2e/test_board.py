"""The dispatch board in real browsers: what is shown before a drop, the keyboard, two dispatchers, the day on paper."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from bookings.models import ServiceRequest
from concierge import tenancy
from tests.e2e.conftest import Screen, sign_in
from tests.workers.conftest import NOW, Team, at, build_team
from tests.world import World
from workers.actions.dispatch import assign_work_order
from workers.models import Assignment, Trainee

pytestmark = pytest.mark.browser

BOARD = "/affectations/?day=2026-11-23"


@pytest.fixture
def team(live_world: World) -> Iterator[Team]:
    """A Monday morning: Bilal has work from ten to noon."""
    with time_machine.travel(NOW, tick=True):
        with tenancy.working_for(live_world.organisation):
            team = build_team(live_world)
            assign_work_order(team.work(minutes=120), team.bilal, starts_at=at(10), by=team.dispatcher)
        yield team


def place_of(page: Page, trainee: Trainee, column: int) -> tuple[float, float]:
    """The middle of a quarter of somebody's row, on the screen."""
    track = page.locator(f"[data-person='{trainee.public_id}'] .timeline-track")
    track.scroll_into_view_if_needed()
    box, columns = track.bounding_box(), int(track.get_attribute("data-columns") or "1")
    assert box is not None
    return box["x"] + box["width"] / columns * (column - 0.5), box["y"] + box["height"] / 2


def works(team: Team, trainee: Trainee) -> list[Any]:
    with tenancy.working_for(team.world.organisation):
        return list(Assignment.objects.occupying().filter(trainee=trainee).values_list("planned_start", flat=True))


@pytest.mark.promise("domain R14")
@pytest.mark.parametrize("screen", ["desktop"], indirect=True)
def test_every_row_shows_before_the_drop_where_it_may_go(team: Team, screen: Screen, client: Client) -> None:
    with tenancy.working_for(team.world.organisation):
        order = team.work()
    sign_in(screen, client, team.world.users["dispatcher"])
    page = screen.open(BOARD)
    card = page.locator(f"[data-drag-id='{order.public_id}']")
    card.hover()
    page.mouse.down()
    page.mouse.move(*place_of(page, team.bilal, 10), steps=4)
    expect(page.locator(".drop-zone-block").first).to_be_visible()
    expect(page.locator("#board-says")).to_contain_text("Bilal D.")
    screen.shot("board-before-drop")
    screen.check()
    page.mouse.up()
    # Blocked: the reason is said and nothing is sent.
    expect(page.locator("#board-says")).to_contain_text("Rien n’a été modifié")
    expect(page.locator("#board-says")).to_contain_text("10:00")
    expect(card).to_be_visible()
    assert works(team, team.bilal) == [at(10)]
    card.hover()
    page.mouse.down()
    page.mouse.move(*place_of(page, team.amina, 9), steps=4)
    expect(page.locator(".drop-ghost")).to_be_visible()
    page.mouse.up()
    expect(page.locator("#board")).to_contain_text("confié à Amina")
    assert works(team, team.amina) == [at(10)]
    page.locator("form[action$='/annuler/'] button").click()
    expect(card).to_be_visible()
    assert works(team, team.amina) == []


@pytest.mark.promise("domain R45")
@pytest.mark.parametrize("screen", ["desktop"], indirect=True)
def test_the_keyboard_does_what_dragging_does(team: Team, screen: Screen, client: Client) -> None:
    with tenancy.working_for(team.world.organisation):
        order = team.work()
    sign_in(screen, client, team.world.users["dispatcher"])
    page = screen.open(BOARD)
    says = page.locator("#board-says")
    page.locator(f"[data-drag-id='{order.public_id}']").focus()
    page.keyboard.press("Space")
    # The first place that is free: Amina, at nine.
    expect(says).to_contain_text("en main")
    expect(says).to_contain_text("Amina D., 09:00")
    page.keyboard.press("Escape")
    expect(says).to_contain_text("reste à sa place")
    page.keyboard.press("Space")
    expect(says).to_contain_text("Amina D., 09:00")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(says).to_contain_text("Bilal D., 09:15")
    page.keyboard.press("ArrowRight")
    expect(says).to_contain_text("impossible")
    page.keyboard.press("Enter")
    expect(says).to_contain_text("Rien n’a été modifié")
    page.keyboard.press("ArrowUp")
    expect(says).to_contain_text("Amina D., 09:30")
    screen.shot("board-keyboard")
    page.keyboard.press("Enter")
    expect(page.locator("#board")).to_contain_text("confié à Amina")
    screen.check()
    assert works(team, team.amina) == [at(9, 30)]


@pytest.mark.promise("R44")
@pytest.mark.parametrize("screen", ["desktop"], indirect=True)
def test_two_dispatchers_see_each_other(team: Team, screen: Screen, client: Client, browser: Browser) -> None:
    with tenancy.working_for(team.world.organisation):
        order = team.work()
    sign_in(screen, client, team.world.users["dispatcher"])
    page = screen.open(BOARD)
    other = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    other_client = Client()
    other_client.force_login(team.world.users["supervisor"])
    cookie = other_client.cookies[settings.SESSION_COOKIE_NAME]
    other.add_cookies(
        [
            {"name": cookie.key, "value": cookie.value, "url": screen.base},
            {"name": settings.LANGUAGE_COOKIE_NAME, "value": "en", "url": screen.base},
        ]
    )
    second = other.new_page()
    try:
        second.goto(f"{screen.base}{BOARD}&work={order.public_id}")
        # The first gives the work; the board of the second follows by itself.
        page.locator(f"[data-drag-id='{order.public_id}']").focus()
        page.keyboard.press("Space")
        expect(page.locator("#board-says")).to_contain_text("Amina D.")
        page.keyboard.press("Enter")
        expect(page.locator("#board")).to_contain_text("confié à Amina")
        row = second.locator(f"[data-person='{team.amina.public_id}']")
        expect(row.locator(".work-card")).to_have_count(1, timeout=15_000)
        second.screenshot(path=".state/screens/board-en-desktop.png", full_page=True)
    finally:
        other.close()


def test_a_day_goes_to_others_on_one_page(team: Team, screen: Screen, client: Client) -> None:
    with tenancy.working_for(team.world.organisation):
        for hour in (9, 11, 14):
            assign_work_order(team.work(), team.amina, starts_at=at(hour), by=team.dispatcher)
    sign_in(screen, client, team.world.users["dispatcher"])
    page = screen.open(f"/affectations/remplacer/{team.amina.public_id}/?day=2026-11-23")
    # Bilal has work at eleven, and what each proposal asks to be confirmed is read in full beside it before it applies.
    expect(page.locator(".replace-line")).to_have_count(3)
    expect(page.locator(".replace-line").nth(1)).to_contain_text("À confirmer en appliquant")
    screen.check()
    screen.shot("board-replace")
    page.locator("main form[method=post] button").last.click()
    page.wait_for_load_state()
    screen.check()
    screen.shot("board-replaced")
    assert works(team, team.amina) == []
    assert works(team, team.bilal) == [at(9), at(10)]


def test_the_day_on_a_map_and_on_paper(team: Team, screen: Screen, client: Client) -> None:
    with tenancy.working_for(team.world.organisation):
        for number, hour in enumerate((9, 11, 14)):
            given = assign_work_order(team.work(), team.amina, starts_at=at(hour), by=team.dispatcher)
            ServiceRequest.objects.filter(work_orders__assignments=given).update(
                place="home",
                street=f"{number + 3} rue Monge",
                postcode="21000",
                city="Dijon",
                latitude=Decimal("47.3190") + number * Decimal("0.0051"),
                longitude=Decimal("5.0310") + number * Decimal("0.0090"),
            )
    sign_in(screen, client, team.world.users["dispatcher"])
    page = screen.open("/affectations/carte/?day=2026-11-23")
    expect(page.locator(".map-stop")).to_have_count(4)
    screen.shot("board-map")
    screen.open("/affectations/feuilles/?day=2026-11-23")
    screen.shot("board-sheets")
    if screen.size == "desktop":
        page.emulate_media(media="print")
        page.pdf(path=".state/screens/board-sheets.pdf", format="A4")
        page.emulate_media(media="screen")
    with tenancy.working_for(team.world.organisation):
        given = Assignment.objects.filter(trainee=team.amina).order_by("planned_start")[0]
    with time_machine.travel(at(18), tick=True):
        screen.open(f"/affectations/papier/{given.public_id}/?v=1")
        screen.shot("board-scanned")
        page.locator("main form[method=post] button").last.click()
        page.wait_for_load_state()
        screen.check()
    with tenancy.working_for(team.world.organisation):
        assert Assignment.objects.get(pk=given.pk).status == "done"
