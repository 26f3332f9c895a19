"""The work of a day given out at once: planned by a task, compared with one by one, applied line by line (R34)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from bookings.models import WorkOrder
from concierge.errors import Invalid
from concierge.models import Event
from providers.actions.businesses import set_active
from providers.actions.planning import (
    AssignmentChanged,
    PlanUnderWay,
    apply_or_drop,
    apply_proposal,
    ask_for_plan,
)
from providers.actions.rounds import start_round
from providers.gateways.flow import PlanFailed
from providers.models import AssignmentRun, Offer, ProposedAssignment, Provider
from providers.rules.flow import NOBODY
from providers.tasks import plan_day, plan_days
from tests.providers.conftest import MONDAY, add_provider
from tests.providers.test_pages import browser_of, page
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.promise("domain R34")]
ADDRESS = "/prestataires/journee/"
TUESDAY = MONDAY.date() + dt.timedelta(days=1)


@pytest.fixture
def dispatcher(world: World) -> Browser:
    return browser_of(world.users["dispatcher"])


@pytest.fixture
def near(world: World) -> Provider:
    return add_provider(world, daily_capacity=1)


@pytest.fixture
def orders(world: World, near: Provider) -> list[WorkOrder]:
    """Two jobs of Tuesday; who is near has room for one, somebody farther for the other."""
    add_provider(world, latitude=Decimal("47.38"), daily_capacity=3)
    return [world.request(world.cobbler).work_orders.get() for _n in range(2)]


def planned(world: World) -> AssignmentRun:
    run = plan_day(ask_for_plan(world.site, TUESDAY, by=world.actor()))
    assert run.status == "proposed"
    return run


@pytest.mark.usefixtures("orders")
def test_a_day_is_planned_compared_explained_and_asked(world: World, dispatcher: Browser) -> None:
    shown = page(dispatcher.get(ADDRESS, {"day": TUESDAY.isoformat()}))
    assert "2 missions du mardi 24 novembre attendent quelqu’un." in shown
    shown = page(dispatcher.post(ADDRESS, {"site": world.site.slug, "day": TUESDAY.isoformat()}, follow=True))
    assert "Le calcul est en cours" in shown
    plan_days()
    shown = page(dispatcher.get(ADDRESS, {"day": TUESDAY.isoformat()}))
    run = AssignmentRun.objects.get()
    chosen = set(run.proposals.order_by("pk").values_list("provider", flat=True))
    assert chosen == set(Provider.objects.order_by("pk").values_list("pk", flat=True))
    assert (run.at_once["unserved"], run.at_once["cost"] <= run.one_by_one["cost"]) == (0, True)
    assert "km plus loin" in shown or "km plus près" in shown
    assert Offer.objects.count() == 0
    line = run.proposals.order_by("pk")[0]
    address = f"{ADDRESS}{run.public_id}/appliquer/"
    assert "1 prestataire a été sollicité." in page(
        dispatcher.post(address, {"line": str(line.public_id)}, follow=True)
    )
    assert "1 prestataire a été sollicité." in page(dispatcher.post(address, follow=True))
    assert "Il n’y avait plus rien à appliquer." in page(dispatcher.post(address, {"line": "x"}, follow=True))
    assert sorted(Offer.objects.order_by("pk").values_list("work_order", "provider")) == sorted(
        run.proposals.order_by("pk").values_list("work_order", "provider")
    )


def test_what_changed_since_is_dropped_and_named(world: World, orders: list[WorkOrder], dispatcher: Browser) -> None:
    run = planned(world)
    start_round(orders[0], by=world.actor())
    with pytest.raises(AssignmentChanged):
        apply_proposal(run.proposals.get(work_order=orders[0]), by=world.actor())
    shown = page(dispatcher.post(f"{ADDRESS}{run.public_id}/appliquer/", follow=True))
    assert f"donc laissé tel quel\xa0: {orders[0].reference}." in shown
    assert dict(run.proposals.order_by("pk").values_list("work_order", "status")) == {
        orders[0].pk: "dropped",
        orders[1].pk: "applied",
    }
    again = run.proposals.get(work_order=orders[1])
    asked = Offer.objects.count()
    assert (apply_or_drop(again, by=world.actor()).status, Offer.objects.count()) == ("applied", asked)


def test_whoever_was_stopped_since_is_not_asked(world: World, orders: list[WorkOrder], near: Provider) -> None:
    run = planned(world)
    set_active(near, is_active=False, by=world.actor())
    line = run.proposals.get(provider=near)
    assert (apply_or_drop(line, by=world.actor()).status, Offer.objects.count()) == ("dropped", 0)


@pytest.mark.usefixtures("orders")
def test_a_plan_that_is_not_proven_is_no_plan(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("providers.tasks.cheapest_plan", lambda load: [NOBODY] * load.many)
    run = plan_day(ask_for_plan(world.site, TUESDAY, by=world.actor()))
    assert (run.status, run.failure, ProposedAssignment.objects.count()) == ("failed", "not_proven", 0)

    def fail(load: Any) -> list[int]:
        raise PlanFailed("too_slow")

    monkeypatch.setattr("providers.tasks.cheapest_plan", fail)
    run = plan_day(ask_for_plan(world.site, TUESDAY, by=world.actor()))
    assert (run.status, run.failure) == ("failed", "too_slow")
    shown = page(browser_of(world.users["dispatcher"]).get(ADDRESS, {"day": TUESDAY.isoformat()}))
    assert "n’a pas pu être calculé" in shown


def test_a_plan_is_asked_for_once_at_a_time_and_kept_once(world: World, orders: list[WorkOrder]) -> None:
    run = ask_for_plan(world.site, TUESDAY, by=world.actor())
    with pytest.raises(PlanUnderWay):
        ask_for_plan(world.site, TUESDAY, by=world.actor())
    first = plan_day(run)
    assert plan_day(run).pk == first.pk
    assert ProposedAssignment.objects.count() == 2
    names = list(Event.objects.filter(name__startswith="assignment_run").order_by("pk").values_list("name", flat=True))
    assert names == ["assignment_run.asked", "assignment_run.proposed"]


def test_the_same_day_gives_the_same_plan(world: World, orders: list[WorkOrder]) -> None:
    first, second = planned(world), planned(world)
    lines = [list(one.proposals.order_by("work_order").values_list("provider", "why")) for one in (first, second)]
    assert (first.snapshot, lines[0]) == (second.snapshot, lines[1])


def test_a_day_without_work_is_said(world: World, dispatcher: Browser) -> None:
    run = planned(world)
    assert (run.proposals.count(), run.at_once["unserved"]) == (0, 0)
    assert "Il n’y avait rien à confier" in page(dispatcher.get(ADDRESS, {"day": TUESDAY.isoformat()}))


@pytest.mark.parametrize("day", [MONDAY.date() - dt.timedelta(days=1), MONDAY.date() + dt.timedelta(days=61)])
def test_a_day_that_is_over_or_far_is_refused(world: World, dispatcher: Browser, day: dt.date) -> None:
    with pytest.raises(Invalid):
        ask_for_plan(world.site, day, by=world.actor())
    answer = dispatcher.post(ADDRESS, {"site": world.site.slug, "day": day.isoformat()})
    assert (answer.status_code, AssignmentRun.objects.count()) == (422, 0)


def test_nonsense_is_refused(world: World, dispatcher: Browser) -> None:
    for given in ({"site": "ailleurs"}, {"day": "hier"}, {"day": "9999-12-31", "site": "\x00"}):
        assert dispatcher.get(ADDRESS, given).status_code == 422
        assert dispatcher.post(ADDRESS, given).status_code == 422
    assert browser_of(world.users["concierge"]).get(ADDRESS).status_code == 403


def test_the_page_asks_as_much_for_three_jobs_as_for_one(world: World, near: Provider, dispatcher: Browser) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as found:
            assert dispatcher.get(ADDRESS, {"day": TUESDAY.isoformat()}).status_code == 200
        return len(found)

    add_provider(world)
    world.request(world.cobbler)
    planned(world)
    asked()
    one = asked()
    world.request(world.cobbler)
    world.request(world.cobbler)
    planned(world)
    assert asked() == one
