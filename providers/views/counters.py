"""Another price or another day: proposed by a provider, decided by the team or by the client."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.models import ServiceRequest
from bookings.views.tracking import bearer as client_of
from bookings.views.tracking import link_page as tracking_page
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from concierge.tenancy import Actor
from providers import perms
from providers.actions import counter_times
from providers.actions.counters import approve_counter, counter_offer, refuse_counter
from providers.enums import Decider
from providers.forms.clocks import PauseForm
from providers.forms.counters import CounterForm
from providers.models import AccessLink, CounterOffer, Offer
from providers.views.clock_words import clock_of
from providers.views.counter_words import moment_choices, proposal_of
from providers.views.doors import bearer, door, knows_code
from providers.views.space import own_provider
from providers.views.staff_offers import searches_page
from providers.views.words import need_of, price_read

PAGE = ["GET", "HEAD", "POST"]
link_page = door(AccessLink)
PHONE = "layouts/phone.html"


@require_http_methods(PAGE)
@link_page
def propose_by_link(request: TenantRequest, token: str, link: AccessLink) -> HttpResponse:
    """Behind the link: only for whoever typed its four digits in this browser."""
    back = reverse("providers:offer-link", args=[token])
    if not knows_code(request, link):
        if request.method == "POST":
            raise NotAllowed(_("Please type the four digits of our message first."))
        return redirect(back)
    return _propose(request, link.offer, bearer(request, link), back=back, layout=PHONE)


@require_http_methods(PAGE)
def propose(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """In the provider's space."""
    me = own_provider(request)
    offer = get_object_or_404(Offer.objects.with_need(), provider=me, public_id=public_id)
    return _propose(request, offer, request.actor, back=reverse("providers:space"), layout="layouts/public.html")


def _propose(request: TenantRequest, offer: Offer, by: Actor, *, back: str, layout: str) -> HttpResponse:
    need = need_of(offer)
    if request.method != "POST" and not need["is_open"]:
        return redirect(back)
    status, form = 200, _form(offer, request.POST if request.method == "POST" else None)
    if form.is_bound:
        try:
            if form.is_valid():
                counter_offer(offer, form.proposal(), by=by, price_seen=price_read(request.POST, "price_seen"))
                messages.success(request, _("Thank you: we ask, and tell you as soon as it is decided."))
                return redirect(back)
            status = 422
        except DomainError as error:
            field = {"starts_at": "moment", "ready_on": "moment"}.get(error.field or "", error.field)
            form.add_error(field if field in form.fields else None, str(error.message))
            status = 422 if error.status == 400 else error.status
    return propose_page(request, offer, back=back, layout=layout, form=form, status=status)


def _form(offer: Offer, data: Any = None) -> CounterForm:
    order, asked = offer.work_order, offer.price if offer.round.asks_price else None
    return CounterForm(data, choices=moment_choices(order), is_visit=counter_times.is_visit(order), asked=asked)


def propose_page(
    request: TenantRequest,
    offer: Offer,
    *,
    back: str,
    layout: str,
    form: CounterForm | None = None,
    pause_form: PauseForm | None = None,
    error: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    """What else there is than a yes or a no: another price or day, more time, a question."""
    offer.refresh_from_db()
    need, by_link = need_of(offer), layout == PHONE
    name, key = ("offer-link-clock", back.split("/")[2]) if by_link else ("space-clock", offer.public_id)
    context = {
        "need": need,
        "form": form or _form(offer),
        "pause_form": pause_form or PauseForm(),
        "clock": clock_of(offer),
        "error": error,
        "back": back,
        "layout": layout,
        "csrf": not by_link,
        "propose_url": reverse("providers:offer-link-propose" if by_link else "providers:space-propose", args=[key]),
        "extend_url": reverse(f"providers:{name}", args=[key, "prolonger"]),
        "pause_url": reverse(f"providers:{name}", args=[key, "suspendre"]),
        "resume_url": reverse(f"providers:{name}", args=[key, "reprendre"]),
    }
    return render(request, "providers/counter_form.html", context, status=status)


@require_POST
def decide(request: TenantRequest, public_id: uuid.UUID, verb: str) -> HttpResponse:
    """The team says yes or no to what a provider proposes, also for a client on the phone."""
    seen = Offer.objects.visible_to(request.actor).order_by()
    rows = CounterOffer.objects.select_related("offer__work_order__request", "offer__provider").filter(offer__in=seen)
    counter = get_object_or_404(rows, public_id=public_id)
    if not perms.can_decide(request.actor, counter):
        raise NotAllowed
    try:
        (approve_counter if verb == "accepter" else refuse_counter)(counter, by=request.actor)
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        said = {
            "accepter": _("Agreed: %(name)s has the job, and is told."),
            "refuser": _("Refused: %(name)s is told, and we go on looking."),
        }
        messages.success(request, said[verb] % {"name": counter.offer.provider.name})
    found = counter.offer.work_order.request
    return searches_page(request, found) if request.htmx else redirect("providers:offers-of-request", found.public_id)


def _asked(found: ServiceRequest) -> list[CounterOffer]:
    rows = CounterOffer.objects.waiting().filter(offer__work_order__request=found, needs=Decider.CLIENT)
    return list(rows.select_related("offer__work_order__service", "offer__work_order__site").order_by("pk"))


@require_safe
@tracking_page
def proposals(request: TenantRequest, token: str, found: ServiceRequest) -> HttpResponse:
    """What the client is asked: a part of the tracking page, and a page of its own for the link of our message."""
    return _proposals(request, token, found)


def _proposals(
    request: TenantRequest, token: str, found: ServiceRequest, *, error: DomainError | None = None
) -> HttpResponse:
    rows = [one for one in map(proposal_of, _asked(found)) if one["is_waiting"]]
    part = "_proposals" if request.htmx else "proposals"
    context = {"found": found, "token": token, "proposals": rows, "error": error}
    return render(request, f"providers/{part}.html", context, status=error.status if error else 200)


@require_POST
@tracking_page
def answer_proposal(
    request: TenantRequest, token: str, found: ServiceRequest, public_id: uuid.UUID, verb: str
) -> HttpResponse:
    """The client agrees, or keeps to what was said."""
    rows = CounterOffer.objects.select_related("offer__work_order__request", "offer__provider")
    counter = get_object_or_404(rows, offer__work_order__request=found, needs=Decider.CLIENT, public_id=public_id)
    act: Callable[..., Offer] = approve_counter if verb == "accepter" else refuse_counter
    try:
        act(counter, by=client_of(request, found))
    except DomainError as error:
        return _proposals(request, token, found, error=error)
    said = {
        "accepter": _("Thank you: it is agreed."),
        "refuser": _("Noted: we look for somebody else who comes as agreed."),
    }
    messages.success(request, said[verb])
    return redirect("bookings:track", token)
