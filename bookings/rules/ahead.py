"""Orders ahead: when a run closes and is handed out, what an order sheet says; in the site's own time (R7, R38)."""

from __future__ import annotations

import csv
import datetime as dt
import io
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

UTC = dt.UTC
WEEK = dt.timedelta(days=7)
DAY = dt.timedelta(days=1)
# How far a day is moved to find an open one.
FURTHEST_MOVE = 6
# What a spreadsheet takes for the beginning of a formula, the full-width twins of these signs included (trust.md S25).
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True)
class Rhythm:
    """A weekly hand-out (0 = Monday) and the weekday and time until which orders are taken before it."""

    handout_weekday: int
    opens: dt.time
    closes: dt.time
    cut_off_weekday: int
    cut_off: dt.time
    every_weeks: int
    starts_on: dt.date
    ends_on: dt.date | None = None

    def __post_init__(self) -> None:
        if self.every_weeks < 1 or self.closes <= self.opens:
            raise ValueError("not a rhythm")


@dataclass(frozen=True)
class RunTimes:
    """One hand-out with its moments in UTC; ``moved`` when the day is not that of the rhythm."""

    due_on: dt.date
    handout_on: dt.date
    orders_close_at: dt.datetime
    starts_at: dt.datetime
    ends_at: dt.datetime

    @property
    def moved(self) -> bool:
        """Whether a closed day moved it."""
        return self.due_on != self.handout_on


def moment(day: dt.date, time: dt.time, zone: ZoneInfo) -> dt.datetime:
    """A wall-clock time as UTC. One that does not exist is read as the hour after the change, one that exists twice as
    the first: what the clock on the wall shows nearest to it."""
    return dt.datetime.combine(day, time.replace(fold=0), tzinfo=zone).astimezone(UTC)


def due_days(rhythm: Rhythm, first: dt.date, last: dt.date) -> Iterator[dt.date]:
    """Days of the rhythm between two days, both included."""
    anchor = rhythm.starts_on + dt.timedelta(days=(rhythm.handout_weekday - rhythm.starts_on.weekday()) % 7)
    step = WEEK * rhythm.every_weeks
    day = anchor if first <= anchor else anchor + step * (-(-(first - anchor).days // step.days))
    end = min(last, rhythm.ends_on) if rhythm.ends_on else last
    while day <= end:
        yield day
        day += step


def open_day(day: dt.date, closed: Collection[dt.date], shift: int) -> dt.date | None:
    """The day itself when it is open, else the nearest open one before (-1) or after (+1); none with 0, or too far."""
    for step in range(FURTHEST_MOVE + 1 if shift else 1):
        candidate = day + dt.timedelta(days=shift * step)
        if candidate not in closed:
            return candidate
    return None


def run_of(
    rhythm: Rhythm, due_on: dt.date, *, closed: Collection[dt.date], shift: int, zone: ZoneInfo
) -> RunTimes | None:
    """The run of a day of the rhythm; moved by ``shift`` days at a time when that day is closed, else left out.

    The cut-off is the last such weekday and time before the hand-out of the rhythm. It moves back with a hand-out that
    comes earlier, and from a closed day to the open day before: somebody must be there to send the orders.
    """
    day = open_day(due_on, closed, shift)
    if day is None:
        return None
    cut = due_on - dt.timedelta(days=(due_on.weekday() - rhythm.cut_off_weekday) % 7)
    if cut == due_on and rhythm.cut_off >= rhythm.opens:
        cut -= WEEK
    if day < due_on:
        cut -= due_on - day
    cut = open_day(cut, closed, -1) or cut
    starts = moment(day, rhythm.opens, zone)
    return RunTimes(due_on, day, moment(cut, rhythm.cut_off, zone), starts, moment(day, rhythm.closes, zone))


@dataclass(frozen=True)
class Ordered:
    """One line of one order."""

    site: str
    item: str
    quantity: int


@dataclass(frozen=True)
class SheetRow:
    """How many of one thing, by site in the order of the sheet's sites, and in all."""

    item: str
    by_site: tuple[int, ...]

    @property
    def total(self) -> int:
        """Of all sites."""
        return sum(self.by_site)


def add_up(ordered: Iterable[Ordered]) -> tuple[list[str], list[SheetRow]]:
    """Sites and rows of an order sheet, by name; every line is counted once."""
    counts: dict[str, dict[str, int]] = {}
    sites: set[str] = set()
    for line in ordered:
        sites.add(line.site)
        of_item = counts.setdefault(line.item, {})
        of_item[line.site] = of_item.get(line.site, 0) + line.quantity
    columns = sorted(sites)
    rows = [SheetRow(item, tuple(found.get(site, 0) for site in columns)) for item, found in sorted(counts.items())]
    return columns, rows


def harmless(text: str) -> str:
    """A cell that no spreadsheet takes for a formula, whatever sign or blank it begins with (S25)."""
    plain = unicodedata.normalize("NFKC", text).lstrip(" \u00a0\u202f\u200b;,|\"'")
    return f"'{text}" if text.startswith(FORMULA) or plain.startswith(FORMULA) else text


def csv_text(rows: Iterable[Sequence[str | int]]) -> bytes:
    """Rows as spreadsheets of the country read them: semicolons, UTF-8 with its mark, CRLF (RFC 4180)."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    for row in rows:
        writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def next_open_day(day: dt.date, is_open: Callable[[dt.date], bool], *, furthest: int = 14) -> dt.date:
    """The first open day after a day; the day after it when none is near."""
    for step in range(1, furthest + 1):
        if is_open(day + dt.timedelta(days=step)):
            return day + dt.timedelta(days=step)
    return day + DAY
