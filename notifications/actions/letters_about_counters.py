"""Letters about what a provider proposes instead of a yes, and about a promise that was not kept."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.enums import Place
from concierge.words import euros, moment_words
from notifications.actions.addresses import link
from notifications.actions.letters import Facts, Note, NotNeeded, to_business, writes
from notifications.enums import Kind, Unsent
from notifications.models import Message
from providers.enums import OfferStatus
from providers.models import CounterOffer, Offer


def _offer(message: Message) -> Offer:
    found = Offer.objects.with_need().filter(public_id=message.subject_id).first()
    if found is None:
        raise NotNeeded(Unsent.GONE)
    return found


def _waiting(message: Message) -> CounterOffer:
    """What waits for a decision. Not once there is one, or its time is over."""
    offer = _offer(message)
    counter = CounterOffer.objects.waiting().filter(offer=offer).first()
    if counter is None or counter.due_at <= timezone.now():
        raise NotNeeded(Unsent.OUTDATED)
    counter.offer = offer
    return counter


def _terms(counter: CounterOffer) -> Facts:
    order = counter.offer.work_order
    facts: Facts = []
    if counter.price is not None:
        facts += [(_("Price proposed"), euros(counter.price)), (_("Instead of"), euros(counter.price_before))]
    if counter.starts_at is not None:
        facts.append((_("They would come"), moment_words(counter.starts_at, order.site)))
        facts.append((_("Instead of"), moment_words(order.promised_start, order.site)))
    if counter.ready_by is not None:
        facts.append((_("It would be ready"), moment_words(counter.ready_by, order.site)))
        facts.append((_("Instead of"), moment_words(order.promised_end, order.site)))
    return [*facts, (_("Please decide before"), moment_words(counter.due_at, order.site))]


@writes(Kind.OFFER_COUNTERED)
def countered(message: Message) -> Note:
    """Whoever looks after the request decides."""
    counter = _waiting(message)
    order = counter.offer.work_order
    return Note(
        subject=_("%(reference)s: a provider proposes something else") % {"reference": order.reference},
        heading=_("A provider proposes something else"),
        why=_("You receive this message because you look after requests at this site."),
        facts=[
            (_("Provider"), counter.offer.provider.name),
            (_("Work order"), order.reference),
            (_("Service"), order.service.label),
            *_terms(counter),
        ],
        action_url=link(message.organisation, "providers:offers-of-request", order.request.public_id),
        action_label=_("Look and decide"),
    )


@writes(Kind.COUNTER_ASKED)
def asked(message: Message) -> Note:
    """The client reads the trade and the day, never which business."""
    counter = _waiting(message)
    order = counter.offer.work_order
    return Note(
        subject=_("Another day for your request %(reference)s?") % {"reference": order.request.reference},
        heading=_("Another day for your request?"),
        why=_("You receive this message because you asked us for a service."),
        facts=[
            (_("Reference"), order.request.reference),
            (_("Service"), order.service.label),
            *_terms(counter),
        ],
        action_url=link(message.organisation, "providers:proposals-of-request", order.request.tracking_token),
        action_label=_("Look and decide"),
    )


def _about(offer: Offer, *, subject: str, heading: str) -> Note:
    order = offer.work_order
    note = to_business(
        order.reference,
        subject=subject,
        heading=heading,
        facts=[(_("Reference"), order.reference), (_("What"), order.service.label)],
        code="",
        is_home=order.request.place == Place.HOME,
    )
    note.words.update(reference=order.reference, what=order.service.label)
    return note


@writes(Kind.OFFER_REFUSED)
def refused(message: Message) -> Note:
    """Not on these terms."""
    return _about(
        _offer(message),
        subject=_("The job %(reference)s: what you proposed could not be agreed"),
        heading=_("What you proposed could not be agreed"),
    )


@writes(Kind.OFFER_BROKEN)
def broken(message: Message) -> Note:
    """Somebody else does it."""
    offer = _offer(message)
    if offer.status != OfferStatus.BROKEN:
        raise NotNeeded(Unsent.OUTDATED)
    return _about(
        offer,
        subject=_("The job %(reference)s is no longer with you"),
        heading=_("We gave this job to someone else"),
    )
