"""Another time for an appointment: by the client on the tracking page, by the desk on the request's page."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings import perms
from bookings.actions.day_prices import day_price_of
from bookings.actions.rescheduling import OVER, is_movable, minutes_of, reschedule_request
from bookings.forms.booking import SlotForm
from bookings.models import ServiceRequest, WorkOrder, calendar
from bookings.views.times import days_of, first_day_of
from bookings.views.tracking import bearer, link_page
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from concierge.tenancy import Actor
from concierge.words import moment_words

PAGE = ["GET", "HEAD", "POST"]


@require_http_methods(PAGE)
@link_page
def move_by_link(request: TenantRequest, token: str, found: ServiceRequest) -> HttpResponse:
    """The client moves the appointment, as long as no work has begun."""
    actor, back = bearer(request, found), reverse("bookings:track", args=[token])
    return _move(request, found, actor, back=back, layout="layouts/public.html")


@login_required
@require_http_methods(PAGE)
def move_request(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The desk moves it, while somebody is on the phone."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by TenantMiddleware
    seen = ServiceRequest.objects.visible_to(actor).select_related("site", "client", "hold")
    found = get_object_or_404(seen, public_id=public_id)
    if actor.kind != "user" or not actor.is_staff:
        raise Http404
    if not perms.moves(actor, found):
        raise NotAllowed
    back = reverse("bookings:request", args=[found.public_id])
    return _move(request, found, actor, back=back, layout="layouts/staff.html")


def _move(request: HttpRequest, found: ServiceRequest, actor: Actor, *, back: str, layout: str) -> HttpResponse:
    orders = list(found.work_orders.select_related("service").order_by("pk"))
    if not is_movable(found, orders):
        messages.info(request, _("This appointment can no longer be moved: the work has begun, or it is over."))
        return redirect(back)
    form = SlotForm(request.POST if request.method == "POST" else None)
    error: DomainError | None = None
    if form.is_valid():
        try:
            moved = reschedule_request(found, form.cleaned_data["slot"], by=actor)
        except DomainError as refusal:
            error = refusal
        else:
            assert moved.promised_start is not None  # noqa: S101 - it was moved there
            when = moment_words(moved.promised_start, moved.site)
            messages.success(request, _("The appointment is now on %(when)s.") % {"when": when})
            return redirect(back)
    status = error.status if error else (422 if form.is_bound else 200)
    times = _times(request, found, orders)
    context = {"form": form, "error": error, "back": back, "layout": layout, **times}
    context["keeps_price"] = not actor.is_staff and _differs(found, orders, times["days"])
    return render(request, "bookings/move.html", context, status=status)


def _differs(found: ServiceRequest, orders: list[WorkOrder], days: list[dict[str, Any]]) -> bool:
    """Whether at some of the times shown other supplements apply than the request carries."""
    usual = day_price_of(found, orders)
    shown = (dt.datetime.fromisoformat(slot["value"]) for day in days for slot in day["slots"])
    return any(usual.differs_at(moment) for moment in shown)


def _times(request: HttpRequest, found: ServiceRequest, orders: list[WorkOrder]) -> dict[str, Any]:
    first = first_day_of(request)
    left = [order for order in orders if order.status not in OVER]
    free = calendar.slots_left(
        found.site,
        found.place,
        now=timezone.now(),
        first_day=first,
        days=calendar.BOOKABLE_DAYS,
        services=[order.service for order in left],
        minutes=minutes_of(found, left),
        presence=found.hold.presence if found.hold else None,
    )
    now = moment_words(found.promised_start, found.site) if found.promised_start else ""
    return {"found": found, "planned": now, **days_of(free, found.site, first=first)}
