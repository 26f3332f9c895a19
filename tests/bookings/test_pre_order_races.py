"""Orders against the cut-off and against each other, with real threads and the twins without the guard."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from django.db.models import F

from bookings.actions import cut_offs, pre_orders
from bookings.models import OrderSheet, PreOrder, PreOrderPlan, PreOrderRun
from concierge import tenancy
from tests.bookings.conftest import details, first_run, weekly_basket, wish_baskets
from tests.bookings.test_races import race
from tests.world import World, build_world

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("monday")]


@pytest.fixture
def real_world(transactional_db: None) -> Iterator[World]:
    world = build_world()
    with tenancy.working_for(world.organisation):
        yield world


def order(world: World, plan: PreOrderPlan, number: int) -> None:
    pre_orders.order_ahead(
        first_run(plan) if number < 0 else PreOrderRun.objects.select_related("plan__producer", "site").get(pk=number),
        client=details(email=f"c{threading.get_ident()}@example.fr"),
        wishes=[wish_baskets(plan)],
        by=world.actor(),
    )


@pytest.mark.promise("R01", "domain R7")
def test_exactly_as_many_baskets_as_there_are(real_world: World) -> None:
    plan = weekly_basket(real_world, capacity=5)
    key = first_run(plan).pk
    assert race(real_world, 32, lambda _n: order(real_world, plan, key)) == {"ok": 5, "run_full": 27}
    assert (PreOrderRun.objects.get(pk=key).taken, PreOrder.objects.count()) == (5, 5)


@pytest.mark.promise("R01")
def test_without_the_guarded_count_baskets_are_sold_twice(real_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: read, then write. It must oversell, else the race above proves nothing."""
    plan = weekly_basket(real_world, capacity=1)
    key, both_have_read = first_run(plan).pk, threading.Barrier(2)

    def read_then_write(run: PreOrderRun, pieces: int, now: object) -> bool:
        fresh = PreOrderRun.objects.get(pk=run.pk)
        both_have_read.wait(timeout=10)
        if fresh.taken + pieces <= fresh.capacity:
            PreOrderRun.objects.filter(pk=run.pk).update(taken=F("capacity"))
            return True
        return False

    monkeypatch.setattr(pre_orders, "_count", read_then_write)
    assert race(real_world, 2, lambda _n: order(real_world, plan, key)) == {"ok": 2}
    assert PreOrder.objects.count() == 2


@pytest.mark.promise("domain R7")
def test_what_is_ordered_at_the_cut_off_is_on_the_sheet_or_refused(real_world: World) -> None:
    plan = weekly_basket(real_world, capacity=100)
    run = first_run(plan)

    def act(number: int) -> None:
        if number == 7:
            cut_offs.close_runs(run, by=real_world.actor())
        else:
            order(real_world, plan, run.pk)

    for _round in range(3):
        outcome = race(real_world, 16, act)
        counted = OrderSheet.objects.get().content["orders"]
        assert counted == PreOrder.objects.filter(run=run).count()
        assert outcome["ok"] + outcome["orders_closed"] == 16
        PreOrderRun.objects.filter(pk=run.pk).update(status="open", sheet=None)
        _forget_sheet()


@pytest.mark.promise("domain R7")
def test_without_the_lock_an_order_is_missing_on_the_sheet(real_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: an order that does not look at the state of the run when it takes its pieces."""
    plan = weekly_basket(real_world, capacity=100)
    run = first_run(plan)
    closed = threading.Event()

    def take_blindly(found: PreOrderRun, pieces: int, now: object) -> bool:
        closed.wait(timeout=10)
        return bool(PreOrderRun.objects.filter(pk=found.pk).update(taken=F("taken") + pieces))

    monkeypatch.setattr(pre_orders, "_count", take_blindly)

    def act(number: int) -> None:
        if number:
            order(real_world, plan, run.pk)
        else:
            cut_offs.close_runs(run, by=real_world.actor())
            closed.set()

    assert race(real_world, 2, act) == {"ok": 2}
    assert (OrderSheet.objects.get().content["orders"], PreOrder.objects.filter(run=run).count()) == (0, 1)


def test_two_sweepers_at_the_cut_off_make_one_sheet(real_world: World) -> None:
    plan = weekly_basket(real_world)
    run = first_run(plan)
    order(real_world, plan, run.pk)
    assert race(real_world, 6, lambda _n: cut_offs.close_runs(run, by=real_world.actor())) == {"ok": 6}
    assert OrderSheet.objects.get().content["orders"] == 1


def _forget_sheet() -> None:
    from tests.conftest import as_owner

    with as_owner():
        OrderSheet.objects.all().delete()
