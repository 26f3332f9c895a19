"""The end of a provider's papers: who is told when, as rows that wait (domain.md R32)."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from concierge import deadlines, events
from concierge.days import zone_of
from concierge.models import Deadline
from concierge.tenancy import system_actor
from providers.actions.file_moves import lock_provider
from providers.actions.invitations import open_door
from providers.models import Provider, ProviderDocument
from providers.rules import papers

EXPIRY = "document.expiry"
# The hour, on the clock of the organisation, at which somebody is told.
AT = dt.time(8)


def plan_expiry(provider: Provider, *kinds: str) -> None:
    """Set the next step of the latest paper of these kinds. Of an older one nobody is told any more."""
    zone, now = zone_of(provider.organisation), timezone.now()
    due = {}
    for document in latest_rows(provider).values():
        if document.kind in kinds and document.expires_on is not None:
            moments = (dt.datetime.combine(day, AT, tzinfo=zone) for day in papers.step_days(document.expires_on))
            if to_come := [moment for moment in moments if moment > now]:
                due[document.pk] = min(to_come)
    deadlines.set_deadlines(EXPIRY, organisation_id=provider.organisation_id, due_at=due)


def latest_rows(provider: Provider) -> dict[str, ProviderDocument]:
    """The latest paper of each kind: the one that counts."""
    latest: dict[str, ProviderDocument] = {}
    for row in ProviderDocument.objects.approved().filter(provider=provider):
        latest.setdefault(row.kind, row)
    return latest


@deadlines.on(EXPIRY)
def _step_due(deadline: Deadline) -> None:
    """Tell once, unless a newer paper is there; whoever adds one waits for this, or this for them."""
    asked = ProviderDocument.objects.select_related("provider").filter(pk=deadline.subject_id).first()
    if asked is None:
        return
    provider = lock_provider(asked.provider)
    document = next((row for row in latest_rows(provider).values() if row.pk == asked.pk), None)
    if document is None or document.expires_on is None:
        return
    plan_expiry(provider, document.kind)
    zone = zone_of(provider.organisation)
    is_step = deadline.due_at.astimezone(zone).date() in papers.step_days(document.expires_on)
    if not is_step or not provider.is_active:
        return
    left = (document.expires_on - timezone.localdate(timezone=zone)).days
    name = "provider.document_expiring" if left >= 0 else "provider.document_expired"
    by = system_actor(provider.organisation)
    open_door(provider)
    events.record(name, document, by=by, kind=document.kind, days=left, provider=str(provider.public_id))
