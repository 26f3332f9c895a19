"""Forms of papers that come with their file."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.forms.openings import DateInput
from providers.enums import DocumentKind

TAKEN = "application/pdf,image/jpeg,image/png,image/webp"


def file_field(**given: Any) -> forms.FileField:
    """A paper: a PDF or a photograph."""
    widget = forms.FileInput(attrs={"accept": TAKEN})
    help_text = _("A PDF, or a photograph on which everything can be read: at most 8 MB.")
    return forms.FileField(label=pgettext_lazy("upload", "File"), help_text=help_text, widget=widget, **given)


class SendDocumentForm(forms.Form):
    """A paper that a provider sends."""

    kind = forms.ChoiceField(label=_("Which document is it?"), choices=DocumentKind.choices)
    file = file_field()
    expires_on = forms.DateField(
        label=capfirst(_("valid until (included)")),
        required=False,
        widget=DateInput,
        help_text=_("If the document says it."),
    )


class ApproveForm(forms.Form):
    """What the paper says, once somebody has read it."""

    issued_on = forms.DateField(label=capfirst(_("issued on")), widget=DateInput)
    expires_on = forms.DateField(
        label=capfirst(_("valid until (included)")),
        required=False,
        widget=DateInput,
        help_text=_("The last day on which it counts. Empty when it has no end."),
    )
    reference = forms.CharField(
        label=capfirst(_("number")),
        max_length=80,
        required=False,
        help_text=_("Of the policy, the register or the certificate."),
    )
    is_verified = forms.BooleanField(
        label=_("I compared its security code with the site of URSSAF"),
        required=False,
        help_text=_("The law asks for it: the day is kept as the proof."),
    )

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if kind != DocumentKind.VIGILANCE:
            del self.fields["is_verified"]


class RefuseForm(forms.Form):
    """Why a paper is not what we need."""

    reason = forms.CharField(
        label=_("Why"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("They read this sentence: say what to send instead."),
    )
