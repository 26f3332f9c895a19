"""What a search says about papers."""

from __future__ import annotations

from bookings.models import WorkOrder
from concierge import events
from concierge.models import Event
from concierge.tenancy import system_actor
from providers.actions import bank as _bank  # noqa: F401 - importing registers its deadlines
from providers.actions import reviews as _reviews  # noqa: F401 - importing registers what is not kept for ever
from providers.actions.needed_papers import ask_for_certificates


@events.subscribe("work_order.offered", "work_order.needs_dispatch")
def ask_for_what_is_missing(event: Event) -> None:
    """Some were left out for nothing but a certificate."""
    for order in WorkOrder.objects.select_related("organisation").filter(public_id=event.subject_id):
        ask_for_certificates(order, by=system_actor(order.organisation))
