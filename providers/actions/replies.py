"""Providers answer by SMS: read, done, told back (lifecycles.md 2.4, R31). Whatever is unclear goes to a person."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from concierge import events, retention
from concierge.db import violated_constraint
from concierge.enums import Channel
from concierge.errors import Conflict, DomainError
from concierge.models import Organisation
from concierge.tenancy import Actor, system_actor
from providers.actions.contacts import ask_to_call
from providers.actions.links import link_code
from providers.actions.offers import accept_offer, decline_offer
from providers.enums import DeclineReason, OfferStatus, ReplyEffect
from providers.models import InboundSms, Offer, Provider
from providers.rules.replies import Reply, read_reply

# Machines answer machines: beyond so many in an hour one number is told nothing more.
MOST_ANSWERS, WITHIN = 6, dt.timedelta(hours=1)
# Codes of questions that were waiting so long ago are still recognised, to say what became of them.
REMEMBERED = dt.timedelta(days=14)


class AnotherText(Conflict):
    """The same identity came with another text before."""

    code = "inbound_replaced"


@dataclass(frozen=True)
class Incoming:
    """An SMS as its gateway tells it; ``sender`` as E.164."""

    gateway: str
    external_id: str
    sender: str
    text: str
    body: bytes


def keys_for(organisation: Organisation, gateway: str) -> list[str]:
    """The secrets that one gateway may sign with for this organisation: two while they are changed."""
    wanted = f"{organisation.slug}/{gateway}="
    return [entry.removeprefix(wanted) for entry in settings.SMS_INBOUND_KEYS if entry.startswith(wanted)]


def takes_replies(organisation: Organisation) -> bool:
    """Whether whoever answers an SMS of this organisation is heard."""
    return any(entry.startswith(f"{organisation.slug}/") for entry in settings.SMS_INBOUND_KEYS)


def take_reply(organisation: Organisation, came: Incoming) -> InboundSms:
    """Do what an SMS says, once. The same delivered again is answered by what it led to.

    Raises ``AnotherText`` (409) when its identity was used for another text.
    """
    try:
        return _take(organisation, came)
    except IntegrityError as error:
        if violated_constraint(error) != "inbound_sms_once":
            raise
    known = InboundSms.objects.get(organisation=organisation, gateway=came.gateway, external_id=came.external_id)
    if known.body_hash != _seal(came.body):
        raise AnotherText
    return known


@transaction.atomic
def _take(organisation: Organisation, came: Incoming) -> InboundSms:
    # First the row: whoever comes with the same identity at the same moment waits here, and then finds it.
    row = InboundSms.objects.create(
        organisation=organisation,
        gateway=came.gateway,
        external_id=came.external_id,
        body_hash=_seal(came.body),
        sender_hash=salted_hmac("providers.sms.sender", came.sender, algorithm="sha256").hexdigest(),
        effect=ReplyEffect.UNKNOWN,
        received_at=timezone.now(),
    )
    theirs = list(Provider.objects.filter(organisation=organisation, phone=came.sender).order_by("-is_active", "pk"))
    if theirs:
        row.provider = theirs[0]
        _answer(row, theirs, read_reply(came.text), came.text)
        row.save(update_fields=["provider", "offer", "effect", "refusal"])
    if row.provider is not None and _may_be_told(row):
        events.record("sms.answered", row, by=system_actor(organisation), effect=str(row.effect))
    return row


@retention.forget("inbound_sms")
def old_sms(before: dt.datetime) -> QuerySet[InboundSms]:
    """Their gateways deliver them again for minutes, not for days."""
    return InboundSms.objects.filter(received_at__lt=before)


def _seal(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _may_be_told(row: InboundSms) -> bool:
    recent = InboundSms.objects.filter(
        organisation_id=row.organisation_id, sender_hash=row.sender_hash, received_at__gt=row.received_at - WITHIN
    )
    return recent.count() <= MOST_ANSWERS


def _answer(row: InboundSms, theirs: list[Provider], reply: Reply, text: str) -> None:
    asked = Offer.objects.with_need().filter(provider__in=theirs)
    now = timezone.now()
    waiting = list(asked.filter(status=OfferStatus.SENT, due_at__gt=now).order_by("pk"))
    meant: list[Offer] = []
    if reply.verdict != "unclear" and reply.code:
        meant = [offer for offer in waiting if link_code(offer) == reply.code] or [
            offer
            for offer in asked.filter(sent_at__gt=now - REMEMBERED).order_by("-pk")[:20]
            if link_code(offer) == reply.code
        ][:1]
    if len(meant) == 1:
        _do(row, meant[0], reply)
        return
    # A polite "ok" may answer anything that we sent, and a sender can be forged: without the digits nothing is bound.
    is_bare = reply.verdict != "unclear" and not reply.code
    row.effect = ReplyEffect.NO_CODE if is_bare else ReplyEffect.UNCLEAR
    if not waiting:
        row.effect = ReplyEffect.NOTHING_OPEN
    for offer in waiting:
        ask_to_call(offer, note=text, by=system_actor(row.organisation))


def _do(row: InboundSms, offer: Offer, reply: Reply) -> None:
    row.offer, row.provider = offer, offer.provider
    by = Actor(
        kind="link",
        organisation=row.organisation,
        label=offer.provider.name,
        provider_id=offer.provider_id,
        channel=Channel.SMS,
    )
    try:
        with transaction.atomic():
            if reply.verdict == "yes":
                accept_offer(offer, by=by)
            else:
                decline_offer(offer, reason=DeclineReason.OTHER, comment="", by=by)
    except DomainError as error:
        row.effect, row.refusal = ReplyEffect.REFUSED, error.code
    else:
        row.effect = ReplyEffect.ACCEPTED if reply.verdict == "yes" else ReplyEffect.DECLINED
