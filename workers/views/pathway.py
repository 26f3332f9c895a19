"""The pathway of a person as their social adviser keeps it: PASS, ledger, diagnosis, interviews (R23)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
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
    PROLONGATION_CATEGORY,
    AppointmentStatus,
    DiagnosisMaker,
    PassSource,
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
from workers.models import Appointment, PassIAE, PassProlongation, PassSuspension, Trainee
from workers.models.appointments import times_before
from workers.perms import advises, can_keep_pathways, can_see_pathways
from workers.rules import pass_iae as rules
from workers.views.common import acting, posted, require, trainee_or_404
from workers.views.person_tabs import Button, head_of

# Reasons that were opened, by entry: empty once forgotten, None without a key.
Reasons = dict[uuid.UUID, str | None]

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
        "ledger": ledger_rows(current, reasons) if current else [],
        "is_open": reasons is not None,
        "purpose": purpose,
        "purpose_form": forms_.get("purpose_form") or PurposeForm(),
        "story": story(current, today) if current else [],
        "pass_form": forms_.get("pass_form") or PassForm(),
        "close_form": CloseForm(),
        "deny_form": DenyForm(),
        "diagnoses": _diagnoses(trainee, today),
        "diagnosis_form": forms_.get("diagnosis_form") or DiagnosisForm(),
        "appointments": _appointments(trainee),
        "appointment_form": forms_.get("appointment_form") or AppointmentForm(),
        "outcomes": _outcomes(),
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


def left_words(days: int, *, from_day: dt.date) -> str:
    """How long a PASS still runs: 412 days, that is 1 year, 1 month and 16 days."""
    counted = ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
    length = relativedelta(from_day + dt.timedelta(days=days), from_day)
    parts = [
        ngettext("%(n)d year", "%(n)d years", length.years) % {"n": length.years} if length.years else "",
        ngettext("%(n)d month", "%(n)d months", length.months) % {"n": length.months} if length.months else "",
        ngettext("%(n)d day", "%(n)d days", length.days) % {"n": length.days} if length.days else "",
    ]
    said = [part for part in parts if part]
    if not length.years and not length.months:
        return counted
    return _("%(days)s, that is %(length)s") % {"days": counted, "length": ", ".join(said)}


def reason_of(entry: PassSuspension | PassProlongation, opened: Reasons | None) -> str:
    """Why, as people read it; what is closed, cannot be read, or was forgotten, is said."""
    if opened is None:
        return _("Reason kept apart")
    words = opened.get(entry.public_id)
    return _("Cannot be read any more") if words is None else words or _("Forgotten, two years after the PASS")


def ledger_rows(pass_iae: PassIAE, opened: Reasons | None) -> list[dict[str, Any]]:
    """Every entry, also those that count no more; ``opened``: their reasons, where they were opened."""
    found: list[PassSuspension | PassProlongation] = [
        *pass_iae.suspensions.all(),
        *pass_iae.prolongations.select_related("report"),
    ]
    rows = []
    for entry in sorted(found, key=lambda one: (one.starts_on, one.created_at)):
        is_suspension = isinstance(entry, PassSuspension)
        rows.append(
            {
                "public_id": entry.public_id,
                "is_suspension": is_suspension,
                "what": _("Suspension") if is_suspension else _("Prolongation"),
                "from": date_words(entry.starts_on, "j N Y"),
                "to": date_words(entry.ends_on, "j N Y"),
                "days": entry.stretch.pushes,
                "reason": reason_of(entry, opened),
                "who": _who(entry),
                "when": date_words(timezone.localdate(entry.created_at), "j N Y"),
                "is_open": entry.closed_at is None,
                **_state_of(entry),
            }
        )
    return rows


def _who(entry: PassSuspension | PassProlongation) -> str:
    """Who wrote it down, and whether it is what the State decided."""
    if entry.source == PassSource.IMPORTED:
        return f"{entry.entered_label} – {entry.get_source_display()}"
    return entry.entered_label


def _state_of(entry: PassSuspension | PassProlongation) -> dict[str, Any]:
    if entry.closed_at is not None:
        why = f"{entry.get_closed_as_display()} – {entry.get_close_reason_display()}"
        return {"state": entry.get_closed_as_display(), "category": "cancelled", "note": why}
    if isinstance(entry, PassSuspension):
        return {"state": _("Counts"), "category": "done", "note": ""}
    note = ""
    if entry.deny_reason:
        note = f"{entry.get_deny_reason_display()} – {entry.get_deny_action_display()}"
    return {
        "state": entry.get_status_display(),
        "category": PROLONGATION_CATEGORY[entry.status],  # type: ignore[index]  # one of its choices
        "note": note,
        "is_pending": entry.status == "pending",
        "prescriber": ", ".join(part for part in (entry.prescriber_name, entry.prescriber_body) if part),
        "has_report": hasattr(entry, "report"),
    }


def story(pass_iae: PassIAE, today: dt.date) -> list[dict[str, Any]]:
    """The PASS in the order of time: begun, suspended, prolonged, today, the steps before its end, its end."""
    ledger = pass_iae.ledger()
    steps: list[tuple[dt.date, str, str]] = [(ledger.starts_on, _("The PASS begins"), "")]
    for title, stretches in ((_("Suspended"), ledger.suspensions), (_("Prolonged"), ledger.prolongations)):
        steps += [
            (one.starts_on, title, _("until %(day)s") % {"day": date_words(one.ends_on, "j F Y")}) for one in stretches
        ]
    window = rules.asking_window(ledger.ends_on, rules.terms_on(today))
    steps.append((window.starts_on, _("A prolongation may be asked for"), ""))
    steps.append((ledger.ends_on, _("The PASS ends"), ""))
    rows = [
        {"day": date_words(day, "j F Y"), "title": title, "note": note, "state": "done" if day < today else "next"}
        for day, title, note in sorted(steps, key=lambda step: step[0])
    ]
    place = sum(1 for row in rows if row["state"] == "done")
    left = left_words(ledger.days_left(today), from_day=max(today, ledger.starts_on))
    note = _("Time left: %(left)s") % {"left": left} if ledger.ends_on >= today else ""
    rows.insert(place, {"day": date_words(today, "j F Y"), "title": _("Today"), "note": note, "state": "current"})
    return rows


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
