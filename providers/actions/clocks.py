"""The clock of an offer: it stands still for a reason, goes on with the time that was left, and is given more
(lifecycles.md 2.4). Lock order and deadlines as in ``offers``; the search never lasts longer for it.
"""

from __future__ import annotations

import datetime as dt
from functools import partial
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.actions.work_orders import ask_for_dispatch, lock_work_order
from bookings.models import WorkOrder
from concierge import deadlines
from concierge.db import refuse_on
from concierge.errors import Invalid
from concierge.models import Deadline
from concierge.tenancy import Actor, system_actor
from providers.actions import counter_times, links
from providers.actions.gathering import decision_due
from providers.actions.matching import closures_of, due_of, opening_of, policy_for
from providers.actions.offer_moves import (
    EXPIRY,
    NEXT_WAVE,
    SEARCHED,
    STOP,
    answer_ends_at,
    close_round,
    held_until,
    lock_offer,
    put_again,
    say,
)
from providers.actions.prices import check_need
from providers.actions.refusals import (
    REFUSALS,
    ExtensionAsked,
    NoMoreTime,
    OfferAnswered,
    OfferExpired,
    OfferNotPaused,
    OfferOnHold,
    OfferPaused,
    PausedTooOften,
)
from providers.actions.reminders import plan_reminders, times_reminded
from providers.actions.rounds import gap_of, go_on, send_next_wave
from providers.enums import WAITING, OfferStatus, PauseReason, RoundStatus
from providers.models import CounterOffer, Offer, OfferPause, OfferRound
from providers.models.offers import latest_start
from providers.rules import asking, hours

PAUSE_END = "offer.pause_end"
# A question of a provider is answered within this time, else its clock goes on.
USUAL_PAUSE = dt.timedelta(days=3)
# Less time to answer than this is left to nobody.
LEAST = dt.timedelta(minutes=30)
MOST_PAUSES = 2
OF_PROVIDERS = (PauseReason.AWAITING_CLIENT_INFO, PauseReason.AWAITING_ITEM)


@transaction.atomic
def pause_offer(offer: Offer, *, reason: PauseReason, note: str = "", by: Actor) -> OfferPause:
    """Its provider waits for an answer, or for the things: until then, and for three days at most, no time passes.

    The question goes to the team. Raises ``Invalid`` (400), ``OfferPaused``, ``PausedTooOften``, ``NoMoreTime`` or
    why it is no longer open (409).
    """
    work_order = lock_work_order(offer.work_order)
    locked = _open(offer)
    note = note.strip()
    if reason not in OF_PROVIDERS:
        raise Invalid(_("Choose what you are waiting for."), field="reason")
    if reason == PauseReason.AWAITING_CLIENT_INFO and not note:
        raise Invalid(_("Write what you need to know: we ask."), field="note")
    if len(note) > 200:
        raise Invalid(_("At most 200 characters."), field="note")
    if locked.pauses.filter(by_provider=True).count() >= MOST_PAUSES:
        raise PausedTooOften(current_status=locked.status)
    return _stop(locked, work_order, reason, timezone.now() + USUAL_PAUSE, note=note, by=by)


def _open(offer: Offer) -> Offer:
    """Lock an offer that waits for its provider. Raises why it does not."""
    locked = lock_offer(offer)
    if locked.status != OfferStatus.SENT:
        raise REFUSALS.get(locked.status, OfferAnswered)(current_status=locked.status)
    if locked.due_at <= timezone.now():
        raise OfferExpired
    return locked


def _stop(
    offer: Offer,
    work_order: WorkOrder,
    reason: PauseReason,
    until: dt.datetime,
    *,
    left: dt.timedelta | None = None,
    note: str = "",
    by: Actor,
) -> OfferPause:
    """No time passes until then: the answer is due as much opening time later as was ``left``, now if nobody says."""
    now = timezone.now()
    is_held = reason == PauseReason.REQUEST_ON_HOLD
    until = min(until, (offer.round.ends_at if is_held else answer_ends_at(offer, now, since=offer.sent_at)) - LEAST)
    if until <= now:
        raise NoMoreTime(current_status=offer.status)
    left = max(left or _time_left(offer, work_order, now), LEAST)
    with refuse_on("offer_paused_once", OfferPaused()):
        pause = OfferPause.objects.create(
            organisation_id=offer.organisation_id,
            offer=offer,
            reason=reason,
            note=note,
            by_provider=by.provider_id is not None,
            started_at=now,
            until=until,
            left=left,
        )
    _give_until(offer, _due(offer, work_order, until, left, latest=_latest(offer, until, is_held=is_held)))
    deadlines.set_deadline(PAUSE_END, organisation_id=pause.organisation_id, subject_id=pause.pk, due_at=until)
    say(offer, "paused", by, reason=str(reason), until=until.isoformat())
    return pause


def _time_left(offer: Offer, work_order: WorkOrder, now: dt.datetime) -> dt.timedelta:
    closed = hours.closed_on(closures_of(offer.provider))
    return hours.time_open(now, offer.due_at, opening_of(offer.provider), _zone(work_order), closed=closed)


def _due(
    offer: Offer, work_order: WorkOrder, start: dt.datetime, left: dt.timedelta, *, latest: dt.datetime
) -> dt.datetime:
    """After so much opening time, and not after the ``latest``."""
    opening, closed = opening_of(offer.provider), hours.closed_on(closures_of(offer.provider))
    due = hours.due_in_opening_hours(start, left, opening, _zone(work_order), closed=closed)
    return min(due if due > start else start + left, latest)


def _latest(offer: Offer, start: dt.datetime, *, is_held: bool) -> dt.datetime:
    """While its request stood still (``is_held``) its provider had no time: it counts from ``start`` on."""
    return answer_ends_at(offer, start, since=start if is_held else offer.sent_at)


def _zone(work_order: WorkOrder) -> ZoneInfo:
    return ZoneInfo(work_order.site.time_zone)


def _give_until(offer: Offer, due_at: dt.datetime) -> None:
    offer.due_at = due_at
    offer.save(update_fields=["due_at"])
    deadlines.set_deadline(EXPIRY, organisation_id=offer.organisation_id, subject_id=offer.pk, due_at=due_at)
    links.keep_link_until(offer, due_at)


@transaction.atomic
def resume_offer(offer: Offer, *, answer: str = "", by: Actor) -> Offer:
    """The clock goes on with the time that was left; what the team answers is told, without naming the client.

    While the request stands still, so does the clock: then it goes on with it. Raises ``OfferNotPaused``,
    ``OfferOnHold`` or why it is no longer open (409), ``Invalid`` (400).
    """
    work_order = lock_work_order(offer.work_order)
    locked = lock_offer(offer)
    if locked.status != OfferStatus.SENT:
        raise REFUSALS.get(locked.status, OfferAnswered)(current_status=locked.status)
    pause = _pause_of(locked)
    if pause is None:
        raise OfferNotPaused(current_status=locked.status)
    if pause.reason == PauseReason.REQUEST_ON_HOLD:
        raise OfferOnHold(current_status=locked.status)
    answer = answer.strip()[:200]
    if answer:
        _check_answer(work_order, answer)
    _go_on(locked, work_order, pause, answer=answer, by=by)
    return locked


def _check_answer(work_order: WorkOrder, answer: str) -> None:
    try:
        check_need(work_order.request, answer)
    except Invalid as error:
        raise Invalid(error.message, field="answer") from error


def _pause_of(offer: Offer) -> OfferPause | None:
    rows = OfferPause.objects.select_for_update(of=("self",), no_key=True)
    return rows.going_on().filter(offer=offer).first()


def _go_on(offer: Offer, work_order: WorkOrder, pause: OfferPause, *, answer: str = "", by: Actor) -> None:
    now = timezone.now()
    pause.ended_at, pause.answer = now, answer
    pause.save(update_fields=["ended_at", "answer"])
    if not _stand_still(offer, work_order, left=pause.left, by=by):
        latest = _latest(offer, now, is_held=pause.reason == PauseReason.REQUEST_ON_HOLD)
        _give_until(offer, _due(offer, work_order, now, pause.left, latest=latest))
        plan_reminders([offer], policy_for(work_order), sent=times_reminded([offer]))
    elif not answer:
        return
    say(offer, "resumed", by, reason=pause.reason, by_provider=by.provider_id is not None)


@deadlines.on(PAUSE_END)
def _pause_over(deadline: Deadline) -> None:
    rows = OfferPause.objects.select_related("offer__work_order", "organisation").going_on()
    for pause in rows.filter(pk=deadline.subject_id):
        end_pause(pause, by=system_actor(pause.organisation))


@transaction.atomic
def end_pause(pause: OfferPause, *, by: Actor) -> bool:
    """It has lasted as long as it may; ``False`` when it had ended, or its offer is answered."""
    work_order = lock_work_order(pause.offer.work_order)
    locked = lock_offer(pause.offer)
    found = _pause_of(locked)
    if found is None or found.pk != pause.pk or locked.status != OfferStatus.SENT:
        return False
    _go_on(locked, work_order, found, by=by)
    return True


@transaction.atomic
def extend_offer(offer: Offer, *, by: Actor) -> Offer:
    """More time in one tap: by the rules of its service when some is left, else the team is asked; the team may always.

    Raises ``ExtensionAsked``, ``NoMoreTime`` or why it is no longer open (409).
    """
    work_order = lock_work_order(offer.work_order)
    locked = _open(offer)
    policy = policy_for(work_order)
    pause = _pause_of(locked)
    due = _longer(locked, work_order, policy.extension, pause)
    if by.provider_id is not None and locked.extensions >= policy.most_extensions:
        if locked.extension_asked_at is not None:
            raise ExtensionAsked(current_status=locked.status)
        locked.extension_asked_at = timezone.now()
        locked.save(update_fields=["extension_asked_at"])
        say(locked, "extension_asked", by)
        return locked
    locked.extensions += 1
    locked.extension_asked_at = None
    locked.save(update_fields=["extensions", "extension_asked_at"])
    if pause is not None:
        pause.left += policy.extension
        pause.save(update_fields=["left"])
    _give_until(locked, due)
    say(locked, "extended", by, until=due.isoformat(), by_provider=by.provider_id is not None)
    return locked


def _longer(offer: Offer, work_order: WorkOrder, more: dt.timedelta, pause: OfferPause | None) -> dt.datetime:
    """When an answer is due with more time; while the clock stands still, with more of what is left when it goes on.
    Raises ``NoMoreTime`` when the search has none, even if it went on at once."""
    now = timezone.now()
    is_held = pause is not None and pause.reason == PauseReason.REQUEST_ON_HOLD
    due = partial(_due, offer, work_order)
    before, longer = offer.due_at, due(offer.due_at, more, latest=answer_ends_at(offer, now, since=offer.sent_at))
    if pause is not None:
        latest = _latest(offer, now, is_held=is_held)
        before, longer = (due(now, left, latest=latest) for left in (pause.left, pause.left + more))
    if longer <= before:
        raise NoMoreTime(current_status=offer.status)
    if pause is None:
        return longer
    return due(pause.until, pause.left + more, latest=_latest(offer, pause.until, is_held=is_held))


@transaction.atomic
def hold_clocks(work_order: WorkOrder, *, by: Actor) -> None:
    """Its request stands still: so do the clocks of all who are asked, and of who decides on what they proposed; the
    end of the search moves. Safe twice."""
    locked = lock_work_order(work_order)
    current, until = _searched(locked), held_until(locked)
    if current is None or until is None:
        return
    now = timezone.now()
    _hold_end(current, until, now)
    for offer in _waiting(current):
        if offer.status == OfferStatus.SENT and offer.due_at > now and _pause_of(offer) is None:
            _stand_still(offer, locked, by=by)
    for counter in _proposals(current):
        if counter.due_at <= until:
            decide_until(counter, min(until + max(counter.due_at - now, LEAST), current.ends_at))


def _hold_end(current: OfferRound, until: dt.datetime, now: dt.datetime) -> None:
    """The search does not end while its request stands still; what is moved already stays."""
    if current.ends_at < until + LEAST:
        _move_end(current, until + max(current.ends_at - now, LEAST))


def _stand_still(offer: Offer, work_order: WorkOrder, *, left: dt.timedelta | None = None, by: Actor) -> bool:
    """No time passes for an offer whose request stands still; ``False`` when it does not, or the search may not last
    longer."""
    until, now = held_until(work_order), timezone.now()
    if until is None:
        return False
    _hold_end(offer.round, until, now)
    if offer.round.ends_at - LEAST <= now:
        return False
    _stop(offer, work_order, PauseReason.REQUEST_ON_HOLD, until, left=left, by=by)
    return True


@transaction.atomic
def release_clocks(work_order: WorkOrder, *, by: Actor) -> None:
    """The request goes on, and what was promised has moved: the search ends in time for it, and the next ones are asked
    who would have been meanwhile. When the work should have begun, a person decides. Safe twice."""
    locked = lock_work_order(work_order)
    current = _searched(locked)
    if current is None or held_until(locked) is not None:
        return
    policy, now, begins_by = policy_for(locked), timezone.now(), latest_start(locked)
    if begins_by <= now:
        close_round(locked, RoundStatus.EXHAUSTED, "withdraw", by=by)
        if locked.status in SEARCHED:
            ask_for_dispatch(locked, reason="stopped", by=by)
        return
    _move_end(current, asking.search_ends_at(now, begins_by, policy.stop_before))
    proposed = {counter.offer_id: counter for counter in _proposals(current)}
    for offer in _waiting(current):
        pause = _pause_of(offer)
        if offer.pk in proposed:
            _decide_anew(offer, proposed[offer.pk], locked, by=by)
        elif pause is not None and pause.reason == PauseReason.REQUEST_ON_HOLD:
            _go_on(offer, locked, pause, by=by)
        elif offer.due_at > (latest := answer_ends_at(offer, now, since=offer.sent_at)):
            _give_until(offer, latest)
    go_on(current, locked, by=by)
    if gap_of(current, policy) is not None and not _waits_for_next(current):
        send_next_wave(current, by=by)


def _decide_anew(offer: Offer, counter: CounterOffer, work_order: WorkOrder, *, by: Actor) -> None:
    """Whoever decides has their time again; what speaks of another promise is over, and its provider is asked again."""
    now = timezone.now()
    if counter.speaks_of(work_order):
        decide_until(counter, decision_due(offer.round, work_order, now))
        return
    ask_anew(offer, work_order)
    say(offer, "rescheduled", by, before="")


def ask_anew(offer: Offer, work_order: WorkOrder) -> None:
    """What its provider proposed speaks of other work: the question of a locked offer is put again, with the usual time
    to answer from now on."""
    now, policy = timezone.now(), policy_for(work_order)
    put_again(offer)
    due_at = due_of(offer.provider, policy, now, _zone(work_order))
    _give_until(offer, min(due_at, offer.round.answers_end_at(now)))
    plan_reminders([offer], policy, sent=times_reminded([offer]))


def _proposals(current: OfferRound) -> list[CounterOffer]:
    """What waits for a decision of a search whose work order is locked."""
    rows = CounterOffer.objects.select_for_update(of=("self",), no_key=True).waiting().filter(offer__round=current)
    return list(rows.order_by("pk"))


def decide_until(counter: CounterOffer, due_at: dt.datetime) -> None:
    """A decision on a locked proposal is due then."""
    counter.due_at = due_at
    counter.save(update_fields=["due_at"])
    organisation_id = counter.organisation_id
    deadlines.set_deadline(counter_times.DUE, organisation_id=organisation_id, subject_id=counter.pk, due_at=due_at)


def _waits_for_next(current: OfferRound) -> bool:
    """Whether the gap to the next ones is not over yet."""
    rows = Deadline.objects.filter(kind=NEXT_WAVE, organisation_id=current.organisation_id, subject_id=current.pk)
    return rows.filter(fired_at=None, cancelled_at=None).exists()


def _searched(work_order: WorkOrder) -> OfferRound | None:
    return OfferRound.objects.filter(work_order=work_order, status=RoundStatus.OPEN).first()


def _waiting(current: OfferRound) -> list[Offer]:
    rows = Offer.objects.select_for_update(of=("self",), no_key=True).filter(round=current, status__in=WAITING)
    found = list(rows.select_related("provider").order_by("pk"))
    for offer in found:
        offer.round = current
    return found


def _move_end(current: OfferRound, ends_at: dt.datetime) -> None:
    current.ends_at = min(ends_at, current.started_at + asking.LONGEST)
    current.save(update_fields=["ends_at"])
    deadlines.set_deadline(STOP, organisation_id=current.organisation_id, subject_id=current.pk, due_at=current.ends_at)
