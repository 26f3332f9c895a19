"""Brought to a provider and back by the team, and a partnership that is paused, in a real browser."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client
from playwright.sync_api import expect

from bookings.enums import Execution
from bookings.models import Service, WorkOrder
from concierge import tenancy
from providers.actions.links import link_code, link_url
from providers.actions.offers import accept_offer
from providers.actions.rounds import start_round
from providers.models import Offer, Provider
from tests.conftest import settle
from tests.e2e.conftest import Screen, sign_in
from tests.providers.conftest import acting_for, add_provider
from tests.workers.conftest import NOW, build_team
from tests.world import World

pytestmark = pytest.mark.browser


@pytest.fixture
def accepted(live_world: World) -> Iterator[World]:
    """Monday morning: shoes to be brought to a cobbler, who has accepted."""
    with time_machine.travel(NOW + dt.timedelta(hours=1), tick=True), tenancy.working_for(live_world.organisation):
        build_team(live_world)
        Service.objects.filter(pk=live_world.cobbler.pk).update(execution=Execution.COLLECTED_PROVIDER)
        live_world.cobbler.refresh_from_db()
        cobbler = add_provider(live_world, name="Cordonnerie Monge")
        start_round(live_world.request(live_world.cobbler, promised_start=NOW).work_orders.get(), by=live_world.actor())
        accept_offer(Offer.objects.with_need().get(), by=acting_for(cobbler))
        yield live_world


def path_of(offer: Offer) -> str:
    return "/" + link_url(offer).split("/", 3)[3]


@pytest.mark.promise("R14", "R31")
@pytest.mark.parametrize("screen", ["phone"], indirect=True)
def test_given_on_the_board_carried_and_fetched(accepted: World, screen: Screen) -> None:
    with tenancy.working_for(accepted.organisation):
        order = WorkOrder.objects.select_related("request").get()
        path, code = path_of(Offer.objects.get()), link_code(Offer.objects.get())
    page = screen.open(path)
    page.get_by_role("textbox").fill(code)
    page.locator("form[action$='/code/'] button").click()
    expect(page.get_by_text("Notre équipe vous l’apporte.")).to_be_visible()
    expect(page.locator("form[action$='/commencer/']")).to_have_count(0)
    screen.check()
    screen.shot("carrying-link-waits")

    sign_in(screen, Client(), accepted.users["dispatcher"])
    page = screen.open(f"/demandes/{order.request.public_id}/")
    screen.shot("carrying-request")
    page.get_by_role("link", name="Le faire porter").click()
    expect(page.locator("#who-title")).to_contain_text("Porter chez Cordonnerie Monge")
    screen.check()
    screen.shot("carrying-board")
    page.get_by_role("button", name="Confier à Amina").click()
    expect(page.get_by_role("button", name="Annuler")).to_be_visible()
    screen.check()

    sign_in(screen, Client(), accepted.users["trainee"])
    page = screen.open("/ma-journee/")
    expect(page.get_by_text("Porter chez Cordonnerie Monge").first).to_be_visible()
    screen.shot("carrying-day")
    page.get_by_role("button", name="Je commence").click()
    page.get_by_role("button", name="J’ai fini").click()
    expect(page.get_by_role("button", name="J’ai fini")).to_have_count(0)

    page = screen.open(path)
    page.locator("form[action$='/commencer/'] button").click()
    page.locator("form[action$='/terminer/'] button").click()
    expect(page.get_by_text("Notre équipe vient le chercher.")).to_be_visible()
    screen.check()
    sign_in(screen, Client(), accepted.users["dispatcher"])
    page = screen.open(f"/demandes/{order.request.public_id}/")
    page.get_by_role("link", name="Le faire chercher").click()
    expect(page.locator("#who-title")).to_contain_text("Chercher chez Cordonnerie Monge")
    screen.check()


def test_a_partnership_is_paused_and_its_work_taken_back(accepted: World, screen: Screen) -> None:
    with tenancy.working_for(accepted.organisation):
        provider = Provider.objects.get()
        order = WorkOrder.objects.select_related("request").get()
        path = path_of(Offer.objects.get())
    sign_in(screen, Client(), accepted.users["site_manager"])
    page = screen.open(f"/prestataires/{provider.public_id}/")
    page.locator("summary", has_text="Mettre le partenariat en pause").click()
    screen.check()
    screen.shot("partnership-pause")
    page.get_by_role("button", name="Mettre le partenariat en pause").click()
    expect(page.get_by_text("Le partenariat est en pause", exact=True)).to_be_visible()
    with tenancy.working_for(accepted.organisation):
        settle(accepted.organisation)
    screen.check()
    screen.shot("partnership-paused")
    page = screen.open(f"/prestataires/demandes/{order.request.public_id}/propositions/")
    screen.shot("partnership-work")
    page.get_by_role("button", name="Retirer ce travail").click()
    expect(page.get_by_role("button", name="Solliciter")).to_be_visible()
    screen.check()
    screen.page.context.clear_cookies()
    answer = screen.page.goto(f"{screen.base}{path}")
    assert answer is not None
    assert answer.status == 403
    screen.check()
    expect(screen.page.get_by_role("heading", name="Notre partenariat est en pause")).to_be_visible()
    screen.shot("partnership-link")
