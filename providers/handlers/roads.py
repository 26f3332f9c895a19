"""Roads are measured before somebody searches, as far as that can be."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.db import transaction

from concierge import events
from concierge.models import Event
from concierge.tasks import poke
from providers.tasks import measure_ways


@events.subscribe("work_order.ready", "provider.approved", "agreement.signed")
def measure_what_is_new(event: Event) -> None:
    """A place or a business that no road was measured for. A search that has begun goes on by estimates, its next wave
    by roads."""
    if settings.ROUTER_URL:
        transaction.on_commit(partial(poke, measure_ways, event.organisation_id), robust=True)
