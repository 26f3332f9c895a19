"""The client follows a request by its link, without an account."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import segno
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required, login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings import perms
from bookings.actions.links import send_link
from bookings.actions.requests import cancel_request
from bookings.enums import Category
from bookings.forms.requests import ReasonForm
from bookings.models import ServiceRequest
from bookings.models.requests import public_id_of_tracking_token
from bookings.views import ahead, words
from concierge import events
from concierge.errors import DomainError
from concierge.middleware import TenantRequest
from concierge.tenancy import Actor
from concierge.visitors import not_too_many
from concierge.words import euros, moment_words

CLOSED = {"closed", "cancelled", "declined"}
# How often one network may ask for links in an hour: a whole company sits behind one.
MOST_ASKED, ASKED_WINDOW = 20, 3600


def request_of_token(token: str) -> ServiceRequest:
    """The request that a tracking link speaks of, whether it still opens or not; one that never was is a 404."""
    public_id = public_id_of_tracking_token(token)
    if public_id is None:
        raise Http404
    found = ServiceRequest.objects.select_related("site", "client").filter(public_id=public_id).first()
    if found is None or not (found.holds_tracking_token(token) or found.held_tracking_token(token)):
        raise Http404
    return found


View = Callable[..., HttpResponse]


def link_page(view: View) -> View:
    """Find the request; a link that was renewed, or whose time is over, gets a page that says what to do (410)."""

    @login_not_required
    @never_cache
    @wraps(view)
    def page(request: TenantRequest, token: str, **more: Any) -> HttpResponse:
        found = request_of_token(token)
        if found.holds_tracking_token(token):
            known = ServiceRequest.objects.visible_to(request.actor).filter(pk=found.pk)
            if not found.tracking_is_over(timezone.now()) or known.exists():
                return view(request, token, found, **more)
        if request.htmx:
            return HttpResponse(status=410, headers={"HX-Refresh": "true"})
        return render(request, "bookings/link_over.html", {"token": token}, status=410)

    return page


@require_POST
@login_not_required
@never_cache
def ask_for_link(request: TenantRequest, token: str) -> HttpResponse:
    """The present link, by e-mail to the address on file. The answer is the same whether there is one or not."""
    found = request_of_token(token)
    not_too_many(request, "links", most=MOST_ASKED, seconds=ASKED_WINDOW)
    send_link(found, by=Actor(kind="link", organisation=request.organisation, channel="link"))
    return render(request, "bookings/link_sent.html")


def bearer(request: HttpRequest, found: ServiceRequest) -> Actor:
    """Whoever holds the link acts as the client."""
    return Actor(
        kind="link",
        organisation=request.organisation,  # type: ignore[attr-defined]  # set by TenantMiddleware
        label=found.client.first_name,
        client_id=found.client_id,
        channel="link",
    )


def state_of(found: ServiceRequest) -> dict[str, Any]:
    """What the page and its live part show."""
    orders = list(found.work_orders.select_related("service").order_by("pk"))
    told = list(events.history(request_id=found.public_id))
    now = timezone.now()
    stages, stage = words.stages(found, orders)
    return {
        "found": found,
        "headline": words.headline(found, orders),
        "next_date": words.next_date(found, now),
        "stages": stages,
        "stage": stage,
        "orders": [
            {
                "service": order.service,
                "category": order.category,
                "step": words.step_words(order),
                "holder": words.holder(order),
                "ready_by": moment_words(order.promised_end, found.site) if order.promised_end > now else "",
                "is_done": order.category in {Category.DONE, Category.CANCELLED, Category.FAILED},
            }
            for order in orders
        ],
        "history": list(reversed(words.history(found, orders, told))),
        "seen": len(told),
        "is_over": found.status in CLOSED,
    }


@require_safe
@link_page
def track(request: TenantRequest, token: str, found: ServiceRequest) -> HttpResponse:
    """Where the request stands.

    The site-wide ``Referrer-Policy: same-origin`` keeps the link from every other site; ``no-referrer`` would also make
    browsers send ``Origin: null`` with the forms of these pages, which the protection against forgery refuses.
    """
    context = {**state_of(found), "token": token, "can_cancel": perms.can_cancel(bearer(request, found), found)}
    context |= {**words.order_lines(found), **ahead.shown_to_client(found)}
    context["quote"] = found.quotes.shown_to_client().first()
    context["wishes"] = found.wishes.select_related("service").order_by("position")
    return render(request, "bookings/track.html", context)


@require_safe
@link_page
def track_state(request: TenantRequest, token: str, found: ServiceRequest) -> HttpResponse:
    """The live part, asked for every fifteen seconds; 204 while nothing has happened."""
    context = state_of(found)
    if request.GET.get("seen") == str(context["seen"]):
        return HttpResponse(status=204)
    return render(request, "bookings/_track_state.html", {**context, "token": token})


@require_http_methods(["GET", "HEAD", "POST"])
@link_page
def cancel_by_link(request: TenantRequest, token: str, found: ServiceRequest) -> HttpResponse:
    """Cancel before work begins: a page that asks, then a POST that acts."""
    actor = bearer(request, found)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            cancel_request(found, reason=form.cleaned_data["reason"], by=actor)
        except DomainError as error:
            form.add_error(None, str(error.message))
            return render(
                request,
                "bookings/cancel.html",
                {"found": found, "form": form, "back": _track(token)},
                status=error.status,
            )
        messages.success(request, _("Your request is cancelled. Nothing will be charged."))
        return redirect(_track(token))
    if not perms.can_cancel(actor, found):
        return redirect(_track(token))
    return render(request, "bookings/cancel.html", {"found": found, "form": form, "back": _track(token)})


def _track(token: str) -> str:
    return reverse("bookings:track", args=[token])


@require_safe
@link_page
def done(request: TenantRequest, token: str, found: ServiceRequest) -> HttpResponse:
    """The booking is made: reference, QR code, tracking link, something to print."""
    link = request.build_absolute_uri(_track(token))
    # The SVG holds nothing but our own address.
    code = mark_safe(segno.make(link, error="m").svg_inline(omitsize=True, border=2))  # noqa: S308 - made here
    context = {
        "found": found,
        "link": link,
        "qr": code,
        "next_date": words.next_date(found, timezone.now()),
        "ready_by": moment_words(found.promised_end, found.site) if found.promised_end else "",
        "total": euros(found.total_incl_vat),
        "for_others": perms.can_book_for_others(request.actor, found.site),
    }
    return render(request, "bookings/done.html", context)


@login_required
@require_safe
def my_requests(request: HttpRequest) -> HttpResponse:
    """A signed-in client's own requests, newest first."""
    actor = request.actor  # type: ignore[attr-defined]  # set by TenantMiddleware
    mine = ServiceRequest.objects.none()
    if actor.client_id is not None:
        mine = ServiceRequest.objects.filter(organisation=actor.organisation, client_id=actor.client_id)
    rows = [
        {
            "found": found,
            "services": [row.service.label for row in found.work_orders.all() or found.wishes.all()],
        }
        for found in mine.select_related("site")
        .prefetch_related("work_orders__service", "wishes__service")
        .order_by("-pk")[:100]
    ]
    return render(request, "bookings/my_requests.html", {"rows": rows})
