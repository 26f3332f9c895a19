"""What bookings do when something happened."""

from __future__ import annotations

from functools import partial

from django.db import transaction

from bookings.actions import hand_outs
from bookings.models import PreOrder, QuoteDocument
from bookings.tasks import render_quote
from concierge import events
from concierge.models import Event, Organisation
from concierge.tasks import poke
from concierge.tenancy import system_actor


@events.subscribe("quote.sent", "quote.accepted")
def draw_the_quote(event: Event) -> None:
    """Ask a worker to draw the PDF once this transaction is over; the minute sweep does it otherwise."""
    found = QuoteDocument.objects.filter(quote__public_id=event.subject_id, sha256="").order_by("pk")
    for document in found:
        transaction.on_commit(partial(poke, render_quote, event.organisation_id, document.pk), robust=True)


@events.subscribe("service_request.resumed")
def take_up_its_hand_out(event: Event) -> None:
    """What stood still at its hand-out goes on from there."""
    for pre_order in PreOrder.objects.filter(request__public_id=event.subject_id).order_by("pk"):
        by = system_actor(Organisation.objects.get(pk=event.organisation_id))
        hand_outs.take_up_again(pre_order, by=by)
