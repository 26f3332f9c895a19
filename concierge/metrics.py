"""For Prometheus: how long answers take, and what is waiting in the whole installation (R16, R18).

Answers are measured in every process of a server and added up when it asks. Queues are counted when it asks: the
runtime role sees one organisation at a time, so each is counted by one statement and the numbers are summed. Each app
registers its queues; at most ``MOST`` rows of one are looked at, so that asking stays cheap when it matters.
"""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from prometheus_client import REGISTRY, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from concierge import deadlines, tenancy
from concierge.models import Deadline, Event, Heartbeat, Organisation

Rows = Callable[[dt.datetime], "QuerySet[Any]"]
Counted = dict[str, tuple[int, dt.datetime | None]]
_queues: dict[str, tuple[str, Rows]] = {}

MOST = 10_000
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
ANSWERS = Histogram(
    "concierge_answer_seconds",
    "Time to answer, by view, method and status.",
    ["view", "method", "status"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)


class MeasuringMiddleware:
    """Outermost: measures all that we do for an answer. Labels are names of ours only, never what a caller made up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        begun = time.perf_counter()
        response = self.get_response(request)
        view = request.resolver_match.view_name if request.resolver_match else ""
        method = request.method if request.method in METHODS else "other"
        ANSWERS.labels(view, method, str(response.status_code)).observe(time.perf_counter() - begun)
        return response


def queue(name: str, *, since: str) -> Callable[[Rows], Rows]:
    """Register the rows of the current tenant that wait now; ``since`` is the field that says since when."""

    def register(rows: Rows) -> Rows:
        _queues[name] = (since, rows)
        return rows

    return register


@queue("events", since="recorded_at")
def pending_events(now: dt.datetime) -> QuerySet[Event]:
    """News that its readers have not had."""
    return Event.objects.filter(dispatch=Event.Dispatch.PENDING)


@queue("events_parked", since="recorded_at")
def parked_events(now: dt.datetime) -> QuerySet[Event]:
    """News that some reader failed to take five times: a person has to look (docs/operations.md)."""
    return Event.objects.filter(dispatch=Event.Dispatch.DEAD)


@queue("deadlines", since="due_at")
def overdue_deadlines(now: dt.datetime) -> QuerySet[Deadline]:
    """What should have happened by now."""
    return _open_deadlines(now).filter(attempts__lt=deadlines.MAX_ATTEMPTS)


@queue("deadlines_parked", since="due_at")
def parked_deadlines(now: dt.datetime) -> QuerySet[Deadline]:
    """What failed too often to be tried again."""
    return _open_deadlines(now).filter(attempts__gte=deadlines.MAX_ATTEMPTS)


def _open_deadlines(now: dt.datetime) -> QuerySet[Deadline]:
    return Deadline.objects.filter(fired_at=None, cancelled_at=None, due_at__lte=now)


def waiting(now: dt.datetime) -> Counted:
    """Rows and the oldest moment of each queue, over every organisation that is real."""
    found: Counted = dict.fromkeys(_queues, (0, None))
    with transaction.atomic():
        for organisation_id in Organisation.objects.real().order_by("pk").values_list("pk", flat=True):
            with tenancy.working_for(organisation_id):
                for name, rows, oldest in _count(now):
                    known_rows, known_oldest = found[name]
                    moments = [moment for moment in (known_oldest, oldest) if moment is not None]
                    found[name] = (known_rows + rows, min(moments, default=None))
    return found


def _count(now: dt.datetime) -> list[tuple[str, int, dt.datetime | None]]:
    parts, values = [], []
    for name, (since, rows) in _queues.items():
        text, given = rows(now).order_by().values(since)[:MOST].query.sql_with_params()
        parts.append(f"SELECT %s, count(*), min(since) FROM ({text}) AS rows(since)")  # noqa: S608 - Django's own SQL
        values += [name, *given]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), values)
        return [(name, count, oldest) for name, count, oldest in cursor.fetchall()]


class Backlog(Collector):
    """The gauges. Without a database there is one: that it is away."""

    def collect(self) -> Iterator[Metric]:
        """Count, now."""
        rows = GaugeMetricFamily("concierge_waiting", "Rows that wait, by queue.", labels=["queue"])
        ages = GaugeMetricFamily("concierge_waiting_oldest_seconds", "Age of the oldest of them.", labels=["queue"])
        runs = GaugeMetricFamily("concierge_last_run_seconds", "Time since this sweep last ended.", labels=["sweep"])
        up = GaugeMetricFamily("concierge_database_up", "Whether the database answers.")
        now = timezone.now()
        try:
            for name, (count, oldest) in waiting(now).items():
                rows.add_metric([name], count)
                ages.add_metric([name], (now - oldest).total_seconds() if oldest else 0)
            for name, at in Heartbeat.objects.order_by("pk").values_list("name", "at"):
                runs.add_metric([name], (now - at).total_seconds())
        except DatabaseError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield from (rows, ages, runs, up)


def exposition() -> bytes:
    """Everything in Prometheus' text format: of all processes of this server when they share a folder, else of one."""
    queues = CollectorRegistry()
    queues.register(Backlog())
    processes = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        processes = CollectorRegistry()
        MultiProcessCollector(processes)  # type: ignore[no-untyped-call]  # registers itself
    return generate_latest(processes) + generate_latest(queues)
