"""The team's pages of invitations, and its yes to a file that was handed in."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.views.catalogue import refused_status
from concierge.days import zone_of
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from providers import perms
from providers.actions import invitations
from providers.actions.links import absolute_address
from providers.enums import INVITATION_TRANSITIONS, InvitationStatus
from providers.forms.onboarding import InviteForm, RefuseFileForm
from providers.models import Provider, ProviderInvitation
from providers.views.staff import PAGE, pages_around


def _manages(request: TenantRequest) -> None:
    if not perms.can_manage_providers(request.actor):
        raise NotAllowed


@require_safe
def invitations_list(request: TenantRequest) -> HttpResponse:
    """Who was invited, and how far they are; 25 a page."""
    _manages(request)
    found = (
        ProviderInvitation.objects.visible_to(request.actor)
        .with_is_expired()
        .select_related("provider")
        .order_by("-pk")
    )
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {"rows": list(page), "zone": zone_of(request.organisation), **pages_around(request, page)}
    return render(request, "providers/invitations.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: TenantRequest) -> HttpResponse:
    """Invite a local business."""
    _manages(request)
    form, status = InviteForm(request.POST if request.method == "POST" else None), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                made = invitations.invite_provider(request.organisation, **form.cleaned_data, by=request.actor)
            except DomainError as error:
                form.add_error(error.field if error.field in form.fields else None, str(error.message))
                status = refused_status(error)
            else:
                _say_on_its_way(request, made, _("The invitation is on its way."))
                return redirect("providers:invitation-staff", made.public_id)
    return render(request, "providers/invitation_new.html", {"form": form}, status=status)


@never_cache
@require_safe
def invitation_staff(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """One invitation: how far it is, its link and digits to read out on the phone."""
    return _page(request, _known(request, public_id))


@require_POST
def change_invitation(request: TenantRequest, public_id: uuid.UUID, verb: str) -> HttpResponse:
    """Once more, no more, or no to the file."""
    found = _known(request, public_id)
    form = RefuseFileForm(request.POST if verb == "refuser" else None)
    if form.is_bound and not form.is_valid():
        return _page(request, found, form=form, status=422)
    try:
        if verb == "refuser":
            invitations.refuse_file(found, **form.cleaned_data, by=request.actor)
            said = _("Refused: they are told why, and their link opens nothing any more.")
        elif verb == "renvoyer":
            invitations.invite_again(found, by=request.actor)
            said = _("The invitation is on its way again, with a new link.")
        else:
            invitations.revoke_invitation(found, by=request.actor)
            said = _("The invitation is taken back: its link opens nothing any more.")
    except DomainError as error:
        return _page(request, _known(request, public_id), error=error, status=error.status)
    if verb == "renvoyer":
        _say_on_its_way(request, found, said)
    else:
        messages.success(request, said)
    return redirect("providers:invitation-staff", public_id)


@require_POST
def approve(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """The file is right: this provider may be asked."""
    _manages(request)
    provider = get_object_or_404(Provider.objects.visible_to(request.actor), public_id=public_id)
    try:
        invitations.approve_provider(provider, by=request.actor)
    except DomainError as error:
        messages.error(request, str(error.message))
        return redirect("providers:provider", provider.public_id)
    said = _("%(name)s works with us now. Without an agreement it is asked nothing yet.")
    messages.success(request, said % {"name": provider.name})
    return redirect("providers:provider", provider.public_id)


def _say_on_its_way(request: TenantRequest, invitation: ProviderInvitation, said: str) -> None:
    if invitations.way_to(invitation):
        messages.success(request, said)
    else:
        messages.warning(request, _("We cannot write to this number: call them, or invite them by e-mail."))


def _known(request: TenantRequest, public_id: uuid.UUID) -> ProviderInvitation:
    _manages(request)
    found = ProviderInvitation.objects.visible_to(request.actor).with_is_expired().select_related("provider")
    return get_object_or_404(found, public_id=public_id)


def _can_refuse(invitation: ProviderInvitation) -> bool:
    """There is a file, and nobody has decided on it."""
    is_begun = invitation.provider is not None and invitation.provider.is_to_check
    return is_begun and invitation.status in INVITATION_TRANSITIONS["refuse"][0]


def _page(
    request: TenantRequest,
    invitation: ProviderInvitation,
    *,
    error: DomainError | None = None,
    form: RefuseFileForm | None = None,
    status: int = 200,
) -> HttpResponse:
    token, code = invitations.door_of(invitation)
    is_open = invitation.status == InvitationStatus.SENT
    path = reverse("providers:invitation", args=[token]) if token else ""
    context: dict[str, Any] = {
        "invitation": invitation,
        "zone": zone_of(request.organisation),
        "is_open": is_open,
        "is_used": invitation.status == InvitationStatus.USED,
        "address": absolute_address(invitation.organisation_id, path) if path else "",
        "code": code,
        "error": error,
        "refuse_form": (form or RefuseFileForm()) if _can_refuse(invitation) else None,
    }
    return render(request, "providers/invitation_staff.html", context, status=status)
