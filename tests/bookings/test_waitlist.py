"""Waiting for an earlier time: who is told of a place that came free, when, how often, and when not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from bookings.actions import freed, holds, pauses
from bookings.actions.booking import submit_request
from bookings.actions.holds import hold_slot, release_hold
from bookings.actions.openings import set_presence
from bookings.actions.questions import ask_client, expire_request
from bookings.actions.requests import cancel_request
from bookings.actions.rescheduling import reschedule_request
from bookings.actions.waitlist import (
    CannotWait,
    NoticeOver,
    hand_out,
    join_waitlist,
    leave_waitlist,
    take_earlier_time,
)
from bookings.actions.work_orders import book_work_order, start_work_order
from bookings.enums import HoldStatus, PerformerKind, Place
from bookings.models import (
    Hold,
    OpeningHours,
    Service,
    ServiceAtSite,
    ServiceRequest,
    SlotRule,
    WaitlistEntry,
    WaitlistNotice,
    WorkOrder,
)
from bookings.models.appointments import entry_of
from bookings.rules.prices import WHOLE, Wish
from concierge import retention
from concierge.errors import Invalid, NotAllowed
from concierge.models import Deadline, Event
from concierge.tenancy import Actor
from notifications.actions.letters import NotNeeded
from notifications.actions.writing import write
from notifications.models import Message
from tests.bookings.conftest import PARIS, at, details, wish_heels
from tests.conftest import settle
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
Book = Callable[..., ServiceRequest]
HOME = {"street": "3 rue Verrerie", "postcode": "21000", "city": "Dijon"}


@pytest.fixture(autouse=True)
def one_at_a_time(world: World) -> None:
    SlotRule.objects.update(capacity=1)


def who(number: int) -> Any:
    return details(email=f"client{number}@example.fr")


def waits(world: World, book: Book, day: int = 27, hour: int = 10, number: int = 1, **days: Any) -> ServiceRequest:
    """Somebody with an appointment who would rather come earlier."""
    request = book(wish_heels(world), starts_at=at(day, hour), client=who(number))
    join_waitlist(request, by=world.actor(), **days)
    return request


def taken(world: World, moment: dt.datetime) -> ServiceRequest:
    """Somebody books this time who waits for nothing."""
    kept = hold_slot(world.site, Place.DESK, moment, token=f"taken-{moment}", by=world.actor())
    somebody = details(email="somebody@example.fr")
    return submit_request(world.site, client=somebody, wishes=[wish_heels(world)], hold=kept, by=world.actor())


def came_free(world: World, moment: dt.datetime) -> None:
    """Somebody had booked this time and cancels."""
    cancel_request(taken(world, moment), by=world.actor())
    settle(world.organisation)


def given_back(world: World, hold: Hold | None) -> None:
    """A place that was booked, whoever had it, is given back."""
    assert hold is not None
    Hold.objects.filter(pk=hold.pk).update(status=HoldStatus.CONFIRMED)
    holds.free_place(hold.pk)
    settle(world.organisation)


def told() -> list[tuple[str, dt.datetime]]:
    """Who was told of which time, in order."""
    found = WaitlistNotice.objects.select_related("entry__request").order_by("pk")
    return [(notice.entry.request.contact_email.partition("@")[0], notice.starts_at) for notice in found]


def bearer(request: ServiceRequest) -> Actor:
    return Actor(kind="link", organisation=request.organisation, client_id=request.client_id, channel="link")


def why() -> list[str]:
    return list(WaitlistEntry.objects.order_by("pk").values_list("ended_because", flat=True))


# --- who is told ----------------------------------------


def test_a_cancelled_appointment_is_told_to_whoever_waits(world: World, book: Book) -> None:
    early = book(wish_heels(world), starts_at=at(24, 10), client=who(0))
    late = waits(world, book)
    settle(world.organisation)
    assert told() == []
    cancel_request(early, by=world.actor())
    settle(world.organisation)
    settle(world.organisation)
    assert told() == [("client1", at(24, 10))]
    (message,) = Message.objects.filter(kind="waitlist.noticed")
    assert (message.address, message.request_id) == ("client1@example.fr", late.public_id)
    letter = write(message)
    notice = WaitlistNotice.objects.get()
    assert f"/suivi/{late.tracking_token}/plus-tot/{notice.public_id}/" in letter.text
    assert "mardi 24 novembre à 10:00" in letter.text
    assert "vendredi 27 novembre à 10:00" in letter.text
    assert Event.objects.filter(name="waitlist.noticed", request_id=late.public_id).count() == 1


def test_a_moved_appointment_frees_its_place(world: World, book: Book) -> None:
    early = book(wish_heels(world), starts_at=at(24, 10), client=who(0))
    waits(world, book)
    reschedule_request(early, at(26, 9), by=world.actor())
    settle(world.organisation)
    assert told() == [("client1", at(24, 10))]


def test_a_place_that_was_only_kept_is_no_news(world: World, book: Book, monday: Any) -> None:
    """It was free all along: whoever looks around uses up nobody's notices."""
    waits(world, book)
    for hour in (9, 11, 14):
        kept = hold_slot(world.site, Place.DESK, at(25, hour), token="looks around", by=world.actor())
        settle(world.organisation)
        monday.shift(dt.timedelta(minutes=1))
    release_hold(kept, by=world.actor())
    hold_slot(world.site, Place.DESK, at(25, 16), token="never sent", by=world.actor())
    settle(world.organisation)
    monday.shift(dt.timedelta(minutes=11))
    settle(world.organisation)
    assert (told(), Deadline.objects.filter(kind=freed.FREED).count()) == ([], 0)
    assert not Hold.objects.live().filter(starts_at__lt=at(27, 10)).exists()


def test_a_booked_place_that_somebody_keeps_meanwhile_is_told_when_they_let_go(
    world: World, book: Book, monday: Any
) -> None:
    """Given back, and kept by a visitor before anybody was told."""
    waits(world, book)
    early = taken(world, at(24, 10))
    cancel_request(early, by=world.actor())
    kept = hold_slot(world.site, Place.DESK, at(24, 10), token="looks around", by=world.actor())
    settle(world.organisation)
    monday.shift(dt.timedelta(minutes=9))
    release_hold(kept, by=world.actor())
    hold_slot(world.site, Place.DESK, at(24, 10), token="so does another", by=world.actor())
    monday.shift(dt.timedelta(minutes=2))
    settle(world.organisation)
    assert told() == []
    monday.shift(dt.timedelta(minutes=9))
    settle(world.organisation)
    assert told() == [("client1", at(24, 10))]


def test_a_place_that_is_booked_meanwhile_is_told_when_it_is_given_back(world: World, book: Book, monday: Any) -> None:
    waits(world, book)
    cancel_request(taken(world, at(24, 10)), by=world.actor())
    again = taken(world, at(24, 10))
    settle(world.organisation)
    monday.shift(dt.timedelta(minutes=30))
    settle(world.organisation)
    assert told() == []
    cancel_request(again, by=world.actor())
    settle(world.organisation)
    assert told() == [("client1", at(24, 10))]


def test_first_come_first_told_and_the_next_after_the_head_start(world: World, book: Book, monday: Any) -> None:
    for number in (1, 2, 3):
        waits(world, book, hour=9 + number, number=number)
    came_free(world, at(24, 10))
    assert told() == [("client1", at(24, 10))]
    monday.shift(dt.timedelta(minutes=19))
    settle(world.organisation)
    assert len(told()) == 1
    monday.shift(dt.timedelta(minutes=2))
    settle(world.organisation)
    assert told()[1:] == [("client2", at(24, 10))]
    first = WaitlistNotice.objects.select_related("entry__request").order_by("pk")[0]
    take_earlier_time(first, by=bearer(first.entry.request))
    monday.shift(dt.timedelta(minutes=21))
    settle(world.organisation)
    # The third has an appointment after the one that the first gave back: that one is theirs to take.
    assert told()[2:] == [("client3", at(27, 10))]


def test_nobody_is_told_of_the_same_time_within_the_head_start(world: World, book: Book, monday: Any) -> None:
    """Whoever keeps it and lets go, or books it and cancels, takes nothing from who was told first."""
    for number in (1, 2):
        waits(world, book, hour=9 + number, number=number)
    came_free(world, at(24, 10))
    kept = hold_slot(world.site, Place.DESK, at(24, 10), token="looks around", by=world.actor())
    release_hold(kept, by=world.actor())
    settle(world.organisation)
    monday.shift(dt.timedelta(minutes=5))
    came_free(world, at(24, 10))
    monday.shift(dt.timedelta(minutes=14))
    settle(world.organisation)
    assert told() == [("client1", at(24, 10))]
    monday.shift(dt.timedelta(minutes=2))
    settle(world.organisation)
    assert told()[1:] == [("client2", at(24, 10))]


def test_two_places_side_by_side_are_told_to_two_at_once(world: World, book: Book) -> None:
    for number in (1, 2, 3):
        waits(world, book, hour=9 + number, number=number)
    SlotRule.objects.update(capacity=2)
    for request in [taken(world, at(24, 10)), book(wish_heels(world), starts_at=at(24, 10), client=who(9))]:
        cancel_request(request, by=world.actor())
    settle(world.organisation)
    assert told() == [("client1", at(24, 10)), ("client2", at(24, 10))]


def test_the_time_that_somebody_knows_to_be_free_is_no_news_to_them(world: World, book: Book, monday: Any) -> None:
    """A second place beside the one that they were told of and left."""
    waits(world, book)
    SlotRule.objects.update(capacity=2)
    both = [taken(world, at(26, 10)), book(wish_heels(world), starts_at=at(26, 10), client=who(9))]
    monday.shift(dt.timedelta(minutes=11))
    cancel_request(both[0], by=world.actor())
    settle(world.organisation)
    monday.shift(dt.timedelta(hours=13))
    cancel_request(both[1], by=world.actor())
    settle(world.organisation)
    assert told() == [("client1", at(26, 10))]
    # Booked since, and given back.
    for request in [taken(world, at(26, 10)), book(wish_heels(world), starts_at=at(26, 10), client=who(9))]:
        cancel_request(request, by=world.actor())
    settle(world.organisation)
    assert told()[1:] == [("client1", at(26, 10))]


def test_nothing_is_written_when_nobody_waits(world: World, book: Book) -> None:
    book(wish_heels(world), starts_at=at(27, 10), client=who(1))
    came_free(world, at(24, 10))
    waits(world, book, 24, 9, number=2)  # comes before the place that will be free
    came_free(world, at(24, 10))
    assert not Deadline.objects.filter(kind=freed.FREED).exists()


@pytest.mark.parametrize(
    ("days", "is_told"),
    [
        ({}, True),
        ({"earliest_on": dt.date(2026, 11, 24)}, True),
        ({"earliest_on": dt.date(2026, 11, 25)}, False),
        ({"latest_on": dt.date(2026, 11, 24)}, True),
        ({"latest_on": dt.date(2026, 11, 23)}, False),
        ({"earliest_on": dt.date(2026, 11, 24), "latest_on": dt.date(2026, 11, 24)}, True),
    ],
)
def test_only_on_the_days_that_were_named(world: World, book: Book, days: dict[str, Any], is_told: bool) -> None:
    waits(world, book, **days)
    came_free(world, at(24, 10))
    assert bool(told()) == is_told


def test_a_time_that_is_no_earlier_is_no_news(world: World, book: Book) -> None:
    waits(world, book, 24, 10)
    came_free(world, at(24, 11))
    assert told() == []
    came_free(world, at(24, 9, 30))
    assert told() == [("client1", at(24, 9, 30))]


def test_a_start_beside_the_grid_is_a_time_as_any(world: World, book: Book) -> None:
    waits(world, book)
    for token, moment in (("before", at(24, 9, 35)), ("after", at(24, 10, 35))):
        hold_slot(world.site, Place.DESK, moment, token=token, by=world.actor())
    came_free(world, at(24, 10, 5))
    assert told() == [("client1", at(24, 10, 5))]


def test_another_counter_is_another_list(world: World, book: Book) -> None:
    waits(world, book)
    given_back(world, hold_slot(world.site, Place.HOME, at(24, 10), token="visit", by=world.actor()))
    assert told() == []


def test_a_stand_has_a_list_of_its_own(world: World, book: Book) -> None:
    stand = set_presence(
        world.site,
        None,
        by=world.actor("site_manager"),
        name="Hall de la mairie",
        street="1 place de la Libération",
        postcode="21000",
        city="Dijon",
        weekday=4,
        opens=dt.time(9),
        closes=dt.time(12),
        capacity=1,
    )
    waits(world, book, number=1)
    noon = hold_slot(world.site, Place.DESK, at(27, 11), token="noon", by=world.actor(), presence=stand)
    there = book(wish_heels(world), hold=noon, client=who(2))
    join_waitlist(there, by=world.actor())
    given_back(world, hold_slot(world.site, Place.DESK, at(27, 9), token="stand", by=world.actor(), presence=stand))
    assert told() == [("client2", at(27, 9))]
    came_free(world, at(24, 10))
    assert told()[1:] == [("client1", at(24, 10))]


# --- who is not ----------------------------------------


def test_a_place_shorter_than_the_visit_is_no_place(world: World, book: Book) -> None:
    """Two hours of work; of two hours side by side, the second comes free later."""
    windows = Service.objects.create(
        organisation=world.organisation,
        category=world.ironing.category,
        code="vitres",
        name="Lavage de vitres",
        unit_price=32,
        execution="own_team",
        place=Place.HOME,
        duration_minutes=120,
    )
    ServiceAtSite.objects.create(organisation=world.organisation, site=world.site, service=windows)
    wish = Wish(str(windows.public_id), {WHOLE: 1})
    request = book(wish, place=Place.HOME, starts_at=at(27, 10), client=details(**HOME))
    join_waitlist(request, by=world.actor())
    kept = {
        hour: hold_slot(world.site, Place.HOME, at(24, hour), token=f"h{hour}", by=world.actor())
        for hour in (9, 10, 11, 12)
    }
    given_back(world, kept[10])
    assert told() == []
    given_back(world, kept[11])
    assert told() == [("ines.garnier", at(24, 10))]
    notice = WaitlistNotice.objects.get()
    assert notice.ends_at - notice.starts_at == dt.timedelta(hours=2)


def test_none_within_the_lead_time(world: World, book: Book) -> None:
    waits(world, book)
    kept = [hold_slot(world.site, Place.DESK, at(day, 10), token=f"t{day}", by=world.actor()) for day in (23, 25)]
    ServiceAtSite.objects.filter(service=world.cobbler).update(lead_time_hours=24)
    given_back(world, kept[0])
    assert told() == []
    given_back(world, kept[1])
    assert told() == [("client1", at(25, 10))]


def test_none_to_a_request_on_hold_and_again_when_it_goes_on(world: World, book: Book) -> None:
    request = waits(world, book)
    pauses.hold_request(request, reason="ours", until=at(26, 9), by=world.actor())
    came_free(world, at(24, 10))
    assert told() == []
    pauses.resume_request(request, by=world.actor())
    came_free(world, at(24, 11))
    assert told() == [("client1", at(24, 11))]


def test_none_once_the_things_were_collected(world: World, book: Book) -> None:
    """It cannot be moved any more."""
    request = waits(world, book)
    WorkOrder.objects.filter(request=request).update(collected_at=at(23, 7))
    came_free(world, at(24, 10))
    assert told() == []


def test_none_to_a_cancelled_request(world: World, book: Book) -> None:
    request = waits(world, book)
    cancel_request(request, by=world.actor())
    came_free(world, at(24, 10))
    assert (told(), why()) == ([], ["cancelled"])


def test_none_within_the_set_delay(world: World, book: Book, monday: Any) -> None:
    request = waits(world, book)
    came_free(world, at(24, 10))
    monday.shift(dt.timedelta(hours=11, minutes=59))
    came_free(world, at(25, 10))
    assert told() == [("client1", at(24, 10))]
    # Whoever leaves and comes back has not rested either.
    leave_waitlist(request, by=world.actor())
    join_waitlist(request, by=world.actor())
    came_free(world, at(25, 11))
    assert len(told()) == 1
    monday.shift(dt.timedelta(minutes=2))
    came_free(world, at(25, 12))
    assert told()[1:] == [("client1", at(25, 12))]


def test_three_at_most(world: World, book: Book, monday: Any) -> None:
    request = waits(world, book)
    for number, moment in enumerate((at(24, 10), at(25, 10), at(26, 10), at(26, 14)), 1):
        came_free(world, moment)
        monday.shift(dt.timedelta(hours=12, minutes=1))
        assert len(told()) == min(number, 3)
    assert why() == ["spent"]
    assert Message.objects.filter(kind="waitlist.noticed").count() == 3
    last = WaitlistNotice.objects.get(number=3)
    assert last.entry.request == request
    # Its own link still takes the time; those of the notices before do not.
    for earlier in WaitlistNotice.objects.filter(number__lt=3).order_by("number"):
        with pytest.raises(NoticeOver):
            take_earlier_time(earlier, by=bearer(request))
    assert take_earlier_time(last, by=bearer(request)).promised_start == at(26, 10)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"number": 4}, "waitlist_notices_are_three_at_most"),
        ({"number": 1, "sent_at": at(24, 9), "quiet_until": at(24, 10)}, "waitlist_notice_counted_once"),
        ({}, "waitlist_notices_keep_a_distance"),
        ({"sent_at": at(24, 9), "quiet_until": at(24, 9)}, "waitlist_notice_is_of_a_time_to_come"),
    ],
)
def test_the_database_itself_refuses(world: World, book: Book, changes: dict[str, Any], name: str) -> None:
    waits(world, book)
    came_free(world, at(24, 10))
    first = WaitlistNotice.objects.get()
    given = {"number": 2, "sent_at": first.sent_at + dt.timedelta(hours=1), "quiet_until": at(25, 9), **changes}
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        WaitlistNotice.objects.create(
            organisation=world.organisation, entry=first.entry, starts_at=at(26, 10), ends_at=at(26, 11), **given
        )


def test_a_place_is_told_once_to_one_person(world: World, book: Book, monday: Any) -> None:
    waits(world, book)
    came_free(world, at(26, 10))
    hold = WaitlistNotice.objects.get().hold
    assert hold is not None
    monday.shift(dt.timedelta(hours=13))
    assert hand_out(hold.pk) is None
    assert len(told()) == 1


# --- clock change ----------------------------------------


@pytest.mark.promise("R38")
@pytest.mark.parametrize(
    ("begins", "heard"),
    [
        # 25 October 2026: at three it is two again. Half past two is twice, and nothing begins then.
        (dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC), None),
        (dt.datetime(2026, 10, 25, 1, 30, tzinfo=dt.UTC), None),
        (dt.datetime(2026, 10, 25, 2, 30, tzinfo=dt.UTC), "dimanche 25 octobre à 03:30"),
        # A quarter to midnight of Saturday at Greenwich is Sunday here.
        (dt.datetime(2026, 10, 24, 22, 30, tzinfo=dt.UTC), "dimanche 25 octobre à 00:30"),
    ],
)
def test_the_night_when_the_clocks_change(world: World, book: Book, begins: dt.datetime, heard: str | None) -> None:
    OpeningHours.objects.create(
        organisation=world.organisation, site=world.site, weekday=6, opens=dt.time(0), closes=dt.time(6)
    )
    with time_machine.travel(dt.datetime(2026, 10, 23, 20, 0, tzinfo=PARIS), tick=True):
        late = dt.datetime(2026, 10, 28, 10, tzinfo=PARIS).astimezone(dt.UTC)
        request = book(wish_heels(world), starts_at=late)
        sunday = dt.date(2026, 10, 25)
        join_waitlist(request, earliest_on=sunday, latest_on=sunday, by=world.actor())
        kept = Hold.objects.create(
            organisation=world.organisation,
            site=world.site,
            place=Place.DESK,
            lane=0,
            starts_at=begins,
            ends_at=begins + dt.timedelta(minutes=30),
            token_hash="0" * 64,
            expires_at=timezone.now() + dt.timedelta(hours=40),
        )
        given_back(world, kept)
        found = WaitlistNotice.objects.first()
        if heard is None:
            assert found is None
            return
        assert found is not None
        assert (found.starts_at, found.quiet_until - found.sent_at) == (begins, dt.timedelta(hours=12))
        assert heard in write(Message.objects.get(kind="waitlist.noticed")).text
        moved = take_earlier_time(found, by=bearer(request))
        assert (moved.promised_start, moved.sequence) == (begins, 1)


# --- taking it ----------------------------------------


def test_the_identity_stays_and_the_old_place_goes_to_the_next(world: World, book: Book, monday: Any) -> None:
    first = waits(world, book, 26, 10, number=1)
    waits(world, book, 27, 10, number=2)
    before = entry_of(first)
    came_free(world, at(24, 10))
    notice = WaitlistNotice.objects.get()
    moved = take_earlier_time(notice, by=bearer(first))
    again = take_earlier_time(notice, by=bearer(first))
    assert (moved.promised_start, moved.sequence, again.sequence) == (at(24, 10), 1, 1)
    after = entry_of(moved)
    assert before is not None
    assert after is not None
    assert (before.uid, before.sequence, after.uid, after.sequence) == (after.uid, 0, before.uid, 1)
    assert why() == ["moved", ""]
    settle(world.organisation)
    assert told() == [("client1", at(24, 10)), ("client2", at(26, 10))]
    event = Event.objects.get(name="service_request.rescheduled")
    assert (event.channel, event.data["by_kind"]) == ("link", "link")


def test_a_notice_keeps_nothing_and_whoever_is_late_keeps_their_time(world: World, book: Book) -> None:
    late = waits(world, book)
    came_free(world, at(24, 10))
    book(wish_heels(world), starts_at=at(24, 10), client=who(9))
    notice = WaitlistNotice.objects.get()
    with pytest.raises(holds.SlotTaken):
        take_earlier_time(notice, by=bearer(late))
    late.refresh_from_db()
    assert (late.promised_start, late.sequence, why()) == (at(27, 10), 0, [""])


def test_a_letter_of_a_place_that_is_gone_stays(world: World, book: Book) -> None:
    waits(world, book)
    came_free(world, at(24, 10))
    book(wish_heels(world), starts_at=at(24, 10), client=who(9))
    with pytest.raises(NotNeeded) as refusal:
        write(Message.objects.get(kind="waitlist.noticed"))
    assert refusal.value.why == "outdated"


def test_a_notice_of_before_is_over_once_the_appointment_was_changed(world: World, book: Book) -> None:
    late = waits(world, book)
    came_free(world, at(24, 10))
    notice = WaitlistNotice.objects.get()
    reschedule_request(late, at(26, 10), by=world.actor())
    with pytest.raises(NoticeOver) as refusal:
        take_earlier_time(notice, by=bearer(late))
    assert (refusal.value.code, refusal.value.status) == ("notice_over", 409)
    late.refresh_from_db()
    assert late.promised_start == at(26, 10)


def test_the_desk_calls_those_without_an_address(world: World, book: Book) -> None:
    request = book(wish_heels(world), starts_at=at(27, 10), client=details(email=""), by=world.actor("concierge"))
    join_waitlist(request, by=world.actor("concierge"))
    came_free(world, at(24, 10))
    (message,) = Message.objects.filter(kind="waitlist.noticed")
    assert message.address == world.users["concierge"].email
    assert f"/demandes/{request.public_id}/" in write(message).text


# --- joining and its end ----------------------------------------


def test_joining_again_names_other_days_and_keeps_the_place_in_the_list(world: World, book: Book) -> None:
    request = waits(world, book)
    first = WaitlistEntry.objects.get()
    again = join_waitlist(request, latest_on=dt.date(2026, 11, 25), by=bearer(request))
    assert (again.pk, again.joined_at, again.latest_on) == (first.pk, first.joined_at, dt.date(2026, 11, 25))
    assert Event.objects.filter(name="waitlist.joined").count() == 1


@pytest.mark.parametrize(
    ("days", "field"),
    [
        ({"latest_on": dt.date(2026, 11, 22)}, "latest_on"),
        ({"earliest_on": dt.date(2026, 11, 28)}, "earliest_on"),
        ({"earliest_on": dt.date(2026, 11, 26), "latest_on": dt.date(2026, 11, 25)}, "latest_on"),
    ],
)
def test_days_that_leave_nothing_are_refused(world: World, book: Book, days: dict[str, dt.date], field: str) -> None:
    request = book(wish_heels(world), starts_at=at(27, 10))
    with pytest.raises(Invalid) as refusal:
        join_waitlist(request, by=world.actor(), **days)
    assert refusal.value.field == field
    assert not WaitlistEntry.objects.exists()


def test_only_those_concerned_join_and_leave(world: World, book: Book) -> None:
    request = book(wish_heels(world), starts_at=at(27, 10))
    stranger = Actor(kind="link", organisation=world.organisation, client_id=world.client.pk)
    for act in (join_waitlist, leave_waitlist):
        with pytest.raises(NotAllowed):
            act(request, by=stranger)
    join_waitlist(request, by=world.actor("concierge"))
    assert (leave_waitlist(request, by=bearer(request)), leave_waitlist(request, by=bearer(request))) == (True, False)
    assert why() == ["left"]


def begin(world: World, request: ServiceRequest) -> None:
    order = request.work_orders.get()
    book_work_order(
        order, performer_kind=PerformerKind.OWN_TEAM, performer_id=1, performer_label="Nous", by=world.actor()
    )
    start_work_order(order, by=world.actor())


def give_up(world: World, request: ServiceRequest) -> None:
    ServiceRequest.objects.filter(pk=request.pk).update(status="qualifying")
    ask_client(request, text="Quelle couleur ?", due_at=at(24, 9), by=world.actor())
    expire_request(request, by=world.actor())


@pytest.mark.parametrize(
    ("happens", "because"),
    [
        (lambda world, request: reschedule_request(request, at(26, 10), by=world.actor()), "moved"),
        (lambda world, request: reschedule_request(request, at(30, 10), by=world.actor()), "moved"),
        (lambda world, request: cancel_request(request, by=world.actor()), "cancelled"),
        (give_up, "cancelled"),
        (begin, "started"),
        (lambda world, request: leave_waitlist(request, by=world.actor()), "left"),
    ],
)
def test_it_ends_by_itself(world: World, book: Book, happens: Callable[..., object], because: str) -> None:
    request = waits(world, book)
    happens(world, request)
    assert why() == [because]
    assert not Deadline.objects.filter(kind=freed.OVER, cancelled_at=None).exists()
    came_free(world, at(25, 16))
    assert told() == []


def test_it_ends_when_the_time_of_the_appointment_has_come(world: World, book: Book, monday: Any) -> None:
    waits(world, book, 24, 10)
    monday.shift(dt.timedelta(days=1, hours=1))
    settle(world.organisation)
    assert why() == [""]
    monday.shift(dt.timedelta(hours=2))
    settle(world.organisation)
    assert why() == ["passed"]


@pytest.mark.parametrize(
    "status", ["on_hold", "in_progress", "fulfilled", "closed", "cancelled", "declined", "expired"]
)
def test_what_cannot_be_earlier_does_not_wait(world: World, status: str) -> None:
    request = world.request(world.cobbler, status=status)
    with pytest.raises(CannotWait) as refusal:
        join_waitlist(request, by=world.actor())
    assert (refusal.value.code, refusal.value.status) == ("cannot_wait", 409)


def test_an_appointment_of_the_past_or_none_does_not_wait(world: World) -> None:
    gone = world.request(world.cobbler, promised_start=at(23, 7))
    without = world.request(world.cobbler)
    ServiceRequest.objects.filter(pk=without.pk).update(promised_start=None)
    for request in (gone, without):
        with pytest.raises(CannotWait):
            join_waitlist(request, by=world.actor())


@pytest.mark.promise("P04")
def test_what_ended_a_month_ago_goes_with_its_notices(world: World, book: Book, monday: Any) -> None:
    ended, going_on = waits(world, book), waits(world, book, hour=11, number=2)
    came_free(world, at(24, 10))
    leave_waitlist(ended, by=world.actor())
    monday.shift(dt.timedelta(days=29))
    assert retention.purge()["waitlist"] == 0
    monday.shift(dt.timedelta(days=2))
    assert retention.purge()["waitlist"] == 1
    assert [entry.request for entry in WaitlistEntry.objects.all()] == [going_on]
    assert not WaitlistNotice.objects.exists()


@pytest.mark.promise("P04")
def test_a_place_that_is_forgotten_leaves_the_notice_of_it(world: World, book: Book, monday: Any) -> None:
    early = taken(world, at(24, 10))
    waits(world, book)
    given_back(world, early.hold)
    ServiceRequest.objects.filter(pk=early.pk).update(hold=None)
    monday.shift(dt.timedelta(days=31))
    assert retention.purge()["holds"] == 1
    assert WaitlistNotice.objects.get().hold is None


@pytest.mark.parametrize("count", [1, 3])
def test_those_whom_a_place_does_not_suit_cost_no_query_each(
    world: World, book: Book, django_assert_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    """Their visits are too long for it: nobody is told, and what is free is asked once."""
    OpeningHours.objects.filter(weekday=4).update(opens=dt.time(9), closes=dt.time(19))
    for number in range(count):
        waits(world, book, 27, 9 + number, number=number)
    kept = taken(world, at(24, 10)).hold
    assert kept is not None
    ServiceAtSite.objects.update(lead_time_hours=72, max_per_day=5)
    holds.free_place(kept.pk)
    assert hand_out(kept.pk) is None
    with django_assert_num_queries(13):
        assert hand_out(kept.pk) is None
