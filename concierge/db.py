"""What PostgreSQL refuses becomes a sentence a person can read; what it cannot do now becomes "try again"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.db.models import CheckConstraint, Model
from django.db.models.sql import Query
from psycopg import errors as pg
from redis.exceptions import ConnectionError as CacheUnreachable
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as CacheTimeout

from concierge.errors import Conflict, DomainError, Unavailable

LENGTH = re.compile(r"varchar\(\d+\)")


def violated_constraint(error: IntegrityError) -> str | None:
    """Name of the constraint that refused the row, when PostgreSQL tells."""
    cause = error.__cause__
    return cause.diag.constraint_name if isinstance(cause, pg.IntegrityError) else None


@contextmanager
def refuse_on(constraint: str, refusal: DomainError, *, savepoint: bool = True) -> Iterator[None]:
    """Turn the violation of one named constraint into a domain error; other violations pass as bugs.

    Opens a savepoint, so the surrounding transaction stays usable. Without one, which spares two statements, the
    refusal has to end that transaction.
    """
    try:
        with transaction.atomic(savepoint=savepoint):
            yield
    except IntegrityError as error:
        if violated_constraint(error) == constraint:
            raise refusal from error
        raise


@cache
def _checks(model: type[Model]) -> tuple[str, tuple[CheckConstraint, ...]]:
    """The conditions of a table's check constraints as one list of columns, and the constraints they belong to."""
    connection.ensure_connection()  # PostgreSQL's own rules of quoting
    editor = connection.schema_editor()
    checks = tuple(one for one in model._meta.constraints if isinstance(one, CheckConstraint))
    conditions = (one._get_check_sql(model, editor).replace("%", "%%") for one in checks)  # type: ignore[attr-defined]
    return ", ".join(f"({condition}) IS NOT FALSE" for condition in conditions), checks


def first_broken(row: Model) -> CheckConstraint | None:
    """The first check constraint, in the order of ``Meta``, that a row would break.

    One statement for all of them, where ``Model.validate_constraints`` sends one for each. The values are those that
    would be written.
    """
    conditions, checks = _checks(type(row))
    if not checks:
        return None
    query = Query(None)
    compiler = query.get_compiler(connection=connection)
    columns, values = [], []
    for field in row._meta.local_concrete_fields:
        if (name := f'"{field.column}"') in conditions:
            value, placeholder = getattr(row, field.attname), "%s"
            if hasattr(value, "resolve_expression"):  # a default of the database
                placeholder, parameters = compiler.compile(value.resolve_expression(query))
                values += parameters
            else:
                values.append(field.get_db_prep_save(value, connection))
            # A type with a length would cut what is too long.
            columns.append(f"({placeholder})::{LENGTH.sub('varchar', field.db_type(connection) or '')} AS {name}")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {conditions} FROM (SELECT {', '.join(columns)}) AS written", values)  # noqa: S608
        kept = cursor.fetchone()
    return next((check for check, holds in zip(checks, kept, strict=True) if not holds), None)


@contextmanager
def retryable() -> Iterator[None]:
    """Lock timeouts, deadlocks and serialisation failures become 409 or 503, never 500 (R25, R26)."""
    try:
        yield
    except OperationalError as error:
        cause = error.__cause__
        if isinstance(cause, pg.DeadlockDetected | pg.SerializationFailure):
            raise Conflict from error
        if isinstance(cause, pg.LockNotAvailable | pg.QueryCanceled) or cause is None or connection.connection is None:
            raise Unavailable from error
        raise


def is_passing(error: BaseException | None) -> bool:
    """Whether an error is the state of a server and not a bug: a lock that did not come, a database that restarts, a
    lost cache. Whoever asked is told to try again (503), never shown a fault (R07, R10, R14)."""
    return isinstance(error, OperationalError | InterfaceError | RedisError)


def is_away(error: BaseException | None) -> bool:
    """Whether the server itself cannot be reached or is stopping: nothing in our code can be learnt from that."""
    if isinstance(error, CacheUnreachable | CacheTimeout):
        return True
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    state = error.__cause__.sqlstate if isinstance(error.__cause__, pg.Error) else None
    return state is None or state.startswith(("08", "57P"))  # connection exceptions; shutdown, crash, start


def advisory_lock(*parts: object) -> bool:
    """Try to take a transaction-scoped lock named by its parts; ``False`` when someone else holds it."""
    name = "/".join(str(part) for part in parts)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", (name,))
        return bool(cursor.fetchone()[0])
