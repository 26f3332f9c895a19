"""Forms of the team's pages about requests."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings.enums import Category
from concierge.models import Site


class ReasonForm(forms.Form):
    """A short reason, when one helps."""

    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)


class DeclineForm(forms.Form):
    """Why we cannot, and what the client may do instead. They read both."""

    reason = forms.CharField(
        label=_("Why can we not do it?"),
        max_length=200,
        help_text=_("The client reads it, for example: nobody nearby repairs silk."),
    )
    alternative = forms.CharField(
        label=_("What do you propose instead?"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Another service, another day, a good address: with a proposal, a no is still a service."),
    )


class DistanceForm(forms.Form):
    """How far it is to an address that nobody has located."""

    km = forms.DecimalField(
        label=_("Distance to the address (km)"), required=False, min_value=0, max_digits=5, decimal_places=2
    )


class PlaceForm(forms.Form):
    """Where an address is that nobody has located, as a map shows it."""

    latitude = forms.DecimalField(label=_("Latitude"), min_value=-90, max_value=90, max_digits=20, decimal_places=15)
    longitude = forms.DecimalField(
        label=_("Longitude"), min_value=-180, max_value=180, max_digits=20, decimal_places=15
    )


class RequestFilters(forms.Form):
    """Filters of the team's list. Nonsense filters nothing."""

    category = forms.ChoiceField(label=_("State"), required=False)
    site = forms.ModelChoiceField(Site.objects.none(), label=_("Site"), required=False, to_field_name="public_id")
    late = forms.BooleanField(label=_("Late only"), required=False)
    q = forms.CharField(label=_("Reference, name, e-mail or phone"), required=False, max_length=80)

    def __init__(self, *args: Any, sites: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        category, site = self.fields["category"], self.fields["site"]
        assert isinstance(category, forms.ChoiceField)  # noqa: S101 - declared above
        assert isinstance(site, forms.ModelChoiceField)  # noqa: S101 - declared above
        category.choices = [("", _("All")), *Category.choices]
        site.queryset = sites
        site.empty_label = gettext("All sites")

    @property
    def boxes(self) -> list[forms.BoundField]:
        """What is shown as a box with a label."""
        return [self["q"], self["category"], self["site"]]
