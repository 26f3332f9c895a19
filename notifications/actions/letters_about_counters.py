"""Letters about what a provider proposes instead of a yes, and about a promise that was not kept."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.enums import Place
from concierge.words import euros, moment_words, short_moment_words
from notifications.actions.addresses import link
from notifications.actions.letters import Facts, Note, NotNeeded, to_business, writes
from notifications.enums import Kind, Unsent
from notifications.models import Message
from providers.actions.links import link_code, link_url
from providers.enums import OfferStatus
from providers.models import CounterOffer, Offer, OfferPause


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


def _about(offer: Offer, *, subject: str, heading: str, facts: Facts | None = None, url: str = "") -> Note:
    order = offer.work_order
    known = [(_("Reference"), order.reference), (_("What"), order.service.label), *(facts or [])]
    note = to_business(
        order.reference,
        subject=subject,
        heading=heading,
        facts=known,
        url=url,
        label=_("Look and answer"),
        is_home=order.request.place == Place.HOME,
        code=link_code(offer) if url else "",
    )
    due = short_moment_words(offer.due_at, order.site)
    note.words.update(reference=order.reference, what=order.service.label, due=due)
    return note


@writes(Kind.OFFER_PAUSED, Kind.EXTENSION_ASKED)
def asks(message: Message) -> Note:
    """Whoever looks after the request answers. Not once somebody has, or it was answered."""
    offer = _offer(message)
    pause = OfferPause.objects.going_on().filter(offer=offer).first()
    is_question = message.kind == Kind.OFFER_PAUSED
    if offer.status != OfferStatus.SENT or (pause is None if is_question else offer.extension_asked_at is None):
        raise NotNeeded(Unsent.OUTDATED)
    order = offer.work_order
    facts = [
        (_("Provider"), offer.provider.name),
        (_("Work order"), order.reference),
        (_("Service"), order.service.label),
        (_("Their answer is due"), moment_words(offer.due_at, order.site)),
    ]
    if is_question and pause is not None:
        facts.append((_("What they wait for"), str(pause.get_reason_display())))
        if pause.note:
            facts.append((_("Their question"), pause.note))
    heading = _("A provider needs to know something first") if is_question else _("A provider asks for more time")
    return Note(
        subject=f"{order.reference}: {heading}",
        heading=heading,
        why=_("You receive this message because you look after requests at this site."),
        facts=facts,
        action_url=link(message.organisation, "providers:offers-of-request", order.request.public_id),
        action_label=_("Look and answer"),
    )


@writes(Kind.OFFER_RESUMED, Kind.OFFER_EXTENDED)
def until(message: Message) -> Note:
    """Until when they may answer, and what we answered. Not once they have."""
    offer = _offer(message)
    url = link_url(offer)
    if offer.status != OfferStatus.SENT or offer.due_at <= timezone.now() or not url:
        raise NotNeeded(Unsent.OUTDATED)
    facts: Facts = []
    answered = offer.pauses.exclude(answer="").order_by("-pk").first() if message.kind == Kind.OFFER_RESUMED else None
    if answered is not None:
        facts += [(_("Your question"), answered.note), (_("Our answer"), answered.answer)]
    facts.append((_("Please answer before"), moment_words(offer.due_at, offer.work_order.site)))
    return _about(
        offer,
        subject=_("The job %(reference)s: your time to answer"),
        heading=_("Your time to answer"),
        facts=facts,
        url=url,
    )


@writes(Kind.OFFER_LINK)
def new_link(message: Message) -> Note:
    """The page of the job again, as it stands."""
    offer = _offer(message)
    url = link_url(offer)
    if not url:
        raise NotNeeded(Unsent.OUTDATED)
    return _about(offer, subject=_("The job %(reference)s: your new link"), heading=_("Your new link"), url=url)


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
