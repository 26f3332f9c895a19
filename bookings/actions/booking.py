"""From a kept place to a confirmed request with its lines and work orders (lifecycles.md 2.1: submit, confirm)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from bookings.actions import holds, prescribers
from bookings.actions.access import clean_access, keep_access
from bookings.actions.beneficiaries import Beneficiary, agreed_to, clean_beneficiary, find_or_create_beneficiary
from bookings.actions.clients import (
    ClientDetails,
    clean_details,
    find_or_create_client,
)
from bookings.actions.guards import (
    check_payer,
    check_place,
    check_stand,
    keep_client_limit,
    keep_day_limits,
    place_of,
    refuse_ahead,
)
from bookings.actions.open_sites import refuse_closed
from bookings.actions.pricing import circumstances, keep_word, offered_on, price_order, tariffs_of
from bookings.enums import (
    REQUEST_TRANSITIONS,
    HoldStatus,
    LineKind,
    Place,
)
from bookings.models import (
    Accompaniment,
    Client,
    ClientAccount,
    Hold,
    Prescriber,
    Presence,
    RequestLine,
    Service,
    ServiceRequest,
    WorkOrder,
    calendar,
)
from bookings.rules import prices
from concierge import deadlines, events
from concierge.models import Site
from concierge.reads import know
from concierge.tenancy import Actor
from concierge.writes import insert, insert_one


@transaction.atomic
def submit_request(
    site: Site,
    *,
    client: ClientDetails,
    wishes: Sequence[prices.Wish],
    hold: Hold,
    by: Actor,
    payer: ClientAccount | None = None,
    note: str = "",
    now: dt.datetime | None = None,
    beneficiary: Beneficiary | None = None,
    prescriber: Prescriber | Accompaniment | None = None,
    owner: Client | None = None,
    total_seen: Decimal | None = None,
) -> ServiceRequest:
    """Turn a kept place into a confirmed request with frozen lines and one work order per service.

    The same hold sent twice gives the same request. ``client.email`` must have been verified by the caller, unless
    staff or the organisation's own systems book. ``owner`` is whose request it is, when that is known. ``now`` is only
    for writing history; ``total_seen`` is what somebody read before saying yes.

    Raises ``BadOrder``, ``Invalid`` (400), ``HoldExpired``, ``DayFull``, ``PriceMissing``, ``PriceChanged``,
    ``SiteClosed`` (409),
    ``OutsideArea``, ``MixedPlaces``, ``MixedOrder``, ``PayerRefused`` (422), ``TooManyAttempts`` (429).
    """
    now = now or timezone.now()
    held = holds.lock_hold(hold)
    if held.status != HoldStatus.HELD or held.expires_at <= now:
        made = ServiceRequest.objects.filter(hold=held).first()
        if made is None:
            raise holds.HoldExpired(field="slot")
        return made
    if held.site_id != site.pk:
        raise holds.SlotNotOffered(field="slot")
    held.site = site  # the same, which spares a read
    services = offered_on(site.pk, now.astimezone(ZoneInfo(site.time_zone)).date())
    request = make_request(
        held,
        client=client,
        services=services,
        wishes=wishes,
        by=by,
        payer=payer,
        note=note,
        now=now,
        beneficiary=beneficiary,
        prescriber=prescriber,
        owner=owner,
    )
    keep_word(request.total_incl_vat, total_seen)
    held.status = HoldStatus.CONFIRMED
    held.save(update_fields=["status"])
    deadlines.cancel_deadline(holds.EXPIRY, organisation_id=site.organisation_id, subject_id=held.pk)
    return request


@transaction.atomic
def book_request(
    site: Site,
    *,
    client: ClientDetails,
    wishes: Sequence[prices.Wish],
    services: Sequence[Service],
    starts_at: dt.datetime,
    by: Actor,
    payer: ClientAccount | None = None,
    note: str = "",
    beneficiary: Beneficiary | None = None,
    presence: Presence | None = None,
    prescriber: Prescriber | Accompaniment | None = None,
    owner: Client | None = None,
) -> ServiceRequest:
    """Take a place and make the request of it in one go: for callers that know everything at once (the API).

    ``owner`` is whose request it is, when that is known.
    ``services`` are those wished, of those that the site offers. Raises what ``hold_slot`` and
    ``submit_request`` raise, and leaves nothing then.
    """
    now = timezone.now()
    minutes = calendar.minutes_of(services, wishes)
    held = holds.book_slot(
        site, place_of(services), starts_at, services=services, minutes=minutes, presence=presence, now=now
    )
    held.site = site  # the same, which spares a read
    return make_request(
        held,
        client=client,
        services=services,
        wishes=wishes,
        by=by,
        payer=payer,
        note=note,
        now=now,
        beneficiary=beneficiary,
        prescriber=prescriber,
        owner=owner,
    )


def make_request(
    held: Hold,
    *,
    client: ClientDetails,
    services: Sequence[Service],
    wishes: Sequence[prices.Wish],
    by: Actor,
    payer: ClientAccount | None,
    note: str,
    now: dt.datetime,
    beneficiary: Beneficiary | None = None,
    prescriber: Prescriber | Accompaniment | None = None,
    owner: Client | None = None,
    public_id: uuid.UUID | None = None,
) -> ServiceRequest:
    """Check everything, then write the request (submitted, and confirmed at once), its work orders and lines."""
    site = held.site
    zone = ZoneInfo(site.time_zone)
    met = beneficiary or client
    known = circumstances(site, held.starts_at, latitude=met.latitude, longitude=met.longitude)
    lines = price_order(tariffs_of(site, now.astimezone(zone).date(), services=services), wishes, known)
    wanted = {wish.service for wish in wishes}
    chosen = [service for service in services if str(service.public_id) in wanted]
    refuse_ahead(site, chosen)
    place = place_of(chosen)
    # Whoever is known already and stands here is served, whatever way to reach them is on file.
    details = clean_details(client) if owner is None else client
    other = clean_beneficiary(beneficiary)
    check_place(site, place, held.place, other or details)
    way_in = clean_access(met.access_note, place)
    check_stand(held, details.email, by)
    if payer is not None:
        check_payer(payer, details.email, by)
    person = prescribers.person_of(prescriber, by=by, paid_by_somebody=payer is not None)
    keep_day_limits(site, chosen, held)
    owner = owner or person or find_or_create_client(by.organisation, details)
    keep_client_limit(owner, by)
    if held.pk:
        holds.lengthen(held, calendar.minutes_of(chosen, wishes), services=chosen, now=now)
    orders = _plan_work(site, held, place, chosen, lines)
    request = _insert_request(
        owner,
        details,
        held,
        payer,
        orders,
        total=prices.total(lines),
        note=note,
        by=by,
        now=now,
        other=other,
        prescriber=prescribers.prescriber_of(prescriber),
        public_id=public_id or uuid.uuid4(),
    )
    insert_work(request, orders, lines)
    keep_access(request, way_in)
    said = {**agreed_to(other), **prescribers.for_whom(request, by)}
    _say_confirmed(request, orders, by=by, now=now, **said)
    return request


def _insert_request(
    client: Client,
    details: ClientDetails,
    hold: Hold,
    payer: ClientAccount | None,
    orders: Sequence[WorkOrder],
    *,
    total: Decimal,
    note: str,
    by: Actor,
    now: dt.datetime,
    other: Beneficiary | None,
    prescriber: Prescriber | None,
    public_id: uuid.UUID,
) -> ServiceRequest:
    """The request as it is confirmed: promised when the last of its work orders is."""
    where: ClientDetails | Beneficiary = other or details
    request = ServiceRequest(
        organisation_id=hold.organisation_id,
        public_id=public_id,
        site=hold.site,
        client=client,
        payer_account=payer,
        prescriber=prescriber,
        hold=hold if hold.pk else None,  # who stands at the counter takes no place
        place=hold.place,
        status=REQUEST_TRANSITIONS["confirm"][1],
        contact_name=details.full_name[:160],
        contact_email=details.email,
        contact_phone=details.phone,
        beneficiary=find_or_create_beneficiary(client, other, by=by) if other else None,
        beneficiary_name=other.full_name[:160] if other else "",
        beneficiary_phone=other.phone if other else "",
        beneficiary_email=other.email if other and other.agreed else "",
        street=where.street if hold.place == Place.HOME else "",
        postcode=where.postcode if hold.place == Place.HOME else "",
        city=where.city if hold.place == Place.HOME else "",
        latitude=where.latitude if hold.place == Place.HOME else None,
        longitude=where.longitude if hold.place == Place.HOME else None,
        note=note.strip()[:500],
        language=details.language,
        promised_start=hold.starts_at,
        promised_end=max(order.promised_end for order in orders),
        total_incl_vat=total,
        channel=by.channel,
        submitted_at=now,
        version=2,  # the second one: confirmed
    )
    with refuse_closed():
        return insert_one(request)


def _plan_work(
    site: Site, held: Hold, place: Place, services: Sequence[Service], lines: Sequence[prices.PricedLine]
) -> list[WorkOrder]:
    """One work order per service (not saved yet), each with its promise."""
    week = calendar.week_from(site, held.starts_at)
    orders = []
    for service in services:
        own = (line for line in lines if line.service == str(service.public_id))
        items = [line for line in own if line.kind == prices.ITEM]
        quantity = sum((line.quantity for line in items), Decimal(0))
        minutes = calendar.working_minutes(service, quantity)
        if place == Place.HOME:
            end = max(held.ends_at, held.starts_at + dt.timedelta(minutes=minutes))
        else:
            end = calendar.ready_at(site, held.presence, held.starts_at, service.turnaround_hours, week=week)
        orders.append(
            WorkOrder(
                organisation_id=site.organisation_id,
                site=site,
                service=service,
                execution=service.execution,
                quantity=quantity,
                unit=items[0].unit,
                duration_minutes=minutes,
                promised_start=held.starts_at,
                promised_end=end,
            )
        )
    return orders


def insert_work(
    request: ServiceRequest,
    orders: Sequence[WorkOrder],
    lines: Sequence[prices.PricedLine],
    *,
    is_weighed_later: bool = True,
) -> None:
    """The work orders of a request, and under each its lines."""
    for order in orders:
        order.request = request
    know(request, "work_orders", insert(orders))
    know(request, "lines", insert_lines(request, orders, lines, is_weighed_later=is_weighed_later))


def insert_lines(
    request: ServiceRequest,
    orders: Sequence[WorkOrder],
    lines: Sequence[prices.PricedLine],
    *,
    is_weighed_later: bool = True,
) -> list[RequestLine]:
    """Under each work order its lines, frozen. What is weighed is an estimate, unless it is handed out as ordered."""
    under = [(order, line) for order in orders for line in lines if line.service == str(order.service.public_id)]
    return insert(
        RequestLine(
            organisation_id=request.organisation_id,
            request=request,
            work_order=order,
            service=order.service,
            kind=LineKind(line.kind),
            description=line.label,
            quantity=line.quantity,
            unit=line.unit,
            unit_price_incl_vat=line.unit_price,
            vat_code=line.vat_code,
            vat_rate=line.vat_rate,
            total_incl_vat=line.total,
            percent=line.percent,
            is_estimate=is_weighed_later and line.is_estimate,
            position=position,
        )
        for position, (order, line) in enumerate(under)
    )


def _say_confirmed(
    request: ServiceRequest, orders: Sequence[WorkOrder], *, by: Actor, now: dt.datetime, **said: str
) -> None:
    """``submitted → confirmed``: each work order is now to be given to someone (``work_order.ready``)."""
    news: list[tuple[str, events.HasPublicId, dict[str, str]]] = [
        ("service_request.submitted", request, said),
        ("service_request.confirmed", request, {}),
    ]
    for order in orders:
        about = {"work_order": order.reference, "service": order.service.code, "execution": order.execution}
        news.append(("work_order.ready", order, about))
    events.record_all(news, by=by, request_id=request.public_id, act_at=now)
