"""Orders ahead: runs made ahead, ordered, changed, cancelled, closed, added up, handed out (R7)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation

from bookings.actions import cut_offs, hand_outs, plans, pre_orders, requests
from bookings.actions.sheets import csv_of, pdf_of
from bookings.enums import HandOut, HolidayRule, NoShowPolicy, RequestStatus, RunStatus, WorkOrderStatus
from bookings.models import Closure, OrderSheet, PreOrder, PreOrderPlan, PreOrderRun, ServiceRequest, WorkOrder
from bookings.views.words import history
from concierge import deadlines
from concierge.errors import Invalid
from concierge.models import Deadline, Event
from notifications.models import Message
from tests.bookings.conftest import PARIS, basket_service, details, first_run, weekly_basket, wish_baskets
from tests.conftest import settle
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]


def order(world: World, plan: PreOrderPlan, small: int = 1, big: int = 0, **more: Any) -> ServiceRequest:
    run = more.pop("run", None) or first_run(plan)
    email = more.pop("email", "ines.garnier@example.fr")
    return pre_orders.order_ahead(
        run,
        client=details(email=email),
        wishes=[wish_baskets(plan, small, big)],
        by=more.pop("by", world.actor()),
        **more,
    )


def to(monday: Any, day: int, hour: int, minute: int = 0) -> None:
    monday.move_to(dt.datetime(2026, 11, day, hour, minute, tzinfo=PARIS), tick=True)


def sweep(world: World) -> None:
    while deadlines.sweep(world.organisation.pk):
        pass


@pytest.fixture
def plan(world: World) -> PreOrderPlan:
    return weekly_basket(world)


@pytest.mark.promise("domain R7")
def test_runs_of_the_coming_weeks_are_made_once(world: World, plan: PreOrderPlan) -> None:
    before = list(PreOrderRun.objects.values_list("due_on", flat=True))
    plans.make_runs(plan)
    assert before == [dt.date(2026, 11, 26), dt.date(2026, 12, 3), dt.date(2026, 12, 10), dt.date(2026, 12, 17)]
    assert list(PreOrderRun.objects.values_list("due_on", flat=True)) == before
    assert Deadline.objects.filter(kind=plans.CUT_OFF).count() == 4


def test_the_database_refuses_a_run_twice(plan: PreOrderPlan) -> None:
    run = first_run(plan)
    run.pk, run.public_id = None, uuid.uuid4()
    with pytest.raises(IntegrityError, match="pre_order_run_once_a_day"), transaction.atomic():
        run.save(force_insert=True)


def test_every_cut_off_makes_the_run_that_is_now_near_enough(world: World, plan: PreOrderPlan, monday: Any) -> None:
    to(monday, 24, 12, 1)
    sweep(world)
    to(monday, 30, 8)
    Deadline.objects.filter(kind=plans.CUT_OFF).update(due_at=dt.datetime(2026, 11, 30, tzinfo=dt.UTC))
    sweep(world)
    assert PreOrderRun.objects.filter(due_on=dt.date(2026, 12, 24)).count() == 1
    assert PreOrderRun.objects.get(due_on=dt.date(2026, 12, 3)).status == RunStatus.OPEN


def test_a_closed_day_is_left_out_or_moved_and_says_so(world: World) -> None:
    Closure.objects.create(
        organisation=world.organisation,
        site=world.site,
        starts_on=dt.date(2026, 12, 3),
        ends_on=dt.date(2026, 12, 3),
    )
    left_out = weekly_basket(world, holiday_rule=HolidayRule.SKIP).runs.get(due_on=dt.date(2026, 12, 3))
    moved = weekly_basket(
        world, service=basket_service(world, "pain"), producer=left_out.plan.producer, holiday_rule=HolidayRule.BEFORE
    ).runs.get(due_on=dt.date(2026, 12, 3))
    assert (left_out.status, left_out.reason_words) == (RunStatus.SKIPPED, "Le site est fermé ce jour-là.")
    assert (moved.status, moved.handout_starts_at.astimezone(PARIS).date()) == (RunStatus.OPEN, dt.date(2026, 12, 2))
    assert moved.reason_words == "Déplacé\xa0: le site est fermé le jour habituel."


def test_a_plan_far_ahead_has_its_first_run_already(world: World) -> None:
    plan = weekly_basket(world, starts_on=dt.date(2027, 6, 1), every_weeks=8)
    assert list(plan.runs.values_list("due_on", flat=True)) == [dt.date(2027, 6, 3)]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"handout_closes": dt.time(11)}, None),
        ({"every_weeks": 0}, None),
        ({"capacity": 5000}, None),
        ({"ends_on": dt.date(2026, 10, 1)}, None),
        ({"grace_minutes": 999}, None),
        ({"handout_weekday": 9}, None),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(world: World, changes: dict[str, Any], field: str | None) -> None:
    with pytest.raises(Invalid):
        weekly_basket(world, **changes)
    assert not PreOrderPlan.objects.exists()


def test_a_service_is_ordered_ahead_by_one_plan_at_a_site(world: World, plan: PreOrderPlan) -> None:
    with pytest.raises(plans.PlanExists):
        weekly_basket(world, service=plan.service, producer=plan.producer)


@pytest.mark.promise("domain R7")
def test_an_order_is_confirmed_with_frozen_prices_and_its_producer(world: World, plan: PreOrderPlan) -> None:
    request = order(world, plan, small=2, big=1)
    work = request.work_orders.get()
    assert (request.status, request.total_incl_vat, request.hold) == ("confirmed", Decimal("33.00"), None)
    assert [(line.description, line.quantity) for line in request.lines.all()] == [
        ("Panier de légumes – Petit", Decimal(2)),
        ("Panier de légumes – Grand", Decimal(1)),
    ]
    assert (work.status, work.performer_kind, work.performer_label) == ("booked", "producer", "Les Jardins d'Ouche")
    assert first_run(plan).taken == 3
    assert list(Event.objects.filter(request_id=request.public_id).values_list("name", flat=True).order_by("pk")) == [
        "service_request.submitted",
        "service_request.confirmed",
        "work_order.booked",
    ]
    settle(world.organisation)
    assert list(Message.objects.values_list("kind", flat=True)) == ["service_request.confirmed"]
    with translation.override("fr"):
        events = Event.objects.filter(request_id=request.public_id).order_by("pk")
        assert [told.title for told in history(request, [work], events)] == [
            "Vous avez envoyé votre demande",
            "Nous avons confirmé votre demande",
            "Panier de légumes\xa0: commandé chez Les Jardins d'Ouche",
        ]


def test_the_same_form_sent_twice_is_one_order(world: World, plan: PreOrderPlan) -> None:
    key = uuid.uuid4()
    first, again = (order(world, plan, sent_key=key) for _n in range(2))
    assert (first.pk, first_run(plan).taken) == (again.pk, 1)


def test_a_form_opened_before_the_plan_was_closed_orders_nothing(world: World, plan: PreOrderPlan) -> None:
    """What was ordered before stays, and may be made less."""
    made = order(world, plan, small=3)
    run = first_run(plan)
    plans.close_plan(plan, by=world.actor())
    for refused in (
        lambda: order(world, plan, run=run, email="other@example.fr"),
        lambda: pre_orders.change_order(made, [wish_baskets(plan, 4)], by=world.actor()),
    ):
        with pytest.raises(pre_orders.OrdersClosed):
            refused()
    pre_orders.change_order(made, [wish_baskets(plan, 2)], by=world.actor())
    assert (PreOrderRun.objects.get(pk=run.pk).taken, ServiceRequest.objects.count()) == (2, 1)


def test_one_piece_too_many_is_refused_with_what_is_left(world: World) -> None:
    plan = weekly_basket(world, capacity=5)
    order(world, plan, small=3)
    with pytest.raises(pre_orders.RunFull) as refused:
        order(world, plan, small=3, email="other@example.fr")
    assert refused.value.details["left"] == 2
    assert (
        str(refused.value.message)
        == "Il n’en reste que 2 pour cette distribution. Commandez-en moins, ou choisissez une autre date."
    )
    assert (first_run(plan).taken, ServiceRequest.objects.count()) == (3, 1)


def test_the_database_itself_refuses_one_piece_too_many(world: World, plan: PreOrderPlan) -> None:
    with pytest.raises(IntegrityError, match="pre_order_run_not_over_capacity"), transaction.atomic():
        PreOrderRun.objects.filter(pk=first_run(plan).pk).update(taken=21)


@pytest.mark.promise("domain R7")
def test_after_the_cut_off_orders_go_to_the_next_run(world: World, plan: PreOrderPlan, monday: Any) -> None:
    run = first_run(plan)
    to(monday, 24, 12, 0)
    with pytest.raises(pre_orders.OrdersClosed) as refused:
        order(world, plan, run=run)
    coming = PreOrderRun.objects.get(due_on=dt.date(2026, 12, 3))
    assert refused.value.details["next_run"] == str(coming.public_id)
    assert "jeudi 3 décembre" in str(refused.value.message)
    assert not ServiceRequest.objects.exists()


def test_an_order_is_changed_until_the_cut_off(world: World, plan: PreOrderPlan, monday: Any) -> None:
    request = order(world, plan, small=2)
    changed = pre_orders.change_order(request, [wish_baskets(plan, small=0, big=5)], by=world.actor())
    assert (changed.reference, changed.total_incl_vat, changed.version) == (request.reference, Decimal("75.00"), 3)
    assert [(line.description, line.quantity) for line in changed.lines.all()] == [
        ("Panier de légumes – Grand", Decimal(5))
    ]
    assert (first_run(plan).taken, PreOrder.objects.get().pieces, int(changed.work_orders.get().quantity)) == (5, 5, 5)
    run = first_run(plan)
    to(monday, 24, 12, 1)
    with pytest.raises(pre_orders.OrdersClosed):
        pre_orders.change_order(request, [wish_baskets(plan, small=1)], by=world.actor())
    run.refresh_from_db()
    assert (run.taken, changed.lines.count()) == (5, 1)


def test_a_change_beyond_what_is_left_changes_nothing(world: World) -> None:
    plan = weekly_basket(world, capacity=4)
    request = order(world, plan, small=2)
    with pytest.raises(pre_orders.RunFull):
        pre_orders.change_order(request, [wish_baskets(plan, small=5)], by=world.actor())
    request.refresh_from_db()
    assert (request.total_incl_vat, first_run(plan).taken) == (Decimal("18.00"), 2)


def test_cancelling_gives_the_pieces_back_until_the_cut_off(world: World, plan: PreOrderPlan, monday: Any) -> None:
    request, kept = order(world, plan, small=2), order(world, plan, email="b@example.fr")
    requests.cancel_request(request, by=world.actor())
    run = first_run(plan)
    assert run.taken == 1
    to(monday, 24, 12, 1)
    with pytest.raises(pre_orders.OrdersClosed):
        requests.cancel_request(kept, by=world.actor())
    kept.refresh_from_db()
    run.refresh_from_db()
    assert (kept.status, run.taken) == (RequestStatus.CONFIRMED, 1)


@pytest.mark.promise("domain R7")
def test_at_the_cut_off_each_producer_has_one_sheet_for_all_sites(world: World, monday: Any) -> None:
    plan = weekly_basket(world)
    far = weekly_basket(
        world, site=_second_site(world, plan), service=plan.service, producer=plan.producer, capacity=10
    )
    order(world, plan, small=2, big=1)
    gone = order(world, plan, small=4, email="gone@example.fr")
    order(world, far, small=3, email="far@example.fr")
    requests.cancel_request(gone, by=world.actor())
    to(monday, 24, 12, 1)
    sweep(world)
    sweep(world)
    sheet = OrderSheet.objects.get()
    assert (sheet.content["orders"], sheet.content["columns"]) == (2, ["Conciergerie République", "Loin"])
    assert sheet.content["rows"] == [
        {"item": "Panier de légumes – Grand", "by_site": [1, 0], "total": 1},
        {"item": "Panier de légumes – Petit", "by_site": [2, 3], "total": 5},
    ]
    assert set(sheet.runs.values_list("status", flat=True)) == {RunStatus.CLOSED}
    assert Event.objects.filter(name="order_sheet.ready").count() == 1
    assert set(WorkOrder.objects.exclude(request=gone).values_list("status", flat=True)) == {"in_progress"}
    assert set(ServiceRequest.objects.exclude(pk=gone.pk).values_list("status", flat=True)) == {"in_progress"}


def _second_site(world: World, plan: PreOrderPlan) -> Any:
    from bookings.models import ServiceAtSite
    from concierge.models import Site

    site = Site.objects.create(
        organisation=world.organisation,
        name="Loin",
        slug="loin",
        street="1 rue Loin",
        postcode="21200",
        city="Beaune",
        latitude=Decimal("47.02"),
        longitude=Decimal("4.84"),
    )
    ServiceAtSite.objects.create(organisation=world.organisation, site=site, service=plan.service)
    return site


@pytest.fixture
def closed(world: World, plan: PreOrderPlan, monday: Any) -> Callable[..., list[PreOrder]]:
    """Orders made, and the cut-off over."""

    def call(*sizes: int) -> list[PreOrder]:
        made = [order(world, plan, small=n, email=f"c{i}@example.fr") for i, n in enumerate(sizes)]
        to(monday, 24, 12, 1)
        sweep(world)
        to(monday, 26, 12, 5)
        return [PreOrder.objects.get(request=request) for request in made]

    return call


@pytest.mark.promise("S25", "P07")
def test_the_sheet_as_pdf_and_csv_names_nobody(world: World, closed: Any) -> None:
    closed(2, 1)
    sheet = OrderSheet.objects.get()
    pdf, csv = pdf_of(sheet), csv_of(sheet).decode("utf-8-sig")
    assert (pdf[:8], pdf == pdf_of(sheet)) == (b"%PDF-1.7", True)
    assert csv == "Article;Conciergerie République;Total\r\nPanier de légumes – Petit;3;3\r\n"
    assert "Garnier" not in str(sheet.content)


def test_a_run_that_nobody_ordered_from_says_so(world: World, closed: Any) -> None:
    closed()
    sheet = OrderSheet.objects.get()
    assert (sheet.content["orders"], sheet.content["rows"], pdf_of(sheet)[:4]) == (0, [], b"%PDF")


@pytest.mark.promise("domain R7")
def test_ticked_undone_within_five_minutes_then_final(world: World, closed: Any, monday: Any) -> None:
    one, other = closed(1, 2)
    hand_outs.mark_handed_over(one, by=world.actor())
    hand_outs.undo_mark(one, by=world.actor())
    hand_outs.mark_handed_over(other, by=world.actor())
    to(monday, 26, 12, 11)
    sweep(world)
    one.refresh_from_db()
    other.refresh_from_db()
    assert (one.hand_out, one.request.status) == (HandOut.EXPECTED, RequestStatus.IN_PROGRESS)
    assert (other.hand_out, ServiceRequest.objects.get(pk=other.request_id).status) == (
        HandOut.HANDED_OVER,
        RequestStatus.CLOSED,
    )
    assert other.request.work_orders.get().status == WorkOrderStatus.VERIFIED
    with pytest.raises(hand_outs.NotHandedOutNow):
        hand_outs.undo_mark(other, by=world.actor())


def test_nothing_is_ticked_before_the_cut_off(world: World, plan: PreOrderPlan) -> None:
    order(world, plan)
    with pytest.raises(hand_outs.NotHandedOutNow):
        hand_outs.mark_handed_over(PreOrder.objects.get(), by=world.actor())


@pytest.mark.promise("domain R7")
@pytest.mark.parametrize(
    ("policy", "status", "work", "charged"),
    [(NoShowPolicy.CHARGED, "closed", "verified", True), (NoShowPolicy.REFUNDED, "closed", "failed", False)],
)
def test_who_did_not_come(
    world: World, closed: Any, monday: Any, policy: str, status: str, work: str, charged: bool
) -> None:
    PreOrderRun.objects.update(no_show_policy=policy)
    came, missing = closed(1, 1)
    hand_outs.mark_handed_over(came, by=world.actor())
    to(monday, 26, 14, 29)
    sweep(world)
    missing.refresh_from_db()
    assert missing.hand_out == HandOut.EXPECTED
    to(monday, 26, 14, 31)
    sweep(world)
    missing.refresh_from_db()
    request = ServiceRequest.objects.get(pk=missing.request_id)
    assert (missing.hand_out, request.status, request.work_orders.get().status) == (HandOut.NO_SHOW, status, work)
    assert Event.objects.get(name="pre_order.missed").data == {"charged": charged}
    came.refresh_from_db()
    assert (came.hand_out, came.run.status) == (HandOut.HANDED_OVER, RunStatus.DONE)


@pytest.mark.promise("domain R7")
def test_kept_until_the_next_open_day_then_given_away(world: World, closed: Any, monday: Any) -> None:
    PreOrderRun.objects.update(no_show_policy=NoShowPolicy.KEPT)
    fetched, lost = closed(1, 1)
    to(monday, 26, 14, 31)
    sweep(world)
    lost.refresh_from_db()
    assert (lost.hand_out, lost.kept_until.astimezone(PARIS).isoformat()) == ("kept", "2026-11-27T18:00:00+01:00")
    hand_outs.mark_handed_over(fetched, by=world.actor())
    to(monday, 27, 18, 1)
    sweep(world)
    lost.refresh_from_db()
    fetched.refresh_from_db()
    assert (lost.hand_out, fetched.hand_out) == (HandOut.NO_SHOW, HandOut.HANDED_OVER)
    assert set(ServiceRequest.objects.values_list("status", flat=True)) == {"closed"}


def test_somebody_who_often_leaves_orders_is_flagged(world: World, closed: Any) -> None:
    one, two = closed(1, 1)
    client = one.request.client_id
    for pre_order in (one, two):
        ServiceRequest.objects.filter(pk=pre_order.request_id).update(client_id=client)
        hand_outs.mark_not_fetched(pre_order, by=world.actor())
    from django.utils import timezone

    assert hand_outs.repeated_no_shows([client], timezone.now()) == {client: 2}


@pytest.mark.promise("domain R7")
def test_replaced_at_a_lower_price_and_refused(world: World, closed: Any, monday: Any) -> None:
    one, two = closed(2, 1)
    to(monday, 25, 9)
    hand_outs.substitute(
        one.run,
        description="Panier de légumes – Petit",
        replacement="Panier de fruits",
        unit_price=Decimal("8.00"),
        by=world.actor(),
    )
    one.request.refresh_from_db()
    assert (one.request.total_incl_vat, one.request.lines.get().description) == (Decimal("16.00"), "Panier de fruits")
    refused = two.substitutions.get()
    hand_outs.refuse_substitution(refused, by=world.actor())
    hand_outs.refuse_substitution(refused, by=world.actor())
    two.request.refresh_from_db()
    assert (two.request.total_incl_vat, two.request.lines.get().description) == (
        Decimal("0.00"),
        "Panier de légumes – Petit",
    )
    to(monday, 26, 12, 1)
    with pytest.raises(hand_outs.NotHandedOutNow):
        hand_outs.refuse_substitution(one.substitutions.get(), by=world.actor())


def test_a_replacement_is_never_dearer_and_replaces_something(world: World, closed: Any) -> None:
    (one,) = closed(1)
    by = world.actor()
    with pytest.raises(hand_outs.Dearer):
        hand_outs.substitute(
            one.run, description="Panier de légumes – Petit", replacement="X", unit_price=Decimal("9.01"), by=by
        )
    with pytest.raises(Invalid):
        hand_outs.substitute(one.run, description="Melons", replacement="X", unit_price=Decimal(1), by=by)
    assert one.request.lines.get().unit_price_incl_vat == Decimal("9.00")


def test_a_hand_out_is_called_off_with_all_its_orders(world: World, plan: PreOrderPlan) -> None:
    request = order(world, plan)
    run = first_run(plan)
    with pytest.raises(Invalid):
        cut_offs.cancel_run(run, reason=" ", by=world.actor())
    cut_offs.cancel_run(run, reason="Gel", by=world.actor())
    sweep(world)
    request.refresh_from_db()
    run.refresh_from_db()
    assert (run.status, run.taken, request.status, request.cancel_reason) == ("cancelled", 0, "cancelled", "Gel")


def test_a_stopped_plan_takes_no_orders_and_makes_no_runs(world: World, plan: PreOrderPlan, monday: Any) -> None:
    run = first_run(plan)
    plans.close_plan(plan, by=world.actor())
    plan.refresh_from_db()
    assert (plan.is_active, plans.make_runs(plan)) == (False, [])
    assert not PreOrderRun.objects.taking_orders(run.orders_close_at - dt.timedelta(hours=1)).exists()


def test_what_is_handed_out_is_billed_once(world: World, closed: Any, monday: Any) -> None:
    one, _two = closed(2, 1)
    hand_outs.mark_handed_over(one, by=world.actor())
    to(monday, 26, 12, 11)
    sweep(world)
    settle(world.organisation)
    assert list(WorkOrder.objects.billable().values_list("request_id", flat=True)) == [one.request_id]
