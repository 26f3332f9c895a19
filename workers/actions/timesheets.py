"""Close a month of hours, open it again, take it away as a file (R20, R35, R42)."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from concierge import events
from concierge.days import today_at
from concierge.errors import Invalid, NotAllowed, WrongState
from concierge.models import Site
from concierge.tenancy import Actor
from workers.actions.refusals import MonthNotReady, WarningsToAccept
from workers.enums import MonthStatus
from workers.models import TimesheetMonth, Trainee
from workers.models.timesheets import site_month
from workers.perms import can_export_hours, can_reopen, can_see_months
from workers.rules.time import month_end


@transaction.atomic
def close_month(
    site: Site, month: dt.date, *, by: Actor, accepts_missing: bool = False, accepts_unconfirmed: bool = False
) -> TimesheetMonth:
    """Settle the hours of a site's month (its first day): from then on PostgreSQL refuses them.

    Raises ``NotAllowed`` (403), ``Invalid`` (400) for a month that is not over, ``WrongState`` (409) for a closed one,
    ``MonthNotReady`` (422) while somebody's hours are not validated, and ``WarningsToAccept`` (422) for days with
    planned work and no hours, and for hours to which the person has not said yes, unless they are accepted. ``people``,
    ``days`` and ``entries`` count them.
    """
    if not can_see_months(by, site_id=site.pk):
        raise NotAllowed
    if month_end(month) >= today_at(site):
        raise Invalid(_("This month is not over yet."), field="month")
    sheet = _locked(site, month)
    if sheet.is_closed:
        raise WrongState(_("This month is closed already."), current_status=sheet.status)
    # Whoever writes hours of this month waits for us now: what is read here is all there is.
    found = site_month(site, month, now=timezone.now())
    unsettled = [person for person in found if person.unsettled]
    if unsettled:
        raise MonthNotReady(people=len(unsettled))
    missing = sum(len(person.missing) for person in found)
    unconfirmed = sum(len(person.unconfirmed) for person in found)
    _check_accepted(0 if accepts_missing else missing, 0 if accepts_unconfirmed else unconfirmed)
    sheet.status, sheet.closed_at, sheet.closed_by = MonthStatus.CLOSED, timezone.now(), by.user
    sheet.version += 1
    sheet.save(update_fields=["status", "closed_at", "closed_by", "version"])
    events.record(
        "timesheet.closed",
        sheet,
        by=by,
        version=sheet.version,
        missing=missing,
        unconfirmed=unconfirmed,
        people=len(found),
    )
    return sheet


def _check_accepted(missing: int, unconfirmed: int) -> None:
    """What is not accepted yet of days without hours and of hours that only the supervisor said yes to (R20)."""
    if missing:
        raise WarningsToAccept(
            _("Some days with planned work have no hours. Confirm that this is right."),
            reasons=["missing"] + ["unconfirmed"] * bool(unconfirmed),
            days=missing,
            entries=unconfirmed,
        )
    if unconfirmed:
        raise WarningsToAccept(
            _("Some hours are not confirmed by the people themselves. Confirm that they are right all the same."),
            reasons=["unconfirmed"],
            entries=unconfirmed,
        )


@transaction.atomic
def reopen_month(site: Site, month: dt.date, *, reason: str, by: Actor) -> TimesheetMonth:
    """Hours of the month may be written again. Raises ``NotAllowed`` (403), ``Invalid`` (400) without a reason,
    ``WrongState`` (409) for an open month."""
    if not can_reopen(by, site_id=site.pk):
        raise NotAllowed
    if not reason.strip():
        raise Invalid(_("Say why the month is opened again."), field="reason")
    sheet = _locked(site, month)
    if not sheet.is_closed:
        raise WrongState(_("This month is open."), current_status=sheet.status)
    sheet.status, sheet.reopened_at, sheet.reopened_by = MonthStatus.OPEN, timezone.now(), by.user
    sheet.reopen_reason = reason.strip()
    sheet.save(update_fields=["status", "reopened_at", "reopened_by", "reopen_reason"])
    events.record("timesheet.reopened", sheet, by=by, reason=sheet.reopen_reason)
    return sheet


@transaction.atomic
def note_export(trainee: Trainee, month: dt.date, kind: str, *, by: Actor) -> None:
    """Who took whose month away, as what (R42). Raises ``NotAllowed`` (403)."""
    if not can_export_hours(by, trainee):
        raise NotAllowed
    events.record("timesheet.exported", trainee, by=by, month=f"{month:%Y-%m}", kind=kind)


@transaction.atomic
def note_site_export(site: Site, month: dt.date, kind: str, *, by: Actor) -> None:
    """The same, of everybody of a site. Raises ``NotAllowed`` (403)."""
    if not can_see_months(by, site_id=site.pk):
        raise NotAllowed
    events.record("timesheet.exported", site, by=by, month=f"{month:%Y-%m}", kind=kind)


def _locked(site: Site, month: dt.date) -> TimesheetMonth:
    """The row of the month, made if need be, under its lock."""
    TimesheetMonth.objects.get_or_create(organisation_id=site.organisation_id, site=site, month=month)
    return TimesheetMonth.objects.select_for_update(of=("self",), no_key=True).get(site=site, month=month)
