"""A move changes no price; whoever may ask for today's reads that it would be different (R1)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from bookings.actions import tariffs
from bookings.actions.catalogue import set_opening
from bookings.actions.repricing import reprice, reprice_request
from bookings.actions.rescheduling import reschedule_request
from bookings.actions.work_orders import fail_work_order
from bookings.enums import RequestStatus
from bookings.models import Service, ServiceRequest, Supplement
from tests.bookings.conftest import at, wish_heels, wish_shirts
from tests.bookings.test_api import Api
from tests.bookings.test_booking_pages import shown
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday"), pytest.mark.promise("domain R1")]
Book = Callable[..., ServiceRequest]
TOLD = "Le jour ou l’heure a changé : le prix du jour serait différent."
KEPT = "Le vôtre reste celui convenu, sauf si nous vous contactons."


@pytest.fixture
def desk(world: World) -> Browser:
    """Open on Sundays too, where it costs more; so do evenings."""
    days = range(7)
    set_opening(world.site, [(day, dt.time(9), dt.time(18)) for day in days], by=world.actor())
    world.site.refresh_from_db()
    tariffs.add_supplement(world.cobbler, name="Dimanche", rule="sunday", percent=Decimal(50), by=world.actor())
    tariffs.add_supplement(
        world.cobbler, name="Soir", rule="evening", after=dt.time(17), amount=Decimal(4), by=world.actor()
    )
    browser = Browser(headers={"host": world.host})
    browser.force_login(world.users["concierge"])
    return browser


def is_told(desk: Browser, request: ServiceRequest) -> bool:
    page = shown(desk.get(f"/demandes/{request.public_id}/")).replace("\xa0", " ")
    told = TOLD in page
    assert told == (f'{TOLD} <a href="/demandes/{request.public_id}/prix-du-jour/">' in page)
    return told


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (at(24, 10), at(29, 10), True),
        (at(29, 10), at(24, 10), True),
        (at(24, 10), at(24, 17), True),
        (at(24, 17), at(24, 16, 30), True),
        (at(29, 10), at(29, 17, 30), True),
        (at(24, 10), at(25, 16), False),
        (at(29, 10), at(29, 15), False),
        (at(24, 17), at(25, 17, 30), False),
    ],
)
def test_the_team_reads_that_the_day_would_cost_something_else(
    world: World, desk: Browser, book: Book, before: dt.datetime, after: dt.datetime, expected: bool
) -> None:
    request = book(wish_shirts(world), wish_heels(world), starts_at=before)
    total = request.total_incl_vat
    assert is_told(desk, request) is False
    moved = reschedule_request(request, after, by=world.actor())
    assert (is_told(desk, moved), moved.total_incl_vat) == (expected, total)
    assert reprice(moved).is_same is not expected
    reprice_request(moved, total_seen=reprice(moved).new_total, by=world.actor())
    assert is_told(desk, moved) is False


def test_by_whichever_way_it_is_moved(world: World, desk: Browser, book: Book) -> None:
    slot = at(29, 10).isoformat()
    ways: list[Callable[[ServiceRequest], Any]] = [
        lambda one: Browser(headers={"host": world.host}).post(
            f"/suivi/{one.tracking_token}/deplacer/", {"slot": slot}
        ),
        lambda one: desk.post(f"/demandes/{one.public_id}/deplacer/", {"slot": slot}),
        lambda one: Api(world.api_key()).post(f"/api/v1/service-requests/{one.public_id}/reschedule", {"slot": slot}),
    ]
    world.site.slot_rules.update(capacity=3)
    for number, move in enumerate(ways):
        request = book(wish_heels(world), starts_at=at(24, 10 + number))
        assert move(request).status_code in {200, 302}
        assert is_told(desk, request)


def test_the_catalogue_alone_tells_nothing(world: World, desk: Browser, book: Book) -> None:
    request = book(wish_heels(world), starts_at=at(29, 10))
    Supplement.objects.update(is_active=False)
    tariffs.add_supplement(world.cobbler, name="Repos", rule="sunday", amount=Decimal(9), by=world.actor())
    assert is_told(desk, request) is False
    sunday = book(wish_heels(world), starts_at=at(29, 11))
    Supplement.objects.update(valid_to=dt.date(2026, 11, 22))
    moved = reschedule_request(sunday, at(29, 12), by=world.actor())
    assert is_told(desk, moved) is False


def test_a_renamed_service_is_known_by_the_name_of_its_supplement(world: World, desk: Browser, book: Book) -> None:
    request = book(wish_heels(world), starts_at=at(29, 10))
    Service.objects.filter(pk=world.cobbler.pk).update(name="Talons neufs")
    assert is_told(desk, reschedule_request(request, at(29, 12), by=world.actor())) is False


def test_nothing_is_told_where_the_price_is_kept_anyway(world: World, desk: Browser, book: Book) -> None:
    moved = [
        reschedule_request(book(wish_heels(world), starts_at=at(24, hour)), at(29, hour), by=world.actor())
        for hour in (10, 11, 12)
    ]
    ServiceRequest.objects.filter(pk=moved[0].pk).update(status=RequestStatus.FULFILLED)
    fail_work_order(moved[1].work_orders.get(), reason="Cassé", by=world.actor())
    moved[2].lines.update(measured_quantity=1, ordered_quantity=1)
    assert [is_told(desk, one) for one in moved] == [False, False, False]


def test_the_client_reads_before_the_move_that_the_price_stays(world: World, desk: Browser, book: Book) -> None:
    client = Browser(headers={"host": world.host})

    def reads(request: ServiceRequest, first: str) -> bool:
        page = shown(client.get(f"/suivi/{request.tracking_token}/deplacer/?from={first}")).replace("\xa0", " ")
        return KEPT in page

    heels = book(wish_heels(world), starts_at=at(24, 10))
    # Evenings are among the times shown.
    assert reads(heels, "2026-11-25") is True
    Supplement.objects.filter(name="Soir").update(is_active=False)
    assert [reads(heels, day) for day in ("2026-11-24", "2026-11-27", "2026-11-30")] == [False, True, False]
    shirts = book(wish_shirts(world), starts_at=at(24, 10))
    assert reads(shirts, "2026-11-27") is False
    assert KEPT not in shown(desk.get(f"/demandes/{heels.public_id}/deplacer/?from=2026-11-27"))


def test_the_pages_ask_as_much_for_two_works_as_for_one(world: World, desk: Browser, book: Book) -> None:
    def cost(*wishes: Any, hour: int) -> list[int]:
        moved = reschedule_request(book(*wishes, starts_at=at(24, hour)), at(29, hour), by=world.actor())
        found = []
        for path in (f"/suivi/{moved.tracking_token}/deplacer/", f"/demandes/{moved.public_id}/"):
            desk.get(path)
            with CaptureQueriesContext(connection) as asked:
                shown(desk.get(path))
            found.append(len([one for one in asked if "supplement" in one["sql"] or "requestline" in one["sql"]]))
        return found

    one = cost(wish_heels(world), hour=10)
    assert one == cost(wish_heels(world), wish_shirts(world), hour=11)
    assert min(one) > 0
