"""The link page on a provider's telephone, a provider's own space, and the team's pages, in a real browser."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

import pytest
import time_machine
from django.test import Client
from playwright.sync_api import expect

from bookings.models import ServiceRequest, WorkOrder
from concierge import tenancy
from concierge.models import Event
from providers.actions.businesses import add_member
from providers.actions.documents import add_document
from providers.actions.links import link_code, link_url
from providers.actions.offers import accept_offer, decline_offer
from providers.actions.rounds import start_round
from providers.enums import DeclineReason, DocumentKind
from providers.models import AccessLink, Offer, Provider
from tests.e2e.conftest import Screen, sign_in
from tests.providers.conftest import MONDAY, acting_for, add_provider
from tests.world import World

pytestmark = pytest.mark.browser

NAMES = ("Cordonnerie de la rue Monge", "Le Bon Talon", "Atelier Berbisey", "Cordonnerie du Centre")


@pytest.fixture
def asked(live_world: World) -> Iterator[World]:
    """Monday morning: four cobblers, one of them without insurance, the others asked for a pair of heels."""
    with time_machine.travel(MONDAY, tick=True), tenancy.working_for(live_world.organisation):
        for number, name in enumerate(NAMES):
            add_provider(live_world, name=name, papers=number != 3, latitude=Decimal("47.3271") + Decimal(number) / 100)
        start_round(live_world.request(live_world.cobbler).work_orders.get(), by=live_world.actor())
        yield live_world


def path_of(offer: Offer) -> str:
    return "/" + link_url(offer).split("/", 3)[3]


@pytest.mark.promise("S16")
def test_a_provider_answers_with_one_thumb(asked: World, screen: Screen) -> None:
    with tenancy.working_for(asked.organisation):
        offer = Offer.objects.with_need().order_by("pk")[0]
        path, code = path_of(offer), link_code(offer)
    page = screen.open(path)
    screen.shot("provider-link-new")
    page.get_by_role("textbox").fill("0000" if code != "0000" else "1111")
    page.locator("form[action$='/code/'] button").click()
    expect(page.get_by_role("alert")).to_be_visible()
    screen.check()
    page.get_by_role("textbox").fill(code)
    page.locator("form[action$='/code/'] button").click()
    expect(page.locator("form[action$='/accepter/'] button")).to_be_visible()
    screen.check()
    page.locator("details summary").first.click()
    screen.shot("provider-link-open")
    page.locator("form[action$='/accepter/'] button").click()
    page.locator("form[action$='/commencer/'] button").click()
    screen.check()
    screen.shot("provider-link-accepted")
    page.locator("form[action$='/terminer/'] button").click()
    expect(page.locator(".alert.tone-success")).to_be_visible()
    with tenancy.working_for(asked.organisation):
        assert WorkOrder.objects.get().status == "completed"
        second = Offer.objects.with_need().order_by("pk")[1]
        lost = path_of(second)
    screen.open(lost)
    screen.shot("provider-link-lost")


# What a mail scanner does with a page: it opens every link and sends every form, filled in or not, and presses all.
SCAN = """async () => {
  const seen = new Set();
  for (const link of document.querySelectorAll("a[href]"))
    if (link.origin === location.origin) await fetch(link.href);
  const address = location.pathname;
  for (const verb of ["accepter", "refuser", "proposer", "prolonger", "suspendre", "reprendre", "rendre", "pas-moi",
                      "nouveau", "code", "commencer", "terminer"])
    await fetch(address + verb + "/", {method: "POST", body: new URLSearchParams(
      {reason: "too_busy", price: "15", "pause-reason": "awaiting_item"})});
  for (const form of document.querySelectorAll("form")) {
    await fetch(form.action, {method: form.method, body: new URLSearchParams(new FormData(form))});
    seen.add(form.action);
  }
  return seen.size;
}"""


@pytest.mark.promise("S16", "DR10")
def test_a_scanner_that_runs_scripts_and_presses_everything_changes_nothing(asked: World, screen: Screen) -> None:
    with tenancy.working_for(asked.organisation):
        offer = Offer.objects.with_need().order_by("pk")[0]
        path, code = path_of(offer), link_code(offer)
        before = [list(rows.order_by("pk").values()) for rows in (Offer.objects, AccessLink.objects)]
        told = Event.objects.count()
    page = screen.open(path)
    assert page.evaluate(SCAN) > 0
    with tenancy.working_for(asked.organisation):
        assert [list(rows.order_by("pk").values()) for rows in (Offer.objects, AccessLink.objects)] == before
        assert Event.objects.count() == told
    page.reload()
    page.get_by_role("textbox").fill(code)
    page.locator("form[action$='/code/'] button").click()
    expect(page.locator("form[action$='/accepter/'] button")).to_be_visible()
    small = [
        one.inner_text()
        for one in page.locator("main button, main summary, main a.btn").all()
        if one.is_visible() and (box := one.bounding_box()) and box["height"] < 44
    ]
    assert small == []
    page.goto(f"{page.url}proposer/")
    screen.check()
    screen.shot("provider-link-proposes")


@pytest.mark.promise("S16")
def test_not_me(asked: World, screen: Screen) -> None:
    with tenancy.working_for(asked.organisation):
        offer = Offer.objects.with_need().order_by("pk")[0]
        path, code = path_of(offer), link_code(offer)
    page = screen.open(path)
    page.get_by_role("textbox").fill(code)
    page.locator("form[action$='/code/'] button").click()
    page.locator("form[action$='/pas-moi/'] button").click()
    screen.check()
    screen.shot("provider-link-not-me")
    assert page.goto(f"{screen.base}{path}").status == 410  # type: ignore[union-attr]  # it answered
    screen.check()
    screen.shot("provider-link-over")


def test_a_provider_works_signed_in(asked: World, screen: Screen, client: Client) -> None:
    with tenancy.working_for(asked.organisation):
        me = Provider.objects.get(name=NAMES[0])
        add_member(me, asked.users["provider"], by=asked.actor())
        start_round(asked.request(asked.cobbler).work_orders.get(), by=asked.actor())
        accept_offer(Offer.objects.filter(provider=me).order_by("pk")[0], by=acting_for(me))
    sign_in(screen, client, asked.users["provider"])
    page = screen.open("/prestataires/mon-espace/")
    screen.shot("provider-space")
    page.locator("form[action$='/commencer/'] button").click()
    expect(page.locator("form[action$='/terminer/'] button")).to_be_visible()
    screen.check()


def test_the_team_reads_who_was_asked_and_why(asked: World, screen: Screen, client: Client) -> None:
    with tenancy.working_for(asked.organisation):
        offers = list(Offer.objects.with_need().order_by("pk"))
        decline_offer(offers[1], reason=DeclineReason.TOO_BUSY, comment="En congé", by=acting_for(offers[1].provider))
        add_document(
            offers[2].provider,
            kind=DocumentKind.VIGILANCE,
            issued_on=dt.date(2026, 1, 1),
            expires_on=dt.date(2026, 6, 30),
            by=asked.actor(),
        )
        request_id = ServiceRequest.objects.get().public_id
    sign_in(screen, client, asked.users["site_manager"])
    page = screen.open(f"/prestataires/demandes/{request_id}/propositions/")
    page.locator("#offers-of-request details summary").first.click()
    screen.shot("provider-offers-of-request")
    screen.open("/prestataires/")
    screen.shot("provider-list")
    screen.open("/prestataires/propositions/")
    screen.shot("provider-offers")
    page = screen.open(f"/prestataires/{offers[0].provider.public_id}/")
    screen.shot("provider-file")
    page.locator("form[action$='/cles/'] input[name=name]").fill("Logiciel de l’atelier")
    page.locator("form[action$='/cles/'] button[type=submit]").click()
    page.locator("copy-link button").click()
    screen.check()
    screen.shot("provider-key")
