"""Why a day of a regular request was left out or could not be booked, worded for whoever reads it."""

from __future__ import annotations

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bookings.enums import OccurrenceStatus
from bookings.models import Occurrence
from concierge.errors import DomainError

LEFT_OUT_BECAUSE: dict[str, str | Promise] = {
    "as_before": _("Takes place as before: it could no longer be changed."),
    "cancelled": _("This request was cancelled."),
    "closed_day": _("The site is closed that day."),
    "declined": _("We are sorry: we could not take this request."),
    "ended": _("The regular request has ended"),
    "not_handed_out": _("The plan has changed: nothing is handed out that day."),
    "paused": _("Paused"),
    "skipped": _("Left out on request"),
}


def fail_day(one: Occurrence, refusal: DomainError) -> None:
    """Not saved yet. A refusal names amounts and days of its moment, which its code does not know: its words are kept,
    in every language that somebody may read them in."""
    one.status, one.reason_code, one.reason = OccurrenceStatus.FAILED, refusal.code, ""
    one.refusal = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            one.refusal[language] = str(refusal.message)


def reason_words(one: Occurrence) -> str:
    """In the language of the reader. Days of before have it in the one language it was written in."""
    if one.status == OccurrenceStatus.FAILED:
        return str(one.refusal.get(translation.get_language(), one.reason))
    return str(LEFT_OUT_BECAUSE.get(one.reason_code, one.reason))


def cancelled_because(said: str) -> str:
    """Why a request was cancelled: a code of its day, or what somebody typed."""
    return str(LEFT_OUT_BECAUSE.get(said, said))
