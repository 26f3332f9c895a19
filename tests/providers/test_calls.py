"""What providers say on the phone is noted by the team (R31)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from concierge import deadlines
from concierge.enums import Role
from concierge.models import Event, Membership, Site
from notifications.models import Message
from providers.actions.calls import accept_on_phone, note_nobody_there
from providers.actions.offers import decline_offer
from providers.actions.refusals import OfferAnswered
from providers.enums import DeclineReason
from providers.models import Offer, OfferContact
from tests.conftest import settle
from tests.providers.conftest import MONDAY, acting_for
from tests.providers.test_contacts import LANDLINE, asked, receipts
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.promise("domain R31")]


@pytest.fixture
def offer(world: World, heels: Any) -> Offer:
    """A provider whom only a call reaches."""
    return asked(world, heels, email="", phone=LANDLINE, name="Chez Léon")


@pytest.fixture
def desk(world: World) -> Browser:
    """A dispatcher, signed in."""
    browser = Browser()
    browser.force_login(world.users[Role.DISPATCHER])
    return browser


def say(desk: Browser, offer: Offer, **said: str) -> Any:
    return desk.post(reverse("providers:phone", args=[offer.public_id]), said)


def test_what_to_say_names_no_client(world: World, offer: Offer, desk: Browser) -> None:
    page = desk.get(reverse("providers:phone", args=[offer.public_id]))
    text = page.content.decode()
    assert (page.status_code, "tel:+33380112233" in text, "21000 Dijon" in text) == (200, True, True)
    main = text.partition("<main")[2].partition("</main>")[0]
    assert world.client.last_name not in main and world.client.email not in main


def test_they_say_yes(world: World, offer: Offer, desk: Browser, in_tenant: Any) -> None:
    answer = say(desk, offer, answer="yes", price=f"{offer.price:f}")
    assert (answer.status_code, answer["Location"]) == (
        302,
        reverse("providers:offers-of-request", args=[offer.work_order.request.public_id]),
    )
    with in_tenant():
        offer.refresh_from_db()
        told = Event.objects.get(name="offer.accepted")
        caller = world.users[Role.DISPATCHER]
        assert (offer.status, told.channel, told.actor) == ("accepted", "phone", f"user:{caller.public_id}")
        call = OfferContact.objects.get(channel="call")
        assert (call.status, call.made_by) == ("reached", caller.get_full_name())
        assert not OfferContact.objects.calls().exists()


def test_they_say_no(world: World, offer: Offer, desk: Browser, in_tenant: Any) -> None:
    without = say(desk, offer, answer="no", comment="Congés")
    assert (without.status_code, "Congés" in without.content.decode()) == (422, True)
    assert say(desk, offer, answer="no", reason="closed", comment="Congés").status_code == 302
    with in_tenant():
        offer.refresh_from_db()
        assert (offer.status, offer.decline_reason, offer.decline_comment) == ("declined", "closed", "Congés")
        assert Event.objects.get(name="offer.declined").channel == "phone"


def test_nobody_answers(world: World, offer: Offer, desk: Browser, in_tenant: Any) -> None:
    """The attempt stays, the call is due again at that moment of the site, and waits until then."""
    assert say(desk, offer, answer="nobody", again_at="2026-11-23T12:30").status_code == 302
    with in_tenant():
        assert receipts(offer)[2:] == [(3, "call", "missed", ""), (4, "call", "due", "")]
        [call] = OfferContact.objects.calls()
        assert call.due_at == MONDAY + dt.timedelta(hours=2, minutes=30)
    listed = desk.get(reverse("providers:calls")).content.decode()
    assert "À appeler maintenant" not in listed and "Chez Léon" in listed
    assert say(desk, offer, answer="nobody", again_at="2026-11-23T13:00").status_code == 302
    with in_tenant():
        assert [status for _step, _way, status, _trouble in receipts(offer)[2:]] == ["missed", "missed", "due"]


def test_when_it_is_time_to_call_again_somebody_is_told(world: World, offer: Offer, monday: Any) -> None:
    """Once, at that moment; not when another attempt was made meanwhile."""
    told = Event.objects.filter(name="offer.call_due")
    before, by = told.count(), world.actor(Role.DISPATCHER)
    note_nobody_there(offer, call_again_at=MONDAY + dt.timedelta(minutes=20), by=by)
    note_nobody_there(offer, call_again_at=MONDAY + dt.timedelta(minutes=40), by=by)
    for minutes, more in ((30, 0), (41, 1), (50, 1)):
        monday.move_to(MONDAY + dt.timedelta(minutes=minutes))
        deadlines.sweep(world.organisation.pk)
        assert told.count() == before + more
    settle(world.organisation)
    letters = Message.objects.filter(event=told.latest("pk"))
    assert list(letters.values_list("address", flat=True)) == [world.users[Role.DISPATCHER].email]


@pytest.mark.parametrize(
    "said",
    [
        {"answer": "nobody", "again_at": "2026-11-23T09:00"},
        {"answer": "nobody", "again_at": "2027-11-23T09:00"},
        {"answer": "nobody", "again_at": "9999-12-31T23:59"},
        {"answer": "nobody", "again_at": "demain"},
        {"answer": "nobody"},
        {"answer": "perhaps"},
        {},
        {"answer": "no", "reason": "because"},
    ],
)
def test_nonsense_changes_nothing(
    world: World, offer: Offer, desk: Browser, said: dict[str, str], in_tenant: Any
) -> None:
    with in_tenant():
        before = Event.objects.count()
    answer = say(desk, offer, **said)
    assert answer.status_code == 422
    if said.get("again_at"):
        assert said["again_at"] in answer.content.decode()
    with in_tenant():
        assert (Event.objects.count(), receipts(offer)[2:]) == (before, [(3, "call", "due", "")])


def test_a_yes_on_the_phone_after_another_answer(world: World, offer: Offer, desk: Browser) -> None:
    decline_offer(offer, reason=DeclineReason.TOO_BUSY, by=acting_for(offer.provider))
    answer = say(desk, offer, answer="yes")
    assert answer.status_code == 409
    with pytest.raises(OfferAnswered):
        accept_on_phone(offer, by=world.actor(Role.DISPATCHER))
    assert not OfferContact.objects.filter(status="reached").exists()


def test_at_the_price_that_was_read_out(world: World, offer: Offer, desk: Browser) -> None:
    assert say(desk, offer, answer="yes", price="1.00").status_code == 409
    offer.refresh_from_db()
    assert offer.status == "sent"


def test_only_who_dispatches_there(world: World, offer: Offer, in_tenant: Any) -> None:
    with in_tenant():
        where = {"postcode": "21000", "latitude": 47, "longitude": 5}
        elsewhere = Site.objects.create(organisation=world.organisation, name="Ailleurs", slug="ailleurs", **where)
        Membership.objects.filter(user=world.users[Role.SITE_MANAGER]).update(site=elsewhere)
    for role, status in ((Role.CONCIERGE, 403), (Role.SITE_MANAGER, 404)):
        browser = Browser()
        browser.force_login(world.users[role])
        assert say(browser, offer, answer="yes").status_code == status
    offer.refresh_from_db()
    assert (offer.status, offer.due_at > timezone.now()) == ("sent", True)
