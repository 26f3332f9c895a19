"""The team's list of requests and the page of one request."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from bookings.actions.work_orders import (
    ask_for_dispatch,
    book_work_order,
    complete_work_order,
    start_work_order,
    verify_work_order,
)
from bookings.enums import PerformerKind
from bookings.models import ServiceRequest, WorkOrder
from concierge.enums import Role
from concierge.models import Membership, Site
from concierge.words import euros
from tests.bookings.conftest import at, details, wish_heels
from tests.bookings.test_booking_pages import shown
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
Book = Callable[..., ServiceRequest]


@pytest.fixture
def desk(world: World, client: Browser) -> Browser:
    client.force_login(world.users["concierge"])
    return client


def done(world: World, request: ServiceRequest, kind: PerformerKind = PerformerKind.PROVIDER) -> WorkOrder:
    """The first work order, finished and waiting for its check."""
    order = request.work_orders.order_by("pk").first()
    assert order is not None
    order = book_work_order(order, performer_kind=kind, performer_id=1, performer_label="Samira", by=world.actor())
    return complete_work_order(start_work_order(order, by=world.actor()), by=world.actor())


def test_the_list_is_empty_then_filtered(world: World, book: Book, desk: Browser, monday: Any) -> None:
    shown(desk.get("/demandes/"))
    first = book()
    second = book(client=details(email="b@example.fr", last_name="Petit", phone="07 98 76 54 32"), starts_at=at(27, 9))

    def found(**query: str) -> set[str]:
        page = shown(desk.get("/demandes/", query))
        return {r.reference for r in (first, second) if r.reference in page}

    both = {first.reference, second.reference}
    assert found() == both
    assert found(q=first.reference.lower()) == {first.reference}
    assert found(q="petit") == {second.reference}
    assert found(q="07 98 76") == {second.reference}
    assert found(q=first.work_orders.all()[0].reference) == {first.reference}
    assert found(q="x' OR 1=1 --%_") == set()
    assert found(category="waiting") == both
    assert found(category="done") == set()
    assert found(category="nonsense") == both
    assert found(site=str(world.site.public_id)) == both
    assert found(site="nonsense") == both
    assert found(late="on") == set()
    monday.shift(dt.timedelta(days=4))
    desk.force_login(world.users["concierge"])
    assert found(late="on") == {first.reference}


def test_pages_of_fifty_follow_each_other(
    world: World, book: Book, desk: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bookings.views import requests

    monkeypatch.setattr(requests, "PAGE", 1)
    older, newer = book(), book(starts_at=at(24, 11))
    page = shown(desk.get("/demandes/"))
    assert (newer.reference in page, f">{older.reference}<" in page) == (True, False)
    assert f"before={newer.reference}" in page
    assert older.reference in shown(desk.get("/demandes/", {"before": newer.reference}))
    assert older.reference not in shown(desk.get("/demandes/", {"before": "x"}))


@pytest.mark.parametrize("path", ["/demandes/", "/mes-demandes/"])
def test_lists_cost_the_same_for_one_and_three(world: World, book: Book, desk: Browser, path: str) -> None:
    world.client.user = world.users["concierge"]
    world.client.save()

    def more(hour: int) -> None:
        book(starts_at=at(24, hour))
        ServiceRequest.objects.update(client=world.client)

    more(10)
    desk.get(path)
    with CaptureQueriesContext(connection) as one:
        shown(desk.get(path))
    more(11)
    more(12)
    with CaptureQueriesContext(connection) as three:
        shown(desk.get(path))
    assert len(three) == len(one)


def test_a_site_is_seen_by_those_who_work_there(world: World, book: Book, client: Browser) -> None:
    request = book()
    other = Site.objects.create(
        organisation=world.organisation,
        name="Autre",
        slug="autre",
        street="x",
        postcode="21000",
        city="Dijon",
        latitude="47",
        longitude="5",
    )
    Membership.objects.filter(user=world.users["concierge"]).update(site=other)
    client.force_login(world.users["concierge"])
    address = f"/demandes/{request.public_id}/"
    assert request.reference not in shown(client.get("/demandes/"))
    assert client.get(address).status_code == 404
    assert client.post(f"{address}annuler/").status_code == 404
    order = request.work_orders.order_by("pk")[0]
    assert client.post(f"/demandes/travaux/{order.public_id}/valider/").status_code == 404


@pytest.mark.promise("S01")
def test_another_organisation_sees_nothing(world: World, other_world: World, book: Book) -> None:
    request = book()
    stranger = Browser(headers={"host": other_world.host})
    stranger.force_login(other_world.users["dispatcher"])
    assert request.reference not in shown(stranger.get("/demandes/"))
    assert stranger.get(f"/demandes/{request.public_id}/").status_code == 404


@pytest.mark.parametrize("role", ["trainee", "provider", "social_adviser", None])
def test_others_have_no_list(world: World, book: Book, client: Browser, role: str | None) -> None:
    request = book()
    if role is None:
        assert client.get("/demandes/").status_code == 302
        return
    client.force_login(world.users[role])
    assert client.get("/demandes/").status_code == 403
    assert client.get(f"/demandes/{request.public_id}/").status_code == 403
    assert client.post(f"/demandes/{request.public_id}/annuler/").status_code == 403


def test_the_desk_cancels_checks_and_hands_over(world: World, book: Book, desk: Browser) -> None:
    request = book(wish_heels(world))
    address = f"/demandes/{request.public_id}/"
    page = shown(desk.get(address))
    assert "annuler/" in page
    assert "06 12 34 56 78" in page
    order = done(world, request)
    page = shown(desk.get(address))
    assert ("annuler/" in page, "valider/" in page) == (False, True)
    assert desk.post(f"/demandes/travaux/{order.public_id}/reprendre/").headers["Location"] == address
    shown(desk.post(f"/demandes/travaux/{order.public_id}/valider/"), 409)
    start_work_order(order, by=world.actor())
    complete_work_order(order, by=world.actor())
    assert desk.post(f"/demandes/travaux/{order.public_id}/valider/").status_code == 302
    request.refresh_from_db()
    assert request.status == "fulfilled"
    shown(desk.get(f"{address}remettre/"))
    assert desk.post(f"{address}remettre/").headers["Location"] == address
    request.refresh_from_db()
    assert request.status == "closed"
    shown(desk.post(f"{address}remettre/"), 409)
    assert desk.get(f"{address}annuler/").headers["Location"] == address
    assert desk.get(f"{address}n-importe-quoi/").status_code == 404


def test_cancelling_asks_for_a_reason(world: World, book: Book, desk: Browser) -> None:
    request = book()
    shown(desk.get(f"/demandes/{request.public_id}/annuler/"))
    assert desk.post(f"/demandes/{request.public_id}/annuler/", {"reason": "x" * 201}).status_code == 422
    assert desk.post(f"/demandes/{request.public_id}/annuler/", {"reason": "Client absent"}).status_code == 302
    request.refresh_from_db()
    assert (request.status, request.cancel_reason) == ("cancelled", "Client absent")
    assert "Client absent" in shown(desk.get(f"/demandes/{request.public_id}/"))


def test_reading_is_not_acting(world: World, book: Book, client: Browser) -> None:
    request = book()
    client.force_login(world.users["accountant"])
    page = shown(client.get(f"/demandes/{request.public_id}/"))
    assert "annuler/" not in page
    assert client.post(f"/demandes/{request.public_id}/annuler/").status_code == 403
    order = done(world, request)
    assert client.post(f"/demandes/travaux/{order.public_id}/valider/").status_code == 403
    order.refresh_from_db()
    assert order.status == "completed"
    client.force_login(world.users["supervisor"])
    assert client.post(f"/demandes/travaux/{order.public_id}/valider/").status_code == 302
    assert Role.SUPERVISOR.value == "supervisor"


@pytest.mark.promise("S07")
@pytest.mark.parametrize("verb", ["valider", "reprendre"])
def test_the_own_teams_work_is_checked_by_its_supervisor_elsewhere(
    world: World, book: Book, client: Browser, verb: str
) -> None:
    order = done(world, book(), PerformerKind.OWN_TEAM)
    address = f"/demandes/travaux/{order.public_id}/{verb}/"
    for role in ("concierge", "dispatcher", "supervisor", "accountant"):
        client.force_login(world.users[role])
        page = shown(client.get(f"/demandes/{order.request.public_id}/"))
        assert address not in page
        assert client.post(address).status_code == 403
    for role in ("site_manager", "network_head"):
        client.force_login(world.users[role])
        assert address in shown(client.get(f"/demandes/{order.request.public_id}/"))
    assert client.post(address).status_code == 302
    order.refresh_from_db()
    assert order.status == ("verified" if verb == "valider" else "rework")


def test_a_nul_in_the_address_is_nothing_special(desk: Browser) -> None:
    assert desk.get("/demandes/", {"before": "ABCD\x002345"}).status_code == 200


def test_every_pictogram_of_the_catalogue_is_drawn() -> None:
    from django.contrib.staticfiles import finders

    from bookings.enums import PICTOGRAMS
    from bookings.models import Service, ServiceCategory

    defaults = {model._meta.get_field("pictogram").default for model in (Service, ServiceCategory)}
    for name in (*PICTOGRAMS, *defaults):
        assert finders.find(f"concierge/pictograms/{name}.svg"), name


def test_what_nobody_can_do_does_not_keep_the_rest_open(world: World, book: Book, desk: Browser) -> None:
    request = book()
    heels = request.work_orders.get(service=world.cobbler)
    ironing = request.work_orders.get(service=world.ironing)
    book_work_order(
        ironing,
        performer_kind=PerformerKind.OWN_TEAM,
        performer_id=1,
        performer_label="Samira",
        by=world.actor(),
    )
    start_work_order(ironing, by=world.actor())
    complete_work_order(ironing, by=world.actor())
    verify_work_order(ironing, by=world.actor())
    ask_for_dispatch(heels, reason="no_eligible_provider", by=world.actor())
    page, act = f"/demandes/{request.public_id}/", f"/demandes/travaux/{heels.public_id}/impossible/"
    assert act in shown(desk.get(page))
    assert "Dites en quelques mots pourquoi c’est impossible." in shown(desk.post(act, {"reason": " "}), 400)
    heels.refresh_from_db()
    assert heels.status == "needs_dispatch"
    assert desk.post(act, {"reason": "Plus aucun cordonnier"}).headers["Location"] == page
    request.refresh_from_db()
    heels.refresh_from_db()
    assert (heels.status, heels.failure_reason) == ("failed", "Plus aucun cordonnier")
    assert request.status == "partially_fulfilled"
    told = shown(desk.get(page))
    assert ("Plus aucun cordonnier" in told, act in told, "remettre/" in told) == (True, False, True)
    followed = shown(desk.get(f"/suivi/{request.tracking_token}/"))
    assert "Plus aucun cordonnier" not in followed
    for page_read in (told, followed):
        charged = request.lines.get(work_order=ironing).total_incl_vat
        assert (page_read.count("non facturé"), euros(charged) in page_read) == (1, True)
        assert euros(request.total_incl_vat) not in page_read
    shown(desk.post(act, {"reason": "encore"}), 409)
    assert desk.post(f"{page}remettre/").status_code == 302


@pytest.mark.promise("S07")
@pytest.mark.parametrize("role", ["supervisor", "accountant", "network_head"])
def test_only_the_desk_gives_work_up(world: World, book: Book, client: Browser, role: str) -> None:
    order = book(wish_heels(world)).work_orders.get()
    client.force_login(world.users[role])
    assert client.post(f"/demandes/travaux/{order.public_id}/impossible/", {"reason": "x"}).status_code == 403
    order.refresh_from_db()
    assert order.status == "ready"
