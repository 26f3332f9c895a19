"""The pathway of a person as their social adviser keeps it: PASS, ledger, diagnosis, interviews (R23)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from concierge.days import today_at
from concierge.errors import DomainError
from concierge.words import date_words, short_moment_words
from workers.actions.appointments import note_outcome, plan_appointment, write_diagnosis
from workers.actions.pass_refusals import PassRefused
from workers.actions.passes import enter_pass
from workers.actions.vault import open_reasons
from workers.enums.passes import (
    APPOINTMENT_CATEGORY,
    PASS_CATEGORY,
    AppointmentStatus,
    DiagnosisMaker,
    PassState,
)
from workers.enums.vault import VaultPurpose
from workers.forms.pathway import (
    AppointmentForm,
    CloseForm,
    DenyForm,
    DiagnosisForm,
    OutcomeForm,
    PassForm,
    PurposeForm,
    add_faults,
)
from workers.models import Appointment, PassIAE, Trainee
from workers.models.appointments import times_before
from workers.perms import advises, can_keep_pathways, can_see_pathways
from workers.rules import pass_iae as rules
from workers.views.common import acting, posted, require, trainee_or_404
from workers.views.exit_words import exits_of
from workers.views.ledger import Reasons, ledger_rows, left_words, story
from workers.views.person_tabs import Button, head_of

# Interviews and diagnoses shown of a person.
SHOWN = 20


def followed(request: HttpRequest, public_id: uuid.UUID, *, writing: bool = False) -> Trainee:
    """A person whose pathway the actor reads, or keeps. 403 for who follows nobody, 404 for people of other sites."""
    actor = acting(request)
    require(can_see_pathways(actor))
    found = trainee_or_404(actor, public_id)
    require(can_see_pathways(actor, site_id=found.site_id))
    if writing:
        require(can_keep_pathways(actor, site_id=found.site_id))
    return found


def own_case(request: HttpRequest, public_id: uuid.UUID) -> Trainee:
    """A person whose own adviser asks: who gives reasons, and reads them (P01). 403 for everybody else."""
    found = followed(request, public_id, writing=True)
    require(advises(acting(request), found))
    return found


def refuse(form: forms.Form, error: DomainError) -> None:
    """Say at the fields what was refused."""
    if isinstance(error, PassRefused):
        add_faults(form, error.faults)
    else:
        form.add_error(error.field if error.field in form.fields else None, str(error.message))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def pathway(request: HttpRequest, trainee: uuid.UUID) -> HttpResponse:
    """The page; sent, it writes a PASS down."""
    found = followed(request, trainee, writing=request.method == "POST")
    form = PassForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            enter_pass(found, form.details(), by=acting(request))
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("The PASS is written down."))
            return redirect("workers:pass", trainee=found.public_id)
    return page(request, found, pass_form=form)


@never_cache
@require_POST
def reasons(request: HttpRequest, trainee: uuid.UUID) -> HttpResponse:
    """The page with the reasons of the ledger, for a purpose that is written down. Closed again on the next page."""
    found = own_case(request, trainee)
    form = PurposeForm(request.POST)
    current = PassIAE.objects.kept().filter(trainee=found).select_related("trainee").first()
    if current is None or not form.is_valid():
        return page(request, found, purpose_form=form)
    purpose = VaultPurpose(form.cleaned_data["purpose"])
    opened = open_reasons(current, purpose=purpose, by=acting(request))
    return page(request, found, reasons=opened, purpose=purpose)


@require_POST
def diagnose(request: HttpRequest, trainee: uuid.UUID) -> HttpResponse:
    """Write a diagnosis down."""
    found = followed(request, trainee, writing=True)
    form = DiagnosisForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            write_diagnosis(found, made_on=data["made_on"], made_by=DiagnosisMaker(data["made_by"]), by=acting(request))
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("workers:pass", trainee=found.public_id)
    return page(request, found, diagnosis_form=form)


@require_POST
def plan(request: HttpRequest, trainee: uuid.UUID) -> HttpResponse:
    """Plan an interview."""
    found = followed(request, trainee, writing=True)
    form = AppointmentForm(request.POST)
    if form.is_valid():
        try:
            plan_appointment(found, form.details(ZoneInfo(found.site.time_zone)), by=acting(request))
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, told(found, _("The appointment is planned.")))
            return redirect("workers:pass", trainee=found.public_id)
    return page(request, found, appointment_form=form)


@require_POST
def outcome(request: HttpRequest, trainee: uuid.UUID, appointment: uuid.UUID) -> HttpResponse:
    """Say whether the person came."""
    found = followed(request, trainee, writing=True)
    one = get_object_or_404(Appointment.objects.filter(trainee=found), public_id=appointment)
    form = OutcomeForm(request.POST)
    if form.is_valid():
        try:
            note_outcome(one, status=AppointmentStatus(form.cleaned_data["status"]), by=acting(request))
        except DomainError as error:
            return page(request, found, error=error)
        is_called_off = one.starts_at > timezone.now()
        messages.success(request, told(found, _("The appointment is cancelled.")) if is_called_off else _("Saved."))
        return redirect("workers:pass", trainee=found.public_id)
    return page(request, found, error=DomainError(_("Choose an outcome from the list.")))


def page(
    request: HttpRequest,
    trainee: Trainee,
    *,
    error: DomainError | None = None,
    reasons: Reasons | None = None,
    purpose: str = "",
    **forms_: Any,
) -> HttpResponse:
    """The page, with the forms that were refused; ``reasons``: those that were opened, for ``purpose``."""
    today = today_at(trainee.site)
    keeps = can_keep_pathways(acting(request), site_id=trainee.site_id)
    passes = list(PassIAE.objects.visible_to(acting(request)).filter(trainee=trainee).with_ledger())
    current = next((one for one in passes if one.cancelled_at is None), None)
    context = {
        **heading(request, trainee, *_vault_button(trainee)),
        "keeps": keeps,
        "error": error,
        "today": today,
        "current": pass_words(current, today) if current else None,
        "earlier": [pass_words(one, today) for one in passes if one is not current],
        "enters": keeps and advises(acting(request), trainee),
        "ledger": ledger_rows(current, reasons, ZoneInfo(trainee.site.time_zone)) if current else [],
        "is_open": reasons is not None,
        "purpose": purpose,
        "purpose_form": forms_.get("purpose_form") or PurposeForm(),
        "story": story(current, today) if current else [],
        "pass_form": forms_.get("pass_form") or PassForm(),
        "close_form": CloseForm(),
        "deny_form": DenyForm(),
        "diagnoses": _diagnoses(trainee, today),
        "diagnosis_form": forms_.get("diagnosis_form") or DiagnosisForm(),
        "appointments": (appointments := _appointments(trainee)),
        "older_appointments": trainee.appointments.count() - SHOWN if len(appointments) == SHOWN else 0,
        "appointment_form": forms_.get("appointment_form") or AppointmentForm(),
        "outcomes": _outcomes(),
        "exits": exits_of(trainee, today),
    }
    is_refused = error is not None or any(form.errors for form in forms_.values())
    return render(request, "workers/pathway.html", context, status=422 if is_refused else 200)


def heading(request: HttpRequest, trainee: Trainee, *buttons: Button) -> dict[str, Any]:
    """Whose page it is."""
    return {**head_of(request, trainee, *buttons), "public_id": trainee.public_id, "name": str(trainee)}


def _outcomes() -> list[tuple[str, str]]:
    """What may be said of an appointment, as buttons: what happened, or what to do."""
    choices = OutcomeForm().fields["status"].widget.choices
    cancels = AppointmentStatus.CANCELLED
    return [(code, pgettext("verb", "Cancel") if code == cancels else str(label)) for code, label in choices]


def told(trainee: Trainee, words: str) -> str:
    """What was done to an appointment, and how the person knows of it: whoever has no address is to be called."""
    if trainee.reads_mail:
        return _("%(done)s %(name)s gets a message.") % {"done": words, "name": trainee.first_name}
    if not trainee.is_active:
        return _("%(done)s %(name)s has left the team and gets no message: tell them.") % {
            "done": words,
            "name": trainee.first_name,
        }
    return _("%(done)s %(name)s has no e-mail address: tell them.") % {"done": words, "name": trainee.first_name}


def _vault_button(trainee: Trainee) -> list[Button]:
    """The way to the facts kept apart, for who may come near them."""
    return [Button(reverse("workers:vault", args=[trainee.public_id]), _("Facts kept apart"), "lock")]


def pass_words(pass_iae: PassIAE, today: dt.date) -> dict[str, Any]:
    """A PASS as people read it."""
    ledger = pass_iae.ledger()
    state = PassState(ledger.state_on(today))
    left, window = ledger.days_left(today), rules.asking_window(pass_iae.ends_on, rules.terms_on(today))
    suspension = ledger.suspension_on(today)
    return {
        "public_id": pass_iae.public_id,
        "number": rules.grouped(pass_iae.number),
        "starts": date_words(pass_iae.starts_on, "j F Y"),
        "ends": date_words(pass_iae.ends_on, "j F Y"),
        "state": state.label,
        "category": PASS_CATEGORY[state],
        "is_expired": state == PassState.EXPIRED,
        "left": left_words(left, from_day=max(today, pass_iae.starts_on)),
        "resumes": date_words(suspension.ends_on + rules.ONE_DAY, "j F Y") if suspension else "",
        "window_from": date_words(window.starts_on, "j F Y"),
        "window_to": date_words(window.ends_on, "j F Y"),
        "window_is_open": window.covers(today),
        "waits_until": date_words(rules.waits_until(pass_iae.ends_on, pass_iae.terms), "j F Y"),
        "imported": date_words(pass_iae.imported_ends_on, "j F Y") if pass_iae.imported_ends_on else "",
        "differs": pass_iae.differs,
        "is_lost": pass_iae.suspension_lost_on is not None,
        "is_prescribed": pass_iae.is_prescribed,
        "is_cancelled": pass_iae.cancelled_at is not None,
        "cancelled_why": pass_iae.get_cancel_reason_display(),
    }


def _diagnoses(trainee: Trainee, today: dt.date) -> list[dict[str, Any]]:
    return [
        {
            "day": date_words(one.made_on, "j F Y"),
            "by": one.get_made_by_display(),
            "until": date_words(one.ends_on, "j F Y"),
            "counts": one.ends_on >= today,
        }
        for one in trainee.diagnoses.all()[:SHOWN]
    ]


def _appointments(trainee: Trainee) -> list[dict[str, Any]]:
    now = timezone.now()
    found = list(trainee.appointments.select_related("adviser").order_by("-starts_at", "-pk")[:SHOWN])
    before = times_before(found)
    return [
        {
            "public_id": one.public_id,
            "when": short_moment_words(one.starts_at, trainee.site),
            "before": [short_moment_words(moment, trainee.site) for moment in before[one.public_id]],
            "kind": one.get_kind_display(),
            "place": one.place,
            "adviser": str(one.adviser) if one.adviser else "",
            "state": one.get_status_display(),
            "category": APPOINTMENT_CATEGORY[one.status],  # type: ignore[index]  # one of its choices
            "is_open": one.status != AppointmentStatus.CANCELLED,
            "is_past": one.starts_at <= now,
            "url": reverse("workers:appointment", args=[trainee.public_id, one.public_id]),
            "move_url": reverse("workers:appointment-move", args=[trainee.public_id, one.public_id])
            if one.status == AppointmentStatus.PENDING
            else "",
        }
        for one in found
    ]
