"""A month of offers on a simulated clock: what people and time do to them, in an order that a seed decides.

Played small by the tests and large by ``benchmarks/test_offer_month.py``.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from contextlib import suppress
from decimal import Decimal
from random import Random
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from bookings.actions.work_orders import (
    cancel_work_order,
    complete_work_order,
    start_work_order,
    verify_work_order,
)
from bookings.enums import PerformerKind, WorkOrderStatus
from bookings.models import ServiceRequest, WorkOrder
from concierge import events
from concierge.errors import DomainError
from concierge.models import Deadline
from providers.actions.availability import close_days
from providers.actions.businesses import set_active
from providers.actions.offers import accept_offer, decline_offer
from providers.actions.policies import set_offer_policy
from providers.actions.promises import break_promise
from providers.actions.releases import release_offer
from providers.actions.rounds import start_round
from providers.enums import WAITING, BreakReason, DeclineReason, OfferStatus, ReleaseReason, RoundMode, RoundStatus
from providers.models import Offer, OfferRound, Provider
from tests.auditor import audit
from tests.conftest import settle
from tests.providers.conftest import MONDAY, acting_for, add_provider
from tests.world import World

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
HOURS = (8, 11, 14, 17)
DAYS = 28
# Days after which nothing that was asked for in that time is still to be done.
LAST_WORK = 42
# Rules of each quarter of the time: the organisation tries out how it asks.
WEEKS: tuple[dict[str, Any], ...] = (
    {},
    {"mode": RoundMode.SEQUENCE, "max_waves": 4, "answer_hours": Decimal(3)},
    {"wave_size": 2, "gap_hours": Decimal(2), "max_waves": 4, "stop_before_hours": 12},
    {"mode": RoundMode.BROADCAST, "reminders": [80]},
)
# What an open order is when nobody does anything about it any more.
LIVE = (WorkOrderStatus.OFFERING, WorkOrderStatus.READY, WorkOrderStatus.NEEDS_DISPATCH)


class Month:
    """Play it: some work orders a day, until about so many offers were sent."""

    def __init__(self, world: World, clock: Any, *, offers: int, days: int = DAYS, seed: int = 1) -> None:
        self.world, self.clock, self.wanted, self.random = world, clock, offers, Random(seed)
        self.days = days
        self.by = world.actor()
        self.providers = [self._provider(n) for n in range(8)]
        self.midnights: list[dict[str, list[Any]]] = []

    def play(self) -> Counter[str]:
        """So many days, then the work that was promised for later, then as long as anything may wait; returns how the
        offers ended."""
        spell = -(-self.days // len(WEEKS))
        for day in range(self.days):
            if day % spell == 0:
                set_offer_policy(self.world.organisation, **WEEKS[day // spell], by=self.by)
            for hour in HOURS:
                self._go_to(MONDAY.replace(hour=0) + day * DAY + hour * HOUR)
                if (MONDAY + day * DAY).weekday() < 5:
                    self._work_hours(day, hour)
            self._midnight(day + 1)
        day = self.days
        while Offer.objects.filter(status=OfferStatus.ACCEPTED).exists() and day < self.days + LAST_WORK:
            self._go_to(MONDAY.replace(hour=0) + day * DAY + HOURS[1] * HOUR)
            self._doers()
            day += 1
            self._midnight(day)
        for later in (7, 70):
            self._midnight(day + later)
        return Counter(Offer.objects.order_by("pk").values_list("status", flat=True))

    def stuck(self) -> dict[str, int]:
        """What still waits when nothing may wait any more."""
        open_kinds = Deadline.objects.filter(kind__startswith="offer", fired_at=None, cancelled_at=None)
        return {
            "offers": Offer.objects.filter(status__in=WAITING).count(),
            "promises": Offer.objects.filter(status=OfferStatus.ACCEPTED).count(),
            "searches": OfferRound.objects.filter(status=RoundStatus.OPEN).count(),
            "orders": WorkOrder.objects.filter(status__in=LIVE[:2]).count(),
            "deadlines": open_kinds.exclude(kind="offer_round.stop").count(),
        }

    # --- time -----------------------------------------------------------------------------------------------------

    def _go_to(self, moment: dt.datetime) -> None:
        self.clock.move_to(moment)
        settle(self.world.organisation, rounds=200)

    def _midnight(self, day: int) -> None:
        self._go_to(MONDAY.replace(hour=0) + day * DAY)
        self.midnights.append(audit(_rows))

    # --- people ---------------------------------------------------------------------------------------------------

    def _work_hours(self, day: int, hour: int) -> None:
        if hour == HOURS[0]:
            self._strange_days(day)
            self._dispatcher()
        if Offer.objects.count() < self.wanted:
            self._ask(max(1, round(self.wanted / (self.days * 5 / 7 * len(HOURS) * 3.3))))
        self._answers()
        self._doers()
        self._clients()

    def _ask(self, many: int) -> None:
        for _n in range(many):
            begins = MONDAY.replace(hour=9) + (self._today() + self.random.choice([1, 1, 2, 4, 8])) * DAY
            request = self.world.request(self.world.cobbler, promised_start=begins)
            # Nobody is written to: what is asked here is about offers.
            ServiceRequest.objects.filter(pk=request.pk).update(contact_email="")
            with suppress(DomainError):
                start_round(request.work_orders.get(), by=self.by)

    def _answers(self) -> None:
        for offer in Offer.objects.open().select_related("provider", "work_order").order_by("pk"):
            luck = self.random.random()
            with suppress(DomainError):
                if luck < 0.15:
                    accept_offer(offer, by=acting_for(offer.provider))
                elif luck < 0.4:
                    decline_offer(offer, reason=DeclineReason.TOO_BUSY, by=acting_for(offer.provider))

    def _doers(self) -> None:
        """Who said yes gives it back, does not come, or does the work when it is time."""
        held = Offer.objects.filter(status=OfferStatus.ACCEPTED).select_related("provider", "work_order", "agreement")
        now = timezone.now()
        for offer in held.order_by("pk"):
            order, luck = offer.work_order, self.random.random()
            with suppress(DomainError):
                if order.promised_start > now:
                    if luck < 0.06:
                        release_offer(offer, reason=ReleaseReason.ILL, by=acting_for(offer.provider))
                elif luck < 0.25:
                    break_promise(offer, reason=BreakReason.NO_SHOW, by=self.by)
                else:
                    for step in (start_work_order, complete_work_order, verify_work_order):
                        step(order, by=self.by)

    def _clients(self) -> None:
        """Some cancel, some come at another time."""
        waiting = WorkOrder.objects.filter(status__in=[WorkOrderStatus.OFFERING, WorkOrderStatus.BOOKED])
        for order in waiting.exclude(performer_kind=PerformerKind.OWN_TEAM).order_by("pk"):
            luck = self.random.random()
            with suppress(DomainError):
                if luck < 0.01:
                    cancel_work_order(order, reason="by_client", by=self.by)
                elif luck < 0.03:
                    self._move(order, order.promised_start + self.random.choice([-1, 1, 3]) * DAY)

    def _move(self, order: WorkOrder, to: dt.datetime) -> None:
        before = order.promised_start
        if to <= timezone.now():
            return
        WorkOrder.objects.filter(pk=order.pk).update(promised_start=to, promised_end=to + 2 * DAY)
        with transaction.atomic():
            events.record("work_order.rescheduled", order, by=self.by, before=before.isoformat())

    def _dispatcher(self) -> None:
        """What needs a person: asked once more while there is time, else called off."""
        for order in WorkOrder.objects.filter(status=WorkOrderStatus.NEEDS_DISPATCH).order_by("pk"):
            with suppress(DomainError):
                if order.promised_end > timezone.now() + DAY and order.offer_rounds.count() < 3:
                    start_round(order, by=self.by)
                else:
                    cancel_work_order(order, reason="nobody", by=self.by)

    def _strange_days(self, day: int) -> None:
        """Two days off, and a partnership that pauses for some days."""
        provider = self.providers[day % len(self.providers)]
        today = (MONDAY + day * DAY).date()
        with suppress(DomainError):
            close_days(provider, first_on=today + DAY, last_on=today + 2 * DAY, by=acting_for(provider))
        if day in {9, 14}:
            set_active(self.providers[0], is_active=day == 14, by=self.by)

    # --- small things ---------------------------------------------------------------------------------------------

    def _provider(self, number: int) -> Provider:
        where = Decimal("47.3271") + Decimal(number) / 200
        return add_provider(self.world, latitude=where, daily_capacity=200)

    def _today(self) -> int:
        return (timezone.now() - MONDAY.replace(hour=0)).days


def _rows(sql: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


# How an offer may end in such a month.
ENDS = {"declined", "expired", "withdrawn", "not_selected", "honoured", "broken", "released"}
