"""Plain words about the clock of an offer."""

from __future__ import annotations

from typing import Any

from concierge.words import moment_words
from providers.actions.matching import policy_for
from providers.enums import PauseReason
from providers.forms.clocks import ResumeForm
from providers.models import Offer, OfferPause
from providers.views.words import left_words


def clock_of(offer: Offer) -> dict[str, Any]:
    """For its provider: whether time passes, and how much more may be had in one tap."""
    pause, policy = OfferPause.objects.going_on().filter(offer=offer).first(), policy_for(offer.work_order)
    answered = offer.pauses.exclude(answer="").order_by("-pk").first()
    start = offer.due_at
    return {
        "pause": pause,
        "is_held": is_held(pause),
        "until": moment_words(pause.until, offer.work_order.site) if pause is not None else "",
        "is_given": offer.extensions < policy.most_extensions,
        "is_asked": offer.extension_asked_at is not None,
        "more": left_words(start + policy.extension, start),
        "answer": answered.answer if answered is not None else "",
        "question": answered.note if answered is not None else "",
    }


def is_held(pause: OfferPause | None) -> bool:
    """Whether it ends with the pause of its request only."""
    return pause is not None and pause.reason == PauseReason.REQUEST_ON_HOLD


def stopped_words(offer: Offer, form: ResumeForm | None = None) -> dict[str, Any] | None:
    """For the team: what a provider waits for, or asks; nothing when it does neither. Needs its pauses at hand."""
    pause = next((one for one in offer.pauses.all() if one.ended_at is None), None)
    if pause is None and offer.extension_asked_at is None:
        return None
    return {
        "offer": offer,
        "pause": pause,
        "is_held": is_held(pause),
        "until": moment_words(pause.until, offer.work_order.site) if pause is not None else "",
        "due": moment_words(offer.due_at, offer.work_order.site),
        "form": form or ResumeForm(auto_id=f"resume-{offer.public_id}-%s"),
    }
