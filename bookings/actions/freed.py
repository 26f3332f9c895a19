"""A place came free, or a wait for an earlier one is over: what the verbs on holds and requests say about it.

Who is told, and when, is the business of ``bookings.actions.waitlist``; here only a deadline is set or cancelled.
"""

from __future__ import annotations

import datetime as dt

from django.db.models import Exists, OuterRef
from django.utils import timezone

from bookings.enums import WaitlistEnd
from bookings.models import Hold, ServiceRequest, WaitlistEntry
from concierge import deadlines

# A booked place was given back (its subject is the hold); the appointment of somebody who waits begins (its subject the
# request).
FREED, OVER = "place.freed", "waitlist.over"


def announce(hold_id: int) -> None:
    """A booked place is free again: say so to whoever waits for one. Nothing is written when nobody does."""
    now = timezone.now()
    waiting = WaitlistEntry.objects.open().filter(
        request__site=OuterRef("site"),
        request__place=OuterRef("place"),
        request__promised_start__gt=OuterRef("starts_at"),
    )
    found = Hold.objects.filter(Exists(waiting), pk=hold_id, starts_at__gt=now)
    for pk, organisation_id in found.order_by("pk").values_list("pk", "organisation_id"):
        deadlines.set_deadline(FREED, organisation_id=organisation_id, subject_id=pk, due_at=now)


def end_wait(request: ServiceRequest, because: WaitlistEnd, now: dt.datetime | None = None) -> bool:
    """Whoever waited for an earlier time waits no more; ``False`` when nobody did. The caller holds the request's
    lock, or the entry's."""
    waiting = WaitlistEntry.objects.open().filter(request_id=request.pk)
    ended = waiting.update(ended_at=now or timezone.now(), ended_because=because)
    if ended and because != WaitlistEnd.PASSED:  # said by that very deadline
        deadlines.cancel_deadline(OVER, organisation_id=request.organisation_id, subject_id=request.pk)
    return bool(ended)
