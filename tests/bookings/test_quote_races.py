"""Quotes under pressure: accept against accept, withdraw, a new version, an edit; real threads (R02)."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from bookings.actions import quote_answers as answers
from bookings.actions import quotes
from bookings.actions.quote_answers import accept_quote
from bookings.actions.quotes import draft_quote, save_quote, send_quote, withdraw_quote
from bookings.actions.requests import cancel_request
from bookings.models import Quote, QuoteDocument, RequestLine, ServiceRequest, WorkOrder
from concierge.models import Event
from tests.bookings.conftest import at
from tests.bookings.quoting import asked, sent, two_options, yes
from tests.bookings.test_races import race, real_world
from tests.world import World

__all__ = ["real_world"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("monday")]


@pytest.mark.promise("R02")
def test_one_option_wins_however_many_are_accepted_at_once(real_world: World) -> None:
    world = real_world
    quote = sent(world, draft=two_options(starts_at=at(26, 9)))
    both = [yes(quote, 0), yes(quote, 1)]
    outcome = race(world, 8, lambda n: accept_quote(quote, both[n % 2], by=world.actor()))
    assert outcome == {"ok": 4, "quote_already_answered": 4}
    assert (Event.objects.filter(name="quote.accepted").count(), WorkOrder.objects.count()) == (1, 1)
    chosen = Quote.objects.get().chosen
    assert chosen is not None
    assert RequestLine.objects.count() == chosen.lines.count()


@pytest.mark.promise("R02")
def test_without_the_locks_two_options_are_accepted(real_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: both have read “sent” before either writes. It must accept twice, else the race proves nothing."""
    world = real_world
    quote = sent(world, draft=two_options(starts_at=at(26, 9)))
    both_have_read = threading.Barrier(2)

    def read_only(found: Quote) -> Quote:
        fresh = Quote.objects.select_related("request__site__organisation").get(pk=found.pk)
        both_have_read.wait(timeout=10)
        return fresh

    def unguarded(found: Quote, verb: str, *fields: str) -> None:
        # The seal of the database would refuse the second answer too.
        Quote.objects.filter(pk=found.pk).update(
            status="accepted", chosen=found.chosen, answer_name="x", answered_at=found.answered_at
        ) if not fields else None

    monkeypatch.setattr(answers, "lock_work_of", lambda request: [])
    monkeypatch.setattr(answers, "lock_request", lambda request: ServiceRequest.objects.get(pk=request.pk))
    monkeypatch.setattr(answers, "lock_quote", read_only)
    monkeypatch.setattr(answers, "move", unguarded)
    monkeypatch.setattr(answers, "step", lambda request, verb: None)
    monkeypatch.setattr(answers, "fill_order", lambda request, found, by: None)
    monkeypatch.setattr(QuoteDocument.objects, "create", lambda **given: None)
    both = [yes(quote, 0), yes(quote, 1)]
    assert race(world, 2, lambda n: accept_quote(quote, both[n], by=world.actor())) == {"ok": 2}
    assert Event.objects.filter(name="quote.accepted").count() == 2


@pytest.mark.promise("R02")
@pytest.mark.parametrize("round_", range(4))
def test_accept_against_withdraw_a_new_version_and_cancel(real_world: World, round_: int) -> None:
    world = real_world
    quote = sent(world, draft=two_options(starts_at=at(26, 9)))
    draft = draft_quote(quote.request, by=world.actor())
    accepted = yes(quote)
    acts: list[Any] = [
        lambda: accept_quote(quote, accepted, by=world.actor()),
        lambda: withdraw_quote(quote, by=world.actor()),
        lambda: send_quote(draft, by=world.actor()),
        lambda: cancel_request(quote.request, by=world.actor()),
    ]
    outcome = race(world, 4, lambda n: acts[(n + round_) % 4]())
    assert set(outcome) <= {
        "ok",
        "quote_already_answered",
        "quote_withdrawn",
        "quote_replaced",
        "wrong_state",
        "too_late_to_cancel",
    }
    request = ServiceRequest.objects.get()
    states = list(Quote.objects.order_by("version").values_list("status", flat=True))
    accepts = Event.objects.filter(name="quote.accepted").count()
    assert accepts == (1 if "accepted" in states else 0)
    assert (RequestLine.objects.count(), WorkOrder.objects.count()) == (2 * accepts, accepts)
    # Whatever came first, what stands fits together.
    assert (request.status, states) in [
        ("cancelled", ["accepted", "draft"]),
        ("cancelled", ["withdrawn", "draft"]),
        ("cancelled", ["withdrawn", "withdrawn"]),
        ("cancelled", ["superseded", "withdrawn"]),
    ]


def test_one_save_wins_when_two_people_edit(real_world: World) -> None:
    world = real_world
    quote = draft_quote(asked(world), by=world.actor())
    seen = quote.edits
    outcome = race(
        world,
        4,
        lambda n: save_quote(quote, two_options(intro=f"de {n}"), edits=seen, by=world.actor()),
    )
    assert outcome == {"ok": 1, "quote_edited": 3}


def test_one_draft_however_many_begin_one(real_world: World) -> None:
    request = asked(real_world)
    assert race(real_world, 6, lambda n: draft_quote(request, by=real_world.actor())) == {"ok": 6}
    assert Quote.objects.count() == 1


@pytest.mark.promise("R28")
def test_numbers_stay_gapless_under_pressure(real_world: World) -> None:
    world = real_world
    drafts = []
    for n in range(8):
        draft = draft_quote(asked(world, email=f"c{n}@example.fr"), by=world.actor())
        drafts.append(save_quote(draft, two_options(), by=world.actor()))
    assert race(world, 8, lambda n: quotes.send_quote(drafts[n], by=world.actor())) == {"ok": 8}
    assert sorted(Quote.objects.order_by("pk").values_list("number", flat=True)) == [
        f"D2026-{n:06d}" for n in range(1, 9)
    ]
