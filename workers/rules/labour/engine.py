"""All rules over some days of one person; and what one more piece of work would break."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from workers.rules.intervals import Span
from workers.rules.labour.days import DAY_RULES, MINOR_RULES, Day, restrictions, schedule_change
from workers.rules.labour.facts import MAJORITY, Kind, ScheduleChange, Setting, Work, WorkFile
from workers.rules.labour.findings import Finding, WayOut, way
from workers.rules.labour.terms import AVERAGE_WEEKS
from workers.rules.labour.timeline import DAY, Timeline
from workers.rules.labour.weeks import MINOR_WEEK_RULES, WEEK_RULES, Week, average_work


def judge(file: WorkFile, setting: Setting, first: dt.date, last: dt.date) -> list[Finding]:
    """Every rule met or broken on the days from ``first`` to ``last`` and in the weeks that they touch.

    The file holds what was worked and what is planned; whoever asks about a week gives the work of the days around it,
    and that of the 14 weeks before and the 11 after it (or their totals) for the averages.
    """
    line = Timeline(file, setting, first.toordinal(), last.toordinal())
    return [*_days(line, file, setting, first, last), *_weeks(line, file, setting, first, last)]


def _days(line: Timeline, file: WorkFile, setting: Setting, first: dt.date, last: dt.date) -> list[Finding]:
    found: list[Finding] = []
    for index in range(line.index(first.toordinal()), line.index(last.toordinal()) + 1):
        found += _on_day(line, index, file, setting) + _ruled_out(line, index, file, setting)
    return found + _changes(file.changes, setting, first, last)


def _on_day(line: Timeline, index: int, file: WorkFile, setting: Setting) -> list[Finding]:
    """What is found on one day."""
    if not line.worked[index]:
        return []
    day = Day(line, index, file, setting, setting.terms.on(line.base + index))
    found = [one for rule in DAY_RULES if (one := rule(day)) is not None]
    if file.born_on is not None and (age := file.age_on(day.date)) is not None and age < MAJORITY:
        found += [one for rule in MINOR_RULES if (one := rule(day)) is not None]
    return found


def _ruled_out(line: Timeline, index: int, file: WorkFile, setting: Setting) -> list[Finding]:
    """What somebody must not be asked that is found on one day (L23)."""
    if not file.restrictions or not line.worked[index]:
        return []
    return restrictions(Day(line, index, file, setting, setting.terms.on(line.base + index)))


def _changes(changes: Iterable[ScheduleChange], setting: Setting, first: dt.date, last: dt.date) -> list[Finding]:
    """What is found about hours that were published and changed (L14)."""
    told = (
        schedule_change(change, setting, setting.terms.on(change.day.toordinal()))
        for change in changes
        if first <= change.day <= last
    )
    return [one for one in told if one is not None]


def _weeks(line: Timeline, file: WorkFile, setting: Setting, first: dt.date, last: dt.date) -> list[Finding]:
    found: list[Finding] = []
    begin, end = line.index(first.toordinal()) // 7, line.index(last.toordinal()) // 7
    for index in range(begin, end + 1):
        found += _in_week(line, index, file, setting)
    for index in range(begin, min(end + AVERAGE_WEEKS, len(line.totals))):
        found += _average(line, index, setting)
    return found


def _in_week(line: Timeline, index: int, file: WorkFile, setting: Setting) -> list[Finding]:
    """What is found in one week."""
    if not line.totals[index]:
        return []
    week = Week(line, index, file, setting, setting.terms.on(line.base + 7 * index + 6))
    found = [one for rule in WEEK_RULES if (one := rule(week)) is not None]
    if file.born_on is not None and (age := file.age_on(dt.date.fromordinal(week.monday))) is not None:
        found += [one for rule in MINOR_WEEK_RULES if age < MAJORITY and (one := rule(week)) is not None]
    return found


def _average(line: Timeline, index: int, setting: Setting) -> list[Finding]:
    """What is found in the twelve weeks that end with one (L3)."""
    found = average_work(line, setting, index) if line.totals[index] else None
    return [] if found is None else [found]


class Trials:
    """What becomes broken, or worse, by one more piece of work, asked about one person as often as one likes.

    The same findings as those that ``judge`` has with the piece and not without it, and what the piece alone asks that
    is ruled out (L23), whatever else the day holds. What is known without it is laid out once; of the days, only those
    are judged of which the piece changes something.
    """

    def __init__(self, file: WorkFile, setting: Setting) -> None:
        self.file, self.setting = file, setting
        self._breaks = [one for one in file.work if one.kind is Kind.BREAK]
        # By first and last day; and what each rule measured before, by line and place.
        self._lines: dict[Span, Timeline] = {}
        self._before: dict[tuple[str, Span, int], dict[Key, int]] = {}

    def of(self, piece: Work, *, change: ScheduleChange | None = None) -> list[Finding]:
        """What the piece breaks or makes worse; the ways out speak of that piece.

        ``change`` is the change of published hours that the piece would be.
        """
        file, setting = self.file, self.setting
        first = dt.datetime.fromtimestamp(piece.start, setting.zone).date().toordinal() - 1
        last = dt.datetime.fromtimestamp(piece.end - 1, setting.zone).date().toordinal() + 1
        days = (first, last)
        before = self._lines.get(days) or self._lines.setdefault(days, Timeline(file, setting, first, last))
        more = file.with_work(piece)
        if piece.kind is Kind.BREAK or any(one.start < piece.end and piece.start < one.end for one in self._breaks):
            after = Timeline(more, setting, first, last)
        else:
            after = before.with_piece(more, piece)
        found: list[Finding] = []
        for index in range(after.index(first), after.index(last) + 1):
            if _touches(piece, before, after, index):
                found += self._new("day", days, index, _on_day(after, index, more, setting))
        found += self._ruled_out(piece, days)
        if change is not None or file.changes:
            found += self._new_changes(first, last, change)
        begin, end = after.index(first) // 7, after.index(last) // 7
        for index in range(begin, end + 1):
            found += self._new("week", days, index, _in_week(after, index, more, setting))
        for index in range(begin, min(end + AVERAGE_WEEKS, len(after.totals))):
            if over := _average(after, index, setting):
                found += self._new("average", days, index, over)
        return [replace(one, ways_out=_ways_for(piece, one)) for one in found]

    def _new(self, what: Place, days: Span, index: int, after: list[Finding]) -> list[Finding]:
        """Of what is found with the piece, what is not found without it, or was measured otherwise."""
        if not after:
            return after
        key = (what, days, index)
        if key not in self._before:
            line, file, setting = self._lines[days], self.file, self.setting
            found = (
                _on_day(line, index, file, setting)
                if what == "day"
                else _in_week(line, index, file, setting)
                if what == "week"
                else _average(line, index, setting)
            )
            self._before[key] = _measures(found)
        before = self._before[key]
        return [one for one in after if before.get(_key(one)) != one.measured]

    def _ruled_out(self, piece: Work, days: Span) -> list[Finding]:
        """L23 of the piece itself: that more of the day is against it, or as much, allows nothing."""
        if not self.file.restrictions:
            return []
        alone = replace(self.file, work=(piece,), plain=(), earlier={})
        line = Timeline(alone, self.setting, *days)
        indexes = range(line.index(days[0]), line.index(days[1]) + 1)
        return [one for index in indexes for one in _ruled_out(line, index, alone, self.setting)]

    def _new_changes(self, first: int, last: int, change: ScheduleChange | None) -> list[Finding]:
        known, setting = self.file.changes, self.setting
        opening, closing = dt.date.fromordinal(first), dt.date.fromordinal(last)
        before = _measures(_changes(known, setting, opening, closing))
        after = _changes((*known, change) if change else known, setting, opening, closing)
        return [one for one in after if before.get(_key(one)) != one.measured]


Key = tuple[str, dt.date, str]
Place = Literal["day", "week", "average"]


def _key(one: Finding) -> Key:
    return one.code, one.day, one.word


def _measures(found: Iterable[Finding]) -> dict[Key, int]:
    return {_key(one): one.measured for one in found}


def _touches(piece: Work, before: Timeline, after: Timeline, index: int) -> bool:
    """Whether the piece changes anything that the rules of a day read: its time, or the rest before it."""
    if piece.start < after.midnights[index + 1] and after.midnights[index] < piece.end:
        return True
    was, now = before.begun, after.begun
    return was.get(index) != now.get(index) or was.get(index - 1) != now.get(index - 1)


def worsened(after: Iterable[Finding], before: Iterable[Finding]) -> list[Finding]:
    """Of what is found, what was not found before or is further from its limit now."""
    known = {_key(one): _breach(one) for one in before}
    return [one for one in after if _breach(one) > known.get(_key(one), NO_BREACH)]


NO_BREACH = (-1, 0)


def _breach(one: Finding) -> tuple[int, int]:
    """How far from its limit; of interruptions (L17) also how long."""
    return abs(one.measured - one.limit), one.figures.get("longest", 0)


def trial(file: WorkFile, piece: Work, setting: Setting, *, change: ScheduleChange | None = None) -> list[Finding]:
    """What becomes broken, or worse, by one more piece of work: ``Trials`` asked once."""
    return Trials(file, setting).of(piece, change=change)


def _ways_for(piece: Work, one: Finding) -> tuple[WayOut, ...]:
    """Of the ways out of a finding, those that this piece can take, in its own figures."""
    ways = []
    for out in one.ways_out:
        at = out.figures.get("at", 0)
        if out.code == "at_most_week":
            left = piece.end - piece.start - out.figures["over"]
            ways.append(way("left_week", left=left) if left > 0 else way("other_week"))
        elif out.code == "end_by":
            if piece.start < at < piece.end:
                ways.append(out)
        elif out.code == "start_from":
            # Not for the work of the evening before, which a later start of the morning would spare.
            if piece.start < at < piece.start + (one.limit or DAY):
                ways.append(out)
        else:
            ways.append(out)
    return tuple(ways) or (way("other_time"),)
