"""What the dispatch board, the supervisor and the phone send."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.enums import ClearanceKind
from concierge.errors import Invalid
from workers.actions.paper import PaperOutcome
from workers.actions.replacing import MOST_PIECES, Choice
from workers.enums import (
    DeclineReason,
    Evidence,
    OwnView,
    SendBackReason,
    SkillLevel,
    SupervisionMode,
)
from workers.rules.candidates import WARNINGS

# Nobody plans a year ahead; absurd dates stop here.
FURTHEST = dt.timedelta(days=366)
# Pay slips are kept for five years (Labour Code L3243-4).
LONGEST_AGO = dt.timedelta(days=5 * 366)


def cleaned(form: forms.Form) -> dict[str, Any]:
    """The values of a form. Raises ``Invalid`` (400) with its first error."""
    if form.is_valid():
        return form.cleaned_data
    field, errors = next(iter(form.errors.items()))
    raise Invalid(str(errors[0]), field=field)


def near_day(day: dt.date) -> dt.date:
    """The day, when a plan can hold it. Raises ``ValidationError``."""
    if abs(day - timezone.localdate()) > FURTHEST:
        raise forms.ValidationError(_("Choose a day within the next year."))
    return day


class AssignForm(forms.Form):
    """Give work to somebody from a time on; ``accept`` are the warnings that the dispatcher saw on the button."""

    trainee = forms.UUIDField(label=_("person"))
    starts_at = forms.DateTimeField(label=_("from"))
    supervision_mode = forms.ChoiceField(label=_("accompanied"), choices=SupervisionMode.choices, required=False)
    accept = forms.MultipleChoiceField(choices=[(code, code) for code in sorted(WARNINGS)], required=False)
    version = forms.IntegerField(required=False, min_value=1)

    def clean_starts_at(self) -> dt.datetime:
        """A time that a plan can hold."""
        starts_at: dt.datetime = self.cleaned_data["starts_at"]
        if abs(starts_at - timezone.now()) > FURTHEST:
            raise forms.ValidationError(_("Choose a day within the next year."))
        return starts_at


class DropForm(forms.Form):
    """A card dropped on a person's row: which card, and which quarter of an hour after ``hour`` of ``day``."""

    item = forms.UUIDField()
    column = forms.IntegerField(min_value=1, max_value=96)
    hour = forms.IntegerField(min_value=0, max_value=23)
    day = forms.DateField()
    version = forms.IntegerField(required=False, min_value=1)

    def clean_day(self) -> dt.date:
        """A day that a plan can hold."""
        return near_day(self.cleaned_data["day"])


class GridForm(forms.Form):
    """The grid of a board: its day, its first hour and how many quarters it shows."""

    day = forms.DateField()
    hour = forms.IntegerField(min_value=0, max_value=23)
    columns = forms.IntegerField(min_value=4, max_value=96)

    def clean_day(self) -> dt.date:
        """A day that a plan can hold."""
        return near_day(self.cleaned_data["day"])


class NewsForm(forms.Form):
    """Since when a board looks for news, and how much it has seen."""

    since = forms.DateTimeField()
    seen = forms.IntegerField(min_value=0)


class UndoForm(forms.Form):
    """Which step, as the page showed it."""

    step = forms.UUIDField()


class VersionForm(forms.Form):
    """Which version of the assignment the dispatcher was looking at."""

    version = forms.IntegerField(required=False, min_value=1)


BACK = "back"


def choices_of(data: QueryDict) -> list[Choice]:
    """Which pieces of somebody's day go to others (``line``), to whom (``to-<piece>``), as they were (``version-…``).

    Raises ``Invalid`` (400): nothing is ticked, or a line is unreadable.
    """
    ticked = data.getlist("line")[:MOST_PIECES]
    if not ticked:
        raise Invalid(_("Tick at least one piece of work."), field="line")
    return [_choice(piece, data.get(f"to-{piece}", ""), data.get(f"version-{piece}", "")) for piece in ticked]


def _choice(piece: str, to: str, version: str) -> Choice:
    person, _at, rest = ("", "", "") if to == BACK else to.partition("@")
    starts_at, _at, codes = rest.partition("@")
    known = cleaned(LineForm({"piece": piece, "version": version}))
    if to == BACK:
        return Choice(known["piece"], known["version"])
    data = cleaned(AssignForm({"trainee": person, "starts_at": starts_at, "accept": codes.split(",") if codes else []}))
    return Choice(known["piece"], known["version"], data["trainee"], data["starts_at"], data["accept"])


class LineForm(forms.Form):
    """A piece of work as the page showed it."""

    piece = forms.UUIDField()
    version = forms.IntegerField(min_value=1, max_value=1_000_000)


class PaperForm(forms.Form):
    """What a day sheet says of one piece of work: the boxes that are ticked and the times that are written."""

    outcome = forms.ChoiceField(
        label=_("What is ticked"),
        choices=PaperOutcome.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what is ticked on the sheet.")},
    )
    started = forms.TimeField(label=_("Started at"), required=False, widget=forms.TimeInput(attrs={"type": "time"}))
    done = forms.TimeField(label=_("Finished at"), required=False, widget=forms.TimeInput(attrs={"type": "time"}))
    needed_help = forms.BooleanField(label=_("“Help” is ticked"), required=False)
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """Work that is done has its times."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("outcome") == PaperOutcome.DONE:
            for name in ("started", "done"):
                if name not in self.errors and data.get(name) is None:
                    self.add_error(name, _("Write the time that stands on the sheet."))
        return data


class CloseWorkForm(forms.Form):
    """When work that somebody left really ended, by the clock on the wall of the site."""

    day = forms.DateField(label=_("Day"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
    done = forms.TimeField(label=_("Finished at"), widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}))
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)

    def clean_day(self) -> dt.date:
        """A day whose hours may still matter."""
        day: dt.date = self.cleaned_data["day"]
        if abs(day - timezone.localdate()) > LONGEST_AGO:
            raise forms.ValidationError(_("Choose a day of the last five years."))
        return day


class DeclineForm(forms.Form):
    """Why not."""

    reason = forms.ChoiceField(label=_("reason"), choices=DeclineReason.choices)


class SendBackForm(forms.Form):
    """What is missing."""

    reason = forms.ChoiceField(label=_("reason"), choices=SendBackReason.choices)


class CheckForm(forms.Form):
    """What the supervisor saw; both may be left out."""

    level_seen = forms.ChoiceField(label=_("level seen"), choices=SkillLevel.choices, required=False)
    comment = forms.CharField(label=_("in a sentence"), max_length=300, required=False)


class StepForm(forms.Form):
    """How far somebody has come with a trade, on which evidence, and what they say of it."""

    rome_code = forms.CharField(label=_("skill"), max_length=5)
    level = forms.ChoiceField(label=_("level"), choices=SkillLevel.choices)
    own_view = forms.ChoiceField(
        label=_("what the person says"),
        choices=OwnView.choices,
        error_messages={"required": _("Ask the person, and say what they think.")},
    )
    evidence = forms.ChoiceField(label=_("evidence"), choices=Evidence.choices, required=False)
    situation = forms.UUIDField(required=False)
    note = forms.CharField(label=_("in words"), max_length=300, required=False)


class GoalForm(forms.Form):
    """What somebody wants to reach, and by when."""

    rome_code = forms.CharField(label=_("skill"), max_length=5)
    wanted_level = forms.ChoiceField(label=_("wanted level"), choices=SkillLevel.choices)
    wanted_by = forms.DateField(label=_("by when"), required=False)


class ClearanceForm(forms.Form):
    """A licence or certificate."""

    kind = forms.ChoiceField(label=_("clearance"), choices=ClearanceKind.choices)
    valid_from = forms.DateField(label=_("valid from"))
    valid_until = forms.DateField(label=_("valid until"), required=False)
    document_number = forms.CharField(label=_("number of the document"), max_length=40, required=False)


class AbsenceForm(forms.Form):
    """Days without the person. No reason is asked."""

    starts_on = forms.DateField(label=_("First day away"), widget=forms.DateInput(attrs={"type": "date"}))
    ends_on = forms.DateField(label=_("Last day away"), widget=forms.DateInput(attrs={"type": "date"}))


class LastDayForm(forms.Form):
    """The last day away of somebody who comes back earlier."""

    last_on = forms.DateField(label=_("Last day away"), widget=forms.DateInput(attrs={"type": "date"}))


class NoteForm(forms.Form):
    """A follow-up note."""

    text = forms.CharField(
        label=_("Your note"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_(
            "How the person gets on at work. Nothing about health, justice or private life: that has no place here. "
            "The person can read it."
        ),
    )
