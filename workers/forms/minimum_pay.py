"""The minimum wage from a day on."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from workers.forms.contracts import a_day


class MinimumPayForm(forms.Form):
    """From which day on, and how much an hour."""

    starts_on = a_day(_("From"))
    hourly = forms.DecimalField(
        label=_("Gross euros an hour"),
        max_digits=5,
        decimal_places=2,
        localize=True,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        error_messages={"invalid": _("Write an amount, like 12 or 12.50.")},
    )
