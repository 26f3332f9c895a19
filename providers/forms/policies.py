"""Form of the rules by which providers are asked. It parses; actions decide."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from providers.enums import Ladder, RoundMode
from providers.models import OfferPolicy
from providers.models.policies import MOST_STOP_HOURS

COUNT = forms.NumberInput(attrs={"inputmode": "numeric", "min": 1, "max": 20})
CLOCK = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
HOURS = forms.NumberInput(attrs={"inputmode": "decimal", "step": "0.25"})
MODES = (
    (RoundMode.WAVE, _("Several at a time, then the next ones")),
    (RoundMode.SEQUENCE, _("One after another")),
    (RoundMode.BROADCAST, _("Everybody who can do it, at once")),
    (RoundMode.DIRECT, _("Only the best placed one, then a person decides")),
    (RoundMode.QUOTES, _("Several for their price, then a person chooses")),
)


class PolicyForm(forms.Form):
    """Whom we ask at once, how long each has, when a person takes over."""

    mode = forms.ChoiceField(label=_("Whom do we ask?"), choices=MODES, widget=forms.RadioSelect)
    wave_size = forms.IntegerField(
        label=_("Providers asked at a time"),
        min_value=1,
        max_value=20,
        widget=COUNT,
        help_text=_("Counts when several are asked at a time."),
    )
    max_waves = forms.IntegerField(
        label=_("How many times we ask the next ones at most"),
        min_value=1,
        max_value=20,
        widget=COUNT,
        help_text=_("Counts when several are asked at a time, or one after another. The first time included."),
    )
    answer_hours = forms.DecimalField(
        label=_("Hours to answer"),
        min_value=Decimal("0.25"),
        max_value=80,
        max_digits=4,
        decimal_places=2,
        widget=HOURS,
        help_text=_("Counted while the provider is open."),
    )
    gap_hours = forms.DecimalField(
        label=_("Hours until the next ones are asked too"),
        required=False,
        min_value=Decimal("0.25"),
        max_value=80,
        max_digits=4,
        decimal_places=2,
        widget=HOURS,
        help_text=_(
            "Office hours: Monday to Friday, nine to six. Those asked before may still answer. Leave it empty to wait"
            " until all have answered."
        ),
    )
    reminders = forms.TypedMultipleChoiceField(
        label=_("Remind those who have not answered"),
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        choices=[
            (25, _("after a quarter of their time")),
            (50, _("after half of their time")),
            (80, _("when 80 % of their time is over")),
        ],
    )
    extension_hours = forms.DecimalField(
        label=_("Hours given to whoever needs more time"),
        min_value=Decimal("0.25"),
        max_value=40,
        max_digits=4,
        decimal_places=2,
        widget=HOURS,
        help_text=_("Counted while the provider is open."),
    )
    most_extensions = forms.IntegerField(
        label=_("How often without asking the team"),
        min_value=0,
        max_value=5,
        help_text=_("0: the team is asked each time."),
    )
    stop_before_hours = forms.IntegerField(
        label=_("Hours before the work begins at which a person takes over"),
        min_value=0,
        max_value=MOST_STOP_HOURS,
        help_text=_("0: only when it has to begin."),
    )
    ladder = forms.ChoiceField(label=_("How we reach them"), choices=Ladder.choices)
    sms_from = forms.TimeField(label=_("SMS leave from"), widget=CLOCK)
    sms_until = forms.TimeField(
        label=_("SMS leave until"),
        widget=CLOCK,
        help_text=_("At night they wait for the morning, unless the answer is due before."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**31 - 1)

    def __init__(self, data: Any, *, policy: OfferPolicy) -> None:
        names = [name for name in self.base_fields if name != "version"]
        known = {name: getattr(policy, name) for name in names}
        super().__init__(data, initial={**known, "version": policy.version})

    @property
    def parts(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """Under which heading each field stands on the page."""
        return [
            (_("Whom"), [self["mode"], self["wave_size"], self["max_waves"]]),
            (
                _("How long"),
                [
                    self["answer_hours"],
                    self["gap_hours"],
                    self["reminders"],
                    self["extension_hours"],
                    self["most_extensions"],
                ],
            ),
            (_("By what"), [self["ladder"], self["sms_from"], self["sms_until"]]),
            (_("When a person takes over"), [self["stop_before_hours"]]),
        ]
