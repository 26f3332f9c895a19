"""From a kept place to a confirmed request, and out of it again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from bookings.actions import booking, guards, holds, pricing, requests
from bookings.actions.clients import ClientDetails
from bookings.actions.holds import hold_slot
from bookings.actions.work_orders import (
    book_work_order,
    complete_work_order,
    start_work_order,
    verify_work_order,
)
from bookings.enums import HoldStatus, PerformerKind, Place
from bookings.models import (
    Client,
    ClientAccount,
    ClientMembership,
    Hold,
    RequestLine,
    ServedArea,
    Service,
    ServiceAtSite,
    ServiceRequest,
    SlotRule,
    VatRate,
    WorkOrder,
    calendar,
)
from bookings.rules.prices import WHOLE, Wish
from concierge import deadlines, tenancy
from concierge.enums import HolidayZone
from concierge.errors import DomainError, Invalid, TooManyAttempts, WrongState
from concierge.models import Event
from concierge.tenancy import Actor
from tests.bookings.conftest import PARIS, at, details, taken, wish_heels, wish_shirts
from tests.conftest import settle
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
Book = Callable[..., ServiceRequest]

ANYBODY = "anonymous"


def anonymous(world: World) -> Actor:
    return Actor(kind=ANYBODY, organisation=world.organisation)


def counts() -> dict[str, int]:
    """What half-done work would leave behind."""
    models = (Client, RequestLine, ServiceRequest, WorkOrder, Event)
    return {model.__name__: model._default_manager.count() for model in models}


def test_a_request_freezes_prices_and_has_one_work_order_per_service(world: World, book: Book) -> None:
    hanger = world.ironing.options.get()
    wish = Wish(str(world.ironing.public_id), {str(world.shirt.public_id): 5}, frozenset({str(hanger.public_id)}))
    request = book(wish, wish_heels(world, 2))
    assert (request.status, request.total_incl_vat) == ("confirmed", Decimal("52.50"))
    lines = list(request.lines.values_list("description", "quantity", "kind", "total_incl_vat", "vat_rate"))
    assert lines == [
        ("Repassage – Chemise", Decimal(5), "item", Decimal("15.00"), Decimal("20.00")),
        ("Repassage – Sur cintre", Decimal(1), "option", Decimal("1.50"), Decimal("20.00")),
        ("Pose de talons", Decimal(2), "item", Decimal("36.00"), Decimal("20.00")),
    ]
    orders = request.work_orders.order_by("pk").values_list(
        "service__code", "status", "quantity", "duration_minutes", "promised_end"
    )
    assert list(orders) == [
        ("repassage", "ready", Decimal(5), 45, at(26, 18)),
        ("talons", "ready", Decimal(2), 60, at(26, 18)),
    ]
    assert (request.promised_start, request.promised_end) == (at(24, 10), at(26, 18))
    world.shirt.unit_price = Decimal("9.99")
    world.shirt.save()
    assert request.lines.first().unit_price_incl_vat == Decimal("3.00")  # type: ignore[union-attr]


def test_the_events_tell_the_story_in_order(world: World, book: Book) -> None:
    request = book()
    told = list(Event.objects.filter(request_id=request.public_id).order_by("pk").values_list("name", flat=True))
    assert told == [
        "service_request.submitted",
        "service_request.confirmed",
        "work_order.ready",
        "work_order.ready",
    ]


def test_the_vat_rate_is_that_of_the_day(world: World, book: Book) -> None:
    VatRate.objects.update(valid_to=dt.date(2026, 11, 22))
    with pytest.raises(pricing.PriceMissing):
        book()
    VatRate.objects.create(
        organisation=world.organisation, code="standard", rate=Decimal("21.00"), valid_from=dt.date(2026, 11, 23)
    )
    assert set(book().lines.values_list("vat_rate", flat=True)) == {Decimal("21.00")}


def test_the_same_hold_sent_twice_is_one_request(world: World, book: Book) -> None:
    kept = hold_slot(world.site, Place.DESK, at(24, 10), token="t", by=world.actor())
    first = book(hold=kept)
    before = counts()
    assert book(hold=kept).pk == first.pk
    assert counts() == before
    assert Hold.objects.live().count() == 1


def test_history_can_be_written_with_its_own_now(world: World) -> None:
    then = at(2, 8)
    kept = hold_slot(world.site, Place.DESK, at(3, 10), token="t", by=world.actor(), now=then)
    request = booking.submit_request(
        world.site, client=details(), wishes=[wish_heels(world)], hold=kept, by=world.actor(), now=then
    )
    assert (request.submitted_at, request.promised_start) == (then, at(3, 10))
    assert set(Event.objects.filter(request_id=request.public_id).values_list("act_at", flat=True)) == {then}


# --- holds ----------------------------------------


def test_a_second_hold_with_the_same_token_gives_the_first_place_back(world: World) -> None:
    first = hold_slot(world.site, Place.DESK, at(24, 10), token="t", by=world.actor())
    again = hold_slot(world.site, Place.DESK, at(24, 10), token="t", by=world.actor())
    assert again.pk == first.pk
    second = hold_slot(world.site, Place.DESK, at(24, 11), token="t", by=world.actor())
    first.refresh_from_db()
    assert (first.status, second.status) == (HoldStatus.RELEASED, HoldStatus.HELD)
    assert list(Hold.objects.live().values_list("starts_at", flat=True)) == [at(24, 11)]


@pytest.mark.promise("R01")
def test_the_loser_keeps_what_they_had_and_sees_the_next_free_slots(world: World) -> None:
    for name in ("a", "b"):
        hold_slot(world.site, Place.DESK, at(24, 10), token=name, by=world.actor())
    mine = hold_slot(world.site, Place.DESK, at(24, 11), token="me", by=world.actor())
    with pytest.raises(holds.SlotTaken) as refusal:
        hold_slot(world.site, Place.DESK, at(24, 10), token="me", by=world.actor())
    assert [slot.starts_at for slot in refusal.value.free] == [at(23, 9), at(23, 9, 30), at(23, 10)]
    mine.refresh_from_db()
    assert (mine.status, refusal.value.status, refusal.value.code) == (HoldStatus.HELD, 409, "slot_taken")


@pytest.mark.promise("S33")
def test_a_hold_ends_by_itself_and_its_place_is_free_again(world: World, monday: Any) -> None:
    kept = hold_slot(world.site, Place.DESK, at(24, 10), token="t", by=world.actor())
    monday.shift(dt.timedelta(minutes=9))
    settle(world.organisation)
    assert Hold.objects.live().count() == 1
    monday.shift(dt.timedelta(minutes=2))
    settle(world.organisation)
    settle(world.organisation)
    kept.refresh_from_db()
    assert (kept.status, taken()) == (HoldStatus.EXPIRED, [0])


def test_holds_that_end_together_free_as_many_places(world: World, monday: Any) -> None:
    SlotRule.objects.filter(place=Place.DESK).update(capacity=3)
    for token, hour in (("a", 10), ("b", 10), ("c", 11), ("d", 12)):
        hold_slot(world.site, Place.DESK, at(24, hour), token=token, by=world.actor())
    sent = hold_slot(world.site, Place.DESK, at(24, 12), token="e", by=world.actor())
    booking.submit_request(world.site, client=details(), wishes=[wish_heels(world)], hold=sent, by=world.actor())
    monday.shift(dt.timedelta(minutes=11))
    assert deadlines.sweep(world.organisation.pk) == 4
    assert taken() == [0, 0, 1]
    assert Hold.objects.filter(status=HoldStatus.EXPIRED).count() == 4


def test_a_stale_hold_does_not_block_the_last_place_before_the_sweep(world: World, monday: Any) -> None:
    for name in ("a", "b"):
        hold_slot(world.site, Place.DESK, at(24, 10), token=name, by=world.actor())
    monday.shift(dt.timedelta(minutes=11))
    assert hold_slot(world.site, Place.DESK, at(24, 10), token="me", by=world.actor()).status == HoldStatus.HELD
    assert Hold.objects.live().count() == 1
    settle(world.organisation)
    assert Hold.objects.live().count() == 1


def test_a_released_hold_frees_its_place_once(world: World) -> None:
    kept = hold_slot(world.site, Place.DESK, at(24, 10), token="t", by=world.actor())
    holds.release_hold(kept, by=world.actor())
    holds.release_hold(kept, by=world.actor())
    assert Hold.objects.live().count() == 0


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(at(23, 7), id="past"),
        pytest.param(at(22, 10), id="yesterday"),
        pytest.param(at(28, 10), id="sunday"),
        pytest.param(at(24, 10, 7), id="not in five minutes"),
        pytest.param(at(24, 17, 45), id="too late to end before closing"),
        pytest.param(at(24, 18), id="at closing"),
        pytest.param(at(24, 3), id="at night"),
        pytest.param(at(23, 10) + dt.timedelta(days=365), id="next year"),
    ],
)
def test_a_time_that_is_not_offered_is_refused(world: World, moment: dt.datetime) -> None:
    with pytest.raises(holds.SlotNotOffered) as refusal:
        hold_slot(world.site, Place.DESK, moment, token="t", by=world.actor())
    assert (refusal.value.status, refusal.value.code) == (422, "slot_not_offered")
    assert Hold.objects.count() == 0


def test_lead_time_cut_off_and_daily_limits_shape_the_slots(world: World, book: Book) -> None:
    row = ServiceAtSite.objects.get(service=world.ironing)
    now = at(23, 8)

    def first() -> dt.datetime:
        return calendar.slots_left(world.site, Place.DESK, now=now, services=[world.ironing])[0].starts_at

    assert first() == at(23, 10)
    ServiceAtSite.objects.filter(pk=row.pk).update(lead_time_hours=4)
    assert first() == at(23, 12)
    ServiceAtSite.objects.filter(pk=row.pk).update(cut_off=dt.time(7))
    assert first() == at(24, 9)
    ServiceAtSite.objects.filter(pk=row.pk).update(max_per_day=1)
    book(wish_shirts(world), starts_at=at(24, 9))
    assert first() == at(25, 9)
    with pytest.raises(guards.DayFull):
        book(wish_shirts(world), starts_at=at(24, 15))
    assert book(wish_heels(world), starts_at=at(24, 15)).status == "confirmed"


def test_public_holidays_and_good_friday_depend_on_the_site(world: World) -> None:
    good_friday, christmas = dt.date(2027, 3, 26), dt.date(2026, 12, 25)
    second_christmas = dt.date(2026, 12, 26)

    def off(day: dt.date) -> bool:
        return day in calendar.closed_days(world.site, day, day)

    assert (off(christmas), off(good_friday), off(second_christmas)) == (True, False, False)
    world.site.holiday_zone = "57"
    assert (off(christmas), off(good_friday), off(second_christmas)) == (True, False, True)
    world.site.good_friday_off = True
    assert off(good_friday)


# Besides the eleven of all; above all the day of the abolition of slavery (art. L3422-2).
HOLIDAYS_OF: dict[HolidayZone, list[str]] = {
    HolidayZone.METROPOLE: [],
    HolidayZone.ALSACE_MOSELLE: ["12-26"],
    HolidayZone.GUADELOUPE: ["03-12", "04-03", "05-27", "07-21"],
    HolidayZone.MARTINIQUE: ["05-22", "07-21"],
    HolidayZone.GUYANE: ["06-10"],
    HolidayZone.REUNION: ["12-20"],
    HolidayZone.MAYOTTE: ["04-27"],
    HolidayZone.SAINT_BARTHELEMY: ["10-09"],
    HolidayZone.SAINT_MARTIN: ["05-28", "07-21"],
    HolidayZone.MIQUELON: [],
    HolidayZone.NOUVELLE_CALEDONIE: ["09-24"],
    HolidayZone.POLYNESIE: ["03-05", "04-03", "11-20"],
    HolidayZone.WALLIS_ET_FUTUNA: ["04-28", "06-29", "07-29"],
}


@pytest.mark.parametrize("zone", HolidayZone)
def test_nothing_is_booked_on_the_holidays_of_each_zone(world: World, zone: HolidayZone) -> None:
    year = dt.date(2026, 1, 1), dt.date(2026, 12, 31)
    everywhere = calendar.public_holidays(world.site, *year)
    world.site.holiday_zone = zone
    theirs = calendar.public_holidays(world.site, *year)
    own = sorted(f"{day:%m-%d}" for day in theirs - everywhere)
    assert (own, everywhere - theirs, len(everywhere)) == (HOLIDAYS_OF[zone], set(), 11)
    for day in sorted(theirs):
        now = dt.datetime.combine(day, dt.time(0), tzinfo=PARIS)
        assert calendar.slots_left(world.site, Place.DESK, now=now, first_day=day, days=1) == []


# --- cancelling and closing ----------------------------------------


def test_cancelling_frees_the_place_and_ends_the_work(world: World, book: Book) -> None:
    request = requests.cancel_request(book(), reason="Je serai absente", by=world.actor())
    assert (request.status, request.cancel_reason) == ("cancelled", "Je serai absente")
    assert set(request.work_orders.values_list("status", flat=True)) == {"cancelled"}
    assert Hold.objects.live().count() == 0
    with pytest.raises(WrongState):
        requests.cancel_request(request, by=world.actor())
    assert Hold.objects.live().count() == 0


def carry_out(world: World, request: ServiceRequest, *, until: str = "verify") -> None:
    for work_order in request.work_orders.order_by("pk"):
        book_work_order(
            work_order,
            performer_kind=PerformerKind.OWN_TEAM,
            performer_id=1,
            performer_label="Notre équipe",
            by=world.actor(),
        )
        start_work_order(work_order, by=world.actor())
        if until == "start":
            return
        complete_work_order(work_order, by=world.actor())
        verify_work_order(work_order, by=world.actor())


def test_begun_work_cannot_be_cancelled_any_more(world: World, book: Book) -> None:
    request = book()
    carry_out(world, request, until="start")
    before = counts()
    with pytest.raises(requests.NotCancellable) as refusal:
        requests.cancel_request(request, by=world.actor())
    assert (refusal.value.status, refusal.value.code) == (409, "too_late_to_cancel")
    assert counts() == before
    assert sorted(request.work_orders.values_list("status", flat=True)) == ["in_progress", "ready"]


def test_a_request_is_closed_when_everything_is_handed_over(world: World, book: Book) -> None:
    request = book()
    with pytest.raises(WrongState):
        requests.close_request(request, by=world.actor())
    carry_out(world, request)
    closed = requests.close_request(request, by=world.actor())
    assert closed.status == "closed"
    assert closed.closed_at is not None


def test_only_what_was_not_confirmed_can_be_declined(world: World, book: Book) -> None:
    request = book()
    with pytest.raises(WrongState):
        requests.decline_request(request, reason="x", by=world.actor())
    ServiceRequest.objects.update(status="submitted")
    assert requests.decline_request(request, reason="Pas de place", by=world.actor()).status == "declined"
    assert Hold.objects.live().count() == 0


# --- clients and payers ----------------------------------------


def test_one_client_per_mailbox_whatever_its_spelling(world: World, book: Book) -> None:
    first = book(client=details(email="Ines.Garnier@Example.fr ", phone=""))
    second = book(client=details(), starts_at=at(24, 11))
    assert first.client_id == second.client_id
    client = Client.objects.get(pk=first.client_id)
    assert (client.email, str(client.phone)) == ("ines.garnier@example.fr", "06 12 34 56 78")


def test_a_client_without_mailbox_is_known_by_phone_and_name(world: World, book: Book) -> None:
    first = book(client=details(email=""))
    second = book(client=details(email="", last_name="GARNIER"), starts_at=at(24, 11))
    other = book(client=details(email="", last_name="Petit"), starts_at=at(24, 12))
    assert first.client_id == second.client_id != other.client_id


def test_an_employer_pays_for_its_people_only(world: World, book: Book) -> None:
    works = ClientAccount.objects.create(organisation=world.organisation, name="Ateliers", email_domain="ateliers.fr")
    assert book(client=details(email="a@ateliers.fr"), payer=works).payer_account == works
    by = anonymous(world)
    with pytest.raises(guards.PayerRefused) as refusal:
        book(client=details(email="b@example.fr"), payer=works, by=by, starts_at=at(24, 11))
    assert refusal.value.field == "payer"
    assert book(client=details(email="c@ateliers.fr"), payer=works, by=by, starts_at=at(24, 12)).payer_account == works
    ClientMembership.objects.create(organisation=world.organisation, client=world.client, account=works)
    mine = details(email=world.client.email)
    assert book(client=mine, payer=works, by=by, starts_at=at(24, 13)).payer_account == works


@pytest.mark.promise("S33")
def test_nobody_hoards_requests(world: World, book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "MOST_OPEN_REQUESTS", 1)
    book(by=anonymous(world))
    with pytest.raises(TooManyAttempts):
        book(by=anonymous(world), starts_at=at(24, 11))
    assert book(by=world.actor("concierge"), starts_at=at(24, 12)).status == "confirmed"


# --- home visits ----------------------------------------

HOME = {"street": "3 rue Verrerie", "postcode": "21000", "city": "Dijon"}


@pytest.fixture
def cleaning(world: World) -> Service:
    service = Service.objects.create(
        organisation=world.organisation,
        category=world.ironing.category,
        code="vitres",
        name="Lavage de vitres",
        unit_price=Decimal("32.00"),
        execution="own_team",
        place=Place.HOME,
        duration_minutes=90,
    )
    ServiceAtSite.objects.create(organisation=world.organisation, site=world.site, service=service)
    return service


def test_at_home_the_appointment_is_the_promise(world: World, book: Book, cleaning: Service) -> None:
    request = book(Wish(str(cleaning.public_id), {WHOLE: 1}), place=Place.HOME, client=details(**HOME))
    assert (request.place, request.city) == ("home", "Dijon")
    assert (request.promised_start, request.promised_end) == (at(24, 10), at(24, 11, 30))


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"postcode": "21300"}, "outside_area", "postcode"),
        ({"street": ""}, "invalid", "street"),
        ({"postcode": ""}, "invalid", "street"),
        ({"postcode": "2100"}, "invalid", "postcode"),
        ({"postcode": "２１０００"}, "invalid", "postcode"),
    ],
)
def test_an_address_where_nobody_goes_is_refused(
    world: World, book: Book, cleaning: Service, changes: dict[str, str], code: str, field: str
) -> None:
    before = counts()
    with pytest.raises(DomainError) as refusal:
        book(Wish(str(cleaning.public_id), {WHOLE: 1}), place=Place.HOME, client=details(**{**HOME, **changes}))
    assert (refusal.value.code, refusal.value.field) == (code, field)
    assert counts() == before
    assert Hold.objects.get().status == HoldStatus.HELD


def test_a_site_may_list_the_postcodes_it_serves(world: World, book: Book, cleaning: Service) -> None:
    ServedArea.objects.create(organisation=world.organisation, site=world.site, postcode="21300")
    wish = Wish(str(cleaning.public_id), {WHOLE: 1})
    assert book(wish, place=Place.HOME, client=details(**{**HOME, "postcode": "21300"})).postcode == "21300"


# --- bad input: nothing half-done is left ----------------------------------------


def other_service(world: World) -> Wish:
    return Wish("00000000-0000-4000-8000-000000000000", {WHOLE: 1})


@pytest.mark.promise("S08")
@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (lambda world: [], "empty"),
        (lambda world: [other_service(world)], "unknown_service"),
        (lambda world: [wish_shirts(world, -1)], "bad_quantity"),
        (lambda world: [wish_shirts(world, 31)], "too_many"),
        (lambda world: [wish_shirts(world, 10**30)], "too_many"),
        (lambda world: [wish_shirts(world, 0)], "nothing_of_service"),
        (lambda world: [wish_heels(world, 1), wish_heels(world, 1)], "service_twice"),
    ],
)
def test_an_order_without_sense_leaves_nothing(world: World, order: Callable[[World], list[Wish]], reason: str) -> None:
    kept = hold_slot(world.site, Place.DESK, at(24, 10), token="t", by=world.actor())
    before = counts()
    with pytest.raises(pricing.BadOrder) as refusal:
        booking.submit_request(world.site, client=details(), wishes=order(world), hold=kept, by=world.actor())
    assert (refusal.value.status, refusal.value.code, refusal.value.details["reason"]) == (400, "bad_order", reason)
    assert counts() == before
    kept.refresh_from_db()
    assert kept.status == HoldStatus.HELD


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "not an address"}, "email"),
        ({"email": "", "phone": ""}, "email"),
        ({"phone": "12"}, "phone"),
        ({"phone": "abc"}, "phone"),
        ({"phone": "+33 9999"}, "phone"),
        ({"first_name": " "}, "last_name"),
        ({"postcode": "ABCDE"}, "postcode"),
    ],
)
def test_a_malformed_contact_names_its_field_and_leaves_nothing(
    world: World, changes: dict[str, str], field: str
) -> None:
    kept = hold_slot(world.site, Place.DESK, at(24, 10), token="t", by=world.actor())
    before = counts()
    client: ClientDetails = details(**changes)
    with pytest.raises(Invalid) as refusal:
        booking.submit_request(world.site, client=client, wishes=[wish_heels(world)], hold=kept, by=world.actor())
    assert (refusal.value.status, refusal.value.field) == (400, field)
    assert counts() == before


def test_an_expired_hold_leaves_nothing(world: World, monday: Any) -> None:
    kept = hold_slot(world.site, Place.DESK, at(24, 10), token="t", by=world.actor())
    before = counts()
    monday.shift(dt.timedelta(minutes=10, seconds=1))
    for _sweep in range(2):
        with pytest.raises(holds.HoldExpired) as refusal:
            booking.submit_request(
                world.site, client=details(), wishes=[wish_heels(world)], hold=kept, by=world.actor()
            )
        assert (refusal.value.status, refusal.value.code) == (409, "hold_expired")
        assert counts() == before
        settle(world.organisation)


def test_a_hold_of_another_organisation_cannot_even_be_seen(world: World, other_world: World) -> None:
    with tenancy.working_for(other_world.organisation):
        theirs = hold_slot(other_world.site, Place.DESK, at(24, 10), token="t", by=other_world.actor())
    with pytest.raises(Hold.DoesNotExist):
        booking.submit_request(world.site, client=details(), wishes=[wish_heels(world)], hold=theirs, by=world.actor())
    assert ServiceRequest.objects.count() == 0


def test_desk_and_home_are_two_bookings(world: World, cleaning: Service) -> None:
    kept = hold_slot(world.site, Place.DESK, at(24, 10), token="t", by=world.actor())
    both = [wish_heels(world), Wish(str(cleaning.public_id), {WHOLE: 1})]
    with pytest.raises(guards.MixedPlaces):
        booking.submit_request(world.site, client=details(**HOME), wishes=both, hold=kept, by=world.actor())
    with pytest.raises(holds.SlotNotOffered):
        booking.submit_request(world.site, client=details(**HOME), wishes=both[1:], hold=kept, by=world.actor())
    assert PARIS.key == world.site.time_zone


def test_a_huge_quantity_of_long_work_is_capped_not_a_crash(world: World, book: Book) -> None:
    Service.objects.filter(pk=world.cobbler.pk).update(duration_minutes=600, max_quantity=500)
    request = book(wish_heels(world, 500))
    assert request.work_orders.get().duration_minutes == 14 * 24 * 60


# --- stretches of time ----------------------------------------


def test_a_visit_takes_as_long_as_its_work_and_frees_it_all(world: World, book: Book, cleaning: Service) -> None:
    """95 minutes of windows on a day cut into hours: nobody else is promised the second hour, nor the third."""
    Service.objects.filter(pk=cleaning.pk).update(duration_minutes=95)
    cleaning.refresh_from_db()
    wish = Wish(str(cleaning.public_id), {WHOLE: 1})
    request = book(wish, place=Place.HOME, client=details(**HOME), starts_at=at(24, 10))
    hold = request.hold
    assert hold is not None
    assert (hold.starts_at, hold.ends_at) == (at(24, 10), at(24, 11, 35))
    day = at(24, 0).astimezone(PARIS).date()

    def free() -> list[dt.datetime]:
        found = calendar.slots_left(
            world.site, Place.HOME, now=at(23, 8), first_day=day, days=1, services=[cleaning], minutes=95
        )
        return [slot.starts_at for slot in found]

    assert free() == [at(24, hour) for hour in (12, 13, 14, 15, 16)]
    with pytest.raises(holds.SlotTaken) as refusal:
        hold_slot(world.site, Place.HOME, at(24, 11, 30), token="x", by=world.actor(), minutes=95)
    assert refusal.value.free[0].starts_at == at(23, 9)
    assert hold_slot(world.site, Place.HOME, at(24, 11, 35), token="x", by=world.actor(), minutes=95)
    requests.cancel_request(request, by=world.actor())
    assert free() == [at(24, 9), at(24, 10), at(24, 14), at(24, 15), at(24, 16)]


def test_more_work_than_said_makes_the_place_longer_or_is_refused(world: World, book: Book, cleaning: Service) -> None:
    kept = hold_slot(world.site, Place.HOME, at(24, 10), token="t", by=world.actor())
    other = hold_slot(world.site, Place.HOME, at(24, 11), token="u", by=world.actor())
    Service.objects.filter(pk=cleaning.pk).update(duration_minutes=60)
    wish = Wish(str(cleaning.public_id), {WHOLE: 2})
    with pytest.raises(holds.SlotTaken):
        book(wish, hold=kept, client=details(**HOME))
    kept.refresh_from_db()
    assert (kept.status, kept.ends_at) == (HoldStatus.HELD, at(24, 11))
    holds.release_hold(other, by=world.actor())
    book(wish, hold=kept, client=details(**HOME))
    kept.refresh_from_db()
    assert (kept.status, kept.ends_at) == (HoldStatus.CONFIRMED, at(24, 12))


def test_work_longer_than_the_day_takes_the_whole_of_it(world: World, cleaning: Service) -> None:
    kept = hold_slot(world.site, Place.HOME, at(24, 9), token="t", by=world.actor(), minutes=3000)
    assert kept.ends_at == at(24, 18)


def test_free_times_are_one_statement_however_many_are_taken(world: World, book: Book) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            calendar.slots_left(world.site, Place.DESK, now=at(23, 8), services=[world.ironing], days=60)
        return len(queries)

    book()
    before = cost()
    book(starts_at=at(24, 11)), book(starts_at=at(25, 11))
    assert cost() == before
