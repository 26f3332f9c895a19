"""The way in of a home that is visited regularly: one note, changed and forgotten for every day booked (R8)."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from collections import Counter
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import translation

from bookings.actions import access, recurrences, walk_in
from bookings.actions.access import note_access
from bookings.actions.beneficiaries import Beneficiary
from bookings.forms.access import AccessForm
from bookings.models import AccessNote, Client, Recurrence, ServiceRequest
from bookings.models.access import access_of
from bookings.serializers.requests import ServiceRequestIn
from concierge import deadlines
from concierge.models import Event
from tests.bookings.conftest import PARIS, at, wish_heels
from tests.bookings.test_races import race, real_world
from tests.bookings.test_walk_in import at_home
from tests.races import until_waited_for
from tests.world import World

__all__ = ["real_world"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday"), pytest.mark.promise("domain R8")]
HOME: dict[str, Any] = {"street": "3 rue Monge", "postcode": "21000", "city": "Dijon"}
OLD, NEW = "Digicode 47B12", "Digicode 99A01"


def book_days_until(world: World, monday: Any, day: int, month: int = 11) -> None:
    monday.move_to(dt.datetime(2026, month, day, 12, tzinfo=PARIS), tick=True)
    while deadlines.sweep(world.organisation.pk):
        pass


def order(world: World, moment: dt.datetime, text: str, **given: Any) -> ServiceRequest:
    visit = walk_in.Visit(moment, **HOME, access_note=text)
    asked: dict[str, Any] = {"wishes": [wish_heels(world)], "by": world.actor("concierge"), "visit": visit}
    return walk_in.book_walk_in(world.site, world.client, token=uuid.uuid4(), **asked, **given)


def begin(world: World) -> Recurrence:
    """One visit with a note, then every Monday at ten."""
    at_home(world)
    world.client.street, world.client.postcode, world.client.city = HOME.values()
    world.client.save()
    order(world, at(24, 10), OLD)
    wanted = recurrences.Wanted(
        name="Tous les lundis",
        rule="FREQ=WEEKLY;BYDAY=MO",
        starts_on=dt.date(2026, 11, 30),
        at=dt.time(10),
        wishes=[wish_heels(world)],
    )
    return recurrences.start_recurrence(world.client, world.site, wanted, by=world.actor())


def days() -> list[ServiceRequest]:
    return list(ServiceRequest.objects.filter(channel="series").order_by("promised_start"))


def texts() -> list[str | None]:
    """What is noted for each day that is booked."""
    return [note.text if (note := access_of(one)) else None for one in days()]


@pytest.fixture
def three(world: World, monday: Any) -> list[ServiceRequest]:
    """30 November, 7 and 14 December."""
    begin(world)
    book_days_until(world, monday, 23)
    assert texts() == [OLD] * 3
    return days()


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_changed_code_holds_for_all_days_booked_and_for_the_next(
    world: World, three: list[ServiceRequest], monday: Any, which: int
) -> None:
    first = AccessNote.objects.get(request=three[0]).written_at
    note_access(three[which], NEW, by=world.actor("concierge"))
    assert texts() == [NEW] * 3
    assert all(note.written_at > first for note in AccessNote.objects.filter(request__in=three))
    told = Event.objects.filter(name="service_request.access_changed")
    assert Counter(told.values_list("request_id", flat=True)) == Counter(one.public_id for one in three)
    note_access(three[which], NEW, by=world.actor("concierge"))
    assert told.all().count() == 3
    book_days_until(world, monday, 30)
    assert texts() == [NEW] * 4


def test_what_is_forgotten_is_found_again_by_no_day(
    world: World, three: list[ServiceRequest], monday: Any, client: Browser
) -> None:
    page = f"/suivi/{three[1].tracking_token}/acces/"
    assert client.post(page, {"access_note": ""}, follow=True).status_code == 200
    assert not AccessNote.objects.exists()
    book_days_until(world, monday, 30)
    assert texts() == [None] * 4
    note_access(days()[3], NEW, by=world.actor("concierge"))
    assert texts() == [NEW] * 4
    book_days_until(world, monday, 7, 12)
    assert texts() == [NEW] * 5


def test_changed_then_forgotten_then_another_day(world: World, three: list[ServiceRequest], monday: Any) -> None:
    note_access(three[0], NEW, by=world.actor("concierge"))
    ServiceRequest.objects.filter(pk=three[0].pk).update(status="closed")
    note_access(three[1], "", by=world.actor("concierge"))
    assert texts() == [None] * 3
    book_days_until(world, monday, 30)
    assert texts() == [None] * 4


def test_days_that_are_over_keep_what_was_true_then(world: World, three: list[ServiceRequest]) -> None:
    ServiceRequest.objects.filter(pk=three[0].pk).update(status="cancelled")
    note_access(three[1], NEW, by=world.actor("concierge"))
    assert texts() == [OLD, NEW, NEW]


def test_a_day_without_a_note_gets_one(world: World, three: list[ServiceRequest]) -> None:
    AccessNote.objects.filter(request=three[2]).delete()
    note_access(three[0], NEW, by=world.actor("concierge"))
    assert texts() == [NEW] * 3


def test_the_code_said_for_a_single_visit_is_that_of_the_home(world: World, three: list[ServiceRequest]) -> None:
    single = ServiceRequest.objects.exclude(channel="series").get()
    note_access(single, NEW, by=world.actor("concierge"))
    assert texts() == [NEW] * 3


def test_what_was_written_last_is_taken_over_whichever_row_is_the_newest(
    world: World, three: list[ServiceRequest], monday: Any
) -> None:
    order(world, at(25, 10), "Une seule fois")
    note_access(three[0], NEW, by=world.actor("concierge"))
    book_days_until(world, monday, 30)
    assert texts() == [NEW] * 4


def test_other_homes_and_other_people_keep_theirs(world: World, three: list[ServiceRequest]) -> None:
    paul = order(world, at(25, 10), "Chez Paul", beneficiary=Beneficiary("Paul", "Roux"))
    ServiceRequest.objects.filter(pk=three[2].pk).update(street="9 rue Berbisey")
    note_access(three[0], NEW, by=world.actor("concierge"))
    assert texts() == [NEW, NEW, OLD]
    note_access(three[0], "", by=world.actor("concierge"))
    assert texts() == [None, None, OLD]
    note_access(paul, "Chez Paul, au fond", by=world.actor("concierge"))
    assert texts() == [None, None, OLD]
    note_access(paul, "", by=world.actor("concierge"))
    assert texts() == [None, None, OLD]


def test_two_records_of_one_person_have_one_home(world: World, three: list[ServiceRequest]) -> None:
    kept = Client.objects.create(organisation=world.organisation, first_name="Inès", last_name="Durand")
    Client.objects.filter(pk=world.client.pk).update(merged_into=kept)
    ServiceRequest.objects.filter(pk=three[2].pk).update(client=kept)
    three[0].refresh_from_db()
    note_access(three[0], NEW, by=world.actor("concierge"))
    assert texts() == [NEW] * 3


@pytest.mark.parametrize("beside", [False, True])
def test_the_page_says_how_far_it_reaches(
    world: World, three: list[ServiceRequest], client: Browser, beside: bool
) -> None:
    visit = order(world, at(25, 10), "", beneficiary=Beneficiary("Paul", "Roux")) if beside else three[0]
    page = client.get(f"/suivi/{visit.tracking_token}/acces/").content.decode()
    assert ("aussi pour les visites régulières à cette adresse" in page) is not beside


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fr", "L’équipe de votre conciergerie et les personnes qui viennent le lisent"),
        ("en", "The team of your concierge desk and whoever comes read it"),
    ],
)
def test_the_client_is_told_that_the_team_reads_it_too(language: str, said: str) -> None:
    with translation.override(language):
        assert said in str(AccessForm().fields["access_note"].help_text)
    assert "read by the team of the site" in str(ServiceRequestIn().fields["access_note"].help_text)


def note_while_a_day_is_booked(world: World, monday: Any, monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """A day reads what is known, and the code is changed before the day is there for others."""
    begin(world)
    book_days_until(world, monday, 23)
    first, insert = days()[0], access._insert
    has_read, is_changed = threading.Event(), threading.Event()

    def once_waited_for(*args: Any, **given: Any) -> None:
        if given:
            has_read.set()
            until_waited_for(is_changed)
        insert(*args, **given)

    monkeypatch.setattr(access, "_insert", once_waited_for)
    monday.move_to(dt.datetime(2026, 11, 30, 12, tzinfo=PARIS), tick=True)

    def act(number: int) -> None:
        if number == 0:
            deadlines.sweep(world.organisation.pk)
        else:
            assert has_read.wait(30)
            try:
                note_access(first, NEW, by=world.actor("concierge"))
            finally:
                is_changed.set()

    assert race(world, 2, act) == {"ok": 2}
    return texts()


@pytest.mark.django_db(transaction=True)
def test_a_day_that_is_being_booked_gets_the_new_code(
    real_world: World, monday: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert note_while_a_day_is_booked(real_world, monday, monkeypatch) == [NEW] * 4


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_on_the_series_it_keeps_the_old_one(
    real_world: World, monday: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "_lock_series", lambda request: None)
    assert note_while_a_day_is_booked(real_world, monday, monkeypatch) == [NEW] * 3 + [OLD]
