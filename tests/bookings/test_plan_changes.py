"""A plan and its producer edited: what people who ordered were told stays, the rest is made anew (R7)."""

from __future__ import annotations

import datetime as dt
import re
import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from bookings.actions import plan_changes, plans, pre_orders, subscriptions
from bookings.actions.plan_changes import OrderedAlready, edit_plan, first_free
from bookings.enums import NoShowPolicy
from bookings.models import (
    Occurrence,
    OrderSheet,
    PreOrder,
    PreOrderPlan,
    PreOrderRun,
    Producer,
    Recurrence,
    ServiceRequest,
)
from concierge.errors import Conflict, Invalid, WrongState
from concierge.models import Deadline, Event
from notifications.models import Message
from tests.bookings.conftest import PARIS, details, first_run, weekly_basket, wish_baskets
from tests.bookings.test_booking_pages import shown
from tests.bookings.test_pre_orders import order, sweep, to
from tests.bookings.test_races import race, real_world
from tests.conftest import settle
from tests.world import World

__all__ = ["real_world"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
FREE = dt.date(2026, 11, 27)


@pytest.fixture
def plan(world: World) -> PreOrderPlan:
    return weekly_basket(world)


@pytest.fixture
def desk(world: World) -> Browser:
    browser = Browser()
    browser.force_login(world.users["concierge"])
    return browser


def change(world: World, plan: PreOrderPlan, from_on: dt.date = FREE, **changes: Any) -> PreOrderPlan:
    return edit_plan(plan, changes, from_on=from_on, by=world.actor())


def runs(plan: PreOrderPlan) -> list[tuple[str, str, str, int]]:
    """Day of the rhythm, hours, state and places of each hand-out."""
    return [
        (
            f"{run.due_on:%d/%m}",
            f"{run.handout_starts_at.astimezone(PARIS):%H:%M}–{run.handout_ends_at.astimezone(PARIS):%H:%M}",
            run.status,
            run.capacity,
        )
        for run in PreOrderRun.objects.filter(plan=plan).order_by("due_on")
    ]


def cut_offs(plan: PreOrderPlan) -> list[str]:
    """When orders close, by the deadlines that are open."""
    keys = plan.runs.values("pk")
    due = Deadline.objects.filter(kind=plans.CUT_OFF, subject_id__in=keys, fired_at=None, cancelled_at=None)
    return [
        f"{moment.astimezone(PARIS):%d/%m %H:%M}" for moment in due.order_by("due_at").values_list("due_at", flat=True)
    ]


THURSDAYS = [(day, "12:00–14:00", "open", 20) for day in ("26/11", "03/12", "10/12", "17/12")]


@pytest.mark.promise("domain R7")
def test_hours_and_cut_off_change_for_whom_nobody_has_told_anything(world: World, plan: PreOrderPlan) -> None:
    made = order(world, plan)
    assert (runs(plan), first_free(plan)) == (THURSDAYS, FREE)
    changed: dict[str, Any] = {
        "handout_opens": dt.time(16),
        "handout_closes": dt.time(18),
        "cut_off_weekday": 2,
        "capacity": 30,
    }
    change(world, plan, **changed)
    later = [(day, "16:00–18:00", "open", 30) for day in ("03/12", "10/12", "17/12")]
    assert runs(plan) == [THURSDAYS[0], *later]
    assert cut_offs(plan) == ["24/11 12:00", "02/12 12:00", "09/12 12:00", "16/12 12:00"]
    made.refresh_from_db()
    assert made.promised_start == dt.datetime(2026, 11, 26, 12, tzinfo=PARIS)
    event = Event.objects.get(name="pre_order_plan.changed")
    assert event.data == {"changed": sorted(changed), "from_on": "2026-11-27"}
    # Again: nothing.
    change(world, plan, **changed)
    assert Event.objects.filter(name="pre_order_plan.changed").count() == 1


@pytest.mark.promise("domain R7")
@pytest.mark.parametrize(
    "changes",
    [
        {"handout_weekday": 4},
        {"handout_opens": dt.time(11)},
        {"handout_closes": dt.time(15)},
        {"cut_off_weekday": 2},
        {"cut_off_time": dt.time(18)},
        {"every_weeks": 2},
        {"holiday_rule": "skip"},
        {"no_show_policy": "refunded"},
        {"ends_on": dt.date(2026, 11, 25)},
    ],
)
def test_what_people_were_told_stays(world: World, plan: PreOrderPlan, changes: dict[str, Any]) -> None:
    order(world, plan)
    before = PreOrderPlan.objects.values().get()
    with pytest.raises(OrderedAlready) as refused:
        change(world, plan, dt.date(2026, 11, 23), **changes)
    field = "ends_on" if "ends_on" in changes else "from_on"
    assert (refused.value.field, refused.value.details) == (field, {"day": "2026-11-26"})
    assert (runs(plan), PreOrderPlan.objects.values().get()) == (THURSDAYS, before)
    assert not Event.objects.filter(name="pre_order_plan.changed").exists()


def test_places_change_also_where_people_have_ordered_never_below_what_is_taken(
    world: World, plan: PreOrderPlan
) -> None:
    order(world, plan, small=3)
    today = dt.date(2026, 11, 23)
    change(world, plan, today, capacity=40)
    assert [row[3] for row in runs(plan)] == [40] * 4
    with pytest.raises(Invalid) as refused:
        change(world, plan, today, capacity=2)
    assert (refused.value.field, [row[3] for row in runs(plan)]) == ("capacity", [40] * 4)
    change(world, plan, today, capacity=3)
    assert [row[3] for row in runs(plan)] == [3] * 4


@pytest.mark.promise("domain R7")
def test_another_day_and_back_again(world: World, plan: PreOrderPlan) -> None:
    order(world, plan)
    change(world, plan, handout_weekday=4)
    fridays = [(day, "12:00–14:00", "open", 20) for day in ("27/11", "04/12", "11/12", "18/12")]
    left = [(day, "12:00–14:00", "skipped", 20) for day in ("03/12", "10/12", "17/12")]
    assert runs(plan) == sorted([THURSDAYS[0], *fridays, *left], key=lambda row: (row[0][3:], row[0]))
    assert {run.reason_words for run in plan.runs.filter(status="skipped")} == {
        "La formule a changé\u00a0: rien n’est distribué ce jour-là."
    }
    change(world, plan, handout_weekday=3)
    assert [row for row in runs(plan) if row[2] == "open"] == THURSDAYS
    assert [row[0] for row in runs(plan) if row[2] == "skipped"] == ["27/11", "04/12", "11/12", "18/12"]


def test_every_two_weeks_begins_with_the_first_day_of_the_change(world: World, plan: PreOrderPlan) -> None:
    change(world, plan, every_weeks=2)
    assert [row[0] for row in runs(plan) if row[2] == "open"] == ["26/11", "03/12", "17/12"]


def test_an_end_leaves_out_what_comes_after_it(world: World, plan: PreOrderPlan) -> None:
    order(world, plan)
    change(world, plan, dt.date(2026, 11, 23), ends_on=dt.date(2026, 12, 5))
    assert [row[2] for row in runs(plan)] == ["open", "open", "skipped", "skipped"]
    change(world, plan, ends_on=None)
    assert runs(plan) == THURSDAYS


@pytest.mark.promise("domain R7")
def test_the_rule_of_what_nobody_fetches_is_that_of_the_day_of_the_order(
    world: World, plan: PreOrderPlan, monday: Any
) -> None:
    first = order(world, plan)
    change(world, plan, no_show_policy=NoShowPolicy.REFUNDED)
    second = order(world, plan, run=plan.runs.get(due_on=dt.date(2026, 12, 3)), email="b@example.fr")
    for day, month in ((24, 11), (26, 11), (1, 12), (3, 12)):
        monday.move_to(dt.datetime(2026, month, day, 14, 31, tzinfo=PARIS), tick=True)
        sweep(world)
    states = {one.request_id: one.request.work_orders.get().status for one in PreOrder.objects.all()}
    assert states == {first.pk: "verified", second.pk: "failed"}


@pytest.mark.parametrize(
    ("changes", "from_on", "field"),
    [
        ({"handout_closes": dt.time(11)}, FREE, None),
        ({"every_weeks": 9}, FREE, None),
        ({"capacity": 0}, FREE, None),
        ({"grace_minutes": 500}, FREE, None),
        ({"ends_on": dt.date(2026, 10, 1)}, FREE, None),
        ({"handout_weekday": 9}, FREE, None),
        ({"capacity": 30}, dt.date(2026, 11, 22), "from_on"),
        ({"capacity": 30}, dt.date(2026, 12, 22), "from_on"),
        ({"capacity": 30}, dt.date.max, "from_on"),
        ({"site_id": 1}, FREE, None),
    ],
)
def test_what_makes_no_sense_changes_nothing(
    world: World, plan: PreOrderPlan, changes: dict[str, Any], from_on: dt.date, field: str | None
) -> None:
    before = PreOrderPlan.objects.values().get()
    with pytest.raises(Invalid) as refused:
        change(world, plan, from_on, **changes)
    assert refused.value.field == field
    assert (runs(plan), PreOrderPlan.objects.values().get()) == (THURSDAYS, before)


def test_a_plan_that_is_closed_stays_so(world: World, plan: PreOrderPlan) -> None:
    plans.close_plan(plan, by=world.actor())
    with pytest.raises(WrongState):
        change(world, plan, capacity=30)


# --- regular orders ----------------------------------------


@pytest.mark.promise("domain R7")
def test_regular_orders_follow_to_another_day(world: World, plan: PreOrderPlan, monday: Any) -> None:
    subscriptions.order_every_time(
        first_run(plan), client=details(), wishes=[wish_baskets(plan)], by=world.actor(), sent_key=world.site.public_id
    )
    sweep(world)
    free = first_free(plan)
    # Booked three weeks ahead: what was booked takes place.
    assert free == dt.date(2026, 12, 11)
    change(world, plan, free, handout_weekday=4, handout_opens=dt.time(11))
    sweep(world)
    going_on = Recurrence.objects.going_on().get()
    assert (going_on.rule, going_on.starts_on, going_on.at) == (
        "FREQ=WEEKLY;INTERVAL=1;BYDAY=FR",
        dt.date(2026, 12, 18),
        dt.time(11),
    )
    assert not Event.objects.filter(name="recurrence.left_behind").exists()
    monday.move_to(dt.datetime(2026, 12, 1, 8, tzinfo=PARIS), tick=True)
    sweep(world)
    booked = Occurrence.objects.filter(status="booked").order_by("due_on")
    days = ["Thu 26/11", "Thu 03/12", "Thu 10/12", "Fri 18/12"]
    assert [f"{one.due_on:%a %d/%m}" for one in booked] == days
    assert not Occurrence.objects.filter(status="failed").exists()
    # Fired again, it finds nothing to do.
    Deadline.objects.filter(kind=plan_changes.FOLLOW).update(fired_at=None)
    sweep(world)
    assert (Recurrence.objects.count(), Recurrence.objects.going_on().get()) == (2, going_on)


# --- at the same moment ----------------------------------------


@pytest.mark.parametrize("is_guarded", [True, False])
@pytest.mark.django_db(transaction=True)
def test_nobody_orders_for_what_is_changed_that_moment(
    real_world: World, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    """And the twin, which takes pieces without looking at the hours: somebody is promised other ones."""
    plan = weekly_basket(real_world)
    run, is_changed = first_run(plan), threading.Event()
    take = pre_orders._take

    def late(of: PreOrderRun, pieces: int, now: dt.datetime) -> None:
        assert is_changed.wait(timeout=10)
        if not is_guarded:
            of = PreOrderRun.objects.get(pk=of.pk)
        take(of, pieces, now)

    monkeypatch.setattr(pre_orders, "_take", late)

    def act(number: int) -> None:
        if number:
            pre_orders.order_ahead(run, client=details(), wishes=[wish_baskets(plan)], by=real_world.actor())
        else:
            change(real_world, plan, dt.date(2026, 11, 23), handout_opens=dt.time(13))
            is_changed.set()

    done = race(real_world, 2, act)
    promised = list(ServiceRequest.objects.values_list("promised_start", flat=True))
    run.refresh_from_db()
    if is_guarded:
        assert (done, promised, run.taken) == ({"ok": 1, "hand_out_changed": 1}, [], 0)
    else:
        assert (done, len(promised), promised == [run.handout_starts_at]) == ({"ok": 2}, 1, False)


# --- pages ----------------------------------------


def typed(page: str, **changes: str) -> dict[str, str]:
    """The form as a browser sends it back, hidden fields included."""
    fields: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", page):
        name, value = (re.search(rf' {what}="([^"]*)"', tag) for what in ("name", "value"))
        if name and name[1] not in {"csrfmiddlewaretoken", "q", "language", "next"}:
            fields[name[1]] = value[1] if value else ""
    for name, options in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        fields[name] = chosen[1] if chosen else ""
    return {**fields, **changes}


def test_the_team_changes_a_plan_and_keeps_what_others_changed_meanwhile(
    world: World, plan: PreOrderPlan, desk: Browser
) -> None:
    order(world, plan)
    path = f"/precommandes/formules/{plan.public_id}/modifier/"
    assert path in shown(desk.get("/precommandes/"))
    page = shown(desk.get(path))
    assert "jusqu’au jeudi 26 novembre" in page
    assert typed(page)["from_on"] == "2026-11-27"
    change(world, plan, capacity=55)
    answer = desk.post(path, typed(page, handout_opens="13:00"))
    assert (answer.status_code, answer["Location"]) == (302, "/precommandes/")
    plan.refresh_from_db()
    assert (plan.handout_opens, plan.capacity) == (dt.time(13), 55)


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"from_on": "2026-11-23", "handout_opens": "13:00"}, 409, "jeudi 26 novembre"),
        ({"from_on": ""}, 422, "obligatoire"),
        ({"from_on": "1-1-1"}, 422, "valide"),
        ({"handout_closes": "11:00"}, 400, "doit finir après son début"),
        ({"capacity": "2500"}, 422, "2000"),
        ({"every_weeks": "x"}, 422, "nombre entier"),
        ({"handout_weekday": "12"}, 422, "choix valide"),
        ({"ends_on": "2026-11-24"}, 409, "jeudi 26 novembre"),
    ],
)
def test_a_wrong_change_is_said_at_its_field_and_what_was_typed_stays(
    world: World, plan: PreOrderPlan, desk: Browser, changes: dict[str, str], status: int, said: str
) -> None:
    order(world, plan)
    path = f"/precommandes/formules/{plan.public_id}/modifier/"
    before = PreOrderPlan.objects.values().get()
    sent = typed(shown(desk.get(path)), grace_minutes="45", **changes)
    page = shown(desk.post(path, sent), status)
    assert said in page
    assert typed(page)["grace_minutes"] == "45"
    assert (runs(plan), PreOrderPlan.objects.values().get()) == (THURSDAYS, before)


def test_a_producer_is_corrected_and_what_was_made_keeps_what_it_says(
    world: World, plan: PreOrderPlan, desk: Browser, monday: Any
) -> None:
    order(world, plan)
    to(monday, 24, 12, 1)
    sweep(world)
    settle(world.organisation)
    producer = plan.producer
    assert str(producer.public_id) in shown(desk.get("/precommandes/producteurs/"))
    path = f"/precommandes/producteurs/{producer.public_id}/modifier/"
    page = shown(desk.get(path))
    Producer.objects.update(address="2 rue des Champs")
    sent = typed(page, email="nouveau@jardins.example", phone="03 80 12 34 56")
    assert desk.post(path, sent).status_code == 302
    producer.refresh_from_db()
    assert (producer.email, producer.phone.as_e164, producer.address) == (
        "nouveau@jardins.example",
        "+33380123456",
        "2 rue des Champs",
    )
    assert OrderSheet.objects.get().content["producer"]["address"] == ""
    assert Event.objects.get(name="producer.changed").data == {"changed": ["email", "phone"]}
    # The next sheet goes there.
    order(world, plan, run=plan.runs.get(due_on=dt.date(2026, 12, 3)), email="b@example.fr")
    monday.move_to(dt.datetime(2026, 12, 1, 12, 1, tzinfo=PARIS), tick=True)
    sweep(world)
    settle(world.organisation)
    sent_to = Message.objects.filter(kind="order_sheet.ready", recipient_kind="provider").order_by("pk")
    assert list(sent_to.values_list("address", flat=True)) == ["jardins@example.fr", "nouveau@jardins.example"]


def test_a_wrong_producer_is_said_at_its_field(world: World, plan: PreOrderPlan, desk: Browser) -> None:
    other = plans.add_producer(world.organisation, name="Le Four", by=world.actor())
    path = f"/precommandes/producteurs/{other.public_id}/modifier/"
    page = shown(desk.get(path))
    for wrong, status, said in (
        ({"name": plan.producer.name}, 409, "Un autre producteur porte déjà ce nom"),
        ({"name": " "}, 422, "obligatoire"),
        ({"email": "non"}, 422, "adresse"),
        ({"phone": "12"}, 422, "numéro"),
        ({"language": "de"}, 422, "choix valide"),
    ):
        answer = shown(desk.post(path, typed(page, **{"address": "Ici", **wrong})), status)
        assert (said in answer, "Ici" in answer) == (True, True)
    assert Producer.objects.filter(pk=other.pk, name="Le Four", address="", email="").exists()
    with pytest.raises(Conflict):
        plans.edit_producer(other, {"name": plan.producer.name}, by=world.actor())


def test_what_is_typed_of_a_known_producer_is_never_dropped(world: World, plan: PreOrderPlan, desk: Browser) -> None:
    plans.close_plan(plan, by=world.actor())
    page = shown(desk.get("/precommandes/nouvelle/"))
    sent = typed(
        page,
        site=str(world.site.public_id),
        service=str(plan.service.public_id),
        producer=plan.producer.name,
        producer_email="nouveau@jardins.example",
        handout_opens="12:00",
        handout_closes="14:00",
        cut_off_time="12:00",
    )
    answer = shown(desk.post("/precommandes/nouvelle/", sent), 400)
    assert ("jardins@example.fr" in answer, "nouveau@jardins.example" in answer) == (True, True)
    assert (PreOrderPlan.objects.count(), Producer.objects.get().email) == (1, "jardins@example.fr")
    Producer.objects.update(phone="+33380123456")
    for given, status in (
        ({"producer_email": "", "producer_phone": "0380123457"}, 400),
        ({"producer_email": "", "producer_address": "Ici"}, 400),
        ({"producer_email": "Jardins@example.fr", "producer_phone": "03 80 12 34 56"}, 302),
    ):
        assert desk.post("/precommandes/nouvelle/", {**sent, **given}).status_code == status


def test_the_list_of_producers_asks_as_much_for_three_as_for_one(
    world: World, plan: PreOrderPlan, desk: Browser
) -> None:
    desk.get("/precommandes/producteurs/")
    with CaptureQueriesContext(connection) as one:
        shown(desk.get("/precommandes/producteurs/"))
    for name in ("Le Four", "Le Verger"):
        plans.add_producer(world.organisation, name=name, by=world.actor())
    with CaptureQueriesContext(connection) as three:
        page = shown(desk.get("/precommandes/producteurs/"))
    assert (len(three), "Le Verger" in page) == (len(one), True)
    found = shown(desk.get("/precommandes/producteurs/?q=verger"))
    assert ("Le Verger" in found, "Le Four" in found) == (True, False)
    assert "Aucun producteur de ce nom" in shown(desk.get("/precommandes/producteurs/?q=zzz"))
