"""Systems that asked for it are told what happened (lifecycles.md 2.12)."""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from bookings.enums import PerformerKind
from bookings.models import WorkOrder
from concierge.events import subscribe
from concierge.models import Event
from concierge.tasks import poke
from notifications.actions.webhooks import queue_news
from notifications.enums import Kind
from notifications.handlers.readers import business, heads, tell
from notifications.models import WebhookEndpoint
from notifications.rules.webhooks import TYPES
from notifications.tasks import deliver_webhooks
from providers.models import Offer


@subscribe(*TYPES)
def tell_the_systems(event: Event) -> None:
    """The organisation's own: everything they chose. A provider's: what is about its offers, and work that it holds."""
    found = WebhookEndpoint.objects.active().filter(organisation_id=event.organisation_id, types__contains=[event.name])
    # A repetition of a message is no news.
    if event.data.get("again") or not found.exists():
        return
    for endpoint in found.filter(Q(provider=None) | Q(provider_id=_whose(event), provider__is_active=True)):
        # Whoever is calling there now goes on with it.
        if queue_news(endpoint, event) is not None and not endpoint.is_busy_at(timezone.now()):
            call = partial(poke, deliver_webhooks, event.organisation_id, endpoint.pk)
            transaction.on_commit(call, robust=True)


def _whose(event: Event) -> int:
    """Key of the provider that it concerns; 0 for nobody's."""
    if event.name.startswith("offer."):
        return Offer.objects.filter(public_id=event.subject_id).values_list("provider_id", flat=True).first() or 0
    if event.name.startswith("work_order."):
        held = WorkOrder.objects.filter(public_id=event.subject_id, performer_kind=PerformerKind.PROVIDER)
        return held.values_list("performer_id", flat=True).first() or 0
    return 0


@subscribe("webhook_endpoint.disabled")
def tell_that_an_endpoint_is_disabled(event: Event) -> None:
    """Whoever did not disable it themself: the provider, else whoever runs the organisation."""
    if event.data.get("why") == "by_hand":
        return
    for endpoint in WebhookEndpoint.objects.filter(public_id=event.subject_id).select_related("provider"):
        readers = [business(endpoint.provider)] if endpoint.provider else heads(event.organisation_id)
        tell(event, readers, kind=Kind.WEBHOOK_DISABLED)
