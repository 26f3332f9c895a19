"""Forms about prescribers and the people they accompany."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField

from bookings.models.people import ACCOMPANIED, CONSENTS
from concierge.models import normalise_email


def phone_field(label: Any, **more: Any) -> PhoneNumberField:
    """A French telephone number that may be left out."""
    return PhoneNumberField(
        label=label,
        required=False,
        region="FR",
        error_messages={"invalid": _("This phone number does not exist. Example: 06 12 34 56 78.")},
        widget=forms.TextInput(attrs={"inputmode": "tel"}),
        **more,
    )


class PersonNames(forms.Form):
    """Who, and how to reach them."""

    first_name = forms.CharField(label=_("First name"), max_length=80)
    last_name = forms.CharField(label=_("Last name"), max_length=80)
    email = forms.EmailField(
        label=_("E-mail"),
        error_messages={"invalid": _("Please write a whole e-mail address, such as name@example.fr.")},
    )
    phone = phone_field(_("Phone"))

    def clean_email(self) -> str:
        """One spelling per mailbox."""
        return normalise_email(self.cleaned_data["email"])

    def clean_phone(self) -> str:
        """International form, or empty."""
        phone = self.cleaned_data["phone"]
        return phone.as_e164 if phone else ""


class InviteForm(PersonNames):
    """A professional of a partner structure."""

    structure = forms.CharField(label=_("Structure"), max_length=120, help_text=_("For instance: CCAS de Dijon"))


class PersonForm(PersonNames):
    """Somebody whom a prescriber accompanies."""

    language = forms.ChoiceField(label=_("Language of our letters"), choices=[("fr", "Français"), ("en", "English")])
    street = forms.CharField(label=_("Number and street"), max_length=200, required=False)
    postcode = forms.RegexField(
        r"\A[0-9]{5}\Z",
        label=_("Postcode"),
        required=False,
        error_messages={"invalid": _("A French postcode has five digits.")},
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    city = forms.CharField(label=_("Town"), max_length=100, required=False)
    agreed = forms.BooleanField(
        label=CONSENTS[ACCOMPANIED],
        error_messages={"required": _("Ask the person first, then tick this box.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].required = False
        self.fields["email"].help_text = _("If they have one: they receive the appointment and its news.")
