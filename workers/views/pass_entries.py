"""Suspensions and prolongations of a PASS: written down after a look at the new end, corrected, answered, cancelled."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from concierge.encryption import Unreadable
from concierge.errors import DomainError, Invalid
from concierge.tenancy import Actor
from concierge.words import date_words
from workers.actions import prolongations
from workers.actions.lost_suspensions import settle_lost_suspension
from workers.actions.pass_refusals import sentence
from workers.actions.passes import (
    Preview,
    cancel_pass,
    cancel_suspension,
    correct_suspension,
    preview_suspension,
    suspend_pass,
)
from workers.actions.vault import open_report
from workers.enums.passes import CloseReason, DenyReason, ProposedAction
from workers.enums.vault import VaultPurpose
from workers.forms.pathway import CloseForm, DenyForm, ProlongationForm, PurposeForm, SuspensionForm
from workers.models import Employer, PassIAE, PassProlongation, PassReport, PassSuspension, Trainee
from workers.models.pathway import last_contract
from workers.views.common import acting, posted
from workers.views.ledger import left_words
from workers.views.pathway import followed, heading, own_case, page, refuse

Form = SuspensionForm | ProlongationForm


def _pass_of(trainee: Trainee, public_id: uuid.UUID) -> PassIAE:
    found: PassIAE = get_object_or_404(PassIAE.objects.kept().filter(trainee=trainee), public_id=public_id)
    return found


def _asking(trainee: Trainee) -> dict[str, Any]:
    """Which structures may ask, and which hired the person last."""
    last = last_contract(trainee)
    employers = Employer.objects.filter(organisation=trainee.organisation).order_by("name", "pk")
    return {"employers": employers, "last": last.employer if last else None}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def suspend(request: HttpRequest, trainee: uuid.UUID, pass_id: uuid.UUID) -> HttpResponse:
    """A new suspension."""
    person = own_case(request, trainee)
    pass_iae = _pass_of(person, pass_id)
    form = SuspensionForm(posted(request), **_asking(person))

    def save(by: Actor) -> object:
        return suspend_pass(pass_iae, form.details(), by=by)

    return _entry(
        request,
        person,
        pass_iae,
        form,
        _("Suspend the PASS"),
        save,
        lambda: preview_suspension(pass_iae, form.details()),
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, trainee: uuid.UUID, entry: uuid.UUID) -> HttpResponse:
    """Another entry replaces a suspension."""
    person = own_case(request, trainee)
    found = PassSuspension.objects.counting().select_related("pass_iae__organisation")
    row: PassSuspension = get_object_or_404(found.filter(pass_iae__trainee=person), public_id=entry)
    try:
        kept = row.reason
    except Unreadable:
        kept = ""
    initial = {"starts_on": row.starts_on, "ends_on": row.ends_on}
    form = SuspensionForm(posted(request), kept=kept, initial=initial, **_asking(person))
    pass_iae = row.pass_iae

    def save(by: Actor) -> object:
        return correct_suspension(row, form.details(), by=by)

    return _entry(
        request,
        person,
        pass_iae,
        form,
        _("Correct the suspension"),
        save,
        lambda: preview_suspension(pass_iae, form.details(), replacing=row),
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def prolong(request: HttpRequest, trainee: uuid.UUID, pass_id: uuid.UUID) -> HttpResponse:
    """Ask for a prolongation."""
    person = own_case(request, trainee)
    pass_iae = _pass_of(person, pass_id)
    form = ProlongationForm(posted(request), request.FILES or None, **_asking(person))

    def save(by: Actor) -> object:
        return prolongations.ask_prolongation(pass_iae, form.details(), by=by)

    return _entry(
        request,
        person,
        pass_iae,
        form,
        _("Ask for a prolongation"),
        save,
        # Browsers do not send a file again for a look: whether it is there is judged when it is sent.
        lambda: prolongations.preview_prolongation(pass_iae, form.details(), has_report=True),
    )


def _entry(
    request: HttpRequest,
    person: Trainee,
    pass_iae: PassIAE,
    form: Form,
    title: str,
    save: Callable[[Actor], object],
    look: Callable[[], Preview],
) -> HttpResponse:
    """The form of an entry; a look at the new end changes nothing."""
    is_live = bool(request.headers.get("HX-Request"))
    preview: dict[str, Any] = {}
    if request.method == "POST":
        if is_live or "look" in request.POST:
            preview = _preview(pass_iae, form, look)
        elif form.is_valid():
            try:
                save(acting(request))
            except DomainError as error:
                refuse(form, error)
            else:
                messages.success(request, _("Saved. The end of the PASS follows."))
                return redirect("workers:pass", trainee=person.public_id)
    if is_live:
        return render(request, "workers/_pass_preview.html", {"preview": preview})
    context = {
        **heading(request, person),
        "title": title,
        "form": form,
        "preview": preview,
        "ends": date_words(pass_iae.ends_on, "j F Y"),
        "is_upload": "report" in form.fields,
        "back": reverse("workers:pass", args=[person.public_id]),
    }
    is_refused = form.is_bound and bool(form.errors)
    return render(request, "workers/pass_entry.html", context, status=422 if is_refused else 200)


def _preview(pass_iae: PassIAE, form: Form, look: Callable[[], Preview]) -> dict[str, Any]:
    if not form.is_valid():
        return {}
    try:
        seen = look()
    except DomainError as error:
        return {"faults": [str(error.message)]}
    if seen.faults:
        return {"faults": [sentence(fault) for fault in seen.faults]}
    from_day = pass_iae.starts_on
    return {
        "faults": [],
        "before": date_words(pass_iae.ends_on, "l j F Y"),
        "after": date_words(seen.ends_on, "l j F Y"),
        "entry_ends": date_words(seen.entry_ends_on, "l j F Y"),
        "left": left_words(seen.days_left, from_day=max(from_day, seen.today)),
    }


def _closing(request: HttpRequest) -> CloseReason:
    """Why it counts no more. Raises ``Invalid`` (400)."""
    form = CloseForm(request.POST)
    if not form.is_valid():
        raise Invalid(_("Choose a reason from the list."), field="reason")
    return CloseReason(form.cleaned_data["reason"])


@require_POST
def void(request: HttpRequest, trainee: uuid.UUID, pass_id: uuid.UUID) -> HttpResponse:
    """The PASS was written down by mistake."""
    person = followed(request, trainee, writing=True)
    pass_iae = _pass_of(person, pass_id)
    return _done(request, person, lambda by: cancel_pass(pass_iae, reason=CloseReason.MISTAKE, by=by))


@require_POST
def let_lost_go(request: HttpRequest, trainee: uuid.UUID, pass_id: uuid.UUID) -> HttpResponse:
    """Of a suspension that a withdrawn hire had ended, nothing is to be written down again."""
    person = followed(request, trainee, writing=True)
    pass_iae = _pass_of(person, pass_id)
    return _done(request, person, lambda by: settle_lost_suspension(pass_iae, by=by))


@require_POST
def cancel(request: HttpRequest, trainee: uuid.UUID, entry: uuid.UUID) -> HttpResponse:
    """A suspension counts no more."""
    person = followed(request, trainee, writing=True)
    found = PassSuspension.objects.select_related("pass_iae__organisation").filter(pass_iae__trainee=person)
    row: PassSuspension = get_object_or_404(found, public_id=entry)
    return _done(request, person, lambda by: cancel_suspension(row, reason=_closing(request), by=by))


@require_POST
def decide(request: HttpRequest, trainee: uuid.UUID, entry: uuid.UUID, verb: str) -> HttpResponse:
    """Note what became of a prolongation: ``accorder``, ``refuser`` or ``annuler``."""
    person = followed(request, trainee, writing=True)
    found = PassProlongation.objects.select_related("pass_iae__organisation").filter(pass_iae__trainee=person)
    row: PassProlongation = get_object_or_404(found, public_id=entry)
    if verb == "accorder":
        return _done(request, person, lambda by: prolongations.grant_prolongation(row, by=by))
    if verb == "annuler":
        return _done(
            request, person, lambda by: prolongations.cancel_prolongation(row, reason=_closing(request), by=by)
        )
    if verb != "refuser":
        raise Http404
    form = DenyForm(request.POST)
    if not form.is_valid():
        return page(request, person, error=DomainError(_("Say why it was denied and what is proposed instead.")))
    why, instead = DenyReason(form.cleaned_data["reason"]), ProposedAction(form.cleaned_data["proposed"])
    return _done(request, person, lambda by: prolongations.deny_prolongation(row, reason=why, proposed=instead, by=by))


def _done(request: HttpRequest, person: Trainee, act: Callable[[Actor], object]) -> HttpResponse:
    try:
        act(acting(request))
    except DomainError as error:
        return page(request, person, error=error)
    messages.success(request, _("Saved. The end of the PASS follows."))
    return redirect("workers:pass", trainee=person.public_id)


@never_cache
@require_POST
def report(request: HttpRequest, trainee: uuid.UUID, entry: uuid.UUID) -> HttpResponse:
    """The report of a prolongation, to keep and to read: never within a page, for a purpose that is written down."""
    person = own_case(request, trainee)
    found = PassReport.objects.filter(prolongation__pass_iae__trainee=person, prolongation__public_id=entry)
    row = get_object_or_404(found.select_related("prolongation__pass_iae__trainee"))
    form = PurposeForm(request.POST)
    if not form.is_valid():
        return page(request, person, purpose_form=form)
    try:
        content = open_report(row, purpose=VaultPurpose(form.cleaned_data["purpose"]), by=acting(request))
    except Unreadable:
        raise Http404 from None
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={
            "Content-Disposition": 'attachment; filename="bilan.pdf"',
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
        },
    )
