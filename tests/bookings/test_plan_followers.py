"""What regular orders do when their plan changes: its last day, its weekday, its hours (R7)."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from typing import Any

import pytest
from django.db import OperationalError

from bookings.actions import plan_changes, recurrences, requests, subscriptions
from bookings.actions.plan_changes import first_free
from bookings.models import Occurrence, PreOrderPlan, Recurrence
from concierge.models import Event
from tests.bookings.conftest import PARIS, details, first_run, weekly_basket, wish_baskets
from tests.bookings.test_plan_changes import change
from tests.bookings.test_pre_orders import sweep
from tests.bookings.test_races import race, real_world
from tests.world import World

__all__ = ["real_world"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]


@pytest.fixture
def plan(world: World) -> PreOrderPlan:
    return weekly_basket(world)


def every_week(world: World, plan: PreOrderPlan) -> Recurrence:
    """Somebody orders for the first hand-out and all that follow; what is due is booked."""
    subscriptions.order_every_time(
        first_run(plan), client=details(), wishes=[wish_baskets(plan)], by=world.actor(), sent_key=uuid.uuid4()
    )
    sweep(world)
    return Recurrence.objects.get()


def on(monday: Any, world: World, month: int, day: int) -> None:
    monday.move_to(dt.datetime(2026, month, day, 8, tzinfo=PARIS), tick=True)
    sweep(world)


def days(*wanted: str) -> list[str]:
    """Of all regular orders, those in one of these states."""
    found = Occurrence.objects.filter(status__in=wanted).order_by("due_on")
    return [f"{one.due_on:%a %d/%m}" for one in found]


# --- the last day ----------------------------------------


@pytest.mark.promise("domain R7")
def test_a_plan_that_ends_earlier_ends_its_regular_orders(world: World, plan: PreOrderPlan, monday: Any) -> None:
    """Each later day once failed, with a letter."""
    found = every_week(world, plan)
    change(world, plan, first_free(plan), ends_on=dt.date(2026, 12, 17))
    sweep(world)
    found.refresh_from_db()
    assert (found.ends_on, days("planned")) == (dt.date(2026, 12, 17), ["Thu 17/12"])
    for month, day in ((12, 1), (12, 8), (12, 15)):
        on(monday, world, month, day)
    assert days("booked") == ["Thu 26/11", "Thu 03/12", "Thu 10/12", "Thu 17/12"]
    assert (days("failed"), Event.objects.filter(name="occurrence.failed").count()) == ([], 0)


@pytest.mark.promise("domain R7")
def test_a_plan_that_goes_on_longer_takes_its_regular_orders_along(
    world: World, plan: PreOrderPlan, monday: Any
) -> None:
    """They once ended at the old day, without a word."""
    PreOrderPlan.objects.filter(pk=plan.pk).update(ends_on=dt.date(2026, 12, 10))
    plan.refresh_from_db()
    found = every_week(world, plan)
    assert found.ends_on == dt.date(2026, 12, 10)
    change(world, plan, first_free(plan), ends_on=dt.date(2026, 12, 24))
    sweep(world)
    found.refresh_from_db()
    assert (found.ends_on, days("planned")) == (dt.date(2026, 12, 24), ["Thu 17/12", "Thu 24/12"])
    change(world, plan, first_free(plan), ends_on=dt.date(2026, 12, 17))
    sweep(world)
    assert (days("planned"), days("skipped")) == (["Thu 17/12"], ["Thu 24/12"])
    change(world, plan, first_free(plan), ends_on=None)
    sweep(world)
    assert (Recurrence.objects.get().ends_on, days("planned")[:3], days("skipped")) == (
        None,
        ["Thu 17/12", "Thu 24/12", "Thu 31/12"],
        [],
    )
    on(monday, world, 12, 4)
    assert days("booked")[-1] == "Thu 24/12"


def test_whoever_said_a_last_day_of_their_own_keeps_it(world: World, plan: PreOrderPlan) -> None:
    found = every_week(world, plan)
    Recurrence.objects.update(ends_on=dt.date(2026, 12, 20))
    for ends_on, kept in (
        (dt.date(2026, 12, 31), dt.date(2026, 12, 20)),
        (None, dt.date(2026, 12, 20)),
        (dt.date(2026, 12, 11), dt.date(2026, 12, 11)),
    ):
        change(world, plan, first_free(plan), ends_on=ends_on)
        found.refresh_from_db()
        assert found.ends_on == kept


@pytest.mark.parametrize(
    ("changes", "is_guarded"),
    [
        ({"ends_on": dt.date(2026, 12, 31)}, True),
        ({"handout_opens": dt.time(11)}, True),
        ({"handout_opens": dt.time(11)}, False),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_a_regular_order_ends_while_its_plan_changes(
    real_world: World, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], is_guarded: bool
) -> None:
    """And the twin, which locks hand-outs before regular orders: each waits for the other."""
    plan = weekly_basket(real_world)
    found, free = every_week(real_world, plan), first_free(plan)
    has_series, has_runs = threading.Event(), threading.Event()
    cancel, keep = requests.cancel_request, plan_changes._keep_promises
    failures: list[str] = []
    if not is_guarded:
        monkeypatch.setattr(plan_changes, "_lock_series_of", lambda _plan: None)

    def late(*args: Any, **given: Any) -> Any:
        has_series.set()
        has_runs.wait(timeout=0.5)
        return cancel(*args, **given)

    def early(*args: Any) -> None:
        has_runs.set()
        keep(*args)

    monkeypatch.setattr(requests, "cancel_request", late)
    monkeypatch.setattr(plan_changes, "_keep_promises", early)

    def act(number: int) -> None:
        try:
            if number:
                recurrences.end_recurrence(found, by=real_world.actor())
            else:
                assert has_series.wait(timeout=10)
                change(real_world, plan, free, **changes)
        except OperationalError as error:
            failures.append(str(error).split("\n")[0])

    race(real_world, 2, act)
    assert failures == ([] if is_guarded else ["deadlock detected"])
