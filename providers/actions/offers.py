"""Verbs on offers (lifecycles.md 2.4); the search that asks them is in ``rounds``.

Lock order everywhere: the work order first, then its offers. Deadlines are never cancelled from here: the sweep locks
a deadline before the work order, so the other way round could deadlock; a deadline that comes too late does nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from bookings.actions.work_orders import ask_for_dispatch, book_work_order, lock_work_order, take_work_order_back
from bookings.enums import WORK_ORDER_TRANSITIONS, PerformerKind
from bookings.models import WorkOrder
from concierge import deadlines, metrics
from concierge.db import refuse_on
from concierge.errors import WrongState
from concierge.models import Deadline
from concierge.tenancy import Actor, system_actor
from providers.actions import links
from providers.actions.contacts import way_to_write
from providers.actions.matching import agreed_amounts
from providers.actions.offer_moves import (
    EXPIRY,
    SEARCHED,
    close_round,
    drop_counters,
    end_pauses,
    held_until,
    keep_as_they_are,
    lock_offer,
    say,
)
from providers.actions.proposing import check_amount, keep_proposal
from providers.actions.refusals import (
    REFUSALS,
    NothingToWriteTo,
    OfferAnswered,
    OfferExpired,
    OfferTaken,
    OfferWithdrawn,
    PartnershipPaused,
)
from providers.actions.repricing import keep_price
from providers.actions.rounds import go_on, search_unasked
from providers.enums import (
    BINDING_YES,
    OFFER_TRANSITIONS,
    WAITING,
    DeclineReason,
    OfferStatus,
    RoundStatus,
)
from providers.models import AccessLink, Offer, OfferPause, PersonalLink, Provider


@transaction.atomic
def accept_offer(offer: Offer, *, by: Actor, price_seen: Decimal | None = None) -> Offer:
    """The provider takes the job: first one wins, the others' open offers become ``not_selected`` (R02). Where several
    are asked for their prices nothing is won yet: theirs is the price offered, and a person chooses.

    Raises ``OfferTaken``, ``OfferExpired``, ``OfferWithdrawn``, ``OfferAnswered`` or ``OfferRepriced``, all 409.
    """
    work_order = lock_work_order(offer.work_order)
    is_price = offer.round.asks_price
    locked = answering(offer, "counter" if is_price else "accept")
    if work_order.status not in WORK_ORDER_TRANSITIONS["book"][0]:
        raise OfferTaken if work_order.performer_kind else OfferWithdrawn
    keep_price(locked, price_seen)
    if is_price:
        check_amount(locked.price)
        keep_proposal(locked, work_order, price=locked.price, by=by)
    else:
        bind(locked, work_order, by=by)
    return locked


def bind(offer: Offer, work_order: WorkOrder, *, by: Actor, fields: Sequence[str] = ("status", "answered_at")) -> None:
    """A yes, set and not saved, holds: the work is its provider's. Both are locked. Raises ``OfferTaken`` (409)."""
    with refuse_on("offer_binding_once_per_work_order", OfferTaken()):
        offer.save(update_fields=[*fields])
    book_work_order(
        work_order,
        performer_kind=PerformerKind.PROVIDER,
        performer_id=offer.provider_id,
        performer_label=offer.provider.name,
        performer_address=f"{offer.provider.street}, {offer.provider.postcode} {offer.provider.city}",
        by=by,
    )
    links.keep_link_until(offer, work_order.promised_end)
    say(offer, "accepted", by)
    close_round(work_order, RoundStatus.WON, "pass_over", by=by)


@transaction.atomic
def decline_offer(offer: Offer, *, reason: DeclineReason, comment: str = "", by: Actor) -> Offer:
    """The provider says no. When nobody of the wave is left to answer, the next wave goes out at once. Raises 409s."""
    work_order = lock_work_order(offer.work_order)
    locked = answering(offer, "decline")
    locked.decline_reason, locked.decline_comment = reason, comment.strip()[:200]
    locked.save(update_fields=["status", "answered_at", "decline_reason", "decline_comment"])
    say(locked, "declined", by, reason=str(reason))
    go_on(locked.round, work_order, by=by)
    return locked


@transaction.atomic
def expire_offers(keys: Collection[int], *, by: Actor) -> int:
    """Time is over for many at once: those not answered meanwhile expire, then every search goes on."""
    asked = Offer.objects.filter(pk__in=keys).values("work_order_id")
    rows = WorkOrder.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=asked).order_by("pk")
    orders = {order.pk: order for order in rows.select_related("request", "site", "service")}
    waiting = Offer.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=keys, status=OfferStatus.SENT)
    ended = list(waiting.select_related("provider", "round").order_by("pk"))
    Offer.objects.filter(pk__in=[offer.pk for offer in ended]).update(status=OfferStatus.EXPIRED)
    rounds = {}
    for offer in ended:
        offer.status, offer.work_order = OfferStatus.EXPIRED, orders[offer.work_order_id]
        say(offer, "expired", by)
        rounds[offer.work_order_id] = offer.round
    for key in sorted(rounds):
        go_on(rounds[key], orders[key], by=by)
    return len(ended)


def expire_offer(offer: Offer, *, by: Actor) -> bool:
    """Time is over; ``False`` when the offer was answered in the meantime."""
    return expire_offers([offer.pk], by=by) == 1


@metrics.queue("offers_about_to_expire", since="sent_at")
def offers_about_to_expire(now: dt.datetime) -> QuerySet[Offer]:
    """Questions that nobody has answered, with half an hour left at most."""
    return Offer.objects.filter(status=OfferStatus.SENT, due_at__lte=now + dt.timedelta(minutes=30))


@deadlines.on_many(EXPIRY)
def expire_what_is_due(due: Sequence[Deadline]) -> None:
    """All whose time is over, of one organisation; one that was given more time meanwhile has another row. Whose clock
    still stands, since nobody came to end that in time, has the rest of its time when it goes on."""
    by = system_actor(due[0].organisation)
    still = Offer.objects.filter(pk__in=[one.subject_id for one in due], due_at__lte=timezone.now())
    still = still.exclude(pauses__in=OfferPause.objects.going_on())
    expire_offers(list(still.values_list("pk", flat=True)), by=by)


@transaction.atomic
def pass_on(offer: Offer, *, by: Actor) -> None:
    """Its provider was stopped: the question is taken back, and unless others are being asked a new round starts.

    Not for work whose price the client has agreed to: nobody is asked at another, a person decides. The next ones of
    the same search are asked when a request that stands still goes on. Safe twice, and for an offer that was answered
    in the meantime.
    """
    work_order = lock_work_order(offer.work_order)
    locked = lock_offer(offer)
    if locked.status not in WAITING:
        return
    locked.status = OfferStatus.WITHDRAWN
    locked.save(update_fields=["status"])
    drop_counters([locked])
    say(locked, "withdrawn", by, reason="partnership_paused")
    if work_order.status not in SEARCHED:
        return
    if locked.round.offers.filter(status__in=WAITING).exists():
        go_on(locked.round, work_order, by=by)
        return
    agreed = agreed_amounts(work_order)
    if not agreed and held_until(work_order) is not None:
        return
    close_round(work_order, RoundStatus.WITHDRAWN, "withdraw", by=by)
    if agreed:
        is_theirs = locked.provider_id in agreed
        ask_for_dispatch(work_order, reason="agreed_provider_cannot_be_asked" if is_theirs else "withdrawn", by=by)
    else:
        search_unasked(work_order, by=by)


@transaction.atomic
def take_job_back(work_order: WorkOrder, *, by: Actor) -> WorkOrder:
    """Staff takes accepted or begun work from its provider: a person decides who does it (``→ needs_dispatch``).

    Raises ``WrongState`` (409) for work that no provider holds, or that is done.
    """
    locked = lock_work_order(work_order)
    if locked.performer_kind != PerformerKind.PROVIDER:
        raise WrongState(current_status=locked.status)
    taken = take_work_order_back(locked, reason="taken_back", by=by)
    let_go_of_accepted(taken, verb="release", by=by)
    return taken


@transaction.atomic
def let_go_of_accepted(work_order: WorkOrder, *, verb: str, by: Actor) -> None:
    """The accepted offer of work that was given back (``release``) or cancelled (``withdraw``) is over."""
    locked = lock_work_order(work_order)
    accepted = Offer.objects.select_for_update(of=("self",), no_key=True).filter(
        work_order=locked, status=OfferStatus.ACCEPTED
    )
    for offer in accepted.order_by("pk"):
        offer.status = OfferStatus.RELEASED if verb == "release" else OfferStatus.WITHDRAWN
        offer.released_at = timezone.now() if verb == "release" else None
        offer.save(update_fields=["status", "released_at"])
        say(offer, str(offer.status), by)


@transaction.atomic
def resend_offer(offer: Offer, *, by: Actor) -> PersonalLink:
    """Send the message again; its link is another only when the old one is over. Raises 409s unless it is open."""
    lock_work_order(offer.work_order)
    locked = lock_offer(offer)
    if locked.status != OfferStatus.SENT:
        raise REFUSALS.get(locked.status, OfferAnswered)(current_status=locked.status)
    if not way_to_write(locked):
        raise NothingToWriteTo
    link = links.issue_link(locked)
    say(locked, "sent", by, again=True)
    return link


@transaction.atomic
def send_new_link(link: AccessLink, *, by: Actor) -> bool:
    """A new link to the address on file, for whoever holds one that has expired or was locked by wrong digits.

    ``False`` when there is nothing to do: it still works, it was replaced or reported, its provider is stopped.
    """
    lock_work_order(link.offer.work_order)
    locked = lock_offer(link.offer)
    fresh = AccessLink.objects.get(pk=link.pk)
    if fresh.revoked_at is not None or fresh.lets_act_at(timezone.now()) or not locked.provider.is_active:
        return False
    links.issue_link(locked)
    if locked.status in BINDING_YES:
        links.keep_link_until(locked, locked.work_order.promised_end)
    say(locked, "link_asked", by)
    return True


@transaction.atomic
def report_misdirected(link: AccessLink, *, by: Actor) -> None:
    """“This is not me”: the link dies, an open offer becomes ``undeliverable``, staff is told. Safe twice."""
    work_order = lock_work_order(link.offer.work_order)
    links.revoke_link(link, by=by)
    locked = lock_offer(link.offer)
    if locked.status not in WAITING:
        return
    locked.status = OfferStatus.UNDELIVERABLE
    locked.save(update_fields=["status"])
    drop_counters([locked])
    say(locked, "undeliverable", by)
    go_on(locked.round, work_order, by=by)


def answering(offer: Offer, verb: str) -> Offer:
    """Lock an offer and set the status the verb leads to (not saved). Raises the kind word for why not."""
    locked = lock_offer(offer)
    keep_as_they_are([locked.provider_id])
    if not Provider.objects.active().filter(pk=locked.provider_id).exists():
        raise PartnershipPaused
    allowed_from, target = OFFER_TRANSITIONS[verb]
    if locked.status not in allowed_from:
        raise REFUSALS.get(locked.status, OfferAnswered)(current_status=locked.status)
    now = timezone.now()
    if locked.due_at <= now:
        raise OfferExpired
    locked.status, locked.answered_at = target, now
    end_pauses([locked])
    return locked
