"""The team's pages that write a provider's file: who it is and where, when it answers, its papers."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from bookings.gateways.geocoder import locate
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest
from providers import perms
from providers.actions import availability, businesses, documents
from providers.actions.businesses import ProviderDetails
from providers.enums import DocumentKind
from providers.forms.files import (
    SPOT,
    WHERE,
    DocumentForm,
    NewDocumentForm,
    NewProviderForm,
    ProviderForm,
    ProviderWeekForm,
)
from providers.models import Provider, ProviderDocument
from providers.views.files import ask_again, file_of

PAGE = ["GET", "HEAD", "POST"]
LIST = "providers:providers"
FILE = "providers:provider"


def _manages(request: TenantRequest) -> None:
    if not perms.can_manage_providers(request.actor):
        raise NotAllowed


def _known(request: TenantRequest, public_id: uuid.UUID) -> Provider:
    """A provider whose file somebody may write. Raises ``NotAllowed`` (403)."""
    _manages(request)
    return get_object_or_404(Provider.objects.visible_to(request.actor), public_id=public_id)


def _typed(request: TenantRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _page(
    request: TenantRequest,
    form: forms.BaseForm,
    act: Callable[[], Provider],
    template: str = "providers/file_form.html",
    *,
    provider: Provider | None = None,
    **context: Any,
) -> HttpResponse:
    """The form; when it is right, the action; what that refuses stands at its field."""
    if form.is_valid():
        try:
            done = act()
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
        else:
            messages.success(request, _("Saved."))
            return redirect(FILE, done.public_id)
    ask_again(form)
    back = reverse(FILE, args=[provider.public_id]) if provider else reverse(LIST)
    eyebrow = provider.name if provider else ""
    page = {"form": form, "provider": provider, "eyebrow": eyebrow, "back": back, "remove": "", **context}
    return render(request, template, page, status=422 if form.is_bound else 200)


def _look_up(form: NewProviderForm) -> None:
    """Coordinates that nobody typed, before the action begins (ADR 16)."""
    if not form.is_valid() or form.cleaned_data["latitude"] is not None:
        return
    spot = locate(*(form.cleaned_data[name] for name in WHERE))
    if spot is not None:
        form.cleaned_data.update(zip(SPOT, spot, strict=True))


def _say_unplaced(request: TenantRequest, provider: Provider) -> Provider:
    """What it means that nobody knows where it is."""
    if provider.latitude is None:
        messages.warning(
            request,
            _("We could not find this address: distances to it are unknown until somebody gives its coordinates."),
        )
    return provider


@require_http_methods(PAGE)
def new_provider(request: TenantRequest) -> HttpResponse:
    """Open a file."""
    _manages(request)
    form = NewProviderForm(_typed(request), instance=Provider(organisation=request.organisation))
    _look_up(form)

    def act() -> Provider:
        known = {one.name for one in fields(ProviderDetails)}
        given = {name: value for name, value in form.cleaned_data.items() if name in known}
        made = businesses.create_provider(request.organisation, ProviderDetails(**given), by=request.actor)
        return _say_unplaced(request, made)

    return _page(request, form, act, "providers/provider_form.html", title=_("New provider"))


@require_http_methods(PAGE)
def edit_provider(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """Correct what is written of it."""
    provider, shown = _known(request, public_id), _known(request, public_id)
    form = ProviderForm(_typed(request), instance=shown)
    _look_up(form)

    def act() -> Provider:
        changes = form.changes
        moved = _place_again(request, form, changes)
        changed = businesses.change_provider(provider, {**changes, **moved}, by=request.actor)
        return _say_unplaced(request, changed)

    title = _("Change the file")
    return _page(request, form, act, "providers/provider_form.html", provider=provider, title=title)


def _place_again(request: TenantRequest, form: ProviderForm, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Where another address is. Coordinates that somebody typed along with it stay."""
    if not any(name in changes for name in WHERE) or any(changes.get(name) is not None for name in SPOT):
        return {}
    spot = locate(*(form.cleaned_data[name] for name in WHERE))
    if spot is None:
        messages.warning(request, _("The address has changed, its coordinates have not: please check them."))
        return {}
    return dict(zip(SPOT, spot, strict=True))


@require_http_methods(PAGE)
def provider_hours(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """When it answers."""
    provider = _known(request, public_id)
    form = ProviderWeekForm(_typed(request), hours=list(provider.opening_hours.all()))

    def act() -> Provider:
        availability.change_hours(provider, form.days, by=request.actor)
        return provider

    lead = _(
        "Offers are to be answered within these hours. One line per day, for example 9:00–12:30, 14:00–18:00; an empty "
        "line is a closed day. All empty: we count Monday to Friday, nine to six."
    )
    return _page(request, form, act, provider=provider, title=_("Opening hours"), lead=lead)


@require_http_methods(PAGE)
def new_document(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """Note a paper that was seen."""
    provider = _known(request, public_id)
    row = ProviderDocument(organisation=request.organisation, provider=provider)
    asked = request.GET.get("kind", "")
    initial = {"kind": asked} if asked in DocumentKind.values else {}
    files = request.FILES if request.method == "POST" else None
    form = NewDocumentForm(_typed(request), files, instance=row, initial=initial)
    file = file_of(request, form)

    def act() -> Provider:
        given = {**form.cleaned_data, "kind": DocumentKind(form.cleaned_data["kind"]), "file": file}
        return documents.add_document(provider, **given, by=request.actor).provider

    lead = _("The latest of each kind counts. A paper that is renewed is added; the one before stays.")
    return _page(request, form, act, provider=provider, title=_("Add a document"), lead=lead)


def _document(request: TenantRequest, public_id: uuid.UUID, document: uuid.UUID) -> ProviderDocument:
    found = ProviderDocument.objects.approved().filter(provider=_known(request, public_id))
    found = found.select_related("provider__organisation")
    return get_object_or_404(found, public_id=document)


@require_http_methods(PAGE)
def edit_document(request: TenantRequest, public_id: uuid.UUID, document: uuid.UUID) -> HttpResponse:
    """Correct what was noted of a paper."""
    known, shown = _document(request, public_id, document), _document(request, public_id, document)
    form = DocumentForm(_typed(request), instance=shown)

    def act() -> Provider:
        return documents.change_document(known, form.changes, by=request.actor).provider

    remove = reverse("providers:remove-document", args=[public_id, document])
    title = _("Change the document")
    return _page(request, form, act, provider=known.provider, title=title, lead="", remove=remove)


@require_POST
def remove_document(request: TenantRequest, public_id: uuid.UUID, document: uuid.UUID) -> HttpResponse:
    """Take out a paper that was noted by mistake."""
    documents.remove_document(_document(request, public_id, document), by=request.actor)
    messages.success(request, _("The document is gone from the file."))
    return redirect(FILE, public_id)
