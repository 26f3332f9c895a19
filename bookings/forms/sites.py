"""The form of a site's rules."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class SiteRulesForm(forms.Form):
    """Silences and the widget."""

    silence_days = forms.IntegerField(
        label=_("Days without news"),
        min_value=1,
        max_value=60,
        help_text=_("Work under way of which nothing was heard for so many days is on the list of silences."),
    )
    frame_origins = forms.CharField(
        label=_("Pages that may show the booking widget"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=_("One address a line, like https://intranet.example.org. Nobody else can show it."),
    )
