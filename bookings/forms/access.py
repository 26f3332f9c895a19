"""How to get in at somebody's home."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.models.access import LONGEST_ACCESS

ACCESS_LABEL = _("How we get in")
ACCESS_HELP = _(
    "Door code, floor, a dog… The team of your concierge desk and whoever comes read it: it is kept encrypted, and "
    "forgotten after the visit."
)


def access_field() -> forms.CharField:
    """Asked wherever an address is asked for a visit."""
    return forms.CharField(
        label=ACCESS_LABEL,
        max_length=LONGEST_ACCESS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off"}),
        help_text=ACCESS_HELP,
    )


class AccessForm(forms.Form):
    """The note alone: nothing typed is nothing kept."""

    access_note = access_field()
