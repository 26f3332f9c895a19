"""What social advisers send about a pathway: PASS, suspensions, prolongations, interviews, facts kept apart."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from concierge.errors import DomainError
from concierge.files import CleanFile
from concierge.files.uploads import clean_upload
from workers.actions.appointments import AppointmentDetails
from workers.actions.pass_refusals import sentence
from workers.actions.passes import PassDetails, SuspensionDetails
from workers.actions.prolongations import MOST_BYTES, ProlongationDetails
from workers.enums.exits import Situation
from workers.enums.passes import (
    AppointmentKind,
    AppointmentStatus,
    CloseReason,
    DenyReason,
    DiagnosisMaker,
    PassSource,
    ProlongationReason,
    ProposedAction,
    SuspensionReason,
)
from workers.enums.vault import FactCode, FollowUpBy, VaultPurpose
from workers.models import Employer
from workers.rules import pass_iae as rules

HORIZONS = (1, 3, 6, 9, 12)


def _day(label: Any, *, required: bool = True, help_text: Any = "") -> forms.DateField:
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    return forms.DateField(label=label, required=required, help_text=help_text, widget=widget)


def add_faults(form: forms.Form, faults: Iterable[rules.Fault]) -> None:
    """Each fault at its field."""
    for fault in faults:
        form.add_error(fault.field if fault.field in form.fields else None, sentence(fault))


class PassForm(forms.Form):
    """A PASS as it is on its paper."""

    number = forms.CharField(
        label=_("Number"),
        max_length=20,
        help_text=_("Twelve letters or digits, with or without spaces: 99999 26 12345."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    starts_on = _day(_("First day"))
    is_prescribed = forms.BooleanField(
        label=_("An authorised prescriber opened it"),
        required=False,
        help_text=_("Needed within two years after the end of another PASS."),
    )
    is_imported = forms.BooleanField(
        label=_("The State’s platform has it already"),
        required=False,
        help_text=_("For an older PASS, or one opened elsewhere: what the State has decided is not judged again."),
    )
    imported_ends_on = _day(
        _("Last day at the State’s platform"),
        required=False,
        help_text=_("To compare with what we count. A difference is shown and stops nothing."),
    )

    def clean(self) -> dict[str, Any]:
        """What the platform says comes with its last day."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("is_imported") and not data.get("imported_ends_on") and "imported_ends_on" not in self.errors:
            self.add_error("imported_ends_on", _("Write down the last day that the State’s platform shows."))
        ends_on, starts_on = data.get("imported_ends_on"), data.get("starts_on")
        if ends_on and starts_on and ends_on < starts_on:
            self.add_error("imported_ends_on", _("The last day cannot be before the first day."))
        return data

    def details(self) -> PassDetails:
        """What to write down."""
        data = dict(self.cleaned_data)
        source = PassSource.IMPORTED if data.pop("is_imported") else PassSource.TYPED
        return PassDetails(**data, source=source)


class EmployerField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not subscriptable at run time
    """An employer by its name and kind."""

    def label_from_instance(self, obj: Employer) -> str:
        """One body of two kinds is two employers."""
        return f"{obj.name} ({obj.get_kind_display()})"


class OfEmployer(forms.Form):
    """Who asks: a structure of ours, first the one of the last hire."""

    employer = EmployerField(label=_("Structure that asks"), queryset=Employer.objects.none(), empty_label=None)

    def __init__(self, *args: Any, employers: Any, last: Employer | None, **kwargs: Any) -> None:
        """``last``: the employer of the last hire."""
        super().__init__(*args, **kwargs)
        self.last = last
        field = self.fields["employer"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        field.queryset = employers
        field.initial = last


class SuspensionForm(OfEmployer):
    """Days on which the PASS stands still, and why."""

    starts_on = _day(_("First day"))
    ends_on = _day(
        _("Last day"), required=False, help_text=_("Leave it empty for as long as possible: hiring again ends it.")
    )
    reason = forms.ChoiceField(label=_("Reason"))
    is_decided = forms.BooleanField(
        label=_("The State’s platform has it already"),
        required=False,
        help_text=_("It may be older than a year, of another structure or for a former reason."),
    )
    field_order = ("starts_on", "ends_on", "reason", "is_decided", "employer")

    def __init__(self, *args: Any, kept: str = "", **kwargs: Any) -> None:
        """``kept``: the reason of the entry that is corrected. It is not shown, and stays unless another is chosen."""
        super().__init__(*args, **kwargs)
        self.kept = kept
        field = self.fields["reason"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.required = not kept
        unchanged = [("", _("As before (not shown here)"))] if kept else []
        field.choices = [*unchanged, *SuspensionReason.choices]

    def details(self) -> SuspensionDetails:
        """What to write down."""
        data = self.cleaned_data
        return SuspensionDetails(
            starts_on=data["starts_on"],
            ends_on=data["ends_on"],
            reason=SuspensionReason(data["reason"] or self.kept),
            employer_kind=data["employer"].kind,
            is_last_employer=self.last is None or data["employer"] == self.last,
            source=PassSource.IMPORTED if data["is_decided"] else PassSource.TYPED,
        )


class ProlongationForm(OfEmployer):
    """How long the PASS goes on, and why."""

    reason = forms.ChoiceField(label=_("Reason"), choices=ProlongationReason.choices)
    ends_on = _day(_("New last day"))
    training_ends_on = _day(
        _("Last day of the training"), required=False, help_text=_("Only when a training is to be finished.")
    )
    prescriber_name = forms.CharField(
        label=_("Authorised prescriber"),
        max_length=120,
        required=False,
        help_text=_("Who gives the opinion. Not needed for a training or an open-ended contract."),
    )
    prescriber_body = forms.CharField(label=_("Organisation of the prescriber"), max_length=120, required=False)
    report = forms.FileField(
        label=_("Report (bilan)"),
        required=False,
        help_text=_("A PDF of 3 MB at most. It is encrypted."),
        widget=forms.ClearableFileInput(attrs={"accept": "application/pdf"}),
    )
    decided_on = _day(
        _("The State has granted it on"),
        required=False,
        help_text=_("Only for what was decided already: then neither an opinion nor a report is asked for."),
    )
    field_order = ("reason", "ends_on", "decided_on", "training_ends_on", "employer")

    def clean_report(self) -> CleanFile | None:
        """The PDF written anew, without anything that acts (ADR 19). One that is too large is not read."""
        sent = self.cleaned_data["report"]
        if sent is None:
            return None
        if sent.size > MOST_BYTES:
            raise forms.ValidationError(_("The report is too large: 3 MB at most."))
        try:
            return clean_upload(sent)
        except DomainError as error:
            raise forms.ValidationError(str(error.message)) from error

    def details(self) -> ProlongationDetails:
        """What to ask for."""
        data = self.cleaned_data
        return ProlongationDetails(
            reason=ProlongationReason(data["reason"]),
            ends_on=data["ends_on"],
            employer_kind=data["employer"].kind,
            prescriber_name=data["prescriber_name"],
            prescriber_body=data["prescriber_body"],
            training_ends_on=data["training_ends_on"],
            report=data["report"],
            decided_on=data["decided_on"],
        )


class CloseForm(forms.Form):
    """Why an entry counts no more."""

    reason = forms.ChoiceField(
        label=_("Why"),
        choices=[(one.value, one.label) for one in (CloseReason.MISTAKE, CloseReason.DECIDED_OTHERWISE)],
    )


class DenyForm(forms.Form):
    """Why it was denied, and what is proposed instead."""

    reason = forms.ChoiceField(label=_("Why it was denied"), choices=DenyReason.choices)
    proposed = forms.ChoiceField(label=_("Proposed instead"), choices=ProposedAction.choices)


class DiagnosisForm(forms.Form):
    """When somebody looked whether the person is eligible."""

    made_on = _day(_("Made on"))
    made_by = forms.ChoiceField(label=_("By"), choices=DiagnosisMaker.choices)


class AppointmentForm(forms.Form):
    """An interview."""

    day = _day(_("Day"))
    time = forms.TimeField(label=pgettext_lazy("clock", "Time"), widget=forms.TimeInput(attrs={"type": "time"}))
    kind = forms.ChoiceField(label=_("What for"), choices=AppointmentKind.choices)
    place = forms.CharField(
        label=_("Place"), max_length=120, required=False, help_text=_("Where you meet, nothing about the person.")
    )

    def details(self, zone: ZoneInfo) -> AppointmentDetails:
        """What to plan, in the time of the site."""
        data = self.cleaned_data
        starts_at = dt.datetime.combine(data["day"], data["time"], tzinfo=zone)
        return AppointmentDetails(starts_at=starts_at, kind=AppointmentKind(data["kind"]), place=data["place"])


class MoveForm(forms.Form):
    """Another time for an interview; ``was`` is the time that the page showed."""

    day = _day(_("Day"))
    time = forms.TimeField(
        label=pgettext_lazy("clock", "Time"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    place = forms.CharField(
        label=_("Place"), max_length=120, required=False, help_text=_("Where you meet, nothing about the person.")
    )
    was = forms.DateTimeField(widget=forms.HiddenInput, input_formats=["%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S%z"])

    def starts_at(self, zone: ZoneInfo) -> dt.datetime:
        """When, in the time of the site."""
        return dt.datetime.combine(self.cleaned_data["day"], self.cleaned_data["time"], tzinfo=zone)


class OutcomeForm(forms.Form):
    """Whether the person came."""

    status = forms.ChoiceField(
        label=_("Outcome"),
        choices=[
            (one.value, one.label)
            for one in (AppointmentStatus.PRESENT, AppointmentStatus.ABSENT, AppointmentStatus.CANCELLED)
        ],
    )


class PurposeForm(forms.Form):
    """What somebody opens the facts kept apart for."""

    purpose = forms.ChoiceField(
        label=_("What do you open them for?"),
        choices=[("", _("Choose")), *VaultPurpose.choices],
        error_messages={"required": _("Say what you open these facts for.")},
        help_text=_("It is written down with your name and the time."),
    )


class FactForm(forms.Form):
    """A fact: codes, no sentences."""

    code = forms.ChoiceField(label=_("Fact"), choices=[("", _("Choose")), *FactCode.choices])
    follow_up = forms.ChoiceField(label=_("Accompanied by"), choices=FollowUpBy.choices)


class ExitForm(forms.Form):
    """What somebody does now that they have left."""

    situation = forms.ChoiceField(choices=Situation.choices, error_messages={"required": _("Choose from the list.")})


class FollowUpForm(forms.Form):
    """When somebody tried to reach them, and what they do then; nothing: nobody was reached."""

    on = _day(_("Contact on"))
    situation = forms.ChoiceField(choices=Situation.choices, required=False)


class DeadlineFilters(forms.Form):
    """Whose deadlines, which, until when."""

    of = forms.ChoiceField(
        label=_("People"),
        choices=[("mine", _("People I accompany")), ("all", _("Everybody of my sites"))],
        required=False,
    )
    kind = forms.ChoiceField(
        label=_("What"),
        choices=[
            ("", _("Everything")),
            ("pass", _("PASS IAE")),
            ("contract", _("Contracts")),
            ("window", _("Times to ask for a prolongation")),
            ("request", _("Prolongations without an answer")),
            ("suspension", _("Suspensions to write down again")),
            ("diagnosis", _("Diagnoses")),
            ("appointment", _("Appointments")),
            ("exit", _("Follow-ups after leaving")),
        ],
        required=False,
    )
    months = forms.TypedChoiceField(
        label=_("Within"),
        choices=[(1, _("1 month")), (3, _("3 months")), (6, _("6 months")), (9, _("9 months")), (12, _("12 months"))],
        coerce=int,
        empty_value=None,
        required=False,
    )
