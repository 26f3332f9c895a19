"""Reads about time: when a site is open, which slots are left for which services."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from bookings.enums import Place, WorkOrderStatus
from bookings.models.availability import Closure, Slot, SlotRule
from bookings.models.catalogue import Service, ServiceAtSite
from bookings.models.requests import WorkOrder
from bookings.rules import slots as rules
from bookings.rules.terms import next_weekly_cut_off
from concierge.enums import HolidayZone
from concierge.models import Site

# How far ahead a slot may be booked.
BOOKABLE_DAYS = 60


def public_holidays(site: Site, first: dt.date, last: dt.date) -> set[dt.date]:
    """Public holidays of the site's zone, both ends included (Code du travail, art. L3133-1 and L3134-13).

    In Alsace and Moselle Good Friday is a holiday only in towns with a Protestant church: a flag of the site says so.
    """
    found: set[dt.date] = set()
    for year in range(first.year, last.year + 1):
        found |= _holidays_of(year, site.holiday_zone, site.good_friday_off)
    return {day for day in found if first <= day <= last}


@lru_cache(maxsize=256)
def _holidays_of(year: int, zone: str, good_friday_off: bool) -> frozenset[dt.date]:
    calendar = holidays.country_holidays("FR", subdiv=zone or None, years=year, language="fr")
    found = set(calendar)
    for easter_monday in calendar.get_named("Lundi de Pâques", lookup="exact"):
        good_friday = easter_monday - dt.timedelta(days=3)
        if good_friday_off:
            found.add(good_friday)
        elif zone in {HolidayZone.METROPOLE, HolidayZone.ALSACE_MOSELLE}:
            found.discard(good_friday)
    return frozenset(found)


def closed_days(site: Site, first: dt.date, last: dt.date) -> set[dt.date]:
    """Public holidays and closures of a site, both ends included."""
    found = public_holidays(site, first, last)
    for closure in Closure.objects.filter(site=site, starts_on__lte=last, ends_on__gte=first):
        day = max(closure.starts_on, first)
        while day <= min(closure.ends_on, last):
            found.add(day)
            day += dt.timedelta(days=1)
    return found


def opening_of(site: Site) -> list[rules.Opening]:
    """The week of a site, as rules understand it."""
    return [rules.Opening(o.weekday, o.opens, o.closes) for o in site.opening_hours.all()]


@dataclass(frozen=True)
class Terms:
    """What booking some services at a site demands: the strictest lead time and cut-off of them all."""

    lead_time: dt.timedelta
    cut_off: dt.time | None
    weekly: tuple[tuple[int, dt.time], ...]
    limited: tuple[ServiceAtSite, ...]

    def earliest(self, now: dt.datetime, zone: ZoneInfo) -> dt.datetime:
        """The first moment that may be booked: what is gathered weekly begins to count when it is gathered."""
        gathered = [next_weekly_cut_off(now, weekday, time, zone) for weekday, time in self.weekly]
        return rules.earliest_start(max([now, *gathered]), self.lead_time, self.cut_off, zone)


def terms_of(site: Site, services: Collection[Service]) -> Terms:
    """The strictest terms of some services at a site; without services, none."""
    rows = list(ServiceAtSite.objects.filter(site=site, service__in=services, is_offered=True).order_by("pk"))
    return Terms(
        lead_time=dt.timedelta(hours=max((row.lead_time_hours for row in rows), default=0)),
        cut_off=min((row.cut_off for row in rows if row.cut_off), default=None),
        weekly=tuple(
            (row.weekly_cut_off_day, row.weekly_cut_off_time)
            for row in rows
            if row.weekly_cut_off_day is not None and row.weekly_cut_off_time is not None
        ),
        limited=tuple(row for row in rows if row.max_per_day is not None),
    )


def full_days(site: Site, limited: Sequence[ServiceAtSite], first: dt.date, last: dt.date) -> set[dt.date]:
    """Days on which one of the limited services already has all its orders."""
    if not limited:
        return set()
    zone = ZoneInfo(site.time_zone)
    window = (
        dt.datetime.combine(first, dt.time(0), tzinfo=zone),
        dt.datetime.combine(last + dt.timedelta(days=1), dt.time(0), tzinfo=zone),
    )
    starts = (
        WorkOrder.objects.filter(
            site=site,
            service__in=[row.service_id for row in limited],
            promised_start__gte=window[0],
            promised_start__lt=window[1],
        )
        .exclude(status=WorkOrderStatus.CANCELLED)
        .order_by("pk")
        .values_list("service_id", "promised_start")
    )
    orders = Counter((service_id, start.astimezone(zone).date()) for service_id, start in starts)
    most = {row.service_id: row.max_per_day or 0 for row in limited}
    none_at_all = {service_id for service_id, limit in most.items() if limit == 0}
    if none_at_all:
        return {first + dt.timedelta(days=n) for n in range((last - first).days + 1)}
    return {day for (service_id, day), count in orders.items() if count >= most[service_id]}


def slots_left(
    site: Site,
    place: Place | str,
    *,
    now: dt.datetime,
    first_day: dt.date | None = None,
    days: int = 14,
    services: Collection[Service] = (),
    ignore_taken: bool = False,
) -> list[rules.FreeSlot]:
    """Slots that may be booked for these services, in order. ``ignore_taken``: as if nobody had booked yet."""
    rule = SlotRule.objects.filter(site=site, place=place).first()
    if rule is None:
        return []
    zone = ZoneInfo(site.time_zone)
    today = now.astimezone(zone).date()
    first, furthest = max(first_day or today, today), today + dt.timedelta(days=BOOKABLE_DAYS)
    if first > furthest:
        return []
    last = min(first + dt.timedelta(days=days - 1), furthest)
    terms = terms_of(site, services)
    closed = closed_days(site, first, last)
    left: dict[dt.datetime, int] = {}
    if not ignore_taken:
        closed |= full_days(site, terms.limited, first, last)
        touched = Slot.objects.filter(
            site=site,
            place=place,
            starts_at__gte=dt.datetime.combine(first, dt.time(0), tzinfo=zone),
            starts_at__lt=dt.datetime.combine(last + dt.timedelta(days=1), dt.time(0), tzinfo=zone),
        )
        left = {slot.starts_at: slot.capacity - slot.taken for slot in touched}
    return rules.free_slots(
        opening=opening_of(site),
        closed=closed,
        grid=rules.Grid(rule.slot_minutes, rule.capacity),
        left=left,
        earliest=terms.earliest(now, zone),
        zone=zone,
        first_day=first,
        days=(last - first).days + 1,
    )


def next_free(
    site: Site, place: Place | str, *, now: dt.datetime, services: Collection[Service] = (), count: int = 3
) -> list[rules.FreeSlot]:
    """The first free slots from now on: what somebody is shown who came too late."""
    near = slots_left(site, place, now=now, days=7, services=services)
    if len(near) < count:
        near = slots_left(site, place, now=now, days=BOOKABLE_DAYS, services=services)
    return near[:count]
