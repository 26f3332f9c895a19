"""The harness: the runtime role of PostgreSQL, a deaf network, shuffled unordered reads, and a small world."""

from __future__ import annotations

import gc
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection, connections
from django.db.models import QuerySet
from django.test import Client as Browser
from django.test import TransactionTestCase
from django.utils import translation

from concierge import deadlines, events, tenancy
from concierge.models import Organisation
from tests import kept
from tests.database import prepare
from tests.signing_in import sign_in_whole
from tests.world import World, build_world

# A machine that is shared is slow at times: that is no finding.
hypothesis.settings.register_profile("shared", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("shared")
RUNTIME_ROLE = " -c role=concierge_app"


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """The database is there already (``django_db_modify_db_settings``)."""
    return True


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, pytestconfig: pytest.Config, django_db_blocker: Any
) -> None:
    """Copy the migrated database for this worker."""
    with django_db_blocker.unblock():
        prepare(str(connection.settings_dict["TEST"]["NAME"]), pytestconfig.cache.mkdir("database"))


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Make the database as superuser, then live in it as the role that owns nothing (S49)."""
    options = connection.settings_dict["OPTIONS"]
    before = options["options"]
    with django_db_blocker.unblock():
        connection.close()
        options["options"] = before + RUNTIME_ROLE
        yield
        connections.close_all()
        options["options"] = before


# Django's own machinery is most of what is alive: it is not looked through for garbage again and again.
@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Everything is imported."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


KEPT = ("django_migrations", "django_content_type", "auth_permission")
WRITTEN = """
    SELECT relname FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> ALL(%s) AND pg_relation_size(oid) > 0
"""
COUNT_ANEW = """
    SELECT setval((quote_ident(schemaname) || '.' || quote_ident(sequencename))::regclass, start_value, false)
    FROM pg_sequences
    WHERE last_value IS NOT NULL AND schemaname = 'public' AND sequencename NOT LIKE ALL(%s)
"""


def _empty_everything(self: TransactionTestCase) -> None:
    """Empty the tables after a test with real transactions; the runtime role itself may not.

    Only those that hold pages: TRUNCATE makes the files of every table and index anew, and most are empty. The lock
    waits for a page of a live server that still writes.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(WRITTEN, [list(KEPT)])
        if tables := [f'"{name}"' for (name,) in cursor.fetchall()]:
            emptied = "; ".join(f"DELETE FROM {table}" for table in tables)
            cursor.execute(f"BEGIN; LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE; {emptied}; COMMIT")
        cursor.execute(COUNT_ANEW, [[f"{name}%" for name in KEPT]])
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("SET ROLE concierge_app")


setattr(TransactionTestCase, "_fixture_teardown", _empty_everything)  # noqa: B010 - unknown to the stubs

Browser.force_login = sign_in_whole  # type: ignore[method-assign, assignment]


_fetch_all = QuerySet._fetch_all


def _shuffled_fetch_all(self: Any) -> None:
    """A read without an order has no order: whoever relies on one is told."""
    fresh = self._result_cache is None
    _fetch_all(self)
    if fresh and not self.ordered and isinstance(self._result_cache, list):
        random.shuffle(self._result_cache)


QuerySet._fetch_all = _shuffled_fetch_all  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def sent_tasks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[Any, ...]]]:
    """Tasks are noted, not sent: tests that want a worker start one."""
    sent: list[tuple[str, tuple[Any, ...]]] = []

    def note(self: Any, args: Any = None, kwargs: Any = None, **options: Any) -> None:
        sent.append((self.name, tuple(args or ())))

    monkeypatch.setattr("celery.app.task.Task.apply_async", note)
    return sent


@pytest.fixture(autouse=True)
def _speak_french() -> None:
    """A request of the test before may have left its language behind."""
    translation.activate(settings.LANGUAGE_CODE)


@pytest.fixture(autouse=True)
def _clean_cache(request: pytest.FixtureRequest) -> None:
    """Throttles and caches of one test do not reach the next."""
    if "db" in request.fixturenames or "transactional_db" in request.fixturenames:
        cache.clear()


@pytest.fixture(autouse=True)
def _run_on_commit(request: pytest.FixtureRequest, sent_tasks: list[Any]) -> Iterator[None]:
    """What waits for the commit is run at the end of a test that never commits: a wake-up call that breaks is told."""
    marker = request.node.get_closest_marker("django_db")
    commits = "transactional_db" in request.fixturenames or bool(marker and marker.kwargs.get("transaction"))
    if commits or not (marker or "db" in request.fixturenames):
        yield
        return
    request.getfixturevalue("db")  # taken down after this one
    yield
    waiting, connection.run_on_commit = connection.run_on_commit, []
    for one in waiting:
        one[1]()


def _commits(item: pytest.Item) -> bool:
    """Whether a test has real transactions."""
    marker = item.get_closest_marker("django_db")
    named = {"transactional_db", "live_server"} & {*getattr(item, "fixturenames", ())}
    return bool(named or (marker and marker.kwargs.get("transaction")))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before any fixture: a browser brings an event loop with it, and the loop another connection."""
    if _commits(item):
        kept.clear()


@pytest.fixture
def _on_what_is_kept(request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any) -> None:
    """Below the savepoint of the test stands what its fixtures keep."""
    if not _commits(request.node):
        with django_db_blocker.unblock():
            kept.stand_on(request.fixturenames, request.node.nodeid.split("::")[0], django_db_blocker.unblock)


@pytest.fixture
def _django_db_helper(_on_what_is_kept: None, _django_db_helper: None) -> None:
    """The one place of pytest-django in which every test gets its database."""


kept.layer("world", lambda _below: build_world())


@pytest.fixture
def world(db: None) -> Iterator[World]:
    """One organisation in Dijon with people, services and hours; the test works for it."""
    built = kept.taken("world") or build_world()
    with tenancy.working_for(built.organisation):
        yield built


@pytest.fixture
def other_world(db: None) -> World:
    """Another organisation on the same installation."""
    return build_world(slug="le-coup-de-main", name="Le Coup de main", host="autre.localhost")


@contextmanager
def as_owner() -> Iterator[None]:
    """Look at every organisation at once, as the superuser that made the test database."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        try:
            yield
        finally:
            cursor.execute("SET ROLE concierge_app")


def settle(*organisations: Organisation, rounds: int = 20) -> None:
    """What the worker and beat would do: handle events and fire due deadlines until all is quiet."""
    for organisation in organisations or list(Organisation.objects.all()):
        with tenancy.working_for(organisation):
            for _round in range(rounds):
                if not events.dispatch(organisation.pk) + deadlines.sweep(organisation.pk):
                    break
