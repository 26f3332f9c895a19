"""The access note of a visit: written by whoever asks, changed while the visit is ahead, forgotten after it (R8).

Never in an event, a mail, a webhook, an export or a receipt: what is told is that it changed, not what it says.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from bookings import perms
from bookings.enums import Place, RequestStatus
from bookings.models import ServiceRequest
from bookings.models.access import LONGEST_ACCESS, AccessNote
from bookings.models.requests import ENDED
from concierge import encryption, events, retention
from concierge.errors import Invalid, NotAllowed, WrongState
from concierge.models import Event
from concierge.tenancy import Actor
from concierge.writes import insert_one

FIELD = "access_note"


class VisitOver(WrongState):
    """Nobody goes there any more."""

    code = "visit_over"
    message = _("This visit is over, or was cancelled: how to get in is no longer noted.")


def clean_access(text: str, place: Place | str) -> str:
    """What is kept of what was typed. Raises ``Invalid`` (400) when it is too long, or when nobody comes."""
    text = text.replace("\x00", "").strip()
    if text and place != Place.HOME:
        raise Invalid(_("Nobody comes to your home for this: leave it empty."), field=FIELD)
    if len(text) > LONGEST_ACCESS:
        raise Invalid(_("This is too long: 500 characters at most."), field=FIELD)
    return text


def keep_access(request: ServiceRequest, text: str) -> None:
    """That of a request that is made right now. The caller cleaned it."""
    if text:
        _insert(request, encryption.encrypt(text))


def keep_access_of_last_time(request: ServiceRequest) -> None:
    """A regular request comes back: the way in is the one that is still known of this home."""
    if request.place != Place.HOME:
        return
    last = AccessNote.objects.of_this_home(request).first()
    if last is not None:
        _insert(request, last.sealed)


def _insert(request: ServiceRequest, sealed: str) -> None:
    insert_one(AccessNote(organisation_id=request.organisation_id, request=request, sealed=sealed))


@transaction.atomic
def note_access(request: ServiceRequest, text: str, *, by: Actor) -> None:
    """Write it, or forget it when nothing is typed. Raises ``NotAllowed``, ``VisitOver`` (409), ``Invalid`` (400)."""
    if not perms.notes_access(by, request):
        raise NotAllowed
    locked = ServiceRequest.objects.select_for_update(of=("self",), no_key=True).get(pk=request.pk)
    if not perms.can_note_access(by, locked):
        raise VisitOver(current_status=locked.status)
    text = clean_access(text, locked.place)
    known = AccessNote.objects.filter(request=locked).first()
    if (known.text if known else "") == text and (text or known is None):
        return
    if known is None:
        _insert(locked, encryption.encrypt(text))
    elif text:
        known.sealed = encryption.encrypt(text)
        known.save(update_fields=["sealed"])
    else:
        known.delete()
    events.record("service_request.access_changed", locked, by=by, request_id=locked.public_id)


# Nobody goes there any more; and what was recorded when that came about.
OVER = (*ENDED, RequestStatus.FULFILLED, RequestStatus.PARTIALLY_FULFILLED)
ENDS = tuple(f"service_request.{status}" for status in OVER)


@retention.forget("access_notes")
def useless_access_notes(before: dt.datetime) -> QuerySet[AccessNote]:
    """Of visits that were done, closed, cancelled, declined or given up, and that before this moment."""
    ended_since = Event.objects.filter(
        request_id=OuterRef("request__public_id"), name__in=ENDS, recorded_at__gte=before
    ).order_by()
    return AccessNote.objects.filter(~Exists(ended_since), request__status__in=OVER)
