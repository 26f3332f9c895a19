"""Which day is given out at once."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from bookings.forms.openings import DateInput
from concierge.models import Site


class DayForm(forms.Form):
    """A site and a day."""

    site: forms.ModelChoiceField[Site] = forms.ModelChoiceField(
        queryset=Site.objects.none(), to_field_name="slug", label=_("Site"), empty_label=None
    )
    day = forms.DateField(label=_("Day"), widget=DateInput)

    def __init__(self, *args: Any, sites: QuerySet[Site], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = sites  # type: ignore[attr-defined]  # a choice of rows
