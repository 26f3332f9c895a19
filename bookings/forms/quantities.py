"""How much was weighed or counted, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext

from bookings.forms.booking import MeasureField
from bookings.models import RequestLine
from bookings.rules.prices import FINEST, is_weighed
from concierge.words import HALF_HOUR, quantity_words


def field_of(position: int) -> str:
    """The name of the field of a line."""
    return f"q-{position}"


class QuantitiesForm(forms.Form):
    """One field for each line whose quantity may be stated; an empty one says nothing."""

    def __init__(self, data: Any = None, *, lines: Sequence[RequestLine]) -> None:
        super().__init__(data, label_suffix="")
        self.lines = lines
        for line in lines:
            self.fields[field_of(line.position)] = MeasureField(
                label=f"{line.description} ({_unit_words(line)})",
                unit=line.unit,
                step=FINEST,  # finer is no quantity at all; what a line takes is checked with it
                required=False,
                initial=line.measured_quantity.normalize() if line.measured_quantity is not None else None,
                help_text=_before_words(line),
                widget=forms.TextInput(
                    attrs={"inputmode": "decimal" if is_weighed(line.unit) else "numeric", "class": "measure"}
                ),
            )

    @property
    def quantities(self) -> dict[int, Decimal]:
        """What was typed, by position of the line."""
        typed = ((line.position, self.cleaned_data.get(field_of(line.position))) for line in self.lines)
        return {position: quantity for position, quantity in typed if quantity is not None}


def _unit_words(line: RequestLine) -> str:
    if line.unit == HALF_HOUR:
        return gettext("started half hours")
    return line.unit or gettext("pieces")


def _before_words(line: RequestLine) -> str:
    said = gettext("Announced: %(quantity)s.") % {"quantity": quantity_words(line.announced, line.unit)}
    if line.measured_quantity is None:
        return said
    stated = gettext("Stated: %(quantity)s.") % {"quantity": quantity_words(line.measured_quantity, line.unit)}
    return f"{said} {stated}"
