"""Letters to the team: only what needs a person."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.enums import UNASSIGNED, WorkOrderStatus
from bookings.models import ClientAccount, WorkOrder
from concierge.days import today_of
from concierge.words import date_words, euros, moment_words
from notifications.actions.addresses import link
from notifications.actions.letters import Facts, Note, NotNeeded, writes
from notifications.enums import Kind, Unsent
from notifications.models import Message, WebhookEndpoint
from providers.actions.matching import agreed_prices
from providers.enums import OfferStatus
from providers.models import Offer
from workers.enums import MOVABLE
from workers.models import Assignment, HelpCall, Trainee


def _why() -> str:
    return _("You receive this message because of your role in the team.")


# Why a work order needs a person, by the code of its event.
DISPATCH_REASONS = {
    "no_eligible_provider": gettext_lazy("No provider can be asked"),
    "all_declined": gettext_lazy("All providers said no or were silent"),
    "all_waves_sent": gettext_lazy("As many providers were asked as the rules allow"),
    "answers_to_choose": gettext_lazy("Providers gave their prices: choose one of them"),
    "stopped": gettext_lazy("The time to find somebody is over"),
    "withdrawn": gettext_lazy("The search was stopped"),
    "taken_back": gettext_lazy("The work was taken back from its provider"),
    "several_prices_agreed": gettext_lazy("The client agreed to the prices of several providers"),
    "agreed_provider_said_no": gettext_lazy("The provider whose price the client agreed to said no"),
    "agreed_provider_cannot_be_asked": gettext_lazy("The provider whose price the client agreed to cannot be asked"),
}


def _reason(message: Message) -> Facts:
    code = message.event.data.get("reason", "") if message.event is not None else ""
    return [(_("Why"), str(DISPATCH_REASONS[code]))] if code in DISPATCH_REASONS else []


@writes(Kind.NEEDS_DISPATCH)
def needs_dispatch(message: Message) -> Note:
    """Nobody is left to ask. Not once somebody has dealt with it."""
    order = WorkOrder.objects.select_related("request", "service", "site").filter(public_id=message.subject_id).first()
    if order is None:
        raise NotNeeded(Unsent.GONE)
    if order.status != WorkOrderStatus.NEEDS_DISPATCH:
        raise NotNeeded(Unsent.OUTDATED)
    agreed = agreed_prices(order)
    is_choice = message.event is not None and message.event.data.get("reason") == "answers_to_choose"
    page = "providers:offers-of-request" if is_choice else "bookings:request"
    return Note(
        subject=_("Work order %(reference)s needs you") % {"reference": order.reference},
        heading=_("A work order needs you"),
        why=_why(),
        facts=[
            (_("Work order"), order.reference),
            (_("Service"), order.service.label),
            (_("Site"), order.site.name),
            *_reason(message),
            (_("Promised by"), moment_words(order.promised_end, order.site)),
            *((_("Price agreed with the client"), f"{one.name}, {euros(price)}") for one, price in agreed),
        ],
        action_url=link(message.organisation, page, order.request.public_id),
        action_label=_("Look and decide") if is_choice else _("Open the request"),
        words={"is_agreed": bool(agreed), "is_choice": is_choice},
    )


@writes(Kind.YES_MOVED)
def moved_after_yes(message: Message) -> Note:
    """A provider said yes to another time. Not once it has given the work back, or it was taken from it."""
    offer = Offer.objects.with_need().filter(public_id=message.subject_id, status=OfferStatus.ACCEPTED).first()
    if offer is None:
        raise NotNeeded(Unsent.OUTDATED)
    order = offer.work_order
    return Note(
        subject=_("Accepted work was moved: %(reference)s") % {"reference": order.reference},
        heading=_("Does the yes still hold?"),
        why=_why(),
        facts=[
            (_("Provider"), offer.provider.name),
            *([(_("Phone"), offer.provider.phone.as_national)] if offer.provider.phone else []),
            (_("Work order"), order.reference),
            (_("Service"), order.service.label),
            (_("Starting on"), moment_words(order.promised_start, order.site)),
            (_("To be done by"), moment_words(order.promised_end, order.site)),
        ],
        action_url=link(message.organisation, "bookings:request", order.request.public_id),
        action_label=_("Open the request"),
    )


@writes(Kind.RENEWAL_DUE)
def renewal_due(message: Message) -> Note:
    """A contract ends soon. Not when it was prolonged or ended in the meantime."""
    account = ClientAccount.objects.filter(public_id=message.subject_id, is_active=True).first()
    if account is None or account.contract_to is None:
        raise NotNeeded(Unsent.OUTDATED)
    left = account.contract_to - today_of(message.organisation)
    if not 0 <= left.days <= account.notice_days:
        raise NotNeeded(Unsent.OUTDATED)
    return Note(
        subject=_("A contract with a client account ends soon"),
        heading=_("A contract with a client account ends soon"),
        why=_why(),
        facts=[
            (_("Client account"), account.name),
            (_("Contract until"), date_words(account.contract_to, "j F Y")),
        ],
        action_url=link(message.organisation, "bookings:account", account.public_id),
        action_label=_("Open the account"),
    )


@writes(Kind.CODE_ATTACKED)
def code_attacked(message: Message) -> Note:
    """Many wrong company codes in a quarter of an hour."""
    return Note(
        subject=_("Somebody tries codes of companies"),
        heading=_("Somebody tries codes of companies"),
        why=_why(),
        action_url=link(message.organisation, "bookings:accounts"),
        action_label=_("Open the accounts"),
    )


@writes(Kind.PLAN_UNDONE)
def plan_undone(message: Message) -> Note:
    """The client moved the appointment: nobody is planned any more. Not once somebody is."""
    undone = Assignment.objects.select_related("work_order__request", "work_order__service", "work_order__site")
    assignment = undone.filter(public_id=message.subject_id).first()
    if assignment is None:
        raise NotNeeded(Unsent.GONE)
    order = assignment.work_order
    if order.status not in UNASSIGNED:
        raise NotNeeded(Unsent.OUTDATED)
    return Note(
        subject=_("Work order %(reference)s has to be planned again") % {"reference": order.reference},
        heading=_("An appointment was moved"),
        why=_why(),
        facts=[
            (_("Work order"), order.reference),
            (_("Service"), order.service.label),
            (_("Site"), order.site.name),
            (_("Now from"), moment_words(order.promised_start, order.site)),
        ],
        action_url=link(message.organisation, "bookings:request", order.request.public_id),
        action_label=_("Open the request"),
    )


@writes(Kind.LEFT_ALONE)
def left_alone(message: Message) -> Note:
    """Whoever was to accompany this work is away. Not once somebody else does, or it is nobody's any more."""
    found = Assignment.objects.select_related(
        "trainee", "work_order__request", "work_order__service", "work_order__site"
    )
    assignment = found.filter(public_id=message.subject_id).first()
    if assignment is None:
        raise NotNeeded(Unsent.GONE)
    has_companion = assignment.occupations.taking().companions().exists()
    if assignment.status not in MOVABLE or has_companion:
        raise NotNeeded(Unsent.OUTDATED)
    order = assignment.work_order
    return Note(
        subject=_("Work order %(reference)s is without a companion") % {"reference": order.reference},
        heading=_("Somebody else has to accompany this work"),
        why=_why(),
        facts=[
            (_("Work order"), order.reference),
            (_("Service"), order.service.label),
            (_("Person"), assignment.trainee.short_name),
            (_("Planned from"), moment_words(assignment.planned_start, order.site)),
        ],
        action_url=link(message.organisation, "bookings:request", order.request.public_id),
        action_label=_("Open the request"),
    )


@writes(Kind.TRAINEE_INVITED)
def invited(message: Message) -> Note:
    """How somebody of the team signs in. Not when they left before it did."""
    trainee = Trainee.objects.active().select_related("site").filter(public_id=message.subject_id).first()
    if trainee is None:
        raise NotNeeded(Unsent.OUTDATED)
    return Note(
        subject=_("You can open your day on your phone"),
        heading=_("You can open your day on your phone"),
        why=_("You receive this message because your team opened an account for you."),
        facts=[(_("Your e-mail to sign in"), message.address), (_("Your site"), trainee.site.name)],
        action_url=link(message.organisation, "workers:day"),
        action_label=_("Open my day"),
    )


@writes(Kind.OFFER_MISDIRECTED)
def misdirected(message: Message) -> Note:
    """The reader of an offer says that it was not for them: the address on file is wrong."""
    offer = Offer.objects.with_need().filter(public_id=message.subject_id).first()
    if offer is None:
        raise NotNeeded(Unsent.GONE)
    return Note(
        subject=_("An offer for %(reference)s reached the wrong person") % {"reference": offer.work_order.reference},
        heading=_("An offer reached the wrong person"),
        why=_why(),
        facts=[
            (_("Provider"), offer.provider.name),
            (_("Work order"), offer.work_order.reference),
            (_("Service"), offer.work_order.service.label),
        ],
        action_url=link(message.organisation, "bookings:request", offer.work_order.request.public_id),
        action_label=_("Open the request"),
    )


@writes(Kind.OFFER_TO_CALL)
def to_call(message: Message) -> Note:
    """Nothing written reaches a provider who is asked. Not once it has answered, or its time is over."""
    offer = Offer.objects.with_need().filter(public_id=message.subject_id).first()
    if offer is None:
        raise NotNeeded(Unsent.GONE)
    if offer.status != OfferStatus.SENT or offer.due_at <= timezone.now():
        raise NotNeeded(Unsent.OUTDATED)
    order = offer.work_order
    facts = [
        (_("Provider"), offer.provider.name),
        (_("Work order"), order.reference),
        (_("Service"), order.service.label),
        (_("Answer due by"), moment_words(offer.due_at, order.site)),
    ]
    return Note(
        subject=_("A provider has to be called about %(reference)s") % {"reference": order.reference},
        heading=_("A provider has to be called"),
        why=_why(),
        facts=facts,
        action_url=link(message.organisation, "providers:calls"),
        action_label=_("Open the calls to make"),
    )


@writes(Kind.WEBHOOK_DISABLED)
def webhook_disabled(message: Message) -> Note:
    """Their system has to be looked at. Neither its address nor its secret travels by mail."""
    endpoint = WebhookEndpoint.objects.filter(public_id=message.subject_id).first()
    if endpoint is None:
        raise NotNeeded(Unsent.GONE)
    return Note(
        subject=_("We no longer call your system"),
        heading=_("We no longer call your system"),
        why=_("You receive this message because a system of yours is told what happens here."),
        facts=[
            (_("Endpoint"), str(endpoint.public_id)),
            (_("Host"), urlsplit(endpoint.url).hostname or ""),
            (_("Why"), endpoint.get_disabled_why_display()),
        ],
    )


@writes(Kind.HELP_REQUESTED)
def help_requested(message: Message) -> Note:
    """Who asks, and at which work. Not once somebody is on the way."""
    call = (
        HelpCall.objects.select_related("trainee__site", "assignment__work_order__service")
        .filter(public_id=message.subject_id)
        .first()
    )
    if call is None:
        raise NotNeeded(Unsent.GONE)
    if call.answered_at is not None:
        raise NotNeeded(Unsent.OUTDATED)
    site = call.trainee.site
    facts = [
        (_("Who"), call.trainee.first_name),
        (_("Since"), moment_words(call.asked_at, site)),
        (_("Site"), site.name),
    ]
    if call.assignment is not None:
        facts.append((_("At work on"), call.assignment.work_order.service.label))
    return Note(
        subject=_("Somebody in your team asks for help"),
        heading=_("Somebody in your team asks for help"),
        why=_why(),
        facts=facts,
        action_url=link(message.organisation, "workers:board"),
        action_label=_("Open today's board"),
    )
