"""Forms about waiting: a question, its answer, a pause, a rest, a call, somebody to care."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings.enums import HoldReason
from concierge.models import Site, User

# A day that is typed means its evening for an answer, and its morning for looking again.
EVENING, MORNING = dt.time(18), dt.time(9)


class DayField(forms.DateField):
    """A day, with the browser's own calendar."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class LaterDayForm(forms.Form):
    """Asks for a day from tomorrow on. ``today``: the civil day at the site."""

    def __init__(self, *args: Any, today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def later_day(self, name: str) -> dt.date:
        """What was typed. Raises ``ValidationError`` for a day that has begun there."""
        day: dt.date = self.cleaned_data[name]
        if day <= self.today:
            raise forms.ValidationError(gettext("Choose a day from tomorrow on."))
        return day


def moment_of(day: dt.date, time: dt.time, site: Site) -> dt.datetime:
    """That hour of the day at the site."""
    return dt.datetime.combine(day, time, tzinfo=ZoneInfo(site.time_zone))


class QuestionForm(LaterDayForm):
    """What the client is asked, and by when."""

    text = forms.CharField(
        label=_("Your question"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The client reads it as you write it, and answers on the page of the request."),
    )
    due_on = DayField(label=_("Answer wanted by"))

    def clean_due_on(self) -> dt.date:
        return self.later_day("due_on")


class HoldForm(LaterDayForm):
    """Why it stands still, and when somebody looks again."""

    reason = forms.ChoiceField(label=_("What do we wait for?"), choices=HoldReason.choices, widget=forms.RadioSelect)
    until_on = DayField(label=_("Look at it again on"))
    note = forms.CharField(
        label=_("A word for the client"),
        max_length=200,
        required=False,
        help_text=_("When we wait for the client: the question to answer."),
    )

    def clean_until_on(self) -> dt.date:
        return self.later_day("until_on")


class AnswerForm(forms.Form):
    """What the client says."""

    answer = forms.CharField(label=_("Your answer"), max_length=1000, widget=forms.Textarea(attrs={"rows": 4}))


class ReviveForm(forms.Form):
    """A word with the second chance."""

    answer = forms.CharField(
        label=_("Your answer"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class CallForm(forms.Form):
    """What was said on the phone."""

    note = forms.CharField(label=_("What was said"), max_length=500)


class RestForm(LaterDayForm):
    """Until when it may rest, and why."""

    until_on = DayField(label=_("Until"))
    reason = forms.CharField(label=_("Why"), max_length=200)

    def clean_until_on(self) -> dt.date:
        return self.later_day("until_on")


class HandForm(forms.Form):
    """Who cares for it from now on."""

    to = forms.ModelChoiceField(User.objects.none(), label=_("To whom"), to_field_name="public_id")

    def __init__(self, *args: Any, people: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        to = self.fields["to"]
        assert isinstance(to, forms.ModelChoiceField)  # noqa: S101 - declared above
        to.queryset = people


class SilenceFilters(forms.Form):
    """Filters of the list. Nonsense filters nothing."""

    site = forms.ModelChoiceField(Site.objects.none(), label=_("Site"), required=False, to_field_name="public_id")

    def __init__(self, *args: Any, sites: QuerySet[Site], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        site = self.fields["site"]
        assert isinstance(site, forms.ModelChoiceField)  # noqa: S101 - declared above
        site.queryset = sites
        site.empty_label = gettext("All sites")
