"""Orders ahead: made, changed and cancelled until the cut-off, never after (R7)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings.actions import booking, guards, prescribers
from bookings.actions.beneficiaries import Beneficiary, agreed_to, clean_beneficiary, find_or_create_beneficiary
from bookings.actions.clients import ClientDetails, clean_details, find_or_create_client
from bookings.actions.open_sites import refuse_closed
from bookings.actions.plans import NOT_IN_PIECES
from bookings.actions.pricing import ORDER_MESSAGES, BadOrder, keep_word, price_order, tariffs_of
from bookings.enums import REQUEST_TRANSITIONS, PerformerKind, Place, RequestStatus, RunStatus, WorkOrderStatus
from bookings.models import (
    Accompaniment,
    Client,
    ClientAccount,
    PreOrder,
    PreOrderPlan,
    PreOrderRun,
    Prescriber,
    RequestLine,
    Service,
    ServiceRequest,
    WorkOrder,
)
from bookings.models.ahead import any_ahead, plan_of
from bookings.rules import prices
from concierge import events
from concierge.db import refuse_on
from concierge.errors import Conflict, DomainError, WrongState, worded
from concierge.models import Site
from concierge.tenancy import Actor
from concierge.words import moment_words


class OrdersClosed(DomainError):
    """The cut-off is over. ``next_run`` is the one that still takes orders, if any."""

    code, status = "orders_closed", 409
    message = _("Orders for this hand-out are closed.")

    def __init__(self, next_run: PreOrderRun | None = None, *, field: str | None = "slot") -> None:
        message = None if next_run is None else _next_words(next_run)
        super().__init__(message, field=field, next_run=str(next_run.public_id) if next_run else None)
        self.next_run = next_run


@worded
def _next_words(run: PreOrderRun) -> str:
    return gettext("Orders for this hand-out are closed. You can order for the next one: %(when)s.") % {
        "when": moment_words(run.handout_starts_at, run.site)
    }


class RunFull(DomainError):
    """Fewer pieces are left than were asked for."""

    code, status = "run_full", 409

    def __init__(self, left: int, *, field: str | None = "slot") -> None:
        super().__init__(_left_words(left), field=field, left=left)


@worded
def _left_words(left: int) -> str:
    if not left:
        return gettext("Nothing is left for this hand-out. Please choose another one.")
    return gettext("Only %(left)d are left for this hand-out. Please order fewer, or choose another one.") % {
        "left": left
    }


class HandOutChanged(DomainError):
    """Its day or hours are others than those that were shown."""

    code, status = "hand_out_changed", 409
    message = _("This hand-out has just been changed. Look at its day and hours again, then order.")


@dataclass(frozen=True)
class Order:
    """An order as priced today: what is frozen, and how many pieces it takes of a run."""

    lines: list[prices.PricedLine]
    pieces: int
    total: Decimal


def price_for(run: PreOrderRun, wishes: Sequence[prices.Wish], *, now: dt.datetime) -> tuple[Service, Order]:
    """The service of a run and the order at the prices of the day. Raises ``BadOrder``, ``PriceMissing``."""
    service = Service.objects.offered_at(run.site).filter(pk=run.plan.service_id).first()
    if service is None:
        raise BadOrder(ORDER_MESSAGES["unknown_service"], field="lines", reason="unknown_service")
    day = now.astimezone(ZoneInfo(run.site.time_zone)).date()
    lines = price_order(tariffs_of(run.site, day, services=[service]), wishes)
    pieces = sum((line.quantity for line in lines if line.kind == prices.ITEM), Decimal(0))
    if pieces < 1 or any(line.quantity % 1 for line in lines):
        # The catalogue changed under a plan, which counts pieces.
        raise BadOrder(NOT_IN_PIECES, field="lines", reason="not_in_pieces")
    return service, Order(lines, int(pieces), prices.total(lines))


@transaction.atomic
def order_ahead(
    run: PreOrderRun,
    *,
    client: ClientDetails,
    wishes: Sequence[prices.Wish],
    by: Actor,
    payer: ClientAccount | None = None,
    note: str = "",
    beneficiary: Beneficiary | None = None,
    prescriber: Prescriber | Accompaniment | None = None,
    sent_key: uuid.UUID | None = None,
    owner: Client | None = None,
    total_seen: Decimal | None = None,
) -> ServiceRequest:
    """Order for a run: a confirmed request with frozen prices, its work already with the producer. ``owner`` is whose
    it is, when that is known.

    The same ``sent_key`` sent twice gives the same request. Pieces are taken by one guarded UPDATE, which is also what
    keeps an order and the cut-off apart: whoever comes second sees what the first did.

    Raises ``BadOrder``, ``Invalid`` (400), ``OrdersClosed``, ``RunFull``, ``HandOutChanged``, ``PriceMissing``,
    ``PriceChanged``, ``SiteClosed`` (409), ``PayerRefused`` (422), ``TooManyAttempts`` (429).
    """
    now = timezone.now()
    if sent_key is not None:
        sent = ServiceRequest.objects.filter(pre_order__sent_key=sent_key).first()
        if sent is not None:
            return sent
    service, order = price_for(run, wishes, now=now)
    keep_word(order.total, total_seen)
    details = clean_details(client) if owner is None else client
    other = clean_beneficiary(beneficiary)
    if payer is not None:
        guards.check_payer(payer, details.email, by)
    person = prescribers.person_of(prescriber, by=by, paid_by_somebody=payer is not None)
    owner = owner or person or find_or_create_client(by.organisation, details)
    guards.keep_client_limit(owner, by)
    with refuse_closed():
        request = _insert_request(
            run,
            owner,
            details,
            payer,
            order.total,
            other=other,
            prescriber=prescribers.prescriber_of(prescriber),
            note=note,
            by=by,
            now=now,
        )
    work_order = _work_order(run, service, order.pieces)
    booking.insert_work(request, [work_order], order.lines, is_weighed_later=False)
    with refuse_on("pre_order_sent_once", Conflict()):
        PreOrder.objects.create(
            organisation_id=run.organisation_id,
            request=request,
            run=run,
            pieces=order.pieces,
            sent_key=sent_key or uuid.uuid4(),
        )
    _take(run, order.pieces, now)
    said = prescribers.for_whom(request, by)
    events.record("service_request.submitted", request, by=by, request_id=request.public_id, act_at=now, **said)
    events.record(
        "service_request.confirmed",
        request,
        by=by,
        request_id=request.public_id,
        act_at=now,
        **agreed_to(other),
    )
    events.record(
        "work_order.booked",
        work_order,
        by=by,
        request_id=request.public_id,
        act_at=now,
        work_order=work_order.reference,
        performer_kind=str(work_order.performer_kind),
    )
    return request


def _insert_request(
    run: PreOrderRun,
    client: Client,
    details: ClientDetails,
    payer: ClientAccount | None,
    total: Decimal,
    *,
    other: Beneficiary | None,
    prescriber: Prescriber | None,
    note: str,
    by: Actor,
    now: dt.datetime,
) -> ServiceRequest:
    return ServiceRequest.objects.create(
        organisation_id=run.organisation_id,
        site=run.site,
        client=client,
        payer_account=payer,
        prescriber=prescriber,
        place=Place.DESK,
        status=REQUEST_TRANSITIONS["confirm"][1],
        contact_name=details.full_name[:160],
        contact_email=details.email,
        contact_phone=details.phone,
        beneficiary=find_or_create_beneficiary(client, other, by=by) if other else None,
        beneficiary_name=other.full_name[:160] if other else "",
        beneficiary_phone=other.phone if other else "",
        beneficiary_email=other.email if other and other.agreed else "",
        note=note.strip()[:500],
        language=details.language,
        promised_start=run.handout_starts_at,
        promised_end=run.handout_ends_at,
        total_incl_vat=total,
        channel=by.channel,
        submitted_at=now,
        version=2,  # the second one: confirmed
    )


def _work_order(run: PreOrderRun, service: Service, pieces: int) -> WorkOrder:
    """What the producer does (not saved yet): nobody has to look for one."""
    producer = run.plan.producer
    return WorkOrder(
        organisation_id=run.organisation_id,
        site=run.site,
        service=service,
        execution=service.execution,
        status=WorkOrderStatus.BOOKED,
        quantity=pieces,
        duration_minutes=service.duration_minutes,
        performer_kind=PerformerKind.PRODUCER,
        performer_id=producer.pk,
        performer_label=producer.name,
        performer_address=producer.address,
        promised_start=run.handout_starts_at,
        promised_end=run.handout_ends_at,
    )


def _take(run: PreOrderRun, pieces: int, now: dt.datetime) -> None:
    """Take pieces of an open run, or give some back (a negative number): one guarded UPDATE. PostgreSQL's check
    ``pre_order_run_not_over_capacity`` stands behind it. Raises ``OrdersClosed``, ``RunFull``."""
    if not _count(run, pieces, now):
        fresh = PreOrderRun.objects.select_related("plan", "site").get(pk=run.pk)
        if fresh.takes_orders(now) and (fresh.plan.is_active or pieces <= 0):
            if fresh.handout_starts_at != run.handout_starts_at or fresh.handout_ends_at != run.handout_ends_at:
                raise HandOutChanged(field="slot")
            raise RunFull(fresh.left)
        raise OrdersClosed(next_run_of(fresh, now))


def _count(run: PreOrderRun, pieces: int, now: dt.datetime) -> bool:
    open_now = PreOrderRun.objects.filter(
        pk=run.pk, status=RunStatus.OPEN, orders_close_at__gt=now, taken__lte=F("capacity") - pieces
    )
    if pieces > 0:  # of a plan that was closed meanwhile, pieces are given back but none is taken
        open_now = open_now.filter(plan__in=PreOrderPlan.objects.filter(is_active=True).order_by().values("pk"))
        # The hours that whoever orders has read: the plan may have been edited meanwhile.
        open_now = open_now.filter(handout_starts_at=run.handout_starts_at, handout_ends_at=run.handout_ends_at)
    return bool(open_now.update(taken=F("taken") + pieces))


def next_run_of(run: PreOrderRun, now: dt.datetime) -> PreOrderRun | None:
    """The next run of the same plan that takes orders."""
    coming = PreOrderRun.objects.filter(plan_id=run.plan_id).exclude(pk=run.pk).taking_orders(now)
    return coming.select_related("site", "plan").first()


def give_back(request: ServiceRequest) -> None:
    """The request is being cancelled: its pieces are free again. After the cut-off the order sheet stands, and only a
    run that is cancelled as a whole lets its orders go. The caller holds the request's lock. Raises ``OrdersClosed``.
    """
    ordered = PreOrder.objects.filter(request=request).first()
    if ordered is None:
        return
    mine = PreOrderRun.objects.filter(pk=ordered.run_id)
    open_now = mine.filter(status=RunStatus.OPEN, orders_close_at__gt=timezone.now())
    if not open_now.update(taken=F("taken") - ordered.pieces) and mine.get().status != RunStatus.CANCELLED:
        raise OrdersClosed(field=None)


@transaction.atomic
def change_order(
    request: ServiceRequest, wishes: Sequence[prices.Wish], *, by: Actor, total_seen: Decimal | None = None
) -> ServiceRequest:
    """Other quantities for the same hand-out, at the prices of the day, until the cut-off.

    Raises ``OrdersClosed``, ``RunFull``, ``WrongState``, ``PriceChanged`` (409), ``BadOrder`` (400).
    """
    now = timezone.now()
    work = WorkOrder.objects.select_for_update(of=("self",), no_key=True).filter(request_id=request.pk)
    work_order = work.order_by("pk").first()
    locked = ServiceRequest.objects.select_for_update(of=("self",), no_key=True).get(pk=request.pk)
    ordered = PreOrder.objects.select_related("run__plan__producer", "run__site").filter(request=locked).first()
    if ordered is None or work_order is None:
        raise WrongState(current_status=locked.status)
    if locked.status != RequestStatus.CONFIRMED or not ordered.run.takes_orders(now):
        raise OrdersClosed(next_run_of(ordered.run, now), field=None)
    _service, order = price_for(ordered.run, wishes, now=now)
    keep_word(order.total, total_seen)
    RequestLine.objects.filter(request=locked).delete()
    work_order.quantity, work_order.version = order.pieces, work_order.version + 1
    work_order.save(update_fields=["quantity", "version"])
    booking.insert_lines(locked, [work_order], order.lines, is_weighed_later=False)
    locked.total_incl_vat, locked.version = order.total, locked.version + 1
    locked.save(update_fields=["total_incl_vat", "version"])
    more, ordered.pieces = order.pieces - ordered.pieces, order.pieces
    ordered.save(update_fields=["pieces"])
    _take(ordered.run, more, now)
    events.record("service_request.changed", locked, by=by, request_id=locked.public_id)
    return locked


def plan_for(site: Site, services: Sequence[Service]) -> PreOrderPlan | None:
    """The plan by which these services are ordered ahead, ``None`` when none of them is. Raises ``MixedOrder``."""
    if not any_ahead(site, services):
        return None
    if len(services) > 1:
        raise guards.MixedOrder(field="services")
    return plan_of(site, services[0])
