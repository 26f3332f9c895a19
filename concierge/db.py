"""What PostgreSQL refuses becomes a sentence a person can read; what it cannot do now becomes "try again"."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from psycopg import errors as pg
from redis.exceptions import ConnectionError as CacheUnreachable
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as CacheTimeout

from concierge.errors import Conflict, DomainError, Unavailable


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
