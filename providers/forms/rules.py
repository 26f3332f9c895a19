"""The form of the matching rules."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings.forms.openings import DateInput
from providers.enums import Obstacle, TravelMode
from providers.models import Provider
from providers.rules.terms import (
    CAR,
    FASTEST,
    LIGHT,
    LONGEST_WAY,
    PARTS,
    SOCIAL,
    SWITCHABLE,
    MatchingTerms,
    Weights,
    WrongTerms,
)

PART_LABELS: Mapping[str, Any] = {
    "distance": _("Nearness"),
    "share": _("Fair sharing of recent work"),
    "capacity": _("Free capacity that day"),
    "price": _("Low price"),
    "quality": _("Work right at once"),
    "social": _("Social value"),
    "continuity": _("Has worked for this client before"),
}
PROBLEMS: Mapping[str, Any] = {
    "weights": _("These points must add up to 100."),
    "road_factor": _("Between 1 (as the crow flies) and 3."),
    "speeds": _("Between 1 and 130 kilometres an hour."),
    "social": _("Between 0 and 100 points."),
}


def _points(label: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, min_value=0, max_value=100, widget=forms.NumberInput(attrs={"data-quantity": ""})
    )


def _factor_name(mode: str) -> str:
    return "road_factor" if mode == CAR else f"factor_{mode}"


def _quality_label(name: str) -> str:
    if name == "charter_signed":
        return gettext("Charter signed")
    return capfirst(next(str(one.verbose_name) for one in Provider._meta.local_fields if one.name == name))


class RulesForm(forms.Form):
    """What keeps a provider out, and what counts how much."""

    by_capacity = forms.BooleanField(
        label=_("Share work by what each can do in its opening hours, not job by job"), required=False
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)
    valid_from = forms.DateField(label=_("Hold from"), widget=DateInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for mode in TravelMode:
            self.fields[_factor_name(mode)] = forms.DecimalField(
                label=_("%(mode)s: kilometres per kilometre as the crow flies") % {"mode": mode.label},
                max_digits=3,
                decimal_places=2,
                validators=[MinValueValidator(Decimal(1)), MaxValueValidator(LONGEST_WAY)],
            )
            self.fields[f"speed_{mode}"] = forms.IntegerField(
                label=_("%(mode)s: kilometres an hour") % {"mode": mode.label}, min_value=1, max_value=FASTEST
            )
        for part in PARTS:
            self.fields[f"weight_{part}"] = _points(PART_LABELS[part])
        for rule in SWITCHABLE:
            self.fields[f"rule_{rule}"] = forms.BooleanField(label=Obstacle(rule).label, required=False)
        for name in SOCIAL:
            self.fields[f"social_{name}"] = _points(_quality_label(name))

    @staticmethod
    def initial_of(terms: MatchingTerms) -> dict[str, Any]:
        """What the form shows of rules."""
        return {
            **{_factor_name(mode): terms.factor_of(mode) for mode in TravelMode},
            **{f"speed_{mode}": terms.speeds[mode] for mode in TravelMode},
            "by_capacity": terms.by_capacity,
            **{f"weight_{part}": points for part, points in vars(terms.weights).items()},
            **{f"rule_{rule}": terms.is_on(rule) for rule in SWITCHABLE},
            **{f"social_{name}": points for name, points in terms.social.items()},
        }

    def clean(self) -> dict[str, Any]:
        """The rules themselves, as ``terms``."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if any(name not in cleaned for name in self.term_fields):
            return cleaned
        try:
            cleaned["terms"] = MatchingTerms(
                weights=Weights(**{part: cleaned[f"weight_{part}"] for part in PARTS}),
                off=frozenset(rule for rule in SWITCHABLE if not cleaned[f"rule_{rule}"]),
                road_factor=cleaned["road_factor"],
                way_factors={mode: cleaned[_factor_name(mode)] for mode in LIGHT},
                speeds={mode.value: cleaned[f"speed_{mode}"] for mode in TravelMode},
                social={name: cleaned[f"social_{name}"] for name in SOCIAL},
                by_capacity=cleaned["by_capacity"],
            )
        except WrongTerms as error:
            self.add_error("weight_distance" if error.field == "weights" else None, PROBLEMS[error.field])
        return cleaned

    @property
    def term_fields(self) -> list[str]:
        """All but from when they hold."""
        return [name for name in self.fields if name != "valid_from"]

    def _named(self, prefix: str) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith(prefix)]

    @property
    def weights(self) -> list[forms.BoundField]:
        """The points of each part."""
        return self._named("weight_")

    @property
    def ways(self) -> list[list[forms.BoundField]]:
        """The factor and the speed of each way of coming."""
        return [[self[_factor_name(mode)], self[f"speed_{mode}"]] for mode in TravelMode]

    @property
    def rules(self) -> list[forms.BoundField]:
        """What may be switched off."""
        return self._named("rule_")

    @property
    def social(self) -> list[forms.BoundField]:
        """The points of what a business is."""
        return self._named("social_")
