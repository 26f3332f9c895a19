"""Say it once: one ``Event`` row is audit trail, history, notification, webhook and outbox.

``record()`` writes the row in the transaction of the change. ``on_commit`` wakes the dispatcher; a sweep every minute
takes what was lost, so Redis is only an accelerator (R14, R15). Handlers only write rows.
"""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, ClassVar, Protocol

import structlog
from django.db import connection, models, transaction
from django.db.models import F
from django.utils import timezone

from concierge.errors import FAULTS
from concierge.models import Event
from concierge.tenancy import Actor
from concierge.writes import insert

log = structlog.get_logger(__name__)

Handler = Callable[[Event], None]
_handlers: dict[str, list[tuple[str, Handler]]] = {}
_all: list[tuple[str, Handler]] = []

MAX_ATTEMPTS = 5
BATCH = 100
# Events without a handler that are closed by one statement.
MANY = 2000


class HasPublicId(Protocol):
    """Anything an event can be about."""

    pk: Any
    public_id: uuid.UUID
    _meta: ClassVar[Any]

    @property
    def organisation_id(self) -> int:
        """Whose history it belongs to."""
        ...


def subscribe(*names: str) -> Callable[[Handler], Handler]:
    """Register a handler for event names; ``"*"`` hears everything. The consumer's name is its dotted path."""

    def register(handler: Handler) -> Handler:
        consumer = f"{handler.__module__}.{handler.__qualname__}"
        for name in names:
            target = _all if name == "*" else _handlers.setdefault(name, [])
            if all(known != consumer for known, _handler in target):
                target.append((consumer, handler))
        return handler

    return register


def record(
    name: str,
    subject: HasPublicId,
    *,
    by: Actor,
    request_id: uuid.UUID | None = None,
    act_at: dt.datetime | None = None,
    **data: Any,
) -> Event:
    """Write the event in the current transaction.

    ``request_id`` is the public id of the service request whose history shows it; ``act_at`` when it happened, if that
    is not now. ``data`` is small, JSON-able and free of personal data (S39, P07).

    Raises ``TransactionManagementError`` outside of a transaction: an event without its change is a lie.
    """
    return record_all([(name, subject, data)], by=by, request_id=request_id, act_at=act_at)[0]


def record_all(
    news: Sequence[tuple[str, HasPublicId, dict[str, Any]]],
    *,
    by: Actor,
    request_id: uuid.UUID | None = None,
    act_at: dt.datetime | None = None,
) -> list[Event]:
    """Write several events of one change, in their order and by one statement: name, subject and data of each."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("events.record() belongs in the transaction of the change")
    now = timezone.now()
    recorded = insert(
        Event(
            organisation_id=subject.organisation_id,
            name=name,
            subject_type=subject._meta.label_lower,
            subject_id=subject.public_id,
            request_id=request_id,
            data=data,
            actor=by.reference,
            actor_label=by.label[:120],
            channel=by.channel,
            act_at=act_at or now,
            next_at=now,
        )
        for name, subject, data in news
    )
    for organisation_id in {event.organisation_id for event in recorded}:
        _wake_after_commit(organisation_id)
    return recorded


def _wake_after_commit(organisation_id: int) -> None:
    """Call a worker once, however many events the transaction records."""
    wake = _wake(organisation_id)
    if not any(planned[1] is wake for planned in connection.run_on_commit):
        transaction.on_commit(wake, robust=True)


@cache
def _wake(organisation_id: int) -> Callable[[], None]:
    """One and the same function per organisation."""

    def wake() -> None:
        from concierge.tasks import call_dispatcher

        call_dispatcher(organisation_id)

    return wake


def dispatch(organisation_id: int, *, limit: int = BATCH) -> int:
    """Handle pending events of the current tenant, oldest first; returns how many were taken.

    Each event that somebody hears is its own transaction under ``SKIP LOCKED``: two dispatchers share the work, a kill
    between two events loses nothing, a handler's effect commits together with its inbox row, and no handler waits for
    a row while the rows of another event are locked. What nobody hears is closed by the thousand.
    """
    passed = _pass_unheard(organisation_id)
    handled = 0
    while passed < MANY and handled < limit and _dispatch_next(organisation_id):
        handled += 1
    return passed + handled


def _pending(organisation_id: int) -> models.QuerySet[Event]:
    return (
        Event.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(organisation_id=organisation_id, dispatch=Event.Dispatch.PENDING, next_at__lte=timezone.now())
        .order_by("pk")
    )


@transaction.atomic
def _pass_unheard(organisation_id: int) -> int:
    """Close events without a handler: there is nothing to do for them, and nothing that could fail."""
    if _all:
        return 0
    # Read first: as part of the UPDATE, a planner that takes the table for small runs the search once per row.
    unheard = list(_pending(organisation_id).exclude(name__in=_handlers).values_list("pk", flat=True)[:MANY])
    return Event.objects.filter(pk__in=unheard).update(
        dispatch=Event.Dispatch.DONE, attempts=F("attempts") + 1, dispatched_at=timezone.now()
    )


def _dispatch_next(organisation_id: int) -> bool:
    with transaction.atomic():
        event = _pending(organisation_id).first()
        if event is None:
            return False
        failed = ""
        for consumer, handler in [*_handlers.get(event.name, ()), *_all]:
            try:
                with transaction.atomic():
                    if _is_news(event, consumer):
                        handler(event)
            except FAULTS as error:
                # A fault in one consumer must not withhold the news from the others; it is retried, then parked.
                failed = f"{consumer}: {type(error).__name__}"
                log.exception("event_handler_failed", event_name=event.name, event_id=event.pk, consumer=consumer)
        _close(event, failed)
    return True


def _is_news(event: Event, consumer: str) -> bool:
    """Note that the consumer treats the event; ``False`` when it already has."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO concierge_inbox (organisation_id, event_id, consumer) VALUES (%s, %s, %s) "
            "ON CONFLICT (event_id, consumer) DO NOTHING",
            (event.organisation_id, event.pk, consumer),
        )
        return bool(cursor.rowcount)


def _close(event: Event, failed: str) -> None:
    now = timezone.now()
    event.attempts += 1
    event.last_error = failed[:300]
    if not failed:
        event.dispatch, event.dispatched_at = Event.Dispatch.DONE, now
    elif event.attempts >= MAX_ATTEMPTS:
        event.dispatch = Event.Dispatch.DEAD
    else:
        event.next_at = now + backoff(event.attempts)
    event.save(update_fields=["attempts", "last_error", "dispatch", "dispatched_at", "next_at"])


def backoff(attempt: int, *, base: float = 5.0, cap: float = 3600.0) -> dt.timedelta:
    """Exponential delay with full jitter: between half and all of ``base * 4^(attempt-1)`` seconds (R19)."""
    ceiling = min(cap, base * 4 ** max(attempt - 1, 0))
    # Jitter only spreads load; it guards nothing.
    return dt.timedelta(seconds=ceiling / 2 + random.random() * ceiling / 2)  # noqa: S311 - not a secret


def history(*, request_id: uuid.UUID) -> models.QuerySet[Event]:
    """Everything that happened to a service request, oldest first."""
    return Event.objects.filter(request_id=request_id).order_by("act_at", "pk")
