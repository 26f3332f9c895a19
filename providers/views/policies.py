"""The rules by which providers are asked: for all services, and for those that have their own."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.models import Service
from concierge.errors import DomainError, Invalid, NotAllowed
from concierge.middleware import TenantRequest
from providers import perms
from providers.actions.policies import PolicyChanged, drop_offer_policy, prepared, set_offer_policy
from providers.forms.policies import PolicyForm
from providers.models import OfferPolicy
from providers.views.policy_words import policy_words
from providers.views.staff import BY_PROVIDER, PAGE, pages_around


def _manages(request: TenantRequest) -> None:
    if not perms.can_manage_providers(request.actor):
        raise NotAllowed


def _services(request: TenantRequest) -> Any:
    """What local businesses do."""
    return Service.objects.filter(organisation=request.organisation, execution__in=BY_PROVIDER).order_by("name", "pk")


def _kept(request: TenantRequest, service: Service | None) -> OfferPolicy:
    """The rules as they are; where none were set, those that count instead, as version 0."""
    rows = OfferPolicy.objects.filter(organisation=request.organisation)
    found = rows.filter(service=service).first()
    if found is None:
        found = rows.filter(service=None).first() or OfferPolicy(organisation=request.organisation)
        found.version = 0
    return found


@require_safe
def policies_list(request: TenantRequest) -> HttpResponse:
    """The general rules, and for each service whether it has its own."""
    _manages(request)
    page = Paginator(_services(request), PAGE).get_page(request.GET.get("page"))
    own = {
        row.service_id: row
        for row in OfferPolicy.objects.filter(organisation=request.organisation, service__in=list(page))
    }
    context = {
        "general": policy_words(_kept(request, None)),
        "rows": [
            {"service": service, "words": policy_words(own[service.pk]) if service.pk in own else []}
            for service in page
        ],
    }
    return render(request, "providers/policies.html", {**context, **pages_around(request, page)})


@require_http_methods(["GET", "HEAD", "POST"])
def policy_page(request: TenantRequest, service: uuid.UUID | None = None) -> HttpResponse:
    """Read and change the rules of one service, or the general ones; look at them in words before they are saved."""
    _manages(request)
    about = None if service is None else get_object_or_404(_services(request), public_id=service)
    kept = _kept(request, about)
    form = PolicyForm(request.POST if request.method == "POST" else None, policy=kept)
    shown, status, looks = kept, 422 if form.is_bound else 200, "look" in request.POST
    if form.is_valid():
        terms = {name: value for name, value in form.cleaned_data.items() if name != "version"}
        try:
            if looks:
                shown, status = prepared(OfferPolicy(organisation=request.organisation, service=about), **terms), 200
            else:
                version = form.cleaned_data["version"]
                set_offer_policy(request.organisation, service=about, **terms, version=version, by=request.actor)
                messages.success(request, _("Saved: from now on providers are asked like that."))
                return redirect("providers:policies")
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
            status = 422 if isinstance(error, Invalid) else error.status
            if isinstance(error, PolicyChanged):
                # Saved again as it stands, it counts: they have read what is there now.
                typed = request.POST.copy()
                typed["version"] = str(kept.version)
                form.data = typed
    context = {
        "form": form,
        "service": about,
        "is_own": about is not None and kept.service_id == about.pk,
        "words": policy_words(shown),
        "is_kept": shown is kept,
    }
    return render(request, "providers/policy.html", context, status=status)


@require_POST
def policy_drop(request: TenantRequest, service: uuid.UUID) -> HttpResponse:
    """The service follows the general rules again."""
    _manages(request)
    about = get_object_or_404(_services(request), public_id=service)
    drop_offer_policy(request.organisation, about, by=request.actor)
    messages.success(request, _("%(service)s follows the general rules again.") % {"service": about.label})
    return redirect("providers:policies")
