"""Which VAT rate counts from which day."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.forms.catalogue import DAY
from bookings.models import VatRate


class VatRateForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """A rate from a day on."""

    rate = forms.DecimalField(label=_("Rate (%)"), min_value=0, max_value=30, max_digits=4, decimal_places=2)

    class Meta:
        model = VatRate
        fields = ("code", "rate", "valid_from", "law_ref")
        labels = {"code": _("Name of the rate"), "valid_from": _("From")}
        help_texts = {
            "code": _("One word, small letters: standard, reduced. Services name their rate by it."),
            "law_ref": _("Where the law says it, for instance: CGI art. 279."),
        }
        error_messages = {"code": {"invalid": _("Only letters without accents, digits and hyphens.")}}
        widgets = {
            "code": forms.TextInput(attrs={"list": "vat-codes", "autocapitalize": "none", "autocomplete": "off"}),
            "valid_from": forms.DateInput(attrs=DAY, format="%Y-%m-%d"),
        }
