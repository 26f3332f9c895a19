"""When people are received: stands elsewhere, closures, hours, and the pages that set them up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from bookings.actions import guards, holds, openings
from bookings.actions.holds import hold_slot
from bookings.actions.rescheduling import reschedule_request
from bookings.enums import Place
from bookings.forms.openings import stretches
from bookings.models import ClientAccount, Closure, Hold, OpeningHours, Presence, ServiceRequest, SlotRule, calendar
from concierge.errors import Invalid
from concierge.models import Site
from concierge.tenancy import Actor
from tests.bookings.conftest import at, details, wish_heels
from tests.bookings.test_booking_pages import HOME, Path, shown
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
Book = Callable[..., ServiceRequest]
PLACE = {"name": "Hall de la mairie", "street": "1 place de la Libération", "postcode": "21000", "city": "Dijon"}


def stand(world: World, **changes: Any) -> Presence:
    """Tuesdays from noon to one, unless told otherwise."""
    given = {**PLACE, "weekday": 1, "opens": dt.time(12), "closes": dt.time(13)}
    return openings.set_presence(world.site, None, by=world.actor(), **{**given, **changes})


def times(world: World, presence: Presence | None, days: int = 14) -> list[dt.datetime]:
    found = calendar.slots_left(world.site, Place.DESK, now=at(23, 8), days=days, presence=presence)
    return [slot.starts_at for slot in found]


# --- stands ----------------------------------------


@pytest.mark.promise("domain R13", "domain R16")
def test_a_weekly_stand_is_there_on_its_weekday_within_its_dates(world: World) -> None:
    there = stand(world, slot_minutes=20)
    assert times(world, there) == [at(24, 12), at(24, 12, 20), at(24, 12, 40)] + [
        at(24, 12, minute) + dt.timedelta(days=7) for minute in (0, 20, 40)
    ]
    openings.set_presence(world.site, there, by=world.actor(), valid_from=dt.date(2026, 12, 1))
    there.refresh_from_db()
    assert times(world, there)[0] == at(24, 12) + dt.timedelta(days=7)
    there = openings.set_presence(world.site, there, by=world.actor(), is_paused=True)
    assert times(world, there) == []


def test_a_stand_of_one_day_and_the_days_off_of_its_site(world: World) -> None:
    once = stand(world, weekday=None, held_on=dt.date(2026, 11, 28), slot_minutes=60)
    assert times(world, once) == [at(28, 12)]
    openings.close_site(
        world.site, starts_on=dt.date(2026, 11, 28), ends_on=dt.date(2026, 11, 28), reason="", by=world.actor()
    )
    assert times(world, once) == []


def test_desk_and_stand_do_not_take_each_others_places(world: World, book: Book) -> None:
    SlotRule.objects.update(capacity=1)
    there = stand(world)
    by = world.actor()
    hold_slot(world.site, Place.DESK, at(24, 12), token="desk", by=by)
    kept = hold_slot(world.site, Place.DESK, at(24, 12), token="stand", by=by, presence=there)
    assert (kept.presence, kept.ends_at) == (there, at(24, 12, 10))
    with pytest.raises(holds.SlotTaken) as refusal:
        hold_slot(world.site, Place.DESK, at(24, 12), token="late", by=by, presence=there)
    assert refusal.value.free[0].starts_at == at(24, 12, 10)
    with pytest.raises(holds.SlotNotOffered):
        hold_slot(world.site, Place.DESK, at(25, 12), token="x", by=by, presence=there)


def test_nobody_visits_a_home_from_a_stand(world: World) -> None:
    """It would be one more visit at that time than there are people for."""
    there, by = stand(world), world.actor()
    assert calendar.slots_left(world.site, Place.HOME, now=at(23, 8), presence=there) == []
    with pytest.raises(holds.SlotNotOffered):
        hold_slot(world.site, Place.HOME, at(24, 12), token="home", by=by, presence=there)
    kept = hold_slot(world.site, Place.DESK, at(24, 12), token="desk", by=by, presence=there)
    with pytest.raises(IntegrityError, match="hold_at_a_stand_is_no_visit"), transaction.atomic():
        Hold.objects.filter(pk=kept.pk).update(place=Place.HOME)


def test_what_is_left_at_a_stand_is_promised_for_its_next_day(world: World, book: Book) -> None:
    there = stand(world)
    kept = hold_slot(world.site, Place.DESK, at(24, 12), token="t", by=world.actor(), presence=there)
    request = book(hold=kept)
    assert (request.meets_at, request.promised_start) == (there, at(24, 12))
    assert request.promised_end == at(24, 13) + dt.timedelta(days=7)
    moved = reschedule_request(request, at(24, 12, 10), by=world.actor())
    assert moved.meets_at == there
    with pytest.raises(holds.SlotNotOffered):
        reschedule_request(request, at(25, 10), by=world.actor())


@pytest.mark.promise("domain R2")
def test_a_stand_of_an_account_takes_its_people_only(world: World, book: Book) -> None:
    account = ClientAccount.objects.create(organisation=world.organisation, name="Acier", email_domain="acier.example")
    there, link = stand(world, account=account), Actor(kind="link", organisation=world.organisation)
    assert guards.stands_for(world.site, "", link) == []
    assert guards.stands_for(world.site, "a@ailleurs.example", link) == []
    assert guards.stands_for(world.site, "a@acier.example", link) == [there]
    assert guards.stands_for(world.site, "", world.actor("concierge")) == [there]
    kept = hold_slot(world.site, Place.DESK, at(24, 12), token="t", by=link, presence=there)
    with pytest.raises(holds.SlotNotOffered):
        book(wish_heels(world), hold=kept, by=link, client=details(email="a@ailleurs.example"))
    assert book(wish_heels(world), hold=kept, by=link, client=details(email="a@acier.example")).meets_at == there


@pytest.mark.promise("domain R2", "domain R13")
def test_no_stand_hides_the_one_of_the_client(world: World, client: Browser) -> None:
    """The 20 first by name were proposed, those of far days too: the stand of a company further on was the desk."""
    for number in range(20):
        stand(world, name=f"Annexe {number:02}", capacity=number + 1)
    stand(world, name="Annexe 99", weekday=None, held_on=dt.date(2027, 1, 23))
    last_day = stand(world, name="Annexe 98", weekday=None, held_on=dt.date(2027, 1, 22))
    account = ClientAccount.objects.create(organisation=world.organisation, name="Acier", email_domain="acier.example")
    there, link = stand(world, name="Zinguerie", account=account), Actor(kind="link", organisation=world.organisation)
    found = guards.stands_for(world.site, "a@acier.example", link)
    assert [one.name for one in found] == [*(f"Annexe {n:02}" for n in range(20)), last_day.name, there.name]
    path = Path(world, client)
    path.services(), path.details()
    mine = Presence.objects.get(name="Annexe 19")
    stand(world, name="Annexe 00 bis")
    page = shown(client.get(f"{HOME}creneau/?lieu={mine.public_id}"))
    assert (f"?lieu={mine.public_id}" in page, at(24, 12, 10).isoformat() in page) == (True, True)


def test_the_client_chooses_where_on_the_page(world: World, client: Browser) -> None:
    there = stand(world)
    path = Path(world, client)
    path.services(), path.details()
    page = shown(client.get(f"{HOME}creneau/?lieu={there.public_id}"))
    assert at(24, 12, 10).isoformat() in page
    assert at(24, 10).isoformat() not in page
    answer = client.post(f"{HOME}creneau/?lieu={there.public_id}", {"slot": at(24, 12, 10).isoformat()})
    assert answer.status_code == 302
    assert Hold.objects.get().presence == there
    assert "Hall de la mairie" in shown(client.get(f"{HOME}coordonnees/"))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"held_on": dt.date(2026, 12, 1)}, None),
        ({"weekday": None}, None),
        ({"weekday": 7}, "weekday"),
        ({"closes": dt.time(12)}, None),
        ({"valid_from": dt.date(2026, 12, 2), "valid_to": dt.date(2026, 12, 1)}, None),
        ({"slot_minutes": 2}, None),
        ({"capacity": 0}, None),
        ({"name": ""}, "name"),
    ],
)
def test_a_stand_without_sense_is_refused(world: World, changes: dict[str, Any], field: str | None) -> None:
    with pytest.raises(Invalid) as refusal:
        stand(world, **changes)
    assert (refusal.value.field, Presence.objects.count()) == (field, 0)


def test_a_stand_goes_unless_somebody_booked_there(world: World, book: Book) -> None:
    unused, used = stand(world, valid_from=dt.date(2026, 11, 23)), stand(world, name="Gare")
    kept = hold_slot(world.site, Place.DESK, at(24, 12), token="t", by=world.actor(), presence=used)
    request = book(hold=kept)
    for one in (unused, used):
        openings.remove_presence(one, by=world.actor())
    left = Presence.objects.get()
    assert (left.pk, left.is_paused, left.valid_to) == (used.pk, False, dt.date(2026, 11, 22))
    request.refresh_from_db()
    assert request.meets_at == left


# --- why nothing ----------------------------------------


@pytest.mark.promise("R38", "R39")
@pytest.mark.parametrize(
    ("arrange", "word"),
    [
        # Of a weekly one the only day is Christmas; of a single day, it is beyond what can be booked.
        (lambda w: {"weekday": 4, "valid_from": dt.date(2026, 12, 25), "valid_to": dt.date(2026, 12, 26)}, "public"),
        (lambda w: {"weekday": None, "held_on": dt.date(2027, 3, 26)}, "public holiday"),
        (lambda w: {"valid_to": dt.date(2026, 11, 1)}, "public holiday"),
        (lambda w: {"slot_minutes": 90}, "90 minutes"),
        (lambda w: {"is_paused": True}, "paused"),
    ],
)
def test_a_rule_that_yields_nothing_says_why(world: World, arrange: Callable[[World], Any], word: str) -> None:
    from django.utils import translation

    there = stand(world, **arrange(world))
    with translation.override("en"):
        assert word in openings.why_nothing(world.site, Place.DESK, now=at(23, 8), presence=there)
    assert openings.why_nothing(world.site, Place.DESK, now=at(23, 8)) == ""
    OpeningHours.objects.all().delete()
    with translation.override("en"):
        fresh = Site.objects.get(pk=world.site.pk)
        assert "no opening hours" in openings.why_nothing(fresh, Place.DESK, now=at(23, 8))


@pytest.mark.promise("R38")
def test_a_stand_in_the_night_of_the_change_offers_plain_times_only(world: World) -> None:
    now = dt.datetime(2027, 3, 20, 8, tzinfo=ZoneInfo("Europe/Paris"))
    night = stand(
        world, weekday=None, held_on=dt.date(2027, 3, 28), opens=dt.time(1), closes=dt.time(4), slot_minutes=60
    )
    found = calendar.slots_left(world.site, Place.DESK, now=now, days=14, presence=night)
    zone = ZoneInfo("Europe/Paris")
    assert [slot.starts_at.astimezone(zone).strftime("%H:%M") for slot in found] == ["01:00", "03:00"]
    assert {slot.ends_at - slot.starts_at for slot in found} == {dt.timedelta(hours=1)}


# --- pages ----------------------------------------


@pytest.fixture
def manager(world: World, client: Browser) -> Browser:
    client.force_login(world.users["site_manager"])
    return client


BASE = "/sites/republique/horaires/"


def test_hours_are_typed_as_people_write_them() -> None:
    assert stretches("9h-12h30, 14:00–18:00") == [(dt.time(9), dt.time(12, 30)), (dt.time(14), dt.time(18))]
    assert stretches("14-18 ; 8h30 - 12") == [(dt.time(8, 30), dt.time(12)), (dt.time(14), dt.time(18))]
    assert stretches(" ") == []


def test_the_week_is_changed_and_its_effect_is_shown(world: World, manager: Browser) -> None:
    shown(manager.get(BASE))
    answer = manager.post(f"{BASE}semaine/", {"day0": "10h-12h", "day1": "9:00–12:00, 14:00–18:00"})
    assert answer.headers["Location"] == BASE
    assert list(OpeningHours.objects.values_list("weekday", "opens", "closes")) == [
        (0, dt.time(10), dt.time(12)),
        (1, dt.time(9), dt.time(12)),
        (1, dt.time(14), dt.time(18)),
    ]
    assert "Mar 24 nov." in shown(manager.get(BASE))


@pytest.mark.parametrize("text", ["9-12, 11-14", "18-9", "matin", "9h-25h", "9-12 14-18", "x" * 200])
def test_hours_without_sense_are_refused_and_kept(world: World, manager: Browser, text: str) -> None:
    page = shown(manager.post(f"{BASE}semaine/", {"day0": text}), 422)
    assert text[:100] in page
    assert OpeningHours.objects.count() == 5


def test_a_week_without_hours_is_saved_and_says_what_it_means(world: World, manager: Browser) -> None:
    page = shown(manager.post(f"{BASE}semaine/", {}, follow=True))
    assert "aucun horaire" in page


def test_how_times_are_offered_is_changed(world: World, manager: Browser) -> None:
    answer = manager.post(f"{BASE}rythme/desk/", {"slot_minutes": "10", "step_minutes": "20", "capacity": "4"})
    assert answer.status_code == 302
    rule = SlotRule.objects.get(place=Place.DESK)
    assert (rule.slot_minutes, rule.step, rule.capacity) == (10, 20, 4)
    for wrong in ({"slot_minutes": "2", "capacity": "1"}, {"slot_minutes": "x", "capacity": "1"}, {}):
        shown(manager.post(f"{BASE}rythme/desk/", wrong), 422)
    assert manager.get(f"{BASE}rythme/moon/").status_code == 404


@pytest.mark.parametrize(
    ("language", "said", "to_clients"), [("fr", "À domicile", "Chez vous"), ("en", "Home visit", "At your place")]
)
def test_the_team_reads_where_it_goes(
    world: World, manager: Browser, language: str, said: str, to_clients: str
) -> None:
    """What clients read, from where they are, would send the team to itself."""
    with translation.override(language):
        for address, times in (("", 3), ("?quoi=home", 3), ("rythme/home/", 1)):
            page = shown(manager.get(f"{BASE}{address}", headers={"accept-language": language}))
            assert (page.count(said), page.count(to_clients)) == (times, 0)


def test_closures_are_made_changed_and_removed_and_never_overlap(world: World, manager: Browser) -> None:
    def close(path: str, first: str, last: str) -> Any:
        return manager.post(f"{BASE}fermetures/{path}/", {"starts_on": first, "ends_on": last, "reason": "Inventaire"})

    assert "Tout le monde lit ce motif" in shown(manager.get(f"{BASE}fermetures/nouvelle/"))
    assert close("nouvelle", "2026-12-24", "2026-12-31").status_code == 302
    assert "couvre déjà" in shown(close("nouvelle", "2026-12-31", "2027-01-02"), 422)
    assert "dernier jour" in shown(close("nouvelle", "2027-01-02", "2027-01-01"), 422)
    assert close("2026-12-24", "2026-12-28", "2026-12-30").status_code == 302
    assert list(Closure.objects.values_list("starts_on", "ends_on")) == [(dt.date(2026, 12, 28), dt.date(2026, 12, 30))]
    assert manager.post(f"{BASE}fermetures/2026-12-28/supprimer/").status_code == 302
    assert Closure.objects.count() == 0
    assert [manager.get(f"{BASE}fermetures/{day}/").status_code for day in ("2026-12-28", "hier")] == [404, 404]


def test_a_stand_is_made_on_its_page_and_told_at_once_when_nobody_can_come(world: World, manager: Browser) -> None:
    typed = {**PLACE, "opens": "12:00", "closes": "13:00", "slot_minutes": "10", "capacity": "1"}
    page = shown(manager.post(f"{BASE}stands/nouveau/", {**typed, "held_on": "2027-03-02"}, follow=True))
    assert "aucun horaire" in page
    made = Presence.objects.get()
    page = shown(manager.post(f"{BASE}stands/{made.public_id}/", {**typed, "weekday": "1"}, follow=True))
    assert "aucun horaire" not in page
    assert at(24, 12).astimezone(ZoneInfo("Europe/Paris")).strftime("%H:%M") in shown(
        manager.get(f"{BASE}?quoi={made.public_id}")
    )
    page = shown(manager.post(f"{BASE}stands/nouveau/", {**typed, "weekday": "1", "held_on": "2026-12-25"}), 422)
    assert "Hall de la mairie" in page
    assert Presence.objects.count() == 1
    assert manager.post(f"{BASE}stands/{made.public_id}/supprimer/").status_code == 302


def test_the_page_costs_the_same_for_one_and_three(world: World, manager: Browser) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as said:
            shown(manager.get(BASE))
        return len(said)

    stand(world)
    openings.close_site(world.site, starts_on=dt.date(2026, 12, 1), ends_on=dt.date(2026, 12, 1), by=world.actor())
    manager.get(BASE)
    one = cost()
    for day in (2, 3):
        stand(world, name=f"Gare {day}")
        openings.close_site(
            world.site, starts_on=dt.date(2026, 12, day), ends_on=dt.date(2026, 12, day), by=world.actor()
        )
    # What is kept between requests is read anew once after a change.
    manager.get(BASE)
    assert cost() == one


# --- the agenda ----------------------------------------


def test_the_agenda_shows_who_comes_on_the_day_and_in_the_week(world: World, book: Book, client: Browser) -> None:
    client.force_login(world.users["concierge"])
    first, later = book(), book(starts_at=at(26, 14))
    empty = shown(client.get("/agenda/"))
    assert first.reference not in empty
    day = shown(client.get("/agenda/?site=republique&jour=2026-11-24&vue=day"))
    assert (first.reference in day, later.reference in day) == (True, False)
    week = shown(client.get("/agenda/?site=republique&jour=2026-11-25&vue=week"))
    assert (first.reference in week, later.reference in week) == (True, True)
    for nonsense in ("?site=nowhere&jour=x&vue=y", "?jour=9999-12-31", "?jour=0001-01-01&vue=week"):
        shown(client.get(f"/agenda/{nonsense}"))


def test_the_agenda_costs_the_same_for_one_and_three(world: World, book: Book, client: Browser) -> None:
    client.force_login(world.users["concierge"])

    def cost() -> int:
        with CaptureQueriesContext(connection) as said:
            shown(client.get("/agenda/?site=republique&jour=2026-11-24&vue=day"))
        return len(said)

    book()
    client.get("/agenda/")
    one = cost()
    book(starts_at=at(24, 11)), book(starts_at=at(24, 12))
    assert cost() == one


# --- the API ----------------------------------------


def test_the_api_tells_openings_and_times_by_stand_and_duration(world: World, client: Browser) -> None:
    there, headers = stand(world), {"Authorization": f"Bearer {world.api_key()}"}
    body = client.get(f"/api/v1/sites/{world.site.public_id}/openings", headers=headers).json()
    assert (len(body["hours"]), body["hours"][0]) == (5, {"weekday": 0, "opens": "09:00", "closes": "18:00"})
    assert [one["id"] for one in body["stands"]] == [str(there.public_id)]
    assert "2026-12-25" in body["closed_on"]
    asked = {"site": str(world.site.public_id), "service": str(world.cobbler.public_id)}

    def slots(**more: Any) -> Any:
        return client.get("/api/v1/slots", {**asked, **more}, headers=headers)

    assert slots(presence=str(there.public_id)).json()["results"][0]["starts_at"] == "2026-11-24T11:00:00Z"
    assert slots(presence=str(world.site.public_id)).status_code == 404
    assert [slots(duration=n).status_code for n in (4, 1441, "x")] == [400, 400, 400]
    long = slots(duration=120).json()["results"]
    assert (long[0]["starts_at"], long[0]["ends_at"]) == ("2026-11-23T09:30:00Z", "2026-11-23T11:30:00Z")
