"""Shapes of price estimates."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from bookings.enums import LineKind
from bookings.serializers.fields import Euros, QuantityOut
from bookings.serializers.requests import LineIn, check_spot


class AddressIn(serializers.Serializer[Any]):
    """Where somebody would come. Without coordinates they are looked up, as far as the installation can and the street
    is said; else the postcode decides."""

    postcode = serializers.RegexField(
        r"\A[0-9]{5}\Z", error_messages={"invalid": _("A French postcode has five digits.")}
    )
    street = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    city = serializers.CharField(max_length=100, required=False, default="", allow_blank=True)
    latitude = serializers.DecimalField(max_digits=9, decimal_places=6, min_value=-90, max_value=90, required=False)
    longitude = serializers.DecimalField(max_digits=9, decimal_places=6, min_value=-180, max_value=180, required=False)

    def validate(self, attrs: Any) -> Any:
        """A point has two coordinates."""
        return check_spot(attrs)


class EstimateIn(serializers.Serializer[Any]):
    """An order that is not one yet. The prices of the day of the order count."""

    site = serializers.UUIDField()
    on = serializers.DateField(required=False, help_text="Day of the order; today when left out.")
    starts_at = serializers.DateTimeField(
        required=False, help_text="Of the appointment, for supplements by day or hour."
    )
    address = AddressIn(required=False)
    lines = serializers.ListField(child=LineIn(), allow_empty=False, max_length=20)


class EstimateLineOut(serializers.Serializer[Any]):
    """A line as it would be frozen."""

    service = serializers.CharField(source="service_code")
    kind = serializers.ChoiceField(choices=LineKind.choices, source="line.kind")
    description = serializers.CharField(source="line.label")
    quantity = QuantityOut(source="line.quantity")
    unit = serializers.CharField(source="line.unit", allow_blank=True)
    unit_price_incl_vat = Euros(source="line.unit_price")
    vat_rate = serializers.DecimalField(max_digits=4, decimal_places=2, source="line.vat_rate")
    total_incl_vat = Euros(source="line.total")


class VatShareOut(serializers.Serializer[Any]):
    """The part of the total that bears one rate."""

    rate = serializers.DecimalField(max_digits=4, decimal_places=2)
    excl = Euros()
    vat = Euros()
    incl = Euros()


class EstimateOut(serializers.Serializer[Any]):
    """What it would cost."""

    on = serializers.DateField()
    lines = EstimateLineOut(many=True)
    vat = VatShareOut(many=True)
    total_incl_vat = Euros()
    is_served = serializers.BooleanField(
        allow_null=True, help_text="Whether somebody comes; `null` without an address."
    )
    is_located = serializers.BooleanField(
        allow_null=True, help_text="`false` when the postcode alone decided, for want of coordinates."
    )
    distance_km = serializers.DecimalField(max_digits=7, decimal_places=2, allow_null=True)
    not_counted = serializers.ListField(
        child=serializers.CharField(),
        help_text="Supplements by distance that could not be judged, for want of coordinates: tell the client.",
    )
