"""Letters to people who asked for a service, and to whoever pays: only when something changes for them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from billing.enums import DocumentKind
from billing.models import Invoice, StoredDocument
from bookings.actions.clients import CODE_MINUTES, verification_code
from bookings.enums import PerformerKind, Place, RequestStatus, WorkOrderStatus
from bookings.models import EmailVerification, RequestLine, ServiceRequest, WorkOrder
from bookings.models.appointments import calendar_file, entry_of
from concierge.words import date_words, euros, moment_words, quantity_words
from notifications.actions.addresses import link
from notifications.actions.letters import Attachment, Facts, Note, NotNeeded, address_of, ready_facts, writes
from notifications.actions.letters_ahead import window
from notifications.enums import Kind, RecipientKind, Unsent
from notifications.models import Message

OVER = (RequestStatus.CANCELLED, RequestStatus.DECLINED)


@writes(Kind.EMAIL_CODE)
def code(message: Message) -> Note:
    """The six digits, derived now and kept nowhere. Not after they expired, or once they were used."""
    verification = EmailVerification.objects.filter(public_id=message.subject_id).first()
    if verification is None:
        raise NotNeeded(Unsent.GONE)
    if verification.expires_at <= timezone.now() or verification.verified_at is not None:
        raise NotNeeded(Unsent.EXPIRED)
    return Note(
        subject=_("Your confirmation code"),
        heading=_("Your confirmation code"),
        why=_("You receive this message because somebody typed this address on our booking page."),
        words={"code": verification_code(verification), "minutes": CODE_MINUTES},
    )


def _request(message: Message) -> ServiceRequest:
    found = (
        ServiceRequest.objects.select_related("site", "prescriber__user")
        .prefetch_related("work_orders__service")
        .filter(public_id=message.subject_id)
        .first()
    )
    if found is None:
        raise NotNeeded(Unsent.GONE)
    return found


def _services(request: ServiceRequest) -> str:
    return ", ".join(dict.fromkeys(order.service.label for order in request.work_orders.order_by("pk")))


def _charged(request: ServiceRequest) -> list[RequestLine]:
    """What it costs, line by line: work that will not be done is not charged."""
    return [row for row in request.lines.select_related("work_order").order_by("position") if row.is_charged]


def _total(charged: list[RequestLine]) -> str:
    return euros(sum((row.total_incl_vat for row in charged), Decimal(0)))


def _recap(request: ServiceRequest) -> Facts:
    facts = [(_("Reference"), request.reference), (_("You asked for"), _services(request))]
    if request.prescriber is not None:
        facts = [
            (_("Reference"), request.reference),
            (_("Person"), request.contact_name),
            (_("Asked for by"), str(request.prescriber)),
            (_("Service"), _services(request)),
        ]
    charged = _charged(request)
    ahead = getattr(request, "pre_order", None)
    if ahead is not None:
        return [
            *facts,
            (_("Fetch it on"), window(ahead.run)),
            (_("Where"), address_of(request.site)),
            (_("You can change or cancel until"), moment_words(ahead.run.orders_close_at, request.site)),
            (_("Total, VAT included"), _total(charged)),
        ]
    if request.promised_start is not None:
        label = _("We come on") if request.place == Place.HOME else _("Bring it on")
        facts.append((label, moment_words(request.promised_start, request.site)))
    if request.place == Place.DESK:
        facts.append((_("Where"), address_of(request.meets_at)))
        if request.promised_end is not None:
            facts.append((_("Ready by"), moment_words(request.promised_end, request.site)))
    is_estimate = any(row.is_estimate for row in charged)
    label = _("Estimated total, VAT included") if is_estimate else _("Total, VAT included")
    facts.append((label, _total(charged)))
    return facts


def _about(request: ServiceRequest, message: Message, *, subject: str, heading: str, facts: Facts) -> Note:
    return Note(
        subject=subject % {"reference": request.reference},
        heading=heading,
        why=_("You receive this message because you asked us for a service."),
        facts=facts,
        action_url=link(message.organisation, "bookings:track", request.tracking_token),
        action_label=_("Follow my request"),
        words={"at_desk": request.place == Place.DESK, "pays": request.payer_account_id is None},
    )


@writes(Kind.REQUEST_CONFIRMED)
def confirmed(message: Message) -> Note:
    """The recap. Not when the request was cancelled before it left."""
    request = _request(message)
    if request.status in OVER:
        raise NotNeeded(Unsent.OUTDATED)
    note = _about(
        request,
        message,
        subject=_("Your request %(reference)s is confirmed"),
        heading=_("Your request is confirmed"),
        facts=_recap(request),
    )
    told = request.prescriber is not None and message.recipient_kind == RecipientKind.CLIENT
    note.words["by_prescriber"] = str(request.prescriber) if told else ""
    return replace(note, attachments=_calendar(request, note.action_url))


@writes(Kind.REQUEST_RESCHEDULED)
def rescheduled(message: Message) -> Note:
    """The time as it is when the letter leaves, with its calendar entry. Not when the request was given up since."""
    if message.subject_type == WorkOrder._meta.label_lower:
        return _ready_later(message)
    request = _request(message)
    if request.status in OVER:
        raise NotNeeded(Unsent.OUTDATED)
    note = _about(
        request,
        message,
        subject=_("Your request %(reference)s: the appointment is moved"),
        heading=_("Your appointment is moved"),
        facts=_recap(request),
    )
    return replace(note, attachments=_calendar(request, note.action_url))


def _ready_later(message: Message) -> Note:
    """What is left with us is ready on a later day. Not once it is over."""
    order = WorkOrder.objects.select_related("request__site", "service").filter(public_id=message.subject_id).first()
    if order is None:
        raise NotNeeded(Unsent.GONE)
    facts = ready_facts(order)
    if order.request.status in OVER or not facts:
        raise NotNeeded(Unsent.OUTDATED)
    note = _about(
        order.request,
        message,
        subject=_("Your request %(reference)s: ready later than we said"),
        heading=_("Ready later than we said"),
        facts=[(_("Reference"), order.request.reference), (_("Service"), order.service.label), *facts],
    )
    note.words["is_ready_later"] = True
    return note


def _calendar(request: ServiceRequest, url: str) -> tuple[Attachment, ...]:
    entry = entry_of(request, url=url)
    return (Attachment(f"{request.reference}.ics", calendar_file([entry]), "text/calendar"),) if entry else ()


@writes(Kind.LINK_SENT)
def link_sent(message: Message) -> Note:
    """The link as it is when the letter leaves: whatever was renewed since. The desk is told for whom to print it."""
    request = _request(message)
    if message.recipient_kind == RecipientKind.STAFF:
        return Note(
            subject=_("Request %(reference)s: please give the client the new link") % {"reference": request.reference},
            heading=_("The tracking link is new: please give it to the client"),
            why=_("You receive this message because of your role in the team."),
            facts=[(_("Reference"), request.reference), (_("Client"), request.contact_name)],
            action_url=link(message.organisation, "bookings:request", request.public_id),
            action_label=_("Open the request"),
            words={"to_give": True},
        )
    note = _about(
        request,
        message,
        subject=_("Your link to follow your request %(reference)s"),
        heading=_("Your link to follow your request"),
        facts=[],
    )
    note.words["to_give"] = False
    return note


@writes(Kind.REQUEST_STARTED)
def started(message: Message) -> Note:
    """Work has begun."""
    request = _request(message)
    facts = [(_("Reference"), request.reference), (_("You asked for"), _services(request))]
    ahead = getattr(request, "pre_order", None)
    if ahead is not None:
        facts.append((_("Fetch it on"), window(ahead.run)))
    elif request.promised_end is not None and request.place == Place.DESK:
        facts.append((_("Ready by"), moment_words(request.promised_end, request.site)))
    return _about(
        request,
        message,
        subject=_("Your request %(reference)s: work has begun"),
        heading=_("Work has begun"),
        facts=facts,
    )


@writes(Kind.REQUEST_FULFILLED)
def fulfilled(message: Message) -> Note:
    """Ready to collect, or done at home."""
    request = _request(message)
    if hasattr(request, "pre_order"):
        raise NotNeeded(Unsent.OUTDATED)  # it is in their hands, or was given away: that is told by itself
    at_desk = request.place == Place.DESK
    facts = [(_("Reference"), request.reference), (_("You asked for"), _services(request))]
    if at_desk:
        facts.append((_("Where"), address_of(request.site)))
    return _about(
        request,
        message,
        subject=_("Your request %(reference)s is ready") if at_desk else _("Your request %(reference)s is done"),
        heading=_("It is ready: come and collect it") if at_desk else _("It is done"),
        facts=facts,
    )


@writes(Kind.REQUEST_PARTIAL)
def partly(message: Message) -> Note:
    """Some of it, or all of it, could not be done: say which, and that we call."""
    request = _request(message)
    if hasattr(request, "pre_order"):
        raise NotNeeded(Unsent.OUTDATED)
    failed = request.work_orders.filter(status=WorkOrderStatus.FAILED).order_by("pk")
    missing = ", ".join(dict.fromkeys(order.service.label for order in failed))
    some = request.work_orders.filter(status=WorkOrderStatus.VERIFIED).exists()
    note = _about(
        request,
        message,
        subject=_("Your request %(reference)s: part of it could not be done")
        if some
        else _("Your request %(reference)s could not be done"),
        heading=_("Part of it could not be done") if some else _("We could not do it"),
        facts=[(_("Reference"), request.reference), (_("Not done"), missing)],
    )
    return replace(note, words={**note.words, "some_done": some})


@writes(Kind.REQUEST_CANCELLED, Kind.REQUEST_DECLINED)
def over(message: Message) -> Note:
    """It will not take place; nothing is charged."""
    request = _request(message)
    declined = message.kind == Kind.REQUEST_DECLINED
    return _about(
        request,
        message,
        subject=_("Your request %(reference)s cannot be done")
        if declined
        else _("Your request %(reference)s is cancelled"),
        heading=_("We cannot do it this time") if declined else _("Your request is cancelled"),
        facts=[
            (_("Reference"), request.reference),
            (_("You asked for"), _services(request)),
            *([(_("Why"), request.refusal)] if request.refusal else []),
            *([(_("What we propose"), request.alternative)] if request.alternative else []),
        ],
    )


@writes(Kind.WORK_BOOKED)
def booked(message: Message) -> Note:
    """Who has it. Of our own team the client reads no name. Not when it was given back in the meantime."""
    order = WorkOrder.objects.select_related("request__site", "service").filter(public_id=message.subject_id).first()
    if order is None:
        raise NotNeeded(Unsent.GONE)
    if order.performer_kind == PerformerKind.NOBODY or order.status == WorkOrderStatus.CANCELLED:
        raise NotNeeded(Unsent.OUTDATED)
    by_provider = order.performer_kind == PerformerKind.PROVIDER
    who = order.performer_label if by_provider else _("Our team")
    facts = [
        (_("Reference"), order.request.reference),
        (_("Service"), order.service.label),
        (_("In good hands with"), who),
    ]
    note = _about(
        order.request,
        message,
        subject=_("Your request %(reference)s: somebody takes care of it"),
        heading=_("%(who)s takes care of it") % {"who": who},
        facts=facts,
    )
    note.words["by_provider"] = by_provider
    return note


@writes(Kind.REQUEST_MEASURED)
def measured(message: Message) -> Note:
    """What was weighed or counted, and the total as it is when the letter leaves. Not when the request or that work was
    given up."""
    request = _request(message)
    if request.status in OVER:
        raise NotNeeded(Unsent.OUTDATED)
    facts = [(_("Reference"), request.reference)]
    charged = _charged(request)
    if all(row.measured_quantity is None for row in charged):
        raise NotNeeded(Unsent.OUTDATED)
    for row in charged:
        if row.measured_quantity is None or row.ordered_quantity is None:
            continue
        said = _("%(measured)s instead of %(announced)s, at %(price)s")
        quantities = {
            "measured": quantity_words(row.measured_quantity, row.unit),
            "announced": quantity_words(row.ordered_quantity, row.unit),
        }
        facts.append((row.description, said % {**quantities, "price": euros(row.unit_price_incl_vat)}))
    facts.append((_("Total, VAT included"), _total(charged)))
    return _about(
        request,
        message,
        subject=_("Your request %(reference)s: dearer than announced"),
        heading=_("There is more than announced"),
        facts=facts,
    )


@writes(Kind.INVOICE)
def invoice(message: Message) -> Note:
    """The invoice or credit note, with its PDF. Raises ``ObjectDoesNotExist`` while the PDF is not drawn."""
    found = Invoice.objects.filter(public_id=message.subject_id).first()
    if found is None:
        raise NotNeeded(Unsent.GONE)
    stored = StoredDocument.objects.get(invoice=found)
    is_credit = found.kind == DocumentKind.CREDIT_NOTE
    name = _("Credit note %(number)s") if is_credit else _("Invoice %(number)s")
    title = name % {"number": found.number}
    facts = [
        (_("Number"), found.number),
        (_("Date"), date_words(found.issued_on, "DATE_FORMAT")),
        (_("Total, VAT included"), euros(found.total_incl_vat)),
    ]
    if not is_credit:
        facts.append((_("To pay by"), date_words(found.due_on, "DATE_FORMAT")))
    return Note(
        subject=title,
        heading=title,
        why=_("You receive this message because this document is addressed to you."),
        facts=facts,
        words={"is_credit": is_credit},
        attachments=(Attachment(found.file_name, bytes(stored.content), "application/pdf"),),
    )
