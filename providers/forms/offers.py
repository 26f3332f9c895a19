"""Forms of the providers' pages. They parse; actions decide."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.models import Service
from providers.enums import BreakReason, DeclineReason, ReleaseReason
from providers.models import Provider


class CodeForm(forms.Form):
    """The four digits printed beside the link."""

    code = forms.RegexField(
        r"\A\s*[0-9]{4}\s*\Z",
        label=_("The four digits of our message"),
        error_messages={
            "required": _("Please type the four digits of our message."),
            "invalid": _("Please type the four digits of our message."),
        },
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "maxlength": "4", "class": "input-code"}
        ),
    )


class DeclineForm(forms.Form):
    """Why not, and a word if one likes."""

    reason = forms.ChoiceField(
        label=_("Why not this time?"),
        choices=DeclineReason.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Please choose a reason.")},
    )
    comment = forms.CharField(label=_("A word for us"), max_length=200, required=False)


class PriceSaidForm(forms.Form):
    """Their price, as they say it on the phone."""

    price = forms.DecimalField(
        label=_("Their price for the whole job, incl. VAT (€)"),
        max_digits=10,
        decimal_places=2,
        localize=True,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        error_messages={
            "invalid": _("Type a price, like 150 or 149,90."),
            "max_decimal_places": _("Type a price, like 150 or 149,90."),
        },
    )


class ReleaseForm(forms.Form):
    """Why it is given back, and a word if one likes."""

    reason = forms.ChoiceField(
        label=_("What has come up?"),
        choices=ReleaseReason.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Please choose a reason.")},
    )
    comment = forms.CharField(label=_("A word for us"), max_length=200, required=False)


class BreakForm(forms.Form):
    """How a promise was not kept, and what the team wants to remember of it."""

    reason = forms.ChoiceField(
        label=_("What happened?"),
        choices=[("", _("Choose")), *BreakReason.choices],
        error_messages={"required": _("Please choose what happened.")},
    )
    comment = forms.CharField(label=_("Note for the team"), max_length=200, required=False)


class ProviderFilters(forms.Form):
    """Filters of the team's list. Nonsense filters nothing."""

    q = forms.CharField(label=_("Name, town or SIRET"), required=False, max_length=80)
    service = forms.ModelChoiceField(
        Service.objects.none(), label=_("Service"), required=False, to_field_name="public_id", empty_label=_("All")
    )
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("All")), ("active", _("Active")), ("stopped", _("No longer asked"))],
    )
    papers = forms.ChoiceField(
        label=_("Papers"),
        required=False,
        choices=[
            ("", _("All")),
            ("missing", pgettext_lazy("papers", "Missing")),
            ("over", pgettext_lazy("papers", "Ended")),
            ("ending", pgettext_lazy("papers", "Ending soon")),
        ],
    )

    def __init__(self, *args: Any, services: QuerySet[Service], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["service"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        field.queryset = services


class DirectOfferForm(forms.Form):
    """Whom to ask, chosen by a person."""

    provider = forms.ModelChoiceField(
        Provider.objects.none(),
        label=_("Provider"),
        to_field_name="public_id",
        error_messages={
            "required": _("Choose a provider."),
            "invalid_choice": _("This provider does not offer this service."),
        },
    )

    def __init__(self, *args: Any, providers: QuerySet[Provider], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["provider"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        field.queryset = providers


class CallAgainForm(forms.Form):
    """Nobody answered: when to try again, in the time of the site."""

    again_at = forms.DateTimeField(
        label=_("Call again at"),
        input_formats=["%Y-%m-%dT%H:%M"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        error_messages=dict.fromkeys(("required", "invalid"), _("Please choose a day and a time.")),
    )

    def __init__(self, *args: Any, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone

    def clean_again_at(self) -> dt.datetime:
        """That moment at the site; what was typed has no zone."""
        typed: dt.datetime = self.cleaned_data["again_at"]
        return typed.replace(tzinfo=self.zone)
