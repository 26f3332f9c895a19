"""Reaching the provider of an offer: one way after the other, with a receipt for each (lifecycles.md 2.4, R31).

What leaves by the network is sent by whoever listens to ``offer.sent`` and ``offer.contact_due``; it reports here what
became of it. The last way is a person of the team: ``offer.call_due`` says so.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from phonenumbers import PhoneNumberType, number_type

from bookings.actions.work_orders import lock_work_order
from concierge import deadlines, retention
from concierge.models import Deadline, Site
from concierge.tenancy import Actor, system_actor
from providers.actions import breakers
from providers.actions.matching import policy_for, service_policy
from providers.actions.offer_moves import lock_offer, say
from providers.enums import ContactChannel, ContactStatus, ContactTrouble, OfferStatus
from providers.models import Offer, OfferContact, Provider
from providers.rules.contacts import give_up_at, leaves_at, note_with, steps_left

# When a message that has not left yet is given up for another way.
GIVE_UP = "offer.escalate"
# When somebody who did not pick up is called again.
CALL_AGAIN = "offer.call_again"
# Of what they wrote, so much is kept for whoever calls.
MOST_NOTE = 320
TAKES_SMS = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
WRITTEN = (ContactChannel.EMAIL, ContactChannel.SMS)


def contact_next(offer: Offer, ladder: str, *, by: Actor) -> OfferContact:
    """Take the next way to reach the provider of an open offer; ways that do not exist are noted and passed over.

    Runs in the caller's transaction, under the offer's lock. A call is due at once.
    """
    now = timezone.now()
    tried = list(offer.contacts.values_list("channel", flat=True))
    number = len(tried)
    for channel in steps_left(ladder, tried):
        number += 1
        trouble = _why_not(offer.provider, channel)
        contact = OfferContact.objects.create(
            organisation_id=offer.organisation_id,
            offer=offer,
            step=number,
            channel=channel,
            status=ContactStatus.SKIPPED if trouble else ContactStatus.DUE,
            trouble=trouble,
            due_at=now,
            ended_at=now if trouble else None,
        )
        if not trouble:
            break
    if contact.channel == ContactChannel.CALL:
        say(offer, "call_due", by)
    else:
        order, leaves = offer.work_order, now
        if contact.channel == ContactChannel.SMS:
            leaves = sms_leaves_at(order.site, now, service_id=order.service_id, due_at=offer.due_at)
        deadlines.set_deadline(
            GIVE_UP,
            organisation_id=offer.organisation_id,
            subject_id=contact.pk,
            due_at=give_up_at(leaves, offer.due_at),
        )
    return contact


def sms_leaves_at(
    site: Site, now: dt.datetime, *, service_id: int | None = None, due_at: dt.datetime | None = None
) -> dt.datetime:
    """When an SMS that is written now leaves, by the clock of a site: nobody is woken by it without need."""
    begins, ends = service_policy(site.organisation_id, service_id).sms_hours
    return leaves_at(now, due_at, begins, ends, ZoneInfo(site.time_zone))


def sms_number(provider: Provider) -> str:
    """Where a provider receives SMS, as E.164; empty when it has no such number, or none are sent here."""
    return mobile_of(provider.phone)


def mobile_of(phone: Any) -> str:
    """A number that takes SMS, as E.164; empty when it does not, or none are sent here."""
    if not settings.SMS_GATEWAY or not phone or number_type(phone) not in TAKES_SMS:
        return ""
    return str(phone.as_e164)


def _why_not(provider: Provider, channel: str) -> str:
    if channel == ContactChannel.EMAIL and not provider.email:
        return ContactTrouble.NO_ADDRESS
    if channel == ContactChannel.SMS and not sms_number(provider):
        if not provider.phone:
            return ContactTrouble.NO_ADDRESS
        return ContactTrouble.NO_MOBILE if settings.SMS_GATEWAY else ContactTrouble.NOT_SET_UP
    return ContactTrouble.PAUSED if breakers.is_paused(provider.organisation_id, channel) else ""


def way_to_write(offer: Offer) -> str:
    """By what the provider of an offer is written to: as it was reached, or is being; empty when only a call is left.

    Offers from before there were contacts have none: by e-mail, else by SMS.
    """
    written = offer.contacts.filter(channel__in=WRITTEN, status__in=[ContactStatus.SENT, ContactStatus.DUE])
    last = written.order_by("-step").first()
    if last is not None:
        return last.channel
    if offer.provider.email and not offer.contacts.filter(channel=ContactChannel.EMAIL).exists():
        return ContactChannel.EMAIL
    has_sms = sms_number(offer.provider) and not offer.contacts.filter(channel=ContactChannel.SMS).exists()
    return ContactChannel.SMS if has_sms else ""


def carried_by(contact: OfferContact, message_id: uuid.UUID) -> None:
    """The message that carries a contact: whoever sends it knows it by this."""
    OfferContact.objects.filter(pk=contact.pk).update(message_id=message_id)


def note_sent(message_id: uuid.UUID, *, at: dt.datetime) -> None:
    """The message has left; also when it was given up before. Nothing for a message that carries no contact."""
    OfferContact.objects.filter(message_id=message_id).exclude(status=ContactStatus.SENT).update(
        status=ContactStatus.SENT, trouble="", ended_at=at
    )


def note_unneeded(message_id: uuid.UUID, *, at: dt.datetime) -> None:
    """The message was held back: the offer was answered, or is over."""
    OfferContact.objects.filter(message_id=message_id, status=ContactStatus.DUE).update(
        status=ContactStatus.SKIPPED, trouble=ContactTrouble.UNNEEDED, ended_at=at
    )


def note_refused(message_id: uuid.UUID, *, by: Actor) -> None:
    """The message did not arrive and is not tried again: another way is taken at once."""
    for contact in OfferContact.objects.filter(message_id=message_id).select_related("offer__work_order"):
        fall_back(contact, ContactTrouble.REFUSED, by=by)


@transaction.atomic
def fall_back(contact: OfferContact, trouble: ContactTrouble, *, by: Actor) -> OfferContact | None:
    """Give one way up and take the next, while the offer waits for an answer. Safe twice."""
    work_order = lock_work_order(contact.offer.work_order)
    offer = lock_offer(contact.offer)
    locked = lock_contact(contact)
    if locked.status != ContactStatus.DUE or locked.channel == ContactChannel.CALL:
        return None
    locked.status, locked.trouble, locked.ended_at = ContactStatus.FAILED, trouble, timezone.now()
    locked.save(update_fields=["status", "trouble", "ended_at"])
    if offer.status != OfferStatus.SENT or offer.due_at <= timezone.now():
        return None
    following = contact_next(offer, policy_for(work_order).ladder, by=by)
    if following.channel != ContactChannel.CALL:
        say(offer, "contact_due", by, way=following.channel)
    return following


@transaction.atomic
def ask_to_call(offer: Offer, *, note: str, by: Actor) -> OfferContact | None:
    """A person has to speak with whoever is asked, who wrote something else than yes or no. Nothing once it is over."""
    lock_work_order(offer.work_order)
    locked = lock_offer(offer)
    if locked.status != OfferStatus.SENT:
        return None
    words, now = note.strip()[:MOST_NOTE], timezone.now()
    due = locked.contacts.filter(status=ContactStatus.DUE)
    call = due.filter(channel=ContactChannel.CALL).first()
    if call is not None:
        was_later, call.note = call.due_at > now, note_with(call.note, words, MOST_NOTE)
        call.due_at = min(call.due_at, now)
        call.save(update_fields=["note", "due_at"])
        if was_later:
            say(locked, "call_due", by)
        return call
    # Whoever answers has been reached.
    due.update(status=ContactStatus.SENT, ended_at=now)
    contact = add_call(locked, ContactStatus.DUE, due_at=now, note=words)
    say(locked, "call_due", by)
    return contact


def add_call(offer: Offer, status: ContactStatus, *, due_at: dt.datetime, **given: str) -> OfferContact:
    """One more call in the row of contacts. Under the offer's lock."""
    return OfferContact.objects.create(
        organisation_id=offer.organisation_id,
        offer=offer,
        step=offer.contacts.count() + 1,
        channel=ContactChannel.CALL,
        status=status,
        due_at=due_at,
        ended_at=None if status == ContactStatus.DUE else timezone.now(),
        **given,
    )


def call_again(offer: Offer, at: dt.datetime) -> OfferContact:
    """The call is due again at a moment, and whoever calls is told then. Under the offer's lock."""
    call = add_call(offer, ContactStatus.DUE, due_at=at)
    deadlines.set_deadline(CALL_AGAIN, organisation_id=offer.organisation_id, subject_id=call.pk, due_at=at)
    return call


def lock_contact(contact: OfferContact) -> OfferContact:
    """Re-read a contact under its row lock; the locks of its work order and offer are already held."""
    return OfferContact.objects.select_for_update(of=("self",), no_key=True).get(pk=contact.pk)


@retention.forget("contact_notes", note="")
def old_notes(before: dt.datetime) -> QuerySet[OfferContact]:
    """What providers wrote once nobody has to call about it: the call was made, or the offer is over."""
    open_calls = Q(status=ContactStatus.DUE, offer__status=OfferStatus.SENT)
    return (
        OfferContact.objects.exclude(note="")
        .exclude(open_calls)
        .filter(Q(ended_at__lt=before) | Q(ended_at=None, due_at__lt=before))
    )


@deadlines.on_many(GIVE_UP)
def _give_up_due(due: Sequence[Deadline]) -> None:
    waiting = OfferContact.objects.filter(
        pk__in=[deadline.subject_id for deadline in due], status=ContactStatus.DUE, offer__status=OfferStatus.SENT
    )
    # By work order: every transaction that locks several does so in this order.
    for contact in waiting.select_related("offer__work_order", "organisation").order_by("offer__work_order_id", "pk"):
        fall_back(contact, ContactTrouble.LATE, by=system_actor(contact.organisation))


@deadlines.on(CALL_AGAIN)
def _call_again_due(deadline: Deadline) -> None:
    """Unless it was called meanwhile, or was already said to be due: it wrote something."""
    found = OfferContact.objects.calls().filter(pk=deadline.subject_id, due_at=deadline.due_at)
    for contact in found.select_related("offer__work_order", "organisation"):
        lock_work_order(contact.offer.work_order)
        offer, locked = lock_offer(contact.offer), lock_contact(contact)
        if offer.status == OfferStatus.SENT and offer.due_at > timezone.now() and locked.status == ContactStatus.DUE:
            say(offer, "call_due", system_actor(contact.organisation))
