"""A catalogue file: 10,000 lines of which 37 are wrong, files that lie, and the way out and in again."""

from __future__ import annotations

import csv
import io
import re
import time
import zipfile
from decimal import Decimal
from typing import Any

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser

from bookings.actions.exports import catalogue_rows
from bookings.actions.imports import judge_import, keep_import, load_import
from bookings.gateways.files import BadFile, read_catalogue, write_csv, write_xlsx
from bookings.models import CatalogueImport, PriceItem, Service
from bookings.rules.imports import COLUMNS, Known, is_risky, read_line, safe
from concierge.models import Event
from tests.bookings.test_price_modes import offer
from tests.world import World

pytestmark = [pytest.mark.django_db]
UPLOAD = "/catalogue/import/"
KNOWN = Known({"repassage"}, {"standard"}, {"talons"}, {"own_team"}, {"desk", "home"})


def csv_of(*lines: dict[str, str]) -> bytes:
    return write_csv([list(COLUMNS), *([line.get(column, "") for column in COLUMNS] for line in lines)])


def service_line(code: str, **changes: str) -> dict[str, str]:
    return {"service": code, "nom": code.title(), "categorie": "repassage", "prix": "3,00", **changes}


@pytest.fixture
def manager(world: World, client: Browser) -> Browser:
    client.force_login(world.users["site_manager"])
    return client


def send(browser: Browser, content: bytes, name: str = "catalogue.csv") -> Any:
    return browser.post(UPLOAD, {"file": SimpleUploadedFile(name, content)})


def text(answer: Any, status: int = 200) -> str:
    page = str(answer.content.decode())
    assert answer.status_code == status, page
    return page


@pytest.mark.promise("domain R1")
def test_of_ten_thousand_lines_thirty_seven_are_wrong_and_nothing_is_loaded_unless_asked(
    world: World, manager: Browser
) -> None:
    wrong = {number * 270 for number in range(1, 38)}
    lines = [
        service_line(f"service-{number}", **({"prix": "gratuit"} if number in wrong else {}))
        for number in range(10_000)
    ]
    before = Service.objects.count()
    began = time.perf_counter()
    answer = send(manager, csv_of(*lines))
    assert answer.status_code == 302
    page = text(manager.get(answer["Location"]))
    found = CatalogueImport.objects.get()
    assert (len(found.rows), Service.objects.count()) == (10_000, before)
    told = re.findall(r'<th scope="row" class="num">(\d+)</th>', page)
    assert [int(number) for number in told] == [number + 2 for number in sorted(wrong)]
    assert page.count("Ce n’est pas un nombre.") == 37
    assert "37" in page and "prix" in page
    refused = manager.post(f"{answer['Location']}charger/")
    assert (refused.status_code, Service.objects.count()) == (409, before)
    loaded = manager.post(f"{answer['Location']}charger/", {"only_good": "1"})
    took = time.perf_counter() - began
    assert (loaded.status_code, Service.objects.count()) == (302, before + 9_963)
    assert Event.objects.get(name="catalogue.imported").data["lines"] == 9_963
    again = manager.post(f"{answer['Location']}charger/", {"only_good": "1"})
    assert (again.status_code, Service.objects.count()) == (409, before + 9_963)
    assert took < 60


@pytest.mark.promise("domain R1")
def test_a_file_adds_changes_and_leaves_alone(world: World, manager: Browser) -> None:
    content = csv_of(
        service_line("linge", mode="per_unit", prix="4,90", unite="kg", pas="0,05", nom_en="Laundry"),
        {"type": "article", "service": "repassage", "nom": "Chemise", "nom_en": "Shirt", "prix": "3,20"},
        {"type": "article", "service": "repassage", "nom": "Drap", "prix": "4"},
        {"type": "option", "service": "linge", "nom": "Express", "prix": "2"},
        {"type": "article", "service": "repassage", "nom": "Pantalon", "nom_en": "Trousers", "prix": "4,00"},
    )
    address = send(manager, content)["Location"]
    page = text(manager.get(address))
    counts = re.findall(r'class="count">(\d+)<', page)
    assert counts == ["0", "3", "1", "1"]
    assert manager.post(f"{address}charger/").status_code == 302
    made = Service.objects.get(code="linge")
    assert (made.unit_price, made.unit, made.quantity_step) == (Decimal("4.90"), "kg", Decimal("0.050"))
    assert list(made.options.values_list("name", "unit_price")) == [("Express", Decimal(2))]
    prices = dict(world.ironing.price_items.values_list("name", "unit_price"))
    assert prices == {"Chemise": Decimal("3.20"), "Pantalon": Decimal("4.00"), "Drap": Decimal("4.00")}
    assert PriceItem.objects.get(pk=world.shirt.pk).unit_price == Decimal("3.20")


@pytest.mark.promise("S08", "S25")
@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"prix": "-1"}, ("formula", "prix")),
        ({"prix": "0,001"}, ("out_of_range", "prix")),
        ({"prix": "1e308"}, ("out_of_range", "prix")),
        ({"prix": "NaN"}, ("not_a_number", "prix")),
        ({"prix": "３"}, ("not_a_number", "prix")),
        ({"prix": ""}, ("missing", "prix")),
        ({"prix": "1,2,3"}, ("not_a_number", "prix")),
        ({"nom": "=cmd|' /C calc'!A0"}, ("formula", "nom")),
        ({"nom": "＝1+1"}, ("formula", "nom")),
        ({"nom": "a\x07b"}, ("control", "nom")),
        ({"nom": ""}, ("missing", "nom")),
        ({"nom": "x" * 121}, ("too_long", "nom")),
        ({"service": "A B"}, ("bad_code", "service")),
        ({"service": ""}, ("missing", "service")),
        ({"type": "gold", "service": "talons"}, ("unknown", "type")),
        ({"type": "article", "service": "inconnu"}, ("unknown", "service")),
        ({"categorie": "nulle"}, ("unknown", "categorie")),
        ({"categorie": ""}, ("missing", "categorie")),
        ({"mode": "gold", "prix": ""}, ("unknown", "mode")),
        ({"mode": "on_quote"}, ("no_price_here", "prix")),
        ({"mode": "per_unit"}, ("missing", "unite")),
        ({"tva": "none"}, ("unknown", "tva")),
        ({"lieu": "lune"}, ("unknown", "lieu")),
        ({"duree_min": "4"}, ("out_of_range", "duree_min")),
        ({"duree_min": "30,5"}, ("out_of_range", "duree_min")),
        ({"actif": "peut-être"}, ("unknown", "actif")),
    ],
)
def test_every_mistake_has_its_column(changes: dict[str, str], problem: tuple[str, str]) -> None:
    line = read_line(2, service_line("linge", **changes), KNOWN)
    assert [(one.code, one.column) for one in line.problems] == [problem]


def test_a_line_twice_and_an_orphan_are_told(world: World) -> None:
    rows = read_catalogue(
        csv_of(
            service_line("a"),
            service_line("a"),
            service_line("b", prix="x"),
            {"type": "article", "service": "b", "nom": "Chemise", "prix": "3"},
        )
    )
    by = world.actor("site_manager")
    found = keep_import(world.organisation, rows, file_name="x", by=by)
    told = [[(p.code, p.column) for p in one.line.problems] for one in judge_import(found, by=by)]
    assert told == [
        [("twice", "service")],
        [("twice", "service")],
        [("not_a_number", "prix")],
        [("service_wrong", "service")],
    ]


def xlsx(*rows: tuple[Any, ...]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                sheet.write(number, column, cell)
    return out.getvalue()


@pytest.mark.promise("S25")
def test_a_formula_in_a_spreadsheet_is_told_with_its_column(world: World) -> None:
    rows = read_catalogue(
        xlsx(("service", "nom", "categorie", "prix"), ("cles", "Clés", "repassage", "=1+2"), ("a", "A", "repassage", 7))
    )
    by = world.actor("site_manager")
    found = keep_import(world.organisation, rows, file_name="x", by=by)
    judged = judge_import(found, by=by)
    assert [[(p.code, p.column) for p in one.line.problems] for one in judged] == [[("formula", "prix")], []]
    assert judged[1].line.fields["unit_price"] == Decimal(7)


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 100_000_000)
    return out.getvalue()


def many_parts() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(600):
            archive.writestr(f"part{number}", b"x")
    return out.getvalue()


def sheets(*parts: tuple[str, bytes], target: str = "worksheets/sheet1.xml") -> bytes:
    """A workbook with one sheet, written by hand."""
    link = f'<Relationships><Relationship Id="r1" Type="x/worksheet" Target="{target}"/></Relationships>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", b'<workbook><sheets><sheet name="A" id="r1"/></sheets></workbook>')
        archive.writestr("xl/_rels/workbook.xml.rels", link)
        for name, content in parts:
            archive.writestr(name, content)
    return out.getvalue()


def declares_an_entity() -> bytes:
    return sheets(("xl/worksheets/sheet1.xml", b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'))


def far_cell(place: str, part: str = "xl/worksheets/sheet1.xml") -> tuple[str, bytes]:
    return part, f'<worksheet><sheetData><row><c r="{place}"><v>1</v></c></row></sheetData></worksheet>'.encode()


@pytest.mark.promise("S26")
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (sheets(far_cell("xfd1048576")), "unreadable"),
        (sheets(far_cell("XFD01048576")), "unreadable"),
        (sheets(far_cell("XFD&#49;048576")), "bomb"),
        (sheets(far_cell("A1"), far_cell("XFD1048576", "xl/odd/a-b.data"), target="odd/a-b.data"), "bomb"),
        (sheets(far_cell("A1"), far_cell("XFD1048576", "xl/WORKSHEETS/sheet1.xml")), "unreadable"),
        (sheets(far_cell("A1"), target="worksheets/none.xml"), "unreadable"),
        (sheets(("xl/worksheets/sheet1.xml", b"<worksheet><row r='x'/></worksheet>")), "unreadable"),
    ],
)
def test_a_far_cell_is_found_however_it_is_written(content: bytes, reason: str) -> None:
    with pytest.raises(BadFile) as refusal:
        read_catalogue(content)
    assert refusal.value.details["reason"] == reason


@pytest.mark.promise("S26", "S27")
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b" ", "empty"),
        (b"x" * 5_000_001, "too_big"),
        ("service;nom;prix\ncafé;Café;3".encode("cp1252"), "encoding"),
        ("service;nom\n".encode("utf-16"), "encoding"),
        (b"GIF89a\x00\x01", "unknown_type"),
        (b"nom;prix\nA;3\n", "no_header"),
        (b"service;nom;nom\na;A;A\n", "no_header"),
        (b'service;nom\n"a;A\n', "quotes"),
        (b"service;nom\n" + b"a;A\n" * 20_001, "too_long"),
        (b"PK\x03\x04 no zip", "unreadable"),
        (xlsx(("service", "nom"))[:-200], "unreadable"),
    ],
)
def test_a_file_that_lies_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(BadFile) as refusal:
        read_catalogue(content)
    assert (refusal.value.status, refusal.value.details["reason"]) == (400, reason)


@pytest.mark.promise("S26", "S27")
@pytest.mark.parametrize(("make", "reason"), [(bomb, "bomb"), (many_parts, "bomb"), (declares_an_entity, "bomb")])
def test_a_bomb_is_refused_before_it_unpacks(make: Any, reason: str) -> None:
    content = make()
    began = time.perf_counter()
    with pytest.raises(BadFile) as refusal:
        read_catalogue(content)
    assert (refusal.value.details["reason"], time.perf_counter() - began < 2) == (reason, True)


def corner(place: str) -> bytes:
    """An honest little table, and one value far out: loading it would make room for all between."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row("A1", ["service", "nom"])
        sheet.write_row("A2", ["cles", "Clés"])
        sheet.write(place, 1)
    return out.getvalue()


@pytest.mark.promise("S26")
@pytest.mark.parametrize("place", ["XFD1048576", "A1048576", "XFD1", "CW2"])
def test_a_value_in_the_far_corner_is_refused_before_the_sheet_is_loaded(place: str) -> None:
    with pytest.raises(BadFile) as refusal:
        read_catalogue(corner(place))
    assert refusal.value.details["reason"] == "bomb"


@pytest.mark.promise("S26")
def test_an_empty_cell_far_out_does_no_harm() -> None:
    """Office programs leave formats behind."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row("A1", ["service", "nom"])
        sheet.write_row("A2", ["cles", "Clés"])
        sheet.write_blank("XFD1048576", None, book.add_format({"bold": True}))
    assert [row[1] for row in read_catalogue(out.getvalue())] == [{"service": "cles", "nom": "Clés"}]


def damaged() -> bytes:
    content = bytearray(xlsx(("service", "nom"), *[(f"code{n}", f"Nom {n}") for n in range(200)]))
    with zipfile.ZipFile(io.BytesIO(bytes(content))) as archive:
        part = archive.getinfo("xl/worksheets/sheet1.xml")
    begins = part.header_offset + 30 + len(part.filename)
    content[begins : begins + 40] = b"\xff" * 40
    return bytes(content)


def protected() -> bytes:
    content = bytearray(xlsx(("service", "nom")))
    with zipfile.ZipFile(io.BytesIO(bytes(content))) as archive:
        offsets = [part.header_offset for part in archive.infolist()]
    for offset in offsets:
        content[offset + 6] |= 1
    at = 0
    while (at := content.find(b"PK\x01\x02", at)) >= 0:
        content[at + 8] |= 1
        at += 4
    return bytes(content)


@pytest.mark.promise("S26")
@pytest.mark.parametrize("make", [damaged, protected])
def test_a_damaged_or_protected_file_is_told_on_the_page(world: World, manager: Browser, make: Any) -> None:
    answer = manager.post(UPLOAD, {"file": SimpleUploadedFile("catalogue.xlsx", make())})
    assert "fichier XLSX" in text(answer, 422)


@pytest.mark.promise("S26")
def test_the_page_says_what_is_wrong_with_a_file(world: World, manager: Browser) -> None:
    page = text(send(manager, "service;nom\ncafé;Café".encode("cp1252")), 422)
    assert "UTF-8" in page
    assert text(manager.post(UPLOAD, {}), 422)
    assert CatalogueImport.objects.count() == 0
    assert manager.get(f"{UPLOAD}{world.site.public_id}/").status_code == 404


@pytest.mark.promise("S25")
@pytest.mark.parametrize("name", ["=1+1", "+33", "-5", "@SUM", "\tx", "\rx", "＝1", " =1", ";=1"])
def test_what_is_exported_runs_nowhere_and_comes_back_the_same(world: World, name: str) -> None:
    assert (is_risky(name), safe(name)) == (True, f"'{name}")
    shown = name.strip()
    offer(world, "risque", "on_quote")  # type: ignore[arg-type]  # a value of the enumeration
    Service.objects.filter(code="risque").update(name=shown)
    exported = catalogue_rows(world.organisation)
    by = world.actor("site_manager")
    written = csv.reader(io.StringIO(write_csv(exported).decode("utf-8-sig")), delimiter=";")
    assert [cell for row in written for cell in row if is_risky(cell)] == []
    for content in (write_csv(exported), write_xlsx(exported)):
        found = keep_import(world.organisation, read_catalogue(content), file_name="x", by=by)
        assert {one.verdict for one in judge_import(found, by=by)} == {"same"}
        assert load_import(found, only_good=False, by=by) == 0


def test_templates_and_exports_are_downloads(world: World, manager: Browser, client: Browser) -> None:
    for what in ("modele", "catalogue"):
        for kind in ("csv", "xlsx"):
            answer = manager.get(f"/catalogue/fichiers/{what}.{kind}")
            assert (answer.status_code, answer["Content-Disposition"]) == (
                200,
                f'attachment; filename="{what}.{kind}"',
            )
            assert len(read_catalogue(answer.content)) == (0 if what == "modele" else 7)
    assert manager.get("/catalogue/fichiers/modele.exe").status_code == 404
    assert manager.get("/catalogue/fichiers/secrets.csv").status_code == 404


@pytest.mark.promise("S01")
def test_only_editors_import(world: World, client: Browser) -> None:
    for role in ("concierge", "dispatcher", "accountant", "trainee"):
        client.force_login(world.users[role])
        assert (client.get(UPLOAD).status_code, send(client, csv_of(service_line("a"))).status_code) == (403, 403)
    assert CatalogueImport.objects.count() == 0
