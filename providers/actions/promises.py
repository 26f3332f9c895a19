"""What became of a yes (lifecycles.md 2.4): the promise was kept, or it was not. Lock order as in ``offers``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import NamedTuple

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from bookings.actions.work_orders import lock_work_order, release_work_order, take_work_order_back
from bookings.enums import WORK_ORDER_TRANSITIONS, PerformerKind, WorkOrderStatus
from bookings.models import WorkOrder
from concierge.tenancy import Actor
from providers.actions.offer_moves import lock_offer, say
from providers.actions.refusals import PromiseOver
from providers.enums import OFFER_TRANSITIONS, BreakReason, OfferStatus
from providers.models import Offer

# Promises are looked at over this time.
LOOKED_BACK = dt.timedelta(days=365)


class Promises(NamedTuple):
    """How many promises of a provider were kept, and how many were not."""

    kept: int = 0
    broken: int = 0


@transaction.atomic
def honour_offer(work_order: WorkOrder, *, by: Actor) -> None:
    """The work was checked: whoever promised it has kept its word. Safe twice, and for work of somebody else."""
    locked = lock_work_order(work_order)
    if locked.status != WorkOrderStatus.VERIFIED or locked.performer_kind != PerformerKind.PROVIDER:
        return
    holder = locked.performer_id or 0
    allowed_from, target = OFFER_TRANSITIONS["honour"]
    theirs = Offer.objects.select_for_update(of=("self",), no_key=True).filter(
        work_order=locked, provider_id=holder, status__in=allowed_from
    )
    for offer in theirs.order_by("pk"):
        offer.status = target
        offer.save(update_fields=["status"])
        say(offer, "honoured", by)


@transaction.atomic
def break_promise(offer: Offer, *, reason: BreakReason, comment: str = "", by: Actor) -> Offer:
    """Somebody of ours found that the provider does not do what it said yes to: the work is taken from it.

    What has not begun is looked for again at once; what has begun, or what lies with them, a person decides on. The
    same provider is not asked for this work again. Raises ``PromiseOver`` (409) when they no longer hold it, or when
    it is done.
    """
    work_order = lock_work_order(offer.work_order)
    locked = lock_offer(offer)
    allowed_from, target = OFFER_TRANSITIONS["break"]
    holder = (PerformerKind.PROVIDER, locked.provider_id)
    if locked.status not in allowed_from or (work_order.performer_kind, work_order.performer_id) != holder:
        raise PromiseOver(current_status=locked.status)
    if work_order.status not in WORK_ORDER_TRANSITIONS["take_back"][0]:
        raise PromiseOver(current_status=work_order.status)
    locked.status, locked.broken_at = target, timezone.now()
    locked.broken_reason, locked.broken_comment = reason, comment.strip()[:200]
    locked.save(update_fields=["status", "broken_at", "broken_reason", "broken_comment"])
    say(locked, "broken", by, reason=str(reason))
    has_begun = work_order.status not in WORK_ORDER_TRANSITIONS["release"][0] or work_order.collected_at is not None
    (take_work_order_back if has_begun else release_work_order)(work_order, reason="promise_broken", by=by)
    return locked


def promises_of(providers: Iterable[int], *, now: dt.datetime) -> dict[int, Promises]:
    """Promises kept and broken in the last year, by provider key. One query."""
    keys = list(providers)
    rows = (
        Offer.objects.filter(provider__in=keys, answered_at__gte=now - LOOKED_BACK)
        .filter(status__in=[OfferStatus.HONOURED, OfferStatus.BROKEN])
        .order_by("provider_id")
        .values("provider_id")
        .annotate(
            kept=Count("pk", filter=Q(status=OfferStatus.HONOURED)),
            broken=Count("pk", filter=Q(status=OfferStatus.BROKEN)),
        )
    )
    found = {row["provider_id"]: Promises(row["kept"], row["broken"]) for row in rows}
    return {key: found.get(key, Promises()) for key in keys}
