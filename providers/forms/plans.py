"""Which day is given out at once."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.forms.openings import DateInput
from concierge.models import Site

# Years from now within which a day is looked at.
MOST_YEARS = 10


class DayForm(forms.Form):
    """A site and a day."""

    site: forms.ModelChoiceField[Site] = forms.ModelChoiceField(
        queryset=Site.objects.none(), to_field_name="slug", label=_("Site"), empty_label=None
    )
    day = forms.DateField(label=_("Day"), widget=DateInput)

    def __init__(self, *args: Any, sites: QuerySet[Site], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = sites  # type: ignore[attr-defined]  # a choice of rows

    def clean_day(self) -> dt.date:
        """Calendars end: the day after the last one cannot be asked for."""
        day: dt.date = self.cleaned_data["day"]
        if abs(day.year - timezone.localdate().year) > MOST_YEARS:
            raise forms.ValidationError(_("This day is too far away."))
        return day
