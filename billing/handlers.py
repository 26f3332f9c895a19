"""What billing does when something happened."""

from __future__ import annotations

from functools import partial

from django.db import transaction

from billing.models import Invoice
from billing.tasks import render_document
from concierge import events
from concierge.models import Event
from concierge.tasks import poke


@events.subscribe("invoice.issued")
def draw_the_pdf(event: Event) -> None:
    """Ask a worker to draw a new document once this transaction is over; the minute sweep does it otherwise."""
    invoice = Invoice.objects.get(public_id=event.subject_id)
    transaction.on_commit(partial(poke, render_document, invoice.organisation_id, invoice.pk), robust=True)
