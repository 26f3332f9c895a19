"""A regular request edited from a day on: days kept with what is booked, moved, cancelled; seen before it is done."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from bookings.actions import recurrence_days, recurrence_edits, recurrence_pauses, recurrences
from bookings.enums import RequestStatus
from bookings.models import ClientAccount, ClientMembership, Occurrence, Recurrence, ServiceAtSite, ServiceRequest
from concierge.errors import Invalid
from concierge.models import Event
from tests.bookings.conftest import PARIS, weekly_basket, wish_baskets, wish_heels, wish_shirts
from tests.bookings.test_booking_pages import shown
from tests.bookings.test_recurrences import begin, states, sweep, wanted
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
WEEK = dt.timedelta(days=7)


def edit(world: World, found: Recurrence, **changes: Any) -> Recurrence:
    given = wanted(world, **{"starts_on": dt.date(2026, 12, 7), **changes})
    return recurrence_edits.edit_recurrence(found, given, by=world.actor())


def preview(world: World, found: Recurrence, **changes: Any) -> list[tuple[str, str, str, bool]]:
    given = wanted(world, **{"starts_on": dt.date(2026, 12, 7), **changes})

    def said(moment: dt.datetime | None) -> str:
        return moment.astimezone(PARIS).strftime("%d/%m %H:%M") if moment else ""

    changes_seen = recurrence_edits.preview_edit(found, given, by=world.actor())
    return [(str(one.kind), said(one.before), said(one.after), one.was_booked) for one in changes_seen]


def everything() -> list[Any]:
    return [list(model.objects.order_by("pk").values()) for model in (Recurrence, Occurrence, ServiceRequest, Event)]


def test_another_end_keeps_what_is_booked(world: World) -> None:
    old = begin(world)
    sweep(world)
    booked = ServiceRequest.objects.order_by("pk")[1]
    new = edit(world, old, ends_on=dt.date(2026, 12, 20))
    sweep(world)
    assert states(new) == [("07/12 10:00", "booked", ""), ("14/12 10:00", "planned", "")]
    assert new.occurrences.get(due_on=dt.date(2026, 12, 7)).request == booked
    assert list(ServiceRequest.objects.values_list("status", flat=True).order_by("pk")) == ["confirmed"] * 2
    assert [row[:2] for row in states(old)][:2] == [("30/11 10:00", "booked"), ("21/12 10:00", "skipped")]


def test_another_order_is_booked_anew(world: World) -> None:
    old = begin(world)
    sweep(world)
    new = edit(world, old, wishes=[wish_shirts(world, 2), wish_heels(world)])
    sweep(world)
    first = new.occurrences.order_by("due_on")[0].request
    assert first is not None
    assert [(line.description, int(line.quantity)) for line in first.lines.order_by("pk")] == [
        ("Repassage – Chemise", 2),
        ("Pose de talons", 1),
    ]
    assert list(ServiceRequest.objects.values_list("status", flat=True).order_by("pk")) == [
        "confirmed",
        "cancelled",
        "confirmed",
    ]


def test_what_a_client_left_out_stays_left_out(world: World) -> None:
    old = begin(world)
    recurrence_days.skip_occurrence(old.occurrences.get(due_on=dt.date(2026, 12, 14)), by=world.actor())
    new = edit(world, old, at=dt.time(11))
    assert states(new)[:3] == [
        ("07/12 11:00", "planned", ""),
        ("14/12 10:00", "skipped", "skipped"),
        ("21/12 11:00", "planned", ""),
    ]


def test_what_has_begun_takes_place_as_before_and_only_once(world: World) -> None:
    old = begin(world)
    sweep(world)
    begun = ServiceRequest.objects.order_by("pk")[1]
    ServiceRequest.objects.filter(pk=begun.pk).update(status=RequestStatus.IN_PROGRESS)
    assert preview(world, old, at=dt.time(11))[1] == ("stands", "07/12 10:00", "07/12 10:00", True)
    new = edit(world, old, at=dt.time(11))
    sweep(world)
    assert states(new)[:2] == [("07/12 10:00", "skipped", "as_before"), ("14/12 11:00", "planned", "")]
    assert states(old)[1] == ("07/12 10:00", "booked", "")
    assert ServiceRequest.objects.count() == 2


def test_every_two_weeks_stays_in_step_and_ten_times_are_ten_in_all(world: World) -> None:
    old = begin(world, rule="FREQ=WEEKLY;INTERVAL=2;BYDAY=MO")
    new = edit(world, old, rule=old.rule, at=dt.time(11))
    assert (new.starts_on, states(new)[0][0]) == (dt.date(2026, 12, 14), "14/12 11:00")
    counted = begin(world, name="Dix", rule="FREQ=WEEKLY;COUNT=3;BYDAY=MO")
    rest = edit(world, counted, rule=counted.rule, at=dt.time(11))
    assert (rest.rule, [row[0] for row in states(rest)]) == (
        "FREQ=WEEKLY;COUNT=2;BYDAY=MO",
        ["07/12 11:00", "14/12 11:00"],
    )
    with pytest.raises(recurrences.BadRecurrence) as refused:
        edit(world, rest, rule=rest.rule, starts_on=dt.date(2027, 1, 4))
    assert refused.value.field == "starts_on"


def test_a_pause_goes_on(world: World) -> None:
    old = begin(world)
    recurrence_pauses.pause_recurrence(old, first=dt.date(2026, 12, 1), last=dt.date(2026, 12, 15), by=world.actor())
    new = edit(world, old, at=dt.time(11))
    assert (new.status, new.paused_until, [row[1:] for row in states(new)[:3]]) == (
        "paused",
        dt.date(2026, 12, 15),
        [("skipped", "paused"), ("skipped", "paused"), ("planned", "")],
    )
    recurrence_pauses.resume_recurrence(new, by=world.actor())
    assert states(new)[0] == ("07/12 11:00", "planned", "")


def test_an_end_before_the_first_day_is_refused(world: World) -> None:
    old = begin(world)
    for day, error in ((6, Invalid), (8, recurrences.BadRecurrence)):
        with pytest.raises(error) as refused:
            edit(
                world,
                old,
                starts_on=dt.date(2026, 12, 8),
                rule="FREQ=WEEKLY;BYDAY=WE",
                ends_on=dt.date(2026, 12, day),
            )
        assert refused.value.field == "ends_on"
    old.refresh_from_db()
    assert old.status == "active"


@pytest.mark.promise("S33")
def test_the_preview_says_what_the_edit_does_and_does_nothing(world: World) -> None:
    old = begin(world)
    sweep(world)
    before = everything()
    seen = preview(world, old, rule="FREQ=WEEKLY;BYDAY=TU,FR", at=dt.time(11), ends_on=dt.date(2026, 12, 27))
    assert everything() == before
    assert seen == [
        ("kept", "30/11 10:00", "30/11 10:00", True),
        ("moved", "07/12 10:00", "08/12 11:00", True),
        ("added", "", "11/12 11:00", False),
        ("moved", "14/12 10:00", "15/12 11:00", False),
        ("added", "", "18/12 11:00", False),
        ("moved", "21/12 10:00", "22/12 11:00", False),
        ("left_out", "", "25/12 11:00", False),
        ("cancelled", "28/12 10:00", "", False),
        ("cancelled", "04/01 10:00", "", False),
        ("cancelled", "11/01 10:00", "", False),
        ("cancelled", "18/01 10:00", "", False),
    ]
    assert [row[0] for row in preview(world, old, wishes=[wish_shirts(world, 2)])][:2] == ["kept", "changed"]


# --- the page ----------------------------------------


@pytest.fixture
def desk(world: World) -> Browser:
    browser = Browser()
    browser.force_login(world.users["concierge"])
    return browser


def typed(world: World, **changes: Any) -> dict[str, Any]:
    shirts = f"q-{world.ironing.public_id.hex[:12]}-{world.shirt.public_id.hex[:12]}"
    given = {
        "services": [str(world.ironing.public_id)],
        shirts: "5",
        "starts_on": "2026-12-07",
        "rhythm": "weekly",
        "days": ["TU"],
        "at": "11:00",
        "ends_on": "",
        "holiday_rule": "skip",
        "note": "",
    }
    return {key: value for key, value in {**given, **changes}.items() if value is not None}


def test_the_team_sees_what_changes_then_does_it(world: World, desk: Browser) -> None:
    found = begin(world)
    sweep(world)
    path = f"/regulieres/{found.public_id}/modifier/"
    assert f'href="{path}"' in shown(desk.get(f"/regulieres/{found.public_id}/"))
    assert 'value="2026-11-30"' in shown(desk.get(path))
    page = shown(desk.post(path, typed(world)))
    found.refresh_from_db()
    assert (found.status, "au lieu du lundi 7 décembre" in page) == ("active", True)
    seal = re.findall(r'name="seen" value="(\w+)"', page)[0]
    # Something else than what was seen is seen first.
    other = shown(desk.post(path, typed(world, at="12:00", seen=seal)))
    assert (Recurrence.objects.count(), seal in other) == (1, False)
    answer = desk.post(path, typed(world, seen=seal))
    made = Recurrence.objects.get(continues=found)
    assert (answer.status_code, answer["Location"]) == (302, f"/regulieres/{made.public_id}/")
    assert states(made)[0] == ("08/12 11:00", "planned", "")
    # Sent once more: what it has become.
    again = desk.post(path, typed(world, seen=seal))
    assert (again["Location"], Recurrence.objects.count()) == (f"/regulieres/{made.public_id}/", 2)
    assert f"/regulieres/{made.public_id}/" in shown(desk.get(f"/regulieres/{found.public_id}/"))


def test_one_more_service_asks_for_its_quantities(world: World, desk: Browser) -> None:
    found = begin(world)
    path = f"/regulieres/{found.public_id}/modifier/"
    both = [str(world.ironing.public_id), str(world.cobbler.public_id)]
    page = shown(desk.post(path, typed(world, services=both)), 422)
    heels = f"q-{world.cobbler.public_id.hex[:12]}-"
    name = re.findall(rf'name="({heels}\w*)"', page)[0]
    page = shown(desk.post(path, typed(world, services=both, **{name: "1"})))
    seal = re.findall(r'name="seen" value="(\w+)"', page)[0]
    desk.post(path, typed(world, services=both, seen=seal, **{name: "1"}))
    assert len(Recurrence.objects.get(continues=found).wishes) == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"starts_on": "2020-01-01"}, "starts_on"),
        ({"starts_on": "hier"}, "starts_on"),
        ({"ends_on": "2026-12-01"}, "ends_on"),
        ({"days": ["XX"]}, "days"),
        ({"rhythm": "hourly"}, "rhythm"),
        ({"at": "25:00"}, "at"),
        ({"services": None}, "services"),
        ({"services": ["x"]}, "services"),
        ({"note": "x" * 501}, "note"),
        ({"note": "\x00"}, "note"),
        ({"holiday_rule": "never"}, "holiday_rule"),
    ],
)
def test_a_refusal_stands_at_its_field_and_changes_nothing(
    world: World, desk: Browser, changes: dict[str, Any], field: str
) -> None:
    found = begin(world)
    page = shown(desk.post(f"/regulieres/{found.public_id}/modifier/", typed(world, **changes)), 422)
    assert f'id="id_{field}_error"' in page
    found.refresh_from_db()
    assert (found.status, Recurrence.objects.count()) == ("active", 1)


def test_a_basket_is_edited_without_a_time(world: World, desk: Browser) -> None:
    plan = weekly_basket(world)
    found = begin(
        world,
        name="Panier",
        rule="FREQ=WEEKLY;BYDAY=TH",
        starts_on=dt.date(2026, 11, 26),
        wishes=[wish_baskets(plan, 2)],
    )
    sweep(world)
    path = f"/regulieres/{found.public_id}/modifier/"
    page = shown(desk.get(path))
    assert ('name="at"' in page, 'name="services"' in page) == (False, False)
    names = dict(zip(("small", "big"), re.findall(r'name="(q-\w+-\w+)"', page), strict=True))
    form = {"starts_on": "2026-12-03", "rhythm": "weekly", "days": ["TH"], "ends_on": "", "note": ""}
    form |= {names["small"]: "0", names["big"]: "1"}
    seal = re.findall(r'name="seen" value="(\w+)"', shown(desk.post(path, form)))[0]
    assert desk.post(path, {**form, "seen": seal}).status_code == 302
    sweep(world)
    made = Recurrence.objects.get(continues=found)
    assert [(run.due_on.day, run.taken) for run in plan.runs.order_by("due_on")[:3]] == [(26, 2), (3, 1), (10, 1)]
    assert [row[:2] for row in states(made)[:2]] == [("03/12 12:00", "booked"), ("10/12 12:00", "booked")]


def test_the_client_pays_from_then_on(world: World, desk: Browser) -> None:
    account = ClientAccount.objects.create(organisation=world.organisation, name="Atelier Nord")
    ClientMembership.objects.create(organisation=world.organisation, client=world.client, account=account)
    found = begin(world, payer=account)
    path = f"/regulieres/{found.public_id}/modifier/"
    same = {"days": ["MO"], "at": "10:00"}
    assert "Atelier Nord" in shown(desk.get(path))
    page = shown(desk.post(path, typed(world, client_pays="on", **same)))
    seal = re.findall(r'name="seen" value="(\w+)"', page)[0]
    desk.post(path, typed(world, client_pays="on", seen=seal, **same))
    assert Recurrence.objects.get(continues=found).payer_account is None


def test_a_failed_day_says_what_helps_and_can_be_settled_when_it_is_past(
    world: World, desk: Browser, monday: Any
) -> None:
    found = begin(world)
    ServiceAtSite.objects.filter(service=world.ironing).update(is_offered=False)
    sweep(world)
    page = shown(desk.get(f"/regulieres/{found.public_id}/"))
    assert page.count("Modifiez la commande à partir de ce jour") == 2
    monday.move_to(dt.datetime(2026, 12, 1, 8, tzinfo=PARIS), tick=True)
    page = shown(desk.get(f"/regulieres/{found.public_id}/"))
    one = found.occurrences.get(due_on=dt.date(2026, 11, 30))
    assert "C’est réglé" in page
    desk.post(f"/regulieres/jours/{one.public_id}/passer/")
    one.refresh_from_db()
    assert one.status == "skipped"


def test_the_page_asks_as_much_for_three_days_as_for_one(world: World, desk: Browser) -> None:
    counts = []
    for ends in (dt.date(2026, 12, 7), dt.date(2026, 12, 21)):
        found = begin(world, starts_on=dt.date(2026, 12, 7), ends_on=ends)
        path = f"/regulieres/{found.public_id}/modifier/"
        desk.get(path)
        with CaptureQueriesContext(connection) as asked:
            assert desk.get(path).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]
