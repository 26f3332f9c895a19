"""What the team hears on the phone from a provider who is asked: yes, no, or nobody there."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.actions.work_orders import lock_work_order
from concierge.enums import Channel
from concierge.errors import Invalid
from concierge.tenancy import Actor
from providers.actions.contacts import add_call, call_again
from providers.actions.counters import counter_offer
from providers.actions.offer_moves import lock_offer, say
from providers.actions.offers import accept_offer, decline_offer
from providers.actions.refusals import REFUSALS, OfferAnswered, OfferExpired
from providers.enums import ContactChannel, ContactStatus, ContactTrouble, DeclineReason, OfferStatus
from providers.models import Offer, OfferContact
from providers.rules.counters import Proposal


@transaction.atomic
def accept_on_phone(offer: Offer, *, price_seen: Decimal | None = None, by: Actor) -> Offer:
    """They said yes. Raises what ``accept_offer`` does."""
    accepted = accept_offer(offer, price_seen=price_seen, by=by.by_way_of(Channel.PHONE))
    _note_reached(accepted, by)
    return accepted


@transaction.atomic
def price_on_phone(offer: Offer, price: Decimal, *, price_seen: Decimal | None = None, by: Actor) -> Offer:
    """They said their price, for what was read out to them. Raises what ``counter_offer`` does."""
    counter_offer(offer, Proposal(price=price), by=by.by_way_of(Channel.PHONE), price_seen=price_seen)
    locked = lock_offer(offer)
    _note_reached(locked, by)
    return locked


@transaction.atomic
def decline_on_phone(offer: Offer, *, reason: DeclineReason, comment: str = "", by: Actor) -> Offer:
    """They said no. Raises what ``decline_offer`` does."""
    declined = decline_offer(offer, reason=reason, comment=comment, by=by.by_way_of(Channel.PHONE))
    _note_reached(declined, by)
    return declined


@transaction.atomic
def note_nobody_there(offer: Offer, *, call_again_at: dt.datetime, by: Actor) -> OfferContact:
    """Nobody picked up: the attempt stays, and the call is due again. Raises ``Invalid``, or why it is not."""
    lock_work_order(offer.work_order)
    locked, now = lock_offer(offer), timezone.now()
    if locked.status != OfferStatus.SENT:
        raise REFUSALS.get(locked.status, OfferAnswered)(current_status=locked.status)
    if locked.due_at <= now:
        raise OfferExpired
    if not now <= call_again_at < locked.due_at:
        raise Invalid(_("Choose a moment from now on, before the time to answer is over."), field="again_at")
    _end_call(locked, ContactStatus.MISSED, by)
    # What is still on its way may arrive: the call is made all the same.
    locked.contacts.filter(status=ContactStatus.DUE).update(
        status=ContactStatus.FAILED, trouble=ContactTrouble.LATE, ended_at=now
    )
    say(locked, "call_missed", by.by_way_of(Channel.PHONE), again_at=call_again_at.isoformat())
    return call_again(locked, call_again_at)


def _note_reached(offer: Offer, by: Actor) -> None:
    _end_call(offer, ContactStatus.REACHED, by)


def _end_call(offer: Offer, status: ContactStatus, by: Actor) -> None:
    """The call that was due is made; a call that nobody had asked for is noted too."""
    now = timezone.now()
    made = offer.contacts.filter(status=ContactStatus.DUE, channel=ContactChannel.CALL).update(
        status=status, ended_at=now, made_by=by.label[:120]
    )
    if not made:
        add_call(offer, status, due_at=now, made_by=by.label[:120])
