"""The ledger of a PASS as people read it: every entry, and the PASS in the order of time (R23)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from concierge.words import date_words
from workers.enums.passes import PROLONGATION_CATEGORY, PassSource
from workers.models import PassIAE, PassProlongation, PassSuspension
from workers.rules import pass_iae as rules

# Reasons that were opened, by entry: empty once forgotten, None without a key.
Reasons = dict[uuid.UUID, str | None]


def left_words(days: int, *, from_day: dt.date) -> str:
    """How long a PASS still runs: 412 days, that is 1 year, 1 month and 16 days."""
    counted = ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
    length = relativedelta(from_day + dt.timedelta(days=days), from_day)
    parts = [
        ngettext("%(n)d year", "%(n)d years", length.years) % {"n": length.years} if length.years else "",
        ngettext("%(n)d month", "%(n)d months", length.months) % {"n": length.months} if length.months else "",
        ngettext("%(n)d day", "%(n)d days", length.days) % {"n": length.days} if length.days else "",
    ]
    said = [part for part in parts if part]
    if not length.years and not length.months:
        return counted
    return _("%(days)s, that is %(length)s") % {"days": counted, "length": ", ".join(said)}


def reason_of(entry: PassSuspension | PassProlongation, opened: Reasons | None) -> str:
    """Why, as people read it; what is closed, cannot be read, or was forgotten, is said."""
    if opened is None:
        return _("Reason kept apart")
    words = opened.get(entry.public_id)
    return _("Cannot be read any more") if words is None else words or _("Forgotten, two years after the PASS")


def ledger_rows(pass_iae: PassIAE, opened: Reasons | None, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Every entry, also those that count no more; ``opened``: their reasons, where they were opened."""
    found: list[PassSuspension | PassProlongation] = [
        *pass_iae.suspensions.all(),
        *pass_iae.prolongations.select_related("report"),
    ]
    rows = []
    for entry in sorted(found, key=lambda one: (one.starts_on, one.created_at)):
        is_suspension = isinstance(entry, PassSuspension)
        rows.append(
            {
                "public_id": entry.public_id,
                "is_suspension": is_suspension,
                "what": _("Suspension") if is_suspension else _("Prolongation"),
                "from": date_words(entry.starts_on, "j N Y"),
                "to": date_words(entry.ends_on, "j N Y"),
                "days": entry.stretch.pushes,
                "reason": reason_of(entry, opened),
                "who": _who(entry),
                "when": date_words(entry.created_at.astimezone(zone), "j N Y"),
                "is_open": entry.closed_at is None,
                **_state_of(entry),
            }
        )
    return rows


def _who(entry: PassSuspension | PassProlongation) -> str:
    """Who wrote it down, and whether it is what the State decided."""
    if entry.source == PassSource.IMPORTED:
        return f"{entry.entered_label} – {entry.get_source_display()}"
    return entry.entered_label


def _state_of(entry: PassSuspension | PassProlongation) -> dict[str, Any]:
    if entry.closed_at is not None:
        why = f"{entry.get_closed_as_display()} – {entry.get_close_reason_display()}"
        return {"state": entry.get_closed_as_display(), "category": "cancelled", "note": why}
    if isinstance(entry, PassSuspension):
        return {"state": _("Counts"), "category": "done", "note": ""}
    note = ""
    if entry.deny_reason:
        note = f"{entry.get_deny_reason_display()} – {entry.get_deny_action_display()}"
    return {
        "state": entry.get_status_display(),
        "category": PROLONGATION_CATEGORY[entry.status],  # type: ignore[index]  # one of its choices
        "note": note,
        "is_pending": entry.status == "pending",
        "prescriber": ", ".join(part for part in (entry.prescriber_name, entry.prescriber_body) if part),
        "has_report": hasattr(entry, "report"),
    }


def story(pass_iae: PassIAE, today: dt.date) -> list[dict[str, Any]]:
    """The PASS in the order of time: begun, suspended, prolonged, today, the steps before its end, its end."""
    ledger = pass_iae.ledger()
    steps: list[tuple[dt.date, str, str]] = [(ledger.starts_on, _("The PASS begins"), "")]
    for title, stretches in ((_("Suspended"), ledger.suspensions), (_("Prolonged"), ledger.prolongations)):
        steps += [
            (one.starts_on, title, _("until %(day)s") % {"day": date_words(one.ends_on, "j F Y")}) for one in stretches
        ]
    window = rules.asking_window(ledger.ends_on, rules.terms_on(today))
    steps.append((window.starts_on, _("A prolongation may be asked for"), ""))
    steps.append((ledger.ends_on, _("The PASS ends"), ""))
    rows = [
        {"day": date_words(day, "j F Y"), "title": title, "note": note, "state": "done" if day < today else "next"}
        for day, title, note in sorted(steps, key=lambda step: step[0])
    ]
    place = sum(1 for row in rows if row["state"] == "done")
    left = left_words(ledger.days_left(today), from_day=max(today, ledger.starts_on))
    note = _("Time left: %(left)s") % {"left": left} if ledger.ends_on >= today else ""
    rows.insert(place, {"day": date_words(today, "j F Y"), "title": _("Today"), "note": note, "state": "current"})
    return rows
