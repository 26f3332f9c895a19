"""What is booked on times that the site no longer keeps stays in sight until the last of it is moved."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings.actions import catalogue, openings
from bookings.actions.holds import hold_slot
from bookings.actions.quote_answers import accept_quote
from bookings.actions.recurrences import Wanted, start_recurrence
from bookings.actions.rescheduling import reschedule_request
from bookings.actions.silences import plan_digests
from bookings.actions.sites import edit_site
from bookings.enums import Place
from bookings.models import Hold, Occurrence, PreOrderRun, ServiceRequest, calendar, strays
from bookings.models.silences import silent_at
from bookings.models.strays import Strays
from bookings.rules import slots as rules
from bookings.views import strays as pages
from concierge import deadlines
from concierge.models import Event, Membership, Site
from tests.bookings.conftest import at, weekly_basket, wish_shirts
from tests.bookings.quoting import sent, two_options, yes
from tests.bookings.test_booking_pages import shown
from tests.bookings.test_openings import stand
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
Book = Callable[..., ServiceRequest]
TUESDAY = dt.date(2026, 11, 24)


def booked(world: World, book: Book, start: dt.datetime, **kept: Any) -> ServiceRequest:
    token = start.isoformat() + str(len(kept))
    return book(hold=hold_slot(world.site, Place.DESK, start, token=token, by=world.actor(), **kept))


def astray(world: World) -> list[ServiceRequest]:
    return Strays(world.site, at(23, 8)).appointments


def close(world: World, day: dt.date) -> Any:
    return openings.close_site(world.site, starts_on=day, ends_on=day, by=world.actor())


@pytest.mark.promise("domain R16")
def test_a_closure_shows_who_is_booked_there_until_they_are_moved(world: World, client: Browser, book: Book) -> None:
    first, other = booked(world, book, at(24, 10)), booked(world, book, at(25, 10))
    client.force_login(world.users["site_manager"])
    assert client.get("/sites/republique/horaires/").context["strays"] == 0
    answer = client.post(
        "/sites/republique/horaires/fermetures/nouvelle/",
        {"starts_on": "2026-11-24", "ends_on": "2026-11-24", "reason": ""},
        follow=True,
    )
    assert (answer.context["strays"], "horaires/a-deplacer/" in answer.content.decode()) == (1, True)
    page = client.get("/sites/republique/horaires/a-deplacer/").content.decode()
    assert (f"/demandes/{first.public_id}/deplacer/" in page, str(other.public_id) in page) == (True, False)
    assert client.get("/agenda/?site=republique").context["strays"] == 1
    reschedule_request(first, at(26, 10), by=world.actor())
    assert astray(world) == []
    assert client.get("/agenda/?site=republique").context["strays"] == 0
    assert "a-deplacer" not in client.get("/agenda/?site=republique").content.decode()


def test_a_cancelled_request_and_a_closure_taken_back_are_out_of_sight(world: World, book: Book) -> None:
    one = booked(world, book, at(24, 10))
    closure = close(world, TUESDAY)
    assert astray(world) == [one]
    openings.reopen_site(closure, by=world.actor())
    assert astray(world) == []
    close(world, TUESDAY)
    ServiceRequest.objects.filter(pk=one.pk).update(status="cancelled")
    assert astray(world) == []


def test_shorter_hours_show_what_is_outside_of_them(world: World, book: Book) -> None:
    early, late = booked(world, book, at(24, 10)), booked(world, book, at(24, 17))
    catalogue.set_opening(world.site, [(1, dt.time(9), dt.time(17, 15))], by=world.actor())
    assert astray(world) == [late]
    catalogue.set_opening(world.site, [(1, dt.time(9), dt.time(17, 30))], by=world.actor())
    assert astray(world) == []
    catalogue.set_opening(world.site, [(2, dt.time(9), dt.time(18))], by=world.actor())
    assert astray(world) == [early, late]


@pytest.mark.parametrize("how", ["paused", "removed", "other day"])
def test_a_stand_that_goes_shows_its_people_and_no_others(world: World, book: Book, how: str) -> None:
    there = stand(world)
    desk, its = booked(world, book, at(24, 12)), booked(world, book, at(24, 12), presence=there)
    assert astray(world) == []
    if how == "removed":
        openings.remove_presence(there, by=world.actor())
    else:
        changes: dict[str, Any] = {"is_paused": True} if how == "paused" else {"weekday": 2}
        openings.set_presence(world.site, there, by=world.actor(), **changes)
    assert (astray(world), desk.status) == ([its], "confirmed")


@pytest.mark.promise("domain R16")
def test_one_more_holiday_shows_who_is_booked_on_it(world: World, book: Book) -> None:
    """Saint Stephen's day, 2026: a Saturday."""
    catalogue.set_opening(world.site, [(5, dt.time(9), dt.time(18))], by=world.actor())
    one = booked(world, book, at(23, 10) + dt.timedelta(days=33))
    assert astray(world) == []
    world.site = edit_site(world.site, {"holiday_zone": "57"}, by=world.actor("network_head"))
    assert astray(world) == [one]


def test_hand_outs_with_orders_are_listed_too(world: World, client: Browser) -> None:
    run = PreOrderRun.objects.filter(plan=weekly_basket(world)).order_by("handout_starts_at")[0]
    close(world, run.handout_starts_at.date())
    assert Strays(world.site, at(23, 8)).number == 0
    PreOrderRun.objects.filter(pk=run.pk).update(taken=3)
    found = Strays(world.site, at(23, 8))
    assert (found.runs, found.number) == ([run], 1)
    client.force_login(world.users["concierge"])
    page = client.get("/sites/republique/horaires/a-deplacer/").content.decode()
    assert f"/precommandes/{run.public_id}/" in page


def test_planned_days_of_regular_requests_are_listed_too(world: World, client: Browser) -> None:
    wanted = Wanted(
        name="Chemises",
        rule="FREQ=WEEKLY;BYDAY=TU",
        starts_on=TUESDAY,
        at=dt.time(10),
        wishes=[wish_shirts(world)],
    )
    series = start_recurrence(world.client, world.site, wanted, by=world.actor())
    planned = Occurrence.objects.filter(recurrence=series, status="planned").order_by("starts_at")[0]
    assert Strays(world.site, at(23, 8)).number == 0
    close(world, planned.due_on)
    found = Strays(world.site, at(23, 8))
    assert (found.days, found.number) == ([planned], 1)
    client.force_login(world.users["concierge"])
    page = client.get("/sites/republique/horaires/a-deplacer/").content.decode()
    assert f"/regulieres/{series.public_id}/" in page


def test_the_team_reads_that_it_goes_there(world: World, client: Browser, book: Book) -> None:
    one = booked(world, book, at(24, 10))
    home = {"street": "3 rue Monge", "postcode": "21000", "city": "Dijon"}
    ServiceRequest.objects.filter(pk=one.pk).update(place=Place.HOME, **home)
    close(world, TUESDAY)
    client.force_login(world.users["site_manager"])
    page = shown(client.get("/sites/republique/horaires/a-deplacer/"))
    assert (page.count("À domicile"), page.count("Chez vous")) == (1, 0)


@pytest.mark.promise("domain R5", "domain R16")
def test_what_was_agreed_by_quote_is_listed_too(world: World, client: Browser) -> None:
    """It takes no place in the calendar: a closure of its day once left it out of sight."""
    agreed = [accepted(world, start) for start in (at(24, 10), at(25, 10), at(26, 23, 30), at(27, 10))]
    nothing = (Strays(world.site, at(23, 8)).agreed, Strays(world.site, at(23, 8)).number)
    close(world, TUESDAY)
    close(world, dt.date(2026, 11, 26))
    ServiceRequest.objects.filter(pk=agreed[2].pk).update(place=Place.DESK)
    found = Strays(world.site, at(23, 8))
    assert (nothing, found.agreed, found.number, found.appointments) == (([], 0), [agreed[0]], 1, [])
    ServiceRequest.objects.filter(pk=agreed[2].pk).update(place=Place.HOME)
    assert Strays(world.site, at(23, 8)).agreed == [agreed[0], agreed[2]]
    assert Strays(world.site, at(24, 11)).agreed == [agreed[2]]
    client.force_login(world.users["site_manager"])
    page = shown(client.get("/sites/republique/horaires/a-deplacer/"))
    assert "Convenu par devis" in page
    assert (f"/demandes/{agreed[0].public_id}/deplacer/" in page, str(agreed[1].public_id) in page) == (True, False)
    assert client.get("/agenda/?site=republique").context["strays"] == 2
    assert ("Réservé sur des heures fermées", 2) in silent_at(world.site, now=at(23, 8))
    reschedule_request(agreed[0], at(25, 14), by=world.actor())
    assert Strays(world.site, at(23, 8)).agreed == [agreed[2]]
    ServiceRequest.objects.filter(pk=agreed[2].pk).update(status="cancelled")
    assert Strays(world.site, at(23, 8)).number == 0


def accepted(world: World, start: dt.datetime) -> ServiceRequest:
    quote = sent(world, draft=two_options(starts_at=start))
    accept_quote(quote, yes(quote), by=world.actor())
    return ServiceRequest.objects.get(pk=quote.request_id)


def test_more_than_a_page_shows_are_all_counted(
    world: World, client: Browser, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when what comes first is where it belongs."""
    monkeypatch.setattr(strays, "MOST", 2)
    booked(world, book, at(24, 10))
    runs = list(PreOrderRun.objects.filter(plan=weekly_basket(world)).order_by("handout_starts_at"))
    PreOrderRun.objects.update(taken=3)
    for run in runs[1:]:
        close(world, run.handout_starts_at.date())
    assert len(runs[1:]) > 2
    found = Strays(world.site, at(23, 8))
    assert (found.runs, found.number, found.is_cut) == (runs[1:3], len(runs) - 1, True)
    client.force_login(world.users["concierge"])
    page = client.get("/sites/republique/horaires/a-deplacer/")
    assert (page.context["number"], page.context["is_cut"], len(page.context["runs"])) == (len(runs) - 1, True, 2)
    monkeypatch.setattr(strays, "MOST", len(runs) - 1)
    assert not client.get("/sites/republique/horaires/a-deplacer/").context["is_cut"]


def test_whoever_follows_up_finds_them_until_they_are_moved(
    world: World, client: Browser, book: Book, monday: Any
) -> None:
    client.force_login(world.users["concierge"])
    moved, _other = booked(world, book, at(24, 10)), booked(world, book, at(24, 11))
    assert 'id="astray"' not in client.get("/silences/").content.decode()
    close(world, TUESDAY)
    page = client.get("/silences/")
    assert page.context["strays"] == {"rows": [{"site": world.site, "number": 2}], "is_cut": False}
    assert 'href="/sites/republique/horaires/a-deplacer/"' in page.content.decode()
    assert "2 choses sont réservées à des heures fermées." in shown(client.get("/silences/compte/"))
    assert ['id="astray"' in shown(client.get(f"/silences/?ball={ball}")) for ball in ("team", "client")] == [
        True,
        False,
    ]
    assert silent_at(world.site, now=timezone.now()) == [("Réservé sur des heures fermées", 2)]
    plan_digests(timezone.now())
    monday.move_to(at(24, 7, 31))
    deadlines.sweep(world.organisation.pk)
    assert Event.objects.filter(name="silence.reported").count() == 1
    reschedule_request(moved, at(26, 10), by=world.actor())
    assert "1 chose est réservée à une heure fermée." in shown(client.get("/silences/compte/"))
    openings.reopen_site(world.site.closures.get(), by=world.actor())
    assert shown(client.get("/silences/compte/")).strip() == ""
    assert silent_at(world.site, now=timezone.now()) == []


def test_many_sites_are_asked_at_once_and_a_far_desk_is_none_of_mine(
    world: World, other_world: World, client: Browser, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    booked(world, book, at(24, 10))
    close(world, TUESDAY)
    client.force_login(world.users["concierge"])
    counts = []
    for number in (1, 3):
        for slug in ("deux", "trois")[: number - 1]:
            one = Hold.objects.order_by("pk")[0]
            there = Site.objects.get(pk=world.site.pk)
            there.pk, there.public_id, there.slug, there.name = None, uuid.uuid4(), slug, slug
            there.save()
            one.pk, one.public_id, one.token_hash, one.site = None, uuid.uuid4(), slug, there
            one.save()
            row = ServiceRequest.objects.order_by("pk")[0]
            row.pk, row.public_id, row.reference, row.hold, row.site = None, uuid.uuid4(), slug, one, there
            row.save()
        for path in ("/silences/", "/silences/compte/"):
            client.get(path)
            with CaptureQueriesContext(connection) as asked:
                client.get(path)
            counts.append(len(asked))
    assert counts[:2] == counts[2:]
    page = client.get("/silences/")
    assert [(row["site"].slug, row["number"]) for row in page.context["strays"]["rows"]] == [
        ("republique", 1),
        ("deux", 1),
        ("trois", 1),
    ]
    alone = client.get(f"/silences/?site={Site.objects.get(slug='deux').public_id}").context["strays"]["rows"]
    assert [row["site"].slug for row in alone] == ["deux"]
    monkeypatch.setattr(pages, "MOST_SITES", 2)
    cut = client.get("/silences/").context["strays"]
    assert (len(cut["rows"]), cut["is_cut"]) == (2, True)
    Membership.objects.filter(user=world.users["concierge"]).update(site=Site.objects.get(slug="trois"))
    rows = client.get("/silences/").context["strays"]["rows"]
    assert [row["site"].slug for row in rows] == ["trois"]
    elsewhere = Browser(headers={"host": other_world.host})
    elsewhere.force_login(other_world.users["concierge"])
    assert elsewhere.get("/silences/").context["strays"]["rows"] == []


@pytest.mark.promise("domain R16")
def test_what_is_said_in_sql_is_what_the_calendar_says(world: World, book: Book) -> None:
    """Appointments of every kind of hour, in two time zones, against the windows that the calendar offers."""
    hours = {"opens": dt.time(9), "closes": dt.time(18)}
    there, once = stand(world, **hours), stand(world, **hours, weekday=None, held_on=dt.date(2026, 12, 9))
    # A third of them all is on Christmas, when nobody is there but a stand of that one day.
    feast = stand(world, **hours, weekday=None, held_on=dt.date(2026, 12, 25))
    request = book(starts_at=at(24, 10))
    assert request.hold is not None
    for number in range(1, 160):
        copy = Hold.objects.get(pk=request.hold.pk)
        copy.pk, copy.public_id, copy.token_hash, copy.lane = None, uuid.uuid4(), f"t{number}", number
        copy.starts_at = at(23, 8) + dt.timedelta(days=number % 19 if number % 3 else 32, minutes=95 * number % 720)
        copy.ends_at = copy.starts_at + dt.timedelta(minutes=15 + 60 * (number % 4))
        copy.presence = (None, None, there, once, feast)[number % 5]
        copy.save()
        row = ServiceRequest.objects.get(pk=request.pk)
        row.pk, row.public_id, row.reference, row.hold = None, uuid.uuid4(), f"R{number}", copy
        row.save()
    halves = ((dt.time(8), dt.time(12)), (dt.time(14), dt.time(19, 30)))
    catalogue.set_opening(world.site, [(day, *half) for day in range(6) for half in halves], by=world.actor())
    close(world, dt.date(2026, 11, 27))
    openings.set_presence(world.site, there, by=world.actor(), valid_from=dt.date(2026, 12, 1))
    for zone in ("Europe/Paris", "Indian/Reunion"):
        Site.objects.update(time_zone=zone)
        site = Site.objects.get()
        held = ServiceRequest.objects.filter(hold__starts_at__gte=at(23, 8)).select_related("hold__presence")
        expected = {one.pk for one in held if not is_kept(site, one.hold)}
        assert 15 < len(expected) < len(held) - 15
        kept = set(held.filter(hold__presence=feast).values_list("pk", flat=True)) - expected
        assert 3 < len(kept) < held.filter(hold__presence=feast).count() - 3
        found = strays.astray_appointments([site], at(23, 8))
        assert set(found.values_list("pk", flat=True)) == expected
        assert strays.numbers([site], at(23, 8)) == {site.pk: len(expected)}


def is_kept(site: Site, hold: Any) -> bool:
    """Whether the calendar still offers the whole stretch."""
    zone, there = ZoneInfo(site.time_zone), hold.presence
    day = hold.starts_at.astimezone(zone).date()
    if there is not None and there.is_paused:
        return False
    closed, opening = calendar.days_off(site, there, day, day), calendar.opening_at(site, there)
    windows = rules.windows_of(opening, closed, zone=zone, first_day=day, days=1)
    return any(one.starts_at <= hold.starts_at and hold.ends_at <= one.ends_at for _day, _hours, one in windows)


def test_the_list_asks_the_same_number_of_questions_for_three(world: World, client: Browser, book: Book) -> None:
    booked(world, book, at(24, 10))
    close(world, TUESDAY)
    client.force_login(world.users["site_manager"])
    path = "/sites/republique/horaires/a-deplacer/"
    client.get(path)
    with CaptureQueriesContext(connection) as one:
        client.get(path)
    openings.reopen_site(world.site.closures.get(), by=world.actor())
    booked(world, book, at(24, 11))
    booked(world, book, at(24, 14))
    close(world, TUESDAY)
    client.get(path)
    with CaptureQueriesContext(connection) as three:
        answer = client.get(path)
    assert (len(answer.context["appointments"]), len(three)) == (3, len(one))
