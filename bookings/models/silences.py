"""Reads: requests whose next step is overdue, or of which nothing was heard for some days. Said in SQL, so that the
team's list and its count stay fast; a test compares every case with the rule (``rules.waiting``)."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from bookings.enums import UNASSIGNED, Ball, RequestStatus, WorkOrderStatus
from bookings.models.promises import ClientQuestion, Pause
from bookings.models.quotes import Quote
from bookings.models.recurrence import Occurrence
from bookings.models.requests import ServiceRequest, WorkOrder
from bookings.models.strays import numbers
from bookings.models.waiting import NO_NEWS, Waiting, waiting_of
from bookings.rules.waiting import FALLBACK_DAYS, REQUESTS, TO_AGREE, TO_CLOSE, latest_overdue
from concierge.models import Event, Site

R, W = RequestStatus, WorkOrderStatus
RUNNING = (R.CONFIRMED, R.IN_PROGRESS)
SETTLED = (W.VERIFIED, W.FAILED, W.CANCELLED)
# The longest list that is worked out at once; who has more silent requests than these starts with the oldest.
MOST = 1000


def silent(found: QuerySet[ServiceRequest], *, now: dt.datetime) -> QuerySet[ServiceRequest]:
    """Those whose next step is overdue, or which run without news for the days of their site; not those at rest."""
    news = (
        Event.objects.filter(organisation_id=OuterRef("organisation_id"), request_id=OuterRef("public_id"))
        .exclude(name__in=NO_NEWS)
        .order_by("-act_at")
        .values("act_at")[:1]
    )
    rests = Q(follow_up__snoozed_until__gt=now)
    told = found.annotate(news_at=Coalesce(Subquery(news), F("submitted_at")))
    manners = set(Site.objects.order_by("pk").values_list("time_zone", "silence_days"))
    zones = sorted({zone for zone, _days in manners})
    return told.filter(_overdue(now, zones) | _without_news(now, {days for _zone, days in manners})).exclude(rests)


def _overdue(now: dt.datetime, zones: Sequence[str]) -> Q:
    """The next step should have been taken: the same as ``Wait.is_late``."""

    def heard_before(days: object) -> Q:
        assert isinstance(days, int)  # noqa: S101 - the table says so; its test compares
        return _heard_before(now, days, zones)

    question = ClientQuestion.objects.filter(request_id=OuterRef("pk"), answered_at=None, dropped_at=None)
    pause = Pause.objects.filter(request_id=OuterRef("pk"), resumed_at=None)
    quote = Quote.objects.filter(request_id=OuterRef("pk")).waiting()
    works = WorkOrder.objects.filter(request_id=OuterRef("pk"))
    open_works = works.exclude(status__in=SETTLED)
    late = Q(Exists(works.filter(status__in=UNASSIGNED, promised_start__lt=now)))
    late |= Q(Exists(open_works.exclude(status__in=UNASSIGNED).filter(promised_end__lt=now)))
    fallback = heard_before(FALLBACK_DAYS)
    # Agreed by a quote that names no day: somebody still has to find one.
    undated = ~Exists(works) & Q(promised_start=None)
    over = ~Exists(open_works) & ~undated & heard_before(TO_CLOSE.term)
    overdue = Q(status__in=RUNNING) & (late | over | (undated & heard_before(TO_AGREE.term)))
    overdue |= Q(status=R.ON_HOLD) & (Exists(pause.filter(until__lt=now)) | (~Exists(pause) & fallback))
    overdue |= Q(status=R.AWAITING_CLIENT) & (Exists(question.filter(due_at__lt=now)) | (~Exists(question) & fallback))
    overdue |= Q(status=R.AWAITING_APPROVAL) & (Exists(quote.filter(expires_at__lt=now)) | (~Exists(quote) & fallback))
    overdue |= Q(status=R.FULFILLED, place="home") & heard_before(TO_CLOSE.term)
    overdue |= Q(status=R.FULFILLED) & ~Q(place="home") & heard_before(REQUESTS[R.FULFILLED].term)
    for status in (R.SUBMITTED, R.QUALIFYING, R.PARTIALLY_FULFILLED):
        overdue |= Q(status=status) & heard_before(REQUESTS[status].term)
    return overdue


def _heard_before(now: dt.datetime, days: int, zones: Sequence[str]) -> Q:
    """Working days are those of each site's own zone: one comparison for each zone that is in use."""
    limits = {zone: Q(news_at__lt=latest_overdue(now, days, ZoneInfo(zone))) for zone in zones}
    if len(limits) == 1:
        return limits[zones[0]]
    heard = Q(pk__in=[])
    for zone, limit in limits.items():
        heard |= Q(site__time_zone=zone) & limit
    return heard


def _without_news(now: dt.datetime, silences: Iterable[int]) -> Q:
    """Work that should be moving, and of which nothing was heard for as many days as its site allows."""
    quiet = Q()
    for days in sorted(silences):
        quiet |= Q(site__silence_days=days, news_at__lt=now - dt.timedelta(days=days))
    return Q(status__in=RUNNING, promised_start__lt=now) & quiet if quiet else Q(pk__in=[])


def silent_list(found: QuerySet[ServiceRequest], *, now: dt.datetime) -> list[tuple[ServiceRequest, Waiting]]:
    """The silent ones with whose turn it is, the oldest promise first; at most ``MOST``. Flat queries."""
    order = (F("promised_end").asc(nulls_first=True), "pk")
    rows = list(silent(found, now=now).select_related("site", "follow_up__owner").order_by(*order)[:MOST])
    waiting = waiting_of(rows, now=now)
    return [(row, waiting[row.pk]) for row in rows]


def by_holder(rows: Iterable[tuple[ServiceRequest, Waiting]]) -> list[tuple[Ball, int]]:
    """How many wait for whom; nobody is named who has none."""
    counts = Counter(waiting.request.holder.value for _row, waiting in rows)
    return [(ball, counts[ball.value]) for ball in Ball if counts[ball.value]]


def silent_at(site: Site, *, now: dt.datetime) -> list[tuple[str, int]]:
    """The same for one site, in words, with the days of regular requests that failed there and what is booked on times
    closed since: what its daily mail says."""
    rows = silent_list(ServiceRequest.objects.filter(site=site), now=now)
    said = [(str(ball.label), count) for ball, count in by_holder(rows)]
    failed = Occurrence.objects.troubled().filter(recurrence__site=site).count()
    astray = numbers([site], now)[site.pk]
    more = [(_("Days of regular requests to settle"), failed), (_("Booked on closed times"), astray)]
    return said + [(str(label), count) for label, count in more if count]


def is_anybody_silent_at(site: Site, *, now: dt.datetime) -> bool:
    """Whether the daily mail of a site has anything to say."""
    failed = Occurrence.objects.troubled().filter(recurrence__site=site)
    is_silent = silent(ServiceRequest.objects.filter(site=site), now=now).exists() or failed.exists()
    return is_silent or bool(numbers([site], now))
