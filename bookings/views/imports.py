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
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings import perms
from bookings.actions import imports
from bookings.actions.exports import catalogue_rows
from bookings.forms.catalogue import ImportForm
from bookings.gateways.files import read_catalogue, write_csv, write_xlsx
from bookings.models.imports import CatalogueImport
from bookings.rules import imports as rules
from bookings.rules.imports import COLUMNS, Line
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
KINDS = {
    rules.SERVICE: gettext_lazy("a service; an empty first cell says the same"),
    rules.ITEM: gettext_lazy("an item of its price grid"),
    rules.OPTION: gettext_lazy("an option"),
    rules.SUPPLEMENT: gettext_lazy("a supplement: chosen, Saturday, Sunday, public holiday, evening or far away"),
    rules.PRICE: gettext_lazy("a price from a day on, of the service or of the item that is named"),
    rules.OPTION_PRICE: gettext_lazy("a price from a day on, of the option that is named"),
    rules.TERMS: gettext_lazy("whether and on which terms a site offers the service"),
}
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
    "not_a_date": gettext_lazy("This is no day: write it as 2026-12-01 or 01/12/2026."),
    "not_a_time": gettext_lazy("This is no time of day: write it as 18:00."),
    "not_both": gettext_lazy("Give an amount or a percentage, not both."),
    "not_here": gettext_lazy("This rule has no such value: leave the cell empty."),
    "past": gettext_lazy("A new price starts today or later: what was ordered before keeps its price."),
    "ends_first": gettext_lazy("The last day cannot be before the first day."),
    "overlaps": gettext_lazy("Another supplement of this name counts in this period."),
    "not_yours": gettext_lazy("You do not manage this site: its terms stay as they are."),
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
    context = {"form": form, "columns": COLUMNS, "kinds": KINDS.items()}
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
    judged = imports.judge_import(found, by=request.actor)
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
        "what": " – ".join(part for part in _about(one.line) if part),
        "badge": BADGES[one.verdict],
        "verdict": VERDICTS[one.verdict],
        "problems": [{"column": p.column, "text": PROBLEMS[p.code]} for p in one.line.problems],
    }


def _about(line: Line) -> tuple[str, ...]:
    """Of what a line speaks: the service, what of it, where, from when on."""
    return line.service, line.name, line.site, date_format(line.day, "SHORT_DATE_FORMAT") if line.day else ""


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
    rows = [list(COLUMNS)] if what == "modele" else catalogue_rows(request.organisation)
    answer = HttpResponse(write(rows), content_type=content_type)
    answer["Content-Disposition"] = f'attachment; filename="{what}.{kind}"'
    return answer
