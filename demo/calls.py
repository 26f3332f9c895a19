"""Providers whom somebody has to call: one wrote something else than yes or no, one did not pick up."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from demo.setup import House
from providers.actions.calls import note_nobody_there
from providers.actions.contacts import ask_to_call
from providers.enums import OfferStatus
from providers.models import Offer

SOON = dt.timedelta(minutes=45)


def leave_calls_to_make(house: House) -> None:
    """Two of the questions that wait for an answer. Needs the tenant."""
    now = timezone.now()
    waiting = Offer.objects.with_need().filter(status=OfferStatus.SENT, due_at__gt=now + 2 * SOON).order_by("-pk")[:2]
    for offer, is_written in zip(waiting, (True, False), strict=False):
        if is_written:
            ask_to_call(offer, note="Oui mais pas avant jeudi, ça va ?", by=house.by)
        else:
            note_nobody_there(offer, call_again_at=now + SOON, by=house.by)
