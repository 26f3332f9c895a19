"""A month of hours as files: a table, a spreadsheet, a document to sign; each says who took it away and when (R42)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from bookings.gateways.files import write_xlsx
from bookings.rules.ahead import csv_text
from concierge.documents import LANGUAGES, render_pdf
from concierge.models import Organisation
from concierge.words import date_words, duration_words, short_moment_words
from workers.enums import TimeKind
from workers.models import TimeEntry, TimesheetMonth
from workers.models.timesheets import PersonHours
from workers.rules import time as rules


@dataclass(frozen=True)
class Taken:
    """Who takes hours away, from where and when: printed on every file."""

    who: str
    at: dt.datetime
    organisation: Organisation
    sheet: TimesheetMonth | None

    @property
    def state(self) -> str:
        """Whether what is taken away is settled."""
        if self.sheet is None or not self.sheet.is_closed:
            return _("Month still open: not final")
        return _("Month closed, version %(n)d") % {"n": self.sheet.version}


def table_of(people: Iterable[PersonHours], taken: Taken) -> list[list[str | int | Decimal]]:
    """A row per entry, with the totals of each day, week and of the month, in hours as pay reads them (L19)."""
    head = [
        *(_("Last name"), _("First name"), _("Site"), _("Day"), _("Kind"), _("From"), _("To"), _("Hours")),
        *(_("Worked"), _("Paid"), _("State"), _("Version")),
    ]
    rows: list[list[str | int | Decimal]] = [[str(one) for one in head]]
    for person in people:
        who: list[str | int | Decimal] = [person.trainee.last_name, person.trainee.first_name, person.trainee.site.name]
        rows += [who + _entry_cells(entry, person) for entry in person.entries if not entry.is_running]
        for label, totals in _sums(person):
            sums = [_hours(rules.worked(totals)), _hours(rules.paid(totals))]
            rows.append([*who, label, _("Total"), "", "", "", *sums, "", ""])
    rows.append([_exported(taken), taken.state])
    return rows


def csv_of(people: Iterable[PersonHours], taken: Taken) -> bytes:
    """For a spreadsheet of the country: nothing in it runs (S25)."""
    rows = table_of(people, taken)
    return csv_text([[_comma(cell) if isinstance(cell, Decimal) else cell for cell in row] for row in rows])


def xlsx_of(people: Iterable[PersonHours], taken: Taken) -> bytes:
    """The same as a spreadsheet, hours as numbers."""
    return write_xlsx(table_of(people, taken), sheet_name=str(_("Hours")))


def pdf_of(person: PersonHours, taken: Taken) -> bytes:
    """The month of one person, to be signed. Raises ``DocumentRenderFailed`` (503)."""
    language = (get_language() or "fr")[:2]
    trainee = person.trainee
    data = {
        "organisation": taken.organisation.name,
        "site": trainee.site.name,
        "name": str(trainee),
        "supervisor": str(trainee.supervisor or ""),
        "month": date_words(person.first, "F Y"),
        "state": taken.state,
        "exported": _exported(taken),
        "weeks": _weeks(person),
        "totals": [
            {"label": str(TimeKind(kind).label), "value": _words(minutes)}
            for kind, minutes in sorted(person.totals.items(), key=lambda pair: TimeKind.values.index(pair[0]))
        ],
        "worked": _words(person.worked),
        "paid": _words(person.paid),
        "contract": _words(person.contract),
    }
    stamp = taken.at.astimezone(dt.UTC)
    return render_pdf("hours.typ", data, language=language if language in LANGUAGES else "fr", timestamp=stamp)


def _weeks(person: PersonHours) -> list[dict[str, Any]]:
    days = rules.by_day(person.pieces)
    found = []
    for monday, totals in rules.by_week(person.pieces).items():
        of_week = [day for day in days if monday <= day < monday + dt.timedelta(days=7)]
        found.append(
            {
                "label": _("Week of %(day)s") % {"day": date_words(monday, "j F")},
                "total": _words(rules.worked(totals)),
                "days": [
                    {
                        "label": date_words(day, "D j"),
                        "lines": [line for entry in person.entries if (line := _line(entry, person, day))],
                        "total": _words(rules.worked(days[day])),
                    }
                    for day in of_week
                ],
            }
        )
    return found


def _line(entry: TimeEntry, person: PersonHours, day: dt.date) -> str:
    """What an entry says on a day of the document; nothing when it lies on another one."""
    if not entry.starts_on <= day <= entry.ends_on or entry.is_running:
        return ""
    kind = str(entry.get_kind_display())
    return f"{kind} {_from_to(entry, person)}" if entry.starts_at else f"{kind} {_words(entry.length)}"


def _from_to(entry: TimeEntry, person: PersonHours) -> str:
    if entry.starts_at is None or entry.ends_at is None:
        return ""
    return f"{entry.starts_at.astimezone(person.zone):%H:%M} – {entry.ends_at.astimezone(person.zone):%H:%M}"


def _entry_cells(entry: TimeEntry, person: PersonHours) -> list[str | int | Decimal]:
    from_at = f"{entry.starts_at.astimezone(person.zone):%H:%M}" if entry.starts_at else ""
    to_at = f"{entry.ends_at.astimezone(person.zone):%H:%M}" if entry.ends_at else ""
    flags = rules.COUNTING[entry.kind]
    return [
        entry.starts_on.isoformat(),
        str(entry.get_kind_display()),
        from_at,
        to_at,
        _hours(entry.length),
        _hours(entry.length if flags.is_work else 0),
        _hours(entry.length if flags.is_paid else 0),
        str(entry.status.label),
        entry.version,
    ]


def _sums(person: PersonHours) -> Sequence[tuple[str, rules.Totals]]:
    """Every day, every week, the month."""
    days = [(day.isoformat(), totals) for day, totals in rules.by_day(person.pieces).items()]
    weeks = [
        (_("Week of %(day)s") % {"day": monday.isoformat()}, totals)
        for monday, totals in rules.by_week(person.pieces).items()
    ]
    return [*days, *weeks, (_("Month %(month)s") % {"month": f"{person.first:%Y-%m}"}, person.totals)]


def _exported(taken: Taken) -> str:
    site = taken.sheet.site if taken.sheet else None
    when = short_moment_words(taken.at, site) if site else f"{taken.at:%Y-%m-%d %H:%M} UTC"
    return _("Exported by %(who)s, %(when)s") % {"who": taken.who, "when": when}


def _hours(minutes: int) -> Decimal:
    """Hours to two decimals, as pay reads them."""
    return (Decimal(minutes) / 60).quantize(Decimal("0.01"))


def _comma(number: Decimal) -> str:
    return f"{number:f}".replace(".", ",")


def _words(minutes: int) -> str:
    return duration_words(minutes)
