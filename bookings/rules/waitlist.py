"""Waiting for an earlier time: whether a place that came free is one that somebody waits for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from bookings.rules.slots import FreeSlot


@dataclass(frozen=True)
class Bounds:
    """What would be welcome: before the present appointment, on days between two, when somebody named them."""

    before: dt.datetime
    earliest_on: dt.date | None = None
    latest_on: dt.date | None = None

    def take(self, moment: dt.datetime, zone: ZoneInfo) -> bool:
        """Whether a moment lies within; days are those of the site."""
        day = moment.astimezone(zone).date()
        soon_enough = moment < self.before and (self.latest_on is None or day <= self.latest_on)
        return soon_enough and (self.earliest_on is None or day >= self.earliest_on)


def first_in(
    free: Iterable[FreeSlot], freed: tuple[dt.datetime, dt.datetime], bounds: Bounds, zone: ZoneInfo
) -> FreeSlot | None:
    """The first free time that uses part of the stretch that came free, and is welcome. Times are in order; each is as
    long as the visit, so that a stretch too short for it offers none."""
    begins, ends = freed
    return next(
        (
            slot
            for slot in free
            if slot.starts_at < ends and slot.ends_at > begins and bounds.take(slot.starts_at, zone)
        ),
        None,
    )
