"""What is not kept for ever (P04, I12): each app says which of its rows, or which columns of them, have had their day;
one run deletes rows and empties columns in batches.

Events, requests, offers and invoices are the record of what happened: nobody registers them here, and the runtime role
may not delete them at all (``tenancy.allow_delete``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from concierge.models import Deadline, Event, IdempotencyRecord, Inbox

Rows = Callable[[dt.datetime], "QuerySet[Any]"]
Clearing = Callable[["QuerySet[Any]"], object]
_registered: dict[str, tuple[Rows, Clearing]] = {}

# Rows per transaction, and transactions per category, organisation and night: locks are short, one organisation cannot
# use up the night, and what is left goes the night after.
BATCH, MOST_BATCHES = 500, 200


def forget(name: str, by: Clearing | None = None, **emptied: Any) -> Callable[[Rows], Rows]:
    """Register rows of the current tenant that ended before a moment: ``settings.KEEP_DAYS[name]`` days ago.

    They are deleted, or what ``by`` does with a batch of them in its transaction; with ``emptied`` they stay, with
    these values in their columns, and must not be found again then.
    """

    def clear(batch: QuerySet[Any]) -> object:
        return batch.update(**emptied) if emptied else batch.delete()

    def register(rows: Rows) -> Rows:
        _registered[name] = rows, by or clear
        return rows

    return register


def names() -> set[str]:
    """Every category that some app registered."""
    return set(_registered)


@forget("inbox")
def handled(before: dt.datetime) -> QuerySet[Inbox]:
    """Proofs of handling; not those of an event that may yet be handled again (pending, or parked for a person)."""
    done = Event.objects.filter(pk=OuterRef("event_id"), dispatch=Event.Dispatch.DONE)
    return Inbox.objects.filter(Exists(done), handled_at__lt=before)


@forget("deadlines")
def passed(before: dt.datetime) -> QuerySet[Deadline]:
    """Deadlines that fired or were cancelled; one that was given up waits for a person."""
    return Deadline.objects.filter(Q(fired_at__lt=before) | Q(cancelled_at__lt=before))


@forget("idempotency")
def answered(before: dt.datetime) -> QuerySet[IdempotencyRecord]:
    """Stored answers of the API: after this time the same key means a new call (R03)."""
    return IdempotencyRecord.objects.filter(created_at__lt=before)


def ended(name: str) -> QuerySet[Any]:
    """Rows of one category that may go now, oldest first. Needs the tenant."""
    rows, _clearing = _registered[name]
    return rows(timezone.now() - dt.timedelta(days=settings.KEEP_DAYS[name])).order_by("pk")


def counts() -> dict[str, int]:
    """How many rows of each category may go now. Needs the tenant."""
    return {name: ended(name).count() for name in sorted(_registered)}


def purge() -> dict[str, int]:
    """Delete or empty them; returns how many rows of each category. Needs the tenant. Safe twice, and two at once."""
    return {name: _clear(ended(name), _registered[name][1]) for name in sorted(_registered)}


def expired_sessions() -> QuerySet[Session]:
    """Sessions past ``SESSION_COOKIE_AGE``: of the installation, not of one organisation."""
    return Session.objects.filter(expire_date__lt=timezone.now()).order_by("pk")


def purge_sessions() -> int:
    """Delete expired sessions; returns how many."""
    return _clear(expired_sessions(), QuerySet.delete)


def _clear(rows: QuerySet[Any], clearing: Clearing) -> int:
    gone = 0
    for _batch in range(MOST_BATCHES):
        with transaction.atomic():
            keys = list(rows.select_for_update(of=("self",), skip_locked=True).values_list("pk", flat=True)[:BATCH])
            clearing(rows.model._default_manager.filter(pk__in=keys))
        gone += len(keys)
        if len(keys) < BATCH:
            break
    return gone
