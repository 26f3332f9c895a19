"""The cut-off: orders close, what each producer has to bring is added up once, and the work begins (R7)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.actions import requests
from bookings.actions.plans import CUT_OFF, make_runs
from bookings.actions.work_orders import start_work_order
from bookings.enums import REQUEST_TRANSITIONS, LineKind, RequestStatus, RunStatus, WorkOrderStatus
from bookings.models import OrderSheet, PreOrder, PreOrderRun, RequestLine, ServiceRequest, WorkOrder
from bookings.rules import ahead
from concierge import deadlines, events
from concierge.errors import DomainError, Invalid, WrongState
from concierge.models import Deadline, Organisation
from concierge.tenancy import Actor, system_actor

# The work of a closed run begins: its requests can no longer be cancelled.
WORK_BEGINS = "pre_order_run.work_begins"
# The run is cancelled, and so is each of its orders.
CALL_OFF = "pre_order_run.call_off"
# The hand-out is over and its grace too.
END = "pre_order_run.end"


@deadlines.on(CUT_OFF)
def reach_cut_off(deadline: Deadline) -> None:
    """Close the run together with every other run of its producer at the same moment: they are one order sheet."""
    run = PreOrderRun.objects.select_related("plan__producer", "plan__site").get(pk=deadline.subject_id)
    if run.status == RunStatus.OPEN and run.orders_close_at <= timezone.now():
        close_runs(run, by=system_actor(run.plan.site.organisation))
    make_runs(run.plan)


@transaction.atomic
def close_runs(run: PreOrderRun, *, by: Actor) -> OrderSheet | None:
    """Close the runs of one producer at one cut-off and freeze their order sheet; ``None`` when somebody else did.

    The runs are locked before anything is read: an order that came first is counted, one that comes later finds the run
    closed. That a sheet is made once is a constraint (``order_sheet_once_per_producer_and_cut_off``).
    """
    together = PreOrderRun.objects.filter(
        plan__producer_id=run.plan.producer_id, orders_close_at=run.orders_close_at, status=RunStatus.OPEN
    )
    locked = list(
        PreOrderRun.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__in=together.values("pk"), status=RunStatus.OPEN)
        .select_related("plan__producer", "site")
        .order_by("pk")
    )
    if not locked:
        return None
    producer = run.plan.producer
    sheet = OrderSheet.objects.create(
        organisation_id=run.organisation_id,
        producer=producer,
        closed_at=run.orders_close_at,
        content=_content(locked, run.site.organisation),
    )
    for one in locked:
        one.status, one.sheet = RunStatus.CLOSED, sheet
        one.save(update_fields=["status", "sheet"])
        for kind, due_at in ((WORK_BEGINS, timezone.now()), (END, one.handout_ends_at + _grace(one))):
            deadlines.set_deadline(kind, organisation_id=one.organisation_id, subject_id=one.pk, due_at=due_at)
    events.record("order_sheet.ready", sheet, by=by, orders=sheet.content["orders"])
    return sheet


def _grace(run: PreOrderRun) -> dt.timedelta:
    return dt.timedelta(minutes=run.plan.grace_minutes)


def _content(runs: list[PreOrderRun], organisation: Organisation) -> dict[str, object]:
    """What the sheet says for ever: sites, hand-outs, rows. No client's name: a producer needs none (P07)."""
    still = RequestLine.objects.filter(request__pre_order__run__in=runs, kind__in=[LineKind.ITEM, LineKind.OPTION])
    lines = still.exclude(request__status=RequestStatus.CANCELLED).select_related("request__site").order_by("pk")
    columns, rows = ahead.add_up(
        ahead.Ordered(line.request.site.name, line.description, int(line.quantity)) for line in lines
    )
    orders = PreOrder.objects.filter(run__in=runs).exclude(request__status=RequestStatus.CANCELLED)
    producer, first = runs[0].plan.producer, runs[0]
    return {
        "organisation": organisation.name,
        "phone": str(organisation.phone),
        "email": organisation.email,
        "producer": {"name": producer.name, "address": producer.address},
        "time_zone": first.site.time_zone,
        "closed_at": first.orders_close_at.isoformat(),
        "orders": orders.count(),
        "columns": columns,
        "rows": [{"item": row.item, "by_site": list(row.by_site), "total": row.total} for row in rows],
        "handouts": [
            {
                "site": run.site.name,
                "address": f"{run.site.street}, {run.site.postcode} {run.site.city}",
                "starts_at": run.handout_starts_at.isoformat(),
                "ends_at": run.handout_ends_at.isoformat(),
            }
            for run in runs
        ],
    }


@deadlines.on(WORK_BEGINS)
def begin_work(deadline: Deadline) -> None:
    """The producer works on it from now on: every order of the run is begun."""
    run = PreOrderRun.objects.select_related("site__organisation").get(pk=deadline.subject_id)
    by = system_actor(run.site.organisation)
    waiting = WorkOrder.objects.filter(request__pre_order__run=run, status=WorkOrderStatus.BOOKED)
    for work_order in waiting.order_by("pk"):
        # What stands still begins at the hand-out at the latest, and stops none of the others.
        with suppress(DomainError), transaction.atomic():
            start_work_order(work_order, by=by)


@transaction.atomic
def cancel_run(run: PreOrderRun, *, reason: str, by: Actor) -> PreOrderRun:
    """The hand-out does not take place: as long as orders are open. Each order is cancelled at once after, and its
    client told.

    Raises ``Invalid`` (400) without a reason, ``WrongState`` (409) later on.
    """
    if not reason.strip():
        raise Invalid(_("Say why, in a few words: the clients read it."), field="reason")
    locked = PreOrderRun.objects.select_for_update(of=("self",), no_key=True).get(pk=run.pk)
    if locked.status != RunStatus.OPEN:
        raise WrongState(current_status=locked.status)
    locked.status, locked.reason, locked.taken = RunStatus.CANCELLED, reason.strip()[:200], 0
    locked.save(update_fields=["status", "reason", "taken"])
    deadlines.set_deadline(
        CALL_OFF, organisation_id=locked.organisation_id, subject_id=locked.pk, due_at=timezone.now()
    )
    events.record("pre_order_run.cancelled", locked, by=by)
    return locked


@deadlines.on(CALL_OFF)
def call_off(deadline: Deadline) -> None:
    """Cancel every order of a cancelled run. The run is not locked now: clients who cancel lock their order first."""
    run = PreOrderRun.objects.select_related("site__organisation").get(pk=deadline.subject_id)
    by = system_actor(run.site.organisation)
    still = PreOrder.objects.filter(run=run, request__status__in=REQUEST_TRANSITIONS["cancel"][0])
    for order in still.select_related("request").order_by("request_id"):
        with one_by_one(order, by=by):
            requests.cancel_request(order.request, reason=run.reason, by=by)


@contextmanager
def one_by_one(order: PreOrder, *, by: Actor) -> Iterator[None]:
    """One order of a run that is refused something stops none of the others: an event says so."""
    try:
        with transaction.atomic():
            yield
    except DomainError as refusal:
        public_id = ServiceRequest.objects.values_list("public_id", flat=True).get(pk=order.request_id)
        events.record("pre_order.stuck", order, by=by, request_id=public_id, reason=refusal.code)
