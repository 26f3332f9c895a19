"""Appointments that move and providers that close while providers are asked."""

from __future__ import annotations

from bookings.models import WorkOrder
from concierge import events
from concierge.models import Event
from concierge.tenancy import system_actor
from providers.actions.moved_work import follow_closure, follow_promise
from providers.models import Offer


@events.subscribe("work_order.rescheduled")
def follow_the_appointment(event: Event) -> None:
    """Whoever is asked hears of the new time; whether a yes still holds is asked by a person."""
    before, by = str(event.data.get("before", "")), system_actor(event.organisation)
    for order in WorkOrder.objects.filter(public_id=event.subject_id):
        follow_promise(order, before=before, moved_at=event.act_at, by=by)


@events.subscribe("provider.changed")
def mind_closed_days(event: Event) -> None:
    """What was asked for days on which the business is away now is asked of others; no answer is due then."""
    if event.data.get("what") != "closure":
        return
    asked = Offer.objects.open().filter(provider__public_id=event.subject_id)
    # By work order: every transaction that locks several does so in this order.
    for offer in asked.select_related("work_order").order_by("work_order_id"):
        follow_closure(offer, by=system_actor(event.organisation))
