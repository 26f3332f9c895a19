"""Regular requests: real requests, wall-clock time, closed days, pauses, edits, failures that are seen."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from bookings.actions import recurrence_days, recurrence_edits, recurrence_pauses, recurrences
from bookings.actions.day_reasons import reason_words
from bookings.actions.pricing import BadOrder
from bookings.actions.requests import cancel_request
from bookings.enums import HolidayRule
from bookings.models import ClientAccount, Closure, Occurrence, PreOrder, Recurrence, ServiceAtSite, ServiceRequest
from concierge import deadlines
from concierge.errors import Invalid, TooManyAttempts, WrongState
from concierge.models import Event
from concierge.tenancy import Actor
from tests.bookings.conftest import PARIS, first_run, weekly_basket, wish_baskets, wish_shirts
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
EVERY_MONDAY = "FREQ=WEEKLY;BYDAY=MO"


def wanted(world: World, **changes: Any) -> recurrences.Wanted:
    given: dict[str, Any] = {
        "name": "Chemises du lundi",
        "rule": EVERY_MONDAY,
        "starts_on": dt.date(2026, 11, 30),
        "at": dt.time(10),
        "wishes": [wish_shirts(world)],
    }
    return recurrences.Wanted(**{**given, **changes})


def begin(world: World, **changes: Any) -> Recurrence:
    return recurrences.start_recurrence(world.client, world.site, wanted(world, **changes), by=world.actor())


def sweep(world: World) -> None:
    while deadlines.sweep(world.organisation.pk):
        pass


def states(found: Recurrence) -> list[tuple[str, str, str]]:
    return [
        (one.starts_at.astimezone(PARIS).strftime("%d/%m %H:%M"), one.status, one.reason_code)
        for one in found.occurrences.order_by("due_on")
    ]


def test_days_are_made_eight_weeks_ahead_and_booked_three(world: World) -> None:
    found = begin(world)
    sweep(world)
    assert states(found) == [
        ("30/11 10:00", "booked", ""),
        ("07/12 10:00", "booked", ""),
        ("14/12 10:00", "planned", ""),
        ("21/12 10:00", "planned", ""),
        ("28/12 10:00", "planned", ""),
        ("04/01 10:00", "planned", ""),
        ("11/01 10:00", "planned", ""),
        ("18/01 10:00", "planned", ""),
    ]
    first = ServiceRequest.objects.order_by("pk")[0]
    assert (first.client_id, first.channel, first.status) == (world.client.pk, "series", "confirmed")
    recurrence_days.extend(found)
    assert found.occurrences.count() == 8


def test_the_chain_goes_on_by_itself(world: World, monday: Any) -> None:
    found = begin(world)
    sweep(world)
    monday.move_to(dt.datetime(2026, 12, 13, 8, tzinfo=PARIS), tick=True)
    sweep(world)
    assert [row[:2] for row in states(found)][-1] == ("01/02 10:00", "planned")
    assert ServiceRequest.objects.count() == 5


@pytest.mark.promise("R38")
def test_ten_o_clock_stays_ten_o_clock_when_the_clock_changes(world: World, monday: Any) -> None:
    monday.move_to(dt.datetime(2027, 3, 15, 8, tzinfo=PARIS), tick=True)
    found = begin(world, starts_on=dt.date(2027, 3, 22))
    moments = list(found.occurrences.order_by("due_on").values_list("starts_at", flat=True)[:2])
    assert [moment.isoformat() for moment in moments] == ["2027-03-22T09:00:00+00:00", "2027-03-29T08:00:00+00:00"]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (HolidayRule.SKIP, ("07/12 10:00", "skipped", "closed_day")),
        (HolidayRule.BEFORE, ("06/12 10:00", "planned", "")),
        (HolidayRule.AFTER, ("08/12 10:00", "booked", "")),
    ],
)
def test_a_closed_day_is_left_out_or_moved_and_seen(world: World, rule: str, expected: tuple[str, str, str]) -> None:
    Closure.objects.create(
        organisation=world.organisation, site=world.site, starts_on=dt.date(2026, 12, 7), ends_on=dt.date(2026, 12, 7)
    )
    found = begin(world, holiday_rule=rule)
    if rule == HolidayRule.AFTER:
        sweep(world)
    assert states(found)[1] == expected


def test_a_day_that_cannot_be_booked_says_why_and_is_tried_again(world: World) -> None:
    found = begin(world)
    ServiceAtSite.objects.filter(service=world.ironing).update(is_offered=False)
    sweep(world)
    assert [row[1:] for row in states(found)[:2]] == [("failed", "bad_order")] * 2
    one = found.occurrences.order_by("due_on")[0]
    assert reason_words(one) == "Un des services n’est plus proposé ici. Choisissez de nouveau."
    assert Event.objects.filter(name="occurrence.failed").count() == 2
    again = recurrence_days.retry_occurrence(one, by=world.actor())
    assert (again.status, again.attempts) == ("failed", 2)
    ServiceAtSite.objects.filter(service=world.ironing).update(is_offered=True)
    mended = recurrence_days.retry_occurrence(again, by=world.actor())
    assert (mended.status, mended.request is not None, ServiceRequest.objects.count()) == ("booked", True, 1)
    with pytest.raises(recurrence_days.OccurrencePast):
        recurrence_days.retry_occurrence(mended, by=world.actor())


def test_a_payer_that_no_longer_pays_is_a_failure_that_is_seen(world: World) -> None:
    account = ClientAccount.objects.create(organisation=world.organisation, name="Atelier Nord")
    found = begin(world, payer=account)
    sweep(world)
    assert states(found)[0][1:] == ("failed", "payer_refused")
    assert not ServiceRequest.objects.exists()


def test_paused_resumed_skipped_ended(world: World) -> None:
    by = world.actor()
    found = begin(world)
    sweep(world)
    recurrence_pauses.pause_recurrence(found, first=dt.date(2026, 12, 1), last=dt.date(2026, 12, 15), by=by)
    assert [row[1] for row in states(found)[:4]] == ["booked", "skipped", "skipped", "planned"]
    assert ServiceRequest.objects.order_by("pk")[1].status == "cancelled"
    recurrence_pauses.resume_recurrence(found, by=by)
    sweep(world)
    assert [row[1] for row in states(found)[:4]] == ["booked", "booked", "planned", "planned"]
    one = found.occurrences.order_by("due_on")[0]
    recurrence_days.skip_occurrence(one, by=by)
    recurrence_days.skip_occurrence(one, by=by)
    assert states(found)[0][1:] == ("skipped", "skipped")
    recurrences.end_recurrence(found, last=dt.date(2026, 12, 10), by=by)
    assert [row[1] for row in states(found)] == ["skipped", "booked"] + ["skipped"] * 6
    recurrences.end_recurrence(found, by=by)
    found.refresh_from_db()
    with pytest.raises(WrongState):
        recurrence_pauses.pause_recurrence(found, first=dt.date(2026, 12, 1), last=dt.date(2026, 12, 15), by=by)
    assert (found.status, recurrence_days.extend(found)) == ("ended", [])


def test_edited_from_a_day_on(world: World) -> None:
    old = begin(world)
    sweep(world)
    changed = wanted(
        world,
        name="",
        rule="FREQ=WEEKLY;BYDAY=TU",
        starts_on=dt.date(2026, 12, 7),
        at=dt.time(11),
        wishes=[wish_shirts(world, 2)],
    )
    new = recurrence_edits.edit_recurrence(old, changed, by=world.actor())
    sweep(world)
    old.refresh_from_db()
    assert (old.status, old.ends_on, new.name, new.continues_id) == (
        "ended",
        dt.date(2026, 12, 6),
        "Chemises du lundi",
        old.pk,
    )
    assert [row[1] for row in states(old)[:3]] == ["booked", "skipped", "skipped"]
    assert states(new)[0] == ("08/12 11:00", "booked", "")


@pytest.mark.promise("domain R7")
def test_subscribed_to_the_weekly_basket(world: World, monday: Any) -> None:
    plan = weekly_basket(world)
    found = begin(
        world,
        name="Panier",
        rule="FREQ=WEEKLY;BYDAY=TH",
        starts_on=dt.date(2026, 11, 26),
        wishes=[wish_baskets(plan, 2)],
    )
    sweep(world)
    assert (found.plan_id, first_run(plan).taken) == (plan.pk, 2)
    assert [row[:2] for row in states(found)[:3]] == [
        ("26/11 12:00", "booked"),
        ("03/12 12:00", "booked"),
        ("10/12 12:00", "booked"),
    ]
    assert PreOrder.objects.count() == 3


@pytest.mark.promise("S33")
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"rule": "FREQ=SECONDLY"}, recurrences.BadRecurrence),
        ({"rule": "FREQ=DAILY;COUNT=9999"}, recurrences.BadRecurrence),
        ({"name": "  "}, Invalid),
        ({"starts_on": dt.date(2026, 11, 22)}, Invalid),
        ({"starts_on": dt.date(2030, 1, 1)}, Invalid),
        ({"wishes": []}, BadOrder),
    ],
)
def test_what_makes_no_sense_begins_nothing(world: World, changes: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        begin(world, **changes)
    assert not Recurrence.objects.exists()


def test_a_client_has_ten_at_most(world: World) -> None:
    for _n in range(recurrences.MOST_RUNNING):
        begin(world)
    client = Actor(kind="link", organisation=world.organisation, client_id=world.client.pk, channel="link")
    with pytest.raises(TooManyAttempts):
        recurrences.start_recurrence(world.client, world.site, wanted(world), by=client)


def test_a_cancelled_day_stays_cancelled(world: World) -> None:
    found = begin(world)
    sweep(world)
    cancel_request(ServiceRequest.objects.order_by("pk")[0], by=world.actor())
    recurrence_days.extend(found)
    sweep(world)
    assert ServiceRequest.objects.count() == 2


# --- pages ----------------------------------------


@pytest.fixture
def desk(world: World) -> Browser:
    browser = Browser()
    browser.force_login(world.users["concierge"])
    return browser


def test_a_client_repeats_a_request_and_leaves_a_day_out(world: World, monday: Any) -> None:
    begun = begin(world)
    sweep(world)
    request = ServiceRequest.objects.order_by("pk")[1]
    path = f"/suivi/{request.tracking_token}/serie/"
    browser = Browser()
    page = browser.get(path).content.decode()
    assert "Chemises du lundi" in page
    one = begun.occurrences.order_by("due_on")[0]
    browser.post(path, {"verb": "passer", "day": str(one.public_id)})
    one.refresh_from_db()
    assert one.status == "skipped"
    assert browser.post(path, {"verb": "pause", "first": "2026-12-20", "last": "x"}).status_code == 422
    browser.post(path, {"verb": "arreter"})
    begun.refresh_from_db()
    assert begun.status == "ended"
    assert browser.post(path, {"verb": "nonsense"}).status_code == 404


def test_repeat_this(world: World, book: Any) -> None:
    request = book(wish_shirts(world))
    path = f"/suivi/{request.tracking_token}/repeter/"
    browser = Browser()
    assert browser.get(path).status_code == 200
    wrong = {
        "name": "Linge",
        "rhythm": "weekly",
        "starts_on": "2026-12-01",
        "at": "10:00",
        "ends_on": "2026-11-01",
        "holiday_rule": "skip",
    }
    assert browser.post(path, wrong).status_code == 422
    answer = browser.post(path, {**wrong, "ends_on": "2027-01-31"}, follow=True)
    assert (answer.status_code, "revient désormais toute seule" in answer.content.decode()) == (200, True)
    made = Recurrence.objects.get()
    assert (made.rule, made.wishes[0]["quantities"]) == (
        "FREQ=WEEKLY;INTERVAL=1;BYDAY=TU",
        {str(world.shirt.public_id): "5"},
    )


def test_the_team_sees_what_failed_first_and_tries_again(world: World, desk: Browser) -> None:
    begin(world, name="Sans souci")
    ServiceAtSite.objects.filter(service=world.ironing).update(is_offered=False)
    sweep(world)
    found = Recurrence.objects.get()
    page = desk.get("/regulieres/", {"status": "failed"}).content.decode()
    assert ("Sans souci" in page, "2 jours en échec" in page) == (True, True)
    ServiceAtSite.objects.filter(service=world.ironing).update(is_offered=True)
    one = found.occurrences.order_by("due_on")[0]
    desk.post(f"/regulieres/jours/{one.public_id}/reessayer/")
    one.refresh_from_db()
    assert one.status == "booked"
    assert desk.post(f"/regulieres/{found.public_id}/pause/", {"first": "x"}).status_code == 422
    assert desk.get("/regulieres/", {"q": "%\x00", "site": "x", "after": "-1"}).status_code == 200


def test_lists_ask_the_same_number_of_questions_for_one_and_three(world: World, desk: Browser) -> None:
    counts = []
    for number in (1, 3):
        while Recurrence.objects.count() < number:
            begin(world)
        for path in ("/regulieres/", f"/regulieres/{Recurrence.objects.order_by('pk')[0].public_id}/"):
            desk.get(path)
            with CaptureQueriesContext(connection) as asked:
                assert desk.get(path).status_code == 200
            counts.append(len(asked))
    assert counts[:2] == counts[2:]


# --- API ----------------------------------------


def call(world: World, method: str, path: str, body: Any = None) -> Any:
    browser = Browser(headers={"Authorization": f"Bearer {world.api_key()}"})
    if method == "GET":
        return browser.get(path)
    headers = {"Idempotency-Key": uuid.uuid4().hex, "Accept-Language": "fr"}
    return browser.post(path, json.dumps(body), content_type="application/json", headers=headers)


def body_of(world: World, **changes: Any) -> dict[str, Any]:
    items = [{"item": str(world.shirt.public_id), "quantity": 5}]
    return {
        "site": str(world.site.public_id),
        "client": str(world.client.public_id),
        "name": "Chemises",
        "rule": EVERY_MONDAY,
        "starts_on": "2026-11-30",
        "at": "10:00",
        "lines": [{"service": str(world.ironing.public_id), "items": items}],
        **changes,
    }


def test_systems_begin_pause_edit_and_end(world: World) -> None:
    made = call(world, "POST", "/api/v1/recurrences", body_of(world))
    assert (made.status_code, made.json()["rule"]) == (201, "FREQ=WEEKLY;BYDAY=MO")
    sweep(world)
    path = f"/api/v1/recurrences/{made.json()['id']}"
    booked = call(world, "GET", f"{path}/occurrences?status=booked").json()["results"]
    assert [one["due_on"] for one in booked] == ["2026-12-07", "2026-11-30"]
    paused = call(world, "POST", f"{path}/pause", {"first": "2026-12-01", "last": "2026-12-31"})
    assert (paused.status_code, paused.json()["status"]) == (200, "paused")
    assert call(world, "POST", f"{path}/resume", {}).json()["status"] == "active"
    edited = call(
        world, "POST", f"{path}/edit", {"rule": "FREQ=WEEKLY;BYDAY=TU", "starts_on": "2026-12-01", "at": "11:00"}
    )
    assert (edited.status_code, edited.json()["continues"]) == (201, made.json()["id"])
    ended = call(world, "POST", f"/api/v1/recurrences/{edited.json()['id']}/end", {})
    assert ended.json()["status"] == "ended"
    assert call(world, "POST", f"{path}/pause", {"first": "2026-12-01", "last": "2026-12-31"}).status_code == 409


@pytest.mark.promise("S27")
@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"rule": "FREQ=SECONDLY"}, 400),
        ({"rule": "FREQ=DAILY;COUNT=1000000"}, 400),
        ({"rule": "x" * 5000}, 400),
        ({"starts_on": "2020-01-01"}, 400),
        ({"client": str(uuid.uuid4())}, 404),
        ({"lines": []}, 400),
        ({"at": "25:00"}, 400),
    ],
)
def test_a_bad_regular_request_is_a_problem(world: World, changes: dict[str, Any], status: int) -> None:
    answer = call(world, "POST", "/api/v1/recurrences", body_of(world, **changes))
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert not Occurrence.objects.exists()
