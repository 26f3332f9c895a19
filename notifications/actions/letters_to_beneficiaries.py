"""Letters around a request for somebody else: to the person it is for, when they agreed (who asked, what, when and
where; no price, no link: the request is the client's), and to the professional who books for people they accompany."""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext as _

from bookings.enums import Place, RequestStatus
from bookings.models import Prescriber, ServiceRequest, WorkOrder
from concierge.words import moment_words
from notifications.actions.addresses import link
from notifications.actions.letters import Facts, Note, NotNeeded, address_of, ready_facts, writes
from notifications.enums import Kind, Unsent
from notifications.models import Message

OVER = (RequestStatus.CANCELLED, RequestStatus.DECLINED)


def _request(message: Message) -> ServiceRequest:
    found = (
        ServiceRequest.objects.select_related("site")
        .prefetch_related("work_orders__service")
        .filter(public_id=message.subject_id)
        .first()
    )
    if found is None:
        raise NotNeeded(Unsent.GONE)
    return found


def _facts(request: ServiceRequest) -> Facts:
    services = ", ".join(dict.fromkeys(order.service.label for order in request.work_orders.order_by("pk")))
    facts = [(_("Asked for you by"), request.contact_name), (_("Service"), services)]
    if request.promised_start is not None:
        facts.append((_("When"), moment_words(request.promised_start, request.site)))
    if request.place == Place.HOME:
        facts.append((_("Where"), f"{request.street}, {request.postcode} {request.city}"))
    else:
        facts.append((_("Where"), address_of(request.site)))
    if request.site.phone:
        facts.append((_("Phone of the desk"), request.site.phone_shown))
    return facts


def _note(request: ServiceRequest, *, subject: str, heading: str) -> Note:
    return Note(
        subject=subject,
        heading=heading,
        why=_("You receive this message because somebody asked us for a service for you, and you agreed to be told."),
        facts=_facts(request),
        words={"at_home": request.place == Place.HOME},
    )


@writes(Kind.PRESCRIBER_INVITED)
def invited(message: Message) -> Note:
    """How a prescriber signs in. Not when they were paused before it left."""
    prescriber = Prescriber.objects.active().filter(public_id=message.subject_id).first()
    if prescriber is None:
        raise NotNeeded(Unsent.OUTDATED)
    return Note(
        subject=_("You can book for the people you accompany"),
        heading=_("You can book for the people you accompany"),
        why=_("You receive this message because our team invited you to book for people you accompany."),
        facts=[(_("Your e-mail to sign in"), message.address), (_("Your structure"), prescriber.structure)],
        action_url=link(message.organisation, "bookings:people"),
        action_label=_("Open my page"),
    )


@writes(Kind.BENEFICIARY_BOOKED)
def booked(message: Message) -> Note:
    """Somebody comes, or it is ready later than was said. Not when it was cancelled before it left."""
    if message.subject_type == WorkOrder._meta.label_lower:
        return _ready_later(message)
    request = _request(message)
    if request.status in OVER:
        raise NotNeeded(Unsent.OUTDATED)
    return _note(request, subject=_("A service was booked for you"), heading=_("A service was booked for you"))


def _ready_later(message: Message) -> Note:
    order = WorkOrder.objects.select_related("request__site").filter(public_id=message.subject_id).first()
    if order is None:
        raise NotNeeded(Unsent.GONE)
    facts = ready_facts(order)
    if order.request.status in OVER or not facts:
        raise NotNeeded(Unsent.OUTDATED)
    title = _("What was booked for you is ready later than we said")
    note = _note(order.request, subject=title, heading=title)
    return replace(note, facts=[*note.facts, *facts])


@writes(Kind.BENEFICIARY_CANCELLED)
def cancelled(message: Message) -> Note:
    """Nobody comes after all."""
    return _note(
        _request(message),
        subject=_("What was booked for you does not take place"),
        heading=_("It does not take place"),
    )
