"""The life of a queued message: claimed under a lease, then sent, delayed, refused or given up.

The lease is ``next_at`` itself: no lock and no transaction is held while the mail server thinks. A sender that dies
after the server took the mail leaves the row queued, and the next attempt carries the same Message-ID (R06).
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone

from billing.actions.documents import mark_sent
from billing.models import Invoice
from concierge import events
from concierge.events import backoff
from concierge.tenancy import system_actor
from notifications.enums import Kind, MessageChannel, MessageStatus, Unsent
from notifications.models import Message, MessageQuerySet
from providers.actions import contacts

# As long as any attempt can last: the task is ended then (notifications/tasks.py). Whoever dies with a message in hand
# delays it by this and the next sweep, two minutes in all (R08, R14).
LEASE = dt.timedelta(seconds=60)
# Waits of seconds at first (greylists), then a quarter of an hour: about 18 hours in all.
MAX_ATTEMPTS = 100
LONGEST_WAIT = 900.0
# A text that cannot be written is our fault and does not heal by itself.
MAX_WRITING_FAULTS = 5


@transaction.atomic
def claim_next(organisation_id: int, channel: MessageChannel) -> Message | None:
    """Take the next due message of a channel for this sender alone; ``None`` when nothing is due. Counts the attempt
    before it is made, so that a message which kills its sender is parked in the end (R18)."""
    now = timezone.now()
    message = (
        Message.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
        .select_related("organisation", "site")
        .filter(organisation_id=organisation_id, channel=channel)
        .due(now)
        .first()
    )
    if message is None:
        return None
    message.attempts += 1
    message.next_at = now + LEASE
    message.save(update_fields=["attempts", "next_at"])
    return message


@transaction.atomic
def note_sent(message: Message, *, subject: str) -> None:
    """The other side took it. True whoever holds the lease now. An invoice is marked as sent, a contact as made."""
    now = timezone.now()
    Message.objects.filter(pk=message.pk).exclude(status=MessageStatus.SENT).update(
        status=MessageStatus.SENT, sent_at=now, subject=subject[:200], last_error=""
    )
    contacts.note_sent(message.public_id, at=now)
    if message.kind == Kind.INVOICE:
        for invoice in Invoice.objects.filter(public_id=message.subject_id):
            mark_sent(invoice, at=now)


def note_delay(message: Message, reason: str, *, most: int = MAX_ATTEMPTS) -> None:
    """Not now: later and later, until the attempts are used up. Nothing when another sender has it by now."""
    if message.attempts >= most:
        _end(message, MessageStatus.DEAD, reason)
        return
    wait = backoff(message.attempts, base=15, cap=LONGEST_WAIT)
    _mine(message).update(next_at=timezone.now() + wait, last_error=reason[:300])


def note_refusal(message: Message, reason: str) -> None:
    """The mailbox does not exist or does not want it: never again without a person (R22)."""
    _end(message, MessageStatus.FAILED, reason)


@transaction.atomic
def note_unneeded(message: Message, why: Unsent) -> None:
    """Held back when it was about to leave: too late, or what it spoke of is gone."""
    if _mine(message).update(status=MessageStatus.SUPPRESSED, last_error=why):
        contacts.note_unneeded(message.public_id, at=timezone.now())


@transaction.atomic
def _end(message: Message, status: MessageStatus, reason: str) -> None:
    if _mine(message).update(status=status, last_error=reason[:300]):
        events.record(
            "message.failed",
            message,
            by=system_actor(message.organisation),
            request_id=message.request_id,
            kind=message.kind,
            status=str(status),
        )


def _mine(message: Message) -> MessageQuerySet:
    return Message.objects.filter(pk=message.pk, attempts=message.attempts, status=MessageStatus.QUEUED)
