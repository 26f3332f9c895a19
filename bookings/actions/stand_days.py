"""What became of a day of a stand: held as planned, held at other hours, or not, and why (R12)."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.enums import NotHeldReason
from bookings.models import Presence, StandDay, calendar
from concierge import events
from concierge.days import today_at
from concierge.db import refuse_on
from concierge.errors import Conflict, Invalid
from concierge.tenancy import Actor


@transaction.atomic
def state_day(
    presence: Presence,
    day: dt.date,
    *,
    by: Actor,
    opens: dt.time | None = None,
    closes: dt.time | None = None,
    reason: str = "",
) -> StandDay:
    """Say that a stand was held that day, from when until when, or with a reason that it was not. Saying something else
    corrects it, and the event keeps what was said before; saying it again changes nothing.

    Raises ``Invalid`` (400) on a day that is still to come or none of the stand's, and on hours that make no sense.
    """
    # One statement after the other: the second one sees the first.
    locked = _lock(presence)
    _check(locked, day, opens, closes, reason)
    known = StandDay.objects.filter(presence=locked, day=day).first()
    before = known.said if known else None
    row = known or StandDay(organisation_id=locked.organisation_id, presence=locked, day=day)
    row.opens, row.closes, row.reason = opens, closes, reason
    if row.said == before:
        return row
    row.stated_by, row.stated_at = by.label[:120], timezone.now()
    with refuse_on("stand_day_stated_once", Conflict()):
        row.save()
    if known:
        events.record("stand.corrected", locked, by=by, day=day.isoformat(), said=row.said, before=before)
    else:
        events.record("stand.stated", locked, by=by, day=day.isoformat(), said=row.said)
    return row


def _lock(presence: Presence) -> Presence:
    related = Presence.objects.select_related("site__organisation")
    return related.select_for_update(of=("self",), no_key=True).get(pk=presence.pk)


def _check(presence: Presence, day: dt.date, opens: dt.time | None, closes: dt.time | None, reason: str) -> None:
    if day > today_at(presence.site):
        raise Invalid(_("This day is still to come."), field="day")
    if day in calendar.days_off(presence.site, presence, day, day):
        raise Invalid(_("The stand is not there on that day."), field="day")
    if reason:
        if reason not in NotHeldReason.values or opens or closes:
            raise Invalid(_("Say either from when until when, or why not."), field="reason")
        return
    if opens is None or closes is None:
        raise Invalid(_("Say from when until when it was held."), field="opens" if opens is None else "closes")
    if closes <= opens:
        raise Invalid(_("The closing time must be after the opening time."), field="closes")
