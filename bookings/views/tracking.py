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
from bookings.actions.questions import answer_question, revive_request
from bookings.actions.requests import cancel_request
from bookings.actions.rescheduling import is_movable
from bookings.enums import Category, RequestStatus
from bookings.forms.requests import ReasonForm
from bookings.forms.waits import AnswerForm, ReviveForm
from bookings.models import Client, Recurrence, ServiceRequest
from bookings.models.appointments import calendar_file as ics_of
from bookings.models.appointments import entry_of
from bookings.models.requests import public_id_of_tracking_token
from bookings.models.waiting import waiting_of
from bookings.views import ahead, waits, words
from bookings.views.earlier import earlier_of
from bookings.views.fragments import proposals_of
from bookings.views.rhythm import rhythm_words
from bookings.views.series_words import regular_of
from concierge import events
from concierge.errors import DomainError
from concierge.middleware import TenantRequest
from concierge.tenancy import Actor
from concierge.visitors import not_too_many
from concierge.words import euros, moment_words

CLOSED = {"closed", "cancelled", "declined", "expired"}
# How often one network may ask for links in an hour: a whole company sits behind one.
MOST_ASKED, ASKED_WINDOW = 20, 3600
# Regular requests shown to a client at once.
MOST_REGULAR = 20


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
    waiting = waiting_of([found], now=now)[found.pk]
    stages, stage = waits.path(found, waiting, is_void=words.came_to_nothing(found, orders))
    return {
        "found": found,
        "wait": waits.shown(waiting.request, found.site, now=now, for_client=True),
        "question": waiting.question,
        "pause_reason": waiting.pause.get_reason_display() if waiting.pause else "",
        "pause_note": waiting.pause.note if waiting.pause and not waiting.question else "",
        "promised_first": _promised_first(found),
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


def _promised_first(found: ServiceRequest) -> str:
    """What was promised before the first pause, when that is no longer what is promised."""
    pause = found.pauses.exclude(promised_before=None).exclude(resumed_at=None).order_by("pk").first()
    if pause is None or pause.promised_before is None or pause.promised_before == found.promised_end:
        return ""
    return moment_words(pause.promised_before, found.site)


@require_safe
@link_page
def track(request: TenantRequest, token: str, found: ServiceRequest) -> HttpResponse:
    """Where the request stands.

    The site-wide ``Referrer-Policy: same-origin`` keeps the link from every other site; ``no-referrer`` would also make
    browsers send ``Origin: null`` with the forms of these pages, which the protection against forgery refuses.
    """
    return _page(request, token, found)


def _page(
    request: TenantRequest, token: str, found: ServiceRequest, *, form: Any = None, status: int = 200
) -> HttpResponse:
    actor, orders = bearer(request, found), list(found.work_orders.order_by("pk"))
    context = {
        **state_of(found),
        "token": token,
        "can_cancel": perms.can_cancel(actor, found),
        "can_move": perms.can_move(actor, found) and is_movable(found, orders),
        "earlier": earlier_of(actor, found, orders, now=timezone.now()),
        "has_date": found.promised_start is not None,
        "can_note_access": perms.can_note_access(actor, found),
        "proposals_url": proposals_of(token, orders),
    }
    context |= {**words.order_lines(found), **ahead.shown_to_client(found)}
    context["regular"] = regular_of(found)
    context["quote"] = found.quotes.shown_to_client().first()
    context["wishes"] = found.wishes.select_related("service").order_by("position")
    question = context["question"]
    context["answer_due"] = moment_words(question.due_at, found.site) if question else ""
    context["can_revive"] = found.status == RequestStatus.EXPIRED
    left = found.questions.order_by("-pk").first() if context["can_revive"] else None
    context["last_question"] = left.text if left else ""
    context["answer_form"] = form or (ReviveForm() if context["can_revive"] else AnswerForm())
    return render(request, "bookings/track.html", context, status=status)


@require_POST
@link_page
def answer_by_link(request: TenantRequest, token: str, found: ServiceRequest) -> HttpResponse:
    """The client answers our question; what waited for it goes on."""
    form = AnswerForm(request.POST)
    return _act(request, token, found, form, answer_question, _("Thank you: we have your answer."))


@require_POST
@link_page
def revive_by_link(request: TenantRequest, token: str, found: ServiceRequest) -> HttpResponse:
    """A request that was given up is taken up again."""
    form = ReviveForm(request.POST)
    return _act(request, token, found, form, revive_request, _("Your request is open again. We look at it."))


def _act(
    request: TenantRequest, token: str, found: ServiceRequest, form: Any, act: Callable[..., object], said: str
) -> HttpResponse:
    """What is typed is kept when it is refused."""
    if not form.is_valid():
        return _page(request, token, found, form=form, status=422)
    try:
        act(found, answer=form.cleaned_data["answer"], by=bearer(request, found))
    except DomainError as error:
        form.add_error("answer" if error.field == "answer" else None, str(error.message))
        found.refresh_from_db()
        return _page(request, token, found, form=form, status=error.status if error.status != 400 else 422)
    messages.success(request, said)
    return redirect(_track(token))


@require_safe
@link_page
def track_state(request: TenantRequest, token: str, found: ServiceRequest) -> HttpResponse:
    """The live part, asked for every fifteen seconds; 204 while nothing has happened."""
    context = state_of(found)
    if request.GET.get("seen") == str(context["seen"]):
        return HttpResponse(status=204)
    return render(request, "bookings/_track_state.html", {**context, "token": token})


@require_safe
@link_page
def calendar_file(request: TenantRequest, token: str, found: ServiceRequest) -> HttpResponse:
    """The appointment for the client's own calendar. After a move or the end the same entry says so."""
    entry = entry_of(found, url=request.build_absolute_uri(_track(token)))
    if entry is None:
        raise Http404
    return HttpResponse(
        ics_of([entry]),
        content_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{found.reference}.ics"'},
    )


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
        "is_estimate": found.lines.filter(is_estimate=True).exists(),
        "for_others": perms.can_book_for_others(request.actor, found.site),
        "regular": regular_of(found),
        "token": token,
    }
    return render(request, "bookings/done.html", context)


@login_required
@require_safe
def my_requests(request: HttpRequest) -> HttpResponse:
    """A signed-in client's own requests, newest first."""
    actor = request.actor  # type: ignore[attr-defined]  # set by TenantMiddleware
    mine = ServiceRequest.objects.none()
    if actor.client_id is not None:
        family = Client.objects.family_of(actor.client_id).values("pk")
        mine = ServiceRequest.objects.filter(organisation=actor.organisation, client_id__in=family)
    rows = [
        {
            "found": found,
            "services": [row.service.label for row in found.work_orders.all() or found.wishes.all()],
        }
        for found in mine.select_related("site")
        .prefetch_related("work_orders__service", "wishes__service")
        .order_by("-pk")[:100]
    ]
    context = {"rows": rows, "regular": _regular(actor.client_id) if actor.client_id is not None else []}
    return render(request, "bookings/my_requests.html", context)


def _regular(client_id: int) -> list[dict[str, Any]]:
    """What comes back by itself."""
    found = Recurrence.objects.of_client(client_id).going_on().select_related("site").order_by("-pk")
    return [{"found": one, "rhythm": rhythm_words(one)} for one in found[:MOST_REGULAR]]
