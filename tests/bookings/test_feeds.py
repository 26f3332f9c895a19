"""Calendar subscriptions: what a calendar reads by itself, whose it is, and how it ends."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags
from icalendar import Calendar

from bookings.actions.feeds import end_feed, renew_feed
from bookings.actions.merging import merge_clients
from bookings.actions.openings import set_presence
from bookings.actions.requests import cancel_request
from bookings.actions.rescheduling import reschedule_request
from bookings.models import CalendarFeed, Client, ServiceRequest, appointments
from bookings.models.feeds import feed_hash, new_feed_token
from concierge.enums import Role
from concierge.errors import NotAllowed
from concierge.logs import hide_in_address
from concierge.middleware import actor_of
from concierge.models import Event as News
from concierge.models import Membership, Site, User
from concierge.tenancy import Actor
from tests.bookings.conftest import MONDAY, PARIS, at, details, wish_shirts
from tests.bookings.test_booking_pages import shown
from tests.bookings.test_races import race, real_world  # noqa: F401 - a fixture
from tests.conftest import as_owner
from tests.world import World

pytestmark = [pytest.mark.django_db]
Book = Callable[..., ServiceRequest]


@pytest.fixture
def ines(world: World) -> Actor:
    """Inès Garnier, who books in these tests, signed in."""
    user = User.objects.create_user("ines.garnier@example.fr", language="fr")
    known, _new = Client.objects.update_or_create(
        organisation=world.organisation,
        email=user.email,
        defaults={"first_name": "Inès", "last_name": "Garnier", "user": user},
    )
    assert known.pk is not None
    return actor_of(user, world.organisation)


def address(site: Site | None, by: Actor) -> str:
    """A fresh address."""
    return f"/abonnement/{renew_feed(site, by=by)[1]}.ics"


def read(browser: Browser, path: str) -> list[Any]:
    """The appointments that a calendar would show."""
    answer = browser.get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    return list(Calendar.from_ical(answer.content).walk("VEVENT"))


def facts(found: list[Any]) -> list[tuple[Any, ...]]:
    """Start, state and count of changes, in the order of the file."""
    return [(one["DTSTART"].dt, str(one["STATUS"]), one["SEQUENCE"]) for one in found]


@pytest.mark.promise("R38", "S53")
@pytest.mark.usefixtures("monday")
def test_a_clients_calendar_follows_moves_and_the_end(world: World, book: Book, client: Browser, ines: Actor) -> None:
    first, second = book(), book(starts_at=at(25, 11))
    book(client=details(first_name="Autre", email="autre@example.fr"))
    path = address(None, ines)
    found = read(client, path)
    assert facts(found) == [(at(24, 10), "CONFIRMED", 0), (at(25, 11), "CONFIRMED", 0)]
    uids = [str(one["UID"]) for one in found]
    reschedule_request(first, at(26, 14), by=world.actor())
    cancel_request(second, by=world.actor())
    found = read(client, path)
    assert facts(found) == [(at(25, 11), "CANCELLED", 1), (at(26, 14), "CONFIRMED", 1)]
    assert [str(one["UID"]) for one in found] == uids[::-1]
    # A link that acts is not lent to everybody who sees the calendar.
    assert {str(one["URL"]) for one in found} == {"http://testserver/mes-demandes/"}
    assert first.tracking_token not in client.get(path).content.decode().replace("\r\n ", "")


@pytest.mark.usefixtures("monday")
def test_what_is_off_goes_after_four_weeks_and_what_was_long_ago_too(
    world: World, book: Book, client: Browser, ines: Actor
) -> None:
    past, off, far = book(), book(starts_at=at(25, 11)), book(starts_at=at(26, 11))
    cancel_request(off, by=world.actor())
    ServiceRequest.objects.filter(pk=off.pk).update(promised_start=MONDAY + dt.timedelta(days=40))
    ServiceRequest.objects.filter(pk=far.pk).update(promised_start=MONDAY + dt.timedelta(days=190))
    path = address(None, ines)
    uids = {str(one.public_id): name for name, one in (("past", past), ("off", off), ("far", far))}
    seen: list[list[str]] = []
    for days in (0, 28, 30):
        with time_machine.travel(MONDAY + dt.timedelta(days=days)):
            seen.append([uids[str(one["UID"]).partition("@")[0]] for one in read(client, path)])
    assert seen == [["past", "off"], ["off", "far", "past"], ["far"]]


@pytest.mark.promise("P07")
@pytest.mark.usefixtures("monday")
def test_a_sites_calendar_says_who_and_what_and_no_more(world: World, book: Book, client: Browser) -> None:
    made = book(wish_shirts(world), note="Code 4711, sort d'hospitalisation")
    other = Site.objects.get(pk=world.site.pk)
    other.pk, other.public_id, other.slug, other.name = None, made.public_id, "autre", "Autre"
    other.save()
    concierge = actor_of(world.users["concierge"], world.organisation)
    path = address(world.site, concierge)
    (found,) = read(client, path)
    assert [str(found[name]) for name in ("SUMMARY", "DESCRIPTION", "URL")] == [
        "Inès G. – Repassage",
        f"Demande {made.reference}",
        f"http://testserver/demandes/{made.public_id}/",
    ]
    text = client.get(path).content.decode().replace("\r\n ", "")
    hidden = ("Garnier", "ines.garnier", "06 12", "+336", "4711", "hospitalisation", made.tracking_token)
    assert [word for word in hidden if word in text] == []
    assert read(client, address(other, concierge)) == []


@pytest.mark.usefixtures("monday")
def test_a_visit_says_the_town_and_a_stand_its_place(world: World, book: Book, client: Browser) -> None:
    stand = set_presence(
        world.site,
        None,
        by=world.actor("site_manager"),
        name="Hall de la mairie",
        street="1 place de la Libération",
        postcode="21000",
        city="Dijon",
        weekday=1,
        opens=dt.time(12),
        closes=dt.time(14),
    )
    visit = book()
    ServiceRequest.objects.filter(pk=visit.pk).update(
        place="home", street="3 rue Secrète", postcode="21240", city="Talant"
    )
    there = book(starts_at=at(25, 11))
    assert there.hold is not None
    there.hold.presence = stand
    there.hold.save()
    path = address(world.site, actor_of(world.users["dispatcher"], world.organisation))
    assert [str(one["LOCATION"]) for one in read(client, path)] == [
        "21240 Talant",
        "Hall de la mairie, 1 place de la Libération, 21000 Dijon",
    ]


@pytest.mark.promise("R38")
def test_the_wall_clock_holds_across_the_clock_change(world: World, client: Browser, ines: Actor) -> None:
    """A week of ten o'clocks around 28 March 2027, read by a program that believes the VTIMEZONE alone."""
    with time_machine.travel(dt.datetime(2027, 3, 22, 8, tzinfo=dt.UTC)):
        me = Client.objects.get(email="ines.garnier@example.fr")
        days = [dt.datetime(2027, 3, day, 10, tzinfo=PARIS) for day in (26, 29)]
        for day in days:
            ServiceRequest.objects.filter(pk=world.request(promised_start=day).pk).update(client=me)
        answer = client.get(address(None, ines))
    found: Any = Calendar.from_ical(answer.content)
    (zone,) = found.walk("VTIMEZONE")
    assert str(zone["TZID"]) == "Europe/Paris"
    starts = [one["DTSTART"] for one in found.walk("VEVENT")]
    assert [(one.params["TZID"], one.dt.hour) for one in starts] == [("Europe/Paris", 10), ("Europe/Paris", 10)]
    by_zone = [one.dt.replace(tzinfo=zone.to_tz()).astimezone(dt.UTC) for one in starts]
    assert by_zone == [day.astimezone(dt.UTC) for day in days]
    assert [moment.hour for moment in by_zone] == [9, 8]


@pytest.mark.promise("S53")
@pytest.mark.usefixtures("monday")
def test_the_answer_is_private_says_when_to_come_back_and_is_not_sent_twice(
    world: World, book: Book, client: Browser, ines: Actor
) -> None:
    path = address(None, ines)
    empty = client.get(path)
    made = book()
    whole = client.get(path)
    assert {name: whole.headers[name] for name in ("Cache-Control", "Referrer-Policy", "X-Robots-Tag")} == {
        "Cache-Control": "private, no-cache",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex",
    }
    assert (list(whole.cookies), list(empty.cookies)) == ([], [])
    assert [line for line in whole.content.decode().splitlines() if "REFRESH" in line or "TTL" in line] == [
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
    ]
    assert [type(one).__name__ for one in Calendar.from_ical(empty.content).subcomponents] == ["Timezone"]
    tag, since = whole.headers["ETag"], whole.headers["Last-Modified"]
    assert parsedate_to_datetime(since) == News.objects.latest("recorded_at").recorded_at.replace(microsecond=0)
    again = client.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert again.headers["Referrer-Policy"] == "no-referrer"
    assert client.get(path, headers={"If-Modified-Since": since}).status_code == 304
    assert client.get(path, headers={"If-None-Match": empty.headers["ETag"]}).status_code == 200
    assert (client.head(path).status_code, client.head(path).content) == (200, b"")
    cancel_request(made, by=world.actor())
    assert client.get(path, headers={"If-None-Match": tag, "If-Modified-Since": since}).status_code == 200
    # What was recorded two hours later is later for who asks by date alone.
    with as_owner():
        News.objects.filter(name="service_request.cancelled").update(
            recorded_at=parsedate_to_datetime(since) + dt.timedelta(hours=2)
        )
    assert client.get(path, headers={"If-Modified-Since": since}).status_code == 200
    assert client.post(path).status_code == 405


def shown_words(answer: Any) -> str:
    """What a page says, whatever its address."""
    return " ".join(strip_tags(answer.content.decode()).split())


@pytest.mark.promise("S16", "S17")
@pytest.mark.usefixtures("monday")
def test_addresses_are_kept_as_hashes_replaced_and_ended(world: World, client: Browser, ines: Actor) -> None:
    feed, old = renew_feed(None, by=ines)
    assert old not in str(CalendarFeed.objects.filter(pk=feed.pk).values().get())
    again, new = renew_feed(None, by=ines)
    assert (again, CalendarFeed.objects.count()) == (feed, 1)
    missing = client.get("/no/such/page/")
    for token in (old, "é", "x" * 300, f"{new}x", new.swapcase()):
        refused = client.get(f"/abonnement/{token}.ics")
        assert (refused.status_code, shown_words(refused)) == (404, shown_words(missing))
    assert client.get(f"/abonnement/{new}.ics").status_code == 200
    assert (end_feed(None, by=ines), end_feed(None, by=ines)) == (True, False)
    assert client.get(f"/abonnement/{new}.ics").status_code == 404
    path = address(None, ines)
    assert client.get(path).status_code == 200
    assert list(News.objects.filter(subject_id=feed.public_id).order_by("pk").values_list("name", flat=True)) == [
        "calendar_feed.given",
        "calendar_feed.renewed",
        "calendar_feed.ended",
        "calendar_feed.renewed",
    ]
    assert hide_in_address(path) == "/abonnement/…"


@pytest.mark.promise("S05")
@pytest.mark.usefixtures("monday")
def test_an_address_ends_with_the_role_the_account_and_the_site(
    world: World, client: Browser, ines: Actor, other_world: World
) -> None:
    user = User.objects.create_user("nadia@example.org")
    role = Membership.objects.create(organisation=world.organisation, user=user, role=Role.CONCIERGE, site=world.site)
    path, mine = address(world.site, actor_of(user, world.organisation)), address(None, ines)
    assert [client.get(one).status_code for one in (path, mine)] == [200, 200]
    assert client.get(mine, headers={"host": other_world.host}).status_code == 404
    role.role = Role.ACCOUNTANT
    role.save()
    assert client.get(path).status_code == 404
    role.role, role.site = Role.SUPERVISOR, None
    role.save()
    assert client.get(path).status_code == 200
    world.site.is_active = False
    world.site.save()
    assert client.get(path).status_code == 404
    assert ines.user is not None
    ines.user.is_active = False
    ines.user.save()
    assert client.get(mine).status_code == 404
    ines.user.is_active = True
    ines.user.save()
    Client.objects.filter(email="ines.garnier@example.fr").update(user=None, email="")
    assert client.get(mine).status_code == 404


def test_only_who_sees_them_on_a_page_gets_an_address(world: World) -> None:
    for role, may in (("supervisor", True), ("network_head", True), ("accountant", False), ("social_adviser", False)):
        by = world.actor(role)
        if may:
            renew_feed(world.site, by=by)
        else:
            with pytest.raises(NotAllowed):
                renew_feed(world.site, by=by)
    for by in (world.actor(), world.actor("concierge"), Actor("link", world.organisation, client_id=world.client.pk)):
        with pytest.raises(NotAllowed):
            renew_feed(None, by=by)
    assert CalendarFeed.objects.count() == 2


@pytest.mark.promise("domain R2")
@pytest.mark.usefixtures("monday")
def test_a_person_known_twice_reads_one_calendar(world: World, book: Book, client: Browser, ines: Actor) -> None:
    book()
    twin = Client.objects.create(organisation=world.organisation, first_name="Inès", last_name="Garnier")
    ServiceRequest.objects.filter(pk=book(starts_at=at(25, 11)).pk).update(client=twin)
    path = address(None, ines)
    assert len(read(client, path)) == 1
    merge_clients(Client.objects.get(email="ines.garnier@example.fr"), twin, by=world.actor("concierge"))
    assert [one["DTSTART"].dt for one in read(client, path)] == [at(24, 10), at(25, 11)]


@pytest.mark.usefixtures("monday")
def test_there_is_an_end_to_a_calendar_and_what_comes_goes_first(
    world: World, client: Browser, ines: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appointments, "MOST_SHOWN", 3)
    for day in (20, 19, 18, 25, 24):
        one = world.request(promised_start=at(day, 10))
        ServiceRequest.objects.filter(pk=one.pk).update(client=ines.client_id)
    assert [one["DTSTART"].dt for one in read(client, address(None, ines))] == [at(24, 10), at(25, 10), at(20, 10)]


@pytest.mark.usefixtures("monday")
def test_a_calendar_asks_as_much_for_three_as_for_one(world: World, book: Book, client: Browser, ines: Actor) -> None:
    paths = [address(None, ines), address(world.site, actor_of(world.users["concierge"], world.organisation))]
    counts: list[list[int]] = [[], []]
    for number in range(3):
        book(starts_at=at(24, 10 + number))
        for path, seen in zip(paths, counts, strict=True):
            if number in (0, 2):
                with CaptureQueriesContext(connection) as asked:
                    assert len(read(client, path)) == number + 1
                seen.append(len(asked))
    assert [seen[0] - seen[1] for seen in counts] == [0, 0]


@pytest.mark.promise("S31")
def test_reading_without_end_is_slowed_down(
    world: World, client: Browser, monkeypatch: pytest.MonkeyPatch, ines: Actor
) -> None:
    from bookings.views import feeds

    monkeypatch.setattr(feeds, "MOST_READ", 3)
    path = address(None, ines)
    codes = [client.get(one).status_code for one in (path, "/abonnement/a.ics", path, path)]
    assert codes == [200, 404, 200, 429]
    assert client.get(path).headers["Retry-After"] == "3600"
    assert client.get(path, REMOTE_ADDR="203.0.113.9").status_code == 200


def test_a_client_is_given_an_address_once_and_ends_it(world: World, client: Browser, ines: Actor) -> None:
    assert ines.user is not None
    client.force_login(ines.user)
    base = "/mes-demandes/calendrier/"
    assert base in shown(client.get("/mes-demandes/"))
    said = shown(client.get(base))
    assert "arreter" not in said
    assert "Un rendez-vous déplacé l’est là aussi" in said
    assert "peut lire votre agenda, et rien d’autre" in said
    given = shown(client.post(base))
    path = "/abonnement/" + given.partition("http://testserver/abonnement/")[2].partition(".ics")[0] + ".ics"
    assert f"webcal://testserver{path}" in given
    assert Browser().get(path).status_code == 200
    page = client.get(base)
    assert (path in shown(page), "arreter" in shown(page)) == (False, True)
    assert "no-store" in page.headers["Cache-Control"]
    assert client.post(f"{base}arreter/").headers["Location"] == base
    assert Browser().get(path).status_code == 404
    assert "arreter" not in shown(client.get(base))


def test_the_team_finds_it_on_the_agenda(world: World, client: Browser) -> None:
    client.force_login(world.users["concierge"])
    base = f"/agenda/{world.site.slug}/calendrier/"
    assert base in shown(client.get("/agenda/"))
    assert "/abonnement/" in shown(client.post(base))
    assert client.post(f"{base}arreter/").headers["Location"] == base
    client.force_login(world.users["accountant"])
    assert base not in shown(client.get("/agenda/"))
    assert client.get("/agenda/nowhere/calendrier/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_an_address_asked_for_many_times_at_once_is_one(real_world: World) -> None:  # noqa: F811 - the fixture
    world, tokens = real_world, []
    by = world.actor("concierge")
    assert race(world, 12, lambda _n: tokens.append(renew_feed(world.site, by=by)[1])) == {"ok": 12}
    browser = Browser()
    opened = [browser.get(f"/abonnement/{token}.ics").status_code for token in tokens]
    assert (CalendarFeed.objects.count(), sorted(opened)) == (1, [200] + [404] * 11)


@pytest.mark.django_db(transaction=True)
def test_without_the_constraint_there_would_be_two(real_world: World) -> None:  # noqa: F811 - the fixture
    """The twin: look, then insert. Without PostgreSQL to say that there is one already, both addresses open."""
    world, both_have_looked, tokens = real_world, threading.Barrier(2), []
    by = world.actor("concierge")
    (name,) = [one.name for one in CalendarFeed._meta.constraints if one.name == "calendar_feed_once"]

    def look_then_insert(_number: int) -> None:
        assert not CalendarFeed.objects.filter(user=by.user, site=world.site).exists()
        token = new_feed_token()
        both_have_looked.wait(timeout=10)
        given: dict[str, Any] = {"user": by.user, "site": world.site, "given_at": MONDAY}
        CalendarFeed.objects.create(organisation=world.organisation, token_hash=feed_hash(token), **given)
        tokens.append(token)

    with as_owner(), connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE bookings_calendarfeed DROP CONSTRAINT {name}")
    try:
        assert race(world, 2, look_then_insert) == {"ok": 2}
        assert [Browser().get(f"/abonnement/{token}.ics").status_code for token in tokens] == [200, 200]
    finally:
        with as_owner(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM bookings_calendarfeed")
            cursor.execute(
                f"ALTER TABLE bookings_calendarfeed ADD CONSTRAINT {name} "
                "UNIQUE NULLS NOT DISTINCT (organisation_id, user_id, site_id)"
            )
