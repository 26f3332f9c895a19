"""Rounds: the search for somebody to do a work order (lifecycles.md 2.4). Lock order and deadlines as in ``offers``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import replace

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.actions.work_orders import ask_for_dispatch, lock_work_order, offer_work_order
from bookings.enums import WORK_ORDER_TRANSITIONS, WorkOrderStatus
from bookings.models import WorkOrder
from concierge import deadlines
from concierge.errors import Invalid, WrongState
from concierge.models import Deadline
from concierge.tenancy import Actor, system_actor
from providers.actions import links
from providers.actions.contacts import contact_next
from providers.actions.gathering import gather
from providers.actions.matching import (
    Candidates,
    Policy,
    agreed_amounts,
    consider_providers,
    policy_for,
    terms_now,
)
from providers.actions.matching_policies import terms_of
from providers.actions.offer_moves import (
    EXPIRY,
    NEXT_WAVE,
    SEARCHED,
    STOP,
    close_round,
    held_until,
    keep_as_they_are,
    note_removed,
    open_round,
    say,
)
from providers.actions.refusals import PricesToChoose
from providers.actions.reminders import plan_reminders
from providers.actions.whom import Whom, whom_to_look_at
from providers.enums import WAITING, Obstacle, RoundMode, RoundStatus
from providers.models import Offer, OfferRound, OfferWave, Provider
from providers.rules import asking, hours
from providers.rules.matching import BINDING, Consideration
from providers.rules.terms import MatchingTerms


@transaction.atomic
def start_round(work_order: WorkOrder, *, by: Actor) -> OfferRound:
    """Consider every provider of the service, keep why or why not, and ask the best ones.

    From ``ready`` or ``needs_dispatch``; with nobody to ask a dispatcher has to decide. Raises ``WrongState``,
    or ``PricesToChoose`` (409) while prices wait for a choice.
    """
    locked = lock_work_order(work_order)
    if locked.status not in {WorkOrderStatus.READY, WorkOrderStatus.NEEDS_DISPATCH}:
        raise WrongState(current_status=locked.status)
    searched = OfferRound.objects.filter(work_order=locked, status=RoundStatus.OPEN)
    if locked.status == WorkOrderStatus.NEEDS_DISPATCH and searched.exists():
        raise PricesToChoose(current_status=locked.status)
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
    started = _open(locked, RoundMode.DIRECT, policy, found, [found.in_spite_of(verdict)])
    return _send_wave(started, locked, policy, found, by=by)[0]


def search(work_order: WorkOrder, *, by: Actor) -> OfferRound:
    """A new round of a locked work order, whose offers are closed: ask the best providers of the service."""
    policy = policy_for(work_order)
    found = _consider(work_order, policy)
    # Nobody is asked for a price that the client has agreed to.
    mode = RoundMode.WAVE if found.agreed and policy.mode == RoundMode.QUOTES else policy.mode
    started = _open(work_order, mode, policy, found, found.verdicts)
    _send_wave(started, work_order, policy, found, by=by)
    return started


def search_unasked(work_order: WorkOrder, *, by: Actor) -> None:
    """A search that no person asked for: that it finds nobody is news, also for work that waits for one already."""
    was_waiting = work_order.status == WorkOrderStatus.NEEDS_DISPATCH
    if not search(work_order, by=by).waves.exists() and was_waiting:
        ask_for_dispatch(work_order, reason="no_eligible_provider", by=by)


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
    """After an answer: wait for the rest of those who are asked, have a person choose among their prices, else ask the
    next ones, else call a person. Nobody is asked while the request stands still: they are when it goes on."""
    if work_order.status not in SEARCHED or current.status != RoundStatus.OPEN:
        return
    waiting = set(current.offers.order_by().filter(status__in=WAITING).values_list("status", flat=True))
    if (waiting and not current.asks_price) or held_until(work_order) is not None:
        return
    if waiting:
        gather(current, work_order, waiting, by=by)
        return
    policy = policy_for(work_order)
    if is_last_wave(current, policy):
        _exhaust(current, work_order, "all_waves_sent", by=by)
    else:
        _ask_more(current, work_order, policy, by=by)


def is_last_wave(current: OfferRound, policy: Policy) -> bool:
    """Whether nobody else is asked in this search."""
    return current.mode == RoundMode.DIRECT or current.waves.count() >= policy.max_waves


def gap_of(current: OfferRound, policy: Policy) -> dt.timedelta | None:
    """After how long the next ones are asked too; never before a person chose among the first ones' prices."""
    return None if current.asks_price else policy.gap


@transaction.atomic
def send_next_wave(current: OfferRound, *, by: Actor) -> None:
    """The gap is over: the next ones are asked too, those who were asked before may still answer; not while the request
    stands still. Safe twice."""
    work_order = lock_work_order(current.work_order)
    locked = OfferRound.objects.get(pk=current.pk)
    policy = policy_for(work_order)
    is_open = work_order.status == WorkOrderStatus.OFFERING and locked.status == RoundStatus.OPEN
    if is_open and held_until(work_order) is None and gap_of(locked, policy) and not is_last_wave(locked, policy):
        _ask_more(locked, work_order, policy, by=by)


@transaction.atomic
def stop_round(current: OfferRound, *, by: Actor) -> None:
    """A search has lasted as long as it may: nobody needs to answer any more, a person decides; it lasts as long as its
    request stands still, which is no time to search in. Safe twice."""
    work_order = lock_work_order(current.work_order)
    locked = OfferRound.objects.get(pk=current.pk)
    if locked.status != RoundStatus.OPEN:
        return
    until = held_until(work_order)
    if until is not None:
        later = min(until + asking.LEAST_LEFT, locked.started_at + asking.LONGEST)
        locked.ends_at = max(locked.ends_at, later)
        locked.save(update_fields=["ends_at"])
    if locked.ends_at > timezone.now():
        _await(STOP, locked, locked.ends_at)
        return
    close_round(work_order, RoundStatus.EXHAUSTED, "expire", by=by)
    if work_order.status in SEARCHED:
        ask_for_dispatch(work_order, reason="stopped", by=by)


@deadlines.on(NEXT_WAVE)
def _gap_over(deadline: Deadline) -> None:
    for current in _round_of(deadline):
        send_next_wave(current, by=system_actor(current.organisation))


@deadlines.on(STOP)
def _time_over(deadline: Deadline) -> None:
    for current in _round_of(deadline):
        stop_round(current, by=system_actor(current.organisation))


def _round_of(deadline: Deadline) -> QuerySet[OfferRound]:
    return OfferRound.objects.select_related("work_order", "organisation").filter(pk=deadline.subject_id)


def _await(kind: str, current: OfferRound, due_at: dt.datetime) -> None:
    deadlines.set_deadline(kind, organisation_id=current.organisation_id, subject_id=current.pk, due_at=due_at)


def _open(
    work_order: WorkOrder, mode: RoundMode, policy: Policy, found: Candidates, verdicts: list[Consideration]
) -> OfferRound:
    now = timezone.now()
    ends_at = found.ends_at(policy, now)
    return open_round(
        work_order,
        mode,
        verdicts,
        found.terms,
        now=now,
        ends_at=ends_at,
        is_narrowed=found.is_narrowed,
        not_looked_at=found.not_looked_at,
    )


def _ask_more(current: OfferRound, work_order: WorkOrder, policy: Policy, *, by: Actor) -> None:
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
    return replace(found, is_narrowed=whom.is_narrowed, not_looked_at=whom.not_looked_at)


def _send_wave(
    current: OfferRound, work_order: WorkOrder, policy: Policy, found: Candidates, *, by: Actor
) -> list[Offer]:
    """Ask the best providers not asked yet in this round; with nobody left who is asked, a person has to decide."""
    now, asked = timezone.now(), current.offers.values("provider_id")
    chosen = list(
        current.considered.filter(is_kept=True)
        .exclude(provider_id__in=asked)
        .order_by("rank", "pk")
        .values_list("provider_id", flat=True)[: policy.at_once]
    )
    if not chosen or current.ends_at <= now:
        if not current.offers.filter(status__in=WAITING).exists():
            _exhaust(current, work_order, _why_nobody(current, now), by=by)
        return []
    wave = OfferWave.objects.create(
        organisation_id=current.organisation_id, round=current, number=current.waves.count() + 1, sent_at=now
    )
    if wave.number == 1:
        _await(STOP, current, current.ends_at)
    gap = gap_of(current, policy)
    if gap is not None and not is_last_wave(current, policy):
        gap_over = hours.due_in_opening_hours(now, gap, hours.OFFICE_HOURS, found.zone)
        _await(NEXT_WAVE, current, min(gap_over, current.ends_at))
    offer_work_order(work_order, by=by)
    sent = [_send(wave, work_order, found.providers[key], found, policy, by=by) for key in chosen]
    due = {offer.pk: offer.due_at for offer in sent}
    deadlines.set_deadlines(EXPIRY, organisation_id=current.organisation_id, due_at=due)
    plan_reminders(sent, policy)
    return sent


def _why_nobody(current: OfferRound, now: dt.datetime) -> str:
    if not current.waves.exists():
        return "no_eligible_provider"
    return "stopped" if current.ends_at <= now else "all_declined"


def _send(
    wave: OfferWave, work_order: WorkOrder, provider: Provider, found: Candidates, policy: Policy, *, by: Actor
) -> Offer:
    until = wave.round.answers_end_at(wave.sent_at)
    offer = Offer.objects.create(
        organisation_id=wave.organisation_id,
        work_order=work_order,
        round=wave.round,
        wave=wave,
        provider=provider,
        agreement=found.agreement_for(provider),
        price=found.price_for(provider),
        sent_at=wave.sent_at,
        due_at=found.due_for(provider, policy, wave.sent_at, until=until),
    )
    links.issue_link(offer)
    contact_next(offer, policy.ladder, by=by)
    say(offer, "sent", by, wave=wave.number)
    return offer


def _exhaust(current: OfferRound, work_order: WorkOrder, reason: str, *, by: Actor) -> None:
    current.status, current.ended_at = RoundStatus.EXHAUSTED, timezone.now()
    current.save(update_fields=["status", "ended_at"])
    # Who asks for a search that finds nobody reads so; who let prices lapse does not.
    if work_order.status != WorkOrderStatus.NEEDS_DISPATCH or current.waves.exists():
        ask_for_dispatch(work_order, reason=reason, by=by)
