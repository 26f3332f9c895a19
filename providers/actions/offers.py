"""Verbs on offers (lifecycles.md 2.4).

Lock order everywhere: the work order first, then its offers. Deadlines are never cancelled from here: the sweep locks
a deadline before the work order, so the other way round could deadlock; a deadline that comes too late does nothing.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.actions.work_orders import (
    ask_for_dispatch,
    book_work_order,
    lock_work_order,
    offer_work_order,
    take_work_order_back,
)
from bookings.enums import WORK_ORDER_TRANSITIONS, PerformerKind, WorkOrderStatus
from bookings.models import WorkOrder
from concierge import deadlines, metrics
from concierge.db import refuse_on
from concierge.errors import Invalid, WrongState
from concierge.models import Deadline
from concierge.tenancy import Actor, system_actor
from providers.actions import links
from providers.actions.matching import Candidates, Policy, agreed_amounts, consider_providers, policy_for
from providers.actions.offer_moves import close_round, keep_as_they_are, lock_offer, open_round, say
from providers.actions.refusals import (
    REFUSALS,
    OfferAnswered,
    OfferExpired,
    OfferTaken,
    OfferWithdrawn,
    PartnershipPaused,
)
from providers.actions.repricing import keep_price
from providers.enums import OFFER_TRANSITIONS, DeclineReason, Obstacle, OfferStatus, RoundMode, RoundStatus
from providers.models import AccessLink, Offer, OfferRound, OfferWave, PersonalLink, Provider
from providers.rules.matching import BINDING

EXPIRY = "offer.expiry"


@transaction.atomic
def start_round(work_order: WorkOrder, *, by: Actor) -> OfferRound:
    """Consider every provider of the service, keep why or why not, and ask the best ones.

    From ``ready`` or ``needs_dispatch``; with nobody to ask a dispatcher has to decide. Raises ``WrongState``.
    """
    locked = lock_work_order(work_order)
    if locked.status not in {WorkOrderStatus.READY, WorkOrderStatus.NEEDS_DISPATCH}:
        raise WrongState(current_status=locked.status)
    return search(locked, by=by)


@transaction.atomic
def offer_directly(work_order: WorkOrder, provider: Provider, *, by: Actor) -> Offer:
    """Ask one provider only, chosen by a person; offers still open to others are withdrawn.

    Distance and capacity do not matter then, agreement and papers do. Raises ``Invalid`` or ``WrongState``.
    """
    locked = lock_work_order(work_order)
    if locked.status not in WORK_ORDER_TRANSITIONS["offer"][0]:
        raise WrongState(current_status=locked.status)
    policy = policy_for(locked)
    found = _consider(locked, policy, only=provider)
    verdict = next(iter(found.verdicts), None)
    if verdict is None or verdict.rule in BINDING:
        rule = Obstacle(verdict.rule) if verdict and verdict.rule else Obstacle.NO_AGREEMENT
        raise Invalid(
            _("This provider cannot be asked: %(reason)s.") % {"reason": str(rule.label).lower()}, field="provider"
        )
    close_round(locked, RoundStatus.WITHDRAWN, "withdraw", by=by)
    started = open_round(locked, RoundMode.DIRECT, [found.in_spite_of(verdict)])
    return _send_wave(started, locked, policy, found, by=by)[0]


@transaction.atomic
def accept_offer(offer: Offer, *, by: Actor, price_seen: Decimal | None = None) -> Offer:
    """The provider takes the job: first one wins, the others' open offers become ``not_selected`` (R02).

    Raises ``OfferTaken``, ``OfferExpired``, ``OfferWithdrawn``, ``OfferAnswered`` or ``OfferRepriced``, all 409.
    """
    work_order = lock_work_order(offer.work_order)
    locked = _answering(offer, "accept")
    if work_order.status not in WORK_ORDER_TRANSITIONS["book"][0]:
        raise OfferTaken if work_order.performer_kind else OfferWithdrawn
    keep_price(locked, price_seen)
    with refuse_on("offer_accepted_once_per_work_order", OfferTaken()):
        locked.save(update_fields=["status", "answered_at"])
    book_work_order(
        work_order,
        performer_kind=PerformerKind.PROVIDER,
        performer_id=locked.provider_id,
        performer_label=locked.provider.name,
        performer_address=f"{locked.provider.street}, {locked.provider.postcode} {locked.provider.city}",
        by=by,
    )
    links.keep_link_until(locked, work_order.promised_end)
    say(locked, "accepted", by)
    close_round(work_order, RoundStatus.WON, "pass_over", by=by)
    return locked


@transaction.atomic
def decline_offer(offer: Offer, *, reason: DeclineReason, comment: str = "", by: Actor) -> Offer:
    """The provider says no. When nobody of the wave is left to answer, the next wave goes out at once. Raises 409s."""
    work_order = lock_work_order(offer.work_order)
    locked = _answering(offer, "decline")
    locked.decline_reason, locked.decline_comment = reason, comment.strip()[:200]
    locked.save(update_fields=["status", "answered_at", "decline_reason", "decline_comment"])
    say(locked, "declined", by, reason=str(reason))
    _go_on(locked.round, work_order, by=by)
    return locked


@transaction.atomic
def expire_offer(offer: Offer, *, by: Actor) -> bool:
    """Time is over; ``False`` when the offer was answered in the meantime."""
    work_order = lock_work_order(offer.work_order)
    locked = lock_offer(offer)
    if locked.status != OfferStatus.SENT:
        return False
    locked.status = OfferStatus.EXPIRED
    locked.save(update_fields=["status"])
    say(locked, "expired", by)
    _go_on(locked.round, work_order, by=by)
    return True


@metrics.queue("offers_about_to_expire", since="sent_at")
def offers_about_to_expire(now: dt.datetime) -> QuerySet[Offer]:
    """Questions that nobody has answered, with half an hour left at most."""
    return Offer.objects.filter(status=OfferStatus.SENT, due_at__lte=now + dt.timedelta(minutes=30))


@deadlines.on(EXPIRY)
def _expiry_due(deadline: Deadline) -> None:
    offer = Offer.objects.select_related("work_order", "organisation").filter(pk=deadline.subject_id).first()
    if offer is not None:
        expire_offer(offer, by=system_actor(offer.organisation))


@transaction.atomic
def withdraw_offers(work_order: WorkOrder, *, by: Actor) -> int:
    """Ask nobody any more; returns how many open offers were withdrawn.

    A work order that was being offered then waits for a dispatcher; a booked or cancelled one stays as it is.
    """
    locked = lock_work_order(work_order)
    withdrawn = close_round(locked, RoundStatus.WITHDRAWN, "withdraw", by=by)
    if locked.status == WorkOrderStatus.OFFERING:
        ask_for_dispatch(locked, reason="withdrawn", by=by)
    return withdrawn


@transaction.atomic
def pass_on(offer: Offer, *, by: Actor) -> None:
    """Its provider was stopped: the question is taken back, and unless others are being asked a new round starts.

    Not for work whose price the client has agreed to: nobody is asked at another, a person decides. Safe twice, and
    for an offer that was answered in the meantime.
    """
    work_order = lock_work_order(offer.work_order)
    locked = lock_offer(offer)
    if locked.status != OfferStatus.SENT:
        return
    locked.status = OfferStatus.WITHDRAWN
    locked.save(update_fields=["status"])
    say(locked, "withdrawn", by, reason="partnership_paused")
    if work_order.status != WorkOrderStatus.OFFERING or locked.round.offers.filter(status=OfferStatus.SENT):
        return
    close_round(work_order, RoundStatus.WITHDRAWN, "withdraw", by=by)
    agreed = agreed_amounts(work_order)
    if agreed:
        is_theirs = locked.provider_id in agreed
        ask_for_dispatch(work_order, reason="agreed_provider_cannot_be_asked" if is_theirs else "withdrawn", by=by)
    else:
        search(work_order, by=by)


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
        offer.save(update_fields=["status"])
        say(offer, str(offer.status), by)


@transaction.atomic
def resend_offer(offer: Offer, *, by: Actor) -> PersonalLink:
    """Send the message again with a new link; the old link stops working. Raises 409s when the offer is not open."""
    lock_work_order(offer.work_order)
    locked = lock_offer(offer)
    if locked.status != OfferStatus.SENT:
        raise REFUSALS.get(locked.status, OfferAnswered)(current_status=locked.status)
    link = links.issue_link(locked)
    say(locked, "sent", by, again=True)
    return link


@transaction.atomic
def report_misdirected(link: AccessLink, *, by: Actor) -> None:
    """“This is not me”: the link dies, an open offer becomes ``undeliverable``, staff is told. Safe twice."""
    work_order = lock_work_order(link.offer.work_order)
    links.revoke_link(link, by=by)
    locked = lock_offer(link.offer)
    if locked.status != OfferStatus.SENT:
        return
    locked.status = OfferStatus.UNDELIVERABLE
    locked.save(update_fields=["status"])
    say(locked, "undeliverable", by)
    _go_on(locked.round, work_order, by=by)


def _answering(offer: Offer, verb: str) -> Offer:
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
    return locked


def _consider(work_order: WorkOrder, policy: Policy, *, only: Provider | None = None) -> Candidates:
    """A verdict on every provider of the service, or on ``only`` that one, that holds until the end."""
    agreed = agreed_amounts(work_order)
    those = Provider.objects.to_consider(work_order.service, agreed).values_list("pk", flat=True)
    keep_as_they_are([only.pk] if only is not None else those)
    return consider_providers(work_order, policy, agreed=agreed, only=only)


def search(work_order: WorkOrder, *, by: Actor) -> OfferRound:
    """A new round of a locked work order, whose offers are closed: ask the best providers of the service."""
    policy = policy_for(work_order)
    found = _consider(work_order, policy)
    started = open_round(work_order, RoundMode.WAVE, found.verdicts)
    _send_wave(started, work_order, policy, found, by=by)
    return started


def _go_on(current: OfferRound, work_order: WorkOrder, *, by: Actor) -> None:
    """After an answer: wait for the rest of the wave, else ask the next ones, else call a person."""
    if work_order.status != WorkOrderStatus.OFFERING or current.status != RoundStatus.OPEN:
        return
    if current.offers.filter(status=OfferStatus.SENT).exists():
        return
    policy = policy_for(work_order)
    waves = current.waves.count()
    if current.mode == RoundMode.DIRECT or waves >= policy.max_waves:
        _exhaust(current, work_order, "all_waves_sent", by=by)
        return
    found = _consider(work_order, policy)
    for verdict in found.verdicts:
        # Who was eligible this morning may be full or without insurance now.
        if verdict.rule is not None:
            current.considered.filter(provider_id=verdict.candidate.key, is_kept=True).exclude(
                provider__offers__round=current
            ).update(is_kept=False, rule=verdict.rule, rank=None)
    _send_wave(current, work_order, policy, found, by=by)


def _send_wave(
    current: OfferRound, work_order: WorkOrder, policy: Policy, found: Candidates, *, by: Actor
) -> list[Offer]:
    """Ask the best providers not asked yet in this round; with none left, a person has to decide."""
    asked = current.offers.values("provider_id")
    chosen = list(
        current.considered.filter(is_kept=True)
        .exclude(provider_id__in=asked)
        .order_by("rank", "pk")
        .values_list("provider_id", flat=True)[: policy.wave_size]
    )
    if not chosen:
        reason = "all_declined" if current.waves.exists() else "no_eligible_provider"
        _exhaust(current, work_order, reason, by=by)
        return []
    now = timezone.now()
    wave = OfferWave.objects.create(
        organisation_id=current.organisation_id, round=current, number=current.waves.count() + 1, sent_at=now
    )
    offer_work_order(work_order, by=by)
    return [_send(wave, work_order, found.providers[key], found, policy, by=by) for key in chosen]


def _send(
    wave: OfferWave, work_order: WorkOrder, provider: Provider, found: Candidates, policy: Policy, *, by: Actor
) -> Offer:
    offer = Offer.objects.create(
        organisation_id=wave.organisation_id,
        work_order=work_order,
        round=wave.round,
        wave=wave,
        provider=provider,
        price=found.price_for(provider),
        sent_at=wave.sent_at,
        due_at=found.due_for(provider, policy, wave.sent_at),
    )
    links.issue_link(offer)
    deadlines.set_deadline(EXPIRY, organisation_id=offer.organisation_id, subject_id=offer.pk, due_at=offer.due_at)
    say(offer, "sent", by, wave=wave.number)
    return offer


def _exhaust(current: OfferRound, work_order: WorkOrder, reason: str, *, by: Actor) -> None:
    current.status, current.ended_at = RoundStatus.EXHAUSTED, timezone.now()
    current.save(update_fields=["status", "ended_at"])
    if work_order.status != WorkOrderStatus.NEEDS_DISPATCH:
        ask_for_dispatch(work_order, reason=reason, by=by)
