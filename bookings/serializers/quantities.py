"""Shapes of what was weighed or counted after the order."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from bookings.serializers.fields import Count


@extend_schema_field(
    {
        "oneOf": [
            {"type": "integer", "minimum": 1, "maximum": 500},
            {"type": "string", "pattern": r"^\d{1,3}(\.\d{1,3})?$", "example": "3.400"},
        ],
        "description": "A whole number, or text with up to three decimals for what was weighed or measured.",
    }
)
class MeasuredIn(serializers.Field[Any, Any, Any, Any]):
    """A number as it was read off. Zero and too much are refused with a sentence of their own."""

    DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,3})?")
    default_error_messages = {"invalid": _("Write a whole number, or text with up to three decimals.")}

    def to_internal_value(self, data: Any) -> Decimal:
        is_text = isinstance(data, str) and self.DECIMAL.fullmatch(data)
        if not is_text and not (type(data) is int and abs(data) < 10**9):
            self.fail("invalid")
        return Decimal(data)

    def to_representation(self, value: Any) -> str:
        return str(value)


class LineQuantityIn(serializers.Serializer[Any]):
    """How much there is of one line."""

    position = Count(min_value=0, max_value=32767, help_text="`position` of the line in the request.")
    quantity = MeasuredIn()


class QuantitiesIn(serializers.Serializer[Any]):
    """What was weighed or counted. Lines that are not named stay."""

    lines = serializers.ListField(child=LineQuantityIn(), allow_empty=False, max_length=100)

    def validate_lines(self, value: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Each line once."""
        if len({line["position"] for line in value}) < len(value):
            raise serializers.ValidationError(_("The same line is there twice."))
        return value
