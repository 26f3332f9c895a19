"""Facts kept apart: opened by the person's own social adviser, for a purpose that is written down (R28, R42, P01)."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from concierge.encryption import Unreadable
from concierge.errors import DomainError
from concierge.words import short_moment_words
from workers.actions.vault import end_fact, note_fact, open_facts
from workers.enums.vault import FactCode, FollowUpBy, VaultPurpose
from workers.forms.pathway import FactForm, PurposeForm
from workers.models import SensitiveFact, Trainee, VaultReading
from workers.perms import advises, can_see_pathways, can_see_vault_readings
from workers.views.common import acting, posted, require, trainee_or_404
from workers.views.pathway import heading

PER_PAGE = 25


def _found(request: HttpRequest, public_id: uuid.UUID, *, inside: bool = True) -> Trainee:
    """A person whose own adviser asks; ``inside`` false: who reads the list of readings. 403 for everybody else."""
    actor = acting(request)
    require(can_see_pathways(actor))
    found = trainee_or_404(actor, public_id)
    require(advises(actor, found) if inside else can_see_vault_readings(actor, found))
    return found


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def vault(request: HttpRequest, trainee: uuid.UUID) -> HttpResponse:
    """Closed until somebody says what they open it for; who opened it before."""
    found = _found(request, trainee, inside=request.method == "POST")
    form = PurposeForm(posted(request))
    if request.method == "POST" and form.is_valid():
        purpose = VaultPurpose(form.cleaned_data["purpose"])
        try:
            opened = open_facts(found, purpose=purpose, by=acting(request))
        except Unreadable:
            form.add_error(None, _("These facts cannot be read: their key is gone."))
        else:
            facts = [
                {"public_id": row.public_id, "what": fact.code.label, "by": fact.follow_up.label}
                for row, fact in opened
            ]
            return _page(request, found, form, facts=facts, is_open=True, fact_form=FactForm())
    return _page(request, found, form)


@require_POST
def note(request: HttpRequest, trainee: uuid.UUID) -> HttpResponse:
    """Add a fact. The page is closed again after."""
    found = _found(request, trainee)
    form = FactForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            note_fact(found, code=FactCode(data["code"]), follow_up=FollowUpBy(data["follow_up"]), by=acting(request))
        except Unreadable:
            form.add_error(None, _("These facts cannot be read: their key is gone."))
        else:
            messages.success(request, _("Saved. It is kept apart."))
            return redirect("workers:vault", trainee=found.public_id)
    return _page(request, found, PurposeForm(), fact_form=form)


@require_POST
def end(request: HttpRequest, trainee: uuid.UUID, fact: uuid.UUID) -> HttpResponse:
    """A fact holds no more."""
    found = _found(request, trainee)
    rows = SensitiveFact.objects.visible_to(acting(request)).filter(trainee=found).select_related("trainee")
    row = get_object_or_404(rows, public_id=fact)
    try:
        end_fact(row, by=acting(request))
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("Saved."))
    return redirect("workers:vault", trainee=found.public_id)


def _page(request: HttpRequest, trainee: Trainee, form: PurposeForm, **more: Any) -> HttpResponse:
    actor = acting(request)
    readings = VaultReading.objects.visible_to(actor).filter(trainee=trainee)
    pages = Paginator(readings, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        **heading(request, trainee),
        "form": form,
        "fact_form": None,
        "facts": [],
        "is_open": False,
        "may_open": advises(actor, trainee),
        "readings": [
            {
                "when": short_moment_words(one.at, trainee.site),
                "who": one.reader_label,
                "act": one.get_act_display(),
                "purpose": one.get_purpose_display() if one.purpose else "",
            }
            for one in pages
        ],
        "previous": f"?page={pages.previous_page_number()}" if pages.has_previous() else "",
        "next": f"?page={pages.next_page_number()}" if pages.has_next() else "",
        **more,
    }
    is_refused = bool(form.errors) or bool(context["fact_form"] and context["fact_form"].errors)
    return render(request, "workers/vault.html", context, status=422 if is_refused else 200)
