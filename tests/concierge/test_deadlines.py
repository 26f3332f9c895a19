"""Waiting is a row (lifecycles.md 2.0.4)."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator, Sequence

import pytest
from django.db import OperationalError, connections, transaction
from django.utils import timezone

from concierge import deadlines, tenancy
from concierge.errors import Conflict
from concierge.models import Deadline, Site
from tests.world import World, build_world


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


@pytest.mark.parametrize("count", [1, 3])
def test_what_fires_may_set_itself_again(world: World, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    def again(due: Sequence[Deadline]) -> None:
        for deadline in due:
            plan(world, subject_id=deadline.subject_id, minutes=5)

    monkeypatch.setitem(deadlines._many, "test.kind", again)
    monkeypatch.setitem(deadlines._kinds, "test.kind", lambda deadline: again([deadline]))
    for number in range(count):
        plan(world, subject_id=number)
    assert deadlines.sweep(world.organisation.pk) == count
    still = Deadline.objects.filter(fired_at=None, due_at__gt=timezone.now())
    assert sorted(still.values_list("subject_id", flat=True)) == list(range(count))
    assert Deadline.objects.exclude(fired_at=None).count() == count


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


@pytest.fixture
def together(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Kind ``test.many``: fired together; a deadline for subject 13 cannot be fired."""
    calls: list[list[int]] = []

    def fire(due: Sequence[Deadline]) -> None:
        calls.append([deadline.subject_id for deadline in due])
        if any(deadline.subject_id == 13 for deadline in due):
            raise Conflict

    monkeypatch.setattr(deadlines, "_many", {})
    monkeypatch.setitem(deadlines._kinds, "test.many", None)
    deadlines.on_many("test.many")(fire)
    return calls


def plan_many(world: World, *subjects: int) -> None:
    due = timezone.now() - dt.timedelta(minutes=1)
    for subject_id in subjects:
        deadlines.set_deadline("test.many", organisation_id=world.organisation.pk, subject_id=subject_id, due_at=due)


def test_what_falls_due_together_is_fired_together(world: World, together: list[list[int]]) -> None:
    plan_many(world, 1, 2, 3)
    assert deadlines.sweep(world.organisation.pk) == 3
    assert deadlines.sweep(world.organisation.pk) == 0
    assert together == [[1, 2, 3]]
    assert not Deadline.objects.filter(fired_at=None).exists()


@pytest.mark.promise("R18")
def test_one_that_fails_does_not_hold_the_others_back(world: World, together: list[list[int]]) -> None:
    plan_many(world, 12, 13, 14)
    assert deadlines.sweep(world.organisation.pk) == 3
    assert together == [[12, 13, 14], [12], [13], [14]]
    broken = Deadline.objects.get(fired_at=None)
    assert (broken.subject_id, broken.attempts, broken.last_error) == (13, 1, "Conflict")


def test_a_sweep_takes_no_more_than_it_was_told(world: World, together: list[list[int]]) -> None:
    plan_many(world, 1, 2, 3, 4, 5)
    assert deadlines.sweep(world.organisation.pk, limit=3) == 3
    assert Deadline.objects.filter(fired_at=None).count() == 2


def test_a_deadline_that_fired_leaves_room_for_the_next(world: World, fired: list[int]) -> None:
    plan(world)
    deadlines.sweep(world.organisation.pk)
    plan(world)
    assert deadlines.sweep(world.organisation.pk) == 1
    assert fired == [1, 1]


@pytest.mark.promise("R18")
def test_a_subject_that_is_gone_does_not_block_the_next(
    world: World, fired: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(deadlines._kinds, "test.gone", lambda deadline: Site.objects.get(pk=deadline.subject_id))
    due = timezone.now() - dt.timedelta(hours=1)
    deadlines.set_deadline("test.gone", organisation_id=world.organisation.pk, subject_id=0, due_at=due)
    plan(world)
    deadlines.sweep(world.organisation.pk)
    assert fired == [1]


def _meet(world: World) -> list[str]:
    """The sweep holds the deadline and wants the site's row; a person holds the site and wants the deadline."""
    troubles: list[str] = []
    swept = threading.Event()

    def fire(deadline: Deadline) -> None:
        swept.set()
        time.sleep(0.2)  # the person is the first to wait, so PostgreSQL would refuse the person
        Site.objects.select_for_update().get(pk=world.site.pk)

    deadlines._kinds["test.kind"] = fire

    def sweep() -> None:
        with tenancy.working_for(world.organisation):
            deadlines.sweep(world.organisation.pk, limit=1)
        connections.close_all()

    with tenancy.working_for(world.organisation):
        plan(world)
        sweeper = threading.Thread(target=sweep)
        try:
            with transaction.atomic():
                Site.objects.select_for_update().get(pk=world.site.pk)
                sweeper.start()
                swept.wait(10)
                time.sleep(0.05)
                deadlines.cancel_deadline("test.kind", organisation_id=world.organisation.pk, subject_id=1)
                time.sleep(1.5)
        except OperationalError as error:
            troubles.append(type(error.__cause__).__name__)
        sweeper.join(30)
        troubles += [row.last_error for row in Deadline.objects.exclude(last_error="").order_by("pk")]
    return troubles


@pytest.mark.promise("R25")
@pytest.mark.django_db(transaction=True)
def test_a_person_never_pays_for_meeting_the_sweep(fired: list[int]) -> None:
    assert _meet(build_world()) == ["OperationalError"]  # the sweep let go, and comes back


@pytest.mark.django_db(transaction=True)
def test_without_that_the_person_is_refused(fired: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "PATIENCE", "10s")

    def cancel(kind: str, *, organisation_id: int, subject_id: int) -> None:
        Deadline.objects.filter(organisation_id=organisation_id, kind=kind, subject_id=subject_id).update(
            cancelled_at=timezone.now()
        )

    monkeypatch.setattr(deadlines, "cancel_deadline", cancel)
    assert "DeadlockDetected" in _meet(build_world())
