"""Tasks of the demand side: thin, ids only, safe twice."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from bookings.actions.silences import plan_digests
from concierge import tenancy
from concierge.tasks import organisation_ids


@shared_task(name="bookings.plan_digests")
def plan_all_digests() -> None:
    """Every night: set the next mail about silences of each site. Twice, or by two beats: the same rows."""
    for organisation_id in organisation_ids():
        with tenancy.working_for(organisation_id):
            plan_digests(timezone.now())
