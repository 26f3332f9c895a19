"""More or less was counted than announced: the provider reads the old and the new pay, and what follows."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from bookings.actions.measuring import state_quantities
from bookings.models import WorkOrder
from notifications.actions.letters import NotNeeded
from notifications.actions.queue import resend
from notifications.actions.writing import write
from notifications.enums import Unsent
from notifications.models import Message
from notifications.tasks import send_due
from providers.actions.links import link_code, link_url
from providers.actions.offers import accept_offer
from providers.actions.rounds import start_round, withdraw_offers
from providers.models import AccessLink, Offer
from tests.conftest import settle
from tests.notifications.conftest import Letterbox
from tests.providers.conftest import acting_for, add_provider
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.promise("domain R33")]


@pytest.fixture
def offer(world: World) -> Offer:
    """A cobbler is asked for one pair of heels, for 12 €."""
    add_provider(world)
    start_round(world.request(world.cobbler).work_orders.get(), by=world.actor())
    return Offer.objects.with_need().get()


def count(world: World, order: WorkOrder, *quantities: int) -> list[Message]:
    """The desk counts so many pairs, one count after the other; the letters about it, oldest first."""
    for quantity in quantities:
        state_quantities(order.request, {order.lines.get().position: Decimal(quantity)}, by=world.actor())
        settle(world.organisation)
    about = Message.objects.select_related("organisation", "site").filter(kind="offer.repriced")
    return list(about.order_by("pk"))


def say_yes(offer: Offer, price: str) -> None:
    accept_offer(offer, by=acting_for(offer.provider), price_seen=Decimal(price))
    settle(offer.organisation)


def pay_in(message: Message) -> list[str]:
    """The lines of a letter that say what is paid."""
    return [line for line in write(message).text.splitlines() if "€" in line]


def why_not(message: Message) -> Unsent:
    with pytest.raises(NotNeeded) as stop:
        write(message)
    return stop.value.why


OLD_AND_NEW = ["Vous receviez, TTC\u00a0: 12,00\u202f€", "Vous recevez maintenant, TTC\u00a0: 36,00\u202f€"]


def test_whoever_is_asked_reads_both_prices_and_answers_at_the_new_one(world: World, offer: Offer) -> None:
    (message,) = count(world, offer.work_order, 3)
    assert (message.address, message.site, message.request_id) == (
        offer.provider.email,
        world.site,
        offer.work_order.request.public_id,
    )
    letter = write(message)
    reference = offer.work_order.reference
    assert letter.subject == f"Votre rémunération pour le travail {reference} a changé\u00a0: merci de répondre"
    assert pay_in(message) == OLD_AND_NEW
    for part in (letter.text, letter.html):
        for said in (link_url(offer), link_code(offer), "Rien n’est encore convenu"):
            assert part.count(said) >= 1
        assert "rien de plus à accepter" not in part
        for secret in ("Roux", "Camille", "12345678"):
            assert secret not in part
    message.language = "en"
    assert pay_in(message) == ["Paid to you before, VAT included: €12.00", "Paid to you now, VAT included: €36.00"]


def test_whoever_said_yes_at_the_old_price_learns_what_follows(world: World, offer: Offer) -> None:
    say_yes(offer, "12.00")
    (message,) = count(world, offer.work_order, 3)
    letter = write(message)
    assert letter.subject == f"Votre rémunération pour le travail {offer.work_order.reference} a changé"
    assert pay_in(message) == OLD_AND_NEW
    for part in (letter.text, letter.html):
        for said in (link_url(offer), "Le travail reste à vous", "rien de plus à accepter", "appelez-nous"):
            assert part.count(said) >= 1
        for other in (link_code(offer), "Rien n’est encore convenu"):
            assert other not in part


def test_the_desk_that_counts_again_tells_the_last_count_only(world: World, offer: Offer, box: Letterbox) -> None:
    first, second = count(world, offer.work_order, 3, 2)
    assert why_not(first) == Unsent.OUTDATED
    assert [line[-7:] for line in pay_in(second)] == ["12,00\u202f€", "24,00\u202f€"]
    send_due(world.organisation.pk)
    third = count(world, offer.work_order, 3)[2]
    assert [line[-7:] for line in pay_in(third)] == ["24,00\u202f€", "36,00\u202f€"]


def test_a_count_that_is_taken_back_in_time_is_not_told(world: World, offer: Offer) -> None:
    assert [why_not(one) for one in count(world, offer.work_order, 3, 1)] == [Unsent.OUTDATED] * 2


def test_a_yes_to_the_new_price_needs_no_letter_about_it(world: World, offer: Offer) -> None:
    (message,) = count(world, offer.work_order, 3)
    say_yes(offer, "36.00")
    assert why_not(message) == Unsent.OUTDATED
    later = count(world, offer.work_order, 2)[1]
    assert [line[-7:] for line in pay_in(later)] == ["36,00\u202f€", "24,00\u202f€"]


@pytest.mark.parametrize("end", ["late", "withdrawn", "reported"])
def test_nobody_is_written_to_who_cannot_answer_any_more(world: World, offer: Offer, end: str) -> None:
    (message,) = count(world, offer.work_order, 3)
    later = dt.timedelta(seconds=1)
    if end == "withdrawn":
        withdraw_offers(offer.work_order, by=world.actor())
    elif end == "reported":
        AccessLink.objects.update(revoked_at=timezone.now())
    else:
        later += offer.due_at - timezone.now()
    with time_machine.travel(timezone.now() + later):
        assert why_not(message) == Unsent.OUTDATED


def test_sent_again_by_hand_it_says_the_same(world: World, offer: Offer, box: Letterbox) -> None:
    (message,) = count(world, offer.work_order, 3)
    send_due(world.organisation.pk)
    message.refresh_from_db()
    again: Any = resend(message, by=world.actor("site_manager"))
    assert again.event is None
    assert [line[-7:] for line in pay_in(again)] == ["12,00\u202f€", "36,00\u202f€"]
