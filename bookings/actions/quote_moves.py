"""What the verbs on quotes share: the order of locks, the two transition tables, refusals.

Lock order everywhere: the work orders of a request, then the request, then its quotes by key.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from bookings.enums import QUOTE_TRANSITIONS, REQUEST_TRANSITIONS, QuoteStatus, RequestStatus
from bookings.models import Quote, ServiceRequest
from concierge import events
from concierge.errors import Conflict, DomainError, WrongState
from concierge.tenancy import Actor

# The request is under way on an accepted quote: a further version is an amendment.
UNDER_WAY = (RequestStatus.CONFIRMED, RequestStatus.IN_PROGRESS)


class QuoteExpired(DomainError):
    """Too late to accept."""

    code, status = "quote_expired", 409
    message = _("This quote is no longer valid. Ask us to renew it: one press is enough.")


class QuoteReplaced(DomainError):
    """A newer version was sent, or the reader saw something else than what is offered."""

    code, status = "quote_replaced", 409
    message = _("This quote has changed since you opened it. Please read the new version, then answer.")


class QuoteAnswered(WrongState):
    """It was answered in another way before."""

    code = "quote_already_answered"
    message = _("This quote has already been answered.")


class QuoteWithdrawn(WrongState):
    """We took it back."""

    code = "quote_withdrawn"
    message = _("We have withdrawn this quote. Please call us, or wait for the next one.")


class QuoteDoubtful(DomainError):
    """Something that it counts on no longer holds."""

    code, status = "quote_doubtful", 409
    message = _(
        "We have to look at one price of this quote again before you can accept it. Nothing is ordered yet. We send "
        "you a new version; if you are in a hurry, please call us."
    )


class QuoteNotReady(DomainError):
    """Something is missing before it may be sent."""

    code, status = "quote_not_ready", 422
    message = _("Complete the quote before you send it.")


class QuoteEdited(Conflict):
    """Somebody else saved this draft in the meantime (R44)."""

    code = "quote_edited"
    message = _(
        "Somebody else has changed this draft since you opened it. What you typed is kept below and is not saved yet: "
        "save again to replace their version, or open theirs in another window first."
    )


REFUSALS: dict[str, type[DomainError]] = {
    QuoteStatus.EXPIRED: QuoteExpired,
    QuoteStatus.WITHDRAWN: QuoteWithdrawn,
    QuoteStatus.SUPERSEDED: QuoteReplaced,
    QuoteStatus.ACCEPTED: QuoteAnswered,
    QuoteStatus.DECLINED: QuoteAnswered,
    QuoteStatus.CHANGES_REQUESTED: QuoteAnswered,
}


def lock_request(request: ServiceRequest) -> ServiceRequest:
    """Re-read a request under its row lock: whoever touches its quotes waits here for the others."""
    found = ServiceRequest.objects.select_for_update(of=("self",), no_key=True).select_related("site__organisation")
    return found.get(pk=request.pk)


def lock_quote(quote: Quote) -> Quote:
    """Re-read a quote under its row lock; its request must be locked already."""
    return (
        Quote.objects.select_for_update(of=("self",), no_key=True)
        .select_related("request__site__organisation")
        .get(pk=quote.pk)
    )


def step(locked: ServiceRequest, verb: str) -> None:
    """Move a locked request along its table, and save. Raises ``WrongState``."""
    allowed_from, target = REQUEST_TRANSITIONS[verb]
    if locked.status not in allowed_from:
        raise WrongState(current_status=locked.status)
    locked.status = target
    locked.version += 1
    locked.save(update_fields=["status", "version"])


def move(quote: Quote, verb: str, *fields: str) -> None:
    """Move a locked quote along its table, and save it with ``fields``. Raises what its present state means."""
    allowed_from, target = QUOTE_TRANSITIONS[verb]
    if quote.status not in allowed_from:
        raise REFUSALS.get(quote.status, WrongState)(current_status=quote.status)
    quote.status = target
    quote.edits += 1
    quote.save(update_fields=["status", "edits", *fields])


def take_amendments_back(request: ServiceRequest, *, by: Actor) -> None:
    """The work is finished: what was offered to change of it is no offer any more. The request is locked already."""
    for quote in Quote.objects.filter(request=request, status=QuoteStatus.SENT).order_by("pk"):
        locked = lock_quote(quote)
        move(locked, "withdraw")
        say(locked, "withdrawn", by, reason="")


def say(quote: Quote, name: str, by: Actor, **data: Any) -> None:
    """Record what happened to a quote, in the history of its request."""
    events.record(
        f"quote.{name}",
        quote,
        by=by,
        request_id=quote.request.public_id,
        quote=quote.title,
        version=quote.version,
        **data,
    )
