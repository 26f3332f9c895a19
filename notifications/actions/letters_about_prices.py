"""Letters about prices: the question to a local business and what came of it; to the desk, what was answered."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from concierge.words import date_words, euros, moment_words, percent, short_moment_words
from notifications.actions.addresses import link
from notifications.actions.letters import Facts, Note, NotNeeded, to_business, writes
from notifications.enums import Kind, Unsent
from notifications.models import Message
from providers.actions.links import link_code, link_url
from providers.enums import PriceRequestStatus
from providers.models import Offer, PriceRequest


def _asked(message: Message) -> PriceRequest:
    found = PriceRequest.objects.with_need().filter(public_id=message.subject_id).first()
    if found is None:
        raise NotNeeded(Unsent.GONE)
    return found


def _need(asked: PriceRequest) -> Facts:
    """The area and the need, never who it is for (P05)."""
    facts = [(_("Reference"), asked.reference), (_("What"), asked.service.label)]
    facts.append((_("Where"), "{postcode} {city}".format(**asked.area)))
    if asked.wanted_on:
        facts.append((_("Day wished for"), date_words(asked.wanted_on, "l j F")))
    return facts


def _price(asked: PriceRequest) -> Facts:
    if asked.price_excl_vat is None or asked.price_incl_vat is None or not asked.valid_until:
        return []
    facts = [(_("Price excl. VAT"), euros(asked.price_excl_vat))]
    if asked.vat_rate:
        label = _("Price incl. VAT of %(rate)s") % {"rate": percent(asked.vat_rate)}
        facts.append((label, euros(asked.price_incl_vat)))
    return [*facts, (_("Holds until"), date_words(asked.valid_until, "j F Y"))]


def _note(asked: PriceRequest, *, subject: str, heading: str, facts: Facts, label: str = "") -> Note:
    url = link_url(asked) if label else ""
    about = {"subject": subject, "heading": heading, "url": url, "label": label}
    code = link_code(asked) if url else ""
    note = to_business(asked.reference, facts=facts, code=code, need=asked.need, **about)
    note.words.update(
        reference=asked.reference,
        what=asked.service.label,
        area="{postcode} {city}".format(**asked.area),
        due=short_moment_words(asked.due_at, asked.request.site),
    )
    return note


@writes(Kind.PRICE_ASKED, Kind.PRICE_REMINDED)
def sent(message: Message) -> Note:
    """The question, with the personal link and its four digits. Not once it was answered, over or reported."""
    asked = _asked(message)
    is_open = asked.status == PriceRequestStatus.SENT and asked.due_at > timezone.now()
    if not is_open or not link_url(asked):
        raise NotNeeded(Unsent.OUTDATED)
    again = message.kind == Kind.PRICE_REMINDED
    until = moment_words(asked.due_at, asked.request.site)
    return _note(
        asked,
        subject=_("We still wait for your price (%(reference)s)")
        if again
        else _("What would it cost? (%(reference)s)"),
        heading=_("We still wait for your price") if again else _("What would it cost?"),
        facts=[*_need(asked), (_("Please answer before"), until)],
        label=_("Look and answer"),
    )


@writes(Kind.PRICE_WITHDRAWN, Kind.PRICE_CHOSEN, Kind.PRICE_NOT_SELECTED, Kind.PRICE_DROPPED)
def settled(message: Message) -> Note:
    """What came of it: nothing about others, nothing to regret. Who was chosen reads their price again."""
    asked, kind = _asked(message), Kind(message.kind)
    is_chosen = kind == Kind.PRICE_CHOSEN
    subject, heading = {
        Kind.PRICE_WITHDRAWN: (
            _("We no longer need a price (%(reference)s)"),
            _("We no longer need a price for this"),
        ),
        Kind.PRICE_CHOSEN: (
            _("The client has chosen your price (%(reference)s)"),
            _("The client has chosen your price"),
        ),
        Kind.PRICE_NOT_SELECTED: (_("Your price was not kept this time (%(reference)s)"), _("Not this time")),
        Kind.PRICE_DROPPED: (
            _("We no longer count on your price (%(reference)s)"),
            _("The client has changed their mind"),
        ),
    }[kind]
    note = _note(
        asked,
        subject=subject,
        heading=heading,
        facts=[*_need(asked), *(_price(asked) if is_chosen else [])],
        label=_("Look at it again") if is_chosen else "",
    )
    theirs = Offer.objects.filter(work_order__request=asked.request, provider=asked.provider)
    note.words["has_job"] = is_chosen and theirs.binding().exists()
    return note


TO_THE_DESK = (
    Kind.PRICE_ANSWERED,
    Kind.PRICE_DECLINED,
    Kind.PRICE_EXPIRED,
    Kind.PRICE_RETRACTED,
    Kind.PRICE_LOST,
    Kind.PRICE_MISDIRECTED,
)


@writes(*TO_THE_DESK)
def answered(message: Message) -> Note:
    """To the desk: who answered what for which request, and which quote the client has that counts on what is gone."""
    asked, kind = _asked(message), Kind(message.kind)
    subject, heading = {
        Kind.PRICE_ANSWERED: (_("A price for %(reference)s"), _("A provider gave a price")),
        Kind.PRICE_DECLINED: (_("No price for %(reference)s"), _("A provider gives no price")),
        Kind.PRICE_EXPIRED: (_("No price in time for %(reference)s"), _("A provider was silent about a price")),
        Kind.PRICE_RETRACTED: (_("A price for %(reference)s was taken back"), _("A provider took a price back")),
        Kind.PRICE_LOST: (_("A price for %(reference)s is gone"), _("A price that a client was offered is gone")),
        Kind.PRICE_MISDIRECTED: (
            _("A question about %(reference)s reached the wrong person"),
            _("A question about a price reached the wrong person"),
        ),
    }[kind]
    facts = [(_("Provider"), asked.provider.name), (_("Service"), asked.service.label)]
    if kind == Kind.PRICE_ANSWERED:
        facts += _price(asked)
    if asked.decline_reason:
        facts.append((_("Why not"), asked.get_decline_reason_display()))
    if kind in {Kind.PRICE_RETRACTED, Kind.PRICE_LOST}:
        facts += [(_("Quote that the client has"), quote.title) for quote in asked.quotes_counting().order_by("pk")]
    return Note(
        subject=subject % {"reference": asked.request.reference},
        heading=heading,
        why=_("You receive this message because of your role in the team."),
        facts=facts,
        action_url=link(message.organisation, "providers:prices-of-request", asked.request.public_id),
        action_label=_("Compare the prices"),
        words={"comment": asked.comment},
    )
