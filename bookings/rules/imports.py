"""Reading a line of a catalogue file. Plain Python: what a line says, and every reason why it cannot be taken."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

COLUMNS = (
    "type",
    "service",
    "nom",
    "nom_en",
    "categorie",
    "mode",
    "prix",
    "unite",
    "pas",
    "tva",
    "realisation",
    "lieu",
    "duree_min",
    "delai_h",
    "actif",
)
SERVICE, ITEM, OPTION = "service", "article", "option"
TYPES = (SERVICE, ITEM, OPTION)
PRICED = frozenset({"fixed", "per_unit", "per_half_hour"})
MODES = (*sorted(PRICED), "per_item", "on_quote")
# A cell that a spreadsheet would run (trust.md S25). A leading apostrophe says "this is text" and is taken away.
RISKY = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
YES, NO = frozenset({"oui", "1", "vrai", "yes", "true", ""}), frozenset({"non", "0", "faux", "no", "false"})
CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}\Z")
MOST_PRICE = Decimal("999999.99")


@dataclass(frozen=True)
class Problem:
    """Why a line cannot be taken: a code for the sentence, and the column at fault."""

    code: str
    column: str


@dataclass(frozen=True)
class Known:
    """What a line may speak of."""

    categories: Collection[str]
    vat_codes: Collection[str]
    services: Collection[str]
    executions: Collection[str]
    places: Collection[str]


@dataclass
class Line:
    """One line: its number in the file, what it says, and its problems."""

    number: int
    kind: str = ""
    service: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str, str]:
        """What the line is about: the same twice in a file is a mistake."""
        return self.kind, self.service, "" if self.kind == SERVICE else str(self.fields.get("name", ""))


def is_risky(text: str) -> bool:
    """Whether a spreadsheet might take a text for a formula."""
    return text.lstrip(" ;,").startswith(RISKY) or text.startswith(RISKY)


def safe(text: str) -> str:
    """The same text, which no spreadsheet runs."""
    return f"'{text}" if is_risky(text) else text


class Reader:
    """Reads the cells of one line and collects what is wrong with them."""

    def __init__(self, line: Line, cells: Mapping[str, str], formulas: Collection[str]) -> None:
        self.line, self.cells = line, cells
        for column in COLUMNS:
            if column in formulas or is_risky(self.text(column, raw=True)):
                self.refuse("formula", column)

    def refuse(self, code: str, column: str) -> None:
        """Note a problem; one per column is enough."""
        if all(problem.column != column for problem in self.line.problems):
            self.line.problems.append(Problem(code, column))

    def text(self, column: str, *, most: int = 300, raw: bool = False) -> str:
        """The cell without spaces around it, and without the apostrophe of a text cell."""
        value = str(self.cells.get(column, "")).strip()
        if raw:
            return value
        if value.startswith("'") and is_risky(value[1:]):
            value = value[1:]
        if "\x00" in value or not value.isprintable():
            self.refuse("control", column)
        if len(value) > most:
            self.refuse("too_long", column)
        return value

    def one_of(self, column: str, allowed: Collection[str], default: str = "") -> str:
        """A word of a list."""
        value = self.text(column).lower() or default
        if value not in allowed:
            self.refuse("unknown" if value else "missing", column)
        return value

    def number(self, column: str, *, least: Decimal, most: Decimal, places: int, default: Decimal | None) -> Any:
        """A number with a comma or a point."""
        value = self.text(column).replace("\u00a0", "").replace("\u202f", "").replace(" ", "").replace(",", ".")
        value = value.removesuffix("€")
        if not value:
            if default is None:
                self.refuse("missing", column)
            return default
        try:
            number = Decimal(value)
        except InvalidOperation:
            self.refuse("not_a_number", column)
            return default
        if not number.is_finite() or not value.isascii():
            self.refuse("not_a_number", column)
        elif not least <= number <= most or round(number, places) != number:
            self.refuse("out_of_range", column)
        else:
            return number
        return default


def read_line(number: int, cells: Mapping[str, str], known: Known, *, formulas: Collection[str] = ()) -> Line:
    """What one line says."""
    line = Line(number)
    reader = Reader(line, cells, formulas)
    line.kind = reader.one_of("type", TYPES, SERVICE)
    line.service = reader.text("service", most=40).lower()
    if not CODE.match(line.service):
        reader.refuse("bad_code" if line.service else "missing", "service")
    fields = line.fields
    fields["name"], fields["name_en"] = reader.text("nom", most=120), reader.text("nom_en", most=120)
    if not fields["name"]:
        reader.refuse("missing", "nom")
    active = reader.text("actif").lower()
    if active not in YES | NO:
        reader.refuse("unknown", "actif")
    fields["is_active"] = active in YES
    if line.kind == SERVICE:
        _read_service(reader, fields, known)
    else:
        if line.service not in known.services:
            reader.refuse("unknown", "service")
        fields["unit_price"] = reader.number("prix", least=Decimal(0), most=MOST_PRICE, places=2, default=None)
    return line


def _read_service(reader: Reader, fields: dict[str, Any], known: Known) -> None:
    fields["category"] = reader.one_of("categorie", known.categories)
    fields["price_mode"] = mode = reader.one_of("mode", MODES, "fixed")
    price = None
    if mode in PRICED:
        price = reader.number("prix", least=Decimal(0), most=MOST_PRICE, places=2, default=None)
    elif reader.text("prix"):
        reader.refuse("no_price_here", "prix")
    fields["unit_price"] = price
    fields["unit"] = reader.text("unite", most=20)
    if mode == "per_unit" and not fields["unit"]:
        reader.refuse("missing", "unite")
    step = reader.number("pas", least=Decimal("0.001"), most=Decimal(100), places=3, default=Decimal(1))
    fields["quantity_step"] = step
    fields["vat_code"] = reader.one_of("tva", known.vat_codes, "standard")
    fields["execution"] = reader.one_of("realisation", known.executions, "own_team")
    fields["place"] = reader.one_of("lieu", known.places, "desk")
    minutes = reader.number("duree_min", least=Decimal(5), most=Decimal(600), places=0, default=Decimal(30))
    hours = reader.number("delai_h", least=Decimal(0), most=Decimal(8760), places=0, default=Decimal(48))
    fields["duration_minutes"], fields["turnaround_hours"] = int(minutes), int(hours)
