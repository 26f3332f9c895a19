"""The message centre and the receipts of a request: who sees what, and what they can do there."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from bookings.models import ServiceRequest
from concierge import tenancy
from concierge.enums import STAFF_ROLES
from concierge.models import Event, Membership, Site, User
from notifications.enums import MessageStatus
from notifications.models import MESSAGE_ROLES, Message
from tests.notifications.conftest import queue_confirmation
from tests.world import World, add_second_factor

pytestmark = pytest.mark.django_db

UNDEFINED = b"UNDEFINED-TEMPLATE-VARIABLE"
LIST = "/messages/"


@pytest.fixture(autouse=True)
def _english() -> Any:
    """Pages in English: the msgids."""
    with translation.override("en"):
        yield


@pytest.fixture
def visitor() -> Browser:
    """A visitor that asks for English."""
    return Browser(headers={"accept-language": "en"})


def as_(visitor: Browser, world: World, role: str) -> Browser:
    """The same visitor, signed in."""
    visitor.force_login(world.users[role])
    return visitor


def mark(message: Message, status: MessageStatus, error: str = "") -> Message:
    """Put a message in a state."""
    sent_at = timezone.now() if status == MessageStatus.SENT else None
    Message.objects.filter(pk=message.pk).update(status=status, last_error=error, sent_at=sent_at)
    message.refresh_from_db()
    return message


@pytest.mark.parametrize("role", [role.value for role in STAFF_ROLES] + ["trainee", "provider"])
def test_who_opens_the_message_centre(visitor: Browser, world: World, queued: Message, role: str) -> None:
    answer = as_(visitor, world, role).get(LIST)
    assert answer.status_code == (200 if role in MESSAGE_ROLES else 403)
    assert (queued.address.encode() in answer.content) is (role in MESSAGE_ROLES)


def test_strangers_sign_in_first(visitor: Browser, world: World, queued: Message) -> None:
    assert visitor.get(LIST).status_code == 302
    assert visitor.get(f"/messages/demandes/{queued.request_id}/").status_code == 302
    assert visitor.post(reverse("notifications:resend", args=[queued.public_id])).status_code == 302


def test_the_empty_centre_says_what_will_come(visitor: Browser, world: World) -> None:
    page = as_(visitor, world, "concierge").get(LIST)
    assert b"No message yet" in page.content
    assert UNDEFINED not in page.content
    assert b"Everything has arrived" in visitor.get(LIST + "?state=trouble").content
    assert b"No message matches" in visitor.get(LIST + "?q=personne").content


def test_failures_come_first_and_say_why(visitor: Browser, world: World) -> None:
    failed = mark(queue_confirmation(world, name="Fanny"), MessageStatus.FAILED, "550 5.1.1 No such user")
    mark(queue_confirmation(world, name="Simon"), MessageStatus.SENT)
    mark(queue_confirmation(world, name="Hugo"), MessageStatus.SUPPRESSED, "history")
    page = as_(visitor, world, "dispatcher").get(LIST)
    names = re.findall(rb"(Fanny|Simon|Hugo)<br>", page.content)
    assert names == [b"Fanny", b"Hugo", b"Simon"]
    assert b"550 5.1.1 No such user" in page.content
    assert b"It speaks of the past" in page.content
    assert UNDEFINED not in page.content
    assert page.content.count(b"Send again") == 2
    assert str(failed.public_id).encode() in page.content


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?state=trouble", ["Fanny"]),
        ("?state=sent", ["Simon"]),
        ("?state=queued", ["Hugo"]),
        ("?q=fann", ["Fanny"]),
        ("?q=HUGO%40", ["Hugo"]),
        ("?kind=offer.sent", []),
        ("?kind=nonsense", ["Fanny", "Hugo", "Simon"]),
        ("?page=99", ["Fanny", "Hugo", "Simon"]),
    ],
)
def test_filters(visitor: Browser, world: World, query: str, expected: list[str]) -> None:
    mark(queue_confirmation(world, name="Fanny"), MessageStatus.FAILED)
    mark(queue_confirmation(world, name="Simon"), MessageStatus.SENT)
    queue_confirmation(world, name="Hugo", address="hugo@example.org")
    page = as_(visitor, world, "concierge").get(LIST + query)
    assert re.findall(r"(Fanny|Simon|Hugo)<br>", page.content.decode()) == expected


def test_an_unknown_state_is_not_a_page(visitor: Browser, world: World) -> None:
    assert as_(visitor, world, "concierge").get(LIST + "?state=lost").status_code == 404


def test_the_list_goes_on_over_pages(visitor: Browser, world: World) -> None:
    request = world.request(world.ironing)
    for number in range(26):
        queue_confirmation(world, request, address=f"client{number}@example.org")
    first = as_(visitor, world, "concierge").get(LIST + "?q=client")
    assert b"?q=client&amp;page=2" in first.content
    assert b"client0@example.org" in visitor.get(LIST + "?q=client&page=2").content


def _queries(visitor: Browser, address: str, **extra: Any) -> int:
    with CaptureQueriesContext(
        connection,
    ) as found:
        assert visitor.get(address, **extra).status_code == 200
    return len(found)


def test_as_many_queries_for_three_rows_as_for_one(visitor: Browser, world: World) -> None:
    as_(visitor, world, "concierge")
    request = world.request(world.ironing)
    receipts = f"/messages/demandes/{request.public_id}/"
    mark(queue_confirmation(world, request), MessageStatus.FAILED)
    visitor.get(LIST)
    one = _queries(visitor, LIST), _queries(visitor, receipts)
    for _more in range(2):
        mark(queue_confirmation(world, request), MessageStatus.FAILED)
    assert (_queries(visitor, LIST), _queries(visitor, receipts)) == one


@pytest.mark.promise("S01")
def test_people_see_the_messages_of_their_sites(visitor: Browser, world: World, queued: Message) -> None:
    elsewhere = Site.objects.create(
        organisation=world.organisation,
        name="Beaune",
        slug="beaune",
        street="1 place Carnot",
        postcode="21200",
        city="Beaune",
        latitude=Decimal("47.02"),
        longitude=Decimal("4.84"),
    )
    user = User.objects.create_user("beaune@example.org", "un-mot-de-passe-long")
    Membership.objects.create(organisation=world.organisation, user=user, role="concierge", site=elsewhere)
    add_second_factor(user)
    visitor.force_login(user)
    assert queued.address.encode() not in visitor.get(LIST).content
    assert visitor.get(f"/messages/demandes/{queued.request_id}/").status_code == 404
    mark(queued, MessageStatus.FAILED)
    assert visitor.post(reverse("notifications:resend", args=[queued.public_id])).status_code == 404


@pytest.mark.promise("S02")
def test_messages_of_another_organisation_do_not_exist(visitor: Browser, world: World, other_world: World) -> None:
    with tenancy.working_for(other_world.organisation):
        theirs = mark(queue_confirmation(other_world), MessageStatus.FAILED)
    as_(visitor, world, "network_head")
    assert theirs.address.encode() not in visitor.get(LIST).content
    assert visitor.get(f"/messages/demandes/{theirs.request_id}/").status_code == 404
    assert visitor.post(reverse("notifications:resend", args=[theirs.public_id])).status_code == 404


def test_sending_again(
    visitor: Browser,
    world: World,
    queued: Message,
    sent_tasks: list[tuple[str, Any]],
    django_capture_on_commit_callbacks: Any,
) -> None:
    mark(queued, MessageStatus.FAILED, "550 no")
    sent_tasks.clear()
    with django_capture_on_commit_callbacks(execute=True):
        answer = as_(visitor, world, "concierge").post(reverse("notifications:resend", args=[queued.public_id]))
    assert (answer.status_code, answer.headers["Location"]) == (302, LIST)
    with tenancy.working_for(world.organisation):
        queued.refresh_from_db()
        assert (queued.status, queued.attempts, queued.last_error) == (MessageStatus.QUEUED, 0, "")
        assert Event.objects.get(name="message.resent").actor_label == "Concierge Test"
    assert ("notifications.send_messages", (world.organisation.pk,)) in sent_tasks


def test_sending_again_what_still_waits_is_refused(visitor: Browser, world: World, queued: Message) -> None:
    answer = as_(visitor, world, "concierge").post(
        reverse("notifications:resend", args=[queued.public_id]), {"back": "request"}, follow=False
    )
    assert answer.headers["Location"] == reverse("bookings:request", args=[queued.request_id])
    with tenancy.working_for(world.organisation):
        assert Message.objects.count() == 1


@pytest.mark.parametrize("role", ["accountant", "supervisor", "trainee"])
def test_others_do_not_send_again(visitor: Browser, world: World, queued: Message, role: str) -> None:
    mark(queued, MessageStatus.FAILED)
    answer = as_(visitor, world, role).post(reverse("notifications:resend", args=[queued.public_id]))
    assert answer.status_code == 403


def test_receipts_come_as_fragment_and_as_page(visitor: Browser, world: World, queued: Message) -> None:
    as_(visitor, world, "concierge")
    address = f"/messages/demandes/{queued.request_id}/"
    fragment = visitor.get(address, headers={"hx-request": "true"})
    page = visitor.get(address)
    for answer in (fragment, page):
        assert b"Request confirmed" in answer.content
        assert b"Camille Roux" in answer.content
        assert UNDEFINED not in answer.content
    assert b"<html" not in fragment.content
    assert b"<html" in page.content


def test_receipts_say_whom_to_call(visitor: Browser, world: World) -> None:
    request = world.request(world.ironing)
    ServiceRequest.objects.filter(pk=request.pk).update(contact_email="", contact_phone="+33612345678")
    page = as_(visitor, world, "concierge").get(f"/messages/demandes/{request.public_id}/")
    assert "no e-mail address: please call 06 12 34 56 78" in page.content.decode()
    assert b"Nothing was told yet." in page.content


@pytest.mark.parametrize("role", ["trainee", "provider", "social_adviser"])
def test_receipts_are_for_who_follows_requests(visitor: Browser, world: World, queued: Message, role: str) -> None:
    assert as_(visitor, world, role).get(f"/messages/demandes/{queued.request_id}/").status_code == 404
