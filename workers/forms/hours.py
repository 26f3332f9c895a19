"""What the supervisor's list of hours, a person's hours and the months send."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from workers.actions.hours import Said
from workers.actions.learning import Word
from workers.enums import ABSENCE_KINDS, CLOCK_KINDS, K, TimeKind
from workers.forms import FURTHEST, CheckForm, cleaned

# Lines that are ticked at once.
MOST_PICKED = 200
# Pay slips are kept for five years (Labour Code L3243-4): nobody corrects hours before.
OLDEST = dt.timedelta(days=5 * 366)


class ClockForm(forms.Form):
    """What somebody begins that is no assignment."""

    kind = forms.ChoiceField(label=_("what"), choices=[(kind.value, kind.label) for kind in CLOCK_KINDS])


class ContestForm(forms.Form):
    """ "It is right", "it is not right": of a day, or without one of the month."""

    verb = forms.ChoiceField(choices=[("right", "right"), ("wrong", "wrong")])
    day = forms.DateField(required=False)
    note = forms.CharField(label=_("What is not right?"), max_length=200, required=False)


class _AnyOf(forms.TypedMultipleChoiceField):
    """Any of the identifiers or days that were sent, so many at most: whose they are is for the database to say."""

    def clean(self, value: Any) -> Any:
        """The values, each read once."""
        picked = list(dict.fromkeys(value or []))[:MOST_PICKED]
        self.choices = [(one, one) for one in picked]
        return super().clean(picked)


class PickForm(forms.Form):
    """What a supervisor says yes to: the times (``entry``) and finished work (``work``) that are ticked, or every one
    without a remark in the days shown (``all``, ``all_work``)."""

    entry = _AnyOf(coerce=uuid.UUID, required=False)
    work = _AnyOf(coerce=uuid.UUID, required=False)
    all = forms.BooleanField(required=False)
    all_work = forms.BooleanField(required=False)
    answer = forms.CharField(label=_("Your answer"), max_length=200, required=False)

    def clean(self) -> dict[str, Any]:
        """Something has to be ticked."""
        data: dict[str, Any] = super().clean() or {}
        if not self.errors and not any(data.get(name) for name in ("all", "all_work", "entry", "work")):
            raise forms.ValidationError(_("Tick at least one line."))
        return data


def word_of(data: QueryDict, work: uuid.UUID) -> Word:
    """What the supervisor says of one piece of work among several (``level_seen-…``, ``comment-…``). Raises ``Invalid``
    (400)."""
    seen = cleaned(CheckForm({name: data.get(f"{name}-{work}", "") for name in ("level_seen", "comment")}))
    return Word(seen["level_seen"], seen["comment"])


AWAY = "away"


class MissingForm(forms.Form):
    """What days without hours were: as planned, or an absence, whose kind is said by itself or beside it."""

    trainee = forms.UUIDField()
    day = _AnyOf(coerce=dt.date.fromisoformat, error_messages={"required": _("Tick at least one day.")})
    kind = forms.ChoiceField(
        label=_("what it was"),
        choices=[(K.WORK.value, K.WORK.label), (AWAY, AWAY), *((k.value, k.label) for k in ABSENCE_KINDS)],
    )
    absence = forms.ChoiceField(choices=[(k.value, k.label) for k in ABSENCE_KINDS], required=False)

    def clean(self) -> dict[str, Any]:
        """An absence has a kind."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("kind") == AWAY and not self.errors:
            if not data.get("absence"):
                raise forms.ValidationError(_("Say what kind of absence it was."))
            data["kind"] = data["absence"]
        return data


def minutes_typed(text: str) -> int:
    """Minutes of "7:30", "7h30", "7 h" or "7,5". Raises ``ValidationError``."""
    found = re.fullmatch(r"(\d{1,2})\s*(?:h|:)\s*(\d{2})?", text) or re.fullmatch(r"(\d{1,2})()", text)
    if found:
        hours, rest = int(found[1]), int(found[2] or 0)
    else:
        decimal = re.fullmatch(r"(\d{1,2})[.,](\d{1,2})", text)
        if decimal is None:
            raise forms.ValidationError(_("Write the hours like 7:30 or 7,5."))
        hours, rest = int(decimal[1]), round(float(f"0.{decimal[2]}") * 60)
    if rest > 59 or not 0 < hours * 60 + rest <= 24 * 60:
        raise forms.ValidationError(_("An absence is between a minute and 24 hours of a day."))
    return hours * 60 + rest


class SpanForm(forms.Form):
    """A time as somebody of the team types it: from when to when, or how long an absence was."""

    kind = forms.ChoiceField(label=_("What it was"), choices=[(kind.value, kind.label) for kind in TimeKind])
    day = forms.DateField(label=_("Day"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
    starts = forms.TimeField(
        label=pgettext_lazy("hour", "From"), required=False, widget=forms.TimeInput(attrs={"type": "time"})
    )
    ends = forms.TimeField(
        label=pgettext_lazy("hour", "To"), required=False, widget=forms.TimeInput(attrs={"type": "time"})
    )
    next_day = forms.BooleanField(label=_("It ended on the day after"), required=False)
    absence = forms.CharField(
        label=_("Hours of absence"),
        required=False,
        max_length=8,
        help_text=_("Of an absence only, like 7:30. The day of somebody who was there has a start and an end."),
    )

    def clean_day(self) -> dt.date:
        """A day whose hours may still matter, or one that is planned."""
        day: dt.date = self.cleaned_data["day"]
        if not timezone.localdate() - OLDEST <= day <= timezone.localdate() + FURTHEST:
            raise forms.ValidationError(_("Choose a day of the last five years or of the next one."))
        return day

    def clean_absence(self) -> int | None:
        """Minutes."""
        text = self.cleaned_data["absence"].strip().lower()
        return minutes_typed(text) if text else None

    def clean(self) -> dict[str, Any]:
        """An absence has a length, everything else a start and an end after it."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("kind") in ABSENCE_KINDS:
            if "absence" not in self.errors and not data.get("absence"):
                self.add_error("absence", _("Say how many hours of the day."))
        elif data.get("kind"):
            if data.get("starts") is None and "starts" not in self.errors:
                self.add_error("starts", _("Say from when to when."))
            if data.get("ends") is None and "ends" not in self.errors:
                self.add_error("ends", _("Say from when to when."))
            starts, ends = data.get("starts"), data.get("ends")
            if starts and ends and ends <= starts and not data.get("next_day"):
                self.add_error("ends", _("The end must be after the start."))
        return data

    def said(self, zone: ZoneInfo) -> Said:
        """What was typed, by the clock on the wall of the site. Needs a valid form."""
        data = self.cleaned_data
        if data["kind"] in ABSENCE_KINDS:
            return Said(data["kind"], day=data["day"], minutes=data["absence"])
        last = data["day"] + dt.timedelta(days=1) if data["next_day"] else data["day"]
        return Said(
            data["kind"],
            starts_at=dt.datetime.combine(data["day"], data["starts"], zone),
            ends_at=dt.datetime.combine(last, data["ends"], zone),
        )


class HoursForm(SpanForm):
    """A correction says why."""

    reason = forms.CharField(
        label=_("Why"), max_length=200, help_text=_("The person reads it. No health, no private matters.")
    )


class AddHoursForm(SpanForm):
    """Somebody of the team."""

    trainee = forms.ChoiceField(label=_("Person"))

    field_order = ("trainee", "kind", "day", "starts", "ends", "next_day", "absence")

    def __init__(self, *args: Any, people: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["trainee"].choices = people  # type: ignore[attr-defined]


class CloseForm(forms.Form):
    """Whether whoever closes a month has read which days have no hours, and which the person has not confirmed."""

    accepts_missing = forms.BooleanField(required=False)
    accepts_unconfirmed = forms.BooleanField(required=False)


class ReasonForm(forms.Form):
    """Why a month is opened again."""

    reason = forms.CharField(label=_("Why it is opened again"), max_length=200)
