"""The trades of France (ROME 4.0): a dated snapshot that is shipped, searched by word and refreshed from the open data.

Source: France Travail, "Répertoire opérationnel des métiers et des emplois", Licence Ouverte 2.0 (domain.md 2.8).
A trade that a later edition leaves out stays in the file with the day on which it was last seen: it is no longer
proposed, and what was written with it can still be read.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from anyascii import anyascii

FILE = Path(__file__).parent / "reference" / "rome.csv"
COLUMNS = ("code", "label", "family", "seen_on")
CODE = re.compile(r"[A-N][0-9]{4}")
# How the columns are called in the editions of the open data that we know.
CODE_COLUMNS = ("code_rome", "code")
LABEL_COLUMNS = ("libelle_rome", "description_code_rome", "label")
FAMILY_COLUMNS = ("domaine_professionnel", "family")
LONGEST_LABEL = 150
# The repertory has about 600 trades and loses a handful in a year: a file with fewer is a file cut short.
FEWEST_TRADES = 400
MOST_LOST_PERCENT = 10


class NotTheRepertory(ValueError):
    """A file that is not the open data, or only a part of it; nothing was changed. Read by whoever runs the command."""


@dataclass(frozen=True)
class Trade:
    """One trade: its code, its name as the repertory writes it, its family, and the last edition that had it."""

    code: str
    label: str
    family: str
    seen_on: dt.date


@dataclass(frozen=True)
class Repertory:
    """Every trade that any edition had, by code."""

    trades: Mapping[str, Trade]

    @property
    def version(self) -> dt.date:
        """Day of the edition."""
        return max(trade.seen_on for trade in self.trades.values())

    def is_current(self, code: str) -> bool:
        """Whether the present edition has this trade."""
        found = self.trades.get(code)
        return found is not None and found.seen_on == self.version

    def label(self, code: str) -> str:
        """Name of a trade, of any edition; the code itself when none ever had it."""
        found = self.trades.get(code)
        return found.label if found else code

    def search(self, words: str, *, most: int) -> list[Trade]:
        """Trades of the present edition whose name, family or code has all these words, ``most`` at most.

        Accents, capitals and the order of the words do not matter. A name that begins with a word comes first.
        """
        wanted = plain(words).split()
        if not wanted:
            return []
        current = (trade for trade in self.trades.values() if self.is_current(trade.code))
        found = [
            trade
            for trade in current
            if all(word in plain(f"{trade.code} {trade.label} {trade.family}") for word in wanted)
        ]
        return sorted(found, key=lambda trade: (_distance(trade, wanted), trade.label))[:most]


def _distance(trade: Trade, wanted: Iterable[str]) -> int:
    """How far a trade is from these words: 0 in its name or code, where a word begins; 1 within; 2 in its family."""
    name = plain(f"{trade.code} {trade.label}")
    starts = re.split(r"[^a-z0-9]+", name)
    if all(any(start.startswith(word) for start in starts) for word in wanted):
        return 0
    return 1 if all(word in name for word in wanted) else 2


def plain(text: str) -> str:
    """Without accents and capitals: what people type and what the repertory writes meet here."""
    return anyascii(text).lower()


@lru_cache(maxsize=1)
def rome() -> Repertory:
    """The snapshot that is shipped."""
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = [
            Trade(row["code"], row["label"], row["family"], dt.date.fromisoformat(row["seen_on"]))
            for row in csv.DictReader(file)
        ]
    return Repertory({trade.code: trade for trade in rows})


def read_edition(text: str, *, dated: dt.date) -> dict[str, Trade]:
    """The trades of a file of the open data (comma or semicolon). Raises ``NotTheRepertory`` with what is wrong."""
    first = text.partition("\n")[0]
    reader = csv.DictReader(
        io.StringIO(text.lstrip("\ufeff")), delimiter=";" if first.count(";") > first.count(",") else ","
    )
    names = reader.fieldnames or []
    code, label = _column(names, CODE_COLUMNS), _column(names, LABEL_COLUMNS)
    family = next((name for name in FAMILY_COLUMNS if name in names), None)
    found: dict[str, Trade] = {}
    for line, row in enumerate(reader, start=2):
        trade = Trade(
            code=(row[code] or "").strip(),
            label=(row[label] or "").strip().replace("'", "’"),
            family=((row[family] or "") if family else "").strip().replace("'", "’"),
            seen_on=dated,
        )
        if not CODE.fullmatch(trade.code):
            raise NotTheRepertory(f"Line {line}: {trade.code[:20]!r} is not a ROME code.")
        if not trade.label or len(trade.label) > LONGEST_LABEL:
            raise NotTheRepertory(f"Line {line}: the name of {trade.code} is missing or too long.")
        if found.setdefault(trade.code, trade) != trade:
            raise NotTheRepertory(f"Line {line}: {trade.code} has two names.")
    return found


def _column(names: Iterable[str], wanted: Iterable[str]) -> str:
    found = next((name for name in wanted if name in names), None)
    if found is None:
        raise NotTheRepertory(f"None of the columns {', '.join(wanted)} is there.")
    return found


def merged(known: Repertory, edition: Mapping[str, Trade]) -> Repertory:
    """The snapshot with a newer edition in it; nothing is ever taken out.

    Raises ``NotTheRepertory`` for an edition that is older than the snapshot or lacks too many of its trades.
    """
    if len(edition) < FEWEST_TRADES:
        raise NotTheRepertory(f"Only {len(edition)} trades: the file is cut short.")
    if next(iter(edition.values())).seen_on < known.version:
        raise NotTheRepertory(f"The snapshot of {known.version} is newer.")
    current = [code for code in known.trades if known.is_current(code)]
    lost = [code for code in current if code not in edition]
    if len(lost) * 100 > len(current) * MOST_LOST_PERCENT:
        raise NotTheRepertory(f"{len(lost)} trades would be gone: the file is cut short.")
    trades = dict(known.trades)
    for code, trade in edition.items():
        before = known.trades.get(code)
        family = trade.family or (before.family if before else "")
        trades[code] = Trade(code, trade.label, family, trade.seen_on)
    return Repertory(trades)


def written(repertory: Repertory) -> str:
    """The snapshot as the file that is shipped, in the order of the codes."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for _code, trade in sorted(repertory.trades.items()):
        writer.writerow([trade.code, trade.label, trade.family, trade.seen_on.isoformat()])
    return out.getvalue()
