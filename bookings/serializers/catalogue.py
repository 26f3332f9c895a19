"""Shapes of the catalogue."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from bookings.enums import Place, PriceMode, SupplementRule
from bookings.serializers.fields import Euros, WallTime
from concierge.words import HALF_HOUR


class SiteOut(serializers.Serializer[Any]):
    """A desk that takes requests."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()
    street = serializers.CharField()
    postcode = serializers.CharField()
    city = serializers.CharField()
    latitude = serializers.DecimalField(max_digits=9, decimal_places=6)
    longitude = serializers.DecimalField(max_digits=9, decimal_places=6)
    time_zone = serializers.CharField()
    phone = serializers.CharField()


class OpeningOut(serializers.Serializer[Any]):
    """One opening of one weekday, in the site's own time."""

    weekday = serializers.IntegerField(help_text="0 is Monday.")
    opens = WallTime()
    closes = WallTime()


class ClosureOut(serializers.Serializer[Any]):
    """Days on which a site is closed, both included."""

    starts_on = serializers.DateField()
    ends_on = serializers.DateField()
    reason = serializers.CharField()


class SiteDetailOut(SiteOut):
    """A desk with its hours and next closures."""

    directions = serializers.CharField()
    opening_hours = OpeningOut(many=True)
    closures = ClosureOut(many=True, source="next_closures", help_text="Of the next sixty days.")
    public_path = serializers.SerializerMethodField(help_text="Path of the page for everybody.")
    widget_path = serializers.SerializerMethodField(help_text="Path of the widget, for pages that the site lists.")

    def get_public_path(self, site: Any) -> str:
        """Path."""
        return f"/conciergeries/{site.slug}/"

    def get_widget_path(self, site: Any) -> str:
        """Path."""
        return f"/integrer/{site.slug}/"


class PriceOut(serializers.Serializer[Any]):
    """An item of the price grid, or an option."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()
    unit_price = Euros(help_text="Including VAT, in euros.")


class SupplementOut(serializers.Serializer[Any]):
    """Something added to the price of a service."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()
    rule = serializers.ChoiceField(
        choices=SupplementRule.choices, help_text="`chosen`: only when the line asks for it."
    )
    amount = Euros(allow_null=True, help_text="Including VAT, in euros.")
    percent = serializers.DecimalField(
        max_digits=5, decimal_places=2, allow_null=True, help_text="Of the service with its options."
    )
    after = WallTime(allow_null=True, help_text="From this time of the site on.")
    beyond_km = serializers.DecimalField(max_digits=5, decimal_places=2, allow_null=True)
    valid_from = serializers.DateField(allow_null=True, help_text="First day whose orders it is added to.")
    valid_to = serializers.DateField(allow_null=True, help_text="Last day whose orders it is added to.")


class ServiceOut(serializers.Serializer[Any]):
    """Something that may be booked at a site."""

    id = serializers.UUIDField(source="public_id")
    code = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    category = serializers.CharField(source="category.code")
    price_mode = serializers.ChoiceField(choices=PriceMode.choices)
    unit_price = Euros(allow_null=True, help_text="Of a service with one price: fixed, or per unit or half hour.")
    unit = serializers.SerializerMethodField(help_text="What the price is for: `kg`, `30 min`; empty for a piece.")
    quantity_step = serializers.DecimalField(max_digits=6, decimal_places=3)
    smallest_quantity = serializers.DecimalField(max_digits=6, decimal_places=3)
    place = serializers.ChoiceField(choices=Place.choices)
    max_quantity = serializers.IntegerField()
    items = serializers.SerializerMethodField()
    options = serializers.SerializerMethodField()
    supplements = serializers.SerializerMethodField(help_text="Chosen among the `options` of a line, or added by rule.")
    tax_credit = serializers.SerializerMethodField(help_text="Personal service done by a declared body (France: SAP).")

    def get_unit(self, service: Any) -> str:
        """Half hours are counted, units have a name."""
        return HALF_HOUR if service.price_mode == PriceMode.PER_HALF_HOUR else str(service.unit)

    @extend_schema_field(PriceOut(many=True))
    def get_items(self, service: Any) -> Any:
        """Active items only."""
        return PriceOut([item for item in service.price_items.all() if item.is_active], many=True).data

    @extend_schema_field(PriceOut(many=True))
    def get_options(self, service: Any) -> Any:
        """Active options only."""
        return PriceOut([option for option in service.options.all() if option.is_active], many=True).data

    @extend_schema_field(SupplementOut(many=True))
    def get_supplements(self, service: Any) -> Any:
        """Those that count today."""
        return SupplementOut(service.supplements_on(), many=True).data

    def get_tax_credit(self, service: Any) -> bool:
        """Whether a tax credit may be shown."""
        return bool(service.gives_tax_credit(self.context["organisation"]))


class SlotOut(serializers.Serializer[Any]):
    """A time with places left."""

    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    places_left = serializers.IntegerField(source="left")


class SlotsOut(serializers.Serializer[Any]):
    """Free times, in order."""

    results = SlotOut(many=True)


class HoursOut(serializers.Serializer[Any]):
    """One opening of a weekday (0 = Monday), in the site's own time."""

    weekday = serializers.IntegerField()
    opens = WallTime()
    closes = WallTime()


class StandOut(serializers.Serializer[Any]):
    """A stand elsewhere: every week on a weekday, or once on a date."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()
    street = serializers.CharField()
    postcode = serializers.CharField()
    city = serializers.CharField()
    weekday = serializers.IntegerField(allow_null=True)
    held_on = serializers.DateField(allow_null=True, help_text="Once, on this day, be it a public holiday.")
    opens = WallTime()
    closes = WallTime()
    valid_from = serializers.DateField(allow_null=True)
    valid_to = serializers.DateField(allow_null=True)
    account = serializers.CharField(allow_null=True, help_text="Only for the people of this account.")


class OpeningsOut(serializers.Serializer[Any]):
    """When people are received."""

    time_zone = serializers.CharField()
    hours = HoursOut(many=True)
    stands = StandOut(many=True)
    closed_on = serializers.ListField(
        child=serializers.DateField(),
        help_text="Public holidays and closures. A stand of one day is there on a public holiday.",
    )


class SlotsQuery(serializers.Serializer[Any]):
    """What ``GET /slots`` takes."""

    site = serializers.UUIDField()
    service = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=20)
    from_ = serializers.DateField(required=False)
    days = serializers.IntegerField(min_value=1, max_value=60, default=14)
    duration = serializers.IntegerField(min_value=5, max_value=1440, required=False)
    presence = serializers.UUIDField(required=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """``from`` is a word of Python."""
        fields = super().get_fields()
        fields["from"] = fields.pop("from_")
        return fields
