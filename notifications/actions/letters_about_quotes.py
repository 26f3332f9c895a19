"""Letters about quotes: to whoever answers them, and to the desk that writes them."""

from __future__ import annotations

from dataclasses import replace

from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.enums import QuoteStatus, RequestStatus
from bookings.models import Quote, QuoteDocument, ServiceRequest
from concierge.words import date_words, euros
from notifications.actions.addresses import link
from notifications.actions.letters import Attachment, Facts, Note, NotNeeded, writes
from notifications.enums import Kind, RecipientKind, Unsent
from notifications.models import Message


def _quote(message: Message) -> Quote:
    found = Quote.objects.select_related("request__site", "chosen").filter(public_id=message.subject_id).first()
    if found is None:
        raise NotNeeded(Unsent.GONE)
    return found


def _facts(quote: Quote) -> Facts:
    facts = [(_("Quote"), quote.title), (_("Reference"), quote.request.reference)]
    options = quote.content.get("options", [])
    for option in options:
        label = option["title"] if len(options) > 1 and option["title"] else _("Total, VAT included")
        facts.append((label, euros(option["incl"])))
    return facts


def _to_client(quote: Quote, message: Message, *, subject: str, heading: str, facts: Facts, label: str) -> Note:
    return Note(
        subject=subject % {"number": quote.title},
        heading=heading,
        why=_("You receive this message because you asked us for a quote."),
        facts=facts,
        action_url=link(message.organisation, "bookings:quote-link", quote.request.tracking_token),
        action_label=label,
        words={"is_amendment": quote.is_amendment, "to_staff": False, "text": ""},
    )


def _to_staff(request: ServiceRequest, message: Message, *, subject: str, heading: str, facts: Facts) -> Note:
    return Note(
        subject=subject,
        heading=heading,
        why=_("You receive this message because of your role in the team."),
        facts=facts,
        action_url=link(message.organisation, "bookings:request", request.public_id),
        action_label=_("Open the request"),
        words={"to_staff": True, "is_amendment": False, "text": ""},
    )


def _pdf(quote: Quote, *, is_acceptance: bool) -> tuple[Attachment, ...]:
    """The PDF of that moment. Raises ``ObjectDoesNotExist`` while it is not drawn."""
    stored = QuoteDocument.objects.exclude(sha256="").get(quote=quote, is_acceptance=is_acceptance)
    return (Attachment(stored.file_name, bytes(stored.content), "application/pdf"),)


@writes(Kind.QUOTE_REQUESTED)
def requested(message: Message) -> Note:
    """A receipt for the client; for the desk, that somebody waits."""
    request = ServiceRequest.objects.select_related("site").filter(public_id=message.subject_id).first()
    if request is None:
        raise NotNeeded(Unsent.GONE)
    if request.status in {RequestStatus.CANCELLED, RequestStatus.DECLINED}:
        raise NotNeeded(Unsent.OUTDATED)
    services = ", ".join(wish.service.label for wish in request.wishes.select_related("service").order_by("position"))
    facts = [(_("Reference"), request.reference), (_("You asked for"), services)]
    if message.recipient_kind == RecipientKind.STAFF:
        return _to_staff(
            request,
            message,
            subject=_("A quote is asked for (%(reference)s)") % {"reference": request.reference},
            heading=_("A quote is asked for"),
            facts=[(_("Reference"), request.reference), (_("Service"), services), (_("Site"), request.site.name)],
        )
    return Note(
        subject=_("We have received your request %(reference)s") % {"reference": request.reference},
        heading=_("We have received your request"),
        why=_("You receive this message because you asked us for a quote."),
        facts=facts,
        action_url=link(message.organisation, "bookings:track", request.tracking_token),
        action_label=_("Follow my request"),
        words={"to_staff": False, "is_amendment": False, "text": ""},
    )


@writes(Kind.QUOTE_RENDERED)
def rendered(message: Message) -> Note:
    """The quote with its PDF. Not once it was answered, replaced or over."""
    quote = _quote(message)
    if quote.status != QuoteStatus.SENT or quote.is_over(timezone.now()):
        raise NotNeeded(Unsent.OUTDATED)
    note = _to_client(
        quote,
        message,
        subject=_("Your amended quote %(number)s") if quote.is_amendment else _("Your quote %(number)s"),
        heading=_("Your quote is ready"),
        facts=[*_facts(quote), (_("Valid until"), date_words(quote.valid_until, "DATE_FORMAT"))],
        label=_("Read and answer"),
    )
    return replace(note, attachments=_pdf(quote, is_acceptance=False))


@writes(Kind.QUOTE_REMINDED)
def reminded(message: Message) -> Note:
    """A few days are left."""
    quote = _quote(message)
    if quote.status != QuoteStatus.SENT or quote.is_over(timezone.now()):
        raise NotNeeded(Unsent.OUTDATED)
    return _to_client(
        quote,
        message,
        subject=_("Your quote %(number)s ends soon"),
        heading=_("Your quote ends soon"),
        facts=[*_facts(quote), (_("Valid until"), date_words(quote.valid_until, "DATE_FORMAT"))],
        label=_("Read and answer"),
    )


@writes(Kind.QUOTE_COUNTERSIGNED)
def countersigned(message: Message) -> Note:
    """What was agreed, to keep."""
    quote = _quote(message)
    note = _to_client(
        quote,
        message,
        subject=_("You have accepted the quote %(number)s"),
        heading=_("Thank you, we take it from here"),
        facts=_accepted_facts(quote),
        label=_("Open the quote"),
    )
    note.words["has_day"] = quote.starts_at is not None or quote.request.promised_start is not None
    return replace(note, attachments=_pdf(quote, is_acceptance=True))


def _accepted_facts(quote: Quote) -> Facts:
    facts = [(_("Quote"), quote.title), (_("Reference"), quote.request.reference)]
    chosen = str(quote.chosen.public_id) if quote.chosen else ""
    for option in quote.content["options"]:
        if option["id"] == chosen:
            if option["title"]:
                facts.append((_("Option"), option["title"]))
            facts.append((_("Total, VAT included"), euros(option["incl"])))
    return facts


@writes(Kind.QUOTE_WITHDRAWN)
def withdrawn(message: Message) -> Note:
    """It can no longer be accepted."""
    quote = _quote(message)
    return _to_client(
        quote,
        message,
        subject=_("We have withdrawn the quote %(number)s"),
        heading=_("We have withdrawn our quote"),
        facts=[(_("Quote"), quote.title), (_("Reference"), quote.request.reference)],
        label=_("Follow my request"),
    )


@writes(Kind.QUOTE_EXPIRED)
def expired(message: Message) -> Note:
    """Its time is over: renewing is one press. The desk reads that nobody answered."""
    quote = _quote(message)
    if quote.status != QuoteStatus.EXPIRED:
        raise NotNeeded(Unsent.OUTDATED)
    if message.recipient_kind == RecipientKind.STAFF:
        return _to_staff(
            quote.request,
            message,
            subject=_("The quote %(number)s has ended without an answer") % {"number": quote.title},
            heading=_("A quote has ended without an answer"),
            facts=_facts(quote),
        )
    return _to_client(
        quote,
        message,
        subject=_("Your quote %(number)s is no longer valid"),
        heading=_("Your quote is no longer valid"),
        facts=_facts(quote),
        label=_("Ask to renew it"),
    )


@writes(Kind.QUOTE_ACCEPTED, Kind.QUOTE_DECLINED, Kind.QUOTE_CHANGES, Kind.QUOTE_RENEWAL)
def answered(message: Message) -> Note:
    """The client has answered: the desk goes on."""
    quote = _quote(message)
    subject, heading = {
        Kind.QUOTE_ACCEPTED: (_("The quote %(number)s is accepted"), _("A quote is accepted")),
        Kind.QUOTE_DECLINED: (_("The quote %(number)s is declined"), _("A quote is declined")),
        Kind.QUOTE_CHANGES: (_("The client wants a change of the quote %(number)s"), _("The client wants a change")),
        Kind.QUOTE_RENEWAL: (_("The client wants the quote %(number)s renewed"), _("The client wants it renewed")),
    }[Kind(message.kind)]
    accepted = message.kind == Kind.QUOTE_ACCEPTED and quote.chosen is not None
    note = _to_staff(
        quote.request,
        message,
        subject=subject % {"number": quote.title},
        heading=heading,
        facts=_accepted_facts(quote) if accepted else _facts(quote),
    )
    note.words["text"] = "" if accepted else quote.answer_text
    note.words["needs_day"] = accepted and quote.request.promised_start is None
    return note
