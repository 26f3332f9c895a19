"""Short ways to say whose work is judged: times of the week of Monday 23 November 2026 in Paris."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from zoneinfo import ZoneInfo

from workers.rules.intervals import Interval
from workers.rules.labour import Contract, Finding, Kind, LabourTerms, Setting, TermsBook, Work, WorkFile, judge

PARIS = ZoneInfo("Europe/Paris")
MONDAY = dt.date(2026, 11, 23)
MINUTE, HOUR = 60, 3600
SETTING = Setting(zone=PARIS)
THIRD = Fraction(1, 3)


def day(number: int) -> dt.date:
    """The Monday (0) or a day after it."""
    return MONDAY + dt.timedelta(days=number)


def at(text: str, number: int = 0) -> int:
    """A time of day in Paris, in seconds since 1970."""
    return int(dt.datetime.combine(day(number), dt.time.fromisoformat(text), PARIS).timestamp())


def work(start: str, end: str, number: int = 0, kind: Kind = Kind.WORK, **facts: object) -> Work:
    """Work of a day; an end that is not after the start is on the next day."""
    begins, ends = at(start, number), at(end, number)
    return Work(begins, ends if ends > begins else at(end, number + 1), kind, **facts)  # type: ignore[arg-type]


def week_of(hours: float, number: int = 0) -> list[Work]:
    """That many hours from the Monday of a week on, seven a day at most from 9:00, in two pieces with lunch between."""
    pieces, left, place = [], round(hours * HOUR), 7 * number
    while left:
        today = min(left, 7 * HOUR if hours <= 35 else 9 * HOUR)
        morning = min(today, 4 * HOUR)
        pieces.append(Work(at("08:00", place), at("08:00", place) + morning))
        if today > morning:
            pieces.append(Work(at("13:00", place), at("13:00", place) + today - morning))
        left -= today
        place += 1
    return pieces


def contract(hours: float, **facts: object) -> Contract:
    """A contract that began long ago."""
    return Contract(dt.date(2026, 1, 1), None, round(hours * 60), **facts)  # type: ignore[arg-type]


def agreed(**terms: object) -> Setting:
    """A setting with an agreement from 2026 on."""
    return Setting(PARIS, TermsBook.of([(dt.date(2026, 1, 1), LabourTerms(**terms))]))  # type: ignore[arg-type]


def found(
    *pieces: Work, first: int = 0, last: int | None = None, setting: Setting = SETTING, **facts: object
) -> list[Finding]:
    """What is found on some days (of the Monday alone, unless told)."""
    file = WorkFile(work=tuple(pieces), **facts)  # type: ignore[arg-type]
    return judge(file, setting, day(first), day(first if last is None else last))


def codes(*pieces: Work, **facts: object) -> list[str]:
    """Codes of what is found."""
    return [one.code for one in found(*pieces, **facts)]  # type: ignore[arg-type]


def only(code: str, *pieces: Work, **facts: object) -> Finding:
    """The one finding of a code."""
    [one] = [one for one in found(*pieces, **facts) if one.code == code]  # type: ignore[arg-type]
    return one


def interval(start: str, end: str, number: int = 0) -> Interval:
    """Aware times of a day."""
    return Interval(
        dt.datetime.combine(day(number), dt.time.fromisoformat(start), PARIS),
        dt.datetime.combine(day(number), dt.time.fromisoformat(end), PARIS),
    )
