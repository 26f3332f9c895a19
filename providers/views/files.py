"""Papers as they are taken in and given out: the file alone, never shown in a page of ours (S26)."""

from __future__ import annotations

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext as _

from concierge.errors import DomainError
from concierge.files import EXTENSIONS, CleanFile
from concierge.files.uploads import MOST_UPLOADS, WINDOW, clean_upload
from concierge.middleware import TenantRequest
from concierge.visitors import not_too_many
from providers.models import ProviderDocument, StoredFile


def file_of(request: TenantRequest, form: forms.BaseForm) -> CleanFile | None:
    """The file of a form that is right so far, looked at; what is wrong with it stands at its field."""
    given = form.cleaned_data.pop("file", None) if form.is_valid() else None
    if given is None:
        return None
    not_too_many(request, "uploads", most=MOST_UPLOADS, seconds=WINDOW)
    try:
        return clean_upload(given)
    except DomainError as error:
        form.add_error("file", str(error.message))
        return None


def ask_again(form: forms.BaseForm) -> None:
    """Browsers do not send a file twice by themselves."""
    if form.errors and "file" in form.files and "file" not in form.errors:
        form.add_error("file", _("Please choose the file once more: browsers do not keep it."))


def given_out(document: ProviderDocument) -> HttpResponse:
    """The bytes that we wrote, to keep: a browser runs nothing of it, and nobody on the way keeps it."""
    file = StoredFile.objects.get(document=document)
    response = HttpResponse(bytes(file.content), content_type=file.media_type)
    name = f"{document.kind}-{document.provider.siret}.{EXTENSIONS[file.media_type]}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
