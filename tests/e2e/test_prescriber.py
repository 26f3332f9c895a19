"""A social worker books for somebody they accompany, in a real browser; the team reads who asked for whom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client as Visitor
from playwright.sync_api import expect

from bookings.actions.prescribers import invite_prescriber
from bookings.models import Accompaniment, Client, Prescriber, ServiceRequest
from concierge import tenancy
from tests.conftest import settle
from tests.e2e.conftest import Screen, sign_in
from tests.e2e.test_story import GO, choose_services, slot
from tests.workers.conftest import NOW
from tests.world import World

pytestmark = pytest.mark.browser


@pytest.fixture
def partner(live_world: World, settings: Any) -> Iterator[Prescriber]:
    """Monday morning; the team has invited a social worker."""
    settings.SESSION_EXPIRE_AT_BROWSER_CLOSE = True
    with time_machine.travel(NOW, tick=True), tenancy.working_for(live_world.organisation):
        yield invite_prescriber(
            live_world.organisation,
            "sonia.petit@ccas.example",
            first_name="Sonia",
            last_name="Petit",
            structure="CCAS de Dijon",
            by=live_world.actor("concierge"),
        )


@pytest.mark.timeout(300)
@pytest.mark.promise("domain R2")
def test_prescriber_for_someone(live_world: World, partner: Prescriber, screen: Screen) -> None:
    page = screen.page
    sign_in(screen, Visitor(), partner.user)
    screen.open("/")
    assert page.url.endswith("/accompagner/")
    screen.shot("prescriber-01-nobody")
    page.get_by_role("link", name="Ajouter une personne").first.click()
    page.locator("[name=first_name]").fill("Jeanne")
    page.locator("[name=last_name]").fill("Martin")
    page.locator("[name=phone]").fill("06 98 76 54 32")
    page.locator("[name=email]").fill("jeanne.martin@example.org")
    page.locator(GO).click()
    # The agreement was forgotten: nothing typed is lost.
    expect(page.locator(".error-summary")).to_be_focused()
    expect(page.locator("[name=first_name]")).to_have_value("Jeanne")
    screen.check()
    screen.shot("prescriber-02-agreement")
    page.locator("[name=agreed]").check()
    page.locator(GO).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Jeanne Martin")
    screen.check()
    screen.shot("prescriber-03-person")
    _book(screen)
    with tenancy.working_for(live_world.organisation):
        made = ServiceRequest.objects.get()
        assert (made.prescriber, made.contact_name) == (partner, "Jeanne Martin")
        assert made.client == Accompaniment.objects.get().client
        settle(live_world.organisation)
    screen.open("/accompagner/")
    expect(page.get_by_text(made.reference)).to_be_visible()
    screen.shot("prescriber-07-people")
    page.context.clear_cookies()
    sign_in(screen, Visitor(), live_world.users["concierge"])
    screen.open(f"/demandes/{made.public_id}/")
    expect(page.get_by_text("Sonia Petit, CCAS de Dijon").first).to_be_visible()
    screen.shot("prescriber-08-team")
    screen.open("/prescripteurs/")
    screen.shot("prescriber-09-list")


def _book(screen: Screen) -> None:
    """From the person's page to the confirmation."""
    page = screen.page
    page.get_by_role("button", name="Conciergerie République").click()
    screen.check()
    choose_services(page, "Repassage")
    page.locator(GO).click()
    slot(page, "10:00").check()
    page.locator(GO).click()
    expect(page.locator("[name=email]")).to_have_count(0)
    screen.check()
    page.locator("[name=note]").fill("Sonner deux fois")
    screen.shot("prescriber-04-contact")
    page.locator(GO).click()
    expect(page.get_by_text("jeanne.martin@example.org")).to_be_visible()
    screen.check()
    screen.shot("prescriber-05-review")
    page.locator(GO).click()
    screen.check()
    screen.shot("prescriber-06-done")


@pytest.mark.promise("domain R2")
def test_two_records_of_one_person(live_world: World, partner: Prescriber, screen: Screen) -> None:
    with tenancy.working_for(live_world.organisation):
        Client.objects.create(
            organisation=live_world.organisation, first_name="Camille", last_name="Roux", email="c.roux@example.org"
        )
    sign_in(screen, Visitor(), live_world.users["concierge"])
    page = screen.open("/clients/doublons/")
    screen.shot("duplicates-01-list")
    page.get_by_role("link", name="Comparer").first.click()
    screen.check()
    screen.shot("duplicates-02-compare")
    page.get_by_role("button", name="conserver celle de gauche").click()
    expect(page.get_by_role("button", name="Séparer")).to_be_visible()
    screen.check()
    screen.shot("duplicates-03-merged")
    page.get_by_role("button", name="Séparer").click()
    expect(page.get_by_role("button", name="Séparer")).to_have_count(0)


def test_for_a_parent(live_world: World, partner: Prescriber, screen: Screen) -> None:
    page = screen.open("/reserver/republique/")
    choose_services(page, "Repassage")
    page.locator(GO).click()
    slot(page, "10:00").check()
    page.locator(GO).click()
    page.get_by_role("link", name="pour une autre personne").click()
    screen.check()
    page.locator("[name=first_name]").fill("Jeanne")
    page.locator("[name=last_name]").fill("Garnier")
    screen.shot("beneficiary-01-who")
    page.locator(GO).click()
    expect(page.get_by_text("C’est pour Jeanne Garnier")).to_be_visible()
    screen.check()
    screen.shot("beneficiary-02-contact")
