"""Celery tasks of providers: thin, ids only, safe twice."""

from __future__ import annotations

from itertools import islice

import structlog
from celery import shared_task
from django.db.models.functions import Now
from django.utils import timezone

from concierge import tenancy
from concierge.errors import FAULTS
from concierge.models import Organisation
from concierge.tasks import beat_seen, organisation_ids
from providers.actions.planning import LONGEST, fail_plan, gather, propose
from providers.actions.reach import reconcile_reach
from providers.actions.roads import keep_ways, unmeasured
from providers.actions.sandbox import drop_if_unused, old_sandboxes
from providers.actions.shares import watch_shares
from providers.enums import RunStatus
from providers.gateways import roads
from providers.gateways.flow import PlanFailed, cheapest_plan
from providers.models import AssignmentRun

log = structlog.get_logger(__name__)

# Plans of one organisation in one go, so that the next organisation has its turn within the task's time.
PLANS = 3
# Questions to the router likewise.
ROADS = 10


@shared_task(name="providers.plan_days")
def plan_days() -> None:
    """Work out the plans that were asked for; every minute too, for those whose wake-up call was lost."""
    for organisation_id in organisation_ids():
        with tenancy.working_for(organisation_id):
            found = AssignmentRun.objects.filter(status=RunStatus.COMPUTING).select_related("site", "organisation")
            for run in found.filter(created_at__lt=Now() - LONGEST).order_by("pk"):
                fail_plan(run, "lost", by=tenancy.system_actor(run.organisation))
            for run in found.order_by("pk")[:PLANS]:
                _plan_or_fail(run)
    beat_seen("plan-days")


def _plan_or_fail(run: AssignmentRun) -> None:
    """A fault of ours in one plan: it is said on its page, and the others are worked out."""
    try:
        plan_day(run)
    except FAULTS as fault:
        log.exception("plan_not_made", organisation_id=run.organisation_id, run_id=run.pk)
        fail_plan(run, type(fault).__name__, by=tenancy.system_actor(run.organisation))


def plan_day(run: AssignmentRun) -> AssignmentRun:
    """One plan: read, solved by another process, proven, kept."""
    by = tenancy.system_actor(run.organisation)
    gathered = gather(run)
    try:
        plan = cheapest_plan(gathered.load)
    except PlanFailed as failure:
        log.warning("plan_failed", organisation_id=run.organisation_id, run_id=run.pk, reason=failure.reason)
        return fail_plan(run, failure.reason, by=by)
    return propose(run, gathered, plan, by=by)


@shared_task(name="providers.watch_shares")
def watch_everybody() -> None:
    """Every night: heads are told where too much of a service lies with one business."""
    for organisation_id in organisation_ids(with_sandboxes=False):
        with tenancy.working_for(organisation_id):
            organisation = Organisation.objects.get(pk=organisation_id)
            watch_shares(organisation, by=tenancy.system_actor(organisation))
    beat_seen("watch-shares")


@shared_task(name="providers.reconcile_reach")
def reconcile_everybody() -> None:
    """Every night: what the index knows of providers is what their rows say. A difference is a fault of ours."""
    for organisation_id in organisation_ids():
        with tenancy.working_for(organisation_id):
            wrong = reconcile_reach(Organisation.objects.get(pk=organisation_id))
        if wrong:
            log.error("reach_was_wrong", organisation_id=organisation_id, providers=wrong)
    beat_seen("reconcile-reach")


@shared_task(name="providers.measure_ways")
def measure_ways(organisation_id: int) -> None:
    """Have the roads measured that a search of one organisation will ask for, as many as one go takes."""
    if not roads.is_asked():
        return
    with tenancy.working_for(organisation_id):
        organisation = Organisation.objects.get(pk=organisation_id)
        for asked in islice(unmeasured(organisation, many=roads.MOST_AT_ONCE), ROADS):
            found = roads.measure(asked.mode, asked.starts, asked.goal)
            if found is None:
                return
            keep_ways(asked, found)


@shared_task(name="providers.measure_all_ways")
def measure_everybody() -> None:
    """Every five minutes: new places, new providers, roads that were measured long ago; the rest goes next time."""
    for organisation_id in organisation_ids():
        measure_ways(organisation_id)
    beat_seen("measure-ways")


@shared_task(name="providers.drop_sandboxes")
def drop_sandboxes() -> None:
    """Every night: simulated concierges that nobody has called for a long time go, with everything in them."""
    dropped, now = 0, timezone.now()
    for sandbox in old_sandboxes(now):
        try:
            dropped += drop_if_unused(sandbox, now)
        except FAULTS:
            log.exception("sandbox_not_dropped", organisation_id=sandbox.pk)
    log.info("sandboxes_dropped", count=dropped)
    beat_seen("drop-sandboxes")
