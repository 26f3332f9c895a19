"""P6: from the outbox to the handlers, in one process."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.utils import timezone

from benchmarks.measuring import ROUNDS, alternate, gate, note, quote, ratios, scaled, timed
from benchmarks.serving import runtime_url
from concierge import events, tenancy
from concierge.celery import app
from concierge.models import Event, Inbox
from notifications.models import Message
from tests.world import World, build_world

MANY, FEW = scaled("EVENTS", 5_000), 200


def _record(world: World, name: str, count: int, subject: uuid.UUID) -> None:
    """Events that wait to be handled."""
    now = timezone.now()
    Event.objects.bulk_create(
        Event(
            organisation=world.organisation,
            name=name,
            subject_type="bookings.servicerequest",
            subject_id=subject,
            request_id=subject,
            actor="system",
            act_at=now,
            next_at=now,
        )
        for _n in range(count)
    )


def _dispatch_all(world: World, name: str, count: int, subject: uuid.UUID) -> float:
    """Events handled per second."""
    _record(world, name, count, subject)
    with timed() as span:
        while events.dispatch(world.organisation.pk):
            pass
    assert not Event.objects.exclude(dispatch=Event.Dispatch.DONE).exists()
    return count / span.seconds


def _insert(world: World, count: int) -> float:
    """The limit of one process: small rows, committed one by one."""
    line = connection.connection
    with timed() as span:
        for number in range(count):
            with line.transaction(), line.cursor() as cursor:
                cursor.execute("SELECT set_config('app.organisation', %s, true)", (str(world.organisation.pk),))
                cursor.execute(
                    "INSERT INTO concierge_deadline (organisation_id, kind, subject_id, due_at, attempts, last_error,"
                    " fired_at) VALUES (%s, 'bench', %s, now(), 0, '', now())",
                    (world.organisation.pk, number),
                )
    return count / span.seconds


@pytest.fixture
def light_handler() -> Iterator[None]:
    """Somebody who hears ``bench.heard`` and has nothing to do."""

    @events.subscribe("bench.heard")
    def hear(event: Event) -> None:
        return

    yield
    events._handlers.pop("bench.heard")


def test_dispatch_rate(no_worker: None, light_handler: None) -> None:
    world = build_world(slug="p6", name="p6", host="p6.localhost")
    with tenancy.working_for(world.organisation):
        subject = world.request(world.ironing).public_id
        variants = {
            "plain inserts": lambda: _insert(world, FEW),
            "events nobody hears": lambda: _dispatch_all(world, "bench.unheard", MANY, subject),
            "events with a handler that does nothing": lambda: _dispatch_all(world, "bench.heard", FEW, subject),
            "events that become a message": lambda: _dispatch_all(world, "service_request.confirmed", FEW, subject),
        }
        found = alternate(variants)
        handled = Inbox.objects.exclude(consumer__startswith="notifications").count(), Message.objects.count()
    for name, rates in found.items():
        note("P6", f"{name}: {quote(rates, digits=0)} per s")
    assert handled == (FEW * ROUNDS, FEW * ROUNDS)
    gate("P6", "events nobody hears, per s", found["events nobody hears"], least=5_000)
    share = ratios(found["events with a handler that does nothing"], found["plain inserts"])
    gate("P6", "handled events per plain insert", share, least=0.05)


@pytest.fixture
def worker() -> Iterator[None]:
    """A Celery worker as ``docker-compose.yml`` starts it."""
    app.control.purge()  # what other benchmarks asked of no worker
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "concierge.settings.dev", "DATABASE_URL": runtime_url()}
    command = [str(Path(sys.executable).with_name("celery")), "-A", "concierge", "worker", "--concurrency", "2"]
    command += ["--loglevel", "WARNING", "--without-gossip", "--without-mingle"]
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def test_commit_to_handled_when_idle(worker: None) -> None:
    world = build_world(slug="p6-idle", name="p6-idle", host="p6-idle.localhost")
    waits: list[float] = []
    with tenancy.working_for(world.organisation):
        subject = world.request(world.ironing)
        for _turn in range(5 + 8 * ROUNDS):
            with transaction.atomic():
                event = events.record("service_request.confirmed", subject, by=world.actor())
            committed = timezone.now()
            patience = time.monotonic() + 60
            while (event.dispatched_at is None) and time.monotonic() < patience:
                time.sleep(0.05)
                event.refresh_from_db()
            assert event.dispatched_at is not None
            waits.append(1000 * (event.dispatched_at - committed).total_seconds())
    waits = waits[5:]  # the first ones wait for the worker to start
    note("P6", f"commit to handled when idle, p50 ms: {statistics.median(waits):.0f}")
    slowest = [max(waits[turn::ROUNDS]) for turn in range(ROUNDS)]
    gate("P6", "commit to handled when idle, slowest of eight, ms", slowest, most=250)
