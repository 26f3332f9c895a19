"""A quote in a real browser: asked for, written with two options, changed, and one option accepted; at both sizes."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from playwright.sync_api import Page, expect

from billing.actions.issuers import set_up_issuer
from bookings.models import Quote, ServiceRequest
from bookings.tasks import render_pending_quotes
from concierge import tenancy
from tests.bookings.quoting import service_on_quote
from tests.conftest import settle
from tests.e2e.conftest import Screen, sign_in
from tests.e2e.test_story import GO, HOME, code_in_the_mail, type_contact
from tests.providers.conftest import add_provider
from tests.workers.conftest import NOW
from tests.world import World

NEED = "Deux étagères à poser dans le salon, mur en placoplâtre.\nTroisième étage sans ascenseur."
pytestmark = pytest.mark.browser


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Monday, 8 in the morning; time goes on."""
    with time_machine.travel(NOW, tick=True) as traveller:
        yield traveller


@pytest.fixture
def dijon(live_world: World, clock: time_machine.Traveller, settings: Any) -> World:
    """Small repairs on quote, a local business, an issuer."""
    settings.SESSION_EXPIRE_AT_BROWSER_CLOSE = True
    with tenancy.working_for(live_world.organisation):
        service_on_quote(live_world)
        add_provider(live_world, name="Menuiserie Monge")
        set_up_issuer(
            by=live_world.actor(),
            name=live_world.organisation.name,
            street="1 rue Musette",
            postcode="21000",
            city="Dijon",
            siren="732829320",
        )
    return live_world


def news(world: World) -> None:
    """What the worker and beat would do, drawing included."""
    settle(world.organisation)
    render_pending_quotes()
    settle(world.organisation)


def ask(screen: Screen, world: World) -> str:
    """The client asks in their words; the path of the tracking page."""
    page = screen.open(HOME)
    page.locator(".choice-card", has_text="Petits travaux").locator("input").check()
    screen.shot("quote-01-services")
    page.locator(GO).click()
    screen.check()
    page.locator("textarea").fill(NEED)
    screen.shot("quote-02-need")
    page.locator(GO).click()
    type_contact(page, street="3 rue Verte", postcode="21000", city="Dijon")
    screen.check()
    page.locator(GO).click()
    page.locator("[name=code]").fill(code_in_the_mail(world))
    page.locator(GO).click()
    screen.check()
    screen.shot("quote-03-check")
    page.locator(GO).click()
    page.wait_for_url("**/confirmation/")
    screen.check()
    screen.shot("quote-04-sent")
    found = re.search(r"(/suivi/[^/]+/)confirmation/", page.url)
    assert found
    return found.group(1)


def line(page: Page, option: int, rank: int, **values: str) -> None:
    """Fill a line of the editor."""
    for name, value in values.items():
        box = page.locator(f"[name=o{option}-l{rank}-{name}]")
        if name in {"kind", "vat_code"}:
            box.select_option(value)
        else:
            box.fill(value)


def write(screen: Screen) -> None:
    """The desk writes two options, looks at them and sends."""
    reference = ServiceRequest.objects.get().public_id
    page = screen.open(f"/demandes/{reference}/")
    screen.shot("quote-05-request")
    page.get_by_role("button", name="Rédiger un devis").click()
    screen.check()
    line(page, 0, 0, description="Pose de deux étagères", quantity="2,5", unit="h", unit_price="40")
    page.get_by_role("button", name="Ajouter une ligne").click()
    line(page, 0, 1, description="Déplacement", unit_price="15", kind="travel")
    page.get_by_role("button", name="Copier comme autre option").click()
    page.locator("[name=o0-title]").fill("Pose seule")
    page.locator("[name=o1-title]").fill("Pose et bois")
    page.get_by_role("button", name="Ajouter une ligne").nth(1).click()
    line(page, 1, 2, description="Étagères en chêne", quantity="2", unit_price="45", kind="supply")
    screen.check()
    screen.shot("quote-06-editor")
    page.locator("[name=do][value=preview]").click()
    screen.check()
    screen.shot("quote-07-preview")
    page.get_by_role("button", name="L’envoyer au client").click()
    expect(page.locator("body")).to_contain_text("D2026-000001")


def revise(screen: Screen) -> None:
    """The desk reads what should change and sends the next version."""
    page = screen.open(f"/devis/{Quote.objects.get().public_id}/")
    screen.shot("quote-10-change-wanted")
    page.get_by_role("button", name="Rédiger la version suivante").click()
    screen.check()
    expect(page.locator("body")).to_contain_text("Plutôt du hêtre")
    line(page, 1, 2, description="Étagères en hêtre", unit_price="30")
    page.locator("[name=head-starts_on]").fill((NOW + dt.timedelta(days=3)).date().isoformat())
    page.locator("[name=head-starts_time]").fill("09:00")
    page.locator("[name=head-duration]").fill("une demi-journée")
    page.locator("[name=do][value=preview]").click()
    page.get_by_role("button", name="L’envoyer au client").click()
    screen.check()
    screen.shot("quote-11-second-version")
    screen.open("/devis/")
    screen.shot("quote-12-list")


@pytest.mark.timeout(600)
@pytest.mark.promise("domain R5")
@pytest.mark.parametrize("screen", ["phone"], indirect=True)
def test_a_quote_with_a_change_and_an_acceptance(screen: Screen, dijon: World, client: Client) -> None:
    world = dijon
    path = ask(screen, world)
    with tenancy.working_for(world.organisation):
        sign_in(screen, client, world.users["concierge"])
        write(screen)
        news(world)
        page = screen.open(f"{path}devis/")
        screen.shot("quote-08-client-reads")
        page.locator("summary", has_text="Je souhaite une modification").click()
        page.locator("[name=text]").fill("Plutôt du hêtre que du chêne, s'il vous plaît.")
        screen.check()
        page.get_by_role("button", name="Demander cette modification").click()
        screen.check()
        screen.shot("quote-09-change-asked")
        revise(screen)
        news(world)
        page = screen.open(f"{path}devis/")
        page.locator(".choice-card", has_text="Pose et bois").locator("input").check()
        page.locator("[name=name]").fill("Marie-Antoinette de la Bretesche-Villeneuve")
        screen.shot("quote-13-accepting")
        page.get_by_role("button", name="J’accepte ce devis").click()
        screen.check()
        expect(page.locator("body")).to_contain_text("Accepté par Marie-Antoinette")
        screen.shot("quote-14-accepted")
        news(world)
        pdf = page.request.get(f"{screen.base}{path}devis/pdf/")
        assert (pdf.status, pdf.headers["content-type"], pdf.body()[:5]) == (200, "application/pdf", b"%PDF-")
        quote = Quote.objects.get(status="accepted")
        assert (quote.version, quote.chosen.title if quote.chosen else "") == (2, "Pose et bois")
        request = ServiceRequest.objects.get()
        assert (request.status, str(request.total_incl_vat), request.work_orders.count()) == ("confirmed", "175.00", 1)
        screen.open(path)
        screen.shot("quote-15-tracking")
        screen.open(f"/demandes/{request.public_id}/")
        screen.shot("quote-16-request-after")
        screen.open(f"/devis/{quote.public_id}/")
        screen.shot("quote-17-proof")
