"""What became of a yes: heard from the work."""

from __future__ import annotations

from bookings.models import WorkOrder
from concierge import events
from concierge.models import Event
from concierge.tenancy import system_actor
from providers.actions.promises import honour_offer


@events.subscribe("work_order.verified")
def keep_the_promise(event: Event) -> None:
    """Work that a provider did was checked."""
    work_order = WorkOrder.objects.select_related("organisation").get(public_id=event.subject_id)
    honour_offer(work_order, by=system_actor(work_order.organisation))
