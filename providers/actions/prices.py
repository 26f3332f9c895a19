"""Verbs on price requests: what would this cost? (lifecycles.md 2.4, mode "request for quotes", for one request.)

Lock order everywhere: the request and its quote (bookings), then the price request, then its provider. Deadlines are
never cancelled from here: one that comes too late does nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.actions.quote_moves import lock_request
from bookings.enums import RequestStatus
from bookings.models import Service, ServiceRequest
from bookings.perms import AMENDABLE, QUOTABLE
from concierge import deadlines, events
from concierge.days import today_at
from concierge.db import refuse_on
from concierge.errors import DomainError, Invalid, WrongState
from concierge.models import Deadline
from concierge.tenancy import Actor, system_actor
from providers.actions.links import issue_link, keep_link_until, revoke_link
from providers.actions.offer_moves import keep_as_they_are
from providers.actions.refusals import (
    AlreadyAsked,
    PartnershipPaused,
    PriceAgreed,
    PriceRequestAnswered,
    PriceRequestExpired,
    PriceRequestWithdrawn,
    PriceWithClient,
)
from providers.enums import PRICE_REQUEST_TRANSITIONS, DeclineReason, PriceRequestStatus
from providers.models import PersonalLink, PriceLink, PriceRequest, Provider
from providers.models.prices import NEED
from providers.rules.prices import MOST_PRICE, VAT_RATES, remind_at
from providers.rules.privacy import Known, reveals

EXPIRY, REMINDER, GIVEN_UP = "price_request.expiry", "price_request.reminder", "price_request.given_up"
MOST_ASKED = 20
LONGEST_ANSWER = dt.timedelta(days=60)
LONGEST_VALIDITY = dt.timedelta(days=365)
ASKABLE = (*QUOTABLE, *AMENDABLE)

REVEALED = {
    "name": _("This names the client: the businesses learn who it is once they have the job."),
    "phone": _("This tells the client’s phone number: the businesses learn it once they have the job."),
    "email": _("This tells the client’s e-mail: the businesses need it for nothing."),
    "street": _("This tells the client’s street: the businesses learn it once they have the job."),
}

REFUSALS: dict[str, type[DomainError]] = {
    PriceRequestStatus.EXPIRED: PriceRequestExpired,
    PriceRequestStatus.WITHDRAWN: PriceRequestWithdrawn,
    PriceRequestStatus.UNDELIVERABLE: PriceRequestWithdrawn,
    PriceRequestStatus.NOT_SELECTED: PriceRequestWithdrawn,
}


@dataclass(frozen=True)
class Question:
    """What providers read, the day that would suit, and until when they may answer."""

    need: str
    due_at: dt.datetime
    wanted_on: dt.date | None = None


@dataclass(frozen=True)
class PriceAnswer:
    """What a provider says: a price for the whole work, without VAT or with it."""

    price: Decimal
    includes_vat: bool
    vat_rate: Decimal
    earliest_on: dt.date
    valid_until: dt.date
    comment: str = ""


@transaction.atomic
def ask_for_prices(
    request: ServiceRequest, service: Service, providers: Sequence[Provider], question: Question, *, by: Actor
) -> list[PriceRequest]:
    """Ask providers what the work would cost. None learns of the others, nor who the client is.

    Raises ``Invalid`` (400), ``WrongState``, ``AlreadyAsked``, ``PartnershipPaused``.
    """
    locked = lock_request(request)
    if locked.status not in ASKABLE:
        raise WrongState(current_status=locked.status)
    if not locked.wishes.filter(service=service).exists():
        raise Invalid(_("The client did not ask for this service."), field="service")
    chosen = {provider.pk: provider for provider in providers}
    if not 1 <= len(chosen) <= MOST_ASKED:
        raise Invalid(_("Choose between one and twenty providers."), field="providers")
    now = timezone.now()
    _check_question(question, now, ZoneInfo(locked.site.time_zone))
    check_need(locked, question.need)
    _clear_lapsed(locked, service, list(chosen), by)
    keep_as_they_are(chosen)
    if Provider.objects.active().filter(pk__in=chosen).count() < len(chosen):
        raise Invalid(_("One of these providers no longer works with us."), field="providers")
    return [_ask(locked, service, provider, question, now, by) for provider in chosen.values()]


def _check_question(question: Question, now: dt.datetime, zone: ZoneInfo) -> None:
    if not question.need.strip():
        raise Invalid(_("Say what is to be done, without naming the client."), field="need")
    if not now < question.due_at <= now + LONGEST_ANSWER:
        raise Invalid(_("Give them until a moment within the next sixty days."), field="due_at")
    if question.wanted_on is not None and question.wanted_on < now.astimezone(zone).date():
        raise Invalid(_("This day is over."), field="wanted_on")


def check_need(request: ServiceRequest, need: str) -> None:
    """What businesses read names neither the client nor the person it is for (P05). Raises ``Invalid`` (400)."""
    people = [one for one in (request.client, request.beneficiary) if one is not None]
    known = Known(
        names=[request.contact_name, request.beneficiary_name],
        last_names=[one.last_name for one in people],
        phones=[str(request.contact_phone), str(request.beneficiary_phone)],
        emails=[request.contact_email, request.beneficiary_email],
        streets=[request.street],
    )
    found = reveals(need, known)
    if found is not None:
        raise Invalid(REVEALED[found], field="need")


def _clear_lapsed(request: ServiceRequest, service: Service, providers: Sequence[int], by: Actor) -> None:
    """A price whose last day has passed stands in nobody's way: who gave it may be asked again."""
    today = today_at(request.site)
    rows = PriceRequest.objects.filter(request=request, service=service, provider__in=providers)
    for asked in _locked(rows.open().exclude(pk__in=rows.standing_on(today))):
        if not asked.is_agreed:
            _end(asked, "withdraw", "lapsed", by)


def _ask(
    request: ServiceRequest, service: Service, provider: Provider, question: Question, now: dt.datetime, by: Actor
) -> PriceRequest:
    with refuse_on("price_request_open_once_per_provider", AlreadyAsked(provider=str(provider.public_id))):
        asked = PriceRequest.objects.create(
            organisation_id=request.organisation_id,
            request=request,
            service=service,
            provider=provider,
            need=question.need.strip()[:2000],
            wanted_on=question.wanted_on,
            sent_at=now,
            due_at=question.due_at,
        )
    issue_link(asked)
    about = {"organisation_id": asked.organisation_id, "subject_id": asked.pk}
    deadlines.set_deadline(EXPIRY, due_at=asked.due_at, **about)
    moment = remind_at(now, asked.due_at)
    if moment is not None:
        deadlines.set_deadline(REMINDER, due_at=moment, **about)
    _say(asked, "sent", by)
    return asked


@transaction.atomic
def answer_price(asked: PriceRequest, answer: PriceAnswer, *, by: Actor) -> PriceRequest:
    """``sent → priced``: the provider gives a price. Raises ``Invalid`` (400), 409 once answered, over or withdrawn."""
    locked = _answering(asked, "answer", by)
    check_answer(locked, answer)
    locked.price, locked.includes_vat, locked.vat_rate = answer.price, answer.includes_vat, answer.vat_rate
    locked.earliest_on, locked.valid_until = answer.earliest_on, answer.valid_until
    locked.comment = answer.comment.strip()[:500]
    _move(
        locked,
        "answer",
        "answered_at",
        "answer_channel",
        "price",
        "includes_vat",
        "vat_rate",
        "earliest_on",
        "valid_until",
        "comment",
    )
    keep_link_until(locked, timezone.now() + (answer.valid_until - today_at(locked.request.site)))
    _say(locked, "answered", by)
    return locked


def check_answer(asked: PriceRequest, answer: PriceAnswer) -> None:
    """It is a price that a quote can count on. Raises ``Invalid`` (400) naming the field."""
    today, price = today_at(asked.request.site), answer.price
    if not price.is_finite() or not 0 < price <= MOST_PRICE or price != round(price, 2):
        raise Invalid(_("Give a price above zero, at most €50,000."), field="price")
    if answer.vat_rate not in VAT_RATES:
        raise Invalid(_("Choose one of the VAT rates."), field="vat_rate")
    if not today <= answer.earliest_on <= today + LONGEST_VALIDITY:
        raise Invalid(_("Choose a day between today and a year from now."), field="earliest_on")
    if not today <= answer.valid_until <= today + LONGEST_VALIDITY:
        raise Invalid(_("Choose a day between today and a year from now."), field="valid_until")


@transaction.atomic
def decline_price(asked: PriceRequest, *, reason: DeclineReason, comment: str = "", by: Actor) -> PriceRequest:
    """``sent → declined``: the provider gives no price. Raises 409 once answered, over or withdrawn."""
    locked = _answering(asked, "decline", by)
    locked.decline_reason, locked.comment = reason, comment.strip()[:500]
    _move(locked, "decline", "answered_at", "answer_channel", "decline_reason", "comment")
    _say(locked, "declined", by, reason=str(reason))
    return locked


@transaction.atomic
def retract_price(asked: PriceRequest, *, by: Actor) -> PriceRequest:
    """``priced → retracted``: the provider takes the price back before the client has agreed. Raises 409.

    A quote that the client has already can then no longer be accepted; the desk is told.
    """
    locked = lock_price(asked)
    if locked.is_agreed:
        raise PriceAgreed(current_status=locked.status)
    _move(locked, "retract")
    _say(locked, "retracted", by)
    return locked


@transaction.atomic
def withdraw_price(asked: PriceRequest, *, by: Actor) -> PriceRequest:
    """``sent | priced → withdrawn``: the desk needs no price any more. Raises 409, as long as a client counts on it."""
    locked = lock_price(asked)
    if locked.is_agreed:
        raise PriceAgreed(current_status=locked.status)
    if locked.quotes_counting().exists():
        raise PriceWithClient(current_status=locked.status)
    _move(locked, "withdraw")
    _say(locked, "withdrawn", by)
    return locked


@transaction.atomic
def lose_price(asked: PriceRequest, *, by: Actor) -> bool:
    """Its provider was stopped: the price is withdrawn, and when the client has a quote that counts on it the desk is
    told. ``False`` when it was over before, or the client has agreed: then a person decides about the work."""
    locked = lock_price(asked)
    if locked.status not in PRICE_REQUEST_TRANSITIONS["withdraw"][0] or locked.is_agreed:
        return False
    _move(locked, "withdraw")
    _say(locked, "withdrawn", by)
    if locked.quotes_counting().exists():
        _say(locked, "lost", by)
    return True


@transaction.atomic
def expire_price(asked: PriceRequest, *, by: Actor) -> bool:
    """Time is over; ``False`` when it was answered in the meantime."""
    locked = lock_price(asked)
    if locked.status != PriceRequestStatus.SENT:
        return False
    _move(locked, "expire")
    _say(locked, "expired", by)
    return True


@transaction.atomic
def remind_of_price(asked: PriceRequest, *, by: Actor) -> bool:
    """A word when half the time has passed; ``False`` once it was answered, or reminded of."""
    locked = lock_price(asked)
    if locked.status != PriceRequestStatus.SENT or locked.reminded_at or locked.due_at <= timezone.now():
        return False
    locked.reminded_at = timezone.now()
    locked.save(update_fields=["reminded_at"])
    _say(locked, "reminded", by)
    return True


@transaction.atomic
def resend_price_request(asked: PriceRequest, *, by: Actor) -> PersonalLink:
    """Send the message again; its link is another only when the old one is over. Raises 409 when it is not open."""
    locked = lock_price(asked)
    if locked.status != PriceRequestStatus.SENT or locked.due_at <= timezone.now():
        raise REFUSALS.get(locked.status, PriceRequestAnswered)(current_status=locked.status)
    link = issue_link(locked)
    _say(locked, "sent", by, again=True)
    return link


@transaction.atomic
def report_price_misdirected(link: PriceLink, *, by: Actor) -> None:
    """“This is not me”: the link dies, an open question becomes ``undeliverable``, staff is told. Safe twice."""
    locked = lock_price(link.price_request)
    revoke_link(link, by=by)
    if locked.status == PriceRequestStatus.SENT:
        _move(locked, "return_to_sender")
        _say(locked, "undeliverable", by)


@transaction.atomic
def settle_prices(request: ServiceRequest, chosen: Sequence[Any], *, by: Actor) -> None:
    """The client has agreed: prices counted in what they accepted are ``chosen``, the others ``not_selected``; nobody
    waits for who is silent. A price chosen before that an amendment no longer counts on is dropped. Safe twice."""
    for asked in _locked(PriceRequest.objects.filter(request=request).in_play()):
        if asked.status == PriceRequestStatus.SENT:
            _end(asked, "withdraw", "withdrawn", by)
        elif asked.status == PriceRequestStatus.PRICED:
            verb, past = ("choose", "chosen") if asked.public_id in chosen else ("pass_over", "not_selected")
            _end(asked, verb, past, by)
        elif asked.public_id not in chosen:
            _end(asked, "drop", "dropped", by)


@transaction.atomic
def withdraw_all(request: ServiceRequest, *, drop_chosen: bool, by: Actor) -> None:
    """The request is over: nobody needs a price. What was chosen is dropped when it is not done. Safe twice."""
    rows = PriceRequest.objects.filter(request=request)
    for asked in _locked(rows.in_play() if drop_chosen else rows.open()):
        if asked.status == PriceRequestStatus.CHOSEN:
            _end(asked, "drop", "dropped", by)
        else:
            _end(asked, "withdraw", "withdrawn", by)


@deadlines.on(EXPIRY)
def _expiry_due(deadline: Deadline) -> None:
    asked = PriceRequest.objects.select_related("organisation").filter(pk=deadline.subject_id).first()
    if asked is not None:
        expire_price(asked, by=system_actor(asked.organisation))


@deadlines.on(REMINDER)
def _reminder_due(deadline: Deadline) -> None:
    asked = PriceRequest.objects.select_related("organisation").filter(pk=deadline.subject_id).first()
    if asked is not None:
        remind_of_price(asked, by=system_actor(asked.organisation))


@deadlines.on(GIVEN_UP)
def _given_up(deadline: Deadline) -> None:
    """Nobody has taken the request up again."""
    for request in ServiceRequest.objects.filter(pk=deadline.subject_id, status=RequestStatus.EXPIRED):
        withdraw_all(request, drop_chosen=False, by=system_actor(request.organisation))


def lock_price(asked: PriceRequest) -> PriceRequest:
    """Re-read a price request under its row lock: whoever answers, withdraws or lets it expire waits here."""
    (found,) = _locked(PriceRequest.objects.filter(pk=asked.pk))
    return found


def _locked(rows: QuerySet[PriceRequest]) -> list[PriceRequest]:
    return list(rows.select_for_update(of=("self",), no_key=True).select_related(*NEED).order_by("pk"))


def _end(locked: PriceRequest, verb: str, past: str, by: Actor) -> None:
    _move(locked, verb)
    _say(locked, past, by)


def _answering(asked: PriceRequest, verb: str, by: Actor) -> PriceRequest:
    """Lock a question that this provider may still answer, and note when and how. Raises why not."""
    locked = lock_price(asked)
    keep_as_they_are([locked.provider_id])
    if not Provider.objects.active().filter(pk=locked.provider_id).exists():
        raise PartnershipPaused
    if locked.status == PriceRequestStatus.SENT and locked.due_at <= timezone.now():
        raise PriceRequestExpired
    if locked.status not in PRICE_REQUEST_TRANSITIONS[verb][0]:
        raise REFUSALS.get(locked.status, PriceRequestAnswered)(current_status=locked.status)
    locked.answered_at, locked.answer_channel = timezone.now(), by.channel
    return locked


def _move(locked: PriceRequest, verb: str, *fields: str) -> None:
    allowed_from, target = PRICE_REQUEST_TRANSITIONS[verb]
    if locked.status not in allowed_from:
        raise REFUSALS.get(locked.status, WrongState)(current_status=locked.status)
    locked.status = target
    locked.save(update_fields=["status", *fields])


def _say(asked: PriceRequest, name: str, by: Actor, **data: Any) -> None:
    """Record what happened, in the history of the request. Never the price: what a client could be shown has none."""
    events.record(
        f"price_request.{name}",
        asked,
        by=by,
        request_id=asked.request.public_id,
        price_request=asked.reference,
        provider=str(asked.provider.public_id),
        **data,
    )
