"""Reads: whose turn it is on requests, with a handful of queries however many they are."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from django.db.models import Max

from bookings.enums import PerformerKind, RequestStatus
from bookings.models.promises import ClientQuestion, Pause
from bookings.models.quotes import Quote
from bookings.models.requests import ServiceRequest, WorkOrder
from bookings.rules import waiting as rules
from bookings.rules.waiting import Wait
from concierge.models import Event, Site

# What the team does about a silence does not end it.
NO_NEWS = (
    "service_request.reminded",
    "service_request.snoozed",
    "service_request.handed_on",
    "service_request.link_sent",
    "waitlist.joined",
    "waitlist.left",
    "waitlist.noticed",
)


@dataclass(frozen=True)
class Waiting:
    """Whose turn it is on a request, and on each of its work orders (by key)."""

    request: Wait
    works: dict[int, Wait] = field(default_factory=dict)
    question: ClientQuestion | None = None
    pause: Pause | None = None


def waiting_of(found: Iterable[ServiceRequest], *, now: dt.datetime) -> dict[int, Waiting]:
    """For each request, by its key. Four queries in all, one more when a quote waits."""
    requests = list(found)
    works = _works_of(requests)
    questions = {
        question.request_id: question
        for question in ClientQuestion.objects.filter(request__in=requests, answered_at=None, dropped_at=None)
    }
    questioned = [request for request in requests if request.status == RequestStatus.AWAITING_APPROVAL]
    quotes = dict(
        Quote.objects.filter(request__in=questioned).waiting().order_by("pk").values_list("request_id", "expires_at")
        if questioned
        else ()
    )
    pauses = {pause.request_id: pause for pause in Pause.objects.filter(request__in=requests, resumed_at=None)}
    news, zones = last_news(requests), _zones_of(requests)
    answer = {}
    for request in requests:
        question, pause = questions.get(request.pk), pauses.get(request.pk)
        case = _case(request, works[request.pk], question, pause, news.get(request.pk, request.submitted_at))
        case = replace(case, told=case.told or quotes.get(request.pk), zone=zones[request.site_id])
        answer[request.pk] = Waiting(
            request=rules.wait_of(case, now),
            works={work.key: rules.wait_of_work(work, case, now) for work in case.works},
            question=question,
            pause=pause,
        )
    return answer


def waiting_of_new(request: ServiceRequest, *, now: dt.datetime) -> Waiting:
    """Of a request made a moment ago, whose work orders are at hand: asks nothing more of the database."""
    works = [_work(order) for order in request.work_orders.all()]
    case = replace(_case(request, works, None, None, request.submitted_at), zone=ZoneInfo(request.site.time_zone))
    return Waiting(
        request=rules.wait_of(case, now), works={work.key: rules.wait_of_work(work, case, now) for work in works}
    )


def _zones_of(requests: Sequence[ServiceRequest]) -> dict[int, ZoneInfo]:
    """The zones of their sites; asked for only where a request comes without its site."""
    known = {one.site_id: one.site.time_zone for one in requests if ServiceRequest.site.is_cached(one)}
    missing = {one.site_id for one in requests} - set(known)
    if missing:
        known |= dict(Site.objects.filter(pk__in=missing).order_by("pk").values_list("pk", "time_zone"))
    return {site_id: ZoneInfo(name) for site_id, name in known.items()}


def last_news(requests: Sequence[ServiceRequest]) -> dict[int, dt.datetime]:
    """When something last happened to each of them, by key."""
    by_public_id = {request.public_id: request.pk for request in requests}
    told = (
        Event.objects.filter(request_id__in=by_public_id)
        .exclude(name__in=NO_NEWS)
        .order_by()
        .values_list("request_id")
        .annotate(at=Max("act_at"))
    )
    return {by_public_id[request_id]: at for request_id, at in told.order_by("request_id") if request_id}


def _works_of(requests: Sequence[ServiceRequest]) -> dict[int, list[rules.Work]]:
    works: dict[int, list[rules.Work]] = defaultdict(list)
    for order in WorkOrder.objects.filter(request__in=requests).order_by("pk"):
        works[order.request_id].append(_work(order))
    return works


def _work(order: WorkOrder) -> rules.Work:
    with_provider = order.performer_kind == PerformerKind.PROVIDER
    return rules.Work(
        status=order.status,
        promised_start=order.promised_start,
        promised_end=order.promised_end,
        with_provider=with_provider,
        is_ordered_ahead=order.performer_kind == PerformerKind.PRODUCER,
        leg=order.leg_now or "",
        key=order.pk,
        provider=order.performer_label if with_provider else "",
    )


def _case(
    request: ServiceRequest,
    works: Sequence[rules.Work],
    question: ClientQuestion | None,
    pause: Pause | None,
    since: dt.datetime,
) -> rules.Case:
    told = None
    if request.status == RequestStatus.ON_HOLD and pause is not None:
        told, since = pause.until, pause.held_at
    elif request.status == RequestStatus.AWAITING_CLIENT and question is not None:
        told, since = question.due_at, question.asked_at
    return rules.Case(
        status=request.status,
        since=since,
        place=request.place,
        promised_start=request.promised_start,
        promised_end=request.promised_end,
        told=told,
        held_from=pause.held_from if pause else RequestStatus.CONFIRMED,
        reason=pause.reason if pause else "ours",
        works=works,
    )
