"""Forms about the clock of an offer. They parse; actions decide."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from providers.actions.clocks import OF_PROVIDERS
from providers.enums import PauseReason


class PauseForm(forms.Form):
    """What a provider waits for before it can answer."""

    prefix = "pause"

    reason = forms.ChoiceField(
        label=_("What are you waiting for?"),
        choices=[(one.value, one.label) for one in PauseReason if one in OF_PROVIDERS],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what you are waiting for.")},
    )
    note = forms.CharField(label=_("What do you need to know?"), max_length=200, required=False)


class ResumeForm(forms.Form):
    """What the team answers."""

    answer = forms.CharField(
        label=_("What you tell them"),
        max_length=200,
        required=False,
        help_text=_("They read it before they have the job: name neither the client nor the street."),
    )
