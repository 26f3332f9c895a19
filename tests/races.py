"""What tests with real threads wait for: a condition, never a time."""

from __future__ import annotations

import threading
import time

from django.db import connection

LONGEST = 10


def somebody_waits() -> bool:
    """Whether a connection to this database waits for a lock (other tests run beside this one, in theirs)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks JOIN pg_stat_activity USING (pid) "
            "WHERE NOT granted AND datname = current_database())"
        )
        return bool(cursor.fetchone()[0])


def until_waited_for(is_over: threading.Event) -> None:
    """Go on once the other thread waits for a lock, or is over because nothing held it up."""
    latest = time.monotonic() + LONGEST
    while not is_over.is_set() and not somebody_waits():
        assert time.monotonic() < latest
        time.sleep(0.02)
