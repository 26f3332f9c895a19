"""A provider's own papers, signed in: what we have, what is missing, what it sends."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.db.models import Prefetch, prefetch_related_objects
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.views.catalogue import refused_status
from concierge.days import today_of
from concierge.errors import DomainError
from concierge.middleware import TenantRequest
from providers.actions.reviews import send_document, take_document_back
from providers.enums import DocumentKind
from providers.forms.papers import SendDocumentForm
from providers.models import ProviderDocument
from providers.views.files import ask_again, file_of, given_out
from providers.views.paper_words import ending_words, kinds_of, missing_words, required_of
from providers.views.space import own_provider


@require_http_methods(["GET", "HEAD", "POST"])
def my_documents(request: TenantRequest) -> HttpResponse:
    """Each kind of paper and how it stands, and a form to send one."""
    me, status = own_provider(request), 200
    asked = request.GET.get("kind", "")
    form = SendDocumentForm(initial={"kind": asked if asked in DocumentKind.values else ""})
    if request.method == "POST":
        form = SendDocumentForm(request.POST, request.FILES)
        file, status = file_of(request, form), 422
        if file is not None:
            given = {**form.cleaned_data, "kind": DocumentKind(form.cleaned_data["kind"])}
            try:
                send_document(me, **given, file=file, by=request.actor)
            except DomainError as error:
                form.add_error(error.field if error.field in form.fields else None, str(error.message))
                status = refused_status(error)
            else:
                messages.success(request, _("Thank you: we look at it and tell you."))
                return redirect("providers:space-documents")
        ask_again(form)
    prefetch_related_objects([me], Prefetch("documents", ProviderDocument.objects.with_has_file()))
    today = today_of(request.organisation)
    required = required_of(request.organisation, [me], today)[me.pk]
    context = {
        "me": me,
        "kinds": kinds_of(me, today, required),
        "missing": missing_words(me, today, required),
        "ending": ending_words(me, today),
        "form": form,
    }
    return render(request, "providers/space_documents.html", context, status=status)


@require_safe
def my_file(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """The file of one of them."""
    mine = ProviderDocument.objects.select_related("provider").filter(provider=own_provider(request))
    return given_out(get_object_or_404(mine, public_id=public_id, file__isnull=False))


@require_POST
def take_back(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """I sent the wrong one."""
    mine = ProviderDocument.objects.select_related("provider").filter(provider=own_provider(request))
    try:
        take_document_back(get_object_or_404(mine, public_id=public_id), by=request.actor)
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("The document is gone."))
    return redirect("providers:space-documents")
