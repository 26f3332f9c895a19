"""PostgreSQL backend that carries the tenant into every transaction.

Row-level security reads ``app.organisation``. The setting is always *local to a transaction*, so a transaction-pooling
proxy can never hand it to somebody else (trust.md DR5): opening a transaction sets it, and a statement outside of one
is wrapped in its own short transaction.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql import base

from concierge import tenancy


class DatabaseWrapper(base.DatabaseWrapper):
    """The stock backend plus ``set_config('app.organisation', ..., true)``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute_wrappers.append(_within_tenant)

    def _set_autocommit(self, autocommit: bool) -> None:
        super()._set_autocommit(autocommit)  # type: ignore[misc]  # missing from the stubs
        organisation_id = tenancy.current_id()
        if not autocommit and organisation_id is not None:
            set_tenant(self, organisation_id)


def set_tenant(connection: BaseDatabaseWrapper, organisation_id: int | None) -> None:
    """Point row-level security at an organisation (``None``: at nobody) until the transaction ends."""
    value = "" if organisation_id is None else str(organisation_id)
    with connection.wrap_database_errors, connection.connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.organisation', %s, true)", (value,))


def _within_tenant(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    connection = context["connection"]
    if tenancy.current_id() is None or connection.in_atomic_block or not connection.get_autocommit():
        return execute(sql, params, many, context)
    with transaction.atomic(using=connection.alias):
        return execute(sql, params, many, context)
