"""The form about the person a request is for, when that is not the client."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField

from bookings.forms.access import access_field
from bookings.models.people import CONSENTS, NEWS_FOR_BENEFICIARY
from concierge.models import normalise_email


class BeneficiaryForm(forms.Form):
    """Who is helped: a name is enough at the desk; the address when somebody comes."""

    first_name = forms.CharField(label=_("Their first name"), max_length=80)
    last_name = forms.CharField(label=_("Their last name"), max_length=80)
    phone = PhoneNumberField(
        label=_("Their phone"),
        required=False,
        region="FR",
        help_text=_("For whoever comes. Without it, we call you."),
        error_messages={"invalid": _("This phone number does not exist. Example: 06 12 34 56 78.")},
        widget=forms.TextInput(attrs={"inputmode": "tel"}),
    )
    street = forms.CharField(label=_("Number and street"), max_length=200)
    postcode = forms.RegexField(
        r"\A[0-9]{5}\Z",
        label=_("Postcode"),
        error_messages={"invalid": _("A French postcode has five digits.")},
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    city = forms.CharField(label=_("Town"), max_length=100)
    access_note = access_field()
    email = forms.EmailField(
        label=_("Their e-mail"),
        required=False,
        help_text=_("Only if this person wants to receive the appointment too."),
        error_messages={"invalid": _("Please write a whole e-mail address, such as name@example.fr.")},
    )
    agreed = forms.BooleanField(label=CONSENTS[NEWS_FOR_BENEFICIARY], required=False)

    def __init__(self, *args: Any, asks_address: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not asks_address:
            for name in ("street", "postcode", "city", "access_note"):
                del self.fields[name]

    def clean_email(self) -> str:
        """One spelling per mailbox."""
        return normalise_email(self.cleaned_data["email"])

    def clean_phone(self) -> str:
        """International form, or empty."""
        phone = self.cleaned_data["phone"]
        return phone.as_e164 if phone else ""

    def clean(self) -> dict[str, Any]:
        """An address is there to be used with their agreement, or not there at all."""
        cleaned = super().clean() or {}
        if "email" not in self.errors and cleaned.get("email") and not cleaned.get("agreed"):
            self.add_error(
                "agreed", gettext("We write to this person only if they agree. Else leave the e-mail empty.")
            )
        if "email" not in self.errors and cleaned.get("agreed") and not cleaned.get("email"):
            self.add_error("email", gettext("To write to this person, we need their e-mail address."))
        return cleaned
