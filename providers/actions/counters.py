"""Counter-offers: another price or another day, decided by the client or by staff (lifecycles.md 2.4).

Lock order: the work order, then its offers, then what was proposed; deadlines as in ``offers``.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.actions.rescheduling import promise_ready_by, reschedule_request
from bookings.actions.work_orders import lock_work_order
from bookings.enums import WORK_ORDER_TRANSITIONS
from bookings.models import WorkOrder
from concierge import deadlines
from concierge.errors import Invalid
from concierge.models import Deadline
from concierge.tenancy import Actor, system_actor
from providers.actions import counter_times
from providers.actions.clocks import decide_until, hold_clocks
from providers.actions.gathering import is_gathering
from providers.actions.matching import agreed_amounts
from providers.actions.moved_work import is_away_for
from providers.actions.offer_moves import lock_offer, say, take_turns
from providers.actions.offers import answering, bind
from providers.actions.paper_gaps import paper_gaps
from providers.actions.proposing import check_amount, keep_proposal
from providers.actions.refusals import (
    CounterOver,
    DateFixed,
    OfferTaken,
    OfferWithdrawn,
    PapersMissing,
    PriceAgreed,
    PriceToldToClient,
)
from providers.actions.repricing import keep_price
from providers.actions.rounds import go_on
from providers.enums import OFFER_TRANSITIONS, AgreementKind, CounterStatus, Decider, OfferStatus
from providers.models import CounterOffer, Offer, Provider
from providers.rules.counters import Moments, Proposal
from providers.rules.privacy import Known, reveals

LONGEST_COMMENT = 200


@transaction.atomic
def counter_offer(offer: Offer, proposal: Proposal, *, by: Actor, price_seen: Decimal | None = None) -> CounterOffer:
    """The provider would do it at another price or on another day: whoever has to agree is asked.

    Who is asked for a price says one, that of the agreement or another. Raises ``Invalid`` (400), the refusals of an
    answer (409), ``CounterWaiting``, ``DateFixed``, ``PriceAgreed`` or ``PriceToldToClient`` (409).

    ``price_seen``: what was to be paid when it was read; another price now is another job (``OfferRepriced``, 409).
    Who does not say which has read the first one.
    """
    work_order = lock_work_order(offer.work_order)
    locked = answering(offer, "counter")
    if work_order.status not in WORK_ORDER_TRANSITIONS["book"][0]:
        raise OfferTaken if work_order.performer_kind else OfferWithdrawn
    keep_price(locked, price_seen)
    _check_price(locked, work_order, proposal.price)
    ready_by = _check_day(work_order, proposal, timezone.now())
    comment = _check_comment(locked, proposal.comment)
    moments = Moments(proposal.starts_at, ready_by)
    return keep_proposal(locked, work_order, price=proposal.price, moments=moments, comment=comment, by=by)


def _check_price(offer: Offer, work_order: WorkOrder, price: Decimal | None) -> None:
    is_asked = offer.round.asks_price
    if price is None:
        if is_asked:
            raise Invalid(_("Say your price: it is compared with those of others."), field="price")
        return
    check_amount(price)
    if price == offer.price:
        if is_asked:
            return
        raise Invalid(_("This is the price that we offer already."), field="price")
    if agreed_amounts(work_order):
        raise PriceAgreed(current_status=offer.status)
    if offer.agreement is not None and offer.agreement.kind == AgreementKind.INTRODUCTION:
        raise PriceToldToClient(current_status=offer.status)


def _check_day(work_order: WorkOrder, proposal: Proposal, now: dt.datetime) -> dt.datetime | None:
    """When it would be ready, for what is left with us. Raises ``Invalid`` or ``DateFixed``."""
    if proposal.starts_at is None and proposal.ready_on is None:
        if proposal.price is None:
            raise Invalid(_("Propose another price, or another day."), field="price")
        return None
    if not counter_times.is_free_to_move(work_order):
        raise DateFixed(current_status=work_order.status)
    if counter_times.is_visit(work_order):
        if proposal.ready_on is not None:
            raise Invalid(_("Somebody waits at home for this job: propose when you come."), field="ready_on")
        if proposal.starts_at not in counter_times.starts_left(work_order, now):
            raise Invalid(_("This time is not free. Please choose one of the times shown."), field="starts_at")
        return None
    if proposal.starts_at is not None:
        raise Invalid(_("These things are left with us: propose the day on which they are ready."), field="starts_at")
    if proposal.ready_on not in counter_times.ready_days_left(work_order, now):
        raise Invalid(_("Choose a later day on which our desk is open, within sixty days."), field="ready_on")
    return counter_times.ready_by_on(work_order, proposal.ready_on)


def _check_comment(offer: Offer, comment: str) -> str:
    """The client reads it before anybody has agreed to anything: not who writes. Raises ``Invalid``."""
    comment, one = comment.strip(), offer.provider
    if len(comment) > LONGEST_COMMENT:
        raise Invalid(_("At most 200 characters."), field="comment")
    people = [one.contact_name, one.name, one.legal_name]
    known = Known(names=people, last_names=people, phones=[str(one.phone)], emails=[one.email], streets=[one.street])
    if reveals(comment, known):
        raise Invalid(
            _("Please leave out your name and how to reach you: the client learns it once the job is yours."),
            field="comment",
        )
    return comment


@transaction.atomic
def approve_counter(counter: CounterOffer, *, by: Actor) -> Offer:
    """The client or the team agrees: the job is the provider's, on these terms.

    The same guards as for a yes: one wins. Raises ``CounterOver`` when it was decided, has lapsed, speaks of what has
    changed, or of days on which its provider is away; ``PapersMissing`` when its provider lacks a paper for this price
    or day (R32), of which a client is not told; ``SlotTaken``, ``SlotNotOffered``, ``DayFull`` when the time has
    gone meanwhile: it stays open then.
    """
    work_order = lock_work_order(counter.offer.work_order)
    locked, found = _deciding(counter)
    take_turns(locked.provider_id)
    is_active = Provider.objects.active().filter(pk=locked.provider_id).exists()
    if not is_active or work_order.status not in WORK_ORDER_TRANSITIONS["book"][0]:
        raise CounterOver(current_status=found.status)
    if found.price_before != locked.price or not found.speaks_of(work_order) or is_away_for(locked, found):
        raise CounterOver(current_status=found.status)
    _check_papers(work_order, found)
    if found.price is not None and found.price != locked.price:
        if agreed_amounts(work_order):
            raise PriceAgreed(current_status=found.status)
        locked.price = found.price
    if (found.starts_at or found.ready_by) and not counter_times.is_free_to_move(work_order):
        raise DateFixed(current_status=work_order.status)
    if found.starts_at is not None:
        reschedule_request(work_order.request, found.starts_at, by=by)
    if found.ready_by is not None:
        promise_ready_by(work_order, found.ready_by, by=by)
    now = timezone.now()
    found.status, found.decided_at = CounterStatus.APPROVED, now
    found.save(update_fields=["status", "decided_at"])
    locked.status, locked.answered_at = OFFER_TRANSITIONS["approve"][1], now
    bind(locked, lock_work_order(work_order), by=by, fields=["status", "answered_at", "price"])
    return locked


def _check_papers(work_order: WorkOrder, counter: CounterOffer) -> None:
    gap = paper_gaps(work_order, [counter]).get(counter.pk)
    if gap is None:
        return
    if counter.needs == Decider.CLIENT:
        raise CounterOver(current_status=counter.status)
    raise PapersMissing(str(gap.label).lower(), current_status=counter.status)


@transaction.atomic
def refuse_counter(counter: CounterOffer, *, by: Actor) -> Offer:
    """Not on these terms: the offer is over, the next ones are asked. Raises ``CounterOver`` (409)."""
    work_order = lock_work_order(counter.offer.work_order)
    locked, found = _deciding(counter)
    _end(work_order, locked, found, CounterStatus.REFUSED, by)
    return locked


def _end(work_order: WorkOrder, offer: Offer, counter: CounterOffer, status: CounterStatus, by: Actor) -> None:
    counter.status, counter.decided_at = status, timezone.now()
    counter.save(update_fields=["status", "decided_at"])
    offer.status = OFFER_TRANSITIONS["refuse"][1]
    offer.save(update_fields=["status"])
    say(offer, "declined", by, reason=f"counter_{status}")
    go_on(offer.round, work_order, by=by)


def _deciding(counter: CounterOffer) -> tuple[Offer, CounterOffer]:
    """Lock an offer and what its provider proposed, while it still waits. Raises ``CounterOver``."""
    locked = lock_offer(counter.offer)
    found = lock_counter(counter)
    if found.status != CounterStatus.WAITING or locked.status != OfferStatus.COUNTERED:
        raise CounterOver(current_status=found.status)
    if found.due_at <= timezone.now():
        raise CounterOver(current_status=found.status)
    return locked, found


def lock_counter(counter: CounterOffer) -> CounterOffer:
    """Re-read it under its row lock; the locks of its work order and offer are already held."""
    return CounterOffer.objects.select_for_update(of=("self",), no_key=True).get(pk=counter.pk)


@transaction.atomic
def lapse_counter(counter: CounterOffer, *, by: Actor) -> bool:
    """Nobody decided in time; ``False`` when somebody did, or prices are still gathered."""
    work_order = lock_work_order(counter.offer.work_order)
    locked, found = lock_offer(counter.offer), lock_counter(counter)
    if found.status != CounterStatus.WAITING or locked.status != OfferStatus.COUNTERED:
        return False
    if is_gathering(locked.round) and locked.round.ends_at > timezone.now():
        decide_until(found, locked.round.ends_at)
        return False
    _end(work_order, locked, found, CounterStatus.LAPSED, by)
    return True


@deadlines.on(counter_times.DUE)
def _due(deadline: Deadline) -> None:
    rows = CounterOffer.objects.select_related("offer__work_order", "organisation")
    for counter in rows.filter(pk=deadline.subject_id):
        by = system_actor(counter.organisation)
        hold_clocks(counter.offer.work_order, by=by)
        counter.refresh_from_db(fields=["due_at"])
        if counter.due_at <= timezone.now():
            lapse_counter(counter, by=by)
