"""The sweep does not need the broker (R14, DR2)."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from concierge import deadlines, events
from concierge.models import Deadline, Event, Heartbeat
from tests.world import World


@pytest.mark.promise("R14")
def test_events_and_deadlines_are_treated_while_the_broker_is_down(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: object, *args: object, **options: object) -> None:
        raise OperationalError("no broker")

    monkeypatch.setattr("celery.app.task.Task.apply_async", refuse)
    fired: list[int] = []
    monkeypatch.setitem(deadlines._kinds, "test.kind", lambda deadline: fired.append(deadline.subject_id))
    with transaction.atomic():
        event = events.record("test.happened", world.site, by=world.actor())
    deadlines.set_deadline(
        "test.kind",
        organisation_id=world.organisation.pk,
        subject_id=7,
        due_at=timezone.now() - dt.timedelta(seconds=1),
    )

    call_command("run_sweeper", once=True)

    assert Event.objects.get(pk=event.pk).dispatch == Event.Dispatch.DONE
    assert fired == [7]
    assert Deadline.objects.get(kind="test.kind").fired_at is not None
    assert Heartbeat.objects.filter(name="sweep").exists()
