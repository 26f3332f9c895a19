"""The PDF of a quote: claimed, kept once and for all, or tried again later."""

from __future__ import annotations

import datetime as dt
import hashlib

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.actions.quote_moves import say
from bookings.models import Quote, QuoteDocument
from concierge.errors import DomainError
from concierge.events import backoff
from concierge.tenancy import Actor

# How long a document is left to whoever draws it now: longer than a task may last.
DRAWING = dt.timedelta(minutes=3)


class QuoteNotDrawn(DomainError):
    """The PDF is still being drawn."""

    code, status = "document_not_ready", 409
    message = _("The PDF is still being prepared. Please come back in a minute.")


def kept_quote(quote: Quote) -> QuoteDocument:
    """The PDF as it was accepted, else as it was sent. Raises ``QuoteNotDrawn``."""
    found = quote.documents.exclude(sha256="").order_by("-is_acceptance").first()
    if found is None:
        raise QuoteNotDrawn
    return found


@transaction.atomic
def claim_quote_drawing(organisation_id: int) -> int | None:
    """Key of the next document to draw, left to the caller for a while; ``None`` when none waits (R18)."""
    now = timezone.now()
    waiting = QuoteDocument.objects.filter(organisation_id=organisation_id).waiting(now)
    found = waiting.select_for_update(of=("self",), skip_locked=True, no_key=True).order_by("next_at", "pk").first()
    if found is None:
        return None
    found.next_at = now + DRAWING
    found.save(update_fields=["next_at"])
    return found.pk


@transaction.atomic
def store_quote_pdf(document: QuoteDocument, content: bytes, *, by: Actor) -> QuoteDocument:
    """Keep the bytes once and for all. Stored already: the first bytes stay (safe to run twice)."""
    locked = (
        QuoteDocument.objects.select_for_update(of=("self",), no_key=True)
        .select_related("quote__request")
        .get(pk=document.pk)
    )
    if locked.sha256:
        return locked
    locked.content, locked.sha256 = content, hashlib.sha256(content).hexdigest()
    locked.last_error = ""
    locked.save(update_fields=["content", "sha256", "last_error"])
    say(locked.quote, "countersigned" if locked.is_acceptance else "rendered", by)
    return locked


@transaction.atomic
def note_drawing_failure(document: QuoteDocument, reason: str) -> None:
    """The renderer failed: shown to the desk, and tried again later and later."""
    locked = QuoteDocument.objects.select_for_update(of=("self",), no_key=True).get(pk=document.pk)
    if locked.sha256:
        return
    locked.attempts += 1
    locked.last_error = reason[:300]
    locked.next_at = timezone.now() + backoff(locked.attempts, base=30)
    locked.save(update_fields=["attempts", "last_error", "next_at"])
