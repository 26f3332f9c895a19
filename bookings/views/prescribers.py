"""The team's page of prescribers: invite, pause, let book again."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings import perms
from bookings.actions.prescribers import invite_prescriber, pause_prescriber, resume_prescriber
from bookings.forms.people import InviteForm
from bookings.models import Prescriber
from bookings.views.lists import beside, typed_search
from concierge.errors import DomainError
from concierge.middleware import TenantRequest

PAGE = 50


def _check(request: TenantRequest) -> None:
    """The page is there for whoever may use it."""
    if not perms.can_manage_prescribers(request.actor):
        raise Http404


@require_safe
def prescribers(request: TenantRequest) -> HttpResponse:
    """Who books for people they accompany, and for how many."""
    _check(request)
    text = typed_search(request)
    found = Prescriber.objects.filter(organisation=request.organisation).select_related("user")
    if text:
        found = found.filter(
            Q(structure__icontains=text)
            | Q(user__first_name__icontains=text)
            | Q(user__last_name__icontains=text)
            | Q(user__email__icontains=text)
        )
    live = Count("accompaniments", filter=Q(accompaniments__ended_at=None))
    page = Paginator(found.annotate(people=live).order_by("structure", "pk"), PAGE).get_page(request.GET.get("page"))
    context = {"rows": page, "q": text, **beside(page, q=text)}
    return render(request, "bookings/prescribers.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: TenantRequest) -> HttpResponse:
    """A professional of a partner structure receives how to sign in."""
    _check(request)
    form = InviteForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        wanted = dict(form.cleaned_data)
        try:
            made = invite_prescriber(request.organisation, wanted.pop("email"), by=request.actor, **wanted)
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
            return render(request, "bookings/prescriber_invite.html", {"form": form}, status=error.status)
        messages.success(request, _("%(who)s receives an e-mail that says how to sign in.") % {"who": made.user})
        return redirect("bookings:prescribers")
    return render(request, "bookings/prescriber_invite.html", {"form": form}, status=422 if form.is_bound else 200)


VERBS = {"suspendre": pause_prescriber, "reprendre": resume_prescriber}


@require_POST
def change(request: TenantRequest, public_id: uuid.UUID, verb: str) -> HttpResponse:
    """Pause, or let book again."""
    _check(request)
    if verb not in VERBS:
        raise Http404
    found = get_object_or_404(Prescriber, organisation=request.organisation, public_id=public_id)
    VERBS[verb](found, by=request.actor)
    messages.success(
        request, _("Paused: nothing opens for them any more.") if verb == "suspendre" else _("Active again.")
    )
    return redirect("bookings:prescribers")
