"""Forms of regular requests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings.actions.kept_orders import options_today
from bookings.enums import HolidayRule, RecurrenceStatus
from bookings.forms.booking import DetailsForm
from bookings.models import Recurrence, Service
from bookings.rules.recurrence import WEEKDAYS as WEEKDAY_CODES
from concierge.models import Site

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

RHYTHMS = (("weekly", _("Every week")), ("fortnightly", _("Every two weeks")), ("monthly", _("Every month")))
WEEKDAYS = (
    ("MO", _("Monday")),
    ("TU", _("Tuesday")),
    ("WE", _("Wednesday")),
    ("TH", _("Thursday")),
    ("FR", _("Friday")),
    ("SA", _("Saturday")),
    ("SU", _("Sunday")),
)


def rule_of(rhythm: str, day: dt.date, days: Sequence[str] = ()) -> str:
    """The rule of a choice that begins on a day: these weekdays, else that weekday; or that date of the month (from the
    29th: the last)."""
    if rhythm == "monthly":
        return f"FREQ=MONTHLY;BYMONTHDAY={day.day if day.day < 29 else -1}"
    interval = 2 if rhythm == "fortnightly" else 1
    return f"FREQ=WEEKLY;INTERVAL={interval};BYDAY={','.join(days) or WEEKDAY_CODES[day.weekday()]}"


def choices_of(found: Recurrence) -> tuple[str, list[str]]:
    """The rhythm and weekdays by which a form can say a rule; ``keep`` when it cannot."""
    parts = dict(part.split("=", 1) for part in found.rule.split(";"))
    every, days = parts.pop("INTERVAL", "1"), parts.pop("BYDAY", "").split(",")
    rhythm = {"1": "weekly", "2": "fortnightly"}.get(every)
    if rhythm is None or parts != {"FREQ": "WEEKLY"}:
        return "keep", []
    return rhythm, [day for day in days if day] or [WEEKDAY_CODES[found.starts_on.weekday()]]


class EndsAfterStart(forms.BaseForm):
    """A form from a first day to a last one."""

    def clean(self) -> dict[str, Any]:
        """An end after the start."""
        cleaned = super().clean() or {}
        if cleaned.get("ends_on") and cleaned.get("starts_on") and cleaned["ends_on"] < cleaned["starts_on"]:
            self.add_error("ends_on", gettext("The last day cannot be before the first day."))
        return cleaned


class RepeatForm(EndsAfterStart, forms.Form):
    """Again and again, from a day on. ``key`` makes the same form sent twice one regular request."""

    key = forms.UUIDField(widget=forms.HiddenInput, required=False)
    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("So that you know it again: shirts on Monday."))
    rhythm = forms.ChoiceField(label=_("How often"), choices=RHYTHMS, initial="weekly")
    starts_on = forms.DateField(label=_("First day"), widget=DAY)
    at = forms.TimeField(label=_("At"), widget=forms.TimeInput(attrs={"type": "time"}))
    ends_on = forms.DateField(label=_("Last day"), required=False, widget=DAY)
    holiday_rule = forms.ChoiceField(
        label=_("When the desk is closed that day"), choices=HolidayRule.choices, initial=HolidayRule.SKIP
    )

    @property
    def rule(self) -> str:
        """What was chosen, as a rule."""
        return rule_of(self.cleaned_data["rhythm"], self.cleaned_data["starts_on"])


class EditForm(EndsAfterStart, DetailsForm):
    """A regular request from a day on: what, how many, when, until when. Of an order ahead the hand-out decides at what
    time, and what it does on a closed day."""

    services = forms.MultipleChoiceField(
        label=_("Services"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Tick one more and look: its quantities appear."),
        error_messages={
            "required": _("Choose at least one service."),
            "invalid_choice": _("One of the services is not offered here any more. Please choose again."),
        },
    )
    starts_on = forms.DateField(
        label=_("From"),
        help_text=_("This day and all that follow; what comes before stays."),
        widget=DAY,
    )
    rhythm = forms.ChoiceField(label=_("How often"), choices=RHYTHMS)
    days = forms.MultipleChoiceField(
        label=_("On which days"),
        choices=WEEKDAYS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Every month is on the date of the first day, whatever is ticked here."),
    )
    at = forms.TimeField(label=_("At"), widget=forms.TimeInput(attrs={"type": "time"}))
    ends_on = forms.DateField(label=_("Last day"), required=False, widget=DAY)
    holiday_rule = forms.ChoiceField(label=_("When the desk is closed that day"), choices=HolidayRule.choices)
    note = forms.CharField(
        label=_("A word for us"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    client_pays = forms.BooleanField(required=False)

    def __init__(self, data: Any = None, *, found: Recurrence, offered: Sequence[Service], first: dt.date) -> None:
        self.found = found
        named = options_today(found)
        ordered = {
            one["service"]: {**one, "options": [named.get(key, key) for key in one["options"]]} for one in found.wishes
        }
        ticked = data.getlist("services") if data is not None else list(ordered)
        if found.plan_id:
            ticked = list(ordered)
        rhythm, days = choices_of(found)
        initial = {
            "services": ticked,
            "starts_on": first,
            "rhythm": rhythm,
            "days": days,
            "at": found.at,
            "ends_on": found.ends_on,
            "holiday_rule": found.holiday_rule,
            "note": found.note,
        }
        chosen = [one for one in offered if str(one.public_id) in ticked]
        super().__init__(data, chosen=chosen, wishes=_numbers(ordered), initial=initial, label_suffix="")
        self._offer(offered, rhythm)

    def _offer(self, offered: Sequence[Service], rhythm: str) -> None:
        services, rhythms = self.fields["services"], self.fields["rhythm"]
        assert isinstance(services, forms.MultipleChoiceField)  # noqa: S101 - declared above
        assert isinstance(rhythms, forms.ChoiceField)  # noqa: S101 - declared above
        services.choices = [(str(one.public_id), one.label) for one in offered]
        if rhythm == "keep":
            rhythms.choices = [("keep", _("As before")), *RHYTHMS]
        payer = self.found.payer_account
        self.fields["client_pays"].label = gettext("From then on the client pays, not %(name)s") % {"name": payer}
        for name in ("services", "at", "holiday_rule") if self.found.plan_id else ():
            del self.fields[name]
        if payer is None:
            del self.fields["client_pays"]

    @property
    def rule(self) -> str:
        """What was chosen, as a rule; the one it has, when nothing of it was changed."""
        rhythm, days = self.cleaned_data["rhythm"], self.cleaned_data["days"]
        if (rhythm, days) == choices_of(self.found) or rhythm == "keep":
            return self.found.rule
        return rule_of(rhythm, self.cleaned_data["starts_on"], days)


def _numbers(ordered: dict[str, Any]) -> dict[str, Any]:
    """An order as a form of quantities shows it: no decimals that say nothing."""
    return {
        key: {**one, "quantities": {item: f"{Decimal(many).normalize():f}" for item, many in one["quantities"].items()}}
        for key, one in ordered.items()
    }


class PauseForm(forms.Form):
    """From one day to another."""

    first = forms.DateField(label=_("From"), widget=DAY)
    last = forms.DateField(label=_("To (included)"), widget=DAY)


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
