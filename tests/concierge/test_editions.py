"""What is kept of the catalogue is never older than the catalogue."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from concierge import editions, tenancy
from concierge.models import Edition, Organisation, Site
from tests.world import World, build_world

Calls = list[tuple[Any, ...]]


@pytest.fixture
def calls() -> Calls:
    return []


@pytest.fixture
def names(calls: Calls) -> Callable[[int], list[str]]:
    """A kept read of the kernel's own tables."""

    @editions.kept
    def names_of_sites(least: int) -> list[str]:
        calls.append((tenancy.current_id(), least))
        return list(Site.objects.filter(pk__gte=least).order_by("pk").values_list("name", flat=True))

    del editions.KEPT[f"{names_of_sites.__module__}.{names_of_sites.__qualname__}"]
    return names_of_sites


def test_read_once_per_edition_arguments_and_tenant(
    world: World, other_world: World, names: Callable[[int], list[str]], calls: Calls
) -> None:
    ours, theirs = world.organisation.pk, other_world.organisation.pk
    first = world.site.pk
    for _n in range(3):
        assert names(first) == ["Conciergerie République"]
        assert names(first + 10**6) == []
    with tenancy.working_for(theirs):
        for _n in range(3):
            assert len(names(0)) == 1
    assert calls == [(ours, first), (ours, first + 10**6), (theirs, 0)]


@pytest.mark.parametrize("how", ["update", "save", "insert", "delete", "sql"])
def test_every_kind_of_change_is_seen_by_the_next_read(
    world: World, names: Callable[[int], list[str]], how: str
) -> None:
    second = Site.objects.get(pk=world.site.pk)
    second.pk, second.slug, second.public_id = None, "second", world.organisation.public_id
    if how != "insert":
        second.save()
    before = names(0)
    match how:
        case "update":
            Site.objects.filter(slug="second").update(name="Ailleurs")
        case "save":
            second.name = "Ailleurs"
            second.save()
        case "insert":
            second.save()
        case "delete":
            with connection.cursor() as cursor:
                cursor.execute("SET ROLE NONE")
                cursor.execute("DELETE FROM concierge_site WHERE slug = 'second'")
                cursor.execute("SET ROLE concierge_app")
        case "sql":
            with connection.cursor() as cursor:
                cursor.execute("UPDATE concierge_site SET name = 'Ailleurs' WHERE slug = 'second'")
    now = list(Site.objects.order_by("pk").values_list("name", flat=True))
    assert names(0) == now != before


def test_a_change_without_a_tenant_gives_everybody_a_new_edition(world: World, other_world: World) -> None:
    """An administrator at psql, who passes row-level security."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        cursor.execute("SELECT set_config('app.organisation', '', true)")
        cursor.execute("SELECT number FROM concierge_edition ORDER BY organisation_id")
        before = cursor.fetchall()
        cursor.execute("UPDATE concierge_site SET name = 'Ailleurs'")
        cursor.execute("SELECT number FROM concierge_edition ORDER BY organisation_id")
        after = cursor.fetchall()
        cursor.execute("SET ROLE concierge_app")
    assert len(before) == len(after) == 2
    assert not set(before) & set(after)


def test_a_change_tells_nobody_else(world: World, other_world: World) -> None:
    with tenancy.working_for(other_world.organisation):
        theirs = editions.current()
    ours = editions.current()
    Site.objects.update(name="Ailleurs")
    assert editions.current() not in {ours, None}
    with tenancy.working_for(other_world.organisation):
        assert editions.current() == theirs


def test_what_was_undone_is_not_kept(world: World, names: Callable[[int], list[str]]) -> None:
    """A number of an edition that was rolled back never comes again, so nobody reads what was kept under it."""
    before = names(0)
    for name in ("Un", "Deux"):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            Site.objects.update(name=name)
            assert names(0) == [name]
            raise ZeroDivisionError
        assert names(0) == before
    Site.objects.update(name="Trois")
    assert names(0) == ["Trois"]


def test_within_held_the_number_is_asked_once(world: World, names: Callable[[int], list[str]]) -> None:
    names(0)
    with CaptureQueriesContext(connection) as said, editions.held():
        assert names(0) == names(0) == ["Conciergerie République"]
    assert len(said) == 1


def test_within_held_nothing_new_is_kept_under_an_old_number(world: World, names: Callable[[int], list[str]]) -> None:
    with editions.held():
        Site.objects.update(name="Ailleurs")
        assert names(0) == ["Ailleurs"]
    old = editions.current()
    with transaction.atomic():
        Site.objects.update(name="Encore")
    assert editions.current() != old
    assert names(0) == ["Encore"]


@pytest.mark.django_db(transaction=True)
def test_a_change_that_commits_while_others_read_reaches_all_of_them() -> None:
    """Readers on threads of their own, a writer that changes the name forty times: whoever begins to read after a
    commit never gets an older name."""
    world = build_world()
    latest, stale = [0], list[tuple[int, int]]()
    done = threading.Event()

    @editions.kept
    def number_in_name() -> int:
        return int(re.sub(r"\D", "", Site.objects.get().name) or 0)

    del editions.KEPT[f"{number_in_name.__module__}.{number_in_name.__qualname__}"]

    def read() -> None:
        with tenancy.working_for(world.organisation):
            while not done.is_set():
                least = latest[0]
                found = number_in_name()
                if found < least:
                    stale.append((found, least))
        connections.close_all()

    threads = [threading.Thread(target=read) for _n in range(4)]
    for thread in threads:
        thread.start()
    try:
        for number in range(1, 41):
            with tenancy.working_for(world.organisation):
                Site.objects.update(name=f"Site {number}")
            latest[0] = number
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert stale == []


@pytest.mark.django_db(transaction=True)
def test_the_twin_that_asks_for_no_number_serves_old_names(monkeypatch: pytest.MonkeyPatch) -> None:
    world = build_world()
    always = Edition(number=world.organisation.public_id).number
    monkeypatch.setattr(editions, "current", lambda: always)

    @editions.kept
    def name() -> str:
        return Site.objects.get().name

    del editions.KEPT[f"{name.__module__}.{name.__qualname__}"]
    with tenancy.working_for(world.organisation):
        before = name()
        Site.objects.update(name="Ailleurs")
        assert name() == before


def test_only_so_many_answers_are_kept(
    world: World, names: Callable[[int], list[str]], calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editions, "MOST", 2)
    for least in (1, 2, 3, 3, 2, 1):
        names(least)
    assert [least for _tenant, least in calls] == [1, 2, 3, 1]


def test_a_new_organisation_has_no_edition_and_nothing_is_kept(db: None, names: Any, calls: Calls) -> None:
    fresh = Organisation.objects.create(name="Neuve", slug="neuve")
    with tenancy.working_for(fresh):
        assert editions.current() is None
        assert names(0) == names(0) == []
    assert len(calls) == 2
