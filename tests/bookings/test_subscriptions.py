"""A client subscribes to the weekly basket while they book it, and pauses or stops it where they see it (R7)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings.actions import plans, recurrences, subscriptions
from bookings.actions.day_reasons import reason_words
from bookings.actions.plan_changes import edit_plan
from bookings.actions.subscriptions import AlreadySubscribed
from bookings.enums import RequestStatus
from bookings.models import Client, PreOrder, PreOrderPlan, Recurrence, ServiceRequest
from concierge.errors import Invalid
from concierge.models import User
from tests.bookings.conftest import PARIS, details, first_run, weekly_basket, wish_baskets
from tests.bookings.test_booking_pages import hidden, shown
from tests.bookings.test_pre_order_pages import BOOK, up_to_the_run
from tests.bookings.test_recurrences import begin, states, sweep
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
EMAIL = "ines.garnier@example.fr"


@pytest.fixture
def plan(world: World) -> PreOrderPlan:
    return weekly_basket(world)


@pytest.fixture
def ines(world: World) -> Browser:
    """Inès, signed in with an address that she has proved."""
    user = User.objects.create_user(EMAIL, first_name="Inès", last_name="Garnier")
    EmailAddress.objects.create(user=user, email=EMAIL, verified=True, primary=True)
    browser = Browser()
    browser.force_login(user)
    return browser


def order(world: World, plan: PreOrderPlan, **changes: Any) -> ServiceRequest:
    given: dict[str, Any] = {"client": details(), "wishes": [wish_baskets(plan, 2)], "sent_key": uuid.uuid4()}
    run = changes.pop("run", first_run(plan))
    return subscriptions.order_every_time(run, by=world.actor(), **{**given, **changes})


def review(browser: Browser, plan: PreOrderPlan) -> tuple[str, dict[str, str]]:
    up_to_the_run(browser, plan)
    browser.post(f"{BOOK}creneau/", {"run": str(first_run(plan).public_id)})
    browser.post(f"{BOOK}coordonnees/", {"first_name": "Inès", "last_name": "Garnier", "email": EMAIL})
    page = shown(browser.get(f"{BOOK}verification/"))
    return page, hidden(page, "hold", "total")


@pytest.mark.promise("domain R7")
def test_one_tick_orders_this_one_and_the_next(world: World, plan: PreOrderPlan, ines: Browser) -> None:
    page, form = review(ines, plan)
    assert "Chaque semaine, jusqu’à ce que je dise stop" in page
    assert "Jusqu’au mardi à 12:00 avant chaque distribution" in page
    first, again = (ines.post(f"{BOOK}verification/", {**form, "every_time": "on"}) for _n in range(2))
    assert (first.status_code, first["Location"]) == (302, again["Location"])
    sweep(world)
    series = Recurrence.objects.get()
    assert (series.rule, series.starts_on, series.plan) == (
        "FREQ=WEEKLY;INTERVAL=1;BYDAY=TH",
        dt.date(2026, 11, 26),
        plan,
    )
    assert states(series)[:4] == [
        ("26/11 12:00", "booked", ""),
        ("03/12 12:00", "booked", ""),
        ("10/12 12:00", "booked", ""),
        ("17/12 12:00", "planned", ""),
    ]
    assert [run.taken for run in plan.runs.order_by("due_on")[:3]] == [2, 2, 2]
    assert "Revient tout seul" in shown(ines.get(first["Location"]))


@pytest.mark.promise("domain R7")
@pytest.mark.parametrize(("from_on", "first"), [(27, dt.date(2026, 12, 4)), (30, dt.date(2026, 12, 4))])
def test_before_the_plan_has_other_days_what_follows_begins_with_these(
    world: World, plan: PreOrderPlan, ines: Browser, from_on: int, first: dt.date
) -> None:
    """It once began on the new weekday at once: nothing was found that day, and the page named the new cut-off."""
    changes = {"handout_weekday": 4, "cut_off_weekday": 2}
    edit_plan(plan, changes, from_on=dt.date(2026, 11, from_on), by=world.actor())
    page, form = review(ines, plan)
    assert "Jusqu’au mercredi à 12:00 avant chaque distribution" in page
    assert "Celle-ci peut être modifiée ou annulée jusqu’au mardi 24 novembre" in page
    assert "Les suivantes commencent le vendredi 4 décembre." in page
    one, again = (ines.post(f"{BOOK}verification/", {**form, "every_time": "on"}) for _n in range(2))
    assert (one.status_code, one["Location"]) == (302, again["Location"])
    sweep(world)
    series = Recurrence.objects.get()
    assert (series.rule, series.starts_on) == ("FREQ=WEEKLY;INTERVAL=1;BYDAY=FR", first)
    assert [row[:2] for row in states(series)[:2]] == [("04/12 12:00", "booked"), ("11/12 12:00", "booked")]
    assert (PreOrder.objects.get(run__due_on=dt.date(2026, 11, 26)).run.taken, PreOrder.objects.count()) == (2, 3)


def test_nothing_follows_the_last_one(world: World, plan: PreOrderPlan) -> None:
    changes = {"handout_weekday": 4, "ends_on": dt.date(2026, 11, 27)}
    edit_plan(plan, changes, from_on=dt.date(2026, 11, 27), by=world.actor())
    run = plan.runs.select_related("plan__producer", "site__organisation").get(due_on=dt.date(2026, 11, 26))
    with pytest.raises(Invalid) as refused:
        order(world, plan, run=run)
    assert (refused.value.field, PreOrder.objects.count(), Recurrence.objects.count()) == ("every_time", 0, 0)


def test_without_the_tick_it_is_one_order(world: World, plan: PreOrderPlan, ines: Browser) -> None:
    _page, form = review(ines, plan)
    ines.post(f"{BOOK}verification/", form)
    sweep(world)
    assert (PreOrder.objects.count(), Recurrence.objects.count()) == (1, 0)


def test_whoever_has_it_every_week_is_told_at_the_tick(world: World, plan: PreOrderPlan, ines: Browser) -> None:
    order(world, plan)
    _page, form = review(ines, plan)
    page = shown(ines.post(f"{BOOK}verification/", {**form, "every_time": "on"}), 409)
    assert ('id="id_every_time_error"' in page, "Vous le recevez déjà à chaque fois" in page) == (True, True)
    assert (Recurrence.objects.count(), first_run(plan).taken) == (1, 2)
    assert ines.post(f"{BOOK}verification/", form).status_code == 302


def test_a_second_record_of_the_same_person_does_not_subscribe_twice(world: World, plan: PreOrderPlan) -> None:
    order(world, plan)
    kept = Client.objects.get(email=EMAIL)
    Client.objects.filter(pk=world.client.pk).update(merged_into=kept)
    Recurrence.objects.update(client=world.client)
    with pytest.raises(AlreadySubscribed):
        order(world, plan)


def test_an_appointment_has_no_such_tick(world: World, plan: PreOrderPlan, ines: Browser) -> None:
    page, _form = review(ines, plan)
    assert 'name="every_time"' in page
    ines.post(f"{BOOK}pour-qui/", {"first_name": "Paul", "last_name": "Roux", "phone": "06 11 22 33 44"})
    page = shown(ines.get(f"{BOOK}verification/"))
    assert ("Paul Roux" in page, 'name="every_time"' in page) == (True, False)


@pytest.mark.promise("domain R7")
def test_it_is_seen_paused_resumed_and_stopped_in_ones_space(world: World, plan: PreOrderPlan, ines: Browser) -> None:
    made = order(world, plan)
    sweep(world)
    series = Recurrence.objects.get()
    path = f"/mes-demandes/regulieres/{series.public_id}/"
    assert f'href="{path}"' in shown(ines.get("/mes-demandes/"))
    page = shown(ines.get(path))
    assert "Chaque commande peut être modifiée ou annulée jusqu’au mardi à 12:00 avant la distribution." in page
    assert ines.post(path, {"verb": "pause", "first": "2026-12-01", "last": "2026-12-06"})["Location"] == path
    assert [row[1] for row in states(series)[:3]] == ["booked", "skipped", "booked"]
    assert "En pause" in shown(Browser().get(f"/suivi/{made.tracking_token}/"))
    ines.post(path, {"verb": "reprendre"})
    sweep(world)
    assert [row[1] for row in states(series)[:3]] == ["booked"] * 3
    day = series.occurrences.get(due_on=dt.date(2026, 12, 10))
    ines.post(path, {"verb": "passer", "day": str(day.public_id)})
    ines.post(path, {"verb": "arreter"})
    series.refresh_from_db()
    assert (series.status, path in shown(ines.get("/mes-demandes/"))) == ("ended", False)
    assert [run.taken for run in plan.runs.order_by("due_on")[:3]] == [0, 0, 0]
    assert "Terminée" in shown(Browser().get(f"/suivi/{made.tracking_token}/"))


def test_the_link_of_any_day_leads_to_what_it_has_become(world: World, plan: PreOrderPlan, monday: Any) -> None:
    from bookings.actions.recurrence_edits import edit_recurrence

    made = order(world, plan)
    sweep(world)
    old = Recurrence.objects.get()
    wanted = recurrences.Wanted(
        name="Deux grands",
        rule=old.rule,
        starts_on=dt.date(2026, 12, 3),
        at=old.at,
        wishes=[wish_baskets(plan, 0, 2)],
    )
    new = edit_recurrence(old, wanted, by=world.actor())
    browser, path = Browser(), f"/suivi/{made.tracking_token}/serie/"
    assert "Deux grands" in shown(browser.get(path))
    browser.post(path, {"verb": "arreter"})
    new.refresh_from_db()
    assert new.status == "ended"


def test_a_daily_one_goes_on_for_ever_and_any_day_can_be_left_out(world: World, monday: Any) -> None:
    series = begin(world, rule="FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", starts_on=dt.date(2026, 11, 24))
    sweep(world)
    for _week in range(6):
        monday.shift(dt.timedelta(days=8))
        ServiceRequest.objects.filter(promised_start__lt=timezone.now()).update(status=RequestStatus.CLOSED)
        sweep(world)
    assert (series.occurrences.count(), list(series.occurrences.troubled())) == (74, [])
    request = ServiceRequest.objects.order_by("-pk")[0]
    day = series.occurrences.order_by("-due_on")[0]
    Browser().post(f"/suivi/{request.tracking_token}/serie/", {"verb": "passer", "day": str(day.public_id)})
    day.refresh_from_db()
    assert day.status == "skipped"


@pytest.mark.promise("S01")
def test_nobody_elses(world: World, plan: PreOrderPlan, ines: Browser) -> None:
    series = begin(world)
    assert ines.get(f"/mes-demandes/regulieres/{series.public_id}/").status_code == 404
    order(world, plan)
    mine = Recurrence.objects.get(plan=plan)
    path = f"/mes-demandes/regulieres/{mine.public_id}/"
    theirs = series.occurrences.order_by("pk")[0]
    for day in (str(theirs.public_id), "x", ""):
        assert ines.post(path, {"verb": "passer", "day": day}).status_code == 404
    theirs.refresh_from_db()
    assert theirs.status == "planned"


def test_ones_space_asks_as_much_for_three_as_for_one(world: World, plan: PreOrderPlan, ines: Browser) -> None:
    order(world, plan)
    counts = []
    for number in (1, 3):
        while Recurrence.objects.filter(client__email=EMAIL).count() < number:
            found = begin(world)
            Recurrence.objects.filter(pk=found.pk).update(client=Client.objects.get(email=EMAIL))
        ines.get("/mes-demandes/")
        with CaptureQueriesContext(connection) as asked:
            assert ines.get("/mes-demandes/").status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_a_hand_out_later_in_the_day_than_usual_is_still_the_first_day(world: World, plan: PreOrderPlan) -> None:
    run = first_run(plan)
    later = dt.datetime(2026, 11, 27, 12, tzinfo=PARIS)
    plan.runs.filter(pk=run.pk).update(handout_starts_at=later, handout_ends_at=later + dt.timedelta(hours=2))
    made = order(world, plan, run=first_run(plan))
    day = made.occurrence
    assert (day.due_on, day.starts_at, day.status) == (dt.date(2026, 11, 26), later, "booked")


# --- days whose hand-out is not there yet, or no longer takes orders ----------------------------------------


@pytest.mark.promise("domain R7")
def test_every_two_weeks_is_booked_through_the_cut_offs(world: World, monday: Any) -> None:
    """A cut-off makes the next hand-out sixteen days before it, and the subscription books it twenty-one before: every
    time was once a failure."""
    plan = weekly_basket(world, every_weeks=2)
    order(world, plan)
    series = Recurrence.objects.get()
    for day in range(40):
        monday.move_to(dt.datetime(2026, 11, 23, 13, tzinfo=PARIS) + dt.timedelta(days=day), tick=True)
        sweep(world)
    assert list(plan.runs.order_by("due_on").values_list("due_on", "status", "taken")[:4]) == [
        (dt.date(2026, 12, 3), "done", 2),
        (dt.date(2026, 12, 17), "done", 2),
        (dt.date(2026, 12, 31), "done", 2),
        (dt.date(2027, 1, 14), "open", 2),
    ]
    assert states(series)[:4] == [
        ("03/12 12:00", "booked", ""),
        ("17/12 12:00", "booked", ""),
        ("31/12 12:00", "booked", ""),
        ("14/01 12:00", "booked", ""),
    ]


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (
            "closed",
            "orders_closed",
            "Les commandes pour cette distribution sont closes. Vous pouvez commander pour la suivante\xa0: jeudi 3 "
            "décembre à 12:00.",
        ),
        (
            "done",
            "orders_closed",
            "Les commandes pour cette distribution sont closes. Vous pouvez commander pour la suivante\xa0: jeudi 3 "
            "décembre à 12:00.",
        ),
        ("skipped", "no_run", "Il n’y a pas de distribution ce jour-là\xa0: elle est supprimée ou annulée."),
        ("cancelled", "no_run", "Il n’y a pas de distribution ce jour-là\xa0: elle est supprimée ou annulée."),
    ],
)
def test_a_hand_out_that_takes_no_orders_says_why(
    world: World, plan: PreOrderPlan, status: str, code: str, reason: str
) -> None:
    plan.runs.filter(pk=first_run(plan).pk).update(status=status)
    wanted: dict[str, Any] = {"rule": "FREQ=WEEKLY;BYDAY=TH", "starts_on": dt.date(2026, 11, 26)}
    series = begin(world, wishes=[wish_baskets(plan)], **wanted)
    sweep(world)
    day = series.occurrences.order_by("due_on")[0]
    assert (day.status, day.reason_code, reason_words(day)) == ("failed", code, reason)


def test_a_plan_that_was_closed_takes_no_orders_and_makes_no_hand_out(world: World, monday: Any) -> None:
    plan = weekly_basket(world, every_weeks=2)
    order(world, plan)
    plans.close_plan(plan, by=world.actor())
    monday.move_to(dt.datetime(2026, 12, 11, 8, tzinfo=PARIS), tick=True)
    sweep(world)
    assert states(Recurrence.objects.get())[:3] == [
        ("03/12 12:00", "booked", ""),
        ("17/12 12:00", "failed", "orders_closed"),
        ("31/12 12:00", "failed", "no_run"),
    ]
