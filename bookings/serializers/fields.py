"""Fields that several shapes share."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from bookings.rules.prices import FINEST


class Euros(serializers.DecimalField):
    """An amount in euros, as text with two decimals."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=10, decimal_places=2, **kwargs)


class Count(serializers.IntegerField):
    """A whole number, written as one: no text, no fraction, no true or false."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


@extend_schema_field(
    {
        "oneOf": [{"type": "integer"}, {"type": "string", "pattern": r"^\d+\.\d{1,3}$"}],
        "description": "A whole number, or text with up to three decimals when it is none: `2.350`.",
    }
)
class QuantityOut(serializers.Field[Decimal, Any, Any, Decimal]):
    """How many or how much: a number when it is whole, else text, so that no decimal is lost on the way."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def to_representation(self, value: Decimal) -> int | str:
        return int(value) if value == value.to_integral_value() else f"{value.quantize(FINEST)}"


@extend_schema_field(
    {
        "oneOf": [
            {"type": "integer", "minimum": 1, "maximum": 500},
            {"type": "string", "pattern": r"^\d{1,3}(\.\d{1,3})?$", "example": "2.350"},
        ],
        "description": "A whole number, or text with up to three decimals for a price by weight or measure.",
    }
)
class QuantityIn(Count):
    """A whole number written as one, or a decimal as text: a number of JSON would not keep 2.350."""

    DECIMAL = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3})?")

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str) and self.DECIMAL.fullmatch(data) and 0 < Decimal(data) <= 500:
            return Decimal(data)
        return super().to_internal_value(data)

    def run_validators(self, value: Any) -> None:
        """Decimals were measured as they were read."""
        if isinstance(value, int):
            super().run_validators(value)


UUID_PATH = OpenApiTypes.UUID
