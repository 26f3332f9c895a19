"""A provider's life on a telephone: invited, documents, agreement, first offer by SMS, another price, accepted, given
back, an insurance that ends; and what the team reads of it (domain.md R31-R34, trust.md S16)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client
from playwright.sync_api import Browser, expect

from bookings.models import WorkOrder
from concierge import tenancy
from notifications.gateways.sms import MemorySms
from providers.actions.policies import set_offer_policy
from providers.actions.rounds import start_round
from providers.enums import Ladder
from providers.models import Provider
from tests.e2e.conftest import SIZES, Screen, sign_in
from tests.providers.conftest import MONDAY, a_siret, add_provider
from tests.providers.test_contacts import send
from tests.providers.uploading import a_pdf, from_camera
from tests.world import World

pytestmark = pytest.mark.browser

NAME, MOBILE = "Au fil de Lise", "06 12 34 56 78"
LINK = re.compile(r"https?://[^/\s]+(/(?:invitation|convention|offre)/[^/\s]+/)")
DIGITS = re.compile(r"(?:chiffres|code)\D{0,60}(\d{4})\b")


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Monday, ten in the morning; time goes on."""
    with time_machine.travel(MONDAY, tick=True) as traveller:
        yield traveller


@pytest.fixture
def dijon(live_world: World, clock: time_machine.Traveller, settings: Any) -> World:
    """A conciergerie that asks by SMS, and one cobbler who is there already."""
    # The browser's own clock is elsewhere.
    settings.SESSION_EXPIRE_AT_BROWSER_CLOSE = True
    MemorySms.sent.clear()
    with tenancy.working_for(live_world.organisation):
        add_provider(live_world, name="Le Bon Talon", price="11.00", latitude=Decimal("47.36"))
        set_offer_policy(live_world.organisation, ladder=Ladder.SMS_EMAIL_CALL, by=live_world.actor())
    return live_world


@pytest.fixture
def phone(browser: Browser, live_server: Any) -> Iterator[Screen]:
    """Lise's telephone, without an account."""
    yield from _window(browser, live_server, "phone")


@pytest.fixture
def desk(browser: Browser, live_server: Any, client: Client, dijon: World) -> Iterator[Screen]:
    """The manager's screen."""
    for screen in _window(browser, live_server, "desktop"):
        sign_in(screen, client, dijon.users["site_manager"])
        yield screen


def _window(browser: Browser, live_server: Any, size: str) -> Iterator[Screen]:
    context = browser.new_context(
        viewport=SIZES[size],  # type: ignore[arg-type]  # a plain dict of two integers
        locale="fr-FR",
        timezone_id="Europe/Paris",
        has_touch=size == "phone",
    )
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield Screen(page, size, live_server.url.replace("127.0.0.1", "localhost"))
    context.close()
    assert errors == []


class Life:
    """Both screens, and what leaves between them."""

    def __init__(self, world: World, phone: Screen, desk: Screen, files: Path) -> None:
        self.world, self.phone, self.desk, self.files = world, phone, desk, files
        self.shots = 0

    def news(self) -> None:
        """What worker and beat do."""
        with tenancy.working_for(self.world.organisation):
            send(self.world)

    def shot(self, screen: Screen, name: str) -> None:
        """Check the page and keep a picture, in order."""
        screen.check()
        self.shots += 1
        screen.shot(f"life-{self.shots:02d}-{name}")

    def press(self, screen: Screen, label: str) -> None:
        """Press what is called so, and see a page."""
        with screen.page.expect_navigation():
            screen.page.get_by_role("button", name=label, exact=False).first.click()

    def enter(self, text: str) -> None:
        """Open the link of a message and type its four digits, as somebody who holds the telephone does."""
        found = LINK.search(text)
        assert found, text
        self.phone.open(found.group(1))
        if not self.phone.page.locator("form[action$='/code/']").count():
            return  # it was typed in this browser before
        digits = DIGITS.search(text[found.end() :]) or DIGITS.search(text)
        assert digits, text
        self.phone.page.get_by_role("textbox").first.fill(digits.group(1))
        self.press(self.phone, "Continuer")

    def last_mail(self, subject: str) -> str:
        """The newest letter to her about something."""
        return next(
            str(one.body) for one in reversed(mail.outbox) if "lise@example.fr" in one.to and subject in one.subject
        )

    def last_sms(self) -> str:
        """The newest SMS to her."""
        return next(text for number, text in reversed(MemorySms.sent) if number == "+33612345678")


@pytest.mark.promise("domain R31", "R32", "R33", "R34", "S16")
def test_a_providers_life(
    dijon: World, phone: Screen, desk: Screen, tmp_path: Path, clock: time_machine.Traveller
) -> None:
    life = Life(dijon, phone, desk, tmp_path)
    invited(life)
    opens_her_file(life)
    looked_at(life)
    signs(life)
    order = first_offer(life)
    another_price(life, order)
    gives_it_back(life, order)
    insurance_ends(life, clock)


def invited(life: Life) -> None:
    """The team needs a name and an address."""
    page = life.desk.open("/prestataires/invitations/nouvelle/")
    page.locator("[name=name]").fill(NAME)
    page.locator("[name=email]").fill("lise@example.fr")
    life.press(life.desk, "Envoyer l’invitation")
    life.shot(life.desk, "team-invited")
    life.news()


def opens_her_file(life: Life) -> None:
    """Five steps; a wrong SIRET is told at its field and loses nothing."""
    page = life.phone.page
    life.enter(life.last_mail(""))
    life.shot(life.phone, "who")
    for name, value in {
        "contact_name": "Lise Barrault",
        "siret": "12345678901234",
        "phone": MOBILE,
        "street": "4 rue des Forges",
        "postcode": "21000",
        "city": "Dijon",
    }.items():
        page.locator(f"[name={name}]").fill(value)
    life.press(life.phone, "Enregistrer")
    life.shot(life.phone, "who-wrong")
    expect(page.locator("[name=street]")).to_have_value("4 rue des Forges")
    page.locator("[name=siret]").fill(a_siret())
    life.press(life.phone, "Enregistrer")
    page.locator("[name=day0]").fill("9:00-12:30, 14:00-18:00")
    for day in range(1, 5):
        page.locator(f"[name=day{day}]").fill("9-18")
    life.shot(life.phone, "when")
    life.press(life.phone, "Enregistrer")
    page.get_by_label("Talons").check()
    life.shot(life.phone, "what")
    life.press(life.phone, "Enregistrer")
    for kind, name, content in (("insurance", "a.pdf", a_pdf()), ("registration", "photo.jpg", from_camera())):
        paper = life.files / name
        paper.write_bytes(content)
        page.locator("[name=kind]").select_option(kind)
        page.locator("[name=file]").set_input_files(paper)
        life.press(life.phone, "Envoyer")
    life.shot(life.phone, "documents")
    page.get_by_role("link", name="Continuer").click()
    page.locator("[name=agree]").check()
    life.shot(life.phone, "charter")
    life.press(life.phone, "Signer")
    life.shot(life.phone, "handed-in")
    life.news()


def looked_at(life: Life) -> None:
    """Somebody reads both papers, then says yes to the file."""
    for expires in ("2026-12-10", ""):
        judge(life, "2026-11-01", expires)
    with tenancy.working_for(life.world.organisation):
        provider = Provider.objects.get(name=NAME)
    life.desk.open(f"/prestataires/{provider.public_id}/")
    life.shot(life.desk, "team-file")
    life.press(life.desk, "Travailler avec ce prestataire")
    life.news()


def judge(life: Life, issued: str, expires: str) -> None:
    """The oldest paper that waits is right."""
    page = life.desk.open("/prestataires/documents/")
    page.locator("main tbody a").first.click()
    page.wait_for_url("**/lire/")
    page.locator("[name=issued_on]").fill(issued)
    page.locator("[name=expires_on]").first.fill(expires)
    life.shot(life.desk, "team-paper")
    life.press(life.desk, "Valider")


def signs(life: Life) -> None:
    """What heels are bought for, signed by both."""
    page = life.desk.page
    with tenancy.working_for(life.world.organisation):
        provider = Provider.objects.get(name=NAME)
    page = life.desk.open(f"/prestataires/{provider.public_id}/conventions/nouvelle/")
    page.locator("[name=service]").select_option(label=life.world.cobbler.label)
    page.locator("[name=kind][value=purchase]").check()
    page.locator("[name=purchase_price]").fill("12")
    page.locator("[name=invoicing][value=provider_to_us]").check()
    page.locator("[name=valid_from]").fill("2026-11-23")
    life.press(life.desk, "Enregistrer le brouillon")
    life.press(life.desk, "L’envoyer à signer")
    life.news()
    life.enter(life.last_mail("onvention"))
    life.shot(life.phone, "agreement")
    life.phone.page.locator("form[action$='/signer/'] [name=name]").fill("Lise Barrault")
    life.press(life.phone, "Je l’ai lue et je signe")
    life.shot(life.phone, "agreement-signed")
    page.reload()
    page.locator("form[action$='/signer/'] [name=name]").fill("Hélène Brunet")
    life.press(life.desk, "Je l’ai lue et je signe")
    life.shot(life.desk, "team-agreement")
    life.news()


def first_offer(life: Life) -> WorkOrder:
    """Heels to be done: she is the nearest, and is asked by SMS."""
    with tenancy.working_for(life.world.organisation):
        order = life.world.request(life.world.cobbler).work_orders.get()
        start_round(order, by=life.world.actor())
    life.news()
    life.enter(life.last_sms())
    life.shot(life.phone, "offer")
    return order


def another_price(life: Life, order: WorkOrder) -> None:
    """She wants 14 euros; the team agrees, and the job is hers."""
    page = life.phone.page
    page.get_by_role("link", name="Un autre prix").click()
    page.locator("[name=price]").fill("14")
    page.locator("[name=comment]").fill("La pose demande plus de temps.")
    life.shot(life.phone, "proposes")
    life.press(life.phone, "Proposer cela")
    life.shot(life.phone, "proposed")
    life.news()
    page = life.desk.open(f"/prestataires/demandes/{order.request.public_id}/propositions/")
    page.locator("#offers-of-request details summary").first.click()
    life.shot(life.desk, "team-proposal")
    life.press(life.desk, "Accepter")
    life.news()
    life.enter(life.last_sms())
    expect(life.phone.page.locator("main")).to_contain_text("14,00")
    life.shot(life.phone, "hers")


def gives_it_back(life: Life, order: WorkOrder) -> None:
    """Her machine breaks: given back in time, the others are asked at once."""
    page = life.phone.page
    page.get_by_text("Je ne peux finalement pas").click()
    page.locator("form[action$='/rendre/'] [name=reason]").first.check()
    life.shot(life.phone, "gives-back")
    life.press(life.phone, "Rendre ce travail")
    life.shot(life.phone, "given-back")
    life.news()
    page = life.desk.open(f"/prestataires/demandes/{order.request.public_id}/propositions/")
    page.locator("#offers-of-request details summary").first.click()
    life.shot(life.desk, "team-asks-others")
    expect(page.locator("#offers-of-request")).to_contain_text("Le Bon Talon")


def insurance_ends(life: Life, clock: time_machine.Traveller) -> None:
    """Told before it ends; afterwards nothing new is proposed to her and the team reads why, until she has sent the
    next one from the letter."""
    for day in (25, 41):
        clock.move_to(MONDAY + dt.timedelta(days=day - 23))
        life.news()
    life.last_mail("expire bientôt")
    sign_in(life.desk, Client(), life.world.users["site_manager"])
    looks_again(life, "team-insurance-over", "Un document a expiré")
    life.enter(life.last_mail("a expiré"))
    life.shot(life.phone, "insurance-over")
    page = life.phone.page
    page.locator("[name=kind]").select_option("insurance")
    page.locator("[name=file]").set_input_files(life.files / "a.pdf")
    life.press(life.phone, "Envoyer")
    life.shot(life.phone, "insurance-sent")
    judge(life, "2026-12-08", "2027-12-07")
    life.news()
    looks_again(life, "team-insurance-anew", "points")


def looks_again(life: Life, name: str, text: str) -> None:
    """One more pair of heels: who is asked, and why not the others."""
    with tenancy.working_for(life.world.organisation):
        order = life.world.request(life.world.cobbler).work_orders.get()
        start_round(order, by=life.world.actor())
    life.news()
    page = life.desk.open(f"/prestataires/demandes/{order.request.public_id}/propositions/")
    page.locator("#offers-of-request details summary").first.click()
    life.shot(life.desk, name)
    line = page.locator("#offers-of-request details tr", has_text=NAME)
    expect(line).to_contain_text(text)
