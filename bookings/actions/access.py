"""The access note of a visit: written by whoever asks, changed while the visit is ahead, forgotten after it (R8).

Never in an event, a mail, a webhook, an export or a receipt: what is told is that it changed, not what it says.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from bookings import perms
from bookings.enums import REQUEST_CATEGORY, Place, RequestStatus
from bookings.models import Recurrence, ServiceRequest
from bookings.models.access import LONGEST_ACCESS, AccessNote, visits_to_home_of
from bookings.models.requests import ENDED
from concierge import encryption, events, retention
from concierge.errors import Invalid, NotAllowed, WrongState
from concierge.models import Event
from concierge.tenancy import Actor
from concierge.writes import insert_one

FIELD = "access_note"
STILL_AHEAD = [status for status, category in REQUEST_CATEGORY.items() if category in perms.AHEAD]


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
        _insert(request, last.sealed, written_at=last.written_at)


def _insert(request: ServiceRequest, sealed: str, **given: dt.datetime) -> None:
    insert_one(AccessNote(organisation_id=request.organisation_id, request=request, sealed=sealed, **given))


@transaction.atomic
def note_access(request: ServiceRequest, text: str, *, by: Actor) -> None:
    """Write it for this visit and for the regular ones still ahead at the same home; or forget what is known of that
    home, when nothing is typed: no day that is booked later finds it again.

    Raises ``NotAllowed``, ``VisitOver`` (409), ``Invalid`` (400).
    """
    if not perms.notes_access(by, request):
        raise NotAllowed
    _lock_series(request)
    visits = _lock_visits(request)
    locked = next(one for one in visits if one.pk == request.pk)
    if not perms.can_note_access(by, locked):
        raise VisitOver(current_status=locked.status)
    text = clean_access(text, locked.place)
    for one in _write(visits, text) if text else _forget(locked):
        events.record("service_request.access_changed", one, by=by, request_id=one.public_id)


def _lock_series(request: ServiceRequest) -> None:
    """A day that is being booked right now takes over what is known: it is waited for, or waits."""
    if request.beneficiary_id is None:
        series = Recurrence.objects.of_client(request.client.kept_id).order_by("pk")
        list(series.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))


def _lock_visits(request: ServiceRequest) -> list[ServiceRequest]:
    """This one, and the regular ones still ahead at the same home."""
    mine = Q(pk=request.pk)
    if request.beneficiary_id is None:
        regular = visits_to_home_of(request).filter(occurrence__isnull=False, status__in=STILL_AHEAD)
        mine |= Q(pk__in=regular.values("pk"))
    found = ServiceRequest.objects.select_for_update(of=("self",), no_key=True).filter(mine).order_by("pk")
    return [one for one in found if one.pk == request.pk or perms.awaits_visit(one)]


def _write(visits: list[ServiceRequest], text: str) -> list[ServiceRequest]:
    """For each of them. Those for which it says something else than before."""
    known = {note.request_id: note for note in AccessNote.objects.filter(request__in=visits)}
    sealed = encryption.encrypt(text)
    AccessNote.objects.filter(request__in=known).update(sealed=sealed, written_at=Now())
    for one in visits:
        if one.pk not in known:
            _insert(one, sealed)
    return [one for one in visits if one.pk not in known or known[one.pk].text != text]


def _forget(visit: ServiceRequest) -> list[ServiceRequest]:
    """All that is known of this home, of visits that are over too. Of whom it was."""
    of_visit = AccessNote.objects.filter(request=visit)
    notes = of_visit if visit.beneficiary_id else AccessNote.objects.of_this_home(visit)
    known = list(notes.select_related("request").order_by("request_id"))
    AccessNote.objects.filter(pk__in=[note.pk for note in known]).delete()
    return [note.request for note in known]


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
