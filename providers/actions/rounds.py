"""Rounds: the search for somebody to do a work order (lifecycles.md 2.4). Lock order and deadlines as in ``offers``."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.actions.work_orders import ask_for_dispatch, lock_work_order, offer_work_order
from bookings.enums import WORK_ORDER_TRANSITIONS, WorkOrderStatus
from bookings.models import WorkOrder
from concierge import deadlines
from concierge.errors import Invalid, WrongState
from concierge.tenancy import Actor
from providers.actions import links
from providers.actions.matching import (
    Candidates,
    Policy,
    agreed_amounts,
    consider_providers,
    policy_for,
    terms_now,
)
from providers.actions.matching_policies import terms_of
from providers.actions.offer_moves import EXPIRY, close_round, keep_as_they_are, note_removed, open_round, say
from providers.actions.whom import Whom, whom_to_look_at
from providers.enums import Obstacle, OfferStatus, RoundMode, RoundStatus
from providers.models import Offer, OfferRound, OfferWave, Provider
from providers.rules.matching import BINDING
from providers.rules.terms import MatchingTerms


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
    found = _consider(locked, policy, among=[provider.pk])
    verdict = next(iter(found.verdicts), None)
    if verdict is None or verdict.rule in BINDING:
        rule = Obstacle(verdict.rule) if verdict and verdict.rule else Obstacle.NO_AGREEMENT
        raise Invalid(
            _("This provider cannot be asked: %(reason)s.") % {"reason": str(rule.label).lower()}, field="provider"
        )
    close_round(locked, RoundStatus.WITHDRAWN, "withdraw", by=by)
    started = open_round(locked, RoundMode.DIRECT, [found.in_spite_of(verdict)], found.terms)
    return _send_wave(started, locked, policy, found, by=by)[0]


def search(work_order: WorkOrder, *, by: Actor) -> OfferRound:
    """A new round of a locked work order, whose offers are closed: ask the best providers of the service."""
    policy = policy_for(work_order)
    found = _consider(work_order, policy)
    started = open_round(work_order, RoundMode.WAVE, found.verdicts, found.terms, is_narrowed=found.is_narrowed)
    _send_wave(started, work_order, policy, found, by=by)
    return started


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


def go_on(current: OfferRound, work_order: WorkOrder, *, by: Actor) -> None:
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
    those = current.considered.order_by("pk").values_list("provider_id", flat=True)
    found = _consider(work_order, policy, among=list(those), terms=terms_of(current))
    note_removed(current, found.verdicts, found.terms)
    _send_wave(current, work_order, policy, found, by=by)


def _consider(
    work_order: WorkOrder,
    policy: Policy,
    *,
    among: Collection[int] | None = None,
    terms: MatchingTerms | None = None,
) -> Candidates:
    """A verdict on whom one looks at for the service, or on those of them ``among`` some, that holds until the end."""
    agreed, terms = agreed_amounts(work_order), terms or terms_now(work_order, policy)
    whom = whom_to_look_at(work_order, agreed, terms) if among is None else Whom(list(among))
    keep_as_they_are(whom.keys)
    found = consider_providers(work_order, policy, agreed=agreed, among=whom.keys, terms=terms)
    return replace(found, is_narrowed=whom.is_narrowed)


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
        agreement=found.agreement_for(provider),
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
