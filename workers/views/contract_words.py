"""Contracts in words, and on a line of months."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from concierge.rome import rome
from concierge.words import date_words, duration_words, euros
from workers.enums.contracts import SHORT_KINDS, DerogationKind
from workers.models import Contract, ContractDerogation, ContractRider
from workers.rules.contracts import FLOOR_MINUTES, PersonFile, next_day
from workers.rules.contracts import Contract as Signed

# Months on the line at most, and the step of its head.
MOST_MONTHS, STEP = 64, 4
# An end nearer than this is said.
SOON = dt.timedelta(days=60)


def day_words(day: dt.date | None) -> str:
    """A day, or nothing."""
    return date_words(day, "j F Y") if day else ""


def contract_rows(
    signed: Iterable[Contract], today: dt.date, *, with_pay: bool, may_write: bool
) -> list[dict[str, Any]]:
    """Contracts, the newest first."""
    return [_row(one, today, with_pay=with_pay, may_write=may_write) for one in reversed(list(signed))]


def _row(one: Contract, today: dt.date, *, with_pay: bool, may_write: bool) -> dict[str, Any]:
    facts = one.facts
    now = min(max(today, one.starts_on), one.last_on or dt.date.max)
    is_over = one.withdrawn_on is not None or one.ended_on is not None
    can_change = may_write and not is_over and (one.last_on is None or one.last_on >= today - SOON)
    return {
        "contract": one,
        "kind": one.get_kind_display(),
        "employer": one.employer.name,
        "days": _days(one),
        "from": day_words(one.starts_on),
        "hours": duration_words(facts.minutes_on(now)),
        "annex": annex_on(one, now),
        "trade": rome().label(one.rome_code) if one.rome_code else "",
        "pay": euros(one.gross_pay) if with_pay and one.gross_pay else "",
        "state": _state(one, today),
        "riders": [_rider_words(rider) for rider in one.riders.all()],
        "may_change": can_change,
        "may_renew": can_change and one.ends_on is not None,
        "may_withdraw": may_write and one.withdrawn_on is None,
    }


def _days(one: Contract) -> str:
    words = {"start": day_words(one.starts_on), "end": day_words(one.last_on)}
    return (_("from %(start)s to %(end)s") if one.last_on else _("from %(start)s on")) % words


def annex_on(one: Contract, day: dt.date) -> str:
    """Number of the annex on which a contract counts on a day."""
    changes = [rider for rider in one.riders.all() if rider.annex_id and rider.starts_on <= day]
    last = changes[-1].annex if changes else one.annex
    return last.number if last else ""


def _state(one: Contract, today: dt.date) -> tuple[str, str]:
    """Category and words of its badge."""
    if one.withdrawn_on is not None:
        return "cancelled", _("Withdrawn")
    if one.starts_on > today:
        return "waiting", _("To come")
    if one.last_on is not None and one.last_on < today:
        return "done", _("Ended early") if one.ended_on else _("Over")
    if one.last_on is not None and one.last_on - today < SOON:
        return "waiting", _("Ends soon")
    return "active", _("In force")


def _rider_words(rider: ContractRider) -> str:
    start = day_words(rider.starts_on)
    if rider.ends_on is not None and rider.weekly_minutes is not None:
        return _("%(hours)s a week from %(start)s to %(end)s (%(reason)s)") % {
            "hours": duration_words(rider.weekly_minutes),
            "start": start,
            "end": day_words(rider.ends_on),
            "reason": rider.get_reason_display(),
        }
    changes = []
    if rider.weekly_minutes is not None:
        changes.append(_("%(hours)s a week") % {"hours": duration_words(rider.weekly_minutes)})
    if rider.new_end_on is not None:
        changes.append(
            _("until %(end)s instead of %(before)s")
            % {"end": day_words(rider.new_end_on), "before": day_words(rider.old_end_on)}
        )
    if rider.annex is not None:
        changes.append(_("annex %(number)s") % {"number": rider.annex.number})
    words = {"start": start, "changes": ", ".join(changes), "reason": rider.get_reason_display()}
    return _("From %(start)s: %(changes)s (%(reason)s)") % words


def derogation_rows(
    decided: Iterable[ContractDerogation], today: dt.date, *, may_write: bool, with_kind: bool
) -> list[dict[str, Any]]:
    """Decisions, the newest first; without ``with_kind`` their days alone, not which ones they are."""
    return [
        {
            "derogation": one,
            "kind": one.get_kind_display() if with_kind else _("Derogation"),
            "reference": one.reference if with_kind else _("Kept apart"),
            "employer": one.employer.name,
            "from": day_words(one.starts_on),
            "to": day_words(one.ends_on),
            "state": _decision_state(one, today),
            "may_withdraw": may_write and one.withdrawn_on is None,
        }
        for one in reversed(list(decided))
    ]


def _decision_state(one: ContractDerogation, today: dt.date) -> tuple[str, str]:
    if one.withdrawn_on is not None:
        return "cancelled", _("Withdrawn")
    if one.ends_on < today:
        return "done", _("Over")
    return ("waiting", _("To come")) if one.starts_on > today else ("active", _("In force"))


def warnings_of(file: PersonFile, today: dt.date) -> list[str]:
    """What somebody has to do something about, as sentences."""
    found = []
    current = file.contract_on(today)
    ahead = [one for one in file.contracts if one.is_worked_here and one.starts_on > today]
    if current is None and not ahead:
        found.append(_("No contract today, and none to come."))
    if current is not None and current.ends_on is not None and current.ends_on - today < SOON and not ahead:
        found.append(_("The contract ends on %(day)s and is not renewed.") % {"day": day_words(current.ends_on)})
    if current is not None and current.kind == "cddi" and file.minutes_on(today) < FLOOR_MINUTES:
        found += _floor_words(file, today, current.ends_on or today, current.employer_id)
    return found


def _floor_words(file: PersonFile, today: dt.date, end: dt.date, employer_id: int) -> list[str]:
    """Fewer than twenty hours are allowed until a day before the contract ends (L10)."""
    if not file.is_floor_lifted_on(today, employer_id):
        return [_("Under 20 hours a week without a decision that counts today (L5132-5).")]
    lifting = max((one.ends_on for one in file.derogations if one.covers(today)), default=end)
    if lifting >= end:
        return []
    return [
        _(
            "The decision for fewer than 20 hours ends on %(day)s, before the contract: write down a rider, or the "
            "next decision."
        )
        % {"day": day_words(lifting)}
    ]


def timeline_of(file: PersonFile, today: dt.date, *, with_kind: bool) -> dict[str, Any] | None:
    """Contracts, decisions and rights on a line of months: a column each, four to a word of the head. Without
    ``with_kind`` it does not say which decisions."""
    starts = [one.starts_on for one in file.contracts] + [one.starts_on for one in file.derogations]
    if not starts:
        return None
    rights = file.rights_end_on
    ends = [one.ends_on for one in file.contracts if one.ends_on] + [one.ends_on for one in file.derogations]
    first, last = _month(min([*starts, today])), _month(max([*ends, today, rights or today]))
    months = min(max(last - first + 1, 8), MOST_MONTHS)
    first = max(first, last - months + 1)
    columns = -(-months // STEP) * STEP
    signed = [_bar(one, first, columns, today) for one in file.contracts]
    decided = [
        _placed(
            str(DerogationKind(one.kind).label if with_kind else _("Derogation")),
            one.starts_on,
            one.ends_on,
            first,
            columns,
        )
        for one in file.derogations
    ]
    rows = [
        {"label": label, "bars": [bar for bar in bars if bar]}
        for label, bars in ((_("Contracts"), signed), (_("Derogations"), decided))
    ]
    return {
        "columns": columns,
        "head": [_head(first + number) for number in range(0, columns, STEP)],
        "rows": [row for row in rows if row["bars"]],
        "rights_end": day_words(rights),
    }


def _bar(one: Signed, first: int, columns: int, today: dt.date) -> dict[str, Any] | None:
    end = one.ends_on or dt.date(today.year + 10, 1, 1)
    bar = _placed(str(SHORT_KINDS[one.kind]), one.starts_on, end, first, columns)
    if bar is not None:
        bar["title"] += f" · {duration_words(one.weekly_minutes)}"
        bar["state"] = "active" if one.covers(today) else "done" if end < today else "waiting"
    return bar


def _placed(title: str, start: dt.date, end: dt.date, first: int, columns: int) -> dict[str, Any] | None:
    """A bar from month to month; None when it lies outside."""
    begin, stop = max(_month(start) - first, 0), min(_month(next_day(end)) - first, columns)
    if stop < 0 or begin >= columns:
        return None
    words = f"{day_words(start)} – {day_words(end)}"
    return {"title": title, "detail": words, "start": begin + 1, "span": max(stop - begin, 1), "state": "open"}


def _month(day: dt.date) -> int:
    """Months since the year 0."""
    return day.year * 12 + day.month - 1


def _head(month: int) -> str:
    month = min(month, _month(dt.date.max))
    return date_words(dt.date(month // 12, month % 12 + 1, 1), "N Y")
