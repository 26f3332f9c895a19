"""The team's list of requests and the page of one request."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from bookings import perms
from bookings.actions import requests
from bookings.actions.day_prices import has_another_day
from bookings.actions.day_reasons import cancelled_because
from bookings.actions.links import renew_link
from bookings.actions.measuring import may_be_measured
from bookings.actions.repricing import REPRICED_FROM
from bookings.actions.rescheduling import is_movable
from bookings.actions.work_orders import (
    bring_back,
    bring_to_provider,
    fail_work_order,
    reject_quality,
    verify_work_order,
)
from bookings.enums import REQUEST_CATEGORY, Execution, Leg, Place, RequestStatus, WorkOrderStatus
from bookings.forms.requests import DeclineForm, PlaceForm, ReasonForm, RequestFilters
from bookings.models import ClientQuestion, FollowUp, ServiceRequest, WorkOrder
from bookings.models.access import access_of
from bookings.models.areas import has_measured_areas
from bookings.models.requests import ServiceRequestQuerySet
from bookings.models.waiting import Waiting, waiting_of
from bookings.views import waits, words
from bookings.views.earlier import earlier_of
from bookings.views.event_words import EVENT_WORDS
from bookings.views.following import VERBS
from bookings.views.fragments import fragments_of
from bookings.views.quotes import card_of
from bookings.views.repricing import far_away
from concierge import events
from concierge.enums import Role
from concierge.errors import DomainError, Invalid, NotAllowed
from concierge.models import Site
from concierge.tenancy import Actor
from concierge.words import euros, moment_words, short_moment_words

PAGE = 50
# Who plans the team's day, on the board of the workers app.
BOARD_ROLES = (Role.CONCIERGE, Role.DISPATCHER, Role.SUPERVISOR, Role.SITE_MANAGER)

# What other apps show on the page of a request, each by its own address.


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by TenantMiddleware
    if not perms.can_read_requests(actor):
        raise PermissionDenied
    return actor


@login_required
@require_safe
def requests_list(request: HttpRequest) -> HttpResponse:
    """Requests of the sites where the person works, newest first, 50 a page."""
    actor = _actor(request)
    form = RequestFilters(request.GET, sites=Site.objects.visible_to(actor))
    found = _filtered(ServiceRequest.objects.visible_to(actor), form)
    before = request.GET.get("before", "")
    if before:
        known = ServiceRequest.objects.visible_to(actor).filter(reference=before.replace("\x00", ""))
        anchor = known.values_list("pk", flat=True).first()
        found = found.filter(pk__lt=anchor) if anchor else found.none()
    rows = list(
        found.select_related("site", "client", "payer_account")
        .prefetch_related("work_orders__service", "wishes__service")
        .order_by("-pk")[: PAGE + 1]
    )
    waiting = waiting_of(rows[:PAGE], now=timezone.now())
    return render(
        request,
        "bookings/requests.html",
        {
            "rows": [_row(row, waiting[row.pk]) for row in rows[:PAGE]],
            "form": form,
            "next": _more(request, rows) if len(rows) > PAGE else "",
            "is_filtered": any(request.GET.get(name) for name in ("category", "site", "late", "q")),
        },
    )


def _filtered(found: ServiceRequestQuerySet, form: RequestFilters) -> ServiceRequestQuerySet:
    if not form.is_valid():
        return found
    wanted = form.cleaned_data
    if wanted["category"]:
        found = found.filter(
            status__in=[s for s, category in REQUEST_CATEGORY.items() if category == wanted["category"]]
        )
    if wanted["site"]:
        found = found.filter(site=wanted["site"])
    if wanted["late"]:
        found = found.filter(
            promised_end__lt=timezone.now(),
            status__in=[RequestStatus.SUBMITTED, RequestStatus.CONFIRMED, RequestStatus.IN_PROGRESS],
        )
    text = wanted["q"].strip()
    if text:
        found = found.matching(text)
    return found


def _row(found: ServiceRequest, waiting: Waiting) -> dict[str, Any]:
    now = timezone.now()
    return {
        "found": found,
        "services": ", ".join(
            dict.fromkeys(row.service.label for row in found.work_orders.all() or found.wishes.all())
        ),
        "when": short_moment_words(found.promised_start, found.site) if found.promised_start else "",
        "is_late": waiting.request.breaks_promise(now),
        "wait": waits.shown(waiting.request, found.site, now=now),
        # Nothing is priced before a quote is accepted.
        "total": euros(found.total_incl_vat) if found.promised_start or found.total_incl_vat else "–",
    }


def _more(request: HttpRequest, rows: list[ServiceRequest]) -> str:
    kept = {name: request.GET[name] for name in ("category", "site", "late", "q") if request.GET.get(name)}
    return "?" + urlencode({**kept, "before": rows[PAGE - 1].reference})


@login_required
@require_safe
def request_page(request: HttpRequest, public_id: Any) -> HttpResponse:
    """Everything about one request; each button is there only for whoever may press it."""
    actor = _actor(request)
    return _page(request, actor, _find(actor, public_id))


def _find(actor: Actor, public_id: Any) -> ServiceRequest:
    found = ServiceRequest.objects.visible_to(actor).select_related(
        "site", "client", "payer_account", "prescriber__user"
    )
    return get_object_or_404(found, public_id=public_id)


def _page(
    request: HttpRequest,
    actor: Actor,
    found: ServiceRequest,
    *,
    error: DomainError | None = None,
    place_form: PlaceForm | None = None,
) -> HttpResponse:
    orders = list(found.work_orders.select_related("service").order_by("pk"))
    told = events.history(request_id=found.public_id)
    now = timezone.now()
    waiting = waiting_of([found], now=now)[found.pk]
    quoting = card_of(actor, found)
    unmeasured = far_away(found)
    is_unlocated = found.place == Place.HOME and found.latitude is None and has_measured_areas(found.site)
    if place_form is None and (is_unlocated or unmeasured) and perms.can_place(actor, found):
        place_form = PlaceForm()
    may_ask = perms.can_book_for_others(actor, found.site)
    can_reprice = not quoting["wishes"] and found.status in REPRICED_FROM and may_ask
    context = {
        "found": found,
        "error": error,
        "quoting": quoting,
        "wait": waits.shown(waiting.request, found.site, now=now),
        **words.order_lines(found),
        "appointment": moment_words(found.promised_start, found.site) if found.promised_start else "",
        "orders": [
            {
                "order": order,
                "holder": order.performer_label,
                "ready_by": moment_words(order.promised_end, found.site),
                "wait": waits.shown(waiting.works[order.pk], found.site, now=now),
                "is_late": waiting.works[order.pk].breaks_promise(now),
                "can_check": perms.can_check(actor, order),
                "waits_for_supervisor": order.status == WorkOrderStatus.COMPLETED and not perms.checks(actor, order),
                "board_query": _board_query(actor, order, found),
                "leg": order.leg_now or "",
                "can_carry": perms.can_carry(actor, order),
                "can_give_up": perms.can_give_up(actor, order),
            }
            for order in orders
        ],
        "can_reprice": can_reprice,
        "day_differs": can_reprice and has_another_day(found, orders),
        "can_measure": not quoting["wishes"] and perms.can_measure(actor, found) and may_be_measured(found, orders),
        "unmeasured": unmeasured,
        "is_unlocated": is_unlocated,
        "place_form": place_form,
        "history": [_told(event, found) for event in reversed(list(told))],
        "questions": [_asked(question, found) for question in found.questions.order_by("-pk")[:5]],
        "follow_up": FollowUp.objects.select_related("owner").filter(request=found).first(),
        "pause": waiting.pause,
        "waits": [
            {"slug": slug, "title": verb.title}
            for slug, verb in VERBS.items()
            if perms.can_wait(actor, found, verb.name)
        ],
        "access": access_of(found) if perms.reads_access(actor, found) else None,
        "can_note_access": perms.can_note_access(actor, found),
        "can_cancel": perms.can_cancel(actor, found),
        "can_move": perms.can_move(actor, found) and is_movable(found, orders),
        "earlier": earlier_of(actor, found, orders, now=now),
        "can_close": perms.can_close(actor, found),
        "can_decline": perms.can_decline(actor, found),
        "can_renew_link": perms.can_renew_link(actor, found),
        "cancelled_because": cancelled_because(found.cancel_reason),
        "link_ends": found.tracking_ends,
        "link_is_over": found.tracking_is_over(timezone.now()),
        "fragments": fragments_of(found, is_on_quote=bool(quoting["wishes"])),
    }
    refused = 422 if place_form is not None and place_form.is_bound else 200
    return render(request, "bookings/request.html", context, status=error.status if error else refused)


def _asked(question: ClientQuestion, found: ServiceRequest) -> dict[str, str]:
    """A question to the client, and what became of it."""
    answered = moment_words(question.answered_at, found.site) if question.answered_at else ""
    return {"text": question.text, "answer": question.answer, "answered": answered}


def _board_query(actor: Actor, order: WorkOrder, found: ServiceRequest) -> str:
    """Where the board shows this work of our own team: the day it is planned, else the day it may begin."""
    carried = order.leg_now in {Leg.COLLECT, Leg.RETURN}
    if not carried and (order.execution != Execution.OWN_TEAM or order.category not in {"open", "waiting", "active"}):
        return ""
    if not actor.has_role(*BOARD_ROLES, site_id=found.site_id):
        return ""
    moment = (order.planned_start or order.promised_start).astimezone(ZoneInfo(found.site.time_zone))
    asked = {"site": found.site.slug, "day": moment.date().isoformat()}
    return urlencode({**asked, "work": str(order.public_id)} if carried or not order.performer_kind else asked)


def _told(event: Any, found: ServiceRequest) -> dict[str, str]:
    """A line of the team's history: the event's own name translated, and who did it."""
    return {
        "title": str(EVENT_WORDS.get(event.name, event.name)),
        "when": moment_words(event.act_at, found.site),
        "by": "" if event.actor == "system" else event.actor_label,
        "detail": str(event.data.get("work_order", event.data.get("quote", ""))),
    }


# verb in the address → may they?
REQUEST_VERBS = {
    "annuler": perms.can_cancel,
    "refuser": perms.can_decline,
    "remettre": perms.can_close,
    "lien": perms.can_renew_link,
}


def _change(found: ServiceRequest, verb: str, said: dict[str, str], actor: Actor) -> str:
    """Do it; returns what to say."""
    if verb == "annuler":
        requests.cancel_request(found, **said, by=actor)
        return _("The request is cancelled and the client is told.")
    if verb == "refuser":
        requests.decline_request(found, **said, by=actor)
        return _("The request is declined and the client is told.")
    if verb == "lien":
        renew_link(found, by=actor)
        if found.contact_email:
            return _("The old link no longer opens. The client receives the new one by e-mail.")
        return _("The old link no longer opens. This client has no e-mail address: show or print the new link.")
    requests.close_request(found, by=actor)
    return _("Handed over. The request is closed.")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def change_request(request: HttpRequest, public_id: Any, verb: str) -> HttpResponse:
    """Cancel, decline or hand over: a page that asks, then a POST that acts."""
    actor = _actor(request)
    found = _find(actor, public_id)
    if verb not in REQUEST_VERBS:
        raise Http404
    form = (DeclineForm if verb == "refuser" else ReasonForm)(request.POST if request.method == "POST" else None)
    if request.method != "POST":
        if not REQUEST_VERBS[verb](actor, found):
            return redirect("bookings:request", public_id=public_id)
        return render(request, "bookings/change_request.html", {"found": found, "form": form, "verb": verb})
    if not actor.has_role(*perms.DESK, site_id=found.site_id):
        raise NotAllowed
    if not form.is_valid():
        return render(request, "bookings/change_request.html", {"found": found, "form": form, "verb": verb}, status=422)
    try:
        messages.success(request, _change(found, verb, form.cleaned_data, actor))
    except DomainError as error:
        return _page(request, actor, _find(actor, public_id), error=error)
    return redirect("bookings:request", public_id=public_id)


# verb in the address → who may, what it does, what is said
WORK_ORDER_VERBS: dict[str, tuple[Callable[[Actor, WorkOrder], bool], Callable[..., WorkOrder], Promise]] = {
    "valider": (perms.checks, verify_work_order, gettext_lazy("Checked. Well done.")),
    "reprendre": (
        perms.checks,
        partial(reject_quality, reason="quality"),
        gettext_lazy("Sent back to be done again."),
    ),
    "apporte": (perms.carries, bring_to_provider, gettext_lazy("Noted: the provider has it and can start.")),
    "rapporte": (perms.carries, bring_back, gettext_lazy("Noted: it is back and can be checked.")),
    "impossible": (perms.gives_up, fail_work_order, gettext_lazy("Noted: this cannot be done. It is not charged.")),
}


def _why(request: HttpRequest) -> str:
    """The reason that was typed. Raises ``Invalid`` (400) without one: the next person at the desk will ask."""
    form = ReasonForm(request.POST)
    if form.is_valid() and form.cleaned_data["reason"]:
        return str(form.cleaned_data["reason"])
    raise Invalid(_("Say in a few words why it cannot be done."), field="reason")


@login_required
@require_http_methods(["POST"])
def change_work_order(request: HttpRequest, public_id: Any, verb: str) -> HttpResponse:
    """The quality check: well done, or once more. Things carried without anybody of the team: there, or back. Or work
    that cannot be done, with the reason."""
    actor = _actor(request)
    order = get_object_or_404(WorkOrder.objects.visible_to(actor).select_related("request"), public_id=public_id)
    if verb not in WORK_ORDER_VERBS:
        raise Http404
    may, act, said = WORK_ORDER_VERBS[verb]
    if not may(actor, order):
        raise NotAllowed
    try:
        act(order, by=actor, **({"reason": _why(request)} if verb == "impossible" else {}))
        messages.success(request, str(said))
    except DomainError as error:
        return _page(request, actor, _find(actor, order.request.public_id), error=error)
    return redirect("bookings:request", public_id=order.request.public_id)
