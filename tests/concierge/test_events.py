"""Say it once, and never lose it (R08, R09, R14, R18)."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections, transaction
from django.db.models import Q
from django.utils import timezone
from redis.exceptions import ConnectionError as CacheUnreachable

from concierge import events, tasks, tenancy
from concierge.errors import Conflict
from concierge.models import Event, Inbox, Organisation
from tests.conftest import settle
from tests.world import World, build_world


@pytest.fixture
def consumers() -> Iterator[None]:
    """Handlers of a test disappear with it."""
    before = {name: list(found) for name, found in events._handlers.items()}
    yield
    events._handlers.clear()
    events._handlers.update(before)


def say(world: World, name: str = "test.happened") -> Event:
    with transaction.atomic():
        return events.record(name, world.site, by=world.actor())


def test_an_event_outside_of_a_transaction_is_refused(transactional_db: None) -> None:
    world = build_world()
    with tenancy.working_for(world.organisation), pytest.raises(transaction.TransactionManagementError):
        events.record("test.happened", world.site, by=world.actor())
    assert Event.objects.count() == 0


@pytest.mark.promise("R09")
def test_a_handler_runs_once_however_often_the_sweep_runs(world: World, consumers: None) -> None:
    heard: list[int] = []
    events.subscribe("test.happened")(lambda event: heard.append(event.pk))
    event = say(world)
    settle(world.organisation)
    Event.objects.filter(pk=event.pk).update(dispatch=Event.Dispatch.PENDING)
    settle(world.organisation)
    assert heard == [event.pk]
    assert Inbox.objects.filter(event=event).count() == 1


@pytest.mark.promise("R18")
def test_a_failing_handler_is_parked_alone(world: World, consumers: None) -> None:
    calls: list[str] = []

    @events.subscribe("test.happened")
    def broken(event: Event) -> None:
        calls.append("broken")
        raise Conflict

    @events.subscribe("test.happened")
    def sound(event: Event) -> None:
        calls.append("sound")

    event = say(world)
    for _attempt in range(events.MAX_ATTEMPTS + 2):
        events.dispatch(world.organisation.pk)
        Event.objects.filter(pk=event.pk).update(next_at=timezone.now())
    event.refresh_from_db()
    assert event.dispatch == Event.Dispatch.DEAD
    assert "broken" in event.last_error
    assert calls.count("broken") == events.MAX_ATTEMPTS
    assert calls.count("sound") == 1


@pytest.mark.promise("R14")
def test_recording_needs_no_broker(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With Redis down the change is committed; the sweep handles the event later."""
    from kombu.exceptions import OperationalError

    def refuse(self: object, *args: object, **options: object) -> None:
        raise OperationalError("no broker")

    monkeypatch.setattr("celery.app.task.Task.apply_async", refuse)
    event = say(world)
    events._wake(world.organisation.pk)()
    assert Event.objects.get(pk=event.pk).dispatch == Event.Dispatch.PENDING
    settle(world.organisation)
    assert Event.objects.get(pk=event.pk).dispatch == Event.Dispatch.DONE


def _dispatch_from_many_threads(organisation: Organisation, count: int = 6) -> None:
    def work() -> None:
        with tenancy.working_for(organisation):
            while events.dispatch(organisation.pk):
                pass
        connections.close_all()

    threads = [threading.Thread(target=work) for _n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.promise("R09")
@pytest.mark.django_db(transaction=True)
def test_many_dispatchers_share_the_work(consumers: None) -> None:
    world, heard = build_world(), []
    lock = threading.Lock()

    @events.subscribe("test.happened")
    def hear(event: Event) -> None:
        with lock:
            heard.append(event.pk)

    with tenancy.working_for(world.organisation):
        wanted = [say(world).pk for _n in range(40)]
    _dispatch_from_many_threads(world.organisation)
    assert sorted(heard) == wanted


@pytest.mark.promise("R09")
@pytest.mark.django_db(transaction=True)
def test_twin_without_skip_locked_and_inbox_the_work_is_done_twice(consumers: None) -> None:
    """The same race without the guards: more effects than events, so the test above means something."""
    world, heard = build_world(), []
    barrier = threading.Barrier(6)
    with tenancy.working_for(world.organisation):
        for _n in range(10):
            say(world)

    def work() -> None:
        with tenancy.working_for(world.organisation):
            pending = list(Event.objects.filter(dispatch=Event.Dispatch.PENDING, name="test.happened").order_by("pk"))
            barrier.wait()
            for event in pending:
                heard.append(event.pk)
                Event.objects.filter(pk=event.pk).update(dispatch=Event.Dispatch.DONE)
        connections.close_all()

    threads = [threading.Thread(target=work) for _n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(heard) > len(set(heard))


def test_backoff_grows_and_is_capped() -> None:
    delays = [events.backoff(attempt).total_seconds() for attempt in range(1, 12)]
    assert 2.5 <= delays[0] <= 5
    assert 10 <= delays[1] <= 20
    assert all(delay <= 3600 for delay in delays)


@pytest.mark.promise("R18")
@pytest.mark.parametrize("fault", [Event.DoesNotExist(), AttributeError("x"), RecursionError()])
def test_no_fault_of_a_handler_stops_the_queue(world: World, consumers: None, fault: Exception) -> None:
    heard = []

    @events.subscribe("test.poison")
    def broken(event: Event) -> None:
        raise fault

    @events.subscribe("test.happened")
    def hear(event: Event) -> None:
        heard.append(event.pk)

    poison, after = say(world, "test.poison"), say(world)
    events.dispatch(world.organisation.pk)

    assert heard == [after.pk]
    poison.refresh_from_db()
    assert (poison.attempts, poison.dispatch) == (1, "pending")


def test_a_worker_is_called_once_per_transaction(
    world: World, sent_tasks: list[tuple[str, tuple[object, ...]]], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        say(world)
        with transaction.atomic():
            say(world)
    assert sent_tasks == [("concierge.dispatch_events", (world.organisation.pk,))]


@pytest.mark.promise("R14")
def test_a_worker_is_not_called_again_before_it_has_begun(
    world: World, other_world: World, sent_tasks: list[tuple[str, tuple[object, ...]]]
) -> None:
    """A hundred bookings in a second make one call; what is recorded after it began makes the next."""
    ours, theirs = world.organisation.pk, other_world.organisation.pk
    for organisation_id in (ours, ours, theirs, ours):
        tasks.call_dispatcher(organisation_id)
    assert sent_tasks == [("concierge.dispatch_events", (ours,)), ("concierge.dispatch_events", (theirs,))]

    tasks.dispatch_events(ours)
    tasks.call_dispatcher(ours)
    tasks.call_dispatcher(theirs)
    assert sent_tasks[2:] == [("concierge.dispatch_events", (ours,))]


@pytest.mark.promise("R14")
def test_what_is_recorded_while_a_worker_begins_is_heard(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The call is forgotten before the events are read, never after: the other order would lose the last one."""
    order: list[str] = []
    monkeypatch.setattr("concierge.tasks.cache.delete", lambda _key: order.append("forgotten"))

    def read(_organisation_id: int) -> int:
        order.append("read")
        return 0

    monkeypatch.setattr("concierge.tasks.events.dispatch", read)
    tasks.dispatch_events(world.organisation.pk)
    assert order == ["forgotten", "read"]


@pytest.mark.promise("R14")
def test_without_a_cache_a_worker_is_called_each_time(
    world: World, sent_tasks: list[tuple[str, tuple[object, ...]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*args: object, **options: object) -> None:
        raise CacheUnreachable

    monkeypatch.setattr("concierge.tasks.cache.add", lost)
    monkeypatch.setattr("concierge.tasks.cache.delete", lost)
    for _n in range(2):
        tasks.call_dispatcher(world.organisation.pk)
    tasks.dispatch_events(world.organisation.pk)
    assert sent_tasks == [("concierge.dispatch_events", (world.organisation.pk,))] * 2


def test_events_of_one_change_are_written_together(world: World, django_assert_num_queries: Any) -> None:
    news = [("site.opened", world.site, {"number": number}) for number in range(3)]
    with transaction.atomic(), django_assert_num_queries(1):
        events.record_all(news, by=world.actor())
    kept = Event.objects.filter(name="site.opened").order_by("pk")
    assert [event.data for event in kept] == [{"number": 0}, {"number": 1}, {"number": 2}]
    assert {event.act_at for event in kept} == {kept[0].act_at}


def test_a_call_that_was_undone_does_not_stand_for_the_next(
    world: World, sent_tasks: list[tuple[str, tuple[object, ...]]], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        with pytest.raises(Conflict), transaction.atomic():
            say(world)
            raise Conflict
        say(world)
    assert len(sent_tasks) == 1


def test_what_nobody_hears_is_closed_at_once(world: World, django_assert_max_num_queries: Any) -> None:
    for _n in range(30):
        say(world, "test.unheard")
    with django_assert_max_num_queries(8):
        assert events.dispatch(world.organisation.pk) == 30
    closed = Event.objects.filter(name="test.unheard", dispatch=Event.Dispatch.DONE, attempts=1)
    assert closed.exclude(dispatched_at=None).count() == 30
    assert Inbox.objects.count() == 0


def test_what_is_not_due_stays(world: World) -> None:
    event = say(world, "test.unheard")
    Event.objects.filter(pk=event.pk).update(next_at=timezone.now() + dt.timedelta(minutes=5))
    assert events.dispatch(world.organisation.pk) == 0


def test_news_come_in_order(world: World, consumers: None) -> None:
    heard: list[str] = []
    events.subscribe("test.happened", "test.followed")(lambda event: heard.append(event.name))
    for name in ("test.happened", "test.unheard", "test.followed", "test.happened"):
        say(world, name)
    settle(world.organisation)
    assert heard == ["test.happened", "test.followed", "test.happened"]


def test_the_oldest_event_is_found_without_reading_the_others(world: World) -> None:
    """However many wait: an index gives them in order."""
    index = next(index for index in Event._meta.indexes if index.name == "event_pending")
    assert (index.fields, index.condition) == (["organisation", "id"], Q(dispatch="pending"))
