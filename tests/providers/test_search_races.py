"""A search at the moment at which it goes on or ends, with real threads; each race has a twin without the guard."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone

from bookings.models import WorkOrder
from concierge import deadlines
from concierge.models import Deadline, Event
from providers.actions import offers as verbs
from providers.actions import rounds
from providers.actions.offers import accept_offer, decline_offer
from providers.actions.policies import set_offer_policy
from providers.actions.rounds import send_next_wave, start_round, stop_round
from providers.enums import DeclineReason
from providers.models import Offer, OfferRound, OfferWave
from tests.providers.conftest import MONDAY, acting_for
from tests.providers.test_asked_anew import HOUR, MINUTE
from tests.providers.test_races import Race, asked, legal, race, statuses

__all__ = ["asked"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.promise("R02", "domain R31")]


def one_by_one(asked: Race) -> tuple[WorkOrder, Offer]:
    """A search that asks one at a time, the next one after an hour: who is asked first."""
    world = asked[0]
    set_offer_policy(world.organisation, wave_size=1, gap_hours=Decimal(1), by=world.actor())
    work_order = world.request(world.cobbler).work_orders.get()
    start_round(work_order, by=world.actor())
    return work_order, Offer.objects.with_need().get(work_order=work_order)


def no(offer: Offer) -> Callable[[], object]:
    return lambda: decline_offer(offer, reason=DeclineReason.TOO_BUSY, by=acting_for(offer.provider))


@pytest.mark.parametrize("attempt", range(3))
def test_the_last_no_against_the_end_of_the_gap(asked: Race, monday: Any, attempt: int) -> None:
    """Both find that the next one is to be asked: one is, once, and the gap begins anew."""
    world = asked[0]
    work_order, first = one_by_one(asked)
    monday.move_to(MONDAY + HOUR + MINUTE)
    assert race(world, no(first), lambda: deadlines.sweep(world.organisation.pk)) == {"ok": 2}
    monday.move_to(MONDAY + HOUR + 2 * MINUTE)
    deadlines.sweep(world.organisation.pk)
    found = list(Offer.objects.filter(work_order=work_order).order_by("pk").values_list("wave__number", "status"))
    assert found == [(1, "declined"), (2, "sent")]
    current = OfferRound.objects.get(work_order=work_order)
    gap = Deadline.objects.get(kind="offer_round.next_wave", subject_id=current.pk, fired_at=None)
    assert gap.due_at > MONDAY + 2 * HOUR


def test_without_the_lock_both_ask_the_next_one(asked: Race, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: both ask, and only the index keeps the same one from being asked twice: somebody meets a fault."""
    world = asked[0]
    work_order, first = one_by_one(asked)
    current, both, faults = OfferRound.objects.get(work_order=work_order), threading.Barrier(2), []
    ask_more = rounds._ask_more

    def ask_together(*args: Any, **kwargs: Any) -> None:
        both.wait(timeout=10)
        ask_more(*args, **kwargs)

    def noting(act: Callable[[], object]) -> Callable[[], object]:
        def run() -> None:
            try:
                act()
            except IntegrityError as error:
                faults.append(str(error))

        return run

    for module in (verbs, rounds):
        monkeypatch.setattr(module, "lock_work_order", lambda order: WorkOrder.objects.get(pk=order.pk))
    monkeypatch.setattr(rounds, "_ask_more", ask_together)
    monkeypatch.setattr(rounds, "_await", lambda *args: None)
    race(world, noting(no(first)), noting(lambda: send_next_wave(current, by=world.actor())))
    assert ["offer_wave_number_once" in fault for fault in faults] == [True]
    assert OfferWave.objects.filter(round=current).count() == 2


@pytest.mark.parametrize("attempt", range(3))
def test_a_yes_against_the_end_of_the_search(asked: Race, attempt: int) -> None:
    world, work_order, offers = asked
    current = OfferRound.objects.get(work_order=work_order)
    OfferRound.objects.filter(pk=current.pk).update(ends_at=timezone.now())
    say_yes = lambda: accept_offer(offers[0], by=acting_for(offers[0].provider))  # noqa: E731 - a thread's work
    outcome = race(world, say_yes, lambda: stop_round(current, by=world.actor()))
    status = WorkOrder.objects.get(pk=work_order.pk).status
    current.refresh_from_db()
    calls = Event.objects.filter(name="work_order.needs_dispatch").count()
    if outcome == {"ok": 2}:
        assert (status, current.status, calls) == ("booked", "won", 0)
        assert statuses() == {"accepted": 1, "not_selected": 2}
    else:
        assert outcome == {"ok": 1, "offer_expired": 1}
        assert (status, current.status, calls) == ("needs_dispatch", "exhausted", 1)
        assert statuses() == {"expired": 3}
    assert legal(work_order)


def test_without_the_locks_a_yes_is_ended_with_the_search(asked: Race, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: the end of the search overwrites an answer that it did not see."""
    world, work_order, offers = asked
    current = OfferRound.objects.get(work_order=work_order)
    OfferRound.objects.filter(pk=current.pk).update(ends_at=timezone.now())
    was_read, answered = threading.Event(), threading.Event()
    save, bind = Offer.save, verbs.bind

    def save_late(self: Offer, **options: Any) -> None:
        if self.status == "expired":
            was_read.set()
            answered.wait(timeout=10)
        save(self, **options)

    def bind_late(*args: Any, **options: Any) -> None:
        was_read.wait(timeout=10)
        bind(*args, **options)

    def say_yes() -> None:
        accept_offer(offers[0], by=acting_for(offers[0].provider))
        answered.set()

    for module in (verbs, rounds):
        monkeypatch.setattr(module, "lock_work_order", lambda order: WorkOrder.objects.get(pk=order.pk))
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **options: self)
    monkeypatch.setattr(Offer, "save", save_late)
    monkeypatch.setattr(verbs, "bind", bind_late)
    monkeypatch.setattr(rounds, "ask_for_dispatch", lambda *args, **options: None)
    assert race(world, say_yes, lambda: stop_round(current, by=world.actor())) == {"ok": 2}
    assert (WorkOrder.objects.get(pk=work_order.pk).status, statuses()) == ("booked", {"expired": 3})
    assert not legal(work_order)
