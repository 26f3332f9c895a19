"""What a provider is paid follows what was weighed or counted (R33); a yes binds at a price that was read."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from bookings.actions.work_orders import lock_work_order
from bookings.models import WorkOrder
from bookings.rules.prices import cents
from concierge.models import Event
from concierge.tenancy import Actor
from providers.actions.clocks import ask_anew, hold_clocks
from providers.actions.matching import agreed_amounts, price_by
from providers.actions.offer_moves import say
from providers.actions.refusals import OfferRepriced
from providers.actions.rounds import go_on
from providers.enums import BINDING_YES, WAITING, CounterStatus, OfferStatus, RoundStatus
from providers.models import Offer, OfferRound, ServiceAgreement

REPRICED = "offer.repriced"


@transaction.atomic
def follow_quantity(work_order: WorkOrder, *, measured_at: dt.datetime, by: Actor) -> None:
    """There is more or less of it than was announced: whoever is asked or has said yes is paid for what there is, by
    the agreement of the day they were asked, or in proportion at the price that the team agreed to with them. What was
    proposed speaks of less or more: the question is put again. Work that was checked before it was ``measured_at``
    and prices that the client agreed to in a quote stay. Safe twice.
    """
    locked = lock_work_order(work_order)
    if locked.verified_at is not None and locked.verified_at < measured_at:
        return
    agreed = agreed_amounts(locked)
    live = Offer.objects.select_for_update(of=("self",), no_key=True).filter(
        work_order=locked, status__in=WAITING | BINDING_YES
    )
    again: list[Offer] = []
    for offer in live.exclude(provider__in=agreed).select_related("provider", "agreement").order_by("pk"):
        agreement = _agreement_of(offer, locked)
        price = offer.price if agreement is None else _as_agreed(offer, price_by(agreement, locked))
        if price != offer.price:
            old, offer.price = offer.price, price
            offer.save(update_fields=["price"])
            if offer.status == OfferStatus.COUNTERED:
                again.append(offer)
            say(offer, "repriced", by, old_price=str(old), new_price=str(price))
    _put_again(again, locked, by)


def _put_again(offers: list[Offer], work_order: WorkOrder, by: Actor) -> None:
    """Whoever proposed something for another quantity is asked anew, while the search has time; not while the request
    stands still."""
    current = OfferRound.objects.filter(work_order=work_order, status=RoundStatus.OPEN).first()
    if not offers or current is None or current.ends_at <= timezone.now():
        return
    for offer in offers:
        offer.round, offer.work_order = current, work_order
        ask_anew(offer, work_order)
    hold_clocks(work_order, by=by)
    go_on(current, work_order, by=by)


def _as_agreed(offer: Offer, price: Decimal) -> Decimal:
    """What an agreement pays; at a price that was agreed to instead of it, so many times as much as it pays now."""
    approved = offer.counters.filter(status=CounterStatus.APPROVED).exclude(price=None).order_by("pk").last()
    if approved is None or approved.price is None:
        return price
    return cents(approved.price * price / approved.price_before) if approved.price_before else offer.price


def _agreement_of(offer: Offer, work_order: WorkOrder) -> ServiceAgreement | None:
    if offer.agreement is not None:
        return offer.agreement
    asked_on = offer.sent_at.astimezone(ZoneInfo(work_order.site.time_zone)).date()
    known = ServiceAgreement.objects.filter(provider=offer.provider_id, service=work_order.service_id)
    return known.valid_on(asked_on).order_by("-pk").first()


def keep_price(offer: Offer, seen: Decimal | None) -> None:
    """A yes is to the price that was read. Who does not say which (``None``) has read the first one.

    Raises ``OfferRepriced`` (409).
    """
    if was_repriced(offer) if seen is None else seen != offer.price:
        raise OfferRepriced(offer.price)


def was_repriced(offer: Offer) -> bool:
    """Whether its price changed since it was asked: a yes then has to say to which."""
    changes = Event.objects.filter(
        organisation_id=offer.organisation_id,
        subject_type=offer._meta.label_lower,
        subject_id=offer.public_id,
        name=REPRICED,
    )
    return changes.exists()
