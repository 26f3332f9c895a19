"""The work of one person laid on civil days and weeks: sorted once, in whole seconds, real across clock changes."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate
from zoneinfo import ZoneInfo

from workers.rules.intervals import Span
from workers.rules.labour.facts import Contract, Kind, Setting, Work, WorkFile
from workers.rules.labour.terms import DRIFT_AMONG, MINUTE

DAY = 86_400
# Weeks known before the first one judged (drift: 15) and after the last one (average: 12).
WEEKS_BEFORE, WEEKS_AFTER = DRIFT_AMONG - 1, 12


class Timeline:
    """Work of a person around the weeks from ``first`` to ``last`` (days, as ordinals).

    ``midnights[i]`` begins day ``base + i``, a Monday when ``i`` is a multiple of 7; ``worked[i]`` is what of the work
    lies in that civil day; ``begun[i]`` are the pieces that begin in it; ``totals[k]`` is the work of week ``k``.
    """

    __slots__ = (
        "_by_week",
        "_contracts",
        "_excess",
        "_file",
        "_laid",
        "base",
        "begun",
        "ends",
        "midnights",
        "starts",
        "sums",
        "totals",
        "worked",
    )

    _by_week: dict[int, list[Work]] | None
    _excess: list[int | None] | None
    _contracts: dict[int, tuple[Contract | None, int]]

    def __init__(self, file: WorkFile, setting: Setting, first: int, last: int) -> None:
        self.base = monday_of(first) - 7 * WEEKS_BEFORE
        weeks = (monday_of(last) - self.base) // 7 + 1 + WEEKS_AFTER
        self.midnights = midnights(setting.zone, self.base, 7 * weeks + 1)
        self.worked = [0] * (7 * weeks)
        self.begun: dict[int, list[tuple[int, int]]] = {}
        self._laid = [0] * weeks
        self._file, self._by_week, self._excess, self._contracts = file, None, None, {}
        self.starts, self.ends = joined(file.work, file.plain)
        for start, end in zip(self.starts, self.ends, strict=True):
            self._lay(start, end)
        self._add_up()

    def _add_up(self) -> None:
        """The totals of weeks, once every piece is laid."""
        self.totals = self._laid.copy()
        for monday, seconds in self._file.earlier.items():
            week, aside = divmod(monday.toordinal() - self.base, 7)
            if aside == 0 and 0 <= week < len(self.totals):
                # The days next to the weeks looked at are known one by one, and are part of the total.
                self.totals[week] = max(self.totals[week], seconds)
        self.sums = [0, *accumulate(self.totals)]

    def with_piece(self, file: WorkFile, piece: Work) -> Timeline:
        """The same days of ``file``, which is the file of this line with one more piece of work.

        The piece is laid on what is there already: a trial costs little more than the days that it touches.
        """
        more = object.__new__(Timeline)
        more.base, more.midnights = self.base, self.midnights
        more.worked, more._laid, more.begun = self.worked.copy(), self._laid.copy(), self.begun.copy()
        more.starts, more.ends = self.starts.copy(), self.ends.copy()
        more._file, more._by_week, more._excess, more._contracts = file, None, None, self._contracts
        left, right = bisect_left(self.ends, piece.start), bisect_right(self.starts, piece.end)
        start, end = piece.start, piece.end
        if left < right:
            start, end = min(start, self.starts[left]), max(end, self.ends[right - 1])
            for place in range(left, right):
                more._lay(self.starts[place], self.ends[place], -1)
        more._lay(start, end)
        more.starts[left:right], more.ends[left:right] = [start], [end]
        more._add_up()
        return more

    def _lay(self, start: int, end: int, sign: int = 1) -> None:
        """A stretch on its days, or (``sign`` -1) off them again."""
        marks, worked, totals = self.midnights, self.worked, self._laid
        opening, closing = marks[0], marks[-1]
        if end <= opening or start >= closing:
            return
        # Days of 23 and 25 hours shift the guess by one at most.
        day = max(0, (start - opening) // DAY)
        while marks[day] > start and day:
            day -= 1
        while marks[day + 1] <= start:
            day += 1
        if start >= opening:
            self._begin(day, (start, end), sign)
        cursor = max(start, opening)
        while end > marks[day + 1]:
            worked[day] += sign * (marks[day + 1] - cursor)
            totals[day // 7] += sign * (marks[day + 1] - cursor)
            cursor = marks[day + 1]
            day += 1
            if cursor >= closing:
                return
        worked[day] += sign * (end - cursor)
        totals[day // 7] += sign * (end - cursor)

    def _begin(self, day: int, piece: Span, sign: int) -> None:
        """Pieces of a day are in order; a list that is there may be that of another line."""
        pieces = self.begun.get(day, [])
        pieces = [one for one in pieces if one != piece] if sign < 0 else sorted([*pieces, piece])
        if pieces:
            self.begun[day] = pieces
        else:
            del self.begun[day]

    def index(self, ordinal: int) -> int:
        """Place of a day."""
        return ordinal - self.base

    def contract(self, week: int) -> tuple[Contract | None, int]:
        """The last contract of a week and the weekly seconds of all of them.

        Hours that change within a week count for its days from Monday to Friday, a fifth each.
        """
        known = self._contracts.get(week)
        if known is None:
            contracts, monday = self._file.contracts, self.base + 7 * week
            if not contracts:
                return None, 0
            if len(contracts) == 1 and not contracts[0].riders:
                return self._only(contracts[0], monday)
            known = self._contracts[week] = deal_of_week(contracts, dt.date.fromordinal(monday))
        return known

    def _only(self, deal: Contract, monday: int) -> tuple[Contract | None, int]:
        """The same, of somebody with one contract that never changed."""
        begun = deal.starts_on.toordinal() < monday + 7
        over = deal.ends_on is not None and deal.ends_on.toordinal() < monday
        return (deal, deal.weekly_minutes * MINUTE) if begun and not over else (None, 0)

    @property
    def excess(self) -> list[int | None]:
        """Seconds of each week beyond its contract, below 0 when under it; ``None`` without a contract."""
        if self._excess is None:
            agreed = [self.contract(week)[1] for week in range(len(self.totals))]
            self._excess = [total - one if one else None for total, one in zip(self.totals, agreed, strict=True)]
        return self._excess

    def begun_in_week(self, week: int) -> list[Work]:
        """Work as it was told, breaks apart, that begins in a week; without that of which nothing but when is known."""
        if self._by_week is None:
            self._by_week = {}
            weeks = self.midnights[::7]
            for one in self._file.work:
                if one.kind is not Kind.BREAK and weeks[0] <= one.start < weeks[-1]:
                    self._by_week.setdefault(bisect_right(weeks, one.start) - 1, []).append(one)
        return self._by_week.get(week, [])

    def plain_in_week(self, week: int) -> list[Span]:
        """The work that begins in a week and of which nothing but when is known."""
        opening, closing = self.midnights[7 * week], self.midnights[7 * week + 7]
        return [one for one in self._file.plain if opening <= one[0] < closing]

    def rest_in(self, opening: int, closing: int) -> list[tuple[int, int]]:
        """Stretches without work that touch ``[opening, closing)``, whole; where no work is known, a year long."""
        place = bisect_right(self.ends, opening)
        before = self.ends[place - 1] if place else opening - 365 * DAY
        found = []
        while place < len(self.starts) and self.starts[place] < closing:
            if self.starts[place] > before:
                found.append((before, self.starts[place]))
            before = self.ends[place]
            place += 1
        if before < closing:
            found.append((before, self.starts[place] if place < len(self.starts) else closing + 365 * DAY))
        return found


def deal_of_week(contracts: Sequence[Contract], monday: dt.date) -> tuple[Contract | None, int]:
    """The last contract of a week and the weekly seconds of all of them, as ``Timeline.contract``: what is planned for
    the week and what the rules judge it by are the same."""
    deals: list[Contract] = []
    agreed: list[int] = []
    working = 0
    for place in range(7):
        day = monday + dt.timedelta(days=place)
        if running := [one for one in contracts if one.holds_on(day)]:
            deals = running
            agreed.append(sum(deal.seconds_on(day) for deal in running))
            working += place < 5
    if not deals:
        return None, 0
    days = agreed[:working] or agreed[-1:]
    return deals[0], sum(days) // len(days) if min(days) != max(days) else days[-1]


def monday_of(ordinal: int) -> int:
    """Ordinal of the Monday on or before a day; ordinal 1 was a Monday."""
    return ordinal - (ordinal - 1) % 7


def joined(work: Sequence[Work], plain: Iterable[Span] = ()) -> tuple[list[int], list[int]]:
    """Starts and ends of the same working time as disjoint stretches in order, without the breaks."""
    starts: list[int] = []
    ends: list[int] = []
    until = -1 << 60
    for start, end in sorted([*plain, *((one.start, one.end) for one in work if one.kind is not Kind.BREAK)]):
        if start > until:
            starts.append(start)
            ends.append(end)
            until = end
        elif end > until:
            ends[-1] = until = end
    breaks = [one for one in work if one.kind is Kind.BREAK]
    return _without(starts, ends, breaks) if breaks else (starts, ends)


def _without(starts: list[int], ends: list[int], breaks: list[Work]) -> tuple[list[int], list[int]]:
    """The stretches, less the breaks."""
    left = list(zip(starts, ends, strict=True))
    for pause in breaks:
        left = [
            (start, end)
            for piece in left
            for start, end in (
                (piece[0], min(piece[1], pause.start)),
                (max(piece[0], pause.end), piece[1]),
            )
            if start < end
        ]
    return [start for start, _end in left], [end for _start, end in left]


@lru_cache(maxsize=64)
def midnights(zone: ZoneInfo, base: int, count: int) -> tuple[int, ...]:
    """When each of these days begins, in seconds since 1970: 23 or 25 hours apart when the clocks change."""
    return clock_times(zone, base, count, 0)


@lru_cache(maxsize=256)
def clock_times(zone: ZoneInfo, base: int, count: int, seconds: int) -> tuple[int, ...]:
    """When the clocks of the zone show a time of day (seconds after midnight, up to 24 h) on each of these days."""
    hours, rest = divmod(seconds, 3600)
    found = []
    for ordinal in range(base, base + count):
        day = dt.date.fromordinal(ordinal + hours // 24)
        found.append(int(dt.datetime.combine(day, dt.time(hours % 24, rest // 60), zone).timestamp()))
    return tuple(found)
