"""Work whose price the client has agreed to: it goes to the business that gave that price, at that price."""

from __future__ import annotations

from django.db import transaction

from bookings.actions.work_orders import ask_for_dispatch, lock_work_order
from bookings.enums import WorkOrderStatus
from bookings.models import WorkOrder
from concierge.errors import Invalid
from concierge.tenancy import Actor
from providers.actions.matching import NO, agreed_amounts
from providers.actions.offers import offer_directly, start_round
from providers.models import Offer, Provider


@transaction.atomic
def give_out(work_order: WorkOrder, *, by: Actor) -> None:
    """Find somebody for work that is ready: whoever's price the client agreed to is asked alone, at that price.

    Nobody else is asked instead, at another price: when they cannot be asked, have said no or are several, a person
    decides. Without such a price the best providers are asked. Safe twice.
    """
    locked = lock_work_order(work_order)
    if locked.status != WorkOrderStatus.READY:
        return
    agreed = agreed_amounts(locked)
    if not agreed:
        start_round(locked, by=by)
        return
    reason = _offer_to(locked, list(agreed), by)
    if reason:
        ask_for_dispatch(locked, reason=reason, by=by)


def _offer_to(work_order: WorkOrder, keys: list[int], by: Actor) -> str:
    """Ask the one whose price was agreed; else the code of why a person has to decide."""
    if len(keys) > 1:
        return "several_prices_agreed"
    if Offer.objects.filter(work_order=work_order, provider__in=keys, status__in=NO).exists():
        return "agreed_provider_said_no"
    try:
        offer_directly(work_order, Provider.objects.get(pk=keys[0]), by=by)
    except Invalid:
        return "agreed_provider_cannot_be_asked"
    return ""
