"""Where a provider goes, and how much of what it takes on which day: the team's page, and the words of its file."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from bookings.models import Service
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from concierge.models import Site
from providers import perms
from providers.actions.places import PlacesChanged, set_places
from providers.forms.places import PlacesForm
from providers.models import Provider, ProviderArea, ProviderCapacity
from providers.views.staff import BY_PROVIDER

# Communes that a file names; the rest are counted.
NAMED = 12


@require_http_methods(["GET", "HEAD", "POST"])
def provider_places(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """Sites, communes, jobs a day: one page, saved at once."""
    if not perms.can_manage_providers(request.actor):
        raise NotAllowed
    provider = get_object_or_404(Provider.objects.visible_to(request.actor), public_id=public_id)
    back = reverse("providers:provider", args=[provider.public_id])
    form, status, now = _form(request, provider), 422, None
    if form.is_valid():
        try:
            set_places(provider, **form.changed, seen=form.seen, by=request.actor)
        except PlacesChanged as error:
            data = PlacesForm.caught_up(request.POST, _form(request, provider, typed=False))
            form, status, now = _form(request, provider, data), error.status, places_words(provider)
            form.add_error(None, str(error.message))
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
        else:
            messages.success(request, _("Saved."))
            return redirect(back)
    context = {"provider": provider, "form": form, "back": back, "now": now}
    return render(request, "providers/places.html", context, status=status if form.is_bound else 200)


def _form(
    request: TenantRequest, provider: Provider, data: QueryDict | None = None, *, typed: bool = True
) -> PlacesForm:
    limits = list(_limits(provider))
    named = [one.service_id for one in limits if one.service_id]
    services = Service.objects.filter(organisation=request.organisation)
    sites = Site.objects.filter(organisation=request.organisation)
    initial = {
        "sites": list(provider.served_sites.values_list("site_id", flat=True)),
        "areas": "\n".join(str(area) for area in provider.served_areas.all()),
    }
    return PlacesForm(
        (data or request.POST) if typed and request.method == "POST" else None,
        initial=initial,
        sites=sites.filter(Q(is_active=True) | Q(pk__in=initial["sites"])).order_by("name", "pk"),
        services=services.filter(Q(execution__in=BY_PROVIDER, is_active=True) | Q(pk__in=named)).order_by("name", "pk"),
        limits=limits,
    )


def _limits(provider: Provider) -> Iterable[ProviderCapacity]:
    return provider.capacities.select_related("service").order_by("service__name", "service_id", "weekday", "pk")


def places_words(provider: Provider) -> dict[str, Any]:
    """What its file says of it: in three queries, however much there is."""
    sites = [one.site.name for one in provider.served_sites.select_related("site").order_by("site__name", "pk")]
    return {
        "sites": ", ".join(sites) or _("every site"),
        "areas": _areas_words(list(provider.served_areas.all())),
        "limits": [limit_words(one) for one in _limits(provider)],
    }


def _areas_words(areas: Sequence[ProviderArea]) -> str:
    named, more = ", ".join(str(one) for one in areas[:NAMED]), len(areas) - NAMED
    if more <= 0:
        return named
    return ngettext("%(named)s and %(n)d other", "%(named)s and %(n)d others", more) % {"named": named, "n": more}


def limit_words(limit: ProviderCapacity) -> str:
    """Cordonnerie, mardi : 3 par jour."""
    service = limit.service.label if limit.service else _("All services together")
    day = "" if limit.weekday is None else f", {WEEKDAYS[limit.weekday]}"
    most = ngettext("%(n)d job", "%(n)d jobs", limit.per_day) % {"n": limit.per_day} if limit.per_day else _("no job")
    return _("%(what)s: %(most)s") % {"what": f"{service}{day}", "most": most}
