"""By which ways a provider is reached, one after the other (lifecycles.md 2.4)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from zoneinfo import ZoneInfo

CALL = "call"
# Whatever could not leave within this time, or a quarter of the time to answer, goes another way.
PATIENCE = dt.timedelta(minutes=20)

# Nobody is woken by an SMS, unless an organisation says otherwise.
SMS_FROM, SMS_UNTIL = dt.time(8), dt.time(20)


def steps_left(ladder: str, tried: Collection[str]) -> list[str]:
    """The ways of a ladder such as ``email_sms_call`` that were not tried yet. A call is always left: the last way is
    a person, who may call again."""
    return [way for way in ladder.split("_") if way not in tried and way != CALL] + [CALL]


def leaves_at(
    now: dt.datetime, due_at: dt.datetime | None, begins: dt.time, ends: dt.time, zone: ZoneInfo
) -> dt.datetime:
    """When an SMS leaves: now, or in the morning instead of at night; also at night when the answer is due by then."""
    local = now.astimezone(zone)
    if begins <= local.time() < ends:
        return now
    day = local.date() + dt.timedelta(days=1 if local.time() >= ends else 0)
    morning = dt.datetime.combine(day, begins, zone).astimezone(dt.UTC)
    return now if due_at is not None and due_at <= morning else morning


def give_up_at(now: dt.datetime, due_at: dt.datetime) -> dt.datetime:
    """Until when a message may wait to leave before another way is taken."""
    return now + min(PATIENCE, max((due_at - now) / 4, dt.timedelta(minutes=1)))


def note_with(note: str, words: str, most: int) -> str:
    """What they wrote before and what they write now; of too much the end is kept. Machines repeat themselves."""
    if not note or words in note:
        return note or words
    both = f"{note} / {words}"
    return both if len(both) <= most else "…" + both[-(most - 1) :]
