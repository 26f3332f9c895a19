"""The supervisor's list in words: one card a person, the days in it, what was learnt beside the hours (R20, R25)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from concierge.tenancy import Actor
from concierge.words import date_words
from workers.actions.time import supposed_end
from workers.enums import TimeKind
from workers.models import Assignment, TimeEntry, Trainee
from workers.models.timesheets import Missing, PersonHours
from workers.rules import time as rules
from workers.views.checking import finished_words
from workers.views.common import clock
from workers.views.hour_words import entry_line, minutes_words, missing_words, person_words

# What a line asks for: a look, a yes, nothing.
LOOK, PLAIN, SETTLED = 0, 1, 2


@dataclass(frozen=True)
class Typed:
    """A correction in the list that was refused: of which time, what was typed, what is wrong at which field."""

    entry: uuid.UUID
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


def rank_of(entry: TimeEntry, today: dt.date) -> int:
    """What a time asks for. What runs today is under way: nothing to say yet."""
    if entry.validated_at is not None or (entry.is_running and entry.starts_on == today):
        return SETTLED
    return LOOK if entry.has_remark else PLAIN


def is_plain_work(assignment: Assignment) -> bool:
    """Whether finished work has no remark: neither sent back before, nor gone badly for the person."""
    return not (hasattr(assignment, "situation") and assignment.situation.went_badly)


def card_of(
    one: PersonHours, works: Sequence[Assignment], actor: Actor, *, typed: Typed | None = None
) -> dict[str, Any]:
    """A person's card: totals, days that ask for something, days that are settled."""
    today = timezone.now().astimezone(one.zone).date()
    days = [_day(one, day, today, typed) for day in _days_of(one)]
    by_day = {day["day"]: day for day in days}
    for assignment in works:
        words = finished_words(assignment)
        day = by_day.get(words["done_on"])
        if day is None:
            day = by_day[words["done_on"]] = _empty_day(one, words["done_on"])
        day["works"].append({**words, "is_plain": is_plain_work(assignment)})
    shown = [by_day[day] for day in sorted(by_day)]
    lines = [line for day in shown for line in day["lines"]]
    gaps = [day for day in shown if day["gap"]]
    past = [day for day in shown if day["day"] < today]
    apart = sum(day["apart"] for day in past)
    return {
        **person_words(one.trainee),
        "is_own": actor.user is not None and one.trainee.supervisor_id == actor.user.pk,
        "planned": minutes_words(one.planned_minutes),
        "worked": minutes_words(one.worked),
        "away": minutes_words(_away(one)) if _away(one) else "",
        "difference": signed_words(apart) if past else "",
        "is_apart": abs(apart) >= rules.REMARK_MINUTES,
        "open_days": [day for day in shown if not _is_settled(day)],
        "settled_days": [day for day in shown if _is_settled(day)],
        "todo": len([line for line in lines if line["rank"] != SETTLED])
        + len(gaps)
        + sum(len(day["works"]) for day in shown),
        "can_tick": any(line["may_tick"] for line in lines) or any(day["works"] for day in shown),
        "gaps": len(gaps),
        "may_be_as_planned": any(day["gap"]["can_be_as_planned"] for day in gaps),
        "is_running": any(line["status"] == "running" for line in lines),
    }


def todo_of(one: PersonHours, works: Sequence[Assignment]) -> int:
    """How much of a person asks for something, as their card counts it: times, days without hours, finished work."""
    today = timezone.now().astimezone(one.zone).date()
    times = sum(1 for entry in one.entries if rank_of(entry, today) != SETTLED)
    return times + len(one.missing) + len(works)


def signed_words(minutes: int) -> str:
    """A difference: +1 h, −0 h 30, or 0 h."""
    return f"+{minutes_words(minutes)}" if minutes > 0 else minutes_words(minutes)


def _is_settled(day: Mapping[str, Any]) -> bool:
    return not day["gap"] and not day["works"] and all(line["rank"] == SETTLED for line in day["lines"])


def _away(one: PersonHours) -> int:
    return sum(minutes for kind, minutes in one.totals.items() if not _is_presence(kind))


def _is_presence(kind: str) -> bool:
    return rules.COUNTING[kind].is_work or kind == TimeKind.BREAK


def _days_of(one: PersonHours) -> list[dt.date]:
    """Days with something written or missing, in order."""
    return sorted({*(max(entry.starts_on, one.first) for entry in one.entries), *(gap.day for gap in one.missing)})


def _empty_day(one: PersonHours, day: dt.date) -> dict[str, Any]:
    return {
        "day": day,
        "code": day.isoformat(),
        "words": date_words(day, "D j N"),
        "lines": [],
        "gap": None,
        "works": [],
        "planned": minutes_words(one.planned.get(day, 0)),
        "written": minutes_words(0),
        "apart": 0,
        "difference": "",
        "is_apart": False,
    }


def _day(one: PersonHours, day: dt.date, today: dt.date, typed: Typed | None) -> dict[str, Any]:
    """One day: its times, what is missing, what was planned beside what is written."""
    minutes: dict[str, int] = defaultdict(int)
    for piece in one.pieces:
        if piece.day == day:
            minutes[piece.kind] += piece.minutes
    written = sum(count for kind, count in minutes.items() if kind != TimeKind.BREAK)
    planned = one.planned.get(day, 0)
    gap = next((found for found in one.missing if found.day == day), None)
    entries = [entry for entry in one.entries if max(entry.starts_on, one.first) == day]
    # A day without hours says so itself.
    is_over = gap is None and day < today and not any(entry.is_running for entry in entries)
    apart = written - planned if is_over else 0
    return {
        **_empty_day(one, day),
        "lines": [_line(entry, one, today, typed) for entry in entries],
        "gap": _gap(gap, one.zone) if gap else None,
        "written": minutes_words(written),
        "apart": apart,
        "difference": signed_words(apart) if apart else "",
        "is_apart": abs(apart) >= rules.REMARK_MINUTES,
    }


def _gap(gap: Missing, zone: ZoneInfo) -> dict[str, Any]:
    """A day without hours, with what the form of other hours proposes."""
    first, last = (gap.planned[0].start, gap.planned[-1].end) if gap.planned else (None, None)
    return {
        **missing_words(gap, zone),
        "starts": clock(first, zone) if first else "",
        "ends": clock(last, zone) if last else "",
    }


def _line(entry: TimeEntry, one: PersonHours, today: dt.date, typed: Typed | None) -> dict[str, Any]:
    rank, words = rank_of(entry, today), entry_line(entry, one.zone)
    is_contested = entry.contested_at is not None and rank == LOOK
    refused = typed if typed is not None and typed.entry == entry.public_id else None
    return {
        **words,
        # Who said yes is worth a line when it was somebody else.
        "validated_by": words["validated_by"] if entry.validated_by_id != one.trainee.supervisor_id else "",
        "rank": rank,
        "is_contested": is_contested,
        "may_tick": rank != SETTLED and not entry.is_running and not is_contested,
        "ends": _supposed(one.trainee, entry, one.zone) if rank == LOOK and entry.is_running else None,
        "form": _as_typed(entry, one.zone, refused),
    }


def _as_typed(entry: TimeEntry, zone: ZoneInfo, refused: Typed | None) -> dict[str, Any]:
    """The short form that corrects a time, as it stands or as it was typed and refused."""
    is_absence = entry.minutes is not None
    ends = entry.ends_at
    values = {
        "kind": entry.kind,
        "day": entry.starts_on.isoformat(),
        "starts": clock(entry.starts_at, zone) if entry.starts_at else "",
        "ends": clock(ends, zone) if ends else "",
        "next_day": "on" if ends and ends.astimezone(zone).date() != entry.starts_on else "",
        "absence": f"{entry.minutes // 60}:{entry.minutes % 60:02d}" if entry.minutes is not None else "",
        "reason": "",
    }
    if refused is not None:
        values |= {name: value for name, value in refused.values.items() if name in values}
    return {
        **values,
        "is_absence": is_absence,
        "is_open": refused is not None,
        "errors": list(refused.errors.values()) if refused else [],
    }


def _supposed(person: Trainee, entry: TimeEntry, zone: ZoneInfo) -> dict[str, str] | None:
    """The end that the supervisor is proposed for a time that nobody ended."""
    end = supposed_end(person, entry, timezone.now())
    if end is None or entry.starts_at is None:
        return None
    return {
        "label": clock(end, zone),
        "starts": clock(entry.starts_at, zone),
        "kind": entry.kind,
        "next_day": "on" if end.astimezone(zone).date() != entry.starts_on else "",
    }
