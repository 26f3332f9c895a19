"""A provider's own pages, signed in: open offers, work in hand."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import prefetch_related_objects
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from bookings.actions.work_orders import complete_work_order, start_work_order
from bookings.enums import WORK_ORDER_CATEGORY, Category, PerformerKind
from bookings.models import WorkOrder
from concierge.days import today_of
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from providers import perms
from providers.actions.offers import accept_offer, decline_offer
from providers.actions.refusals import PartnershipPaused
from providers.actions.releases import release_offer
from providers.enums import DeclineReason, OfferStatus, ReleaseReason
from providers.forms.offers import DeclineForm, ReleaseForm
from providers.models import Offer, PriceRequest, Provider, ServiceAgreement, acts_for_stopped
from providers.views.paper_words import ending_words, missing_words, required_of
from providers.views.price_link import answer_context, take_answer
from providers.views.price_words import question_of, standing_words
from providers.views.words import answer_words, need_of, price_read, release_words, span_words, work_of

IN_HAND = [status for status, kind in WORK_ORDER_CATEGORY.items() if kind in {Category.WAITING, Category.ACTIVE}]


def own_provider(request: TenantRequest) -> Provider:
    """The provider that the person acts for. Raises ``PartnershipPaused`` or ``NotAllowed``."""
    if request.actor.provider_id is None:
        raise PartnershipPaused if acts_for_stopped(request.user, request.organisation) else NotAllowed
    return get_object_or_404(Provider, organisation=request.organisation, pk=request.actor.provider_id)


@require_safe
def my_space(request: TenantRequest) -> HttpResponse:
    """What I am asked, what I hold, what I answered lately."""
    return _space(request, own_provider(request))


def _release_form(offer: Offer, typed: Any = None) -> ReleaseForm:
    """Its fields have names of their own: there is one for each job."""
    return ReleaseForm(typed, auto_id=f"release-{offer.public_id}-%s")


def _in_hand(request: TenantRequest, work: list[WorkOrder], again: dict[int, ReleaseForm]) -> list[dict[str, Any]]:
    """Work that I hold, and how each may be given back."""
    held = Offer.objects.filter(work_order__in=work, status=OfferStatus.ACCEPTED).select_related("agreement")
    by_order = {order.pk: order for order in work}
    found: dict[int, dict[str, Any]] = {}
    for offer in held.order_by("pk"):
        offer.work_order = by_order[offer.work_order_id]
        form = again.get(offer.pk) or _release_form(offer)
        found[offer.work_order_id] = {"offer": offer, "release_until": release_words(offer), "release_form": form}
    return [work_of(order, request.actor) | found.get(order.pk, {"release_until": ""}) for order in work]


def _space(
    request: TenantRequest, me: Provider, *, again: dict[int, ReleaseForm] | None = None, status: int = 200
) -> HttpResponse:
    offers = Offer.objects.with_need().prefetch_related("work_order__lines").filter(provider=me)
    prices_asked = PriceRequest.objects.with_need().filter(provider=me)
    work = (
        WorkOrder.objects.filter(performer_kind=PerformerKind.PROVIDER, performer_id=me.pk, status__in=IN_HAND)
        .select_related("request__access_note", "service", "site")
        .prefetch_related("lines")
        .order_by("promised_end", "pk")
    )
    today = today_of(request.organisation)
    prefetch_related_objects([me], "documents")
    context = {
        "me": me,
        "missing": missing_words(me, today, required_of(request.organisation, [me], today)[me.pk]),
        "ending": ending_words(me, today),
        "needs": [need for need in map(need_of, offers.open().order_by("due_at", "pk")) if need["is_open"]],
        "work": _in_hand(request, list(work), again or {}),
        "answered": [(one, *answer_words(one)) for one in offers.exclude(status=OfferStatus.SENT).order_by("-pk")[:10]],
        "decline_form": DeclineForm(),
        "to_sign": ServiceAgreement.objects.waiting_for(me.pk).exists(),
        "closures": [
            {"days": span_words(one.first_on, one.last_on), "reason": one.reason}
            for one in me.closures.still_to_come(today_of(me.organisation))[:3]
        ],
        "questions": [
            question
            for question in map(question_of, prices_asked.waiting().order_by("due_at", "pk")[:25])
            if question["is_open"]
        ],
        "prices": [
            (question_of(one), standing_words(one)[0])
            for one in prices_asked.exclude(status="sent").order_by("-pk")[:10]
        ],
    }
    return render(request, "providers/space.html", context, status=status)


@require_POST
def answer(request: TenantRequest, public_id: uuid.UUID, verb: str) -> HttpResponse:
    """Accept or decline one of my offers."""
    me = own_provider(request)
    offer = get_object_or_404(Offer.objects.with_need(), provider=me, public_id=public_id)
    form = DeclineForm(request.POST)
    if verb == "refuser" and not form.is_valid():
        messages.error(request, _("Please choose a reason."))
        return _space(request, me, status=422)
    try:
        if verb == "accepter":
            accept_offer(offer, by=request.actor, price_seen=price_read(request.POST))
        else:
            reason = DeclineReason(form.cleaned_data["reason"])
            decline_offer(offer, reason=reason, comment=form.cleaned_data["comment"], by=request.actor)
    except DomainError as error:
        messages.error(request, str(error.message))
        return _space(request, me, status=error.status)
    if verb == "accepter":
        said = _("We have your price") if offer.round.asks_price else _("The job is yours")
    else:
        said = _("Thank you for telling us. We are asking someone else.")
    messages.success(request, said)
    return redirect("providers:space")


@require_POST
def give_back(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """I cannot do it after all."""
    me = own_provider(request)
    offer = get_object_or_404(Offer.objects.with_need(), provider=me, public_id=public_id)
    form = _release_form(offer, request.POST)
    if not form.is_valid():
        return _space(request, me, again={offer.pk: form}, status=422)
    said = form.cleaned_data
    try:
        release_offer(offer, reason=ReleaseReason(said["reason"]), comment=said["comment"], by=request.actor)
    except DomainError as error:
        messages.error(request, str(error.message))
        return _space(request, me, again={offer.pk: form}, status=error.status)
    messages.success(request, _("Thank you for telling us in time. We are asking someone else."))
    return redirect("providers:space")


@require_POST
def carry_out(request: TenantRequest, public_id: uuid.UUID, verb: str) -> HttpResponse:
    """Start or finish work that I hold."""
    me = own_provider(request)
    order = get_object_or_404(WorkOrder, performer_kind=PerformerKind.PROVIDER, performer_id=me.pk, public_id=public_id)
    if not perms.can_carry_out(request.actor, order):
        raise NotAllowed
    try:
        (start_work_order if verb == "commencer" else complete_work_order)(order, by=request.actor)
    except DomainError as error:
        messages.error(request, str(error.message))
        return _space(request, me, status=error.status)
    said = _("Noted: you have started.") if verb == "commencer" else _("Noted: it is done. Thank you!")
    messages.success(request, said)
    return redirect("providers:space")


def _asked(request: TenantRequest, public_id: uuid.UUID) -> PriceRequest:
    return get_object_or_404(PriceRequest.objects.with_need(), provider=own_provider(request), public_id=public_id)


def _price_page(
    request: TenantRequest, asked: PriceRequest, *, error: DomainError | None = None, status: int = 200, **forms: Any
) -> HttpResponse:
    title, sentence = standing_words(asked)
    context = {
        "me": asked.provider,
        "question": question_of(asked),
        "title": title,
        "sentence": sentence,
        "error": error,
        **answer_context(**forms),
    }
    return render(request, "providers/price_space.html", context, status=status)


@require_safe
def price_page(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """What I am asked a price for, and what I answered."""
    return _price_page(request, _asked(request, public_id))


@require_POST
def answer_price(request: TenantRequest, public_id: uuid.UUID, verb: str) -> HttpResponse:
    """Give a price, give none, take it back."""
    asked = _asked(request, public_id)

    def shown(**more: Any) -> HttpResponse:
        asked.refresh_from_db()
        return _price_page(request, asked, **more)

    again = take_answer(request, asked, verb, request.actor, shown)
    return again or redirect("providers:space-price", asked.public_id)
