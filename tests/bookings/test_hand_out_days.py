"""Everybody who collects something at a site on a day, over all plans, on one list (R7)."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from bookings.actions import hand_outs, pre_orders, requests
from bookings.enums import NoShowPolicy
from bookings.models import PreOrder, PreOrderPlan, PreOrderRun, Producer
from concierge.models import Membership, Site
from tests.bookings.conftest import basket_service, details, first_run, weekly_basket, wish_baskets
from tests.bookings.test_booking_pages import shown
from tests.bookings.test_pre_orders import sweep, to
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
DAY = "/sites/republique/distributions/2026-11-26/"


@pytest.fixture
def plans(world: World) -> list[PreOrderPlan]:
    """Vegetables from 12 to 14, bread from 17 to 18, on the same day."""
    vegetables = weekly_basket(world)
    bread = weekly_basket(
        world,
        service=basket_service(world, "pain"),
        producer=Producer.objects.create(organisation=world.organisation, name="Le Four"),
        handout_opens=dt.time(17),
        handout_closes=dt.time(18),
    )
    bread.service.name = "Pain"
    bread.service.save(update_fields=["name"])
    return [vegetables, bread]


@pytest.fixture
def desk(world: World) -> Browser:
    browser = Browser()
    browser.force_login(world.users["concierge"])
    return browser


def ordered(world: World, plan: PreOrderPlan, first: str, last: str = "Roux") -> PreOrder:
    who = details(first_name=first, last_name=last, email=f"{first}.{last}@example.fr".lower(), phone="")
    made = pre_orders.order_ahead(first_run(plan), client=who, wishes=[wish_baskets(plan)], by=world.actor())
    return PreOrder.objects.get(request=made)


def listed(page: str) -> list[tuple[str, str]]:
    """Who fetches what, as the page shows it, in its order."""
    rows = re.findall(
        r'<p class="hand-out-name"><strong>([^<]*)</strong>.*?<p class="cell-note">([^<]*)</p>', page, re.DOTALL
    )
    return [(name, what) for name, what in rows]


@pytest.mark.promise("domain R7")
def test_one_list_for_all_plans_of_a_day_by_name(
    world: World, plans: list[PreOrderPlan], desk: Browser, monday: Any
) -> None:
    vegetables, bread = plans
    zoe, ana = ordered(world, vegetables, "Zoe"), ordered(world, bread, "Ana")
    ordered(world, bread, "Zoe")
    requests.cancel_request(ordered(world, bread, "Luc").request, reason="non", by=world.actor())
    both = [("Ana Roux", "Pain"), ("Zoe Roux", "Panier de légumes"), ("Zoe Roux", "Pain")]
    page = shown(desk.get(DAY))
    assert (listed(page), "Remis" in page) == (both, False)
    assert "3 encore attendus" in page
    to(monday, 24, 12, 1)
    sweep(world)
    page = shown(desk.get(DAY))
    assert (listed(page), page.count("/remis/")) == (both, 3)
    # Ticked on the list, one comes back to it, to the same place, with what was looked for.
    to(monday, 26, 12, 5)
    sent = {"q": "roux", "day": "2026-11-26", "page": "1"}
    answer = desk.post(f"/precommandes/remise/{zoe.public_id}/remis/", sent)
    assert answer["Location"] == f"{DAY}?q=roux&page=1#o-{zoe.public_id.hex}"
    zoe.refresh_from_db()
    ana.refresh_from_db()
    assert (zoe.hand_out, ana.hand_out) == ("handed_over", "expected")
    page = shown(desk.get("/sites/republique/distributions/"))
    assert (listed(page), "2 encore attendus" in page, "1 sur 3 traités" in page) == (both, True, True)
    assert desk.post(f"/precommandes/remise/{zoe.public_id}/annuler/", sent).status_code == 302
    zoe.refresh_from_db()
    assert zoe.hand_out == "expected"


@pytest.mark.parametrize("day", ["", "2026-13-01", "x", "//evil.example", "2026-11-26/../"])
def test_a_made_up_day_leads_to_the_list_of_the_hand_out(
    world: World, plans: list[PreOrderPlan], desk: Browser, monday: Any, day: str
) -> None:
    one = ordered(world, plans[0], "Ana")
    to(monday, 24, 12, 1)
    sweep(world)
    answer = desk.post(f"/precommandes/remise/{one.public_id}/remis/", {"day": day})
    assert answer["Location"] == f"/precommandes/{one.run.public_id}/remise/#o-{one.public_id.hex}"


@pytest.mark.promise("domain R7")
def test_what_is_kept_is_on_the_list_until_it_is_fetched(
    world: World, plans: list[PreOrderPlan], desk: Browser, monday: Any
) -> None:
    kept = ordered(world, plans[0], "Ana")
    PreOrderRun.objects.update(no_show_policy=NoShowPolicy.KEPT)
    to(monday, 24, 12, 1)
    sweep(world)
    to(monday, 26, 14, 31)
    sweep(world)
    to(monday, 27, 9)
    today = "/sites/republique/distributions/"
    assert listed(shown(desk.get(today))) == [("Ana Roux", "Panier de légumes")]
    assert "Distributions du jour : 1 commande" in shown(desk.get("/guichet/republique/")).replace("\xa0", " ")
    hand_outs.mark_handed_over(kept, by=world.actor())
    page = shown(desk.get(today))
    assert (listed(page), "0 encore attendu" in page) == ([("Ana Roux", "Panier de légumes")], True)
    to(monday, 28, 9)
    assert listed(shown(desk.get(today))) == []


def test_a_part_of_the_name_finds_somebody(world: World, plans: list[PreOrderPlan], desk: Browser) -> None:
    for plan, first, last in ((plans[0], "Ana", "Petit"), (plans[1], "Luc", "Grand")):
        ordered(world, plan, first, last)
    assert listed(shown(desk.get(f"{DAY}?q=peti"))) == [("Ana Petit", "Panier de légumes")]
    nobody = shown(desk.get(f"{DAY}?q=zz%00"))
    assert (listed(nobody), "Personne de ce nom sur la liste" in nobody) == ([], True)
    assert "Personne ne retire de commande ce jour-là" in shown(desk.get(DAY.replace("26", "25")))


@pytest.mark.parametrize("day", ["2026-11-31", "x", "26-11-2026", "20261126", "0001-01-01", "9999-12-31"])
def test_a_day_that_does_not_exist_is_not_found(world: World, desk: Browser, day: str) -> None:
    assert desk.get(f"/sites/republique/distributions/{day}/").status_code == 404


def test_a_site_where_one_does_not_work_is_not_found(world: World, desk: Browser) -> None:
    Site.objects.create(
        organisation=world.organisation,
        name="Loin",
        slug="loin",
        street="1 rue",
        postcode="21200",
        city="Beaune",
        latitude="47.02",
        longitude="4.84",
    )
    Membership.objects.filter(user=world.users["concierge"]).update(site=world.site)
    assert [desk.get(f"/sites/{slug}/distributions/").status_code for slug in ("loin", "nulle-part")] == [404, 404]


@pytest.mark.promise("R38")
def test_the_day_is_that_of_the_site(world: World, plans: list[PreOrderPlan], desk: Browser) -> None:
    """Half past eleven at night in Paris is a day later at Greenwich than it is in Fort-de-France."""
    one = ordered(world, plans[0], "Ana")
    at = dt.datetime(2026, 11, 26, 23, 30, tzinfo=dt.UTC)
    PreOrderRun.objects.filter(pk=one.run_id).update(handout_starts_at=at, handout_ends_at=at + dt.timedelta(hours=1))
    found = {}
    for zone in ("Europe/Paris", "America/Martinique"):
        Site.objects.update(time_zone=zone)
        days = (26, 27)
        found[zone] = [len(listed(shown(desk.get(f"/sites/republique/distributions/2026-11-{day}/")))) for day in days]
    assert found == {"Europe/Paris": [0, 1], "America/Martinique": [1, 0]}


def test_days_with_a_hand_out_lead_to_each_other(world: World, plans: list[PreOrderPlan], desk: Browser) -> None:
    page = shown(desk.get("/sites/republique/distributions/2026-12-01/"))
    assert [day for day in ("2026-11-26", "2026-12-03", "2026-12-10") if f"/distributions/{day}/" in page] == [
        "2026-11-26",
        "2026-12-03",
    ]


def test_the_list_asks_as_much_for_three_as_for_one(
    world: World, plans: list[PreOrderPlan], desk: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    for number, first in enumerate(("Ana", "Bea", "Cleo")):
        ordered(world, plans[number % 2], first)
        desk.get(DAY)
        if number in (0, 2):
            with CaptureQueriesContext(connection) as asked:
                assert len(listed(shown(desk.get(DAY)))) == number + 1
            seen.append(len(asked))
    assert seen[0] == seen[1]
    monkeypatch.setattr("bookings.views.hand_out_days.PAGE", 2)
    pages = [shown(desk.get(f"{DAY}?page={number}")) for number in (1, 2)]
    assert [len(listed(page)) for page in pages] == [2, 1]
    assert ("?page=2" in pages[0], "?page=1" in pages[1]) == (True, True)
