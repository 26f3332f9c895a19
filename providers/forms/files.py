"""Forms of a provider's file: who it is and where, when it answers, its papers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField

from bookings.forms.openings import DateInput, WeekForm
from concierge.forms import KnownForm
from concierge.numbers import check_siret
from providers.actions.businesses import TIDY
from providers.forms.papers import file_field
from providers.models import Provider, ProviderDocument, ProviderHours
from providers.models.businesses import check_vat_number
from providers.rules.hours import Opening

WHERE = ("street", "postcode", "city")
SPOT = ("latitude", "longitude")
MOST_JOBS = 200


class RowForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A row of a file."""

    def add_error(self, field: str | None, error: Any) -> None:
        """What a check of the row refuses stands at the field that its code names."""
        if field is None and hasattr(error, "error_dict"):
            for refused in error.error_dict.pop(NON_FIELD_ERRORS, []):
                super().add_error(refused.code if refused.code in self.fields else None, refused)
        super().add_error(field, error)


class NewProviderForm(RowForm):
    """A local business that begins to work with us."""

    phone = PhoneNumberField(label=_("Phone"), required=False, region="FR")
    # Longer than what is kept: people copy them with blanks.
    siret = forms.CharField(label=_("SIRET"), max_length=30, help_text=_("Fourteen digits; blanks do not matter."))
    vat_number = forms.CharField(
        label=capfirst(_("VAT number")),
        max_length=30,
        required=False,
        help_text=_("For example FR40303265045. Leave it empty for a business that charges no VAT."),
    )

    # Under which heading each field stands on the page.
    PARTS = (
        (_("Who it is"), ("name", "legal_name", "siret", "vat_number", "is_vat_exempt")),
        (_("Whom we ask"), ("contact_name", "email", "phone", "language")),
        (_("Where, and how much"), (*WHERE, *SPOT, "radius_km", "travel_mode", "daily_capacity")),
        (
            _("What sets it apart"),
            ("is_local", "is_ess", "is_insertion", "is_sheltered", "has_refashion_label", "charter_signed_on"),
        ),
    )

    class Meta:
        model = Provider
        fields: tuple[str, ...] = (
            "name",
            "legal_name",
            "siret",
            "vat_number",
            "is_vat_exempt",
            "contact_name",
            "email",
            "phone",
            "language",
            *WHERE,
            *SPOT,
            "radius_km",
            "travel_mode",
            "daily_capacity",
            "is_local",
            "is_ess",
            "is_insertion",
            "is_sheltered",
            "has_refashion_label",
            "charter_signed_on",
        )
        widgets = {"charter_signed_on": DateInput}
        labels = {"language": _("Language of our messages")}
        help_texts = {
            "name": _("As the team and the clients know it."),
            "legal_name": _("When it is another one: what the register and the invoices say."),
            "latitude": _("In degrees, for example 47.327100. Empty: we look the address up."),
            "longitude": _("In degrees, for example 5.044200. Empty: we look the address up."),
            "radius_km": _("As the crow flies, around this address."),
            "travel_mode": _("Distances and times are those of this way of coming."),
            "email": _("Offers go there. Without one, somebody has to call."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["postcode"].validators.append(
            RegexValidator(r"^[0-9]{5}$", _("A French postcode has five digits."))
        )
        for name, least, most in (
            ("latitude", -90, 90),
            ("longitude", -180, 180),
            ("radius_km", 1, 500),
            ("daily_capacity", 1, MOST_JOBS),
        ):
            if name in self.fields:
                self.fields[name].validators += [MinValueValidator(least), MaxValueValidator(most)]
        for name in SPOT:
            if name in self.fields:
                self.fields[name].required = False

    @property
    def parts(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields under their headings."""
        return [(str(heading), [self[name] for name in names]) for heading, names in self.PARTS]

    def clean_siret(self) -> str:
        """As it is kept."""
        typed: str = self.cleaned_data["siret"]
        check_siret(typed)
        return TIDY["siret"](typed)

    def clean_vat_number(self) -> str:
        """As it is kept."""
        typed: str = self.cleaned_data["vat_number"]
        if typed:
            check_vat_number(typed)
        return TIDY["vat_number"](typed)

    def clean_phone(self) -> str:
        """As links take it."""
        number = self.cleaned_data["phone"]
        return number.as_e164 if number else ""

    def clean(self) -> dict[str, Any]:
        """Both coordinates or none."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        given = [name for name in SPOT if cleaned.get(name) is not None]
        if len(given) == 1 and not any(name in self.errors for name in SPOT):
            missing = next(name for name in SPOT if name not in given)
            self.add_error(missing, gettext("Give both coordinates, or none: then we look the address up."))
        return cleaned


class ProviderForm(KnownForm, NewProviderForm):
    """What is written of a provider."""


class ProviderWeekForm(KnownForm, WeekForm):
    """When a provider answers, a line per day."""

    def __init__(self, *args: Any, hours: list[ProviderHours], **kwargs: Any) -> None:
        super().__init__(*args, hours=hours, **kwargs)

    @property
    def days(self) -> dict[int, list[Opening]]:
        """The hours of the days that somebody typed anew."""
        touched = [int(name.removeprefix("day")) for name in self.changed_data]
        given = [Opening(*one) for one in self.cleaned_data["hours"]]
        return {day: [one for one in given if one.weekday == day] for day in touched}


class DocumentRowForm(RowForm):
    """What a paper says."""

    issued_on = forms.DateField(label=capfirst(_("issued on")), widget=DateInput)

    class Meta:
        model = ProviderDocument
        fields = ("kind", "reference", "issued_on", "expires_on")
        widgets = {"expires_on": DateInput}
        help_texts = {
            "reference": _("Of the policy, the register or the certificate."),
            "expires_on": _("The last day on which it counts. Empty when it has no end."),
        }


class NewDocumentForm(DocumentRowForm):
    """A paper that somebody of the team has seen."""

    file = file_field(required=False)


class DocumentForm(KnownForm, DocumentRowForm):
    """What was noted of a paper."""
