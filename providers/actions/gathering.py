"""Prices to choose from: answers are gathered, none binds by itself, then a person chooses (lifecycles.md 2.4).

Lock order as in ``offers``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.utils import timezone

from bookings.actions.work_orders import ask_for_dispatch, offer_work_order
from bookings.enums import WorkOrderStatus
from bookings.models import WorkOrder
from concierge import deadlines
from concierge.tenancy import Actor
from providers.actions import counter_times
from providers.enums import OfferStatus
from providers.models import CounterOffer, OfferRound


def is_gathering(current: OfferRound) -> bool:
    """Whether somebody who is asked for a price may still give one."""
    return current.asks_price and current.offers.filter(status=OfferStatus.SENT).exists()


def decision_due(current: OfferRound, work_order: WorkOrder, now: dt.datetime) -> dt.datetime:
    """When a decision on a proposal is due; while prices are gathered it waits for the others."""
    if is_gathering(current):
        return current.ends_at
    return min(counter_times.decided_by(work_order, now), current.ends_at)


def gather(current: OfferRound, work_order: WorkOrder, waiting: Collection[str], *, by: Actor) -> None:
    """Some answers are there (``waiting``: the states of what is open, of a locked work order): once nobody is left who
    may still give a price, a person chooses. Whoever is asked anew after that is waited for again."""
    if OfferStatus.SENT in waiting:
        if work_order.status == WorkOrderStatus.NEEDS_DISPATCH:
            offer_work_order(work_order, by=by)
        return
    now = timezone.now()
    if work_order.status == WorkOrderStatus.NEEDS_DISPATCH or current.ends_at <= now:
        return
    proposed = CounterOffer.objects.waiting().filter(offer__round=current)
    due_at = decision_due(current, work_order, now)
    due = dict.fromkeys(proposed.order_by("pk").values_list("pk", flat=True), due_at)
    proposed.update(due_at=due_at)
    deadlines.set_deadlines(counter_times.DUE, organisation_id=current.organisation_id, due_at=due)
    ask_for_dispatch(work_order, reason="answers_to_choose", by=by)
