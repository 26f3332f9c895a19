"""The search for somebody to do a job, steered by the team."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from bookings.models import ServiceRequest, WorkOrder
from concierge.errors import DomainError, Invalid, NotAllowed
from concierge.middleware import TenantRequest
from providers import perms
from providers.actions.matching import agreed_amounts
from providers.actions.offers import resend_offer, take_job_back
from providers.actions.promises import break_promise
from providers.actions.rounds import offer_directly, start_round, withdraw_offers
from providers.enums import BreakReason
from providers.forms.offers import DirectOfferForm
from providers.models import Offer, Provider
from providers.views.staff import break_form
from providers.views.staff_offers import searches_page


@require_POST
def steer(request: TenantRequest, public_id: uuid.UUID, verb: str) -> HttpResponse:
    """Start or stop the search for a job, ask one provider only, or take the job back from whoever has it."""
    order = get_object_or_404(
        WorkOrder.objects.visible_to(request.actor).select_related("request", "service", "site"), public_id=public_id
    )
    if not perms.can_dispatch(request.actor, order):
        raise NotAllowed
    try:
        said = _steer(request, order, verb)
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, said)
    return _back(request, order.request)


def _steer(request: TenantRequest, order: WorkOrder, verb: str) -> str:
    if verb == "chercher":
        started = start_round(order, by=request.actor)
        return _("Providers are being asked.") if started.offers.exists() else _("There is nobody to ask.")
    if verb == "arreter":
        withdraw_offers(order, by=request.actor)
        return _("The offers are withdrawn.")
    if verb == "reprendre":
        take_job_back(order, by=request.actor)
        return _("The work is free again: ask another provider, or find someone yourself.")
    choices = Provider.objects.visible_to(request.actor).active().to_consider(order.service, agreed_amounts(order))
    form = DirectOfferForm(request.POST, providers=choices)
    if not form.is_valid():
        raise Invalid(str(form.errors["provider"][0]), field="provider")
    offer = offer_directly(order, form.cleaned_data["provider"], by=request.actor)
    return _("%(name)s has been asked.") % {"name": offer.provider.name}


@require_POST
def resend(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """Send an open offer again."""
    offer = get_object_or_404(Offer.objects.visible_to(request.actor).with_need(), public_id=public_id)
    if not perms.can_dispatch(request.actor, offer.work_order):
        raise NotAllowed
    try:
        resend_offer(offer, by=request.actor)
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("%(name)s gets the message again.") % {"name": offer.provider.name})
    return _back(request, offer.work_order.request)


@require_POST
def broken(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """The provider does not do what it said yes to: noted with a reason, and the work is taken from it."""
    offer = get_object_or_404(Offer.objects.visible_to(request.actor).with_need(), public_id=public_id)
    if not perms.can_dispatch(request.actor, offer.work_order):
        raise NotAllowed
    form = break_form(offer, request.POST)
    if not form.is_valid():
        return searches_page(request, offer.work_order.request, again={offer.pk: form}, status=422)
    said = form.cleaned_data
    try:
        break_promise(offer, reason=BreakReason(said["reason"]), comment=said["comment"], by=request.actor)
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("Noted. The work is no longer with %(name)s.") % {"name": offer.provider.name})
    return _back(request, offer.work_order.request)


def _back(request: TenantRequest, found: ServiceRequest) -> HttpResponse:
    """The fragment again for htmx, else the page it is part of."""
    if request.htmx:
        return searches_page(request, found)
    return redirect("providers:offers-of-request", found.public_id)
