"""The work of a day given out at once: planned by a task, compared with one by one, applied line by line (R34)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings.actions.pauses import hold_request
from bookings.models import WorkOrder
from concierge import retention, tenancy
from concierge.errors import Invalid
from concierge.models import Event
from providers.actions.availability import close_days
from providers.actions.businesses import change_provider, set_active
from providers.actions.offers import accept_offer, decline_offer
from providers.actions.planning import (
    LONGEST,
    AssignmentChanged,
    Gathered,
    PlanUnderWay,
    apply_or_drop,
    apply_proposal,
    ask_for_plan,
    gather,
)
from providers.actions.rounds import offer_directly, start_round
from providers.enums import DeclineReason
from providers.gateways.flow import PlanFailed
from providers.models import AssignmentRun, Offer, ProposedAssignment, Provider
from providers.rules.flow import NOBODY
from providers.tasks import plan_day, plan_days
from tests.providers.conftest import MONDAY, PARIS, acting_for, add_provider
from tests.providers.pricing import asked_for_prices, priced
from tests.providers.test_agreed_prices import agreed
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


@pytest.mark.parametrize("what", ["closed", "full", "far"])
def test_whom_a_plan_would_not_name_any_more_is_not_asked(
    world: World, orders: list[WorkOrder], near: Provider, what: str
) -> None:
    """The work has not changed, the provider has: nobody chose it in spite of the rules."""
    run, by = planned(world), world.actor()
    line = run.proposals.get(provider=near)
    if what == "closed":
        close_days(near, first_on=MONDAY.date(), last_on=TUESDAY + dt.timedelta(days=6), by=by)
    elif what == "full":
        other = world.request(world.cobbler).work_orders.get()
        accept_offer(offer_directly(other, near, by=by), by=acting_for(near))
    else:
        change_provider(near, {"latitude": Decimal("47.38"), "radius_km": 1}, by=by)
    with pytest.raises(AssignmentChanged):
        apply_proposal(line, by=by)
    assert apply_or_drop(line, by=by).status == "dropped"
    assert not Offer.objects.filter(work_order=line.work_order).exists()


def hold(world: World, order: WorkOrder) -> None:
    hold_request(order.request, reason="ours", until=MONDAY + dt.timedelta(days=7), by=world.actor("concierge"))


def test_what_is_on_hold_is_neither_planned_nor_asked(
    world: World, orders: list[WorkOrder], dispatcher: Browser
) -> None:
    hold(world, orders[0])
    assert "1 mission du mardi 24 novembre attend quelqu’un." in page(
        dispatcher.get(ADDRESS, {"day": TUESDAY.isoformat()})
    )
    run = planned(world)
    assert [line.work_order_id for line in run.proposals.order_by("pk")] == [orders[1].pk]
    hold(world, orders[1])
    line = run.proposals.get()
    with pytest.raises(AssignmentChanged):
        apply_proposal(line, by=world.actor())
    assert (apply_or_drop(line, by=world.actor()).status, Offer.objects.count()) == ("dropped", 0)


@pytest.mark.usefixtures("orders")
def test_a_second_plan_knows_who_was_asked_by_the_first(world: World, near: Provider) -> None:
    first = planned(world)
    apply_proposal(first.proposals.get(provider=near), by=world.actor())
    world.request(world.cobbler)
    second = planned(world)
    assert (second.proposals.count(), second.proposals.filter(provider=near).count()) == (2, 0)
    assert not second.proposals.filter(alone=near).exists()
    # What the first plan gives to others still holds.
    assert apply_or_drop(first.proposals.exclude(provider=near).get(), by=world.actor()).status == "applied"


def test_work_at_a_price_that_the_client_agreed_to_is_named_and_left_to_a_person(
    world: World, dispatcher: Browser
) -> None:
    order = agreed(world, *(priced(world, one) for one in asked_for_prices(world)[:1]))
    offer = Offer.objects.get()
    decline_offer(offer, reason=DeclineReason.TOO_BUSY, by=acting_for(offer.provider))
    order.refresh_from_db()
    day = order.promised_start.astimezone(PARIS).date()
    assert order.status == "needs_dispatch"
    run = plan_day(ask_for_plan(world.site, day, by=world.actor()))
    assert (run.status, run.proposals.count()) == ("proposed", 0)
    shown = page(dispatcher.get(ADDRESS, {"day": day.isoformat()}))
    assert "Aucune mission du" in shown
    assert "1 mission a un prix que le client a accepté" in shown
    assert reverse("providers:offers-of-request", args=[order.request.public_id]) in shown


@pytest.mark.usefixtures("orders")
def test_one_press_asks_some_and_says_how_many_are_left(
    world: World, dispatcher: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("providers.views.day_plan.MOST_ASKED", 1)
    address = f"{ADDRESS}{planned(world).public_id}/appliquer/"
    shown = page(dispatcher.post(address, follow=True))
    assert "Il reste 1 mission du plan" in shown
    assert Offer.objects.count() == 1
    shown = page(dispatcher.post(address, follow=True))
    assert "Il reste" not in shown
    assert Offer.objects.count() == 2


def test_a_fault_in_one_plan_does_not_stop_the_others(
    world: World, other_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = ask_for_plan(world.site, TUESDAY, by=world.actor())
    with tenancy.working_for(other_world.organisation):
        ask_for_plan(other_world.site, TUESDAY, by=other_world.actor())

    def fails_once(run: AssignmentRun) -> Gathered:
        if run.pk == broken.pk:
            raise ZeroDivisionError
        return gather(run)

    monkeypatch.setattr("providers.tasks.gather", fails_once)
    plan_days()
    broken.refresh_from_db()
    assert (broken.status, broken.failure) == ("failed", "ZeroDivisionError")
    with tenancy.working_for(other_world.organisation):
        assert AssignmentRun.objects.get(organisation=other_world.organisation).status == "proposed"


def test_a_plan_that_was_lost_can_be_asked_for_again(world: World) -> None:
    lost = ask_for_plan(world.site, TUESDAY, by=world.actor())
    AssignmentRun.objects.update(created_at=Now() - LONGEST - dt.timedelta(seconds=1))
    young = ask_for_plan(world.site, TUESDAY + dt.timedelta(days=1), by=world.actor())
    plan_days()
    lost.refresh_from_db()
    young.refresh_from_db()
    assert (lost.status, lost.failure, young.status) == ("failed", "lost", "proposed")
    assert planned(world).pk != lost.pk


@pytest.mark.promise("I12")
@pytest.mark.usefixtures("orders")
def test_plans_go_a_year_after_their_day_and_who_was_asked_stays(world: World, near: Provider, monday: Any) -> None:
    old = planned(world)
    apply_proposal(old.proposals.get(provider=near), by=world.actor())
    recent = plan_day(ask_for_plan(world.site, TUESDAY + dt.timedelta(days=1), by=world.actor()))
    monday.move_to(MONDAY + dt.timedelta(days=366, hours=1))
    assert list(retention.ended("day_plans")) == []
    monday.move_to(MONDAY + dt.timedelta(days=367))
    assert list(retention.ended("day_plans")) == [old]
    assert retention.purge()["day_plans"] == 1
    assert (list(AssignmentRun.objects.all()), ProposedAssignment.objects.count(), Offer.objects.count()) == (
        [recent],
        recent.proposals.count(),
        1,
    )


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
    wrong = [{"day": "9999-12-31"}, {"day": "0001-01-01"}, {"day": "9999-12-31", "site": "\x00"}]
    for given in [*wrong, {"site": "ailleurs"}, {"day": "hier"}]:
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
