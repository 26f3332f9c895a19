"""Appointments of requests as calendar entries: only what its reader may see (P07)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import Max, Q, prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.enums import Place, RequestStatus
from bookings.models.clients import Client
from bookings.models.requests import TRACKING_DAYS, ServiceRequest, ServiceRequestQuerySet
from bookings.rules.ics import Entry, calendar_of
from concierge.models import Event, Site

# Where a request is not listed it is CONFIRMED (lifecycles.md 2.1).
TENTATIVE = {
    RequestStatus.SUBMITTED,
    RequestStatus.QUALIFYING,
    RequestStatus.AWAITING_CLIENT,
    RequestStatus.AWAITING_APPROVAL,
    RequestStatus.ON_HOLD,
}
CANCELLED = {RequestStatus.CANCELLED, RequestStatus.DECLINED, RequestStatus.EXPIRED}
# What an appointment without a kept place is shown as.
USUAL = dt.timedelta(minutes=30)
# What a calendar that reads by itself is given: so far back, so far ahead, so many at most.
SHOWN_BACK, SHOWN_AHEAD, MOST_SHOWN = dt.timedelta(weeks=4), dt.timedelta(weeks=26), 500


def ics_status(status: str) -> str:
    """STATUS of an event for a state of a request."""
    if status in CANCELLED:
        return "CANCELLED"
    return "TENTATIVE" if status in TENTATIVE else "CONFIRMED"


def entry_of(
    request: ServiceRequest, *, url: str = "", for_team: bool = False, changed_at: dt.datetime | None = None
) -> Entry | None:
    """The appointment of a request; ``None`` while it has none.

    The client reads what was ordered and where; the team a first name with an initial, what is to be done and the
    reference, and of a visit the town only: names, streets and numbers stay on our pages, because calendars are copied
    to other people's machines.
    """
    if request.promised_start is None:
        return None
    status = ics_status(request.status)
    site, services = request.site, ", ".join(dict.fromkeys(o.service.label for o in request.work_orders.all()))
    ends_at = request.hold.ends_at if request.hold is not None else request.promised_start + USUAL
    if request.place == Place.HOME:
        where = f"{request.postcode} {request.city}"
        where = where if for_team else f"{request.street}, {where}"
    else:
        there = request.meets_at
        where = f"{there.name}, {there.street}, {there.postcode} {there.city}"
    return Entry(
        uid=f"{request.public_id}@concierge",
        # A cancellation is a change of the event, too.
        sequence=request.sequence + (status == "CANCELLED"),
        status=status,
        starts_at=request.promised_start,
        ends_at=ends_at,
        changed_at=changed_at or timezone.now(),
        zone=ZoneInfo(site.time_zone),
        summary=f"{_short_name(request)} – {services}" if for_team else f"{site.name} – {services}",
        location=where,
        description=_("Request %(reference)s") % {"reference": request.reference},
        url=url,
    )


def _short_name(request: ServiceRequest) -> str:
    """``Inès G.``: whom we meet, as far as a calendar needs to know."""
    person = request.beneficiary or request.client
    return f"{person.first_name} {person.last_name[:1]}.".removesuffix(" .")


@dataclass(frozen=True)
class Agenda:
    """What a calendar that reads by itself is given, and since when it is so."""

    requests: list[ServiceRequest]
    changed_at: dict[int, dt.datetime]
    since: dt.datetime

    def entries(self, address: Callable[[ServiceRequest], str], *, for_team: bool) -> list[Entry | None]:
        """One per appointment; ``address`` says where our page of it is."""
        return [
            entry_of(one, url=address(one), for_team=for_team, changed_at=self.changed_at[one.pk])
            for one in self.requests
        ]


def own_agenda(client_id: int, *, now: dt.datetime, zone: ZoneInfo) -> Agenda:
    """Of a person, under whatever record of theirs."""
    family = Client.objects.family_of(client_id).values("pk")
    return _agenda(ServiceRequest.objects.filter(client_id__in=family), now=now, zone=zone)


def site_agenda(site: Site, *, now: dt.datetime) -> Agenda:
    """Of a site and its stands: those for whom a time is kept. Hand-outs of orders ahead have their own lists."""
    found = ServiceRequest.objects.filter(organisation_id=site.organisation_id, site=site, hold__isnull=False)
    return _agenda(found, now=now, zone=ZoneInfo(site.time_zone))


def _agenda(found: ServiceRequestQuerySet, *, now: dt.datetime, zone: ZoneInfo) -> Agenda:
    """From four weeks ago to half a year ahead; when there are too many, what comes first and what was last.

    What is off stays for four weeks, so that calendars take it away. The window moves at midnight, so that the same
    calendar is the same file all day.
    """
    today = dt.datetime.combine(now.astimezone(zone).date(), dt.time(0), tzinfo=zone)
    first = today - SHOWN_BACK
    # When a request came to nothing is known by its link, which goes on for so many days.
    ended_since = Q(tracking_until=None) | Q(tracking_until__gte=first + dt.timedelta(days=TRACKING_DAYS))
    known = found.filter(
        ~Q(status__in=CANCELLED) | ended_since,
        promised_start__gte=first,
        promised_start__lt=today + SHOWN_AHEAD,
    ).select_related("site", "hold__presence", "client", "beneficiary")
    coming = known.filter(promised_start__gte=today).order_by("promised_start", "pk")
    requests = list(coming[:MOST_SHOWN])
    past = known.filter(promised_start__lt=today).order_by("-promised_start", "pk")
    requests += past[: MOST_SHOWN - len(requests)]
    prefetch_related_objects(requests, "work_orders__service")
    told = dict(
        Event.objects.filter(request_id__in=[one.public_id for one in requests])
        .order_by()
        .values_list("request_id")
        .annotate(at=Max("recorded_at"))
    )
    changed = {one.pk: told.get(one.public_id, one.submitted_at) for one in requests}
    return Agenda(requests, changed, since=max([today, *changed.values()]))


def calendar_file(entries: Iterable[Entry | None], *, name: str = "", feed_zone: ZoneInfo | None = None) -> bytes:
    """A calendar of the entries that are there."""
    return calendar_of([entry for entry in entries if entry is not None], name=name, feed_zone=feed_zone)
