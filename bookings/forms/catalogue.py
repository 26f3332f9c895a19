"""Forms of the team's catalogue pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.validators import MinValueValidator
from django.db.models import QuerySet
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from bookings.enums import PICTOGRAMS, PLACE_FOR_TEAM, AreaKind, ClearanceKind, Demand, PriceMode
from bookings.models import (
    PriceItem,
    ServedArea,
    Service,
    ServiceAtSite,
    ServiceCategory,
    ServiceOption,
    Supplement,
)
from bookings.rules.areas import MOST_BYTES
from concierge.forms import KnownForm
from concierge.models import Site
from concierge.rome import rome
from concierge.words import percent

# Rows of one price grid on one page.
MOST_ROWS = 80
TIME = {"type": "time"}
DAY = {"type": "date"}


def choices_of(form: forms.Form, name: str, choices: Sequence[Any]) -> None:
    """Fill a list that is known only now."""
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared in the form
    field.choices = choices


class CatalogueFilters(forms.Form):
    """Filters of the list. Nonsense filters nothing."""

    q = forms.CharField(label=_("Name or code"), required=False, max_length=80)
    category = forms.ModelChoiceField(
        ServiceCategory.objects.none(), label=_("Category"), required=False, to_field_name="public_id"
    )
    site = forms.ModelChoiceField(Site.objects.none(), label=_("Offered at"), required=False, to_field_name="public_id")
    mode = forms.ChoiceField(label=_("Price mode"), required=False)
    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("All")), ("active", _("Active")), ("off", _("Switched off"))]
    )

    def __init__(self, *args: Any, sites: QuerySet[Site], categories: QuerySet[ServiceCategory], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, rows in (("site", sites), ("category", categories)):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
            field.queryset = rows
            field.empty_label = gettext("All")
        choices_of(self, "mode", [("", _("All")), *PriceMode.choices])


class CategoryForm(forms.Form):
    """How a label of the catalogue reads, and where it stands."""

    name = forms.CharField(label=_("Name"), max_length=120)
    name_en = forms.CharField(label=_("Name in English"), max_length=120, required=False)
    pictogram = forms.ChoiceField(label=_("Pictogram"), choices=list(PICTOGRAMS.items()))
    position = forms.IntegerField(
        label=pgettext_lazy("place in a list", "Order"),
        min_value=0,
        max_value=999,
        initial=0,
        help_text=_("The smallest number comes first."),
    )


class NewCategoryForm(CategoryForm):
    """A label that is new."""

    code = forms.SlugField(
        label=_("Code"), max_length=40, help_text=_("Letters, digits and hyphens; files name it so. It stays.")
    )


class KnownCategoryForm(KnownForm, CategoryForm):
    """A label that is there, to be changed."""


class ServiceForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """What is written of a service."""

    class Meta:
        model = Service
        fields = (
            "category",
            "code",
            "name",
            "name_en",
            "description",
            "description_en",
            "pictogram",
            "price_mode",
            "unit_price",
            "unit",
            "quantity_step",
            "smallest_quantity",
            "max_quantity",
            "vat_code",
            "execution",
            "place",
            "duration_minutes",
            "turnaround_hours",
            "skill_code",
            "clearances",
            "demands",
            "sap_eligible",
            "is_active",
        )
        help_texts = {
            "unit_price": _("Not for a price per item or on quote."),
            "unit": _("For a price per unit or weight: kg, m², basket…"),
            "code": _("Letters, digits and hyphens; on documents and in files."),
            "skill_code": _("A letter and four digits, H2410 for ironing. It says for whom this work is a next step."),
        }
        widgets = {"pictogram": forms.Select(choices=list(PICTOGRAMS.items()))}

    def __init__(
        self, *args: Any, vat_rates: Mapping[str, Decimal], categories: QuerySet[ServiceCategory], **kw: Any
    ) -> None:
        super().__init__(*args, **kw)
        category = self.fields["category"]
        assert isinstance(category, forms.ModelChoiceField)  # noqa: S101 - a foreign key
        category.queryset = categories
        self.fields["unit_price"].validators.append(MinValueValidator(0))
        self.fields["vat_code"] = forms.ChoiceField(
            label=_("VAT"),
            choices=[(code, f"{percent(rate)} ({code})") for code, rate in vat_rates.items()],
            initial="standard",
        )
        self.fields["demands"] = forms.MultipleChoiceField(
            label=_("The work asks for"),
            choices=Demand.choices,
            required=False,
            widget=forms.CheckboxSelectMultiple,
            help_text=_("People with a restriction are then not given it."),
        )
        self.fields["clearances"] = forms.MultipleChoiceField(
            label=_("Clearances that the doer must have"),
            choices=ClearanceKind.choices,
            required=False,
            widget=forms.CheckboxSelectMultiple,
            help_text=_("Of our own team: without them nobody is given this work."),
        )
        place = self.fields["place"]
        assert isinstance(place, forms.TypedChoiceField)  # noqa: S101 - a closed list
        place.choices = list(PLACE_FOR_TEAM.items())

    def clean_skill_code(self) -> str:
        """A trade of the repertory, or none."""
        code = str(self.cleaned_data["skill_code"]).strip().upper()
        if code and not rome().is_current(code) and code != self.instance.skill_code:
            raise forms.ValidationError(_("“%(code)s” is not a ROME code."), params={"code": code})
        return code

    def clean(self) -> dict[str, Any]:
        """A price that the mode does not know is no price."""
        cleaned = super().clean() or {}
        if cleaned.get("price_mode") in {PriceMode.PER_ITEM, PriceMode.ON_QUOTE}:
            cleaned["unit_price"] = None
        return cleaned

    @property
    def parts(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields under their headings."""
        names = list(self.fields)
        cuts = ((_("What it is"), 0, 7), (_("Price"), 7, 14), (_("How it is done"), 14, len(names)))
        return [(str(title), [self[name] for name in names[first:last]]) for title, first, last in cuts]


_ROW: dict[str, Any] = {"extra": 2, "can_delete": False, "max_num": MOST_ROWS, "absolute_max": MOST_ROWS + 2}
ItemRows = forms.inlineformset_factory(
    Service, PriceItem, fields=("name", "name_en", "unit_price", "is_active"), **_ROW
)
OptionRows = forms.inlineformset_factory(
    Service, ServiceOption, fields=("name", "name_en", "unit_price", "is_active"), **_ROW
)


class SupplementForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """A supplement. Whether two of a name count on one day is judged when all rows are known: one that ends and the one
    that follows it are typed together."""

    class Meta:
        model = Supplement
        fields = (
            "name",
            "name_en",
            "rule",
            "amount",
            "percent",
            "after",
            "beyond_km",
            "valid_from",
            "valid_to",
            "is_active",
        )
        widgets = {
            "after": forms.TimeInput(attrs=TIME),
            "valid_from": forms.DateInput(attrs=DAY, format="%Y-%m-%d"),
            "valid_to": forms.DateInput(attrs=DAY, format="%Y-%m-%d"),
        }

    def _get_validation_exclusions(self) -> set[str]:
        return {*super()._get_validation_exclusions(), "service"}  # type: ignore[misc]  # Django's own hook


SupplementRows = forms.inlineformset_factory(
    Service,
    Supplement,
    form=SupplementForm,
    **(_ROW | {"max_num": 40, "absolute_max": 42}),
)


class DatedPriceForm(forms.Form):
    """A price from a day on."""

    thing = forms.ChoiceField(label=_("Of what"))
    price = forms.DecimalField(label=_("Price incl. VAT (€)"), min_value=0, max_digits=8, decimal_places=2)
    valid_from = forms.DateField(label=_("From"), widget=forms.DateInput(attrs=DAY, format="%Y-%m-%d"))

    def __init__(self, *args: Any, service: Service, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.things: dict[str, dict[str, Any]] = {}
        choices = []
        if service.unit_price is not None:
            self.things["service"] = {}
            choices.append(("service", service.label))
        for name, rows in (("item", service.price_items.all()), ("option", service.options.all())):
            for row in rows:
                self.things[str(row.public_id)] = {name: row}
                choices.append((str(row.public_id), row.label))
        choices_of(self, "thing", choices)


class TermsForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """On which terms a site offers a service."""

    class Meta:
        model = ServiceAtSite
        fields = (
            "is_offered",
            "lead_time_hours",
            "cut_off",
            "weekly_cut_off_day",
            "weekly_cut_off_time",
            "max_per_day",
        )
        widgets = {"cut_off": forms.TimeInput(attrs=TIME), "weekly_cut_off_time": forms.TimeInput(attrs=TIME)}


class AreaForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """One more area; a shape comes as a file."""

    file = forms.FileField(
        label=_("GeoJSON file"), required=False, help_text=_("Polygon or MultiPolygon, at most 1 MB.")
    )

    class Meta:
        model = ServedArea
        fields = ("kind", "name", "postcode", "insee", "radius_km")

    def clean_file(self) -> bytes | None:
        """Its bytes, one more than allowed at most: the action says that it is too big."""
        given = self.cleaned_data["file"]
        return given.read(MOST_BYTES + 1) if given else None

    def _post_clean(self) -> None:
        """The whole row is checked when it is saved, with its shape."""

    def clean(self) -> dict[str, Any]:
        """Only what belongs to the kind."""
        cleaned = super().clean() or {}
        kind = cleaned.get("kind")
        if kind != AreaKind.COMMUNE:
            cleaned["postcode"] = cleaned["insee"] = ""
        if kind != AreaKind.RADIUS:
            cleaned["radius_km"] = None
        elif cleaned.get("radius_km") is None and "radius_km" not in self.errors:
            self.add_error("radius_km", gettext("The distance must be above 0 and at most 200 km."))
        if kind == AreaKind.POLYGON and not cleaned.get("file"):
            self.add_error("file", gettext("Choose a GeoJSON file."))
        return cleaned


class PreviewForm(forms.Form):
    """At which site, on which day."""

    site = forms.ModelChoiceField(Site.objects.none(), label=_("Site"), to_field_name="public_id")
    on = forms.DateField(label=_("Day"), widget=forms.DateInput(attrs=DAY, format="%Y-%m-%d"))

    def __init__(self, *args: Any, sites: QuerySet[Site], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        site = self.fields["site"]
        assert isinstance(site, forms.ModelChoiceField)  # noqa: S101 - declared above
        site.queryset = sites
        site.empty_label = None

    def clean_on(self) -> dt.date:
        """A day that anybody plans for."""
        day: dt.date = self.cleaned_data["on"]
        if not 2000 <= day.year <= 2100:
            raise forms.ValidationError(gettext("Choose a day of this century."), code="range")
        return day


class ImportForm(forms.Form):
    """A file of services and prices."""

    file = forms.FileField(label=_("CSV or XLSX file"), help_text=_("At most 5 MB and 20,000 lines."))
