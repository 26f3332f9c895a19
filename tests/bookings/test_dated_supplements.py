"""Supplements of Sundays and public holidays, and those that count from a day on or to a day (R1)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from bookings.actions import tariffs
from bookings.actions.exports import catalogue_rows
from bookings.actions.imports import keep_import
from bookings.actions.pricing import circumstances, offered_on
from bookings.gateways.files import read_catalogue, write_csv
from bookings.models import Service, Supplement
from concierge.errors import Invalid
from concierge.models import Site
from tests.bookings.conftest import at, wish_heels
from tests.bookings.test_api import REQUESTS, Api
from tests.bookings.test_api import booking as api_booking
from tests.bookings.test_booking_pages import HOME, Path
from tests.bookings.test_catalogue_import_more import kept, load, verdicts
from tests.bookings.test_catalogue_pages import grid_of, page_of, text
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday"), pytest.mark.promise("domain R1")]
NEW_YEAR, LAST = dt.date(2027, 1, 1), dt.date(2026, 12, 31)


def add(world: World, name: str = "Urgence", **fields: Any) -> Supplement:
    given = fields if "percent" in fields else {"amount": Decimal(5), **fields}
    return tariffs.add_supplement(world.cobbler, name=name, by=world.actor(), **given)


def in_utc(*moment: int) -> dt.datetime:
    return dt.datetime(*moment, tzinfo=dt.UTC)  # type: ignore[arg-type, misc]  # year, month, day, hour, minute


# --- which day it is ---------------------------------------


@pytest.mark.parametrize(
    ("zone", "holidays", "good_friday", "moment", "expected"),
    [
        # Saturday half past eleven at Greenwich is Sunday in Dijon, and Sunday half past eleven is Monday.
        ("Europe/Paris", "", False, in_utc(2026, 11, 28, 23, 30), (6, False)),
        ("Europe/Paris", "", False, in_utc(2026, 11, 29, 23, 30), (0, False)),
        ("Europe/Paris", "", False, in_utc(2026, 12, 24, 23, 30), (4, True)),
        ("Europe/Paris", "", False, in_utc(2026, 12, 25, 23, 30), (5, False)),
        ("Europe/Paris", "57", False, in_utc(2026, 12, 26, 10, 0), (5, True)),
        # Good Friday: where the town has a Protestant church.
        ("Europe/Paris", "57", True, in_utc(2027, 3, 26, 10, 0), (4, True)),
        ("Europe/Paris", "57", False, in_utc(2027, 3, 26, 10, 0), (4, False)),
        ("Europe/Paris", "", False, in_utc(2027, 3, 26, 10, 0), (4, False)),
        # The day of the abolition of slavery in La Réunion, where it begins at eight in the evening of the 19th.
        ("Indian/Reunion", "974", False, in_utc(2026, 12, 19, 20, 30), (6, True)),
        ("Europe/Paris", "", False, in_utc(2026, 12, 20, 10, 0), (6, False)),
    ],
)
def test_the_calendar_of_the_site_decides(
    world: World, zone: str, holidays: str, good_friday: bool, moment: dt.datetime, expected: tuple[int, bool]
) -> None:
    Site.objects.update(time_zone=zone, holiday_zone=holidays, good_friday_off=good_friday)
    known = circumstances(Site.objects.get(pk=world.site.pk), moment)
    assert (known.weekday, known.is_holiday) == expected


def test_nothing_is_a_holiday_without_a_moment(world: World) -> None:
    known = circumstances(world.site)
    assert (known.weekday, known.is_holiday) == (None, False)


def test_an_estimate_for_a_sunday_and_for_christmas(world: World) -> None:
    api = Api(world.api_key())
    add(world, "Dimanche", rule="sunday", percent=Decimal(50))
    add(world, "Jour férié", rule="holiday", amount=Decimal("12.00"))

    def added(day: str) -> list[tuple[str, str]]:
        lines = [{"service": str(world.cobbler.public_id), "quantity": 1}]
        asked = {"site": str(world.site.public_id), "starts_at": f"{day}T10:00:00+01:00", "lines": lines}
        found = api.post("/api/v1/price-estimates", asked).json()["lines"]
        return [(line["description"], line["total_incl_vat"]) for line in found if line["kind"] == "supplement"]

    assert added("2026-11-30") == []
    assert added("2026-11-29") == [("Pose de talons – Dimanche", "9.00")]
    assert added("2026-12-25") == [("Pose de talons – Jour férié", "12.00")]
    # In 2027 the Assumption is a Sunday.
    assert added("2027-08-15") == [("Pose de talons – Dimanche", "9.00"), ("Pose de talons – Jour férié", "12.00")]


@pytest.mark.parametrize("rule", ["sunday", "holiday"])
@pytest.mark.parametrize("more", [{"after": dt.time(18)}, {"beyond_km": Decimal(3)}])
def test_a_day_needs_neither_time_nor_distance(world: World, rule: str, more: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        add(world, rule=rule, **more)
    with pytest.raises(IntegrityError, match="supplement_rule_is_whole"), transaction.atomic():
        Supplement.objects.create(
            organisation=world.organisation, service=world.cobbler, name="x", amount=1, rule=rule, **more
        )


# --- from a day on, to a day -------------------------------


def test_the_day_of_the_order_decides(world: World, book: Any) -> None:
    add(world, amount=Decimal(5), rule="chosen", valid_to=LAST)
    dearer = add(world, amount=Decimal(7), rule="chosen", valid_from=NEW_YEAR)

    def chosen(moment: dt.datetime) -> list[str]:
        with time_machine.travel(moment):
            known = offered_on(world.site.pk, (moment + dt.timedelta(hours=1)).date())
            (heels,) = (one for one in known if one.pk == world.cobbler.pk)
            return [one.price_words.replace("\u00a0", " ").replace("\u202f", " ") for one in heels.supplements_on()]

    # At half past eleven at Greenwich the new year has begun in Dijon.
    assert [chosen(in_utc(2026, 12, 31, 22, 30)), chosen(in_utc(2026, 12, 31, 23, 30))] == [["+ 5,00 €"], ["+ 7,00 €"]]
    wish = wish_heels(world)
    asked = type(wish)(wish.service, wish.quantities, frozenset({str(dearer.public_id)}))
    with pytest.raises(Invalid):
        book(asked)
    with time_machine.travel(in_utc(2026, 12, 31, 23, 30)):
        made = book(asked, starts_at=in_utc(2027, 1, 5, 9, 0))
    assert made.total_incl_vat == Decimal("25.00")


@pytest.mark.parametrize(
    ("period", "is_free"),
    [
        ({"valid_from": NEW_YEAR}, True),
        ({"valid_from": LAST}, False),
        ({}, False),
        ({"valid_to": dt.date(2026, 11, 30)}, True),
        ({"valid_to": dt.date(2026, 12, 1)}, False),
        ({"valid_from": dt.date(2026, 12, 10), "valid_to": dt.date(2026, 12, 11)}, False),
    ],
)
def test_two_of_a_name_never_count_on_one_day(world: World, period: dict[str, Any], is_free: bool) -> None:
    add(world, valid_from=dt.date(2026, 12, 1), valid_to=LAST)
    # Elsewhere, under another name or switched off they disturb nobody.
    tariffs.add_supplement(world.ironing, name="Urgence", amount=Decimal(1), by=world.actor())
    add(world, "Autre")
    add(world, is_active=False)
    if is_free:
        add(world, **period)
        return
    with pytest.raises(Invalid) as refusal:
        add(world, **period)
    assert "Un autre supplément de ce nom" in str(refusal.value)
    with pytest.raises(IntegrityError, match="supplement_one_per_day"), transaction.atomic():
        Supplement.objects.create(
            organisation=world.organisation, service=world.cobbler, name="Urgence", amount=1, **period
        )


def test_a_period_does_not_end_before_it_begins(world: World) -> None:
    with pytest.raises(Invalid):
        add(world, valid_from=NEW_YEAR, valid_to=LAST)


# --- pages -----------------------------------------------


@pytest.fixture
def manager(world: World, client: Browser) -> Browser:
    client.force_login(world.users["site_manager"])
    return client


def row_of(one: Supplement | None, **changes: Any) -> dict[str, Any]:
    return {"id": one.pk if one else "", "name": "Urgence", "rule": "chosen", "is_active": "on", **changes}


def test_one_ends_and_the_next_begins_in_one_go(world: World, manager: Browser) -> None:
    old = add(world)
    rows = [
        row_of(None, amount="7", valid_from="2027-01-01"),
        row_of(old, amount="5", valid_to="2026-12-31"),
    ]
    sent = grid_of(world.cobbler, "supplements", list(reversed(rows)), 1)
    assert manager.post(page_of(world.cobbler, "supplements/"), sent).status_code == 302
    found = world.cobbler.supplements.order_by("pk").values_list("amount", "valid_from", "valid_to")
    assert list(found) == [(Decimal(5), None, LAST), (Decimal(7), NEW_YEAR, None)]
    page = text(manager.get(page_of(world.cobbler)))
    assert ('value="2026-12-31"' in page, 'value="2027-01-01"' in page) == (True, True)

    def seen(day: str) -> list[bool]:
        query = {"site": str(world.site.public_id), "on": day}
        shown = text(manager.get(page_of(world.cobbler, "apercu/"), query))
        return [words in shown for words in ("5,00", "7,00", "31 décembre 2026", "1er janvier 2027")]

    assert seen("2026-12-31") == [True, False, True, False]
    assert seen("2027-01-01") == [False, True, False, True]


@pytest.mark.parametrize(
    ("period", "said"),
    [
        ({"valid_from": "2026-12-31"}, "Un autre supplément de ce nom compte déjà"),
        ({"valid_from": "2027-02-01", "valid_to": "2027-01-31"}, "ne peut pas être avant le premier"),
        ({"valid_from": "demain"}, "date valide"),
    ],
)
def test_what_overlaps_is_refused_in_words_and_kept(
    world: World, manager: Browser, period: dict[str, str], said: str
) -> None:
    old = add(world, valid_to=LAST)
    rows = [row_of(old, amount="5", valid_to="2026-12-31"), row_of(None, amount="7.25", **period)]
    sent = grid_of(world.cobbler, "supplements", rows, 1)
    page = text(manager.post(page_of(world.cobbler, "supplements/"), sent), 422)
    assert (said in page, 'value="7.25"' in page, Supplement.objects.count()) == (True, True, 1)


def test_the_booking_pages_show_what_counts_today(world: World, client: Any) -> None:
    add(world, "Dimanche", rule="sunday", percent=Decimal(50))
    add(world, "Été", amount=Decimal(3), valid_from=dt.date(2027, 7, 1), valid_to=dt.date(2027, 8, 31))
    add(world, "Hiver", amount=Decimal(4), valid_to=dt.date(2027, 3, 1))
    path = Path(world, client)
    path.services(world.cobbler)
    page = text(client.get(f"{HOME}details/"))
    assert ["Dimanche, le dimanche" in page, "Été" in page, "Hiver" in page] == [True, False, True]


# --- file and API --------------------------------------------


def line(**changes: str) -> dict[str, str]:
    return {"type": "supplement", "service": "talons", "nom": "Urgence", "prix": "5", **changes}


@pytest.fixture
def talons(world: World) -> Service:
    Service.objects.filter(pk=world.cobbler.pk).update(code="talons")
    world.cobbler.refresh_from_db()
    return world.cobbler


def test_a_file_ends_one_and_begins_the_next(world: World, talons: Service) -> None:
    add(world)
    found = kept(
        world,
        line(prix="7", des_le="01/01/2027"),
        line(jusqu_au="2026-12-31"),
        line(nom="Dimanche", regle="sunday", prix="", pourcent="50"),
        line(nom="Férié", regle="holiday"),
    )
    assert verdicts(world, found) == ["new", "changed", "new", "new"]
    assert load(world, found) == 4
    rows = Supplement.objects.order_by("name", "pk").values_list("name", "rule", "amount", "valid_from", "valid_to")
    assert list(rows) == [
        ("Dimanche", "sunday", None, None, None),
        ("Férié", "holiday", Decimal(5), None, None),
        ("Urgence", "chosen", Decimal(5), None, LAST),
        ("Urgence", "chosen", Decimal(7), NEW_YEAR, None),
    ]
    exported = catalogue_rows(world.organisation)
    again = keep_import(
        world.organisation, read_catalogue(write_csv(exported)), file_name="x", by=world.actor("site_manager")
    )
    assert set(verdicts(world, again)) == {"same"}


def test_a_file_that_overlaps_is_refused_line_by_line(world: World, talons: Service) -> None:
    add(world)
    found = kept(
        world,
        line(prix="7", des_le="2027-01-01"),
        line(nom="Deux", des_le="2027-01-01", jusqu_au="2027-06-30"),
        line(nom="Deux", des_le="2027-06-30"),
        line(nom="Faux", des_le="2027-01-02", jusqu_au="2027-01-01"),
        line(nom="Éteint", actif="non"),
        line(nom="Éteint", des_le="2027-01-01"),
    )
    assert verdicts(world, found) == [
        [("overlaps", "des_le")],
        [("overlaps", "des_le")],
        [("overlaps", "des_le")],
        [("ends_first", "jusqu_au")],
        "new",
        "new",
    ]


def test_the_api_says_what_counts_on_the_day(world: World) -> None:
    api = Api(world.api_key())
    add(world, "Dimanche", rule="sunday", percent=Decimal(50))
    add(world, valid_from=NEW_YEAR, valid_to=dt.date(2027, 1, 31))

    def seen(on: str) -> list[tuple[str, str, Any, Any]]:
        found = api.get("/api/v1/services", site=world.site.public_id, on=on).json()["results"]
        (heels,) = (one for one in found if one["id"] == str(world.cobbler.public_id))
        return [(one["name"], one["rule"], one["valid_from"], one["valid_to"]) for one in heels["supplements"]]

    sunday = ("Dimanche", "sunday", None, None)
    assert seen("2026-12-31") == [sunday]
    assert seen("2027-01-31") == [sunday, ("Urgence", "chosen", "2027-01-01", "2027-01-31")]


def test_a_booking_takes_as_many_statements_with_them(world: World) -> None:
    api = Api(world.api_key())

    def count(hour: int, number: int) -> int:
        body = api_booking(world, slot=at(24, hour).isoformat())
        body["client"]["email"] = f"client{number}@example.fr"
        with CaptureQueriesContext(connection) as seen:
            assert api.post(REQUESTS, body).status_code == 201
        return len(seen)

    count(10, 0)
    before = count(11, 1)
    for number, rule in enumerate(("sunday", "holiday", "chosen")):
        add(world, f"S{number}", rule=rule, valid_from=dt.date(2026, 1, 1))
    count(12, 2)
    assert count(14, 3) == before
