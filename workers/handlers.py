"""What the team hears from below."""

from __future__ import annotations

from bookings.enums import WorkOrderStatus
from bookings.models import WorkOrder
from concierge.events import subscribe
from concierge.models import Event
from concierge.tenancy import system_actor
from workers.actions.dispatch import stop_assignment
from workers.models import Assignment


@subscribe("work_order.cancelled", "work_order.failed")
def free_the_person(event: Event) -> None:
    """Work that ended without being done takes nobody's time. Told twice, or late, it finds nothing left to do."""
    work_order = WorkOrder.objects.filter(
        public_id=event.subject_id, status__in=[WorkOrderStatus.CANCELLED, WorkOrderStatus.FAILED]
    ).first()
    if work_order is None:
        return
    for assignment in Assignment.objects.filter(work_order=work_order).occupying().select_related("work_order"):
        stop_assignment(assignment, by=system_actor(event.organisation))
