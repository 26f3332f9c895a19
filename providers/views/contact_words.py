"""How a provider was reached, in plain words."""

from __future__ import annotations

from typing import Any

from concierge.words import short_moment_words
from providers.enums import ContactStatus, OfferStatus
from providers.models import Offer, OfferContact


def contact_words(contact: OfferContact, offer: Offer) -> dict[str, Any]:
    """One attempt: by what, what became of it, when. What is still to be made for an offer that is over is not."""
    is_moot = contact.status == ContactStatus.DUE and offer.status != OfferStatus.SENT
    moment = contact.ended_at or contact.due_at
    return {
        "channel": contact.get_channel_display(),
        "status": ContactStatus.SKIPPED.label if is_moot else contact.get_status_display(),
        "trouble": contact.get_trouble_display(),
        "when": "" if is_moot else short_moment_words(moment, offer.work_order.site),
        "by": contact.made_by,
    }
