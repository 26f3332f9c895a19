"""Watches over how the work of each service is shared (domain.md R34)."""

from __future__ import annotations

from collections import defaultdict

from django.db import transaction
from django.utils import timezone

from concierge import events
from concierge.days import today_of
from concierge.models import Organisation
from concierge.tenancy import Actor
from providers.actions.matching import RECENT
from providers.models import Offer, ShareAlarm
from providers.rules.fairness import Concentration, concentrated


def shares(organisation: Organisation) -> dict[int, Concentration]:
    """Services, by key, of which one business took too much in the last thirty days."""
    taken: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    found = Offer.objects.binding().filter(organisation=organisation, answered_at__gte=timezone.now() - RECENT)
    for service, provider in found.order_by("pk").values_list("work_order__service_id", "provider_id"):
        taken[service][provider] += 1
    alarms = {service: concentrated(jobs) for service, jobs in taken.items()}
    return {service: alarm for service, alarm in alarms.items() if alarm is not None}


@transaction.atomic
def watch_shares(organisation: Organisation, *, by: Actor) -> list[ShareAlarm]:
    """Note what is too concentrated, once per service and month; returns what is new. Safe for two at once."""
    month, raised = today_of(organisation).replace(day=1), []
    for service, alarm in sorted(shares(organisation).items()):
        row, is_new = ShareAlarm.objects.get_or_create(
            organisation=organisation,
            service_id=service,
            month=month,
            defaults={"provider_id": alarm.provider, "jobs": alarm.jobs, "of_all": alarm.of_all},
        )
        if is_new:
            raised.append(row)
            events.record(
                "provider_share.concentrated",
                row,
                by=by,
                service=row.service.code,
                provider=str(row.provider.public_id),
                jobs=alarm.jobs,
                of_all=alarm.of_all,
            )
    return raised
