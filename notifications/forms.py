"""Forms of the message centre."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from notifications.enums import Kind


class MessageFilters(forms.Form):
    """What the list shows. Unknown or absurd values show everything and say so."""

    q = forms.CharField(
        label=_("Name, e-mail or subject"),
        required=False,
        max_length=80,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    kind = forms.ChoiceField(label=_("Message"), required=False, choices=[("", _("All messages")), *Kind.choices])
