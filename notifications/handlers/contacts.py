"""How offers reach their providers: providers says by which way, what comes of it is told to it (R31)."""

from __future__ import annotations

from dataclasses import replace

from concierge.events import subscribe
from concierge.models import Event
from concierge.tenancy import system_actor
from notifications.enums import Kind
from notifications.handlers.readers import asked_business, business, dispatchers_at, tell
from providers.actions import contacts
from providers.enums import ContactChannel, ContactStatus, ReplyEffect
from providers.models import InboundSms, Offer


@subscribe("offer.sent", "offer.contact_due")
def ask_the_provider(event: Event) -> None:
    """What is asked of a business, by the way whose turn it is; a repetition, by the way on which it was reached."""
    for offer in Offer.objects.with_need().filter(public_id=event.subject_id):
        if not contacts.way_to_write(offer):
            continue
        order = offer.work_order
        told = tell(
            event, [asked_business(offer)], site=order.site, request_id=order.request.public_id, kind=Kind.OFFER_SENT
        )
        due = offer.contacts.filter(status=ContactStatus.DUE, message_id=None).exclude(channel=ContactChannel.CALL)
        for contact in due:
            for message in told:
                contacts.carried_by(contact, message.public_id)


@subscribe("offer.call_due")
def ask_for_a_call(event: Event) -> None:
    """Nothing written reaches the business: whoever dispatches at the site calls it."""
    for offer in Offer.objects.with_need().filter(public_id=event.subject_id):
        order = offer.work_order
        tell(event, dispatchers_at(order.site), site=order.site, request_id=order.request.public_id)


@subscribe("message.failed")
def take_another_way(event: Event) -> None:
    """A message that does not arrive: what it asked is asked by another way."""
    contacts.note_refused(event.subject_id, by=system_actor(event.organisation))


@subscribe("sms.answered")
def answer_the_sms(event: Event) -> None:
    """What came of an SMS, to its number. Who took a job by SMS is sent the details by SMS: that is the answer."""
    needed = ("provider", "offer__provider", "offer__round", "offer__work_order__site", "offer__work_order__request")
    for came in InboundSms.objects.filter(public_id=event.subject_id).select_related(*needed):
        offer = came.offer
        is_theirs = offer is not None and not offer.round.asks_price
        by_sms = offer is not None and is_theirs and contacts.way_to_write(offer) == ContactChannel.SMS
        if came.provider is None or (came.effect == ReplyEffect.ACCEPTED and by_sms):
            continue
        reader = replace(business(came.provider), address="")
        if offer is None:
            tell(event, [reader])
        else:
            tell(event, [reader], site=offer.work_order.site, request_id=offer.work_order.request.public_id)
