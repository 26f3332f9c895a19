"""What regular orders do when their plan changes: its last day, its weekday, its hours (R7)."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from bookings.actions import plan_changes, recurrences, requests, subscriptions
from bookings.actions.guards import PayerRefused
from bookings.actions.plan_changes import first_free
from bookings.actions.recurrence_pauses import pause_recurrence
from bookings.models import Client, Occurrence, PreOrderPlan, Recurrence
from concierge.models import Deadline, Event
from notifications.models import Message
from tests.bookings.conftest import PARIS, details, first_run, weekly_basket, wish_baskets
from tests.bookings.test_api import Api
from tests.bookings.test_booking_pages import shown
from tests.bookings.test_plan_changes import change
from tests.bookings.test_pre_orders import sweep
from tests.bookings.test_races import race, real_world
from tests.conftest import settle
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


# --- other days ----------------------------------------


def follow(world: World, plan: PreOrderPlan, from_on: dt.date, **changes: Any) -> tuple[str, dt.date, list[str]]:
    """The rule of the one regular order once it has followed, its first day, and all days that are left."""
    change(world, plan, from_on, **changes)
    sweep(world)
    found = Recurrence.objects.going_on().get()
    assert not Event.objects.filter(name="recurrence.left_behind").exists()
    return found.rule.removeprefix("FREQ=WEEKLY;"), found.starts_on, days("booked", "planned", "failed")


@pytest.mark.promise("domain R7")
@pytest.mark.parametrize(
    ("weekday", "from_on", "first"),
    [
        (4, dt.date(2026, 12, 11), "Fri 18/12"),
        (1, dt.date(2026, 12, 11), "Tue 15/12"),
        # Its Thursday is no hand-out any more, and its Monday was before the change.
        (0, dt.date(2026, 12, 15), "Mon 21/12"),
    ],
)
def test_nobody_has_two_orders_in_a_week_because_the_day_changes(
    world: World, plan: PreOrderPlan, monday: Any, weekday: int, from_on: dt.date, first: str
) -> None:
    every_week(world, plan)
    _rule, starts_on, left = follow(world, plan, from_on, handout_weekday=weekday)
    assert (f"{starts_on:%a %d/%m}", left[:4]) == (first, ["Thu 26/11", "Thu 03/12", "Thu 10/12", first])
    on(monday, world, 12, 4)
    assert (days("failed"), days("booked")[3]) == ([], first)


@pytest.mark.promise("domain R7")
def test_every_second_week_stays_the_same_week(world: World, plan: PreOrderPlan) -> None:
    every_week(world, plan)
    later = Occurrence.objects.filter(due_on__gt=dt.date(2026, 12, 10))
    later.update(status="skipped", reason_code="skipped")
    Recurrence.objects.update(rule="FREQ=WEEKLY;INTERVAL=2;BYDAY=TH")
    rule, starts_on, _left = follow(world, plan, dt.date(2026, 12, 11), handout_weekday=4)
    # The 26th of November, the 10th and the 24th of December were its weeks.
    assert (rule, starts_on) == ("INTERVAL=2;BYDAY=FR", dt.date(2026, 12, 25))


@pytest.mark.promise("domain R7")
def test_what_begins_later_does_not_begin_at_once(world: World, plan: PreOrderPlan) -> None:
    wanted = recurrences.Wanted(
        name="Panier",
        rule=subscriptions.rule_of(plan),
        starts_on=dt.date(2027, 2, 4),
        at=dt.time(12),
        wishes=[wish_baskets(plan)],
    )
    recurrences.start_recurrence(world.client, world.site, wanted, by=world.actor())
    rule, starts_on, left = follow(world, plan, dt.date(2026, 12, 11), handout_weekday=4)
    assert (rule, starts_on, left[0]) == ("INTERVAL=1;BYDAY=FR", dt.date(2027, 2, 5), "Fri 05/02")


def test_fewer_hand_outs_are_followed_without_days_that_fail(world: World, plan: PreOrderPlan, monday: Any) -> None:
    every_week(world, plan)
    rule, starts_on, left = follow(world, plan, dt.date(2026, 12, 11), every_weeks=2, handout_weekday=2)
    assert (rule, starts_on, left[3:5]) == ("INTERVAL=2;BYDAY=WE", dt.date(2026, 12, 16), ["Wed 16/12", "Wed 30/12"])
    on(monday, world, 12, 4)
    assert days("failed") == []


@pytest.mark.parametrize("why", ["payer", "no_hand_out", "paused"])
def test_one_that_cannot_follow_is_the_turn_of_the_team_until_it_is_mended(
    world: World, plan: PreOrderPlan, monkeypatch: pytest.MonkeyPatch, client: Browser, why: str
) -> None:
    """It once was an event that nobody reads, or nothing at all."""
    found = every_week(world, plan)
    Client.objects.filter(pk=found.client_id).update(email="ines@example.fr")
    if why == "no_hand_out":
        monkeypatch.setattr(plan_changes, "_first_day", lambda *_given: (dt.date(2026, 12, 17), None))
    else:
        monkeypatch.setattr(plan_changes, "edit_recurrence", refused)
    if why == "paused":
        pause_recurrence(found, first=dt.date(2026, 12, 11), last=dt.date(2027, 3, 31), by=world.actor())
    change(world, plan, dt.date(2026, 12, 11), handout_weekday=4)
    sweep(world)
    one = found.occurrences.troubled().get()
    assert (f"{one.due_on:%a %d/%m}", one.reason_code) == ("Thu 17/12", "left_behind")
    event = Event.objects.get(name="recurrence.left_behind")
    assert event.data["reason"] == ("no_run" if why == "no_hand_out" else "payer_refused")
    client.force_login(world.users["concierge"])
    for page in ("/silences/", f"/regulieres/{found.public_id}/"):
        words = shown(client.get(page))
        assert words.count("cette commande régulière n’a pas pu suivre d’elle-même") == 1
        assert "Changez son jour à partir de cette date, ou arrêtez-la" in words
    assert "1 jour d’une demande régulière n’a pas pu être réservé." in shown(client.get("/silences/compte/"))
    assert [one["reason_code"] for one in Api(world.api_key()).get("/api/v1/silences").json()["failed_days"]] == [
        "left_behind"
    ]
    settle()
    assert Message.objects.filter(kind="occurrence.failed").count() == 1
    # Once, however often the plan changes; and until somebody settles it.
    Deadline.objects.filter(kind=plan_changes.FOLLOW).update(fired_at=None)
    sweep(world)
    assert found.occurrences.troubled().get() == one
    recurrences.end_recurrence(found, by=world.actor())
    assert shown(client.get("/silences/compte/")).strip() == ""


def refused(*_given: Any, **_named: Any) -> None:
    raise PayerRefused


def test_regular_orders_are_called_to_follow_in_one_statement(world: World, plan: PreOrderPlan) -> None:
    """However many there are: their plan is locked meanwhile."""
    found, counts = every_week(world, plan), []
    for number in (1, 3):
        for _n in range(number - Recurrence.objects.count()):
            found.pk, found.public_id = None, uuid.uuid4()
            found.save(force_insert=True)
        changes = {"ends_on": dt.date(2026, 12, 10 + 7 * number)}
        with CaptureQueriesContext(connection) as asked:
            change(world, plan, first_free(plan), **changes)
        counts.append(sum("INTO concierge_deadline" in one["sql"] for one in asked))
        assert Deadline.objects.filter(kind=plan_changes.FOLLOW, fired_at=None).count() == number
    # One for the hand-outs, one for the regular orders.
    assert counts == [2, 2]


# --- at the same moment ----------------------------------------


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
