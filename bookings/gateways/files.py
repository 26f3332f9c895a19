"""Documents drawn from what was sealed, and spreadsheet files, in and out: nothing that somebody sends
is trusted, nothing that we write can run (S25-S27)."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any
from xml.parsers import expat
from zoneinfo import ZoneInfo

import xlsxwriter
from django.utils.translation import gettext_lazy as _
from python_calamine import CalamineError, CalamineWorkbook

from bookings.models import QuoteDocument
from bookings.models.quotes import acceptance_of
from bookings.rules.imports import COLUMNS, safe
from concierge.documents import DocumentRenderFailed, render_pdf
from concierge.errors import Invalid

MOST_BYTES, MOST_ROWS = 5_000_000, 20_000
# Of a spreadsheet unpacked: how much, how many parts, how much tighter than it may honestly be.
MOST_UNPACKED, MOST_PARTS, MOST_RATIO = 60_000_000, 500, 150
LONGEST_CELL = 2_000
MOST_COLUMNS = 100
PLACE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})\Z")
WORKBOOK, RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"

# What a damaged, protected or foreign file makes the readers say.
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
    CalamineError,
    ValueError,
    IndexError,
    KeyError,
    NotImplementedError,
    OSError,
    EOFError,
    RuntimeError,
)

# A row of a file: its number there, its cells by column, the columns that hold a formula.
Row = tuple[int, dict[str, str], list[str]]


class BadFile(Invalid):
    """The file itself cannot be read."""

    code = "bad_file"


def read_catalogue(content: bytes) -> list[Row]:
    """Rows of a CSV or XLSX file, told apart by what they are and not by their name. Raises ``BadFile`` (400)."""
    if not content.strip():
        raise BadFile(_("This file is empty."), field="file", reason="empty")
    if len(content) > MOST_BYTES:
        raise BadFile(_("This file is too big: at most 5 MB."), field="file", reason="too_big")
    rows, formulas = _read_xlsx(content) if content[:4] == b"PK\x03\x04" else (_read_csv(content), {})
    return _with_columns(rows, formulas)


def _with_columns(rows: Sequence[Sequence[str]], formulas: dict[int, list[int]]) -> list[Row]:
    if not rows:
        raise BadFile(_("This file is empty."), field="file", reason="empty")
    names = [str(name).strip().lower().lstrip("\ufeff") for name in rows[0]]
    missing = [name for name in ("service", "nom") if name not in names]
    if missing or len(set(names) & set(COLUMNS)) != len([name for name in names if name in COLUMNS]):
        raise BadFile(
            _("The first line must name the columns, each once: take our template."), field="file", reason="no_header"
        )
    if len(rows) - 1 > MOST_ROWS:
        raise BadFile(_("This file is too long: at most 20,000 lines."), field="file", reason="too_long")
    found: list[Row] = []
    for number, cells in enumerate(rows[1:], start=2):
        named = {name: cell for name, cell in zip(names, cells, strict=False) if name in COLUMNS}
        bad = [names[column] for column in formulas.get(number, []) if column < len(names)]
        if any(cell.strip() for cell in named.values()) or bad:
            found.append((number, named, bad))
    return found


def _read_csv(content: bytes) -> list[list[str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFile(
            _("This file is not in UTF-8. Save it again as “CSV UTF-8”, or send the XLSX file."),
            field="file",
            reason="encoding",
        ) from error
    if "\x00" in text:
        raise BadFile(_("This is no CSV or XLSX file."), field="file", reason="unknown_type")
    first = text.split("\n", 1)[0]
    separator = max(";,\t", key=first.count)
    try:
        rows = []
        for row in csv.reader(io.StringIO(text), delimiter=separator, strict=True):
            rows.append([cell[:LONGEST_CELL] for cell in row[:100]])
            if len(rows) > MOST_ROWS + 1:
                break
    except csv.Error as error:
        raise BadFile(_("A quotation mark is not closed in this CSV file."), field="file", reason="quotes") from error
    return rows


def _read_xlsx(content: bytes) -> tuple[list[list[str]], dict[int, list[int]]]:
    unreadable = BadFile(_("This XLSX file cannot be read. Save it again."), field="file", reason="unreadable")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            formulas = _formulas(archive)
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        cells = book.get_sheet_by_index(0).to_python(skip_empty_area=False, nrows=MOST_ROWS + 2)
    except UNREADABLE as error:
        raise unreadable from error
    return [[_cell(value) for value in row[:100]] for row in cells], formulas


def _formulas(archive: zipfile.ZipFile) -> dict[int, list[int]]:
    """Cells of the first sheet that hold a formula. Raises ``BadFile`` for what unpacks to too much."""
    parts = archive.infolist()
    unpacked, packed = sum(part.file_size for part in parts), sum(part.compress_size for part in parts)
    if len(parts) > MOST_PARTS or unpacked > MOST_UNPACKED or unpacked > MOST_RATIO * max(packed, 1):
        raise _bomb()
    names = [part.filename for part in parts]
    if WORKBOOK not in names or RELATIONS not in names:
        raise BadFile(_("This is no CSV or XLSX file."), field="file", reason="unknown_type")
    if len({name.lower() for name in names}) < len(names):
        raise ValueError  # which of two parts of one name is read depends on the reader
    first, *_others = [_Sheet().read(_unpack(archive, name)) for name in _sheets(archive)]
    return first


def _sheets(archive: zipfile.ZipFile) -> list[str]:
    """Names of the parts that the workbook calls its sheets, in its order, as whoever loads it finds them."""
    targets = {
        found["Id"]: found["Target"]
        for found in _attributes(_unpack(archive, RELATIONS), "Relationship", "Id", "Target")
    }
    found = [targets[sheet["id"]] for sheet in _attributes(_unpack(archive, WORKBOOK), "sheet", "id")]
    return [target.removeprefix("/") if target.startswith(("/xl/", "xl/")) else f"xl/{target}" for target in found]


def _attributes(xml: bytes, element: str, *wanted: str) -> list[dict[str, str]]:
    """Some attributes of each such element, whatever their namespace. Raises ``BadFile`` for an entity."""
    found: list[dict[str, str]] = []

    def begin(name: str, attributes: dict[str, str]) -> None:
        if _local(name) == element:
            said = {_local(key): value for key, value in attributes.items()}
            found.append({key: said[key] for key in wanted})

    _parse(xml, begin)
    return found


def _parse(xml: bytes, begin: Callable[[str, dict[str, str]], None]) -> None:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = begin
    parser.EntityDeclHandler = _refuse_entity
    parser.Parse(xml, True)


def _refuse_entity(*_declared: object) -> None:
    raise _bomb()


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def _bomb() -> BadFile:
    return BadFile(_("This file unpacks to far more than a catalogue."), field="file", reason="bomb")


class _Sheet:
    """Looks through a worksheet before it is loaded: whoever loads it makes room for every cell up to the last one, and
    one value in the far corner would be half a terabyte."""

    def __init__(self) -> None:
        self.row = self.column = -1
        self.formulas: dict[int, list[int]] = {}

    def read(self, xml: bytes) -> dict[int, list[int]]:
        """Columns with a formula by number of the row. Raises ``BadFile`` for values too far out, or an entity."""
        _parse(xml, self._begin)
        return self.formulas

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        kind = _local(name)
        if kind == "row":
            self.row, self.column = int(attributes.get("r", self.row + 2)) - 1, -1
        elif kind == "c":
            self.column += 1
            if "r" in attributes:
                self.row, self.column = _place(attributes["r"])
        elif kind in {"v", "is", "f"}:
            # One more row than a file may have, for the sentence that says how many it may have.
            if self.row > MOST_ROWS + 1 or self.column >= MOST_COLUMNS:
                raise _bomb()
            if kind == "f":
                self.formulas.setdefault(self.row + 1, []).append(self.column)


def _unpack(archive: zipfile.ZipFile, name: str) -> bytes:
    """A part, not more of it than its own directory may honestly say."""
    with archive.open(name) as part:
        content = part.read(MOST_UNPACKED + 1)
    if len(content) > MOST_UNPACKED:
        raise _bomb()
    return content


def _place(name: str) -> tuple[int, int]:
    """Row and column of "B7", from zero. Raises ``ValueError`` for another spelling: others may read another cell."""
    place = PLACE.match(name)
    if place is None:
        raise ValueError(name)
    number = 0
    for letter in place[1]:
        number = number * 26 + ord(letter) - 64
    return int(place[2]) - 1, number - 1


def _cell(value: Any) -> str:
    """A cell as people see it: 3 and not 3.0, oui and not True."""
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return str(value)[:LONGEST_CELL]


def write_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """A CSV file that French spreadsheets open by a double click."""
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows([safe(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def write_xlsx(rows: Iterable[Sequence[str | int | Decimal]], *, sheet_name: str = "catalogue") -> bytes:
    """An XLSX file: numbers are numbers, and every other cell is a text that nothing runs."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet(sheet_name)
        sheet.freeze_panes(1, 0)
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(number, column, safe(cell))
                else:
                    sheet.write_number(number, column, float(cell))
    return out.getvalue()


def render_quote_pdf(document: QuoteDocument) -> bytes:
    """The PDF of a quote as it was sent, or as it was accepted. Raises ``DocumentRenderFailed``."""
    quote = document.quote
    if quote.sent_at is None:
        raise DocumentRenderFailed(reason="a draft is not drawn")
    zone = ZoneInfo(quote.request.site.time_zone)
    acceptance = acceptance_of(quote) if document.is_acceptance else None
    if acceptance is not None and quote.answered_at is not None:
        local = quote.answered_at.astimezone(zone)
        acceptance = {**acceptance, "day": local.date().isoformat(), "time": f"{local:%H:%M}"}
    data = {**quote.content, "acceptance": acceptance, "seal": quote.seal}
    moment = (quote.answered_at if acceptance else None) or quote.sent_at
    stamp = moment.astimezone(dt.UTC).replace(microsecond=0)
    return render_pdf("quote.typ", data, language=quote.request.language, timestamp=stamp)
