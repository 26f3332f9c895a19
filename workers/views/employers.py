"""Employers and their financial annexes: who signs, and on which convention the State pays (R13)."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import Count, Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from concierge.days import today_of
from concierge.words import date_words, figures
from workers.actions.employers import add_annex, add_employer, change_annex, change_employer
from workers.forms.employers import AnnexForm, EmployerForm, annex_values, employer_values
from workers.models import Employer, FinancialAnnex
from workers.models.contracts import in_force_on
from workers.perms import can_manage_employers, can_see_employers
from workers.views.common import acting, answered, require

# Annexes of one employer on the page: twelve years of one a year.
SHOWN = 12


@require_safe
def employers(request: HttpRequest) -> HttpResponse:
    """Every employer with its annexes."""
    actor = acting(request)
    require(can_see_employers(actor))
    today = today_of(actor.organisation)
    found = Employer.objects.visible_to(actor).order_by("-is_active", "name", "kind", "pk")
    found = found.annotate(under_contract=Count("contracts", filter=in_force_on(today, "contracts__"), distinct=True))
    rows = [
        {
            "employer": one,
            "kind": one.get_kind_display(),
            "annexes": [_annex_row(annex, today) for annex in list(one.annexes.all())[:SHOWN]],
            "older": max(0, len(one.annexes.all()) - SHOWN),
        }
        for one in found.prefetch_related(Prefetch("annexes", FinancialAnnex.objects.order_by("-starts_on", "pk")))
    ]
    return render(request, "workers/employers.html", {"rows": rows, "may_manage": can_manage_employers(actor)})


def _annex_row(annex: FinancialAnnex, today: Any) -> dict[str, Any]:
    state = "active" if annex.is_active_on(today) else "done"
    return {
        "annex": annex,
        "from": date_words(annex.starts_on, "j N Y"),
        "to": date_words(annex.ends_on, "j N Y"),
        "hours": figures(annex.etp_hours),
        "basis": annex.get_hours_basis_display(),
        "places": figures(annex.agreed_etp),
        "state": (state, annex.get_state_display()),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def new_employer(request: HttpRequest) -> HttpResponse:
    """Write down a body that signs contracts."""
    actor = _manager(request)
    form = EmployerForm(_typed(request), initial=employer_values(None))
    return _form_page(
        request, form, lambda: add_employer(actor.organisation, form.details, by=actor), title=_("New employer")
    )


@require_http_methods(["GET", "HEAD", "POST"])
def edit_employer(request: HttpRequest, employer: uuid.UUID) -> HttpResponse:
    """Correct it."""
    actor = _manager(request)
    found = get_object_or_404(Employer.objects.visible_to(actor), public_id=employer)
    form = EmployerForm(_typed(request), initial=employer_values(found))
    return _form_page(request, form, lambda: change_employer(found, form.details, by=actor), title=found.name)


@require_http_methods(["GET", "HEAD", "POST"])
def new_annex(request: HttpRequest, employer: uuid.UUID) -> HttpResponse:
    """Write down an annex."""
    actor = _manager(request)
    found = get_object_or_404(Employer.objects.visible_to(actor), public_id=employer)
    form = AnnexForm(_typed(request))
    return _form_page(
        request, form, lambda: add_annex(found, form.details, by=actor), title=_("New annex"), eyebrow=found.name
    )


@require_http_methods(["GET", "HEAD", "POST"])
def edit_annex(request: HttpRequest, annex: uuid.UUID) -> HttpResponse:
    """Correct it, or close it."""
    actor = _manager(request)
    found = get_object_or_404(FinancialAnnex.objects.visible_to(actor).select_related("employer"), public_id=annex)
    form = AnnexForm(_typed(request), initial=annex_values(found))
    return _form_page(
        request,
        form,
        lambda: change_annex(found, form.details, by=actor),
        title=found.number,
        eyebrow=found.employer.name,
    )


def _manager(request: HttpRequest) -> Any:
    actor = acting(request)
    require(can_manage_employers(actor))
    return actor


def _typed(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _form_page(request: HttpRequest, form: Any, made: Any, *, title: str, eyebrow: str = "") -> HttpResponse:
    status = answered(form, made) if form.is_bound else 200
    if not status:
        messages.success(request, _("Saved."))
        return redirect("workers:employers")
    context = {"form": form, "title": title, "eyebrow": eyebrow}
    return render(request, "workers/employer_form.html", context, status=status)
