"""The forms of a site: who and where it is, and its rules."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField

from concierge.forms import KnownForm
from concierge.models import Site

# What follows /sites/ in the address of the page that opens one.
RESERVED = "nouveau"


class SiteRulesForm(forms.Form):
    """Silences and the widget."""

    silence_days = forms.IntegerField(
        label=_("Days without news"),
        min_value=1,
        max_value=60,
        help_text=_("Work under way of which nothing was heard for so many days is on the list of silences."),
    )
    frame_origins = forms.CharField(
        label=_("Pages that may show the booking widget"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=_("One address a line, like https://intranet.example.org. Nobody else can show it."),
    )


class NewSiteForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A site that opens."""

    phone = PhoneNumberField(label=_("Phone"), required=False, region="FR")

    class Meta:
        model = Site
        fields: tuple[str, ...] = (
            "name",
            "slug",
            "street",
            "postcode",
            "city",
            "directions",
            "latitude",
            "longitude",
            "phone",
            "email",
            "time_zone",
            "holiday_zone",
            "good_friday_off",
        )
        help_texts = {
            "slug": _("In the addresses of its pages, for example “republique”. It stays."),
            "latitude": _("In degrees, for example 47.327100: distances are measured from here. Maps show it."),
            "longitude": _("In degrees, for example 5.044200."),
            "time_zone": _("Hours, appointments and days are those of this zone."),
            "holiday_zone": _("On public holidays nobody can book."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["phone"] = self.instance.phone_shown
        self.fields["postcode"].validators.append(
            RegexValidator(r"^[0-9]{5}$", _("A French postcode has five digits."))
        )
        for name, most in (("latitude", 90), ("longitude", 180)):
            self.fields[name].validators += [MinValueValidator(-most), MaxValueValidator(most)]

    def clean_phone(self) -> str:
        """As links take it."""
        number = self.cleaned_data["phone"]
        return number.as_e164 if number else ""

    def clean_slug(self) -> str:
        """Not the address of another page."""
        slug: str = self.cleaned_data["slug"]
        if slug == RESERVED:
            raise forms.ValidationError(gettext("This short name is already taken."))
        return slug


class SiteForm(KnownForm, NewSiteForm):
    """What is written of a site."""

    zone_is_meant = forms.BooleanField(
        label=_("I mean another time zone although something is booked"),
        required=False,
        help_text=_("Each keeps its moment; the hour that people read changes. Nobody is told by itself."),
    )

    class Meta(NewSiteForm.Meta):
        fields = (*(name for name in NewSiteForm.Meta.fields if name != "slug"), "is_active")
        help_texts = {
            **NewSiteForm.Meta.help_texts,
            "is_active": _("Otherwise clients do not see it. Possible once nothing is open there."),
        }

    def __init__(self, *args: Any, has_bookings: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_bookings:
            del self.fields["zone_is_meant"]
        names = list(self.fields)
        if has_bookings:
            names.insert(names.index("time_zone") + 1, names.pop(names.index("zone_is_meant")))
        self.order_fields(names)
