"""What becomes of a quote that was sent: accepted, declined, to be changed, expired (lifecycles.md 2.2)."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.actions.quote_moves import (
    REFUSALS,
    UNDER_WAY,
    QuoteAnswered,
    QuoteDoubtful,
    QuoteExpired,
    QuoteReplaced,
    lock_quote,
    lock_request,
    move,
    say,
    step,
)
from bookings.actions.quote_origins import check_sources
from bookings.actions.quote_work import amend_order, fill_order
from bookings.actions.quotes import EXPIRY, REMINDER, draft_quote
from bookings.actions.requests import lock_work_of
from bookings.enums import REQUEST_TRANSITIONS, QuoteStatus, RequestStatus
from bookings.models import Quote, QuoteDocument, QuoteOption
from concierge import deadlines, events, retention
from concierge.db import refuse_on
from concierge.errors import DomainError, Invalid, WrongState
from concierge.models import Deadline
from concierge.tenancy import Actor, system_actor

# Of what is finished nothing is amended any more; what stands still may be, when the client says yes.
STILL_AMENDED = frozenset({*UNDER_WAY, RequestStatus.ON_HOLD})


@dataclass(frozen=True)
class Acceptance:
    """What a person says when accepting: their name, what was on the screen, which option; and where they were."""

    name: str
    seal: str
    option: uuid.UUID | None = None
    ip: str | None = None


@transaction.atomic
def accept_quote(quote: Quote, acceptance: Acceptance, *, by: Actor) -> Quote:
    """``sent → accepted``: binding. The request is confirmed and gets lines and work; an amendment replaces both.

    The same acceptance twice is the same answer. Raises ``Invalid`` (400), ``QuoteExpired``, ``QuoteReplaced``,
    ``QuoteAnswered``, ``QuoteWithdrawn``, ``QuoteDoubtful``, ``WrongState`` (409).
    """
    name = " ".join(acceptance.name.split())[:160]
    if len(name) < 2:
        raise Invalid(_("Type your first and last name: it stands for your signature."), field="name")
    orders = lock_work_of(quote.request)
    request = lock_request(quote.request)
    locked = lock_quote(quote)
    option = _chosen(locked, acceptance.option)
    if locked.status == QuoteStatus.ACCEPTED:
        if locked.chosen_id == option.pk and locked.seal == acceptance.seal:
            return locked
        raise QuoteAnswered(current_status=locked.status)
    if locked.status != QuoteStatus.SENT:
        raise REFUSALS.get(locked.status, WrongState)(current_status=locked.status)
    if locked.seal != acceptance.seal:
        raise QuoteReplaced(seal=locked.seal)
    if locked.is_over(timezone.now()):
        raise QuoteExpired(expired_at=locked.expires_at)
    if locked.is_amendment and request.status not in STILL_AMENDED:
        raise WrongState(current_status=request.status)
    _check_prices(locked, option)
    binding = Quote.objects.filter(request=request, status=QuoteStatus.ACCEPTED).order_by("pk").first()
    if binding is not None:
        move(lock_quote(binding), "supersede")
    locked.answered_at, locked.answer_name = timezone.now(), name
    locked.answer_ip, locked.answer_channel, locked.chosen = acceptance.ip, by.channel, option
    with refuse_on("quote_binding_once_per_request", QuoteAnswered()):
        move(locked, "accept", "answered_at", "answer_name", "answer_ip", "answer_channel", "chosen")
    QuoteDocument.objects.create(
        organisation_id=locked.organisation_id, quote=locked, is_acceptance=True, next_at=timezone.now()
    )
    say(locked, "accepted", by, option=option.title, total=_total_of(locked, option.public_id))
    if locked.is_amendment:
        amend_order(request, locked, orders, by=by)
    else:
        step(request, "quote_accepted")
        events.record("service_request.confirmed", request, by=by, request_id=request.public_id, by_quote=True)
        fill_order(request, locked, by=by)
    return locked


def _check_prices(quote: Quote, option: QuoteOption) -> None:
    """What others ask for this work still holds. The client reads neither who they are nor why it does not."""
    try:
        check_sources(quote, option=option)
    except DomainError as error:
        raise QuoteDoubtful from error


@retention.forget("answer_ips", answer_ip=None)
def answered_long_ago(before: dt.datetime) -> QuerySet[Quote]:
    """From where a quote was accepted; name, moment, seal and document stay."""
    return Quote.objects.filter(answered_at__lt=before, answer_ip__isnull=False)


def _chosen(quote: Quote, wanted: uuid.UUID | None) -> QuoteOption:
    """The option named, or the only one. Raises ``Invalid`` when there is a choice to make."""
    options = list(quote.options.order_by("position"))
    if wanted is None and len(options) == 1:
        return options[0]
    for option in options:
        if option.public_id == wanted:
            return option
    raise Invalid(_("Choose one of the options."), field="option")


def _total_of(quote: Quote, option: uuid.UUID) -> str:
    return next(str(one["incl"]) for one in quote.content["options"] if one["id"] == str(option))


@transaction.atomic
def decline_quote(quote: Quote, *, reason: str = "", by: Actor) -> Quote:
    """``sent → declined``: the desk may write another, or end the request. Twice is the same answer."""
    return _say_no(quote, "decline", "declined", text=reason, by=by)


@transaction.atomic
def request_changes(quote: Quote, *, text: str, by: Actor) -> Quote:
    """``sent → changes_requested``: the client wants something else. Raises ``Invalid`` when it is not said what."""
    if not text.strip():
        raise Invalid(_("Tell us what should be different."), field="text")
    return _say_no(quote, "request_changes", "changes_requested", text=text, by=by)


def _say_no(quote: Quote, verb: str, past: str, *, text: str, by: Actor) -> Quote:
    request = lock_request(quote.request)
    locked = lock_quote(quote)
    text = text.strip()[:1000]
    if locked.status == past and locked.answer_text == text:
        return locked
    locked.answered_at, locked.answer_text, locked.answer_channel = timezone.now(), text, by.channel
    move(locked, verb, "answered_at", "answer_text", "answer_channel")
    if not locked.is_amendment:
        step(request, "quote_declined")
    say(locked, past, by)
    return locked


@transaction.atomic
def expire_quote(quote: Quote, *, by: Actor) -> bool:
    """Its time is over; ``False`` when it was answered in the meantime. An amendment leaves the request as it is."""
    request = lock_request(quote.request)
    locked = lock_quote(quote)
    if locked.status != QuoteStatus.SENT:
        return False
    move(locked, "expire")
    if not locked.is_amendment and request.status in REQUEST_TRANSITIONS["expire"][0]:
        step(request, "expire")
    say(locked, "expired", by)
    return True


@transaction.atomic
def remind_of_quote(quote: Quote, *, by: Actor) -> bool:
    """A word before the end; ``False`` once it was answered, or reminded of."""
    lock_request(quote.request)
    locked = lock_quote(quote)
    if locked.status != QuoteStatus.SENT or locked.reminded_at is not None or locked.is_over(timezone.now()):
        return False
    locked.reminded_at = timezone.now()
    locked.save(update_fields=["reminded_at"])
    say(locked, "reminded", by)
    return True


@transaction.atomic
def ask_for_renewal(quote: Quote, *, by: Actor) -> Quote:
    """The client still wants it after its time: the desk finds the next version drafted, with the same content.

    Asked twice: one draft. Raises ``WrongState`` unless it is the last version and has expired.
    """
    request = lock_request(quote.request)
    locked = lock_quote(quote)
    last = Quote.objects.filter(request=request).order_by("-version").first()
    if last is not None and last.status == QuoteStatus.DRAFT and last.replaces_id == locked.pk:
        return last
    if locked.status == QuoteStatus.SENT and locked.is_over(timezone.now()):
        expire_quote(locked, by=by)
        locked.refresh_from_db(fields=["status"])
    if locked.status != QuoteStatus.EXPIRED or last != locked or request.status == RequestStatus.CANCELLED:
        raise WrongState(current_status=locked.status)
    draft = draft_quote(request, by=by)
    say(locked, "renewal_asked", by)
    return draft


@deadlines.on(EXPIRY)
def _expiry_due(deadline: Deadline) -> None:
    quote = _of(deadline)
    if quote is not None and quote.is_over(timezone.now() + dt.timedelta(seconds=1)):
        expire_quote(quote, by=system_actor(quote.organisation))


@deadlines.on(REMINDER)
def _reminder_due(deadline: Deadline) -> None:
    quote = _of(deadline)
    if quote is not None:
        remind_of_quote(quote, by=system_actor(quote.organisation))


def _of(deadline: Deadline) -> Quote | None:
    return Quote.objects.select_related("request", "organisation").filter(pk=deadline.subject_id).first()
