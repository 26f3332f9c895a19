"""Forms of a client's own space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.forms.people import phone_field


class _Address(forms.Form):
    street = forms.CharField(label=_("Number and street"), max_length=200, required=False)
    postcode = forms.RegexField(
        r"\A[0-9]{5}\Z",
        label=_("Postcode"),
        required=False,
        error_messages={"invalid": _("A French postcode has five digits.")},
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    city = forms.CharField(label=_("Town"), max_length=100, required=False)

    def clean_phone(self) -> str:
        """International form, or empty."""
        phone = self.cleaned_data["phone"]
        return phone.as_e164 if phone else ""


class OwnDetailsForm(_Address):
    """Who I am and how to reach me."""

    first_name = forms.CharField(
        label=_("First name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "given-name"})
    )
    last_name = forms.CharField(
        label=_("Last name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "family-name"})
    )
    phone = phone_field(_("Phone"))
    email = forms.ChoiceField(label=_("Where we write to you"), required=False)
    language = forms.ChoiceField(label=_("Language of our letters"), choices=[("fr", "Français"), ("en", "English")])

    def __init__(self, *args: Any, emails: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["email"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = [(email, email) for email in emails]


class HelpedForm(_Address):
    """Somebody I book for."""

    first_name = forms.CharField(label=_("Their first name"), max_length=80)
    last_name = forms.CharField(label=_("Their last name"), max_length=80)
    phone = phone_field(_("Their phone"), help_text=_("For whoever comes. Without it, we call you."))
