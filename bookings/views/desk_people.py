"""Somebody new at the desk: likely people first, then an explicit choice (R2: search before create). And a booking
begun from the card of somebody known, without typing who they are again."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.actions.clients import ClientDetails, add_client
from bookings.forms.desk import NewPersonForm, guessed
from bookings.models import Client, PreOrderRun
from bookings.models.clients import each_once
from bookings.views.desk import LONGEST_QUERY, desk_page, find_client, show
from bookings.views.draft import Draft
from bookings.views.kinds import APPOINTMENT, BASKET, KINDS, QUOTE, of_kind
from bookings.views.steps import go
from concierge.errors import DomainError
from concierge.middleware import TenantRequest
from concierge.models import Site, national_phone


@desk_page("GET", "HEAD", "POST")
def new_person(request: TenantRequest, site: Site) -> HttpResponse:
    """Who is new, begun with what stands in the box; whoever is like somebody known is shown them, and made only on
    request."""
    if request.method != "POST" or "q" in request.POST:
        form = NewPersonForm(initial=guessed(request.POST.get("q", "").replace("\x00", "")[:LONGEST_QUERY]))
        return show(request, site, "desk_new", form=form, likely=[])
    form = NewPersonForm(request.POST)
    if not form.is_valid():
        return show(request, site, "desk_new", 422, form=form, likely=_likely(request, form))
    likely = _likely(request, form)
    if likely and "create" not in request.POST:
        return show(request, site, "desk_new", 422, form=form, likely=likely, asks=True)
    try:
        made = add_client(request.organisation, ClientDetails(language="fr", **form.cleaned_data), by=request.actor)
    except DomainError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error.message))
        return show(request, site, "desk_new", error.status, form=form, likely=likely)
    messages.success(request, _("%(name)s is noted.") % {"name": made})
    return redirect("bookings:desk-person", slug=site.slug, client=made.public_id)


@desk_page("POST")
def likely_people(request: TenantRequest, site: Site) -> HttpResponse:
    """Fragment while somebody types: people who may be this one. A POST, so that no name stands in an address."""
    form = NewPersonForm(request.POST)
    form.is_valid()
    return render(request, "bookings/_desk_likely.html", {"site": site, "likely": _likely(request, form)})


@desk_page("POST")
def book(request: TenantRequest, site: Site, client: Any, what: str) -> HttpResponse:
    """Begin an appointment, an order ahead or a question for a quote for this person: the usual pages, which know who
    asks. ``run`` names the hand-out; where there is one service to choose, it is chosen."""
    if what not in KINDS:
        raise Http404
    who = find_client(request, client)
    draft = Draft.begin(request, site, client=str(who.public_id), wants=what)
    coming = _run(site, request.POST.get("run", "")) if what == BASKET else None
    fitting = of_kind(site, draft.choices, what)
    chosen = [one for one in fitting if coming is not None and one.pk == coming.plan.service_id] or fitting
    if what == APPOINTMENT or len(chosen) != 1:
        draft.save()
        return go(site, "services")
    run = {"run": str(coming.public_id), "run_key": str(uuid.uuid4())} if coming is not None else {}
    draft.save(services=[str(chosen[0].public_id)], **run)
    return go(site, "wishes" if what == QUOTE else "details")


def _run(site: Site, public_id: str) -> PreOrderRun | None:
    """The hand-out that was pressed, as long as it takes orders."""
    try:
        wanted = uuid.UUID(public_id)
    except ValueError:
        return None
    mine = PreOrderRun.objects.filter(site=site, public_id=wanted).taking_orders(timezone.now())
    return mine.select_related("plan").first()


def _likely(request: TenantRequest, form: NewPersonForm) -> list[dict[str, Any]]:
    found = (
        Client.objects.visible_to(request.actor)
        .select_related("merged_into")
        .like(name=form.typed["name"], phone=form.typed["phone"], email=form.typed["email"])
    )
    return [{"client": client, "phone": national_phone(str(client.phone))} for client in each_once(found)]
