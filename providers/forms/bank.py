"""Forms of bank accounts."""

from __future__ import annotations

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from providers.enums import BankChannel
from providers.rules.bank import read_iban


class IbanForm(forms.Form):
    """Another account."""

    holder = forms.CharField(
        label=capfirst(_("holder of the account")),
        max_length=70,
        help_text=_("As the bank writes it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    iban = forms.CharField(
        label="IBAN",
        max_length=60,
        help_text=_("As it is on the bank’s paper; spaces do not matter."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}),
    )

    def clean_iban(self) -> str:
        """As typed, once it can be one: only what could be given counts against those of a day."""
        typed: str = self.cleaned_data["iban"]
        if not read_iban(typed):
            raise forms.ValidationError(_("This IBAN is not valid: please check it character by character."))
        return typed


class ReceivedIbanForm(IbanForm):
    """One that the team was given."""

    channel = forms.ChoiceField(
        label=_("How did you receive it?"),
        choices=[(way.value, capfirst(way.label)) for way in (BankChannel.PAPER, BankChannel.CALL)],
        widget=forms.RadioSelect,
        help_text=_("It is confirmed by another way."),
    )


class BankCodeForm(forms.Form):
    """The six digits of our SMS."""

    code = forms.RegexField(
        r"\A\s*[0-9]{3}\s*[0-9]{3}\s*\Z",
        label=_("The six digits of our SMS"),
        error_messages={
            "required": _("Please type the six digits of our SMS."),
            "invalid": _("Please type the six digits of our SMS."),
        },
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "maxlength": "7", "class": "input-code"}
        ),
    )
