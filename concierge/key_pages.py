"""The page of the organisation's own API keys, and what it shares with that of a provider's (trust.md S36)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from concierge import perms
from concierge.actions import issue_api_key, revoke_api_key
from concierge.days import zone_of
from concierge.enums import Scope
from concierge.errors import NotAllowed
from concierge.forms import KeyForm
from concierge.middleware import TenantRequest
from concierge.models import ApiClient

PAGE = 20
STAFF = "layouts/staff.html"


def listed(request: TenantRequest, keys: QuerySet[ApiClient], revoke_url: Callable[[ApiClient], str]) -> dict[str, Any]:
    """A page of keys for ``<c-api-keys>``, newest first."""
    page = Paginator(keys.order_by("-pk"), PAGE).get_page(request.GET.get("page"))
    return {
        "keys": [row_of(key, revoke_url(key)) for key in page],
        "previous": f"?page={page.previous_page_number()}" if page.has_previous() else "",
        "next": f"?page={page.next_page_number()}" if page.has_next() else "",
        "zone": zone_of(request.organisation),
    }


def row_of(key: ApiClient, revoke_url: str) -> dict[str, Any]:
    """One key, for ``<c-api-keys>``."""
    return {"key": key, "rights": _rights(key), "state": _state(key), "revoke_url": revoke_url}


def _rights(key: ApiClient) -> str:
    return ", ".join(str(scope.label) for scope in Scope if scope.value in key.known_scopes)


def _state(key: ApiClient) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= timezone.now() else "active"


def shown_once(
    request: TenantRequest, client: ApiClient, key: str, *, owner: str, back: str, layout: str = STAFF
) -> HttpResponse:
    """The answer that shows a new key, which nobody keeps. The view is ``never_cache``."""
    context = {"client": client, "key": key, "owner": owner, "back": back, "layout": layout}
    return render(request, "keys/created.html", context)


def revoked(
    request: TenantRequest,
    client: ApiClient,
    revoke: Callable[[], object],
    *,
    owner: str,
    back: str,
    layout: str = STAFF,
) -> HttpResponse:
    """A page that asks, then a POST that ends the key. One that is over already leads back."""
    if request.method != "POST":
        if client.revoked_at is not None:
            return redirect(back)
        zone = zone_of(request.organisation)
        context = {"client": client, "owner": owner, "back": back, "zone": zone, "layout": layout}
        return render(request, "keys/revoke.html", context)
    revoke()
    messages.success(request, _("The key %(prefix)s… no longer works.") % {"prefix": client.prefix})
    return redirect(back)


# --- the organisation's own ----------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def own_keys(request: TenantRequest) -> HttpResponse:
    """The organisation's own API keys, and a new one, shown on this answer only."""
    if not perms.can_manage_keys(request.actor):
        raise NotAllowed
    form = KeyForm(request.POST if request.method == "POST" else None, scopes=Scope)
    if form.is_valid():
        client, key = issue_api_key(
            request.organisation, name=form.cleaned_data["name"], scopes=form.cleaned_data["scopes"], by=request.actor
        )
        return shown_once(request, client, key, owner=_("API keys"), back=reverse("keys"))
    found = listed(request, _own_keys(request), lambda key: reverse("revoke-key", args=[key.public_id]))
    return render(request, "keys/keys.html", {**found, "form": form}, status=422 if form.is_bound else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def revoke_own_key(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """End one of the organisation's own keys."""
    if not perms.can_manage_keys(request.actor):
        raise NotAllowed
    client = get_object_or_404(_own_keys(request), public_id=public_id)
    return revoked(
        request,
        client,
        lambda: revoke_api_key(client, by=request.actor),
        owner=_("API keys"),
        back=reverse("keys"),
    )


def _own_keys(request: TenantRequest) -> QuerySet[ApiClient]:
    return ApiClient.objects.filter(organisation=request.organisation, provider_id=None)
