"""A provider that only a certificate keeps from being asked is told so: nobody else would (domain.md R32)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from bookings.models import WorkOrder
from concierge import events
from concierge.tenancy import Actor
from providers.actions.file_moves import lock_provider
from providers.actions.invitations import open_door
from providers.enums import Obstacle
from providers.models import ConsideredProvider, Provider
from providers.rules import papers
from providers.rules.candidates import Candidate
from providers.rules.matching import obstacle
from providers.rules.terms import MatchingTerms

# Nobody is told of the same paper more often.
REST = dt.timedelta(days=30)


def ask_for_certificates(work_order: WorkOrder, *, by: Actor) -> int:
    """Tell whom a search left out for nothing but a missing vigilance certificate; returns how many."""
    now = timezone.now()
    rested = Q(provider__paper_asked_at__isnull=True) | Q(provider__paper_asked_at__lt=now - REST)
    left_out = ConsideredProvider.objects.filter(rested, provider__is_active=True, rule=Obstacle.DOCUMENT_MISSING)
    lines = left_out.filter(round__work_order=work_order).exclude(facts={}).select_related("round", "provider")
    found = {line.provider_id: line.provider for line in lines.order_by("pk") if _only_lacks_vigilance(line)}
    return sum(_ask(found[key], now, by) for key in sorted(found))


def _only_lacks_vigilance(line: ConsideredProvider) -> bool:
    candidate = Candidate.from_facts(line.provider_id, line.facts)
    lacks = [kind for kind in candidate.required if kind not in candidate.documents]
    terms = MatchingTerms.from_data(line.round.judged_by)
    return lacks == [papers.VIGILANCE] and obstacle(replace(candidate, required=papers.ALWAYS), terms) is None


@transaction.atomic
def _ask(provider: Provider, now: dt.datetime, by: Actor) -> bool:
    locked = lock_provider(provider)
    if locked.paper_asked_at is not None and locked.paper_asked_at > now - REST:
        return False
    locked.paper_asked_at = now
    locked.save(update_fields=["paper_asked_at"])
    open_door(locked)
    events.record("provider.document_needed", locked, by=by, kind=papers.VIGILANCE)
    return True
