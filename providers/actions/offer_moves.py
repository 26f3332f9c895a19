"""What the verbs on offers share: the lock of an offer, how a round begins and ends, what is recorded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.db.models import F
from django.utils import timezone

from bookings.enums import RequestStatus, WorkOrderStatus
from bookings.models import Pause, WorkOrder
from concierge import events
from concierge.tenancy import Actor
from providers.enums import OFFER_TRANSITIONS, WAITING, CounterStatus, OfferStatus, RoundMode, RoundStatus
from providers.models import ConsideredProvider, CounterOffer, Offer, OfferPause, OfferRound
from providers.rules.matching import Consideration
from providers.rules.terms import MatchingTerms

# The deadlines of every offer, and of every search.
EXPIRY, REMINDER = "offer.expiry", "offer.reminder"
STOP, NEXT_WAVE = "offer_round.stop", "offer_round.next_wave"
# A search may be under way: somebody is asked, or a person chooses among the prices that were given.
SEARCHED = frozenset({WorkOrderStatus.OFFERING, WorkOrderStatus.NEEDS_DISPATCH})
# A request that is held for longer than was said stands still for so much more, again and again.
HELD_ON = dt.timedelta(days=7)


def lock_offer(offer: Offer) -> Offer:
    """Re-read an offer under its row lock; the work order's lock is already held."""
    return Offer.objects.select_for_update(of=("self",), no_key=True).get(pk=offer.pk)


def answer_ends_at(offer: Offer, start: dt.datetime, *, since: dt.datetime) -> dt.datetime:
    """When an answer is due at the latest that was asked for ``since`` then and whose clock goes on at ``start``: more
    time, pauses and other days take nothing of what a person has to choose in. When that is over already, since the
    search moved, of what is left of it."""
    latest = offer.round.answers_end_at(since)
    return latest if latest > start else offer.round.answers_end_at(start)


def keep_as_they_are(providers: Iterable[int]) -> None:
    """Nobody stops or resumes one of these providers before this transaction ends.

    Under ``FOR SHARE`` those who ask and those who answer do not wait for each other, and whoever stops a provider
    waits for them: what it finds afterwards is all that was asked (``handlers.pass_on_what_is_open``). Always last in
    the order of locks.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM providers_provider WHERE id = ANY(%s) ORDER BY id FOR SHARE", [list(providers)])


def take_turns(provider_id: int) -> None:
    """Besides: two jobs whose amounts are added up for one provider are given one after the other, so that the second
    finds the first in what was bought of it (R32)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM providers_provider WHERE id = %s FOR NO KEY UPDATE", [provider_id])


def open_round(
    work_order: WorkOrder,
    mode: RoundMode,
    verdicts: list[Consideration],
    terms: MatchingTerms,
    *,
    now: dt.datetime,
    ends_at: dt.datetime,
    is_narrowed: bool = False,
    not_looked_at: int = 0,
) -> OfferRound:
    """Begin the next search for a locked work order, and keep why or why not each provider is asked."""
    number = OfferRound.objects.filter(work_order=work_order).count() + 1
    started = OfferRound.objects.create(
        organisation_id=work_order.organisation_id,
        work_order=work_order,
        number=number,
        mode=mode,
        started_at=now,
        ends_at=ends_at,
        judged_by=terms.as_data(),
        is_narrowed=is_narrowed,
        not_looked_at=not_looked_at,
    )
    ConsideredProvider.objects.bulk_create(
        ConsideredProvider(
            organisation_id=work_order.organisation_id,
            round=started,
            provider_id=verdict.candidate.key,
            **verdict_of(verdict, terms),
        )
        for verdict in verdicts
    )
    return started


def verdict_of(verdict: Consideration, terms: MatchingTerms) -> dict[str, Any]:
    """What is kept of a verdict: itself and what it was judged on."""
    return {
        "is_kept": verdict.rule is None,
        "rule": verdict.rule or "",
        "distance_km": verdict.candidate.way_km(terms),
        "score": verdict.score,
        "score_parts": {name: str(points) for name, points in verdict.parts.items()},
        "rank": verdict.rank,
        "facts": verdict.candidate.facts(),
        "unknown": list(verdict.unknown),
    }


def note_removed(current: OfferRound, verdicts: Iterable[Consideration], terms: MatchingTerms) -> None:
    """Who was eligible this morning may be full or without insurance now: those not asked yet are kept out, and what
    was known at first stays beside it."""
    asked = set(current.offers.order_by("pk").values_list("provider_id", flat=True))
    kept = set(current.considered.filter(is_kept=True).order_by("pk").values_list("provider_id", flat=True))
    for verdict in verdicts:
        if verdict.rule is not None and verdict.candidate.key in kept - asked:
            line = current.considered.filter(provider_id=verdict.candidate.key)
            line.update(first_facts=F("facts"), **verdict_of(verdict, terms))


def close_round(work_order: WorkOrder, status: RoundStatus, verb: str, *, by: Actor) -> int:
    """End the open round, if any, and every offer of it that still waits; returns how many did."""
    now = timezone.now()
    open_offers = list(
        Offer.objects.select_for_update(of=("self",), no_key=True)
        .filter(work_order=work_order, status__in=WAITING)
        .order_by("pk")
    )
    for offer in open_offers:
        # Whoever proposed something has answered: it is we who did not.
        is_ours = verb == "expire" and offer.status == OfferStatus.COUNTERED
        offer.status = OFFER_TRANSITIONS["refuse" if is_ours else verb][1]
        offer.save(update_fields=["status"])
        say(offer, str(offer.status), by, **({"reason": f"counter_{CounterStatus.LAPSED}"} if is_ours else {}))
    drop_counters(open_offers)
    OfferRound.objects.filter(work_order=work_order, status=RoundStatus.OPEN).update(status=status, ended_at=now)
    return len(open_offers)


def drop_counters(offers: list[Offer]) -> None:
    """Nobody needs to decide on what these locked offers' providers proposed: they are over."""
    waiting = CounterOffer.objects.waiting().filter(offer__in=offers)
    waiting.update(status=CounterStatus.LAPSED, decided_at=timezone.now())
    end_pauses(offers)


def put_again(offer: Offer) -> None:
    """What the provider of this locked offer proposed speaks of something else now: the question is open again."""
    drop_counters([offer])
    offer.status, offer.answered_at = OFFER_TRANSITIONS["ask_again"][1], None
    offer.save(update_fields=["status", "answered_at"])


def held_until(work_order: WorkOrder) -> dt.datetime | None:
    """Until when its request stands still; ``None`` when it goes on."""
    held = Pause.objects.filter(
        request=work_order.request_id, resumed_at=None, request__status=RequestStatus.ON_HOLD
    ).first()
    if held is None:
        return None
    over = timezone.now() - held.until
    return held.until if over < dt.timedelta(0) else held.until + (over // HELD_ON + 1) * HELD_ON


def end_pauses(offers: list[Offer]) -> None:
    """The clocks of these locked offers stand still no longer: they are answered, or over."""
    OfferPause.objects.going_on().filter(offer__in=offers).update(ended_at=timezone.now())


def say(offer: Offer, name: str, by: Actor, **data: Any) -> None:
    """Record what happened to an offer, in the history of its request."""
    work_order = offer.work_order
    events.record(
        f"offer.{name}",
        offer,
        by=by,
        request_id=work_order.request.public_id,
        work_order=work_order.reference,
        provider=str(offer.provider.public_id),
        **data,
    )
