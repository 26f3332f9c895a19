"""A social worker books for people they accompany, and reads of nobody else (R2, S01, S14, P09)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from bookings.actions.clients import ClientDetails
from bookings.actions.guards import PayerRefused
from bookings.actions.prescribers import (
    add_person,
    end_accompaniment,
    invite_prescriber,
    pause_prescriber,
    resume_prescriber,
)
from bookings.models import Accompaniment, Client, ClientAccount, Prescriber, ServiceRequest
from concierge.errors import Conflict, DomainError, Invalid, NotAllowed
from concierge.models import Event, User
from concierge.tenancy import Actor
from notifications.actions.writing import NotNeeded, write
from notifications.models import Message
from tests.bookings.conftest import at
from tests.bookings.test_booking_pages import Path, shown
from tests.conftest import settle
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]


def invite(world: World, email: str = "sonia@ccas.example", structure: str = "CCAS de Dijon") -> Prescriber:
    return invite_prescriber(
        world.organisation,
        email,
        first_name="Sonia",
        last_name="Petit",
        structure=structure,
        phone="03 80 11 22 33",
        by=world.actor("concierge"),
    )


def acting(prescriber: Prescriber) -> Actor:
    """The prescriber, signed in."""
    return Actor(
        kind="user",
        organisation=prescriber.organisation,
        label=prescriber.user.get_full_name(),
        user=prescriber.user,
        prescriber_id=prescriber.pk,
    )


def bring(prescriber: Prescriber, **changes: str) -> Accompaniment:
    given = {"first_name": "Jeanne", "last_name": "Martin", "phone": "06 98 76 54 32", "city": "Dijon"}
    return add_person(prescriber, ClientDetails(**{**given, **changes}), agreed=True, by=acting(prescriber))  # type: ignore[arg-type]  # texts


@pytest.fixture
def path(world: World, client: Browser) -> Path:
    return Path(world, client)


@pytest.mark.promise("S14")
def test_an_invitation_leaves_a_known_account_as_it_is(world: World) -> None:
    known = User.objects.create_user("sonia@ccas.example", "un-mot-de-passe", first_name="S.", last_name="P.")
    before = (known.password, known.first_name)
    made = invite(world, "SONIA@ccas.example")
    known.refresh_from_db()
    assert (made.user, known.password, known.first_name) == (known, *before)
    with pytest.raises(Conflict):
        invite(world)
    assert Prescriber.objects.count() == 1
    settle(world.organisation)
    assert [m.address for m in Message.objects.filter(kind="prescriber.invited")] == ["sonia@ccas.example"]


@pytest.mark.parametrize(("field", "value"), [("email", ""), ("email", "sonia@"), ("structure", " "), ("phone", "12")])
def test_a_malformed_invitation_names_its_field(world: World, field: str, value: str) -> None:
    given: dict[str, Any] = {"email": "s@ccas.example", "structure": "CCAS", "phone": "", field: value}
    with pytest.raises(Invalid) as refused:
        invite_prescriber(
            world.organisation, given.pop("email"), first_name="S", last_name="P", by=world.actor("concierge"), **given
        )
    assert (refused.value.field, Prescriber.objects.count()) == (field, 0)


@pytest.mark.promise("P09")
def test_a_person_is_added_only_with_their_agreement(world: World) -> None:
    prescriber = invite(world)
    with pytest.raises(Invalid):
        add_person(prescriber, ClientDetails("Jeanne", "Martin"), agreed=False, by=acting(prescriber))
    assert (Accompaniment.objects.count(), Client.objects.count()) == (0, 1)
    made = bring(prescriber)
    event = Event.objects.get(name="person.entrusted")
    assert (made.consent, event.data["agreed"]) == ("accompanied-1", "accompanied-1")
    assert event.data["on_behalf_of"] == str(made.client.public_id)
    assert made.consent_at is not None


@pytest.mark.promise("S14", "S17")
def test_the_address_of_a_known_client_gives_nothing_of_them(world: World) -> None:
    prescriber = invite(world)
    known = Client.objects.filter(pk=world.client.pk).values().get()
    strange = bring(prescriber, email=world.client.email)
    fresh = bring(prescriber, email="jeanne@example.fr", first_name="Jeannette")
    assert strange.client_id != world.client.pk
    assert (strange.email, strange.client.email) == (world.client.email, "")
    assert fresh.client.email == "jeanne@example.fr"
    assert Client.objects.filter(pk=world.client.pk).values().get() == known


def book_for(path: Path, accompaniment: Accompaniment) -> Any:
    """From the person's page to the confirmation."""
    browser = path.browser
    assert browser.post(f"/accompagner/{accompaniment.public_id}/reserver/republique/").status_code == 302
    path.whose = {"whose": str(accompaniment.public_id)}
    assert path.services(path.world.ironing).status_code == 302
    assert path.details(5, 0).status_code == 302
    assert path.slot().status_code == 302
    page = shown(path.get("coordonnees/"))
    assert 'name="email"' not in page
    assert (
        path.post("coordonnees/", phone="06 98 76 54 32", note="Deuxième étage")
        .headers["Location"]
        .endswith("/verification/")
    )
    assert "Jeanne Martin" in shown(path.get("verification/"))
    return path.review()


@pytest.mark.promise("domain R2")
def test_a_prescriber_books_by_the_pages_and_follows_the_request(world: World, path: Path) -> None:
    prescriber = invite(world)
    accompaniment = bring(prescriber, email="jeanne@example.fr")
    path.browser.force_login(prescriber.user)
    assert "Jeanne Martin" in shown(path.browser.get("/accompagner/"))
    assert book_for(path, accompaniment).status_code == 302
    made = ServiceRequest.objects.get()
    assert (made.client, made.prescriber, made.contact_name) == (accompaniment.client, prescriber, "Jeanne Martin")
    event = Event.objects.get(name="service_request.submitted")
    assert (event.actor, event.data["on_behalf_of"]) == (
        f"user:{prescriber.user.public_id}",
        str(accompaniment.client.public_id),
    )
    assert made.reference in shown(path.browser.get("/accompagner/"))
    assert made.reference in shown(path.browser.get(f"/accompagner/{accompaniment.public_id}/"))
    assert list(ServiceRequest.objects.visible_to(acting(prescriber))) == [made]
    settle(world.organisation)
    told = Message.objects.get(kind="service_request.confirmed")
    assert told.address == "jeanne@example.fr"
    staff = Browser()
    staff.force_login(world.users["concierge"])
    assert "CCAS de Dijon" in shown(staff.get(f"/demandes/{made.public_id}/"))


@pytest.mark.promise("P05", "S14", "S04")
def test_what_others_type_later_is_not_read_by_the_prescriber(world: World, path: Path) -> None:
    """An address nobody knew yet; its owner books for herself later, with her own number and street."""
    prescriber = invite(world)
    brought = bring(prescriber, email="ines.garnier@example.fr", first_name="I", phone="", street="2 rue Dite")
    for answer in (path.services(world.ironing), path.details(5, 0), path.slot(), path.contact(), path.code()):
        assert answer.status_code == 302, answer.content.decode()
    assert path.review().status_code == 302
    owner = ServiceRequest.objects.get().client
    assert (owner, owner.phone.as_e164) == (brought.client, "+33612345678")
    Client.objects.filter(pk=owner.pk).update(street="8 rue Tue", postcode="21000", city="Beaune")
    path.browser.logout()
    path.browser.force_login(prescriber.user)
    pages = [shown(path.browser.get(address)) for address in ("/accompagner/", f"/accompagner/{brought.public_id}/")]
    path.browser.post(f"/accompagner/{brought.public_id}/reserver/republique/")
    path.whose = {"whose": str(brought.public_id)}
    path.services(world.ironing), path.details(5, 0), path.slot()
    pages.append(shown(path.get("coordonnees/")))
    for page in pages:
        assert [words for words in ("12 34 56 78", "+33612345678", "8 rue Tue", "Beaune") if words in page] == []
    assert "2 rue Dite" in pages[1]
    assert "Dijon" in pages[0]


def test_the_news_of_somebody_without_an_address_go_to_the_prescriber(world: World, path: Path) -> None:
    prescriber = invite(world)
    accompaniment = bring(prescriber)
    path.browser.force_login(prescriber.user)
    book_for(path, accompaniment)
    settle(world.organisation)
    told = Message.objects.get(kind="service_request.confirmed")
    assert (told.address, told.recipient_kind) == ("sonia@ccas.example", "prescriber")


@pytest.mark.promise("S01")
def test_a_prescriber_reads_of_nobody_else(world: World) -> None:
    mine, other = invite(world), invite(world, "paul@adil.example", "ADIL")
    theirs = bring(other, last_name="Secret")
    world.request(world.ironing)
    browser = Browser()
    browser.force_login(mine.user)
    page = shown(browser.get("/accompagner/", {"q": "Secret"}))
    assert "Jeanne" not in page
    for address in ("", "terminer/", "reserver/republique/"):
        method = browser.post if address else browser.get
        assert method(f"/accompagner/{theirs.public_id}/{address}").status_code == 404
    assert ServiceRequest.objects.visible_to(acting(mine)).count() == 0
    assert Client.objects.visible_to(acting(mine)).count() == 0
    session = browser.session
    session["booking"] = {"site": str(world.site.public_id), "person": str(theirs.public_id)}
    session.save()
    theirs.refresh_from_db()
    assert theirs.ended_at is None


def test_whoever_is_paused_or_no_longer_accompanies_cannot_book(world: World, path: Path) -> None:
    prescriber = invite(world)
    accompaniment = bring(prescriber)
    path.browser.force_login(prescriber.user)
    pause_prescriber(prescriber, by=world.actor("concierge"))
    pause_prescriber(prescriber, by=world.actor("concierge"))
    assert path.browser.get("/accompagner/").status_code == 404
    with pytest.raises(NotAllowed):
        bring(prescriber, first_name="Autre")
    resume_prescriber(prescriber, by=world.actor("concierge"))
    assert path.browser.get("/accompagner/").status_code == 200
    end_accompaniment(accompaniment, by=acting(prescriber))
    end_accompaniment(accompaniment, by=acting(prescriber))
    assert path.browser.get(f"/accompagner/{accompaniment.public_id}/").status_code == 404
    named = ("prescriber.paused", "prescriber.resumed", "person.released")
    assert [Event.objects.filter(name=name).count() for name in named] == [1, 1, 1]


def booked_by(prescriber: Prescriber, brought: Accompaniment, book: Any, hour: int) -> ServiceRequest:
    """A request of that person, made by the prescriber."""
    person = ClientDetails("Jeanne", "Martin", brought.email, phone="06 98 76 54 32")
    made: ServiceRequest = book(client=person, prescriber=brought, by=acting(prescriber), starts_at=at(24, hour))
    return made


def opened(*requests: ServiceRequest) -> list[int]:
    return [Browser().get(f"/suivi/{one.tracking_token}/").status_code for one in requests]


@pytest.mark.promise("S05", "S11", "P05")
def test_whoever_stops_keeps_no_link_of_that_person(world: World, book: Any) -> None:
    """The client is sent the new link; without an address the desk is told, never whoever held the old one."""
    prescriber = invite(world)
    left, silent, stays = (
        bring(prescriber, email="jeanne@example.fr"),
        bring(prescriber, last_name="Muet"),
        bring(prescriber, last_name="Reste"),
    )
    mine = [booked_by(prescriber, one, book, hour) for hour, one in enumerate((left, silent, stays), 10)]
    closed = booked_by(prescriber, left, book, 14)
    ServiceRequest.objects.filter(pk=closed.pk).update(status="closed", closed_at=at(23, 7))
    settle(world.organisation)
    assert opened(*mine, closed) == [200, 200, 200, 200]
    end_accompaniment(left, by=acting(prescriber))
    end_accompaniment(silent, by=acting(prescriber))
    end_accompaniment(silent, by=acting(prescriber))
    settle(world.organisation)
    assert opened(*mine, closed) == [410, 410, 200, 410]
    sent = Message.objects.filter(kind="service_request.link_sent").order_by("address")
    assert [(one.recipient_kind, one.address, one.request_id) for one in sent if one.recipient_kind != "staff"] == [
        ("client", "jeanne@example.fr", mine[0].public_id)
    ]
    to_desk = [one for one in sent if one.recipient_kind == "staff"]
    assert {one.request_id for one in to_desk} == {mine[1].public_id}
    letter = write(to_desk[0])
    assert ("/suivi/" in letter.text, f"/demandes/{mine[1].public_id}/" in letter.text) == (False, True)
    browser = Browser()
    browser.force_login(prescriber.user)
    page = shown(browser.get("/accompagner/"))
    assert [one.reference in page for one in (*mine, closed)] == [False, False, True, False]
    assert list(ServiceRequest.objects.visible_to(acting(prescriber))) == [mine[2]]


@pytest.mark.promise("S05", "S11")
def test_a_pause_ends_the_links_and_what_is_on_its_way(world: World, book: Any) -> None:
    prescriber = invite(world)
    made = booked_by(prescriber, bring(prescriber), book, 10)
    others = book(starts_at=at(24, 11))
    settle(world.organisation)
    on_its_way = Message.objects.get(kind="service_request.confirmed", recipient_kind="prescriber")
    pause_prescriber(prescriber, by=world.actor("concierge"))
    assert opened(made, others) == [410, 200]
    on_its_way.refresh_from_db()
    with pytest.raises(NotNeeded):
        write(on_its_way)
    resume_prescriber(prescriber, by=world.actor("concierge"))
    made.refresh_from_db()
    assert opened(made) == [200]
    assert made.tracking_token in write(on_its_way).text


def test_an_address_nobody_proved_opens_no_purse(world: World, book: Any) -> None:
    account = ClientAccount.objects.create(organisation=world.organisation, name="Mairie", email_domain="dijon.example")
    prescriber = invite(world)
    accompaniment = bring(prescriber, email="jeanne@dijon.example")
    person = ClientDetails("Jeanne", "Martin", "jeanne@dijon.example")
    with pytest.raises(DomainError) as refused:
        book(client=person, payer=account, prescriber=accompaniment, by=acting(prescriber))
    assert not isinstance(refused.value, PayerRefused)
    assert ServiceRequest.objects.count() == 0


def test_a_prescriber_named_by_our_own_systems_is_kept(world: World, book: Any) -> None:
    prescriber = invite(world)
    made = book(prescriber=prescriber, by=world.actor())
    assert (made.prescriber, made.contact_name) == (prescriber, "Inès Garnier")
    with pytest.raises(NotAllowed):
        book(prescriber=prescriber, by=acting(prescriber), starts_at=at(24, 11))


@pytest.mark.parametrize("address", ["/accompagner/", "/prescripteurs/"])
def test_the_lists_ask_as_much_for_three_as_for_one(world: World, address: str) -> None:
    prescriber = invite(world)
    browser = Browser()
    browser.force_login(prescriber.user if "accompagner" in address else world.users["concierge"])
    counts = []
    for number in range(3):
        bring(prescriber, last_name=f"M{number}")
        invite(world, f"autre{number}@ccas.example")
        if number in (0, 2):
            with CaptureQueriesContext(connection) as asked:
                assert browser.get(address).status_code == 200
            counts.append(len(asked))
    assert counts[0] == counts[1]


def test_the_team_invites_and_pauses_on_a_page(world: World, client: Browser) -> None:
    client.force_login(world.users["concierge"])
    typed = {"first_name": "Sonia", "last_name": "Petit", "email": "sonia@ccas.example", "structure": "CCAS"}
    assert "sonia@" in shown(client.post("/prescripteurs/inviter/", {**typed, "structure": ""}), 422)
    assert client.post("/prescripteurs/inviter/", typed).status_code == 302
    assert "sonia@" in shown(client.post("/prescripteurs/inviter/", typed), 409)
    made = Prescriber.objects.get()
    assert "CCAS" in shown(client.get("/prescripteurs/", {"q": "ccas"}))
    assert client.post(f"/prescripteurs/{made.public_id}/suspendre/").status_code == 302
    made.refresh_from_db()
    assert made.paused_at is not None
    assert client.post(f"/prescripteurs/{made.public_id}/reprendre/").status_code == 302
    assert client.post(f"/prescripteurs/{made.public_id}/supprimer/").status_code == 404
