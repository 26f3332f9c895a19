"""Forms about when a provider is there. They parse; actions decide."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class ClosureForm(forms.Form):
    """Days on which nobody is there."""

    first_on = forms.DateField(label=_("Closed from"), widget=DAY)
    last_on = forms.DateField(label=_("Until (included)"), widget=DAY)
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=120,
        help_text=_("Only the business and the team read it: “Summer holidays”. No illness, please."),
    )
