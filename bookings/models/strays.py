"""What is booked on times that its site no longer keeps: closed since, hours cut, a stand paused or gone.

Nothing is stored: as long as there is any, it is read from the rows, so that it stays visible until the last is moved.
Said in SQL, for one site or for many, so that all of them count; a test compares it with the calendar.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Count, DateField, DateTimeField, Exists, F, Func, OuterRef, Q, QuerySet, TimeField
from django.db.models.functions import Cast, ExtractIsoWeekDay

from bookings.enums import HoldStatus, OccurrenceStatus, Place, RequestStatus, RunStatus
from bookings.models import calendar
from bookings.models.ahead import PreOrderRun
from bookings.models.availability import Closure, OpeningHours
from bookings.models.recurrence import Occurrence
from bookings.models.requests import ENDED, ServiceRequest, ServiceRequestQuerySet
from bookings.rules.recurrence import FURTHEST
from concierge.models import Site

OPEN = [status for status in RequestStatus if status not in ENDED]
# Rows of each kind that a page shows.
MOST = 100


class OnTheClock(Func):
    """A moment as the clocks of a time zone show it."""

    function = "timezone"
    arity = 2
    output_field = DateTimeField()


@dataclass(frozen=True)
class Strays:
    """Of one site, from a moment on: appointments, visits agreed by a quote, hand-outs with orders, days of regular
    requests not booked yet."""

    site: Site
    now: dt.datetime

    @cached_property
    def number(self) -> int:
        """How many there are of them all."""
        return numbers([self.site], self.now)[self.site.pk]

    @cached_property
    def appointments(self) -> list[ServiceRequest]:
        """The first of them, with what a list shows."""
        found = astray_appointments([self.site], self.now).select_related("hold__presence", "site")
        return list(found.prefetch_related("work_orders__service").order_by("hold__starts_at", "pk")[:MOST])

    @cached_property
    def agreed(self) -> list[ServiceRequest]:
        """The first of the visits that a quote agreed."""
        found = astray_agreed([self.site], self.now).select_related("site").prefetch_related("work_orders__service")
        return list(found.order_by("promised_start", "pk")[:MOST])

    @cached_property
    def runs(self) -> list[PreOrderRun]:
        """The first of the hand-outs. Their hours are those of their plan."""
        found = astray_runs([self.site], self.now).select_related("site", "plan__service")
        return list(found.order_by("handout_starts_at", "pk")[:MOST])

    @cached_property
    def days(self) -> list[Occurrence]:
        """The first of the days."""
        found = astray_days([self.site], self.now).select_related("recurrence__client")
        return list(found.order_by("starts_at", "pk")[:MOST])

    @property
    def is_cut(self) -> bool:
        """Whether there are more than these."""
        return self.number > len(self.appointments) + len(self.agreed) + len(self.runs) + len(self.days)


def numbers(sites: Sequence[Site], now: dt.datetime) -> Counter[int]:
    """How many there are of all kinds, by the key of their site: four statements, however many sites."""
    found: Counter[int] = Counter()
    kinds: list[tuple[QuerySet[Any], str]] = [
        (astray_appointments(sites, now), "site_id"),
        (astray_agreed(sites, now), "site_id"),
        (astray_runs(sites, now), "site_id"),
        (astray_days(sites, now), "recurrence__site_id"),
    ]
    for rows, site in kinds:
        found.update(dict(rows.order_by().values_list(site).annotate(number=Count("pk"))))
    return found


def astray_appointments(sites: Sequence[Site], now: dt.datetime) -> ServiceRequestQuerySet:
    """Requests whose appointment is on a day off, outside the hours or at a stand that is not there."""
    kept = ServiceRequest.objects.open().filter(
        site__in=sites, hold__status=HoldStatus.CONFIRMED, hold__starts_at__gte=now
    )
    begins, ends = (OnTheClock(F("site__time_zone"), F(f"hold__{moment}")) for moment in ("starts_at", "ends_at"))
    local = kept.alias(day=Cast(begins, DateField()), last=Cast(ends, DateField()))
    local = local.alias(begins=Cast(begins, TimeField()), ends=Cast(ends, TimeField()))
    local = local.alias(weekday=ExtractIsoWeekDay("day") - 1)
    hours = OpeningHours.objects.filter(
        site=OuterRef("site"), weekday=OuterRef("weekday"), opens__lte=OuterRef("begins"), closes__gte=OuterRef("ends")
    )
    at_desk = Q(hold__presence=None) & ~Exists(hours)
    # A stand of one day is there on a public holiday: ``calendar.days_off``.
    holiday = Q(hold__presence__held_on=None) & _is_holiday("site", sites, now)
    return local.filter(_is_shut("site") | holiday | ~Q(last=F("day")) | at_desk | _without_stand())


def _without_stand() -> Q:
    """At a stand that is not there then: ``Presence.is_there_on``, and its hours."""
    day, weekday = F("day"), F("weekday")
    once = Q(hold__presence__held_on__lt=day) | Q(hold__presence__held_on__gt=day)
    weekly = Q(hold__presence__weekday__lt=weekday) | Q(hold__presence__weekday__gt=weekday)
    over = Q(hold__presence__valid_from__gt=day) | Q(hold__presence__valid_to__lt=day)
    outside = Q(hold__presence__opens__gt=F("begins")) | Q(hold__presence__closes__lt=F("ends"))
    gone = Q(hold__presence__is_paused=True) | outside | once
    return Q(hold__presence__isnull=False) & (gone | (Q(hold__presence__held_on=None) & (weekly | over)))


def agreed_by_quote(sites: Sequence[Site], now: dt.datetime) -> ServiceRequestQuerySet:
    """What a quote agreed: it takes no place in the calendar. An order ahead follows its hand-out."""
    return ServiceRequest.objects.filter(
        site__in=sites, status__in=OPEN, hold=None, pre_order=None, promised_start__gte=now
    )


def astray_agreed(sites: Sequence[Site], now: dt.datetime) -> ServiceRequestQuerySet:
    """Visits on a closed day that were agreed by a quote. The desk agrees their hours, so that only the day counts."""
    kept = agreed_by_quote(sites, now).filter(place=Place.HOME)
    begins = OnTheClock(F("site__time_zone"), F("promised_start"))
    return kept.alias(day=Cast(begins, DateField())).filter(_is_closed("site", sites, now))


def astray_runs(sites: Sequence[Site], now: dt.datetime) -> QuerySet[PreOrderRun]:
    """Hand-outs with orders on a closed day."""
    found = PreOrderRun.objects.filter(
        site__in=sites, status__in=[RunStatus.OPEN, RunStatus.CLOSED], handout_starts_at__gte=now, taken__gt=0
    )
    begins = OnTheClock(F("site__time_zone"), F("handout_starts_at"))
    return found.alias(day=Cast(begins, DateField())).filter(_is_closed("site", sites, now))


def astray_days(sites: Sequence[Site], now: dt.datetime) -> QuerySet[Occurrence]:
    """Planned days of regular requests on a closed day; those of orders ahead follow their hand-out."""
    found = Occurrence.objects.filter(
        recurrence__site__in=sites, recurrence__plan=None, status=OccurrenceStatus.PLANNED, starts_at__gte=now
    )
    begins = OnTheClock(F("recurrence__site__time_zone"), F("starts_at"))
    return found.alias(day=Cast(begins, DateField())).filter(_is_closed("recurrence__site", sites, now))


def _is_closed(path: str, sites: Iterable[Site], now: dt.datetime) -> Q:
    """``day`` is a closure or a public holiday of the site at this path: the same as ``calendar.closed_days``."""
    return _is_shut(path) | _is_holiday(path, sites, now)


def _is_shut(path: str) -> Q:
    day = OuterRef("day")
    return Q(Exists(Closure.objects.filter(site=OuterRef(path), starts_on__lte=day, ends_on__gte=day)))


def _is_holiday(path: str, sites: Iterable[Site], now: dt.datetime) -> Q:
    found = Q(pk__in=[])
    first, last = now.date() - dt.timedelta(days=1), now.date() + FURTHEST
    manners = {(site.holiday_zone, site.good_friday_off): site for site in sites}
    for (zone, good_friday), site in manners.items():
        mine = {f"{path}__holiday_zone": zone, f"{path}__good_friday_off": good_friday}
        found |= Q(**mine, day__in=sorted(calendar.public_holidays(site, first, last)))
    return found
