"""Two people edit the catalogue at the same moment. Real threads, and twins without the guard."""

from __future__ import annotations

import datetime as dt
import threading
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, models, transaction

from bookings.actions import editing, tariffs, vat
from bookings.actions.tariffs import new_service, set_price
from bookings.enums import AreaKind
from bookings.models import DatedPrice, PriceItem, ServedArea, Service, ServiceAtSite, VatRate
from bookings.models.prices import DatedPriceQuerySet
from tests.bookings.conftest import MONDAY
from tests.bookings.test_races import race, real_world
from tests.conftest import as_owner
from tests.world import World

__all__ = ["real_world"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("monday")]

TODAY = MONDAY.date()
DECEMBER = dt.date(2026, 12, 1)
NAMES = ["Cordonnerie", "Talons et semelles", "Ressemelage", "Chaussures"]


def without_a_lock(monkeypatch: pytest.MonkeyPatch, editors: int = 2) -> None:
    """Each reads the version, then both write: what ``lock_version`` is there against."""
    both_have_read = threading.Barrier(editors)

    def read(service: Service, version: int) -> Service:
        found = Service.objects.get(pk=service.pk, version=version)
        both_have_read.wait(timeout=10)
        found.version += 1
        return found

    monkeypatch.setattr(editing, "lock_version", read)


def rename(world: World, number: int) -> Service:
    return editing.edit_service(world.cobbler, {"name": NAMES[number]}, version=1, by=world.actor())


@pytest.mark.promise("R44", "domain R1")
def test_of_many_who_saved_one_version_the_first_wins_and_the_others_are_told(real_world: World) -> None:
    world = real_world
    assert race(world, 4, lambda number: rename(world, number)) == {"ok": 1, "stale_version": 3}
    assert Service.objects.get(pk=world.cobbler.pk).version == 2


@pytest.mark.promise("R44")
def test_without_the_lock_one_editor_s_work_is_lost(real_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: both are told that they saved, and one did not."""
    world = real_world
    without_a_lock(monkeypatch)
    assert race(world, 2, lambda number: rename(world, number)) == {"ok": 2}
    saved = Service.objects.get(pk=world.cobbler.pk)
    assert (saved.version, saved.name in NAMES[:2]) == (2, True)


@pytest.mark.promise("R44", "domain R1")
def test_two_grids_of_one_version_are_not_mixed(real_world: World) -> None:
    world = real_world
    before = PriceItem.objects.filter(service=world.ironing).count()

    def add(number: int) -> object:
        row = {"name": f"Drap {number}", "name_en": "", "unit_price": Decimal(4), "is_active": True}
        return editing.save_rows(world.ironing, PriceItem, [row], version=1, by=world.actor())

    assert race(world, 4, add) == {"ok": 1, "stale_version": 3}
    assert PriceItem.objects.filter(service=world.ironing).count() == before + 1


# --- dated prices ----------------------------------------


def price_of(world: World, number: int, day: dt.date = DECEMBER) -> DatedPrice:
    return set_price(
        world.ironing, Decimal(number + 1), item=world.shirt, valid_from=day, today=TODAY, by=world.actor()
    )


@pytest.mark.promise("domain R1")
def test_prices_of_one_item_from_one_day_become_one(real_world: World) -> None:
    world = real_world
    assert race(world, 4, lambda number: price_of(world, number)) == {"ok": 4}
    row = DatedPrice.objects.get()
    assert (row.valid_from, row.valid_to, row.unit_price in range(1, 5)) == (DECEMBER, None, True)


@pytest.mark.promise("domain R1")
def test_prices_of_one_item_from_many_days_follow_each_other(real_world: World) -> None:
    world = real_world
    days = [DECEMBER + dt.timedelta(days=number) for number in (21, 0, 14, 7)]
    assert race(world, 4, lambda number: price_of(world, number, days[number])) == {"ok": 4}
    spans = list(DatedPrice.objects.order_by("valid_from").values_list("valid_from", "valid_to"))
    ends = [day - dt.timedelta(days=1) for day in sorted(days)[1:]]
    assert spans == list(zip(sorted(days), [*ends, None], strict=True))


class Unlocked:
    """A model whose rows are not waited for."""

    class objects:
        @staticmethod
        def select_for_update(**_given: Any) -> models.QuerySet[Service]:
            return Service.objects.all()


@pytest.mark.promise("domain R1")
def test_without_the_lock_somebody_who_was_right_is_sent_away(
    real_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: both read that there is none, both write one; PostgreSQL lets one pass."""
    world = real_world
    both_have_read, faults, on = threading.Barrier(2), list[str](), DatedPriceQuerySet.on

    def read_before(prices: DatedPriceQuerySet, day: dt.date) -> DatedPriceQuerySet:
        both_have_read.wait(timeout=10)
        return on(prices, day)

    def act(number: int) -> None:
        try:
            price_of(world, number)
        except IntegrityError as error:
            faults.append(str(error))

    monkeypatch.setattr(tariffs, "Service", Unlocked)
    monkeypatch.setattr(DatedPriceQuerySet, "on", read_before)
    outcome = race(world, 2, act)
    assert len(faults) + outcome["conflict"] + outcome["invalid"] == 1
    assert DatedPrice.objects.count() == 1


# --- terms and areas of a site ----------------------------------------


def nowhere(world: World) -> Service:
    """A service that no site offers yet."""
    fields = {"code": "clefs", "name": "Clefs", "unit_price": Decimal(9), "execution": "own_team"}
    return new_service(world.organisation, {**fields, "category": world.cobbler.category}, by=world.actor())


def offer(world: World, service: Service, number: int) -> ServiceAtSite:
    return editing.edit_terms(service, world.site, {"lead_time_hours": number}, version=1, by=world.actor())


@pytest.mark.promise("R44", "domain R1")
def test_terms_of_a_new_site_are_written_once(real_world: World) -> None:
    world = real_world
    service = nowhere(world)
    assert race(world, 4, lambda number: offer(world, service, number)) == {"ok": 1, "stale_version": 3}
    assert ServiceAtSite.objects.filter(service=service, site=world.site).count() == 1


@pytest.mark.promise("R44")
def test_without_the_lock_one_site_s_terms_are_lost(real_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: both are told that they saved, and one row remains."""
    world = real_world
    service = nowhere(world)
    without_a_lock(monkeypatch)
    assert race(world, 2, lambda number: offer(world, service, number)) == {"ok": 2}
    assert ServiceAtSite.objects.filter(service=service, site=world.site).count() == 1


def serve(world: World, _number: int) -> ServedArea:
    return editing.add_area(world.site, kind=AreaKind.COMMUNE, postcode="21121", name="Daix", by=world.actor())


@pytest.mark.promise("domain R1")
def test_a_commune_is_added_once(real_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both pass the check before either is there: the constraint decides, and the other reads a sentence."""
    world = real_world
    both_have_checked = threading.Barrier(2)

    def save(row: ServedArea) -> ServedArea:
        row.full_clean()
        both_have_checked.wait(timeout=10)
        row.save()
        return row

    monkeypatch.setattr(editing, "save_valid", save)
    assert race(world, 2, lambda number: serve(world, number)) == {"ok": 1, "conflict": 1}
    assert ServedArea.objects.filter(site=world.site, postcode="21121").count() == 1


@pytest.mark.promise("domain R1")
def test_without_the_constraint_s_sentence_the_second_is_a_fault(
    real_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: nothing turns the refusal of PostgreSQL into words."""
    world = real_world
    both_have_checked = threading.Barrier(2)
    faults: list[str] = []

    def save(row: ServedArea) -> ServedArea:
        row.full_clean()
        both_have_checked.wait(timeout=10)
        row.save()
        return row

    def act(number: int) -> None:
        try:
            serve(world, number)
        except IntegrityError as error:
            faults.append(str(error))

    monkeypatch.setattr(editing, "save_valid", save)
    monkeypatch.setattr(editing, "refuse_on", lambda _constraint, _refusal: transaction.atomic())
    assert race(world, 2, act) == {"ok": 2}
    assert ["served_commune_once_per_site" in one for one in faults] == [True]


# --- VAT rates ----------------------------------------

GUARD = "vat_rate_one_per_day"


def rate_of(world: World, number: int) -> VatRate:
    return vat.set_vat_rate(
        world.organisation, code="reduced", rate=Decimal(number + 5), valid_from=DECEMBER, by=world.actor()
    )


@pytest.mark.promise("domain R1")
def test_of_many_who_set_the_rate_of_one_day_one_does_and_the_others_are_told(real_world: World) -> None:
    done = race(real_world, 4, lambda number: rate_of(real_world, number))
    kept = VatRate.objects.filter(code="reduced").count()
    assert (kept, done["ok"] >= 1, set(done) - {"ok"} <= {"conflict", "invalid"}) == (1, True, True), done


def test_without_the_constraint_one_day_has_two_rates(real_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: both have looked before either writes."""
    both_have_looked = threading.Barrier(2)

    def look(_organisation: Any, code: str) -> VatRate | None:
        found = VatRate.objects.filter(code=code).first()
        both_have_looked.wait(timeout=10)
        return found

    monkeypatch.setattr(vat, "_latest", look)
    monkeypatch.setattr(vat, "save_valid", lambda row: row.save())
    with connection.cursor() as cursor, as_owner():
        cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [GUARD])
        definition = cursor.fetchone()[0]
        cursor.execute(f"ALTER TABLE bookings_vatrate DROP CONSTRAINT {GUARD}")
    try:
        done = race(real_world, 2, lambda number: rate_of(real_world, number))
        kept = VatRate.objects.filter(code="reduced").count()
    finally:
        VatRate.objects.filter(code="reduced").delete()
        with connection.cursor() as cursor, as_owner():
            cursor.execute(f"ALTER TABLE bookings_vatrate ADD CONSTRAINT {GUARD} {definition}")
    assert (done, kept) == ({"ok": 2}, 2)
