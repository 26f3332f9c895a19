"""Waiting for an earlier time: asked for and ended by the client or the desk, taken by the link of a notice."""

from __future__ import annotations

import datetime as dt
import uuid

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings import perms
from bookings.actions.waitlist import (
    CannotWait,
    earlier_times,
    is_still_free,
    join_waitlist,
    leave_waitlist,
    may_wait,
    take_earlier_time,
)
from bookings.forms.waitlist import WaitlistForm
from bookings.forms.waits import SilenceFilters
from bookings.models import ServiceRequest, WaitlistEntry, WaitlistNotice
from bookings.models.requests import REQUEST_ROLES
from bookings.models.waitlist import MOST_NOTICES
from bookings.rules.slots import FreeSlot
from bookings.views.earlier import line_of, open_entry
from bookings.views.lists import beside
from bookings.views.times import days_of
from bookings.views.tracking import bearer, link_page
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from concierge.models import Site
from concierge.tenancy import Actor
from concierge.words import moment_words, short_moment_words

PAGE = ["GET", "HEAD", "POST"]
# Waits on one page of the team's list.
ROWS = 50


# --- by the link of the request ----------------------------------------


@require_http_methods(PAGE)
@link_page
def wait_by_link(request: TenantRequest, token: str, found: ServiceRequest) -> HttpResponse:
    """The client asks to be told of earlier times, names other days, or looks how it stands."""
    back, leave = (reverse(f"bookings:{name}", args=[token]) for name in ("track", "track-wait-leave"))
    move = reverse("bookings:track-move", args=[token])
    pages = {"back": back, "leave": leave, "move": move, "layout": "layouts/public.html"}
    return _wait(request, found, bearer(request, found), pages)


@require_POST
@link_page
def leave_by_link(request: TenantRequest, token: str, found: ServiceRequest) -> HttpResponse:
    """The client wants to be told no more."""
    if leave_waitlist(found, by=bearer(request, found)):
        messages.success(request, _("You get no more messages about earlier times. Your appointment stays as it is."))
    return redirect("bookings:track", token=token)


@require_http_methods(PAGE)
@link_page
def notice_by_link(request: TenantRequest, token: str, found: ServiceRequest, public_id: uuid.UUID) -> HttpResponse:
    """A time that came free: the page asks, a POST takes it. What others took meanwhile is said, with what is left."""
    notices = WaitlistNotice.objects.select_related("entry__request__site", "entry__request__hold__presence")
    notice = get_object_or_404(notices, public_id=public_id, entry__request=found)
    if request.method != "POST":
        return _notice_page(request, token, notice)
    try:
        moved = take_earlier_time(notice, by=bearer(request, found))
    except DomainError as error:
        notice = notices.get(pk=notice.pk)
        return _notice_page(request, token, notice, error=error)
    when = moment_words(moved.promised_start, found.site) if moved.promised_start else ""
    messages.success(request, _("The appointment is now on %(when)s.") % {"when": when})
    return redirect("bookings:track", token=token)


def _notice_page(
    request: TenantRequest, token: str, notice: WaitlistNotice, *, error: DomainError | None = None
) -> HttpResponse:
    found, now = notice.entry.request, timezone.now()
    speaks = notice.still_speaks_to(found, now)
    is_free = speaks and is_still_free(notice, found, now=now)
    others: list[FreeSlot] = [] if is_free or not speaks else earlier_times(notice.entry, found, now=now)
    context = {
        "found": found,
        "token": token,
        "offered": moment_words(notice.starts_at, found.site),
        "booked": moment_words(found.promised_start, found.site) if found.promised_start else "",
        "has_it": found.promised_start == notice.starts_at,
        "speaks": speaks,
        "is_free": is_free and (error is None or error.code != "slot_taken"),
        "error": error,
        **days_of(others, found.site, first=None),
    }
    return render(request, "bookings/earlier.html", context, status=error.status if error else 200)


# --- by the desk ----------------------------------------


def _movable_by(request: HttpRequest, public_id: uuid.UUID) -> tuple[Actor, ServiceRequest]:
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by TenantMiddleware
    seen = ServiceRequest.objects.visible_to(actor).select_related("site", "client", "hold")
    found = get_object_or_404(seen, public_id=public_id)
    if actor.kind != "user" or not actor.is_staff:
        raise Http404
    if not perms.moves(actor, found):
        raise NotAllowed
    return actor, found


@login_required
@require_http_methods(PAGE)
def wait_request(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The desk writes down that a client would like to come earlier."""
    actor, found = _movable_by(request, public_id)
    back, leave, move = (
        reverse(f"bookings:{name}", args=[public_id]) for name in ("request", "wait-request-leave", "move-request")
    )
    pages = {"back": back, "leave": leave, "move": move, "layout": "layouts/staff.html"}
    return _wait(request, found, actor, pages)


@login_required
@require_POST
def leave_request(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The desk writes down that this appointment is early enough."""
    actor, found = _movable_by(request, public_id)
    if leave_waitlist(found, by=actor):
        messages.success(request, _("This client is told of no more earlier times."))
    return redirect("bookings:request", public_id=public_id)


def _wait(request: HttpRequest, found: ServiceRequest, actor: Actor, pages: dict[str, str]) -> HttpResponse:
    now, entry = timezone.now(), open_entry(found)
    if entry is None and not may_wait(found, list(found.work_orders.order_by("pk")), now):
        messages.info(request, str(CannotWait.message))
        return redirect(pages["back"])
    days = {"earliest_on": entry.earliest_on, "latest_on": entry.latest_on} if entry else {}
    form = WaitlistForm(request.POST if request.method == "POST" else None, initial=days)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            join_waitlist(found, **form.cleaned_data, by=actor)
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
            status = 422 if error.status == 400 else error.status
        else:
            messages.success(request, _("Noted. A message leaves when an earlier time comes free."))
            return redirect(pages["back"])
    free = earlier_times(entry or WaitlistEntry(request=found), found, now=now)
    context = {
        "found": found,
        "form": form,
        "entry": line_of(entry, found.site, now) if entry else None,
        "booked": moment_words(found.promised_start, found.site) if found.promised_start else "",
        "for_team": actor.is_staff,
        "most": MOST_NOTICES,
        "hours": settings.WAITLIST_REST_HOURS,
        "first_free": moment_words(free[0].starts_at, found.site) if free else "",
        **pages,
    }
    return render(request, "bookings/wait.html", context, status=status)


@login_required
@require_safe
def waitlist(request: TenantRequest) -> HttpResponse:
    """Who waits for an earlier time at the sites where the person works, first come first, 50 a page."""
    actor = request.actor
    if not perms.can_read_requests(actor):
        raise NotAllowed
    mine = actor.site_ids(*REQUEST_ROLES)
    sites = Site.objects.visible_to(actor).active()
    form = SilenceFilters(request.GET, sites=sites if mine is None else sites.filter(pk__in=mine))
    site = form.cleaned_data["site"] if form.is_valid() else None
    found = WaitlistEntry.objects.visible_to(actor).open().with_notices().order_by("joined_at", "pk")
    if site is not None:
        found = found.filter(request__site=site)
    entries = found.select_related("request__site").prefetch_related("request__work_orders__service")
    page = Paginator(entries, ROWS).get_page(request.GET.get("page"))
    now = timezone.now()
    context = {
        "rows": [_row(entry, now) for entry in page],
        "form": form,
        "is_filtered": site is not None,
        **beside(page, site=str(site.public_id) if site else ""),
    }
    return render(request, "bookings/waitlist.html", context)


def _row(entry: WaitlistEntry, now: dt.datetime) -> dict[str, object]:
    found = entry.request
    return {
        "found": found,
        "services": ", ".join(dict.fromkeys(order.service.label for order in found.work_orders.all())),
        "booked": short_moment_words(found.promised_start, found.site) if found.promised_start else "",
        **line_of(entry, found.site, now),
    }
