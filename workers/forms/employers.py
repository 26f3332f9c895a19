"""Forms about employers and their annexes. They parse; actions decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from workers.actions.employers import AnnexDetails, EmployerDetails
from workers.enums.contracts import MEASURE_CODES, AnnexState, EmployerKind, HoursBasis
from workers.forms.contracts import a_day
from workers.models import Employer, FinancialAnnex
from workers.rules.contracts import RAISES_A_YEAR

A_NUMBER = {"invalid": _("Write a number, like 1505 or 4.5."), "max_decimal_places": _("Two decimals at most.")}


class EmployerForm(forms.Form):
    """A legal body that signs contracts."""

    name = forms.CharField(label=_("Name"), max_length=120)
    kind = forms.ChoiceField(label=_("Kind"), choices=EmployerKind.choices)
    siret = forms.CharField(label=_("SIRET"), max_length=30, help_text=_("Fourteen digits; blanks do not matter."))
    measure = forms.ChoiceField(
        label=_("Measure (ASP)"),
        choices=[("", _("The usual one of its kind")), *((code, code) for code in MEASURE_CODES)],
        required=False,
    )
    raises_a_year = forms.IntegerField(
        label=_("Temporary raises of hours a year"),
        min_value=0,
        max_value=RAISES_A_YEAR,
        help_text=_("Eight at most where the agreement of the branch allows them; 0 where there is none (L3123-22)."),
    )
    is_active = forms.BooleanField(label=_("Signs contracts now"), required=False)

    @property
    def details(self) -> EmployerDetails:
        """What was typed, once it is valid."""
        return EmployerDetails(**{**self.cleaned_data, "kind": EmployerKind(self.cleaned_data["kind"])})


def employer_values(employer: Employer | None) -> dict[str, Any]:
    """What the form shows first."""
    if employer is None:
        return {"raises_a_year": RAISES_A_YEAR, "is_active": True}
    return {name: getattr(employer, name) for name in EmployerForm.base_fields}


class AnnexForm(forms.Form):
    """A financial annex of a convention."""

    number = forms.CharField(label=_("Number"), max_length=30, help_text=_("Such as ACI051170013A0M1."))
    state = forms.ChoiceField(label=_("State"), choices=AnnexState.choices)
    starts_on = a_day(_("First day"))
    ends_on = a_day(_("Last day"))
    etp_hours = forms.DecimalField(
        label=_("Hours a year of one full-time place"),
        max_digits=6,
        decimal_places=2,
        localize=True,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        help_text=_("As the annex says: often 1505 (EI), 1820 (ACI), 1607 (AI)."),
        error_messages=A_NUMBER,
    )
    hours_basis = forms.ChoiceField(label=_("Hours that count"), choices=HoursBasis.choices)
    agreed_etp = forms.DecimalField(
        label=_("Full-time places agreed"),
        max_digits=6,
        decimal_places=2,
        localize=True,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        error_messages=A_NUMBER,
    )

    @property
    def details(self) -> AnnexDetails:
        """What was typed, once it is valid."""
        typed = self.cleaned_data
        return AnnexDetails(
            **{
                **typed,
                "state": AnnexState(typed["state"]),
                "hours_basis": HoursBasis(typed["hours_basis"]),
            }
        )


def annex_values(annex: FinancialAnnex) -> dict[str, Any]:
    """What the form shows first."""
    return {name: getattr(annex, name) for name in AnnexForm.base_fields}
