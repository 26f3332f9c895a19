"""What the team hears from below. Told twice, or late, a handler finds nothing left to do."""

from __future__ import annotations

from django.db.models import Q

from bookings.actions.work_orders import start_work_order
from bookings.enums import Leg, WorkOrderStatus
from bookings.models import WorkOrder
from concierge.events import subscribe
from concierge.models import Event
from concierge.tenancy import system_actor
from workers.actions import exits as _exits  # noqa: F401 - importing registers what may go
from workers.actions import forgetting as _forgetting  # noqa: F401 - importing registers what may go
from workers.actions.dispatch import stop_assignment, unassign
from workers.actions.passes import resume_pass
from workers.actions.swaps import expire_swap
from workers.actions.work import note_check, note_return
from workers.enums import ASSIGNMENT_TRANSITIONS, RESCHEDULED, AssignmentStatus
from workers.models import Assignment, Contract, SwapRequest
from workers.models.assignments import AssignmentQuerySet


@subscribe("work_order.cancelled", "work_order.failed")
def free_the_person(event: Event) -> None:
    """Work that ended without being done takes nobody's time."""
    ended = [WorkOrderStatus.CANCELLED, WorkOrderStatus.FAILED]
    for assignment in _assignments(event, *ended).occupying():
        stop_assignment(assignment, by=system_actor(event.organisation))


@subscribe("work_order.rescheduled")
def plan_anew(event: Event) -> None:
    """The client comes at another time: what was planned outside of it is taken back, for a person to plan anew."""
    planned = Assignment.objects.filter(
        work_order__public_id=event.subject_id, leg=Leg.WORK, status__in=ASSIGNMENT_TRANSITIONS["cancel"][0]
    )
    for assignment in planned.select_related("work_order"):
        order = assignment.work_order
        if assignment.planned_start < order.promised_start or assignment.planned_end > order.promised_end:
            unassign(assignment, by=system_actor(event.organisation), reason=RESCHEDULED)


@subscribe("work_order.verified")
def follow_the_check(event: Event) -> None:
    """The work was checked on the request's own page: the person's part is checked too."""
    for assignment in _assignments(event, WorkOrderStatus.VERIFIED).filter(status=AssignmentStatus.DONE, leg=Leg.WORK):
        note_check(assignment, by=system_actor(event.organisation))


@subscribe("work_order.sent_back")
def follow_the_return(event: Event) -> None:
    """The work was sent back on the request's own page: the person finds it at work again."""
    for assignment in _assignments(event, WorkOrderStatus.REWORK).filter(status=AssignmentStatus.DONE, leg=Leg.WORK):
        by = system_actor(event.organisation)
        note_return(assignment, by=by)
        start_work_order(assignment.work_order, by=by)


@subscribe(
    "work_order.released",
    "work_order.needs_dispatch",
    "work_order.collected",
    "work_order.returned",
    "work_order.verified",
)
def carry_no_more(event: Event) -> None:
    """Its provider gave it back, or somebody else has carried it already: nobody of the team has to."""
    carrying = Assignment.objects.filter(work_order__public_id=event.subject_id).occupying().carrying()
    for assignment in carrying.select_related("work_order"):
        if assignment.leg != assignment.work_order.leg_now:
            stop_assignment(assignment, by=system_actor(event.organisation))


@subscribe("contract.signed")
def resume_the_pass(event: Event) -> None:
    """A structure hires somebody again: a suspension of their PASS ends the day before (domain.md 2.3)."""
    signed = Contract.objects.standing().ours().filter(public_id=event.data.get("contract")).select_related("trainee")
    for contract in signed:
        resume_pass(contract.trainee, hired_on=contract.starts_on, by=system_actor(event.organisation))


@subscribe("week.published")
def end_swaps_of_other_hours(event: Event) -> None:
    """A shift is no longer the same: nobody can swap it."""
    ended = Q(mine__until__isnull=False) | Q(theirs__until__isnull=False)
    week = Q(mine__week__editions__public_id=event.subject_id) | Q(theirs__week__editions__public_id=event.subject_id)
    for swap in SwapRequest.objects.open().filter(ended & week).distinct().order_by("pk"):
        expire_swap(swap, by=system_actor(event.organisation))


def _assignments(event: Event, *statuses: WorkOrderStatus) -> AssignmentQuerySet:
    orders = WorkOrder.objects.filter(public_id=event.subject_id, status__in=statuses)
    return Assignment.objects.filter(work_order__in=orders).select_related("work_order")
