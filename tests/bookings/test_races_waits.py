"""The answer meets the end of the time to answer; a pause meets the start of the work. Real threads, and twins."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.utils import timezone

from bookings.actions import pauses, questions
from bookings.actions.work_orders import start_work_order
from bookings.enums import REQUEST_TRANSITIONS
from bookings.models import ClientQuestion, ServiceRequest, WorkOrder
from concierge import deadlines
from concierge.models import Deadline, Event
from tests.bookings.conftest import at
from tests.bookings.test_pauses import given
from tests.bookings.test_questions import asked, bearer
from tests.bookings.test_races import race, real_world
from tests.world import World

__all__ = ["real_world"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("monday")]


def due_now(world: World) -> ServiceRequest:
    """Its time to answer and the days of grace end at this moment."""
    request = asked(world)
    ClientQuestion.objects.update(asked_at=at(10, 9), due_at=at(12, 9))
    Deadline.objects.exclude(kind="question.expiry").update(cancelled_at=timezone.now())
    Deadline.objects.filter(kind="question.expiry").update(due_at=timezone.now() - dt.timedelta(minutes=1))
    return request


@pytest.mark.promise("R01")
def test_an_answer_at_the_last_moment_counts_or_is_refused(real_world: World) -> None:
    world, ends = real_world, set()
    for _round in range(8):
        request = due_now(world)

        def act(number: int, request: ServiceRequest = request) -> None:
            if number:
                deadlines.sweep(world.organisation.pk)
            else:
                questions.answer_question(request, answer="Bleu", by=bearer(world))

        outcome = race(world, 3, act)
        # A sweep that lost its patience comes back.
        deadlines.sweep(world.organisation.pk, now=timezone.now() + dt.timedelta(hours=2))
        request.refresh_from_db()
        question = request.questions.get()
        answered = outcome["question_closed"] == 0
        assert outcome == ({"ok": 3} if answered else {"ok": 2, "question_closed": 1})
        assert (request.status, question.answer, question.dropped_at is None) == (
            ("qualifying", "Bleu", True) if answered else ("expired", "", False)
        )
        ends.add(request.status)
        told = Event.objects.filter(name="service_request.expired", subject_id=request.public_id).count()
        assert told == (request.status == "expired")
    assert ends <= {"qualifying", "expired"}


def test_without_the_locks_both_believe_to_be_first(real_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: read, then write. The request is given up and answered, whoever comes last."""
    world, request = real_world, due_now(real_world)
    both_have_read = threading.Barrier(2)

    def read(found: ServiceRequest) -> ClientQuestion | None:
        question = ClientQuestion.objects.filter(request=found, answered_at=None, dropped_at=None).first()
        both_have_read.wait(timeout=10)
        return question

    def move(found: ServiceRequest, verb: str) -> ServiceRequest:
        found.status = REQUEST_TRANSITIONS[verb][1]
        return found

    monkeypatch.setattr(questions, "lock_work_of", lambda found: list(found.work_orders.order_by("pk")))
    monkeypatch.setattr(questions, "lock_request", lambda found: ServiceRequest.objects.get(pk=found.pk))
    monkeypatch.setattr(questions, "open_question", read)
    monkeypatch.setattr(questions, "move_request", move)

    def act(number: int) -> None:
        if number:
            questions.expire_request(request, by=world.actor())
        else:
            questions.answer_question(request, answer="Bleu", by=bearer(world))

    assert race(world, 2, act) == {"ok": 2}
    names = set(Event.objects.order_by("pk").values_list("name", flat=True))
    assert {"question.answered", "service_request.expired"} <= names


def test_nothing_begins_while_it_is_held(real_world: World) -> None:
    world: Any = real_world
    for _round in range(6):
        request = world.request(world.ironing)
        order = given(world, request.work_orders.get())

        def act(number: int, request: ServiceRequest = request, order: WorkOrder = order) -> None:
            if number:
                start_work_order(order, by=world.actor())
            else:
                pauses.hold_request(request, reason="ours", until=at(30, 9), by=world.actor())

        outcome = race(world, 2, act)
        assert outcome["ok"] + outcome["request_on_hold"] == 2
        request.refresh_from_db()
        order.refresh_from_db()
        assert request.status == "on_hold"
        assert order.status == ("booked" if outcome["request_on_hold"] else "on_hold")


def test_without_the_lock_on_the_work_it_begins_all_the_same(
    real_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: whoever holds looks at the work, and does not hold on to it."""
    world, request = real_world, real_world.request(real_world.ironing)
    order = given(world, request.work_orders.get())
    has_read, has_begun = threading.Event(), threading.Event()

    def read(found: ServiceRequest) -> list[WorkOrder]:
        orders = list(found.work_orders.order_by("pk"))
        has_read.set()
        has_begun.wait(10)
        return orders

    monkeypatch.setattr(pauses, "lock_work_of", read)

    def act(number: int) -> None:
        if number:
            has_read.wait(10)
            start_work_order(order, by=world.actor())
            has_begun.set()
        else:
            pauses.hold_request(request, reason="ours", until=at(30, 9), by=world.actor())

    assert race(world, 2, act) == {"ok": 2}
    request.refresh_from_db()
    order.refresh_from_db()
    assert (request.status, order.status) == ("on_hold", "in_progress")
