"""Who is asked is reminded; what moves or closes meanwhile is told, and never keeps a question alive in vain."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction

from bookings.models import PreOrder, WorkOrder
from concierge import events
from concierge.models import Deadline, Event
from concierge.tenancy import system_actor
from providers.actions.availability import close_days
from providers.actions.moved_work import follow_promise
from providers.actions.offers import accept_offer, decline_offer, expire_what_is_due
from providers.actions.policies import set_offer_policy
from providers.actions.reminders import remind_offer
from providers.actions.rounds import start_round
from providers.enums import DeclineReason
from providers.models import Offer, OfferRound, Provider
from providers.models.offers import latest_start
from tests.auditor import audit
from tests.conftest import settle
from tests.providers.conftest import MONDAY, acting_for
from tests.world import World

HOUR, DAY, MINUTE = dt.timedelta(hours=1), dt.timedelta(days=1), dt.timedelta(minutes=1)


def stands_still() -> list[str]:
    def execute(sql: str) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    return [name for name in audit(execute) if name[:3] in {"I13", "I14", "I16"}]


def said(name: str) -> int:
    return Event.objects.filter(name=f"offer.{name}").count()


def statuses() -> list[str]:
    return list(Offer.objects.order_by("pk").values_list("status", flat=True))


def move(order: WorkOrder, to: dt.datetime) -> None:
    """The client takes another time: what the moved appointment says."""
    before = order.promised_start
    WorkOrder.objects.filter(pk=order.pk).update(promised_start=to, promised_end=to + 2 * DAY)
    with transaction.atomic():
        events.record("work_order.rescheduled", order, by=system_actor(order.organisation), before=before.isoformat())


# --- reminders --------------------------------------------


@pytest.mark.promise("domain R31")
def test_reminded_at_half_and_at_four_fifths_of_the_opening_time(
    world: World, offers: list[Offer], monday: Any
) -> None:
    """Four hours from ten o'clock: at noon and at twelve past one, each once; who has answered is left alone."""
    decline_offer(offers[0], reason=DeclineReason.TOO_BUSY, by=acting_for(offers[0].provider))
    for after, times in ((119, 0), (121, 2), (122, 2), (191, 2), (193, 4), (230, 4)):
        monday.move_to(MONDAY + after * MINUTE)
        settle(world.organisation)
        assert said("reminded") == times, after
    assert Event.objects.filter(name="offer.reminded", subject_id=offers[0].public_id).count() == 0
    assert not remind_offer(offers[1], by=world.actor())
    assert statuses()[:3] == ["declined", "sent", "sent"]


def test_a_reminder_that_comes_late_is_left_out(world: World, offers: list[Offer], monday: Any) -> None:
    monday.move_to(MONDAY + 3 * HOUR + 20 * MINUTE)
    settle(world.organisation)
    assert said("reminded") == 3
    assert not Deadline.objects.filter(kind="offer.reminder", fired_at=None).exists()
    monday.move_to(MONDAY + 5 * HOUR)
    settle(world.organisation)
    assert (said("reminded"), statuses()) == (3, ["expired"] * 3 + ["sent"])


def test_nobody_is_reminded_when_the_rules_say_so(world: World, heels: WorkOrder, cobblers: list[Provider]) -> None:
    set_offer_policy(world.organisation, reminders=[], by=world.actor())
    start_round(heels, by=world.actor())
    assert not Deadline.objects.filter(kind="offer.reminder").exists()


# --- many at once -----------------------------------------


@pytest.mark.promise("speed P7")
def test_many_expire_in_one_go(world: World, cobblers: list[Provider], monday: Any) -> None:
    set_offer_policy(world.organisation, wave_size=1, max_waves=1, by=world.actor())
    orders = [world.request(world.cobbler).work_orders.get() for _n in range(5)]
    for order in orders:
        start_round(order, by=world.actor())
    first = Offer.objects.order_by("pk")[0]
    accept_offer(first, by=acting_for(first.provider))
    monday.move_to(MONDAY + 5 * HOUR)
    due = list(Deadline.objects.filter(kind="offer.expiry", fired_at=None).order_by("pk"))
    expire_what_is_due(due)
    expire_what_is_due(due)
    assert statuses() == ["accepted"] + ["expired"] * 4
    assert (said("expired"), OfferRound.objects.filter(status="exhausted").count()) == (4, 4)


# --- what moves -------------------------------------------


@pytest.mark.promise("domain R31")
def test_who_is_asked_hears_of_another_time(world: World, heels: WorkOrder, offers: list[Offer], monday: Any) -> None:
    monday.move_to(MONDAY + 2 * HOUR)
    move(heels, MONDAY + 9 * DAY)
    settle(world.organisation)
    current = OfferRound.objects.get()
    heels.refresh_from_db()
    assert current.ends_at == latest_start(heels)
    assert said("rescheduled") == 3
    due = {offer.due_at for offer in Offer.objects.order_by("pk")}
    assert {one.replace(second=0, microsecond=0) for one in due} == {MONDAY + 6 * HOUR}
    assert stands_still() == []
    monday.move_to(MONDAY + 6 * HOUR + MINUTE)
    settle(world.organisation)
    assert statuses() == ["expired"] * 3 + ["sent"]


def test_moved_to_tomorrow_the_answer_is_due_before(world: World, heels: WorkOrder, offers: list[Offer]) -> None:
    WorkOrder.objects.filter(pk=heels.pk).update(duration_minutes=0)
    soon = MONDAY + HOUR
    WorkOrder.objects.filter(pk=heels.pk).update(promised_start=soon, promised_end=soon)
    follow_promise(heels, before="", moved_at=MONDAY, by=world.actor())
    assert {offer.due_at for offer in Offer.objects.order_by("pk")} == {soon}
    assert stands_still() == []
    WorkOrder.objects.filter(pk=heels.pk).update(promised_start=MONDAY, promised_end=MONDAY)
    follow_promise(heels, before="", moved_at=MONDAY, by=world.actor())
    heels.refresh_from_db()
    assert (statuses(), heels.status) == (["expired"] * 3, "needs_dispatch")
    assert Event.objects.get(name="work_order.needs_dispatch").data["reason"] == "stopped"
    assert stands_still() == []


def test_a_yes_to_another_time_is_asked_about_by_a_person(world: World, heels: WorkOrder, offers: list[Offer]) -> None:
    accept_offer(offers[0], by=acting_for(offers[0].provider))
    move(heels, MONDAY + 9 * DAY)
    settle(world.organisation)
    told = Event.objects.get(name="offer.moved_after_yes")
    assert (told.subject_id, statuses()[0]) == (offers[0].public_id, "accepted")
    assert said("rescheduled") == 0
    # What moved before the yes, as a day that the provider proposed, is what it said yes to.
    follow_promise(heels, before="", moved_at=MONDAY - HOUR, by=world.actor())
    assert said("moved_after_yes") == 1


# --- who closes -------------------------------------------


@pytest.mark.promise("domain R32")
def test_who_closes_on_these_days_is_no_longer_asked(
    world: World, heels: WorkOrder, offers: list[Offer], cobblers: list[Provider]
) -> None:
    """Work of Tuesday to Thursday. One is away all week, one on Tuesday only."""
    day = MONDAY.date()
    for provider, days in ((cobblers[0], 7), (cobblers[1], 1)):
        close_days(provider, first_on=day + DAY, last_on=day + days * DAY, by=acting_for(provider))
    settle(world.organisation)
    assert statuses() == ["withdrawn", "sent", "sent"]
    assert Event.objects.get(name="offer.withdrawn").data["reason"] == "closed"
    before = Offer.objects.get(pk=offers[1].pk).due_at
    assert before == offers[1].due_at
    for offer in offers[1:]:
        decline_offer(offer, reason=DeclineReason.TOO_BUSY, by=acting_for(offer.provider))
    assert statuses() == ["withdrawn", "declined", "declined", "sent"]
    assert stands_still() == []


def test_no_answer_is_due_while_they_are_away(
    world: World, heels: WorkOrder, offers: list[Offer], monday: Any, cobblers: list[Provider]
) -> None:
    """Asked in the morning, away for the rest of the day: the answer is due when they are back, before the work."""
    due = offers[0].due_at
    close_days(cobblers[0], first_on=MONDAY.date(), last_on=MONDAY.date(), by=acting_for(cobblers[0]))
    settle(world.organisation)
    offer = Offer.objects.get(pk=offers[0].pk)
    assert (offer.status, offer.due_at > due) == ("sent", True)
    assert offer.due_at.astimezone(MONDAY.tzinfo).hour == 13
    assert Deadline.objects.get(kind="offer.expiry", subject_id=offer.pk, fired_at=None).due_at == offer.due_at


# --- ordered ahead ----------------------------------------


def test_what_is_ordered_ahead_is_there_when_the_hand_out_begins(world: World, heels: WorkOrder) -> None:
    assert latest_start(heels) > heels.promised_start
    heels.request._state.fields_cache["pre_order"] = PreOrder(pieces=1)
    assert latest_start(heels) == heels.promised_start
    assert Decimal(heels.quantity) == 1
