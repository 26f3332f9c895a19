"""Labour rules L1 to L23 over 10,000 person-weeks, against a loop that adds up minutes (domain.md R21)."""

from __future__ import annotations

import datetime as dt
import random
import time
from zoneinfo import ZoneInfo

import pytest

from benchmarks.measuring import alternate, gate, note, ratios, scaled
from workers.rules.labour import Contract, Kind, LabourTerms, Setting, TermsBook, Work, WorkFile, judge

PEOPLE, WEEKS = scaled("LABOUR_PEOPLE", 200), 50
FIRST = dt.date(2026, 1, 5)
PARIS = ZoneInfo("Europe/Paris")
SETTING = Setting(
    PARIS,
    TermsBook.of([(dt.date(2026, 6, 1), LabourTerms(daily_rest=10 * 3600))]),
    frozenset({dt.date(2026, 5, 1), dt.date(2026, 7, 14), dt.date(2026, 12, 25)}),
)
# Of the naive loop a tenth is enough to know its pace.
SHARE = 10


def _person(by: random.Random) -> WorkFile:
    """A year of somebody: five or six days a week of two to four pieces, interviews, now and then too much."""
    work: list[Work] = []
    midnight = int(dt.datetime.combine(FIRST, dt.time(), PARIS).timestamp())
    for number in range(7 * WEEKS):
        if number % 7 == 6 or (number % 7 == 5 and by.random() < 0.9):
            continue
        start = midnight + number * 86_400 + by.randrange(7 * 60, 10 * 60) * 60
        for _piece in range(by.randint(2, 4)):
            length = by.randrange(60, 180) * 60
            work.append(Work(start, start + length, Kind.INTERVIEW if by.random() < 0.05 else Kind.WORK))
            start += length + by.choice([0, 10, 20, 45, 60]) * 60
    hours = by.choice([20, 26, 26, 30, 35])
    return WorkFile(work=tuple(work), contracts=(Contract(FIRST, None, hours * 60),))


def _naive(file: WorkFile) -> int:
    """Days of more than ten hours and weeks of more than 48, minute by minute: two of the twenty-three rules."""
    days: dict[dt.date, int] = {}
    weeks: dict[tuple[int, int], int] = {}
    seen: set[int] = set()
    for piece in file.work:
        for moment in range(piece.start, piece.end, 60):
            if moment not in seen:
                seen.add(moment)
                day = dt.datetime.fromtimestamp(moment, PARIS).date()
                days[day] = days.get(day, 0) + 1
                week = day.isocalendar()[:2]
                weeks[week] = weeks.get(week, 0) + 1
    return sum(one > 600 for one in days.values()) + sum(one > 48 * 60 for one in weeks.values())


@pytest.mark.promise("domain R21")
def test_ten_thousand_person_weeks() -> None:
    by = random.Random(21)
    files = [_person(by) for _n in range(PEOPLE)]
    last = FIRST + dt.timedelta(days=7 * WEEKS - 1)
    found: list[int] = []

    def engine() -> float:
        began = time.process_time()
        found.append(sum(len(judge(file, SETTING, FIRST, last)) for file in files))
        return time.process_time() - began

    def naive() -> float:
        began = time.process_time()
        for file in files[: max(1, PEOPLE // SHARE)]:
            _naive(file)
        return (time.process_time() - began) * PEOPLE / max(1, PEOPLE // SHARE)

    seconds = alternate({"engine": engine, "naive": naive})
    pieces = sum(len(file.work) for file in files)
    note("R21", f"{PEOPLE * WEEKS} person-weeks, {pieces} pieces of work, {found[0]} findings")
    assert len(set(found)) == 1
    assert found[0] > 0
    gate(
        "R21",
        "10,000 person-weeks through all rules, CPU s",
        [s * 10_000 / PEOPLE / WEEKS for s in seconds["engine"]],
        most=1,
    )
    gate("R21", "two rules minute by minute / all rules", ratios(seconds["naive"], seconds["engine"]), least=5)
