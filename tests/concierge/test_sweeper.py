"""The sweep does not need the broker (R14, DR2)."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from concierge import deadlines, events, tasks
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


def test_the_sweeper_goes_on_at_once_while_there_is_more(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = iter([True, True])

    def sweep() -> bool:
        more = next(turns, None)
        if more is None:
            raise KeyboardInterrupt
        return more

    monkeypatch.setattr("concierge.management.commands.run_sweeper.sweep", sweep)
    with pytest.raises(KeyboardInterrupt):
        call_command("run_sweeper", every=3600.0)


def test_there_is_more_when_a_sweep_took_all_it_may(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "LIMIT", 2)
    monkeypatch.setattr(deadlines.sweep, "__kwdefaults__", {"now": None, "limit": 2})
    monkeypatch.setitem(deadlines._kinds, "test.kind", lambda deadline: None)
    for subject_id in range(3):
        due = timezone.now() - dt.timedelta(seconds=1)
        deadlines.set_deadline("test.kind", organisation_id=world.organisation.pk, subject_id=subject_id, due_at=due)
    assert [tasks.sweep(), tasks.sweep()] == [True, False]
