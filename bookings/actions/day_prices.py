"""Which supplements of a day or an hour a request carries, and whether another moment would bring others (R1).

A move changes no price: the team reads here that today's price would be another one, and asks for it or not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db.models import prefetch_related_objects

from bookings.actions import pricing
from bookings.enums import LineKind, SupplementRule, WorkOrderStatus
from bookings.models import ServiceRequest, Supplement, WorkOrder
from bookings.rules.supplements import Circumstances
from concierge.days import today_at
from concierge.models import Site

BY_MOMENT = frozenset({SupplementRule.SATURDAY, SupplementRule.SUNDAY, SupplementRule.HOLIDAY, SupplementRule.EVENING})
OVER = frozenset({WorkOrderStatus.CANCELLED, WorkOrderStatus.FAILED})


@dataclass(frozen=True)
class Carried:
    """Of one work order: the names of the supplements on its lines, and all that its service knows, of any day."""

    names: frozenset[str]
    known: tuple[Supplement, ...]

    def differs(self, there: Circumstances, today: dt.date) -> bool:
        """Whether one of them would fall away, or another of today's be added."""
        for name in {one.name for one in self.known if one.rule in BY_MOMENT}:
            due = [one for one in self.known if one.name == name and one.rule in BY_MOMENT and _applies(one, there)]
            if name in self.names and not due:
                return True
            if name not in self.names and any(one.counts_on(today) for one in due):
                return True
        return False


def _applies(one: Supplement, there: Circumstances) -> bool:
    return pricing.as_rule(one.service, one).applies(there, is_chosen=False)


@dataclass(frozen=True)
class DayPrice:
    """The work of a request, by what the moment adds to its price."""

    site: Site
    today: dt.date
    works: tuple[Carried, ...]

    def differs_at(self, moment: dt.datetime) -> bool:
        """Whether another set of them would apply at this moment."""
        there = pricing.circumstances(self.site, moment)
        return any(work.differs(there, self.today) for work in self.works)


def day_price_of(request: ServiceRequest, orders: Sequence[WorkOrder]) -> DayPrice:
    """Three queries at most, however many orders. What was weighed or counted keeps the price of its order, and what
    will not be done costs nothing: nothing differs then, as in ``reprice``."""
    site, today = request.site, today_at(request.site)
    lines = list(request.lines.order_by("position", "pk"))
    if any(order.status in OVER for order in orders) or any(line.measured_quantity is not None for line in lines):
        return DayPrice(site, today, ())
    prefetch_related_objects([order.service for order in orders], "supplements")
    works = []
    for order in orders:
        mine = [one for one in lines if one.work_order_id == order.pk and one.kind == LineKind.SUPPLEMENT]
        known = tuple(order.service.supplements.all())
        works.append(Carried(_names([one.description for one in mine], known), known))
    return DayPrice(site, today, tuple(works))


def _names(descriptions: Collection[str], known: Collection[Supplement]) -> frozenset[str]:
    """Which supplements these lines are: a line says ``Repassage – Dimanche``."""
    return frozenset(one.name for one in known if any(said.endswith(f" – {one.name}") for said in descriptions))


def has_another_day(request: ServiceRequest, orders: Sequence[WorkOrder]) -> bool:
    """Whether it was moved since to a day or an hour at which other supplements apply. No query unless it was moved."""
    if not request.sequence or request.promised_start is None:
        return False
    return day_price_of(request, orders).differs_at(request.promised_start)
