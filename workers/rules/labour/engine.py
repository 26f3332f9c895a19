"""All rules over some days of one person; and what one more piece of work would break."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from workers.rules.labour.days import DAY_RULES, MINOR_RULES, Day, restrictions, schedule_change
from workers.rules.labour.facts import ScheduleChange, Setting, Work, WorkFile
from workers.rules.labour.findings import Finding, WayOut, way
from workers.rules.labour.terms import AVERAGE_WEEKS
from workers.rules.labour.timeline import DAY, Timeline
from workers.rules.labour.weeks import MINOR_WEEK_RULES, WEEK_RULES, Week, average_work

MAJORITY = 18


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
        if not line.worked[index]:
            continue
        day = Day(line, index, file, setting, setting.terms.on(line.base + index))
        found += [one for rule in DAY_RULES if (one := rule(day)) is not None]
        if file.born_on is not None and (age := file.age_on(day.date)) is not None and age < MAJORITY:
            found += [one for rule in MINOR_RULES if (one := rule(day)) is not None]
        if file.restrictions:
            found += restrictions(day)
    for change in file.changes:
        if first <= change.day <= last:
            terms = setting.terms.on(change.day.toordinal())
            found += [one for one in (schedule_change(change, setting, terms),) if one is not None]
    return found


def _weeks(line: Timeline, file: WorkFile, setting: Setting, first: dt.date, last: dt.date) -> list[Finding]:
    found: list[Finding] = []
    begin, end = line.index(first.toordinal()) // 7, line.index(last.toordinal()) // 7
    for index in range(begin, end + 1):
        if not line.totals[index]:
            continue
        week = Week(line, index, file, setting, setting.terms.on(line.base + 7 * index + 6))
        found += [one for rule in WEEK_RULES if (one := rule(week)) is not None]
        if file.born_on is not None and (age := file.age_on(dt.date.fromordinal(week.monday))) is not None:
            found += [one for rule in MINOR_WEEK_RULES if age < MAJORITY and (one := rule(week)) is not None]
    for index in range(begin, min(end + AVERAGE_WEEKS, len(line.totals))):
        if line.totals[index] and (one := average_work(line, setting, index)) is not None:
            found.append(one)
    return found


def trial(file: WorkFile, piece: Work, setting: Setting, *, change: ScheduleChange | None = None) -> list[Finding]:
    """What becomes broken, or worse, by one more piece of work; the ways out speak of that piece.

    ``change`` is the change of published hours that the piece would be.
    """
    zone = setting.zone
    first = dt.datetime.fromtimestamp(piece.start, zone).date() - dt.timedelta(days=1)
    last = dt.datetime.fromtimestamp(piece.end - 1, zone).date() + dt.timedelta(days=1)
    more = file.with_work(piece)
    if change is not None:
        more = replace(more, changes=(*more.changes, change))
    after = judge(more, setting, first, last)
    if not after:
        return []
    before = {(one.code, one.day, one.word): one.measured for one in judge(file, setting, first, last)}
    return [
        replace(one, ways_out=_ways_for(piece, one))
        for one in after
        if before.get((one.code, one.day, one.word)) != one.measured
    ]


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
