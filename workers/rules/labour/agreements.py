"""What the Labour Code lets a collective agreement set, by which article and within which bounds (domain.md R21).

One table for the constraints of the database, the form, the page and the engine. A term that is not written down is
that of the law.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from workers.rules.contracts import PersonFile
from workers.rules.labour.terms import HOUR, LAW, MINUTE, LabourTerms, TermsBook

Unit = Literal["minutes", "clock", "days", "times", "share", "percent", "hours", "yes"]


@dataclass(frozen=True)
class Term:
    """One term: its name, the article that lets an agreement set it, what the law says without one, and the bounds.

    ``least`` and ``most`` are the values that an agreement may set, both included, in the unit; a share is told by its
    divisor (10: a tenth).
    """

    name: str
    article: str
    unit: Unit
    law: int
    least: int
    most: int


TERMS = (
    Term("daily_most", "L3121-19", "minutes", 600, 600, 720),
    Term("average_most", "L3121-23", "minutes", 44 * 60, 44 * 60, 46 * 60),
    Term("daily_rest", "L3131-2", "minutes", 660, 540, 660),
    Term("break_least", "L3121-17", "minutes", 20, 20, 180),
    Term("night_allowed", "L3122-15", "yes", 0, 0, 1),
    Term("night_from", "L3122-15", "clock", 21 * 60, 21 * 60, 22 * 60),
    Term("night_until", "L3122-15", "clock", 6 * 60, 6 * 60, 7 * 60),
    Term("sunday_allowed", "L3132-25-3", "yes", 0, 0, 1),
    Term("holidays_worked", "L3133-3-1", "yes", 0, 0, 1),
    Term("part_time_share", "L3123-20", "share", 10, 3, 10),
    Term("schedule_notice_days", "L3123-24", "days", 7, 3, 7),
    Term("interruptions_most", "L3123-23", "times", 1, 1, 4),
    Term("interruption_most", "L3123-23", "minutes", 120, 120, 720),
    Term("overtime_quota", "L3121-33", "hours", 220, 0, 500),
    Term("extra_rate_then", "L3123-21", "percent", 25, 10, 25),
    Term("overtime_rate_first", "L3121-33", "percent", 25, 10, 25),
    Term("overtime_rate_then", "L3121-33", "percent", 50, 10, 50),
)
TERM = {term.name: term for term in TERMS}
IN_MINUTES = frozenset({"minutes", "clock"})
# A night is nine hours long at least (L3122-2), and ten here at most.
NIGHT_MINUTES = (9 * 60, 10 * 60)


@dataclass(frozen=True)
class Agreement:
    """What one agreement says from a day to a day, both included; terms by name, those that are not ``None``."""

    starts_on: dt.date
    ends_on: dt.date | None
    terms: Mapping[str, int]


def terms_of(agreed: Mapping[str, int], *, raises_a_year: int = 0) -> LabourTerms:
    """The parameters of the rules under an agreement; ``raises_a_year`` by rider, as the branch allows (L16).

    Raises ``ValueError`` for a term that the law does not let an agreement set so.
    """
    said: dict[str, Any] = {}
    for name, value in agreed.items():
        term = TERM[name]
        if not term.least <= value <= term.most:
            raise ValueError(f"{name} is between {term.least} and {term.most}, not {value}")
        said[name] = bool(value) if term.unit == "yes" else value * MINUTE if term.unit in IN_MINUTES else value
    plain = LabourTerms()
    first, then = plain.overtime_rates
    return LabourTerms(
        part_time_extra=Fraction(1, said.pop("part_time_share", 10)),
        holidays_off=not said.pop("holidays_worked", False),
        overtime_quota=said.pop("overtime_quota", plain.overtime_quota // HOUR) * HOUR,
        extra_rates=(plain.extra_rates[0], said.pop("extra_rate_then", plain.extra_rates[1])),
        overtime_rates=(said.pop("overtime_rate_first", first), said.pop("overtime_rate_then", then)),
        riders_allowed=raises_a_year > 0,
        riders_most=raises_a_year or plain.riders_most,
        **said,
    )


def book_of(agreements: Iterable[Agreement], *, raises_a_year: int = 0) -> TermsBook:
    """The terms of an employer by day: those of each agreement while it holds, the law before, between and after."""
    without = terms_of({}, raises_a_year=raises_a_year)
    pages: dict[dt.date, LabourTerms] = {dt.date.min: without}
    found = sorted(agreements, key=lambda one: one.starts_on)
    for one in found:
        pages[one.starts_on] = terms_of(one.terms, raises_a_year=raises_a_year)
        if one.ends_on is not None and one.ends_on < dt.date.max:
            # The one that begins the day after says so itself.
            pages[one.ends_on + dt.timedelta(days=1)] = without
    return TermsBook.of(pages.items())


def book_for(person: PersonFile, books: Mapping[int, TermsBook]) -> TermsBook:
    """The terms of a person by day: those of the employer of their main contract (``books`` by employer)."""
    here = [one for one in person.contracts if one.is_worked_here]
    employers = {one.employer_id for one in here}
    if len(employers) <= 1:
        return books.get(employers.pop(), LAW) if employers else LAW
    ends = {one.ends_on for one in here if one.ends_on is not None and one.ends_on < dt.date.max}
    days = {one.starts_on for one in here} | {day + dt.timedelta(days=1) for day in ends}
    for employer in employers:
        days |= {dt.date.fromordinal(day) for day in books.get(employer, LAW).days}
    pages = []
    for day in sorted(days):
        main = person.contract_on(day)
        book = books.get(main.employer_id, LAW) if main else LAW
        pages.append((day, book.on(day.toordinal())))
    return TermsBook.of(pages)
