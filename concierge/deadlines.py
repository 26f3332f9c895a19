"""Waiting is a row (lifecycles.md 2.0.4): set, move, cancel, and sweep what is due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

import structlog
from django.db import connection, models, transaction
from django.utils import timezone

from concierge.errors import FAULTS
from concierge.events import backoff
from concierge.models import Deadline

log = structlog.get_logger(__name__)

Fire = Callable[[Deadline], None]
FireMany = Callable[[Sequence[Deadline]], None]
_kinds: dict[str, Fire] = {}
_many: dict[str, FireMany] = {}

MAX_ATTEMPTS = 8
# What one sweep takes at most; whoever sweeps comes back at once when there was that much.
LIMIT = 500
# The sweep holds the deadline's row while it asks for the rows of its subject; people hold those and then ask for the
# deadline. Whoever meets so, the sweep lets go first: well before PostgreSQL looks for deadlocks (after a second), so
# that it is never a person who is refused. It comes back a few seconds later.
PATIENCE = "300ms"


def on(kind: str) -> Callable[[Fire], Fire]:
    """Register what happens when a deadline of this kind is due. It runs in the sweep's transaction and may find that
    nothing is left to do: it must then do nothing. It may set the same deadline again, for later."""

    def register(fire: Fire) -> Fire:
        _kinds[kind] = fire
        return fire

    return register


def on_many(kind: str) -> Callable[[FireMany], FireMany]:
    """Like ``on``, for a kind that falls due by the hundred: all that is due is fired in one transaction.

    It must ask for rows in one order, and lock nothing that people hold while they wait for each other. When one of
    them fails, or a row does not come, everything is undone and each is fired alone.
    """

    def register(fire: FireMany) -> FireMany:
        _many[kind] = fire
        _kinds[kind] = lambda deadline: fire([deadline])
        return fire

    return register


def set_deadline(kind: str, *, organisation_id: int, subject_id: int, due_at: dt.datetime) -> None:
    """Set or move the open deadline of a subject."""
    set_deadlines(kind, organisation_id=organisation_id, due_at={subject_id: due_at})


def set_deadlines(kind: str, *, organisation_id: int, due_at: Mapping[int, dt.datetime]) -> None:
    """Set or move the open deadlines of subjects, all in one statement (the index ``deadline_open_once_per_subject``),
    in one order."""
    if not due_at:
        return
    subjects = sorted(due_at)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO concierge_deadline (organisation_id, kind, subject_id, due_at, attempts, last_error) "
            "SELECT %s, %s, subject_id, due_at, 0, '' "
            "FROM unnest(%s::bigint[], %s::timestamptz[]) AS asked (subject_id, due_at) ORDER BY subject_id "
            "ON CONFLICT (organisation_id, kind, subject_id) WHERE fired_at IS NULL AND cancelled_at IS NULL "
            "DO UPDATE SET due_at = excluded.due_at, attempts = 0, last_error = ''",
            (organisation_id, kind, subjects, [due_at[subject] for subject in subjects]),
        )


def cancel_deadline(kind: str, *, organisation_id: int, subject_id: int) -> None:
    """Cancel the open deadline of a subject, if any.

    One that the sweep is firing right now is left to it: it waits for the caller's rows, and then finds nothing to do.
    """
    still_open = Deadline.objects.select_for_update(skip_locked=True, no_key=True).filter(
        organisation_id=organisation_id, kind=kind, subject_id=subject_id, fired_at=None, cancelled_at=None
    )
    Deadline.objects.filter(pk__in=list(still_open.values_list("pk", flat=True))).update(cancelled_at=timezone.now())


def sweep(organisation_id: int, *, now: dt.datetime | None = None, limit: int = LIMIT) -> int:
    """Fire what is due for the current tenant; returns how many rows were taken. Two sweepers share the work."""
    now = now or timezone.now()
    taken = 0
    for kind in _many:
        taken += _fire_many(kind, organisation_id, now, limit - taken)
    while taken < limit and _fire_next(organisation_id, now):
        taken += 1
    return taken


def _due(organisation_id: int, now: dt.datetime) -> models.QuerySet[Deadline]:
    return (
        Deadline.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(
            organisation_id=organisation_id,
            fired_at=None,
            cancelled_at=None,
            due_at__lte=now,
            attempts__lt=MAX_ATTEMPTS,
        )
        .order_by("due_at", "pk")
    )


def _fire_many(kind: str, organisation_id: int, now: dt.datetime, limit: int) -> int:
    try:
        with transaction.atomic():
            due = list(_due(organisation_id, now).filter(kind=kind)[:limit])
            if len(due) < 2:
                return 0
            _lose_patience_early()
            # Before it is fired, so that what it sets again is a deadline of its own.
            Deadline.objects.filter(pk__in=[deadline.pk for deadline in due]).update(fired_at=now)
            _many[kind](due)
    except FAULTS as error:
        log.warning("deadlines_fired_one_by_one", kind=kind, error=type(error).__name__)
        return 0
    return len(due)


def _lose_patience_early() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", (PATIENCE,))


def _fire_next(organisation_id: int, now: dt.datetime) -> bool:
    with transaction.atomic():
        deadline = _due(organisation_id, now).first()
        if deadline is None:
            return False
        try:
            with transaction.atomic():
                _lose_patience_early()
                # Before it is fired, so that what it sets again is a deadline of its own.
                deadline.fired_at = now
                deadline.save(update_fields=["fired_at"])
                _kinds[deadline.kind](deadline)
        except FAULTS as error:
            deadline.fired_at = None
            deadline.attempts += 1
            deadline.last_error = type(error).__name__
            deadline.due_at = now + backoff(deadline.attempts)
            deadline.save(update_fields=["attempts", "last_error", "due_at"])
            log.exception("deadline_failed", kind=deadline.kind, subject_id=deadline.subject_id)
    return True
