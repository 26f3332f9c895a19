"""The form of a counter-offer. It parses; actions decide."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from providers.rules.counters import Proposal


class CounterForm(forms.Form):
    """Another price, another day, or both."""

    price = forms.DecimalField(
        label=_("Your price for the whole job, incl. VAT (€)"),
        required=False,
        max_digits=10,
        decimal_places=2,
        localize=True,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        help_text=_("Leave this empty when the price suits you."),
        error_messages={
            "invalid": _("Type a price, like 150 or 149,90."),
            "max_decimal_places": _("Type a price, like 150 or 149,90."),
        },
    )
    moment = forms.ChoiceField(required=False)
    comment = forms.CharField(
        label=_("A word about it"),
        max_length=200,
        required=False,
        help_text=_("Whoever decides reads it: leave out your name and your number."),
    )

    def __init__(
        self, *args: Any, choices: list[Any], is_visit: bool, asked: Decimal | None = None, **kwargs: Any
    ) -> None:
        """``asked``: the usual price, when theirs is asked."""
        super().__init__(*args, **kwargs)
        self.is_visit = is_visit
        if asked is not None:
            price = self.fields["price"]
            price.required, price.initial, price.help_text = True, asked, ""
            price.error_messages["required"] = _("Say your price: it is compared with those of others.")
        if not choices:
            del self.fields["moment"]
            return
        field = self.fields["moment"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.label = _("When you would come") if is_visit else _("When it would be ready")
        field.choices = [("", _("As asked")), *choices]
        field.error_messages["invalid_choice"] = _("This time is not free. Please choose one of the times shown.")

    def proposal(self) -> Proposal:
        """What it says."""
        given = self.cleaned_data
        moment = given.get("moment") or ""
        return Proposal(
            price=given["price"],
            starts_at=parse_datetime(moment) if moment and self.is_visit else None,
            ready_on=dt.date.fromisoformat(moment) if moment and not self.is_visit else None,
            comment=given["comment"],
        )
