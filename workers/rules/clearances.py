"""Licences and certificates: who may do what on a day, and when to say that one ends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from workers.rules.candidates import Reason, Severity

# Days before the last day on which somebody is told; and the day after it.
BEFORE = (60, 30, 7)


@dataclass(frozen=True)
class Held:
    """A licence or certificate; both days count, no last day means that it does not end."""

    kind: str
    valid_from: dt.date
    valid_until: dt.date | None = None

    def covers(self, day: dt.date) -> bool:
        """Whether it is valid on a day."""
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


def step_days(valid_until: dt.date) -> list[dt.date]:
    """Days on which somebody is told, in order."""
    after = [] if valid_until == dt.date.max else [valid_until + dt.timedelta(days=1)]
    return [*(valid_until - dt.timedelta(days=days) for days in BEFORE), *after]


def reasons(needed: Iterable[str], held: Iterable[Held], day: dt.date) -> Iterator[Reason]:
    """What the work asks for on that day and the person does not have: it forbids, and says since when."""
    kept = list(held)
    for kind in needed:
        of_kind = [one for one in kept if one.kind == kind]
        if any(one.covers(day) for one in of_kind):
            yield Reason("cleared", Severity.FOR, {"clearance": kind})
            continue
        ended = [one.valid_until for one in of_kind if one.valid_until is not None and one.valid_until < day]
        if ended:
            yield Reason("clearance_expired", Severity.BLOCK, {"clearance": kind, "since": max(ended).isoformat()})
        else:
            yield Reason("clearance_missing", Severity.BLOCK, {"clearance": kind})
