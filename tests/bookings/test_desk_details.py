"""A mistyped name, number or address is corrected on a page of the desk (R2)."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser

from bookings.models import Client, ServiceRequest
from concierge.models import Event
from tests.bookings.test_booking_pages import shown
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]


@pytest.fixture
def desk(world: World) -> Browser:
    browser = Browser()
    browser.force_login(world.users["concierge"])
    return browser


def card(who: Client) -> str:
    return f"/guichet/republique/personne/{who.public_id}/"


def page_of(who: Client) -> str:
    return f"{card(who)}coordonnees/"


def typed(who: Client, **changes: Any) -> dict[str, Any]:
    """As the page sends it: what it showed beside what was typed."""
    names = ("first_name", "last_name", "email", "phone", "language", "street", "postcode", "city")
    shown_then = {name: str(getattr(who, name)) for name in names}
    return {f"initial-{name}": value for name, value in shown_then.items()} | shown_then | changes


def events() -> list[Any]:
    return list(Event.objects.filter(name="client.changed").order_by("pk").values_list("data__fields", flat=True))


def somebody(world: World, **given: Any) -> Client:
    more: dict[str, Any] = {"first_name": "Zoé", "last_name": "Sanson", **given}
    return Client.objects.create(organisation=world.organisation, **more)


@pytest.mark.promise("domain R2")
def test_a_slip_of_the_hand_is_corrected(world: World, desk: Browser) -> None:
    who, before = world.client, world.request()
    assert page_of(who) in shown(desk.get(card(who)))
    page = shown(desk.get(page_of(who)))
    assert ('value="Camille"' in page, f'value="{who.email}"' in page) == (True, True)
    changes = {
        "last_name": "Rous",
        "email": " Camille.ROUS@example.fr ",
        "phone": "06 11 22 33 44",
        "street": "8 rue des Roses",
    }
    answer = desk.post(page_of(who), typed(who, **changes), follow=True)
    assert answer.redirect_chain == [(card(who), 302)]
    assert "Les coordonnées sont enregistrées" in shown(answer)
    who.refresh_from_db()
    found = (str(who), who.email, who.phone.as_e164, who.street)
    assert found == ("Camille Rous", "camille.rous@example.fr", "+33611223344", "8 rue des Roses")
    assert events() == [["last_name", "email", "phone", "street"]]
    assert ServiceRequest.objects.get().contact_name == before.contact_name
    assert desk.post(page_of(who), typed(who)).status_code == 302
    assert len(events()) == 1


@pytest.mark.promise("domain R2")
def test_a_number_of_somebody_else_is_shown_with_them_first(world: World, desk: Browser) -> None:
    other, who = somebody(world, phone="+33380112233"), world.client
    data = typed(who, phone="03 80 11 22 33", last_name="Rousse")
    page = shown(desk.post(page_of(who), data), 422)
    assert (card(other) in page, 'value="Rousse"' in page, 'value="03 80 11 22 33"' in page) == (True, True, True)
    assert f"/clients/doublons/{who.public_id}/{other.public_id}/" in page
    who.refresh_from_db()
    assert (who.last_name, events()) == ("Roux", [])
    assert desk.post(page_of(who), {**data, "anyway": "1"}).status_code == 302
    who.refresh_from_db()
    assert (who.last_name, who.phone.as_e164, events()) == ("Rousse", "+33380112233", [["last_name", "phone"]])
    # From now on it is theirs: nobody is asked again about what was not typed anew.
    assert desk.post(page_of(who), typed(who, first_name="Camilla")).status_code == 302


@pytest.mark.promise("domain R2")
def test_an_address_stays_one_persons(world: World, desk: Browser) -> None:
    other, who = somebody(world, email="zoe@example.fr"), world.client
    data = typed(who, email="zoe@example.fr")
    assert card(other) in shown(desk.post(page_of(who), data), 422)
    page = shown(desk.post(page_of(who), {**data, "anyway": "1"}), 409)
    assert ("a déjà cet e-mail" in page, 'value="zoe@example.fr"' in page) == (True, True)
    who.refresh_from_db()
    assert (who.email == "zoe@example.fr", events()) == (False, [])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"first_name": " "}, "Ce champ est obligatoire"),
        ({"last_name": ""}, "Ce champ est obligatoire"),
        ({"phone": "12"}, "Ce numéro de téléphone n’existe pas"),
        ({"email": "nobody"}, "une adresse e-mail complète"),
        ({"postcode": "2100"}, "Un code postal français a cinq chiffres"),
        ({"language": "xx"}, "Sélectionnez un choix valide"),
        ({"email": "", "phone": ""}, "pour vous joindre"),
        ({"last_name": "x" * 81}, "au plus 80 caractères"),
        ({"city": "\x00"}, "caractère"),
    ],
)
def test_bad_input_is_said_at_its_field_and_kept(
    world: World, desk: Browser, changes: dict[str, str], said: str
) -> None:
    who = world.client
    page = shown(desk.post(page_of(who), typed(who, street="8 rue des Roses") | changes), 422)
    assert (said in page, 'value="8 rue des Roses"' in page) == (True, True)
    who.refresh_from_db()
    assert (who.street, events()) == ("", [])
    assert desk.post(page_of(who), {}).status_code == 422


def test_somebody_who_cannot_be_reached_is_still_named_rightly(world: World, desk: Browser) -> None:
    who = somebody(world)
    assert desk.post(page_of(who), typed(who, last_name="Samson")).status_code == 302
    who.refresh_from_db()
    assert str(who) == "Zoé Samson"


def test_what_another_desk_corrected_meanwhile_stays(world: World, desk: Browser) -> None:
    who = world.client
    mine = typed(who, last_name="Rousse")
    Client.objects.filter(pk=who.pk).update(city="Beaune")
    assert desk.post(page_of(who), mine).status_code == 302
    who.refresh_from_db()
    assert (who.last_name, who.city) == ("Rousse", "Beaune")


def test_a_merged_record_leads_to_the_one_that_is_kept(world: World, desk: Browser) -> None:
    old = somebody(world, phone="+33380112233", merged_into=world.client)
    assert desk.post(page_of(old), typed(world.client, phone="03 80 11 22 33")).status_code == 302
    world.client.refresh_from_db()
    assert world.client.phone.as_e164 == "+33380112233"
    old.refresh_from_db()
    assert str(old) == "Zoé Sanson"
