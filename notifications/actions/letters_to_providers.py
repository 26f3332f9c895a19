"""Letters to local businesses: the need in their words, a link that works without an account, and what came of it."""

from __future__ import annotations

from decimal import Decimal

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.enums import Execution, Leg, Place
from concierge.models import Event
from concierge.words import euros, moment_words, quantity_words, short_moment_words
from notifications.actions.letters import Facts, Note, NotNeeded, address_of, to_business, writes
from notifications.enums import Kind, MessageStatus, Unsent
from notifications.models import Message
from providers.actions.links import link_code, link_url
from providers.actions.replies import takes_replies
from providers.actions.repricing import was_repriced
from providers.enums import BINDING_YES, OfferStatus, RoundMode
from providers.models import InboundSms, Offer


def _offer(message: Message) -> Offer:
    found = Offer.objects.with_need().filter(public_id=message.subject_id).first()
    if found is None:
        raise NotNeeded(Unsent.GONE)
    return found


def _need(offer: Offer) -> Facts:
    order, request, site = offer.work_order, offer.work_order.request, offer.work_order.site
    home = request.place == Place.HOME
    # Before acceptance only the area (S16, P07): the town, never the street.
    area = f"{request.postcode} {request.city}" if home else f"{site.postcode} {site.city}"
    is_usual = offer.round.asks_price and offer.status not in BINDING_YES
    paid = _("Usual price, VAT included") if is_usual else _("Paid to you, VAT included")
    facts = [(_("What"), order.service.label)]
    if order.quantity != 1 or order.unit:
        facts.append((_("How many"), quantity_words(order.quantity, order.unit)))
    return [
        *facts,
        (_("Where"), area),
        (_("Starting on"), moment_words(order.promised_start, site)),
        (_("To be done by"), moment_words(order.promised_end, site)),
        (paid, euros(offer.price)),
    ]


def _note(offer: Offer, *, subject: str, heading: str, facts: Facts, url: str = "", label: str = "") -> Note:
    is_home = offer.work_order.request.place == Place.HOME
    about = {"subject": subject, "heading": heading, "url": url, "label": label}
    order = offer.work_order
    note = to_business(order.reference, facts=facts, code="", is_home=is_home, **about)
    note.words.update(
        reference=order.reference,
        what=order.service.label,
        area="{postcode} {city}".format(**offer.area),
        starts=short_moment_words(order.promised_start, order.site),
        ends=short_moment_words(order.promised_end, order.site),
        due=short_moment_words(offer.due_at, order.site),
        pay=euros(offer.price),
    )
    return note


@writes(Kind.OFFER_SENT, Kind.OFFER_REMINDED, Kind.OFFER_MOVED)
def sent(message: Message) -> Note:
    """The question, a word to whoever has not answered, or the new time of the work, with the personal link and its
    four digits. Not once it was answered, expired or reported."""
    offer = _offer(message)
    url = link_url(offer)
    if offer.status != OfferStatus.SENT or offer.due_at <= timezone.now() or not url:
        raise NotNeeded(Unsent.OUTDATED)
    until = moment_words(offer.due_at, offer.work_order.site)
    subject, heading = {
        Kind.OFFER_REMINDED: (_("We still wait for your answer (%(reference)s)"), _("We still wait for your answer")),
        Kind.OFFER_MOVED: (
            _("Another time for the job we asked you about (%(reference)s)"),
            _("The client comes at another time"),
        ),
    }.get(Kind(message.kind), (_("A job for you (%(reference)s): please answer"), _("A job for you")))
    note = _note(
        offer,
        subject=subject,
        heading=heading,
        facts=[*_need(offer), (_("Please answer before"), until)],
        url=url,
        label=_("Look and answer"),
    )
    asks_price = offer.round.asks_price
    note.words.update(
        {"code": link_code(offer), "is_alone": offer.round.mode == RoundMode.DIRECT, "asks_price": asks_price}
    )
    # A yes by SMS is to the first price, and not asked for where a price is.
    can_reply = takes_replies(message.organisation) and not asks_price and not was_repriced(offer)
    note.words["can_reply"] = can_reply
    return note


@writes(Kind.OFFER_REPRICED)
def repriced(message: Message) -> Note:
    """Weighed or counted: the old and the new pay. Who is asked answers at the new one, who has the job keeps it."""
    offer = _offer(message)
    order, before, url = offer.work_order, _pay_before(message, offer), link_url(offer)
    is_open = offer.status == OfferStatus.SENT and offer.due_at > timezone.now() and bool(url)
    is_price = is_open and offer.round.asks_price
    if before is None or before == offer.price or not (is_open or offer.status in BINDING_YES):
        raise NotNeeded(Unsent.OUTDATED)
    facts = [
        (_("Reference"), order.reference),
        (_("What"), order.service.label),
        (_("How many"), quantity_words(order.quantity, order.unit)),
        *_pay_words(offer, before),
    ]
    if is_open:
        facts.append((_("Please answer before"), moment_words(offer.due_at, order.site)))
    note = _note(
        offer,
        subject=_repriced_subject(offer, is_open=is_open),
        heading=_("There is more or less to do") if is_price else _("What you are paid has changed"),
        facts=facts,
        url=url,
        label=_("Look and answer") if is_open else _("Open the job"),
    )
    note.words.update(code=link_code(offer) if is_open else "", asks_price=is_price)
    return note


def _repriced_subject(offer: Offer, *, is_open: bool) -> str:
    if not is_open:
        return _("What you are paid for the job %(reference)s has changed")
    if offer.round.asks_price:
        return _("The job %(reference)s has changed: please give your price for it")
    return _("What you are paid for the job %(reference)s has changed: please answer")


def _pay_words(offer: Offer, before: Decimal) -> Facts:
    if offer.round.asks_price and offer.status not in BINDING_YES:
        return [
            (_("Usual price before, VAT included"), euros(before)),
            (_("Usual price now, VAT included"), euros(offer.price)),
        ]
    return [
        (_("Paid to you before, VAT included"), euros(before)),
        (_("Paid to you now, VAT included"), euros(offer.price)),
    ]


def _pay_before(message: Message, offer: Offer) -> Decimal | None:
    """What they knew to be paid until now, by our last letter or by their yes to what they had read.

    ``None`` when they know already, or a later message says it.
    """
    told = Event.objects.filter(
        organisation_id=offer.organisation_id, subject_type=message.subject_type, subject_id=offer.public_id
    )
    changes = told.filter(name=Kind.OFFER_REPRICED, data__has_key="old_price").order_by("pk")
    last = changes.last()
    if last is None or message.event_id not in {None, last.pk}:
        return None
    if message.event_id is None:  # sent again by hand
        return Decimal(last.data["old_price"])
    letters = Message.objects.filter(
        kind=Kind.OFFER_REPRICED, subject_id=offer.public_id, status=MessageStatus.SENT, event__isnull=False
    )
    known = told.filter(Q(name=Kind.OFFER_ACCEPTED) | Q(pk__in=letters.values("event"))).order_by("pk").last()
    unknown = changes.filter(pk__gt=known.pk).first() if known else changes.first()
    return Decimal(unknown.data["old_price"]) if unknown else None


@writes(Kind.OFFER_ACCEPTED)
def accepted(message: Message) -> Note:
    """Everything needed to do it: who, where, when."""
    offer = _offer(message)
    if offer.status not in BINDING_YES:
        raise NotNeeded(Unsent.OUTDATED)
    order, request, site = offer.work_order, offer.work_order.request, offer.work_order.site
    facts = [(_("Reference"), order.reference), *_need(offer)]
    if request.place == Place.HOME:
        facts += [
            (_("Client"), request.met_name),
            (_("Address"), f"{request.street}, {request.postcode} {request.city}"),
        ]
        if request.met_phone:
            facts.append((_("Phone"), str(request.met_phone)))
    else:
        if order.execution == Execution.COLLECTED_PROVIDER:
            facts.append((_("How it reaches you"), _("Our team brings it to you, and fetches it when it is done.")))
        facts.append((_("Our desk"), address_of(site)))
        if site.phone:
            facts.append((_("Phone of the desk"), site.phone))
    if request.note:
        facts.append((_("The client adds"), request.note))
    note = _note(
        offer,
        subject=_("The job %(reference)s is yours"),
        heading=_("The job is yours. Thank you!"),
        facts=facts,
        url=link_url(offer),
        label=_("Open the job"),
    )
    note.words["code"] = link_code(offer)
    return note


@writes(Kind.WORK_ON_ITS_WAY)
def on_its_way(message: Message) -> Note:
    """Our team brings the things. Not once they have arrived, or somebody else has the job."""
    accepted = Offer.objects.with_need().binding()
    offer = accepted.filter(work_order__public_id=message.subject_id).first()
    if offer is None or offer.work_order.leg_now != Leg.COLLECT:
        raise NotNeeded(Unsent.OUTDATED)
    order = offer.work_order
    return _note(
        offer,
        subject=_("The things for the job %(reference)s are on their way"),
        heading=_("On its way to you"),
        facts=[
            (_("Reference"), order.reference),
            (_("What"), order.service.label),
            (_("To be done by"), moment_words(order.promised_end, order.site)),
        ],
        url=link_url(offer),
        label=_("Open the job"),
    )


@writes(Kind.WORK_RESCHEDULED)
def rescheduled(message: Message) -> Note:
    """The client comes at another time. Not once somebody else has the job, or it is over."""
    accepted = Offer.objects.with_need().binding()
    offer = accepted.filter(work_order__public_id=message.subject_id).first()
    if offer is None:
        raise NotNeeded(Unsent.OUTDATED)
    order = offer.work_order
    return _note(
        offer,
        subject=_("The appointment of the job %(reference)s is moved"),
        heading=_("Another time for this job"),
        facts=[
            (_("Reference"), order.reference),
            (_("What"), order.service.label),
            (_("Starting on"), moment_words(order.promised_start, order.site)),
            (_("To be done by"), moment_words(order.promised_end, order.site)),
        ],
        url=link_url(offer),
        label=_("Open the job"),
    )


@writes(Kind.OFFER_NOT_SELECTED)
def not_selected(message: Message) -> Note:
    """Somebody was quicker, or was chosen; no regret to have."""
    offer = _offer(message)
    is_choice = offer.round.asks_price
    note = _note(
        offer,
        subject=_("The job %(reference)s has been taken"),
        heading=_("Somebody else was chosen this time") if is_choice else _("Another business was quicker this time"),
        facts=[(_("What"), offer.work_order.service.label)],
    )
    note.words["is_choice"] = is_choice
    return note


@writes(Kind.OFFER_WITHDRAWN)
def withdrawn(message: Message) -> Note:
    """Not needed any more, or not asked of them any more."""
    offer = _offer(message)
    paused = not offer.provider.is_active
    away = not paused and message.event is not None and message.event.data.get("reason") == "closed"
    if paused:
        heading = _("Our partnership is paused")
    else:
        heading = _("You are closed that day") if away else _("This job is no longer needed")
    note = _note(
        offer,
        subject=_("You need not answer for the job %(reference)s")
        if paused or away
        else _("The job %(reference)s is no longer needed"),
        heading=heading,
        facts=[(_("Reference"), offer.work_order.reference), (_("What"), offer.work_order.service.label)],
    )
    note.words.update({"is_paused": paused, "is_away": away})
    return note


@writes(Kind.OFFER_EXPIRED)
def expired(message: Message) -> Note:
    """The time to answer is over."""
    offer = _offer(message)
    return _note(
        offer,
        subject=_("The time to answer for the job %(reference)s is over"),
        heading=_("The time to answer is over"),
        facts=[(_("What"), offer.work_order.service.label)],
    )


@writes(Kind.SMS_ANSWERED)
def sms_answered(message: Message) -> Note:
    """What came of what they answered by SMS."""
    came = InboundSms.objects.filter(public_id=message.subject_id).first()
    if came is None:
        raise NotNeeded(Unsent.GONE)
    words = {"effect": came.effect, "refusal": came.refusal}
    offer = Offer.objects.with_need().filter(pk=came.offer_id or 0).first()
    subject = _("Your answer by SMS")
    if offer is None:
        note = to_business("", subject=subject, heading=subject, facts=[], what="")
        note.words.update(reference="", asks_price=False)
    else:
        note = _note(offer, subject=subject, heading=subject, facts=[], url=link_url(offer), label=_("Open the job"))
        note.words["asks_price"] = offer.round.asks_price
    note.words.update(words)
    return note
