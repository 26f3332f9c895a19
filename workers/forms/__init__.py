"""What the dispatch board, the supervisor and the phone send."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.enums import ClearanceKind
from concierge.errors import Invalid
from workers.enums import DeclineReason, Evidence, OwnView, SendBackReason, SkillLevel, SupervisionMode
from workers.rules.candidates import WARNINGS

# Nobody plans a year ahead; absurd dates stop here.
FURTHEST = dt.timedelta(days=366)


def cleaned(form: forms.Form) -> dict[str, Any]:
    """The values of a form. Raises ``Invalid`` (400) with its first error."""
    if form.is_valid():
        return form.cleaned_data
    field, errors = next(iter(form.errors.items()))
    raise Invalid(str(errors[0]), field=field)


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


class VersionForm(forms.Form):
    """Which version of the assignment the dispatcher was looking at."""

    version = forms.IntegerField(required=False, min_value=1)


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
