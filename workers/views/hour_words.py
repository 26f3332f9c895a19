"""Hours in words: the lines of the supervisor's list, of a person's month and of the files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from concierge.words import MINUS, WHOLE, date_words, duration_words
from workers.enums import TimeKind, TimeStatus
from workers.models import TimeEntry, Trainee
from workers.models.timesheets import ASSIGNED, AWAY, Missing, PersonHours
from workers.views.common import clock, hours_text, initials

# Hours are kept five years.
FURTHEST_BACK = 61


def minutes_words(minutes: int) -> str:
    """7 h 30, 0 h for nothing, with a minus where it belongs."""
    words = duration_words(abs(minutes)) if minutes else f"0{WHOLE}h"
    return f"{MINUS}{words}" if minutes < 0 else words


def entry_line(entry: TimeEntry, zone: ZoneInfo) -> dict[str, Any]:
    """One entry as a line."""
    return {
        "public_id": entry.public_id,
        "kind": entry.get_kind_display(),
        "what": entry.assignment.work_order.service.label if entry.assignment else "",
        "times": times_words(entry, zone),
        "length": minutes_words(entry.length) if not entry.is_running else "",
        "status": entry.status.value,
        "label": entry.status.label,
        # What somebody contests asks to be seen.
        "category": "failed" if entry.status == TimeStatus.CONTESTED else entry.category,
        "remarks": remarks_of(entry, zone),
        "note": entry.contest_note,
        "answer": entry.answer,
        "reason": entry.reason,
        "is_corrected": entry.replaces_id is not None,
        "confirmed": entry.confirmed_at is not None,
        "validated_by": _validator(entry),
    }


def times_words(entry: TimeEntry, zone: ZoneInfo) -> str:
    """From when to when; the minutes of an absence are its length."""
    if entry.starts_at is None:
        return ""
    if entry.ends_at is None:
        return _("since %(time)s") % {"time": clock(entry.starts_at, zone)}
    return hours_text(entry.starts_at, entry.ends_at, zone)


def remarks_of(entry: TimeEntry, zone: ZoneInfo) -> list[str]:
    """Why a supervisor looks before saying yes."""
    if entry.validated_at is not None:
        return []
    found = []
    if entry.contested_at is not None:
        found.append(_("The person says that this is not right."))
    if entry.end_is_supposed:
        found.append(_("Nobody pressed “finished”: the end is the planned one."))
    if entry.is_running:
        found.append(_("Still running."))
    if entry.kind == TimeKind.UNKNOWN:
        found.append(_("Why is not known yet."))
    if not found and entry.has_remark and entry.assignment:
        planned = hours_text(entry.assignment.planned_start, entry.assignment.planned_end, zone)
        found.append(_("Planned %(times)s.") % {"times": planned})
    return found


def _validator(entry: TimeEntry) -> str:
    if entry.validated_at is None:
        return ""
    who = str(entry.validated_by) if entry.validated_by else _("somebody of the team")
    if entry.is_stand_in:
        return _("%(name)s, for the supervisor") % {"name": who}
    return who


def missing_words(missing: Missing, zone: ZoneInfo) -> dict[str, Any]:
    """A day without hours as a line."""
    because = {
        ASSIGNED: _("Work was planned, no hours are written."),
        AWAY: _("An absence is noted: say of which kind."),
    }.get(missing.because, _("A usual day, no hours are written."))
    return {
        "day": missing.day,
        "because": because,
        "times": ", ".join(hours_text(window.start, window.end, zone) for window in missing.planned),
        "minutes": missing.minutes,
        "can_be_as_planned": missing.because != AWAY,
    }


def person_words(trainee: Trainee) -> dict[str, Any]:
    """Who it is."""
    return {
        "trainee": trainee.public_id,
        "name": trainee.short_name,
        "first_name": trainee.first_name,
        "initials": initials(trainee),
        "tone": trainee.pk % 6,
    }


def days_words(hours: PersonHours) -> list[dict[str, Any]]:
    """Day by day what is written and what is missing, with the total of the day."""
    by_day: dict[dt.date, list[TimeEntry]] = {}
    for entry in hours.entries:
        by_day.setdefault(max(entry.starts_on, hours.first), []).append(entry)
    gaps = {one.day: one for one in hours.missing}
    worked: dict[dt.date, int] = {}
    for piece in hours.pieces:
        worked[piece.day] = worked.get(piece.day, 0) + (piece.minutes if piece.kind != TimeKind.BREAK else 0)
    found = []
    for day in sorted({*by_day, *gaps, *worked}):
        entries = by_day.get(day, [])
        said = [one for one in entries if not one.is_running]
        found.append(
            {
                "day": day,
                "label": date_words(day, "l j F"),
                "total": minutes_words(worked.get(day, 0)),
                "lines": [entry_line(one, hours.zone) for one in entries],
                "missing": missing_words(gaps[day], hours.zone) if day in gaps else None,
                "is_confirmed": bool(said) and all(one.confirmed_at for one in said),
                "is_contested": any(one.status == TimeStatus.CONTESTED for one in said),
                "can_say": bool(said),
            }
        )
    return found


def totals_words(hours: PersonHours, today: dt.date) -> dict[str, Any]:
    """Worked, paid, contract, planned, and each kind; the difference as far as the days are over."""
    apart = hours.apart(today - dt.timedelta(days=1))
    return {
        "worked": minutes_words(hours.worked),
        "paid": minutes_words(hours.paid),
        "contract": minutes_words(hours.contract),
        "difference": minutes_words(apart) if apart is not None else "–",
        "until": until_words(hours.first, hours.last, today),
        "planned": minutes_words(hours.planned_minutes),
        "kinds": [
            {"label": TimeKind(kind).label, "minutes": minutes_words(minutes)}
            for kind, minutes in sorted(hours.totals.items(), key=lambda pair: TimeKind.values.index(pair[0]))
        ],
    }


def until_words(first: dt.date, last: dt.date, today: dt.date) -> str:
    """Of days that are not all over: the last one that is, else nothing."""
    return date_words(today - dt.timedelta(days=1), "j F") if first < today <= last else ""


def month_asked(request: HttpRequest, zone: ZoneInfo, given: str | None = None) -> dt.date:
    """The first day of the month asked for; what is no month, to come, or long gone, is this one."""
    this = timezone.now().astimezone(zone).date().replace(day=1)
    text = given if given is not None else request.GET.get("mois", "")
    try:
        asked = dt.date.fromisoformat(f"{text}-01")
    except ValueError:
        return this
    return asked if this - relativedelta(months=FURTHEST_BACK) <= asked <= this else this


def months_around(month: dt.date, zone: ZoneInfo, **kept: str) -> dict[str, str]:
    """Addresses of the month before and the next one, keeping what else is asked."""
    this = timezone.now().astimezone(zone).date().replace(day=1)
    more = "".join(f"&{name}={value}" for name, value in kept.items() if value)
    before, after = month - relativedelta(months=1), month + relativedelta(months=1)
    return {
        "before": f"?mois={before:%Y-%m}{more}" if before >= this - relativedelta(months=FURTHEST_BACK) else "",
        "after": f"?mois={after:%Y-%m}{more}" if after <= this else "",
    }


def week_days(first: dt.date) -> Sequence[dt.date]:
    """The seven days from a Monday on."""
    return [first + dt.timedelta(days=number) for number in range(7)]
