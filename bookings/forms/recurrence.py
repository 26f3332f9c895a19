"""Forms of regular requests."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings.enums import HolidayRule, RecurrenceStatus
from concierge.models import Site

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
RHYTHMS = (("weekly", _("Every week")), ("fortnightly", _("Every two weeks")), ("monthly", _("Every month")))


def rule_of(rhythm: str, day: dt.date) -> str:
    """The rule of a choice that begins on a day: that weekday, or that date of the month (from the 29th: the last)."""
    if rhythm == "monthly":
        return f"FREQ=MONTHLY;BYMONTHDAY={day.day if day.day < 29 else -1}"
    interval = 2 if rhythm == "fortnightly" else 1
    return f"FREQ=WEEKLY;INTERVAL={interval};BYDAY={DAYS[day.weekday()]}"


class RepeatForm(forms.Form):
    """Again and again, from a day on."""

    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("So that you know it again: shirts on Monday."))
    rhythm = forms.ChoiceField(label=_("How often"), choices=RHYTHMS, initial="weekly")
    starts_on = forms.DateField(label=_("First day"), widget=forms.DateInput(attrs={"type": "date"}))
    at = forms.TimeField(label=_("At"), widget=forms.TimeInput(attrs={"type": "time"}))
    ends_on = forms.DateField(label=_("Last day"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    holiday_rule = forms.ChoiceField(
        label=_("When the desk is closed that day"), choices=HolidayRule.choices, initial=HolidayRule.SKIP
    )

    def clean(self) -> dict[str, Any]:
        """An end after the start."""
        cleaned = super().clean() or {}
        if cleaned.get("ends_on") and cleaned.get("starts_on") and cleaned["ends_on"] < cleaned["starts_on"]:
            self.add_error("ends_on", gettext("The last day cannot be before the first day."))
        return cleaned

    @property
    def rule(self) -> str:
        """What was chosen, as a rule."""
        return rule_of(self.cleaned_data["rhythm"], self.cleaned_data["starts_on"])


class PauseForm(forms.Form):
    """From one day to another."""

    first = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(label=_("To (included)"), widget=forms.DateInput(attrs={"type": "date"}))


class SeriesFilters(forms.Form):
    """Filters of the team's list. Nonsense filters nothing."""

    q = forms.CharField(label=_("Name or client"), required=False, max_length=80)
    site = forms.ModelChoiceField(Site.objects.none(), label=_("Site"), required=False, to_field_name="public_id")
    status = forms.ChoiceField(label=_("State"), required=False)

    def __init__(self, *args: Any, sites: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        site, status = self.fields["site"], self.fields["status"]
        assert isinstance(site, forms.ModelChoiceField)  # noqa: S101 - declared above
        assert isinstance(status, forms.ChoiceField)  # noqa: S101 - declared above
        site.queryset, site.empty_label = sites, _("All sites")
        status.choices = [("", _("All")), ("failed", _("Something failed")), *RecurrenceStatus.choices]
