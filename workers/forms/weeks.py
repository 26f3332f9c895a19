"""Forms of working times: seven days with their break, and what a page of a week sends. They parse; actions decide."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from workers.rules.candidates import WARNINGS
from workers.rules.shifts import DayHours

UTC = ZoneInfo("UTC")
PARTS = {
    "starts": pgettext_lazy("hour", "From"),
    "ends": pgettext_lazy("hour", "To"),
    "break_starts": pgettext_lazy("hour", "Break from"),
    "break_ends": pgettext_lazy("hour", "Break to"),
}


class DaysForm(forms.Form):
    """From when to when on each of seven days, with a break or none; an empty day is a day off.

    ``labels`` are the days in words; those ``locked`` are shown and not asked. Of days with a date (``dates``, in a
    ``zone``) a time that the change of the clocks leaves out is refused.
    """

    version = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def __init__(
        self,
        data: Any = None,
        *,
        labels: list[str],
        known: Mapping[int, DayHours],
        version: int = 0,
        locked: frozenset[int] = frozenset(),
        dates: Sequence[dt.date] = (),
        zone: ZoneInfo = UTC,
    ) -> None:
        initial = {"version": version} | {
            f"{place}-{part}": getattr(hours, part) for place, hours in known.items() for part in PARTS
        }
        super().__init__(data, initial=initial)
        self.labels, self.locked, self.dates, self.zone = labels, locked, dates, zone
        for place in range(7):
            for part, label in PARTS.items():
                self.fields[f"{place}-{part}"] = forms.TimeField(
                    label=label,
                    required=False,
                    disabled=place in locked,
                    widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
                    error_messages={"invalid": gettext_lazy("Write a time as 8:30.")},
                )

    @property
    def days(self) -> list[dict[str, Any]]:
        """What the page shows, day by day."""
        return [
            {
                "label": self.labels[place],
                "is_locked": place in self.locked,
                "fields": [self[f"{place}-{part}"] for part in PARTS],
            }
            for place in range(7)
        ]

    def clean(self) -> dict[str, Any]:
        """Each day whole or empty, its times in order."""
        given: dict[str, Any] = super().clean() or {}
        given["hours"] = {place: self._day(place, given) for place in range(7) if place not in self.locked}
        return given

    def _day(self, place: int, given: Mapping[str, Any]) -> DayHours | None:
        names = {part: f"{place}-{part}" for part in PARTS}
        if any(name in self.errors for name in names.values()):
            return None
        times: dict[str, dt.time | None] = {part: given.get(name) for part, name in names.items()}
        if not any(times.values()):
            return None
        for part, other in (("starts", "ends"), ("break_starts", "break_ends")):
            if times[part] is None and (part == "starts" or times[other] is not None):
                return self._wrong(names[part], _("%(day)s: fill this in."), place)
            if times[other] is None and (part == "starts" or times[part] is not None):
                return self._wrong(names[other], _("%(day)s: fill this in."), place)
        order = [names[part] for part in ("starts", "break_starts", "break_ends", "ends") if times[part] is not None]
        for before, after in pairwise(order):
            if given[after] <= given[before]:
                return self._wrong(after, _("%(day)s: this time comes too early."), place)
        hours = DayHours(**times)  # type: ignore[arg-type]  # both ends are there
        for part in hours.missing_times(self.dates[place], self.zone) if self.dates else ():
            return self._wrong(names[part], _("%(day)s: the clocks go forward, this time does not exist."), place)
        return hours

    def _wrong(self, name: str, words: str, place: int) -> DayHours | None:
        self.add_error(name, words % {"day": self.labels[place]})
        return None


class SwapForm(forms.Form):
    """Which shift of a colleague somebody wants instead of theirs."""

    theirs = forms.ChoiceField(label=gettext_lazy("Which one do you want instead?"))

    def __init__(self, data: Any = None, *, choices: list[tuple[str, str]]) -> None:
        super().__init__(data)
        field = self.fields["theirs"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = choices


class WarningsField(forms.MultipleChoiceField):
    """Warnings that were shown: each a code, of one person (``code:person``) or of everybody; several to a field, with
    spaces between, for those of a thousand people are more than the fields that may be sent."""

    def to_python(self, value: Any) -> list[str]:
        """One by one."""
        return [code for text in super().to_python(value) for code in text.split()]

    def valid_value(self, value: str) -> bool:
        """The code is one that may be accepted."""
        return super().valid_value(value.partition(":")[0])


class DecisionForm(forms.Form):
    """What a supervisor decides of a swap; ``accept`` are the warnings that were shown, of each person."""

    decision = forms.ChoiceField(choices=[("approve", ""), ("refuse", "")])
    accept = WarningsField(choices=[(code, code) for code in sorted(WARNINGS)], required=False)


class WeekForm(forms.Form):
    """Which week of which site, in the version of the page; ``next``: there is more to read before."""

    site = forms.SlugField()
    semaine = forms.DateField()
    version = forms.IntegerField(min_value=0)
    how = forms.ChoiceField(choices=[("usual", ""), ("last", "")], required=False)
    next = forms.BooleanField(required=False)
    accept = WarningsField(choices=[(code, code) for code in sorted(WARNINGS)], required=False)


class ConsentForm(forms.Form):
    """On which day somebody said that they agree to their hours of a week."""

    semaine = forms.DateField()
    agreed_on = forms.DateField()
