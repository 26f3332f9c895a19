"""A catalogue file: upload, the report of every line, loading; the template and the export."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings import perms
from bookings.actions import imports
from bookings.forms.catalogue import ImportForm
from bookings.gateways import read_catalogue, write_csv, write_xlsx
from bookings.models.imports import CatalogueImport
from bookings.rules.imports import COLUMNS
from concierge.errors import DomainError, NotAllowed
from concierge.middleware import TenantRequest

PAGE = 100
WRITERS = {
    "csv": (write_csv, "text/csv; charset=utf-8"),
    "xlsx": (write_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
VERDICTS = {
    imports.WRONG: gettext_lazy("Wrong"),
    imports.NEW: gettext_lazy("New"),
    imports.CHANGED: gettext_lazy("Changed"),
    imports.SAME: gettext_lazy("Unchanged"),
}
BADGES = {imports.WRONG: "failed", imports.NEW: "open", imports.CHANGED: "active", imports.SAME: "done"}
PROBLEMS = {
    "formula": gettext_lazy("This cell holds a formula: write its value."),
    "control": gettext_lazy("This cell holds characters that cannot be printed."),
    "too_long": gettext_lazy("This text is too long."),
    "missing": gettext_lazy("This cell is empty, and it is needed."),
    "unknown": gettext_lazy("This value is not known in our catalogue."),
    "bad_code": gettext_lazy("A code has lower-case letters, digits and hyphens, 40 at most."),
    "not_a_number": gettext_lazy("This is not a number."),
    "out_of_range": gettext_lazy("This number is too small, too large or too precise."),
    "no_price_here": gettext_lazy("This way of pricing has no price here: it stands on the items, or in a quote."),
    "twice": gettext_lazy("The same line is there twice in this file."),
    "service_wrong": gettext_lazy("The line of its service is wrong: correct that one first."),
}


def _editor(request: TenantRequest) -> None:
    if not perms.can_edit_catalogue(request.actor):
        raise NotAllowed


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: TenantRequest) -> HttpResponse:
    """Send a file; nothing is loaded yet."""
    _editor(request)
    bound = request.method == "POST"
    form = ImportForm(request.POST, request.FILES) if bound else ImportForm()
    if form.is_valid():
        given = form.cleaned_data["file"]
        try:
            rows = read_catalogue(given.read())
        except DomainError as error:
            form.add_error("file", str(error.message))
        else:
            made = imports.keep_import(request.organisation, rows, file_name=given.name, by=request.actor)
            return redirect("bookings:catalogue-import", public_id=made.public_id)
    context = {"form": form, "columns": COLUMNS}
    return render(request, "bookings/catalogue_upload.html", context, status=422 if bound else 200)


@login_required
@require_safe
def report(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """What loading the file would do, line by line, the wrong ones first."""
    return _report(request, _find(request, public_id))


def _find(request: TenantRequest, public_id: uuid.UUID) -> CatalogueImport:
    _editor(request)
    return get_object_or_404(CatalogueImport.objects.filter(organisation=request.organisation), public_id=public_id)


def _report(request: TenantRequest, found: CatalogueImport, *, error: DomainError | None = None) -> HttpResponse:
    judged = imports.judge_import(found)
    counts = Counter(one.verdict for one in judged)
    asked = request.GET.get("etat", "")
    shown = asked if asked in VERDICTS else next((one for one in VERDICTS if counts[one]), imports.SAME)
    page = Paginator([one for one in judged if one.verdict == shown], PAGE).get_page(request.GET.get("page"))
    context = {
        "found": found,
        "error": error,
        "total": len(judged),
        "wrong": counts[imports.WRONG],
        "good": counts[imports.NEW] + counts[imports.CHANGED],
        "tabs": [
            {"href": f"?etat={name}", "label": label, "count": counts[name], "is_current": name == shown}
            for name, label in VERDICTS.items()
        ],
        "rows": [_row(one) for one in page],
        "previous": f"?etat={shown}&page={page.number - 1}" if page.has_previous() else "",
        "next": f"?etat={shown}&page={page.number + 1}" if page.has_next() else "",
    }
    return render(request, "bookings/catalogue_import.html", context, status=error.status if error else 200)


def _row(one: imports.Judged) -> dict[str, Any]:
    return {
        "number": one.line.number,
        "what": " – ".join(part for part in (one.line.service, str(one.line.fields.get("name", ""))) if part),
        "badge": BADGES[one.verdict],
        "verdict": VERDICTS[one.verdict],
        "problems": [{"column": p.column, "text": PROBLEMS[p.code]} for p in one.line.problems],
    }


@login_required
@require_POST
def load(request: TenantRequest, public_id: uuid.UUID) -> HttpResponse:
    """Load it: all of it, or the good lines when somebody says so."""
    found = _find(request, public_id)
    try:
        count = imports.load_import(found, only_good=request.POST.get("only_good") == "1", by=request.actor)
    except DomainError as error:
        return _report(request, _find(request, public_id), error=error)
    messages.success(request, _("%(n)d lines are loaded.") % {"n": count})
    return redirect("bookings:catalogue")


@login_required
@require_safe
def download(request: TenantRequest, what: str, kind: str) -> HttpResponse:
    """An empty template or the whole catalogue, as CSV or XLSX."""
    if not perms.can_see_catalogue(request.actor):
        raise NotAllowed
    if what not in {"modele", "catalogue"} or kind not in WRITERS:
        raise Http404
    write, content_type = WRITERS[kind]
    rows = [list(COLUMNS)] if what == "modele" else imports.catalogue_rows(request.organisation)
    answer = HttpResponse(write(rows), content_type=content_type)
    answer["Content-Disposition"] = f'attachment; filename="{what}.{kind}"'
    return answer
