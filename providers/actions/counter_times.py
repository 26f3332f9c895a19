"""Which other times a provider may propose for a work order, and until when somebody decides. Reads only."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from bookings.actions.rescheduling import OVER, is_movable, minutes_of
from bookings.enums import Place
from bookings.models import WorkOrder, calendar
from providers.rules import asking, hours
from providers.rules import counters as rules

DUE = "counter.due"
# Whoever decides has about one working day, and never longer than the search lasts.
DECIDE_WITHIN = dt.timedelta(hours=asking.HOURS_TO_CHOOSE)
# Days shown to choose from.
MOST_DAYS = 20


def is_visit(work_order: WorkOrder) -> bool:
    """Whether somebody waits at home for it: then it is the coming that is moved."""
    return work_order.request.place == Place.HOME


def is_free_to_move(work_order: WorkOrder) -> bool:
    """Whether nothing else depends on its day: no other work of the same request, nothing begun."""
    orders = list(WorkOrder.objects.filter(request=work_order.request_id).exclude(status__in=OVER).order_by("pk"))
    if [order.pk for order in orders] != [work_order.pk]:
        return False
    return not is_visit(work_order) or is_movable(work_order.request, orders)


def starts_left(work_order: WorkOrder, now: dt.datetime) -> list[dt.datetime]:
    """Free times at the client's home, in order, but the present one."""
    asked = work_order.request
    free = calendar.slots_left(
        work_order.site,
        asked.place,
        now=now,
        days=calendar.BOOKABLE_DAYS,
        services=[work_order.service],
        minutes=minutes_of(asked, [work_order]),
    )
    return [slot.starts_at for slot in free if slot.starts_at != work_order.promised_start]


def ready_days_left(work_order: WorkOrder, now: dt.datetime) -> list[dt.date]:
    """Later days on which the desk is open and the things may be ready instead, soonest first."""
    promised = _promised(work_order)
    today = now.astimezone(promised.tzinfo).date()
    first = max(promised.date(), today)
    closed = calendar.closed_days(work_order.site, first, promised.date() + rules.LATEST)
    weekdays = {one.weekday for one in calendar.opening_of(work_order.site)}
    return rules.ready_days(promised, today, closed, weekdays, most=MOST_DAYS)


def ready_by_on(work_order: WorkOrder, day: dt.date) -> dt.datetime:
    """The promised time of day, on that day."""
    return rules.same_time_on(day, _promised(work_order))


def decided_by(work_order: WorkOrder, now: dt.datetime) -> dt.datetime:
    """When a decision is due that is asked for now."""
    return hours.due_in_opening_hours(now, DECIDE_WITHIN, hours.OFFICE_HOURS, ZoneInfo(work_order.site.time_zone))


def _promised(work_order: WorkOrder) -> dt.datetime:
    return work_order.promised_end.astimezone(ZoneInfo(work_order.site.time_zone))
