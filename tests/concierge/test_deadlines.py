"""Waiting is a row (lifecycles.md 2.0.4)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from django.utils import timezone

from concierge import deadlines
from concierge.errors import Conflict
from concierge.models import Deadline
from tests.world import World


@pytest.fixture
def fired(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    calls: list[int] = []
    monkeypatch.setitem(deadlines._kinds, "test.kind", lambda deadline: calls.append(deadline.subject_id))
    yield calls


def plan(world: World, subject_id: int = 1, minutes: int = -1) -> None:
    deadlines.set_deadline(
        "test.kind",
        organisation_id=world.organisation.pk,
        subject_id=subject_id,
        due_at=timezone.now() + dt.timedelta(minutes=minutes),
    )


def test_what_is_due_fires_once(world: World, fired: list[int]) -> None:
    plan(world)
    plan(world, subject_id=2, minutes=5)
    assert deadlines.sweep(world.organisation.pk) == 1
    assert deadlines.sweep(world.organisation.pk) == 0
    assert fired == [1]


def test_setting_again_moves_the_open_deadline(world: World, fired: list[int]) -> None:
    plan(world)
    plan(world, minutes=30)
    assert Deadline.objects.count() == 1
    assert deadlines.sweep(world.organisation.pk) == 0


def test_a_cancelled_deadline_does_not_fire(world: World, fired: list[int]) -> None:
    plan(world)
    deadlines.cancel_deadline("test.kind", organisation_id=world.organisation.pk, subject_id=1)
    assert deadlines.sweep(world.organisation.pk) == 0
    assert fired == []


def test_a_failing_deadline_is_retried_and_does_not_block_the_next(
    world: World, fired: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(deadline: Deadline) -> None:
        raise Conflict

    monkeypatch.setitem(deadlines._kinds, "test.broken", refuse)
    deadlines.set_deadline(
        "test.broken",
        organisation_id=world.organisation.pk,
        subject_id=9,
        due_at=timezone.now() - dt.timedelta(hours=1),
    )
    plan(world)
    deadlines.sweep(world.organisation.pk)
    assert fired == [1]
    broken = Deadline.objects.get(kind="test.broken")
    assert (broken.attempts, broken.fired_at, broken.last_error) == (1, None, "Conflict")
    assert broken.due_at > timezone.now()


def test_each_organisation_sweeps_its_own(world: World, other_world: World, fired: list[int]) -> None:
    plan(world)
    assert deadlines.sweep(other_world.organisation.pk) == 0
    assert fired == []
