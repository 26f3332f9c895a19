"""The form of where a provider goes, and how much of what it takes on which day."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings.models import Service
from concierge.forms import KnownForm
from concierge.models import Site
from providers.actions.places import MOST_LIMITS, Commune, Limit, Seen
from providers.models import ProviderCapacity
from providers.models.places import MOST_A_DAY

EMPTY_ROWS = 2
LINE = re.compile(r"^([0-9]{5})(?:\s+(.{1,120}))?$")
ROW = ("service", "weekday", "per_day")


class PlacesFields(forms.Form):
    """Sites, communes, and a line for each number of jobs a day."""

    sites = forms.ModelMultipleChoiceField(
        Site.objects.none(),
        label=_("Sites it works for"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: every site."),
    )
    areas = forms.CharField(
        label=_("Communes it goes to"),
        required=False,
        max_length=30_000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_(
            "One per line: the postcode, then the name, for example 21240 Talant. All of a postcode counts. Empty: the "
            "distance around its address counts."
        ),
    )

    def __init__(
        self,
        *args: Any,
        sites: QuerySet[Site],
        services: Iterable[Service],
        limits: Sequence[ProviderCapacity],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sites"].queryset = sites  # type: ignore[attr-defined]  # of a choice of models
        typed = sum(f"per_day{n}" in self.data for n in range(MOST_LIMITS + EMPTY_ROWS)) if self.is_bound else 0
        self.many = typed if self.is_bound else min(MOST_LIMITS, len(limits)) + EMPTY_ROWS
        known = {str(one.public_id): one for one in services}
        choices = [("", _("All services together")), *((key, one.label) for key, one in known.items())]
        days = [("", _("Every day")), *((str(day), str(name).capitalize()) for day, name in WEEKDAYS.items())]
        for n in range(self.many):
            kept = limits[n] if n < len(limits) else None
            self.fields[f"service{n}"] = forms.TypedChoiceField(
                choices=choices,
                label=_("Service"),
                required=False,
                coerce=known.__getitem__,
                empty_value=None,
                initial=str(kept.service.public_id) if kept and kept.service else "",
            )
            self.fields[f"weekday{n}"] = forms.TypedChoiceField(
                choices=days,
                label=_("Day"),
                required=False,
                coerce=int,
                empty_value=None,
                initial="" if kept is None or kept.weekday is None else str(kept.weekday),
            )
            self.fields[f"per_day{n}"] = forms.IntegerField(
                label=_("How many"),
                required=False,
                min_value=0,
                max_value=MOST_A_DAY,
                initial=kept.per_day if kept else None,
            )

    def clean_areas(self) -> str:
        """Each line a postcode, with a name or without."""
        typed: str = self.cleaned_data["areas"]
        for line in filter(None, map(str.strip, typed.splitlines())):
            if not LINE.match(line):
                raise forms.ValidationError(
                    gettext("“%(line)s”: begin with a postcode of five digits, then the name."),
                    params={"line": line[:60]},
                )
        return typed

    def clean(self) -> dict[str, Any]:
        """What each line of numbers says, told at its fields when it says nothing."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        seen: set[tuple[Service | None, int | None]] = set()
        for n in range(self.many):
            service, weekday, number = (cleaned.get(f"{name}{n}") for name in ROW)
            if any(f"{name}{n}" in self.errors for name in ROW) or number is None:
                if number is None and (service or weekday is not None) and f"per_day{n}" not in self.errors:
                    self._note_empty(n)
                continue
            if service is None and weekday is None:
                self.add_error(
                    f"service{n}", gettext("Choose a service or a day: the number for all of it is in the file.")
                )
            elif (service, weekday) in seen:
                self.add_error(f"service{n}", gettext("This service has a number for this day already."))
            seen.add((service, weekday))
        return cleaned

    def _note_empty(self, n: int) -> None:
        """A line that was there and has lost its number goes; a new one says nothing yet."""
        if not self.known_before(n):
            self.add_error(f"per_day{n}", gettext("How many?"))

    def known_before(self, n: int) -> bool:
        """Whether there was a number in this line."""
        return self.fields[f"per_day{n}"].initial is not None

    @property
    def rows(self) -> list[list[forms.BoundField]]:
        """The lines of numbers."""
        return [[self[f"{name}{n}"] for name in ROW] for n in range(self.many)]


class PlacesForm(KnownForm, PlacesFields):
    """What is known of it already."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # No box ticked is nothing in what a page sends; that of the communes is always there.
        if self.says_what_it_showed:
            self.fields["sites"].show_hidden_initial = True

    @property
    def says_what_it_showed(self) -> bool:
        """Whether what was typed came from a page, with what that had shown."""
        return self.is_bound and self.add_initial_prefix("areas") in self.data

    def known_before(self, n: int) -> bool:
        """Whether the page had shown a number there: somebody else may have typed another since."""
        if self.says_what_it_showed:
            return bool(self._posted_initial(f"per_day{n}"))
        return super().known_before(n)

    def _posted_initial(self, name: str) -> str:
        return str(self.data.get(self.add_initial_prefix(name), ""))

    @property
    def changed(self) -> dict[str, Any]:
        """The parts that somebody typed anew, as ``set_places`` takes them."""
        names = set(self.changed_data)
        found: dict[str, Any] = {}
        if "sites" in names:
            found["sites"] = list(self.cleaned_data["sites"])
        if "areas" in names:
            found["communes"] = _communes(self.cleaned_data["areas"])
        if names - {"sites", "areas"}:
            rows = [[self.cleaned_data[f"{name}{n}"] for name in ROW] for n in range(self.many)]
            found["limits"] = [Limit(*row) for row in rows if row[2] is not None]
        return found

    @property
    def seen(self) -> Seen:
        """What the page had shown of the parts that somebody typed anew; nothing when it does not say."""
        if not self.says_what_it_showed:
            return Seen()
        names = set(self.changed_data)
        sites = self.data.getlist(self.add_initial_prefix("sites"))  # type: ignore[attr-defined]  # of what a page sent
        rows = [tuple(self._posted_initial(f"{name}{n}") for name in ROW) for n in range(self.many)]
        return Seen(
            frozenset(int(key) for key in sites if key.isdigit()) if "sites" in names else None,
            frozenset(_communes(self._posted_initial("areas"))) if "areas" in names else None,
            frozenset((one, day, most) for one, day, most in rows if most) if names - {"sites", "areas"} else None,
        )

    @staticmethod
    def caught_up(posted: QueryDict, shown: PlacesForm) -> QueryDict:
        """What was typed, beside what is set by now, as a page without anything typed (``shown``) knows it: saved once
        more, it replaces that."""
        data = posted.copy()
        for name in shown.fields:
            value = shown[name].value()
            known = value if isinstance(value, list) else ["" if value is None else value]
            data.setlist(shown.add_initial_prefix(name), [str(one) for one in known])
            if name not in {"sites", "areas"}:
                data.setdefault(name, "")
        return data


def _communes(typed: str) -> list[Commune]:
    lines = (line.strip() for line in typed.splitlines())
    parts = (LINE.match(line) for line in lines if line)
    return list(dict.fromkeys(Commune(one[1], " ".join((one[2] or "").split())) for one in parts if one))
