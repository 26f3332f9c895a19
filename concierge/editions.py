"""The catalogue is read by every booking and changed once a week: keep what was read as long as it is the same.

PostgreSQL counts the editions. A statement that writes a table named in ``CountEditions`` gives its organisation a new
edition (a random identifier, so that none ever comes twice, whatever is rolled back), in the transaction of the change.
A kept read asks for the number first, one row by its key, and reads again when it is another: no process serves an old
price, however the price was changed. What is kept is shared by all threads: never change it.
"""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.db import connection
from django.db.migrations.operations.base import Operation

from concierge import tenancy

P = ParamSpec("P")
R = TypeVar("R")

# Answers that one process keeps of one read; the oldest go first.
MOST = 512
_held: ContextVar[uuid.UUID | None] = ContextVar("edition", default=None)
# Every kept read by its name, for the test that looks which tables it reads.
KEPT: dict[str, Callable[..., Any]] = {}


def current() -> uuid.UUID | None:
    """The edition of the current tenant's catalogue; ``None`` before the first change since the installation."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM concierge_edition WHERE organisation_id = %s", (tenancy.current_id(),))
        row = cursor.fetchone()
    return row[0] if row else None


@contextmanager
def held() -> Iterator[None]:
    """Ask for the number once, for kept reads that belong together and change nothing of the catalogue in between."""
    token = _held.set(current())
    try:
        yield
    finally:
        _held.reset(token)


def kept(read: Callable[P, R]) -> Callable[P, R]:
    """Keep what ``read`` gives, by its arguments and the tenant, until the next edition.

    It reads tables named in ``CountEditions`` only (a test looks), and gives nothing that somebody changes afterwards.
    """
    shelf: OrderedDict[Any, tuple[uuid.UUID, R]] = OrderedDict()

    @wraps(read)
    def look_up(*args: P.args, **kwargs: P.kwargs) -> R:
        number = _held.get() or current()
        key = (tenancy.current_id(), args, tuple(kwargs.items()))
        found = shelf.get(key)
        if found is not None and found[0] == number:
            return found[1]
        # Before the rows, so that nothing older than its number is ever kept; and anew, for this transaction may have
        # changed them since the number was held.
        number = current()
        fresh = read(*args, **kwargs)
        if number is not None:
            shelf[key] = number, fresh
            while len(shelf) > MOST:
                shelf.popitem(last=False)
        return fresh

    KEPT[f"{read.__module__}.{read.__qualname__}"] = read
    return look_up


class CountEditions(Operation):
    """Migration operation: every statement that writes one of these tables gives its organisation a new edition."""

    reduces_to_sql = True
    reversible = True

    def __init__(self, *model_names: str) -> None:
        self.model_names = model_names

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return self.__class__.__qualname__, list(self.model_names), {}

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Nothing that the ORM knows of changes."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for name in self.model_names:
            table = to_state.apps.get_model(app_label, name)._meta.db_table
            schema_editor.execute(
                f'CREATE OR REPLACE TRIGGER new_edition AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "{table}" '
                "FOR EACH STATEMENT EXECUTE FUNCTION concierge_new_edition()"
            )

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for name in self.model_names:
            table = to_state.apps.get_model(app_label, name)._meta.db_table
            schema_editor.execute(f'DROP TRIGGER IF EXISTS new_edition ON "{table}"')

    def describe(self) -> str:
        return f"Count editions of {', '.join(self.model_names)}"
