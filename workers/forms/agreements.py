"""Forms about agreements on working time. They parse; actions decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from workers.actions.agreements import AgreementDetails
from workers.forms.contracts import a_day
from workers.models.agreement_words import TERM_LABELS, bounds_words, value_words
from workers.rules.labour.agreements import TERMS, Term
from workers.rules.weekly import parse_weekly, write_weekly


class DurationField(forms.CharField):
    """A duration or a time of day as people write it; minutes as the product counts them. Empty: none."""

    def clean(self, value: Any) -> Any:
        """Minutes. Raises ``ValidationError`` for what is no time."""
        text = super().clean(value)
        if not text:
            return None
        minutes = parse_weekly(text)
        if minutes is None:
            raise forms.ValidationError(_("Write hours as 10, 10.5 or 10:30."), code="invalid")
        return minutes

    def prepare_value(self, value: Any) -> Any:
        """Minutes as hours; what was typed as it was typed."""
        return write_weekly(value) if isinstance(value, int) else value


def _help(name: str, law: int) -> str:
    return gettext("Without it: %(law)s. %(bounds)s") % {"law": value_words(name, law), "bounds": bounds_words(name)}


help_of: Any = lazy(_help, str)


def _field(term: Term) -> forms.Field:
    label, help_text = TERM_LABELS[term.name], help_of(term.name, term.law)
    if term.unit == "yes":
        return forms.BooleanField(label=label, help_text=help_text, required=False)
    if term.unit in {"minutes", "clock"}:
        plain = forms.TextInput(attrs={"inputmode": "text", "autocomplete": "off"})
        return DurationField(label=label, help_text=help_text, required=False, max_length=12, widget=plain)
    if term.unit == "share":
        shares = [("", _("As the law says")), *((str(n), f"1/{n}") for n in range(term.most - 1, term.least - 1, -1))]
        return forms.TypedChoiceField(
            label=label, help_text=help_text, required=False, choices=shares, coerce=int, empty_value=None
        )
    return forms.IntegerField(
        label=label, help_text=help_text, required=False, min_value=term.least, max_value=term.most
    )


class AgreementForm(forms.Form):
    """One edition of an agreement: what is left empty is as the law says."""

    reference = forms.CharField(
        label=_("Agreement"), max_length=160, help_text=_("Its name and number, such as: branch agreement, IDCC 3016.")
    )
    starts_on = a_day(_("First day"))
    ends_on = a_day(_("Last day"), required=False, help_text=_("Empty while nobody knows."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for term in TERMS:
            self.fields[term.name] = _field(term)

    @property
    def details(self) -> AgreementDetails:
        """What was typed, once it is valid."""
        typed = {term.name: self.cleaned_data[term.name] for term in TERMS}
        return AgreementDetails(
            self.cleaned_data["reference"],
            self.cleaned_data["starts_on"],
            self.cleaned_data["ends_on"],
            {name: value for name, value in typed.items() if value not in (None, False, "")},
        )


class EndAgreementForm(forms.Form):
    """Its last day."""

    ends_on = a_day(_("Last day"))
