"""Work that moves, and providers that close, while providers are asked (lifecycles.md 2.4). Lock order as in
``offers``."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from bookings.actions.work_orders import ask_for_dispatch, lock_work_order
from bookings.enums import PerformerKind
from bookings.models import WorkOrder
from concierge import deadlines
from concierge.tenancy import Actor
from providers.actions import links
from providers.actions.clocks import hold_clocks
from providers.actions.matching import Policy, closures_of, due_of, policy_for
from providers.actions.offer_moves import (
    EXPIRY,
    SEARCHED,
    STOP,
    answer_ends_at,
    close_round,
    drop_counters,
    lock_offer,
    put_again,
    say,
)
from providers.actions.reminders import plan_reminders, times_reminded
from providers.actions.rounds import go_on
from providers.enums import OFFER_TRANSITIONS, WAITING, OfferStatus, RoundStatus
from providers.models import CounterOffer, Offer, OfferRound
from providers.models.offers import latest_start
from providers.rules import asking, hours


@transaction.atomic
def follow_promise(work_order: WorkOrder, *, before: str, moved_at: dt.datetime, by: Actor) -> None:
    """The client comes at another time: whoever is asked is told and answers in time before it, who is closed then is
    not asked any more; with no time left a person decides. What was proposed for the time before is over: the question
    is put again. A yes given before it ``moved_at`` was to another time: somebody of ours asks whether it still holds.
    Safe twice.
    """
    locked = lock_work_order(work_order)
    if locked.performer_kind == PerformerKind.PROVIDER:
        yes = Offer.objects.filter(work_order=locked, status=OfferStatus.ACCEPTED, answered_at__lt=moved_at)
        for offer in yes.order_by("pk"):
            say(offer, "moved_after_yes", by, before=before)
        return
    current = OfferRound.objects.filter(work_order=locked, status=RoundStatus.OPEN).first()
    if current is None or locked.status not in SEARCHED:
        return
    policy, now = policy_for(locked), timezone.now()
    begins_by = latest_start(locked)
    if begins_by <= now:
        close_round(locked, RoundStatus.EXHAUSTED, "expire", by=by)
        ask_for_dispatch(locked, reason="stopped", by=by)
        return
    ends_at = asking.search_ends_at(now, begins_by, policy.stop_before)
    current.ends_at = min(ends_at, current.started_at + asking.LONGEST)
    current.save(update_fields=["ends_at"])
    deadlines.set_deadline(STOP, organisation_id=current.organisation_id, subject_id=current.pk, due_at=current.ends_at)
    moved = _ask_anew(_open_offers(current, locked), locked, policy, since=now, by=by)
    for offer in moved:
        say(offer, "rescheduled", by, before=before)
    hold_clocks(locked, by=by)
    go_on(current, locked, by=by)


@transaction.atomic
def follow_closure(offer: Offer, *, by: Actor) -> None:
    """Its provider closes for some days: when those are the days of the work it need not answer, nobody decides on what
    it proposed for them, and the next ones are asked; else no answer is due on them. Safe twice."""
    work_order = lock_work_order(offer.work_order)
    locked = lock_offer(offer)
    if locked.status not in WAITING or locked.round.status != RoundStatus.OPEN:
        return
    if locked.status == OfferStatus.SENT:
        _ask_anew([locked], work_order, policy_for(work_order), since=locked.sent_at, by=by)
    elif is_away_for(locked, locked.counters.waiting().first()):
        _take_back(locked, by)
    go_on(locked.round, work_order, by=by)


def is_away_for(offer: Offer, counter: CounterOffer | None = None) -> bool:
    """Whether its provider is closed on every day on which the work could begin: as it is promised, or as that one
    proposes."""
    order, zone, now = offer.work_order, ZoneInfo(offer.work_order.site.time_zone), timezone.now()
    first, last = order.promised_start, latest_start(order)
    if counter is not None and counter.starts_at is not None:
        first = last = counter.starts_at
    elif counter is not None and counter.ready_by is not None:
        last += counter.ready_by - order.promised_end
    from_day, to_day = (max(moment, now).astimezone(zone).date() for moment in (first, last))
    return hours.is_closed_throughout(from_day, to_day, closures_of(offer.provider))


def _take_back(offer: Offer, by: Actor) -> None:
    offer.status = OFFER_TRANSITIONS["withdraw"][1]
    offer.save(update_fields=["status"])
    drop_counters([offer])
    say(offer, "withdrawn", by, reason="closed")


def _open_offers(current: OfferRound, work_order: WorkOrder) -> list[Offer]:
    """Those whose providers wait for nobody: also who proposed something that speaks of another time."""
    rows = Offer.objects.select_for_update(of=("self",), no_key=True).filter(round=current, status__in=WAITING)
    waiting = CounterOffer.objects.waiting().filter(offer__round=current)
    theirs = {counter.offer_id for counter in waiting if counter.speaks_of(work_order)}
    found = [offer for offer in rows.select_related("provider", "round").order_by("pk") if offer.pk not in theirs]
    for offer in found:
        if offer.status == OfferStatus.COUNTERED:
            put_again(offer)
    return found


def _ask_anew(
    offers: list[Offer], work_order: WorkOrder, policy: Policy, *, since: dt.datetime, by: Actor
) -> list[Offer]:
    """Take the question back from who is closed then; the others have their time from ``since`` on, by their hours and
    the end of the search as they are now."""
    staying, due = [], {}
    for offer in offers:
        offer.work_order = work_order
        if is_away_for(offer):
            _take_back(offer, by)
            continue
        offer.due_at = _due_anew(offer, policy, since)
        offer.save(update_fields=["due_at"])
        links.keep_link_until(offer, offer.due_at)
        staying.append(offer)
        due[offer.pk] = offer.due_at
    deadlines.set_deadlines(EXPIRY, organisation_id=work_order.organisation_id, due_at=due)
    plan_reminders(staying, policy, sent=times_reminded(staying))
    return staying


def _due_anew(offer: Offer, policy: Policy, since: dt.datetime) -> dt.datetime:
    """Never sooner than it was, unless the search ends before, or a person needs the time to choose."""
    due = due_of(offer.provider, policy, since, ZoneInfo(offer.work_order.site.time_zone))
    return min(max(due, offer.due_at), answer_ends_at(offer, timezone.now(), since=since))
