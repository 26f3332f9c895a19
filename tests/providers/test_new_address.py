"""A provider’s address changes: whoever reads the old one opens nothing any more (S16)."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client as Browser

from bookings.models import WorkOrder
from concierge.models import Event
from notifications.gateways.sms import MemorySms
from notifications.models import Message
from providers.actions.businesses import change_provider
from providers.actions.links import link_code, link_url
from providers.actions.offers import accept_offer
from providers.actions.rounds import start_round
from providers.models import AccessLink, Offer, PersonalLink, Provider
from tests.conftest import settle
from tests.providers.conftest import acting_for, add_provider
from tests.providers.pricing import asked_for_prices
from tests.providers.signing import sent_agreement
from tests.providers.test_contacts import MOBILE, send
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.promise("S16", "P07")]


def path_of(asked: Any) -> str:
    return urlsplit(link_url(asked)).path


def opens(path: str) -> int:
    return Browser().get(path).status_code


def moved(world: World, provider: Provider, **changes: str) -> None:
    change_provider(provider, changes, by=world.actor())
    settle(world.organisation)


def told(address: str) -> list[str]:
    return list(Message.objects.filter(address=address).order_by("kind").values_list("kind", flat=True))


def test_an_open_question_is_asked_again_at_the_new_address(
    world: World, heels: WorkOrder, mailoutbox: list[Any]
) -> None:
    """Also when the first letter still waits to leave: it goes to nobody."""
    provider, other = add_provider(world), add_provider(world)
    start_round(heels, by=world.actor())
    settle(world.organisation)
    offer, others = (Offer.objects.with_need().get(provider=one) for one in (provider, other))
    before, old, kept = path_of(offer), provider.email, path_of(others)
    moved(world, provider, name="Un autre nom", phone="+33380112255")
    assert (opens(before), told(old)) == (200, ["offer.sent"])
    moved(world, provider, email="ailleurs@example.fr")
    assert (opens(before), opens(path_of(offer)), opens(kept)) == (410, 200, 200)
    assert told("ailleurs@example.fr") == ["offer.sent"]
    send(world)
    assert [mail.to for mail in mailoutbox] == [[other.email], ["ailleurs@example.fr"]]
    assert path_of(offer) in mailoutbox[1].body and link_code(offer) in mailoutbox[1].body
    assert Message.objects.get(address=old).status == "suppressed"
    assert list(offer.contacts.values_list("channel", "status")) == [("email", "sent")]
    assert Browser().post(f"{before}nouveau/").status_code == 200
    assert AccessLink.objects.filter(offer=offer, revoked_at=None).count() == 1


def test_who_has_the_work_is_sent_its_page(world: World, heels: WorkOrder) -> None:
    provider = add_provider(world)
    start_round(heels, by=world.actor())
    offer = Offer.objects.with_need().get()
    accept_offer(offer, by=acting_for(provider))
    settle(world.organisation)
    link: PersonalLink = offer.links.get()
    moved(world, provider, email="ailleurs@example.fr")
    fresh = offer.links.get(revoked_at=None)
    assert (fresh.pk != link.pk, fresh.expires_at, opens(path_of(offer))) == (True, link.expires_at, 200)
    assert told("ailleurs@example.fr") == ["offer.link_asked"]
    assert Event.objects.filter(name="offer.link_renewed").count() == 1


def test_by_sms_the_number_counts(world: World, heels: WorkOrder) -> None:
    """Digits that were sent to the old number bind nothing any more; a first e-mail ends nothing."""
    provider = add_provider(world, email="", phone=MOBILE)
    start_round(heels, by=world.actor())
    send(world)
    offer = Offer.objects.with_need().get()
    before = path_of(offer)
    moved(world, provider, email="ailleurs@example.fr")
    assert opens(before) == 200
    MemorySms.sent.clear()
    moved(world, provider, phone="+33612345679")
    send(world)
    assert (opens(before), [number for number, _text in MemorySms.sent]) == (410, ["+33612345679"])
    assert link_code(offer) in MemorySms.sent[0][1]


def test_prices_and_agreements_are_asked_at_the_new_address(world: World) -> None:
    provider = add_provider(world, price=None)
    waiting = sent_agreement(provider, world, first_day=dt.date(2026, 12, 1))
    [asked] = asked_for_prices(world, [provider])
    settle(world.organisation)
    before = [path_of(waiting), path_of(asked)]
    moved(world, provider, email="ailleurs@example.fr")
    assert [opens(path) for path in before] == [410, 410]
    assert [opens(path_of(waiting)), opens(path_of(asked))] == [200, 200]
    assert told("ailleurs@example.fr") == ["agreement.sent", "price_request.sent"]
