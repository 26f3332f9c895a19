"""A message is first a row in the transaction of its news; the network comes later."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

import structlog
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from concierge import events, metrics
from concierge.db import violated_constraint
from concierge.errors import NotAllowed, WrongState
from concierge.models import Event, Organisation, Site
from concierge.tenancy import Actor
from notifications import perms
from notifications.actions.addresses import host_of
from notifications.enums import BY_SMS, Kind, MessageChannel, MessageStatus, RecipientKind, Unsent
from notifications.models import Message
from providers.actions.contacts import sms_leaves_at
from providers.enums import OfferStatus
from providers.models import Offer, PriceRequest

log = structlog.get_logger(__name__)

# What somebody is waiting for in front of a screen, or on their feet.
URGENT = (Kind.EMAIL_CODE, Kind.HELP_REQUESTED)
# What answers a business that has just done something: it is awake.
AT_ONCE = (
    Kind.BANK_PROPOSED,
    Kind.SMS_ANSWERED,
    Kind.OFFER_ACCEPTED,
    Kind.OFFER_LINK,
    Kind.OFFER_RESUMED,
    Kind.OFFER_EXTENDED,
)


@metrics.queue("messages", since="created_at")
def queued_messages(now: dt.datetime) -> QuerySet[Message]:
    """What has not left yet, whatever it waits for, except for the morning."""
    waiting = Message.objects.filter(status=MessageStatus.QUEUED)
    return waiting.exclude(channel=MessageChannel.SMS, attempts=0, next_at__gt=now)


@metrics.queue("messages_parked", since="created_at")
def parked_messages(now: dt.datetime) -> QuerySet[Message]:
    """What was tried too often."""
    return Message.objects.filter(status=MessageStatus.DEAD)


@dataclass(frozen=True)
class Reader:
    """Who is written to: at the e-mail ``address``, else by SMS at ``phone`` what is said by SMS. Without either,
    nothing is queued."""

    kind: RecipientKind
    address: str
    language: str = "fr"
    name: str = ""
    key: int | None = None
    phone: str = ""


def queue_message(
    kind: Kind,
    reader: Reader,
    *,
    event: Event,
    site: Site | None = None,
    request_id: uuid.UUID | None = None,
) -> Message | None:
    """Write the row of one message about ``event``; the event's subject is what it speaks of.

    ``None`` when the reader has no address (somebody has to call) or when this event was already told to this address.
    """
    phone = reader.phone if kind in BY_SMS else ""
    if not reader.address and not phone:
        return None
    message = Message(
        organisation_id=event.organisation_id,
        event=event,
        site=site,
        request_id=request_id or event.request_id,
        kind=kind,
        subject_type=event.subject_type,
        subject_id=event.subject_id,
        recipient_kind=reader.kind,
        recipient_id=reader.key,
        recipient_name=reader.name[:160],
        channel=MessageChannel.EMAIL if reader.address else MessageChannel.SMS,
        address=reader.address or phone,
        language=reader.language if reader.language in {"fr", "en"} else "fr",
        urgent=kind in URGENT,
        next_at=timezone.now(),
    )
    if message.channel == MessageChannel.SMS and reader.kind == RecipientKind.PROVIDER and kind not in AT_ONCE:
        message.next_at = _when_awake(message)
    if event.organisation.is_sandbox:
        # Whatever is played with, nobody is written to.
        message.status, message.last_error = MessageStatus.SUPPRESSED, Unsent.SANDBOX
    message.message_id = new_message_id(message, event.organisation)
    try:
        with transaction.atomic():
            message.save()
    except IntegrityError as error:
        if violated_constraint(error) == "message_once_per_event_and_reader":
            return None
        raise
    return message


def _when_awake(message: Message) -> dt.datetime:
    """An SMS to a business about work at a site waits for the morning, unless its answer is due before. Whoever sends
    it again by hand decides for themselves."""
    if message.site is None:
        return message.next_at
    about, due_at = {"public_id": message.subject_id}, None
    offer = Offer.objects.filter(**about).values_list("work_order__service_id", "status", "due_at").first()
    found = offer or PriceRequest.objects.filter(**about).values_list("service_id", "status", "due_at").first()
    service_id, status, until = found or (None, "", None)
    if status == OfferStatus.SENT:
        due_at = until
    return sms_leaves_at(message.site, message.next_at, service_id=service_id, due_at=due_at)


def new_message_id(message: Message, organisation: Organisation) -> str:
    """RFC 5322 identity of a message: the same at every attempt, so that a second copy is recognised (R06)."""
    return f"<{message.public_id}@{host_of(organisation)}>"


@transaction.atomic
def resend(message: Message, *, by: Actor) -> Message:
    """Send again. One that never arrived gets new attempts under its identity; one that left gets a copy with its own.

    Raises ``NotAllowed`` (403) and ``WrongState`` (409: waiting to leave, held back, or a code).
    """
    if not perms.can_see_messages(by):
        raise NotAllowed
    locked = (
        Message.objects.select_for_update(of=("self",), no_key=True).select_related("organisation").get(pk=message.pk)
    )
    if not perms.can_resend(by, locked):
        raise WrongState(current_status=locked.status)
    now = timezone.now()
    if locked.status == MessageStatus.SENT:
        original = locked.pk
        locked.pk, locked.event, locked.resent_from_id = None, None, original
        locked._state.adding = True
        locked.public_id = uuid.uuid4()
        locked.message_id = new_message_id(locked, locked.organisation)
        locked.created_at, locked.sent_at = now, None
    locked.status, locked.attempts, locked.next_at, locked.last_error = MessageStatus.QUEUED, 0, now, ""
    locked.save()
    events.record("message.resent", locked, by=by, request_id=locked.request_id, kind=locked.kind)
    return locked


def suppress_queued(organisation: Organisation, *, by: Actor) -> int:
    """Hold back everything that still waits, for instance after a month of history was loaded; returns how many."""
    waiting = Message.objects.filter(organisation=organisation, status=MessageStatus.QUEUED)
    held = waiting.update(status=MessageStatus.SUPPRESSED, last_error=Unsent.HISTORY)
    log.info("messages_suppressed", organisation_id=organisation.pk, count=held, by=by.reference)
    return held
