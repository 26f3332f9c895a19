"""A request for something that has no price yet: in the client's words, looked at by the desk (lifecycles.md 2.1)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.actions import prescribers
from bookings.actions.clients import ClientDetails, clean_details, find_or_create_client
from bookings.actions.guards import check_payer, check_place, keep_client_limit, place_of
from bookings.actions.open_sites import refuse_closed
from bookings.actions.quote_moves import lock_request, step
from bookings.enums import Place, PriceMode, RequestStatus
from bookings.models import (
    Accompaniment,
    Client,
    ClientAccount,
    Prescriber,
    QuoteWish,
    Service,
    ServiceRequest,
)
from concierge import events
from concierge.days import today_at
from concierge.errors import DomainError, Invalid
from concierge.models import Site
from concierge.tenancy import Actor

MOST_WISHES = 8
# A wish for a day years ahead is a slip of the hand.
FARTHEST = dt.timedelta(days=730)


class MixedPrices(DomainError):
    """Some services have a price, others are priced on quote: the first are confirmed at once, the others are not."""

    code, status = "mixed_prices", 422
    message = _(
        "Services with a price and services on quote need two requests: the first are confirmed at once, the others "
        "wait for your agreement."
    )


@dataclass(frozen=True)
class Wanted:
    """What is wanted of one service on quote, and when it would suit."""

    service: Service
    description: str
    wanted_from: dt.date | None = None
    wanted_until: dt.date | None = None


def is_on_quote(services: Sequence[Service]) -> bool:
    """Whether these services are priced on quote. Raises ``MixedPrices`` when only some are."""
    kinds = {service.price_mode == PriceMode.ON_QUOTE for service in services}
    if len(kinds) > 1:
        raise MixedPrices(field="services")
    return kinds == {True}


@transaction.atomic
def ask_for_quote(
    site: Site,
    *,
    client: ClientDetails,
    wanted: Sequence[Wanted],
    by: Actor,
    payer: ClientAccount | None = None,
    note: str = "",
    key: uuid.UUID | None = None,
    prescriber: Prescriber | Accompaniment | None = None,
    owner: Client | None = None,
) -> ServiceRequest:
    """Write a request without price, slot or work: ``submitted``. ``key`` sent twice gives the same request. ``owner``
    is whose it is, when that is known.

    ``client.email`` must have been verified by the caller, as for a booking. Raises ``Invalid`` (400), ``MixedPrices``,
    ``MixedPlaces``, ``OutsideArea``, ``PayerRefused`` (422), ``SiteClosed`` (409), ``TooManyAttempts`` (429).
    """
    now = timezone.now()
    services = [wish.service for wish in wanted]
    if not 1 <= len(services) <= MOST_WISHES or len({service.pk for service in services}) < len(services):
        raise Invalid(_("Choose between one and eight services, each once."), field="services")
    if not is_on_quote(services):
        raise Invalid(_("This service has a price: book it, there is nothing to quote."), field="services")
    for wish in wanted:
        _check_wish(wish, today=today_at(site))
    details, place = clean_details(client) if owner is None else client, place_of(services)
    check_place(site, place, place, details)
    if payer is not None:
        check_payer(payer, details.email, by)
    person = prescribers.person_of(prescriber, by=by, paid_by_somebody=payer is not None)
    owner = owner or person or find_or_create_client(by.organisation, details)
    _queue_up(owner)
    known = ServiceRequest.objects.filter(public_id=key).first() if key else None
    if known is not None:
        return known
    keep_client_limit(owner, by)
    with refuse_closed():
        request = ServiceRequest.objects.create(
            public_id=key or uuid.uuid4(),
            organisation_id=site.organisation_id,
            site=site,
            client=owner,
            payer_account=payer,
            prescriber=prescribers.prescriber_of(prescriber),
            place=place,
            status=RequestStatus.SUBMITTED,
            contact_name=details.full_name[:160],
            contact_email=details.email,
            contact_phone=details.phone,
            # The invoice and the quote itself need an address, wherever the work is done.
            street=details.street,
            postcode=details.postcode,
            city=details.city,
            latitude=details.latitude if place == Place.HOME else None,
            longitude=details.longitude if place == Place.HOME else None,
            note=note.strip()[:500],
            language=details.language,
            total_incl_vat=Decimal(0),
            channel=by.channel,
            submitted_at=now,
        )
    QuoteWish.objects.bulk_create(
        QuoteWish(
            organisation_id=site.organisation_id,
            request=request,
            service=wish.service,
            description=wish.description.strip()[:2000],
            wanted_from=wish.wanted_from,
            wanted_until=wish.wanted_until,
            position=position,
        )
        for position, wish in enumerate(wanted)
    )
    said = prescribers.for_whom(request, by)
    events.record("service_request.submitted", request, by=by, request_id=request.public_id, act_at=now, **said)
    events.record("quote.requested", request, by=by, request_id=request.public_id, act_at=now)
    return request


def _queue_up(client: Client) -> None:
    """Wait until no other request of this client is being written."""
    Client.objects.select_for_update(of=("self",), no_key=True).get(pk=client.pk)


def _check_wish(wish: Wanted, *, today: dt.date) -> None:
    if not wish.description.strip():
        raise Invalid(_("Tell us what you need, in a few words."), field="description")
    if wish.wanted_from and wish.wanted_until and wish.wanted_until < wish.wanted_from:
        raise Invalid(_("The last day is before the first."), field="wanted_until")
    if wish.wanted_until and wish.wanted_until < today:
        raise Invalid(_("This day is over."), field="wanted_until")
    if any(day and day > today + FARTHEST for day in (wish.wanted_from, wish.wanted_until)):
        raise Invalid(_("Please choose a day within the next two years."), field="wanted_from")


@transaction.atomic
def start_review(request: ServiceRequest, *, by: Actor) -> ServiceRequest:
    """``submitted → qualifying``: somebody of the desk looks at it. Raises ``WrongState``."""
    locked = lock_request(request)
    step(locked, "start_review")
    events.record("service_request.reviewed", locked, by=by, request_id=locked.public_id)
    return locked
