"""Forms about client accounts and their people."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import MinValueValidator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings.actions.accounts import FIRST_DAY, LONG_AGO
from bookings.enums import AccountKind, PresencePeriod


def day_field(label: Any, **more: Any) -> forms.DateField:
    """A day that may be left out."""
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, widget=widget, **more)


class AccountForm(forms.Form):
    """What the team writes about a company, a landlord or a town."""

    name = forms.CharField(label=_("Name"), max_length=160)
    kind = forms.ChoiceField(label=_("Kind"), choices=AccountKind.choices)
    siren = forms.RegexField(
        r"\A[0-9]{9}\Z", label=_("SIREN"), required=False, error_messages={"invalid": _("A SIREN has nine digits.")}
    )
    vat_number = forms.CharField(
        label=_("Intra-EU VAT number"), max_length=20, required=False, help_text=_("For instance: FR44732829320")
    )
    email = forms.EmailField(label=_("E-mail for invoices"), required=False)
    street = forms.CharField(label=_("Number and street"), max_length=200, required=False)
    postcode = forms.RegexField(
        r"\A[0-9]{5}\Z",
        label=_("Postcode"),
        required=False,
        error_messages={"invalid": _("A French postcode has five digits.")},
    )
    city = forms.CharField(label=_("Town"), max_length=100, required=False)
    email_domain = forms.RegexField(
        r"\A@?[^@\s]+\.[^@\s]+\Z",
        label=_("E-mail domain of its people"),
        required=False,
        max_length=120,
        help_text=_("Whoever proves an address of this domain has its rights. For instance: dijon-habitat.example"),
        error_messages={"invalid": _("Write what comes after the @, such as dijon-habitat.example.")},
    )
    headcount = forms.IntegerField(label=_("People it speaks for"), min_value=1, max_value=10_000_000, required=False)
    presence_hours = forms.DecimalField(
        label=_("Hours of presence agreed"), min_value=0, max_digits=5, decimal_places=1, required=False
    )
    presence_period = forms.ChoiceField(label=_("Per"), choices=PresencePeriod.choices)
    contract_from = day_field(_("Contract from"), validators=[MinValueValidator(FIRST_DAY, LONG_AGO)])
    contract_to = day_field(_("Contract until"), validators=[MinValueValidator(FIRST_DAY, LONG_AGO)])
    notice_days = forms.IntegerField(
        label=_("Tell us this many days before the end"), min_value=0, max_value=730, initial=60
    )
    is_active = forms.BooleanField(label=_("Active: pays for its people"), required=False, initial=True)

    def clean_vat_number(self) -> str:
        """Without spaces, in capitals."""
        return "".join(str(self.cleaned_data["vat_number"]).split()).upper()


class MemberForm(forms.Form):
    """One person of the account, by address."""

    email = forms.EmailField(
        label=_("E-mail"),
        error_messages={"invalid": _("Please write a whole e-mail address, such as name@example.fr.")},
    )
    valid_from = day_field(_("Rights from"))
    valid_to = day_field(_("Rights until"))


MOST_BYTES = 1_500_000


class MembersForm(forms.Form):
    """A list, one person a line: pasted, or as a text or CSV file when it is long."""

    text = forms.CharField(
        label=_("E-mails, one a line; more columns do no harm"),
        required=False,
        max_length=800_000,
        error_messages={"max_length": _("This is too long to paste: send it as a file.")},
        widget=forms.Textarea(attrs={"rows": 8}),
    )
    file = forms.FileField(
        label=_("Or a text or CSV file"), required=False, help_text=_("UTF-8, at most 1.5 MB and 10,000 lines.")
    )

    def clean_file(self) -> str:
        """What is written in it."""
        given = self.cleaned_data["file"]
        if given is None:
            return ""
        if given.size > MOST_BYTES:
            raise forms.ValidationError(gettext("This file is too big: at most 1.5 MB."))
        try:
            text = given.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise forms.ValidationError(gettext("This file is not in UTF-8. Save it again as “CSV UTF-8”.")) from error
        if "\x00" in text:
            raise forms.ValidationError(gettext("This is no text or CSV file."))
        return str(text)

    def clean(self) -> dict[str, Any]:
        """One of both is needed."""
        cleaned = super().clean() or {}
        if not self.errors and not cleaned["text"].strip() and not cleaned["file"].strip():
            self.add_error("text", gettext("Paste the e-mails here, or choose a file."))
        return cleaned

    @property
    def lines(self) -> str:
        """What was given."""
        return str(self.cleaned_data["text"] or self.cleaned_data["file"])


class CompanyCodeForm(forms.Form):
    """The code that a company gave to its people."""

    code = forms.CharField(
        label=_("Code of your company"), max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
