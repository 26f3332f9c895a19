"""What the index of the nearest providers knows follows what happens to them (ADR 18)."""

from __future__ import annotations

from django.db.models import Q

from bookings.enums import PerformerKind
from bookings.models import WorkOrder
from concierge import events
from concierge.models import Event
from providers.actions.reach import refresh_reach
from providers.models import Offer, Provider, ServiceAgreement


@events.subscribe("provider.created", "provider.changed", "provider.stopped", "provider.resumed", "provider.approved")
def reach_of_a_provider(event: Event) -> None:
    """Its place, its papers, its days away, whether it works with us."""
    refresh_reach(event.organisation, Provider.objects.filter(public_id=event.subject_id).values_list("pk", flat=True))


@events.subscribe("agreement.signed", "agreement.ended")
def reach_of_an_agreement(event: Event) -> None:
    """A service more, or from some day on one less."""
    found = ServiceAgreement.objects.filter(public_id=event.subject_id).order_by("pk")
    refresh_reach(event.organisation, found.values_list("provider_id", flat=True))


@events.subscribe(
    "work_order.booked",
    "work_order.released",
    "work_order.needs_dispatch",
    "work_order.cancelled",
    "work_order.failed",
    "work_order.rescheduled",
)
def reach_of_who_has_work(event: Event) -> None:
    """A day more or less on which somebody is fully booked: whoever holds it, or held it."""
    _follow(event, Q(public_id=event.subject_id))


@events.subscribe("service_request.resumed")
def reach_of_whose_work_moves(event: Event) -> None:
    """What stood still is promised for later."""
    _follow(event, Q(request__public_id=event.subject_id))


def _follow(event: Event, which: Q) -> None:
    orders = WorkOrder.objects.filter(which).order_by("pk")
    holders = orders.filter(performer_kind=PerformerKind.PROVIDER).values_list("performer_id", flat=True)
    before = Offer.objects.filter(work_order__in=orders.values("pk"), answered_at__isnull=False).order_by("pk")
    keys = {key for key in (*holders, *before.values_list("provider_id", flat=True)) if key is not None}
    refresh_reach(event.organisation, keys)
