"""Somebody new at the desk: likely people first, then an explicit choice (R2: search before create)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from bookings.actions.clients import ClientDetails, add_client
from bookings.forms.desk import NewPersonForm, guessed
from bookings.models import Client
from bookings.models.clients import each_once
from bookings.views.desk import LONGEST_QUERY, desk_page, show
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


def _likely(request: TenantRequest, form: NewPersonForm) -> list[dict[str, Any]]:
    found = (
        Client.objects.visible_to(request.actor)
        .select_related("merged_into")
        .like(name=form.typed["name"], phone=form.typed["phone"], email=form.typed["email"])
    )
    return [{"client": client, "phone": national_phone(str(client.phone))} for client in each_once(found)]
