"""A provider that only a certificate keeps from being asked is told so: nobody else would (domain.md R32)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from bookings.models import WorkOrder
from concierge import events
from concierge.days import today_of
from concierge.tenancy import Actor
from providers.actions.file_moves import lock_provider
from providers.actions.matching import consider_providers, policy_for
from providers.enums import Obstacle
from providers.models import ConsideredProvider, Provider
from providers.rules import papers
from providers.rules.matching import Candidate, obstacle

# Nobody is told of the same paper more often.
REST = dt.timedelta(days=30)


def ask_for_certificates(work_order: WorkOrder, *, by: Actor) -> int:
    """Tell whom the last search left out for nothing but a missing vigilance certificate; returns how many."""
    now = timezone.now()
    rested = Q(paper_asked_at__isnull=True) | Q(paper_asked_at__lt=now - REST)
    left_out = ConsideredProvider.objects.filter(
        round__work_order=work_order, is_kept=False, rule=Obstacle.DOCUMENT_MISSING
    )
    keys = set(
        Provider.objects.active().filter(rested, pk__in=left_out.values("provider")).values_list("pk", flat=True)
    )
    if not keys:
        return 0
    today = today_of(work_order.organisation)
    found = consider_providers(work_order, policy_for(work_order))
    candidates = [verdict.candidate for verdict in found.verdicts if verdict.candidate.key in keys]
    wanted = [one.key for one in candidates if _only_lacks_vigilance(one, today)]
    return sum(_ask(found.providers[key], now, by) for key in sorted(wanted))


def _only_lacks_vigilance(candidate: Candidate, today: dt.date) -> bool:
    lacks = [kind for kind in candidate.required if kind not in candidate.documents]
    return lacks == [papers.VIGILANCE] and obstacle(replace(candidate, required=papers.ALWAYS), today=today) is None


@transaction.atomic
def _ask(provider: Provider, now: dt.datetime, by: Actor) -> bool:
    locked = lock_provider(provider)
    if locked.paper_asked_at is not None and locked.paper_asked_at > now - REST:
        return False
    locked.paper_asked_at = now
    locked.save(update_fields=["paper_asked_at"])
    events.record("provider.document_needed", locked, by=by, kind=papers.VIGILANCE)
    return True
