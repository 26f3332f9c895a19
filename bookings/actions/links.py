"""Tracking links: sent again, renewed, and their end (trust.md S16)."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone

from bookings import perms
from bookings.models import ServiceRequest
from bookings.models.requests import ENDED, TRACKING_DAYS, ServiceRequestQuerySet
from concierge import events
from concierge.errors import NotAllowed
from concierge.models import Event
from concierge.tenancy import Actor

__all__ = ["MOST_SENT", "RENEWED_DAYS", "TRACKING_DAYS", "renew_link", "send_link", "take_back_links"]

# How long a link that is renewed after its request has ended still opens.
RENEWED_DAYS = 30
# Mails with a link that whoever holds one may have sent in a day.
MOST_SENT = 3
SENT = "service_request.link_sent"


@transaction.atomic
def renew_link(request: ServiceRequest, *, by: Actor) -> ServiceRequest:
    """A new link: the old one dies, the client is sent the new one. Raises ``NotAllowed`` but for the desk."""
    if not perms.can_renew_link(by, request):
        raise NotAllowed
    locked = _lock(request)
    _renew(locked)
    _tell(locked, by)
    return locked


@transaction.atomic
def send_link(request: ServiceRequest, *, by: Actor) -> bool:
    """Whoever holds a link, dead or alive, has the present one sent to the address on file: nowhere else.

    A link whose time is over is renewed first; one that works is left alone, so that a stranger with an old link
    cannot end it. ``False`` when enough was sent today.
    """
    locked = _lock(request)
    since = timezone.now() - dt.timedelta(days=1)
    told = Event.objects.filter(name=SENT, subject_id=locked.public_id, act_at__gt=since)
    if told.count() >= MOST_SENT:
        return False
    if locked.tracking_is_over(timezone.now()):
        _renew(locked)
    _tell(locked, by)
    return True


def take_back_links(found: ServiceRequestQuerySet, *, by: Actor) -> None:
    """Every link to these requests that somebody was given dies. Clients of those under way are sent the new one, or
    the desk is told; whoever holds an old one of an ended request may have the new one sent. Call it in a transaction.
    """
    requests = found.with_live_link(timezone.now()).select_for_update(of=("self",), no_key=True)
    for locked in requests.order_by("pk"):
        _renew(locked)
        if locked.status not in ENDED:
            events.record(SENT, locked, by=by, request_id=locked.public_id, taken_back=True)


def _lock(request: ServiceRequest) -> ServiceRequest:
    return ServiceRequest.objects.select_for_update(of=("self",), no_key=True).get(pk=request.pk)


def _renew(locked: ServiceRequest) -> None:
    locked.tracking_version += 1
    if locked.tracking_ends is not None:
        locked.tracking_until = max(locked.tracking_ends, timezone.now() + dt.timedelta(days=RENEWED_DAYS))
    locked.save(update_fields=["tracking_version", "tracking_until"])


def _tell(locked: ServiceRequest, by: Actor) -> None:
    events.record(SENT, locked, by=by, request_id=locked.public_id)
