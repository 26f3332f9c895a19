"""A provider gives back work that it accepted (lifecycles.md 2.4, R31). Lock order as in ``offers``."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from bookings.actions.work_orders import lock_work_order, release_work_order
from bookings.enums import PerformerKind
from concierge.tenancy import Actor
from providers.actions.offer_moves import lock_offer, say
from providers.actions.refusals import OfferNotHeld, TooLateToRelease, WorkHasBegun
from providers.enums import OFFER_TRANSITIONS, ReleaseReason
from providers.models import Offer


@transaction.atomic
def release_offer(offer: Offer, *, reason: ReleaseReason, comment: str = "", by: Actor) -> Offer:
    """Its holder cannot do it after all: the work is free, and whoever hears of it looks for somebody else.

    Until the cut-off of the agreement, and before anything has begun; later a person has to be called. The same
    provider is not asked for this work again. Raises ``OfferNotHeld``, ``WorkHasBegun`` or ``TooLateToRelease`` (409).
    """
    work_order = lock_work_order(offer.work_order)
    locked = lock_offer(offer)
    locked.work_order = work_order
    allowed_from, target = OFFER_TRANSITIONS["release"]
    holder = (PerformerKind.PROVIDER, locked.provider_id)
    if locked.status not in allowed_from or (work_order.performer_kind, work_order.performer_id) != holder:
        raise OfferNotHeld(current_status=locked.status)
    now, until = timezone.now(), locked.release_before
    if until is None:
        raise WorkHasBegun(current_status=work_order.status)
    if until <= now:
        raise TooLateToRelease(current_status=work_order.status)
    locked.status, locked.released_at = target, now
    locked.release_reason, locked.release_comment = reason, comment.strip()[:200]
    locked.save(update_fields=["status", "released_at", "release_reason", "release_comment"])
    say(locked, "released", by, reason=str(reason))
    release_work_order(work_order, reason=str(reason), by=by)
    return locked
