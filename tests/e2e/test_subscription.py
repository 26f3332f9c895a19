"""The basket every week, in a real browser: one tick, the team changes it from a day on, a pause, the end."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.test import Client
from playwright.sync_api import expect

from bookings.models import Recurrence
from concierge import tenancy
from concierge.models import User
from tests.bookings.conftest import MONDAY, weekly_basket
from tests.conftest import settle
from tests.e2e.conftest import Screen, sign_in
from tests.world import World

pytestmark = pytest.mark.browser


@pytest.fixture
def ines(live_world: World) -> Iterator[User]:
    """Monday morning: a basket is handed out on Thursdays, and Inès has proved her address."""
    with time_machine.travel(MONDAY, tick=True), tenancy.working_for(live_world.organisation):
        weekly_basket(live_world, capacity=12)
        me = User.objects.create_user("ines@example.fr", first_name="Inès", last_name="Garnier")
        EmailAddress.objects.create(user=me, email=me.email, verified=True, primary=True)
        yield me


def series(world: World) -> list[tuple[str, str, str]]:
    with tenancy.working_for(world.organisation):
        settle(world.organisation)
        ones = Recurrence.objects.order_by("pk")
        return [
            (one.status, f"{day.due_on:%d/%m}", day.status)
            for one in ones
            for day in one.occurrences.filter(due_on__lte=dt.date(2026, 12, 10)).order_by("due_on")
        ]


@pytest.mark.promise("domain R7")
@pytest.mark.parametrize("screen", ["phone"], indirect=True)
def test_every_week_changed_paused_and_stopped(live_world: World, ines: User, screen: Screen) -> None:
    subscribe(screen, ines)
    assert series(live_world) == [("active", f"{day}", "booked") for day in ("26/11", "03/12", "10/12")]
    the_team_changes_it(live_world, screen)
    assert series(live_world) == [
        ("ended", "26/11", "booked"),
        ("ended", "03/12", "skipped"),
        ("ended", "10/12", "skipped"),
        ("active", "03/12", "booked"),
        ("active", "10/12", "booked"),
    ]
    pause_and_stop(live_world, screen, ines)
    assert [one[2] for one in series(live_world)] == ["booked", "skipped", "skipped", "skipped", "skipped"]


def subscribe(screen: Screen, ines: User) -> None:
    """Inès orders two small baskets, and ticks that she wants them every week."""
    page = screen.page
    sign_in(screen, Client(), ines)
    go_on = page.locator("main .form-actions button[type=submit]")
    screen.open("/reserver/republique/")
    page.locator("label.choice-card", has_text="Panier de légumes").click()
    go_on.click()
    page.get_by_role("spinbutton", name="Petit").fill("2")
    go_on.click()
    page.locator("label.choice-card", has_text="Jeudi 26 novembre de 12:00 à 14:00").click()
    go_on.click()
    for name, value in (("first_name", "Inès"), ("last_name", "Garnier"), ("email", ines.email)):
        page.locator(f"input[name={name}]").fill(value)
    go_on.click()
    page.get_by_role("checkbox", name=re.compile("Chaque semaine, jusqu’à ce que je dise stop")).check()
    screen.check()
    screen.shot("subscription-1-tick")
    go_on.click()
    page.wait_for_url("**/confirmation/")
    screen.check()


def the_team_changes_it(world: World, screen: Screen) -> None:
    """From the second week on it is one big basket; what changes is seen before."""
    page = screen.page
    page.context.clear_cookies()
    sign_in(screen, Client(), world.users["concierge"])
    with tenancy.working_for(world.organisation):
        found = Recurrence.objects.get()
    screen.open(f"/regulieres/{found.public_id}/")
    page.get_by_role("link", name="Modifier à partir d’un jour").click()
    page.locator("input[name=starts_on]").fill("2026-12-03")
    page.get_by_role("spinbutton", name="Petit").fill("0")
    page.get_by_role("spinbutton", name="Grand").fill("1")
    page.get_by_role("button", name="Voir ce qui change").click()
    confirm = page.locator("button[name=seen]")
    expect(confirm).to_be_visible()
    screen.check()
    screen.shot("subscription-2-preview")
    confirm.click()
    page.wait_for_url(re.compile(rf"/regulieres/(?!{found.public_id}/)[0-9a-f-]+/$"))
    screen.check()


def pause_and_stop(world: World, screen: Screen, ines: User) -> None:
    """Inès finds it in her space, leaves a week out by a pause, and stops it."""
    page = screen.page
    page.context.clear_cookies()
    sign_in(screen, Client(), ines)
    screen.open("/mes-demandes/")
    with tenancy.working_for(world.organisation):
        now = Recurrence.objects.going_on().get()
    page.locator(f"a[href$='/regulieres/{now.public_id}/']").first.click()
    expect(page.get_by_text("Chaque semaine (jeudi) à 12:00")).to_be_visible()
    page.locator("input[name=first]").fill("2026-12-01")
    page.locator("input[name=last]").fill("2026-12-06")
    page.locator("button[value=pause]").click()
    expect(page.get_by_text("En pause du", exact=False)).to_be_visible()
    screen.check()
    screen.shot("subscription-3-paused")
    page.locator("button[value=arreter]").click()
    expect(page.get_by_text("Elle est terminée. Ce qui était réservé ensuite est annulé.")).to_be_visible()
    screen.check()
    screen.shot("subscription-4-stopped")
