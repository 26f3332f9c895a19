"""Several people at once, with real threads and real transactions; each race has a twin without the guard (R02)."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, connections
from django.db.models import Q, QuerySet

from bookings.actions import work_orders
from bookings.actions.work_orders import cancel_work_order, start_work_order
from bookings.models import WorkOrder
from concierge import events, tenancy
from concierge.errors import DomainError
from concierge.models import Event
from providers.actions import offers as verbs
from providers.actions import planning, releases
from providers.actions.offers import accept_offer, decline_offer, expire_offer
from providers.actions.planning import apply_proposal, ask_for_plan
from providers.actions.releases import release_offer
from providers.actions.rounds import start_round
from providers.enums import DeclineReason, OfferStatus, ReleaseReason
from providers.models import Offer, OfferRound, ProposedAssignment
from providers.tasks import plan_day
from tests.conftest import settle
from tests.providers.conftest import PARIS, acting_for, add_provider
from tests.world import World, build_world

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.promise("R02")]

Race = tuple[World, WorkOrder, list[Offer]]


@pytest.fixture
def asked(transactional_db: None) -> Iterator[Race]:
    """Three cobblers were asked, and every thread can see it."""
    world = build_world()
    with tenancy.working_for(world.organisation):
        for _n in range(3):
            add_provider(world)
        work_order = world.request(world.cobbler).work_orders.get()
        start_round(work_order, by=world.actor())
        yield world, work_order, list(Offer.objects.with_need().order_by("pk"))


def race(world: World, *acts: Callable[[], object]) -> Counter[str]:
    """Let every act run in its own thread at the same moment; counts "ok" and the codes of refusals."""
    gate, outcomes = threading.Barrier(len(acts)), Counter[str]()

    def run(act: Callable[[], object]) -> None:
        try:
            gate.wait(timeout=30)
            with tenancy.working_for(world.organisation):
                act()
            outcomes["ok"] += 1
        except DomainError as error:
            outcomes[error.code] += 1
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return outcomes


def accept(offer: Offer) -> Callable[[], object]:
    return lambda: accept_offer(offer, by=acting_for(offer.provider))


def give_back(offer: Offer) -> Callable[[], object]:
    return lambda: release_offer(offer, reason=ReleaseReason.ILL, by=acting_for(offer.provider))


def start(work_order: WorkOrder, offer: Offer) -> Callable[[], object]:
    return lambda: start_work_order(work_order, by=acting_for(offer.provider))


def statuses() -> Counter[str]:
    return Counter(Offer.objects.order_by("pk").values_list("status", flat=True))


def legal(work_order: WorkOrder) -> bool:
    """What must be true however a race ends: one holder at most, and the rows agree with each other."""
    held = WorkOrder.objects.get(pk=work_order.pk)
    accepted = list(Offer.objects.filter(work_order=work_order, status=OfferStatus.ACCEPTED).order_by("pk"))
    told = Event.objects.filter(name="offer.accepted").count()
    if held.status == "booked":
        return [offer.provider_id for offer in accepted] == [held.performer_id] and told == 1
    return told == len(accepted) <= 1


@pytest.mark.parametrize("attempt", range(3))
def test_three_say_yes_at_once(asked: Race, attempt: int) -> None:
    world, work_order, offers = asked
    assert race(world, *[accept(offer) for offer in offers]) == {"ok": 1, "offer_taken": 2}
    assert statuses() == {"accepted": 1, "not_selected": 2}
    assert legal(work_order)


def test_the_same_yes_twice_at_once(asked: Race) -> None:
    world, work_order, offers = asked
    assert race(world, accept(offers[0]), accept(offers[0])) == {"ok": 1, "offer_already_answered": 1}
    assert legal(work_order)


@pytest.mark.parametrize("attempt", range(3))
def test_yes_against_cancel(asked: Race, attempt: int) -> None:
    world, work_order, offers = asked
    outcome = race(
        world, accept(offers[0]), lambda: cancel_work_order(work_order, reason="by_client", by=world.actor())
    )
    # Cancelling is legal before and after the yes; the yes only before.
    assert outcome in ({"ok": 2}, {"ok": 1, "offer_withdrawn": 1})
    settle(world.organisation)
    assert WorkOrder.objects.get(pk=work_order.pk).status == "cancelled"
    assert Offer.objects.filter(status__in=[OfferStatus.SENT, OfferStatus.ACCEPTED]).count() == 0


@pytest.mark.parametrize("attempt", range(3))
def test_yes_against_expiry(asked: Race, attempt: int) -> None:
    world, work_order, offers = asked
    outcome = race(world, accept(offers[0]), lambda: expire_offer(offers[0], by=world.actor()))
    assert outcome in ({"ok": 2}, {"ok": 1, "offer_expired": 1})
    assert Offer.objects.get(pk=offers[0].pk).status == ("accepted" if outcome["ok"] == 2 else "expired")
    assert legal(work_order)


def test_two_last_noes_send_one_next_wave(asked: Race) -> None:
    world, work_order, offers = asked
    for _n in range(2):
        add_provider(world)
    say_no = [
        lambda offer=offer: decline_offer(offer, reason=DeclineReason.TOO_BUSY, by=acting_for(offer.provider))
        for offer in offers
    ]
    assert race(world, *say_no) == {"ok": 3}
    assert WorkOrder.objects.get(pk=work_order.pk).status == "needs_dispatch"
    assert Event.objects.filter(name="work_order.needs_dispatch").count() == 1


def test_two_dispatchers_start_the_same_search(asked: Race) -> None:
    world, _work_order, _offers = asked
    fresh = world.request(world.cobbler).work_orders.get()
    start = [lambda: start_round(fresh, by=world.actor("dispatcher"))] * 2
    assert race(world, *start) == {"ok": 1, "wrong_state": 1}
    assert OfferRound.objects.filter(work_order=fresh).count() == 1


@pytest.fixture
def line(asked: Race) -> ProposedAssignment:
    """A plan names one of the three for new work of the day."""
    world, _work_order, _offers = asked
    fresh = world.request(world.cobbler).work_orders.get()
    day = fresh.promised_start.astimezone(PARIS).date()
    return plan_day(ask_for_plan(world.site, day, by=world.actor())).proposals.get(work_order=fresh)


def test_two_people_ask_whom_the_same_plan_names(asked: Race, line: ProposedAssignment) -> None:
    world, _work_order, _offers = asked
    assert race(world, *[lambda: apply_proposal(line, by=world.actor("dispatcher"))] * 2) == {"ok": 2}
    assert list(line.work_order.offers.values_list("provider_id", "status")) == [(line.provider_id, "sent")]
    assert OfferRound.objects.filter(work_order=line.work_order).count() == 1


def test_handlers_and_sweep_do_not_deadlock_with_a_yes(asked: Race) -> None:
    world, work_order, offers = asked
    everything = lambda: (events.dispatch(world.organisation.pk), None)  # noqa: E731 - a name for a thread's work
    outcome = race(world, accept(offers[0]), everything, everything, accept(offers[1]))
    assert outcome == {"ok": 3, "offer_taken": 1}
    assert legal(work_order)


@pytest.mark.parametrize("attempt", range(3))
def test_given_back_against_started(asked: Race, attempt: int) -> None:
    world, work_order, offers = asked
    accept(offers[0])()
    outcome = race(world, give_back(offers[0]), start(work_order, offers[0]))
    assert outcome in ({"ok": 1, "work_has_begun": 1}, {"ok": 1, "wrong_state": 1})
    status = WorkOrder.objects.get(pk=work_order.pk).status
    assert (status, Offer.objects.get(pk=offers[0].pk).status) in {("ready", "released"), ("in_progress", "accepted")}


def test_given_back_twice_at_once_is_searched_once(asked: Race) -> None:
    world, work_order, offers = asked
    accept(offers[0])()
    assert race(world, give_back(offers[0]), give_back(offers[0])) == {"ok": 1, "offer_not_held": 1}
    settle(world.organisation)
    assert OfferRound.objects.filter(work_order=work_order).count() == 2
    assert Event.objects.filter(name="offer.released").count() == 1


# --- the twins: without the guard the fault must appear, else the races above prove nothing -------------------------


@contextmanager
def without(table: str, index: str) -> Iterator[None]:
    """A database that lacks one index, as its owner; put back at the end."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [index])
        definition = cursor.fetchone()[0]
        cursor.execute(f'DROP INDEX "{index}"')
        cursor.execute("SET ROLE concierge_app")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET ROLE NONE")
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(f'DELETE FROM "{table}"')
            cursor.execute("SET session_replication_role = DEFAULT")
            cursor.execute(definition)
            cursor.execute("SET ROLE concierge_app")


def read_both_then_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """No lock on the work order, and both have read before either writes; nobody tells the siblings."""
    both = threading.Barrier(2)

    def no_lock(work_order: WorkOrder) -> WorkOrder:
        found = WorkOrder.objects.get(pk=work_order.pk)
        both.wait(timeout=10)
        return found

    monkeypatch.setattr(verbs, "lock_work_order", no_lock)
    monkeypatch.setattr(verbs, "close_round", lambda *args, **kwargs: 0)


def test_without_the_lock_the_index_still_lets_one_win(asked: Race, monkeypatch: pytest.MonkeyPatch) -> None:
    world, work_order, offers = asked
    read_both_then_write(monkeypatch)
    assert race(world, accept(offers[0]), accept(offers[1])) == {"ok": 1, "offer_taken": 1}
    assert legal(work_order)


def test_without_lock_and_index_two_win(asked: Race, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: this is the fault."""
    world, work_order, offers = asked
    read_both_then_write(monkeypatch)
    monkeypatch.setattr(verbs, "book_work_order", lambda *args, **kwargs: None)
    with without("providers_offer", "offer_binding_once_per_work_order"):
        assert race(world, accept(offers[0]), accept(offers[1])) == {"ok": 2}
        assert statuses() == {"accepted": 2, "sent": 1}
        assert not legal(work_order)


def test_without_the_offer_lock_a_yes_survives_its_expiry(asked: Race, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: the sweep overwrites an answer that it did not see."""
    world, work_order, offers = asked
    both, answered = threading.Barrier(2), threading.Event()

    def no_lock(offer: Offer) -> Offer:
        found = Offer.objects.get(pk=offer.pk)
        both.wait(timeout=10)
        return found

    update = QuerySet.update

    def update_late(self: Any, **values: Any) -> int:
        if values.get("status") == OfferStatus.EXPIRED:
            both.wait(timeout=10)
            answered.wait(timeout=10)
        return update(self, **values)

    def expire() -> Any:
        return expire_offer(offers[0], by=world.actor())

    def accept_then_tell() -> None:
        accept_offer(offers[0], by=acting_for(offers[0].provider))
        answered.set()

    monkeypatch.setattr(verbs, "lock_work_order", lambda work_order: WorkOrder.objects.get(pk=work_order.pk))
    monkeypatch.setattr(verbs, "lock_offer", no_lock)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **options: self)
    monkeypatch.setattr(QuerySet, "update", update_late)
    monkeypatch.setattr(verbs, "go_on", lambda *args, **kwargs: None)
    assert race(world, accept_then_tell, expire) == {"ok": 2}
    assert Offer.objects.filter(Q(status=OfferStatus.EXPIRED), pk=offers[0].pk).exists()
    assert not legal(work_order)


def test_without_the_lock_what_was_started_is_given_back(asked: Race, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: both have read it as booked, and the start is overwritten."""
    world, work_order, offers = asked
    accept(offers[0])()
    both, started, forget = threading.Barrier(2), threading.Event(), work_orders._forget_holder

    def no_lock(work_order: WorkOrder) -> WorkOrder:
        found = WorkOrder.objects.get(pk=work_order.pk)
        both.wait(timeout=10)
        return found

    def start_then_tell() -> None:
        start(work_order, offers[0])()
        started.set()

    def forget_late(work_order: WorkOrder) -> None:
        started.wait(timeout=10)
        forget(work_order)

    monkeypatch.setattr(releases, "lock_work_order", lambda order: WorkOrder.objects.get(pk=order.pk))
    monkeypatch.setattr(work_orders, "lock_work_order", no_lock)
    monkeypatch.setattr(work_orders, "_forget_holder", forget_late)
    assert race(world, give_back(offers[0]), start_then_tell) == {"ok": 2}
    assert Event.objects.filter(name__in=["work_order.released", "work_order.started"]).count() == 2
    assert WorkOrder.objects.get(pk=work_order.pk).status == "ready"


def test_without_the_locks_a_plan_asks_twice(
    asked: Race, line: ProposedAssignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: both have read the line as open, and the second takes back what the first has just sent."""
    world, _work_order, _offers = asked
    both, locking = threading.Barrier(2), QuerySet.select_for_update

    def no_lock(work_order: WorkOrder) -> WorkOrder:
        return WorkOrder.objects.get(pk=work_order.pk)

    def read_both(order: WorkOrder) -> bool:
        both.wait(timeout=10)
        return True

    def not_of_lines(self: Any, **options: Any) -> Any:
        return self if self.model is ProposedAssignment else locking(self, **options)

    monkeypatch.setattr(planning, "lock_work_order", no_lock)
    monkeypatch.setattr(planning, "_waits", read_both)
    monkeypatch.setattr(QuerySet, "select_for_update", not_of_lines)
    assert race(world, *[lambda: apply_proposal(line, by=world.actor("dispatcher"))] * 2) == {"ok": 2}
    assert Counter(line.work_order.offers.values_list("status", flat=True)) == {"sent": 1, "withdrawn": 1}
