"""Rules of a civil day. One function per rule: it reads a ``Day`` and answers a finding, or nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from workers.rules.labour.facts import ScheduleChange, Setting, WorkFile, is_part_time
from workers.rules.labour.findings import INFO, Finding, WayOut, finding, way
from workers.rules.labour.terms import HOUR, MINUTE, LabourTerms
from workers.rules.labour.timeline import Timeline, clock_times

SUNDAY = 6


class Day:
    """A civil day with work: ``pieces`` begin in it; ``worked`` is all work between its midnights."""

    __slots__ = ("end", "file", "index", "line", "ordinal", "pieces", "setting", "start", "terms", "worked")

    def __init__(self, line: Timeline, index: int, file: WorkFile, setting: Setting, terms: LabourTerms) -> None:
        self.line, self.index, self.file, self.setting, self.terms = line, index, file, setting, terms
        self.ordinal = line.base + index
        self.worked = line.worked[index]
        self.pieces = line.begun.get(index, [])
        self.start = self.pieces[0][0] if self.pieces else 0
        self.end = self.pieces[-1][1] if self.pieces else 0

    @property
    def date(self) -> dt.date:
        """The day."""
        return dt.date.fromordinal(self.ordinal)

    @property
    def rest_before(self) -> int | None:
        """Seconds between the last work begun the day before and the first of this day."""
        before = self.line.begun.get(self.index - 1)
        return self.start - before[-1][1] if before and self.pieces else None

    def clock(self, seconds: int, index: int | None = None) -> int:
        """When the clocks show a time of day on this day, or the day of that index."""
        times = clock_times(self.setting.zone, self.line.base, len(self.line.midnights), seconds)
        return times[self.index if index is None else index]

    def night_work(self, night_from: int, night_until: int) -> int:
        """Seconds of the pieces that lie in the night before or after."""
        dawn, dusk, next_dawn = (
            self.clock(night_until),
            self.clock(night_from),
            self.clock(night_until, self.index + 1),
        )
        return sum(
            max(0, min(end, dawn) - start) + max(0, min(end, next_dawn) - max(start, dusk))
            for start, end in self.pieces
        )

    def when_worked(self, most: int) -> int:
        """The moment at which that much of the day is worked."""
        opening, closing = self.line.midnights[self.index], self.line.midnights[self.index + 1]
        left = most
        for start, end in zip(self.line.starts, self.line.ends, strict=True):
            begins, ends = max(start, opening), min(end, closing)
            if begins < ends:
                if ends - begins >= left:
                    return begins + left
                left -= ends - begins
        return closing


DayRule = Callable[[Day], "Finding | None"]


def daily_work(day: Day) -> Finding | None:
    """L1: at most 10 hours of work in a civil day (L3121-18), 12 by agreement."""
    most = day.terms.daily_most
    if day.worked <= most:
        return None
    return finding("L1", day.ordinal, day.worked, most, way("end_by", at=day.when_worked(most)))


def daily_rest(day: Day) -> Finding | None:
    """L4: at least 11 hours in a row between the last work of the day before and the first of this one (L3131-1)."""
    rest = day.rest_before
    if rest is None or rest >= day.terms.daily_rest:
        return None
    return _short_rest("L4", day, rest, day.terms.daily_rest)


def _short_rest(code: str, day: Day, rest: int, least: int) -> Finding:
    """Later this day, or earlier the day before."""
    return finding(
        code,
        day.ordinal,
        rest,
        least,
        way("start_from", at=day.start - rest + least),
        way("end_by", at=day.start - least),
    )


def daily_break(day: Day) -> Finding | None:
    """L6: as soon as the work of a day reaches 6 hours, a break of 20 minutes in a row has been or is given (L3121-16).

    The break lies between two pieces of work and begins when 6 hours at most are worked: six hours exactly at the end
    of a day need it too. Measured is the work of the pieces that begin that day.
    """
    if day.end - day.start < day.terms.break_due_at:
        return None
    worked = sum(end - start for start, end in day.pieces)
    due_at, least = day.terms.break_due_at, day.terms.break_least
    if worked < due_at:
        return None
    since_morning = 0
    due = 0
    for place, (start, end) in enumerate(day.pieces):
        if since_morning + end - start >= due_at:
            due = start + due_at - since_morning
        since_morning += end - start
        if since_morning > due_at:
            break
        if place + 1 < len(day.pieces) and day.pieces[place + 1][0] - end >= least:
            return None
        if due:
            break
    return finding("L6", day.ordinal, worked, due_at, way("break_before", rest=least, at=due), rest=least)


def daily_span(day: Day) -> Finding | None:
    """L7: from the first work of a day to its last, 13 hours at most: 24 less the daily rest (L3131-1)."""
    most = day.terms.span_most
    if day.end - day.start <= most:
        return None
    return finding(
        "L7",
        day.ordinal,
        day.end - day.start,
        most,
        way("end_by", at=day.start + most),
        way("start_from", at=day.end - most),
    )


def night_work(day: Day) -> Finding | None:
    """L9: no work between 21:00 and 6:00 (L3122-1, -2, -20), unless the agreement allows it: then it is told."""
    terms, midnight = day.terms, day.line.midnights[day.index]
    # Clocks change by an hour at most: most days need no closer look.
    if day.start - midnight > terms.night_until + HOUR and day.end - midnight < terms.night_from - HOUR:
        return None
    if not day.pieces or (day.start >= day.clock(terms.night_until) and day.end <= day.clock(terms.night_from)):
        return None
    at_night = day.night_work(terms.night_from, terms.night_until)
    severity = INFO if terms.night_allowed else None
    ways = () if terms.night_allowed else _out_of_the_night(day, terms.night_from, terms.night_until)
    return finding("L9", day.ordinal, at_night, 0, *ways, severity=severity)


def _out_of_the_night(day: Day, night_from: int, night_until: int) -> tuple[WayOut, ...]:
    return (way("between", start=day.clock(night_until), end=day.clock(night_from)),)


def split_day(day: Day) -> Finding | None:
    """L17: a part-time day has one interruption at most, of two hours at most, unless agreed (L3123-30, L3123-23).

    What lies within usual hours is presence, no interruption; a break of the day neither.
    """
    if len(day.pieces) < 2:
        return None
    if not is_part_time(day.line.contract(day.index // 7)[1]):
        return None
    terms = day.terms
    gaps = [gap for gap in _gaps(day) if gap > terms.break_least]
    if len(gaps) <= terms.interruptions_most and max(gaps, default=0) <= terms.interruption_most:
        return None
    closer = way("bring_together", most=terms.interruption_most, count=terms.interruptions_most)
    return finding("L17", day.ordinal, len(gaps), terms.interruptions_most, closer, longest=max(gaps))


def _gaps(day: Day) -> list[int]:
    """Seconds between the pieces of a day that are not presence."""
    pieces = day.pieces
    if day.file.presence:
        windows = [(int(one.start.timestamp()), int(one.end.timestamp())) for one in day.file.presence]
        pieces = sorted([*pieces, *(one for one in windows if day.start < one[1] and one[0] < day.end)])
    gaps, until = [], day.start
    for start, end in pieces:
        gaps.append(start - until)
        until = max(until, end)
    return gaps


def public_holiday(day: Day) -> Finding | None:
    """L20: 1 May is off and paid (L3133-4); other public holidays of the site are off unless agreed otherwise."""
    if not day.worked or day.ordinal not in day.setting.days_off:
        return None
    other = way("other_day", day=next_working_day(day.ordinal, day.setting))
    if (day.date.month, day.date.day) == (5, 1):
        return finding("L20_may", day.ordinal, day.worked, 0, other)
    return finding("L20", day.ordinal, day.worked, 0, other, severity=None if day.terms.holidays_off else INFO)


def sunday(day: Day) -> Finding | None:
    """L5: the weekly rest is given on Sunday in principle (L3132-3)."""
    if not day.worked or (day.ordinal - 1) % 7 != SUNDAY:
        return None
    severity = INFO if day.terms.sunday_allowed else None
    other = way("other_day", day=next_working_day(day.ordinal, day.setting))
    return finding("L5_sunday", day.ordinal, day.worked, 0, other, severity=severity)


DAY_RULES: tuple[DayRule, ...] = (
    daily_work,
    daily_rest,
    daily_break,
    daily_span,
    night_work,
    split_day,
    public_holiday,
    sunday,
)


# Under 18 (L8).


def minor_day(day: Day) -> Finding | None:
    """L8: at most 8 hours a day (L3162-1)."""
    most = day.terms.minors.daily_most
    if day.worked <= most:
        return None
    return finding("L8_day", day.ordinal, day.worked, most, way("end_by", at=day.when_worked(most)))


def minor_rest(day: Day) -> Finding | None:
    """L8: 12 hours between two days, 14 before the age of 16 (L3164-1)."""
    rest, minors = day.rest_before, day.terms.minors
    least = minors.daily_rest_under_16 if _is_under_16(day) else minors.daily_rest
    return None if rest is None or rest >= least else _short_rest("L8_rest", day, rest, least)


def minor_break(day: Day) -> Finding | None:
    """L8: no stretch of more than 4 h 30 without a break of 30 minutes in a row (L3162-3)."""
    minors = day.terms.minors
    stretch, until = 0, 0
    for start, end in day.pieces:
        stretch = stretch + end - start if until and start - until < minors.break_least else end - start
        until = end
        if stretch > minors.stretch_most:
            due = end - (stretch - minors.stretch_most)
            return finding(
                "L8_break",
                day.ordinal,
                stretch,
                minors.stretch_most,
                way("break_before", rest=minors.break_least, at=due),
                rest=minors.break_least,
            )
    return None


def minor_night(day: Day) -> Finding | None:
    """L8: never at night: from 22:00 to 6:00, from 20:00 before the age of 16 (L3163-1, L3163-2)."""
    minors = day.terms.minors
    night_from = minors.night_from_under_16 if _is_under_16(day) else minors.night_from
    at_night = day.night_work(night_from, minors.night_until)
    if not at_night:
        return None
    return finding("L8_night", day.ordinal, at_night, 0, *_out_of_the_night(day, night_from, minors.night_until))


def minor_holiday(day: Day) -> Finding | None:
    """L8: never on a public holiday (L3164-6)."""
    if not day.worked or day.ordinal not in day.setting.days_off:
        return None
    other = way("other_day", day=next_working_day(day.ordinal, day.setting))
    return finding("L8_holiday", day.ordinal, day.worked, 0, other)


MINOR_RULES: tuple[DayRule, ...] = (minor_day, minor_rest, minor_break, minor_night, minor_holiday)


def _is_under_16(day: Day) -> bool:
    age = day.file.age_on(day.date)
    return age is not None and age < 16


# Facts of one person (L14, L23): several findings a day are possible.


def schedule_change(change: ScheduleChange, setting: Setting, terms: LabourTerms) -> Finding | None:
    """L14: changed hours are told 7 working days before (L3123-31; 3 by agreement, L3123-24), unless the person agrees.

    Working days lie between the day of telling and the changed day, both excluded.
    """
    if change.agreed:
        return None
    day, told = change.day.toordinal(), change.told_on.toordinal()
    notice = sum(is_working_day(one, setting) for one in range(told + 1, day))
    if notice >= terms.schedule_notice_days:
        return None
    earliest = told
    left = terms.schedule_notice_days + 1
    while left:
        earliest += 1
        left -= is_working_day(earliest, setting)
    return finding(
        "L14", day, notice, terms.schedule_notice_days, way("record_agreement"), way("other_day", day=earliest)
    )


def restrictions(day: Day) -> list[Finding]:
    """L23: what is ruled out for the person is not asked; only the code and its last day are known, never why.

    Measured is the work of the day that is ruled out, in seconds.
    """
    found = []
    for one in day.file.restrictions:
        if not one.holds_on(day.date):
            continue
        opening, closing = day.line.midnights[day.index], day.line.midnights[day.index + 1]
        demanding = (work for work in day.file.work if one.code in work.demands)
        ruled_out = sum(max(0, min(work.end, closing) - max(work.start, opening)) for work in demanding)
        ways = [way("other_person")]
        if one.not_before is not None and day.pieces and day.start < (start := day.clock(_seconds(one.not_before))):
            ruled_out += sum(max(0, min(until, start) - since) for since, until in day.pieces)
            ways = [way("start_from", at=start)]
        elif one.not_after is not None and day.pieces and day.end > (end := day.clock(_seconds(one.not_after))):
            ruled_out += sum(max(0, until - max(since, end)) for since, until in day.pieces)
            ways = [way("end_by", at=end)]
        elif one.code == "no_night" and (at_night := day.night_work(day.terms.night_from, day.terms.night_until)):
            ruled_out += at_night
            ways = list(_out_of_the_night(day, day.terms.night_from, day.terms.night_until))
        if ruled_out:
            until = one.ends_on.toordinal() if one.ends_on else 0
            found.append(finding("L23", day.ordinal, ruled_out, 0, *ways, word=one.code, until=until))
    return found


def _seconds(time: dt.time) -> int:
    return (time.hour * 60 + time.minute) * MINUTE


def is_working_day(ordinal: int, setting: Setting) -> bool:
    """Monday to Friday, public holidays apart."""
    return (ordinal - 1) % 7 < 5 and ordinal not in setting.days_off


def next_working_day(ordinal: int, setting: Setting) -> int:
    """The first working day after a day."""
    ordinal += 1
    while not is_working_day(ordinal, setting):
        ordinal += 1
    return ordinal
