"""A weekly basket from order to hand-out in a real browser: phone, cut-off, order sheet, one who did not come."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.test import Client
from playwright.sync_api import expect

from bookings.actions.pre_orders import order_ahead
from bookings.models import OrderSheet, PreOrder, PreOrderRun, ServiceRequest
from concierge import tenancy
from concierge.models import User
from tests.bookings.conftest import MONDAY, PARIS, details, first_run, weekly_basket, wish_baskets
from tests.conftest import settle
from tests.e2e.conftest import SHOTS, Screen, sign_in
from tests.world import World

pytestmark = pytest.mark.browser


@pytest.fixture
def basket(live_world: World) -> Iterator[tuple[World, time_machine.Traveller]]:
    """Monday morning: the basket of Thursday is ordered before Tuesday noon; somebody has one already."""
    with time_machine.travel(MONDAY, tick=True) as clock, tenancy.working_for(live_world.organisation):
        plan = weekly_basket(live_world, capacity=12)
        order_ahead(
            first_run(plan),
            client=details(first_name="Paul", last_name="Absent", email="paul@example.fr", phone="06 11 22 33 44"),
            wishes=[wish_baskets(plan, 0, 1)],
            by=live_world.actor(),
        )
        yield live_world, clock


@pytest.mark.promise("domain R7")
@pytest.mark.parametrize("screen", ["desktop"], indirect=True)
def test_from_order_to_hand_out(basket: tuple[World, time_machine.Traveller], screen: Screen) -> None:
    world, clock = basket
    mine = order_on_the_pages(world, screen)
    clock.move_to(dt.datetime(2026, 11, 24, 12, 1, tzinfo=PARIS), tick=True)
    settle(world.organisation)
    clock.move_to(dt.datetime(2026, 11, 26, 12, 5, tzinfo=PARIS), tick=True)
    with tenancy.working_for(world.organisation):
        run = PreOrderRun.objects.get(pre_orders__request=mine)
    look_at_the_sheet(world, screen, run)
    hand_out(screen, run)
    clock.move_to(dt.datetime(2026, 11, 26, 14, 31, tzinfo=PARIS), tick=True)
    settle(world.organisation)
    page = screen.open(f"/precommandes/{run.public_id}/remise/")
    expect(page.get_by_text("Non retiré").first).to_be_visible()
    screen.shot("basket-8-over")
    with tenancy.working_for(world.organisation):
        ends = dict(PreOrder.objects.values_list("request__contact_name", "hand_out"))
        assert ends == {"Inès Garnier": "handed_over", "Paul Absent": "no_show"}
        assert set(ServiceRequest.objects.values_list("status", flat=True)) == {"closed"}


def order_on_the_pages(world: World, screen: Screen) -> ServiceRequest:
    """Inès, signed in with a verified address, orders two small baskets."""
    page = screen.page
    with tenancy.working_for(world.organisation):
        me = User.objects.create_user("ines@example.fr", first_name="Inès", last_name="Garnier")
        EmailAddress.objects.create(user=me, email=me.email, verified=True, primary=True)
    sign_in(screen, Client(), me)
    go_on = page.locator("main .form-actions button[type=submit]")
    screen.open("/reserver/republique/")
    page.locator("label.choice-card", has_text="Panier de légumes").click()
    go_on.click()
    page.get_by_role("spinbutton", name="Petit").fill("2")
    go_on.click()
    expect(page.get_by_text("À commander avant le mardi 24 novembre à 12:00")).to_be_visible()
    screen.check()
    screen.shot("basket-1-run")
    page.locator("label.choice-card", has_text="Jeudi 26 novembre de 12:00 à 14:00").click()
    go_on.click()
    page.locator("input[name=first_name]").fill("Inès")
    page.locator("input[name=last_name]").fill("Garnier")
    page.locator("input[name=email]").fill("ines@example.fr")
    go_on.click()
    expect(page.get_by_text("Jeudi 26 novembre de 12:00 à 14:00")).to_be_visible()
    screen.check()
    screen.shot("basket-2-review")
    go_on.click()
    page.wait_for_url("**/confirmation/")
    screen.check()
    with tenancy.working_for(world.organisation):
        mine = ServiceRequest.objects.get(contact_email="ines@example.fr")
    screen.open(f"/suivi/{mine.tracking_token}/")
    expect(page.get_by_text("Vous pouvez modifier ou annuler jusqu’au").first).to_be_visible()
    screen.shot("basket-3-track")
    return mine


def look_at_the_sheet(world: World, screen: Screen, run: PreOrderRun) -> None:
    """The desk sees the closed hand-out and its order sheet."""
    page = screen.page
    page.context.clear_cookies()
    sign_in(screen, Client(), world.users["concierge"])
    screen.open("/precommandes/")
    screen.shot("basket-4-runs")
    screen.open(f"/precommandes/{run.public_id}/")
    screen.shot("basket-5-run")
    with tenancy.working_for(world.organisation):
        sheet = OrderSheet.objects.get()
    pdf = page.request.get(f"{screen.base}/precommandes/bons/{sheet.public_id}.pdf")
    csv = page.request.get(f"{screen.base}/precommandes/bons/{sheet.public_id}.csv")
    assert (pdf.headers["content-type"], pdf.body()[:5]) == ("application/pdf", b"%PDF-")
    (SHOTS / "basket-sheet.pdf").write_bytes(pdf.body())
    assert csv.text().lstrip("\ufeff").splitlines() == [
        "Article;Conciergerie République;Total",
        "Panier de légumes – Grand;1;1",
        "Panier de légumes – Petit;2;2",
    ]


def hand_out(screen: Screen, run: PreOrderRun) -> None:
    """One of two comes."""
    page = screen.open(f"/precommandes/{run.public_id}/remise/")
    expect(page.get_by_text("2 encore attendus")).to_be_visible()
    screen.shot("basket-6-list")
    page.locator(".hand-out", has_text="Inès Garnier").locator("form[action$='/remis/'] button").click()
    expect(page.get_by_text("1 encore attendu", exact=True)).to_be_visible()
    screen.check()
    screen.shot("basket-7-ticked")
