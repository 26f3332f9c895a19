"""How a provider was reached, in plain words."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.formats import date_format

from concierge.days import HOME_ZONE
from concierge.models import Organisation
from concierge.words import short_moment_words
from providers.enums import ContactChannel, ContactStatus, OfferStatus
from providers.models import ChannelState, Offer, OfferContact


def contact_words(contact: OfferContact, offer: Offer) -> dict[str, Any]:
    """One attempt: by what, what became of it, when. What is still to be made for an offer that is over is not."""
    is_moot = contact.status == ContactStatus.DUE and offer.status != OfferStatus.SENT
    never_made = is_moot or contact.status == ContactStatus.SKIPPED
    moment = contact.ended_at or contact.due_at
    return {
        "channel": contact.get_channel_display(),
        "status": ContactStatus.SKIPPED.label if is_moot else contact.get_status_display(),
        "trouble": contact.get_trouble_display(),
        "when": "" if never_made else short_moment_words(moment, offer.work_order.site),
        "by": contact.made_by,
    }


def failing_words(organisation: Organisation) -> list[dict[str, str]]:
    """Ways by which nothing leaves at present, and since when."""
    found = ChannelState.objects.filter(organisation=organisation, target="", paused_until__gt=timezone.now())
    return [
        {
            "channel": str(ContactChannel(one.channel).label),
            "since": date_format(timezone.localtime(one.failing_since, HOME_ZONE), "SHORT_DATETIME_FORMAT"),
            "why": one.last_error,
        }
        for one in found.order_by("channel")
        if one.failing_since is not None
    ]
