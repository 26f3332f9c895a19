"""What else a catalogue file brings: prices from a day on, supplements, and the terms of a site."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from bookings.actions.exports import catalogue_rows
from bookings.actions.imports import LinesWrong, judge_import, keep_import, load_import
from bookings.actions.tariffs import set_price
from bookings.gateways.files import read_catalogue, write_csv, write_xlsx
from bookings.models import DatedPrice, PriceItem, Service, ServiceAtSite, Supplement
from bookings.rules.imports import COLUMNS, Known, read_line
from concierge.models import Site
from concierge.tenancy import Actor
from tests.bookings.test_price_modes import offer
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
TODAY = dt.date(2026, 11, 23)
KNOWN = Known(
    {"repassage"},
    {"standard"},
    {"talons"},
    {"own_team"},
    {"desk"},
    {"chosen", "saturday", "evening", "beyond"},
    {"gare"},
)
SUPPLEMENT, TERMS = {"type": "supplement", "nom": "A"}, {"type": "site", "site": "gare"}


def kept(world: World, *lines: dict[str, str], by: Actor | None = None) -> Any:
    rows = [list(COLUMNS), *([line.get(column, "") for column in COLUMNS] for line in lines)]
    return keep_import(
        world.organisation, read_catalogue(write_csv(rows)), file_name="x", by=by or world.actor("site_manager")
    )


def verdicts(world: World, found: Any, by: Actor | None = None) -> list[Any]:
    """What each line would do, or what is wrong with it."""
    judged = judge_import(found, by=by or world.actor("site_manager"))
    return [[(p.code, p.column) for p in one.line.problems] or one.verdict for one in judged]


def load(world: World, found: Any) -> int:
    return load_import(found, only_good=False, by=world.actor("site_manager"))


def price_line(service: str, price: str, day: str, **more: str) -> dict[str, str]:
    return {"type": "prix", "service": service, "prix": price, "des_le": day, **more}


def chain(**thing: Any) -> list[tuple[Decimal, str, str | None]]:
    """Prices of one thing in the order of days."""
    return [
        (row.unit_price, row.valid_from.isoformat(), row.valid_to.isoformat() if row.valid_to else None)
        for row in DatedPrice.objects.filter(**thing).order_by("valid_from")
    ]


@pytest.mark.promise("domain R1")
def test_prices_from_a_day_on_join_those_that_are_known(world: World) -> None:
    by = world.actor("site_manager")
    set_price(world.cobbler, Decimal(20), valid_from=dt.date(2026, 12, 1), today=TODAY, by=by)
    found = kept(
        world,
        price_line(world.cobbler.code, "24,00", "2027-02-01"),
        price_line(world.cobbler.code, "22,00", "01/01/2027"),
        price_line(world.cobbler.code, "20", "2026-12-01"),
        price_line("repassage", "3,50", "2026-12-01", nom="Chemise"),
        {**price_line("repassage", "2", "2026-12-01"), "type": "prix_option", "nom": world.ironing.options.get().name},
    )
    assert verdicts(world, found) == ["new", "new", "same", "new", "new"]
    assert DatedPrice.objects.count() == 1
    assert load(world, found) == 4
    assert chain(service=world.cobbler) == [
        (Decimal(20), "2026-12-01", "2026-12-31"),
        (Decimal(22), "2027-01-01", "2027-01-31"),
        (Decimal(24), "2027-02-01", None),
    ]
    assert chain(item=world.shirt) == [(Decimal("3.50"), "2026-12-01", None)]
    assert chain(option=world.ironing.options.get()) == [(Decimal(2), "2026-12-01", None)]


@pytest.mark.promise("domain R1")
def test_a_file_sets_the_same_prices_as_the_page(world: World) -> None:
    by = world.actor("site_manager")
    days = ["2027-01-01", "2026-12-01", "2027-03-01", "2026-12-15", "2027-01-01"]
    twin = offer(world, "jumeau", "fixed", "9")  # type: ignore[arg-type]  # a value of the enumeration
    for number, day in enumerate(days, 1):
        set_price(twin, Decimal(number), valid_from=dt.date.fromisoformat(day), today=TODAY, by=by)
        assert load(world, kept(world, price_line(world.cobbler.code, str(number), day))) == 1
    assert chain(service=world.cobbler) == chain(service=twin)


@pytest.mark.promise("domain R1")
def test_supplements_and_terms_come_with_a_new_service(world: World) -> None:
    found = kept(
        world,
        {"service": "linge", "nom": "Linge", "categorie": "repassage", "prix": "5"},
        {"type": "supplement", "service": "linge", "nom": "Express", "prix": "4,50"},
        {
            "type": "supplement",
            "service": "linge",
            "nom": "Soir",
            "regle": "evening",
            "pourcent": "20",
            "des_heure": "18h30",
        },
        {"type": "supplement", "service": "linge", "nom": "Loin", "regle": "beyond", "prix": "6", "au_dela_km": "7,5"},
        {
            "type": "site",
            "service": "linge",
            "site": world.site.slug,
            "preavis_h": "24",
            "max_jour": "12",
            "jour_releve": "Mardi",
            "heure_releve": "12:00",
        },
        price_line("linge", "6", "2027-01-01"),
    )
    assert set(verdicts(world, found)) == {"new"}
    assert load(world, found) == 6
    made = Service.objects.get(code="linge")
    rows = Supplement.objects.filter(service=made).values_list(
        "name", "rule", "amount", "percent", "after", "beyond_km"
    )
    assert list(rows) == [
        ("Express", "chosen", Decimal("4.50"), None, None, None),
        ("Soir", "evening", None, Decimal(20), dt.time(18, 30), None),
        ("Loin", "beyond", Decimal(6), None, None, Decimal("7.5")),
    ]
    terms = ServiceAtSite.objects.get(service=made)
    assert (terms.site, terms.is_offered, terms.lead_time_hours, terms.cut_off, terms.max_per_day) == (
        world.site,
        True,
        24,
        None,
        12,
    )
    assert (terms.weekly_cut_off_day, terms.weekly_cut_off_time) == (1, dt.time(12))
    assert chain(service=made) == [(Decimal(6), "2027-01-01", None)]
    again = kept(
        world, {"type": "site", "service": "linge", "site": world.site.slug, "actif": "non", "preavis_h": "24"}
    )
    assert (verdicts(world, again), load(world, again)) == (["changed"], 1)
    terms.refresh_from_db()
    assert (terms.is_offered, terms.max_per_day, terms.weekly_cut_off_day) == (False, None, None)


@pytest.mark.promise("domain R1")
def test_what_is_exported_comes_back_the_same(world: World) -> None:
    by = world.actor("site_manager")
    supplement = {"name": "Soir", "rule": "evening", "percent": Decimal("12.50"), "after": dt.time(18)}
    Supplement.objects.create(organisation=world.organisation, service=world.cobbler, **supplement)
    set_price(world.cobbler, Decimal("20.5"), valid_from=TODAY, today=TODAY, by=by)
    set_price(world.ironing, Decimal("3.3"), valid_from=TODAY, today=TODAY, by=by, item=world.shirt)
    set_price(world.ironing, Decimal(1), valid_from=TODAY, today=TODAY, by=by, option=world.ironing.options.get())
    ServiceAtSite.objects.filter(service=world.cobbler).update(
        cut_off=dt.time(17), weekly_cut_off_day=6, weekly_cut_off_time=dt.time(8, 30)
    )
    exported = catalogue_rows(world.organisation)
    for content in (write_csv(exported), write_xlsx(exported)):
        found = keep_import(world.organisation, read_catalogue(content), file_name="x", by=by)
        assert verdicts(world, found) == ["same"] * (len(exported) - 1)
        assert load(world, found) == 0


@pytest.mark.promise("S08", "domain R1")
@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ({"type": "prix", "prix": "3"}, ("missing", "des_le")),
        ({"type": "prix", "prix": "3", "des_le": "demain"}, ("not_a_date", "des_le")),
        ({"type": "prix", "prix": "3", "des_le": "2026-02-30"}, ("not_a_date", "des_le")),
        ({"type": "prix", "prix": "3", "des_le": "9999-01-01"}, ("not_a_date", "des_le")),
        ({"type": "prix", "des_le": "2026-12-01"}, ("missing", "prix")),
        ({"type": "prix_option", "prix": "3", "des_le": "2026-12-01"}, ("missing", "nom")),
        (SUPPLEMENT, ("missing", "prix")),
        ({**SUPPLEMENT, "prix": "1", "pourcent": "2"}, ("not_both", "pourcent")),
        ({**SUPPLEMENT, "pourcent": "101"}, ("out_of_range", "pourcent")),
        ({**SUPPLEMENT, "pourcent": "0"}, ("out_of_range", "pourcent")),
        ({**SUPPLEMENT, "prix": "1", "regle": "evening"}, ("missing", "des_heure")),
        ({**SUPPLEMENT, "prix": "1", "regle": "beyond"}, ("missing", "au_dela_km")),
        ({**SUPPLEMENT, "prix": "1", "des_heure": "18:00"}, ("not_here", "des_heure")),
        ({**SUPPLEMENT, "prix": "1", "regle": "full moon"}, ("unknown", "regle")),
        ({"type": "site", "site": "lune"}, ("unknown", "site")),
        ({"type": "site"}, ("missing", "site")),
        ({**TERMS, "heure_limite": "25:00"}, ("not_a_time", "heure_limite")),
        ({**TERMS, "jour_releve": "mardi"}, ("missing", "heure_releve")),
        ({**TERMS, "heure_releve": "12:00"}, ("missing", "jour_releve")),
        (
            {**TERMS, "jour_releve": "tuesday", "heure_releve": "12:00"},
            ("unknown", "jour_releve"),
        ),
        ({**TERMS, "max_jour": "-1"}, ("formula", "max_jour")),
        ({**TERMS, "preavis_h": "99999"}, ("out_of_range", "preavis_h")),
    ],
)
def test_every_mistake_has_its_column(line: dict[str, str], problem: tuple[str, str]) -> None:
    read = read_line(2, {"service": "talons", **line}, KNOWN)
    assert [(one.code, one.column) for one in read.problems] == [problem]


@pytest.mark.promise("domain R1")
def test_what_has_no_place_in_the_catalogue_is_told_and_nothing_is_loaded(world: World) -> None:
    found = kept(
        world,
        price_line("repassage", "3", "2026-12-01"),
        price_line("repassage", "3", "2026-12-01", nom="Cravate"),
        price_line(world.cobbler.code, "3", "2026-11-22"),
        price_line(world.cobbler.code, "3", "2026-12-01"),
        price_line(world.cobbler.code, "4", "01/12/2026"),
        {"type": "prix_option", "service": "repassage", "nom": "Chemise", "prix": "3", "des_le": "2026-12-01"},
    )
    assert verdicts(world, found) == [
        [("no_price_here", "prix")],
        [("unknown", "nom")],
        [("past", "des_le")],
        [("twice", "des_le")],
        [("twice", "des_le")],
        [("unknown", "nom")],
    ]
    with pytest.raises(LinesWrong):
        load(world, found)
    assert DatedPrice.objects.count() == 0


@pytest.mark.promise("S02", "domain R1")
def test_a_manager_changes_the_terms_of_their_own_sites_only(world: World) -> None:
    at = {"street": "1 rue", "postcode": "21200", "city": "Beaune", "latitude": Decimal(47), "longitude": Decimal(5)}
    far = Site.objects.create(organisation=world.organisation, name="Loin", slug="loin", **at)
    user = world.users["site_manager"]
    by = Actor("user", world.organisation, user=user, roles={"site_manager": frozenset({far.pk})})
    terms = {"type": "site", "service": world.cobbler.code, "preavis_h": "48"}
    found = kept(world, {**terms, "site": world.site.slug}, {**terms, "site": "loin"}, by=by)
    assert verdicts(world, found, by) == [[("not_yours", "site")], "new"]
    unchanged = [row for row in catalogue_rows(world.organisation) if row[0] == "site"]
    exported = keep_import(
        world.organisation, read_catalogue(write_csv([list(COLUMNS), *unchanged])), file_name="x", by=by
    )
    assert set(verdicts(world, exported, by)) == {"same"}


@pytest.mark.promise("domain R1")
def test_whoever_has_the_service_open_is_told_that_it_changed(world: World) -> None:
    before = dict(Service.objects.values_list("code", "version"))
    load(world, kept(world, {"type": "article", "service": "repassage", "nom": "Drap", "prix": "4"}))
    after = dict(Service.objects.values_list("code", "version"))
    assert after == {**before, "repassage": before["repassage"] + 1}
    assert PriceItem.objects.get(name="Drap").unit_price == 4
