"""A proposal is kept until somebody decides on it: by a provider who wants other terms, or who is asked for its price
(lifecycles.md 2.4). Lock order as in ``offers``.
"""

from __future__ import annotations

from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.models import WorkOrder
from concierge import deadlines
from concierge.db import refuse_on
from concierge.errors import Invalid
from concierge.tenancy import Actor
from providers.actions import counter_times
from providers.actions.gathering import decision_due
from providers.actions.offer_moves import say
from providers.actions.refusals import CounterWaiting, OfferExpired
from providers.actions.rounds import go_on
from providers.enums import Decider
from providers.models import CounterOffer, Offer
from providers.models.counters import MOST_COUNTER_PRICE
from providers.rules.counters import Moments


def check_amount(price: Decimal) -> None:
    """Raises ``Invalid`` for what is no price."""
    if not price.is_finite() or not 0 < price <= MOST_COUNTER_PRICE or price != price.quantize(Decimal("0.01")):
        raise Invalid(_("A price is more than 0 and at most 50,000 €."), field="price")


def keep_proposal(
    offer: Offer,
    work_order: WorkOrder,
    *,
    price: Decimal | None,
    moments: Moments | None = None,
    comment: str = "",
    by: Actor,
) -> CounterOffer:
    """What the provider of an offer, locked and set to ``countered``, proposes: whoever has to agree is asked.

    A price is for the team, which pays it; a day alone is for the client, when there is an address to ask. The last
    one of those who are asked for a price brings a person who chooses. Raises ``OfferExpired`` or ``CounterWaiting``
    (409).
    """
    now, moments = timezone.now(), moments or Moments()
    # Saved first: this one is not waited for any more.
    offer.save(update_fields=["status", "answered_at"])
    due_at = decision_due(offer.round, work_order, now)
    if due_at <= now:
        raise OfferExpired
    asks_client = price is None and bool(work_order.request.contact_email)
    with refuse_on("counter_offer_waiting_once", CounterWaiting()):
        made = CounterOffer.objects.create(
            organisation_id=offer.organisation_id,
            offer=offer,
            price=price,
            price_before=offer.price,
            starts_at=moments.starts_at,
            ready_by=moments.ready_by,
            promised_start=work_order.promised_start,
            promised_end=work_order.promised_end,
            comment=comment,
            needs=Decider.CLIENT if asks_client else Decider.STAFF,
            made_at=now,
            due_at=due_at,
        )
    deadlines.set_deadline(counter_times.DUE, organisation_id=made.organisation_id, subject_id=made.pk, due_at=due_at)
    said = {"price": str(made.price) if made.price is not None else "", "needs": str(made.needs)}
    moment = made.starts_at or made.ready_by
    say(offer, "countered", by, moment=moment.isoformat() if moment else "", **said)
    if offer.round.asks_price:
        go_on(offer.round, work_order, by=by)
    return made
