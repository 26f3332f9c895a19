"""The desk: one box, the person, hand over, undo, somebody new; as a browser without JavaScript does it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from bookings.models import Client, ServiceRequest
from concierge.enums import Role
from concierge.models import Event, Membership, Site
from tests.bookings.conftest import details
from tests.bookings.test_booking_pages import shown
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
Book = Callable[..., ServiceRequest]
DESK = "/guichet/republique/"


@pytest.fixture
def desk(world: World, client: Browser) -> Browser:
    client.force_login(world.users["concierge"])
    return client


def ready(request: ServiceRequest) -> ServiceRequest:
    """As if all work had been checked."""
    ServiceRequest.objects.filter(pk=request.pk).update(status="fulfilled")
    request.work_orders.update(status="verified", performer_kind="own_team", performer_id=1)
    request.refresh_from_db()
    return request


def person(world: World, of: Client | None = None) -> str:
    return f"{DESK}personne/{(of or world.client).public_id}/"


def act(request: ServiceRequest, verb: str) -> str:
    return f"{DESK}demande/{request.public_id}/{verb}/"


def other_site(world: World) -> Site:
    return Site.objects.create(
        organisation=world.organisation,
        name="Gare",
        slug="gare",
        street="1 rue de la Gare",
        postcode="21000",
        city="Dijon",
        latitude="47.32",
        longitude="5.02",
    )


@pytest.mark.promise("domain R2")
def test_three_letters_show_people_and_what_is_under_way(world: World, desk: Browser) -> None:
    ready(world.request())
    world.request()
    Client.objects.create(organisation=world.organisation, first_name="Camille", last_name="Roussel")
    page = shown(desk.post(DESK, {"q": "cam"}))
    assert page.index("Camille Roux<") < page.index("Camille Roussel<")  # who asked last stands first
    assert "1 prête" in page
    assert "1 en cours" in page
    assert 'role="option"' not in page  # links, without JavaScript
    fragment = desk.post(DESK, {"q": "cam"}, headers={"HX-Request": "true"}).content.decode()
    assert fragment.count('role="option"') == 2
    assert "<html" not in fragment
    assert "Personne" in shown(desk.post(DESK, {"q": "zzz"}))


@pytest.mark.promise("domain R2")
def test_a_scan_or_a_reference_leads_to_the_person(world: World, desk: Browser) -> None:
    request = world.request()
    to = f"{person(world)}?demande={request.public_id}"
    for text in (
        f"https://testserver/suivi/{request.tracking_token}/",
        request.reference.lower(),
        request.reference.replace("-", ""),
        request.work_orders.get().reference,
    ):
        assert desk.post(DESK, {"q": text})["Location"] == to
    page = shown(desk.get(to))
    assert "data-desk-asked" in page
    assert desk.post(DESK, {"q": "roux camille"})["Location"] == person(world)  # nobody else is called so
    for text in ("https://testserver/suivi/nonsense/", "ABCD-2345", "/suivi/%00/", "x" * 5000, "\x00", "' OR 1=1 --"):
        assert desk.post(DESK, {"q": text}).status_code == 200


@pytest.mark.promise("P07")
def test_no_name_and_no_number_stands_in_an_address(world: World, desk: Browser) -> None:
    """A shared screen remembers addresses: what is typed is posted, on to the page of somebody new as well."""
    assert 'name="q" type="search" value=""' in shown(desk.get(DESK, {"q": "camille roux"}))
    for typed in ("zoé martin", "cam"):
        for headers in ({}, {"HX-Request": "true"}):
            page = desk.post(DESK, {"q": typed}, headers=headers).content.decode()
            assert ("?q=" in page, 'hx-get="/guichet' in page, 'method="get"' in page) == (False, False, False)
    page = shown(desk.post(DESK, {"q": "zoé martin"}))
    assert f'formaction="{DESK}nouvelle-personne/"' in page
    assert 'value="Zoé"' not in shown(desk.get(f"{DESK}nouvelle-personne/", {"q": "zoé martin"}))


def test_the_person_shows_whom_each_request_waits_for(world: World, desk: Browser, book: Book) -> None:
    book(client=details(email=world.client.email))
    page = shown(desk.get(person(world)))
    assert "Repassage, Pose de talons" in page
    assert "06 12 34 56 78" in page
    assert "Rien n’est prêt" not in page
    assert desk.get(person(world) + "?demande=nonsense").status_code == 200


@pytest.mark.promise("domain R2")
def test_handing_over_closes_and_can_be_undone_for_five_minutes(world: World, desk: Browser, monday: Any) -> None:
    request = ready(world.request())
    assert "autofocus" in shown(desk.get(person(world)))
    answer = desk.post(act(request, "remettre"), follow=True)
    page = answer.content.decode()
    assert answer.redirect_chain == [(DESK, 302)]
    assert f"{request.reference} est remise à Camille Roux" in page
    assert act(request, "reprendre") in page
    request.refresh_from_db()
    assert request.status == "closed"
    again = desk.post(act(request, "remettre"))
    assert again.status_code == 409

    assert act(request, "reprendre") not in shown(desk.post(act(request, "reprendre"), follow=True))
    request.refresh_from_db()
    assert (request.status, request.closed_at, request.tracking_until) == ("fulfilled", None, None)
    names = Event.objects.filter(subject_id=request.public_id).order_by("pk").values_list("name", flat=True)
    assert list(names) == ["service_request.closed", "service_request.taken_back"]

    desk.post(act(request, "remettre"))
    monday.shift(dt.timedelta(minutes=6))
    assert act(request, "reprendre") not in shown(desk.get(DESK))
    late = desk.post(act(request, "reprendre"))
    assert late.status_code == 409
    assert "cinq minutes" in late.content.decode()
    request.refresh_from_db()
    assert request.status == "closed"


def test_partly_done_comes_back_as_partly_done(world: World, desk: Browser) -> None:
    request = ready(world.request(world.ironing, world.cobbler))
    request.work_orders.filter(service=world.cobbler).update(status="failed")
    ServiceRequest.objects.filter(pk=request.pk).update(status="partially_fulfilled")
    desk.post(act(request, "remettre"))
    desk.post(act(request, "reprendre"))
    request.refresh_from_db()
    assert request.status == "partially_fulfilled"


def test_the_strip_shows_the_last_five(world: World, desk: Browser) -> None:
    served = [ready(world.request()) for _n in range(6)]
    for request in served:
        desk.post(act(request, "remettre"))
    page = shown(desk.get(DESK)).split('id="served-title"')[1]
    assert [request.reference in page for request in served] == [False, True, True, True, True, True]


def test_an_order_is_undone_for_five_minutes_only(world: World, desk: Browser, book: Book, monday: Any) -> None:
    first, second = book(), book()
    desk.post(act(first, "annuler"))
    first.refresh_from_db()
    assert first.status == "cancelled"
    monday.shift(dt.timedelta(minutes=6))
    assert desk.post(act(second, "annuler")).status_code == 409
    second.refresh_from_db()
    assert second.status == "confirmed"


def test_the_link_is_sent_to_the_address_on_file(world: World, desk: Browser) -> None:
    request = world.request()
    assert "est en route" in shown(desk.post(act(request, "lien"), follow=True))
    assert Event.objects.filter(name="service_request.link_sent").count() == 1
    ServiceRequest.objects.filter(pk=request.pk).update(contact_email="")
    assert "imprimez le reçu" in shown(desk.post(act(request, "lien"), follow=True))
    assert Event.objects.filter(name="service_request.link_sent").count() == 1


@pytest.mark.promise("domain R2")
def test_somebody_new_is_made_only_after_a_look_at_likely_people(world: World, desk: Browser) -> None:
    new = DESK + "nouvelle-personne/"
    page = shown(desk.post(new, {"q": "zoé martin"}))
    assert 'value="Zoé"' in page
    assert 'value="06 11 22 33 44"' in shown(desk.post(new, {"q": "06 11 22 33 44"}))
    typed = {"first_name": "Camile", "last_name": "Roux", "phone": "06 99 88 77 66", "email": ""}
    asked = desk.post(new, typed)
    assert asked.status_code == 422
    assert "Est-ce l’une de ces personnes" in asked.content.decode()
    assert 'value="Camile"' in asked.content.decode()
    assert Client.objects.count() == 1
    made = desk.post(new, {**typed, "create": "1"})
    camile = Client.objects.get(first_name="Camile")
    assert made["Location"] == person(world, camile)
    assert Client.objects.filter(phone="+33699887766").get() == camile
    assert Event.objects.get(name="client.added").subject_id == camile.public_id
    nobody_like = desk.post(new, {"first_name": "Zoé", "last_name": "Martin", "email": "zoe@example.fr"})
    assert nobody_like.status_code == 302
    twice = desk.post(new, {"first_name": "Zo", "last_name": "M", "email": "ZOE@example.fr", "create": "1"})
    assert twice.status_code == 409
    assert Client.objects.count() == 3
    for wrong in (
        {"first_name": "Zoé", "last_name": "Martin"},
        {"first_name": "", "last_name": "", "email": "a@b.fr"},
        {"first_name": "Zoé", "last_name": "Martin", "phone": "12"},
        {"first_name": "Zoé\x00", "last_name": "x" * 500, "email": "nonsense"},
    ):
        assert desk.post(new, wrong).status_code == 422
    assert Client.objects.count() == 3


def test_likely_people_appear_while_somebody_types(world: World, desk: Browser) -> None:
    address = DESK + "nouvelle-personne/proches/"
    found = desk.post(address, {"first_name": "camille", "last_name": "rou", "phone": "", "email": ""})
    assert "Camille Roux" in found.content.decode()
    by_phone = desk.post(address, {"first_name": "", "last_name": "", "phone": "06 12 34 56 78", "email": ""})
    assert "Camille Roux" in by_phone.content.decode()
    assert "Camille" not in desk.post(address, {"first_name": "zoé", "last_name": "martin"}).content.decode()
    assert desk.get(address).status_code == 405


@pytest.mark.promise("S01")
def test_only_the_desk_of_that_site_opens(world: World, desk: Browser, client: Browser) -> None:
    gare = other_site(world)
    far = ready(world.request())
    ServiceRequest.objects.filter(pk=far.pk).update(site=gare)
    assert "Gare" in shown(desk.get(person(world)))  # an organisation-wide concierge sees it, and hands it over there
    assert act(far, "remettre") not in shown(desk.get(person(world)))
    assert desk.post(act(far, "remettre")).status_code == 404
    assert "Gare" in shown(desk.get("/guichet/"))
    Membership.objects.filter(user=world.users["concierge"], role=Role.CONCIERGE).update(site=gare)
    client.force_login(world.users["concierge"])
    assert client.get(DESK).status_code == 404
    assert client.get("/guichet/")["Location"] == "/guichet/gare/"
    for role in ("accountant", "social_adviser", "network_head", "trainee", "provider"):
        client.force_login(world.users[role])
        assert client.get("/guichet/gare/").status_code == 404
        assert client.get(person(world)).status_code == 404
    far.refresh_from_db()
    assert far.status == "fulfilled"


@pytest.mark.promise("speed P9")
def test_pages_cost_the_same_with_one_and_three_rows(world: World, desk: Browser) -> None:
    def cost(address: str, **query: str) -> int:
        with CaptureQueriesContext(connection) as asked:
            shown(desk.get(address, query))
        return len(asked)

    desk.get(DESK)
    for _n in range(2):
        Client.objects.create(organisation=world.organisation, first_name="Camille", last_name="Rouvier")
    world.request()
    ready(world.request())
    before = cost(DESK, q="cam"), cost(person(world))
    for _n in range(2):
        Client.objects.create(organisation=world.organisation, first_name="Camille", last_name="Rougier")
        world.request()
        ready(world.request())
    assert (cost(DESK, q="cam"), cost(person(world))) == before
    assert max(before) <= 26


@pytest.mark.promise("P07")
def test_no_name_stands_in_a_title_or_a_session(world: World, desk: Browser) -> None:
    request = ready(world.request())
    title = shown(desk.get(person(world))).split("<title>")[1].split("</title>")[0]
    assert "Roux" not in title
    desk.post(act(request, "remettre"))
    assert "Roux" not in str(dict(desk.session.items()))


@pytest.mark.promise("S22")
def test_names_are_shown_as_they_are_typed(world: World, desk: Browser) -> None:
    nasty = Client.objects.create(organisation=world.organisation, first_name="<b>x", last_name='"><script>alert(1)')
    for page in (desk.get(person(world, nasty)), desk.post(DESK, {"q": "<b>x"}, headers={"HX-Request": "true"})):
        assert "<script>alert" not in page.content.decode()
