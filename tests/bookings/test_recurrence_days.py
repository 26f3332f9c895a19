"""The days of a regular request over the months: the chain that never ends, whose they are, pauses that change."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client as Browser

from bookings.actions import recurrence_days, recurrence_edits, recurrence_pauses, recurrences
from bookings.actions.beneficiaries import Beneficiary
from bookings.actions.clients import ClientDetails
from bookings.actions.day_reasons import reason_words
from bookings.actions.kept_orders import wishes_of
from bookings.actions.pricing import offered_on
from bookings.actions.requests import cancel_request, decline_request
from bookings.actions.rescheduling import reschedule_request
from bookings.actions.tariffs import add_supplement
from bookings.enums import Place
from bookings.forms.recurrence import EditForm
from bookings.models import Client, Closure, Recurrence, Service, ServiceRequest, WorkOrder
from bookings.rules.prices import WHOLE, Wish
from concierge.models import Deadline, Event
from tests.bookings.conftest import PARIS, at, weekly_basket, wish_baskets, wish_shirts
from tests.bookings.test_booking_pages import shown
from tests.bookings.test_recurrences import begin, body_of, call, states, sweep, wanted
from tests.bookings.test_unmeasured import INES, visit
from tests.world import World

__all__ = ["visit"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]


# --- the chain ----------------------------------------


@pytest.mark.promise("R39")
@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=30", ["30/11", "30/01", "30/03"]),
        ("FREQ=MONTHLY;BYMONTHDAY=31", ["31/12", "31/01", "31/03"]),
        ("FREQ=WEEKLY;INTERVAL=8;BYDAY=MO", ["30/11", "25/01", "22/03"]),
    ],
)
def test_days_far_apart_follow_each_other(world: World, monday: Any, rule: str, days: list[str]) -> None:
    """They once ended after the second one: no day beyond those that are booked was made."""
    found = begin(world, rule=rule)
    now = dt.datetime(2026, 11, 23, 8, tzinfo=PARIS)
    while now < dt.datetime(2027, 3, 15, tzinfo=PARIS):
        monday.move_to(now, tick=True)
        sweep(world)
        assert Deadline.objects.filter(kind=recurrence_days.BOOK, fired_at=None, cancelled_at=None).exists()
        now += dt.timedelta(days=3)
    assert [day[:5] for day, *_rest in states(found)][:3] == days


def test_a_day_moved_back_by_closed_days_does_not_end_the_chain(world: World) -> None:
    """What is moved is booked before its own day: the next day is there already then."""
    Closure.objects.create(
        organisation=world.organisation, site=world.site, starts_on=dt.date(2026, 12, 18), ends_on=dt.date(2026, 12, 23)
    )
    begin(world, rule="FREQ=MONTHLY;BYMONTHDAY=23", starts_on=dt.date(2026, 12, 1), holiday_rule="before")
    sweep(world)
    assert Deadline.objects.filter(kind=recurrence_days.BOOK, fired_at=None, cancelled_at=None).count() >= 1


def test_days_before_an_edit_far_ahead_are_booked(world: World, monday: Any) -> None:
    """The old one has ended then, but not before its last day."""
    old = begin(world)
    later = wanted(world, name="", at=dt.time(11), starts_on=dt.date(2027, 2, 15))
    new = recurrence_edits.edit_recurrence(old, later, by=world.actor())
    for day in range(0, 100, 5):
        monday.move_to(dt.datetime(2026, 11, 23, 8, tzinfo=PARIS) + dt.timedelta(days=day), tick=True)
        sweep(world)
    assert ("08/02 10:00", "booked", "") in states(old)
    assert {status for _day, status, _code in states(old)} == {"booked"}
    assert states(new)[0] == ("15/02 11:00", "booked", "")


@pytest.mark.promise("R39", "domain R1")
@pytest.mark.parametrize(
    ("name", "rule", "later"),
    [
        ("Express", "chosen", ("booked", Decimal("22.00"))),
        ("Express 2027", "chosen", ("failed", None)),
        ("Express", "sunday", ("failed", None)),
    ],
)
def test_what_was_chosen_goes_on_at_the_price_that_was_planned_for_it(
    world: World, monday: Any, name: str, rule: str, later: tuple[str, Decimal | None]
) -> None:
    """A price that changes on a day is another row: every day from then on once failed."""
    by, new_year = world.actor(), dt.date(2027, 1, 1)
    express = {"name": "Express", "rule": "chosen", "amount": Decimal(5), "valid_to": dt.date(2026, 12, 31)}
    old = add_supplement(world.ironing, by=by, **express)
    new = add_supplement(world.ironing, by=by, name=name, rule=rule, amount=Decimal(7), valid_from=new_year)
    shirts = replace(wish_shirts(world), options=frozenset({str(old.public_id)}))
    found = begin(world, wishes=[shirts])
    assert wishes_of(found) == [shirts]
    for day in range(0, 60, 5):
        monday.move_to(dt.datetime(2026, 11, 23, 8, tzinfo=PARIS) + dt.timedelta(days=day), tick=True)
        sweep(world)
    rows = found.occurrences.order_by("due_on").values_list("due_on", "status", "request__total_incl_vat")
    told = {due_on: (status, total) for due_on, status, total in rows}
    assert told[dt.date(2026, 12, 28)] == ("booked", Decimal("20.00"))
    assert told[dt.date(2027, 1, 25)] == later
    today = dt.date(2027, 1, 20)
    form = EditForm(found=found, offered=offered_on(world.site.pk, today), first=today)
    ticked = {getattr(one.widget, "key", ""): one.initial for one in form.fields.values()}
    assert ticked.get(str(new.public_id), False) is (later[0] == "booked")


# --- whose they are ----------------------------------------


@pytest.mark.parametrize("is_ahead", [False, True])
def test_a_day_belongs_to_whoever_asked_though_two_share_a_number(world: World, is_ahead: bool) -> None:
    """They were once looked for by their contact, and Marie's shirts were booked on Jean's file."""
    shared = {"organisation": world.organisation, "last_name": "Roux", "phone": "+33380112233"}
    Client.objects.create(first_name="Jean", **shared)
    marie = Client.objects.create(first_name="Marie", **shared)
    more: dict[str, Any] = {}
    if is_ahead:
        plan = weekly_basket(world)
        more = {"rule": "FREQ=WEEKLY;BYDAY=TH", "starts_on": dt.date(2026, 11, 26), "wishes": [wish_baskets(plan)]}
    recurrences.start_recurrence(marie, world.site, wanted(world, **more), by=world.actor())
    sweep(world)
    assert set(ServiceRequest.objects.values_list("client", "contact_name")) == {(marie.pk, "Marie Roux")}


@pytest.mark.promise("domain R1")
def test_a_regular_visit_pays_for_the_distance_as_the_first_one_did(world: World, visit: Service, book: Any) -> None:
    """Their days were once priced as if nobody knew where they live."""
    where: dict[str, Any] = {"street": "3 rue Verrerie", "postcode": "21300", "city": "Chenôve"}
    spots: list[dict[str, Any]] = [
        {"latitude": Decimal(one), "longitude": Decimal("5.09")} for one in ("47.5", "47.33")
    ]
    far, near = spots
    wish = Wish(str(visit.public_id), {WHOLE: 1})
    by_hand = ClientDetails("Inès", "Garnier", "ines.garnier@example.fr", **where)
    for known, start in ((near, at(24, 10)), (far, at(25, 10))):
        first = book(wish, place=Place.HOME, starts_at=start, client=replace(by_hand, **known))
    elsewhere = replace(by_hand, street="9 rue Neuve", **near)
    book(wish, place=Place.HOME, starts_at=at(26, 10), client=elsewhere, owner=first.client)
    Client.objects.filter(pk=first.client.pk).update(**where)
    first.client.refresh_from_db()
    recurrences.start_recurrence(first.client, world.site, wanted(world, wishes=[wish]), by=world.actor())
    sweep(world)
    days = ServiceRequest.objects.filter(channel="series")
    assert {(one.latitude, one.longitude, one.total_incl_vat) for one in days} == {
        (Decimal("47.5"), Decimal("5.09"), Decimal("38.00"))
    }


def test_a_regular_visit_to_an_address_nobody_located_is_judged_by_its_postcode(
    world: World, visit: Service, book: Any
) -> None:
    first = book(Wish(str(visit.public_id), {WHOLE: 1}), place=Place.HOME, client=INES)
    recurrences.start_recurrence(
        first.client, world.site, wanted(world, wishes=[Wish(str(visit.public_id), {WHOLE: 1})]), by=world.actor()
    )
    sweep(world)
    days = ServiceRequest.objects.filter(channel="series")
    assert {(one.latitude, one.total_incl_vat) for one in days} == {(None, Decimal("32.00"))}


# --- pauses ----------------------------------------


def test_a_shorter_pause_gives_the_other_days_back(world: World) -> None:
    by, found = world.actor(), begin(world)
    sweep(world)
    recurrence_pauses.pause_recurrence(found, first=dt.date(2026, 12, 7), last=dt.date(2026, 12, 28), by=by)
    assert [row[1] for row in states(found)[:6]] == ["booked", "skipped", "skipped", "skipped", "skipped", "planned"]
    recurrence_pauses.pause_recurrence(found, first=dt.date(2026, 12, 7), last=dt.date(2026, 12, 10), by=by)
    sweep(world)
    assert [row[1] for row in states(found)[:6]] == ["booked", "skipped", "planned", "planned", "planned", "planned"]


def test_a_pause_ends_by_itself(world: World, monday: Any) -> None:
    found = begin(world)
    recurrence_pauses.pause_recurrence(found, first=dt.date(2026, 12, 7), last=dt.date(2026, 12, 10), by=world.actor())
    monday.move_to(dt.datetime(2026, 12, 10, 23, 59, tzinfo=PARIS), tick=False)
    sweep(world)
    found.refresh_from_db()
    assert (found.status, found.paused_until) == ("paused", dt.date(2026, 12, 10))
    monday.move_to(dt.datetime(2026, 12, 11, 0, 1, tzinfo=PARIS), tick=False)
    sweep(world)
    found.refresh_from_db()
    assert (found.status, found.paused_from, found.paused_until) == ("active", None, None)
    assert Event.objects.filter(name="recurrence.resumed").count() == 1


def test_a_pause_that_was_made_longer_goes_on(world: World, monday: Any) -> None:
    found = begin(world)
    for last in (10, 20):
        recurrence_pauses.pause_recurrence(
            found, first=dt.date(2026, 12, 7), last=dt.date(2026, 12, last), by=world.actor()
        )
    monday.move_to(dt.datetime(2026, 12, 15, 8, tzinfo=PARIS), tick=True)
    sweep(world)
    found.refresh_from_db()
    assert found.status == "paused"


# --- sent twice, far away ----------------------------------------


def test_the_same_regular_request_sent_twice_is_one(world: World) -> None:
    named = uuid.uuid4()
    for _time in range(2):
        recurrences.start_recurrence(world.client, world.site, wanted(world), by=world.actor(), public_id=named)
    sweep(world)
    assert (Recurrence.objects.count(), ServiceRequest.objects.count()) == (1, 2)


def test_the_same_page_sent_twice_is_one_and_a_reload_begins_nothing(world: World, book: Any) -> None:
    request, browser = book(wish_shirts(world)), Browser()
    path = f"/suivi/{request.tracking_token}/repeter/"
    key = browser.get(path).context["form"]["key"].value()
    typed = {"name": "Linge", "rhythm": "weekly", "starts_on": "2026-12-01", "at": "10:00", "holiday_rule": "skip"}
    answers = [browser.post(path, {**typed, "key": str(key)}) for _time in range(2)]
    made = Recurrence.objects.get()
    assert {(answer.status_code, answer["Location"]) for answer in answers} == {(302, f"{path}?fait={made.public_id}")}
    assert "revient désormais toute seule" in browser.get(answers[0]["Location"]).content.decode()
    assert [browser.get(f"{path}?fait={wrong}").status_code for wrong in ("x", uuid.uuid4())] == [404, 404]


@pytest.mark.promise("domain R2")
def test_what_is_for_somebody_else_is_not_repeated(world: World, book: Any) -> None:
    """Their address was once lost: somebody would have been sent to the client's home."""
    request, browser = book(wish_shirts(world), beneficiary=Beneficiary("Jeanne", "Garnier")), Browser()
    path = f"/suivi/{request.tracking_token}/"
    typed = {"name": "Linge", "rhythm": "weekly", "starts_on": "2026-12-01", "at": "10:00", "holiday_rule": "skip"}
    assert f"{path}repeter/" not in browser.get(path).content.decode()
    assert browser.post(f"{path}repeter/", typed)["Location"] == path
    assert not Recurrence.objects.exists()
    assert "ne peut pas se répéter" in browser.get(path).content.decode()


@pytest.mark.promise("S27")
def test_the_last_day_of_the_calendar_breaks_nothing(world: World) -> None:
    made = call(world, "POST", "/api/v1/recurrences", body_of(world)).json()
    path, never = f"/api/v1/recurrences/{made['id']}", "9999-12-31"
    edit = {"rule": made["rule"], "starts_on": never, "at": "11:00"}
    assert call(world, "POST", f"{path}/edit", edit).status_code == 400
    assert call(world, "POST", f"{path}/edit", {**edit, "rule": "FREQ=DAILY"}).status_code == 400
    assert call(world, "POST", f"{path}/pause", {"first": never, "last": never}).status_code == 400
    assert call(world, "GET", path, {}).json() == made
    assert call(world, "POST", f"{path}/end", {"last": never}).status_code == 200


@pytest.mark.parametrize("half", ["paused_from", "paused_until"])
def test_half_a_pause_is_refused_by_the_database(world: World, half: str) -> None:
    found = begin(world)
    with pytest.raises(IntegrityError, match="recurrence_pause_is_whole"), transaction.atomic():
        Recurrence.objects.filter(pk=found.pk).update(**{half: dt.date(2026, 12, 1)})


def test_half_a_plan_of_work_is_refused_by_the_database(world: World) -> None:
    order = world.request().work_orders.get()
    with pytest.raises(IntegrityError, match="work_order_plan_end_after_start"), transaction.atomic():
        WorkOrder.objects.filter(pk=order.pk).update(planned_end=order.promised_end)


# --- days that were cancelled, moved, closed, or came too late ----------------------------------------


@pytest.mark.parametrize("verb", [cancel_request, decline_request])
def test_a_day_that_was_cancelled_is_never_booked_again(world: World, verb: Any) -> None:
    """A pause that ended, and an edit, once booked it a second time."""
    by, found = world.actor(), begin(world)
    sweep(world)
    day = found.occurrences.get(due_on=dt.date(2026, 12, 7))
    request = ServiceRequest.objects.get(occurrence=day)
    if verb is decline_request:
        ServiceRequest.objects.filter(pk=request.pk).update(status="submitted")
    verb(request, reason="Plus besoin", by=by)
    code = "cancelled" if verb is cancel_request else "declined"
    left_out = ("07/12 10:00", "skipped", code)
    assert states(found)[1] == left_out
    recurrence_pauses.pause_recurrence(found, first=dt.date(2026, 12, 1), last=dt.date(2026, 12, 15), by=by)
    recurrence_pauses.resume_recurrence(found, by=by)
    sweep(world)
    assert states(found)[:3] == [("30/11 10:00", "booked", ""), left_out, ("14/12 10:00", "planned", "")]
    changes: dict[str, Any] = {"starts_on": dt.date(2026, 12, 1), "at": dt.time(11)}
    new = recurrence_edits.edit_recurrence(found, wanted(world, **changes), by=by)
    sweep(world)
    assert states(new)[:2] == [left_out, ("14/12 11:00", "planned", "")]
    assert ServiceRequest.objects.filter(status="confirmed").count() == 1


def test_a_cancelled_day_is_shown_as_left_out(world: World) -> None:
    found = begin(world)
    sweep(world)
    first, second = ServiceRequest.objects.order_by("pk")
    cancel_request(second, by=world.actor())
    page = shown(Browser().get(f"/suivi/{first.tracking_token}/serie/"))
    assert (page.count("Réservé"), page.count("Cette demande a été annulée.")) == (1, 1)
    assert found.occurrences.get(request=second).status == "skipped"


def test_resuming_leaves_closed_days_out_and_moves_as_the_rule_says(world: World) -> None:
    """They were once planned on a day on which nobody is there, and failed."""
    by, closed = world.actor(), dt.date(2026, 12, 7)
    kept, moved = begin(world), begin(world, holiday_rule="after")
    pause: dict[str, Any] = {"first": dt.date(2026, 12, 1), "last": dt.date(2026, 12, 15), "by": by}
    for found in (kept, moved):
        recurrence_pauses.pause_recurrence(found, **pause)
        assert [row[1:] for row in states(found)[1:3]] == [("skipped", "paused")] * 2
    Closure.objects.create(organisation=world.organisation, site=world.site, starts_on=closed, ends_on=closed)
    for found in (kept, moved):
        recurrence_pauses.resume_recurrence(found, by=by)
    assert states(kept)[1:3] == [("07/12 10:00", "skipped", "closed_day"), ("14/12 10:00", "planned", "")]
    assert states(moved)[1:3] == [("08/12 10:00", "planned", ""), ("14/12 10:00", "planned", "")]
    assert reason_words(kept.occurrences.get(due_on=closed)) == "Le site est fermé ce jour-là."


def test_a_day_follows_its_appointment(world: World) -> None:
    found = begin(world)
    sweep(world)
    request = ServiceRequest.objects.order_by("pk")[1]
    reschedule_request(request, dt.datetime(2026, 12, 8, 11, tzinfo=PARIS), by=world.actor())
    assert states(found)[1] == ("08/12 11:00", "booked", "")
    page = shown(Browser().get(f"/suivi/{request.tracking_token}/serie/"))
    assert "déplacé, au lieu du 7 décembre 2026" in page
    assert "guichet est fermé" not in page
    edited = recurrence_edits.edit_recurrence(
        found, wanted(world, starts_on=dt.date(2026, 12, 7), ends_on=dt.date(2027, 2, 1)), by=world.actor()
    )
    assert (states(edited)[0], edited.occurrences.order_by("due_on")[0].request) == (
        ("08/12 11:00", "booked", ""),
        request,
    )


@pytest.mark.promise("domain R7")
@pytest.mark.parametrize(
    ("verb", "said"),
    [
        (
            {"verb": "pause", "first": "2026-11-24", "last": "2026-12-04"},
            "En pause. Trop tard pour annuler, donc maintenu comme commandé\xa0: jeudi 26 novembre à 12:00.",
        ),
        (
            {"verb": "arreter"},
            "Elle est terminée. Trop tard pour annuler, donc maintenu comme commandé\xa0: jeudi 26 novembre à 12:00.",
        ),
    ],
)
def test_nobody_is_told_cancelled_of_what_takes_place(
    world: World, monday: Any, verb: dict[str, str], said: str
) -> None:
    """After the cut-off the producer brings it and the client pays: they once read that it was cancelled."""
    plan = weekly_basket(world)
    more: dict[str, Any] = {"starts_on": dt.date(2026, 11, 26), "wishes": [wish_baskets(plan)]}
    found = begin(world, rule="FREQ=WEEKLY;BYDAY=TH", **more)
    sweep(world)
    monday.move_to(dt.datetime(2026, 11, 25, 8, tzinfo=PARIS), tick=True)
    sweep(world)
    browser = Browser()
    token = ServiceRequest.objects.get(occurrence__due_on=dt.date(2026, 12, 3)).tracking_token
    page = shown(browser.post(f"/suivi/{token}/serie/", verb, follow=True))
    assert (said in page, "est annulé" in page) == (True, False)
    assert [row[:2] for row in states(found)[:2]] == [("26/11 12:00", "booked"), ("03/12 12:00", "skipped")]
