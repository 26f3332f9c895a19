"""When a provider is away: said by the team on its file, and by itself in its own space."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from bookings.enums import PerformerKind
from bookings.models import WorkOrder
from concierge.days import today_of
from concierge.errors import DomainError, Invalid, NotAllowed
from concierge.middleware import TenantRequest
from providers import perms
from providers.actions.availability import MOST_CLOSURES, close_days, reopen_days
from providers.actions.moved_work import is_away_for
from providers.forms.availability import ClosureForm
from providers.models import Offer, Provider, ProviderClosure
from providers.views.partnership import IN_HAND
from providers.views.space import own_provider
from providers.views.staff import see_providers
from providers.views.words import span_words

PAGE = ["GET", "HEAD", "POST"]


def _of_team(request: TenantRequest, public_id: uuid.UUID) -> Provider:
    see_providers(request)
    return get_object_or_404(Provider.objects.visible_to(request.actor), public_id=public_id)


@require_http_methods(PAGE)
def closures(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """When a provider is away, for the team."""
    provider = _of_team(request, public_id)
    about = [provider.public_id]
    return _page(
        request,
        provider,
        lambda one: reverse("providers:reopen", args=[*about, one.public_id]),
        template="providers/closures.html",
        here=reverse("providers:closures", args=about),
    )


@require_POST
def reopen(request: TenantRequest, public_id: uuid.UUID, closure_id: uuid.UUID) -> HttpResponse:
    """A provider is there after all."""
    provider = _of_team(request, public_id)
    return _reopen(request, provider, closure_id, here=reverse("providers:closures", args=[provider.public_id]))


@require_http_methods(PAGE)
def own_closures(request: TenantRequest) -> HttpResponse:
    """When I am away."""
    return _page(
        request,
        own_provider(request),
        lambda one: reverse("providers:space-reopen", args=[one.public_id]),
        template="providers/space_closures.html",
        here=reverse("providers:space-closures"),
    )


@require_POST
def reopen_own(request: TenantRequest, closure_id: uuid.UUID) -> HttpResponse:
    """I am there after all."""
    return _reopen(request, own_provider(request), closure_id, here=reverse("providers:space-closures"))


def to_come(provider: Provider) -> QuerySet[ProviderClosure]:
    """What is not over yet."""
    return provider.closures.still_to_come(today_of(provider.organisation))


def _page(
    request: TenantRequest,
    provider: Provider,
    remove: Callable[[ProviderClosure], str],
    *,
    template: str,
    here: str,
) -> HttpResponse:
    may_change, status = perms.can_close_days(request.actor, provider), 200
    form = ClosureForm()
    if request.method == "POST":
        if not may_change:
            raise NotAllowed
        form, status = ClosureForm(request.POST), 422
        if form.is_valid():
            try:
                made = close_days(provider, **form.cleaned_data, by=request.actor)
            except DomainError as error:
                form.add_error(error.field if error.field in form.fields else None, str(error.message))
                status = 422 if isinstance(error, Invalid) else error.status
            else:
                _say(request, provider, made)
                return redirect(here)
    context: dict[str, Any] = {
        "provider": provider,
        "closures": [
            {"days": span_words(one.first_on, one.last_on), "reason": one.reason, "remove": remove(one)}
            for one in to_come(provider)[:MOST_CLOSURES]
        ],
        "form": form,
        "may_change": may_change,
    }
    return render(request, template, context, status=status)


def _say(request: TenantRequest, provider: Provider, made: ProviderClosure) -> None:
    messages.success(request, _("Noted: no new job is offered for these days."))
    asked = Offer.objects.open().filter(provider=provider).select_related("provider", "work_order__site")
    if any(is_away_for(offer) for offer in asked.select_related("work_order__request__pre_order").order_by("pk")):
        messages.info(request, _("What was asked for these days needs no answer any more: we ask others."))
    held = WorkOrder.objects.filter(
        performer_kind=PerformerKind.PROVIDER,
        performer_id=provider.pk,
        status__in=IN_HAND,
        promised_start__date__range=(made.first_on, made.last_on),
    ).count()
    if held:
        said = ngettext(
            "%(count)d job that was accepted begins on these days: it stays as it is.",
            "%(count)d jobs that were accepted begin on these days: they stay as they are.",
            held,
        )
        messages.warning(request, said % {"count": held})


def _reopen(request: TenantRequest, provider: Provider, closure_id: uuid.UUID, *, here: str) -> HttpResponse:
    closure = get_object_or_404(provider.closures, public_id=closure_id)
    if not perms.can_close_days(request.actor, provider):
        raise NotAllowed
    reopen_days(closure, by=request.actor)
    messages.success(request, _("Noted: jobs are offered for these days again."))
    return redirect(here)
