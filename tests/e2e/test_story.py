"""The main job in a real browser: booked, looked for, given, done, checked, handed over and invoiced, at both sizes."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from playwright.sync_api import Browser, Locator, Page, expect

from billing import tasks
from billing.actions.issuers import set_up_issuer
from billing.models import Invoice
from bookings.actions.clients import verification_code
from bookings.models import EmailVerification, ServiceRequest, SlotRule, WorkOrder
from concierge import tenancy
from providers.actions.links import link_code, link_url
from providers.models import Offer
from tests.conftest import settle
from tests.e2e.conftest import SIZES, Screen, sign_in
from tests.providers.conftest import add_provider
from tests.workers.conftest import NOW, build_team
from tests.world import World
from workers.models import Assignment

pytestmark = pytest.mark.browser

HOME = "/reserver/republique/"
GO = ".form-actions button[type=submit]"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Monday, 8 in the morning; time goes on."""
    with time_machine.travel(NOW, tick=True) as traveller:
        yield traveller


@pytest.fixture
def dijon(live_world: World, clock: time_machine.Traveller, settings: Any) -> World:
    """A team, two cobblers, an issuer of invoices."""
    # The browser keeps its own clock: a date in the test's past would end its session.
    settings.SESSION_EXPIRE_AT_BROWSER_CLOSE = True
    with tenancy.working_for(live_world.organisation):
        build_team(live_world)
        for name in ("Cordonnerie de la rue Monge", "Le Bon Talon"):
            add_provider(live_world, name=name)
        set_up_issuer(
            by=live_world.actor(),
            name=live_world.organisation.name,
            street="1 rue Musette",
            postcode="21000",
            city="Dijon",
            siren="732829320",
        )
    return live_world


def choose_services(page: Page, *names: str) -> None:
    """Steps 1 and 2: these services, five pieces of what is counted."""
    for name in names:
        page.locator(".choice-card", has_text=name).locator("input").check()
    page.locator(GO).click()
    page.locator("input[type=number]").first.fill("5")


def slot(page: Page, time: str) -> Locator:
    """The first free time of this name."""
    return page.locator(".slot", has_text=time).first.locator("input")


def type_contact(page: Page, **changes: str) -> None:
    """Step 4: who I am."""
    typed = {
        "first_name": "Marie-Antoinette",
        "last_name": "de la Bretesche-Villeneuve",
        "email": "marie@example.org",
        "phone": "06 12 34 56 78",
    }
    for name, value in {**typed, **changes}.items():
        page.locator(f"[name={name}]").fill(value)


def code_in_the_mail(world: World) -> str:
    """The six digits that the mail holds."""
    with tenancy.working_for(world.organisation):
        return verification_code(EmailVerification.objects.latest("pk"))


def book(screen: Screen, world: World) -> str:
    """Book ironing and heels; the path of the tracking page."""
    page = screen.open("/reserver/")
    screen.shot("story-01-desks")
    page.locator(f"a.btn[href='{HOME}']").click()
    screen.check()
    screen.shot("story-02-services")
    choose_services(page, "Repassage", "Pose de talons")
    screen.check()
    screen.shot("story-03-details")
    page.locator(GO).click()
    slot(page, "10:00").check()
    screen.check()
    screen.shot("story-04-slot")
    page.locator(GO).click()
    expect(page.locator(".countdown")).to_be_visible()
    page.locator(GO).click()
    expect(page.locator(".error-summary")).to_be_focused()
    screen.check()
    type_contact(page)
    screen.shot("story-05-contact")
    page.locator(GO).click()
    page.locator("[name=code]").fill(code_in_the_mail(world))
    screen.check()
    page.locator(GO).click()
    expect(page.locator(".price-line-total")).to_contain_text("33,00")
    screen.check()
    screen.shot("story-06-review")
    page.locator(GO).click()
    page.wait_for_url("**/confirmation/")
    expect(page.locator(".qr-code svg")).to_be_visible()
    screen.check()
    screen.shot("story-07-done")
    address = page.locator(".form-actions a.btn-primary").get_attribute("href")
    assert address is not None
    return re.sub(r"^https?://[^/]+", "", address)


def tracked(screen: Screen, path: str, words: str, shot: str) -> None:
    """The client looks again and reads these words."""
    page = screen.open(path)
    expect(page.locator("#state")).to_contain_text(words)
    screen.shot(shot)


def provider_accepts(screen: Screen, world: World) -> str:
    """The cobbler says yes by the personal link; its path."""
    with tenancy.working_for(world.organisation):
        offer = Offer.objects.with_need().order_by("pk")[0]
        path, code = "/" + link_url(offer).split("/", 3)[3], link_code(offer)
    page = screen.open(path)
    page.get_by_role("textbox").fill(code)
    page.locator("form[action$='/code/'] button").click()
    page.locator("form[action$='/accepter/'] button").wait_for()
    screen.check()
    screen.shot("story-10-offer")
    page.locator("form[action$='/accepter/'] button").click()
    page.locator("form[action$='/commencer/'] button").wait_for()
    settle(world.organisation)
    return path


def dispatcher_gives(screen: Screen, world: World, client: Client, request: ServiceRequest) -> None:
    """The ironing goes to the first person who fits."""
    with tenancy.working_for(world.organisation):
        order = request.work_orders.get(service=world.ironing)
    sign_in(screen, client, world.users["dispatcher"])
    page = screen.open(f"/affectations/?day={order.promised_start.date().isoformat()}")
    page.locator(f"a[href*='work={order.public_id}']").click()
    page.locator("#who form[method=post] button").first.wait_for()
    screen.check()
    screen.shot("story-11-candidates")
    page.locator("#who form[method=post] button").first.click()
    page.wait_for_url("**done=**")
    screen.check()
    screen.shot("story-12-board")
    settle(world.organisation)
    with tenancy.working_for(world.organisation):
        assert Assignment.objects.occupying().get().trainee.first_name == "Amina"


def trainee_works(screen: Screen, world: World, client: Client, path: str) -> None:
    """Start and done, with one thumb; the client sees it."""
    sign_in(screen, client, world.users["trainee"])
    page = screen.open("/ma-journee/")
    screen.shot("story-13-day")
    page.locator("form[action$='/commencer/'] button").click()
    page.locator("form[action$='/terminer/'] button").wait_for()
    settle(world.organisation)
    tracked(screen, path, "En cours dans notre atelier", "story-14-tracking-working")
    screen.open("/ma-journee/")
    page.locator("form[action$='/terminer/'] button").click()
    page.locator("form[action$='/terminer/']").wait_for(state="detached")
    settle(world.organisation)


def provider_works(screen: Screen, world: World, path: str) -> None:
    """Start and done on the personal link."""
    page = screen.open(path)
    page.locator("form[action$='/commencer/'] button").click()
    page.locator("form[action$='/terminer/'] button").click()
    page.locator("form[action$='/terminer/']").wait_for(state="detached")
    screen.check()
    settle(world.organisation)


def team_checks(screen: Screen, world: World, client: Client, request: ServiceRequest) -> None:
    """The supervisor checks the ironing, the desk the heels."""
    sign_in(screen, client, world.users["supervisor"])
    page = screen.open("/affectations/a-valider/")
    page.locator("form[action$='/valider/'] button").click()
    expect(page.locator("form[action$='/valider/']")).to_have_count(0)
    settle(world.organisation)
    sign_in(screen, client, world.users["concierge"])
    page = screen.open(f"/demandes/{request.public_id}/")
    screen.shot("story-15-request")
    page.locator("form[action$='/valider/'] button").click()
    expect(page.locator("form[action$='/valider/']")).to_have_count(0)
    settle(world.organisation)


def desk_hands_over(screen: Screen, world: World, request: ServiceRequest) -> None:
    """The client takes everything home."""
    page = screen.open(f"/demandes/{request.public_id}/")
    page.locator("a[href$='/remettre/']").click()
    screen.check()
    page.locator(GO).click()
    expect(page.locator(".badge-done").first).to_be_visible()
    screen.check()
    settle(world.organisation)


def accountant_invoices(screen: Screen, world: World, client: Client) -> None:
    """The invoice is issued, drawn and there to open."""
    sign_in(screen, client, world.users["accountant"])
    page = screen.open("/factures/a-facturer/")
    page.locator("form[action$='/payeur/'] button").first.click()
    page.wait_for_load_state("networkidle")
    settle(world.organisation)
    with tenancy.working_for(world.organisation):
        invoice = Invoice.objects.get()
        tasks.render_document(world.organisation.pk, invoice.pk)
    page = screen.open(f"/factures/{invoice.public_id}/")
    screen.shot("story-16-invoice")
    answer = page.request.get(f"{screen.base}/factures/{invoice.public_id}/pdf")
    assert answer.body().startswith(b"%PDF-")
    screen.open("/factures/")


@pytest.mark.promise("domain R14", "S16")
def test_the_main_job(dijon: World, clock: time_machine.Traveller, screen: Screen, client: Client) -> None:
    path = book(screen, dijon)
    settle(dijon.organisation)
    with tenancy.working_for(dijon.organisation):
        request = ServiceRequest.objects.get()
    tracked(screen, path, "Nous cherchons un artisan", "story-08-tracking-looking")
    link = provider_accepts(screen, dijon)
    tracked(screen, path, "Cordonnerie de la rue Monge", "story-09-tracking-accepted")
    dispatcher_gives(screen, dijon, client, request)
    tracked(screen, path, "confié à notre équipe", "story-12-tracking-given")
    with tenancy.working_for(dijon.organisation):
        clock.move_to(Assignment.objects.get().planned_start)
    trainee_works(screen, dijon, client, path)
    provider_works(screen, dijon, link)
    team_checks(screen, dijon, client, request)
    tracked(screen, path, "Tout est prêt", "story-17-tracking-ready")
    desk_hands_over(screen, dijon, request)
    accountant_invoices(screen, dijon, client)
    tracked(screen, path, "C’est terminé. Merci", "story-18-tracking-over")
    with tenancy.working_for(dijon.organisation):
        assert ServiceRequest.objects.get().status == "closed"
        assert {order.status for order in WorkOrder.objects.all()} == {"verified"}


@pytest.mark.promise("R01")
def test_the_second_on_the_last_place_is_told_kindly(
    dijon: World, screen: Screen, browser: Browser, client: Client
) -> None:
    with tenancy.working_for(dijon.organisation):
        SlotRule.objects.update(capacity=1)
    other = browser.new_context(viewport=SIZES["phone"], locale="fr-FR")  # type: ignore[arg-type]  # two integers
    pages = [screen.page, other.new_page()]
    for page in pages:
        page.goto(screen.base + HOME)
        choose_services(page, "Repassage")
        page.locator(GO).click()
        slot(page, "10:00").check()
    expect(pages[0].locator(".slot", has_text="10:00").first).to_contain_text("dernière place")
    pages[1].locator(GO).click()
    expect(pages[1].locator(".countdown")).to_be_visible()
    pages[0].locator(GO).click()
    expect(pages[0].get_by_role("alert")).to_contain_text("Quelqu’un vient de prendre la dernière place")
    first = pages[0].locator(".slot").first
    expect(first).to_be_visible()
    expect(first).not_to_contain_text("10:00")
    screen.check()
    screen.shot("story-last-place")
    slot(pages[0], "10:30").check()
    pages[0].locator(GO).click()
    expect(pages[0].locator(".countdown")).to_be_visible()
    other.close()


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is there, and see it."""
    for _press in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            break
    seen = page.evaluate(
        """() => {
            const box = document.activeElement.closest(".slot, .choice-card") ?? document.activeElement;
            return getComputedStyle(box).outlineStyle !== "none" || getComputedStyle(box).boxShadow !== "none";
        }"""
    )
    assert page.evaluate("wanted => document.activeElement.matches(wanted)", selector), f"no Tab leads to {selector}"
    assert seen, f"the focus on {selector} cannot be seen"


@pytest.mark.parametrize("screen", ["desktop"], indirect=True)
def test_booking_by_keyboard_alone_in_english(dijon: World, screen: Screen) -> None:
    page = screen.open("/reserver/")
    keys = page.keyboard
    tab_to(page, "form[action*='i18n'] button")
    keys.press("Enter")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    tab_to(page, f"a.btn[href='{HOME}']")
    keys.press("Enter")
    page.wait_for_url(f"**{HOME}")
    tab_to(page, ".choice-card input")
    keys.press("Space")
    tab_to(page, GO)
    keys.press("Enter")
    page.wait_for_url("**/details/")
    screen.check()
    tab_to(page, "input[type=number]")
    for _piece in range(3):
        keys.press("ArrowUp")
    tab_to(page, GO)
    keys.press("Enter")
    page.wait_for_url("**/creneau/")
    tab_to(page, ".slot input")
    keys.press("ArrowDown")
    screen.check()
    tab_to(page, GO)
    keys.press("Enter")
    page.wait_for_url("**/coordonnees/")
    for name, value in (("first_name", "Mary"), ("last_name", "Lamb"), ("email", "mary@example.org")):
        tab_to(page, f"[name={name}]")
        keys.type(value)
    tab_to(page, GO)
    keys.press("Enter")
    page.wait_for_url("**/code/")
    tab_to(page, "[name=code]")
    keys.type(code_in_the_mail(dijon))
    tab_to(page, GO)
    keys.press("Enter")
    page.wait_for_url("**/verification/")
    screen.check()
    tab_to(page, GO)
    keys.press("Enter")
    page.wait_for_url("**/confirmation/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")
    screen.check()
    with tenancy.working_for(dijon.organisation):
        made = ServiceRequest.objects.get()
        assert made.total_incl_vat == 9
        assert made.promised_start is not None
        assert made.promised_start > NOW + dt.timedelta(hours=1)
