"""The clock of an offer: its provider waits for something or needs more time, the team answers and grants."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from concierge.tenancy import Actor
from concierge.words import moment_words
from providers import perms
from providers.actions.clocks import extend_offer, pause_offer, resume_offer
from providers.enums import PauseReason
from providers.forms.clocks import PauseForm, ResumeForm
from providers.models import AccessLink, Offer
from providers.views.counters import propose_page
from providers.views.doors import bearer, door, knows_code
from providers.views.space import own_provider
from providers.views.staff_offers import searches_page

link_page = door(AccessLink)


@require_POST
@link_page
def by_link(request: TenantRequest, token: str, link: AccessLink, verb: str) -> HttpResponse:
    """Behind the link: only for whoever typed its four digits in this browser."""
    if not knows_code(request, link):
        raise NotAllowed(_("Please type the four digits of our message first."))
    back = reverse("providers:offer-link", args=[token])
    return _act(request, link.offer, bearer(request, link), verb, back=back, layout="layouts/phone.html")


@require_POST
def in_space(request: TenantRequest, public_id: uuid.UUID, verb: str) -> HttpResponse:
    """In the provider's space."""
    me = own_provider(request)
    offer = get_object_or_404(Offer.objects.with_need(), provider=me, public_id=public_id)
    return _act(request, offer, request.actor, verb, back=reverse("providers:space"), layout="layouts/public.html")


def _act(request: TenantRequest, offer: Offer, by: Actor, verb: str, *, back: str, layout: str) -> HttpResponse:
    form = PauseForm(request.POST) if verb == "suspendre" else None
    if form is not None and not form.is_valid():
        return propose_page(request, offer, back=back, layout=layout, pause_form=form, status=422)
    try:
        said = _done(offer, by, verb, form)
    except DomainError as error:
        if form is not None and error.field in form.fields:
            form.add_error(error.field, str(error.message))
            return propose_page(request, offer, back=back, layout=layout, pause_form=form, status=422)
        return propose_page(request, offer, back=back, layout=layout, error=error, status=error.status)
    messages.success(request, said)
    return redirect(back)


def _done(offer: Offer, by: Actor, verb: str, form: PauseForm | None) -> str:
    site = offer.work_order.site
    if form is not None:
        given = form.cleaned_data
        pause = pause_offer(offer, reason=PauseReason(given["reason"]), note=given["note"], by=by)
        until = moment_words(pause.until, site)
        return _("We see to it. No time passes for you meanwhile, until %(until)s at the latest.") % {"until": until}
    if verb == "reprendre":
        due = moment_words(resume_offer(offer, by=by).due_at, site)
        return _("Your time goes on: please answer before %(due)s.") % {"due": due}
    given_more = extend_offer(offer, by=by)
    if given_more.extension_asked_at is not None:
        return _("We have your question for more time, and tell you at once.")
    return _("You have until %(due)s to answer.") % {"due": moment_words(given_more.due_at, site)}


@require_POST
def steer(request: TenantRequest, public_id: uuid.UUID, verb: str) -> HttpResponse:
    """The team gives more time, or answers and lets the clock go on."""
    offer = get_object_or_404(Offer.objects.visible_to(request.actor).with_need(), public_id=public_id)
    if not perms.can_dispatch(request.actor, offer.work_order):
        raise NotAllowed
    found, form = offer.work_order.request, ResumeForm(request.POST)
    if verb == "reprendre" and not form.is_valid():
        return searches_page(request, found, resume={offer.pk: form}, status=422)
    try:
        if verb == "reprendre":
            resume_offer(offer, answer=form.cleaned_data["answer"], by=request.actor)
            said = _("%(name)s is told, and its time goes on.")
        else:
            extend_offer(offer, by=request.actor)
            said = _("%(name)s has more time, and is told.")
    except DomainError as error:
        if error.field == "answer":
            form.add_error("answer", str(error.message))
            return searches_page(request, found, resume={offer.pk: form}, status=422)
        messages.error(request, str(error.message))
    else:
        messages.success(request, said % {"name": offer.provider.name})
    return searches_page(request, found) if request.htmx else redirect("providers:offers-of-request", found.public_id)
