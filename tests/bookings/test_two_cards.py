"""Two people in two tabs of one desk: a form says whose it is, and never lands on somebody else (R2)."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.test import Client as Browser

from bookings.enums import PriceMode
from bookings.models import Client, Hold, PreOrder, Service, ServiceAtSite, ServiceRequest
from concierge.models import Site
from tests.bookings.conftest import at, first_run, weekly_basket
from tests.bookings.test_booking_pages import hidden, shown
from tests.bookings.test_prescribers import bring, invite
from tests.bookings.test_walk_in import field
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
BOOK = "/reserver/republique/"
# The forms of a step: not those of the frame, which go elsewhere.
FORM = re.compile(r'<form(?=[^>]*method="post")(?![^>]*action="(?!/reserver/))[^>]*>.*?</form>', re.DOTALL)
REACHED = {"phone": "06 11 22 33 44", "note": "Bouton"}
WHERE = {
    "street": "5 rue Verte",
    "postcode": "21000",
    "city": "Dijon",
    "phone": "06 11 22 33 44",
    "note": "Sonner deux",
}


@pytest.fixture
def desk(world: World) -> Browser:
    browser = Browser()
    browser.force_login(world.users["concierge"])
    return browser


@pytest.fixture
def anna(world: World) -> Client:
    return Client.objects.create(organisation=world.organisation, first_name="Anna", last_name="Roux")


@pytest.fixture
def bruno(world: World) -> Client:
    return Client.objects.create(organisation=world.organisation, first_name="Bruno", last_name="Petit")


def card(who: Client) -> str:
    return f"/guichet/republique/personne/{who.public_id}/"


class Tab:
    """One person's pages: every form bears whose it is."""

    def __init__(self, desk: Browser, who: Client, what: str, **more: str) -> None:
        self.desk, self.whose = desk, {"whose": str(who.public_id)}
        assert desk.post(f"{card(who)}reserver/{what}/", more).status_code == 302

    def post(self, step: str, data: dict[str, Any]) -> Any:
        return self.desk.post(BOOK + step, {**data, **self.whose})

    def kept(self, step: str) -> dict[str, str]:
        return hidden(shown(self.desk.get(BOOK + step)), "hold", "total")


def appointment(world: World) -> dict[str, dict[str, Any]]:
    return {
        "": {"services": [str(world.ironing.public_id)]},
        "details/": {field(world.ironing, str(world.shirt.public_id)): "5"},
        "creneau/": {"slot": at(24, 10).isoformat()},
        "coordonnees/": REACHED,
    }


def quote(world: World) -> dict[str, dict[str, Any]]:
    Service.objects.filter(pk=world.cobbler.pk).update(price_mode=PriceMode.ON_QUOTE, unit_price=None)
    return {"besoin/": {f"what-{world.cobbler.public_id.hex}": "Une robe à reprendre"}, "coordonnees/": WHERE}


def basket(world: World) -> dict[str, dict[str, Any]]:
    plan = weekly_basket(world)
    small = plan.service.price_items.order_by("position")[0]
    return {
        "details/": {field(plan.service, str(small.public_id)): "2"},
        "creneau/": {"run": str(first_run(plan).public_id)},
        "coordonnees/": REACHED,
    }


PATHS = {
    "rendez-vous": (appointment, "verification/"),
    "devis": (quote, "demander/"),
    "panier": (basket, "verification/"),
}
BESIDE = {"pour-qui/": {"mine": "1"}, "": {"somebody_else": "1"}}


@pytest.mark.promise("domain R2")
@pytest.mark.parametrize("what", sorted(PATHS))
def test_no_page_of_one_person_is_taken_for_another(
    world: World, desk: Browser, anna: Client, bruno: Client, what: str
) -> None:
    """Whichever form of Anna's tab is sent once Bruno's is under way: nothing is changed, and the page says it."""
    steps, last = PATHS[what][0](world), PATHS[what][1]
    hers = Tab(desk, anna, what)
    his = Tab(desk, bruno, what)
    for step, data in steps.items():
        assert his.post(step, data).status_code == 302, step
    sent = his.kept(last)
    before = (dict(desk.session["booking"]), list(Hold.objects.order_by("pk").values()))
    forms: list[tuple[str, dict[str, Any]]] = [*steps.items(), *BESIDE.items(), (last, sent)]
    for step, data in forms:
        page = shown(hers.post(step, data), 409)
        words = " ".join(re.sub("<[^>]+>", " ", page).split())
        assert ("Anna Roux" in words, "Bruno Petit" in words, card(anna) in page) == (True, True, True), step
        assert "Rien n’a été changé, pour personne." in words, step
    assert (dict(desk.session["booking"]), list(Hold.objects.order_by("pk").values())) == before
    assert not ServiceRequest.objects.exists()
    assert his.post(last, sent).status_code == 302
    made = ServiceRequest.objects.get()
    assert (made.client, PreOrder.objects.count()) == (bruno, int(what == "panier"))


@pytest.mark.parametrize("what", sorted(PATHS))
def test_every_form_of_every_step_says_whose_it_is(world: World, desk: Browser, anna: Client, what: str) -> None:
    steps, last = PATHS[what][0](world), PATHS[what][1]
    hers = Tab(desk, anna, what)
    for step, data in [*steps.items(), (last, {}), *([("pour-qui/", {})] if what == "rendez-vous" else [])]:
        page = shown(desk.get(BOOK + step))
        forms = FORM.findall(page)
        assert [hidden(form, "whose") for form in forms] == [hers.whose] * 2, step
        hers.post(step, data)


def test_what_was_typed_can_be_copied(world: World, desk: Browser, anna: Client, bruno: Client) -> None:
    hers, _his = Tab(desk, anna, "rendez-vous"), Tab(desk, bruno, "rendez-vous")
    page = shown(hers.post("coordonnees/", {**WHERE, "note": "Sonner <b>deux</b> fois"}), 409)
    assert ("Sonner &lt;b&gt;deux&lt;/b&gt; fois" in page, "5 rue Verte" in page) == (True, True)


def test_a_tab_for_nobody_is_not_taken_for_the_person_of_a_card(world: World, desk: Browser, anna: Client) -> None:
    """Somebody who calls is typed in one tab; in another a card was opened."""
    Tab(desk, anna, "rendez-vous")
    before = dict(desk.session["booking"])
    typed = {"first_name": "Luc", "last_name": "Noir", "phone": "06 55 44 33 22", "note": "Pas elle"}
    page = shown(desk.post(f"{BOOK}coordonnees/", typed), 409)
    assert ("Anna Roux" in page, "Pas elle" in page) == (True, True)
    assert dict(desk.session["booking"]) == before


@pytest.mark.parametrize("whose", ["hers", "nonsense", "\x00", "0a0db2d8-3ad5-4a8b-b4b3-2776344b29f7"])
def test_a_tab_of_what_was_finished_does_not_begin_anew(world: World, desk: Browser, anna: Client, whose: str) -> None:
    Tab(desk, anna, "rendez-vous").post("", {"somebody_else": "1"})
    before = dict(desk.session["booking"])
    sent = {"services": [str(world.ironing.public_id)], "whose": str(anna.public_id) if whose == "hers" else whose}
    assert ("Anna Roux" in shown(desk.post(BOOK, sent), 409)) == (whose == "hers")
    assert dict(desk.session["booking"]) == before


def test_a_client_reads_nobody_by_the_name_of_a_form(world: World, anna: Client) -> None:
    page = shown(Browser().post(BOOK, {"whose": str(anna.public_id)}), 409)
    assert "Anna Roux" not in page


@pytest.mark.promise("domain R2", "S14")
def test_two_people_of_a_prescriber_are_not_mixed(world: World) -> None:
    prescriber = invite(world)
    jeanne, paul = bring(prescriber), bring(prescriber, first_name="Paul", last_name="Blanc", phone="0380445566")
    browser = Browser()
    browser.force_login(prescriber.user)
    for one in (jeanne, paul):
        assert browser.post(f"/accompagner/{one.public_id}/reserver/republique/").status_code == 302
    before = dict(browser.session["booking"])
    data = {"services": [str(world.ironing.public_id)]}
    page = shown(browser.post(BOOK, {**data, "whose": str(jeanne.public_id)}), 409)
    assert ("Jeanne Martin" in page, "Paul Blanc" in page, f"/accompagner/{jeanne.public_id}/" in page) == (True,) * 3
    assert dict(browser.session["booking"]) == before
    assert hidden(shown(browser.get(BOOK)), "whose") == {"whose": str(paul.public_id)}
    assert browser.post(BOOK, {**data, "whose": str(paul.public_id)}).status_code == 302


def kept_places() -> list[tuple[str, str]]:
    return list(Hold.objects.order_by("pk").values_list("site__slug", "status"))


def up_to_the_place(tab: Tab, world: World) -> None:
    for step, data in list(appointment(world).items())[:3]:
        assert tab.post(step, data).status_code == 302, step


@pytest.mark.promise("domain R2", "S33")
@pytest.mark.parametrize("what", sorted(PATHS))
def test_whoever_begins_for_somebody_else_gives_the_place_of_the_first_back(
    world: World, desk: Browser, anna: Client, bruno: Client, what: str
) -> None:
    """Whatever is begun: an order ahead and a quote keep no place, and left that one taken until its time was over."""
    up_to_the_place(Tab(desk, anna, "rendez-vous"), world)
    assert kept_places() == [("republique", "held")]
    Tab(desk, bruno, what)
    assert kept_places() == [("republique", "released")]


def test_a_place_that_was_booked_stays_booked(world: World, desk: Browser, anna: Client, bruno: Client) -> None:
    hers = Tab(desk, anna, "rendez-vous")
    before = dict(desk.session["booking"])
    for step, data in appointment(world).items():
        hers.post(step, data)
        before = dict(desk.session["booking"])
    assert hers.post("verification/", hers.kept("verification/")).status_code == 302
    session = desk.session
    session["booking"] = before
    session.save()
    Tab(desk, bruno, "rendez-vous")
    assert kept_places() == [("republique", "confirmed")]


def test_the_place_of_another_tab_is_not_given_back_by_name(world: World, desk: Browser, anna: Client) -> None:
    hers = Tab(desk, anna, "rendez-vous")
    up_to_the_place(hers, world)
    assert desk.post(f"{BOOK}creneau/liberer/").status_code == 409
    assert kept_places() == [("republique", "held")]
    assert hers.post("creneau/liberer/", {}).status_code == 302
    assert kept_places() == [("republique", "released")]


@pytest.mark.promise("S33")
def test_one_place_is_kept_at_a_time_whatever_the_site(world: World) -> None:
    browser = Browser()
    for step, data in list(appointment(world).items())[:3]:
        assert browser.post(BOOK + step, data).status_code == 302
    site = Site.objects.get(pk=world.site.pk)
    site.pk, site.public_id, site.slug = None, uuid.uuid4(), "gare"
    site.save(force_insert=True)
    ServiceAtSite.objects.create(organisation=world.organisation, site=site, service=world.ironing)
    other = browser.post("/reserver/gare/", {"services": [str(world.ironing.public_id)]})
    assert other.status_code == 302
    assert kept_places() == [("republique", "released")]


@pytest.mark.promise("S14", "S33")
def test_a_prescriber_who_begins_for_somebody_else_gives_the_place_back(world: World) -> None:
    prescriber = invite(world)
    jeanne, paul = bring(prescriber), bring(prescriber, first_name="Paul", last_name="Blanc", phone="0380445566")
    browser = Browser()
    browser.force_login(prescriber.user)
    browser.post(f"/accompagner/{jeanne.public_id}/reserver/republique/")
    for step, data in list(appointment(world).items())[:3]:
        assert browser.post(BOOK + step, {**data, "whose": str(jeanne.public_id)}).status_code == 302
    browser.post(f"/accompagner/{paul.public_id}/reserver/republique/")
    assert kept_places() == [("republique", "released")]
