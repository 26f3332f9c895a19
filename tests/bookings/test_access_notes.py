"""How to get in at somebody's home: encrypted, read by who goes there, told to nobody, forgotten after (R8)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import IntegrityError, connection, transaction
from django.test import Client as Browser
from django.utils import timezone

from bookings.actions import recurrences, walk_in
from bookings.actions.access import VisitOver, note_access
from bookings.actions.beneficiaries import Beneficiary
from bookings.actions.requests import cancel_request, close_request
from bookings.enums import Place, RequestStatus
from bookings.models import AccessNote, ServiceRequest, WorkOrder
from bookings.models.access import access_of
from concierge import deadlines, retention
from concierge.errors import Invalid, NotAllowed
from concierge.models import Event, IdempotencyRecord
from notifications.models import Message
from tests.bookings.conftest import at, details, wish_heels, wish_shirts
from tests.bookings.test_api import Api
from tests.bookings.test_api import booking as body
from tests.bookings.test_booking_pages import Path, shown
from tests.bookings.test_prescribers import bring, invite
from tests.bookings.test_walk_in import at_home, field
from tests.conftest import settle
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday"), pytest.mark.promise("domain R8")]
NOTED = "chiffrée, lue par l’équipe de votre conciergerie et par les personnes qui viennent, effacée après la visite."
SECRET = "Digicode 47B12, chien Ulysse"
HOME: dict[str, Any] = {"street": "3 rue Monge", "postcode": "21000", "city": "Dijon"}
Book = Callable[..., ServiceRequest]


@pytest.fixture(autouse=True)
def _visits(world: World) -> None:
    at_home(world)


@pytest.fixture
def visit(world: World, book: Book) -> ServiceRequest:
    """Somebody comes to Inès on Tuesday at ten."""
    return book(wish_heels(world), place=Place.HOME, client=details(**HOME, access_note=SECRET))


def everything_stored() -> str:
    """Every row of every table, as a thief of the database reads them; sessions as they mean it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('%I', tablename) FROM pg_tables WHERE schemaname = 'public' "
            "AND has_table_privilege(format('%I.%I', schemaname, tablename), 'SELECT') ORDER BY tablename"
        )
        tables = " UNION ALL ".join(f"SELECT t::text FROM {name} t" for (name,) in cursor.fetchall())
        cursor.execute(tables)
        stored = str(cursor.fetchall())
    return stored + str([session.get_decoded() for session in Session.objects.order_by("pk")])


def hides(text: str) -> bool:
    return not any(part in text for part in ("47B12", "Ulysse"))


# --- written ----------------------------------------


def test_it_is_encrypted_wherever_it_is_stored_and_told_to_nobody(
    world: World, visit: ServiceRequest, mailoutbox: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    settle(world.organisation)
    note = AccessNote.objects.get()
    assert (note.request, note.text) == (visit, SECRET)
    stored = everything_stored()
    assert ("3 rue Monge" in stored, note.sealed in stored, hides(stored)) == (True, True, True)
    assert Message.objects.exists() and Event.objects.exists()
    assert hides(str([(mail.body, mail.alternatives) for mail in mailoutbox]))
    assert hides(caplog.text)
    assert hides(f"{details(access_note=SECRET)} {Beneficiary('Paul', 'Roux', access_note=SECRET)}")


def test_the_database_refuses_clear_text(world: World, visit: ServiceRequest) -> None:
    with pytest.raises(IntegrityError, match="access_note_is_encrypted"), transaction.atomic():
        AccessNote.objects.update(sealed=SECRET)


@pytest.mark.parametrize(
    ("place", "text", "message"),
    [
        (Place.DESK, SECRET, "Personne ne vient"),
        (Place.HOME, "x" * 501, "trop long"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_made(
    world: World, book: Book, place: Place, text: str, message: str
) -> None:
    wish = wish_heels(world) if place == Place.HOME else wish_shirts(world)
    with pytest.raises(Invalid, match=message) as refused, transaction.atomic():
        book(wish, place=place, client=details(**HOME, access_note=text))
    assert (refused.value.field, ServiceRequest.objects.exists()) == ("access_note", False)


@pytest.mark.parametrize("text", ["", "   ", "\x00 \n"])
def test_nothing_typed_is_nothing_kept(world: World, book: Book, text: str) -> None:
    book(wish_heels(world), place=Place.HOME, client=details(**HOME, access_note=text))
    assert not AccessNote.objects.exists()


# --- asked ----------------------------------------


@pytest.fixture
def path(world: World, client: Browser) -> Path:
    return Path(world, client)


def test_the_page_asks_when_somebody_comes_and_keeps_it_encrypted_on_the_way(world: World, path: Path) -> None:
    path.services(world.cobbler)
    assert path.details(1).status_code == 302
    path.slot()
    assert 'name="access_note"' in shown(path.get("coordonnees/"))
    page = shown(path.contact(**{**HOME, "postcode": "x"}, access_note=SECRET), 422)
    assert ("47B12" in page, hides(everything_stored())) == (True, True)
    assert path.contact(**HOME, access_note=SECRET).status_code == 302
    assert hides(everything_stored())
    assert "47B12" in shown(path.get("coordonnees/"))
    path.code()
    review = shown(path.get("verification/"))
    assert (NOTED in review, hides(review)) == (True, True)
    assert path.review().status_code == 302
    made = ServiceRequest.objects.get()
    assert (made.place, AccessNote.objects.get().text) == ("home", SECRET)


def test_it_is_not_asked_when_things_are_left_at_the_desk(world: World, path: Path) -> None:
    path.services(world.ironing)
    path.details(2, 0)
    path.slot()
    assert "access_note" not in shown(path.get("coordonnees/"))
    path.contact(access_note=SECRET)
    assert hides(everything_stored())


def test_it_is_that_of_the_person_it_is_for(world: World, path: Path) -> None:
    path.services(world.cobbler)
    path.details(1)
    path.slot()
    other = {"first_name": "Paul", "last_name": "Roux", "phone": ""}
    page = shown(path.post("pour-qui/", **other, **{**HOME, "postcode": "x"}, access_note=SECRET), 422)
    assert ("47B12" in page, hides(everything_stored())) == (True, True)
    assert path.post("pour-qui/", **other, **HOME, access_note=SECRET).status_code == 302
    assert "access_note" not in shown(path.get("coordonnees/"))
    assert "47B12" in shown(path.get("pour-qui/"))
    path.contact()
    path.code()
    assert path.review().status_code == 302
    assert (ServiceRequest.objects.get().beneficiary_name, AccessNote.objects.get().text) == ("Paul Roux", SECRET)


def test_another_home_is_not_opened_by_the_note_of_the_first(world: World, path: Path) -> None:
    path.services(world.cobbler)
    path.details(1)
    path.slot()
    path.post("pour-qui/", first_name="Paul", last_name="Roux", phone="", **HOME, access_note=SECRET)
    path.post("pour-qui/", mine="1")
    assert "47B12" not in shown(path.get("coordonnees/"))


def test_the_desk_takes_it_with_the_order(world: World) -> None:
    visit = walk_in.Visit(at(24, 10), **HOME, access_note=SECRET)
    given: dict[str, Any] = {"wishes": [wish_heels(world)], "by": world.actor("concierge"), "visit": visit}
    made = walk_in.book_walk_in(world.site, world.client, token=uuid.uuid4(), **given)
    other = Beneficiary("Paul", "Roux")
    given["visit"] = walk_in.Visit(at(24, 14), **HOME, access_note="Chez Paul")
    theirs = walk_in.book_walk_in(world.site, world.client, token=uuid.uuid4(), beneficiary=other, **given)
    assert [access_of(one).text for one in (made, theirs)] == [SECRET, "Chez Paul"]  # type: ignore[union-attr]


def test_the_order_page_of_the_desk_asks_it(world: World, client: Browser) -> None:
    client.force_login(world.users["concierge"])
    address = f"/guichet/republique/personne/{world.client.public_id}/commande/"
    assert 'name="access_note"' in shown(client.get(address))
    sent = {
        "token": str(uuid.uuid4()),
        field(world.cobbler): "1",
        "starts_at": at(24, 10).isoformat(),
        **HOME,
        "access_note": SECRET,
    }
    page = shown(client.post(address, {**sent, "postcode": "75001"}), 422)
    assert "47B12" in page
    assert client.post(address, sent).status_code == 302
    assert AccessNote.objects.get().text == SECRET


def test_a_prescriber_says_it_for_somebody(world: World, client: Browser) -> None:
    prescriber = invite(world)
    person = bring(prescriber)
    client.force_login(prescriber.user)
    client.post(f"/accompagner/{person.public_id}/reserver/republique/")
    path = Path(world, client)
    path.whose = {"whose": str(person.public_id)}
    path.services(world.cobbler)
    path.details(1)
    path.slot()
    assert path.post("coordonnees/", phone="03 80 44 55 66", **HOME, access_note=SECRET).status_code == 302
    assert path.review().status_code == 302
    assert AccessNote.objects.get().text == SECRET
    made = ServiceRequest.objects.get()
    assert hides(shown(client.get(f"/accompagner/{person.public_id}/")))
    assert hides(shown(client.get(f"/suivi/{made.tracking_token}/")))


def test_the_api_takes_it_and_never_says_it(world: World) -> None:
    api = Api(world.api_key())
    asked = body(world, lines=[{"service": str(world.cobbler.public_id), "quantity": 1}], access_note=SECRET)
    asked["client"] = {**asked["client"], **HOME}
    made = api.post("/api/v1/service-requests", asked)
    assert made.status_code == 201, made.content
    found = made.json()["id"]
    assert AccessNote.objects.get().text == SECRET
    answers = [made, *(api.get(f"/api/v1/{address}") for address in ("service-requests", f"service-requests/{found}"))]
    answers += [api.get("/api/v1/work-orders"), api.get(f"/api/v1/work-orders/{WorkOrder.objects.get().public_id}")]
    assert [hides(one.content.decode()) for one in answers] == [True] * 5
    assert IdempotencyRecord.objects.exists()
    assert hides(everything_stored())


@pytest.mark.parametrize(("changes", "field_name"), [({"access_note": "x" * 501}, "access_note"), ({}, "access_note")])
def test_the_api_names_the_field(world: World, changes: dict[str, Any], field_name: str) -> None:
    lines = [{"service": str(world.ironing.public_id), "items": [{"item": str(world.shirt.public_id), "quantity": 1}]}]
    asked = {**body(world, lines=lines), "access_note": SECRET, **changes}
    answer = Api(world.api_key()).post("/api/v1/service-requests", asked)
    assert (answer.status_code, [one["attr"] for one in answer.json()["errors"]]) == (400, [field_name])
    assert not ServiceRequest.objects.exists()


def test_a_regular_visit_finds_the_way_in_again(world: World) -> None:
    client = world.client
    client.street, client.postcode, client.city = HOME.values()
    client.save()
    wanted = recurrences.Wanted(
        name="Tous les lundis",
        rule="FREQ=WEEKLY;BYDAY=MO",
        starts_on=dt.date(2026, 11, 30),
        at=dt.time(10),
        wishes=[wish_heels(world)],
    )
    walk_in.book_walk_in(
        world.site,
        client,
        wishes=[wish_heels(world)],
        token=uuid.uuid4(),
        by=world.actor("concierge"),
        visit=walk_in.Visit(at(24, 10), **HOME, access_note=SECRET),
    )
    recurrences.start_recurrence(client, world.site, wanted, by=world.actor())
    while deadlines.sweep(world.organisation.pk):
        pass
    made = ServiceRequest.objects.filter(channel="series").order_by("pk")
    assert [access_of(one).text for one in made] == [SECRET, SECRET]  # type: ignore[union-attr]


# --- read and changed ----------------------------------------


def readers(world: World, visit: ServiceRequest) -> dict[str, bool]:
    """Who reads it on the page of the request."""
    found = {}
    for role in ("concierge", "dispatcher", "supervisor", "site_manager", "network_head", "accountant"):
        browser = Browser()
        browser.force_login(world.users[role])
        found[role] = "47B12" in shown(browser.get(f"/demandes/{visit.public_id}/"))
    return found


def test_the_team_of_the_site_reads_it_and_the_accountant_does_not(world: World, visit: ServiceRequest) -> None:
    team = ("concierge", "dispatcher", "supervisor", "site_manager", "network_head")
    assert readers(world, visit) == {**dict.fromkeys(team, True), "accountant": False}


def test_other_pages_do_not_show_it(world: World, visit: ServiceRequest, client: Browser) -> None:
    client.force_login(world.users["concierge"])
    pages = [
        f"/suivi/{visit.tracking_token}/",
        f"/suivi/{visit.tracking_token}/acces/",
        "/demandes/",
        "/guichet/republique/",
    ]
    pages += [f"/guichet/republique/personne/{visit.client.public_id}/"]
    pages += [f"/guichet/republique/demande/{visit.public_id}/recu/"]
    for page in pages:
        answer = client.get(page)
        assert (page, answer.status_code, hides(answer.content.decode())) == (page, 200, True)
    assert not ServiceRequest.objects.matching("47B12").exists()


def test_the_client_writes_it_anew_and_reads_nothing(visit: ServiceRequest, client: Browser) -> None:
    page = f"/suivi/{visit.tracking_token}/acces/"
    assert page in shown(client.get(f"/suivi/{visit.tracking_token}/"))
    assert hides(shown(client.get(page)))
    assert "y" * 501 in shown(client.post(page, {"access_note": "y" * 501}), 422)
    assert client.post(page, {"access_note": "  Gardienne au 12  "})["Location"] == f"/suivi/{visit.tracking_token}/"
    assert AccessNote.objects.get().text == "Gardienne au 12"
    told = Event.objects.filter(name="service_request.access_changed")
    assert [(one.data, one.channel) for one in told] == [({}, "link")]
    assert client.post(page, {"access_note": "Gardienne au 12"}).status_code == 302
    assert told.all().count() == 1
    assert client.post(page, {"access_note": ""}).status_code == 302
    assert (AccessNote.objects.exists(), told.all().count()) == (False, 2)


def test_the_desk_corrects_it(world: World, visit: ServiceRequest, client: Browser) -> None:
    client.force_login(world.users["concierge"])
    page = f"/demandes/{visit.public_id}/acces/"
    assert "47B12" in shown(client.get(page))
    assert client.post(page, {"access_note": "Code 99"})["Location"] == f"/demandes/{visit.public_id}/"
    assert AccessNote.objects.get().text == "Code 99"


def test_who_does_not_go_there_says_nothing_of_it(world: World, visit: ServiceRequest) -> None:
    for role in ("accountant", "supervisor", "social_adviser"):
        with pytest.raises(NotAllowed):
            note_access(visit, "Autre", by=world.actor(role))
    assert AccessNote.objects.get().text == SECRET


@pytest.mark.parametrize("status", ["fulfilled", "partially_fulfilled", "closed", "cancelled", "declined", "expired"])
def test_after_the_visit_nothing_more_is_noted(
    world: World, visit: ServiceRequest, client: Browser, status: str
) -> None:
    ServiceRequest.objects.update(status=status)
    with pytest.raises(VisitOver):
        note_access(visit, "Autre", by=world.actor("concierge"))
    page = f"/suivi/{visit.tracking_token}/acces/"
    assert page not in shown(client.get(f"/suivi/{visit.tracking_token}/"))
    assert client.get(page).status_code == client.post(page, {"access_note": "Autre"}).status_code == 302
    assert AccessNote.objects.get().text == SECRET


def test_nothing_is_noted_of_what_is_left_at_the_desk(world: World, book: Book, client: Browser) -> None:
    made = book(wish_shirts(world))
    assert client.get(f"/suivi/{made.tracking_token}/acces/").status_code == 302
    with pytest.raises(VisitOver):
        note_access(made, SECRET, by=world.actor("concierge"))


def test_what_no_key_reads_any_more_is_said_and_can_be_written_again(
    world: World, visit: ServiceRequest, client: Browser, settings: Any
) -> None:
    settings.ENCRYPTION_KEYS = ["another key altogether, long enough to be one"]
    client.force_login(world.users["concierge"])
    assert "Aucune de nos clés ne la lit plus" in shown(client.get(f"/demandes/{visit.public_id}/"))
    client.post(f"/demandes/{visit.public_id}/acces/", {"access_note": "Code 99"})
    assert AccessNote.objects.get().text == "Code 99"


# --- forgotten ----------------------------------------

KEPT = dt.timedelta(days=7)


def test_it_is_kept_seven_days() -> None:
    assert settings.KEEP_DAYS["access_notes"] == KEPT.days


def end(world: World, visit: ServiceRequest, how: str) -> None:
    if how == "cancelled":
        cancel_request(visit, by=world.actor())
        return
    ServiceRequest.objects.update(status=RequestStatus.FULFILLED)
    close_request(visit, by=world.actor("concierge"))


@pytest.mark.parametrize("how", ["cancelled", "closed"])
def test_it_is_forgotten_seven_days_after_the_end_and_not_before(
    world: World, visit: ServiceRequest, how: str, monday: Any
) -> None:
    end(world, visit, how)
    ended = Event.objects.filter(name=f"service_request.{how}").get().recorded_at
    monday.move_to(ended + KEPT - dt.timedelta(minutes=1), tick=False)
    assert (retention.purge()["access_notes"], AccessNote.objects.count()) == (0, 1)
    monday.move_to(ended + KEPT + dt.timedelta(minutes=1), tick=False)
    assert (retention.purge()["access_notes"], AccessNote.objects.count()) == (1, 0)
    assert retention.purge()["access_notes"] == 0


def test_the_last_end_counts(world: World, visit: ServiceRequest) -> None:
    """Done on one day, handed over on another: what was noted serves until then."""
    now = timezone.now()
    ServiceRequest.objects.update(status="closed", closed_at=now)

    def told(name: str, days: int) -> None:
        Event.objects.create(
            organisation=world.organisation,
            name=f"service_request.{name}",
            subject_type="bookings.servicerequest",
            subject_id=visit.public_id,
            request_id=visit.public_id,
            act_at=now,
            recorded_at=now - dt.timedelta(days=days),
        )

    told("fulfilled", 10)
    told("closed", 5)
    assert retention.purge()["access_notes"] == 0
    # What happened to the request besides does not keep it.
    ServiceRequest.objects.update(public_id=uuid.uuid4())
    visit.refresh_from_db()
    told("fulfilled", 10)
    told("link_sent", 1)
    assert retention.purge()["access_notes"] == 1


@pytest.mark.parametrize("status", [one for one in RequestStatus.values if one not in {"closed", "cancelled"}])
def test_only_what_is_over_is_forgotten(world: World, visit: ServiceRequest, status: str, monday: Any) -> None:
    ServiceRequest.objects.update(status=status)
    over = {"fulfilled", "partially_fulfilled", "declined", "expired"}
    assert retention.purge()["access_notes"] == int(status in over)
