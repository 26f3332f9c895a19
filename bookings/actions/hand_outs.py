"""The hand-out: ticked at the desk, undone for five minutes, then settled; no-shows; replacements (R7)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.actions import pauses, requests
from bookings.actions.cut_offs import END, one_by_one
from bookings.actions.work_orders import (
    SETTLED,
    RequestOnHold,
    book_work_order,
    complete_work_order,
    fail_work_order,
    start_work_order,
    verify_work_order,
)
from bookings.enums import (
    UNASSIGNED,
    HandOut,
    LineKind,
    NoShowPolicy,
    PerformerKind,
    RequestStatus,
    RunStatus,
    WorkOrderStatus,
)
from bookings.models import (
    Client,
    PreOrder,
    PreOrderRun,
    RequestLine,
    ServiceRequest,
    Substitution,
    WorkOrder,
    calendar,
)
from bookings.rules import ahead
from bookings.rules.prices import cents
from concierge import deadlines, events
from concierge.errors import DomainError, Invalid, WrongState
from concierge.models import Deadline
from concierge.tenancy import Actor, system_actor

# What was ticked becomes final.
SETTLE = "pre_order.settle"
UNDO = dt.timedelta(minutes=5)
# Final by itself this long after the tick; later, something stood in the way.
SETTLED_WITHIN = UNDO + dt.timedelta(minutes=1)
TICKED = (HandOut.HANDED_OVER, HandOut.NO_SHOW)
# What was kept for later is given away.
KEPT = "pre_order.kept"
# The hand-out is over, a wrong tick was undone, and nobody made the right one.
LEFT = "pre_order.left"
# Times somebody left an order in this many days before the team is told.
REPEATED, REPEATED_DAYS = 2, 90


class NotHandedOutNow(WrongState):
    """The hand-out has not begun, or this order is settled."""

    code = "not_handed_out_now"
    message = _("This order can no longer be changed here: reload the list.")


class Dearer(DomainError):
    """A replacement may not cost more."""

    code, status = "dearer", 422
    message = _("The replacement may not cost more than what was ordered.")


def _lock(pre_order: PreOrder) -> PreOrder:
    return (
        PreOrder.objects.select_for_update(of=("self",), no_key=True)
        .select_related("run__plan", "run__site__organisation", "request")
        .get(pk=pre_order.pk)
    )


@transaction.atomic
def mark_handed_over(pre_order: PreOrder, *, by: Actor) -> PreOrder:
    """Ticked at the desk: final in five minutes. Ticking twice is ticking once; what could not be settled is tried once
    more. Raises ``NotHandedOutNow`` (409)."""
    return _mark(pre_order, HandOut.HANDED_OVER, by=by)


@transaction.atomic
def mark_not_fetched(pre_order: PreOrder, *, by: Actor) -> PreOrder:
    """Somebody says at the desk that this will not be fetched: final in five minutes. Raises ``NotHandedOutNow``."""
    return _mark(pre_order, HandOut.NO_SHOW, by=by)


def _mark(pre_order: PreOrder, outcome: HandOut, *, by: Actor) -> PreOrder:
    locked = _lock(pre_order)
    if locked.hand_out == outcome:
        if is_stuck(locked, timezone.now()):
            _await_settling(locked)
        return locked
    if (
        locked.run.status not in {RunStatus.CLOSED, RunStatus.DONE}
        or locked.settled_at is not None
        or locked.hand_out not in {HandOut.EXPECTED, HandOut.KEPT}
        or locked.request.status == RequestStatus.CANCELLED
    ):
        raise NotHandedOutNow(current_status=locked.hand_out)
    locked.hand_out, locked.marked_at, locked.marked_by = outcome, timezone.now(), by.label[:120]
    locked.save(update_fields=["hand_out", "marked_at", "marked_by"])
    _await_settling(locked)
    events.record(f"pre_order.{outcome}", locked, by=by, request_id=locked.request.public_id)
    return locked


def _await_settling(locked: PreOrder) -> None:
    assert locked.marked_at is not None  # noqa: S101 - it is ticked
    due_at = max(timezone.now(), locked.marked_at + UNDO)
    deadlines.set_deadline(SETTLE, organisation_id=locked.organisation_id, subject_id=locked.pk, due_at=due_at)


def is_stuck(pre_order: PreOrder, now: dt.datetime) -> bool:
    """Whether what was ticked should be final by now, and is not."""
    late = pre_order.marked_at is not None and pre_order.marked_at < now - SETTLED_WITHIN
    return late and pre_order.settled_at is None and pre_order.hand_out in TICKED


def left_over(run: PreOrderRun, now: dt.datetime) -> QuerySet[PreOrder]:
    """Orders of a hand-out that is over which did not end by themselves: expected still, kept for too long, or ticked
    and not settled."""
    if run.status != RunStatus.DONE:
        return PreOrder.objects.none()
    late = Q(hand_out=HandOut.EXPECTED) | Q(hand_out=HandOut.KEPT, kept_until__lt=now)
    late |= Q(hand_out__in=TICKED, settled_at=None, marked_at__lt=now - SETTLED_WITHIN)
    return PreOrder.objects.filter(late, run=run).exclude(request__status=RequestStatus.CANCELLED)


@transaction.atomic
def take_up_again(pre_order: PreOrder, *, by: Actor) -> None:
    """Its request no longer stands still. What was ticked is settled; what was kept, and could not be fetched when its
    time ended, is kept until the desk closes on the next open day."""
    locked, now = _lock(pre_order), timezone.now()
    if locked.settled_at is not None or locked.request.status in {RequestStatus.ON_HOLD, RequestStatus.CANCELLED}:
        return
    if locked.hand_out in TICKED:
        _await_settling(locked)
    elif locked.hand_out == HandOut.KEPT and locked.kept_until is not None and locked.kept_until <= now:
        _keep(locked, now, by=by)


@transaction.atomic
def undo_mark(pre_order: PreOrder, *, by: Actor) -> PreOrder:
    """Not so, after all: within five minutes. It is as it was: expected, or kept until the day that was said; for five
    minutes more when that is over. Raises ``NotHandedOutNow`` (409) later."""
    locked, now = _lock(pre_order), timezone.now()
    if locked.hand_out not in TICKED and locked.settled_at is None:
        return locked
    if locked.settled_at is not None or not locked.marked_at or now >= locked.marked_at + UNDO:
        raise NotHandedOutNow(current_status=locked.hand_out)
    was_kept = locked.kept_until is not None
    locked.hand_out = HandOut.KEPT if was_kept else HandOut.EXPECTED
    locked.marked_at, locked.marked_by = (now if was_kept else None), ""
    locked.save(update_fields=["hand_out", "marked_at", "marked_by"])
    deadlines.cancel_deadline(SETTLE, organisation_id=locked.organisation_id, subject_id=locked.pk)
    events.record("pre_order.unmarked", locked, by=by, request_id=locked.request.public_id)
    is_over = locked.kept_until <= now if locked.kept_until else locked.run.status == RunStatus.DONE
    if is_over:
        # Nobody else will look at it: the right tick can still be made.
        kind = KEPT if was_kept else LEFT
        deadlines.set_deadline(kind, organisation_id=locked.organisation_id, subject_id=locked.pk, due_at=now + UNDO)
    return locked


@deadlines.on(LEFT)
def end_left(deadline: Deadline) -> None:
    """The right tick was not made: it ends as the hand-out did for the others."""
    pre_order = PreOrder.objects.select_related("run__site__organisation").get(pk=deadline.subject_id)
    if pre_order.run.status == RunStatus.DONE:
        _end(pre_order, by=system_actor(pre_order.run.site.organisation))


@deadlines.on(SETTLE)
def settle_mark(deadline: Deadline) -> None:
    """Five minutes later what was ticked is final."""
    pre_order = _lock(PreOrder.objects.get(pk=deadline.subject_id))
    if pre_order.settled_at is None and pre_order.hand_out in TICKED:
        by = system_actor(pre_order.run.site.organisation)
        with one_by_one(pre_order, by=by):
            _settle(pre_order, by=by)


def _settle(pre_order: PreOrder, *, by: Actor) -> None:
    """Bring the request to its end: done and charged, or not done and not charged. What stood still goes on first."""
    orders = requests.lock_work_of(pre_order.request)
    locked = requests.lock_request(pre_order.request)
    if locked.status == RequestStatus.ON_HOLD:
        pauses.go_on(locked, orders, by=by)
    missed = pre_order.hand_out == HandOut.NO_SHOW
    refunded = missed and pre_order.run.no_show_policy == NoShowPolicy.REFUNDED
    works = WorkOrder.objects.filter(request_id=pre_order.request_id).exclude(status__in=SETTLED)
    for work_order in works.order_by("pk"):
        if refunded:
            fail_work_order(work_order, reason="not_fetched", by=by)
        else:
            _finish(work_order, pre_order, by=by)
    request = ServiceRequest.objects.get(pk=pre_order.request_id)
    if request.status in {RequestStatus.FULFILLED, RequestStatus.PARTIALLY_FULFILLED}:
        requests.close_request(request, by=by)
    pre_order.settled_at = timezone.now()
    pre_order.save(update_fields=["settled_at"])
    if missed:
        charged = WorkOrder.objects.filter(request=request, status=WorkOrderStatus.VERIFIED).exists()
        events.record("pre_order.missed", pre_order, by=by, request_id=request.public_id, charged=charged)


def _finish(work_order: WorkOrder, pre_order: PreOrder, *, by: Actor) -> None:
    """Its producer did it, whoever gave it back or let it rest meanwhile."""
    if work_order.status in UNASSIGNED:
        producer = pre_order.run.plan.producer
        work_order = book_work_order(
            work_order,
            performer_kind=PerformerKind.PRODUCER,
            performer_id=producer.pk,
            performer_label=producer.name,
            performer_address=producer.address,
            by=by,
        )
    if work_order.status not in {WorkOrderStatus.IN_PROGRESS, WorkOrderStatus.COMPLETED}:
        work_order = start_work_order(work_order, by=by)
    if work_order.status == WorkOrderStatus.IN_PROGRESS:
        work_order = complete_work_order(work_order, by=by, act_at=pre_order.marked_at)
    verify_work_order(work_order, by=by)


@deadlines.on(END)
def end_run(deadline: Deadline) -> None:
    """The hand-out and its grace are over: what nobody fetched follows the plan's rule. An order that stands still, or
    that cannot be brought to its end, is left to the team with an event, and stops none of the others."""
    run = PreOrderRun.objects.select_related("plan", "site__organisation").get(pk=deadline.subject_id)
    if run.status != RunStatus.CLOSED:
        return
    by = system_actor(run.site.organisation)
    run.status = RunStatus.DONE
    run.save(update_fields=["status"])
    for pre_order in PreOrder.objects.filter(run=run, hand_out=HandOut.EXPECTED).order_by("pk"):
        _end(pre_order, by=by)


def _end(pre_order: PreOrder, *, by: Actor) -> None:
    with one_by_one(pre_order, by=by):
        locked = _lock(pre_order)
        if locked.hand_out == HandOut.EXPECTED and locked.request.status != RequestStatus.CANCELLED:
            _leave_what_rests(locked)
            _not_fetched(locked, by=by)


def _leave_what_rests(pre_order: PreOrder) -> None:
    """Nobody is charged for what we hold: somebody of the team decides. Raises ``RequestOnHold``."""
    if pre_order.request.status == RequestStatus.ON_HOLD:
        raise RequestOnHold(current_status=pre_order.request.status)


def _not_fetched(pre_order: PreOrder, *, by: Actor) -> None:
    now = timezone.now()
    pre_order.marked_at, pre_order.marked_by = now, by.label[:120]
    if pre_order.run.no_show_policy == NoShowPolicy.KEPT:
        _keep(pre_order, pre_order.run.handout_starts_at, by=by)
        return
    pre_order.hand_out = HandOut.NO_SHOW
    pre_order.save(update_fields=["hand_out", "marked_at", "marked_by"])
    _settle(pre_order, by=by)


def _keep(pre_order: PreOrder, since: dt.datetime, *, by: Actor) -> None:
    pre_order.hand_out, pre_order.kept_until = HandOut.KEPT, _next_closing(pre_order.run, since)
    pre_order.save(update_fields=["hand_out", "marked_at", "marked_by", "kept_until"])
    deadlines.set_deadline(
        KEPT, organisation_id=pre_order.organisation_id, subject_id=pre_order.pk, due_at=pre_order.kept_until
    )
    events.record("pre_order.kept", pre_order, by=by, request_id=pre_order.request.public_id)


def _next_closing(run: PreOrderRun, since: dt.datetime) -> dt.datetime:
    """When the desk closes on the next day it is open."""
    zone = ZoneInfo(run.site.time_zone)
    day = since.astimezone(zone).date()
    closed = calendar.closed_days(run.site, day, day + dt.timedelta(days=14))
    closing = {hours.weekday: hours.closes for hours in calendar.opening_of(run.site)}
    found = ahead.next_open_day(day, lambda d: d not in closed and d.weekday() in closing)
    return ahead.moment(found, closing.get(found.weekday(), run.plan.handout_closes), zone)


@deadlines.on(KEPT)
def give_away_kept(deadline: Deadline) -> None:
    """Kept for a day, and nobody came. What stands still is taken up again when that ends."""
    pre_order = _lock(PreOrder.objects.get(pk=deadline.subject_id))
    if pre_order.hand_out != HandOut.KEPT:
        return
    with one_by_one(pre_order, by=system_actor(pre_order.run.site.organisation)):
        _give_away(pre_order)


def _give_away(pre_order: PreOrder) -> None:
    _leave_what_rests(pre_order)
    pre_order.hand_out, pre_order.marked_at = HandOut.NO_SHOW, timezone.now()
    pre_order.save(update_fields=["hand_out", "marked_at"])
    _settle(pre_order, by=system_actor(pre_order.run.site.organisation))


def repeated_no_shows(client_ids: list[int], now: dt.datetime) -> dict[int, int]:
    """How often each of these clients left an order lately, those who did so repeatedly only."""
    kept = Client.objects.filter(pk__in=client_ids).order_by("pk")
    heads = dict(kept.values_list("pk", Coalesce("merged_into_id", "pk")))
    missed = PreOrder.objects.annotate(head=Coalesce("request__client__merged_into_id", "request__client_id")).filter(
        head__in=set(heads.values()),
        hand_out=HandOut.NO_SHOW,
        marked_at__gt=now - dt.timedelta(days=REPEATED_DAYS),
    )
    counted = dict(missed.order_by().values_list("head").annotate(times=Count("pk")))
    return {client: counted[head] for client, head in heads.items() if counted.get(head, 0) >= REPEATED}


# --- substitutions ----------------------------------------


@transaction.atomic
def substitute(
    run: PreOrderRun, *, description: str, replacement: str, unit_price: Decimal, by: Actor
) -> list[Substitution]:
    """Replace one thing by another in every order of a closed run, at the same or a lower price. Clients are told and
    may refuse until the hand-out.

    Raises ``Invalid`` (400) when nobody ordered it, ``Dearer`` (422), ``NotHandedOutNow`` (409).
    """
    replacement = replacement.strip()[:250]
    if not replacement:
        raise Invalid(_("Say what replaces it."), field="replacement")
    locked = PreOrderRun.objects.select_for_update(of=("self",), no_key=True).get(pk=run.pk)
    if locked.status != RunStatus.CLOSED:
        raise NotHandedOutNow(current_status=locked.status)
    lines = list(
        RequestLine.objects.select_for_update(of=("self",), no_key=True)
        .filter(
            request__pre_order__run=locked,
            request__pre_order__hand_out=HandOut.EXPECTED,
            kind=LineKind.ITEM,
            description=description,
        )
        .select_related("request__pre_order")
        .order_by("pk")
    )
    if not lines:
        raise Invalid(_("Nobody has ordered this for this hand-out."), field="description")
    made = []
    for line in lines:
        if unit_price > line.unit_price_incl_vat:
            raise Dearer(field="unit_price")
        substitution = Substitution.objects.create(
            organisation_id=run.organisation_id,
            pre_order=line.request.pre_order,
            line=line,
            old_description=line.description,
            old_unit_price=line.unit_price_incl_vat,
            new_description=replacement,
            new_unit_price=unit_price,
        )
        _write_line(line, replacement, unit_price)
        events.record("pre_order.substituted", substitution, by=by, request_id=line.request.public_id)
        made.append(substitution)
    return made


@transaction.atomic
def refuse_substitution(substitution: Substitution, *, by: Actor) -> Substitution:
    """The client does not want the replacement: it is left out and not charged. Until the hand-out begins.

    Raises ``NotHandedOutNow`` (409) later on. Refusing twice is refusing once.
    """
    locked = Substitution.objects.select_for_update(of=("self",), no_key=True).get(pk=substitution.pk)
    if locked.refused_at is not None:
        return locked
    pre_order = _lock(PreOrder.objects.get(pk=locked.pre_order_id))
    now = timezone.now()
    if pre_order.hand_out != HandOut.EXPECTED or now >= pre_order.run.handout_starts_at:
        raise NotHandedOutNow(current_status=pre_order.hand_out)
    locked.refused_at = now
    locked.save(update_fields=["refused_at"])
    line = RequestLine.objects.select_for_update(of=("self",), no_key=True).get(pk=locked.line_id)
    _write_line(line, locked.old_description, Decimal("0.00"))
    events.record("pre_order.substitution_refused", locked, by=by, request_id=pre_order.request.public_id)
    return locked


def _write_line(line: RequestLine, description: str, unit_price: Decimal) -> None:
    """Another thing at another price on a line, and the total of its request."""
    line.description, line.unit_price_incl_vat = description, unit_price
    line.total_incl_vat = cents(line.quantity * unit_price)
    line.save(update_fields=["description", "unit_price_incl_vat", "total_incl_vat"])
    request = ServiceRequest.objects.select_for_update(of=("self",), no_key=True).get(pk=line.request_id)
    total = RequestLine.objects.filter(request=request).aggregate(total=Sum("total_incl_vat"))["total"]
    request.total_incl_vat, request.version = total, request.version + 1
    request.save(update_fields=["total_incl_vat", "version"])
