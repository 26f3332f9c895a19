"""Celery tasks of providers: thin, ids only, safe twice."""

from __future__ import annotations

import structlog
from celery import shared_task

from concierge import tenancy
from concierge.models import Organisation
from concierge.tasks import beat_seen, organisation_ids
from providers.actions.reach import reconcile_reach

log = structlog.get_logger(__name__)


@shared_task(name="providers.reconcile_reach")
def reconcile_everybody() -> None:
    """Every night: what the index knows of providers is what their rows say. A difference is a fault of ours."""
    for organisation_id in organisation_ids():
        with tenancy.working_for(organisation_id):
            wrong = reconcile_reach(Organisation.objects.get(pk=organisation_id))
        if wrong:
            log.error("reach_was_wrong", organisation_id=organisation_id, providers=wrong)
    beat_seen("reconcile-reach")
