"""A mistyped name, number or address of somebody known, corrected at the desk: under the record that is kept (R2)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from bookings import perms
from bookings.actions.contacts import change_contact
from bookings.forms.desk import KnownPersonForm
from bookings.models import Client
from bookings.models.clients import each_once
from bookings.views.desk import desk_page, find_client, show
from concierge.errors import DomainError
from concierge.middleware import TenantRequest
from concierge.models import Site, national_phone


@desk_page("GET", "HEAD", "POST")
def details(request: TenantRequest, site: Site, client: Any) -> HttpResponse:
    """Change what is on file. An address or a number that is somebody else's is shown with them first: a number may be
    shared, an address may not."""
    who = find_client(request, client)
    form = KnownPersonForm(request.POST if request.method == "POST" else None, client=who)
    if not form.is_valid():
        return _page(request, site, who, form, 422 if form.is_bound else 200)
    likely = _others(request, who, form)
    if likely and "anyway" not in request.POST:
        return _page(request, site, who, form, 422, likely=likely, asks=True)
    try:
        change_contact(who, form.changes, by=request.actor)
    except DomainError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error.message))
        return _page(request, site, who, form, error.status, likely=likely)
    messages.success(request, _("The details are saved. What was ordered before keeps what it says."))
    return redirect("bookings:desk-person", slug=site.slug, client=who.public_id)


def _page(
    request: TenantRequest, site: Site, who: Client, form: KnownPersonForm, status: int, **more: Any
) -> HttpResponse:
    merges = perms.can_merge_clients(request.actor)
    context = {"client": who, "form": form, "likely": [], "asks": False, "can_merge": merges}
    return show(request, site, "desk_details", status, **{**context, **more})


def _others(request: TenantRequest, who: Client, form: KnownPersonForm) -> list[dict[str, Any]]:
    """People who have the new address or number already, but for the person themself under whichever record."""
    changes = form.changes
    known = Client.objects.visible_to(request.actor).exclude(pk__in=Client.objects.family_of(who.pk).values("pk"))
    found = known.select_related("merged_into").like(
        name="", phone=changes.get("phone", ""), email=changes.get("email", "")
    )
    return [{"client": one, "phone": national_phone(str(one.phone))} for one in each_once(found)]
