"""The team's catalogue pages: reading, editing, previewing; two editors; files that are no areas."""

from __future__ import annotations

import datetime as dt
import json
import re
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser

from bookings.enums import PriceMode
from bookings.models import PriceItem, ServedArea, Service, ServiceAtSite, Supplement
from concierge.models import Event
from tests.bookings.test_price_modes import offer
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
HOME = "/catalogue/"


@pytest.fixture
def manager(world: World, client: Browser) -> Browser:
    client.force_login(world.users["site_manager"])
    return client


def page_of(service: Service, part: str = "") -> str:
    return f"{HOME}{service.public_id}/{part}"


def fields_of(service: Service, **changes: Any) -> dict[str, Any]:
    """What the page of a service sends."""
    names = [
        "code",
        "name",
        "name_en",
        "description",
        "description_en",
        "pictogram",
        "price_mode",
        "unit_price",
        "unit",
        "quantity_step",
        "smallest_quantity",
        "max_quantity",
        "vat_code",
        "execution",
        "place",
        "duration_minutes",
        "turnaround_hours",
        "skill_code",
        "clearances",
    ]
    service.refresh_from_db()
    sent = {name: getattr(service, name) for name in names}
    sent = {name: "" if value is None else value for name, value in sent.items()}
    return {**sent, "category": service.category_id, "is_active": "on", "version": service.version, **changes}


def text(answer: Any, status: int = 200) -> str:
    page = str(answer.content.decode())
    assert answer.status_code == status, page
    return page


@pytest.mark.promise("domain R1")
def test_the_list_finds_and_filters(world: World, manager: Browser) -> None:
    offer(world, "jardin", PriceMode.ON_QUOTE)
    Service.objects.filter(pk=world.cobbler.pk).update(is_active=False)

    def codes(**query: Any) -> list[str]:
        return re.findall(r'cell-note">([a-z-]+)<', text(manager.get(HOME, query)))

    assert codes() == ["repassage", "jardin", "talons"]
    assert codes(q="TALON") == ["talons"]
    assert codes(state="off") == ["talons"]
    assert codes(mode="on_quote") == ["jardin"]
    assert codes(site=str(world.site.public_id), state="active") == ["repassage", "jardin"]
    assert codes(category=str(world.ironing.category.public_id)) == ["repassage", "jardin"]
    assert codes(q="rien de tel") == []
    assert codes(category="x", site="x\x00", mode="gold", page="-7") == ["repassage", "jardin", "talons"]


def test_the_list_asks_the_database_as_often_for_three_as_for_one(world: World, manager: Browser) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for code in ("", "b", "c", "d"):
        if code:
            offer(world, code, PriceMode.FIXED, "3.00")
        with CaptureQueriesContext(
            connection,
        ) as asked:
            manager.get(HOME)
        counts.append(len(asked))
    assert counts[1] == counts[3]


@pytest.mark.promise("domain R25")
def test_a_service_says_which_trade_and_which_clearances_it_asks_for(world: World, manager: Browser) -> None:
    for wrong in ({"skill_code": "Z9999"}, {"skill_code": "repassage"}, {"clearances": ["pilot"]}):
        text(manager.post(page_of(world.ironing), fields_of(world.ironing, **wrong)), 422)
    asked = {"skill_code": " d1205", "clearances": ["driving_b", "first_aid"]}
    assert manager.post(page_of(world.ironing), fields_of(world.ironing, **asked)).status_code == 302
    service = Service.objects.get(pk=world.ironing.pk)
    assert (service.skill_code, service.clearances) == ("D1205", ["driving_b", "first_aid"])
    assert manager.post(page_of(world.ironing), fields_of(world.ironing, clearances=[])).status_code == 302
    assert Service.objects.get(pk=world.ironing.pk).clearances == []


@pytest.mark.promise("domain R1")
def test_a_manager_changes_a_service_into_one_by_weight(world: World, manager: Browser) -> None:
    changes = {"price_mode": "per_unit", "unit_price": "4.90", "unit": "kg", "quantity_step": "0.05", "name": "Linge"}
    assert manager.post(page_of(world.ironing), fields_of(world.ironing, **changes)).status_code == 302
    service = Service.objects.get(pk=world.ironing.pk)
    assert (service.name, service.unit_price, service.unit, service.version) == ("Linge", Decimal("4.90"), "kg", 2)
    assert Event.objects.filter(name="service.changed").get().data["changed"] == [
        "name",
        "price_mode",
        "quantity_step",
        "unit",
        "unit_price",
    ]


@pytest.mark.promise("S08")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"unit_price": "-1"}, "unit_price"),
        ({"unit_price": "NaN"}, "unit_price"),
        ({"unit_price": "1e9"}, "unit_price"),
        ({"unit_price": ""}, ""),
        ({"price_mode": "per_unit"}, ""),
        ({"price_mode": "gold"}, "price_mode"),
        ({"max_quantity": "0"}, ""),
        ({"smallest_quantity": "31"}, ""),
        ({"duration_minutes": "1"}, ""),
        ({"code": "repassage"}, ""),
        ({"code": "a b"}, "code"),
        ({"name": ""}, "name"),
        ({"category": "999999"}, "category"),
        ({"vat_code": "none"}, "vat_code"),
        ({"name": "x" * 121}, "name"),
    ],
)
def test_a_mistake_is_said_and_changes_nothing(
    world: World, manager: Browser, changes: dict[str, str], field: str
) -> None:
    before = Service.objects.filter(pk=world.cobbler.pk).values().get()
    sent = fields_of(world.cobbler, description="Tapé avec soin", **changes)
    page = text(manager.post(page_of(world.cobbler), sent), 422)
    assert Service.objects.filter(pk=world.cobbler.pk).values().get() == before
    assert ("Tapé avec soin" in page, "error-summary" in page) == (True, True)
    if field:
        assert f'id="id_{field}_error"' in page


@pytest.mark.promise("R44")
def test_two_editors_do_not_overwrite_each_other(world: World, manager: Browser) -> None:
    mine, theirs = fields_of(world.cobbler, name="Talons neufs"), fields_of(world.cobbler, unit_price="19.00")
    assert manager.post(page_of(world.cobbler), theirs).status_code == 302
    page = text(manager.post(page_of(world.cobbler), mine), 412)
    assert ("Talons neufs" in page, "modifié" in page) == (True, True)
    service = Service.objects.get(pk=world.cobbler.pk)
    assert (service.name, service.unit_price) == ("Pose de talons", Decimal("19.00"))
    for nonsense in ("", "-1", "abc", "1e9", "９", str(10**30)):
        assert manager.post(page_of(world.cobbler), {**mine, "version": nonsense}).status_code == 412


def grid_of(service: Service, part: str, rows: list[dict[str, Any]], initial: int) -> dict[str, Any]:
    sent: dict[str, Any] = {
        "version": service.version,
        f"{part}-TOTAL_FORMS": len(rows),
        f"{part}-INITIAL_FORMS": initial,
    }
    for position, row in enumerate(rows):
        sent |= {f"{part}-{position}-{name}": value for name, value in row.items()}
    return sent


@pytest.mark.promise("domain R1")
def test_the_grid_gets_a_row_and_a_price(world: World, manager: Browser) -> None:
    shirt, trousers = world.ironing.price_items.all()
    rows: list[dict[str, Any]] = [
        {"id": shirt.pk, "name": "Chemise", "unit_price": "3.20", "is_active": "on"},
        {"id": trousers.pk, "name": "Pantalon", "unit_price": "4.00"},
        {"id": "", "name": "Robe", "name_en": "Dress", "unit_price": "5.50", "is_active": "on"},
        {"id": "", "name": "", "unit_price": "", "is_active": "on"},
    ]
    answer = manager.post(page_of(world.ironing, "tarifs/"), grid_of(world.ironing, "tarifs", rows, 2))
    assert answer.status_code == 302, answer.content.decode()
    found = list(world.ironing.price_items.values_list("name", "unit_price", "is_active"))
    assert found == [
        ("Chemise", Decimal("3.20"), True),
        ("Pantalon", Decimal("4.00"), False),
        ("Robe", Decimal("5.50"), True),
    ]
    assert manager.post(page_of(world.ironing, "tarifs/"), {}).status_code == 422
    stale = manager.post(page_of(world.ironing, "tarifs/"), grid_of(world.ironing, "tarifs", rows[:2], 2))
    assert (stale.status_code, PriceItem.objects.count()) == (412, 3)


@pytest.mark.parametrize(
    "row",
    [
        {"name": "Express", "rule": "chosen"},
        {"name": "Express", "rule": "chosen", "amount": "1", "percent": "1"},
        {"name": "Express", "rule": "chosen", "amount": "-1"},
        {"name": "Soir", "rule": "evening", "percent": "10"},
        {"name": "Loin", "rule": "beyond", "percent": "10"},
        {"name": "Nuit", "rule": "night", "percent": "10"},
        {"name": "Soir", "rule": "evening", "percent": "10", "after": "25:00"},
    ],
)
def test_half_a_supplement_is_refused_in_words(world: World, manager: Browser, row: dict[str, str]) -> None:
    sent = grid_of(world.cobbler, "supplements", [{"id": "", "is_active": "on", **row}], 0)
    page = text(manager.post(page_of(world.cobbler, "supplements/"), sent), 422)
    assert (f'value="{row["name"]}"' in page, Supplement.objects.count()) == (True, 0)


def test_supplements_are_written(world: World, manager: Browser) -> None:
    rows: list[dict[str, Any]] = [
        {"id": "", "name": "Express", "rule": "chosen", "percent": "30", "is_active": "on"},
        {"id": "", "name": "Soir", "rule": "evening", "amount": "6", "after": "18:00", "is_active": "on"},
    ]
    sent = grid_of(world.cobbler, "supplements", rows, 0)
    assert manager.post(page_of(world.cobbler, "supplements/"), sent).status_code == 302
    found = world.cobbler.supplements.values_list("name", "rule", "percent", "amount", "after")
    assert list(found) == [
        ("Express", "chosen", Decimal(30), None, None),
        ("Soir", "evening", None, Decimal(6), dt.time(18)),
    ]


@pytest.mark.promise("domain R1")
def test_a_price_is_planned_previewed_and_taken_back(world: World, manager: Browser) -> None:
    sent = {"thing": str(world.shirt.public_id), "price": "3.50", "valid_from": "2026-12-01"}
    assert manager.post(page_of(world.ironing, "prix/"), sent).status_code == 302

    def seen(day: str) -> bool:
        query = {"site": str(world.site.public_id), "on": day}
        return "3,50" in text(manager.get(page_of(world.ironing, "apercu/"), query))

    assert (seen("2026-11-30"), seen("2026-12-01")) == (False, True)
    row = world.ironing.dated_prices.get()
    assert "3,50" in text(manager.get(page_of(world.ironing)))
    back = page_of(world.ironing, f"prix/{row.public_id}/retirer/")
    assert manager.post(back).status_code == 302
    assert (seen("2026-12-01"), world.ironing.dated_prices.count()) == (False, 0)
    assert manager.post(back).status_code == 404
    for wrong in (
        {"valid_from": "2026-11-22"},
        {"valid_from": "demain"},
        {"price": "-1"},
        {"price": "NaN"},
        {"thing": "x"},
    ):
        assert manager.post(page_of(world.ironing, "prix/"), {**sent, **wrong}).status_code == 422
    assert world.ironing.dated_prices.count() == 0


@pytest.mark.promise("domain R1")
def test_the_preview_says_why_a_client_sees_nothing(world: World, manager: Browser) -> None:
    query = {"site": str(world.site.public_id), "on": "2026-11-24"}
    page = text(manager.get(page_of(world.cobbler, "apercu/"), query))
    assert ("18,00" in page, "Mardi 24 novembre" in page, "arrêté" in page) == (True, True, False)
    Service.objects.filter(pk=world.cobbler.pk).update(is_active=False)
    ServiceAtSite.objects.filter(service=world.cobbler).update(is_offered=False)
    page = text(manager.get(page_of(world.cobbler, "apercu/"), query))
    assert ("Ce service est arrêté." in page, "Ce site ne propose pas ce service." in page) == (True, True)
    assert "Aucun taux de TVA" in text(manager.get(page_of(world.cobbler, "apercu/"), {**query, "on": "2001-01-01"}))
    for wrong in ({"on": "x"}, {"on": "9999-12-31"}, {"site": "x"}, {"site": "\x00"}):
        assert manager.get(page_of(world.cobbler, "apercu/"), {**query, **wrong}).status_code == 422


@pytest.mark.promise("domain R1")
def test_a_site_sets_its_terms(world: World, manager: Browser) -> None:
    address = page_of(world.cobbler, f"sites/{world.site.slug}/")
    sent = {
        "is_offered": "on",
        "lead_time_hours": "24",
        "weekly_cut_off_day": "1",
        "weekly_cut_off_time": "12:00",
        "max_per_day": "5",
        "version": 1,
    }
    assert manager.post(address, sent).status_code == 302
    row = ServiceAtSite.objects.get(service=world.cobbler)
    assert (row.lead_time_hours, row.weekly_cut_off_day, row.weekly_cut_off_time, row.max_per_day) == (
        24,
        1,
        dt.time(12),
        5,
    )
    assert manager.post(address, sent).status_code == 412
    for wrong in (
        {"weekly_cut_off_time": ""},
        {"max_per_day": "-1"},
        {"lead_time_hours": ""},
        {"lead_time_hours": "1e9"},
    ):
        assert manager.post(address, {**sent, "version": 2, **wrong}).status_code == 422


SQUARE = [[5.0, 47.3], [5.1, 47.3], [5.1, 47.4], [5.0, 47.4], [5.0, 47.3]]
BOW = [[5.0, 47.3], [5.1, 47.4], [5.1, 47.3], [5.0, 47.4], [5.0, 47.3]]


def geojson(ring: Any) -> SimpleUploadedFile:
    return SimpleUploadedFile("zone.geojson", json.dumps({"type": "Polygon", "coordinates": [ring]}).encode())


@pytest.mark.promise("domain R1", "S26")
def test_areas_are_added_and_taken_away(world: World, manager: Browser) -> None:
    address = f"{HOME}zones/{world.site.slug}/"
    for sent in (
        {"kind": "commune", "name": "Chenôve", "postcode": "21300", "insee": "21166"},
        {"kind": "radius", "radius_km": "12.5"},
        {"kind": "polygon", "name": "Centre", "file": geojson(SQUARE)},
    ):
        assert manager.post(address, sent).status_code == 302
    kinds = list(ServedArea.objects.values_list("kind", flat=True))
    assert kinds == ["commune", "polygon", "radius"]
    for wrong, said in (
        ({"kind": "polygon", "file": geojson(BOW)}, "se croise"),
        ({"kind": "polygon", "file": geojson(SQUARE[:-1])}, "pas fermé"),
        ({"kind": "polygon", "file": geojson([[400, 1], [1, 1], [1, 2], [400, 1]])}, "Terre"),
        ({"kind": "polygon", "file": SimpleUploadedFile("x", b"\x00" * 1_000_002)}, "trop gros"),
        ({"kind": "polygon", "file": SimpleUploadedFile("x", b"GIF89a")}, "GeoJSON"),
        ({"kind": "polygon"}, "GeoJSON"),
        ({"kind": "commune", "postcode": "2100"}, "cinq chiffres"),
        ({"kind": "commune", "postcode": "21300", "name": "Chenôve"}, "déjà"),
        ({"kind": "commune", "postcode": "21000", "insee": "2X"}, "INSEE"),
        ({"kind": "radius"}, "200"),
        ({"kind": "radius", "radius_km": "500"}, "200"),
        ({"kind": "galaxy"}, "galaxy"),
    ):
        assert said in text(manager.post(address, wrong), 422), wrong
    assert ServedArea.objects.count() == 3
    for area in ServedArea.objects.all():
        assert manager.post(f"{address}{area.pk}/retirer/").status_code == 302
    assert ServedArea.objects.count() == 0


@pytest.mark.promise("S01")
def test_readers_read_and_others_do_not(world: World, client: Browser) -> None:
    sent = fields_of(world.cobbler, name="Autre")
    for role, reads in (("concierge", 200), ("dispatcher", 200), ("accountant", 403), ("trainee", 403)):
        client.force_login(world.users[role])
        assert (client.get(HOME).status_code, client.get(page_of(world.cobbler)).status_code) == (reads, reads)
        assert client.post(page_of(world.cobbler), sent).status_code == 403
        assert client.post(f"{HOME}zones/{world.site.slug}/", {"kind": "radius", "radius_km": 5}).status_code == 403
    assert Service.objects.get(pk=world.cobbler.pk).name == "Pose de talons"


def test_the_team_chooses_from_where_it_stands(world: World, manager: Browser) -> None:
    """Not in the words of clients, who read “Chez vous”."""
    for address in (f"{HOME}nouveau/", page_of(world.cobbler)):
        page = manager.get(address, headers={"accept-language": "fr"}).content.decode()
        assert (page.count("À domicile</option>"), page.count("Chez vous")) == (1, 0)


def test_a_new_service_is_offered_nowhere_yet(world: World, manager: Browser) -> None:
    sent = fields_of(world.cobbler, code="cles", name="Double de clés", unit_price="7.00")
    assert manager.post(f"{HOME}nouveau/", sent).status_code == 302
    made = Service.objects.get(code="cles")
    assert (made.unit_price, made.at_sites.count()) == (Decimal("7.00"), 0)
    assert manager.post(f"{HOME}nouveau/", sent).status_code == 422
