"""Forms of an invitation: the team's, and the steps of whoever was invited."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField

from bookings.forms.openings import WeekForm
from bookings.models import Service
from providers.forms.files import MOST_JOBS, WHERE, NewProviderForm
from providers.models import Provider, ProviderHours
from providers.rules.hours import Opening


class InviteForm(forms.Form):
    """Whom the team invites."""

    name = forms.CharField(label=capfirst(_("name of the business")), max_length=120)
    email = forms.EmailField(label=_("E-mail"), required=False, help_text=_("The link and its code go there."))
    phone = PhoneNumberField(
        label=_("Phone"),
        required=False,
        region="FR",
        help_text=_("Without an e-mail address: by SMS when that is set up, else you read it to them."),
    )
    language = forms.ChoiceField(
        label=_("Language of our messages"), choices=[("fr", "Français"), ("en", "English")], initial="fr"
    )

    def clean_phone(self) -> str:
        """As links take it."""
        number = self.cleaned_data["phone"]
        return number.as_e164 if number else ""


class WhoForm(NewProviderForm):
    """Who it is, and where."""

    class Meta(NewProviderForm.Meta):
        fields = (
            "name",
            "siret",
            "legal_name",
            "vat_number",
            "is_vat_exempt",
            "contact_name",
            "email",
            "phone",
            *WHERE,
        )
        help_texts = {
            "name": _("As clients know you."),
            "legal_name": _("When it is another one: what the register and your invoices say."),
            "email": _("We write there about offers and documents."),
        }

    # What is said to the team of the others is of no use here.
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["contact_name"].required = True
        self.fields["contact_name"].label = _("Your first and last name")


class WhenForm(WeekForm):
    """When it answers, and how far it goes."""

    radius_km = forms.IntegerField(
        label=_("How far do you go? (km around your address)"),
        validators=[MinValueValidator(1), MaxValueValidator(500)],
        widget=forms.NumberInput(attrs={"data-quantity": "", "min": 1, "max": 500}),
    )

    def __init__(self, *args: Any, hours: list[ProviderHours], provider: Provider, **kwargs: Any) -> None:
        super().__init__(*args, hours=hours, **kwargs)  # type: ignore[arg-type]  # both have a weekday and two times
        self.fields["radius_km"] = self.fields.pop("radius_km")
        self.fields["radius_km"].initial = provider.radius_km

    @property
    def days(self) -> dict[int, list[Opening]]:
        """The whole week."""
        given = [Opening(*one) for one in self.cleaned_data["hours"]]
        return {day: [one for one in given if one.weekday == day] for day in range(7)}


class ServicesField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # no generic when it runs
    """Services by the name that clients read."""

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.label)


class WhatForm(forms.Form):
    """What it would do for us, and how much."""

    services = ServicesField(
        Service.objects.none(),
        label=_("What would you do for our clients?"),
        to_field_name="public_id",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one.")},
    )
    daily_capacity = forms.IntegerField(
        label=_("How many jobs a day at most?"),
        validators=[MinValueValidator(1), MaxValueValidator(MOST_JOBS)],
        widget=forms.NumberInput(attrs={"data-quantity": "", "min": 1, "max": MOST_JOBS}),
    )

    def __init__(self, *args: Any, services: QuerySet[Service], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["services"]
        assert isinstance(field, forms.ModelMultipleChoiceField)  # noqa: S101 - declared above
        field.queryset = services


class CharterForm(forms.Form):
    """The last word."""

    name = forms.CharField(label=_("Your first and last name"), max_length=120)
    agree = forms.BooleanField(
        label=_("I have read the charter, and my business keeps to it"),
        error_messages={"required": _("Please tick this box to sign the charter.")},
    )


class RefuseFileForm(forms.Form):
    """Why the team does not go on with a file."""

    reason = forms.CharField(
        label=_("Why"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("They read this sentence."),
        error_messages={"required": _("Say why: they read it.")},
    )
