"""Forms about contracts, riders and decisions. They parse; actions decide."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from concierge.rome import rome
from workers.actions.contracts import ContractTerms, RiderTerms
from workers.enums import USUAL_TRADES
from workers.enums.contracts import ContractKind, DerogationKind, EndReason, RestrictionCode, RiderReason
from workers.models import Employer, FinancialAnnex
from workers.rules.contracts import FIRST_DAY, LAST_DAY
from workers.rules.weekly import parse_weekly, write_weekly

HOURS_WRONG = _("Write hours a week as 26, 26.5 or 26:30.")


def meant(first: dt.date = FIRST_DAY) -> Callable[[dt.date], None]:
    """A check of a day, for a field: nobody can mean one before ``first`` or after ``LAST_DAY``."""

    def check(day: dt.date) -> None:
        if not first <= day <= LAST_DAY:
            raise forms.ValidationError(_("Check this day: its year cannot be meant."), code="out_of_range")

    return check


def a_day(label: Any, *, first: dt.date = FIRST_DAY, **more: Any) -> forms.DateField:
    """A day, typed or chosen, that somebody can mean."""
    more["validators"] = [meant(first)]
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(
        label=label, widget=widget, error_messages={"invalid": _("Write a day as 31/12/2026.")}, **more
    )


class WeeklyHoursField(forms.CharField):
    """Hours a week as people write them; minutes as the product counts them. None where it may be left out."""

    def __init__(self, **more: Any) -> None:
        super().__init__(
            max_length=12,
            help_text=_("26, 26.5 or 26:30"),
            widget=forms.TextInput(attrs={"inputmode": "text", "autocomplete": "off"}),
            **more,
        )

    def clean(self, value: Any) -> Any:
        """Minutes a week. Raises ``ValidationError`` for what is no number of hours."""
        text = super().clean(value)
        if not text:
            return None
        minutes = parse_weekly(text)
        if minutes is None:
            raise forms.ValidationError(HOURS_WRONG, code="invalid")
        return minutes

    def prepare_value(self, value: Any) -> Any:
        """Minutes as hours; what was typed as it was typed."""
        return write_weekly(value) if isinstance(value, int) else value


def _trades(known: str) -> list[tuple[str, str]]:
    """Trades of a concierge, and the one that a contract has already, by name."""
    codes = {code for code in (*USUAL_TRADES, known) if code and rome().is_current(code)}
    return [("", "–"), *sorted(((code, rome().label(code)) for code in codes), key=lambda pair: pair[1])]


class EmployerChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic for the checker only
    """Employers by name and kind."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name} – {obj.get_kind_display()}"


class AnnexChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # as above
    """Annexes by number and employer."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.number} – {obj.employer.name}"


class RenewalForm(forms.Form):
    """What a contract says, with an employer who is known."""

    kind = forms.ChoiceField(label=_("Contract"), choices=ContractKind.choices)
    starts_on = a_day(_("First day"))
    ends_on = a_day(_("Last day"), required=False, help_text=_("Empty for an open-ended contract."))
    weekly_hours = WeeklyHoursField(label=_("Hours a week"))
    annex = AnnexChoice(
        label=_("Financial annex"), queryset=None, required=False, to_field_name="public_id", empty_label="–"
    )
    rome_code = forms.ChoiceField(label=_("Trade (ROME)"), required=False)
    gross_pay = forms.DecimalField(
        label=_("Gross pay a month (€)"),
        max_digits=8,
        decimal_places=2,
        min_value=1,
        required=False,
        localize=True,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        error_messages={"invalid": _("Write an amount, like 1350 or 1350.50.")},
    )

    def __init__(self, *args: Any, annexes: QuerySet[FinancialAnnex], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["annex"].queryset = annexes.select_related("employer")  # type: ignore[attr-defined]  # a choice of rows
        self.fields["rome_code"].choices = _trades(self.initial.get("rome_code", ""))  # type: ignore[attr-defined]  # as above

    @property
    def terms(self) -> ContractTerms:
        """What was typed, once it is valid."""
        typed = self.cleaned_data
        return ContractTerms(
            kind=ContractKind(typed["kind"]),
            starts_on=typed["starts_on"],
            ends_on=typed["ends_on"],
            weekly_minutes=typed["weekly_hours"],
            annex=typed["annex"],
            rome_code=typed["rome_code"],
            gross_pay=typed["gross_pay"],
            is_short_allowed=typed.get("is_short_allowed", False),
        )


class ContractForm(RenewalForm):
    """A first contract: with whom, too."""

    employer = EmployerChoice(label=_("Employer"), queryset=None, to_field_name="public_id", empty_label=None)
    is_short_allowed = forms.BooleanField(
        label=_("May be shorter than four months"),
        required=False,
        help_text=_("Only where the law says so; why is neither asked nor kept."),
    )
    field_order = ("employer", "kind")

    def __init__(self, *args: Any, employers: QuerySet[Employer], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["employer"].queryset = employers  # type: ignore[attr-defined]  # as above


class RiderForm(forms.Form):
    """What changes, from a day on."""

    starts_on = a_day(_("From"))
    weekly_hours = WeeklyHoursField(label=_("New hours a week"), required=False)
    ends_on = a_day(
        _("For a time: until"), required=False, help_text=_("Empty: from then on. Only hours change for a time.")
    )
    new_end_on = a_day(_("New last day of the contract"), required=False)
    annex = AnnexChoice(
        label=_("New financial annex"), queryset=None, required=False, to_field_name="public_id", empty_label="–"
    )
    reason = forms.ChoiceField(label=_("Reason"), choices=RiderReason.choices)

    def __init__(self, *args: Any, annexes: QuerySet[FinancialAnnex], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["annex"].queryset = annexes.select_related("employer")  # type: ignore[attr-defined]  # as above

    @property
    def terms(self) -> RiderTerms:
        """What was typed, once it is valid."""
        typed = self.cleaned_data
        return RiderTerms(
            starts_on=typed["starts_on"],
            reason=RiderReason(typed["reason"]),
            ends_on=typed["ends_on"],
            weekly_minutes=typed["weekly_hours"],
            new_end_on=typed["new_end_on"],
            annex=typed["annex"],
        )


class EndForm(forms.Form):
    """The last day it counts, and why."""

    ended_on = a_day(_("Last day"))
    reason = forms.ChoiceField(label=_("Reason"), choices=[("", _("Choose")), *EndReason.choices])


class DerogationForm(forms.Form):
    """A written decision."""

    employer = EmployerChoice(label=_("Employer"), queryset=None, to_field_name="public_id", empty_label=None)
    kind = forms.ChoiceField(
        label=_("Decision"), choices=[pair for pair in DerogationKind.choices if pair[0] != DerogationKind.EARLIER]
    )
    reference = forms.CharField(
        label=_("Reference of the decision"),
        max_length=120,
        help_text=_("Number or date of the letter. No cause, nothing about health."),
    )
    starts_on = a_day(_("First day"))
    ends_on = a_day(_("Last day"))

    def __init__(self, *args: Any, employers: QuerySet[Employer], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["employer"].queryset = employers  # type: ignore[attr-defined]  # as above


class RestrictionForm(forms.Form):
    """A capability that is missing or needed. Never why."""

    code = forms.ChoiceField(label=_("Restriction"), choices=RestrictionCode.choices)
    at = forms.TimeField(
        label=_("Time"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=_("Only for “not before” and “not after”."),
    )
    starts_on = a_day(_("From"))
    ends_on = a_day(_("Until"), required=False, help_text=_("Empty: until you end it."))


class LastDayForm(forms.Form):
    """The last day something counts."""

    last_on = a_day(_("Last day"))
