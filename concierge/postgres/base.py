"""PostgreSQL backend that carries the tenant into every transaction.

Row-level security reads ``app.organisation``. The setting is always *local to a transaction*, so a transaction-pooling
proxy can never hand it to somebody else (trust.md DR5): opening a transaction sets it, and a statement outside of one
carries it along in its own message, which is a transaction.
"""

from __future__ import annotations

import select
import time
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql import base

from concierge import tenancy

# Seconds after which a connection that was not used is asked whether its server is still there.
QUIET = 5.0


class DatabaseWrapper(base.DatabaseWrapper):
    """The stock backend plus ``set_config('app.organisation', ..., true)``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute_wrappers.append(_within_tenant)
        self.looked_at = 0.0

    def _set_autocommit(self, autocommit: bool) -> None:
        organisation_id = tenancy.current_id()
        if autocommit or organisation_id is None:
            super()._set_autocommit(autocommit)  # type: ignore[misc]  # missing from the stubs
            return
        # The transaction and its tenant in one round trip. psycopg is left in autocommit: it would send a BEGIN itself.
        with self.wrap_database_errors:
            self.connection.execute(f"BEGIN; {tenant_sql(organisation_id)}")

    def is_usable(self) -> bool:
        """Whether the server is still there, asked only when that is in doubt.

        A server that ends, and a kernel whose server was killed, says so on the line or closes it: a line that was used
        a moment ago and on which nothing came since is good.
        """
        line = select.poll()
        line.register(self.connection.fileno(), select.POLLIN)
        now = time.monotonic()
        usable = (now - self.looked_at < QUIET and not line.poll(0)) or super().is_usable()
        self.looked_at = now if usable else 0.0
        return usable


def tenant_sql(organisation_id: int) -> str:
    """The statement that points row-level security at an organisation until the transaction ends."""
    return f"SELECT set_config('app.organisation', '{int(organisation_id)}', true)"


def set_tenant(connection: BaseDatabaseWrapper, organisation_id: int | None) -> None:
    """Point row-level security at an organisation (``None``: at nobody) until the transaction ends."""
    value = "" if organisation_id is None else str(organisation_id)
    with connection.wrap_database_errors, connection.connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.organisation', %s, true)", (value,))


def _within_tenant(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    connection = context["connection"]
    organisation_id = tenancy.current_id()
    if organisation_id is None or connection.in_atomic_block or not connection.get_autocommit():
        return execute(sql, params, many, context)
    if many or not isinstance(sql, str):
        with transaction.atomic(using=connection.alias):
            return execute(sql, params, many, context)
    # PostgreSQL makes one transaction of what comes in one message: one round trip instead of three.
    try:
        answer = execute(f"{tenant_sql(organisation_id)}; {sql}", params, many, context)
    except (OperationalError, InterfaceError):
        # A line that is dead is left at once, as a transaction leaves it: whoever tells the person needs a new one.
        if connection.connection is not None and connection.connection.closed:
            connection.close()
        raise
    context["cursor"].nextset()
    return answer
