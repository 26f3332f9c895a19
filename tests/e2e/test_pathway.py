"""The social adviser's pages in a real browser: deadlines, a suspension seen before it is saved, facts kept apart."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from concierge import tenancy
from tests.e2e.conftest import Screen, sign_in
from tests.employing import employer_of
from tests.workers.conftest import NOW, Team, build_team
from tests.workers.pathways import END, adviser_of, pass_of, suspension
from tests.world import World
from workers.actions.appointments import AppointmentDetails, plan_appointment
from workers.actions.passes import suspend_pass
from workers.actions.vault import note_fact
from workers.enums.passes import AppointmentKind
from workers.enums.vault import FactCode, FollowUpBy
from workers.models import PassIAE

pytestmark = [pytest.mark.browser, pytest.mark.promise("domain R23")]


@pytest.fixture
def team(live_world: World) -> Iterator[Team]:
    """Amina has a PASS that stood still once, an appointment, and a fact kept apart."""
    with time_machine.travel(NOW, tick=True):
        with tenancy.working_for(live_world.organisation):
            team = build_team(live_world)
            by, pass_iae = adviser_of(team), pass_of(team)
            employer_of(live_world.organisation)
            suspend_pass(pass_iae, suspension("2026-03-02", "2026-03-20"), by=by)
            plan_appointment(team.amina, AppointmentDetails(NOW, AppointmentKind.FOLLOW_UP, "Bureau 2"), by=by)
            note_fact(team.amina, code=FactCode.HOUSING, follow_up=FollowUpBy.BOTH, by=by)
        yield team


@pytest.mark.parametrize("screen", ["desktop"], indirect=True)
def test_a_day_typed_by_keyboard_is_looked_at_once_it_is_complete(team: Team, screen: Screen, client: Client) -> None:
    """Somebody leaves, without a mouse: no page comes between the month and the year, and the focus is kept."""
    sign_in(screen, client, team.world.users["site_manager"])
    page = screen.open(f"/equipe/{team.amina.public_id}/quitter/")
    field, focused = page.get_by_label("Dernier jour dans l’équipe"), "document.activeElement.name"
    before = field.input_value()
    field.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    typed = field.input_value()
    assert (typed == before, "last_on" in page.url, page.evaluate(focused)) == (False, False, "last_on")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**last_on={typed}")
    assert (field.input_value(), page.evaluate(focused)) == (typed, "last_on")
    # A choice in a list waits in the same way.
    page.goto(f"{screen.base}/equipe/")
    choice = page.locator("main select[name=state]")
    choice.focus()
    page.keyboard.press("ArrowDown")
    chosen = choice.input_value()
    assert (bool(chosen), "state" in page.url) == (True, False)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**state={chosen}")
    assert page.evaluate(focused) == "state"
    # With the mouse a choice is complete at once.
    choice.select_option("")
    page.wait_for_url("**state=")


def test_an_adviser_sees_what_slips_and_suspends_a_pass(team: Team, screen: Screen, client: Client) -> None:
    sign_in(screen, client, team.world.users["social_adviser"])
    page = screen.open("/parcours/echeances/?of=all&months=12")
    screen.shot("pathway-deadlines")
    page.locator("table a", has_text="Amina").first.click()
    screen.check()
    screen.shot("pathway-pass")
    page.locator("a[href$='/suspendre/']").click()
    page.locator("#id_starts_on").fill("2026-11-02")
    page.locator("#id_ends_on").fill("2026-11-12")
    page.locator("#id_ends_on").dispatch_event("change")
    expect(page.locator("#pass-preview")).to_contain_text("février 2028")
    screen.check()
    screen.shot("pathway-preview")
    page.locator(".form-actions button[type=submit]").last.click()
    page.wait_for_url("**/pass/")
    with tenancy.working_for(team.world.organisation):
        assert (PassIAE.objects.get().ends_on - END).days == 18 + 10
    page.goto(screen.base + reverse("workers:vault", args=[team.amina.public_id]))
    screen.check()
    page.locator("#id_purpose").select_option("follow_up")
    page.locator("form[action$='/coffre/'] button").click()
    expect(page.locator("main")).to_contain_text("logement")
    screen.check()
    screen.shot("pathway-vault")
