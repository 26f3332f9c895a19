"""A price against another channel, withdrawal, the end of its time, and the quote that counts on it; real threads."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from bookings.actions.quote_answers import accept_quote
from bookings.actions.quotes import send_quote
from bookings.models import Quote
from concierge import tenancy
from concierge.models import Event
from providers.actions import price_use
from providers.actions import prices as verbs
from providers.actions.price_use import use_price
from providers.enums import DeclineReason
from providers.models import PriceRequest
from tests.bookings.quoting import yes
from tests.providers.conftest import acting_for
from tests.providers.pricing import an_answer, asked_for_prices, carpenters, priced
from tests.providers.test_races import race
from tests.world import World, build_world

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.promise("R02")]


@pytest.fixture
def world_of_threads(transactional_db: None) -> Iterator[World]:
    """A world that every thread can see."""
    world = build_world()
    with tenancy.working_for(world.organisation):
        yield world


def answers(one: PriceRequest, price: str, channel: str) -> Any:
    """The provider's answer by one channel."""
    by = acting_for(one.provider, "api" if channel == "api" else "link")
    return lambda: verbs.answer_price(one, an_answer(price=Decimal(price)), by=by)


def test_one_of_two_answers_over_two_channels_counts(world_of_threads: World) -> None:
    world = world_of_threads
    (one,) = asked_for_prices(world, carpenters(world, 1))
    outcome = race(world, answers(one, "150.00", "api"), answers(one, "170.00", "link"))
    assert outcome == {"ok": 1, "price_request_answered": 1}
    assert Event.objects.filter(name="price_request.answered").count() == 1


def test_without_the_lock_both_answers_count(world_of_threads: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: both have read “waiting” before either writes."""
    world = world_of_threads
    (one,) = asked_for_prices(world, carpenters(world, 1))
    _read_together(monkeypatch)
    assert race(world, answers(one, "150.00", "api"), answers(one, "170.00", "link")) == {"ok": 2}
    assert Event.objects.filter(name="price_request.answered").count() == 2


def _read_together(monkeypatch: pytest.MonkeyPatch) -> None:
    both_have_read = threading.Barrier(2)

    def read_only(asked: PriceRequest) -> PriceRequest:
        found = PriceRequest.objects.with_need().get(pk=asked.pk)
        both_have_read.wait(timeout=10)
        return found

    monkeypatch.setattr(verbs, "lock_price", read_only)


@pytest.mark.parametrize("round_", range(3))
def test_an_answer_against_withdrawal_and_the_end_of_its_time(world_of_threads: World, round_: int) -> None:
    world = world_of_threads
    (one,) = asked_for_prices(world, carpenters(world, 1))
    acts: list[Any] = [
        answers(one, "150.00", "link"),
        lambda: verbs.withdraw_price(one, by=world.actor()),
        lambda: verbs.expire_price(one, by=world.actor()),
        lambda: verbs.decline_price(one, reason=DeclineReason.OTHER, by=acting_for(one.provider)),
    ]
    race(world, *(acts[(n + round_) % 4] for n in range(4)))
    told = list(Event.objects.filter(name__startswith="price_request.").order_by("pk").values_list("name", flat=True))
    names = [name.partition(".")[2] for name in told]
    final = PriceRequest.objects.get()
    # Whoever came first; only a price may be withdrawn after it.
    assert (names, final.status) in [
        (["sent", "answered"], "priced"),
        (["sent", "answered", "withdrawn"], "withdrawn"),
        (["sent", "withdrawn"], "withdrawn"),
        (["sent", "expired"], "expired"),
        (["sent", "declined"], "declined"),
    ]
    assert (final.price is not None) == ("answered" in names)


def test_without_the_lock_an_answer_and_a_withdrawal_both_happen(
    world_of_threads: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: a price is announced for a question that was already withdrawn, or withdrawn as if nobody answered."""
    world = world_of_threads
    (one,) = asked_for_prices(world, carpenters(world, 1))
    _read_together(monkeypatch)
    outcome = race(
        world,
        answers(one, "150.00", "link"),
        lambda: verbs.withdraw_price(one, by=world.actor()),
    )
    assert outcome == {"ok": 2}


def test_a_price_is_taken_back_before_the_quote_is_sent_or_not_at_all(world_of_threads: World) -> None:
    world = world_of_threads
    one = priced(world)
    quote = use_price(one, by=world.actor())
    outcome = race(
        world,
        lambda: send_quote(quote, by=world.actor()),
        lambda: verbs.retract_price(one, by=acting_for(one.provider)),
    )
    sent = Quote.objects.get().status == "sent"
    order = list(
        Event.objects.filter(name__in=("quote.sent", "price_request.retracted"))
        .order_by("pk")
        .values_list("name", flat=True)
    )
    # The price may be taken back after it was sent: the desk is told. Never before.
    assert (sent, outcome["price_gone"], order[0]) in [
        (True, 0, "quote.sent"),
        (False, 1, "price_request.retracted"),
    ]


def _between_look_and_leave(monkeypatch: pytest.MonkeyPatch, one: PriceRequest) -> Any:
    """Nothing is held, and whoever has looked at a price waits: the call that takes it back in between."""
    looked, taken_back = threading.Event(), threading.Event()
    holds = PriceRequest.holds_on

    def look_then_wait(asked: PriceRequest, day: dt.date) -> bool:
        found = holds(asked, day)
        looked.set()
        taken_back.wait(timeout=10)
        return found

    def take_back() -> None:
        looked.wait(timeout=10)
        verbs.retract_price(one, by=acting_for(one.provider))
        taken_back.set()

    monkeypatch.setattr(price_use, "hold_prices", lambda keys: None)
    monkeypatch.setattr(PriceRequest, "holds_on", look_then_wait)
    return take_back


def test_without_holding_the_price_a_quote_leaves_on_one_that_is_gone(
    world_of_threads: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: the guard has looked, then the price is taken back, then the quote leaves."""
    world = world_of_threads
    one = priced(world)
    quote = use_price(one, by=world.actor())
    take_back = _between_look_and_leave(monkeypatch, one)
    assert race(world, lambda: send_quote(quote, by=world.actor()), take_back) == {"ok": 2}
    assert (Quote.objects.get().status, PriceRequest.objects.get().status) == ("sent", "retracted")


def _accepting(world: World, quote: Quote) -> Any:
    return lambda: accept_quote(quote, yes(quote), by=world.actor("concierge"))


@pytest.mark.parametrize("first", ["client", "provider"])
def test_a_price_is_taken_back_before_the_client_agrees_or_not_at_all(world_of_threads: World, first: str) -> None:
    world = world_of_threads
    one = priced(world)
    quote = send_quote(use_price(one, by=world.actor()), by=world.actor())
    acts = [_accepting(world, quote), lambda: verbs.retract_price(one, by=acting_for(one.provider))]
    outcome = race(world, *(acts if first == "client" else reversed(acts)))
    found = (dict(outcome), Quote.objects.get().status, PriceRequest.objects.get().status)
    assert found in [
        ({"ok": 1, "price_agreed": 1}, "accepted", "priced"),
        ({"ok": 1, "quote_doubtful": 1}, "sent", "retracted"),
    ]


def test_without_holding_the_price_the_client_agrees_to_one_that_is_gone(
    world_of_threads: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: the guard has looked, then the price is taken back, then the client has agreed to it."""
    world = world_of_threads
    one = priced(world)
    quote = send_quote(use_price(one, by=world.actor()), by=world.actor())
    take_back = _between_look_and_leave(monkeypatch, one)
    assert race(world, _accepting(world, quote), take_back) == {"ok": 2}
    assert (Quote.objects.get().status, PriceRequest.objects.get().status) == ("accepted", "retracted")
