"""Hand-outs in which one order stands still, was given back or went wrong: it stops none of the others (R7)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client as Browser

from bookings.actions import cut_offs, hand_outs, plans, pre_orders
from bookings.actions.editing import edit_service
from bookings.actions.pauses import hold_request, resume_request
from bookings.actions.pricing import BadOrder
from bookings.actions.work_orders import fail_work_order, pause_work_order, release_work_order
from bookings.enums import NoShowPolicy, PriceMode, RunStatus
from bookings.models import PreOrder, PreOrderPlan, PreOrderRun, Service, ServiceRequest, WorkOrder
from bookings.rules.prices import WHOLE, Wish
from concierge.errors import Invalid, WrongState
from concierge.models import Deadline, Event
from notifications.models import Message
from tests.bookings.conftest import PARIS, at, basket_service, details, first_run, weekly_basket
from tests.bookings.test_booking_pages import shown
from tests.bookings.test_pre_orders import order, sweep, to
from tests.conftest import settle
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]


@pytest.fixture
def plan(world: World) -> PreOrderPlan:
    return weekly_basket(world)


def hold(world: World, pre_order: PreOrder) -> None:
    request = ServiceRequest.objects.get(pk=pre_order.request_id)
    hold_request(request, reason="ours", until=at(30, 9), by=world.actor("concierge"))


def ordered(world: World, plan: PreOrderPlan, count: int) -> list[PreOrder]:
    made = [order(world, plan, email=f"c{n}@example.fr") for n in range(count)]
    return [PreOrder.objects.get(request=request) for request in made]


def outcomes() -> list[tuple[str, str, str]]:
    rows = PreOrder.objects.order_by("pk").select_related("request")
    return [(one.hand_out, one.request.status, one.request.work_orders.get().status) for one in rows]


def stuck() -> list[str]:
    return [event.data["reason"] for event in Event.objects.filter(name="pre_order.stuck").order_by("pk")]


@pytest.mark.promise("domain R7")
def test_an_order_on_hold_leaves_the_end_of_the_others_alone(world: World, plan: PreOrderPlan, monday: Any) -> None:
    held, _other = ordered(world, plan, 2)
    to(monday, 24, 12, 1)
    sweep(world)
    hold(world, held)
    to(monday, 26, 14, 31)
    sweep(world)
    assert outcomes() == [("expected", "on_hold", "on_hold"), ("no_show", "closed", "verified")]
    held.run.refresh_from_db()
    assert (held.run.status, stuck()) == (RunStatus.DONE, ["request_on_hold"])
    assert not Deadline.objects.filter(kind=cut_offs.END, fired_at=None).exists()
    desk = Browser()
    desk.force_login(world.users["concierge"])
    page = desk.get(f"/precommandes/{held.run.public_id}/remise/").content.decode()
    assert ("n’a pas pu être soldée" in page, "Suspendue" in page) == (True, True)
    hand_outs.mark_handed_over(held, by=world.actor())
    to(monday, 26, 14, 40)
    sweep(world)
    assert outcomes()[0] == ("handed_over", "closed", "verified")


def test_an_order_held_before_the_cut_off_is_no_obstacle_to_the_work(
    world: World, plan: PreOrderPlan, monday: Any
) -> None:
    held, _other = ordered(world, plan, 2)
    hold(world, held)
    to(monday, 24, 12, 1)
    sweep(world)
    assert [row[1:] for row in outcomes()] == [("on_hold", "booked"), ("in_progress", "in_progress")]
    resume_request(ServiceRequest.objects.get(pk=held.request_id), by=world.actor("concierge"))
    to(monday, 26, 14, 31)
    sweep(world)
    assert outcomes() == [("no_show", "closed", "verified")] * 2


def test_a_hand_out_called_off_cancels_what_is_on_hold_too(world: World, plan: PreOrderPlan) -> None:
    held, _other = ordered(world, plan, 2)
    hold(world, held)
    cut_offs.cancel_run(first_run(plan), reason="Gel", by=world.actor())
    sweep(world)
    assert [row[1:] for row in outcomes()] == [("cancelled", "cancelled")] * 2


@pytest.mark.parametrize("policy", [NoShowPolicy.CHARGED, NoShowPolicy.REFUNDED])
def test_failed_work_is_no_obstacle_to_the_others(
    world: World, plan: PreOrderPlan, monday: Any, policy: NoShowPolicy
) -> None:
    PreOrderRun.objects.update(no_show_policy=policy)
    wrong, _other = ordered(world, plan, 2)
    to(monday, 24, 12, 1)
    sweep(world)
    fail_work_order(wrong.request.work_orders.get(), reason="frost", by=world.actor())
    to(monday, 26, 14, 31)
    sweep(world)
    done = "verified" if policy == NoShowPolicy.CHARGED else "failed"
    assert outcomes() == [("no_show", "closed", "failed"), ("no_show", "closed", done)]
    assert stuck() == []


@pytest.mark.parametrize("trouble", ["paused", "released", "held"])
def test_what_is_handed_over_is_settled_whatever_was_said_of_its_work(
    world: World, plan: PreOrderPlan, monday: Any, trouble: str
) -> None:
    (one,) = ordered(world, plan, 1)
    if trouble == "released":
        release_work_order(one.request.work_orders.get(), reason="no time", by=world.actor())
    to(monday, 24, 12, 1)
    sweep(world)
    if trouble == "paused":
        pause_work_order(one.request.work_orders.get(), reason="lunch", by=world.actor())
    if trouble == "held":
        hold(world, one)
    to(monday, 26, 12, 5)
    hand_outs.mark_handed_over(one, by=world.actor())
    to(monday, 26, 12, 11)
    sweep(world)
    assert outcomes() == [("handed_over", "closed", "verified")]
    one.refresh_from_db()
    assert one.settled_at is not None


def hand_out_page(world: World, one: PreOrder) -> str:
    desk = Browser()
    desk.force_login(world.users["concierge"])
    return shown(desk.get(f"/precommandes/{one.run.public_id}/remise/"))


def test_what_was_kept_and_is_on_hold_now_waits_for_the_end_of_that(
    world: World, plan: PreOrderPlan, monday: Any
) -> None:
    """It was once left there for ever: neither given away nor counted."""
    PreOrderRun.objects.update(no_show_policy=NoShowPolicy.KEPT)
    (one,) = ordered(world, plan, 1)
    to(monday, 24, 12, 1)
    sweep(world)
    to(monday, 26, 14, 31)
    sweep(world)
    hold(world, one)
    assert "n’a pas pu être soldée" not in hand_out_page(world, one)
    to(monday, 28, 9)
    sweep(world)
    assert (outcomes(), stuck()) == ([("kept", "on_hold", "on_hold")], ["request_on_hold"])
    assert "1 commande n’a pas pu être soldée" in hand_out_page(world, one)
    to(monday, 30, 9)
    resume_request(ServiceRequest.objects.get(pk=one.request_id), by=world.actor("concierge"))
    settle()
    one.refresh_from_db()
    # Kept until the desk closes on the next open day: nobody could fetch it meanwhile.
    assert one.kept_until == dt.datetime(2026, 12, 1, 18, tzinfo=PARIS)
    assert "n’a pas pu être soldée" not in hand_out_page(world, one)
    monday.move_to(dt.datetime(2026, 12, 1, 18, 1, tzinfo=PARIS), tick=True)
    sweep(world)
    assert outcomes() == [("no_show", "closed", "verified")]


def told_kept(world: World) -> tuple[int, int]:
    """How often it was said, and written to the client, that something is kept."""
    settle(world.organisation)
    kind = "pre_order.kept"
    return Event.objects.filter(name=kind).count(), Message.objects.filter(kind=kind).count()


def charged() -> list[Decimal]:
    """What would be billed now, request by request."""
    billable = WorkOrder.objects.billable().order_by("request_id")
    return list(billable.values_list("request__total_incl_vat", flat=True))


@pytest.mark.promise("domain R7")
@pytest.mark.parametrize("mistake", [hand_outs.mark_handed_over, hand_outs.mark_not_fetched])
def test_a_wrong_tick_undone_leaves_what_was_kept_longer_as_it_was(
    world: World, plan: PreOrderPlan, monday: Any, mistake: Callable[..., PreOrder]
) -> None:
    """It was once kept until a day that was over: given away and charged at once."""
    PreOrderRun.objects.update(no_show_policy=NoShowPolicy.KEPT)
    (one,) = ordered(world, plan, 1)
    to(monday, 24, 12, 1)
    sweep(world)
    to(monday, 26, 14, 31)
    sweep(world)
    hold(world, one)
    to(monday, 28, 9)
    sweep(world)
    to(monday, 30, 9)
    resume_request(ServiceRequest.objects.get(pk=one.request_id), by=world.actor("concierge"))
    told = told_kept(world)
    for minute in (1, 3):
        to(monday, 30, 9, minute)
        mistake(one, by=world.actor())
        hand_outs.undo_mark(one, by=world.actor())
        hand_outs.undo_mark(one, by=world.actor())
    assert Event.objects.filter(name="pre_order.unmarked").count() == 2
    to(monday, 30, 9, 10)
    sweep(world)
    one.refresh_from_db()
    until = dt.datetime(2026, 12, 1, 18, tzinfo=PARIS)
    assert (told_kept(world), one.kept_until, one.settled_at) == (told, until, None)
    assert (outcomes(), charged()) == ([("kept", "in_progress", "in_progress")], [])
    due = Deadline.objects.filter(subject_id=one.pk, fired_at=None, cancelled_at=None, kind__startswith="pre_order.")
    assert list(due.values_list("kind", "due_at")) == [("pre_order.kept", until)]
    # Its own time over, it is given away and charged once.
    monday.move_to(until + dt.timedelta(minutes=1), tick=True)
    sweep(world)
    assert (outcomes(), charged()) == ([("no_show", "closed", "verified")], [Decimal("9.00")])


@pytest.mark.promise("domain R7")
def test_a_wrong_tick_undone_when_its_time_is_over_gives_no_more_time(
    world: World, plan: PreOrderPlan, monday: Any
) -> None:
    PreOrderRun.objects.update(no_show_policy=NoShowPolicy.KEPT)
    (one,) = ordered(world, plan, 1)
    to(monday, 24, 12, 1)
    sweep(world)
    to(monday, 26, 14, 31)
    sweep(world)
    told = told_kept(world)
    to(monday, 27, 17, 58)
    hand_outs.mark_handed_over(one, by=world.actor())
    to(monday, 27, 18, 1)
    sweep(world)
    hand_outs.undo_mark(one, by=world.actor())
    sweep(world)
    # For the right tick there are five minutes.
    assert (outcomes(), charged()) == ([("kept", "in_progress", "in_progress")], [])
    to(monday, 27, 18, 7)
    sweep(world)
    assert (told_kept(world), outcomes()) == (told, [("no_show", "closed", "verified")])
    assert charged() == [Decimal("9.00")]


@pytest.mark.promise("domain R7")
@pytest.mark.parametrize("then", ["remis", "nothing", "hold"])
def test_a_wrong_tick_undone_after_the_hand_out_leaves_time_for_the_right_one(
    world: World, plan: PreOrderPlan, monday: Any, then: str
) -> None:
    """It was once charged at once, and said to be expected again."""
    (one,) = ordered(world, plan, 1)
    to(monday, 24, 12, 1)
    sweep(world)
    to(monday, 26, 14, 29)
    hand_outs.mark_not_fetched(one, by=world.actor())
    to(monday, 26, 14, 31)
    sweep(world)
    desk = Browser()
    desk.force_login(world.users["concierge"])
    tick = f"/precommandes/remise/{one.public_id}"
    page = desk.post(f"{tick}/annuler/", follow=True).content.decode()
    assert ("dans les 5 minutes, cochez" in page, "est de nouveau attendu" in page) == (True, False)
    sweep(world)
    assert (outcomes(), charged()) == ([("expected", "in_progress", "in_progress")], [])
    if then == "remis":
        desk.post(f"{tick}/remis/")
    elif then == "hold":
        hold(world, one)
    to(monday, 26, 14, 37)
    sweep(world)
    ends = {
        "remis": [("handed_over", "closed", "verified")],
        "nothing": [("no_show", "closed", "verified")],
        "hold": [("expected", "on_hold", "on_hold")],
    }
    assert outcomes() == ends[then]


@pytest.mark.parametrize("again", ["tick", "resume"])
def test_what_was_ticked_and_could_not_be_settled_is_settled_by_the_same_tick_or_when_it_goes_on(
    world: World, plan: PreOrderPlan, monday: Any, monkeypatch: pytest.MonkeyPatch, again: str
) -> None:
    """The second tick once did nothing, and the list counted it as done."""
    (one,) = ordered(world, plan, 1)
    to(monday, 24, 12, 1)
    sweep(world)
    to(monday, 26, 12, 5)
    hand_outs.mark_handed_over(one, by=world.actor())

    def refuse(_pre_order: PreOrder, **_by: Any) -> None:
        raise WrongState(current_status="nowhere")

    with monkeypatch.context() as broken:
        broken.setattr(hand_outs, "_settle", refuse)
        to(monday, 26, 14, 31)
        sweep(world)
    assert (outcomes(), stuck()) == ([("handed_over", "in_progress", "in_progress")], ["wrong_state"])
    page = hand_out_page(world, one)
    tick = f"/precommandes/remise/{one.public_id}/remis/"
    assert ("1 commande n’a pas pu être soldée" in page, tick in page) == (True, True)
    if again == "tick":
        desk = Browser()
        desk.force_login(world.users["concierge"])
        desk.post(tick)
    else:
        hold(world, one)
        resume_request(ServiceRequest.objects.get(pk=one.request_id), by=world.actor("concierge"))
        settle()
    sweep(world)
    assert outcomes() == [("handed_over", "closed", "verified")]
    page = hand_out_page(world, one)
    assert ("n’a pas pu être soldée" in page, tick in page) == (False, False)


# --- whole pieces ----------------------------------------


def by_weight(world: World, step: str) -> Service:
    service = basket_service(world, "pommes")
    service.price_mode, service.unit_price = PriceMode.PER_UNIT, Decimal(3)
    service.unit, service.quantity_step, service.smallest_quantity = "kg", Decimal(step), Decimal(step)
    service.save()
    return service


def test_what_is_weighed_is_not_ordered_ahead(world: World) -> None:
    """A sheet once said two kilos where three were ordered, and half a kilo was an error of ours."""
    with pytest.raises(Invalid) as refused:
        weekly_basket(world, service=by_weight(world, "0.5"))
    assert (refused.value.field, PreOrderPlan.objects.count()) == ("service", 0)


def test_a_service_with_a_plan_stays_counted_in_pieces(world: World) -> None:
    plan = weekly_basket(world, service=by_weight(world, "1"))
    changes, by = {"quantity_step": Decimal("0.5")}, world.actor()
    with pytest.raises(Invalid) as refused:
        edit_service(plan.service, changes, version=plan.service.version, by=by)
    assert refused.value.field == "quantity_step"
    with pytest.raises(Invalid) as refused:
        edit_service(plan.service, {"price_mode": PriceMode.ON_QUOTE}, version=plan.service.version, by=by)
    assert refused.value.field == "price_mode"
    plans.close_plan(plan, by=by)
    assert edit_service(plan.service, changes, version=plan.service.version, by=by).quantity_step == Decimal("0.5")


@pytest.mark.parametrize("amount", ["0.5", "1.5"])
def test_a_part_of_a_piece_is_a_problem_and_no_error_of_ours(world: World, amount: str) -> None:
    """A file that was loaded may have changed the service under its plan."""
    plan = weekly_basket(world, service=by_weight(world, "1"))
    Service.objects.update(quantity_step=Decimal("0.5"), smallest_quantity=Decimal("0.5"))
    wish = Wish(str(plan.service.public_id), {WHOLE: Decimal(amount)})
    with pytest.raises(BadOrder) as refused:
        pre_orders.order_ahead(first_run(plan), client=details(), wishes=[wish], by=world.actor())
    assert refused.value.details["reason"] == "not_in_pieces"
    assert not ServiceRequest.objects.exists()
