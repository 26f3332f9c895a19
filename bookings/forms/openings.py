"""Forms of the pages that say when people are received."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from bookings.enums import NotHeldReason, Place
from bookings.models import ClientAccount, Closure, OpeningHours, Presence, SlotRule, StandDay
from concierge.models import Site


def hour_input() -> forms.TimeInput:
    """Hours and minutes."""
    return forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


Hours = list[tuple[int, dt.time, dt.time]]
# "9h-12h30", "09:00 – 12:30", "9-12".
STRETCH = re.compile(r"(\d{1,2})(?:[:hH.](\d{2})?)?\s*[-–—]\s*(\d{1,2})(?:[:hH.](\d{2})?)?")


class DateInput(forms.DateInput):
    """The browser's own calendar."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class TimeInput(forms.TimeInput):
    """The browser's own clock."""

    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


def stretches(text: str) -> list[tuple[dt.time, dt.time]]:
    """Times of a day as people write them. Raises ``ValidationError`` with the part that cannot be read."""
    found = []
    for part in filter(None, (part.strip() for part in re.split(r"[,;]|\bet\b|\band\b", text))):
        match = STRETCH.fullmatch(part)
        try:
            if match is None:
                raise ValueError(part)
            first, first_minute, last, last_minute = (int(group or 0) for group in match.groups())
            found.append((dt.time(first, first_minute), dt.time(last, last_minute)))
        except ValueError:
            raise forms.ValidationError(
                _("“%(part)s” cannot be read: write for example 9:00–12:30, 14:00–18:00.") % {"part": part}
            ) from None
    found.sort()
    if any(closes <= opens for opens, closes in found):
        raise forms.ValidationError(_("The closing time must be after the opening time."))
    if any(following[0] < before[1] for before, following in itertools.pairwise(found)):
        raise forms.ValidationError(_("These hours overlap other hours of the same day."))
    return found


class WeekForm(forms.Form):
    """The week of a desk, a line per day."""

    def __init__(self, *args: Any, hours: list[OpeningHours], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for weekday, name in WEEKDAYS.items():
            today = [f"{one.opens:%H:%M}–{one.closes:%H:%M}" for one in hours if one.weekday == weekday]
            field = forms.CharField(label=str(name).capitalize(), required=False, max_length=120)
            field.initial = ", ".join(today)
            self.fields[f"day{weekday}"] = field

    def clean(self) -> dict[str, Any]:
        """Each line becomes its stretches of time."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        hours: Hours = []
        for weekday in WEEKDAYS:
            try:
                hours += [(weekday, *one) for one in stretches(str(cleaned.get(f"day{weekday}", "")))]
            except forms.ValidationError as error:
                self.add_error(f"day{weekday}", error)
        return {**cleaned, "hours": hours}


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """How times are offered at the desk, or for visits."""

    class Meta:
        model = SlotRule
        fields = ["slot_minutes", "step_minutes", "capacity", "travel_minutes"]

    def __init__(self, *args: Any, place: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if place != Place.HOME:
            del self.fields["travel_minutes"]


class ClosureForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """Days without anybody there."""

    class Meta:
        model = Closure
        fields = ["starts_on", "ends_on", "reason"]
        widgets = {"starts_on": DateInput, "ends_on": DateInput}
        help_texts = {
            "reason": gettext_lazy("Everybody reads it, on the public page of the site: no names, no illness.")
        }


class PresenceForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A stand somewhere else."""

    class Meta:
        model = Presence
        fields = [
            "name",
            "street",
            "postcode",
            "city",
            "account",
            "weekday",
            "held_on",
            "opens",
            "closes",
            "valid_from",
            "valid_to",
            "slot_minutes",
            "capacity",
            "is_paused",
        ]
        widgets = {
            "held_on": DateInput,
            "opens": TimeInput,
            "closes": TimeInput,
            "valid_from": DateInput,
            "valid_to": DateInput,
        }
        help_texts = {
            "account": gettext_lazy("Only its people may come; empty: everybody."),
            "slot_minutes": gettext_lazy("How long one person takes."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        account = self.fields["account"]
        assert isinstance(account, forms.ModelChoiceField)  # noqa: S101 - declared above
        account.queryset = ClientAccount.objects.filter(is_active=True).order_by("name", "pk")
        account.empty_label = _("Everybody")


class StandDayForm(forms.Form):
    """What became of a day of a stand."""

    how = forms.ChoiceField(
        label=gettext_lazy("What became of it"),
        choices=[
            ("planned", gettext_lazy("Held as planned")),
            ("other", gettext_lazy("Held at other hours")),
            ("not", gettext_lazy("Not held")),
        ],
        widget=forms.RadioSelect,
    )
    opens = forms.TimeField(label=pgettext_lazy("hour", "From"), required=False, widget=hour_input())
    closes = forms.TimeField(label=pgettext_lazy("hour", "To"), required=False, widget=hour_input())
    reason = forms.ChoiceField(
        label=gettext_lazy("Why it was not held"), required=False, choices=[("", "–"), *NotHeldReason.choices]
    )

    def __init__(self, *args: Any, stand: Presence, known: StandDay | None, **kwargs: Any) -> None:
        self.stand = stand
        hours = (known.opens, known.closes) if known and known.is_held else (stand.opens, stand.closes)
        as_planned = hours == (stand.opens, stand.closes)
        how = "not" if known and not known.is_held else "planned" if as_planned else "other"
        reason = known.reason if known else ""
        kwargs["initial"] = {"how": how, "opens": hours[0], "closes": hours[1], "reason": reason}
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        """Only what belongs to the answer is asked for."""
        cleaned: dict[str, Any] = super().clean() or {}
        how = cleaned.get("how")
        for name in {"other": ("opens", "closes"), "not": ("reason",)}.get(str(how), ()):
            if not cleaned.get(name) and name not in self.errors:
                self.add_error(name, _("Please fill this in."))
        for name in ("opens", "closes"):
            if how != "other" and name in self.errors:
                del self.errors[name]
        return cleaned

    @property
    def said(self) -> dict[str, Any]:
        """What the action takes."""
        how = self.cleaned_data["how"]
        if how == "not":
            return {"reason": self.cleaned_data["reason"]}
        if how == "planned":
            return {"opens": self.stand.opens, "closes": self.stand.closes}
        return {"opens": self.cleaned_data["opens"], "closes": self.cleaned_data["closes"]}


class AgendaForm(forms.Form):
    """Which site, which day, a day or its week."""

    site = forms.ModelChoiceField(Site.objects.none(), label=gettext_lazy("Site"), to_field_name="slug", required=False)
    jour = forms.DateField(
        label=gettext_lazy("Day"),
        widget=DateInput(),
        required=False,
        validators=[MinValueValidator(dt.date(2000, 1, 1)), MaxValueValidator(dt.date(2100, 1, 1))],
    )
    vue = forms.ChoiceField(
        label=gettext_lazy("Show"),
        choices=[("day", gettext_lazy("One day")), ("week", gettext_lazy("The whole week"))],
        required=False,
    )

    def __init__(self, *args: Any, sites: QuerySet[Site], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        site = self.fields["site"]
        assert isinstance(site, forms.ModelChoiceField)  # noqa: S101 - declared above
        site.queryset, site.empty_label = sites, None
