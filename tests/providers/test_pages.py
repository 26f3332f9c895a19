"""The team's pages about providers, and a provider's own pages."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings.models import WorkOrder
from concierge import tenancy
from concierge.enums import Role
from concierge.models import ApiClient, Event, Membership, User
from providers.actions.businesses import add_member, set_active
from providers.actions.documents import add_document
from providers.actions.offers import accept_offer, decline_offer
from providers.actions.rounds import start_round
from providers.enums import DeclineReason, DocumentKind
from providers.models import AccessLink, Offer, Provider
from tests.providers.conftest import acting_for, add_provider
from tests.providers.test_api import OFFERS, Api
from tests.world import World


def browser_of(user: User) -> Browser:
    browser = Browser(headers={"Accept-Language": "fr"})
    browser.force_login(user)
    return browser


@pytest.fixture
def staff(world: World) -> Browser:
    return browser_of(world.users["dispatcher"])


@pytest.fixture
def manager(world: World) -> Browser:
    return browser_of(world.users["site_manager"])


def page(answer: Any, status: int = 200) -> str:
    body = str(answer.content.decode())
    assert answer.status_code == status, body[:500]
    assert "UNDEFINED-TEMPLATE-VARIABLE" not in body
    return body


def of_request(offer: Offer) -> str:
    return reverse("providers:offers-of-request", args=[offer.work_order.request.public_id])


# --- list and file ----------------------------------------


def test_list_search_and_filters(world: World, other_world: World, staff: Browser, cobblers: list[Provider]) -> None:
    with tenancy.working_for(other_world.organisation):
        add_provider(other_world, name="Cordonnerie d’ailleurs")
    set_active(cobblers[0], is_active=False, by=world.actor())
    add_provider(world, name="Au talon d’argent", city="Beaune", papers=False)
    body = page(staff.get("/prestataires/"))
    assert "ailleurs" not in body
    assert all(cobbler.name in body for cobbler in cobblers)
    assert "Il manque un document" in body
    assert cobblers[1].name not in page(staff.get("/prestataires/", {"q": "beaune"}))
    assert cobblers[1].name in page(staff.get("/prestataires/", {"q": cobblers[1].siret[:9]}))
    assert cobblers[0].name not in page(staff.get("/prestataires/", {"state": "active"}))
    assert cobblers[1].name in page(staff.get("/prestataires/", {"service": str(world.cobbler.public_id)}))
    assert "Rien ne correspond" in page(staff.get("/prestataires/", {"q": "introuvable"}))
    assert page(staff.get("/prestataires/", {"service": "x", "state": "y", "page": "z"}))


def test_empty_list_says_what_will_come(staff: Browser) -> None:
    assert "Pas encore de prestataire" in page(staff.get("/prestataires/"))


def test_list_has_pages_that_keep_the_filters(world: World, staff: Browser) -> None:
    Provider.objects.bulk_create(
        Provider(
            organisation=world.organisation,
            name=f"Atelier {n:02d}",
            siret=f"{n:014d}",
            street="1 rue",
            postcode="21000",
            city="Dijon",
            latitude=47,
            longitude=5,
            email="a@example.fr",
        )
        for n in range(30)
    )
    body = page(staff.get("/prestataires/", {"q": "Atelier"}))
    assert "Atelier 24" in body
    assert "Atelier 25" not in body
    assert "?q=Atelier&amp;page=2" in body
    assert "Atelier 29" in page(staff.get("/prestataires/", {"q": "Atelier", "page": "2"}))


@pytest.mark.parametrize("path", ["/prestataires/", "/prestataires/propositions/?state=all", "request", "space"])
def test_as_many_queries_for_one_as_for_three(world: World, path: str) -> None:
    counts = []
    member = world.users["provider"]
    me = add_provider(world, daily_capacity=20)
    add_member(me, member, by=world.actor())
    for number in (1, 2):
        for _n in range(number):
            add_provider(world, daily_capacity=20)
        order = world.request(world.cobbler).work_orders.get()
        start_round(order, by=world.actor())
        if number == 2:
            third = world.request(world.cobbler).work_orders.get()
            start_round(third, by=world.actor())
        browser = browser_of(member if path == "space" else world.users["dispatcher"])
        address = {
            "request": of_request(Offer.objects.filter(work_order=order)[0]),
            "space": "/prestataires/mon-espace/",
        }
        page(browser.get(address.get(path, path)))
        with CaptureQueriesContext(connection) as asked:
            page(browser.get(address.get(path, path)))
        counts.append(len(asked))
    assert counts[0] == counts[1]


@pytest.mark.promise("domain R32", "domain R34")
def test_file_shows_papers_prices_and_share(world: World, staff: Browser, offers: list[Offer]) -> None:
    provider = offers[0].provider
    accept_offer(offers[0], by=acting_for(provider))
    add_document(
        provider,
        kind=DocumentKind.VIGILANCE,
        issued_on=dt.date(2026, 1, 1),
        expires_on=dt.date(2026, 6, 30),
        by=world.actor(),
    )
    body = page(staff.get(f"/prestataires/{provider.public_id}/"))
    for words in (provider.siret, "12,00\u202f€ par pièce", "100\u202f%", "Un document a expiré", "Pose de talons"):
        assert words in body
    assert "Clés d’API" not in body


# --- keys ----------------------------------------


@pytest.mark.promise("S36")
def test_a_key_is_shown_once_works_and_is_revoked(manager: Browser, offers: list[Offer]) -> None:
    provider = offers[0].provider
    address = f"/prestataires/{provider.public_id}/"
    answer = manager.post(f"{address}cles/", {"name": "Logiciel", "scopes": ["offers:read"]})
    assert "no-store" in answer["Cache-Control"]
    found = re.search(r"cs\.[a-z-]+\.[0-9a-f]{12}\.[\w-]+", page(answer))
    assert found is not None
    key = found.group()
    listed = Api(key).get(OFFERS)
    assert listed.status_code == 200, listed.content
    assert len(listed.json()["results"]) == 1
    assert Api(key).accept(offers[0]).status_code == 403
    body = page(manager.get(address))
    client = ApiClient.objects.get()
    assert client.prefix in body
    assert key not in body
    assert manager.post(f"{address}cles/{client.public_id}/revoquer/").status_code == 302
    assert Api(key).get(OFFERS).status_code == 401
    assert "Révoquée" in page(manager.get(address))


@pytest.mark.promise("S36")
def test_a_key_needs_a_name_and_known_rights(manager: Browser, cobblers: list[Provider]) -> None:
    address = f"/prestataires/{cobblers[0].public_id}/cles/"
    assert "Choisissez au moins un des droits" in page(manager.post(address, {"name": "x"}), 422)
    assert page(manager.post(address, {"name": "x", "scopes": ["invoices:read"]}), 422)
    assert page(manager.post(address, {"name": " ", "scopes": ["offers:read"]}), 422)
    assert ApiClient.objects.count() == 0


@pytest.mark.promise("S36")
def test_only_managers_make_keys(staff: Browser, manager: Browser, cobblers: list[Provider]) -> None:
    address = f"/prestataires/{cobblers[0].public_id}/cles/"
    assert staff.post(address, {"name": "x", "scopes": ["offers:read"]}).status_code == 403
    manager.post(address, {"name": "x", "scopes": ["offers:read"]})
    client = ApiClient.objects.get()
    assert staff.post(f"{address}{client.public_id}/revoquer/").status_code == 403
    other = f"/prestataires/{cobblers[1].public_id}/cles/{client.public_id}/revoquer/"
    assert manager.post(other).status_code == 404
    assert ApiClient.objects.get().revoked_at is None


# --- the search for a job ----------------------------------------


@pytest.mark.promise("domain R34")
def test_fragment_tells_who_was_asked_and_why(world: World, staff: Browser, offers: list[Offer]) -> None:
    add_provider(world, name="Trop loin", latitude=48)
    decline_offer(offers[1], reason=DeclineReason.TOO_BUSY, comment="En congé", by=acting_for(offers[1].provider))
    body = page(staff.get(of_request(offers[0])))
    assert "<html" in body
    for words in (offers[0].provider.name, "Pas le temps", "En congé", "Proximité", "Retirer les propositions"):
        assert words in body
    fragment = page(staff.get(of_request(offers[0]), headers={"HX-Request": "true"}))
    assert "<html" not in fragment
    assert offers[0].provider.name in fragment


def test_stop_look_again_and_ask_one(
    world: World, staff: Browser, offers: list[Offer], cobblers: list[Provider]
) -> None:
    add_provider(world, name="Trop loin", latitude=48)
    address = f"/prestataires/travaux/{offers[0].work_order.public_id}/"
    assert staff.post(f"{address}arreter/").status_code == 302
    assert "Les propositions sont retirées." in page(staff.get(of_request(offers[0])))
    assert WorkOrder.objects.get().status == "needs_dispatch"
    assert page(staff.get("/prestataires/propositions/")).count("Personne n’a dit oui") == 1
    assert staff.post(f"{address}chercher/").status_code == 302
    assert "Le lieu du travail est hors de son secteur" in page(staff.get(of_request(offers[0])))
    assert staff.post(f"{address}proposer/", {"provider": str(cobblers[3].public_id)}).status_code == 302
    assert list(Offer.objects.open().values_list("provider_id", flat=True)) == [cobblers[3].pk]
    assert staff.post(f"{address}proposer/", {"provider": str(uuid.uuid4())}).status_code == 302
    assert "Ce prestataire ne propose pas ce service." in page(staff.get(of_request(offers[0])))
    accept_offer(Offer.objects.open().get(), by=acting_for(cobblers[3]))
    answer = staff.post(f"{address}chercher/", headers={"HX-Request": "true"})
    assert "Ce n’est plus possible" in page(answer)


def test_send_again(staff: Browser, offers: list[Offer]) -> None:
    def sent() -> int:
        return Event.objects.filter(name="offer.sent", subject_id=offers[0].public_id).count()

    assert staff.post(f"/prestataires/propositions/{offers[0].public_id}/renvoyer/").status_code == 302
    assert (sent(), AccessLink.objects.filter(offer=offers[0]).count()) == (2, 1)
    accept_offer(offers[1], by=acting_for(offers[1].provider))
    staff.post(f"/prestataires/propositions/{offers[0].public_id}/renvoyer/")
    assert (sent(), AccessLink.objects.filter(offer=offers[0]).count()) == (2, 1)


@pytest.mark.promise("S01", "S07")
@pytest.mark.parametrize(
    "role", ["concierge", "supervisor", "social_adviser", "accountant", "trainee", "provider", None]
)
def test_who_may_look_and_who_may_steer(world: World, offers: list[Offer], role: str | None) -> None:
    browser = browser_of(world.users[role]) if role else Browser()
    looks = {"concierge": 200, "supervisor": 200, "accountant": 200}.get(role or "", 403 if role else 302)
    for address in ("/prestataires/", "/prestataires/propositions/", of_request(offers[0])):
        assert browser.get(address).status_code == looks
    assert browser.get(f"/prestataires/{offers[0].provider.public_id}/").status_code == looks
    order = offers[0].work_order.public_id
    for address in (
        f"/prestataires/travaux/{order}/arreter/",
        f"/prestataires/propositions/{offers[0].public_id}/renvoyer/",
    ):
        assert browser.post(address).status_code in ({302} if role is None else {403, 404})
    assert Offer.objects.open().count() == 3


@pytest.mark.promise("S01")
def test_nothing_of_another_organisation(other_world: World, offers: list[Offer]) -> None:
    foreigner = Browser(headers={"Host": other_world.host})
    foreigner.force_login(other_world.users["network_head"])
    order = offers[0].work_order.public_id
    assert foreigner.get(f"/prestataires/{offers[0].provider.public_id}/").status_code == 404
    assert foreigner.get(of_request(offers[0])).status_code == 404
    assert foreigner.post(f"/prestataires/travaux/{order}/arreter/").status_code == 404
    assert foreigner.post(f"/prestataires/propositions/{offers[0].public_id}/renvoyer/").status_code == 404


def test_a_dispatcher_of_another_site_sees_nothing(world: World, offers: list[Offer]) -> None:
    from concierge.models import Site

    elsewhere = Site.objects.create(
        organisation=world.organisation,
        name="Beaune",
        slug="beaune",
        street="1 rue",
        postcode="21200",
        city="Beaune",
        latitude=47,
        longitude=4,
    )
    user = world.users["dispatcher"]
    Membership.objects.filter(user=user).update(site=elsewhere)
    browser = browser_of(user)
    assert browser.get(of_request(offers[0])).status_code == 404
    assert browser.post(f"/prestataires/travaux/{offers[0].work_order.public_id}/arreter/").status_code == 404
    assert offers[0].provider.name not in page(browser.get("/prestataires/propositions/?state=all"))


# --- a provider's own pages ----------------------------------------


@pytest.fixture
def mine(world: World, offers: list[Offer]) -> Browser:
    """Signed in as a member of the first provider asked."""
    add_member(offers[0].provider, world.users["provider"], by=world.actor())
    return browser_of(world.users["provider"])


@pytest.mark.promise("P05", "domain R31")
def test_my_space_from_offer_to_done(mine: Browser, offers: list[Offer]) -> None:
    body = page(mine.get("/prestataires/mon-espace/"))
    assert "Pose de talons" in body
    assert "Roux" not in body
    assert body.count("accepter/") == 1
    address = "/prestataires/mon-espace/"
    assert mine.post(f"{address}propositions/{offers[1].public_id}/accepter/").status_code == 404
    assert mine.post(f"{address}propositions/{offers[0].public_id}/accepter/").status_code == 302
    assert "Camille Roux" in page(mine.get(address))
    work = f"{address}travaux/{offers[0].work_order.public_id}/"
    assert "Cet ordre de service" in page(mine.post(f"{work}terminer/"), 409)
    assert mine.post(f"{work}commencer/").status_code == 302
    assert mine.post(f"{work}terminer/").status_code == 302
    assert WorkOrder.objects.get().status == "completed"


@pytest.mark.promise("R02")
def test_my_space_declines_and_loses_kindly(mine: Browser, offers: list[Offer]) -> None:
    answer = f"/prestataires/mon-espace/propositions/{offers[0].public_id}/"
    assert "Merci de choisir une raison." in page(mine.post(f"{answer}refuser/"), 422)
    accept_offer(offers[1], by=acting_for(offers[1].provider))
    assert "Un autre prestataire vient de prendre ce travail." in page(mine.post(f"{answer}accepter/"), 409)
    assert "plus rapide" in page(mine.get("/prestataires/mon-espace/"))
    assert mine.post(f"{answer}refuser/", {"reason": "price"}).status_code == 409


def test_the_front_door_leads_there(mine: Browser) -> None:
    assert mine.get("/").headers["Location"] == "/prestataires/mon-espace/"


def test_who_acts_for_nobody_has_no_space(world: World, staff: Browser) -> None:
    assert staff.get("/prestataires/mon-espace/").status_code == 403
    assert browser_of(world.users["provider"]).get("/prestataires/mon-espace/").status_code == 403
    assert Browser().get("/prestataires/mon-espace/").status_code == 302
    assert Role.PROVIDER in {m.role for m in Membership.objects.filter(user=world.users["provider"]).order_by("pk")}
