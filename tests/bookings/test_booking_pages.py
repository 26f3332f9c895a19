"""Booking by the pages, as a browser without JavaScript does it."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client as Browser

from bookings.actions.clients import verification_code
from bookings.actions.holds import hold_slot
from bookings.enums import HoldStatus, Place
from bookings.models import (
    Client,
    ClientAccount,
    EmailVerification,
    Hold,
    ServedArea,
    Service,
    ServiceAtSite,
    ServiceRequest,
    WorkOrder,
)
from concierge.models import Event, User
from tests.bookings.conftest import at, taken
from tests.conftest import settle
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]

CONTACT = {
    "first_name": "Inès",
    "last_name": "Garnier",
    "email": "Ines.Garnier@example.fr",
    "phone": "06 12 34 56 78",
    "note": "Col fragile",
}
HOME = "/reserver/republique/"


def hidden(page: str, *names: str) -> dict[str, str]:
    """What a form says by itself."""
    return {name: value for name in names for value in re.findall(rf'name="{name}" value="([^"]*)"', page)}


class Path:
    """A person who goes from page to page."""

    def __init__(self, world: World, browser: Browser) -> None:
        self.world, self.browser = world, browser
        # What the forms say of for whom it is, when somebody books for a person they know.
        self.whose: dict[str, str] = {}

    def get(self, step: str = "") -> Any:
        return self.browser.get(HOME + step)

    def post(self, step: str, **data: Any) -> Any:
        return self.browser.post(HOME + step, {**data, **self.whose})

    def services(self, *services: Service) -> Any:
        return self.post("", services=[str(s.public_id) for s in services or (self.world.ironing, self.world.cobbler)])

    def details(self, *counts: int, **more: Any) -> Any:
        page = self.get("details/").content.decode()
        names = re.findall(r'name="(q-[^"]+)"', page)
        data = dict(zip(names, counts or (5, 0, 1), strict=True))
        return self.post("details/", **data, **more)

    def slot(self, moment: dt.datetime | None = None) -> Any:
        return self.post("creneau/", slot=(moment or at(24, 10)).isoformat())

    def contact(self, **changes: str) -> Any:
        return self.post("coordonnees/", **{**CONTACT, **changes})

    def code(self, code: str | None = None) -> Any:
        return self.post("code/", code=code or verification_code(EmailVerification.objects.latest("pk")))

    def review(self, **more: str) -> Any:
        page = self.get("verification/").content.decode()
        return self.post("verification/", **{**hidden(page, "hold", "total"), **more})

    def up_to_review(self) -> None:
        for answer in (self.services(), self.details(), self.slot(), self.contact(), self.code()):
            assert answer.status_code == 302, answer.content.decode()


@pytest.fixture
def path(world: World, client: Browser) -> Path:
    return Path(world, client)


def shown(answer: Any, status: int = 200) -> str:
    """The page's text; it must be whole."""
    assert answer.status_code == status, answer
    text: str = answer.content.decode()
    assert "UNDEFINED-TEMPLATE-VARIABLE" not in text
    return text


def test_the_whole_path_makes_one_confirmed_request(world: World, path: Path) -> None:
    assert "Conciergerie République" in shown(path.browser.get("/reserver/"))
    assert "ironing.svg" in shown(path.get())
    assert path.services().headers["Location"] == f"{HOME}details/"
    assert "Chemise" in shown(path.get("details/"))
    assert path.details().headers["Location"] == f"{HOME}creneau/"
    assert at(24, 10).isoformat() in shown(path.get("creneau/"))
    assert path.slot().headers["Location"] == f"{HOME}coordonnees/"
    assert "<count-down" in shown(path.get("coordonnees/"))
    assert path.contact().headers["Location"] == f"{HOME}code/"
    assert "ines.garnier@example.fr" in shown(path.get("code/"))
    assert path.code().headers["Location"] == f"{HOME}verification/"
    page = shown(path.get("verification/"))
    assert "33,00" in page
    assert "5,50" in page
    answer = path.review()
    request = ServiceRequest.objects.get()
    assert answer.headers["Location"] == f"/suivi/{request.tracking_token}/confirmation/"
    assert (request.status, str(request.total_incl_vat), request.note) == ("confirmed", "33.00", "Col fragile")
    assert (request.contact_email, request.channel) == ("ines.garnier@example.fr", "web")
    done = shown(path.browser.get(answer.headers["Location"]))
    assert request.reference in done
    assert "<svg" in done
    assert request.tracking_token in done


def test_the_same_form_sent_twice_shows_the_same_request(world: World, path: Path) -> None:
    path.up_to_review()
    hold = str(Hold.objects.get().public_id)
    first = path.post("verification/", hold=hold, total="33.00")
    second = path.post("verification/", hold=hold, total="33.00")
    assert first.status_code == second.status_code == 302
    assert first.headers["Location"] == second.headers["Location"]
    assert (ServiceRequest.objects.count(), WorkOrder.objects.count()) == (1, 2)


@pytest.mark.parametrize("step", ["details/", "creneau/", "coordonnees/", "code/", "verification/"])
def test_a_step_without_the_ones_before_leads_back(path: Path, step: str) -> None:
    for answer in (path.get(step), path.post(step)):
        assert (answer.status_code, answer.headers["Location"]) == (302, HOME)


def test_pages_of_another_organisation_or_unknown_site_do_not_exist(world: World, client: Browser) -> None:
    assert client.get("/reserver/nulle-part/").status_code == 404
    world.site.is_active = False
    world.site.save()
    assert client.get(HOME).status_code == 404


def test_a_wrong_quantity_keeps_what_was_typed(path: Path) -> None:
    path.services()
    page = shown(path.details(-1, 0, 7), 422)
    assert 'value="7"' in page
    assert 'value="-1"' in page
    assert "error-summary" in page
    for nonsense in ("1e308", "NaN", "0.5", "9" * 5000, "cinq"):
        assert path.details(nonsense, 0, 1).status_code == 422  # type: ignore[arg-type]  # the point
    assert path.details(31, 0, 1).status_code == 422
    assert path.details(20, 11, 1).status_code == 422
    assert path.details(0, 0, 1).status_code == 422
    assert Hold.objects.count() == 0


def test_an_unknown_service_is_refused(path: Path) -> None:
    assert path.post("", services=["00000000-0000-4000-8000-000000000000"]).status_code == 422
    assert path.post("").status_code == 422
    assert path.services().status_code == 302


@pytest.mark.promise("R01")
def test_the_second_of_two_on_the_last_place_is_told_kindly(world: World, path: Path) -> None:
    for name in ("a", "b"):
        hold_slot(world.site, Place.DESK, at(24, 10), token=name, by=world.actor())
    path.services()
    path.details()
    page = shown(path.slot(), 409)
    assert at(24, 10, 30).isoformat() in page
    assert at(24, 10).isoformat() not in page
    assert path.slot(at(24, 10, 30)).status_code == 302


@pytest.mark.parametrize(
    "value", ["", "demain", "2026-11-24T09:00:00", "x" * 100, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:00-12:00"]
)
def test_a_time_that_is_no_time_is_refused(path: Path, value: str) -> None:
    path.services()
    path.details()
    assert path.post("creneau/", slot=value).status_code == 422
    assert Hold.objects.count() == 0


@pytest.mark.parametrize("moment", [at(23, 7), at(28, 10), at(24, 3)], ids=["past", "closed day", "night"])
def test_a_time_that_is_not_offered_is_refused(path: Path, moment: dt.datetime) -> None:
    path.services()
    path.details()
    assert at(24, 10).isoformat() in shown(path.slot(moment), 422)
    assert Hold.objects.count() == 0


@pytest.mark.promise("S33")
def test_an_address_that_hoards_places_is_slowed_down(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bookings.views import booking

    monkeypatch.setattr(booking, "MOST_HOLDS", 1)
    path.services()
    path.details()
    assert path.slot().status_code == 302
    shown(path.slot(at(24, 11)), 429)
    assert taken() == [1]


@pytest.mark.promise("R14")
def test_booking_goes_on_without_the_cache(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.core.cache import cache
    from redis.exceptions import ConnectionError as Lost

    def down(*args: Any, **kwargs: Any) -> None:
        raise Lost

    monkeypatch.setattr(cache, "add", down)
    path.up_to_review()
    assert path.review().status_code == 302
    assert ServiceRequest.objects.count() == 1


def test_hours_are_written_as_people_do(world: World, path: Path) -> None:
    from bookings.models import OpeningHours
    from bookings.views.words import hours_words

    OpeningHours.objects.create(
        organisation=world.organisation, site=world.site, weekday=5, opens=dt.time(10), closes=dt.time(12)
    )
    OpeningHours.objects.create(
        organisation=world.organisation, site=world.site, weekday=5, opens=dt.time(14), closes=dt.time(16)
    )
    lines = hours_words(world.site.opening_hours.all())
    assert [line.split(" ", 1)[1] for line in lines] == ["09:00–18:00", "10:00–12:00, 14:00–16:00"]


@pytest.mark.promise("S33")
def test_when_the_ten_minutes_are_over_only_the_time_is_chosen_again(world: World, path: Path, monday: Any) -> None:
    path.up_to_review()
    monday.shift(dt.timedelta(minutes=10, seconds=1))
    page = shown(path.review(), 409)
    assert at(24, 10).isoformat() in page
    settle(world.organisation)
    assert Hold.objects.get().status == HoldStatus.EXPIRED
    answer = path.get("verification/")
    assert answer.headers["Location"] == f"{HOME}creneau/?expired=1"
    shown(path.get("creneau/?expired=1"))
    assert path.slot().status_code == 302
    assert path.review().status_code == 302
    assert ServiceRequest.objects.count() == 1


def test_changing_the_time_gives_the_first_place_back(path: Path) -> None:
    path.up_to_review()
    path.slot(at(24, 11))
    assert taken() == [0, 1]
    assert path.post("creneau/liberer/").status_code == 302
    assert taken() == [0, 0]


@pytest.mark.parametrize(
    "changes",
    [{"email": "ines"}, {"email": ""}, {"phone": "12"}, {"phone": "bonjour"}, {"last_name": ""}, {"first_name": " "}],
)
def test_a_malformed_contact_is_shown_at_its_field_and_nothing_is_lost(path: Path, changes: dict[str, str]) -> None:
    path.services()
    path.details()
    path.slot()
    page = shown(path.contact(**changes), 422)
    assert "Col fragile" in page
    assert "Col fragile" in shown(path.get("coordonnees/"))
    assert (EmailVerification.objects.count(), ServiceRequest.objects.count()) == (0, 0)


def test_a_wrong_code_five_times_ends_the_code(path: Path) -> None:
    for answer in (path.services(), path.details(), path.slot(), path.contact()):
        assert answer.status_code == 302
    for _try in range(5):
        assert path.code("000000x").status_code == 422
    assert path.code().status_code == 422
    assert path.get("verification/").headers["Location"] == f"{HOME}code/"
    assert path.post("code/nouveau/").status_code == 302
    assert path.code().status_code == 302


def test_too_many_codes_are_refused(path: Path) -> None:
    for answer in (path.services(), path.details(), path.slot(), path.contact()):
        assert answer.status_code == 302
    for _again in range(4):
        assert path.post("code/nouveau/").status_code == 302
    refused = path.post("code/nouveau/")
    shown(refused, 429)
    assert refused.headers["Retry-After"] == "900"
    assert EmailVerification.objects.count() == 5
    assert Event.objects.filter(name="email.code_requested").count() == 5


@pytest.mark.promise("S33")
def test_an_address_that_sends_codes_to_strangers_is_slowed_down(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bookings.views import proving

    monkeypatch.setattr(proving, "MOST_CODES", 2)
    path.services(), path.details(), path.slot()
    for number in range(2):
        assert path.contact(email=f"stranger{number}@example.fr").status_code == 302
    shown(path.contact(email="stranger2@example.fr"), 429)
    assert EmailVerification.objects.count() == 2


def test_the_longest_names_fit_and_an_address_that_no_mailbox_has_is_refused(path: Path) -> None:
    path.services(), path.details(), path.slot()
    too_long = f"{'a' * 60}@{'.'.join(['b' * 60] * 4)}.fr"
    shown(path.contact(email=too_long), 400)
    path.contact(first_name="A" * 80, last_name="B" * 80)
    path.code()
    assert path.review().status_code == 302
    assert ServiceRequest.objects.get().contact_name == f"{'A' * 80} {'B' * 79}"


def test_another_address_needs_another_code(path: Path) -> None:
    path.up_to_review()
    assert path.contact(email="autre@example.fr").headers["Location"] == f"{HOME}code/"
    assert path.get("verification/").headers["Location"] == f"{HOME}code/"


def test_a_signed_in_client_types_no_code(world: World, path: Path) -> None:
    user = User.objects.create_user("camille@sens-pratique.example", "un-mot-de-passe-long", first_name="Camille")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    path.browser.force_login(user)
    path.services()
    path.details()
    path.slot()
    assert "Roux" in shown(path.get("coordonnees/"))
    assert path.contact(email=user.email).headers["Location"] == f"{HOME}verification/"
    path.review()
    request = ServiceRequest.objects.get()
    assert (request.client, request.client.user) == (world.client, user)
    assert request.reference in shown(path.browser.get("/mes-demandes/"))


def test_an_unverified_account_still_needs_a_code(path: Path) -> None:
    user = User.objects.create_user("x@example.fr", "un-mot-de-passe-long")
    EmailAddress.objects.create(user=user, email=user.email, verified=False, primary=True)
    path.browser.force_login(user)
    path.services()
    path.details()
    path.slot()
    assert path.contact(email=user.email).headers["Location"] == f"{HOME}code/"


def test_an_employer_may_pay(world: World, path: Path) -> None:
    account = ClientAccount.objects.create(organisation=world.organisation, name="Ateliers", email_domain="example.fr")
    path.up_to_review()
    assert "Ateliers" in shown(path.get("verification/"))
    assert path.review(payer="00000000-0000-4000-8000-000000000000").status_code == 422
    assert path.review(payer=str(account.public_id)).status_code == 302
    assert ServiceRequest.objects.get().payer_account == account


def test_at_home_the_address_is_asked_and_checked(world: World, path: Path) -> None:
    cleaning = Service.objects.create(
        organisation=world.organisation,
        category=world.ironing.category,
        code="vitres",
        name="Lavage de vitres",
        unit_price="32.00",
        execution="own_team",
        place=Place.HOME,
    )
    ServiceAtSite.objects.create(organisation=world.organisation, site=world.site, service=cleaning)
    assert path.services(world.ironing, cleaning).status_code == 422
    path.services(cleaning)
    path.details(1)
    assert path.slot().status_code == 302
    address = {"street": "3 rue Verrerie", "postcode": "21300", "city": "Chenôve"}
    assert path.contact().status_code == 422
    shown(path.contact(**address), 422)
    assert EmailVerification.objects.count() == 0
    ServedArea.objects.create(organisation=world.organisation, site=world.site, postcode="21300")
    assert path.contact(**address).status_code == 302
    path.code()
    assert "rue Verrerie" in shown(path.get("verification/"))
    assert path.review().status_code == 302
    assert ServiceRequest.objects.get().city == "Chenôve"


def test_the_desk_books_for_a_client_without_a_code(world: World, path: Path) -> None:
    path.browser.force_login(world.users["concierge"])
    path.services()
    path.details()
    path.slot()
    assert path.contact(email="").headers["Location"] == f"{HOME}verification/"
    assert path.review().status_code == 302
    request = ServiceRequest.objects.get()
    assert (request.contact_email, request.channel) == ("", "desk")
    event = Event.objects.get(name="service_request.submitted")
    assert (event.actor_label, event.channel) == (world.users["concierge"].get_full_name(), "desk")
    assert "À la conciergerie" in shown(path.browser.get(f"/demandes/{request.public_id}/"))


@pytest.mark.promise("domain R2")
def test_the_desk_says_that_somebody_is_on_the_phone(world: World, path: Path) -> None:
    at_the_desk(world, path, email="", phone="")
    again = shown(path.contact(email="", phone="", on_phone="on"), 422)
    assert 'name="on_phone"' in again
    assert re.findall(r'<input[^>]*name="on_phone"[^>]*checked', again)
    path.contact(email="", on_phone="on")
    said = shown(path.get("verification/"))
    assert "au téléphone" in said
    assert re.findall(r'<input[^>]*name="on_phone"[^>]*checked', shown(path.get("coordonnees/")))
    assert path.review().status_code == 302
    request = ServiceRequest.objects.get()
    assert (request.channel, request.contact_name) == ("phone", "Inès Garnier")
    assert Event.objects.get(name="service_request.submitted").channel == "phone"
    assert "Au téléphone" in shown(path.browser.get(f"/demandes/{request.public_id}/"))


def test_only_the_desk_says_who_is_on_the_phone(world: World, path: Path) -> None:
    path.up_to_review()
    assert 'name="on_phone"' not in shown(path.get("coordonnees/"))
    path.contact(on_phone="on")
    assert path.review().status_code == 302
    assert ServiceRequest.objects.get().channel == "web"


def at_the_desk(world: World, path: Path, **contact: str) -> None:
    """A concierge has typed everything but the last page."""
    path.browser.force_login(world.users["concierge"])
    path.services()
    path.details()
    path.slot()
    path.contact(**contact)


def test_the_desk_looks_for_a_payer_among_many(world: World, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bookings.views.payers.MOST_PAYERS", 3)
    ours = ClientAccount.objects.create(organisation=world.organisation, name="Zinc", email_domain="example.fr")
    for name in ("Ateliers", "Bailleur du Parc", "Commune de Dijon", "Domaine du Lac"):
        ClientAccount.objects.create(organisation=world.organisation, name=name)
    hidden = ClientAccount.objects.get(name="Domaine du Lac")
    at_the_desk(world, path, email="camille@example.fr")

    def names(query: str = "") -> list[str]:
        page = shown(path.get(f"verification/{query}"))
        every = ("Zinc", "Ateliers", "Bailleur du Parc", "Commune de Dijon", "Domaine du Lac")
        return [name for name in every if f">{name}<" in page]

    assert names() == ["Zinc", "Ateliers", "Bailleur du Parc", "Commune de Dijon"]
    assert names("?payer_name=du") == ["Bailleur du Parc", "Domaine du Lac"]
    assert names("?payer_name=personne") == []
    assert "payer_name" in shown(path.get("verification/?payer_name=personne"))
    assert path.review(payer=str(hidden.public_id)).status_code == 302
    assert ServiceRequest.objects.get().payer_account == hidden
    assert ours.requests.count() == 0


def test_the_payers_cost_the_same_for_one_and_three(
    world: World, path: Path, django_assert_max_num_queries: Any
) -> None:
    at_the_desk(world, path, email="camille@example.fr")
    spent = []
    for names in (["Ateliers"], ["Bailleur", "Commune"]):
        for name in names:
            ClientAccount.objects.create(organisation=world.organisation, name=name)
        with django_assert_max_num_queries(60) as captured:
            assert names[-1] in shown(path.get("verification/"))
        spent.append(len(captured))
    assert spent[0] == spent[1]


def test_a_price_changed_meanwhile_is_the_price_that_counts_and_is_shown(world: World, path: Path) -> None:
    path.up_to_review()
    world.shirt.unit_price = "4.00"
    world.shirt.save()
    assert "38,00" in shown(path.get("verification/"))
    world.shirt.is_active = False
    world.shirt.save()
    assert path.get("verification/").headers["Location"] == f"{HOME}details/"
    hold = str(Hold.objects.get().public_id)
    shown(path.post("verification/", hold=hold, total="38.00"), 400)
    assert (ServiceRequest.objects.count(), Client.objects.count()) == (0, 1)


@pytest.mark.promise("domain R1")
def test_nobody_is_booked_at_a_price_that_was_not_shown(world: World, path: Path) -> None:
    path.up_to_review()
    form = hidden(shown(path.get("verification/")), "hold", "total")
    assert form["total"] == "33.00"
    world.shirt.unit_price = "9.50"
    world.shirt.save()
    page = shown(path.post("verification/", **form), 409)
    said = "Le prix a changé pendant que vous étiez ici : 33,00 € avant, 65,50 € maintenant."
    assert said in " ".join(page.split())  # amounts bear a narrow space
    assert (ServiceRequest.objects.count(), Client.objects.count(), Hold.objects.get().status) == (0, 1, "held")
    assert hidden(page, "total") == {"total": "65.50"}
    assert path.post("verification/", **hidden(page, "hold", "total")).status_code == 302
    assert str(ServiceRequest.objects.get().total_incl_vat) == "65.50"


@pytest.mark.parametrize(("total", "status"), [(None, 422), ("", 422), ("NaN", 422), ("trente", 422), ("-1", 409)])
def test_a_confirmation_without_the_price_is_refused(path: Path, total: str | None, status: int) -> None:
    path.up_to_review()
    form = hidden(shown(path.get("verification/")), "hold")
    shown(path.post("verification/", **form, **({} if total is None else {"total": total})), status)
    assert ServiceRequest.objects.count() == 0


def test_a_small_business_shows_no_vat_as_on_its_invoices(world: World, path: Path) -> None:
    from billing.actions.issuers import change_issuer, set_up_issuer

    path.up_to_review()
    body: dict[str, Any] = {"street": "1 rue X", "postcode": "21000", "city": "Dijon", "siren": "732829320"}
    issuer = set_up_issuer(by=world.actor(), name="Sens Pratique", **body)
    assert "dont TVA 20" in shown(path.get("verification/"))
    change_issuer(issuer, by=world.actor(), vat_regime="franchise")
    page = shown(path.get("verification/"))
    assert ("dont TVA" in page, "TVA non applicable, article 293 B du CGI." in page) == (False, True)
    path.review()
    path.browser.force_login(world.users["concierge"])
    receipt = shown(path.browser.get(f"/guichet/republique/demande/{ServiceRequest.objects.get().public_id}/recu/"))
    assert ("dont TVA" in receipt, "TVA non applicable, article 293 B du CGI." in receipt) == (False, True)


def test_the_code_is_nowhere_in_the_database(path: Path) -> None:
    for answer in (path.services(), path.details(), path.slot(), path.contact()):
        assert answer.status_code == 302
    sent = EmailVerification.objects.get()
    code = verification_code(sent)
    assert re.fullmatch(r"[0-9]{6}", code)
    event = Event.objects.get(name="email.code_requested")
    assert event.data == {"language": "fr"}
    assert code not in f"{sent.code_hash} {sent.session_hash}"
    other = Browser()
    assert other.post(f"{HOME}code/", {"code": code}).headers["Location"] == HOME


@pytest.mark.promise("domain R1")
def test_clients_read_of_the_tax_credit_only_where_the_body_is_declared(world: World, path: Path) -> None:
    """SAP services of an undeclared body bring no credit: nobody is promised one (CGI art. 199 sexdecies)."""
    words = "peut vous revenir en crédit d’impôt"
    Service.objects.filter(pk=world.ironing.pk).update(sap_eligible=True)
    path.services()
    assert words not in shown(path.get("details/"))
    world.organisation.sap_declared = True
    world.organisation.save()
    assert shown(path.get("details/")).count(words) == 1
