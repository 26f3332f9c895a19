"""The dispatcher's board and the trainee's telephone in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client
from playwright.sync_api import expect

from concierge import tenancy
from tests.e2e.conftest import Screen, sign_in
from tests.workers.conftest import NOW, Team, at, build_team
from tests.world import World
from workers.actions.dispatch import assign_work_order
from workers.actions.work import call_for_help, finish_assignment, start_assignment
from workers.models import Assignment

pytestmark = pytest.mark.browser

BOARD = "/affectations/?day=2026-11-23"


@pytest.fixture
def team(live_world: World) -> Iterator[Team]:
    """A Monday morning: Bilal has work, some is late, some is to be given."""
    with time_machine.travel(NOW, tick=True):
        with tenancy.working_for(live_world.organisation):
            team = build_team(live_world)
            assign_work_order(team.work(minutes=120), team.bilal, starts_at=at(10), by=team.dispatcher)
            team.work(starts=at(9, days=-5))
        yield team


def test_work_is_given_by_click_and_taken_back(team: Team, screen: Screen, client: Client) -> None:
    world = team.world
    with tenancy.working_for(world.organisation):
        order = team.work()
        call_for_help(team.bilal, by=team.themself(team.bilal))
    sign_in(screen, client, world.users["dispatcher"])
    page = screen.open(BOARD)
    screen.shot("team-board")
    page.locator(f"a[href*='work={order.public_id}']").click()
    screen.check()
    screen.shot("team-candidates")
    page.locator("#who form[method=post] button").first.click()
    page.wait_for_url("**done=**")
    screen.check()
    screen.shot("team-given")
    page.locator("form[action$='/annuler/'] button").first.click()
    expect(page.locator(f"a[href*='work={order.public_id}']")).to_be_visible()
    with tenancy.working_for(world.organisation):
        assert Assignment.objects.occupying().get().trainee == team.bilal


@pytest.mark.parametrize("screen", ["desktop"], indirect=True)
def test_work_is_given_and_moved_by_dragging(team: Team, screen: Screen, client: Client) -> None:
    world = team.world
    with tenancy.working_for(world.organisation):
        order = team.work()
    sign_in(screen, client, world.users["dispatcher"])
    page = screen.open(BOARD)
    row = page.locator(f"[data-drop-url*='{team.amina.public_id}'] .timeline-track")
    columns = int(row.get_attribute("data-columns") or "1")
    box = row.bounding_box()
    assert box is not None
    quarter = box["width"] / columns
    page.locator(f"[data-drag-id='{order.public_id}']").drag_to(
        row, target_position={"x": quarter * 8.5, "y": box["height"] / 2}
    )
    expect(page.locator("#board")).to_contain_text("confié à Amina")
    screen.check()
    screen.shot("team-dropped")
    with tenancy.working_for(world.organisation):
        given = Assignment.objects.get(trainee=team.amina)
        assert given.planned_start == at(10)
    # Half past five in the evening: nobody's usual hours, so the board asks first.
    page.locator(f"[data-drag-id='{given.public_id}']").drag_to(
        row, target_position={"x": quarter * 38.5, "y": box["height"] / 2}
    )
    expect(page.locator("#who")).to_be_visible()
    screen.check()
    screen.shot("team-warned")
    with tenancy.working_for(world.organisation):
        assert Assignment.objects.get(pk=given.pk).planned_start == at(10)


@pytest.mark.parametrize("screen", ["phone"], indirect=True)
def test_a_day_on_the_telephone(team: Team, screen: Screen, client: Client) -> None:
    world = team.world
    with tenancy.working_for(world.organisation):
        for hour in (9, 11):
            assign_work_order(team.work(), team.amina, starts_at=at(hour), by=team.dispatcher)
    sign_in(screen, client, world.users["trainee"])
    page = screen.open("/ma-journee/")
    screen.shot("day")
    for _card in range(2):
        page.locator("form[action$='/commencer/'] button").click()
        page.locator("form[action$='/terminer/'] button").wait_for()
        screen.check()
        screen.shot("day-working")
        page.locator("form[action$='/terminer/'] button").click()
        page.locator("form[action$='/terminer/']").wait_for(state="detached")
    screen.check()
    screen.shot("day-finished")
    page.locator("form[action$='/aide/'] button").click()
    page.locator("form[action$='/aide/']").wait_for(state="detached")
    screen.check()
    with tenancy.working_for(world.organisation):
        assert Assignment.objects.filter(trainee=team.amina, status="done").count() == 2


def test_the_supervisor_checks(team: Team, screen: Screen, client: Client) -> None:
    with tenancy.working_for(team.world.organisation):
        given = assign_work_order(team.work(), team.amina, starts_at=at(9), by=team.dispatcher)
        start_assignment(given, by=team.themself(team.amina))
        finish_assignment(given, by=team.themself(team.amina))
    sign_in(screen, client, team.world.users["supervisor"])
    page = screen.open("/affectations/a-valider/")
    screen.shot("team-checks")
    page.locator("form[action$='/valider/'] button").click()
    expect(page.locator("form[action$='/valider/']")).to_have_count(0)
    screen.check()
    screen.open("/equipe/")
    screen.shot("team-people")
    page.get_by_role("link", name="Amina").click()
    screen.check()
    screen.shot("team-person")
