"""What the Labour Code and an agreement allow, from a day on: parameters of the rules, validated at birth.

Durations are whole seconds. Every bound below is that of the law: an agreement may only move inside it.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

MINUTE = 60
HOUR = 3600
# A full-time week (L3121-27): extra hours of part-time never reach it (L3123-9).
FULL_TIME = 35 * HOUR
# Consecutive weeks of the average (L3121-22); those of the drift, and among how many they are chosen (L3123-13).
AVERAGE_WEEKS = 12
DRIFT_WEEKS, DRIFT_AMONG = 12, 15
# Daily rest and the 24 hours before it (L3132-2).
WEEKLY_REST, WEEKLY_REST_CORE = 35 * HOUR, 24 * HOUR
# A break under 20 minutes in a row is none (L3121-16).
LEAST_BREAK = 20 * MINUTE
# Midnight to 5 o'clock is always night; a night window is nine hours long at least (L3122-2).
NIGHT_CORE_END = 5 * HOUR
NIGHT_LENGTH = 9 * HOUR
# The first eight hours of overtime of a week are paid less than those after them (L3121-36).
FIRST_OVERTIME = 8 * HOUR


@dataclass(frozen=True, kw_only=True, slots=True)
class MinorTerms:
    """Under 18 (L3161-1 and following): no agreement loosens it, a branch may only be stricter."""

    daily_most: int = 8 * HOUR
    weekly_most: int = 35 * HOUR
    daily_rest: int = 12 * HOUR
    daily_rest_under_16: int = 14 * HOUR
    days_off_in_a_row: int = 2
    stretch_most: int = 4 * HOUR + 30 * MINUTE
    break_least: int = 30 * MINUTE
    night_from: int = 22 * HOUR
    night_from_under_16: int = 20 * HOUR
    night_until: int = 6 * HOUR

    def __post_init__(self) -> None:
        """Raises ``ValueError`` for what is looser than the law."""
        within("daily_most", self.daily_most, HOUR, 8 * HOUR)
        within("weekly_most", self.weekly_most, HOUR, 35 * HOUR)
        within("daily_rest", self.daily_rest, 12 * HOUR, 23 * HOUR)
        within("daily_rest_under_16", self.daily_rest_under_16, 14 * HOUR, 23 * HOUR)
        within("days_off_in_a_row", self.days_off_in_a_row, 2, 7)
        within("stretch_most", self.stretch_most, HOUR, 4 * HOUR + 30 * MINUTE)
        within("break_least", self.break_least, 30 * MINUTE, 3 * HOUR)
        within("night_from", self.night_from, 18 * HOUR, 22 * HOUR)
        within("night_from_under_16", self.night_from_under_16, 18 * HOUR, 20 * HOUR)
        within("night_until", self.night_until, 6 * HOUR, 9 * HOUR)


@dataclass(frozen=True, kw_only=True, slots=True)
class LabourTerms:
    """One version of the parameters; the defaults are the law where no agreement says otherwise."""

    daily_most: int = 10 * HOUR
    weekly_most: int = 48 * HOUR
    average_most: int = 44 * HOUR
    daily_rest: int = 11 * HOUR
    days_most: int = 6
    break_due_at: int = 6 * HOUR
    break_least: int = LEAST_BREAK
    night_from: int = 21 * HOUR
    night_until: int = 6 * HOUR
    night_allowed: bool = False
    sunday_allowed: bool = False
    holidays_off: bool = True
    integration_floor: int = 20 * HOUR
    part_time_extra: Fraction = Fraction(1, 10)
    extra_notice_days: int = 3
    schedule_notice_days: int = 7
    interruptions_most: int = 1
    interruption_most: int = 2 * HOUR
    drift_warned_at: int = HOUR + 30 * MINUTE
    drift_most: int = 2 * HOUR
    riders_allowed: bool = False
    riders_most: int = 8
    overtime_quota: int = 220 * HOUR
    extra_rates: tuple[int, int] = (10, 25)
    overtime_rates: tuple[int, int] = (25, 50)
    minors: MinorTerms = field(default_factory=MinorTerms)

    def __post_init__(self) -> None:
        """Raises ``ValueError`` for what no agreement may say."""
        within("daily_most", self.daily_most, HOUR, 12 * HOUR)  # L3121-19
        within("weekly_most", self.weekly_most, HOUR, 48 * HOUR)  # L3121-20
        within("average_most", self.average_most, HOUR, 46 * HOUR)  # L3121-23
        within("daily_rest", self.daily_rest, 9 * HOUR, 23 * HOUR)  # D3131-6
        within("days_most", self.days_most, 1, 6)  # L3132-1
        within("break_due_at", self.break_due_at, HOUR, 6 * HOUR)  # L3121-16
        within("break_least", self.break_least, LEAST_BREAK, 3 * HOUR)  # L3121-17
        within("night_from", self.night_from, 21 * HOUR, 24 * HOUR)  # L3122-2
        within("night_until", self.night_until, NIGHT_CORE_END, 7 * HOUR)
        within("night", 24 * HOUR - self.night_from + self.night_until, NIGHT_LENGTH, 10 * HOUR)
        within("integration_floor", self.integration_floor, 0, 35 * HOUR)  # L5132-5
        if not Fraction(0) <= self.part_time_extra <= Fraction(1, 3):  # L3123-20
            raise ValueError("part_time_extra is a third at most")
        within("extra_notice_days", self.extra_notice_days, 3, 31)  # L3123-10
        within("schedule_notice_days", self.schedule_notice_days, 3, 31)  # L3123-24
        within("interruptions_most", self.interruptions_most, 0, 4)  # L3123-23
        within("interruption_most", self.interruption_most, 0, 12 * HOUR)
        within("drift_most", self.drift_most, MINUTE, 2 * HOUR)  # L3123-13
        within("drift_warned_at", self.drift_warned_at, MINUTE, self.drift_most)
        within("riders_most", self.riders_most, 0, 8)  # L3123-22
        within("overtime_quota", self.overtime_quota, 0, 500 * HOUR)  # D3121-24 or agreement
        for rate in (*self.extra_rates, *self.overtime_rates):
            within("rate", rate, 10, 100)  # L3121-33, L3123-21

    @property
    def span_most(self) -> int:
        """From the first work of a day to its last: what the daily rest leaves of 24 hours (L7)."""
        return 24 * HOUR - self.daily_rest

    def part_time_most(self, contract: int) -> int:
        """Seconds of work a week that a part-time contract of that many seconds allows (L3123-28, L3123-20, L3123-9).

        A tenth more, a third by agreement, and always one minute under a full-time week.
        """
        return min(contract + int(contract * self.part_time_extra), FULL_TIME - MINUTE)


def within(name: str, value: int, least: int, most: int) -> None:
    """Raises ``ValueError`` when a parameter lies outside of what the law allows."""
    if not least <= value <= most:
        raise ValueError(f"{name} is between {least} and {most}, not {value}")


@dataclass(frozen=True)
class TermsBook:
    """Versions of the terms by the day from which they hold; before the first one, the law alone."""

    days: tuple[int, ...] = ()
    versions: tuple[LabourTerms, ...] = (LabourTerms(),)

    @classmethod
    def of(cls, agreed: Iterable[tuple[dt.date, LabourTerms]]) -> TermsBook:
        """From ``(valid from, terms)`` in any order. Raises ``ValueError`` when two begin on one day."""
        pages = sorted(agreed, key=lambda page: page[0])
        days = tuple(day.toordinal() for day, _terms in pages)
        if len(set(days)) != len(days):
            raise ValueError("one version a day")
        return cls(days, (LabourTerms(), *(terms for _day, terms in pages)))

    def on(self, ordinal: int) -> LabourTerms:
        """The version that holds on a day (proleptic ordinal)."""
        return self.versions[bisect_right(self.days, ordinal)] if self.days else self.versions[0]


LAW = TermsBook()
