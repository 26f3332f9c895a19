"""Days of a regular request: the part of RFC 5545's RRULE that makes sense for a desk, always bounded (S27)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice, takewhile, zip_longest

from dateutil.rrule import rrulestr

LONGEST = 200
# Nothing repeats more often than once a day, for ever less than this many times, or looks further than this.
MOST_COUNT, MOST_INTERVAL = 400, 52
FURTHEST = dt.timedelta(days=3660)
SHAPES = {
    "FREQ": re.compile(r"DAILY|WEEKLY|MONTHLY"),
    "INTERVAL": re.compile(r"[0-9]{1,3}"),
    "COUNT": re.compile(r"[0-9]{1,4}"),
    "UNTIL": re.compile(r"[0-9]{8}(T[0-9]{6}Z?)?"),
    "BYDAY": re.compile(r"[+-]?[1-5]?(MO|TU|WE|TH|FR|SA|SU)(,[+-]?[1-5]?(MO|TU|WE|TH|FR|SA|SU)){0,13}"),
    "BYMONTHDAY": re.compile(r"-?[1-9][0-9]?(,-?[1-9][0-9]?){0,30}"),
    "WKST": re.compile(r"MO|SU"),
}
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
COUNTED = re.compile(r"COUNT=([0-9]+)")


class BadRule(ValueError):
    """The rule cannot be kept. ``code`` says why, ``part`` which part is at fault."""

    def __init__(self, code: str, part: str = "") -> None:
        self.code, self.part = code, part
        super().__init__(f"{code} {part}".strip())


@dataclass(frozen=True)
class Rule:
    """A checked rule, in its canonical spelling."""

    text: str

    def days(self, starts_on: dt.date, first: dt.date, last: dt.date, *, most: int) -> list[dt.date]:
        """At most so many days between two days, both included. Wall-clock dates: no zone, no clock change."""
        start = dt.datetime.combine(starts_on, dt.time(12))
        end = dt.datetime.combine(min(last, max(first, starts_on) + FURTHEST), dt.time(12))
        parts = dict(part.split("=", 1) for part in self.text.split(";"))
        until = dt.datetime.combine(_day(parts["UNTIL"]), dt.time(12)) if "UNTIL" in parts else end
        kept = ";".join(f"{name}={value}" for name, value in parts.items() if name != "UNTIL")
        if "COUNT" in parts:
            # COUNT and UNTIL exclude each other; a count is bounded by itself.
            found = rrulestr(kept, dtstart=start)
        else:
            found = rrulestr(f"{kept};UNTIL={min(until, end):%Y%m%dT%H%M%S}", dtstart=start)
        limit = min(until, end)
        # Both have an end of their own, so that a rule without a count is followed for as many years as it has.
        days = (moment.date() for moment in takewhile(lambda moment: moment <= limit, found))
        return list(islice((day for day in days if day >= first), most))

    def rest(self, starts_on: dt.date, first: dt.date) -> Rule | None:
        """The same rule for what is left from a day on: a count goes on where it was; ``None`` when nothing is."""
        count = COUNTED.search(self.text)
        if count is None or first <= starts_on:
            return self
        gone = len(self.days(starts_on, starts_on, first - dt.timedelta(days=1), most=MOST_COUNT))
        left = int(count[1]) - gone
        return Rule(COUNTED.sub(f"COUNT={left}", self.text)) if left > 0 else None


def every_hand_out(text: str, weekday: int, every_weeks: int) -> str:
    """The same weekly rule on another weekday, in step with what comes every so many weeks; other rules stay."""
    parts = dict(part.split("=", 1) for part in text.split(";"))
    if parts["FREQ"] != "WEEKLY":
        return text
    parts["BYDAY"] = WEEKDAYS[weekday]
    if int(parts.get("INTERVAL", "1")) % every_weeks:
        parts["INTERVAL"] = str(every_weeks)
    return ";".join(f"{name}={parts[name]}" for name in SHAPES if name in parts)


@dataclass(frozen=True)
class Day:
    """A day of a regular request as somebody compares it: which row it is, its day by the rule, and when."""

    key: int
    due_on: dt.date
    starts_at: dt.datetime


def paired(gone: Iterable[Day], coming: Iterable[Day]) -> list[tuple[Day | None, Day | None]]:
    """What becomes of each day when the rule changes: the first day that goes with the first that comes in the same
    week; those that find no partner go, or come, alone. In the order of time."""
    weeks: dict[tuple[int, int], tuple[list[Day], list[Day]]] = {}
    for place, days in enumerate((gone, coming)):
        for day in sorted(days, key=lambda one: one.starts_at):
            year, week, _weekday = day.due_on.isocalendar()
            weeks.setdefault((year, week), ([], []))[place].append(day)
    pairs: list[tuple[Day | None, Day | None]] = []
    for _week, (old, new) in sorted(weeks.items()):
        same = {day.due_on for day in old} & {day.due_on for day in new}
        for kept in (True, False):
            pairs += zip_longest(
                [day for day in old if (day.due_on in same) == kept],
                [day for day in new if (day.due_on in same) == kept],
            )
    return pairs


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:8]}")


def parse(text: str, *, starts_on: dt.date) -> Rule:
    """Check a rule. Raises ``BadRule`` with ``too_long``, ``unknown_part``, ``twice``, ``bad_value``, ``too_often``,
    ``too_many``, ``both_ends`` or ``never``."""
    text = text.strip().upper().removeprefix("RRULE:")
    if not text or len(text) > LONGEST:
        raise BadRule("too_long" if text else "bad_value", "RRULE")
    parts: dict[str, str] = {}
    for part in text.split(";"):
        name, _sign, value = part.partition("=")
        if name in parts:
            raise BadRule("twice", name)
        if name == "FREQ" and value in {"SECONDLY", "MINUTELY", "HOURLY"}:
            raise BadRule("too_often", name)
        if name not in SHAPES:
            raise BadRule("unknown_part", name[:20])
        if not SHAPES[name].fullmatch(value):
            raise BadRule("bad_value", name)
        parts[name] = value
    _check(parts)
    rule = Rule(";".join(f"{name}={parts[name]}" for name in SHAPES if name in parts))
    try:
        found = rule.days(starts_on, starts_on, starts_on + FURTHEST, most=1)
    except (ValueError, OverflowError) as error:
        raise BadRule("bad_value") from error
    if not found:
        raise BadRule("never")
    return rule


def _check(parts: dict[str, str]) -> None:
    if "FREQ" not in parts:
        raise BadRule("bad_value", "FREQ")
    if parts["FREQ"] != "MONTHLY" and any(character.isdigit() for character in parts.get("BYDAY", "")):
        raise BadRule("bad_value", "BYDAY")
    if "COUNT" in parts and "UNTIL" in parts:
        raise BadRule("both_ends", "UNTIL")
    for name, most in (("INTERVAL", MOST_INTERVAL), ("COUNT", MOST_COUNT)):
        if name in parts and not 1 <= int(parts[name]) <= most:
            raise BadRule("too_many" if int(parts[name]) else "bad_value", name)
    if any(abs(int(day)) > 31 for day in parts.get("BYMONTHDAY", "1").split(",")):
        raise BadRule("bad_value", "BYMONTHDAY")
    if "UNTIL" in parts:
        try:
            _day(parts["UNTIL"])
        except ValueError as error:
            raise BadRule("bad_value", "UNTIL") from error
