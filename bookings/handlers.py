"""What bookings do when something happened."""

from __future__ import annotations

from functools import partial

from django.db import transaction

from bookings.models import QuoteDocument
from bookings.tasks import render_quote
from concierge import events
from concierge.models import Event
from concierge.tasks import poke


@events.subscribe("quote.sent", "quote.accepted")
def draw_the_quote(event: Event) -> None:
    """Ask a worker to draw the PDF once this transaction is over; the minute sweep does it otherwise."""
    found = QuoteDocument.objects.filter(quote__public_id=event.subject_id, sha256="").order_by("pk")
    for document in found:
        transaction.on_commit(partial(poke, render_quote, event.organisation_id, document.pk), robust=True)
