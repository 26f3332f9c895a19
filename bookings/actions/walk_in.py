"""An order taken at the counter, from somebody who stands there (R2)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings import perms
from bookings.actions import holds
from bookings.actions.beneficiaries import Beneficiary
from bookings.actions.booking import make_request
from bookings.actions.clients import ClientDetails
from bookings.actions.guards import place_of, queue_up
from bookings.actions.pricing import keep_word, offered_on
from bookings.enums import Place
from bookings.models import Client, ClientAccount, ServiceRequest, calendar
from bookings.rules import prices
from concierge.enums import Channel
from concierge.errors import Conflict, Invalid, NotAllowed
from concierge.models import Site
from concierge.tenancy import Actor


@dataclass(frozen=True)
class Visit:
    """When and where somebody comes to the client."""

    starts_at: dt.datetime
    street: str = ""
    postcode: str = ""
    city: str = ""
    latitude: Decimal | None = None
    longitude: Decimal | None = None
    access_note: str = field(default="", repr=False)


@transaction.atomic
def book_walk_in(
    site: Site,
    client: Client,
    *,
    wishes: Sequence[prices.Wish],
    token: uuid.UUID,
    by: Actor,
    payer: ClientAccount | None = None,
    note: str = "",
    visit: Visit | None = None,
    beneficiary: Beneficiary | None = None,
    on_phone: bool = False,
    total_seen: Decimal | None = None,
) -> ServiceRequest:
    """Somebody stands at the counter and leaves their things now; or a ``visit`` at their place is agreed, or at the
    place of the ``beneficiary`` for whom they ask: at the counter, or ``on_phone``.

    Nobody's appointment is taken by who stands there. The same ``token`` sent twice gives the same request: it becomes
    the request's identity, and the orders of one client are written one after the other. ``total_seen`` is what the
    desk read before it confirmed. Raises ``NotAllowed`` but for the desk, and what ``hold_slot`` and
    ``submit_request`` raise;
    ``Invalid`` (400) for things that somebody on the phone cannot leave now.
    """
    if not perms.works_at_desk(by, site):
        raise NotAllowed
    queue_up(client)
    known = ServiceRequest.objects.filter(public_id=token).first()
    if known is not None:
        if known.client_id != client.pk:
            raise Conflict
        return known
    by = by.by_way_of(Channel.PHONE if on_phone else Channel.DESK)
    now = timezone.now()
    services = offered_on(site.pk, now.astimezone(ZoneInfo(site.time_zone)).date())
    wanted = {wish.service for wish in wishes}
    chosen = [service for service in services if str(service.public_id) in wanted]
    place = place_of(chosen)
    if place == Place.HOME:
        if visit is None:
            raise Invalid(_("Choose a date and a time."), field="starts_at")
        minutes = calendar.minutes_of(chosen, wishes)
        held = holds.book_slot(site, place, visit.starts_at, services=chosen, minutes=minutes, now=now)
    elif on_phone:
        raise Invalid(_("Whoever calls leaves nothing now: book an appointment for them."), field="on_phone")
    else:
        held = holds.at_the_counter(site, now)
    if visit is not None and place != Place.HOME:
        visit = replace(visit, latitude=None, longitude=None)  # nobody goes there
    details = ClientDetails(
        first_name=client.first_name,
        last_name=client.last_name,
        email=client.email,
        phone=str(client.phone),
        language=client.language,
        street=visit.street if visit else "",
        postcode=visit.postcode if visit else "",
        city=visit.city if visit else "",
        latitude=visit.latitude if visit else None,
        longitude=visit.longitude if visit else None,
        access_note=visit.access_note if visit and place == Place.HOME else "",
    )
    if beneficiary is not None and visit is not None:
        where = {name: getattr(visit, name) for name in ("street", "postcode", "city", "latitude", "longitude")}
        beneficiary = replace(beneficiary, **where, access_note=details.access_note)
    made = make_request(
        held,
        client=details,
        services=services,
        wishes=wishes,
        by=by,
        payer=payer,
        note=note,
        now=now,
        owner=client,
        public_id=token,
        beneficiary=beneficiary,
    )
    keep_word(made.total_incl_vat, total_seen)
    return made
