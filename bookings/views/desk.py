"""The desk: who is in front of me, what do I owe, what do I take? One box, then the person; by keyboard or scanner."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch, Q
from django.db.models.functions import Coalesce
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from bookings import perms
from bookings.actions import requests as actions
from bookings.actions.clients import accounts_for
from bookings.actions.links import send_link
from bookings.enums import RequestStatus
from bookings.models import Client, PreOrder, ServiceRequest, WorkOrder
from bookings.models.clients import each_once
from bookings.models.requests import ENDED, public_id_of_tracking_token
from bookings.models.waiting import waiting_of
from bookings.rules import names
from bookings.rules.waiting import Wait
from bookings.views import ahead, hand_outs, waits
from bookings.views.kinds import begun_at
from bookings.views.series_words import regular_rows
from bookings.views.served import Served
from concierge.days import today_at
from concierge.errors import DomainError
from concierge.middleware import TenantRequest
from concierge.models import Site, national_phone
from concierge.words import euros

MOST_FOUND = 8
MOST_OPEN, MOST_ENDED = 20, 3
LONGEST_QUERY = 300
# What a scanner types: the tracking address on the receipt and on the client's phone.
SCANNED = re.compile(r"/suivi/([^/\s?#]+)")
READY = (RequestStatus.FULFILLED, RequestStatus.PARTIALLY_FULFILLED)

View = Callable[..., HttpResponse]


def desk_page(*methods: str) -> Callable[[View], View]:
    """A page of a desk for whoever works there; for everybody else there is no such page."""

    def decorate(view: View) -> View:
        @login_required
        @never_cache
        @require_http_methods(methods or ["GET", "HEAD"])
        @wraps(view)
        def page(request: TenantRequest, slug: str, **kwargs: Any) -> HttpResponse:
            site = get_object_or_404(Site.objects.visible_to(request.actor).active(), slug=slug)
            if not perms.works_at_desk(request.actor, site):
                raise Http404
            return view(request, site, **kwargs)

        return page

    return decorate


@login_required
@never_cache
@require_http_methods(["GET", "HEAD"])
def desks(request: TenantRequest) -> HttpResponse:
    """Which desk; straight on where there is only one."""
    found = [
        site
        for site in Site.objects.visible_to(request.actor).active().order_by("name", "pk")
        if perms.works_at_desk(request.actor, site)
    ]
    if not found:
        raise Http404
    if len(found) == 1:
        return redirect("bookings:desk", slug=found[0].slug)
    return render(request, "bookings/desks.html", {"sites": found})


@desk_page("GET", "HEAD", "POST")
def desk(request: TenantRequest, site: Site) -> HttpResponse:
    """The box. A scan or the only match leads to the person at once. What is typed is posted, so that no name and no
    number stands in an address that a shared screen remembers (P07)."""
    text = request.POST.get("q", "").replace("\x00", "").strip()[:LONGEST_QUERY]
    scanned = _scanned(request, text)
    if request.htmx:
        rows = [] if scanned or not text else _found(request, text)
        return render(request, "bookings/_desk_found.html", {"site": site, "rows": rows, "text": text})
    if scanned is not None:
        address = reverse("bookings:desk-person", args=[site.slug, scanned.client.public_id])
        return redirect(f"{address}?{urlencode({'demande': scanned.public_id})}")
    rows = _found(request, text) if text else []
    if len(rows) == 1:
        return redirect("bookings:desk-person", slug=site.slug, client=rows[0]["client"].public_id)
    collecting = 0 if text else PreOrder.objects.collected_on(site, today_at(site)).count()
    return show(request, site, "desk", rows=rows, text=text, collecting=collecting)


def show(request: TenantRequest, site: Site, page: str, status: int = 200, **context: Any) -> HttpResponse:
    """A page of the desk in its frame: the box above, the people served last below."""
    frame = {"site": site, "text": "", "served": Served(request, site).rows()}
    return render(request, f"bookings/{page}.html", {**frame, **context}, status=status)


def _scanned(request: TenantRequest, text: str) -> ServiceRequest | None:
    """The request whose tracking address or reference this is, among those that the person may see."""
    seen = ServiceRequest.objects.visible_to(request.actor).select_related("client")
    if match := SCANNED.search(text):
        public_id = public_id_of_tracking_token(match[1])
        return seen.filter(public_id=public_id).first() if public_id else None
    reference = names.reference_of(text)
    if not reference:
        return None
    found = seen.filter(reference=reference).first()
    if found is None:
        orders = WorkOrder.objects.visible_to(request.actor).filter(reference=reference)
        found = seen.filter(pk__in=orders.values("request_id")).first()
    return found


def _found(request: TenantRequest, text: str) -> list[dict[str, Any]]:
    """People, those who asked last first, each with what is under way. Two statements."""
    found = Client.objects.visible_to(request.actor).matching(text).recent_first().select_related("merged_into")
    # A record that was merged stands for the one under which the person is kept.
    people = each_once(found[:MOST_FOUND])
    counts: dict[int, list[str]] = defaultdict(list)
    # Their rows first, then the requests of these rows by the index: an OR across the join reads every request.
    kept = [client.pk for client in people]
    family = Client.objects.filter(Q(pk__in=kept) | Q(merged_into__in=kept)).order_by()
    asked = ServiceRequest.objects.visible_to(request.actor).open().filter(client__in=family.values("pk"))
    under_way = asked.order_by("pk")
    head = Coalesce("client__merged_into_id", "client_id")
    for client_id, status in under_way.values_list(head, "status")[: MOST_FOUND * MOST_OPEN]:
        counts[client_id].append(status)
    return [
        {
            "client": client,
            "phone": national_phone(str(client.phone)),
            "ready": sum(status in READY for status in counts[client.pk]),
            "under_way": sum(status not in READY for status in counts[client.pk]),
        }
        for client in people
    ]


def find_client(request: TenantRequest, public_id: Any) -> Client:
    """A client of ours, as they are kept, else 404."""
    found = Client.objects.visible_to(request.actor).select_related("merged_into")
    return get_object_or_404(found, public_id=public_id).kept_as


@desk_page()
def person(request: TenantRequest, site: Site, client: Any) -> HttpResponse:
    """Who they are, what is ready, what is under way and whom it waits for, what they owe."""
    return person_page(request, site, find_client(request, client))


def person_page(
    request: TenantRequest, site: Site, client: Client, *, error: DomainError | None = None
) -> HttpResponse:
    """The page of a person, with a refusal on it when there is one."""
    seen = ServiceRequest.objects.visible_to(request.actor).filter(client__in=Client.objects.family_of(client.kept_id))
    rows = (
        seen.select_related("site", "payer_account", "pre_order__run__site")
        .prefetch_related(Prefetch("work_orders", WorkOrder.objects.select_related("service")))
        .order_by("-pk")
    )
    is_open = list(rows.open()[: MOST_OPEN + 1])
    waiting = waiting_of(is_open, now=timezone.now())
    under_way = [_row(request, site, found, waiting[found.pk].request) for found in is_open]
    asked_for = request.GET.get("demande", "")
    under_way.sort(key=lambda row: str(row["found"].public_id) != asked_for)
    ready = [row for row in under_way if row["can_hand_over"]]
    if asked_for and not ready:
        for row in under_way[:1]:
            row["is_asked_for"] = str(row["found"].public_id) == asked_for
    return show(
        request,
        site,
        "desk_person",
        error.status if error else 200,
        client=client,
        phone=national_phone(str(client.phone)),
        accounts=list(accounts_for(request.organisation, client.email)[:3]),
        ready=ready,
        others=[row for row in under_way[:MOST_OPEN] if not row["can_hand_over"]],
        has_more=len(under_way) > MOST_OPEN,
        begins=begun_at(site, timezone.now()),
        regular=regular_rows(client.kept_id, request.actor),
        ended=[_row(request, site, found) for found in rows.filter(status__in=ENDED)[:MOST_ENDED]],
        owed_url=_address("billing:of-client", client),
        error=error,
    )


def _address(name: str, client: Client) -> str:
    """Where another app shows what it knows of this person, when that app is there."""
    try:
        return reverse(name, args=[client.public_id])
    except NoReverseMatch:
        return ""


def _row(request: TenantRequest, site: Site, found: ServiceRequest, wait: Wait | None = None) -> dict[str, Any]:
    return {
        "found": found,
        "services": ", ".join(
            order.service.label for order in sorted(found.work_orders.all(), key=lambda order: order.pk)
        ),
        "wait": waits.shown(wait, found.site, now=timezone.now()) if wait else None,
        "total": euros(found.total_incl_vat),
        "is_elsewhere": found.site_id != site.pk,
        "can_hand_over": found.site_id == site.pk and perms.can_close(request.actor, found),
        "is_asked_for": False,
        "basket": _basket(request, site, found),
    }


def _basket(request: TenantRequest, site: Site, found: ServiceRequest) -> dict[str, Any] | None:
    """The order ahead of a request that is handed out here, with the ticks of the hand-out list."""
    order: PreOrder | None = getattr(found, "pre_order", None)
    if order is None or order.run.site_id != site.pk:
        return None
    may = hand_outs.may_tick(request.actor, order.run)
    return {"order": order, "when": ahead.window_words(order.run), **hand_outs.ticks_of(order, may=may)}


@desk_page("POST")
def act(request: TenantRequest, site: Site, public_id: Any, verb: str) -> HttpResponse:
    """Hand over, undo, send the link; then the next person of the queue."""
    seen = ServiceRequest.objects.visible_to(request.actor).select_related("client", "site")
    found = get_object_or_404(seen, public_id=public_id, site=site)
    served = Served(request, site)
    try:
        said = _do(request, found, verb, served)
    except DomainError as error:
        return person_page(request, site, found.client.kept_as, error=error)
    messages.success(request, said)
    if verb == "lien":
        return redirect("bookings:desk-person", slug=site.slug, client=found.client.public_id)
    return redirect("bookings:desk", slug=site.slug)


def _do(request: TenantRequest, found: ServiceRequest, verb: str, served: Served) -> str:
    about = {"reference": found.reference, "name": found.contact_name}
    if verb == "remettre":
        actions.close_request(found, by=request.actor)
        served.note(found, "handed_over")
        return _("%(reference)s is handed over to %(name)s.") % about
    if verb == "reprendre":
        actions.take_back(found, by=request.actor)
        served.forget(found)
        return _("%(reference)s is not handed over: it is ready again.") % about
    if verb == "annuler":
        actions.undo_order(found, by=request.actor)
        served.forget(found)
        return _("%(reference)s is cancelled.") % about
    if verb == "lien":
        if not found.contact_email:
            return _("%(name)s has no e-mail address: print the receipt, its code opens the same page.") % about
        if send_link(found, by=request.actor):
            return _("The tracking link is on its way to %(name)s.") % about
        return _("The link was sent several times today already.")
    raise Http404
