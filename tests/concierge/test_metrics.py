"""What Prometheus is told: by whom, over every organisation and every process, at what price (R16, R18, S03)."""

from __future__ import annotations

import datetime as dt
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.test import Client as Browser
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from concierge import deadlines, events, metrics, tenancy
from concierge.models import Deadline, Event, Heartbeat
from notifications.enums import Kind, MessageStatus, RecipientKind
from notifications.models import Message
from providers.enums import OfferStatus
from providers.models import Offer
from tests.conftest import as_owner
from tests.world import World

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "a-token-for-prometheus"
ASK_A_FEW = """
import os, sys, django
django.setup()
from django.test import Client
browser = Client()
for _time in range(int(sys.argv[1])):
    browser.get("/healthz")
print(os.getpid())
"""


def told(client: Browser) -> dict[str, float]:
    """Every sample of our own: ``{'concierge_waiting{queue="events"}': 3.0}``."""
    with override_settings(METRICS_TOKEN=TOKEN):
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    found = re.findall(r"^(concierge_\S+) (\S+)$", answer.content.decode(), re.MULTILINE)
    return {name: float(value) for name, value in found}


def queue(found: dict[str, float], name: str) -> tuple[float, float]:
    """Rows, and the age of the oldest in whole seconds."""
    label = f'{{queue="{name}"}}'
    return found[f"concierge_waiting{label}"], found[f"concierge_waiting_oldest_seconds{label}"] // 1


def ago(seconds: float) -> dt.datetime:
    return timezone.now() - dt.timedelta(seconds=seconds)


def happen(world: World, dispatch: str, *, seconds_ago: float) -> None:
    with tenancy.working_for(world.organisation), transaction.atomic():
        event = events.record("test.happened", world.site, by=world.actor())
    with as_owner():
        Event.objects.filter(pk=event.pk).update(dispatch=dispatch, recorded_at=ago(seconds_ago))


def wait_for(world: World, number: int, *, seconds_ago: float, attempts: int = 0, **given: Any) -> None:
    with tenancy.working_for(world.organisation):
        Deadline.objects.create(
            organisation=world.organisation,
            kind="test.kind",
            subject_id=number,
            due_at=ago(seconds_ago),
            attempts=attempts,
            **given,
        )


def write(world: World, number: int, status: MessageStatus, *, seconds_ago: float) -> None:
    with tenancy.working_for(world.organisation):
        Message.objects.create(
            organisation=world.organisation,
            kind=Kind.REQUEST_CONFIRMED,
            subject_type="bookings.servicerequest",
            subject_id=world.site.public_id,
            recipient_kind=RecipientKind.CLIENT,
            address="camille@example.fr",
            language="fr",
            message_id=f"<{number}@{world.host}>",
            status=status,
            sent_at=timezone.now() if status == MessageStatus.SENT else None,
            created_at=ago(seconds_ago),
        )


@pytest.mark.promise("R16", "R18")
@time_machine.travel(dt.datetime(2026, 11, 24, 9, 0, tzinfo=dt.UTC), tick=False)
def test_what_waits_is_summed_over_every_organisation(world: World, other_world: World, client: Browser) -> None:
    for one, older in ((world, 0), (other_world, 1000)):
        happen(one, "pending", seconds_ago=60 + older)
        happen(one, "done", seconds_ago=90_000)
        happen(one, "dead", seconds_ago=500 + older)
        wait_for(one, 1, seconds_ago=30 + older)
        wait_for(one, 2, seconds_ago=70 + older, attempts=deadlines.MAX_ATTEMPTS)
        wait_for(one, 3, seconds_ago=9000, fired_at=timezone.now())
        wait_for(one, 4, seconds_ago=-9000)
        write(one, 1, MessageStatus.QUEUED, seconds_ago=40 + older)
        write(one, 2, MessageStatus.SENT, seconds_ago=9000)
        write(one, 3, MessageStatus.DEAD, seconds_ago=80 + older)
    Heartbeat.objects.create(name="sweep", at=ago(7))
    found = told(client)
    assert {name: queue(found, name) for name in metrics._queues} == {
        "events": (2, 1060),
        "events_parked": (2, 1500),
        "deadlines": (2, 1030),
        "deadlines_parked": (2, 1070),
        "messages": (2, 1040),
        "messages_parked": (2, 1080),
        "offers_about_to_expire": (0, 0),
    }
    assert found['concierge_last_run_seconds{sweep="sweep"}'] // 1 == 7
    assert found["concierge_database_up"] == 1


def test_offers_nobody_answers_are_seen_half_an_hour_before(world: World) -> None:
    """What is an offer belongs to the providers' own tests; here, that the right ones are counted."""
    _since, rows = metrics._queues["offers_about_to_expire"]
    now = timezone.now()
    conditions = str(rows(now).query)
    assert rows(now).model is Offer
    assert f'"status" = {OfferStatus.SENT}' in conditions
    assert f'"due_at" <= {now + dt.timedelta(minutes=30)}' in conditions


def test_nothing_waits_on_a_quiet_day(world: World, client: Browser) -> None:
    found = told(client)
    assert {queue(found, name) for name in metrics._queues} == {(0, 0)}


def test_asking_costs_one_statement_per_organisation(world: World, other_world: World) -> None:
    """And however long a queue is, only so many rows of it are read."""
    with (
        CaptureQueriesContext(
            connection,
        ) as captured,
        tenancy.working_for(None),
    ):
        metrics.waiting(timezone.now())
    counting = [query["sql"] for query in captured.captured_queries if "count(*)" in query["sql"]]
    assert len(counting) == 2
    assert all(sql.count(f"LIMIT {metrics.MOST}") == len(metrics._queues) for sql in counting)


def test_a_long_queue_is_counted_up_to_a_bound(world: World, client: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "MOST", 2)
    for _number in range(3):
        happen(world, "pending", seconds_ago=60)
    assert queue(told(client), "events") == (2, 60)


@pytest.mark.promise("R10", "R16")
def test_without_database_that_is_what_it_tells(client: Browser, monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    def away(now: dt.datetime) -> metrics.Counted:
        raise OperationalError("connection refused")

    monkeypatch.setattr(metrics, "waiting", away)
    found = told(client)
    assert found["concierge_database_up"] == 0
    assert not any("waiting" in name for name in found)


@pytest.mark.promise("S03")
def test_metrics_exist_only_with_the_token(world: World, client: Browser) -> None:
    """The proxy hides them besides (tests/stack/test_compose.py)."""
    assert client.get("/metrics").status_code == 404
    with override_settings(METRICS_TOKEN=TOKEN):
        for given in ("", "Bearer ", "Bearer other", f"{TOKEN}x"):
            assert client.get("/metrics", headers={"Authorization": given}).status_code == 404
    assert told(client)


@pytest.mark.django_db
def test_prometheus_may_come_by_address(client: Browser) -> None:
    """It finds each web server by its address (docs/operations.md); everybody else must know our name."""
    with override_settings(METRICS_TOKEN=TOKEN, ALLOWED_HOSTS=["conciergerie.example"]):
        for path in ("/metrics", "/healthz", "/readyz"):
            answer = client.get(path, headers={"Host": "10.0.0.7:8000", "Authorization": f"Bearer {TOKEN}"})
            assert answer.status_code == 200, path
        assert client.get("/reserver/", headers={"Host": "10.0.0.7:8000"}).status_code == 400


@pytest.mark.promise("S31")
def test_a_caller_cannot_make_up_labels(world: World, client: Browser) -> None:
    """Each new label would stay in memory for ever."""

    def labels() -> set[str]:
        return {name for name in told(client) if name.startswith("concierge_answer_seconds_count")}

    client.generic("MADEUP", "/reserver/")
    client.get("/nowhere/")  # the one label of unknown addresses
    labels()  # being asked is an answer of its own, counted from the second time on
    before = labels()
    for number in range(5):
        client.generic(f"MADEUP{number}", f"/reserver/?x={number}")
        client.get(f"/nowhere/{number}/")
    assert labels() == before
    assert any('method="other"' in name for name in before)


@pytest.fixture
def two_others(tmp_path: Path) -> set[str]:
    """Two processes have answered; their ids. Before any transaction: an idle one ends after 30 s."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "concierge.settings.test",
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
    }
    return {
        subprocess.run(
            [sys.executable, "-c", ASK_A_FEW, str(times)],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for times in (3, 4)
    }


def test_every_process_of_a_server_counts(
    two_others: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: World, client: Browser
) -> None:
    """Two processes answer, a third is asked: it tells of all (PROMETHEUS_MULTIPROC_DIR)."""
    assert {path.stem.split("_")[-1] for path in tmp_path.iterdir()} == two_others
    name = 'concierge_answer_seconds_count{method="GET",status="200",view="healthz"}'
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    together = told(client)
    assert together[name] == 7
    assert together["concierge_database_up"] == 1
    assert settings.MIDDLEWARE[0] == "concierge.metrics.MeasuringMiddleware"
