"""The clocks of offers follow their request."""

from __future__ import annotations

from bookings.enums import RequestStatus
from bookings.models import WorkOrder
from concierge import events
from concierge.models import Event
from concierge.tenancy import system_actor
from providers.actions.clocks import hold_clocks, release_clocks


@events.subscribe("service_request.held")
def stop_the_clocks(event: Event) -> None:
    """Nobody has to answer while nothing goes on."""
    for order in WorkOrder.objects.filter(request__public_id=event.subject_id).order_by("pk"):
        hold_clocks(order, by=system_actor(event.organisation))


@events.subscribe("work_order.offered")
def stop_new_clocks(event: Event) -> None:
    """Whoever is asked while nothing goes on, by a person or since somebody gave it back, need not answer either."""
    held = WorkOrder.objects.filter(public_id=event.subject_id, request__status=RequestStatus.ON_HOLD)
    for order in held:
        hold_clocks(order, by=system_actor(event.organisation))


@events.subscribe("service_request.resumed")
def let_the_clocks_go(event: Event) -> None:
    """With the time that was left."""
    for order in WorkOrder.objects.filter(request__public_id=event.subject_id).order_by("pk"):
        release_clocks(order, by=system_actor(event.organisation))
