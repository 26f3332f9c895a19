"""Somebody asks for somebody else (R2): who is met, who is told, who is recognised."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser

from bookings.actions.beneficiaries import Beneficiary
from bookings.actions.clients import add_client
from bookings.actions.requests import cancel_request
from bookings.models import Client, EmailVerification, HelpedPerson, ServedArea, ServiceRequest
from concierge.errors import Invalid
from concierge.models import Event, User
from concierge.tenancy import Actor
from notifications.actions.writing import write
from notifications.models import Message
from tests.bookings.conftest import at, details
from tests.bookings.test_api import REQUESTS, Api, booking
from tests.bookings.test_booking_pages import Path, shown
from tests.conftest import settle
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
MOTHER = Beneficiary(
    "Jeanne", "Garnier", phone="03 80 50 50 50", street="8 rue des Roses", postcode="21000", city="Dijon"
)


@pytest.fixture
def path(world: World, client: Browser) -> Path:
    return Path(world, client)


def stranger(world: World) -> Actor:
    """Somebody on the public pages."""
    return Actor(kind="anonymous", organisation=world.organisation)


@pytest.mark.promise("domain R2")
def test_the_person_it_is_for_is_met_and_the_client_still_asks(
    world: World, book: Callable[..., ServiceRequest]
) -> None:
    made = book(beneficiary=MOTHER)
    assert (made.contact_name, made.client.last_name) == ("Inès Garnier", "Garnier")
    assert (made.met_name, made.met_first_name, made.met_phone) == (
        "Jeanne Garnier",
        "Jeanne",
        "+33380505050",
    )
    assert made.beneficiary != made.client


def test_without_a_number_of_their_own_the_client_is_called(world: World, book: Callable[..., ServiceRequest]) -> None:
    made = book(beneficiary=Beneficiary("Jeanne", "Garnier"))
    assert (made.met_name, made.met_phone) == ("Jeanne Garnier", made.contact_phone)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"first_name": " "}, "beneficiary.last_name"),
        ({"phone": "12"}, "beneficiary.phone"),
        ({"email": "jeanne@"}, "beneficiary.email"),
        ({"agreed": True}, "beneficiary.email"),
        ({"postcode": "2100"}, "beneficiary.postcode"),
    ],
)
def test_what_is_wrong_about_them_names_their_field(
    world: World, book: Callable[..., ServiceRequest], changes: dict[str, Any], field: str
) -> None:
    from dataclasses import replace

    with pytest.raises(Invalid) as refused:
        book(beneficiary=replace(MOTHER, **changes))
    assert refused.value.field == field
    assert (ServiceRequest.objects.count(), Client.objects.count()) == (0, 1)


@pytest.mark.promise("S14")
def test_an_address_that_a_stranger_types_recognises_nobody(world: World, book: Callable[..., ServiceRequest]) -> None:
    """Camille is a client here; somebody writes her address, with another telephone."""
    known = world.client
    before = Client.objects.filter(pk=known.pk).values().get()
    other = Beneficiary("Camille", "Roux", phone="06 98 76 54 32", email=known.email, agreed=True)
    made = book(by=stranger(world), beneficiary=other)
    assert made.beneficiary_id != known.pk
    assert made.beneficiary is not None
    assert made.beneficiary.email == ""
    assert Client.objects.filter(pk=known.pk).values().get() == before


def test_the_desk_recognises_whom_it_speaks_of(world: World, book: Callable[..., ServiceRequest]) -> None:
    other = Beneficiary("Camille", "Roux", email=world.client.email)
    assert book(by=world.actor("concierge"), beneficiary=other).beneficiary == world.client


def test_asking_twice_for_the_same_person_makes_one_row(world: World, book: Callable[..., ServiceRequest]) -> None:
    first = book(by=stranger(world), beneficiary=MOTHER)
    again = book(by=stranger(world), beneficiary=MOTHER, starts_at=at(24, 11))
    somebody_elses = book(
        by=stranger(world), beneficiary=MOTHER, starts_at=at(24, 12), client=details(email="autre@example.fr")
    )
    assert again.beneficiary_id == first.beneficiary_id
    assert somebody_elses.beneficiary_id != first.beneficiary_id
    assert [one.person for one in HelpedPerson.objects.of(first.client_id)] == [first.beneficiary]


@pytest.mark.promise("P09")
def test_they_are_written_to_only_when_they_agreed(world: World, book: Callable[..., ServiceRequest]) -> None:
    from dataclasses import replace

    silent = book(beneficiary=replace(MOTHER, email="jeanne@example.fr"))
    told = book(beneficiary=replace(MOTHER, email="jeanne@example.fr", agreed=True), starts_at=at(24, 11))
    cancel_request(told, by=world.actor("concierge"))
    settle(world.organisation)
    sent = Message.objects.filter(address="jeanne@example.fr").order_by("pk")
    assert [(m.kind, m.request_id) for m in sent] == [
        ("beneficiary.booked", told.public_id),
        ("beneficiary.cancelled", told.public_id),
    ]
    assert (silent.beneficiary_email, told.beneficiary_email) == ("", "jeanne@example.fr")
    said = dict(Event.objects.filter(name="service_request.submitted").values_list("subject_id", "data"))
    assert (said[silent.public_id], said[told.public_id]) == ({}, {"agreed": "beneficiary-news-1"})
    letter = write(sent[1])
    assert "Inès Garnier" in letter.text
    assert ("/suivi/" in letter.text, "€" in letter.text) == (False, False)


@pytest.mark.promise("P05")
def test_the_provider_reads_of_the_person_there_and_not_of_the_client(world: World) -> None:
    made = Api(world.api_key()).post(
        REQUESTS,
        booking(
            world,
            beneficiary={"first_name": "Jeanne", "last_name": "Garnier", "phone": "03 80 50 50 50"},
            lines=[{"service": str(world.cobbler.public_id), "quantity": 1}],
        ),
    )
    assert made.status_code == 201, made.content
    assert made.json()["beneficiary"]["name"] == "Jeanne Garnier"
    order = ServiceRequest.objects.get().work_orders.get()
    order.performer_kind, order.performer_id, order.status = "provider", 7, "booked"
    order.save()
    shown_to = Api(world.api_key(provider_id=7)).get(f"/api/v1/work-orders/{order.public_id}").json()["client"]
    assert (shown_to["name"], shown_to["phone"]) == ("Jeanne Garnier", "+33380505050")


def test_the_api_says_which_field_of_whom_is_wrong(world: World) -> None:
    api = Api(world.api_key())
    short = api.post(REQUESTS, booking(world, beneficiary={"first_name": "Jeanne", "last_name": " "}))
    agreed = api.post(
        REQUESTS, booking(world, beneficiary={"first_name": "Jeanne", "last_name": "Garnier", "agreed": True})
    )
    assert (short.status_code, agreed.status_code) == (400, 400)
    assert ServiceRequest.objects.count() == 0


@pytest.mark.promise("domain R2")
def test_the_pages_ask_for_a_parent_at_home(world: World, path: Path) -> None:
    world.ironing.place = "home"
    world.ironing.save()
    ServedArea.objects.create(organisation=world.organisation, site=world.site, postcode="21000")
    path.services(world.ironing)
    path.details(5, 0)
    assert path.slot().status_code == 302
    assert "pour-qui/" in shown(path.get("coordonnees/"))
    asked = shown(path.get("pour-qui/"))
    assert 'name="street"' in asked
    far = path.post(
        "pour-qui/", first_name="Jeanne", last_name="Garnier", street="1 rue X", postcode="75001", city="Paris"
    )
    assert "1 rue X" in shown(far, 422)
    typed = {"first_name": "Jeanne", "last_name": "Garnier", "street": "8 rue des Roses", "postcode": "21000"}
    assert "8 rue des Roses" in shown(path.post("pour-qui/", **typed), 422)
    assert "8 rue des Roses" in shown(path.get("pour-qui/"))
    assert path.post("pour-qui/", **typed, city="Dijon").status_code == 302
    contact = shown(path.get("coordonnees/"))
    assert "Jeanne Garnier" in contact
    assert 'name="street"' not in contact
    assert path.contact().status_code == 302
    assert path.code().status_code == 302
    assert "8 rue des Roses" in shown(path.get("verification/"))
    assert path.review().status_code == 302
    made = ServiceRequest.objects.get()
    assert (made.met_name, made.street, made.contact_name) == ("Jeanne Garnier", "8 rue des Roses", "Inès Garnier")
    assert "Jeanne Garnier" in shown(path.browser.get(f"/suivi/{made.tracking_token}/"))
    staff = Browser()
    staff.force_login(world.users["concierge"])
    assert "Jeanne Garnier" in shown(staff.get(f"/demandes/{made.public_id}/"))


def test_it_is_for_the_client_after_all(world: World, path: Path) -> None:
    path.services(world.ironing)
    path.details(5, 0)
    path.slot()
    assert path.post("pour-qui/", first_name="Jeanne", last_name="Garnier").status_code == 302
    assert path.post("pour-qui/", mine="1").status_code == 302
    assert "Jeanne" not in shown(path.get("coordonnees/"))
    path.contact()
    path.code()
    path.review()
    assert ServiceRequest.objects.get().beneficiary_id is None


def test_an_address_without_agreement_is_not_taken(world: World, path: Path) -> None:
    path.services(world.ironing)
    path.details(5, 0)
    path.slot()
    answer = path.post("pour-qui/", first_name="Jeanne", last_name="Garnier", email="jeanne@example.fr")
    assert "jeanne@example.fr" in shown(answer, 422)
    assert EmailVerification.objects.count() == 0


def test_a_signed_in_client_chooses_among_people_asked_for_before(
    world: World, path: Path, book: Callable[..., ServiceRequest]
) -> None:
    made = book(by=stranger(world), beneficiary=MOTHER)
    user = User.objects.create_user("ines.garnier@example.fr")
    Client.objects.filter(pk=made.client_id).update(user=user)
    path.browser.force_login(user)
    path.services(world.ironing)
    path.details(5, 0)
    path.slot()
    page = shown(path.get(f"pour-qui/?person={HelpedPerson.objects.get().public_id}"))
    assert 'value="Jeanne"' in page
    strange = shown(path.get(f"pour-qui/?person={world.client.public_id}"))
    assert 'value="Camille"' not in strange


@pytest.mark.promise("S04", "P05")
def test_what_somebody_said_of_themselves_is_not_shown_to_whoever_asks_for_them(
    world: World, path: Path, book: Callable[..., ServiceRequest]
) -> None:
    """Jeanne is a client in her own right; the desk recognises her by the address that it was told."""
    known = add_client(
        world.organisation,
        details(first_name="Jeanne", last_name="Martin", email="jeanne@example.fr", phone="06 98 76 54 32"),
        by=world.actor("concierge"),
    )
    Client.objects.filter(pk=known.pk).update(street="8 rue Sue", postcode="21000", city="Beaune")
    made = book(by=world.actor("concierge"), beneficiary=Beneficiary("Jeanne", "Martin", email="jeanne@example.fr"))
    assert made.beneficiary == known
    user = User.objects.create_user("ines.garnier@example.fr")
    Client.objects.filter(pk=made.client_id).update(user=user)
    world.ironing.place = "home"
    world.ironing.save()
    ServedArea.objects.create(organisation=world.organisation, site=world.site, postcode="21000")
    path.browser.force_login(user)
    path.services(world.ironing)
    path.details(5, 0)
    path.slot()
    for chosen in (known.public_id, HelpedPerson.objects.get().public_id):
        page = shown(path.get(f"pour-qui/?person={chosen}"))
        assert [words for words in ("8 rue Sue", "Beaune", "98 76 54 32", "+33698765432") if words in page] == []
    assert 'value="Jeanne"' in page
