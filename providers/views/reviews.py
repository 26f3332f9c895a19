"""The team looks at papers that providers sent: approved with what they say, or refused with the reason."""

from __future__ import annotations

import uuid

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from bookings.views.catalogue import refused_status
from concierge.days import zone_of
from concierge.errors import Conflict, DomainError, NotAllowed
from concierge.middleware import TenantRequest
from providers import perms
from providers.actions.reviews import approve_document, refuse_document
from providers.enums import DocumentStatus
from providers.forms.papers import ApproveForm, RefuseForm
from providers.models import ProviderDocument
from providers.views.files import given_out
from providers.views.staff import PAGE, pages_around


def _document(request: TenantRequest, public_id: uuid.UUID, document: uuid.UUID) -> ProviderDocument:
    if not perms.can_manage_providers(request.actor):
        raise NotAllowed
    found = ProviderDocument.objects.visible_to(request.actor).select_related("provider__organisation", "file")
    return get_object_or_404(found.defer("file__content"), provider__public_id=public_id, public_id=document)


@require_safe
def to_check(request: TenantRequest) -> HttpResponse:
    """What waits for somebody to look at it, the oldest first; 25 a page."""
    if not perms.can_manage_providers(request.actor):
        raise NotAllowed
    found = ProviderDocument.objects.visible_to(request.actor).to_check().select_related("provider").order_by("pk")
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {"rows": list(page), "zone": zone_of(request.organisation), **pages_around(request, page)}
    return render(request, "providers/documents_to_check.html", context)


@require_safe
def document_file(request: TenantRequest, public_id: uuid.UUID, document: uuid.UUID) -> HttpResponse:
    """The file alone."""
    found = _document(request, public_id, document)
    if getattr(found, "file", None) is None:
        return redirect("providers:provider", public_id)
    return given_out(found)


@require_safe
def document_page(request: TenantRequest, public_id: uuid.UUID, document: uuid.UUID) -> HttpResponse:
    """One paper: its file, what they said of it, and what we say."""
    return _page(request, _document(request, public_id, document))


@require_POST
def judge(request: TenantRequest, public_id: uuid.UUID, document: uuid.UUID, verb: str) -> HttpResponse:
    """It counts, or it does not."""
    found = _document(request, public_id, document)
    form: ApproveForm | RefuseForm
    form = ApproveForm(request.POST, kind=found.kind) if verb == "approuver" else RefuseForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form=form, status=422)
    try:
        if isinstance(form, ApproveForm):
            approve_document(found, **form.cleaned_data, by=request.actor)
            said = _("Approved: the document counts.")
        else:
            refuse_document(found, **form.cleaned_data, by=request.actor)
            said = _("Refused: we tell them why.")
    except DomainError as error:
        if isinstance(error, Conflict) and not ProviderDocument.objects.filter(pk=found.pk).exists():
            messages.error(request, str(error.message))
            return redirect("providers:provider", public_id)
        form.add_error(error.field if error.field in form.fields else None, str(error.message))
        return _page(request, _document(request, public_id, document), form=form, status=refused_status(error))
    messages.success(request, said)
    return redirect("providers:provider", public_id)


def _page(
    request: TenantRequest, document: ProviderDocument, *, form: forms.Form | None = None, status: int = 200
) -> HttpResponse:
    initial = {name: getattr(document, name) for name in ("issued_on", "expires_on", "reference")}
    approve = form if isinstance(form, ApproveForm) else ApproveForm(initial=initial, kind=document.kind)
    is_open = document.status == DocumentStatus.TO_CHECK and getattr(document, "file", None) is not None
    context = {
        "document": document,
        "provider": document.provider,
        "zone": zone_of(request.organisation),
        "is_open": is_open,
        "approve_form": approve,
        "refuse_form": form if isinstance(form, RefuseForm) else RefuseForm(),
        "form": form,
        "back": reverse("providers:provider", args=[document.provider.public_id]),
    }
    return render(request, "providers/document.html", context, status=status)
