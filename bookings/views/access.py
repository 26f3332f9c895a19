"""How to get in: the client says it on the tracking page, the desk on the page of the request (R8)."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from bookings import perms
from bookings.actions.access import note_access
from bookings.forms.access import AccessForm
from bookings.models import ServiceRequest
from bookings.models.access import access_of
from bookings.views.tracking import bearer, link_page
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from concierge.tenancy import Actor

PAGE = ["GET", "HEAD", "POST"]


@require_http_methods(PAGE)
@link_page
def access_by_link(request: TenantRequest, token: str, found: ServiceRequest) -> HttpResponse:
    """The client writes it anew. What is noted is not shown: a link is passed on, a door code should not be."""
    actor, back = bearer(request, found), reverse("bookings:track", args=[token])
    if not perms.can_note_access(actor, found):
        return redirect(back)
    return _page(request, found, actor, back=back, layout="layouts/public.html", known="")


@login_required
@never_cache
@require_http_methods(PAGE)
def access_of_request(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The desk corrects it, while somebody is on the phone."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by TenantMiddleware
    seen = ServiceRequest.objects.visible_to(actor).select_related("site", "client", "access_note")
    found = get_object_or_404(seen, public_id=public_id)
    if actor.kind != "user" or not actor.is_staff:
        raise Http404
    if not perms.notes_access(actor, found):
        raise NotAllowed
    back = reverse("bookings:request", args=[found.public_id])
    if not perms.can_note_access(actor, found):
        return redirect(back)
    note = access_of(found)
    return _page(request, found, actor, back=back, layout="layouts/staff.html", known=note.text if note else "")


def _page(
    request: HttpRequest, found: ServiceRequest, actor: Actor, *, back: str, layout: str, known: str
) -> HttpResponse:
    form = AccessForm(request.POST if request.method == "POST" else None, initial={"access_note": known})
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            note_access(found, form.cleaned_data["access_note"], by=actor)
        except DomainError as error:
            form.add_error("access_note" if error.field else None, str(error.message))
            status = error.status
        else:
            typed = form.cleaned_data["access_note"]
            messages.success(request, _("It is noted.") if typed else _("Nothing is kept any more of how we get in."))
            return redirect(back)
    context = {"form": form, "found": found, "back": back, "layout": layout}
    return render(request, "bookings/access.html", context, status=status)
