"""The form of a request for a quote: words and days, for each service."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings.actions.quote_requests import FARTHEST
from bookings.models import Service

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class WishesForm(forms.Form):
    """What is wanted of each chosen service, and between which days."""

    def __init__(
        self, *args: Any, chosen: Sequence[Service], known: dict[str, Any], today: dt.date, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.groups: list[dict[str, Any]] = []
        for service in chosen:
            wish = known.get(str(service.public_id), {})
            short = service.public_id.hex
            self.fields[f"what-{short}"] = forms.CharField(
                label=_("What do you need?"),
                help_text=_("Measures, material, floor, access: whatever helps us to name a fair price."),
                max_length=2000,
                initial=wish.get("description", ""),
                error_messages={"required": _("Tell us what you need, in a few words.")},
                widget=forms.Textarea(attrs={"rows": 5}),
            )
            for name, label in (("from", _("From which day would it suit you?")), ("until", _("Until which day?"))):
                self.fields[f"{name}-{short}"] = forms.DateField(
                    label=label, required=False, initial=wish.get(f"wanted_{name}") or None, widget=DAY
                )
            self.groups.append(
                {
                    "service": service,
                    "what": self[f"what-{short}"],
                    "days": [self[f"from-{short}"], self[f"until-{short}"]],
                }
            )

    def clean(self) -> dict[str, Any]:
        """Days that make sense."""
        cleaned = super().clean() or {}
        today = self.today
        for group in self.groups:
            first, last = (cleaned.get(field.name) for field in group["days"])
            if first and last and last < first:
                self.add_error(group["days"][1].name, gettext("The last day is before the first."))
            elif last and last < today:
                self.add_error(group["days"][1].name, gettext("This day is over."))
            if (first or last or today) > today + FARTHEST:
                self.add_error(group["days"][0].name, gettext("Please choose a day within the next two years."))
        return cleaned

    def wanted(self) -> dict[str, Any]:
        """As kept in the draft."""

        def text(day: dt.date | None) -> str:
            return day.isoformat() if day else ""

        return {
            str(group["service"].public_id): {
                "description": self.cleaned_data[group["what"].name],
                "wanted_from": text(self.cleaned_data.get(group["days"][0].name)),
                "wanted_until": text(self.cleaned_data.get(group["days"][1].name)),
            }
            for group in self.groups
        }
