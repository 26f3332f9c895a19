"""The kernel's Celery tasks: dispatch of events, sweep of deadlines. Thin, ids only, safe twice."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import structlog
from celery import Task, shared_task
from django.core.cache import cache
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerDown
from redis.exceptions import RedisError

from concierge import deadlines, events, retention, tenancy
from concierge.models import Heartbeat, Organisation

log = structlog.get_logger(__name__)

# Seconds after which a call for the dispatcher counts as lost, and the next event calls again.
CALL_AGAIN = 5


def poke(task: Task[Any, Any], *args: Any) -> None:
    """Ask a worker to hurry. When the broker is down the minute sweep does it instead (R14, R15)."""
    try:
        task.apply_async(args=args, retry=False, ignore_result=True)
    except (BrokerDown, OSError) as error:
        log.warning("broker_down", task=task.name, error=type(error).__name__)


def call_dispatcher(organisation_id: int) -> None:
    """Have a worker handle an organisation's events, unless one was called and has not begun: it will see these too."""
    try:
        if not cache.add(_called(organisation_id), 1, timeout=CALL_AGAIN):
            return
    except RedisError as error:
        log.warning("cache_down", error=type(error).__name__)
    poke(dispatch_events, organisation_id)


def _called(organisation_id: int) -> str:
    return f"dispatcher_called_{organisation_id}"


def organisation_ids(*, with_sandboxes: bool = True) -> list[int]:
    """Every tenant, for sweeps; without sandboxes, for what leaves the house or is read by its people."""
    found = Organisation.objects.all() if with_sandboxes else Organisation.objects.real()
    return list(found.order_by("pk").values_list("pk", flat=True))


def beat_seen(name: str) -> None:
    """Note that a sweep ended now, for ``/readyz``."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": timezone.now()})


@shared_task(name="concierge.dispatch_events")
def dispatch_events(organisation_id: int) -> None:
    """Handle the pending events of one organisation. Whoever records one from now on calls again."""
    with suppress(RedisError):
        cache.delete(_called(organisation_id))
    with tenancy.working_for(organisation_id):
        if events.dispatch(organisation_id) >= events.BATCH:
            call_dispatcher(organisation_id)


def sweep() -> bool:
    """Fire due deadlines and handle events whose wake-up call was lost. ``run_sweeper`` calls it, without a broker.

    Returns whether there is more to do at once: each organisation gets its turn, however much another one has.
    """
    more = False
    for organisation_id in organisation_ids():
        with tenancy.working_for(organisation_id):
            more |= deadlines.sweep(organisation_id) >= deadlines.LIMIT
            more |= events.dispatch(organisation_id) >= events.BATCH
    beat_seen("sweep")
    return more


@shared_task(name="concierge.purge")
def purge() -> None:
    """Every night: one task per organisation; a lost one is made up for the next night (P04)."""
    for organisation_id in organisation_ids():
        poke(purge_organisation, organisation_id)
    log.info("purged", sessions=retention.purge_sessions())
    beat_seen("purge")


@shared_task(name="concierge.purge_organisation")
def purge_organisation(organisation_id: int) -> None:
    """Delete what has had its day in one organisation."""
    with tenancy.working_for(organisation_id):
        log.info("purged", organisation_id=organisation_id, **retention.purge())
