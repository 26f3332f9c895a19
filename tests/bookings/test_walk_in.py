"""A new order at the counter: one page, no appointment, no double; and its receipt."""

from __future__ import annotations

import datetime as dt
import re
import threading
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from bookings.actions import holds, walk_in
from bookings.enums import Place
from bookings.models import (
    Client,
    ClientAccount,
    Hold,
    RequestLine,
    Service,
    ServiceAtSite,
    ServiceRequest,
    WorkOrder,
    calendar,
)
from concierge.errors import Conflict, NotAllowed
from concierge.models import Event
from tests.bookings.conftest import MONDAY, at, wish_heels, wish_shirts
from tests.bookings.test_booking_pages import shown
from tests.bookings.test_races import race, real_world
from tests.world import World

__all__ = ["real_world"]
pytestmark = pytest.mark.usefixtures("monday")
Book = Callable[..., ServiceRequest]


@pytest.fixture
def desk(world: World, client: Browser) -> Browser:
    client.force_login(world.users["concierge"])
    return client


def page_of(world: World) -> str:
    return f"/guichet/republique/personne/{world.client.public_id}/commande/"


def field(service: Service, key: str = "") -> str:
    return f"q-{service.public_id.hex[:12]}-{key.replace('-', '')[:12]}"


def shirts(world: World, count: Any = 5) -> dict[str, Any]:
    return {field(world.ironing, str(world.shirt.public_id)): count}


def typed(world: World, **more: Any) -> dict[str, Any]:
    return {"token": str(uuid.uuid4()), "note": "Tache au col", "payer": "", **shirts(world), **more}


def at_home(world: World) -> None:
    Service.objects.filter(pk=world.cobbler.pk).update(place=Place.HOME)
    world.cobbler.refresh_from_db()


@pytest.mark.promise("domain R2")
def test_an_order_at_the_counter_takes_nobodys_appointment(world: World, monday: Any) -> None:
    monday.move_to(MONDAY + dt.timedelta(hours=2))
    before = calendar.slots_left(world.site, Place.DESK, now=MONDAY)
    made = walk_in.book_walk_in(
        world.site,
        world.client,
        wishes=[wish_shirts(world), wish_heels(world)],
        token=uuid.uuid4(),
        by=world.actor("concierge"),
        note="Tache au col",
    )
    assert Hold.objects.count() == 0
    assert calendar.slots_left(world.site, Place.DESK, now=MONDAY) == before
    assert (made.status, made.place, made.client, made.hold) == ("confirmed", "desk", world.client, None)
    assert made.channel == "desk"
    assert made.promised_end == at(25, 18)  # left on Monday, two opening days later
    assert made.total_incl_vat == Decimal("33.00")
    assert (made.contact_name, made.contact_email, made.note) == ("Camille Roux", world.client.email, "Tache au col")
    assert WorkOrder.objects.filter(request=made).count() == 2
    assert RequestLine.objects.filter(request=made).count() == 2
    names = list(Event.objects.filter(subject_id=made.public_id).order_by("pk").values_list("name", flat=True))
    assert names == ["service_request.submitted", "service_request.confirmed"]


@pytest.mark.promise("domain R2")
def test_somebody_known_without_any_address_is_served(world: World) -> None:
    nobody = Client.objects.create(organisation=world.organisation, first_name="Zoé", last_name="Sanson")
    made = walk_in.book_walk_in(
        world.site, nobody, wishes=[wish_heels(world)], token=uuid.uuid4(), by=world.actor("concierge")
    )
    assert (made.client, made.contact_name, made.contact_email) == (nobody, "Zoé Sanson", "")


@pytest.mark.promise("domain R2")
def test_only_the_desk_of_the_site_notes_orders(world: World) -> None:
    for by in (world.actor("accountant"), world.actor("trainee"), world.actor()):
        with pytest.raises(NotAllowed):
            walk_in.book_walk_in(world.site, world.client, wishes=[wish_heels(world)], token=uuid.uuid4(), by=by)
    assert ServiceRequest.objects.count() == 0


@pytest.mark.promise("domain R2", "domain R1")
def test_the_page_makes_one_request_however_often_it_is_sent(world: World, desk: Browser) -> None:
    page = shown(desk.get(page_of(world)))
    assert 'name="token"' in page
    sent = typed(world)
    assert desk.post(page_of(world), sent)["Location"] == "/guichet/republique/"
    assert desk.post(page_of(world), sent)["Location"] == "/guichet/republique/"
    made = ServiceRequest.objects.get()
    assert str(made.public_id) == sent["token"]
    assert made.lines.get().total_incl_vat == Decimal("15.00")
    strip = shown(desk.get("/guichet/republique/")).split('id="served-title"')[1]
    assert made.reference in strip
    assert f"/demande/{made.public_id}/annuler/" in strip
    other = Client.objects.create(organisation=world.organisation, first_name="A", last_name="B", email="a@b.fr")
    elsewhere = desk.post(page_of(world).replace(str(world.client.public_id), str(other.public_id)), sent)
    assert elsewhere.status_code == 409
    printed = desk.post(page_of(world), typed(world, print="1"))
    assert printed["Location"].endswith("/recu/?print=1")


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise("R44")
def test_two_clicks_at_once_make_one_request(real_world: World) -> None:
    world, token = real_world, uuid.uuid4()

    def order(_number: int) -> None:
        walk_in.book_walk_in(
            world.site, world.client, wishes=[wish_heels(world)], token=token, by=world.actor("concierge")
        )

    assert race(world, 8, order) == {"ok": 8}
    assert (ServiceRequest.objects.count(), WorkOrder.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise("R44")
def test_without_the_queue_the_second_click_is_refused(real_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: both have looked, both write; only the identity of the request stops the second, with an error."""
    world, token, both_have_looked = real_world, uuid.uuid4(), threading.Barrier(2)
    at_the_counter = holds.at_the_counter

    def wait(*args: Any) -> Hold:
        both_have_looked.wait(timeout=10)
        return at_the_counter(*args)

    monkeypatch.setattr(walk_in, "queue_up", lambda client: None)
    monkeypatch.setattr(holds, "at_the_counter", wait)

    def order(_number: int) -> None:
        try:
            walk_in.book_walk_in(
                world.site, world.client, wishes=[wish_heels(world)], token=token, by=world.actor("concierge")
            )
        except IntegrityError as error:
            raise Conflict from error

    assert race(world, 2, order) == {"ok": 1, "conflict": 1}


def test_a_refused_order_keeps_everything_and_says_where(world: World, desk: Browser) -> None:
    for wrong, said in (
        ({**shirts(world, 0)}, "Choisissez au moins"),
        ({**shirts(world, 31)}, "30"),
        ({**shirts(world, "beaucoup")}, "nombre entier"),
        ({**shirts(world, -1)}, "0"),
        ({"payer": "nonsense"}, "choix"),
        ({"token": "nonsense"}, "valide"),
        ({"note": "x" * 501}, "500"),
    ):
        answer = desk.post(page_of(world), typed(world, **wrong))
        page = answer.content.decode()
        assert (answer.status_code, said in page) == (422, True), (wrong, page[page.find("error-summary") :][:900])
        assert "error-summary" in page
        assert "Tache au col" in page or "note" in wrong
    assert ServiceRequest.objects.count() == 0
    ServiceAtSite.objects.filter(service=world.ironing).update(max_per_day=0)
    full = desk.post(page_of(world), typed(world))
    assert full.status_code == 409
    assert ServiceRequest.objects.count() == 0


def test_somebody_comes_to_their_place_at_a_free_time(world: World, desk: Browser) -> None:
    at_home(world)
    free = calendar.next_free(world.site, Place.HOME, now=MONDAY, services=[world.cobbler])[2]
    sent = {
        "token": str(uuid.uuid4()),
        field(world.cobbler): 1,
        "starts_at": free.starts_at.isoformat(),
        "street": "3 rue Monge",
        "postcode": "21000",
        "city": "Dijon",
    }
    for missing, status in (({"starts_at": ""}, 400), ({"street": ""}, 400), ({"postcode": "75001"}, 422)):
        assert desk.post(page_of(world), {**sent, **missing}).status_code == status
    gone = desk.post(page_of(world), {**sent, "starts_at": at(23, 3).isoformat()})
    assert gone.status_code == 422
    assert "ne peut pas être réservé" in gone.content.decode()
    assert desk.post(page_of(world), {**sent, "starts_at": "9999-12-31T23:59:59+00:00"}).status_code == 422
    mixed = desk.post(page_of(world), {**sent, **shirts(world)})
    assert mixed.status_code == 422
    assert (ServiceRequest.objects.count(), Hold.objects.count()) == (0, 0)
    assert desk.post(page_of(world), sent).status_code == 302
    made = ServiceRequest.objects.get()
    assert (made.place, made.street, made.promised_start) == ("home", "3 rue Monge", free.starts_at)
    assert (Hold.objects.get(), made.channel) == (made.hold, "desk")


@pytest.mark.promise("domain R2")
def test_an_order_on_the_phone_is_a_visit_and_says_so(world: World, desk: Browser) -> None:
    """Whoever calls leaves nothing now: the promise of what is left begins when it is there."""
    refused = shown(desk.post(page_of(world), typed(world, on_phone="on")), 400)
    assert "prenez rendez-vous pour elle" in refused
    assert re.findall(r'<input[^>]*name="on_phone"[^>]*checked', refused)
    assert "Tache au col" in refused
    assert ServiceRequest.objects.count() == 0
    at_home(world)
    free = calendar.next_free(world.site, Place.HOME, now=MONDAY, services=[world.cobbler])[2]
    where = {"starts_at": free.starts_at.isoformat(), "street": "3 rue Monge", "postcode": "21000", "city": "Dijon"}
    sent = {"token": str(uuid.uuid4()), field(world.cobbler): 1, "on_phone": "on", **where}
    assert desk.post(page_of(world), sent).status_code == 302
    made = ServiceRequest.objects.get()
    assert made.channel == "phone"
    assert set(Event.objects.filter(subject_id=made.public_id).values_list("channel", flat=True)) == {"phone"}
    assert "Au téléphone" in shown(desk.get(f"/demandes/{made.public_id}/"))


def test_a_company_pays_when_the_desk_says_so(world: World, desk: Browser) -> None:
    account = ClientAccount.objects.create(organisation=world.organisation, name="Dijon Habitat")
    assert "Dijon Habitat" in shown(desk.get(page_of(world)))
    desk.post(page_of(world), typed(world, payer=str(account.public_id)))
    assert ServiceRequest.objects.get().payer_account == account


def test_the_running_total_is_the_servers(world: World, desk: Browser) -> None:
    address = "/guichet/republique/commande/total/"
    assert "15,00" in desk.get(address, shirts(world)).content.decode()
    assert "2,50" in desk.get(address, shirts(world)).content.decode()  # VAT at 20 % in it
    for query in ({}, shirts(world, 0), shirts(world, "x"), {"q-nonsense": "3"}, shirts(world, 10**9)):
        answer = desk.get(address, query)
        assert answer.status_code == 200
        assert "Rien n’est encore choisi" in answer.content.decode()


@pytest.mark.promise("domain R3")
def test_the_receipt_says_what_a_deposit_ticket_must(world: World, desk: Browser) -> None:
    desk.post(page_of(world), typed(world))
    made = ServiceRequest.objects.get()
    address = f"/guichet/republique/demande/{made.public_id}/recu"
    page = shown(desk.get(f"{address}/"))
    for text in (
        "Sens Pratique",
        "Conciergerie République",
        "12 place de la République, 21000 Dijon",
        made.reference,
        "Repassage – Chemise",
        "3,00",
        "15,00",
        "20",
        "Tache au col",
        "Camille Roux",
        "1903",
        "lundi 23 novembre",
        "mercredi 25 novembre",
    ):
        assert text in page, text
    assert "<svg" in page
    for paper in ("80mm", "a4", "a6"):
        assert f"receipt-{paper}" in shown(desk.get(f"{address}/", {"papier": paper}))
    assert "receipt-a6" in shown(desk.get(f"{address}/", {"papier": "nonsense"}))
    assert "data-print-now" in shown(desk.get(f"{address}/", {"print": "1"}))
    pdf = desk.get(f"{address}.pdf")
    assert pdf["Content-Type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF")
    assert pdf.content == desk.get(f"{address}.pdf").content
    assert desk.get(f"/guichet/republique/demande/{uuid.uuid4()}/recu.pdf").status_code == 404


@pytest.mark.promise("S22")
def test_what_is_typed_is_drawn_as_it_is(world: World, desk: Browser) -> None:
    desk.post(page_of(world), typed(world, note='#import "x" <script>alert(1)</script> $ \\ @ *'))
    made = ServiceRequest.objects.get()
    address = f"/guichet/republique/demande/{made.public_id}/recu"
    assert "<script>alert" not in shown(desk.get(f"{address}/"))
    assert desk.get(f"{address}.pdf").status_code == 200


def test_a_site_with_six_hundred_items_takes_orders(world: World, desk: Browser) -> None:
    """Every item has a field, the empty ones too."""
    empty = {f"q-{number}": "" for number in range(1_200)}
    answer = desk.get("/guichet/republique/commande/total/", {**empty, **shirts(world)})
    assert "15,00" in answer.content.decode()
    assert desk.post(page_of(world), {**empty, **typed(world)}).status_code == 302


# --- for somebody else ----------------------------------------


@pytest.mark.promise("domain R2")
def test_an_order_for_somebody_new_then_chosen_from_the_list(world: World, desk: Browser) -> None:
    mother = {"other_first_name": "Odette", "other_last_name": "Roux", "other_phone": "06 11 22 33 44"}
    assert desk.post(page_of(world), typed(world, for_whom="new", **mother)).status_code == 302
    first = ServiceRequest.objects.get()
    assert first.beneficiary is not None
    assert (first.client, first.beneficiary_name, first.beneficiary_phone) == (
        world.client,
        "Odette Roux",
        "+33611223344",
    )
    page = shown(desk.get(page_of(world)))
    known = str(first.beneficiary.public_id)
    assert f'<option value="{known}">Odette Roux</option>' in page
    assert desk.post(page_of(world), typed(world, for_whom=known)).status_code == 302
    again = ServiceRequest.objects.order_by("-pk")[0]
    assert (again.beneficiary, Client.objects.filter(first_name="Odette").count()) == (first.beneficiary, 1)
    receipt = shown(desk.get(f"/guichet/republique/demande/{again.public_id}/recu/"))
    assert "Camille Roux, pour Odette Roux" in receipt
    assert "Pour Odette Roux" in shown(desk.get(f"/guichet/republique/personne/{world.client.public_id}/"))


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"for_whom": "new"}, "other_first_name"),
        ({"for_whom": "new", "other_first_name": "Odette"}, "other_last_name"),
        ({"other_last_name": "Roux"}, "other_first_name"),
        ({"for_whom": str(uuid.uuid4())}, "for_whom"),
        ({"for_whom": "new", "other_first_name": "O", "other_last_name": "R", "other_phone": "12"}, "other_phone"),
        ({"for_whom": "new", "other_first_name": "O" * 81, "other_last_name": "R"}, "other_first_name"),
        ({"for_whom": "new", "other_first_name": "\x00", "other_last_name": "R"}, "other_first_name"),
    ],
)
def test_for_whom_is_refused_at_its_field(world: World, desk: Browser, sent: dict[str, str], field: str) -> None:
    page = shown(desk.post(page_of(world), typed(world, **sent)), 422)
    assert (f'id="id_{field}_error"' in page, "data-desk-for open" in page) == (True, True)
    assert not ServiceRequest.objects.exists()


def test_somebody_another_client_helps_cannot_be_chosen(world: World, desk: Browser) -> None:
    stranger = Client.objects.create(organisation=world.organisation, first_name="Paul", last_name="Autre")
    assert desk.post(page_of(world), typed(world, for_whom=str(stranger.public_id))).status_code == 422


def test_we_come_where_the_other_person_lives(world: World, desk: Browser) -> None:
    at_home(world)
    Client.objects.filter(pk=world.client.pk).update(street="1 rue Verte", postcode="21000", city="Dijon")
    mother = Client.objects.create(
        organisation=world.organisation,
        first_name="Odette",
        last_name="Roux",
        street="9 rue Bleue",
        postcode="21000",
        city="Dijon",
    )
    before = world.request(world.ironing)
    ServiceRequest.objects.filter(pk=before.pk).update(beneficiary=mother, beneficiary_name="Odette Roux")
    free = calendar.next_free(world.site, Place.HOME, now=MONDAY, services=[world.cobbler])[2]
    sent = {
        "token": str(uuid.uuid4()),
        field(world.cobbler): 1,
        "for_whom": str(mother.public_id),
        "starts_at": free.starts_at.isoformat(),
        "street": "1 rue Verte",
        "postcode": "21000",
        "city": "Dijon",
    }
    assert desk.post(page_of(world), sent).status_code == 302
    assert ServiceRequest.objects.order_by("-pk")[0].street == "9 rue Bleue"
    other = {**sent, "token": str(uuid.uuid4()), "street": "2 rue Rouge"}
    later = calendar.next_free(world.site, Place.HOME, now=MONDAY, services=[world.cobbler])[-1]
    assert desk.post(page_of(world), {**other, "starts_at": later.starts_at.isoformat()}).status_code == 302
    assert ServiceRequest.objects.order_by("-pk")[0].street == "2 rue Rouge"


def test_the_page_asks_as_much_for_three_known_people_as_for_one(world: World, desk: Browser) -> None:
    counts = []
    for number in (1, 3):
        while Client.objects.filter(last_name="Proche").count() < number:
            person = Client.objects.create(organisation=world.organisation, first_name="A", last_name="Proche")
            asked = world.request(world.ironing)
            ServiceRequest.objects.filter(pk=asked.pk).update(beneficiary=person, beneficiary_name="A Proche")
        desk.get(page_of(world))
        with CaptureQueriesContext(connection) as said:
            assert desk.get(page_of(world)).status_code == 200
        counts.append(len(said))
    assert counts[0] == counts[1]
