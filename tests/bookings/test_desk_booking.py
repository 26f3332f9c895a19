"""From somebody's card at the desk: an appointment, a basket or a quote, without typing who they are again (R2)."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client as Browser

from bookings.enums import PriceMode
from bookings.models import Client, Occurrence, PreOrder, PreOrderPlan, QuoteWish, Recurrence, Service, ServiceRequest
from bookings.rules.prices import WHOLE
from tests.bookings.conftest import at, first_run, weekly_basket
from tests.bookings.test_booking_pages import hidden, shown
from tests.bookings.test_walk_in import at_home, field
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
BOOK = "/reserver/republique/"


class OneTab(Browser):
    """Every form of the booking pages is sent as it was last shown: it says whose it is."""

    whose: str = ""

    def get(self, path: str, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]  # as asked here
        answer = super().get(path, *args, **kwargs)
        if path.startswith(BOOK) and answer.status_code == 200:
            self.whose = hidden(answer.content.decode(), "whose").get("whose", "")
        return answer

    def post(self, path: str, data: Any = None, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]  # as asked here
        sent = {"whose": self.whose, **(data or {})} if path.startswith(BOOK) else data
        return super().post(path, sent, *args, **kwargs)


@pytest.fixture
def desk(world: World) -> Browser:
    browser = OneTab()
    browser.force_login(world.users["concierge"])
    return browser


@pytest.fixture
def twin(world: World) -> Client:
    """Somebody who shares a number with another person, and has no address: found by contact, it would be the other."""
    Client.objects.create(
        organisation=world.organisation, first_name="Jean", last_name="Roux", phone="+33380112233", city="Dijon"
    )
    return Client.objects.create(
        organisation=world.organisation, first_name="Marie", last_name="Roux", phone="+33380112233", language="en"
    )


def card(who: Client) -> str:
    return f"/guichet/republique/personne/{who.public_id}/"


def begin(desk: Browser, who: Client, what: str, **data: Any) -> str:
    answer = desk.post(f"{card(who)}reserver/{what}/", data)
    assert answer.status_code == 302
    desk.get(answer["Location"])
    return str(answer["Location"])


def up_to_contact(desk: Browser, world: World) -> None:
    desk.post(BOOK, {"services": [str(world.ironing.public_id)]})
    desk.post(f"{BOOK}details/", {field(world.ironing, str(world.shirt.public_id)): "5"})
    answer = desk.post(f"{BOOK}creneau/", {"slot": at(24, 10).isoformat()})
    assert answer["Location"] == f"{BOOK}coordonnees/"


def send(desk: Browser, page: str = "verification") -> Any:
    return desk.post(f"{BOOK}{page}/", hidden(shown(desk.get(f"{BOOK}{page}/")), "hold", "total"))


@pytest.mark.promise("domain R2")
def test_an_appointment_is_theirs_and_nobody_is_made_twice(world: World, desk: Browser, twin: Client) -> None:
    people = Client.objects.count()
    assert begin(desk, twin, "rendez-vous") == BOOK
    up_to_contact(desk, world)
    page = shown(desk.get(f"{BOOK}coordonnees/"))
    assert (">Marie Roux<" in page, 'name="last_name"' in page, 'name="email"' in page) == (True, False, False)
    assert 'value="03 80 11 22 33"' in page
    desk.post(f"{BOOK}coordonnees/", {"phone": "06 11 22 33 44", "note": "Bouton", "on_phone": "on"})
    assert "Marie Roux" in shown(desk.get(f"{BOOK}verification/"))
    assert send(desk).status_code == 302
    made = ServiceRequest.objects.get()
    assert (made.client, made.contact_name, made.contact_phone.as_e164) == (twin, "Marie Roux", "+33611223344")
    assert (made.channel, made.language, made.note) == ("phone", "en", "Bouton")
    assert Client.objects.count() == people
    assert "Marie Roux" not in desk.get(BOOK).content.decode()


def test_somebody_without_any_address_is_served(world: World, desk: Browser) -> None:
    nobody = Client.objects.create(organisation=world.organisation, first_name="Zoé", last_name="Sanson")
    begin(desk, nobody, "rendez-vous")
    up_to_contact(desk, world)
    desk.post(f"{BOOK}coordonnees/", {"phone": ""})
    assert send(desk).status_code == 302
    assert ServiceRequest.objects.get().client == nobody


def test_a_bad_number_is_said_at_its_field_and_kept(world: World, desk: Browser, twin: Client) -> None:
    begin(desk, twin, "rendez-vous")
    up_to_contact(desk, world)
    page = shown(desk.post(f"{BOOK}coordonnees/", {"phone": "12", "note": "Ourlet"}), 422)
    assert ('value="12"' in page, "Ourlet" in page) == (True, True)
    assert not ServiceRequest.objects.exists()


def test_we_come_to_the_address_that_is_on_file(world: World, desk: Browser) -> None:
    at_home(world)
    Client.objects.filter(pk=world.client.pk).update(street="5 rue Verte", postcode="21000", city="Dijon")
    begin(desk, world.client, "rendez-vous")
    desk.post(BOOK, {"services": [str(world.cobbler.public_id)]})
    desk.post(f"{BOOK}details/", {field(world.cobbler, WHOLE): "1"})
    desk.post(f"{BOOK}creneau/", {"slot": at(24, 10).isoformat()})
    assert 'value="5 rue Verte"' in shown(desk.get(f"{BOOK}coordonnees/"))


@pytest.mark.promise("domain R7")
@pytest.mark.parametrize("every_time", [False, True])
def test_a_basket_is_theirs_and_counted(world: World, desk: Browser, twin: Client, every_time: bool) -> None:
    plan = weekly_basket(world)
    run, people = first_run(plan), Client.objects.count()
    assert "reserver/panier/" in shown(desk.get(card(twin)))
    assert begin(desk, twin, "panier", run=str(run.public_id)) == f"{BOOK}details/"
    small = plan.service.price_items.order_by("position")[0]
    desk.post(f"{BOOK}details/", {field(plan.service, str(small.public_id)): "2"})
    assert f'value="{run.public_id}" checked' in " ".join(shown(desk.get(f"{BOOK}creneau/")).split())
    desk.post(f"{BOOK}creneau/", {"run": str(run.public_id)})
    desk.post(f"{BOOK}coordonnees/", {"phone": ""})
    form = hidden(shown(desk.get(f"{BOOK}verification/")), "hold", "total")
    assert desk.post(f"{BOOK}verification/", form | ({"every_time": "on"} if every_time else {})).status_code == 302
    order = PreOrder.objects.get()
    assert (order.run, order.pieces, order.request.client) == (run, 2, twin)
    run.refresh_from_db()
    assert (run.taken, Client.objects.count(), ServiceRequest.objects.count()) == (2, people, 1)
    assert list(Recurrence.objects.values_list("client", flat=True)) == ([twin.pk] if every_time else [])
    assert Occurrence.objects.filter(request=order.request).count() == int(every_time)


@pytest.mark.promise("domain R2")
def test_a_quote_is_theirs(world: World, desk: Browser, twin: Client) -> None:
    assert "reserver/devis/" not in shown(desk.get(card(twin)))
    Service.objects.filter(pk=world.cobbler.pk).update(price_mode=PriceMode.ON_QUOTE, unit_price=None)
    assert "reserver/devis/" in shown(desk.get(card(twin)))
    assert begin(desk, twin, "devis") == f"{BOOK}besoin/"
    desk.post(f"{BOOK}besoin/", {f"what-{world.cobbler.public_id.hex}": "Une robe à reprendre"})
    page = shown(desk.get(f"{BOOK}coordonnees/"))
    assert ("Adresse de la personne" in page, "Votre adresse" in page) == (True, False)
    where = {"street": "5 rue Verte", "postcode": "21000", "city": "Dijon", "phone": ""}
    assert desk.post(f"{BOOK}coordonnees/", where)["Location"] == f"{BOOK}demander/"
    key = hidden(shown(desk.get(f"{BOOK}demander/")), "hold")
    assert desk.post(f"{BOOK}demander/", key).status_code == 302
    made = ServiceRequest.objects.get()
    assert (made.client, made.contact_name, QuoteWish.objects.get().description) == (
        twin,
        "Marie Roux",
        "Une robe à reprendre",
    )


def test_it_can_be_for_somebody_else_after_all(world: World, desk: Browser, twin: Client) -> None:
    begin(desk, twin, "rendez-vous")
    up_to_contact(desk, world)
    desk.post(f"{BOOK}coordonnees/", {"phone": "06 11 22 33 44", "note": "Bouton"})
    assert desk.post(BOOK, {"somebody_else": "1"})["Location"] == BOOK
    assert 'name="whose"' not in shown(desk.get(BOOK))
    page = shown(desk.get(f"{BOOK}coordonnees/"))
    assert ("Marie Roux" in page, "Bouton" in page, 'name="last_name"' in page) == (False, False, True)


def test_only_the_desk_begins_for_somebody(world: World, desk: Browser, twin: Client) -> None:
    for user in ("accountant", "trainee"):
        browser = Browser()
        browser.force_login(world.users[user])
        assert browser.post(f"{card(twin)}reserver/rendez-vous/").status_code == 404
        assert str(twin) not in browser.get(BOOK).content.decode()
    assert desk.post(f"{card(twin)}reserver/nonsense/").status_code == 404
    assert desk.post(f"{card(twin).replace(str(twin.public_id), str(uuid.uuid4()))}reserver/devis/").status_code == 404


@pytest.mark.parametrize("run", ["nonsense", "0a0db2d8-3ad5-4a8b-b4b3-2776344b29f7", "\x00"])
def test_a_hand_out_that_does_not_exist_is_chosen_anew(world: World, desk: Browser, twin: Client, run: str) -> None:
    weekly_basket(world)
    assert begin(desk, twin, "panier", run=run) == f"{BOOK}details/"


def test_a_basket_is_offered_while_a_hand_out_takes_orders(world: World, desk: Browser) -> None:
    plan: PreOrderPlan = weekly_basket(world)
    assert "reserver/panier/" in shown(desk.get(card(world.client)))
    plan.runs.update(status="closed")
    assert "reserver/panier/" not in shown(desk.get(card(world.client)))
