"""Work whose price the client has agreed to: it goes to the business that gave that price, at that price."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction

from bookings.actions.work_orders import ask_for_dispatch, lock_work_order
from bookings.enums import WorkOrderStatus
from bookings.models import Quote, WorkOrder
from concierge import events
from concierge.errors import Invalid
from concierge.tenancy import Actor
from providers.actions.matching import agreed_amounts, noes, prices_before
from providers.actions.offer_moves import close_round
from providers.actions.rounds import offer_directly, search_unasked, start_round
from providers.enums import BINDING_YES, RoundStatus
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


@transaction.atomic
def follow_amendment(work_order: WorkOrder, amendment: Quote, *, by: Actor) -> None:
    """The client agreed to a change: when other prices count for this work than before, those who are being asked need
    not answer any more, and the work is given out anew, also when it waits for a dispatcher. Work that somebody holds
    stays theirs, at that price of theirs which the client agreed to now. Safe twice.
    """
    locked = lock_work_order(work_order)
    agreed, before = agreed_amounts(locked), prices_before(locked, amendment)
    _reprice_held(locked, agreed, by)
    if locked.status not in {WorkOrderStatus.OFFERING, WorkOrderStatus.NEEDS_DISPATCH} or agreed == before:
        return
    open_ones = set(Offer.objects.filter(work_order=locked).open().order_by("pk").values_list("provider_id", "price"))
    if open_ones and open_ones == set(agreed.items()):
        return
    close_round(locked, RoundStatus.WITHDRAWN, "withdraw", by=by)
    if agreed:
        reason = _offer_to(locked, list(agreed), by)
        if reason:
            ask_for_dispatch(locked, reason=reason, by=by)
    else:
        search_unasked(locked, by=by)


def _reprice_held(work_order: WorkOrder, agreed: dict[int, Decimal], by: Actor) -> None:
    rows = Offer.objects.select_for_update(of=("self",), no_key=True).select_related("provider")
    for offer in rows.filter(work_order=work_order, status__in=BINDING_YES, provider__in=agreed).order_by("pk"):
        if offer.price != agreed[offer.provider_id]:
            offer.price = agreed[offer.provider_id]
            offer.save(update_fields=["price"])
            events.record(
                "offer.repriced",
                offer,
                by=by,
                request_id=work_order.request.public_id,
                work_order=work_order.reference,
                provider=str(offer.provider.public_id),
            )


def _offer_to(work_order: WorkOrder, keys: list[int], by: Actor) -> str:
    """Ask the one whose price was agreed; else the code of why a person has to decide."""
    if len(keys) > 1:
        return "several_prices_agreed"
    if noes(work_order).filter(provider__in=keys).exists():
        return "agreed_provider_said_no"
    try:
        offer_directly(work_order, Provider.objects.get(pk=keys[0]), by=by)
    except Invalid:
        return "agreed_provider_cannot_be_asked"
    return ""
