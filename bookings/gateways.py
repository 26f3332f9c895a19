"""Documents drawn from what was sealed, and spreadsheet files, in and out: nothing that somebody sends
is trusted, nothing that we write can run (S25-S27)."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any
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
FORMULA = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"[^>]{0,200}>\s{0,10}<f[ >/]')
PARTS = re.compile(r"xl/worksheets/[A-Za-z0-9_]+\.xml\Z")

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
    except (zipfile.BadZipFile, CalamineError, ValueError, IndexError, NotImplementedError, OSError, EOFError) as error:
        raise unreadable from error
    return [[_cell(value) for value in row[:100]] for row in cells], formulas


def _formulas(archive: zipfile.ZipFile) -> dict[int, list[int]]:
    """Cells of the first sheet that hold a formula. Raises ``BadFile`` for what unpacks to too much."""
    parts = archive.infolist()
    unpacked, packed = sum(part.file_size for part in parts), sum(part.compress_size for part in parts)
    if len(parts) > MOST_PARTS or unpacked > MOST_UNPACKED or unpacked > MOST_RATIO * max(packed, 1):
        raise BadFile(_("This file unpacks to far more than a catalogue."), field="file", reason="bomb")
    sheets = sorted(part.filename for part in parts if PARTS.match(part.filename))
    if not sheets:
        raise BadFile(_("This is no CSV or XLSX file."), field="file", reason="unknown_type")
    found: dict[int, list[int]] = {}
    for column, row in FORMULA.findall(_unpack(archive, sheets[0])):
        found.setdefault(int(row), []).append(_column(column.decode()))
    return found


def _unpack(archive: zipfile.ZipFile, name: str) -> bytes:
    """A part, not more of it than its own directory may honestly say."""
    with archive.open(name) as part:
        content = part.read(MOST_UNPACKED + 1)
    if len(content) > MOST_UNPACKED:
        raise BadFile(_("This file unpacks to far more than a catalogue."), field="file", reason="bomb")
    return content


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


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


def write_xlsx(rows: Iterable[Sequence[str]]) -> bytes:
    """An XLSX file whose cells are all texts."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet("catalogue")
        sheet.freeze_panes(1, 0)
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, safe(cell))
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
