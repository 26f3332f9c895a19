"""Waiting for an earlier time: whether a place that came free is one that somebody waits for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from bookings.rules.slots import FreeSlot

# A stretch of time: when it begins and ends.
Stretch = tuple[dt.datetime, dt.datetime]


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


def beyond(free: Iterable[FreeSlot], told: Collection[Stretch]) -> list[FreeSlot]:
    """Times with more places left than people who were told of one there a moment ago and have their head start."""
    return [slot for slot in free if slot.left > sum(_meet((slot.starts_at, slot.ends_at), one) for one in told)]


def first_in(
    free: Iterable[FreeSlot], freed: Stretch, bounds: Bounds, zone: ZoneInfo, *, known: Collection[Stretch] = ()
) -> FreeSlot | None:
    """The first free time that uses part of the stretch that came free, is welcome and not ``known``. Times are in
    order; each is as long as the visit, so that a stretch too short for it offers none."""
    for slot in free:
        time = (slot.starts_at, slot.ends_at)
        is_news = _meet(time, freed) and not any(_meet(time, one) for one in known)
        if is_news and bounds.take(slot.starts_at, zone):
            return slot
    return None


def _meet(one: Stretch, other: Stretch) -> bool:
    return one[0] < other[1] and other[0] < one[1]
