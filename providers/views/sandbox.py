"""Test keys: in the file of a provider for the team, and in its own space."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from concierge import key_pages
from concierge.days import zone_of
from concierge.errors import DomainError, NotAllowed
from concierge.forms import KeyForm
from concierge.middleware import TenantRequest
from concierge.models import ApiClient
from concierge.visitors import not_too_many
from providers import perms
from providers.actions.keys import PROVIDER_SCOPES
from providers.actions.sandbox import create_test_key, revoke_test_key, sandbox_keys
from providers.models import Provider
from providers.views.space import own_provider
from providers.views.staff_files import file_page, file_url, provider_or_404

SPACE = "layouts/public.html"
# How many test keys a provider makes in a day: each, and its end, is written down.
MOST_MADE, DAY = 20, 86400


@never_cache
@require_POST
def create(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """The team makes a test key for a provider."""
    provider = provider_or_404(request, public_id)
    if not perms.can_manage_providers(request.actor):
        raise NotAllowed
    form = form_of_key(request.POST)
    made = _made(request, provider, form)
    if made is None:
        return file_page(request, provider, test_form=form)
    return key_pages.shown_once(request, *made, owner=provider.name, back=file_url(provider))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: TenantRequest, public_id: uuid.UUID, key_id: uuid.UUID) -> HttpResponse:
    """The team ends one, after a question."""
    provider = provider_or_404(request, public_id)
    if not perms.can_manage_providers(request.actor):
        raise NotAllowed
    return _revoked(request, provider, key_id, owner=provider.name, back=file_url(provider), layout=key_pages.STAFF)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def own(request: TenantRequest) -> HttpResponse:
    """My test keys, and a new one, shown on this answer only."""
    me, here = own_provider(request), reverse("providers:space-test-keys")
    form = form_of_key(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        not_too_many(request, "test-keys", most=MOST_MADE, seconds=DAY, who=f"provider:{me.pk}")
    made = _made(request, me, form) if form.is_bound else None
    if made is not None:
        return key_pages.shown_once(request, *made, owner=_("Test keys"), back=here, layout=SPACE)
    rows = [
        key_pages.row_of(key, reverse("providers:space-revoke-test-key", args=[key.public_id]))
        for key in sandbox_keys(me)
    ]
    context = {"me": me, "test_keys": rows, "test_form": form, "zone": zone_of(request.organisation), "action": here}
    return render(request, "providers/space_test_keys.html", context, status=422 if form.is_bound else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def revoke_own(request: TenantRequest, key_id: uuid.UUID) -> HttpResponse:
    """One of mine ends, after a question."""
    me, back = own_provider(request), reverse("providers:space-test-keys")
    return _revoked(request, me, key_id, owner=_("Test keys"), back=back, layout=SPACE)


def form_of_key(typed: Any = None) -> KeyForm:
    """Of a new test key; its fields have names of their own beside those of a real one."""
    return KeyForm(typed, auto_id="test-%s", scopes=PROVIDER_SCOPES, chosen=PROVIDER_SCOPES)


def _made(request: TenantRequest, provider: Provider, form: KeyForm) -> tuple[ApiClient, str] | None:
    """The new key; ``None`` when the form says why not."""
    if not form.is_valid():
        return None
    said = form.cleaned_data
    try:
        return create_test_key(provider, name=said["name"], scopes=said["scopes"], by=request.actor)
    except DomainError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error.message))
        return None


def _revoked(request: TenantRequest, provider: Provider, key_id: uuid.UUID, **shown: str) -> HttpResponse:
    client = next((key for key in sandbox_keys(provider) if key.public_id == key_id), None)
    if client is None:
        raise Http404
    return key_pages.revoked(request, client, lambda: revoke_test_key(provider, client, by=request.actor), **shown)
