"""Reading a line of a catalogue file. Plain Python: what a line says, and every reason why it cannot be taken."""

from __future__ import annotations

import datetime as dt
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
    # Prices and supplements from a day on; supplements to a day.
    "des_le",
    "jusqu_au",
    # Supplements.
    "regle",
    "pourcent",
    "des_heure",
    "au_dela_km",
    # Terms of one site.
    "site",
    "preavis_h",
    "heure_limite",
    "max_jour",
    "jour_releve",
    "heure_releve",
)
SERVICE, ITEM, OPTION, SUPPLEMENT = "service", "article", "option", "supplement"
# A price from a day on: of the service, or of the item that is named; of an option.
PRICE, OPTION_PRICE = "prix", "prix_option"
TERMS = "site"
TYPES = (SERVICE, ITEM, OPTION, SUPPLEMENT, PRICE, OPTION_PRICE, TERMS)
DATED = (PRICE, OPTION_PRICE)
DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
PRICED = frozenset({"fixed", "per_unit", "per_half_hour"})
MODES = (*sorted(PRICED), "per_item", "on_quote")
# A cell that a spreadsheet would run (trust.md S25). A leading apostrophe says "this is text" and is taken away.
RISKY = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
YES, NO = frozenset({"oui", "1", "vrai", "yes", "true", ""}), frozenset({"non", "0", "faux", "no", "false"})
CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}\Z")
MOST_PRICE = Decimal("999999.99")
DATE_FORMATS, TIME_FORMATS = ("%Y-%m-%d", "%d/%m/%Y", "%Y-%m-%d %H:%M:%S"), ("%H:%M", "%H:%M:%S", "%Hh%M", "%Hh")


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
    rules: Collection[str] = frozenset()
    sites: Collection[str] = frozenset()


@dataclass(frozen=True)
class Period:
    """Days from one to another, both included; an end that is open is ``None``."""

    first: dt.date | None
    last: dt.date | None

    def overlaps(self, other: Period) -> bool:
        """Whether both have a day in common."""
        begins = self.first is None or other.last is None or self.first <= other.last
        return begins and (other.first is None or self.last is None or other.first <= self.last)


@dataclass
class Line:
    """One line: its number in the file, what it says, and its problems."""

    number: int
    kind: str = ""
    service: str = ""
    # Of what: an item, an option, a supplement; where; from which day on.
    name: str = ""
    site: str = ""
    day: dt.date | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str, str, str, dt.date | None]:
        """What the line is about: the same twice in a file is a mistake."""
        return self.kind, self.service, "" if self.kind == SERVICE else self.name, self.site, self.day


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

    def number(
        self,
        column: str,
        *,
        least: Decimal,
        most: Decimal,
        places: int,
        default: Decimal | None = None,
        is_needed: bool = True,
    ) -> Any:
        """A number with a comma or a point."""
        value = self.text(column).replace("\u00a0", "").replace("\u202f", "").replace(" ", "").replace(",", ".")
        value = value.removesuffix("€")
        if not value:
            if default is None and is_needed:
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

    def moment(self, column: str, formats: Collection[str], refusal: str, *, is_needed: bool) -> dt.datetime | None:
        """What one of the formats reads."""
        value = self.text(column)
        if not value:
            if is_needed:
                self.refuse("missing", column)
            return None
        for one in formats:
            try:
                return dt.datetime.strptime(value, one)  # noqa: DTZ007 - a day or a time of day, of no zone
            except ValueError:
                continue
        self.refuse(refusal, column)
        return None

    def day(self, column: str, *, is_needed: bool = True) -> dt.date | None:
        """2026-12-01 or 01/12/2026, of this century."""
        found = self.moment(column, DATE_FORMATS, "not_a_date", is_needed=is_needed)
        if found is not None and not 2000 <= found.year <= 2100:
            self.refuse("not_a_date", column)
        return found.date() if found else None

    def time(self, column: str, *, is_needed: bool = False) -> dt.time | None:
        """18:00 or 18h00."""
        found = self.moment(column, TIME_FORMATS, "not_a_time", is_needed=is_needed)
        return found.time() if found else None


def read_line(number: int, cells: Mapping[str, str], known: Known, *, formulas: Collection[str] = ()) -> Line:
    """What one line says."""
    line = Line(number)
    reader = Reader(line, cells, formulas)
    line.kind = reader.one_of("type", TYPES, SERVICE)
    line.service = reader.text("service", most=40).lower()
    if not CODE.match(line.service):
        reader.refuse("bad_code" if line.service else "missing", "service")
    elif line.kind != SERVICE and line.service not in known.services:
        reader.refuse("unknown", "service")
    active = reader.text("actif").lower()
    if active not in YES | NO:
        reader.refuse("unknown", "actif")
    if line.kind == TERMS:
        _read_terms(reader, known, is_offered=active in YES)
        return line
    line.name = reader.text("nom", most=120)
    if not line.name and line.kind != PRICE:
        reader.refuse("missing", "nom")
    fields = line.fields
    if line.kind in DATED:
        line.day = reader.day("des_le")
    else:
        fields.update(name=line.name, name_en=reader.text("nom_en", most=120), is_active=active in YES)
    if line.kind == SERVICE:
        _read_service(reader, fields, known)
    elif line.kind == SUPPLEMENT:
        _read_supplement(reader, fields, known)
    else:
        fields["unit_price"] = reader.number("prix", least=Decimal(0), most=MOST_PRICE, places=2)
    return line


def _read_supplement(reader: Reader, fields: dict[str, Any], known: Known) -> None:
    _read_period(reader, fields)
    fields["rule"] = rule = reader.one_of("regle", known.rules, "chosen")
    share: dict[str, Any] = {"least": Decimal("0.01"), "most": Decimal(100), "places": 2, "is_needed": False}
    fields["percent"] = percent = reader.number("pourcent", **share)
    needs_amount = percent is None and not reader.text("pourcent")
    amount = reader.number("prix", least=Decimal(0), most=MOST_PRICE, places=2, is_needed=needs_amount)
    fields["amount"] = amount
    if amount is not None and percent is not None:
        reader.refuse("not_both", "pourcent")
    fields["after"] = reader.time("des_heure", is_needed=rule == "evening")
    far: dict[str, Any] = {
        "least": Decimal("0.01"),
        "most": Decimal("999.99"),
        "places": 2,
        "is_needed": rule == "beyond",
    }
    fields["beyond_km"] = reader.number("au_dela_km", **far)
    for column, name, owner in (("des_heure", "after", "evening"), ("au_dela_km", "beyond_km", "beyond")):
        if rule != owner and fields[name] is not None:
            reader.refuse("not_here", column)


def _read_period(reader: Reader, fields: dict[str, Any]) -> None:
    """From which day on and to which; neither is always."""
    reader.line.day = fields["valid_from"] = first = reader.day("des_le", is_needed=False)
    fields["valid_to"] = last = reader.day("jusqu_au", is_needed=False)
    if first is not None and last is not None and last < first:
        reader.refuse("ends_first", "jusqu_au")


def _read_terms(reader: Reader, known: Known, *, is_offered: bool) -> None:
    line, fields = reader.line, reader.line.fields
    line.site = reader.one_of("site", known.sites)
    hours = reader.number("preavis_h", least=Decimal(0), most=Decimal(8760), places=0, default=Decimal(2))
    most = reader.number("max_jour", least=Decimal(0), most=Decimal(32_000), places=0, is_needed=False)
    fields.update(is_offered=is_offered, lead_time_hours=int(hours), cut_off=reader.time("heure_limite"))
    fields["max_per_day"] = None if most is None else int(most)
    day, time = reader.text("jour_releve").lower(), reader.time("heure_releve")
    if day and day not in DAYS:
        reader.refuse("unknown", "jour_releve")
    elif bool(day) != bool(reader.text("heure_releve")):
        reader.refuse("missing", "heure_releve" if day else "jour_releve")
    fields["weekly_cut_off_day"] = DAYS.index(day) if day in DAYS else None
    fields["weekly_cut_off_time"] = time


def _read_service(reader: Reader, fields: dict[str, Any], known: Known) -> None:
    fields["category"] = reader.one_of("categorie", known.categories)
    fields["price_mode"] = mode = reader.one_of("mode", MODES, "fixed")
    price = None
    if mode in PRICED:
        price = reader.number("prix", least=Decimal(0), most=MOST_PRICE, places=2)
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
