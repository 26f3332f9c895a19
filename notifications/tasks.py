"""Messages leave here: thin, ids only, safe twice and in parallel."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
from celery import shared_task
from django.utils import timezone

from concierge import tenancy
from concierge.encryption import Unreadable
from concierge.errors import FAULTS
from concierge.http import BadAddress, NoAnswer
from concierge.tasks import beat_seen, organisation_ids, poke
from notifications.actions import sending, webhooks
from notifications.actions.webhooks import LEASE
from notifications.actions.writing import Letter, NotNeeded, write
from notifications.enums import MessageChannel
from notifications.gateways.failures import Delayed, Refused, ServerDown, Unsendable
from notifications.gateways.mail import Postman
from notifications.gateways.sms import SmsSender
from notifications.gateways.webhooks import send
from notifications.models import Message, WebhookDelivery, WebhookEndpoint
from providers.actions import breakers

log = structlog.get_logger(__name__)

BATCH = 50
# Seconds. A task takes no further message after the first, and is ended at the lease: no attempt outlasts its lease.
ROUND, PATIENCE = 25.0, 50


def send_due(organisation_id: int, *, limit: int = BATCH) -> int:
    """Send what is due, at most ``limit`` messages in ``ROUND`` seconds; returns how many were tried. Needs the tenant.

    Each channel on its own: when the server of one does not answer, its first message waits a little and the others
    are left for the next sweep. An outage costs one attempt a minute, and everything leaves once the server is back
    (R19, R22).
    """
    tried, until = 0, time.monotonic() + ROUND
    with Postman() as postman:
        # SMS first: they are few, and a queue of mails must not make them late.
        carriers = {MessageChannel.SMS: SmsSender().deliver, MessageChannel.EMAIL: postman.deliver}
        for channel, deliver in carriers.items():
            while tried < limit and time.monotonic() < until:
                message = sending.claim_next(organisation_id, channel)
                if message is None:
                    break
                tried += 1
                try:
                    if _send(message, deliver):
                        breakers.note_success(message.organisation, channel)
                except ServerDown as trouble:
                    sending.note_delay(message, str(trouble))
                    breakers.note_failure(message.organisation, channel, why=str(trouble))
                    log.warning("server_down", channel=channel, organisation_id=organisation_id, message_id=message.pk)
                    break
    return tried


def _send(message: Message, deliver: Callable[[Message, Letter], None]) -> bool:
    """One attempt; whether the server answered, whatever it said. Raises ``ServerDown``."""
    try:
        letter = write(message)
    except NotNeeded as reason:
        sending.note_unneeded(message, reason.why)
        return False
    except FAULTS as fault:
        # A text that cannot be written must not withhold the others; it is tried again, then parked (R18).
        log.exception("message_not_written", message_id=message.pk, kind=message.kind)
        sending.note_delay(message, f"not written: {type(fault).__name__}", most=sending.MAX_WRITING_FAULTS)
        return False
    try:
        deliver(message, letter)
    except Refused as refusal:
        sending.note_refusal(message, str(refusal))
        log.warning("message_refused", message_id=message.pk, kind=message.kind)
        return not isinstance(refusal, Unsendable)
    except Delayed as delay:
        sending.note_delay(message, str(delay))
    else:
        sending.note_sent(message, subject=letter.subject)
    return True


@shared_task(
    name="notifications.send_messages", soft_time_limit=PATIENCE, time_limit=int(sending.LEASE.total_seconds())
)
def send_messages(organisation_id: int) -> None:
    """Send what one organisation has to say now; as many as one task should, then the next task."""
    until = time.monotonic() + ROUND
    with tenancy.working_for(organisation_id):
        if send_due(organisation_id) >= BATCH or time.monotonic() > until:
            poke(send_messages, organisation_id)


@shared_task(name="notifications.send_due_messages")
def send_due_messages() -> None:
    """Every minute: wake the senders of organisations with due messages (retries, and lost wake-up calls)."""
    now = timezone.now()
    for organisation_id in organisation_ids(with_sandboxes=False):
        with tenancy.working_for(organisation_id):
            is_due = Message.objects.filter(organisation_id=organisation_id).due(now).exists()
        if is_due:
            poke(send_messages, organisation_id)
    beat_seen("send-messages")


@shared_task(name="notifications.deliver_webhooks", soft_time_limit=PATIENCE, time_limit=int(LEASE.total_seconds()))
def deliver_webhooks(organisation_id: int, endpoint_id: int) -> None:
    """Call one endpoint with what is due there, one call at a time: one that is slow holds one sender, whatever is due
    there. These tasks have a queue of their own (``CELERY_TASK_ROUTES``): letters never wait for systems of others."""
    until = time.monotonic() + ROUND
    with tenancy.working_for(organisation_id):
        found = WebhookEndpoint.objects.filter(pk=endpoint_id).values_list("public_id", flat=True)
        if breakers.is_paused(organisation_id, webhooks.CHANNEL, target=str(found.first())):
            return
        while time.monotonic() < until:
            delivery = webhooks.claim_delivery(endpoint_id)
            if delivery is None:
                return
            if not call_endpoint(delivery):
                # Whoever does not answer is not asked for the next news at once.
                return
    poke(deliver_webhooks, organisation_id, endpoint_id)


def call_endpoint(delivery: WebhookDelivery) -> bool:
    """One attempt; whether it was taken."""
    status, retry_after = None, ""
    try:
        answer = send(delivery)
        status, retry_after = answer.status, answer.retry_after
    except (BadAddress, NoAnswer, Unreadable) as error:
        log.warning("webhook_not_delivered", delivery_id=delivery.pk, error=type(error).__name__)
    return webhooks.note_answer(delivery, status, retry_after=retry_after)


@shared_task(name="notifications.deliver_due_webhooks")
def deliver_due_webhooks() -> None:
    """Every minute: wake the callers of endpoints with due news (retries, and lost wake-up calls)."""
    now = timezone.now()
    for organisation_id in organisation_ids():
        with tenancy.working_for(organisation_id):
            due = WebhookDelivery.objects.filter(organisation_id=organisation_id).due(now).order_by("endpoint_id")
            for endpoint_id in due.values_list("endpoint_id", flat=True).distinct():
                poke(deliver_webhooks, organisation_id, endpoint_id)
    beat_seen("deliver-webhooks")
