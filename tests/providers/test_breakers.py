"""A way that fails again and again is left alone for a while (lifecycles.md 2.4)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from bookings.models import WorkOrder
from concierge.enums import Role
from concierge.models import Event
from notifications.gateways.failures import ServerDown
from notifications.gateways.mail import Postman
from notifications.gateways.sms import MemorySms
from notifications.models import Message
from providers.actions import breakers
from providers.actions.rounds import start_round
from providers.models import ChannelState, Provider
from providers.rules.breaker import paused_until
from tests.providers.conftest import MONDAY, add_provider
from tests.providers.test_contacts import MOBILE, asked, no_sms_yet, receipts, send
from tests.world import World

__all__ = ["no_sms_yet"]
pytestmark = [pytest.mark.django_db, pytest.mark.promise("domain R31")]
MINUTE = dt.timedelta(minutes=1)


def test_longer_and_longer_up_to_an_hour() -> None:
    pauses = [paused_until(failures, MONDAY) for failures in (0, 4, 5, 6, 9, 10, 11, 10_000)]
    assert pauses == [None, None, *(MONDAY + minutes * MINUTE for minutes in (2, 4, 32, 60, 60, 60))]


def test_a_failing_mail_server_is_passed_over_until_it_works(
    world: World, heels: WorkOrder, monkeypatch: pytest.MonkeyPatch, monday: Any, in_tenant: Any
) -> None:
    def down(self: Postman, message: Message, letter: Any) -> None:
        raise ServerDown("nobody there")

    with monkeypatch.context() as broken:
        broken.setattr(Postman, "deliver", down)
        offer = asked(world, heels, phone=MOBILE)
        for minutes in range(1, 5):
            monday.move_to(MONDAY + minutes * MINUTE)
            Message.objects.update(next_at=MONDAY)
            send(world)
        state = ChannelState.objects.get()
        assert (state.channel, state.failures, state.failing_since) == ("email", 5, state.failing_since)
        assert (breakers.is_paused(world.organisation.pk, "email"), receipts(offer)) == (
            True,
            [(1, "email", "due", "")],
        )
        # Whoever is asked now gets an SMS at once.
        start_round(world.request(world.cobbler).work_orders.get(), by=world.actor())
        assert receipts(offer.provider.offers.latest("pk")) == [
            (1, "email", "skipped", "paused"),
            (2, "sms", "due", ""),
        ]
        browser = Browser()
        browser.force_login(world.users[Role.DISPATCHER])
        for page in ("providers:calls", "notifications:messages"):
            assert "nobody there" in browser.get(reverse(page)).content.decode()
    with in_tenant():
        assert Event.objects.filter(name="channel.paused").count() == 1
        Message.objects.update(next_at=MONDAY)
        send(world)
        state.refresh_from_db()
        assert (state.failures, state.paused_until, state.last_error) == (0, None, "")
        assert not breakers.is_paused(world.organisation.pk, "email")
    assert "nobody there" not in browser.get(reverse("providers:calls")).content.decode()
    assert len(MemorySms.sent) == 1


@pytest.mark.parametrize("why", ["outdated", "unsendable"])
def test_what_never_reached_the_server_says_nothing_about_it(
    world: World, heels: WorkOrder, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    """Five times no answer, then a letter that is held back, or cannot travel: the way is still left alone."""
    offer = asked(world, heels)
    letter = Message.objects.get(kind="offer.sent")
    for _time in range(5):
        breakers.note_failure(world.organisation, "email", why="nobody there")
    Message.objects.filter(pk=letter.pk).update(status="queued", next_at=MONDAY, sent_at=None)
    if why == "outdated":
        offer.links.update(revoked_at=MONDAY)
    else:
        address = "camille@example.fr\nBcc: x@example.fr"
        Message.objects.filter(pk=letter.pk).update(address=address)
        Provider.objects.update(email=address)
    send(world)
    letter.refresh_from_db()
    assert letter.status == ("suppressed" if why == "outdated" else "failed")
    assert (ChannelState.objects.get().failures, breakers.is_paused(world.organisation.pk, "email")) == (5, True)


def test_each_target_has_its_own_state(world: World) -> None:
    add_provider(world)
    for _time in range(5):
        breakers.note_failure(world.organisation, "webhook", target="one", why="500")
    breakers.note_failure(world.organisation, "webhook", target="two", why="500")
    pk = world.organisation.pk
    assert [breakers.is_paused(pk, "webhook", target=one) for one in ("one", "two", "")] == [True, False, False]
    breakers.note_success(world.organisation, "webhook", target="one")
    assert not breakers.is_paused(pk, "webhook", target="one")
