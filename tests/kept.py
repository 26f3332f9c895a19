"""What many tests of a file start from is written once; each test works in a savepoint above it.

``layer`` names what a fixture can take ready made: the fixture asks ``taken``, and builds it itself in a test with real
transactions. What a test changes in the objects stays its own: each gets a copy.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import pickle
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import time_machine
from django.db import connection, transaction

from concierge import tenancy

Builder = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True)
class Layer:
    """How to write something, and at what time of the clock (``None``: now)."""

    build: Builder
    at: dt.datetime | None = None


@dataclass
class Ground:
    """What stands in the open transaction of this process, lowest first, for the tests of one file."""

    known: dict[str, Layer] = field(default_factory=dict)
    standing: list[tuple[str, transaction.Atomic]] = field(default_factory=list)
    built: dict[str, Any] = field(default_factory=dict)
    frozen: bytes = b""
    file: str = ""
    # Whoever tears down may not be a test that has the database.
    unblock: Callable[[], AbstractContextManager[Any]] = contextlib.nullcontext
    # The copies of the test that runs.
    mine: dict[str, Any] = field(default_factory=dict)

    def put_up(self, name: str) -> None:
        """Write one more layer in a savepoint of its own."""
        atomic = transaction.atomic()
        # As Django marks the transaction of a test: what must not run in one counts the others.
        setattr(atomic, "_from_testcase", True)  # noqa: B010 - unknown to the stubs
        atomic.__enter__()
        self.standing.append((name, atomic))
        world = self.built.get("world")
        layer = self.known[name]
        with contextlib.ExitStack() as stack:
            if layer.at is not None:
                # It stands still, so that nothing is written after the beginning of the test.
                stack.enter_context(time_machine.travel(layer.at, tick=False))
            if world is not None:
                stack.enter_context(tenancy.working_for(world.organisation))
            try:
                self.built[name] = layer.build(self.built)
            except BaseException:
                self.take_down()
                raise
        _check_what_waits()
        connection.run_on_commit = []

    def take_down(self) -> None:
        """Undo the highest layer."""
        name, atomic = self.standing.pop()
        self.built.pop(name, None)
        if connection.in_atomic_block:
            transaction.set_rollback(True)
        atomic.__exit__(None, None, None)


# Django's own check leaves every constraint waiting for the end of the transaction, which here comes after many tests.
AT_ONCE = "SELECT string_agg(quote_ident(conname), ', ') FROM pg_constraint WHERE condeferrable AND NOT condeferred"


def _check_what_waits() -> None:
    connection.check_constraints()
    with connection.cursor() as cursor:
        cursor.execute(AT_ONCE)
        (names,) = cursor.fetchone()
        if names:
            cursor.execute(f"SET CONSTRAINTS {names} IMMEDIATE")


_ground = Ground()


def layer(name: str, build: Builder, *, at: dt.datetime | None = None) -> None:
    """Let the fixture of this name be kept; ``build`` gets what stands below it, by name."""
    _ground.known[name] = Layer(build, at)


def taken(name: str) -> Any:
    """This test's copy of what is kept; ``None`` when it has to be built."""
    return _ground.mine.get(name)


def stand_on(names: Iterable[str], file: str, unblock: Callable[[], AbstractContextManager[Any]]) -> None:
    """Let exactly the known ones of these stand, in the order in which they were made known."""
    _ground.unblock = unblock
    if file != _ground.file:
        clear()
        _ground.file = file
    asked = set(names)
    wanted = [name for name in _ground.known if name in asked] if "world" in asked else []
    standing = [name for name, _atomic in _ground.standing]
    same = 0
    while same < min(len(wanted), len(standing)) and wanted[same] == standing[same]:
        same += 1
    while len(_ground.standing) > same:
        _ground.take_down()
    for name in wanted[same:]:
        _ground.put_up(name)
    if wanted != standing:
        _ground.frozen = pickle.dumps(_ground.built)
    _ground.mine = pickle.loads(_ground.frozen) if wanted else {}


def clear() -> None:
    """Nothing is kept: the database is as empty as it was."""
    if _ground.standing:
        with _ground.unblock():
            while _ground.standing:
                _ground.take_down()
    _ground.mine = {}
