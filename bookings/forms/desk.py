"""Forms of the desk page: whom we look for, who is new, what they leave."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField

from concierge.models import normalise_email


class NewPersonForm(forms.Form):
    """Somebody who is not known yet. ``create`` is the explicit choice, once likely people were shown."""

    first_name = forms.CharField(label=_("First name"), max_length=80)
    last_name = forms.CharField(label=_("Last name"), max_length=80)
    phone = PhoneNumberField(
        label=_("Phone"),
        required=False,
        region="FR",
        error_messages={"invalid": _("This phone number does not exist. Example: 06 12 34 56 78.")},
        widget=forms.TextInput(attrs={"inputmode": "tel"}),
    )
    email = forms.EmailField(
        label=_("E-mail"),
        required=False,
        help_text=_("An e-mail address or a phone number is needed."),
        error_messages={"invalid": _("Please write a whole e-mail address, such as name@example.fr.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["autocomplete"] = "off"

    def clean_email(self) -> str:
        """One spelling per mailbox."""
        return normalise_email(self.cleaned_data["email"])

    def clean_phone(self) -> str:
        """International form, or empty."""
        phone = self.cleaned_data["phone"]
        return phone.as_e164 if phone else ""

    def clean(self) -> dict[str, Any]:
        """At least one way to reach the person."""
        cleaned = super().clean() or {}
        if not self.errors and not cleaned.get("email") and not cleaned.get("phone"):
            self.add_error("email", gettext("We need an e-mail address or a phone number to reach you."))
        return cleaned

    @property
    def typed(self) -> dict[str, str]:
        """What is there so far, right or not: for likely people while somebody still types."""
        known = getattr(self, "cleaned_data", {})
        name = f"{self.data.get('first_name', '')} {self.data.get('last_name', '')}".replace("\x00", "").strip()
        return {"name": name[:160], "phone": known.get("phone", ""), "email": known.get("email", "")}


def guessed(text: str) -> dict[str, str]:
    """What was looked for in vain, in the field where it belongs."""
    text = text.strip()[:80]
    if "@" in text:
        return {"email": text}
    if text and all(c.isdigit() or c in " +.()-/" for c in text):
        return {"phone": text}
    first, _space, last = text.partition(" ")
    return {"first_name": first.title(), "last_name": last.title()}
