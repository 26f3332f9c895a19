"""Agreements on working time of an employer: what they set, beside what the law says (R21)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from concierge.days import today_of
from concierge.errors import DomainError
from workers.actions.agreements import add_agreement, end_agreement, withdraw_agreement
from workers.forms.agreements import AgreementForm, EndAgreementForm
from workers.models import Employer, LabourAgreement
from workers.models.agreement_words import TERM_LABELS, value_words
from workers.perms import can_manage_employers, can_see_employers
from workers.rules.labour.agreements import TERMS
from workers.views.common import acting, answered, posted, require
from workers.views.contract_words import day_words

# Editions of one employer on the page; older ones are counted.
SHOWN = 20


@require_safe
def agreements(request: HttpRequest, employer: uuid.UUID) -> HttpResponse:
    """Every edition of an employer, the one in force first, each term beside the law's."""
    actor = acting(request)
    require(can_see_employers(actor))
    found: Employer = get_object_or_404(Employer.objects.visible_to(actor), public_id=employer)
    today = today_of(actor.organisation)
    standing = LabourAgreement.objects.visible_to(actor).standing().filter(employer=found)
    rows = list(standing.order_by("-starts_on", "pk")[: SHOWN + 1])
    context = {
        "employer": found,
        "rows": [_row(one, today) for one in rows[:SHOWN]],
        "older": standing.count() - SHOWN if len(rows) > SHOWN else 0,
        "may_manage": can_manage_employers(actor),
        "law": [_law(term) for term in TERMS],
    }
    return render(request, "workers/agreements.html", context)


def _row(one: LabourAgreement, today: dt.date) -> dict[str, Any]:
    over = one.ends_on is not None and one.ends_on < today
    begun = ("active", _("In force")) if one.holds_on(today) else ("waiting", _("To come"))
    state = ("done", _("Over")) if over else begun
    return {
        "agreement": one,
        "from": day_words(one.starts_on),
        "to": day_words(one.ends_on),
        "state": state,
        "terms": [
            {
                "label": TERM_LABELS[term.name],
                "agreed": value_words(term.name, one.terms[term.name]),
                "law": value_words(term.name, term.law),
                "article": term.article,
            }
            for term in TERMS
            if term.name in one.terms
        ],
        "may_end": not over,
    }


def _law(term: Any) -> dict[str, Any]:
    return {"label": TERM_LABELS[term.name], "law": value_words(term.name, term.law), "article": term.article}


@require_http_methods(["GET", "HEAD", "POST"])
def new_agreement(request: HttpRequest, employer: uuid.UUID) -> HttpResponse:
    """Write down an edition."""
    actor = acting(request)
    require(can_manage_employers(actor))
    found: Employer = get_object_or_404(Employer.objects.visible_to(actor), public_id=employer)
    form = AgreementForm(posted(request))
    status = answered(form, lambda: add_agreement(found, form.details, by=actor)) if form.is_bound else 200
    if not status:
        messages.success(request, _("Saved. It counts for every plan from its first day on."))
        return redirect("workers:agreements", found.public_id)
    return render(request, "workers/agreement_form.html", {"form": form, "employer": found}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest, agreement: uuid.UUID) -> HttpResponse:
    """Say which day is its last."""
    actor, found = _managed(request, agreement)
    initial = {"ends_on": found.ends_on or today_of(actor.organisation)}
    form = EndAgreementForm(posted(request), initial=initial)
    made: Any = lambda: end_agreement(found, form.cleaned_data["ends_on"], by=actor)  # noqa: E731 - asked once
    status = answered(form, made) if form.is_bound else 200
    if not status:
        messages.success(request, _("Saved. The law counts again from the day after."))
        return redirect("workers:agreements", found.employer.public_id)
    context = {"form": form, "employer": found.employer, "agreement": found}
    return render(request, "workers/agreement_form.html", context, status=status)


@require_POST
def withdraw(request: HttpRequest, agreement: uuid.UUID) -> HttpResponse:
    """It was a mistake."""
    actor, found = _managed(request, agreement)
    try:
        withdraw_agreement(found, by=actor)
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("Withdrawn: nothing counts it any more."))
    return redirect("workers:agreements", found.employer.public_id)


def _managed(request: HttpRequest, agreement: uuid.UUID) -> tuple[Any, LabourAgreement]:
    actor = acting(request)
    require(can_manage_employers(actor))
    rows = LabourAgreement.objects.visible_to(actor).select_related("employer")
    found: LabourAgreement = get_object_or_404(rows, public_id=agreement)
    return actor, found
