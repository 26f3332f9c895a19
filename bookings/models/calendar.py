"""Reads about time: when a site is open, which slots are left for which services."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays
from django.db.models.functions import Coalesce
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from bookings.enums import Place, PriceMode, WorkOrderStatus
from bookings.models.availability import Busy, Closure, Hold, OpeningHours, SlotRule
from bookings.models.catalogue import Service, ServiceAtSite
from bookings.models.presences import Presence
from bookings.models.requests import WorkOrder
from bookings.rules import slots as rules
from bookings.rules.prices import BRACKET_MINUTES, Wish
from bookings.rules.terms import next_weekly_cut_off
from concierge.editions import kept
from concierge.enums import HolidayZone
from concierge.models import Site

# How far ahead a slot may be booked.
BOOKABLE_DAYS = 60
# How far ahead the next day of a weekly stand is looked for.
WEEKS_AHEAD = 8 * 7
# A work order is at most a fortnight of somebody's whole time; more pieces than that are more than one order.
MOST_MINUTES = 14 * 24 * 60


def public_holidays(site: Site, first: dt.date, last: dt.date) -> set[dt.date]:
    """Public holidays of the site's zone, both ends included (Code du travail, art. L3133-1 and L3134-13).

    In Alsace and Moselle Good Friday is a holiday only in towns with a Protestant church: a flag of the site says so.
    """
    found: set[dt.date] = set()
    for year in range(first.year, last.year + 1):
        found |= _holidays_of(year, site.holiday_zone, site.good_friday_off)
    return {day for day in found if first <= day <= last}


def holidays_to_come(site: Site, today: dt.date) -> list[tuple[dt.date, str]]:
    """Public holidays of a year from that day on and their names, as the site stands (saved or not)."""
    last = today + dt.timedelta(days=365)
    language = "en_US" if (get_language() or "fr").startswith("en") else "fr"
    years = range(today.year, last.year + 1)
    names = holidays.country_holidays("FR", subdiv=site.holiday_zone or None, years=years, language=language)
    return [(day, names.get(day) or _("Good Friday")) for day in sorted(public_holidays(site, today, last))]


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
    return public_holidays(site, first, last) | closures_between(site, first, last)


def closures_between(site: Site, first: dt.date, last: dt.date) -> set[dt.date]:
    """Days that the team closed, both ends included."""
    found: set[dt.date] = set()
    for closure in _closures_of(site.pk, first.year):
        day = max(closure.starts_on, first)
        while day <= min(closure.ends_on, last):
            found.add(day)
            day += dt.timedelta(days=1)
    return found


@kept
def _closures_of(site_id: int, year: int) -> tuple[Closure, ...]:
    """Closures that end in this year or later, soonest first."""
    return tuple(Closure.objects.filter(site=site_id, ends_on__year__gte=year).order_by("starts_on", "pk"))


def opening_of(site: Site) -> Sequence[rules.Opening]:
    """The week of a site, as rules understand it."""
    return _week_of(site.pk)


@kept
def _week_of(site_id: int) -> tuple[rules.Opening, ...]:
    hours = OpeningHours.objects.filter(site=site_id).order_by("weekday", "opens", "pk")
    return tuple(rules.Opening(one.weekday, one.opens, one.closes) for one in hours)


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
    wanted = {service.pk for service in services}
    rows = [row for row in _offers_of(site.pk) if row.service_id in wanted]
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


@kept
def _offers_of(site_id: int) -> tuple[ServiceAtSite, ...]:
    return tuple(ServiceAtSite.objects.filter(site=site_id, is_offered=True).order_by("pk"))


@kept
def _rule_of(site_id: int, place: str) -> SlotRule | None:
    return SlotRule.objects.filter(site=site_id, place=place).order_by("pk").first()


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


def opening_at(site: Site, presence: Presence | None) -> Sequence[rules.Opening]:
    """The week of a desk, or of one of its stands."""
    return opening_of(site) if presence is None else [presence.opening]


def days_off(site: Site, presence: Presence | None, first: dt.date, last: dt.date) -> set[dt.date]:
    """Days on which nobody is received there: the desk's, and for a stand all that are none of its own. One of a single
    day is there on a public holiday too: the team chose it."""
    if presence is None:
        return closed_days(site, first, last)
    closed = closures_between(site, first, last) if presence.held_on else closed_days(site, first, last)
    days = (first + dt.timedelta(days=n) for n in range((last - first).days + 1))
    return closed | {day for day in days if not presence.is_there_on(day)}


def visit_at(
    site: Site, place: Place | str, minutes: int | None = None, *, presence: Presence | None = None
) -> rules.Visit | None:
    """How a site offers times at a place; ``None`` when it does not. ``minutes``: how long the work takes, when that
    is longer than the usual appointment. What would fill more than the longest opening begins then and is continued."""
    if presence is not None:
        return rules.Visit(presence.slot_minutes, presence.slot_minutes, presence.capacity)
    rule = _rule_of(site.pk, str(place))
    if rule is None:
        return None
    needed = max(rule.slot_minutes, minutes or 0)
    if needed > rule.slot_minutes:
        longest = max((_minutes(o.closes) - _minutes(o.opens) for o in opening_of(site)), default=0)
        needed = max(rule.slot_minutes, min(needed, longest))
    return rules.Visit(needed, rule.step, rule.capacity, rule.travel_minutes)


def _is_received(place: Place | str, presence: Presence | None) -> bool:
    """Whether anybody is: at a stand things are left as at the desk, and nobody visits a home from there."""
    return presence is None or (place == Place.DESK and not presence.is_paused)


def _minutes(time: dt.time) -> int:
    return 60 * time.hour + time.minute


def minutes_of(services: Collection[Service], wishes: Collection[Wish]) -> int:
    """How long somebody is at the client's place: the working time of everything that is done there, in turn."""
    at_home = {str(service.public_id): service for service in services if service.place == Place.HOME}
    asked = [(at_home[wish.service], sum(wish.quantities.values())) for wish in wishes if wish.service in at_home]
    return sum(working_minutes(service, quantity) for service, quantity in asked)


def working_minutes(service: Service, quantity: int | Decimal) -> int:
    """How long the work takes: a fixed price is for one piece, half hours say it, else the usual time of an order."""
    if service.price_mode == PriceMode.PER_HALF_HOUR:
        return min(int(quantity) * BRACKET_MINUTES, MOST_MINUTES)
    pieces = int(quantity) if service.price_mode == PriceMode.FIXED else 1
    return min(service.duration_minutes * pieces, MOST_MINUTES)


def lanes_between(
    site: Site, place: Place | str, start: dt.datetime, end: dt.datetime, *, presence: Presence | None = None
) -> list[rules.Lane]:
    """What is taken on each lane: one range scan, united by PostgreSQL."""
    busy = (
        Hold.objects.taking(site, place, start, end, presence_id=presence.pk if presence else None)
        .order_by("lane")
        .values("lane")
        .annotate(busy=Busy("starts_at", Coalesce("free_at", "ends_at")))
        .values_list("busy", flat=True)
    )
    return [[(one.lower, one.upper) for one in taken] for taken in busy]


@dataclass(frozen=True)
class Week:
    """The week of a desk and its days off in the coming months: what promises are counted by."""

    opening: Sequence[rules.Opening]
    closed: set[dt.date]
    zone: ZoneInfo


def week_from(site: Site, starts_at: dt.datetime) -> Week:
    """As it is from that moment on."""
    zone = ZoneInfo(site.time_zone)
    first = starts_at.astimezone(zone).date()
    return Week(opening_of(site), closed_days(site, first, first + dt.timedelta(days=rules.FURTHEST_DAYS)), zone)


@dataclass(frozen=True)
class Span:
    """Days of a site: from the first to the last, in its own time."""

    first: dt.date
    last: dt.date
    zone: ZoneInfo

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1

    @property
    def start(self) -> dt.datetime:
        """Midnight at which it begins."""
        return dt.datetime.combine(self.first, dt.time(0), tzinfo=self.zone)

    @property
    def end(self) -> dt.datetime:
        """Midnight at which it ends."""
        return dt.datetime.combine(self.last + dt.timedelta(days=1), dt.time(0), tzinfo=self.zone)


def bookable_span(site: Site, now: dt.datetime, first_day: dt.date | None, days: int) -> Span | None:
    """The part of these days on which something may be booked now, if any."""
    zone = ZoneInfo(site.time_zone)
    today = now.astimezone(zone).date()
    first, furthest = max(first_day or today, today), today + dt.timedelta(days=BOOKABLE_DAYS)
    return None if first > furthest else Span(first, min(first + dt.timedelta(days=days - 1), furthest), zone)


def slots_left(
    site: Site,
    place: Place | str,
    *,
    now: dt.datetime,
    first_day: dt.date | None = None,
    days: int = 14,
    services: Collection[Service] = (),
    minutes: int | None = None,
    presence: Presence | None = None,
    also: Collection[dt.datetime] = (),
    lanes: Sequence[rules.Lane] | None = None,
) -> list[rules.FreeSlot]:
    """Times that may be booked for these services, in order. ``minutes``: how long the work takes at the client's;
    ``presence``: at this stand instead of the desk; ``also``: starts beside those usually offered; ``lanes``: what is
    taken on these days, when it was read before."""
    visit = visit_at(site, place, minutes, presence=presence)
    span = bookable_span(site, now, first_day, days)
    if visit is None or span is None or not _is_received(place, presence):
        return []
    terms = terms_of(site, services)
    closed = days_off(site, presence, span.first, span.last) | full_days(site, terms.limited, span.first, span.last)
    if lanes is None:
        lanes = lanes_between(site, place, span.start, span.end, presence=presence)
    return rules.free_slots(
        opening=opening_at(site, presence),
        closed=closed,
        visit=visit,
        lanes=lanes,
        earliest=terms.earliest(now, span.zone),
        zone=span.zone,
        first_day=span.first,
        days=span.days,
        also=also,
    )


def offered_visit(
    site: Site,
    place: Place | str,
    starts_at: dt.datetime,
    *,
    now: dt.datetime,
    services: Collection[Service] = (),
    minutes: int | None = None,
    presence: Presence | None = None,
) -> rules.Visit | None:
    """How long somebody is received who comes at this moment, which any that fits may be; ``None`` when none may:
    closed, too soon, too far, too long for the opening. Does not ask whether it is taken."""
    visit = visit_at(site, place, minutes, presence=presence)
    span = bookable_span(site, now, starts_at.astimezone(ZoneInfo(site.time_zone)).date(), 1)
    if visit is None or span is None or not span.start <= starts_at < span.end or not _is_received(place, presence):
        return None
    if starts_at < terms_of(site, services).earliest(now, span.zone):
        return None
    closed = days_off(site, presence, span.first, span.last)
    windows = rules.windows_of(opening_at(site, presence), closed, zone=span.zone, first_day=span.first, days=1)
    return visit if rules.fits(starts_at, visit, (window for _d, _o, window in windows), span.zone) else None


def next_free(
    site: Site,
    place: Place | str,
    *,
    now: dt.datetime,
    services: Collection[Service] = (),
    minutes: int | None = None,
    presence: Presence | None = None,
    count: int = 3,
) -> list[rules.FreeSlot]:
    """The first free slots from now on: what somebody is shown who came too late."""
    near = slots_left(site, place, now=now, days=7, services=services, minutes=minutes, presence=presence)
    if len(near) < count:
        near = slots_left(
            site, place, now=now, days=BOOKABLE_DAYS, services=services, minutes=minutes, presence=presence
        )
    return near[:count]


def first_times(
    site: Site, place: Place | str, services: Collection[Service], *, now: dt.datetime, count: int, most_terms: int
) -> list[dt.datetime]:
    """When the first of these services is free to book: services on the same terms are asked for once, at most so many
    different terms, and what is taken is read once for all."""
    by_terms = list({terms_of(site, [one]): one for one in services}.values())[:most_terms]
    free: set[dt.datetime] = set()
    for days in (7, BOOKABLE_DAYS):
        span = bookable_span(site, now, None, days)
        if span is None or len(free) >= count or not by_terms:
            break
        lanes = lanes_between(site, place, span.start, span.end)
        for one in by_terms:
            left = slots_left(site, place, now=now, days=days, services=[one], lanes=lanes)
            free.update(slot.starts_at for slot in left[:count])
    return sorted(free)[:count]


def ready_at(site: Site, presence: Presence | None, starts_at: dt.datetime, hours: int, *, week: Week) -> dt.datetime:
    """When something left at the desk or at a stand is promised: at a stand that comes every week, at the end of its
    first day on which the desk has it ready."""
    ready = rules.ready_by(starts_at, hours, opening=week.opening, closed=week.closed, zone=week.zone)
    if presence is None or presence.held_on is not None:
        return ready
    first = ready.astimezone(week.zone).date()
    windows = rules.windows_of([presence.opening], week.closed, zone=week.zone, first_day=first, days=WEEKS_AHEAD)
    back = (window.ends_at for day, _o, window in windows if presence.is_there_on(day) and window.ends_at >= ready)
    return next(back, ready)
