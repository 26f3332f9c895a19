"""Who is beside somebody at work that asks for it, and when somebody could be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from workers.rules.intervals import Interval, first_free

# Ways of working in which somebody has to be there the whole time.
BESIDE = frozenset({"observation", "paired"})


@dataclass(frozen=True)
class Helper:
    """Somebody who may accompany: an own trainee who can show it, or a supervisor (whose hours we do not know)."""

    name: str
    trainee_id: int | None = None
    user_id: int | None = None
    open_windows: tuple[Interval, ...] | None = None
    busy: tuple[Interval, ...] = ()

    def is_free(self, window: Interval) -> bool:
        """Whether they are there and have nothing else."""
        is_here = self.open_windows is None or any(window.within(opened) for opened in self.open_windows)
        return is_here and not any(taken.overlaps(window) for taken in self.busy)


# Whether somebody may accompany for that time: what the Labour Code says of it.
May = Callable[[Helper, Interval], bool]


def always(_helper: Helper, _window: Interval) -> bool:
    """Nothing is known against it."""
    return True


def free_helper(helpers: Sequence[Helper], window: Interval, *, may: May = always) -> Helper | None:
    """The first who is free and may, in the order given."""
    return next((one for one in helpers if one.is_free(window) and may(one, window)), None)


def next_together(
    helpers: Sequence[Helper],
    duration: dt.timedelta,
    *,
    open_windows: Sequence[Interval],
    busy: Sequence[Interval],
    earliest: dt.datetime,
    latest: dt.datetime,
    may: May = always,
) -> tuple[dt.datetime, Helper] | None:
    """The first moment of the day at which the person (``open_windows``, ``busy``) and a helper who may are free."""
    found = []
    for number, one in enumerate(helpers):
        here = (Interval(earliest, latest),) if one.open_windows is None else one.open_windows
        both = [common for mine in open_windows for other in here if (common := _common(mine, other)) is not None]
        start = first_free(duration, open_windows=both, busy=[*busy, *one.busy], earliest=earliest)
        if start is not None:
            found.append((start, number))
    able = ((start, helpers[number]) for start, number in sorted(found))
    return next(((start, one) for start, one in able if may(one, Interval(start, start + duration))), None)


def _common(one: Interval, other: Interval) -> Interval | None:
    start, end = max(one.start, other.start), min(one.end, other.end)
    return Interval(start, end) if start < end else None
