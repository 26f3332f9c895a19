"""The small form on the page of a request with which the team says where an address is."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from bookings import perms
from bookings.actions.placing import place_request
from bookings.forms.requests import PlaceForm
from bookings.views.requests import _actor, _find, _page
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from concierge.words import figures


@login_required
@require_POST
def place(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """Noted, and whether the site serves it; refused, the page comes back with what was typed."""
    actor = _actor(request)
    found = _find(actor, public_id)
    if not perms.can_book_for_others(actor, found.site):
        raise NotAllowed
    form = PlaceForm(request.POST)
    if form.is_valid():
        try:
            verdict = place_request(found, by=actor, **form.cleaned_data)
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
        else:
            km = {"km": figures(verdict.distance_km or 0)}
            if verdict.is_served:
                messages.success(request, _("Noted: %(km)s km from the site.") % km)
            else:
                messages.warning(request, _("Noted: %(km)s km from the site, outside the area that it serves.") % km)
            return redirect("bookings:request", public_id=public_id)
    return _page(request, actor, found, place_form=form)
