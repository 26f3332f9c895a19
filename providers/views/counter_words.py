"""Plain words about what providers propose instead of a yes or a no."""

from __future__ import annotations

import itertools
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from bookings.models import WorkOrder
from bookings.views.steps import clock
from concierge.words import date_words, euros, moment_words
from providers.actions import counter_times
from providers.enums import CounterStatus, Decider
from providers.models import CounterOffer

# Times shown to choose from.
MOST_TIMES = 60


def moment_choices(work_order: WorkOrder) -> list[Any]:
    """Free times by day, or days: what a provider may propose."""
    now, site = timezone.now(), work_order.site
    if not counter_times.is_free_to_move(work_order):
        return []
    if not counter_times.is_visit(work_order):
        return [
            (day.isoformat(), capfirst(date_words(day, "l j F")))
            for day in counter_times.ready_days_left(work_order, now)
        ]
    zone, free = ZoneInfo(site.time_zone), counter_times.starts_left(work_order, now)[:MOST_TIMES]
    return [
        (capfirst(date_words(day, "l j F")), [(one.isoformat(), clock(one, site)) for one in times])
        for day, times in itertools.groupby(free, key=lambda one: one.astimezone(zone).date())
    ]


def proposal_of(counter: CounterOffer) -> dict[str, Any]:
    """What is proposed beside what was asked, whose turn it is and until when. Names nobody."""
    order = counter.offer.work_order
    site = order.site
    by_client = counter.needs == Decider.CLIENT
    return {
        "counter": counter,
        "service": order.service,
        "price": euros(counter.price) if counter.price is not None else "",
        "price_before": euros(counter.price_before),
        "comes": moment_words(counter.starts_at, site) if counter.starts_at else "",
        "comes_before": moment_words(order.promised_start, site),
        "ready": moment_words(counter.ready_by, site) if counter.ready_by else "",
        "ready_before": moment_words(order.promised_end, site),
        "due": moment_words(counter.due_at, site),
        "who": _("The client decides") if by_client else _("You decide"),
        "is_client": by_client,
        "is_waiting": counter.status == CounterStatus.WAITING and counter.due_at > timezone.now(),
    }
