"""Form of the waiting list: the days on which an earlier time would be welcome."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings.forms.waits import DayField


class WaitlistForm(forms.Form):
    """On any day, unless some are named."""

    earliest_on = DayField(label=_("Not before"), required=False)
    latest_on = DayField(label=_("Not after"), required=False)

    def clean(self) -> dict[str, Any]:
        """The days are in order."""
        days: dict[str, Any] = super().clean() or {}
        first, last = days.get("earliest_on"), days.get("latest_on")
        if first and last and last < first:
            self.add_error("latest_on", gettext("The last day cannot be before the first day."))
        return days
