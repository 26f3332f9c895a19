"""What is typed wrong: the status, the problem's type, the French sentence, and nothing half-done (pages and API)."""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import models
from django.test import Client as Browser

from bookings.actions.booking import submit_request
from bookings.actions.clients import CodeExpired, check_code, start_verification, verification_code
from bookings.actions.holds import SlotNotOffered, hold_slot
from bookings.enums import HoldStatus, Place
from bookings.models import (
    Client,
    EmailVerification,
    Hold,
    OpeningHours,
    RequestLine,
    Service,
    ServiceAtSite,
    ServiceRequest,
    SlotRule,
    WorkOrder,
)
from concierge import tenancy
from concierge.models import Event, IdempotencyRecord, Site
from tests.bookings.conftest import at, details, wish_shirts
from tests.bookings.test_api import REQUESTS, Api, booking
from tests.bookings.test_booking_pages import HOME, Path
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
TABLES = (Client, EmailVerification, Event, Hold, IdempotencyRecord, RequestLine, ServiceRequest, WorkOrder)
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def counts() -> dict[type[models.Model], int]:
    """How many rows there are of everything that a booking writes."""
    return {model: model._default_manager.count() for model in TABLES}


def words(answer: Any) -> str:
    """What a person reads, with plain spaces."""
    text = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return " ".join(html.unescape(text).split())


@pytest.fixture
def path(world: World, client: Browser) -> Path:
    return Path(world, client)


@pytest.fixture
def api(world: World) -> Api:
    return Api(world.api_key())


# --- pages ----------------------------------------

Typed = Callable[[Path], Any]
NOT_OFFERED = "Ce créneau ne peut pas être réservé : nous sommes fermés, ou c’est trop tôt. Choisissez-en un autre."


def typed_details(*given: object) -> Typed:
    """Quantities of shirts, trousers and heels."""
    return lambda path: path.details(*given)  # type: ignore[arg-type]  # some are no numbers: the point


def typed_contact(**given: str) -> Typed:
    """What is typed about oneself."""
    return lambda path: path.contact(**given)


@pytest.mark.parametrize(
    ("ready", "wrong", "said"),
    [
        (0, lambda p: p.post("", services=[UNKNOWN]), "Un des services n’est plus proposé ici. Choisissez de nouveau."),
        (0, lambda p: p.post(""), "Choisissez au moins un service."),
        (1, typed_details(-1, 0, 1), "Assurez-vous que cette valeur est supérieure ou égale à 0."),
        (1, typed_details("9" * 50, 0, 1), "Assurez-vous que cette valeur est inférieure ou égale à 30."),
        (1, typed_details("1.5", 0, 1), "Saisissez un nombre entier."),
        (1, typed_details("NaN", 0, 1), "Saisissez un nombre entier."),
        (1, typed_details(0, 0, 1), "Indiquez une quantité pour chaque service choisi."),
        (1, typed_details(20, 11, 1), "Au plus 30 par commande pour ce service. Pour davantage, appelez-nous."),
        (2, lambda p: p.slot(at(28, 10)), NOT_OFFERED),
        (2, lambda p: p.slot(at(23, 7)), NOT_OFFERED),
        (2, lambda p: p.slot(at(24, 10, 7)), NOT_OFFERED),
        (2, lambda p: p.post("creneau/", slot="demain"), "Choisissez une date et une heure."),
        (3, typed_contact(email="ines"), "Écrivez une adresse e-mail complète, par exemple nom@exemple.fr."),
        (3, typed_contact(email=""), "Ce champ est obligatoire."),
        (3, typed_contact(phone="12"), "Ce numéro de téléphone n’existe pas. Exemple : 06 12 34 56 78."),
        (3, typed_contact(last_name=" "), "Ce champ est obligatoire."),
    ],
)
def test_a_page_says_in_french_what_is_wrong_and_writes_nothing(
    path: Path, ready: int, wrong: Typed, said: str
) -> None:
    for step in (path.services, path.details, path.slot)[:ready]:
        assert step().status_code == 302
    before = counts()
    answer = wrong(path)
    assert answer.status_code == 422
    assert said in words(answer)
    assert counts() == before


@pytest.mark.promise("R01")
def test_the_last_place_gone_is_said_kindly(world: World, path: Path) -> None:
    path.services(), path.details()
    for name in ("a", "b"):
        hold_slot(world.site, Place.DESK, at(24, 10), token=name, by=world.actor())
    before = counts()
    answer = path.slot()
    assert answer.status_code == 409
    assert "Quelqu’un vient de prendre la dernière place à cette heure." in words(answer)
    assert counts() == before


def test_an_expired_hold_is_said_kindly(path: Path, monday: Any) -> None:
    path.up_to_review()
    before = counts()
    monday.shift(dt.timedelta(minutes=10, seconds=1))
    answer = path.review()
    assert answer.status_code == 409
    assert "Nous avons gardé votre place un moment, et ce délai est passé." in words(answer)
    assert counts() == before
    assert ServiceRequest.objects.count() == 0


def test_an_address_outside_the_area_is_said_kindly(world: World, path: Path, window_cleaning: Service) -> None:
    path.services(window_cleaning), path.details(1), path.slot()
    before = counts()
    answer = path.contact(street="1 quai de Saône", postcode="69002", city="Lyon")
    assert answer.status_code == 422
    assert "Nous n’allons pas à cette adresse : elle est hors de la zone de cette conciergerie." in words(answer)
    assert counts() == before


@pytest.mark.promise("S02")
def test_a_place_kept_in_another_organisation_or_for_somebody_else_is_no_use(
    world: World, other_world: World, path: Path
) -> None:
    with tenancy.working_for(other_world.organisation):
        theirs = hold_slot(other_world.site, Place.DESK, at(24, 11), token="theirs", by=other_world.actor())
    foreign = hold_slot(world.site, Place.DESK, at(24, 11), token="somebody", by=world.actor())
    path.up_to_review()
    before = counts()
    for hold in (theirs.public_id, foreign.public_id, UNKNOWN):
        answer = path.post("verification/", hold=str(hold), total="33.00")
        assert answer.status_code == 409
        assert "Vous avez choisi un autre créneau entre-temps. Vérifiez encore une fois." in words(answer)
    assert path.post("verification/", hold="x").status_code == 422
    assert counts() == before
    foreign.refresh_from_db()
    assert foreign.status == HoldStatus.HELD


# --- API ----------------------------------------


def asked_with(**client: str) -> Callable[[World], dict[str, Any]]:
    """A booking for a client who typed this."""

    def make(world: World) -> dict[str, Any]:
        body = booking(world)
        body["client"].update(client)
        return body

    return make


def asked(**changes: Any) -> Callable[[World], dict[str, Any]]:
    """A booking with this instead."""
    return lambda world: booking(world, **changes)


def heels(quantity: int) -> Callable[[World], dict[str, Any]]:
    """A booking of so many heels."""
    return lambda world: booking(world, lines=[{"service": str(world.cobbler.public_id), "quantity": quantity}])


@pytest.mark.parametrize(
    ("body", "status", "kind", "attr", "said"),
    [
        (asked(site=UNKNOWN), 404, "not_found", None, "Non trouvé."),
        (
            asked(lines=[{"service": UNKNOWN, "quantity": 1}]),
            *(400, "bad_order", "lines", "Un des services n’est plus proposé ici. Choisissez de nouveau."),
        ),
        (asked(slot="2026-11-29T09:00:00Z"), 422, "slot_not_offered", "slot", NOT_OFFERED),
        (asked(slot="2026-11-20T09:00:00Z"), 422, "slot_not_offered", "slot", NOT_OFFERED),
        (
            heels(-1),
            *(400, "min_value", "lines.0.quantity", "Assurez-vous que cette valeur est supérieure ou égale à 1."),
        ),
        (
            heels(31),
            *(400, "bad_order", "lines", "Au plus 30 par commande pour ce service. Pour davantage, appelez-nous."),
        ),
        (
            asked_with(email="ines"),
            *(400, "invalid", "client.email", "Saisissez une adresse e-mail complète, par exemple nom@exemple.fr."),
        ),
        (asked_with(phone="12"), 400, "invalid", "client.phone", "Saisissez un numéro de téléphone valide."),
        (
            asked_with(email="", phone=""),
            *(400, "invalid", "client.email"),
            "Il nous faut une adresse e-mail ou un numéro de téléphone pour vous joindre.",
        ),
        (asked_with(postcode="2100"), 400, "invalid", "client.postcode", "Un code postal français a cinq chiffres."),
        (
            asked(payer_siren="12345678901234"),
            *(400, "invalid", "payer_siren"),
            "Ce n’est pas un SIREN (neuf chiffres) ni un SIRET (quatorze chiffres) valable.",
        ),
    ],
)
def test_the_api_names_the_problem_says_it_in_french_and_writes_nothing(
    world: World,
    api: Api,
    body: Callable[[World], dict[str, Any]],
    status: int,
    kind: str,
    attr: str | None,
    said: str,
) -> None:
    before = counts()
    answer = api.post(REQUESTS, body(world))
    problem = answer.json()
    assert answer["Content-Type"] == "application/problem+json"
    assert (answer.status_code, problem["status"], problem["type"]) == (status, status, f"urn:concierge:problem:{kind}")
    assert " ".join(problem["title"].split()) == said
    assert [error["attr"] for error in problem["errors"]] == [attr]
    assert counts() == before


@pytest.mark.promise("S02")
def test_a_slot_a_service_or_an_item_of_another_organisation_does_not_exist(
    world: World, other_world: World, api: Api
) -> None:
    before = counts()
    theirs = {"service": str(other_world.cobbler.public_id), "quantity": 1}
    item = {
        "service": str(world.ironing.public_id),
        "items": [{"item": str(other_world.shirt.public_id), "quantity": 1}],
    }
    for changes, status in (
        ({"site": str(other_world.site.public_id)}, 404),
        ({"lines": [theirs]}, 400),
        ({"lines": [item]}, 400),
    ):
        assert api.post(REQUESTS, booking(world, **changes)).status_code == status
    assert counts() == before


def test_an_address_outside_the_area_names_its_field(world: World, api: Api, window_cleaning: Service) -> None:
    body = booking(world, lines=[{"service": str(window_cleaning.public_id), "quantity": 1}])
    before = counts()
    problem = api.post(REQUESTS, body).json()
    assert (problem["status"], problem["errors"][0]["attr"]) == (400, "client.street")
    assert problem["title"] == "Indiquez l’adresse où nous devons venir."
    body["client"].update(street="1 quai de Saône", postcode="69002", city="Lyon")
    problem = api.post(REQUESTS, body).json()
    assert (problem["status"], problem["type"]) == (422, "urn:concierge:problem:outside_area")
    assert problem["errors"][0]["attr"] == "client.postcode"
    assert counts() == before


@pytest.mark.promise("S06", "S08")
def test_what_is_not_asked_is_not_taken(world: World, other_world: World, api: Api) -> None:
    """Organisation, price, state, channel and identity are ours to say, in a body at any depth."""
    unwanted = {
        "id": UNKNOWN,
        "public_id": UNKNOWN,
        "organisation": other_world.organisation.pk,
        "organisation_id": other_world.organisation.pk,
        "status": "closed",
        "total_incl_vat": "0.00",
        "unit_price": "0.01",
        "unit_price_incl_vat": "0.01",
        "vat_rate": "0.00",
        "reference": "AAAA-AAAA",
        "channel": "desk",
        "version": 99,
        "tracking_version": 99,
        "performer_id": 1,
        "verified": True,
        "is_staff": True,
        "user": world.users["network_head"].pk,
    }
    body = booking(world, **unwanted)
    body["client"].update(unwanted)
    for line in body["lines"]:
        line.update({name: value for name, value in unwanted.items() if name != "unit_price"}, unit_price="0.01")
    made = api.post(REQUESTS, body)
    assert made.status_code == 201, made.content
    request = ServiceRequest.objects.get()
    assert (request.organisation, request.status, str(request.total_incl_vat)) == (
        world.organisation,
        "confirmed",
        "33.00",
    )
    assert (request.channel, request.version, request.tracking_version) == ("api", 2, 1)
    assert UNKNOWN not in made.content.decode()
    assert request.reference != "AAAA-AAAA"
    assert request.client.user is None
    assert {str(line.vat_rate) for line in request.lines.all()} == {"20.00"}
    assert {order.performer_id for order in request.work_orders.all()} == {None}


@pytest.mark.promise("S06", "S08")
def test_what_a_form_does_not_ask_is_not_taken(world: World, path: Path) -> None:
    """The same for the pages: hidden fields that somebody adds change neither price nor owner."""
    extra = {
        "organisation": "2",
        "status": "closed",
        "price": "0.01",
        "unit_price": "0.01",
        "total": "0",
        "verified": "x@example.fr",
        "user": str(world.users["network_head"].pk),
        "channel": "desk",
        "token": "mine",
        "site": UNKNOWN,
    }
    path.post("", services=[str(world.ironing.public_id)], **extra)
    path.details(5, 0, **extra)
    path.post("creneau/", slot=at(24, 10).isoformat(), **extra)
    assert path.contact(**extra).headers["Location"] == f"{HOME}code/"
    path.code()
    # A price is never taken from a browser, only compared with what it was shown.
    assert (path.review(**extra).status_code, ServiceRequest.objects.count()) == (409, 0)
    del extra["total"]
    assert path.review(**extra).status_code == 302
    request = ServiceRequest.objects.get()
    assert (str(request.total_incl_vat), request.status, request.channel) == ("15.00", "confirmed", "web")
    assert (request.site, request.client.user) == (world.site, None)


# --- actions ----------------------------------------


def test_a_place_kept_at_another_site_books_nothing_here(world: World) -> None:
    other = Site.objects.create(
        organisation=world.organisation,
        **{name: getattr(world.site, name) for name in ("street", "postcode", "city", "latitude", "longitude")},
        name="Conciergerie Toison d’Or",
        slug="toison-d-or",
    )
    for hours in list(world.site.opening_hours.all()):
        OpeningHours.objects.create(
            organisation=world.organisation, site=other, weekday=hours.weekday, opens=hours.opens, closes=hours.closes
        )
    SlotRule.objects.create(organisation=world.organisation, site=other, place=Place.DESK)
    hold = hold_slot(other, Place.DESK, at(24, 10), token="elsewhere", by=world.actor())
    before = counts()
    with pytest.raises(SlotNotOffered):
        submit_request(world.site, client=details(), wishes=[wish_shirts(world)], hold=hold, by=world.actor())
    assert counts() == before
    hold.refresh_from_db()
    assert hold.status == HoldStatus.HELD


def test_a_code_serves_only_the_browser_that_asked_for_it(world: World) -> None:
    sent = start_verification(world.organisation, "ines@example.fr", session_token="mine", by=world.actor())
    code = verification_code(sent)
    with pytest.raises(CodeExpired):
        check_code(sent, code, session_token="somebody else's")
    sent.refresh_from_db()
    assert (sent.attempts, sent.verified_at) == (0, None)
    check_code(sent, code, session_token="mine")
    with pytest.raises(CodeExpired):
        check_code(sent, code, session_token="somebody else's")


def test_a_code_ends_after_ten_minutes(world: World, monday: Any) -> None:
    sent = start_verification(world.organisation, "ines@example.fr", session_token="mine", by=world.actor())
    monday.shift(dt.timedelta(minutes=10, seconds=1))
    with pytest.raises(CodeExpired):
        check_code(sent, verification_code(sent), session_token="mine")
    sent.refresh_from_db()
    assert (sent.attempts, sent.verified_at) == (0, None)


@pytest.fixture
def window_cleaning(world: World) -> Service:
    """Somebody comes for it."""
    service = Service.objects.create(
        organisation=world.organisation,
        category=world.ironing.category,
        code="vitres",
        name="Lavage de vitres",
        unit_price="32.00",
        execution="own_team",
        place=Place.HOME,
    )
    ServiceAtSite.objects.create(organisation=world.organisation, site=world.site, service=service)
    return service
